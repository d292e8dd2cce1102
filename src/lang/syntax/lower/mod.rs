//! pest pairs → tree. Where the grammar says what fits together, this says what it is.
//!
//! Mistakes that leave the shape of a clause whole (a bad escape, a chained comparison, a clause
//! given twice, two clauses on one line) are found here, so that one of them hides no other.

mod action;
pub(in crate::lang) mod bracketed;
mod expr;
mod hole;
mod item;
mod story;
mod stray;
mod text;

use pest::iterators::Pair;
use unicode_normalization::UnicodeNormalization;

use super::ast;
use super::grammar::Rule;
use super::repair::Sink;
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::span::Span;

/// A parsed item and what is needed to make a tree of it.
pub(super) struct Lower<'a> {
    /// The text the pairs were parsed from.
    text: &'a str,
    /// Where that text starts in the present text of the file.
    base: usize,
    sink: &'a mut Sink,
}

/// Makes the tree of an item parsed from `text`, which starts at `base`.
pub(super) fn item(
    pair: Pair<'_, Rule>,
    text: &str,
    base: usize,
    sink: &mut Sink,
) -> Option<ast::Item> {
    Lower { text, base, sink }.item(pair)
}

/// The children of a pair without punctuation, to be taken in order.
struct Kids<'i>(std::iter::Peekable<std::vec::IntoIter<Pair<'i, Rule>>>);

impl<'i> Kids<'i> {
    fn of(pair: Pair<'i, Rule>) -> Self {
        let kids: Vec<_> = pair
            .into_inner()
            .filter(|kid| {
                !matches!(
                    kid.as_rule(),
                    Rule::lbrace
                        | Rule::rbrace
                        | Rule::lparen
                        | Rule::rparen
                        | Rule::lbracket
                        | Rule::rbracket
                        | Rule::comma
                        | Rule::colon
                        | Rule::assign
                        | Rule::EOI
                )
            })
            .collect();
        Self(kids.into_iter().peekable())
    }

    /// The next child, if it is a `rule`.
    fn take(&mut self, rule: Rule) -> Option<Pair<'i, Rule>> {
        self.0.next_if(|kid| kid.as_rule() == rule)
    }

    /// The next `rule`, leaving out keywords before it.
    fn seek(&mut self, rule: Rule) -> Option<Pair<'i, Rule>> {
        self.0.by_ref().find(|kid| kid.as_rule() == rule)
    }

    fn next(&mut self) -> Option<Pair<'i, Rule>> {
        self.0.next()
    }

    fn rest(self) -> impl Iterator<Item = Pair<'i, Rule>> {
        self.0
    }
}

/// The end of a pair without the blanks and comments an optional tail has swallowed.
fn tight_end(pair: &Pair<'_, Rule>) -> usize {
    match pair.clone().into_inner().next_back() {
        Some(last) => tight_end(&last),
        None => pair.as_span().start() + pair.as_str().trim_end().len(),
    }
}

impl Lower<'_> {
    fn span(&self, pair: &Pair<'_, Rule>) -> Span {
        self.stretch(pair.as_span().start(), tight_end(pair))
    }

    /// A stretch of the parsed text.
    fn stretch(&self, start: usize, end: usize) -> Span {
        self.sink.span(self.base + start, self.base + end)
    }

    fn ident(&self, pair: &Pair<'_, Rule>) -> ast::Ident {
        ast::Ident {
            name: pair.as_str().trim().nfkc().collect(),
            span: self.span(pair),
        }
    }

    /// An identifier that stands for a keyword's own word.
    fn word(&self, pair: &Pair<'_, Rule>) -> ast::Ident {
        self.ident(pair)
    }

    fn path(&self, pair: &Pair<'_, Rule>) -> ast::Path {
        ast::Path {
            parts: pair
                .clone()
                .into_inner()
                .map(|part| self.ident(&part))
                .collect(),
            span: self.span(pair),
        }
    }

    fn uint(&mut self, pair: &Pair<'_, Rule>) -> (u32, Span) {
        let span = self.span(pair);
        let value = pair.as_str().trim().parse().unwrap_or_else(|_| {
            self.too_large(span);
            1
        });
        (value, span)
    }

    fn too_large(&mut self, span: Span) {
        self.sink.add(Diagnostic::error(
            "E0128",
            Words::new("数太大了", "this number is too large"),
            span,
            Words::new("超出了范围", "out of range"),
        ));
    }

    /// Two clauses that share a line.
    fn one_per_line(&mut self, clauses: &[Pair<'_, Rule>]) {
        for pair in clauses.windows(2) {
            let (end, start) = (tight_end(&pair[0]), pair[1].as_span().start());
            if self
                .text
                .get(end..start)
                .is_some_and(|gap| gap.contains('\n'))
            {
                continue;
            }
            let first_word = pair[1]
                .as_str()
                .find(|c: char| !super::grammar::continues_name(c))
                .unwrap_or(pair[1].as_str().len());
            let here = self.stretch(start, start + first_word);
            let before = self.stretch(pair[0].as_span().start(), end);
            let indent = indent_at(self.text, pair[0].as_span().start());
            self.sink.add(several_on_a_line(here, before, indent));
        }
    }

    /// A clause that may stand once, given again.
    fn twice(&mut self, what: &str, first: Span, again: Span) {
        let help = match what {
            "when" => Words::new(
                "写成一个：都要成立写 `when A and B`，有一个成立就行写 `when A or B`；只留一个会少一个条件",
                "write one: `when A and B` where both must hold, `when A or B` where one is enough; keeping one of them drops a condition",
            ),
            "except" => Words::new(
                "写成一个：有一个成立就不触发写 `except A or B`，都成立才不触发写 `except A and B`；只留一个会少一个条件",
                "write one: `except A or B` where either exempts, `except A and B` where only both do; keeping one of them drops a condition",
            ),
            "unless" => Words::new(
                "写成一个：有一个成立就不问写 `unless A or B`，都成立才不问写 `unless A and B`",
                "write one: `unless A or B` where either is enough not to ask, `unless A and B` where only both are",
            ),
            "cancel" => Words::new(
                "几种说法写在一行：`cancel on \"取消\" or \"退出\"`",
                "several words stand on one line: `cancel on \"cancel\" or \"quit\"`",
            ),
            _ => Words::new("只留一个", "keep one of them"),
        };
        self.sink.add(
            Diagnostic::error(
                "E0127",
                Words::new(
                    format!("`{what}` 写了两次"),
                    format!("`{what}` is given twice"),
                ),
                again,
                Words::new("第二次在这里", "given again here"),
            )
            .with_label(first, Words::new("第一次在这里", "first given here"))
            .with_help(help),
        );
    }
}

/// E0107.
pub(super) fn several_on_a_line(here: Span, before: Span, indent: usize) -> Diagnostic {
    Diagnostic::error(
        "E0107",
        Words::new("一行里有几个子句", "several clauses stand on one line"),
        here,
        Words::new("应另起一行", "this belongs on a line of its own"),
    )
    .with_label(
        before,
        Words::new("前一个子句在这里", "the clause before it"),
    )
    .with_fix(
        Words::new("另起一行", "start a new line"),
        Span {
            start: before.end.min(here.start),
            end: here.start,
            ..here
        },
        format!("\n{}", " ".repeat(indent)),
    )
}

/// How far a clause at byte `at` would be indented on a line of its own.
pub(super) fn indent_at(text: &str, at: usize) -> usize {
    let before = text.get(..at).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    let indent = line.len() - line.trim_start_matches(' ').len();
    // Behind the brace that opens on the line.
    match line.trim().is_empty() {
        true => indent,
        false => indent + 4,
    }
}

/// Looks at a clause of an item that does not parse as a whole, only for what lowering reports.
pub(super) fn examine(
    pairs: pest::iterators::Pairs<'_, Rule>,
    text: &str,
    base: usize,
    sink: &mut Sink,
) {
    let mut lower = Lower { text, base, sink };
    for pair in pairs {
        lower.examine(&pair);
    }
}

impl Lower<'_> {
    /// Lowers the largest parts that stand for something by themselves.
    fn examine(&mut self, pair: &Pair<'_, Rule>) {
        match pair.as_rule() {
            Rule::action => {
                self.action(pair);
            }
            Rule::step => {
                self.step(pair);
            }
            Rule::block => {
                self.block(pair);
            }
            Rule::ask_clause => {
                self.ask(pair);
            }
            Rule::learn_part => {
                self.learn(pair);
            }
            Rule::trigger => {
                self.trigger(pair);
            }
            Rule::expr => {
                self.expr(pair);
            }
            Rule::text => {
                self.text(pair);
            }
            Rule::uint => {
                self.uint(pair);
            }
            _ => {
                for kid in pair.clone().into_inner() {
                    self.examine(&kid);
                }
            }
        }
    }
}
