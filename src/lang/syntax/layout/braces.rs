//! Braces that are missing or too many, told by the indents of the lines.

use super::{Chunk, Layout, extra_brace};
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::span::Span;
use crate::lang::syntax::lexer::Kind;
use crate::lang::syntax::vocabulary::Body;

/// Braces of one item that are tried as the one too many: each try looks at all of them.
const MAX_DOUBLED: usize = 64;

impl Layout<'_> {
    /// Finds the brace that is missing or too many, by the indents of the lines.
    pub(super) fn braces(&mut self, chunk: &Chunk) {
        let mut stack: Vec<usize> = Vec::new();
        let mut opened = false;
        // Braces that are missing at the beginning show as too many at the end.
        if self.head_without_brace(chunk) || self.doubled_brace(chunk) {
            return;
        }
        for at in chunk.from..chunk.to {
            if self.tokens[at].kind != Kind::Punct || self.out_of_sight(at) {
                continue;
            }
            match self.slice(at) {
                "{" => {
                    stack.push(at);
                    opened = true;
                }
                "}" => {
                    if self.arm_without_brace(at, stack.last().copied()) {
                        continue;
                    }
                    if self.tokens[at].first {
                        let indent = self.indent(at);
                        while let Some(&top) = stack.last() {
                            let outer = stack.iter().rev().skip(1);
                            let fits_outer =
                                outer.clone().any(|&outer| self.indent(outer) == indent);
                            if self.indent(top) <= indent || !fits_outer {
                                break;
                            }
                            stack.pop();
                            self.unclosed(top, at);
                        }
                    }
                    let deeper = stack
                        .last()
                        .is_some_and(|&top| self.indent(at) > self.indent(top));
                    if stack.is_empty() || (self.tokens[at].first && deeper) {
                        if self.missing_open(chunk, at, stack.last().copied(), opened) {
                            opened = true;
                            continue;
                        }
                        if let Some(&top) = stack.last()
                            && self.line_left_out(top, at)
                        {
                            continue;
                        }
                        if stack.is_empty() {
                            let token = self.tokens[at];
                            let span = self.sink.span(token.start, token.end);
                            if at == chunk.from || self.slice(at - 1) != "}" || at + 1 >= chunk.to {
                                self.sink.add(extra_brace(span).with_fix(
                                    Words::new("去掉它", "remove it"),
                                    span,
                                    "",
                                ));
                            }
                            self.edit(token.start, token.end, "");
                            continue;
                        }
                    }
                    stack.pop();
                }
                _ => {}
            }
        }
        while let Some(top) = stack.pop() {
            self.unclosed(top, chunk.to);
        }
    }

    /// Columns before the line of a token begins.
    fn indent(&self, at: usize) -> usize {
        self.lines.indents[at]
    }

    /// Where the clause begins that the brace at `at` ends: its head may go on in deeper lines that start
    /// with a word of the head.
    fn head_of(&self, at: usize) -> usize {
        let mut start = self.lines.starts[at];
        while start > 0
            && matches!(
                self.slice(start),
                "or" | "and" | "when" | "even" | "continue"
            )
        {
            let before = self.lines.starts[start - 1];
            if self.indent(before) > self.indent(start) {
                break;
            }
            start = before;
            if self.indent(start) < self.indent(at) {
                break;
            }
        }
        start
    }

    /// The `{` at `open` has no partner before the token `before`.
    fn unclosed(&mut self, open: usize, before: usize) {
        let token = self.tokens[open];
        if open > 0 && self.slice(open - 1) == "{" && self.tokens[open - 1].line == token.line {
            let span = self.sink.span(token.start, token.end);
            self.sink.add(
                Diagnostic::error(
                    "E0109",
                    Words::new("多了一个 `{`", "a `{` too many"),
                    span,
                    Words::new("没有对应的 `}`", "no `}` belongs to it"),
                )
                .with_fix(Words::new("去掉它", "remove it"), span, ""),
            );
            self.edit(token.start, token.end, "");
            return;
        }
        let own = self.indent(self.head_of(open));
        let one_line = self
            .tokens
            .get(open + 1)
            .is_some_and(|next| next.line == token.line);
        // The block ends before the first line that is not indented deeper.
        let stop = (open + 1..before)
            .find(|&at| {
                let next = self.tokens[at];
                next.first && (one_line || self.indent(at) <= own)
            })
            .unwrap_or(before);
        let end = self.tokens[stop - 1].end;
        let span = self.sink.span(token.start, token.end);
        let here = self.sink.span(end, end);
        let by = if one_line {
            " }".to_owned()
        } else {
            format!("\n{}}}", " ".repeat(own))
        };
        self.sink.add(
            Diagnostic::error(
                "E0108",
                Words::new("花括号没有闭合", "this block is not closed"),
                span,
                Words::new("这个 `{` 没有对应的 `}`", "this `{` has no `}`"),
            )
            .with_label(
                here,
                Words::new("多半应在这里闭合", "probably to be closed here"),
            )
            .with_fix(Words::new("补上 `}`", "add `}`"), here, by.clone()),
        );
        self.edit(end, end, by);
    }

    /// Reports a `{` that is missing for the `}` at `close`, if one can be told to be.
    fn missing_open(
        &mut self,
        chunk: &Chunk,
        close: usize,
        top: Option<usize>,
        opened: bool,
    ) -> bool {
        if top.is_none() && opened {
            return false;
        }
        let own = self.indent(close);
        let from = top.map_or(chunk.from, |top| top + 1);
        // The head is the last line that stands as far out as the brace and opens nothing.
        let mut before = close;
        let head = loop {
            let Some(line) = before.checked_sub(1).map(|at| self.lines.starts[at]) else {
                return false;
            };
            if line < from || !self.tokens[line].first {
                return false;
            }
            if self.indent(line) == own {
                break line;
            }
            before = line;
        };
        if self.lines.starts[close] == head {
            return false;
        }
        // Heads may go on in deeper lines that start with a word of the head.
        let mut last = head;
        for at in head..close {
            let token = self.tokens[at];
            if self.slice(at) == "{" {
                return false;
            }
            if token.first && at > head && !matches!(self.slice(at), "or" | "and" | "when" | "even")
            {
                break;
            }
            last = at;
        }
        if last + 1 >= close || !self.tokens[last + 1].first {
            return false;
        }
        let end = self.tokens[last].end;
        let start = self.tokens[head].start;
        let head_span = self.sink.span(start, end);
        let from = self.before_colon(end);
        let here = self.sink.span(from, end);
        let brace = self.tokens[close];
        let brace = self.sink.span(brace.start, brace.end);
        self.sink.add(
            Diagnostic::error(
                "E0110",
                Words::new("少了开头的花括号 `{`", "the opening brace `{` is missing"),
                head_span,
                Words::new("这一行末尾应有 `{`", "a `{` belongs at its end"),
            )
            .with_label(brace, Words::new("它在这里闭合", "closed here"))
            .with_fix(Words::new("补上 `{`", "add `{`"), here, " {"),
        );
        self.edit(from, end, " {");
        true
    }

    /// The item's own `{` is missing, though there are others: its first lines open nothing, and a
    /// `}` at column 0 has no partner.
    fn head_without_brace(&mut self, chunk: &Chunk) -> bool {
        if !matches!(self.slice(chunk.from), "on" | "signal" | "dialog" | "test") {
            return false;
        }
        let mut last = chunk.from;
        for at in chunk.from..chunk.to {
            let token = self.tokens[at];
            // What a signal says of itself begins inside its braces, a `when` too.
            let goes_on = match self.slice(chunk.from) {
                "signal" => matches!(self.slice(at), "weight" | "shadow"),
                _ => matches!(self.slice(at), "or" | "and" | "when" | "even" | "continue"),
            };
            if token.first && at > chunk.from && !goes_on {
                break;
            }
            if matches!(self.slice(at), "{" | "}") {
                return false;
            }
            last = at;
        }
        let closes = |at: &usize| {
            let token = self.tokens[*at];
            self.slice(*at) == "}" && token.start == token.line && !self.out_of_sight(*at)
        };
        let next = self.tokens.get(last + 1).filter(|_| last + 1 < chunk.to);
        if next.is_none_or(|next| next.start == next.line) {
            return false;
        }
        let balance: i32 = (chunk.from..chunk.to)
            .filter(|at| !self.out_of_sight(*at))
            .map(|at| i32::from(self.slice(at) == "{") - i32::from(self.slice(at) == "}"))
            .sum();
        let Some(close) = (last..chunk.to).find(closes).filter(|_| balance == -1) else {
            return false;
        };
        let end = self.tokens[last].end;
        let head = self.sink.span(self.tokens[chunk.from].start, end);
        let close = self.tokens[close];
        let close = self.sink.span(close.start, close.end);
        self.no_open(head, close, end);
        // With the brace the rest of the head, its condition, may have been lost.
        self.out.left_out.push((head, String::new()));
        true
    }

    /// `bound { reply "…" } }`: one brace too many, right behind another, without which every other
    /// stands where its partner does.
    fn doubled_brace(&mut self, chunk: &Chunk) -> bool {
        let visible: Vec<usize> = (chunk.from..chunk.to)
            .filter(|&at| matches!(self.slice(at), "{" | "}") && !self.out_of_sight(at))
            .collect();
        let opens = visible.iter().filter(|&&at| self.slice(at) == "{").count();
        if visible.len() != 2 * opens + 1 {
            return false;
        }
        let behind = visible.iter().copied().filter(|&at| {
            at > chunk.from
                && !self.tokens[at].first
                && self.slice(at) == "}"
                && self.slice(at - 1) == "}"
        });
        let doubled = behind
            .take(MAX_DOUBLED)
            .find(|&at| self.partners_agree(&visible, at));
        let Some(at) = doubled else { return false };
        let token = self.tokens[at];
        let span = self.sink.span(token.start, token.end);
        self.sink
            .add(extra_brace(span).with_fix(Words::new("去掉它", "remove it"), span, ""));
        self.edit(token.start, token.end, "");
        true
    }

    /// Whether, without one of them, each brace that begins a line stands as far in as what it closes.
    fn partners_agree(&self, braces: &[usize], without: usize) -> bool {
        let mut open: Vec<usize> = Vec::new();
        let rest = braces.iter().copied().filter(|at| *at != without);
        let agree = rest.into_iter().all(|at| {
            if self.slice(at) == "{" {
                open.push(at);
                return true;
            }
            let partner = open.pop();
            partner.is_some_and(|partner| {
                !self.tokens[at].first || self.indent(partner) == self.indent(at)
            })
        });
        agree && open.is_empty()
    }

    /// `give up reply "…" }`: the line closes what it never opened. The block's own braces are left to
    /// the lines round it.
    fn arm_without_brace(&mut self, at: usize, top: Option<usize>) -> bool {
        let token = self.tokens[at];
        let Some(top) = top.filter(|_| !token.first) else {
            return false;
        };
        let start = self.lines.starts[at];
        let action = Body::Actions.words().contains(&self.slice(start));
        if top >= start || self.tokens[start].line != token.line || action {
            return false;
        }
        // Where the words of the head end: before the clause that stands in the braces.
        let head = match self.slice(start) {
            "give" => start + 1,
            "cancel" => start + 2,
            _ => start,
        };
        let clause = self.tokens.get(head + 1).filter(|_| head + 1 < at);
        if clause.is_none_or(|clause| clause.kind != Kind::Word) {
            return false;
        }
        let end = self.tokens[head].end;
        let span = self.sink.span(self.tokens[start].start, end);
        let close = self.sink.span(token.start, token.end);
        self.no_open(span, close, end);
        true
    }

    /// A whole line that opened a block is gone: what stands between `top` and the `}` at `close` is
    /// indented deeper than it and belongs to nothing. It is taken out.
    fn line_left_out(&mut self, top: usize, close: usize) -> bool {
        let own = self.indent(close);
        // What was taken out before is not looked at again, or a thousand such lines would all begin here.
        let from = (top + 1).max(self.left_out_to);
        let inner = (from..close).find(|&at| self.tokens[at].first && self.indent(at) > own);
        let Some(first) = inner.filter(|&first| first == top + 1 || self.indent(first - 1) <= own)
        else {
            return false;
        };
        let (start, end) = (self.tokens[first].start, self.tokens[close].end);
        let line = self.text[start..]
            .lines()
            .next()
            .unwrap_or_default()
            .trim_end();
        let span = self.sink.span(start, start + line.len());
        let brace = self.tokens[close];
        let brace = self.sink.span(brace.start, brace.end);
        self.sink.add(
            Diagnostic::error(
                "E0110",
                Words::new(
                    "这几行前面少了带 `{` 的一行",
                    "a line with `{` is missing before these",
                ),
                span,
                Words::new(
                    "从这里开始不属于任何东西",
                    "belongs to nothing from here on",
                ),
            )
            .with_label(brace, Words::new("到这里闭合", "closed here")),
        );
        let lost = self.text[start..end].to_owned();
        self.out.left_out.push((span, lost));
        self.cut(start, end, "");
        self.hide(first..close + 1);
        self.left_out_to = close + 1;
        true
    }

    /// Where the `{` goes: a colon at the end of the line stands in its place.
    fn before_colon(&self, end: usize) -> usize {
        self.text[..end].trim_end_matches(':').trim_end().len()
    }

    fn no_open(&mut self, head: Span, close: Span, end: usize) {
        let from = self.before_colon(end);
        let here = self.sink.span(from, end);
        self.sink.add(
            Diagnostic::error(
                "E0110",
                Words::new("少了开头的花括号 `{`", "the opening brace `{` is missing"),
                head,
                Words::new("这后面应有 `{`", "a `{` belongs after this"),
            )
            .with_label(close, Words::new("它在这里闭合", "closed here"))
            .with_fix(Words::new("补上 `{`", "add `{`"), here, " {"),
        );
        self.edit(from, end, " {");
    }
}
