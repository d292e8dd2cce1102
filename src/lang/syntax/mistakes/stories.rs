//! Lines of stories in words that are not quite the language's: `wechat 小王 says "…"`, `expect alowed`,
//! `expect not in dialog d`.

mod names;

use crate::lang::diagnostics::{Diagnostic, Words, nearest};
use crate::lang::syntax::lexer::{Kind, Token};
use crate::lang::syntax::repair::Sink;
use crate::lang::syntax::vocabulary::{FOLLOWER_VERBS, told_as};

/// What may stand behind `expect no`.
const NOTHING_OF: [&str; 8] = [
    "reply", "alert", "send", "signals", "dialog", "call", "event", "webhook",
];
/// What a login ends with.
const VERDICTS: [&str; 3] = ["allowed", "denied", "challenged"];
/// The diagnostic for a line that could not be read, when it is evident what was meant.
pub(super) fn evident(text: &str, line: &[&Token], sink: &Sink) -> Option<Diagnostic> {
    let line = Line { text, line, sink };
    let found = match line.word(0) {
        "wechat" => line
            .fields()
            .or_else(|| line.done())
            .or_else(|| line.colon(2, &FOLLOWER_VERBS))
            .or_else(|| line.without_verb()),
        "login" => line.illegal().or_else(|| line.place()),
        "expect" => line.expected().or_else(|| line.state()),
        _ => None,
    };
    found.or_else(|| line.quoted_names())
}

struct Line<'a> {
    text: &'a str,
    line: &'a [&'a Token],
    sink: &'a Sink,
}

impl Line<'_> {
    fn word(&self, at: usize) -> &str {
        let token = self.line.get(at).filter(|token| token.kind == Kind::Word);
        token.map_or("", |token| &self.text[token.start..token.end])
    }

    /// `from..=to` should be `right`.
    fn instead(&self, from: usize, to: usize, right: &str, sure: bool) -> Diagnostic {
        let (start, end) = (self.line[from].start, self.line[to].end);
        let span = self.sink.span(start, end);
        let wrong = self.text[start..end].split_whitespace();
        let wrong = wrong.collect::<Vec<_>>().join(" ");
        let found = Diagnostic::error(
            "E0101",
            Words::new(
                format!("故事里不能写 `{wrong}`"),
                format!("`{wrong}` cannot stand here"),
            ),
            span,
            Words::new(format!("这里写 `{right}`"), format!("write `{right}`")),
        );
        let words = Words::new(format!("改成 `{right}`"), format!("write `{right}`"));
        if sure {
            found.with_fix(words, span, right)
        } else {
            found.with_guess(words, span, right)
        }
    }

    fn is_text(&self, at: usize) -> bool {
        let kind = self.line.get(at).map(|token| &token.kind);
        matches!(kind, Some(Kind::Text(_)))
    }

    /// `sends location with Label "东城" Location_X "39.9"`: fields are parted by commas.
    fn fields(&self) -> Option<Diagnostic> {
        let with = (0..self.line.len()).find(|at| self.word(*at) == "with")?;
        // `with A "…" with B "…"`
        let again =
            (with + 1..self.line.len()).find(|at| self.word(*at) == "with" && self.is_text(at - 1));
        if let Some(again) = again {
            let token = self.line[again];
            let gap = self.sink.span(self.line[again - 1].end, token.end);
            let found = Diagnostic::error(
                "E0101",
                Words::new(
                    "`with` 只写一次，几个字段之间写 `,`",
                    "`with` stands once, and a `,` between two fields",
                ),
                self.sink.span(token.start, token.end),
                Words::new("这里写 `,`", "write `,`"),
            );
            let words = Words::new("改成 `,`", "write `,`");
            return Some(found.with_fix(words, gap, ","));
        }
        let next = (with + 3..self.line.len()).find(|at| {
            self.is_text(at - 1) && !self.word(*at).is_empty() && self.is_text(at + 1)
        })?;
        let here = self
            .sink
            .span(self.line[next - 1].end, self.line[next - 1].end);
        let span = self.sink.span(self.line[next].start, self.line[next].end);
        Some(
            Diagnostic::error(
                "E0101",
                Words::new("几个字段之间写逗号", "a comma stands between two fields"),
                span,
                Words::new("前面少了 `,`", "a `,` is missing before it"),
            )
            .with_fix(Words::new("补上 `,`", "add `,`"), here, ","),
        )
    }

    /// `login alice illegal machine "x"`
    fn illegal(&self) -> Option<Diagnostic> {
        let at = (0..self.line.len()).find(|at| {
            self.word(*at) == "illegal" && self.word(at + 1) == "machine" && self.is_text(at + 2)
        })?;
        let gap = (self.line[at + 1].end, self.line[at + 2].end);
        let span = self
            .sink
            .span(self.line[at + 2].start, self.line[at + 2].end);
        Some(
            Diagnostic::error(
                "E0101",
                Words::new(
                    "`illegal machine` 后面没有名字：系统不认得这台机器",
                    "`illegal machine` has no name: the system does not know the machine",
                ),
                span,
                Words::new("多余", "not needed"),
            )
            .with_guess(
                Words::new("去掉它", "remove it"),
                self.sink.span(gap.0, gap.1),
                "",
            ),
        )
    }

    /// `wechat 小王 says "…"`
    fn done(&self) -> Option<Diagnostic> {
        let right = told_as(self.word(2)).filter(|right| FOLLOWER_VERBS.contains(right))?;
        Some(self.instead(2, 2, right, false))
    }

    /// `wechat 小王 sends: "…"`, `login alice city: 北京`; `at` is the word before the colon.
    fn colon(&self, at: usize, words: &[&str]) -> Option<Diagnostic> {
        let colon = self.line.get(at + 1)?;
        if &self.text[colon.start..colon.end] != ":" || !words.contains(&self.word(at)) {
            return None;
        }
        let span = self.sink.span(colon.start, colon.end);
        let next = self.line.get(at + 2);
        let joined = next.is_some_and(|next| next.start == colon.end);
        Some(
            Diagnostic::error(
                "E0101",
                Words::new(
                    format!("`{}` 后面直接写，不用冒号", self.word(at)),
                    format!("what comes after `{}` needs no colon", self.word(at)),
                ),
                span,
                Words::new("多余", "not needed"),
            )
            .with_fix(
                Words::new("去掉冒号", "remove the colon"),
                span,
                if joined { " " } else { "" },
            ),
        )
    }

    fn expected(&self) -> Option<Diagnostic> {
        let right_of = |at: usize, known: &[&'static str]| {
            let word = self.word(at);
            told_as(word)
                .filter(|right| known.contains(right))
                .or_else(|| nearest(word, known.iter().copied()))
        };
        // `expect reply contains "…"`
        let part = (2..self.line.len()).find(|at| {
            let text = self.line.get(at + 1).map(|token| &token.kind);
            matches!(
                self.word(*at),
                "contains" | "contain" | "includes" | "has" | "like" | "包含"
            ) && matches!(text, Some(Kind::Text(_)))
        });
        if let Some(at) = part {
            return Some(self.instead(at, at, "~", true));
        }
        match (self.word(1), self.word(2)) {
            ("not", "in") if self.word(3) == "dialog" => {
                let last = if self.word(4).is_empty() { 3 } else { 4 };
                Some(self.instead(1, last, "no dialog", false))
            }
            ("not", what) if NOTHING_OF.contains(&what) => Some(self.instead(1, 1, "no", true)),
            ("signal", name) if !name.is_empty() => Some(self.instead(1, 1, "signals", true)),
            ("dialog", name) if !name.is_empty() => Some(self.instead(1, 1, "in dialog", false)),
            ("no", what) if !what.is_empty() => {
                let right = right_of(2, &NOTHING_OF)?;
                Some(self.instead(2, 2, right, false))
            }
            (word, _) if self.line.len() == 2 && !word.is_empty() => {
                let right = right_of(1, &VERDICTS)?;
                Some(self.instead(1, 1, right, false))
            }
            (word, _) => {
                // `expect repyl "…"`; another name with a text behind it is none of what is known.
                let near = || {
                    let known = NOTHING_OF.iter().copied();
                    nearest(word, known).filter(|_| self.is_text(2))
                };
                let told = told_as(word).filter(|right| NOTHING_OF.contains(right));
                let right = told.or_else(near)?;
                Some(self.instead(1, 1, right, false))
            }
        }
    }
}
