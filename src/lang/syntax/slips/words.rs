//! Slips that are told from words: names with a dash, Chinese for `or` and `and`, texts without their
//! quotes, a comment without its `#`.

use std::collections::BTreeSet;

use super::Slips;
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::syntax::lexer::{ITEMS, Kind, Token};
use crate::lang::syntax::vocabulary::{EXTRACTORS, alias, is_clause};

/// Words that are followed by the name of something.
const NAMING: [&str; 8] = [
    "let",
    "list",
    "signal",
    "dialog",
    "extractor",
    "remember",
    "ask",
    "start",
];
/// Clauses that are followed by a text and nothing else could be.
const BEFORE_TEXT: [&str; 8] = [
    "reply",
    "note",
    "send",
    "tag",
    "untag",
    "message",
    "containing",
    "starting",
];

/// Names with a dash that `tokens` give to something: `my-limit`.
pub(super) fn dashed(text: &str, tokens: &[Token]) -> BTreeSet<String> {
    let slice = |token: &Token| &text[token.start..token.end];
    let mut names = BTreeSet::new();
    for (at, token) in tokens.iter().enumerate().skip(1) {
        if token.kind == Kind::Word
            && NAMING.contains(&slice(&tokens[at - 1]))
            && let Some(last) = joined(text, tokens, at)
        {
            names.insert(text[token.start..tokens[last].end].to_owned());
        }
    }
    names
}

/// The last token of the words that dashes join to the one at `at`, without blanks.
fn joined(text: &str, tokens: &[Token], at: usize) -> Option<usize> {
    let mut last = at;
    while let (Some(dash), Some(next)) = (tokens.get(last + 1), tokens.get(last + 2)) {
        let word = matches!(next.kind, Kind::Word | Kind::Number);
        let close = dash.start == tokens[last].end && next.start == dash.end;
        if !word || !close || &text[dash.start..dash.end] != "-" {
            break;
        }
        last += 2;
    }
    (last > at).then_some(last)
}

impl Slips<'_> {
    /// Looks at a word; says how many of the next tokens are done with.
    pub(super) fn word(&mut self, at: usize) -> usize {
        if let Some(done) = self.dashed_name(at) {
            return done;
        }
        if self.points(at) {
            return 0;
        }
        let token = &self.tokens[at];
        if self.slice(token).is_ascii() {
            return 0;
        }
        if let Some(done) = self.prose(at).or_else(|| self.unquoted(at)) {
            return done;
        }
        if !self.connects(at) {
            self.narrow(token);
        }
        0
    }

    /// `let my-limit = 5`: told where the name is given, and mended wherever it stands.
    fn dashed_name(&mut self, at: usize) -> Option<usize> {
        if self.dashed.is_empty() {
            return None;
        }
        let last = joined(self.text, self.tokens, at)?;
        let (start, end) = (self.tokens[at].start, self.tokens[last].end);
        let name = &self.text[start..end];
        let right = name.replace('-', "_");
        let fresh = self.dashed.get(name)?.clone();
        let gives = at
            .checked_sub(1)
            .is_some_and(|at| NAMING.contains(&self.slice(&self.tokens[at])));
        if gives && self.told.insert(fresh) {
            let span = self.sink.span(start, end);
            self.sink.add(
                Diagnostic::error(
                    "E0101",
                    Words::new(
                        format!("`{name}` 不能当名字：名字里没有 `-`"),
                        format!("`{name}` is no name: names have no `-`"),
                    ),
                    span,
                    Words::new(format!("写 `{right}`"), format!("write `{right}`")),
                )
                .with_guess(
                    Words::new(
                        format!("改成 `{right}`，用到它的地方也要改"),
                        format!("write `{right}`, here and where it is used"),
                    ),
                    span,
                    right.clone(),
                ),
            );
        }
        self.edit(start, end, right);
        Some(last - at)
    }

    /// `"a" 或 "b"`
    fn connects(&mut self, at: usize) -> bool {
        let token = &self.tokens[at];
        let right = match self.slice(token) {
            "或" | "或者" | "或是" => "or",
            "且" | "并且" | "而且" => "and",
            "大于等于" | "不小于" | "至少" => ">=",
            "小于等于" | "不大于" | "至多" => "<=",
            "大于" | "超过" => ">",
            "小于" | "少于" => "<",
            "等于" => "==",
            "不等于" => "!=",
            _ => return false,
        };
        let before = at.checked_sub(1).map(|at| &self.tokens[at]);
        let between = before.is_some_and(|before| {
            !matches!(before.kind, Kind::Punct) || matches!(self.slice(before), ")" | "]" | "%")
        });
        if !between {
            return false;
        }
        let (start, end) = (token.start, token.end);
        self.operator(start, end, right);
        true
    }

    /// Whether nothing but a text can stand at `at`.
    pub(super) fn wants_text(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1).map(|at| &self.tokens[at]) else {
            return false;
        };
        let token = &self.tokens[at];
        let word = |back: usize| {
            at.checked_sub(back)
                .map_or("", |at| self.slice(&self.tokens[at]))
        };
        match word(1) {
            "text" => matches!(word(2), "on" | "or"),
            "test" => before.start == before.line,
            "invalid" | "~" | "sends" => true,
            "reply" if word(2) == "expect" => true,
            // Behind the extractor of an `ask`.
            kind if EXTRACTORS.contains(&kind) || kind == ")" => {
                let first = self.tokens[..at].partition_point(|other| other.start < token.line);
                let first = self.tokens[..at].get(first);
                first.is_some_and(|first| first.first && self.slice(first) == "ask")
            }
            clause => {
                let begins = before.first || matches!(word(2), "{" | "text");
                BEFORE_TEXT.contains(&clause) && begins
            }
        }
    }

    /// `reply 你好`: what follows the clause up to the end of the line is its text.
    fn unquoted(&mut self, at: usize) -> Option<usize> {
        let token = &self.tokens[at];
        if !self.wants_text(at) || token.first {
            return None;
        }
        let line = self.tokens[at..].iter();
        let mut line = line.take_while(|other| other.line == token.line);
        let code = |kind: &Kind| matches!(kind, Kind::Word | Kind::Number | Kind::Punct);
        let quote = line.position(|other| self.slice(other) == "\"" || !code(&other.kind));
        let quote = quote.map(|quote| at + quote);
        if let Some(quote) = quote.filter(|quote| self.tokens[*quote].kind == Kind::Punct) {
            self.never_opened(at, quote);
            return Some(quote - at);
        }
        // `send what after 1 hour`
        let digit = |at: usize| {
            let behind = self.text[at..].trim_start_matches(' ');
            behind.starts_with(|c: char| c.is_ascii_digit())
        };
        let more = |token: &&Token| {
            let word = self.slice(token);
            !token.first
                && !matches!(word, "{" | "}")
                && !(word.is_ascii() && (is_clause(word) || matches!(word, "when" | "or")))
                && !matches!(word, "或" | "或者")
                && !(word == "after" && digit(token.end))
                && !matches!(token.kind, Kind::Comment | Kind::WrongComment)
        };
        let count = self.tokens[at..].iter().take_while(more).count();
        let last = at + count.max(1) - 1;
        let (start, end) = (token.start, self.tokens[last].end);
        let words = &self.text[start..end];
        if let Some(quote) = words.find('"') {
            return self.no_first_quote(start, quote, at, last);
        }
        // `reply 几个人？”`: the second quote is there, as the input method writes it.
        let by = format!("\"{}\"", words.trim_end_matches(['”', '＂', '〞']));
        let span = self.sink.span(start, end);
        self.sink.add(
            Diagnostic::error(
                "E0101",
                Words::new("文字要用引号引起来", "a text stands in quotes"),
                span,
                Words::new("这里少了引号", "the quotes are missing"),
            )
            .with_fix(Words::new("加上引号", "add the quotes"), span, by.clone()),
        );
        self.edit(start, end, by);
        Some(last - at)
    }

    /// `reply 你好"`: only the second quote is there. More of them say that something else is wrong.
    fn no_first_quote(
        &mut self,
        start: usize,
        quote: usize,
        at: usize,
        last: usize,
    ) -> Option<usize> {
        let token = &self.tokens[last];
        let open = matches!(&token.kind, Kind::Text(quotes) if !quotes.closed);
        let behind = &self.text[start + quote + 1..token.end];
        if !open || behind.contains('"') || !matches!(behind.trim(), "" | "}" | "{") {
            return None;
        }
        self.first_quote_missing(start, start + quote + 1);
        Some(last - at)
    }

    /// A line of plain Chinese, with signs that are no code: a comment that lost its `#`, or a text that
    /// lost its quotes.
    fn prose(&mut self, at: usize) -> Option<usize> {
        let token = &self.tokens[at];
        if !token.first || alias(self.slice(token)).is_some() {
            return None;
        }
        let line = token.line;
        let same = self.tokens[at..]
            .iter()
            .take_while(|token| token.line == line);
        let count = same.clone().count();
        let mut signs = token.start == token.line;
        for token in same {
            let word = self.slice(token);
            match &token.kind {
                Kind::Text(quotes) if quotes.open.is_some() && quotes.closed => {}
                Kind::Text(_) | Kind::Block { .. } => return None,
                Kind::Punct if word.is_ascii() && !matches!(word, "," | "." | "-" | "/" | "!") => {
                    return None;
                }
                Kind::Punct => signs |= !word.is_ascii(),
                Kind::Word if ITEMS.contains(&word) || word == "is" || word == "in" => return None,
                _ => {}
            }
        }
        if !signs {
            return None;
        }
        let (start, end) = (token.start, self.tokens[at + count - 1].end);
        // Lines that follow one another are one mistake.
        let between = self.prose_to.map(|before| &self.text[before..start]);
        let goes_on = between.is_some_and(|gap| gap.trim().is_empty());
        self.prose_to = Some(end);
        if !goes_on {
            let here = self.sink.span(start, start);
            self.sink.add(
                Diagnostic::error(
                    "E0117",
                    Words::new(
                        "这一行像是注释：注释用 `#` 开头",
                        "this line reads like a comment: comments start with `#`",
                    ),
                    self.sink.span(start, end),
                    Words::new("不是规则的写法", "no part of the language"),
                )
                .with_guess(Words::new("写成注释", "make it a comment"), here, "# ")
                .with_help(Words::new(
                    "要回复的文字写在引号里：`reply \"…\"`，几行的用三个引号",
                    "texts that are replied stand in quotes: `reply \"…\"`, those of several lines in three",
                )),
            );
        }
        self.edit(start, end, "");
        Some(count - 1)
    }
}
