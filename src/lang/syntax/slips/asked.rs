//! Questions of a dialog whose parts are missing or have changed places: `ask mobile "…"`,
//! `ask "…" phone: mobile`, `ask mobile as phone "…"`, `phone = ask mobile "…"`.

use std::ops::Range;

use super::Slips;
use crate::lang::diagnostics::Words;
use crate::lang::syntax::vocabulary::{EXTRACTORS, usual_name};

/// Tokens of a dialog that is looked at.
const MAX_DIALOG: usize = 2_000;

impl Slips<'_> {
    /// The token behind the extractor at `at`.
    fn behind_extractor(&self, at: usize) -> Option<usize> {
        if !EXTRACTORS.contains(&self.word_at(at)) {
            return None;
        }
        match (self.word_at(at + 1), self.word_at(at + 3)) {
            ("(", ")") => Some(at + 4),
            ("(", _) => None,
            _ => Some(at + 1),
        }
    }

    fn between(&self, from: usize, behind: usize) -> String {
        let range: Range<usize> = self.tokens[from].start..self.tokens[behind - 1].end;
        self.text[range].to_owned()
    }

    /// A question that begins at `at`.
    pub(super) fn asked(&mut self, at: usize) {
        let column0 = self.tokens[at].start == self.tokens[at].line;
        let sets =
            matches!(self.word_at(at + 1), "=" | ":" | "：") && self.word_at(at + 2) == "ask";
        if column0 || !(self.word_at(at) == "ask" || sets) {
            return;
        }
        let order = Words::new(
            "`ask` 后面依次是名字、回答是什么、问题",
            "a name, what the answer is and the question follow `ask`",
        );
        if sets {
            let name = self.word_at(at).to_owned();
            if let Some(text) = self.behind_extractor(at + 3)
                && self.is_text_at(text)
            {
                let by = format!("ask {name}: {}", self.between(at + 3, text));
                self.written("E0101", (at, text - 1), &by, order, true);
            }
            return;
        }
        // `ask "…" phone: mobile`
        if self.is_text_at(at + 1)
            && self.is_word_at(at + 2)
            && self.word_at(at + 3) == ":"
            && let Some(end) = self.behind_extractor(at + 4)
        {
            let by = format!("{} {}", self.between(at + 2, end), self.word_at(at + 1));
            self.written("E0101", (at + 1, end - 1), &by, order, true);
            return;
        }
        let Some(end) = self.behind_extractor(at + 1) else {
            return;
        };
        let kind = self.between(at + 1, end);
        // `ask mobile as phone "…"`
        if matches!(self.word_at(end), "as" | "into" | "to")
            && self.is_word_at(end + 1)
            && self.is_text_at(end + 2)
        {
            let by = format!("{}: {kind}", self.word_at(end + 1));
            self.written("E0101", (at + 1, end + 1), &by, order, true);
            return;
        }
        // `ask mobile "…"`
        if self.is_text_at(end) {
            let name = self.missing_name(at, self.word_at(at + 1));
            let by = format!("{name}: {kind}");
            let title = Words::new(
                "回答还没有名字：`ask` 后面先写记在哪个名字下",
                "the answer has no name: one comes right after `ask`",
            );
            self.written("E0101", (at + 1, end - 1), &by, title, false);
        }
    }

    /// What the answer is called where it is used, or would be called.
    fn missing_name(&self, at: usize, kind: &str) -> String {
        let begin = (0..at).rev().take(MAX_DIALOG);
        let begin = begin
            .into_iter()
            .find(|at| self.tokens[*at].start == self.tokens[*at].line);
        let from = begin.unwrap_or(at);
        let end = (at..self.tokens.len())
            .take(MAX_DIALOG)
            .find(|next| {
                let token = &self.tokens[*next];
                token.start == token.line && self.word_at(*next) != "}"
            })
            .unwrap_or(self.tokens.len().min(at + MAX_DIALOG));
        let given = |name: &str| {
            (from..end).any(|at| {
                self.word_at(at) == "ask"
                    && self.word_at(at + 1) == name
                    && self.word_at(at + 2) == ":"
            })
        };
        let item = &self.text[self.tokens[from].start..self.tokens[end - 1].end];
        let plain = |name: &&str| {
            name.starts_with(|c: char| c.is_ascii_lowercase())
                && name
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        let mut shown = item
            .split('{')
            .skip(1)
            .filter_map(|piece| piece.split_once('}').map(|(name, _)| name))
            .filter(plain)
            .filter(|name| !given(name) && !BROUGHT.contains(name));
        shown.next().unwrap_or(usual_name(kind)).to_owned()
    }
}

/// Names that outcomes bring, and those of the event.
const BROUGHT: [&str; 8] = [
    "tries_left",
    "blocked_until",
    "sessions_ended",
    "open_alerts",
    "alert_list",
    "answer",
    "reasons",
    "suspicion",
];
