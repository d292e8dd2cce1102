//! What comes along when rules are copied out of a document or a chat: marks of lists before the lines, marks of
//! Markdown round them, dashes where a comment is meant.
//!
//! Runs before all else, on the lines as they stand: with the marks taken out, nothing they would have hidden is
//! hidden, and nothing they would have been taken for is told. A habit is told once for the lines that have it, and
//! one change mends them all. Nothing inside a text or a comment is looked at.

mod dashes;
mod documents;
mod lists;
mod news;

use std::collections::BTreeSet;

use super::lexer::{ITEMS, Kind, Token};
use super::repair::{Edit, Sink};
use super::vocabulary::{OUTCOMES, TAKE_TEXT, is_clause};
use crate::lang::diagnostics::{Diagnostic, Words};

/// Places of one habit that get a label of their own.
const MAX_LABELS: usize = 11;
/// Behind a word of a clause they say that it is a value.
const OPERATORS: [&str; 12] = [
    "and",
    "or",
    "in",
    "is",
    "not",
    "otherwise",
    "when",
    "even",
    "continue",
    "unless",
    "with",
    "weight",
];

/// Reports what came along with the rules of `text`, and says how to take it out.
pub(super) fn find(text: &str, tokens: &[Token], sink: &mut Sink) -> Vec<Edit> {
    let mut pasted = Pasted {
        text,
        tokens,
        sink,
        edits: Vec::new(),
        ticks: Vec::new(),
        marks: Vec::new(),
        stars: Vec::new(),
        quoted_to: 0,
        ruler: None,
    };
    pasted.run();
    pasted.edits
}

/// A mark before a line: its bytes, and whether an item stands behind it.
struct Mark {
    start: usize,
    end: usize,
    item: bool,
}

struct Pasted<'a> {
    text: &'a str,
    tokens: &'a [Token],
    sink: &'a mut Sink,
    edits: Vec<Edit>,
    /// Backticks, as the changes that remove them.
    ticks: Vec<Edit>,
    /// Marks before the lines of the present list.
    marks: Vec<Mark>,
    /// Stars round words.
    stars: Vec<Edit>,
    /// Lines quoted as in a mail, up to this byte, are done with.
    quoted_to: usize,
    /// Where in the sink a line drawn with signs was reported.
    ruler: Option<usize>,
}

impl Pasted<'_> {
    fn run(&mut self) {
        let fences: BTreeSet<usize> = self.fences().into_iter().map(|(start, _)| start).collect();
        for at in 0..self.tokens.len() {
            let token = &self.tokens[at];
            if fences.contains(&token.line) {
                continue;
            }
            if matches!(token.kind, Kind::Comment | Kind::WrongComment) {
                continue;
            }
            if token.first {
                if token.start == token.line {
                    self.flush_marks();
                }
                self.line(at);
            } else if self.dash_behind(at) {
                continue;
            }
            self.ticked(at);
            self.starred(at);
            self.news_in_brackets(at);
        }
        self.flush_marks();
        self.flush_ticks();
        self.flush_stars();
    }

    /// Looks at the beginning of a line.
    fn line(&mut self, at: usize) {
        if self.quoted_lines(at) {
            return;
        }
        let (start, column0) = (
            self.tokens[at].start,
            self.tokens[at].start == self.tokens[at].line,
        );
        if start < self.quoted_to || self.emphasised(at, start) {
            return;
        }
        let line = self.rest_of_line(start);
        if let Some(length) = lists::mark(line)
            && let Some(item) = self.begins(at, &line[length..], column0)
        {
            // An item stands at column 0.
            let outer = self
                .before(at)
                .is_none_or(|before| before.start == before.line);
            let from = if item && outer {
                self.tokens[at].line
            } else {
                start
            };
            self.marks.push(Mark {
                start: from,
                end: start + length,
                item,
            });
            self.edits.push(Edit::new(from, start + length, ""));
            self.emphasised(at, start + length);
            return;
        }
        self.dash_before(at);
    }

    fn slice(&self, at: usize) -> &str {
        self.tokens
            .get(at)
            .map_or("", |token| &self.text[token.start..token.end])
    }

    fn rest_of_line(&self, start: usize) -> &str {
        let rest = &self.text[start..];
        rest.split('\n').next().unwrap_or_default().trim_end()
    }

    /// The token before `at` that is no comment.
    fn before(&self, at: usize) -> Option<&Token> {
        let before = self.tokens[..at].iter().rev();
        before
            .take(MAX_LABELS)
            .find(|token| !matches!(token.kind, Kind::Comment | Kind::WrongComment))
    }

    /// Whether a clause may begin at `at`: what stands before it is over.
    fn is_start(&self, at: usize) -> bool {
        self.before(at).is_none_or(|before| match &before.kind {
            Kind::Text(_) | Kind::Block { .. } => true,
            _ => matches!(
                &self.text[before.start..before.end],
                "{" | "}" | "｛" | "｝"
            ),
        })
    }

    /// Whether `code`, behind what stands at the beginning of the line of `at`, begins a clause or an item, which
    /// nothing in a sound program does behind a sign; of an item, yes.
    fn begins(&self, at: usize, code: &str, column0: bool) -> Option<bool> {
        let code = code.trim_start_matches(['*', '`', '_', ' ']);
        let end = code
            .find(|c: char| !(c.is_ascii_lowercase() || c == '_'))
            .unwrap_or(code.len());
        let (word, rest) = code.split_at(end);
        if word.is_empty() {
            return None;
        }
        let behind = rest.trim_start_matches(['*', '`', '_', ' ', '\t']);
        let next = behind.chars().next();
        if ITEMS.contains(&word) && (column0 || super::lexer::looks_like_item(code)) {
            return Some(true);
        }
        let start = self.is_start(at) || column0;
        let known = is_clause(word);
        let fits = match next {
            None => start && known && !OPERATORS.contains(&word),
            Some('"' | '“' | '”' | '「' | '『' | '\'') => known,
            Some('{' | '｛') => start && (known || OUTCOMES.contains(&word)),
            Some(':' | '：') => TAKE_TEXT.contains(&word) || start,
            Some(c) if c.is_alphabetic() => {
                let end = behind
                    .find(|c: char| !c.is_alphanumeric())
                    .unwrap_or(behind.len());
                known
                    && rest.starts_with([' ', '\t', '*', '`'])
                    && !OPERATORS.contains(&&behind[..end])
            }
            Some(c) if c.is_ascii_digit() => known && start,
            _ => false,
        };
        fits.then_some(false)
    }

    /// Reports the marks before the lines of one list.
    fn flush_marks(&mut self) {
        let marks = std::mem::take(&mut self.marks);
        let Some(first) = marks.first() else { return };
        let sign = self.text[first.start..first.end].trim().to_owned();
        let label = match first.item {
            true => Words::new(
                "规则直接从它的第一个词写起",
                "an item begins with its own word",
            ),
            false => Words::new(
                "这一行直接从它的第一个词写起",
                "the line begins with its own word",
            ),
        };
        let title = Words::new(
            format!("`{sign}` 不是规则的一部分"),
            format!("`{sign}` is no part of a rule"),
        );
        let fix = match marks.len() {
            1 => Words::new("去掉它", "remove it"),
            _ => Words::new("去掉它们", "remove them"),
        };
        let edits: Vec<Edit> = marks
            .iter()
            .map(|mark| Edit::new(mark.start, mark.end, ""))
            .collect();
        self.report("E0106", &edits, (title, label), fix);
    }

    /// Reports changes that are one habit, in the order of the text.
    fn report(&mut self, code: &'static str, edits: &[Edit], words: (Words, Words), fix: Words) {
        let mut edits = edits.to_vec();
        edits.sort_by_key(|edit| (edit.start, edit.end));
        let mut to = 0;
        // Of changes that overlap the first is made.
        edits.retain(|edit| {
            edit.start >= to && {
                to = edit.end;
                true
            }
        });
        let edits = edits.as_slice();
        let (Some(first), Some(last)) = (edits.first(), edits.last()) else {
            return;
        };
        // Without the blanks round it.
        let seen = |edit: &Edit| {
            let sign = &self.text[edit.start..edit.end];
            let start = edit.start + sign.len() - sign.trim_start().len();
            self.sink.span(start, start + sign.trim().len())
        };
        let mut found = Diagnostic::error(code, words.0, seen(first), words.1);
        for edit in edits.iter().skip(1).take(MAX_LABELS) {
            found.add_place(seen(edit));
        }
        let (mut by, mut from) = (String::new(), first.start);
        for edit in edits {
            by.push_str(&self.text[from..edit.start]);
            by.push_str(&edit.by);
            from = edit.end;
        }
        let whole = self.sink.span(first.start, last.end);
        self.sink.add(found.with_fix(fix, whole, by));
    }
}
