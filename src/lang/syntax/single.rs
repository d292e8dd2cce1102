//! One change after which an item is right: where several things are said to be wrong with it, but one
//! line left out, doubled or moved, or one sign, explains them all, that is the one mistake.
//!
//! Nothing here judges by itself: a change counts when the parser, run on the changed text, finds nothing
//! more to say. The work is bounded in bytes.

use super::layout::{LOST_DIALOG, LOST_SIGNAL, extra_brace};
use super::lexer::{self, ITEMS, Kind};
use super::repair::Edit;
use crate::lang::diagnostics::{Diagnostic, Severity, Words};
use crate::lang::span::{FileId, Span};

/// Bytes of changed texts that are parsed for one file: some hundred changes of an item of a screen.
const MAX_TRIED: usize = 384 * 1024;
/// Bytes of an item that is looked at. What is longer is tried too seldom to be worth it.
const MAX_ITEM: usize = 12 * 1024;
/// Items that follow one another and are looked at together.
const MAX_TOGETHER: usize = 3;

/// A change that explains the mistakes of a stretch.
#[derive(Debug, Clone)]
pub(super) struct Single {
    /// In the author's text.
    pub(super) edit: Edit,
    /// The one mistake.
    pub(super) diagnostic: Diagnostic,
    /// Lines of which not everything is known.
    pub(super) lost: String,
    /// Names that a lost line may have given.
    pub(super) poisoned: Option<&'static str>,
}

/// The changes for a file of which `found` is said; `errors` tells how much is wrong with a text.
pub(super) fn find(
    file: FileId,
    text: &str,
    found: &[Diagnostic],
    errors: &dyn Fn(&str) -> usize,
) -> Vec<Single> {
    let mut singles = Vec::new();
    let mut left = MAX_TRIED;
    for (start, end) in stretches(text, found) {
        let tried = Tried {
            file,
            start,
            text: &text[start..end],
            lines: lines(&text[start..end]),
        };
        singles.extend(tried.single(errors, &mut left));
    }
    singles
}

/// Items, or a few that follow one another, of which more than one thing is said.
fn stretches(text: &str, found: &[Diagnostic]) -> Vec<(usize, usize)> {
    let mut starts = vec![0];
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let word = line
            .find(|c: char| !super::grammar::continues_name(c))
            .map_or(line, |end| &line[..end]);
        if ITEMS.contains(&word) && at > 0 {
            starts.push(at);
        }
        at += line.len();
    }
    starts.push(text.len());
    let count = |from: usize, to: usize| {
        let errors = found
            .iter()
            .filter(|one| one.severity == Severity::Error)
            .map(|one| one.primary.span.start as usize);
        // What is missing at the end belongs to the last.
        let to = if to == text.len() { to + 1 } else { to };
        errors.filter(|at| (from..to).contains(at)).count()
    };
    let items: Vec<(usize, usize)> = starts
        .iter()
        .copied()
        .zip(starts.iter().copied().skip(1))
        .collect();
    let mut stretches = Vec::new();
    let mut index = 0;
    while let Some(&(start, end)) = items.get(index) {
        index += 1;
        let own = count(start, end);
        if own == 0 {
            continue;
        }
        if own > 1 {
            stretches.push((start, end));
            continue;
        }
        // One that shows elsewhere what it leads to: an item's first line written twice or slipped down.
        let next = items.get(index).map(|&(from, to)| (&text[from..to], to));
        if let Some(end) = begun_wrong(&text[start..end], end, next) {
            stretches.push((start, end));
            continue;
        }
        // What is wrong with one line may show in the next item.
        let together = items[index - 1..].iter().take(MAX_TOGETHER);
        let wrong = together
            .take_while(|(from, to)| count(*from, *to) == 1)
            .count();
        if wrong > 1 {
            stretches.push((start, items[index + wrong - 2].1));
            index += wrong - 1;
        }
    }
    stretches.retain(|(start, end)| end - start <= MAX_ITEM);
    stretches
}

/// Where the stretch ends of which the first line of an item was written twice, has changed places with the
/// line that should follow it, or whose only line stands behind its closing brace.
fn begun_wrong(item: &str, end: usize, next: Option<(&str, usize)>) -> Option<usize> {
    let code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let lines: Vec<&str> = item.lines().filter(code).collect();
    let emptied = lines.windows(2).any(|pair| {
        pair[0].ends_with('{') && pair[1].trim() == "}" && pair[0].trim_start() == pair[0]
    });
    if emptied {
        return Some(end);
    }
    let doubled = lines
        .windows(2)
        .any(|pair| pair[0] == pair[1] && pair[0].trim_end().ends_with('{'));
    if doubled {
        return Some(end);
    }
    let (next, to) = next?;
    let first = next.lines().next()?;
    let last = lines.last()?;
    let slipped = last.starts_with(' ') && lines.len() > 1 && first.trim_end().ends_with('{');
    (*last == first || slipped).then_some(to)
}

/// A line without its break.
#[derive(Clone, Copy)]
struct Line<'a> {
    start: usize,
    text: &'a str,
}

impl<'a> Line<'a> {
    fn end(&self) -> usize {
        self.start + self.text.len()
    }

    fn code(&self) -> &'a str {
        self.text.trim()
    }

    fn indent(&self) -> usize {
        self.text.len() - self.text.trim_start_matches(' ').len()
    }
}

fn lines(text: &str) -> Vec<Line<'_>> {
    let mut at = 0;
    text.split_inclusive('\n')
        .map(|line| {
            let start = at;
            at += line.len();
            Line {
                start,
                text: line.trim_end_matches(['\n', '\r']),
            }
        })
        .collect()
}

/// A change and what it would mean.
struct Change {
    edit: Edit,
    kind: What,
    /// The line it is about.
    line: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    /// A `{` left out at the end of a line.
    NoOpen,
    /// A `}` left out behind it.
    NoClose,
    /// A brace too many.
    Extra,
    /// The line that began a text block.
    NoTextBegin,
    /// The `"""` that ended one.
    NoTextEnd,
    /// The same line twice.
    Twice,
    /// Two lines in the wrong order.
    Swapped,
    /// One line in two.
    Broken,
    /// A line with `{` before this one.
    NoHead(Option<&'static str>),
}

/// A stretch that is tried with changes.
struct Tried<'a> {
    file: FileId,
    start: usize,
    text: &'a str,
    lines: Vec<Line<'a>>,
}

impl Tried<'_> {
    fn single(&self, errors: &dyn Fn(&str) -> usize, left: &mut usize) -> Option<Single> {
        let right = |change: &Change| {
            let size = self.text.len() + change.edit.by.len();
            let Some(rest) = left.checked_sub(size) else {
                *left = 0;
                return false;
            };
            *left = rest;
            let Edit { start, end, by } = &change.edit;
            let changed = format!("{}{by}{}", &self.text[..*start], &self.text[*end..]);
            errors(&changed) == 0
        };
        let change = self.changes().into_iter().find(right)?;
        Some(self.told(change))
    }

    /// Changes worth trying, the likeliest first.
    fn changes(&self) -> Vec<Change> {
        let mut changes = self.doubled();
        if self.text.matches("\"\"\"").count() % 2 == 1 {
            changes.extend(self.texts());
            return changes;
        }
        let balance = self.balance();
        if balance == 1 {
            changes.extend(self.closings());
        } else if balance == -1 {
            changes.extend(self.openings());
            changes.extend(self.heads());
        }
        changes.extend(self.extra(balance));
        changes.extend(self.moved());
        changes
    }

    /// Opening braces less closing ones.
    fn balance(&self) -> i32 {
        let tokens = lexer::tokens(self.text);
        let signs = tokens.iter().filter(|token| token.kind == Kind::Punct);
        signs
            .map(|token| match &self.text[token.start..token.end] {
                "{" => 1,
                "}" => -1,
                _ => 0,
            })
            .sum()
    }

    fn insert(&self, at: usize, by: String, kind: What, line: usize) -> Change {
        Change {
            edit: Edit::new(at, at, by),
            kind,
            line,
        }
    }

    fn code_lines(&self) -> impl Iterator<Item = (usize, &Line<'_>)> {
        let lines = self.lines.iter().enumerate();
        lines.filter(|(_, line)| !line.code().is_empty() && !line.code().starts_with('#'))
    }

    /// The next line with code.
    fn next(&self, at: usize) -> Option<(usize, &Line<'_>)> {
        self.code_lines().find(|(index, _)| *index > at)
    }

    fn doubled(&self) -> Vec<Change> {
        let pairs = self.lines.windows(2).enumerate();
        pairs
            .filter(|(_, pair)| pair[0].text == pair[1].text && !pair[0].code().is_empty())
            .map(|(at, pair)| Change {
                edit: Edit::new(pair[0].start, pair[1].start, ""),
                kind: What::Twice,
                line: at + 1,
            })
            .collect()
    }

    fn texts(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        for (at, line) in self.lines.iter().enumerate().skip(1) {
            let before = &self.lines[at - 1];
            let code = line.code();
            if code.is_empty() {
                continue;
            }
            let words = !code.starts_with(|c: char| c.is_ascii());
            if words || code.starts_with('"') {
                let indent = " ".repeat(line.indent().saturating_sub(4));
                for keyword in ["reply", "message"] {
                    let by = format!("{indent}{keyword} \"\"\"\n");
                    changes.push(self.insert(line.start, by, What::NoTextBegin, at));
                }
            }
            if line.indent() < before.indent() || code.starts_with('}') {
                let indent = " ".repeat(before.indent());
                let by = format!("{indent}\"\"\"\n");
                changes.push(self.insert(line.start, by, What::NoTextEnd, at - 1));
            }
        }
        changes
    }

    /// A `}` behind what stands deeper than a line that opens.
    fn closings(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        for (at, line) in self.code_lines() {
            if !line.code().ends_with('{') {
                continue;
            }
            let own = line.indent();
            let mut last = at;
            for (index, inner) in self.code_lines().filter(|(index, _)| *index > at) {
                if inner.indent() <= own {
                    break;
                }
                last = index;
            }
            let closed = self
                .next(last)
                .is_some_and(|(_, next)| next.indent() == own && next.code().starts_with('}'));
            if !closed {
                let by = format!("\n{}}}", " ".repeat(own));
                changes.push(self.insert(self.lines[last].end(), by, What::NoClose, at));
            }
        }
        // On one line.
        for (at, line) in self.code_lines() {
            if line.code().contains('{') && !line.code().ends_with(['{', '}']) {
                changes.push(self.insert(line.end(), " }".to_owned(), What::NoClose, at));
            }
        }
        changes
    }

    fn openings(&self) -> Vec<Change> {
        let deeper = |at: usize, line: &Line<'_>| {
            self.next(at)
                .is_some_and(|(_, next)| next.indent() > line.indent())
        };
        self.code_lines()
            .filter(|(at, line)| !line.code().ends_with(['{', '}']) && deeper(*at, line))
            .map(|(at, line)| self.insert(line.end(), " {".to_owned(), What::NoOpen, at))
            .collect()
    }

    /// A line with `{` before one that stands deeper than what it stands in.
    fn heads(&self) -> Vec<Change> {
        const INNER: [&str; 5] = ["lock account", "bound", "done", "template x", "alert"];
        const OUTER: [(&str, Option<&str>); 4] = [
            ("on any", None),
            ("dialog x", Some(LOST_DIALOG)),
            ("signal x \"x\" weight 1", Some(LOST_SIGNAL)),
            ("test \"x\"", None),
        ];
        let mut changes = Vec::new();
        let mut before: Option<&Line<'_>> = None;
        for (at, line) in self.code_lines() {
            let outside =
                before.is_none_or(|before| before.indent() == 0 && !before.code().ends_with('{'));
            let deeper = before.is_none_or(|before| line.indent() > before.indent());
            before = Some(line);
            let Some(indent) = line.indent().checked_sub(4).filter(|_| deeper) else {
                continue;
            };
            if indent == 0 && outside {
                for (head, poisoned) in OUTER {
                    let by = format!("{head} {{\n");
                    changes.push(self.insert(line.start, by, What::NoHead(poisoned), at));
                }
                continue;
            }
            let indent = " ".repeat(indent);
            for head in INNER {
                let by = format!("{indent}{head} {{\n");
                changes.push(self.insert(line.start, by, What::NoHead(None), at));
            }
        }
        changes
    }

    fn extra(&self, balance: i32) -> Vec<Change> {
        let sign = match balance {
            1 => "{",
            -1 => "}",
            _ => return Vec::new(),
        };
        let tokens = lexer::tokens(self.text);
        let signs = tokens.iter().filter(|token| {
            token.kind == Kind::Punct && &self.text[token.start..token.end] == sign
        });
        signs
            .map(|token| Change {
                edit: Edit::new(token.start, token.end, ""),
                kind: What::Extra,
                line: self.lines.partition_point(|line| line.start <= token.start) - 1,
            })
            .collect()
    }

    /// Two lines swapped, or made one.
    fn moved(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        let pairs: Vec<_> = self.lines.windows(2).enumerate().collect();
        for (at, pair) in &pairs {
            let (first, second) = (&pair[0], &pair[1]);
            let code = |line: &Line<'_>| !line.code().is_empty();
            if code(first) && code(second) && first.text != second.text {
                changes.push(Change {
                    edit: Edit::new(
                        first.start,
                        second.end(),
                        format!("{}\n{}", second.text, first.text),
                    ),
                    kind: What::Swapped,
                    line: *at,
                });
            }
        }
        for (at, pair) in &pairs {
            let (first, second) = (&pair[0], &pair[1]);
            let sign = |c: char| matches!(c, '{' | '}' | '#');
            if first.code().is_empty()
                || second.code().is_empty()
                || second.code().starts_with(sign)
            {
                continue;
            }
            changes.push(Change {
                edit: Edit::new(first.end(), second.end(), format!(" {}", second.code())),
                kind: What::Broken,
                line: *at,
            });
        }
        changes
    }

    /// A stretch of this text in the author's.
    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.file, self.start + start, self.start + end)
    }

    /// A line without its blanks.
    fn line_span(&self, at: usize) -> Span {
        let Some(line) = self.lines.get(at) else {
            return self.span(0, 0);
        };
        let start = line.start + line.indent();
        self.span(start, (line.start + line.text.trim_end().len()).max(start))
    }

    fn told(&self, change: Change) -> Single {
        let Change { edit, kind, line } = change;
        let place = self.line_span(line);
        let change = self.span(edit.start, edit.end);
        let error = |code, zh: &str, en: &str, label: Words| {
            Diagnostic::error(code, Words::new(zh, en), place, label)
        };
        let diagnostic = match kind {
            What::NoOpen => error(
                "E0110",
                "少了开头的花括号 `{`",
                "the opening brace `{` is missing",
                Words::new("这一行末尾应有 `{`", "a `{` belongs at its end"),
            )
            .with_fix(Words::new("补上 `{`", "add `{`"), change, edit.by.clone()),
            What::NoClose => error(
                "E0108",
                "花括号没有闭合",
                "this block is not closed",
                Words::new("这个 `{` 没有对应的 `}`", "this `{` has no `}`"),
            )
            .with_label(
                change,
                Words::new("多半应在这里闭合", "probably to be closed here"),
            )
            .with_fix(Words::new("补上 `}`", "add `}`"), change, edit.by.clone()),
            What::Extra => {
                let sign = &self.text[edit.start..edit.end];
                let found = if sign == "}" {
                    extra_brace(change)
                } else {
                    Diagnostic::error(
                        "E0109",
                        Words::new("多了一个 `{`", "a `{` too many"),
                        change,
                        Words::new("没有对应的 `}`", "no `}` belongs to it"),
                    )
                };
                found.with_fix(Words::new("去掉它", "remove it"), change, "")
            }
            What::NoTextBegin => error(
                "E0112",
                "文字块没有开头",
                "the first line of this text block is missing",
                Words::new("这几行不属于任何东西", "these lines belong to nothing"),
            )
            .with_guess(
                Words::new("在前面补上 `reply \"\"\"`", "add `reply \"\"\"` before it"),
                change,
                edit.by.clone(),
            ),
            What::NoTextEnd => error(
                "E0112",
                "文字块没有闭合",
                "this text block is not closed",
                Words::new("后面应有 `\"\"\"`", "`\"\"\"` belongs after this"),
            )
            .with_fix(
                Words::new("补上 `\"\"\"`", "add `\"\"\"`"),
                change,
                edit.by.clone(),
            ),
            What::Twice => error(
                "E0127",
                "这一行写了两次",
                "this line stands here twice",
                Words::new("和上一行一样", "the same as the line before"),
            )
            .with_fix(Words::new("去掉一行", "remove one of them"), change, ""),
            What::Swapped => error(
                "E0106",
                "这一行和下一行的次序反了",
                "this line and the next have changed places",
                Words::new("应在下一行后面", "belongs behind the next line"),
            )
            .with_guess(Words::new("换过来", "swap them"), change, edit.by.clone()),
            What::Broken => error(
                "E0101",
                "一句话断成了两行",
                "this is broken over two lines",
                Words::new("下一行还是这一句", "the next line goes on with it"),
            )
            .with_fix(
                Words::new("写在一行里", "write it on one line"),
                change,
                edit.by.clone(),
            ),
            What::NoHead(_) => error(
                "E0110",
                "这几行前面少了带 `{` 的一行",
                "a line with `{` is missing before these",
                Words::new(
                    "从这里开始不属于任何东西",
                    "belongs to nothing from here on",
                ),
            ),
        };
        let poisoned = match kind {
            What::NoHead(poisoned) => poisoned,
            _ => None,
        };
        Single {
            lost: self.text[edit.start..edit.end].to_owned(),
            edit: Edit::new(self.start + edit.start, self.start + edit.end, edit.by),
            diagnostic,
            poisoned,
        }
    }
}
