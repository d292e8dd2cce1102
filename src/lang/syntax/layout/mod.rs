//! Line structure: what stands at column 0, what is indented, which braces belong together.
//!
//! Runs before the grammar, on a text whose slips are mended. It reports what is wrong with the
//! structure, and says how to mend it so that every item can then be parsed by itself. What cannot
//! be mended is taken out, and the names it would have defined are remembered.

mod braces;
mod lines;
mod nesting;
mod odd;

use super::lexer::{ITEMS, Kind, Token, looks_like_item};
use super::repair::{Edit, Sink};
use super::vocabulary::Body;
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::span::Span;
use lines::Lines;
use nesting::Nesting;
pub(in crate::lang::syntax) use nesting::{bottomless, too_deep};
pub(super) use odd::{no_else, no_other_outcome};

/// Brackets inside brackets. Parsing, checking and dropping a tree recurse.
pub(super) const MAX_DEPTH: usize = 64;

/// What the pass found besides diagnostics.
#[derive(Debug, Default)]
pub(super) struct Structure {
    /// How to mend the text.
    pub(super) edits: Vec<Edit>,
    /// Names in the heads of items that were taken out.
    pub(super) poisoned: Vec<String>,
    /// Lines inside items that were taken out, in the author's text, and what they said.
    pub(super) left_out: Vec<(Span, String)>,
}

/// Looks at the structure of `text`.
pub(super) fn find(text: &str, tokens: &[Token], sink: &mut Sink) -> Structure {
    let tokens: Vec<&Token> = tokens
        .iter()
        .filter(|token| !matches!(token.kind, Kind::Comment | Kind::WrongComment))
        .collect();
    let lines = Lines::of(text, &tokens);
    let mut layout = Layout {
        text,
        hidden: vec![false; tokens.len()],
        tokens,
        lines,
        sink,
        out: Structure::default(),
        cut: Vec::new(),
        left_out_to: 0,
    };
    let chunks = layout.chunks();
    for chunk in chunks {
        layout.chunk(&chunk);
    }
    layout.finish()
}

/// The byte ranges of the items of a text whose structure is in order.
pub(super) fn items(text: &str, tokens: &[Token]) -> Vec<(usize, usize)> {
    let starts: Vec<usize> = tokens
        .iter()
        .filter(|token| token.first && token.start == token.line && token.kind == Kind::Word)
        .filter(|token| ITEMS.contains(&&text[token.start..token.end]))
        .map(|token| token.start)
        .collect();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().copied().zip(ends).collect()
}

/// A `]` at column 0 that closes a list over several lines, as `}` closes an item.
fn closes_list(word: &str, open: Option<&Open>) -> bool {
    word == "]" && open.is_some_and(|open| open.braceless && open.depth == 1)
}

/// Among the names that are not known: that of a dialog whose first line is missing. No name has a blank.
pub(in crate::lang) const LOST_DIALOG: &str = "dialog ";
/// The same of anything else that is given a name.
pub(in crate::lang) const LOST_NAME: &str = "let ";
/// The same of a signal.
pub(in crate::lang) const LOST_SIGNAL: &str = "signal ";

/// The tokens of one item.
struct Chunk {
    from: usize,
    to: usize,
    /// Not an item at all; already reported.
    dropped: bool,
}

struct Layout<'a> {
    text: &'a str,
    tokens: Vec<&'a Token>,
    lines: Lines,
    sink: &'a mut Sink,
    out: Structure,
    /// By token: it is taken out of the text.
    hidden: Vec<bool>,
    /// Stretches that are taken out as wholes, ascending; nothing is mended in them.
    cut: Vec<Edit>,
    /// Tokens before this one were already found to belong to nothing.
    left_out_to: usize,
}

/// The item being read.
#[derive(Default)]
struct Open {
    depth: i32,
    braces: bool,
    dropped: bool,
    braceless: bool,
    /// Where in the sink a line at column 0 was already reported.
    reported: Option<usize>,
    /// A brace at column 0 has closed it.
    over: bool,
}

impl Open {
    /// Whether it is closed, so that an indented line belongs to nothing.
    fn is_over(&self) -> bool {
        self.over && self.depth <= 0 && self.braces && !self.dropped
    }

    /// Whether it is a `let`, a `list` or an `extractor` whose brackets are closed.
    fn is_given(&self) -> bool {
        self.braceless && self.depth <= 0 && !self.dropped
    }

    /// Whether more lines may belong to it.
    fn goes_on(&self) -> bool {
        !self.dropped
            && if self.braceless {
                self.depth > 0
            } else {
                !self.braces || self.depth > 0
            }
    }
}

impl Layout<'_> {
    fn slice(&self, at: usize) -> &str {
        self.tokens
            .get(at)
            .map_or("", |token| &self.text[token.start..token.end])
    }

    fn line_of(&self, at: usize) -> &str {
        let rest = &self.text[self.tokens[at].start..];
        rest.lines().next().unwrap_or_default()
    }

    fn chunks(&mut self) -> Vec<Chunk> {
        let mut chunks: Vec<Chunk> = Vec::new();
        let mut open: Option<Open> = None;
        for at in 0..self.tokens.len() {
            let token = self.tokens[at];
            let word = self.slice(at).to_owned();
            let column0 = token.first && token.start == token.line;
            let is_word = token.kind == Kind::Word;
            let item = is_word && ITEMS.contains(&word.as_str());
            let mut fresh = None;
            if column0 && item {
                fresh = Some(Open::default());
            } else if column0 && word != "}" && !closes_list(&word, open.as_ref()) {
                fresh = self.odd_line(at, &word, is_word, open.as_mut());
            } else if token.first
                && item
                && looks_like_item(self.line_of(at))
                && !open.as_ref().is_some_and(Open::goes_on)
            {
                self.indented_item(at, &word);
                fresh = Some(Open::default());
            } else if !token.first
                && item
                && open.as_ref().is_some_and(Open::is_given)
                && looks_like_item(self.line_of(at))
            {
                self.item_behind(at, chunks.last());
                fresh = Some(Open::default());
            } else if open.is_none() || (token.first && open.as_ref().is_some_and(Open::is_over)) {
                self.outside(at, &word, is_word);
                fresh = Some(Open {
                    dropped: true,
                    ..Open::default()
                });
            }
            if let Some(mut fresh) = fresh {
                if let Some(last) = chunks.last_mut() {
                    last.to = at;
                }
                fresh.braceless = matches!(word.as_str(), "let" | "list" | "extractor");
                chunks.push(Chunk {
                    from: at,
                    to: self.tokens.len(),
                    dropped: fresh.dropped,
                });
                open = Some(fresh);
            }
            if let Some(open) = open.as_mut().filter(|_| token.kind == Kind::Punct) {
                match word.as_str() {
                    "{" | "[" | "(" => {
                        open.depth += 1;
                        open.braces |= word == "{";
                    }
                    "}" | "]" | ")" => open.depth -= 1,
                    _ => {}
                }
                open.over |= column0 && word == "}" && open.depth <= 0;
            }
        }
        chunks
    }

    fn edit(&mut self, start: usize, end: usize, by: impl Into<String>) {
        self.out.edits.push(Edit::new(start, end, by));
    }

    /// Takes `start..end` out as a whole.
    fn cut(&mut self, start: usize, end: usize, by: &str) {
        self.cut.push(Edit::new(start, end, by));
    }

    fn finish(mut self) -> Structure {
        self.cut.sort_by_key(|cut| (cut.start, cut.end));
        let cut = &self.cut;
        // Stretches may overlap at most where one chunk was looked at twice.
        let inside = |edit: &Edit| {
            let after = cut.partition_point(|cut| cut.start <= edit.start);
            let before = after.checked_sub(1).and_then(|last| cut.get(last));
            before.is_some_and(|cut| edit.start < cut.end)
        };
        self.out.edits.retain(|edit| !inside(edit));
        self.out.edits.append(&mut self.cut);
        self.out
    }

    /// Whether a token was taken out with an `else`.
    fn out_of_sight(&self, at: usize) -> bool {
        self.hidden[at]
    }

    fn hide(&mut self, range: std::ops::Range<usize>) {
        self.hidden[range].fill(true);
    }

    /// By token of a chunk: of a `{` its `}`.
    fn partners(&self, chunk: &Chunk) -> Vec<Option<usize>> {
        let mut partners = vec![None; chunk.to - chunk.from];
        let mut open = Vec::new();
        for at in chunk.from..chunk.to {
            match self.slice(at) {
                "{" => open.push(at),
                "}" => {
                    if let Some(open) = open.pop() {
                        partners[open - chunk.from] = Some(at);
                    }
                }
                _ => {}
            }
        }
        partners
    }

    /// The `else` at `at` as the rule it stands for: that which begins at `from`, without its condition.
    fn as_rule(&self, found: Diagnostic, from: usize, at: usize) -> Diagnostic {
        let Some(head) = self.without_condition(from, at) else {
            return found;
        };
        found.with_guess(
            Words::new("写成另一条规则", "write a second rule"),
            self.sink.span(self.tokens[at - 1].end, self.tokens[at].end),
            format!("\n\n{head}"),
        )
    }

    fn without_condition(&self, from: usize, at: usize) -> Option<&str> {
        let whole = self.slice(from) == "on" && self.slice(at - 1) == "}";
        let last = self.tokens[at - 1].first && self.lines.indents[at - 1] == 0;
        let outer = whole && (last || self.lines.indents[at] == 0) && self.slice(at + 1) == "{";
        let open = (from..at).find(|&inner| self.slice(inner) == "{")?;
        let when = (from..open).find(|&inner| self.slice(inner) == "when")?;
        // What else stands there changes which of the two is asked.
        let more = (when..open).any(|inner| matches!(self.slice(inner), "even" | "continue"));
        let head = &self.text[self.tokens[from].start..self.tokens[when].start];
        (outer && !more).then(|| head.trim_end())
    }

    /// `} else { … }`: reported once, with what stands in its braces left alone.
    fn take_out_else(&mut self, chunk: &Chunk) {
        let mut at = chunk.from + 1;
        let mut partners = None;
        while at < chunk.to {
            let alternative = self.tokens[at].kind == Kind::Word
                && matches!(self.slice(at), "else" | "elif" | "elsif")
                && self.slice(at - 1) == "}";
            if !alternative {
                at += 1;
                continue;
            }
            let token = self.tokens[at];
            let partners = partners.get_or_insert_with(|| self.partners(chunk));
            let found = no_else(self.sink.span(token.start, token.end));
            let found = self.as_rule(found, chunk.from, at);
            self.sink.add(found);
            let brace = (at..chunk.to).find(|&inner| matches!(self.slice(inner), "{" | "}"));
            let last = brace.and_then(|brace| partners[brace - chunk.from]);
            // A brace that stands elsewhere closes something else.
            let last = last.filter(|&last| {
                !self.tokens[last].first || self.lines.indents[last] == self.lines.indents[at]
            });
            // Without its own end only the line itself is taken out.
            let last = last.unwrap_or_else(|| {
                let line = token.line;
                (at..chunk.to)
                    .take_while(|inner| self.tokens[*inner].line == line)
                    .last()
                    .unwrap_or(at)
            });
            self.edit(token.start, self.tokens[last].end, "");
            self.hide(at..last + 1);
            at = last + 1;
        }
    }

    fn drop_chunk(&mut self, chunk: &Chunk) {
        let name = self
            .tokens
            .get(chunk.from + 1)
            .filter(|name| chunk.from + 1 < chunk.to && name.kind == Kind::Word);
        if name.is_some() {
            let name = self.slice(chunk.from + 1).to_owned();
            self.out.poisoned.push(name);
        }
        // The line that named a dialog or a signal is missing: what it was called is not known.
        let clause = self.slice(chunk.from).to_owned();
        for (body, item) in [(Body::Dialog, LOST_DIALOG), (Body::Signal, LOST_SIGNAL)] {
            if body.words().contains(&clause.as_str()) {
                self.out.poisoned.push(item.to_owned());
            }
        }
        // `words = […]`: the keyword is missing, the name is there.
        if self.slice(chunk.from + 1) == "=" {
            let name = self.slice(chunk.from).to_owned();
            self.out.poisoned.push(name);
        }
        let start = self.tokens[chunk.from].line;
        let end = match self.tokens.get(chunk.to) {
            Some(next) => next.line,
            None => self.text.len(),
        };
        self.cut(start, end, "\n");
    }

    fn chunk(&mut self, chunk: &Chunk) {
        if chunk.dropped {
            self.drop_chunk(chunk);
            return;
        }
        self.take_out_else(chunk);
        let (mut depth, mut deepest, mut at_deepest) = (0usize, 0usize, chunk.from);
        let (mut braces, mut lowest) = (0i32, 0i32);
        let mut nesting = Nesting::default();
        for at in chunk.from..chunk.to {
            if self.tokens[at].kind != Kind::Punct || self.out_of_sight(at) {
                continue;
            }
            match self.slice(at) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                _ => {}
            }
            nesting.see(self.slice(at));
            match self.slice(at) {
                "{" => braces += 1,
                "}" => braces -= 1,
                _ => {}
            }
            lowest = lowest.min(braces);
            // A bracket closed by one of another kind is still open once that one is mended away.
            let depth = depth.max(nesting.round).max(nesting.braces);
            if depth > deepest {
                (deepest, at_deepest) = (depth, at);
            }
        }
        if deepest > MAX_DEPTH {
            let token = self.tokens[at_deepest];
            let span = self.sink.span(token.start, token.end);
            self.sink.add(too_deep(span));
            self.drop_chunk(chunk);
        } else if braces != 0 || lowest < 0 {
            self.braces(chunk);
        }
    }
}

/// E0109.
pub(super) fn extra_brace(span: crate::lang::span::Span) -> Diagnostic {
    Diagnostic::error(
        "E0109",
        Words::new("多了一个 `}`", "a `}` too many"),
        span,
        Words::new("没有对应的 `{`", "no `{` belongs to it"),
    )
}
