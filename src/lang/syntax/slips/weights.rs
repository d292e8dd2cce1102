//! A signal's weight in its braces: `signal s "x" {` and `weight 20` below.

use super::Slips;
use crate::lang::diagnostics::{Diagnostic, Words};

impl Slips<'_> {
    /// Reports the line that begins at `at`, if it is the first one of a signal and says its weight.
    pub(super) fn weight_below(&mut self, at: usize) {
        if self.word_at(at) != "weight" || at < 3 || self.word_at(at - 1) != "{" {
            return;
        }
        let minus = usize::from(self.word_at(at + 1) == "-");
        let number = at + 1 + minus;
        let head = self.tokens[..at].iter().rev();
        let line = self.tokens[at - 1].line;
        let begin = at - head.take_while(|token| token.line == line).count();
        let says = (begin..at).any(|at| self.word_at(at) == "weight");
        let alone = self.line_end(at) == number + 1;
        if self.word_at(begin) != "signal" || says || !alone || !self.is_number_at(number) {
            return;
        }
        let (start, end) = (self.tokens[at - 2].end, self.tokens[number].end);
        let written = &self.text[self.tokens[at].start..end];
        let by = format!(" {written} {{");
        let span = self.sink.span(self.tokens[at].start, end);
        self.sink.add(
            Diagnostic::error(
                "E0106",
                Words::new(
                    "信号的分数写在第一行",
                    "a signal's weight stands on its first line",
                ),
                span,
                Words::new("移到 `{` 前面", "it belongs before the `{`"),
            )
            .with_fix(
                Words::new("移到第一行", "move it to the first line"),
                self.sink.span(start, end),
                by.clone(),
            ),
        );
        self.done_with(at, number);
        self.edit(start, end, by);
    }
}
