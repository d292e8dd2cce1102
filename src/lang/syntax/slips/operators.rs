//! Other languages' operators: those of one line are one habit, and one mistake.

use super::Slips;
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::syntax::repair::Edit;

/// One of them.
pub(super) struct Operator {
    /// First byte, and one past the last.
    start: usize,
    end: usize,
    /// What stands in its place, with the blanks it needs.
    by: String,
}

impl Slips<'_> {
    /// Whether the line of the token at `at` is one of conditions, up to there.
    pub(super) fn in_condition(&self, at: usize) -> bool {
        let line = self.tokens[at].line;
        let before = self.tokens[..at].iter().rev();
        let mut before = before.take_while(|token| token.line == line);
        before.any(|token| matches!(self.slice(token), "when" | "except" | "let"))
    }

    /// `start..end` should be the operator `right`.
    pub(super) fn operator(&mut self, start: usize, end: usize, right: &str) {
        let word = right.starts_with(char::is_alphabetic);
        let mut by = String::new();
        if word && !self.text[..start].ends_with([' ', '(', '\n']) {
            by.push(' ');
        }
        by.push_str(right);
        if word && !self.text[end..].starts_with([' ', '\n']) {
            by.push(' ');
        }
        self.operators.push(Operator { start, end, by });
    }

    /// Reports those of the line that ends here.
    pub(super) fn flush_operators(&mut self) {
        let found = std::mem::take(&mut self.operators);
        let (Some(first), Some(last)) = (found.first(), found.last()) else {
            return;
        };
        let chinese = |one: &Operator| !self.text[one.start..one.end].is_ascii();
        // Words between quotes of another kind come from the same keyboard: they are told with them.
        if !self.other_quotes.is_empty() && found.iter().all(chinese) {
            let edits = found
                .into_iter()
                .map(|one| (Edit::new(one.start, one.end, one.by), false));
            self.other_quotes.extend(edits);
            self.other_quotes.sort_by_key(|(edit, _)| edit.start);
            return;
        }
        let (start, end) = (first.start, last.end);
        let right = |one: &Operator| one.by.trim().to_owned();
        let mut wrong: Vec<String> = Vec::new();
        for one in &found {
            let sign = format!("`{}`", &self.text[one.start..one.end]);
            if !wrong.contains(&sign) {
                wrong.push(sign);
            }
        }
        let (zh, en) = (wrong.join(" "), wrong.join(" "));
        let edits: Vec<Edit> = found
            .iter()
            .map(|one| Edit::new(one.start, one.end, one.by.clone()))
            .collect();
        let by = self.changed(start, end, &edits);
        let span = self.sink.span(start, first.end);
        let whole = self.sink.span(start, end);
        let label = |one: &Operator| {
            let right = right(one);
            Words::new(format!("这里写 `{right}`"), format!("write `{right}`"))
        };
        let title = match wrong.len() {
            1 => Words::new(
                format!("没有 {zh} 这个运算符"),
                format!("there is no operator {en}"),
            ),
            _ => Words::new(
                format!("没有 {zh} 这些运算符"),
                format!("there are no operators {en}"),
            ),
        };
        let mut told = Diagnostic::error("E0119", title, span, label(first));
        for one in &found[1..] {
            let here = self.sink.span(one.start, one.end);
            told = told.with_label(here, label(one));
        }
        let words = match found.len() {
            1 => {
                let right = right(first);
                Words::new(format!("改成 `{right}`"), format!("write `{right}`"))
            }
            _ => Words::new("换成这里的写法", "write them as here"),
        };
        self.sink.add(told.with_fix(words, whole, by));
        self.edits.extend(edits);
    }
}
