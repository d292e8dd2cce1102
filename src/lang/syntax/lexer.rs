//! Cuts rule text into tokens, for everything that looks at a file before or beside the grammar:
//! slips of the keyboard, line structure, comments, recovery.
//!
//! Total: any text gives tokens, broken texts and stray characters included. It knows texts, text
//! blocks and comments well enough that nothing inside them is taken for code, and nothing else
//! about the language.

mod comments;
mod quotes;

use super::grammar::{continues_name, starts_name};
pub(super) use quotes::before_text;
use quotes::{MAY_FOLLOW, unmatched_closer};

/// The words that may stand at column 0.
pub(super) const ITEMS: [&str; 7] = ["let", "list", "on", "signal", "dialog", "test", "extractor"];

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// What it is.
    pub(super) kind: Kind,
    /// First byte.
    pub(super) start: usize,
    /// One past the last byte.
    pub(super) end: usize,
    /// Where its line starts.
    pub(super) line: usize,
    /// Nothing but blanks before it on its line.
    pub(super) first: bool,
}

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or keyword.
    Word,
    /// Digits with an optional fraction.
    Number,
    /// A text on one line.
    Text(Quotes),
    /// A text block.
    Block {
        /// It has its closing `"""`.
        closed: bool,
        /// The first line of it that stands at column 0.
        column0: Option<usize>,
    },
    /// Operators and punctuation, longest first; anything that is nothing else, one character.
    Punct,
    /// `# …`
    Comment,
    /// `＃ …`, `// …`, `-- …`, `<!-- …`, `/* … */`
    WrongComment,
}

/// How a text is quoted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Quotes {
    /// It has its closing quote.
    pub(super) closed: bool,
    /// The bytes of the opening quote, when it is not `"`.
    pub(super) open: Option<usize>,
    /// The bytes of the closing quote, when it is not `"`.
    pub(super) close: Option<usize>,
    /// Unescaped `"` inside, by position.
    pub(super) inner: Vec<usize>,
}

/// The tokens of `text`, in order.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer {
        text,
        at: 0,
        line: 0,
        first: true,
        unclosed_to: 0,
        no_closer: [0; 5],
        star: 0,
        tokens: Vec::new(),
    };
    lexer.run();
    lexer.tokens
}

/// Whether a line's text looks like the start of an item rather than like prose.
pub(super) fn looks_like_item(line: &str) -> bool {
    let end = line
        .find(|c: char| !continues_name(c))
        .unwrap_or(line.len());
    let rest = line[end..].trim_start();
    let named = rest.starts_with(starts_name);
    match &line[..end] {
        "let" | "extractor" => named && rest.contains('='),
        "list" => named && (rest.contains('=') || rest.contains(" from \"")),
        "signal" => named && rest.contains('"'),
        "dialog" => named && (rest.contains('{') || rest.contains(" expires ")),
        "test" => rest.starts_with('"'),
        "on" => named && (rest.contains('{') || rest.contains('"') || rest.contains(" when ")),
        _ => false,
    }
}

const OPERATORS: [&str; 13] = [
    "===", "&&", "||", "==", "!=", "<=", ">=", "=>", "=<", "<>", "->", ":=", "**",
];

/// Bytes of a text whose quotes are wrong: four times what the platform sends. Looking for its end must not
/// take the whole of a hostile line.
const MAX_TEXT: usize = 8 * 1024;

/// The line from `start` on, unless more than `bytes` of it are left.
pub(super) fn short_rest(text: &str, start: usize, bytes: usize) -> Option<&str> {
    let rest = &text[start..];
    let mut looked_at = rest.bytes().take(bytes + 1);
    match looked_at.position(|byte| byte == b'\n') {
        Some(end) => Some(&rest[..end]),
        None => (rest.len() <= bytes).then_some(rest),
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    first: bool,
    /// A text block that began before this byte found no end up to it. Those that begin before it too
    /// do not look beyond their first line at column 0: thousands would all look to the end.
    unclosed_to: usize,
    /// By kind of quote: up to this byte there is none that closes.
    no_closer: [usize; 5],
    /// The first `*/` from here on, or the end of the text.
    star: usize,
    tokens: Vec<Token>,
}

/// Characters in which the end of a text in Chinese quotes is looked for: a line full of opening ones
/// would be walked anew for each.
const MAX_NESTED_QUOTES: usize = 400;

impl Lexer<'_> {
    fn run(&mut self) {
        while let Some(c) = self.peek(self.at) {
            match c {
                '\n' => {
                    self.at += 1;
                    self.line = self.at;
                    self.first = true;
                }
                ' ' | '\t' | '\r' | '\u{3000}' | '\u{A0}' => self.at += c.len_utf8(),
                '#' => self.rest_of_line(Kind::Comment),
                '＃' => self.rest_of_line(Kind::WrongComment),
                '/' if self.rest().starts_with("//") && !self.within_words() => {
                    self.rest_of_line(Kind::WrongComment);
                }
                '/' if self.first && self.rest().starts_with("/*") => self.block_comment(),
                '<' if self.rest().starts_with("<!--") => self.rest_of_line(Kind::WrongComment),
                '-' if self.rest().starts_with("--") && (self.first || self.dashes_behind()) => {
                    self.rest_of_line(Kind::WrongComment);
                }
                '"' if self.rest().starts_with("\"\"\"") => self.block(),
                '"' => self.line_text(),
                '“' | '”' | '„' | '‘' | '’' | '「' | '『' | '\'' | '`' => {
                    self.fancy_text(c)
                }
                c if starts_name(c) => self.word(),
                '0'..='9' => self.number(),
                c if continues_name(c) => self.word(),
                _ => self.punct(c),
            }
        }
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self, at: usize) -> Option<char> {
        self.text.get(at..).and_then(|rest| rest.chars().next())
    }

    fn line_end(&self) -> usize {
        self.rest()
            .find('\n')
            .map_or(self.text.len(), |at| self.at + at)
    }

    /// Where a text whose quotes are wrong must have ended.
    fn text_end(&self) -> usize {
        let most = (self.at + MAX_TEXT).min(self.text.len());
        let most = (self.at..=most)
            .rev()
            .find(|&at| self.text.is_char_boundary(at))
            .unwrap_or(self.at);
        self.text[self.at..most]
            .find('\n')
            .map_or(most, |at| self.at + at)
    }

    fn push(&mut self, kind: Kind, end: usize) {
        self.tokens.push(Token {
            kind,
            start: self.at,
            end,
            line: self.line,
            first: self.first,
        });
        self.first = false;
        self.at = end;
    }

    fn rest_of_line(&mut self, kind: Kind) {
        let end = self.line_end();
        let end = self.at + self.text[self.at..end].trim_end().len();
        self.push(kind, end);
    }

    fn word(&mut self) {
        let rest = self.rest();
        let end = rest
            .find(|c: char| !continues_name(c))
            .unwrap_or(rest.len());
        self.push(Kind::Word, self.at + end);
    }

    fn number(&mut self) {
        let digits = |text: &str| {
            text.find(|c: char| !c.is_ascii_digit())
                .unwrap_or(text.len())
        };
        let rest = self.rest();
        let mut end = digits(rest);
        if rest[end..].starts_with('.') {
            let more = digits(&rest[end + 1..]);
            if more > 0 {
                end += 1 + more;
            }
        }
        self.push(Kind::Number, self.at + end);
    }

    fn punct(&mut self, c: char) {
        let long = OPERATORS
            .iter()
            .find(|operator| self.rest().starts_with(**operator));
        let length = long.map_or(c.len_utf8(), |operator| operator.len());
        self.push(Kind::Punct, self.at + length);
    }

    /// The next unescaped `"` in `from..end`.
    fn next_quote(&self, from: usize, end: usize) -> Option<usize> {
        let mut escaped = false;
        for (at, c) in self.text[from..end].char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => return Some(from + at),
                _ => {}
            }
        }
        None
    }

    fn line_text(&mut self) {
        if self.closes_unopened() {
            return self.push(Kind::Punct, self.at + 1);
        }
        let mut quotes = Quotes::default();
        if let Some(close) = self.closed_otherwise() {
            let length = self.peek(close).map_or(1, char::len_utf8);
            quotes.closed = true;
            quotes.close = Some(length);
            self.push(Kind::Text(quotes), close + length);
            return;
        }
        // However long: where no quote closes it there is no later one on the line, so that looking for
        // the end is not repeated.
        if let Some(quote) = self.next_quote(self.at + 1, self.line_end())
            && (!self.word_follows(quote + 1) || self.alternative_follows(quote + 1))
        {
            quotes.closed = true;
            self.push(Kind::Text(quotes), quote + 1);
            return;
        }
        let line_end = self.text_end();
        let mut from = self.at + 1;
        while let Some(quote) = self.next_quote(from, line_end) {
            if !self.word_follows(quote + 1) {
                quotes.closed = true;
                self.push(Kind::Text(quotes), quote + 1);
                return;
            }
            // A name right behind the quote: `"他说"你好"。"` if more quotes come on the line.
            let Some(second) = self.next_quote(quote + 1, line_end) else {
                quotes.closed = true;
                self.push(Kind::Text(quotes), quote + 1);
                return;
            };
            if self.next_quote(second + 1, line_end).is_none() {
                quotes.inner.push(quote);
                quotes.closed = true;
                self.push(Kind::Text(quotes), second + 1);
                return;
            }
            quotes.inner.extend([quote, second]);
            from = second + 1;
        }
        // Not closed. Perhaps closed by a quote of another kind.
        if let Some(close) = unmatched_closer(&self.text[self.at + 1..line_end]) {
            let close = self.at + 1 + close;
            let length = self.peek(close).map_or(1, char::len_utf8);
            quotes.closed = true;
            quotes.close = Some(length);
            quotes.inner.retain(|inner| *inner < close);
            self.push(Kind::Text(quotes), close + length);
            return;
        }
        quotes.inner.clear();
        let line = self.text[self.at..line_end].trim_end();
        self.push(Kind::Text(quotes), self.at + line.len().max(1));
    }

    /// `["甲”, "乙"]`: the text is closed by a quote of another kind, which shows by the code that stands
    /// between it and the next `"`.
    fn closed_otherwise(&self) -> Option<usize> {
        let inside = self.at + 1;
        let next = self.next_quote(inside, self.text_end())?;
        let body = &self.text[inside..next];
        quotes::joining_closer(body).map(|at| inside + at)
    }

    /// `"甲"或"乙"` where alternatives may stand.
    fn alternative_follows(&self, at: usize) -> bool {
        let before = self.tokens.last().filter(|_| !self.first);
        let wants = before.is_some_and(|before| {
            let word = &self.text[before.start..before.end];
            before.kind == Kind::Word
                && matches!(
                    word,
                    "text" | "on" | "or" | "containing" | "starting" | "或" | "或者"
                )
        });
        let rest = &self.text[at..];
        let joined = ["或者", "或是", "或"];
        let behind = joined.iter().find_map(|word| rest.strip_prefix(word));
        wants && behind.is_some_and(|behind| behind.starts_with(['"', '“']))
    }

    /// A name starts at `at` that is no keyword which may follow a text.
    fn word_follows(&self, at: usize) -> bool {
        let rest = &self.text[at..];
        let end = rest
            .find(|c: char| !continues_name(c))
            .unwrap_or(rest.len());
        end > 0 && !MAY_FOLLOW.contains(&&rest[..end])
    }

    fn fancy_text(&mut self, open: char) {
        let line_end = self.text_end();
        let inside = self.at + open.len_utf8();
        let (kind, closers): (usize, &[char]) = match open {
            '\'' => (0, &['\'']),
            '`' => (4, &['`']),
            '‘' | '’' => (1, &['’', '‘', '\'']),
            '「' | '『' => (2, &['」', '』']),
            _ => (3, &['”', '“', '"']),
        };
        let from = inside.max(self.no_closer[kind]).min(line_end);
        let Some(close) = self.text[from..line_end].find(closers) else {
            self.no_closer[kind] = line_end;
            self.push(Kind::Punct, inside);
            return;
        };
        let close = self
            .after_apostrophes(open, from, line_end)
            .or_else(|| self.outer_close(open, line_end))
            .unwrap_or(from + close);
        let length = self.peek(close).map_or(1, char::len_utf8);
        let quotes = Quotes {
            closed: true,
            open: Some(open.len_utf8()),
            close: (!self.text[close..].starts_with('"')).then_some(length),
            inner: Vec::new(),
        };
        self.push(Kind::Text(quotes), close + length);
    }

    /// Where `'it's'` ends.
    fn after_apostrophes(&self, open: char, from: usize, line_end: usize) -> Option<usize> {
        let line = &self.text[from..line_end];
        let goes_on = |at: usize| self.word_follows(from + at);
        let closers = match open {
            '\'' => "'",
            '‘' => "’'",
            _ => return None,
        };
        quotes::after_apostrophes(line, closers, goes_on).map(|at| from + at)
    }

    /// Where `“他说“你好”。”` ends: at the quote that closes the first one, not one inside.
    fn outer_close(&self, open: char, line_end: usize) -> Option<usize> {
        let (opening, closing) = match open {
            '“' => ('“', '”'),
            '‘' => ('‘', '’'),
            '「' => ('「', '」'),
            '『' => ('『', '』'),
            _ => return None,
        };
        let mut depth = 0usize;
        let line = self.text[self.at..line_end].char_indices();
        for (at, c) in line.take(MAX_NESTED_QUOTES) {
            if c == opening {
                depth += 1;
            } else if c == closing {
                depth -= 1;
                if depth == 0 {
                    return Some(self.at + at);
                }
            } else if c == '"' {
                return None;
            }
        }
        None
    }

    fn block(&mut self) {
        let inside = self.at + 3;
        let mut column0 = None;
        let mut line = self.line;
        let mut at = inside;
        let mut end = None;
        let mut escaped = false;
        while let Some(c) = self.peek(at) {
            if !escaped && self.text[at..].starts_with("\"\"\"") {
                end = Some(at + 3);
                break;
            }
            at += c.len_utf8();
            escaped = c == '\\' && !escaped;
            if c != '\n' {
                continue;
            }
            let next = &self.text[at..];
            let next = &next[..next.find('\n').unwrap_or(next.len())];
            if next.starts_with('}') || looks_like_item(next) {
                break;
            }
            if column0.is_none() && !next.starts_with(char::is_whitespace) && !next.is_empty() {
                column0 = Some(at);
                if self.at < self.unclosed_to {
                    break;
                }
            }
            line = at;
        }
        match end {
            Some(end) => {
                self.push(
                    Kind::Block {
                        closed: true,
                        column0,
                    },
                    end,
                );
                self.line = line;
            }
            None => {
                // It reaches to the last line before the one that ended it, or to the end; when
                // lines at column 0 stand in it, only to the first of those.
                let stop = column0.unwrap_or(at);
                self.unclosed_to = self.unclosed_to.max(at);
                let kept = self.text[self.at..stop].trim_end().len().max(3);
                self.push(
                    Kind::Block {
                        closed: false,
                        column0: None,
                    },
                    self.at + kept,
                );
                self.line = self.text[..self.at].rfind('\n').map_or(0, |at| at + 1);
            }
        }
    }
}
