//! Marks of Markdown: the fence lines round a piece of code, backticks and stars round words, `>` before the
//! lines of a quotation.

use super::{Pasted, is_clause};
use crate::lang::diagnostics::Words;
use crate::lang::syntax::lexer::{ITEMS, Kind};
use crate::lang::syntax::repair::Edit;
use crate::lang::syntax::vocabulary::EVENTS;

/// What fence lines begin with.
const FENCES: [&str; 2] = ["```", "~~~"];
/// What stands round words, longest first.
const STARS: [&str; 5] = ["***", "**", "__", "~~", "*"];

impl Pasted<'_> {
    /// Reports all fence lines as one mistake, and says which bytes they take.
    pub(super) fn fences(&mut self) -> Vec<(usize, usize)> {
        let mut lines: Vec<(usize, usize)> = Vec::new();
        if !FENCES.iter().any(|fence| self.text.contains(fence)) {
            return lines;
        }
        for token in self.tokens.iter().filter(|token| token.first) {
            let line = self.rest_of_line(token.start);
            let word = FENCES.iter().find_map(|fence| line.strip_prefix(fence));
            let named = |c: char| {
                c.is_ascii_alphanumeric() || matches!(c, ',' | ' ' | '-' | '_' | '.' | '`' | '~')
            };
            let code = matches!(
                token.kind,
                Kind::Block { .. } | Kind::Comment | Kind::WrongComment
            );
            if !code && word.is_some_and(|word| word.chars().all(named)) {
                lines.push((token.line, token.start + line.len()));
            }
        }
        let mut edits: Vec<Edit> = lines
            .iter()
            .map(|(start, end)| Edit::new(*start, *end, ""))
            .collect();
        for pair in lines.chunks_exact(2) {
            edits.extend(self.as_far_in(pair[0], pair[1].0));
        }
        edits.sort_by_key(|edit| edit.start);
        let title = Words::new(
            "这一行是说明文档的记号，不是规则",
            "this line is a mark of a manual, not of rules",
        );
        self.report(
            "E0106",
            &edits,
            (title, Words::new("多余", "not needed")),
            Words::new("去掉它", "remove it"),
        );
        self.edits.extend(edits);
        lines
    }

    /// The blanks before the lines between a fence line and byte `to`, as many as stand before the fence.
    fn as_far_in(&self, fence: (usize, usize), to: usize) -> Vec<Edit> {
        let line = &self.text[fence.0..fence.1];
        let indent = line.len() - line.trim_start_matches(' ').len();
        let mut at = fence.1;
        let mut edits = Vec::new();
        for line in self.text[fence.1..to].split_inclusive('\n') {
            let blanks = line.len() - line.trim_start_matches(' ').len();
            if indent > 0 && blanks > 0 {
                edits.push(Edit::new(at, at + blanks.min(indent), ""));
            }
            at += line.len();
        }
        edits
    }

    /// `` `on text "a"` {``, `` on `text` "a" ``, `` `on text "a" {``: backticks round what is code.
    pub(super) fn ticked(&mut self, at: usize) {
        let token = &self.tokens[at];
        let word = self.slice(at);
        if !word.starts_with('`') {
            // `` }` ``
            return;
        }
        let (start, end) = (token.start, token.end);
        if word == "`" {
            let closes = at > 0 && self.slice(at - 1) == "}" && !self.ticks.is_empty();
            let opens = token.first && self.is_code(at, self.rest_of_line(end));
            if closes || opens {
                self.ticks.push(Edit::new(start, end, ""));
                self.edits.push(Edit::new(start, end, ""));
            }
            return;
        }
        let Some(inside) = word
            .strip_prefix('`')
            .and_then(|word| word.strip_suffix('`'))
        else {
            return;
        };
        let before = at.checked_sub(1).map_or("", |before| self.slice(before));
        let path = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
        let code = if token.first {
            self.is_code(at, inside) && !matches!(self.slice(at + 1), "," | "]" | "，")
        } else {
            let named = !inside.is_empty() && inside.chars().all(path);
            match before {
                "on" => EVENTS.contains(&inside) && !matches!(self.slice(at + 1), "{" | "or"),
                "when" | "not" => named,
                _ => false,
            }
        };
        if !code {
            return;
        }
        let doubled = inside.len() - inside.trim_matches('`').len();
        let (from, to) = (start + 1 + doubled / 2, end - 1 - doubled / 2);
        for edit in [Edit::new(start, from, ""), Edit::new(to, end, "")] {
            self.ticks.push(edit.clone());
            self.edits.push(edit);
        }
    }

    /// Whether `code` at the beginning of the line of `at` is code rather than a text.
    fn is_code(&self, at: usize, code: &str) -> bool {
        let code = code.trim().trim_matches('`');
        let word = code
            .split(|c: char| !c.is_ascii_lowercase())
            .next()
            .unwrap_or_default();
        let start = self.is_start(at) || self.tokens[at].start == self.tokens[at].line;
        start && (matches!(code, "{" | "}") || ITEMS.contains(&word) || is_clause(word))
    }

    pub(super) fn flush_ticks(&mut self) {
        let edits = std::mem::take(&mut self.ticks);
        let title = Words::new(
            "反引号 `` ` `` 是说明文档的记号，不是规则的一部分",
            "backticks `` ` `` are marks of a manual, no part of a rule",
        );
        self.report(
            "E0106",
            &edits,
            (title, Words::new("多余", "not needed")),
            Words::new("去掉反引号", "remove the backticks"),
        );
    }

    /// `**on text "a"** {`, `**on** text "a" {` at `start`, where the line of `at` begins.
    pub(super) fn emphasised(&mut self, at: usize, start: usize) -> bool {
        let line = self.rest_of_line(start);
        let Some(sign) = STARS.into_iter().find(|sign| line.starts_with(sign)) else {
            return false;
        };
        let code = &line[sign.len()..];
        let word = code
            .split(|c: char| !c.is_ascii_lowercase())
            .next()
            .unwrap_or_default();
        if !(ITEMS.contains(&word) || is_clause(word))
            || !(self.is_start(at) || start == self.tokens[at].line)
        {
            return false;
        }
        let inside = start + sign.len();
        let line_end = start + line.len();
        let behind = self.tokens[at..].iter();
        let behind = behind.take_while(|token| token.start < line_end);
        // The last one outside the texts.
        let close = behind
            .filter(|token| {
                !matches!(
                    token.kind,
                    Kind::Text(_) | Kind::Block { .. } | Kind::Comment
                )
            })
            .filter(|token| token.end >= inside + sign.len() && token.end <= line_end)
            .filter(|token| self.text.get(token.end - sign.len()..token.end) == Some(sign))
            .map(|token| token.end)
            .last();
        match close {
            Some(end) => self.stars.extend([
                Edit::new(start, inside, ""),
                Edit::new(end - sign.len(), end, ""),
            ]),
            None if sign.starts_with("**") => self.stars.push(Edit::new(start, inside, "")),
            None => return false,
        }
        let count = if close.is_some() { 2 } else { 1 };
        let new = self.stars[self.stars.len() - count..].to_vec();
        self.edits.extend(new);
        true
    }

    /// `on **text** "a"`, `reply **"x"**`: stars round something within a line.
    pub(super) fn starred(&mut self, at: usize) {
        let token = &self.tokens[at];
        let (start, end, line) = (token.start, token.end, token.line);
        let known = |edit: &Edit| edit.start <= start && start < edit.end;
        if self.slice(at) != "**" || self.stars.iter().rev().take(2).any(known) {
            return;
        }
        let behind = self.tokens[at + 1..].iter().enumerate();
        let mut behind = behind.take_while(|(_, token)| token.line == line);
        let close = behind.find(|(_, token)| &self.text[token.start..token.end] == "**");
        let Some((inner, close)) = close.filter(|(inner, _)| *inner > 0) else {
            return;
        };
        let (last, opened) = (&self.tokens[at + inner], &self.tokens[at + 1]);
        let apart = self.text[..start].ends_with([' ', '\n']) || start == 0;
        if opened.start != end || last.end != close.start || !apart {
            return;
        }
        let pair = [
            Edit::new(start, end, ""),
            Edit::new(close.start, close.end, ""),
        ];
        self.stars.extend(pair.clone());
        self.edits.extend(pair);
    }

    pub(super) fn flush_stars(&mut self) {
        let edits = std::mem::take(&mut self.stars);
        let Some(first) = edits.first() else { return };
        let sign = self.text[first.start..first.end].to_owned();
        let title = Words::new(
            format!("`{sign}` 是说明文档的记号，不是规则的一部分"),
            format!("`{sign}` is a mark of a manual, no part of a rule"),
        );
        self.report(
            "E0106",
            &edits,
            (title, Words::new("多余", "not needed")),
            Words::new("去掉它们", "remove them"),
        );
    }

    /// `> on text "a" {`, `>     reply "x"`, `> }`: lines quoted as in a mail or in Markdown.
    pub(super) fn quoted_lines(&mut self, at: usize) -> bool {
        let token = &self.tokens[at];
        if token.start != token.line
            || token.start < self.quoted_to
            || !self.text[token.start..].starts_with('>')
        {
            return false;
        }
        let mut edits = Vec::new();
        let (mut from, mut items) = (token.start, false);
        for line in self.text[token.start..].split_inclusive('\n') {
            let Some(code) = line.strip_prefix('>') else {
                break;
            };
            let code = code.strip_prefix(' ').unwrap_or(code);
            let word = code
                .split(|c: char| !c.is_ascii_lowercase())
                .next()
                .unwrap_or_default();
            items |= ITEMS.contains(&word);
            edits.push(Edit::new(from, from + line.len() - code.len(), ""));
            from += line.len();
        }
        if !items || edits.len() < 2 {
            return false;
        }
        self.quoted_to = from;
        let title = Words::new("`>` 不是规则的一部分", "`>` is no part of a rule");
        let label = Words::new(
            "规则直接从它的第一个词写起",
            "an item begins with its own word",
        );
        self.report(
            "E0106",
            &edits,
            (title, label),
            Words::new("去掉它们", "remove them"),
        );
        self.edits.extend(edits);
        true
    }
}
