//! Slips of the keyboard that can be told from the tokens alone: other languages' operators,
//! full-width punctuation, quotes of other kinds, quotes left open.
//!
//! Every slip is reported once, with its fix, and mended in a copy of the text, so that it hides no
//! other mistake. Nothing inside a proper text or comment is looked at.

mod amended;
mod asked;
mod brackets;
mod choices;
mod colons;
mod conditions;
mod equals;
mod first_quotes;
mod habits;
mod half_quoted;
mod heads;
mod misplaced;
mod operators;
mod other_quotes;
mod parted;
mod quotes;
mod ranges;
mod rewritten;
mod shorthand;
mod tables;
mod tokens;
mod weights;
mod wide;
mod wording;
mod words;

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;

use super::lexer::{Kind, Token};
use super::repair::{Edit, Sink};
use super::vocabulary::is_clause;
use crate::lang::diagnostics::{Diagnostic, Words};
pub(in crate::lang) use parted::LOST_CALL;
use wide::{compares, half_width};

/// Reports the slips among `tokens` of `text`, which was made of the author's, and says how to mend them.
pub(super) fn find(author: &str, text: &str, tokens: &[Token], sink: &mut Sink) -> Vec<Edit> {
    // What cannot be seen must not come between a sign and the words it belongs to.
    let unseen = |token: &&Token| {
        let first = text[token.start..token.end].chars().next();
        token.kind == Kind::Punct && first.is_some_and(invisible)
    };
    let seen: Vec<Token> = tokens
        .iter()
        .filter(|token| !unseen(token))
        .cloned()
        .collect();
    let mut slips = Slips {
        author,
        text,
        tokens: &seen,
        sink,
        edits: Vec::new(),
        wide: Vec::new(),
        dashed: words::dashed(text, &seen),
        told: BTreeSet::new(),
        prose_to: None,
        mended: BTreeSet::new(),
        other_quotes: Vec::new(),
        operators: Vec::new(),
        dates: Vec::new(),
    };
    for token in tokens.iter().filter(unseen) {
        let c = text[token.start..].chars().next().unwrap_or_default();
        if token.start == 0 && c == '\u{FEFF}' {
            slips.edit(token.start, token.end, "");
        } else {
            slips.invisible(token.start, token.end, c);
        }
    }
    slips.run();
    slips.edits
}

struct Slips<'a> {
    /// What places of findings lead to.
    author: &'a str,
    text: &'a str,
    tokens: &'a [Token],
    sink: &'a mut Sink,
    edits: Vec<Edit>,
    /// Full-width characters of the present line: start, end, half-width twin.
    wide: Vec<(usize, usize, String)>,
    /// Names with a dash.
    dashed: BTreeSet<String>,
    /// Those that were reported.
    told: BTreeSet<String>,
    /// Where the line of prose before ended.
    prose_to: Option<usize>,
    /// Where tokens begin that a habit's change has mended.
    mended: BTreeSet<usize>,
    /// Texts of the present line in quotes of another kind, and whether they may end elsewhere.
    other_quotes: Vec<(Edit, bool)>,
    /// Other languages' operators of the present line.
    operators: Vec<operators::Operator>,
    /// Dates without quotes of the present list or line.
    dates: Vec<Edit>,
}

impl Slips<'_> {
    fn run(&mut self) {
        let mut line = usize::MAX;
        let mut skip = 0;
        for at in 0..self.tokens.len() {
            let token = &self.tokens[at];
            if token.line != line {
                line = token.line;
                self.flush_operators();
                self.flush_quotes();
                self.flush_wide();
                // A list may go on over lines.
                if token.start == token.line && self.slice(token) != "]" {
                    self.flush_dates();
                }
            }
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let opened = at.checked_sub(1).map(|at| self.slice(&self.tokens[at])) == Some("{");
            let done = self.mended.contains(&token.start);
            let word = token.first && token.kind == Kind::Word;
            if word && !done && self.parted(at) {
                skip = self.line_end(at) - at - 1;
                continue;
            }
            let token = &self.tokens[at];
            if token.first && token.kind == Kind::Word && !done {
                self.capitals(at);
                self.head(at);
                self.asked(at);
                self.misplaced(at);
                self.weight_below(at);
                self.rewritten(at);
                self.condition(at);
                self.shorthand(at);
                self.wording(at);
                self.amended(at);
                self.arms(at);
                self.before_block(at);
                if !self.bracketed(at) {
                    self.one_line(at);
                }
            }
            let token = &self.tokens[at];
            if (token.first || opened) && token.kind == Kind::Word {
                self.said(at);
                self.value_outside(at);
            } else if token.first {
                if self.word_at(at) == "{" && self.word_at(at + 1) == "{" {
                    self.data(at, at + 2);
                }
                if self.word_at(at) == "{" {
                    self.brace_below(at);
                }
                self.row(at);
            }
            if self.mended.contains(&self.tokens[at].start) {
                continue;
            }
            if let Some(done) = self.lone_quote(at) {
                skip = done;
                continue;
            }
            let token = &self.tokens[at];
            match &token.kind {
                Kind::Comment => {}
                Kind::Number => skip = self.range(at).unwrap_or_else(|| self.date(at)),
                Kind::WrongComment => self.comment(at),
                Kind::Word => skip = self.word(at),
                Kind::Text(quotes) => skip = self.quotes(at, quotes),
                Kind::Block { closed, column0 } => self.block(token, *closed, *column0),
                Kind::Punct => skip = self.punct(at),
            }
        }
        self.flush_operators();
        self.flush_quotes();
        self.flush_wide();
        self.flush_dates();
    }

    fn comment(&mut self, at: usize) {
        if self.address(at) {
            return;
        }
        let token = &self.tokens[at];
        let said = self.slice(token);
        let sign = match said.chars().next() {
            Some('＃') => "＃",
            Some('-') => "--",
            Some('<') => "<!--",
            _ if said.starts_with("/*") => "/*",
            _ => "//",
        };
        let (start, mut end) = (token.start, token.start + sign.len());
        let mut by = "#".to_owned();
        if sign == "<!--" {
            end = token.end;
            let body = said.trim_start_matches(sign).trim_end_matches("-->");
            by = format!("# {}", body.trim());
        }
        if sign == "/*" {
            end = token.end;
            let body = said.trim_start_matches("/*").trim_end_matches("*/");
            let indent = " ".repeat(token.start - token.line);
            let bare = |line: &str| line.trim().trim_start_matches('*').trim().to_owned();
            let lines: Vec<String> = body
                .lines()
                .map(bare)
                .filter(|line| !line.is_empty())
                .map(|line| format!("# {line}"))
                .collect();
            by = lines.join(&format!("\n{indent}"));
        }
        let span = self.sink.span(start, end);
        self.sink.add(
            Diagnostic::error(
                "E0117",
                Words::new(
                    format!("注释用 `#` 开头，不是 `{sign}`"),
                    format!("comments start with `#`, not `{sign}`"),
                ),
                span,
                Words::new("应是 `#`", "should be `#`"),
            )
            .with_fix(Words::new("改成 `#`", "write `#`"), span, by.clone()),
        );
        self.edit(start, end, by);
    }

    /// `https://…` without its quotes: the `//` begins no comment.
    fn address(&mut self, at: usize) -> bool {
        let Some(scheme) = at.checked_sub(2) else {
            return false;
        };
        let (word, colon, rest) = (&self.tokens[scheme], &self.tokens[at - 1], &self.tokens[at]);
        let joined = word.end == colon.start && colon.end == rest.start;
        let known = matches!(self.slice(word), "http" | "https");
        if !joined || !known || self.slice(colon) != ":" {
            return false;
        }
        let line = self.slice(rest);
        let length = line.find(|c: char| c.is_whitespace() || c == '}');
        let (start, end) = (word.start, rest.start + length.unwrap_or(line.len()));
        let right = format!("\"{}\"", &self.text[start..end]);
        self.slip(
            "E0101",
            start,
            end,
            &right,
            Words::new("文字要用引号引起来", "a text stands in quotes"),
            Words::new("这里少了引号", "the quotes are missing"),
        );
        true
    }

    fn narrow(&mut self, token: &Token) {
        let word = self.slice(token);
        let narrow: String = word.nfkc().collect();
        let digits = narrow.starts_with(|c: char| c.is_ascii_digit());
        let first = narrow.chars().next().unwrap_or(' ');
        if digits || (narrow.is_ascii() && super::grammar::starts_name(first)) {
            self.wide.push((token.start, token.end, narrow));
        }
    }

    /// Looks at one sign; says how many of the next tokens are done with.
    fn punct(&mut self, at: usize) -> usize {
        let token = &self.tokens[at];
        let (start, end) = (token.start, token.end);
        let sign = self.slice(token).to_owned();
        let joins = |other: &Token| other.start == end;
        let next = self
            .tokens
            .get(at + 1)
            .filter(|next| joins(next))
            .map(|next| self.slice(next).to_owned());
        if let Some(done) = self.opened_otherwise(at) {
            return done;
        }
        if matches!(sign.as_str(), ":" | "：") && self.colon(at) {
            return 0;
        }
        match sign.as_str() {
            ">" | "<" if self.apart(at) => {
                let right = format!("{sign}=");
                self.operator(start, self.tokens[at + 1].end, &right);
                return 1;
            }
            "&&" => self.operator(start, end, "and"),
            "||" => self.operator(start, end, "or"),
            "&" if self.in_condition(at) => self.operator(start, end, "and"),
            "!" => self.operator(start, end, "not"),
            "=>" | "≥" | "≧" => self.operator(start, end, ">="),
            "=<" | "≤" | "≦" => self.operator(start, end, "<="),
            "<>" | "≠" => self.operator(start, end, "!="),
            "===" => self.operator(start, end, "=="),
            "×" => self.operator(start, end, "*"),
            "÷" => self.operator(start, end, "/"),
            "=" | ":=" => self.equals(at, &sign),
            "==" if self.named_by_equals(at) => {}
            "==" if self.assigns(at) => {
                self.slip(
                    "E0118",
                    start,
                    end,
                    "=",
                    Words::new("起名字用一个 `=`", "a name is given with a single `=`"),
                    Words::new("这里应是 `=`", "should be `=`"),
                );
            }
            "\"" => self.never_opened(self.words_before(at), at),
            _ if self.stop_behind(at) => {}
            ";" | "；" => self.slip(
                "E0133",
                start,
                end,
                &self.instead_of_semicolon(at),
                Words::new("不需要分号", "no semicolons are needed"),
                Words::new("每行一个子句，换行就够了", "the end of the line is enough"),
            ),
            _ => {
                let Some(c) = sign.chars().next() else {
                    return 0;
                };
                let wide_next = next.as_deref();
                match (c, wide_next) {
                    _ if compares(&sign) => return self.wide_comparison(at),
                    ('＆', Some("＆")) | ('｜', Some("｜")) => {
                        let end = self.tokens[at + 1].end;
                        self.operator(start, end, if c == '＆' { "and" } else { "or" });
                        return 1;
                    }
                    // `9：00`, which no hour is either way.
                    ('：', _) if self.time_of_day(at) => self.edit(start, end, ":".to_owned()),
                    // `suspicion >= 60。`
                    ('。', _)
                        if self.tokens.get(at + 1).is_none_or(|next| {
                            next.first || matches!(self.slice(next), "{" | "}")
                        }) =>
                    {
                        self.slip(
                            "E0116",
                            start,
                            end,
                            "",
                            Words::new("代码后面不写句号", "no full stop stands behind code"),
                            Words::new("多余", "not needed"),
                        )
                    }
                    // `"a"、"b"`, where alternatives are meant.
                    ('、' | '，' | '｜' | '|', _) if self.alternatives(at) => {
                        self.operator(start, end, "or");
                    }
                    ('！', _) => self.wide.push((start, end, "not ".into())),
                    // A line of a list, or under a heading, in words: told as what begins no rule.
                    ('−' | '–' | '—' | '―', _)
                        if self.text[self.tokens[at].line..start]
                            .chars()
                            .all(|c| "−–—―- ".contains(c)) => {}
                    _ => {
                        if let Some(narrow) = half_width(c) {
                            self.wide.push((start, end, narrow.into()));
                        } else if c.is_whitespace() {
                            self.edit(start, end, " ");
                        }
                    }
                }
            }
        }
        0
    }

    /// `{ tag "…"; reply "…" }`: the clause behind it begins a line.
    fn instead_of_semicolon(&self, at: usize) -> String {
        let token = &self.tokens[at];
        let next = self.tokens.get(at + 1).filter(|next| !next.first);
        let clause = next.is_some_and(|next| is_clause(self.slice(next)));
        if !clause {
            return String::new();
        }
        let line = &self.text[token.line..];
        let indent = line.len() - line.trim_start_matches(' ').len();
        format!("\n{}", " ".repeat(indent + 4))
    }

    /// Whether the sign at `at` stands between two texts of a trigger or of `cancel on`.
    fn alternatives(&self, at: usize) -> bool {
        let text = |at: usize| {
            let kind = self.tokens.get(at).map(|token| &token.kind);
            matches!(kind, Some(Kind::Text(_)))
        };
        let line = self.tokens[at].line;
        let first = self.tokens[..at]
            .iter()
            .rev()
            .take_while(|token| token.line == line)
            .last()
            .map_or("", |token| self.slice(token));
        let opened = self.tokens[..at]
            .iter()
            .rev()
            .take_while(|token| token.line == line)
            .any(|token| matches!(self.slice(token), "(" | "[" | "（" | "【" | "{"));
        at > 0 && text(at - 1) && text(at + 1) && matches!(first, "on" | "or" | "cancel") && !opened
    }

    fn invisible(&mut self, start: usize, end: usize, c: char) {
        let number = format!("U+{:04X}", u32::from(c));
        self.slip(
            "E0137",
            start,
            end,
            "",
            Words::new(
                format!("这里有一个看不见的字符 {number}"),
                format!("an invisible character {number}"),
            ),
            Words::new("多半是粘贴时带进来的", "probably pasted in"),
        );
    }
}

/// Zero-width and direction characters.
fn invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
        || (c.is_control() && !c.is_whitespace())
}
