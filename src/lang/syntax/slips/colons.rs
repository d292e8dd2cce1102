//! A colon where the word before it says what comes: `on text：“绑定”`, `reply：你好`, `on: text "a"`.

use super::Slips;
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::syntax::lexer::{Kind, Token};
use crate::lang::syntax::repair::Edit;
use crate::lang::syntax::vocabulary::{EVENTS, TAKE_TEXT};

/// Tokens before a sign that are looked through for the braces it stands in.
const MAX_TOKENS: usize = 256;

/// What a colon stands behind.
enum Behind {
    On,
    Trigger,
    Clause,
}

impl Slips<'_> {
    /// Reports the colon at `at` if it is one too many.
    pub(super) fn colon(&mut self, at: usize) -> bool {
        self.spare_colon(at).is_some()
    }

    fn spare_colon(&mut self, at: usize) -> Option<()> {
        let behind = self.behind(at)?;
        let next = self.tokens.get(at + 1).filter(|next| !next.first)?;
        let from = self.tokens[at - 1].end;
        let mut edits = vec![Edit::new(from, next.start, " ")];
        let mut done = Vec::new();
        match &next.kind {
            _ if matches!(behind, Behind::On) => {}
            Kind::Text(quotes) => {
                let plain = quotes.open.is_none() && quotes.close.is_none();
                let media = matches!(self.word_at(at - 1), "image" | "voice");
                // Beside quotes of its own, the grammar tells of it.
                if plain && self.word_at(at) == ":" && !media {
                    return None;
                }
                done = self.quotes_of(at + 1, &mut edits)?;
            }
            Kind::Block { .. } if self.word_at(at) != ":" => {}
            Kind::Word => {
                let last = self.bare_words(at + 1)?;
                let end = self.tokens[last].end;
                " \"".clone_into(&mut edits[0].by);
                edits.push(Edit::new(end, end, "\""));
                done = (at + 1..=last).collect();
            }
            _ => return None,
        }
        let (word, sign) = (self.word_at(at - 1).to_owned(), self.word_at(at).to_owned());
        let title = match behind {
            Behind::On => Words::new(
                format!("`on` 后面直接写事件，不用 `{sign}`"),
                format!("the event comes right after `on`, without `{sign}`"),
            ),
            Behind::Trigger => Words::new(
                format!("`{word}` 后面直接写触发词，不用 `{sign}`"),
                format!("what is matched comes right after `{word}`, without `{sign}`"),
            ),
            Behind::Clause => Words::new(
                format!("`{word}` 后面直接写文字，不用 `{sign}`"),
                format!("the text comes right after `{word}`, without `{sign}`"),
            ),
        };
        let (start, end) = (edits[0].start, edits[edits.len() - 1].end);
        let by = self.changed(start, end, &edits);
        let span = self.sink.span(self.tokens[at].start, self.tokens[at].end);
        let whole = self.sink.span(start, end);
        let fix = match edits.len() {
            1 => Words::new(format!("去掉 `{sign}`"), format!("remove `{sign}`")),
            _ => Words::new(format!("写成 `{word}{by}`"), format!("write `{word}{by}`")),
        };
        let found = Diagnostic::error("E0101", title, span, Words::new("多余", "not needed"));
        self.sink.add(found.with_fix(fix, whole, by));
        done.push(at);
        for at in done {
            self.done_with(at, at);
        }
        self.edits.extend(edits);
        Some(())
    }

    /// What the colon at `at` stands behind, if nothing needs it there.
    fn behind(&self, at: usize) -> Option<Behind> {
        let before = at.checked_sub(1).map(|before| &self.tokens[before])?;
        let (word, earlier) = (
            self.slice(before),
            at.checked_sub(2).map_or("", |at| self.word_at(at)),
        );
        if before.line != self.tokens[at].line {
            return None;
        }
        match word {
            "on" if before.start == before.line && EVENTS.contains(&self.word_at(at + 1)) => {
                Some(Behind::On)
            }
            "containing" | "starting" | "matching" | "scene" if self.in_head(at) => {
                Some(Behind::Trigger)
            }
            event
                if EVENTS.contains(&event)
                    && matches!(earlier, "on" | "or")
                    && self.in_head(at) =>
            {
                Some(Behind::Trigger)
            }
            "image" | "voice" if earlier == "reply" => Some(Behind::Clause),
            "invalid" | "sends" => Some(Behind::Clause),
            "reply" if earlier == "expect" => Some(Behind::Clause),
            clause
                if TAKE_TEXT.contains(&clause)
                    && (before.first || earlier == "{")
                    && !self.in_fields(at) =>
            {
                Some(Behind::Clause)
            }
            _ => None,
        }
    }

    /// Whether the line of `at` is the head of a rule.
    fn in_head(&self, at: usize) -> bool {
        let line = self.text[self.tokens[at].line..].trim_start();
        ["on", "or"].iter().any(|word| line.starts_with(word))
    }

    /// Whether the braces round `at` hold `name: value`.
    fn in_fields(&self, at: usize) -> bool {
        let mut closed = 0_usize;
        for (before, token) in self.tokens[..at].iter().enumerate().rev().take(MAX_TOKENS) {
            match self.slice(token) {
                "}" => closed += 1,
                "{" if closed > 0 => closed -= 1,
                "{" => {
                    let back =
                        |count: usize| before.checked_sub(count).map_or("", |at| self.word_at(at));
                    return back(2) == "template"
                        || (matches!(back(1), "news" | "music" | "video") && back(2) == "reply");
                }
                _ => {}
            }
        }
        false
    }

    /// Gives the texts of the line from `at` on quotes of this language, as far as they have others; the tokens that
    /// are changed. Nothing where one may have been meant otherwise.
    fn quotes_of(&self, at: usize, edits: &mut Vec<Edit>) -> Option<Vec<usize>> {
        let mut changed = Vec::new();
        for at in at..self.near_end(at) {
            let token = &self.tokens[at];
            let Kind::Text(quotes) = &token.kind else {
                continue;
            };
            if quotes.open.is_none() && quotes.close.is_none() {
                continue;
            }
            let (open, close) = (quotes.open.unwrap_or(1), quotes.close.unwrap_or(1));
            let inside = self.text.get(token.start + open..token.end - close)?;
            let single = self.slice(token).starts_with(['\'', '‘', '’', '`']);
            if !quotes.closed || !quotes.inner.is_empty() || single || inside.contains('"') {
                return None;
            }
            edits.push(Edit::new(token.start, token.start + open, "\""));
            edits.push(Edit::new(token.end - close, token.end, "\""));
            changed.push(at);
        }
        Some(changed)
    }

    /// The token behind the last one of the line, as far as it is looked at.
    fn near_end(&self, at: usize) -> usize {
        let line = self.tokens[at].line;
        let code = |token: &&Token| {
            token.line == line && !matches!(token.kind, Kind::Comment | Kind::WrongComment)
        };
        let near = self.tokens[at..].iter().take(MAX_TOKENS);
        at + near.take_while(code).count()
    }

    /// The last of the words in no quotes from `at` to the end of their line, to a brace or to a comment.
    fn bare_words(&self, at: usize) -> Option<usize> {
        let end = self.near_end(at);
        let first = self.slice(&self.tokens[at]);
        let stop = (at..end)
            .find(|at| matches!(self.word_at(*at), "{" | "}" | "｛" | "｝"))
            .unwrap_or(end);
        let code = |at: usize| {
            matches!(self.tokens[at].kind, Kind::Text(_) | Kind::Block { .. })
                || self.word_at(at) == "\""
        };
        let prose = first
            .chars()
            .next()
            .is_some_and(|c| !c.is_ascii() && c.is_alphabetic());
        (stop > at && prose && !(at..stop).any(code)).then(|| stop - 1)
    }
}
