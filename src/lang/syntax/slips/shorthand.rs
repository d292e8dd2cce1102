//! Ways to say something that other languages and the platform's own console have: `x += 1`, `call NAME alert`,
//! `{{thing2.DATA}}:`.

use super::Slips;
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::syntax::lexer::Kind;
use crate::lang::syntax::vocabulary::is_clause;

impl Slips<'_> {
    /// The clause that begins at `at`.
    pub(super) fn shorthand(&mut self, at: usize) {
        match self.word_at(at) {
            "remember" => {
                self.added(at + 1, "");
            }
            "call" => self.handed(at),
            word => {
                let bare = !is_clause(word) && self.among_actions(at);
                if !bare || !self.added(at, "remember ") {
                    self.data(at, at);
                }
            }
        }
    }

    /// `x += 1` or `x++` at `at`, behind `remember` or with that `missing`; whether it is there.
    fn added(&mut self, at: usize, missing: &str) -> bool {
        let (name, op, second) = (
            self.word_at(at).to_owned(),
            self.word_at(at + 1).to_owned(),
            self.word_at(at + 2).to_owned(),
        );
        let joined = self
            .tokens
            .get(at + 1)
            .zip(self.tokens.get(at + 2))
            .is_some_and(|(a, b)| a.end == b.start && !a.first);
        let counted = second == op && matches!(op.as_str(), "+" | "-");
        let assigned = second == "=" && matches!(op.as_str(), "+" | "-" | "*" | "/");
        if !joined || !(counted || assigned) {
            return false;
        }
        let by = match counted {
            true => format!("{missing}{name} = ({name} otherwise 0) {op} 1"),
            false => format!("{missing}{name} = ({name} otherwise 0) {op}"),
        };
        let (start, end) = (self.tokens[at].start, self.tokens[at + 2].end);
        let shown = format!("{op}{second}");
        self.done_with(at, at + 2);
        self.slip(
            "E0101",
            start,
            end,
            &by,
            Words::new(
                format!("没有 `{shown}`：新的值整个写出来"),
                format!("there is no `{shown}`: the new value is written in full"),
            ),
            Words::new(
                format!("应是 `{by}`，没记过的时候从 0 算起"),
                format!("should be `{by}`, which counts from 0 on"),
            ),
        );
        true
    }

    /// `call desk alert`
    fn handed(&mut self, at: usize) {
        let named = matches!(self.tokens.get(at + 1), Some(token) if token.kind == Kind::Word);
        let Some(value) = self
            .tokens
            .get(at + 2)
            .filter(|value| !value.first && named)
        else {
            return;
        };
        let word = self.slice(value);
        if value.kind != Kind::Word || (is_clause(word) && word != "alert") || word == "with" {
            return;
        }
        if word == "as" {
            return self.named_answer(at);
        }
        let (start, end, by) = (value.start, value.end, format!("with {word}"));
        self.done_with(at + 2, at + 2);
        self.slip(
            "E0101",
            start,
            end,
            &by,
            Words::new(
                "交给它的写在 `with` 后面",
                "what it is given stands behind `with`",
            ),
            Words::new(format!("应是 `{by}`"), format!("should be `{by}`")),
        );
    }

    /// `call weather as w`: what comes back has its name already.
    fn named_answer(&mut self, at: usize) {
        let name = match self.is_word_at(at + 3) && !self.tokens[at + 3].first {
            true => at + 3,
            false => at + 2,
        };
        let (start, end) = (self.tokens[at + 2].start, self.tokens[name].end);
        self.done_with(at + 2, name);
        let given = self.word_at(name).to_owned();
        self.sink.poisoned.push(given);
        let span = self.sink.span(start, end);
        self.sink.add(
            Diagnostic::error(
                "E0101",
                Words::new(
                    "答案不用起名字：它叫 `answer`",
                    "what comes back needs no name: it is called `answer`",
                ),
                span,
                Words::new("没有 `as`", "there is no `as`"),
            )
            .with_help(Words::new(
                "后面写 `{`，里面写 `ok { reply \"{answer}\" }` 和 `failed { reply \"…\" }`",
                "a `{` follows, and in it `ok { reply \"{answer}\" }` and `failed { reply \"…\" }`",
            )),
        );
        self.edit(start, end, "");
    }

    /// `thing2.DATA:`, as the platform's console shows a template, also in its braces: they begin at `from`.
    pub(super) fn data(&mut self, from: usize, at: usize) {
        let known =
            self.word_at(at + 1) == "." && self.word_at(at + 2).eq_ignore_ascii_case("data");
        let inner = at - from;
        let closed = (0..inner).all(|brace| self.word_at(at + 3 + brace) == "}");
        let last = at + 2 + inner;
        if !known || !closed || !matches!(self.word_at(last + 1), ":" | "：") {
            return;
        }
        let name = self.word_at(at).to_owned();
        let (start, end) = (self.tokens[from].start, self.tokens[last].end);
        self.done_with(from, last);
        self.slip(
            "E0118",
            start,
            end,
            &name,
            Words::new(
                "模板的字段只写名字，不写 `.DATA`",
                "a template's field is its name alone, without `.DATA`",
            ),
            Words::new("只写名字", "the name alone"),
        );
    }
}
