//! Lines in the habits of other languages: keywords in capitals, outcomes as `locked -> reply "…"`,
//! `on locked { … }` or without their braces.
//!
//! A habit is one mistake for the lines that follow one another in it: it is told at the first, and one
//! fix mends them all.

use super::Slips;
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::syntax::keywords;
use crate::lang::syntax::lexer::{ITEMS, Kind};
use crate::lang::syntax::repair::Edit;
use crate::lang::syntax::vocabulary::{Body, EVENTS, OUTCOMES, is_clause};

/// What stands between an outcome and its action elsewhere.
const ARROWS: [&str; 11] = ["->", "=>", "→", "⇒", ":", "：", "=", "＝", ",", "，", "-"];
/// What stands before an outcome elsewhere.
const BEFORE: [&str; 5] = ["on", "when", "if", "case", "is"];
/// Outcomes in one habit that are mended together.
const MAX_ARMS: usize = 16;

/// An outcome written otherwise.
struct Arm {
    /// Its name, as a token.
    name: usize,
    /// Its last token.
    last: usize,
    edits: Vec<Edit>,
    /// Its braces are missing.
    bare: bool,
}

impl Slips<'_> {
    /// `REPLY "…"`, `ON TEXT "…" {`: a line that begins with a keyword in capitals.
    pub(super) fn capitals(&mut self, at: usize) {
        let small = |word: &str| {
            word.is_ascii()
                .then(|| word.to_ascii_lowercase())
                .filter(|small| small != word)
        };
        let Some(first) = small(self.word_at(at)) else {
            return;
        };
        let begins = ITEMS.contains(&first.as_str()) || is_clause(&first);
        if !begins || matches!(self.word_at(at + 1), ":" | "：" | "." | "(") {
            return;
        }
        let end = self.line_end(at);
        let words = keywords();
        let known = |word: &str| words.contains(&word) || EVENTS.contains(&word);
        let line = at..end;
        let mut edits = Vec::new();
        let (mut all, mut code) = (true, false);
        for index in line.clone() {
            let token = &self.tokens[index];
            if token.kind != Kind::Word {
                code = true;
                continue;
            }
            let word = self.slice(token);
            let right = small(word).filter(|right| known(right));
            all &= right.is_some() || known(word);
            if let Some(right) = right {
                edits.push(Edit::new(token.start, token.end, right));
            }
        }
        // A line of English words is prose that lost its `#`.
        if !(code || all) || line.len() < 2 {
            return;
        }
        let (start, end) = (edits[0].start, edits[edits.len() - 1].end);
        let by = self.changed(start, end, &edits);
        let span = self.sink.span(start, end);
        let shown = self.text[start..end].to_owned();
        let column0 = start == self.tokens[at].line;
        self.sink.add(
            Diagnostic::error(
                if column0 { "E0102" } else { "E0105" },
                Words::new(
                    format!("`{shown}` 要小写"),
                    format!("`{shown}` is written in small letters"),
                ),
                span,
                Words::new(format!("应是 `{by}`"), format!("should be `{by}`")),
            )
            .with_fix(Words::new("改成小写", "write small letters"), span, by),
        );
        self.edits.extend(edits);
    }

    /// `locked -> reply "…"`, `on locked { … }`, `locked reply "…"`: outcomes in another language's way.
    pub(super) fn arms(&mut self, at: usize) {
        if self.mended.contains(&self.tokens[at].start) {
            return;
        }
        let mut arms: Vec<Arm> = Vec::new();
        let mut next = at;
        while let Some(arm) = self.arm(next).filter(|_| arms.len() < MAX_ARMS) {
            next = arm.last + 1;
            while matches!(
                self.tokens.get(next).map(|token| &token.kind),
                Some(Kind::Comment)
            ) {
                next += 1;
            }
            arms.push(arm);
        }
        let (Some(first), Some(last)) = (arms.first(), arms.last()) else {
            return;
        };
        let (name, last) = (first.name, last.last);
        let bare = arms.iter().any(|arm| arm.bare);
        let mut edits: Vec<Edit> = arms.iter().flat_map(|arm| arm.edits.clone()).collect();
        // The braces round them may be missing as well.
        let before = at.checked_sub(1).map(|before| &self.tokens[before]);
        let outer = before.filter(|before| !matches!(self.slice(before), "{" | "}"));
        if let Some(before) = outer {
            let line = &self.text[before.line..];
            let indent = line.len() - line.trim_start_matches(' ').len();
            let end = self.tokens[last].end;
            edits.insert(0, Edit::new(before.end, before.end, " {"));
            let close = format!("\n{}}}", " ".repeat(indent));
            match edits.last_mut() {
                Some(edit) if edit.start == end => edit.by.push_str(&close),
                _ => edits.push(Edit::new(end, end, close)),
            }
        }
        let called = self.word_at(name).to_owned();
        let span = self.sink.span(
            self.tokens[at].start,
            self.tokens[name.max(at) + usize::from(name == at)].end,
        );
        let sure = outer.is_none();
        let (start, end) = (edits[0].start, edits[edits.len() - 1].end);
        let by = self.changed(start, end, &edits);
        let whole = self.sink.span(start, end);
        let mut found = Diagnostic::error(
            if bare { "E0110" } else { "E0101" },
            Words::new(
                format!("结果写成 `{called} {{ … }}`"),
                format!("an outcome is written `{called} {{ … }}`"),
            ),
            span,
            if bare {
                Words::new("它的动作写在花括号里", "what it does stands in braces")
            } else {
                Words::new("直接写结果的名字", "the outcome's name comes first")
            },
        );
        for arm in &arms[1..] {
            let token = &self.tokens[arm.name];
            let here = self.sink.span(token.start, token.end);
            found.add_place(here);
        }
        let words = Words::new("写成结果的样子", "write them as outcomes");
        self.sink.add(if sure {
            found.with_fix(words, whole, by)
        } else {
            found.with_guess(words, whole, by)
        });
        for arm in &arms {
            let own = at.min(arm.name)..=arm.last;
            let starts = self.tokens[own].iter().map(|token| token.start);
            let signs: Vec<usize> = starts
                .filter(|start| {
                    let inside = |edit: &Edit| edit.start <= *start && *start < edit.end;
                    arm.edits.iter().any(inside) || *start == self.tokens[arm.name].start
                })
                .collect();
            self.mended.extend(signs);
        }
        self.edits.extend(edits);
    }

    /// `on text "…" => reply "…"`, `on text "…" reply "…"`: a rule on one line without its braces.
    pub(super) fn one_line(&mut self, at: usize) {
        let token = &self.tokens[at];
        let item = self.slice(token) == "on" && token.start == token.line;
        let inner = matches!(self.slice(token), "done" | "give" | "cancel") && !item;
        if !item && !inner {
            return;
        }
        let indent = token.start - token.line;
        let end = self.line_end(at);
        let alone = self.tokens.get(end).is_none_or(|next| {
            let comment = matches!(next.kind, Kind::Comment | Kind::WrongComment);
            next.start - next.line <= indent || comment
        });
        let braces = (at..end).any(|index| matches!(self.word_at(index), "{" | "}" | "｛" | "｝"));
        if !alone || braces {
            return;
        }
        let acts = |index: &usize| {
            let follows = matches!(
                self.word_at(index - 1),
                "or" | "and" | "not" | "in" | "on" | "when" | "with" | "("
            );
            let word = self.tokens[*index].kind == Kind::Word && !follows;
            word && Body::Actions.words().contains(&self.word_at(*index)) && index + 1 < end
        };
        // `done reply "…"` has it right behind its first word.
        let Some(action) = (at + 2 - usize::from(inner)..end).find(acts) else {
            return;
        };
        let sign = &self.tokens[action - 1];
        let arrow = ARROWS.contains(&self.slice(sign));
        let from = if arrow { sign.start } else { sign.end };
        let (here, last) = (self.tokens[action].start, self.tokens[end - 1].end);
        let gap = if arrow { "{ " } else { " { " };
        let edits = [Edit::new(from, here, gap), Edit::new(last, last, " }")];
        let by = self.changed(from, last, &edits);
        let (span, whole) = (self.sink.span(here, last), self.sink.span(from, last));
        self.sink.add(
            Diagnostic::error(
                "E0110",
                Words::new("少了花括号 `{ … }`", "the braces `{ … }` are missing"),
                span,
                Words::new("要做的事写在花括号里", "what is done stands in braces"),
            )
            .with_fix(Words::new("补上 `{ }`", "add `{ }`"), whole, by),
        );
        if arrow {
            self.mended.insert(sign.start);
        }
        self.edits.extend(edits);
    }

    /// The outcome that the line of `at` begins with, when it is written otherwise.
    fn arm(&self, at: usize) -> Option<Arm> {
        let token = self.tokens.get(at)?;
        let word = self.slice(token);
        let column0 = token.start == token.line;
        if token.kind != Kind::Word || !token.first || column0 || !word.is_ascii() {
            return None;
        }
        let end = self.line_end(at);
        let is_word = |at: usize| at < end && self.tokens[at].kind == Kind::Word;
        let acts = |at: usize| is_word(at) && Body::Actions.words().contains(&self.word_at(at));
        // `on locked {`
        let before = at.checked_sub(1).map_or("", |before| self.word_at(before));
        if BEFORE.contains(&word)
            && is_word(at + 1)
            && self.word_at(at + 2) == "{"
            && at + 2 < end
            && matches!(before, "{" | "}")
            && !is_clause(self.word_at(at + 1))
        {
            let name = &self.tokens[at + 1];
            return Some(Arm {
                name: at + 1,
                last: self.closing(at + 2, |_| true)?,
                edits: vec![Edit::new(token.start, name.start, "")],
                bare: false,
            });
        }
        if is_clause(word) {
            return None;
        }
        let arrow = at + 1 < end && ARROWS.contains(&self.word_at(at + 1));
        let (from, action) = match arrow {
            true => (self.tokens[at + 1].start, at + 2),
            false if OUTCOMES.contains(&word) => (token.end, at + 1),
            false => return None,
        };
        // `locked -> { … }`
        let block = Body::Actions.words().contains(&self.word_at(action + 1));
        if arrow && self.word_at(action) == "{" && action < end && block {
            let last = self.closing(action, |_| true)?;
            return Some(Arm {
                name: at,
                last,
                edits: vec![Edit::new(from, self.tokens[action].start, "")],
                bare: false,
            });
        }
        let opens = self.word_at(end - 1) == "{";
        if !acts(action) || action + 1 >= end || opens {
            return None;
        }
        let signs = self.tokens[action..end]
            .iter()
            .map(|token| self.slice(token));
        let depth: i32 = signs
            .map(|sign| i32::from(sign == "{") - i32::from(sign == "}"))
            .sum();
        // The brace that ends what it stands in.
        let last = match (depth, self.word_at(end - 1)) {
            (0, _) => end - 1,
            // Without an arrow its own `{` is missing; with one the `}` ends what it stands in.
            (-1, "}") if arrow => end - 2,
            _ => return None,
        };
        let close = self.tokens[last].end;
        let gap = if arrow { "{ " } else { " { " };
        Some(Arm {
            name: at,
            last,
            edits: vec![
                Edit::new(from, self.tokens[action].start, gap),
                Edit::new(close, close, " }"),
            ],
            bare: true,
        })
    }
}
