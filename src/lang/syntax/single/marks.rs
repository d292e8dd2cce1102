//! Signs that were typed for others which look or feel like them: a bracket where a block ends, one quote
//! where a text of several lines begins or ends.

use super::changes::{Change, What};
use super::{Line, Tried};
use crate::lang::syntax::lexer::{self, Kind};
use crate::lang::syntax::repair::Edit;

/// What is typed for the `}` of a block.
const CLOSERS: [char; 14] = [
    ')', ']', '>', '）', '］', '】', '〕', '〉', '》', '」', '』', '＞', '｠', '»',
];

/// Signs that are typed behind a brace by mistake.
const STRAY: [char; 12] = [
    ')', ']', '）', '］', '】', '。', '，', ',', '；', ';', '、', '.',
];

/// The quotes round a text of several lines.
const BLOCK: &str = "\"\"\"";

/// Changes of one kind are tried for so many places of a stretch.
const MAX_PLACES: usize = 16;

impl Tried<'_> {
    pub(super) fn line_of(&self, at: usize) -> usize {
        let after = self.lines.partition_point(|line| line.start <= at);
        after.saturating_sub(1)
    }

    /// Several edits as one.
    fn joined(&self, edits: &[(usize, usize)], by: &str) -> Option<Edit> {
        let (start, end) = (edits.first()?.0, edits.last()?.1);
        let (mut text, mut from) = (String::new(), start);
        for &(begin, end) in edits {
            text.push_str(self.text.get(from..begin)?);
            text.push_str(by);
            from = end;
        }
        Some(Edit::new(start, end, text))
    }

    /// A bracket of another kind for the `}` that ends a block, at the end of a line: one, or each that stands
    /// alone on its line.
    pub(super) fn closers(&self) -> Vec<Change> {
        let tokens = lexer::tokens(self.text);
        let mut places = Vec::new();
        for (at, token) in tokens.iter().enumerate() {
            let sign = &self.text[token.start..token.end];
            let next = tokens.get(at + 1);
            let ends = next.is_none_or(|next| next.first || next.kind == Kind::Comment);
            if token.kind == Kind::Punct && ends && sign.chars().all(|c| CLOSERS.contains(&c)) {
                places.push((token.start, token.end));
            }
        }
        let alone = |place: &&(usize, usize)| {
            let line = self.lines[self.line_of(place.0)];
            line.code() == &self.text[place.0..place.1]
        };
        let every: Vec<_> = places.iter().filter(alone).copied().collect();
        let each = places.iter().take(MAX_PLACES).map(|place| vec![*place]);
        let several = (every.len() > 1).then_some(every);
        each.chain(several)
            .filter_map(|places| {
                Some(Change {
                    edit: self.joined(&places, "}")?,
                    kind: What::OtherClose,
                    line: self.line_of(places[0].0),
                })
            })
            .collect()
    }

    /// One quote or two for the `"""` that begins or ends a text of several lines: all of them, or one.
    pub(super) fn short_text_signs(&self) -> Vec<Change> {
        let mut places = Vec::new();
        for line in &self.lines {
            let code = line.code();
            let bare = code.trim_matches('"');
            let quotes = code.matches('"').count();
            if code.contains(BLOCK) || quotes == 0 {
                continue;
            }
            // Alone on its line, perhaps before what goes on behind the text.
            let begins = code.len() - code.trim_start_matches('"').len();
            let closing = bare.is_empty() || (begins == quotes && code[begins..].starts_with(' '));
            if closing && begins <= 2 {
                places.push((line.code_start(), line.code_start() + begins));
                continue;
            }
            // At the end of one: behind the word that takes the text, or behind the last words of it.
            let ends = code.len() - code.trim_end_matches('"').len();
            if (ends == 1 && quotes % 2 == 1) || (ends == 2 && code.ends_with(" \"\"")) {
                places.push((line.code_end() - ends, line.code_end()));
            }
        }
        places.truncate(MAX_PLACES);
        let pairs = places.windows(2).map(<[_]>::to_vec);
        let each = places.iter().map(|place| vec![*place]);
        let every = (places.len() > 2).then(|| places.clone());
        each.chain(pairs)
            .chain(every)
            .filter_map(|places| {
                Some(Change {
                    edit: self.joined(&places, BLOCK)?,
                    kind: What::ShortTextSigns,
                    line: self.line_of(places[0].0),
                })
            })
            .collect()
    }

    /// A text in single quotes that goes on over lines: the block that it must have been meant as.
    pub(super) fn texts_over_lines(&self) -> Vec<Change> {
        let open = |line: &Line<'_>| line.text.matches('"').count() % 2 == 1;
        let mut changes = Vec::new();
        for (at, line) in self.lines.iter().enumerate() {
            let code = line.code();
            let Some(from) = code.find(" \"").filter(|_| open(line)) else {
                continue;
            };
            let start = line.code_start() + from + 1;
            let first = self.text[start + 1..line.end()].trim();
            if first.is_empty() || first.contains('"') || code.contains(BLOCK) {
                continue;
            }
            let further = self.lines[at + 1..].iter().take(MAX_PLACES);
            let Some(more) = further.clone().position(|line| line.code().contains('"')) else {
                continue;
            };
            let Some(last) = self.lines.get(at + 1 + more).filter(|line| open(line)) else {
                continue;
            };
            let Some((words, behind)) = last.code().split_once('"') else {
                continue;
            };
            if behind.contains('"') {
                continue;
            }
            let indent = " ".repeat(line.indent() + 4);
            let mut by = format!("{BLOCK}\n{indent}{first}\n");
            for line in self.lines[at + 1..=at + more].iter() {
                let code = line.code();
                let blank = if code.is_empty() { "" } else { &indent };
                by.push_str(&format!("{blank}{code}\n"));
            }
            if !words.trim().is_empty() {
                by.push_str(&format!("{indent}{}\n", words.trim()));
            }
            by.push_str(&format!("{indent}{BLOCK}"));
            let end = last.code_start() + words.len() + 1;
            changes.push(Change {
                edit: Edit::new(start, end, by),
                kind: What::TextOverLines,
                line: at,
            });
        }
        changes
    }

    /// A sign behind the brace that ends a line.
    pub(super) fn stray(&self) -> Vec<Change> {
        let of_text = self.of_text();
        let mut changes = Vec::new();
        for (at, line) in self.code_lines().filter(|(at, _)| !of_text[*at]) {
            let code = line.code().trim_end_matches(STRAY);
            if code.len() == line.code().len() || !code.trim_end().ends_with(['{', '}']) {
                continue;
            }
            let to = line.code_end();
            let from = to - (line.code().len() - code.len());
            changes.push(Change {
                edit: Edit::new(from, to, ""),
                kind: What::Stray,
                line: at,
            });
        }
        changes
    }
}
