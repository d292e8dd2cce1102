//! What stands between a name and its value, or between two things that are compared: `=`, `==`, `:`.

use super::Slips;
use crate::lang::diagnostics::{Diagnostic, Words, nearest};
use crate::lang::syntax::lexer::{ITEMS, Kind, Token};
use crate::lang::syntax::vocabulary::{OUTCOMES, TAKE_TEXT, is_clause};

/// Tokens of a line before its `=`: a keyword, a name, a type, and what should not be there.
const MAX_BEFORE: usize = 8;
/// Tokens before a line among which the brace is looked for in which it stands.
const MAX_BACK: usize = 200;

impl Slips<'_> {
    /// `> =`: a blank came between the two signs.
    pub(super) fn apart(&self, at: usize) -> bool {
        let next = self.tokens.get(at + 1).filter(|next| !next.first);
        next.is_some_and(|next| self.slice(next) == "=")
    }

    /// Whether what stands round the line are actions: the braces belong to a rule, an outcome, a dialog's end.
    pub(super) fn among_actions(&self, at: usize) -> bool {
        let mut depth = 0i32;
        for (open, token) in self.tokens[..at].iter().enumerate().rev().take(MAX_BACK) {
            match self.slice(token) {
                "}" => depth += 1,
                "{" if depth > 0 => depth -= 1,
                "{" => {
                    let own = |other: &&Token| other.line == token.line;
                    let line = self.tokens[..open].iter().rev().take_while(own);
                    let first = line.last().map_or("", |first| self.slice(first));
                    return matches!(first, "on" | "done" | "cancel" | "give")
                        || OUTCOMES.contains(&first);
                }
                _ if token.start == token.line && token.first && self.slice(token) != "on" => {
                    return false;
                }
                _ => {}
            }
        }
        false
    }

    /// Whether the `=` at `at` stands where a name is given.
    pub(super) fn assigns(&self, at: usize) -> bool {
        let word = |back: usize| {
            at.checked_sub(back)
                .and_then(|at| self.tokens.get(at))
                .map_or("", |token| &self.text[token.start..token.end])
        };
        // `let my-limit = …`: the first `=` of such a line gives a name, whatever the name looks like.
        let begin = (0..at)
            .rev()
            .take(MAX_BEFORE)
            .find(|&at| self.tokens[at].first);
        if let Some(begin) = begin
            && matches!(
                &self.text[self.tokens[begin].start..self.tokens[begin].end],
                "let" | "list" | "extractor" | "remember"
            )
            && !self.tokens[begin..at]
                .iter()
                .any(|token| matches!(self.slice(token), "=" | "==" | ":=" | "＝"))
        {
            return true;
        }
        // `lst words = …`: a misspelt item keyword still gives a name.
        let item = at
            .checked_sub(2)
            .and_then(|at| self.tokens.get(at))
            .is_some_and(|token| token.kind == Kind::Word && token.start == token.line);
        // `words = […]`: the keyword is missing altogether.
        let bare = at
            .checked_sub(1)
            .and_then(|at| self.tokens.get(at))
            .is_some_and(|token| {
                // The blank after the keyword may have stayed.
                token.kind == Kind::Word && token.first && token.start <= token.line + 1
            });
        // `remembr nickname = …`: a line that begins with two words and gives the second.
        let begins = at
            .checked_sub(2)
            .and_then(|at| self.tokens.get(at))
            .is_some_and(|token| token.kind == Kind::Word && token.first)
            && self.tokens[at - 1].kind == Kind::Word
            && !is_clause(word(2))
            && !asks(word(2))
            && !ITEMS.contains(&word(2));
        bare || begins
            || (item && word(2) != "on" && !asks(word(2)))
            || matches!(word(2), "let" | "list" | "extractor" | "remember")
            || nearest(word(2), ["remember"]).is_some()
            || (matches!(word(2), ":" | "：") && word(4) == "list")
    }

    pub(super) fn equals(&mut self, at: usize, sign: &str) {
        let token = &self.tokens[at];
        let (start, end) = (token.start, token.end);
        if self.assigns(at) {
            if sign != "=" {
                self.operator(start, end, "=");
            }
            return;
        }
        let before = at.checked_sub(1).map(|at| &self.tokens[at]);
        // `====`: told of its first three.
        if before.is_some_and(|before| before.end == start && self.slice(before) == "===") {
            self.edit(start, end, "");
            return;
        }
        let earlier = at.checked_sub(2).map_or("", |at| {
            &self.text[self.tokens[at].start..self.tokens[at].end]
        });
        let name = before.map_or("", |token| &self.text[token.start..token.end]);
        let argument = matches!(name, "within" | "last" | "by" | "where" | "of")
            && matches!(earlier, "(" | ",");
        let field = before.is_some_and(|token| token.first && token.kind == Kind::Word)
            && !matches!(
                earlier,
                "and" | "or" | "not" | "when" | "(" | "+" | "-" | "*" | "/" | "[" | ","
            );
        let said = (field || earlier == "expect") && TAKE_TEXT.contains(&name);
        if self.named_by_equals(at) {
            return;
        }
        if field && !said && self.among_actions(at) {
            let span = self.sink.span(start, end);
            let begin = before.map_or(start, |token| token.start);
            let here = self.sink.span(begin, begin);
            let name = name.to_owned();
            self.sink.add(
                Diagnostic::error(
                    "E0105",
                    Words::new(
                        format!("`{name}` 前面少了 `remember`"),
                        format!("`remember` is missing before `{name}`"),
                    ),
                    span,
                    Words::new("这里是要记住一个值", "a value is to be kept"),
                )
                .with_guess(
                    Words::new("补上 `remember`", "add `remember`"),
                    here,
                    "remember ",
                ),
            );
            self.edit(begin, begin, "remember ");
        } else if said {
            // With the blank before it, so that one stays.
            self.slip(
                "E0118",
                before.map_or(start, |token| token.end),
                end,
                "",
                Words::new(
                    format!("`{name}` 后面直接写文字，不用 `=`"),
                    format!("the text comes right after `{name}`, without `=`"),
                ),
                Words::new("多余的 `=`", "not needed"),
            );
        } else if argument || field {
            self.slip(
                "E0118",
                before.map_or(start, |token| token.end),
                end,
                ":",
                Words::new("这里用冒号 `:`", "a colon `:` belongs here"),
                Words::new("这里应是 `:`", "should be `:`"),
            );
        } else if earlier == "on"
            || matches!(name, "containing" | "starting" | "matching" | "scene")
        {
            // With the blank before it, so that one stays.
            self.slip(
                "E0118",
                before.map_or(start, |token| token.end),
                end,
                "",
                Words::new(
                    "触发词直接写在事件后面，不用 `=`",
                    "what is matched follows the event, without `=`",
                ),
                Words::new("多余的 `=`", "not needed"),
            );
        } else if matches!(self.word_at(at + 1), "known" | "unknown") {
            let asked = self.word_at(at + 1).to_owned();
            self.slip(
                "E0118",
                start,
                end,
                "is",
                Words::new(
                    format!("知道不知道用 `is {asked}` 问"),
                    format!("whether something is {asked} is asked by `is {asked}`"),
                ),
                Words::new("这里应是 `is`", "should be `is`"),
            );
        } else {
            self.slip(
                "E0118",
                start,
                end,
                "==",
                Words::new("比较用两个等号 `==`", "values are compared with `==`"),
                Words::new("这里应是 `==`", "should be `==`"),
            );
        }
    }
}

/// Whether a condition follows, in this language or another: what stands there is compared.
fn asks(word: &str) -> bool {
    matches!(
        word,
        "if" | "elif" | "when" | "where" | "while" | "unless" | "如果" | "当"
    )
}
