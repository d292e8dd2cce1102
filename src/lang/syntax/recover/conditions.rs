//! A rule's condition inside its braces: `on text "a" {` and `when bound` below.

use super::Recover;
use crate::lang::diagnostics::{Diagnostic, Words};

impl Recover<'_> {
    /// Reports `when`, `even` or `continue` at `at`, the first word of a rule's body or behind others of them: all
    /// are one mistake. The first of them moves to the head.
    pub(super) fn part_of_the_head(&mut self, at: usize, word: &str) {
        let token = self.tokens[at];
        let span = self.sink.span(token.start, token.end);
        let title = Words::new(
            format!("`{word}` 不能写在花括号里面"),
            format!("`{word}` cannot stand inside the braces"),
        );
        let line = token.line;
        let earlier = self.sink.found.last_mut().filter(|before| {
            let behind = self.text.get(before.primary.span.range().end..token.start);
            let near =
                behind.is_some_and(|gap| gap.lines().count() <= 2 && !gap.contains(['{', '}']));
            before.title == title && near
        });
        if let Some(before) = earlier {
            before.fixes.clear();
            before.add_place(span);
            return;
        }
        let found = Diagnostic::error(
            "E0106",
            title,
            span,
            Words::new("它属于规则的第一行", "it belongs to the rule's first line"),
        )
        .with_help(Words::new(
            "条件写在 `{` 之前：`on text \"锁定\" when bound {`",
            "the condition stands before the `{`: `on text \"lock\" when bound {`",
        ));
        let last = self.tokens[at..]
            .iter()
            .take_while(|token| token.line == line)
            .last();
        let open = at.checked_sub(1).filter(|open| self.is(*open, "{"));
        let (Some(open), Some(last)) = (open.map(|open| self.tokens[open]), last) else {
            return self.sink.add(found);
        };
        let head = self.text[..open.start].trim_end();
        let by = format!(" {} {{", &self.text[token.start..last.end]);
        let whole = self.sink.span(head.len(), last.end);
        let fits = !by.contains(['}', '#']) && token.first;
        self.sink.add(match fits {
            true => found.with_guess(
                Words::new("移到第一行", "move it to the first line"),
                whole,
                by,
            ),
            false => found,
        });
    }
}
