//! Texts in quotes of another kind: what is said of those of one line, together.

use super::Slips;
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::syntax::repair::Edit;

/// Texts of one line in other quotes that get a label of their own.
const MAX_LABELS: usize = 11;

impl Slips<'_> {
    /// Reports the texts in quotes of another kind on the line that ends here: one habit, one mistake.
    pub(super) fn flush_quotes(&mut self) {
        let found = std::mem::take(&mut self.other_quotes);
        let (Some((first, _)), Some((last, _))) = (found.first(), found.last()) else {
            return;
        };
        let (start, end) = (first.start, last.end);
        if !self.wide.is_empty() && self.as_wide(&found) {
            return;
        }
        let unsure = found.iter().any(|(_, unsure)| *unsure);
        let edits: Vec<Edit> = found.into_iter().map(|(edit, _)| edit).collect();
        let by = self.changed(start, end, &edits);
        let span = self.sink.span(edits[0].start, edits[0].end);
        let mut told = Diagnostic::error(
            "E0115",
            Words::new("文字要用半角双引号 `\"`", "a text is quoted with `\"`"),
            span,
            Words::new("这不是半角双引号", "other quotes"),
        );
        for edit in edits.iter().skip(1).take(MAX_LABELS) {
            let here = self.sink.span(edit.start, edit.end);
            told.add_place(here);
        }
        let (words, whole) = (
            Words::new("换成 `\"`", "use `\"`"),
            self.sink.span(start, end),
        );
        self.sink.add(if unsure {
            told.with_guess(words, whole, by)
        } else {
            told.with_fix(words, whole, by)
        });
        self.edits.extend(edits);
    }

    /// Quotes beside full-width signs come from the same switch of the keyboard: they are told with them.
    fn as_wide(&mut self, found: &[(Edit, bool)]) -> bool {
        let mut signs = Vec::new();
        for (edit, unsure) in found {
            let text = &self.text[edit.start..edit.end];
            let mut inner = text.chars();
            let (Some(open), Some(close)) = (inner.next(), inner.next_back()) else {
                return false;
            };
            // Nothing but the quotes themselves may change.
            if *unsure || edit.by != format!("\"{}\"", inner.as_str()) {
                return false;
            }
            for (at, sign) in [(edit.start, open), (edit.end - close.len_utf8(), close)] {
                if sign != '"' {
                    signs.push((at, at + sign.len_utf8(), "\"".to_owned()));
                }
            }
        }
        self.wide.extend(signs);
        self.wide.sort_by_key(|(start, ..)| *start);
        true
    }
}
