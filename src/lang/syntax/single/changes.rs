//! Changes that are worth trying on a stretch, the likeliest first.

use super::{Line, Tried};
use crate::lang::syntax::layout::{LOST_DIALOG, LOST_SIGNAL};
use crate::lang::syntax::lexer::{self, ITEMS, Kind};
use crate::lang::syntax::repair::Edit;
use crate::lang::syntax::vocabulary::TAKE_PROSE;

/// Replies that have fields.
const CARDS: [&str; 3] = ["reply news", "reply music", "reply video"];

/// `title: …`
fn is_field(code: &str) -> bool {
    let name = code.split_once(':').map_or("", |(name, _)| name);
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// A change and what it would mean.
pub(super) struct Change {
    /// In the stretch.
    pub(super) edit: Edit,
    /// What kind of mistake it mends.
    pub(super) kind: What,
    /// The line it is about.
    pub(super) line: usize,
}

/// A kind of mistake.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// A `{` left out at the end of a line.
    NoOpen,
    /// A `}` left out behind it.
    NoClose,
    /// A brace too many.
    Extra,
    /// A sign behind the brace that ends a line.
    Stray,
    /// The line that began a text block.
    NoTextBegin,
    /// The `"""` behind the word that takes one.
    NoTextSign,
    /// The `"""` that ended one.
    NoTextEnd,
    /// Three quotes of another kind round a text block.
    OtherTextSigns,
    /// The same line twice.
    Twice,
    /// The same word or sign twice.
    TokenTwice,
    /// A regular expression without the word before it.
    NoMatching,
    /// `text` left out behind `on`.
    NoText,
    /// Two words without a blank between them.
    RunTogether,
    /// Another bracket for the `{` of a block.
    OtherOpener,
    /// What kind of card it is, left out behind `reply`.
    NoKind,
    /// Two lines in the wrong order.
    Swapped,
    /// One line in two.
    Broken,
    /// The line of a question whose further words stand here.
    NoAsk,
    /// The braces round what stands deeper.
    NoBraces,
    /// Brackets of another kind in their place.
    OtherBrackets,
    /// A bracket of another kind for the `}` that ends a block.
    OtherClose,
    /// One quote or two for `"""`.
    ShortTextSigns,
    /// A text in single quotes that goes on over lines.
    TextOverLines,
    /// The first line of an item, elsewhere than before what belongs to it: there.
    HeadAway(usize),
    /// A line with `{` before this one.
    NoHead(Option<&'static str>),
}

impl Tried<'_> {
    /// Changes worth trying, the likeliest first.
    pub(super) fn changes(&self) -> Vec<Change> {
        let mut changes = self.doubled();
        changes.extend(self.doubled_tokens());
        changes.extend(self.words_missing());
        changes.extend(self.other_openers());
        changes.extend(self.other_text_signs());
        changes.extend(self.short_text_signs());
        changes.extend(self.texts_over_lines());
        if self.text.matches("\"\"\"").count() % 2 == 1 {
            changes.extend(self.texts());
            return changes;
        }
        let balance = self.balance();
        if balance == 0 {
            changes.extend(self.heads_away());
            changes.extend(self.unbraced());
            changes.extend(self.other_brackets());
        }
        if balance > 0 {
            changes.extend(self.closers());
        }
        if balance == 1 {
            changes.extend(self.closings());
        } else if balance == -1 {
            changes.extend(self.openings());
            changes.extend(self.heads());
        }
        changes.extend(self.questions());
        changes.extend(self.extra(balance));
        changes.extend(self.stray());
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

    pub(super) fn insert(&self, at: usize, by: String, kind: What, line: usize) -> Change {
        Change {
            edit: Edit::new(at, at, by),
            kind,
            line,
        }
    }

    pub(super) fn code_lines(&self) -> impl Iterator<Item = (usize, &Line<'_>)> {
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

    /// `“““` for `"""`, all of them at once.
    fn other_text_signs(&self) -> Option<Change> {
        let quote = |c: char| matches!(c, '“' | '”' | '„' | '＂' | '\'' | '‘' | '’' | '`');
        let mut signs: Vec<(usize, usize)> = Vec::new();
        for (at, _) in self.text.char_indices().filter(|(_, c)| quote(*c)) {
            let three = self.text[at..]
                .chars()
                .take(3)
                .filter(|c| quote(*c))
                .count()
                == 3;
            if three && signs.last().is_none_or(|(_, end)| *end <= at) {
                let length: usize = self.text[at..].chars().take(3).map(char::len_utf8).sum();
                signs.push((at, at + length));
            }
        }
        let (start, end) = (signs.first()?.0, signs.last()?.1);
        let (mut by, mut from) = (String::new(), start);
        for (begin, end) in signs {
            by.push_str(&self.text[from..begin]);
            by.push_str("\"\"\"");
            from = end;
        }
        Some(Change {
            edit: Edit::new(start, end, by),
            kind: What::OtherTextSigns,
            line: self.lines.partition_point(|line| line.start <= start) - 1,
        })
    }

    fn texts(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        for (at, line) in self.lines.iter().enumerate().skip(1) {
            let before = &self.lines[at - 1];
            let code = line.code();
            if code.is_empty() {
                continue;
            }
            if TAKE_PROSE.contains(&code) {
                let end = line.code_end();
                changes.push(self.insert(end, " \"\"\"".to_owned(), What::NoTextSign, at));
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

    /// Braces round the lines that stand deeper than one that opens nothing, also behind a colon.
    fn unbraced(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        let of_text = self.of_text();
        for (at, line) in self.code_lines().filter(|(at, _)| !of_text[*at]) {
            let code = line.code();
            let card = CARDS.contains(&code) || code.starts_with("template ");
            // Fields may stand as far out as what they belong to.
            let deeper = |other: &Line<'_>| {
                other.indent() > line.indent()
                    || (card && other.indent() == line.indent() && is_field(other.code()))
            };
            let opens = code.ends_with(|c: char| "{}([,".contains(c)) || code.ends_with("\"\"\"");
            if opens || !self.next(at).is_some_and(|(_, next)| deeper(next)) {
                continue;
            }
            let inside = self.code_lines().skip_while(|(index, _)| *index <= at);
            let Some((last, _)) = inside.take_while(|(_, line)| deeper(line)).last() else {
                continue;
            };
            let kept = code.trim_end_matches([':', '：', ' ']);
            let head = line.code_end() - (code.len() - kept.len());
            let last = &self.lines[last];
            let mut inner = self.text[line.end()..last.end()].to_owned();
            // What stands as far out is indented.
            if card
                && self
                    .next(at)
                    .is_some_and(|(_, next)| next.indent() == line.indent())
            {
                let end = format!("\n{}", " ".repeat(line.indent()));
                inner = inner.replace(&end, &format!("{end}    "));
            }
            let by = format!(" {{{inner}\n{}}}", " ".repeat(line.indent()));
            changes.push(Change {
                edit: Edit::new(head, last.end(), by),
                kind: What::NoBraces,
                line: at,
            });
        }
        changes
    }

    /// `on text "…" (` and, as far out, `)`.
    fn other_brackets(&self) -> Vec<Change> {
        const PAIRS: [(char, char); 4] = [('(', ')'), ('[', ']'), ('（', '）'), ('【', '】')];
        let mut changes = Vec::new();
        for (at, line) in self.code_lines() {
            let code = line.code();
            let pair = PAIRS.iter().find(|(open, _)| code.ends_with(*open));
            let Some((open, close)) = pair else {
                continue;
            };
            let mut after = self.code_lines().skip_while(|(index, _)| *index <= at);
            let end = after.find(|(_, other)| other.indent() <= line.indent());
            let Some((_, end)) = end.filter(|(_, end)| end.code().starts_with(*close)) else {
                continue;
            };
            let from = line.code_end() - open.len_utf8();
            let to = end.code_start();
            changes.push(Change {
                edit: Edit::new(
                    from,
                    to + close.len_utf8(),
                    format!("{{{}}}", &self.text[from + open.len_utf8()..to]),
                ),
                kind: What::OtherBrackets,
                line: at,
            });
        }
        changes
    }

    /// The first line of an item put before lines that have none.
    fn heads_away(&self) -> Vec<Change> {
        let of_text = self.of_text();
        let mut orphans = Vec::new();
        let mut heads = Vec::new();
        let mut before: Option<&Line<'_>> = None;
        for (at, line) in self.code_lines().filter(|(at, _)| !of_text[*at]) {
            let outside =
                before.is_none_or(|before| before.indent() == 0 && !before.code().ends_with('{'));
            before = Some(line);
            let word = line.code().split(' ').next().unwrap_or_default();
            if line.indent() > 0 && outside {
                orphans.push(at);
            } else if line.indent() == 0 && line.code().ends_with('{') && ITEMS.contains(&word) {
                heads.push(at);
            }
        }
        let mut changes = Vec::new();
        for &orphan in &orphans {
            for &head in &heads {
                let (to, from) = (&self.lines[orphan], &self.lines[head]);
                let line = from.text;
                let edit = if head > orphan {
                    let between = self.text[to.start..from.start].trim_end_matches('\n');
                    Edit::new(to.start, from.end(), format!("{line}\n{between}"))
                } else {
                    let between = &self.text[(from.end() + 1).min(to.start)..to.start];
                    Edit::new(from.start, to.start, format!("{between}{line}\n"))
                };
                changes.push(Change {
                    edit,
                    kind: What::HeadAway(orphan),
                    line: head,
                });
            }
        }
        changes
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
        let of_text = self.of_text();
        for (at, line) in self.code_lines().filter(|(at, _)| !of_text[*at]) {
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

    /// By line: it goes on with a text block that began before it.
    pub(super) fn of_text(&self) -> Vec<bool> {
        let mut inside = false;
        let lines = self.lines.iter().map(|line| {
            let before = inside;
            inside ^= line.text.matches("\"\"\"").count() % 2 == 1;
            before
        });
        lines.collect()
    }

    /// A question before words that go on with one.
    fn questions(&self) -> Vec<Change> {
        let goes_on = |line: &Line<'_>| {
            let word = line.code().split(' ').next().unwrap_or_default();
            matches!(word, "invalid" | "at" | "unless")
        };
        self.code_lines()
            .filter(|(_, line)| goes_on(line))
            .map(|(at, line)| {
                let indent = " ".repeat(line.indent().saturating_sub(4));
                let by = format!("{indent}ask x: word \"x\"\n");
                self.insert(line.start, by, What::NoAsk, at)
            })
            .collect()
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
            // Entries of a list stand in any order.
            let entry = |line: &Line<'_>| {
                line.code().starts_with('"') && !line.code().starts_with("\"\"\"")
            };
            let code = |line: &Line<'_>| !line.code().is_empty() && !entry(line);
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
}
