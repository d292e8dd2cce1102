//! `if` and loops among what a rule does. Conditions stand in a rule's first line here, and nothing is done
//! several times.

use super::Slips;
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::syntax::lexer::{Kind, Token};

/// What asks a condition elsewhere.
const ASKS: [&str; 5] = ["if", "when", "unless", "如果", "当"];
/// What repeats, or chooses, elsewhere.
const OTHERS: [&str; 8] = [
    "for", "foreach", "while", "until", "repeat", "loop", "switch", "match",
];
/// Parts of one such chain.
const MAX_PARTS: usize = 12;

/// One block of a chain.
struct Part {
    /// Its first token, such as `if` or `else`.
    from: usize,
    /// The tokens of its condition; none behind a bare `else`.
    condition: std::ops::Range<usize>,
    open: usize,
    close: usize,
    /// Its lines stand in braces; else behind a colon, indented, `close` being the last of them.
    braced: bool,
}

impl Part {
    /// Past the last of its lines.
    fn end(&self, tokens: &[Token]) -> usize {
        let last = &tokens[self.close];
        if self.braced { last.start } else { last.end }
    }
}

impl Slips<'_> {
    /// The line that begins at `at`: `if bound {`, up to the `}` of its last `else`.
    pub(super) fn condition(&mut self, at: usize) {
        let word = self.word_at(at);
        let asks = ASKS.contains(&word);
        let token = &self.tokens[at];
        if !(asks || OTHERS.contains(&word)) || token.start == token.line {
            return;
        }
        let Some(parts) = self.chain(at).filter(|_| self.among_actions(at)) else {
            return;
        };
        let first = &parts[0];
        let head = self.sink.span(token.start, self.tokens[first.open].end);
        let word = word.to_owned();
        let found = if asks {
            let found = Diagnostic::error(
                "E0106",
                Words::new(
                    "条件不写在动作里面",
                    "no condition stands among what a rule does",
                ),
                head,
                Words::new("它属于规则的第一行", "it belongs to the rule's first line"),
            )
            .with_help(Words::new(
                "条件写在规则的 `{` 之前：`on text \"锁定\" when bound {`；别的情形在后面另写一条规则",
                "the condition stands before the rule's `{`: `on text \"lock\" when bound {`; other cases are rules of their own below",
            ));
            match self.as_rules(at, &parts) {
                Some((start, end, by)) => found.with_guess(
                    Words::new(
                        "把条件移到规则的第一行",
                        "move the condition to the rule's first line",
                    ),
                    self.sink.span(start, end),
                    by,
                ),
                None => found,
            }
        } else {
            Diagnostic::error(
                "E0106",
                Words::new(
                    format!("没有 `{word}`：规则里的动作各做一次"),
                    format!("there is no `{word}`: what a rule does is done once"),
                ),
                head,
                Words::new("规则里没有这个写法", "not part of the language"),
            )
            .with_help(Words::new(
                "几个说法的消息写成一条规则：`on text in 列表名 {`；不同的条件写成几条规则",
                "for messages of several kinds write one rule: `on text in LIST {`; different conditions are rules of their own",
            ))
        };
        self.sink.add(found);
        // The first block is read as what the rule does.
        self.done_with(first.from, first.open);
        let (start, end) = (self.tokens[first.from].start, self.tokens[first.open].end);
        self.edit(start, end, "");
        let last = parts.last().map_or(first.close, |part| part.close);
        let behind = first.close + usize::from(!first.braced);
        if behind <= last {
            self.done_with(behind, last);
            let (start, end) = (first.end(self.tokens), self.tokens[last].end);
            self.edit(start, end, "");
        }
    }

    /// The blocks of an `if` and of what hangs on it.
    fn chain(&self, at: usize) -> Option<Vec<Part>> {
        let mut parts = Vec::new();
        let mut from = at;
        while parts.len() < MAX_PARTS {
            let line = self.tokens[from].line;
            let mut own =
                (from + 1..self.tokens.len()).take_while(|at| self.tokens[*at].line == line);
            let brace = own.clone().find(|at| self.word_at(*at) == "{");
            let (open, close) = match brace {
                Some(open) => (open, self.closing(open, |first| first.kind == Kind::Word)?),
                None => {
                    let colon = own.find(|at| matches!(self.word_at(*at), ":" | "："))?;
                    (colon, self.indented(from, colon)?)
                }
            };
            let after = match (self.word_at(from), self.word_at(from + 1)) {
                ("else", "if") => from + 2,
                _ => from + 1,
            };
            parts.push(Part {
                from,
                condition: after..open,
                open,
                close,
                braced: brace.is_some(),
            });
            if !matches!(
                self.word_at(close + 1),
                "else" | "elif" | "elsif" | "elseif"
            ) {
                break;
            }
            from = close + 1;
        }
        Some(parts)
    }

    /// The last token of the lines behind the colon that ends a line, which stand deeper than it.
    fn indented(&self, from: usize, colon: usize) -> Option<usize> {
        let line = &self.tokens[from];
        let own = line.start - line.line;
        if self.tokens.get(colon + 1)?.line == line.line {
            return None;
        }
        let deeper = |token: &&Token| {
            let text = &self.text[token.line..];
            text.len() - text.trim_start_matches([' ', '\t']).len() > own
        };
        let count = self.tokens[colon + 1..].iter().take_while(deeper).count();
        (count > 0).then_some(colon + count)
    }

    /// The rules that are meant, where the chain is all that a rule does: from where to where they stand.
    fn as_rules(&self, at: usize, parts: &[Part]) -> Option<(usize, usize, String)> {
        let open = at.checked_sub(1).filter(|at| self.word_at(*at) == "{")?;
        let line = self.tokens[open].line;
        let on = (0..open)
            .rev()
            .take_while(|at| self.tokens[*at].line == line)
            .last()?;
        let first = &self.tokens[on];
        let conditional = (on..open).any(|at| self.word_at(at) == "when");
        if self.word_at(on) != "on" || first.start != first.line || conditional {
            return None;
        }
        let last = parts.last()?;
        let end = last.close + 1;
        if self.word_at(end) != "}" {
            return None;
        }
        let head = self.text[first.start..self.tokens[open - 1].end].to_owned();
        let mut rules = Vec::new();
        for part in parts {
            let (from, to) = (self.tokens[part.open].end, part.end(self.tokens));
            let body: Vec<String> = self.text[from..to]
                .trim_matches(['\n', ' '])
                .lines()
                .map(|line| format!("    {}", line.trim_start()).trim_end().to_owned())
                .collect();
            // What stands in braces of its own keeps its layout only where it is one line.
            if body.len() > 1 && self.text[from..to].contains('{') {
                return None;
            }
            let when = match part.condition.is_empty() {
                true => String::new(),
                false => {
                    let range = &part.condition;
                    let (from, to) = (
                        self.tokens[range.start].start,
                        self.tokens[range.end - 1].end,
                    );
                    let condition = self.text[from..to].trim();
                    let bare = condition
                        .strip_prefix('(')
                        .and_then(|condition| condition.strip_suffix(')'))
                        .filter(|inner| !inner.contains(['(', ')']));
                    let condition = bare.unwrap_or(condition);
                    match self.word_at(part.from) {
                        "unless" => format!(" when not ({condition})"),
                        _ => format!(" when {condition}"),
                    }
                }
            };
            rules.push(format!("{head}{when} {{\n{}\n}}", body.join("\n")));
        }
        Some((first.start, self.tokens[end].end, rules.join("\n\n")))
    }
}
