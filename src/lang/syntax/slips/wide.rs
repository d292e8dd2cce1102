//! Full-width characters in code: one report for each line, with every character labelled.

use super::Slips;
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::syntax::lexer::Token;

/// Signs of one comparison.
const MAX_SIGNS: usize = 3;
/// Full-width characters of one line that get a label of their own.
const MAX_LABELS: usize = 11;

impl Slips<'_> {
    /// `＝＝`, `＞=`, `＝＞`: signs of a comparison that stand together, of which the one at `at` is full-width; says
    /// how many of the next tokens are done with. What they are in half width may be wrong as well, and is then
    /// mended in the same change.
    pub(super) fn wide_comparison(&mut self, at: usize) -> usize {
        let mut last = at;
        let mut narrow = String::new();
        loop {
            let sign = self.slice(&self.tokens[last]);
            narrow.extend(sign.chars().map(|c| half_width(c).unwrap_or(c)));
            let end = self.tokens[last].end;
            let next = self.tokens.get(last + 1).filter(|next| next.start == end);
            let goes_on = next.map(|next| self.slice(next)).is_some_and(|next| {
                compares(next) || (!next.is_empty() && next.chars().all(|c| "=<>".contains(c)))
            });
            if !goes_on || last - at == MAX_SIGNS {
                break;
            }
            last += 1;
        }
        let (start, end) = (self.tokens[at].start, self.tokens[last].end);
        let names = self.assigns(at);
        let right = match narrow.as_str() {
            "=" | "==" if names => "=",
            "=" if self.names_argument(at) => ":",
            "=" | "===" => "==",
            "=>" => ">=",
            "=<" => "<=",
            "<>" => "!=",
            "!" => "not ",
            other => other,
        };
        // A colon stands right behind its name.
        let gap = match (right, at.checked_sub(1)) {
            (":", Some(before)) => self.tokens[before].end,
            _ => start,
        };
        let blank = right == ":" && !self.text[end..].starts_with(' ');
        let right = format!("{right}{}", if blank { " " } else { "" });
        self.wide.push((gap, end, right));
        last - at
    }

    /// Whether the sign at `at` stands between hours and minutes: `9：00`.
    pub(super) fn time_of_day(&self, at: usize) -> bool {
        let digits = |token: Option<&Token>| {
            let word = token.map_or("", |token| self.slice(token));
            !word.is_empty() && word.bytes().all(|c| c.is_ascii_digit())
        };
        let minutes = self.tokens.get(at + 1);
        let before = at.checked_sub(1).and_then(|at| self.tokens.get(at));
        digits(before) && digits(minutes) && minutes.is_some_and(|two| two.end - two.start == 2)
    }

    /// Reports the full-width characters gathered on the line that ends here.
    pub(super) fn flush_wide(&mut self) {
        let wide = std::mem::take(&mut self.wide);
        let Some((first, more)) = wide.split_first() else {
            return;
        };
        let shown: Vec<String> = {
            let mut shown: Vec<String> = Vec::new();
            for (start, end, _) in &wide {
                let sign = format!("`{}`", self.text[*start..*end].trim());
                if !shown.contains(&sign) {
                    shown.push(sign);
                }
                if shown.len() > MAX_LABELS {
                    shown.push("…".to_owned());
                    break;
                }
            }
            shown
        };
        let list = shown.join(" ");
        let label = |by: &str| {
            let by = by.trim();
            Words::new(format!("应是 `{by}`"), format!("should be `{by}`"))
        };
        let mut diagnostic = Diagnostic::error(
            "E0116",
            Words::new(
                format!("代码里用了全角字符 {list}"),
                format!("full-width characters {list} in code"),
            ),
            self.sink.span(first.0, first.1),
            label(&first.2),
        );
        for (start, end, by) in more.iter().take(MAX_LABELS) {
            diagnostic = diagnostic.with_label(self.sink.span(*start, *end), label(by));
        }
        let (from, to) = (first.0, wide.last().map_or(first.1, |last| last.1));
        let mut mended = String::new();
        let mut at = from;
        for (start, end, by) in &wide {
            mended.push_str(&self.text[at..*start]);
            mended.push_str(by);
            at = *end;
        }
        let words = Words::new("改成半角", "make them half-width");
        let place = self.sink.span(from, to);
        // A stop between two names is a point; elsewhere it belongs to words that lost their quotes.
        let prose = wide.iter().any(|(start, end, _)| {
            let joins = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
            let before = self.text[..*start].chars().next_back();
            let after = self.text[*end..].chars().next();
            match &self.text[*start..*end] {
                "。" => !joins(before) || !joins(after),
                "？" => true,
                _ => false,
            }
        });
        diagnostic = if prose {
            diagnostic.with_guess(words, place, mended)
        } else {
            diagnostic.with_fix(words, place, mended)
        };
        diagnostic = diagnostic.with_help(Words::new(
            "引号里的文字可以用全角，引号外只能用半角",
            "full-width is fine inside texts, not outside",
        ));
        self.sink.add(diagnostic);
        for (start, end, by) in wide {
            self.edit(start, end, by);
        }
    }
}

/// Whether a token is a sign of a comparison, in either width.
pub(super) fn compares(sign: &str) -> bool {
    matches!(sign, "＝" | "＞" | "＜" | "》" | "《" | "〉" | "〈" | "！")
}

/// The half-width twin of a full-width sign.
pub(super) fn half_width(c: char) -> Option<char> {
    match c {
        '。' => Some('.'),
        // What phones and word processors make of a minus.
        '−' | '–' | '—' | '―' => Some('-'),
        '、' => Some(','),
        '【' | '〔' => Some('['),
        '】' | '〕' => Some(']'),
        '《' | '〈' => Some('<'),
        '》' | '〉' => Some('>'),
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0),
        _ => None,
    }
}
