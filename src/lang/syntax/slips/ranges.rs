//! From one number to another: `now.hour in 9—18`, `between_hours(now.hour, 9-18)`.

use super::Slips;
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::syntax::lexer::Kind;

/// What stands between the two elsewhere.
const SIGNS: [&str; 11] = ["-", "—", "–", "−", "－", "―", "~", "～", "〜", "至", "到"];

/// Tokens of the first value of a call that are looked at.
const MAX_TOKENS: usize = 16;

impl Slips<'_> {
    /// A range whose first number stands at `at`; says how many of the next tokens are done with.
    pub(super) fn range(&mut self, at: usize) -> Option<usize> {
        let sign = self.word_at(at + 1).to_owned();
        if !SIGNS.contains(&sign.as_str())
            || !self.is_number_at(at + 2)
            || self.tokens[at + 2].first
        {
            return None;
        }
        let (low, high) = (self.word_at(at), self.word_at(at + 2));
        let bracket =
            usize::from(at > 0 && self.word_at(at - 1) == "[" && self.word_at(at + 3) == "]");
        let back = |count: usize| {
            at.checked_sub(count + bracket)
                .map_or("", |at| self.word_at(at))
        };
        let minus = sign == "-";
        // `9 - 18` in a list may be meant, and so may a comparison with it.
        let compared = match back(1) {
            "in" => !(minus && bracket == 1),
            "==" => !minus && bracket == 0,
            _ => false,
        };
        if !compared {
            let hours = back(1) == "," && !minus && self.hours_before(at);
            return if hours { self.hours(at) } else { self.dash(at) };
        }
        let negated = back(2) == "not";
        let last = at.checked_sub(2 + bracket + usize::from(negated))?;
        let mut first = last;
        while self.word_at(first) != "." && first >= 2 && self.word_at(first - 1) == "." {
            first -= 2;
        }
        if !self.is_word_at(first) || self.tokens[first].line != self.tokens[at].line {
            return None;
        }
        let path = &self.text[self.tokens[first].start..self.tokens[last].end];
        let hour = path == "hour" || path.ends_with(".hour");
        let right = match hour {
            true => format!(
                "{}between_hours({path}, {low}, {high})",
                if negated { "not " } else { "" }
            ),
            false if negated => format!("not ({path} >= {low} and {path} <= {high})"),
            false => format!("({path} >= {low} and {path} <= {high})"),
        };
        let (from, to) = (self.tokens[first].start, self.tokens[at + 2 + bracket].end);
        let shown = self.text[self.tokens[at].start..self.tokens[at + 2].end].to_owned();
        let span = self
            .sink
            .span(self.tokens[at].start, self.tokens[at + 2].end);
        let found = Diagnostic::error(
            "E0101",
            Words::new(
                format!("从几到几不写成 `{shown}`"),
                format!("from one number to another is not written `{shown}`"),
            ),
            span,
            Words::new(format!("应是 `{right}`"), format!("should be `{right}`")),
        );
        let whole = self.sink.span(from, to);
        let fix = Words::new(format!("写成 `{right}`"), format!("write `{right}`"));
        let found = found.with_guess(fix, whole, right.clone());
        self.sink.add(match hour {
            true => found.with_help(Words::new(
                format!("从 {low} 点起，到 {high} 点前为止"),
                format!("from {low} o'clock on, up to but without {high}"),
            )),
            false => found,
        });
        self.done_with(first, at + 2 + bracket);
        self.edit(from, to, right);
        Some(2 + bracket)
    }

    /// Whether `at` stands behind `between_hours(PATH,`.
    fn hours_before(&self, at: usize) -> bool {
        let line = self.tokens[at].line;
        let before = self.tokens[..at]
            .iter()
            .rev()
            .take(MAX_TOKENS)
            .take_while(|token| token.line == line);
        let mut before = before.skip_while(|token| self.slice(token) != "(").skip(1);
        before
            .next()
            .is_some_and(|token| self.slice(token) == "between_hours")
    }

    /// `between_hours(now.hour, 9—18)`
    fn hours(&mut self, at: usize) -> Option<usize> {
        let (from, to) = (self.tokens[at].end, self.tokens[at + 2].start);
        let (start, end) = (self.tokens[at + 1].start, self.tokens[at + 1].end);
        let (span, whole) = (self.sink.span(start, end), self.sink.span(from, to));
        self.sink.add(
            Diagnostic::error(
                "E0101",
                Words::new("两个钟点之间用逗号", "a comma stands between the two hours"),
                span,
                Words::new("应是 `,`", "should be `,`"),
            )
            .with_fix(Words::new("改成 `,`", "write `,`"), whole, ", "),
        );
        self.done_with(at + 1, at + 1);
        self.edit(from, to, ", ");
        Some(1)
    }

    /// `9—18` elsewhere: a minus, most likely.
    fn dash(&mut self, at: usize) -> Option<usize> {
        let sign = self.word_at(at + 1).to_owned();
        let close = self.tokens[at + 1].start == self.tokens[at].end;
        if !matches!(sign.as_str(), "—" | "–" | "―")
            || !close
            || self.tokens[at].kind != Kind::Number
        {
            return None;
        }
        let (start, end) = (self.tokens[at + 1].start, self.tokens[at + 1].end);
        let span = self.sink.span(start, end);
        self.sink.add(
            Diagnostic::error(
                "E0116",
                Words::new(format!("`{sign}` 不是减号"), format!("`{sign}` is no minus")),
                span,
                Words::new("减号是 `-`", "a minus is `-`"),
            )
            .with_guess(Words::new("改成 `-`", "write `-`"), span, "-")
            .with_help(Words::new(
                "从几到几写 `x >= 9 and x <= 18`，钟点写 `between_hours(now.hour, 9, 18)`",
                "from one number to another is `x >= 9 and x <= 18`, of hours `between_hours(now.hour, 9, 18)`",
            )),
        );
        self.done_with(at + 1, at + 1);
        self.edit(start, end, "-");
        Some(1)
    }
}
