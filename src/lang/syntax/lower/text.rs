//! Texts: escapes, holes, and the indent of text blocks.

use super::hole::Brace;
use super::{Kids, Lower};
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::syntax::ast::{ExtractorArg, ExtractorUse, Text, TextPart};
use crate::lang::syntax::grammar::Rule;
use pest::iterators::Pair;

/// A character of a text with the bytes it came from.
#[derive(Clone, Copy)]
pub(super) struct Char {
    pub(super) c: char,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Lower<'_> {
    /// A text with its escapes resolved, cut at its holes.
    pub(super) fn text(&mut self, pair: &Pair<'_, Rule>) -> Text {
        self.text_with(pair, false)
    }

    /// The text that a message is compared with: it may take something out.
    pub(super) fn pattern_text(&mut self, pair: &Pair<'_, Rule>) -> Text {
        self.text_with(pair, true)
    }

    fn text_with(&mut self, pair: &Pair<'_, Rule>, pattern: bool) -> Text {
        let chars = contents(pair);
        let mut parts = Vec::new();
        let mut literal = Literal::default();
        let mut at = 0;
        while let Some(&Char { c, start, end }) = chars.get(at) {
            at += 1;
            match c {
                '\\' => {
                    let next = chars.get(at).copied();
                    let value = match next.map(|next| next.c) {
                        Some('n') => '\n',
                        Some(c @ ('"' | '\\' | '{' | '}')) => c,
                        other => {
                            self.unknown_escape(other, start, next.map_or(end, |next| next.end));
                            literal.push('\\', start, end);
                            continue;
                        }
                    };
                    at += 1;
                    literal.push(value, start, next.map_or(end, |next| next.end));
                }
                '{' | '｛' | '}' | '｝' => match self.brace(&chars, at - 1) {
                    Brace::Hole(hole, next) => {
                        if let Some(hole) = hole {
                            literal.flush(self, &mut parts);
                            parts.push(hole);
                        }
                        at = next;
                    }
                    Brace::Lost => {}
                    Brace::Plain => literal.push(c, start, end),
                },
                _ => match pattern.then(|| self.bracketed(&chars, at - 1)).flatten() {
                    Some((hole, next)) => {
                        literal.flush(self, &mut parts);
                        parts.push(hole);
                        at = next;
                    }
                    None => literal.push(c, start, end),
                },
            }
        }
        literal.flush(self, &mut parts);
        Text {
            parts,
            span: self.span(pair),
        }
    }

    /// A text taken as it stands: only `\"` is an escape and braces are plain characters. For
    /// regular expressions.
    pub(super) fn raw_text(&mut self, pair: &Pair<'_, Rule>) -> Text {
        let chars = contents(pair);
        let mut value = String::new();
        let mut at = 0;
        while let Some(&Char { c, .. }) = chars.get(at) {
            at += 1;
            if c == '\\' && chars.get(at).is_some_and(|next| next.c == '"') {
                continue;
            }
            value.push(c);
            // An escaped backslash must not make an escape of what follows it.
            if c == '\\'
                && let Some(next) = chars.get(at)
            {
                value.push(next.c);
                at += 1;
            }
        }
        let parts = match (chars.first(), chars.last()) {
            (Some(first), Some(last)) => vec![TextPart::Literal {
                value,
                span: self.stretch(first.start, last.end),
            }],
            _ => Vec::new(),
        };
        Text {
            parts,
            span: self.span(pair),
        }
    }

    /// `mobile`, `digits(6)`.
    pub(super) fn extractor_use(&mut self, pair: &Pair<'_, Rule>) -> Option<ExtractorUse> {
        let mut kids = Kids::of(pair.clone());
        let name = self.ident(&kids.seek(Rule::ident)?);
        let args = kids
            .rest()
            .map(|kid| match kid.as_rule() {
                Rule::uint => {
                    let (value, span) = self.uint(&kid);
                    ExtractorArg::Number(value, span)
                }
                _ => ExtractorArg::Name(self.ident(&kid)),
            })
            .collect();
        Some(ExtractorUse {
            name,
            args,
            span: self.span(pair),
        })
    }

    fn unknown_escape(&mut self, c: Option<char>, start: usize, end: usize) {
        let shown = c.map(String::from).unwrap_or_default();
        let span = self.stretch(start, end);
        self.sink.add(
            Diagnostic::error(
                "E0123",
                Words::new(
                    format!("没有 `\\{shown}` 这种转义"),
                    format!("there is no escape `\\{shown}`"),
                ),
                span,
                Words::new(
                    "只有 `\\n` `\\\"` `\\\\` `\\{` `\\}`",
                    "there are `\\n` `\\\"` `\\\\` `\\{` `\\}`",
                ),
            )
            .with_fix(
                Words::new("要显示反斜杠本身，写两个", "to show a backslash, double it"),
                self.stretch(start, start + 1),
                "\\\\",
            ),
        );
    }
}

/// A literal piece while it grows.
#[derive(Default)]
struct Literal {
    value: String,
    start: usize,
    end: usize,
}

impl Literal {
    fn push(&mut self, c: char, start: usize, end: usize) {
        if self.value.is_empty() {
            self.start = start;
        }
        self.value.push(c);
        self.end = end;
    }

    fn flush(&mut self, lower: &Lower<'_>, parts: &mut Vec<TextPart>) {
        if !self.value.is_empty() {
            parts.push(TextPart::Literal {
                value: std::mem::take(&mut self.value),
                span: lower.stretch(self.start, self.end),
            });
        }
    }
}

/// The characters between the quotes; of a block without its first and last line break and
/// without the indent its lines share.
fn contents(pair: &Pair<'_, Rule>) -> Vec<Char> {
    let raw = pair.as_str();
    let start = pair.as_span().start();
    let block = raw.len() >= 6 && raw.starts_with("\"\"\"");
    let quote = if block { 3 } else { 1 };
    let body = &raw[quote..raw.len() - quote];
    let start = start + quote;
    if !block {
        return chars(body, start).collect();
    }
    let mut lines: Vec<(usize, &str)> = Vec::new();
    let mut at = 0;
    for line in body.split('\n') {
        lines.push((at, line.strip_suffix('\r').unwrap_or(line)));
        at += line.len() + 1;
    }
    let blank = |line: &str| line.trim().is_empty();
    let mut indented = 1;
    if lines.len() > 1 && blank(lines[0].1) {
        lines.remove(0);
        indented = 0;
    }
    if lines.len() > 1 && lines.last().is_some_and(|(_, line)| blank(line)) {
        lines.pop();
    }
    let common = lines
        .iter()
        .skip(indented)
        .filter(|(_, line)| !blank(line))
        .map(|(_, line)| &line[..line.len() - line.trim_start().len()])
        .reduce(|a, b| {
            let same = a.char_indices().zip(b.chars()).find(|((_, x), y)| x != y);
            let length = same.map_or(a.len().min(b.len()), |((at, _), _)| at);
            &a[..length]
        })
        .map_or(0, str::len);
    let mut out = Vec::new();
    for (index, (at, line)) in lines.iter().enumerate() {
        if index > 0 {
            out.push(Char {
                c: '\n',
                start: start + at - 1,
                end: start + at,
            });
        }
        let cut = if blank(line) {
            line.len()
        } else if index < indented {
            0
        } else {
            common
        };
        out.extend(chars(&line[cut..], start + at + cut));
    }
    out
}

fn chars(text: &str, start: usize) -> impl Iterator<Item = Char> + '_ {
    text.char_indices().map(move |(at, c)| Char {
        c,
        start: start + at,
        end: start + at + c.len_utf8(),
    })
}
