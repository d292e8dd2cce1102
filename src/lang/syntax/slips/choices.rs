//! `"去{shop: one_of("东", "西")}"`: choices with their quotes inside a text.

use super::Slips;

impl Slips<'_> {
    /// Whether the quotes `inner` of the text at `at` are those of choices in place; reports them then.
    pub(super) fn choices_in_text(&mut self, at: usize, inner: &[usize]) -> bool {
        let (Some(first), Some(last)) = (inner.first(), inner.last()) else {
            return false;
        };
        let (start, end) = (self.tokens[at].start, self.tokens[at].end);
        let head = self.text[start..*first].trim_end();
        let kind = head.trim_end_matches(['(', '（', '[', ' ']);
        let open = head[kind.len()..].chars().filter(|c| *c != ' ').count();
        let named = kind.strip_suffix("one_of");
        // `{size: ["大", "小"]}`
        let listed = || {
            kind.ends_with([':', '：'])
                .then_some(&head[..head.len() - head[kind.len()..].trim_start().len()])
        };
        let Some(hole) = named
            .or_else(listed)
            .filter(|hole| hole.contains('{') && open > 0)
        else {
            return false;
        };
        let (mut to, mut closed) = (last + 1, 0);
        while closed < open {
            let behind = &self.text[to..end];
            let blanks = behind.len() - behind.trim_start().len();
            let Some(c) = behind.trim_start().chars().next() else {
                return false;
            };
            if !matches!(c, ')' | '）' | ']') {
                return false;
            }
            to += blanks + c.len_utf8();
            closed += 1;
        }
        if !inner.len().is_multiple_of(2) {
            return false;
        }
        let name = hole.rsplit('{').next().unwrap_or_default();
        let name = name.trim().trim_end_matches([':', '：']).trim().to_owned();
        let texts: Vec<String> = inner
            .chunks(2)
            .map(|pair| self.text[pair[0]..=pair[1]].to_owned())
            .collect();
        let from = start + hole.len();
        let found = self.listed_first(&name, &texts, (from, to), (at, ""));
        self.sink.add(found);
        self.edit(from, to, "word");
        true
    }
}
