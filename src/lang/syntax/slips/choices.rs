//! `"去{shop: one_of("东", "西")}"`: choices with their quotes inside a text.

use super::Slips;

impl Slips<'_> {
    /// Whether the quotes `inner` of the text at `at` are those of choices in place; reports them then.
    pub(super) fn choices_in_text(&mut self, at: usize, inner: &[usize]) -> bool {
        let (Some(first), Some(last)) = (inner.first(), inner.last()) else {
            return false;
        };
        let (start, end) = (self.tokens[at].start, self.tokens[at].end);
        let before = &self.text[start..*first];
        let Some(head) = before.trim_end().strip_suffix('(') else {
            return false;
        };
        let Some(hole) = head.trim_end().strip_suffix("one_of") else {
            return false;
        };
        let behind = &self.text[last + 1..end];
        let blanks = behind.len() - behind.trim_start().len();
        let pairs = inner.len().is_multiple_of(2);
        if !pairs || !behind.trim_start().starts_with(')') || !hole.contains('{') {
            return false;
        }
        let name = hole.rsplit('{').next().unwrap_or_default();
        let name = name.trim().trim_end_matches([':', '：']).trim().to_owned();
        let texts: Vec<String> = inner
            .chunks(2)
            .map(|pair| self.text[pair[0]..=pair[1]].to_owned())
            .collect();
        let (from, to) = (start + hole.len(), last + 1 + blanks + 1);
        let found = self.listed_first(&name, &texts, (from, to), (at, ""));
        self.sink.add(found);
        self.edit(from, to, "word");
        true
    }
}
