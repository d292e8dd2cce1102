//! Texts with one quote: opened with a sign of another kind and never closed (`reply “几个人？`), or closed and
//! never opened, with code behind (`on text 绑定" or "bind"`).

use super::Slips;
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::syntax::lexer::{Kind, Token, before_text};
use crate::lang::syntax::vocabulary::is_clause;

/// Signs that open a text for whoever types it.
const OPENERS: [char; 9] = ['“', '”', '＂', '「', '『', '‘', '’', '\'', '`'];
/// Signs that close one.
const CLOSERS: [char; 8] = ['”', '“', '＂', '」', '』', '’', '\'', '`'];
/// Words that begin what follows a text on its line.
const BEHIND_TEXT: [&str; 16] = [
    "when", "unless", "invalid", "at", "even", "continue", "after", "weight", "or", "and", "for",
    "expires", "once", "shadow", "with", "until",
];

/// Where, in the body of a text without its second quote, code goes on that was to stand behind it: from a word
/// that may, nothing but ASCII follows a text that is not.
pub(super) fn code_behind(body: &str) -> Option<usize> {
    let last = body.rfind(|c: char| !c.is_ascii())?;
    let from = last + body[last..].chars().next().map_or(1, char::len_utf8);
    let behind = &body[from..];
    let mut at = 0;
    for word in behind.split(' ') {
        let code = match word {
            "at" => behind[at..].starts_with("at most "),
            "even" => behind[at..].starts_with("even in dialog"),
            "after" | "weight" | "for" | "expires" => {
                let value = behind[at + word.len()..].trim_start();
                value.starts_with(|c: char| c.is_ascii_digit() || c == '-')
            }
            word => BEHIND_TEXT.contains(&word),
        };
        // A text ends before a blank.
        if code && at > 0 {
            let end = from + behind[..at].trim_end().len();
            return Some(end);
        }
        at += word.len() + 1;
    }
    None
}

impl Slips<'_> {
    /// `reply “几个人？`: a sign of another kind opens the text, and nothing closes it. Says how many of the next
    /// tokens are done with.
    pub(super) fn opened_otherwise(&mut self, at: usize) -> Option<usize> {
        let token = &self.tokens[at];
        let (start, line) = (token.start, token.line);
        let mut sign = self.slice(token).chars();
        let opens = sign.next().is_some_and(|c| OPENERS.contains(&c)) && sign.next().is_none();
        if !opens || token.first || !self.wants_text(at) {
            return None;
        }
        let inside = token.end;
        let line_end = self.text[start..]
            .find('\n')
            .map_or(self.text.len(), |end| start + end);
        let mut end = inside + self.text[inside..line_end].trim_end().len();
        let before = &self.text[line..start];
        let body = &self.text[inside..end];
        // The brace of a rule's head, or that of a block on one line.
        let closes = before.contains('{') && !body.contains('{');
        let brace = match body.chars().next_back() {
            Some('{') => !before.contains('{'),
            Some('}') => closes,
            _ => false,
        };
        if brace {
            end -= 1;
        }
        let body = self.text[inside..end].trim_end();
        let body = body.trim_end_matches('"').trim_end_matches(CLOSERS);
        let body = code_behind(body).map_or(body, |cut| &body[..cut]);
        if body.trim().is_empty() || body.contains('"') || body.contains(OPENERS) {
            return None;
        }
        let body = body.to_owned();
        let mut stop = inside + body.len();
        stop += self.text[stop..line_end]
            .chars()
            .take_while(|c| *c == '"' || CLOSERS.contains(c))
            .map(char::len_utf8)
            .sum::<usize>();
        let by = format!("\"{body}\"");
        let span = self.sink.span(start, stop);
        let found = Diagnostic::error(
            "E0111",
            Words::new("引号没有闭合", "this text is not closed"),
            span,
            Words::new(
                "文字前后都写半角双引号 `\"`",
                "a text has a `\"` on either side",
            ),
        );
        let words = Words::new(format!("写成 `{by}`"), format!("write `{by}`"));
        self.sink.add(found.with_guess(words, span, by.clone()));
        self.edit(start, stop, by);
        let rest = self.tokens[at + 1..].iter();
        Some(
            rest.take_while(|token| token.line == line && token.start < stop)
                .count(),
        )
    }

    /// `"""` and, below, `”””` on a line of its own.
    pub(super) fn block_closed_otherwise(&mut self, token: &Token) -> bool {
        let inside = token.start + 3;
        let Some(body) = self.text.get(inside..token.end) else {
            return false;
        };
        let line = body.split_inclusive('\n').scan(inside, |at, line| {
            let start = *at;
            *at += line.len();
            Some((start + line.len() - line.trim_start().len(), line.trim()))
        });
        let mut closers = line.filter(|(_, line)| {
            line.chars().count() == 3 && line.chars().all(|c| CLOSERS.contains(&c) || c == '"')
        });
        let Some((start, closer)) = closers.next() else {
            return false;
        };
        let end = start + closer.len();
        let span = self.sink.span(start, end);
        self.sink.add(
            Diagnostic::error(
                "E0115",
                Words::new(
                    "文字块要用三个半角双引号 `\"\"\"`",
                    "a text block is quoted with `\"\"\"`",
                ),
                span,
                Words::new("这里是别的引号", "other quotes"),
            )
            .with_fix(Words::new("换成 `\"\"\"`", "use `\"\"\"`"), span, "\"\"\""),
        );
        self.edit(start, end, "\"\"\"");
        true
    }

    /// `绑定" or "bind"`: the quote at `quote` closes a text that nothing opened; it begins at `from`.
    pub(super) fn never_opened(&mut self, from: usize, quote: usize) {
        let (start, end) = (self.tokens[from].start, self.tokens[quote].start + 1);
        self.first_quote_missing(start, end);
    }

    /// The text from `start` to `end`, its closing quote within, has no first quote: it gets one.
    pub(super) fn first_quote_missing(&mut self, start: usize, end: usize) {
        let here = self.sink.span(start, start);
        self.sink.add(
            Diagnostic::error(
                "E0111",
                Words::new(
                    "文字少了前一个引号",
                    "the first quote of this text is missing",
                ),
                self.sink.span(start, end),
                Words::new("前面应有 `\"`", "`\"` belongs before it"),
            )
            .with_fix(Words::new("补上 `\"`", "add `\"`"), here, "\""),
        );
        self.edit(start, start, "\"");
    }

    /// Where the words before the quote at `at` begin.
    pub(super) fn words_before(&self, at: usize) -> usize {
        let mut from = at;
        while let Some(before) = from.checked_sub(1) {
            let token = &self.tokens[before];
            let word = self.slice(token);
            let same = token.line == self.tokens[at].line;
            let joined = from == at;
            let prose = match token.kind {
                Kind::Word => {
                    joined || !word.is_ascii() || !(is_clause(word) || BEHIND_TEXT.contains(&word))
                }
                Kind::Number => true,
                Kind::Punct => !word.is_ascii(),
                _ => false,
            };
            let head = matches!(word, "text" | "on" | "containing" | "starting" | "sends");
            // `signal NAME "…"`
            let named = |at: usize| {
                matches!(self.word_at(at), "signal" | "dialog") && self.tokens[at].first
            };
            let name = named(before) || before.checked_sub(1).is_some_and(named);
            if !same || !prose || name || (head && !joined) {
                break;
            }
            from = before;
        }
        from
    }

    /// `"你好？'`: another sign closes the text from `start` to `end`.
    pub(super) fn closed_by_another(&mut self, start: usize, mut end: usize) -> bool {
        let Some(closer) = other_closer(&self.text[start + 1..end]) else {
            return false;
        };
        end -= closer.len_utf8();
        let by = format!("{}\"", &self.text[start..end]);
        let span = self.sink.span(start, end + closer.len_utf8());
        self.sink.add(
            Diagnostic::error(
                "E0115",
                Words::new("文字要用半角双引号 `\"`", "a text is quoted with `\"`"),
                self.sink.span(end, end + closer.len_utf8()),
                Words::new("这不是半角双引号", "other quotes"),
            )
            .with_guess(Words::new("换成 `\"`", "use `\"`"), span, by.clone()),
        );
        self.edit(start, end + closer.len_utf8(), by);
        true
    }

    /// `reply "你好"。`: the stop stands behind the quote that ends the text.
    pub(super) fn stop_behind(&mut self, at: usize) -> bool {
        let token = &self.tokens[at];
        let (start, end) = (token.start, token.end);
        let sign = self.slice(token).to_owned();
        let before = at.checked_sub(1).map(|before| &self.tokens[before]);
        let text = before.is_some_and(|before| {
            matches!(&before.kind, Kind::Text(quotes) if quotes.closed) && before.end == start
        });
        let comment = |next: &Token| matches!(next.kind, Kind::Comment | Kind::WrongComment);
        let next = self
            .tokens
            .get(at + 1)
            .filter(|next| next.line == token.line && !comment(next));
        let brace = next.is_some_and(|next| self.slice(next) == "{");
        let last = brace || next.is_none_or(|next| self.slice(next) == "}");
        if text && !last && self.emphasis(at) {
            return true;
        }
        if !text
            || !last
            || (sign == "，" && self.in_list(at))
            || !matches!(sign.as_str(), "。" | "！" | "？" | "，" | "…" | "～")
        {
            return false;
        }
        let span = self.sink.span(start, end);
        // It may be a quote of another kind, of several bytes.
        let quote = self.text[..start].chars().next_back();
        let pair = self.sink.span(start - quote.map_or(0, char::len_utf8), end);
        self.sink.add(
            Diagnostic::error(
                "E0114",
                Words::new(
                    format!("`{sign}` 写在了引号外面"),
                    format!("`{sign}` stands outside the quotes"),
                ),
                span,
                Words::new(
                    "文字到前面的引号为止",
                    "the text ends at the quote before it",
                ),
            )
            .with_guess(
                // What is waited for is written without a stop.
                if brace {
                    Words::new("去掉它", "remove it")
                } else {
                    Words::new("放进引号里", "move it inside")
                },
                pair,
                if brace {
                    "\"".to_owned()
                } else {
                    format!("{sign}\"")
                },
            ),
        );
        self.edit(start, end, "");
        true
    }

    /// `reply "你好{nick otherwise "朋友"}"`: braces show a name, what is worked out is named before.
    pub(super) fn otherwise_in_hole(&mut self, start: usize, end: usize, inner: &[usize]) -> bool {
        let [first, second] = inner else {
            return false;
        };
        let open = self.text[start..*first].rfind('{').map(|at| start + at);
        let close = self.text[*second..end].find('}').map(|at| second + at);
        let (Some(open), Some(close)) = (open, close) else {
            return false;
        };
        let body = self.text[open + 1..close].trim();
        let Some((name, _)) = body.split_once(" otherwise ") else {
            return false;
        };
        let name = name.trim();
        let path = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        if name.is_empty()
            || !name.chars().all(path)
            || *second != open + 1 + self.text[open + 1..close].trim_end().len() - 1
        {
            return false;
        }
        let shown = format!("{}_shown", name.replace('.', "_"));
        self.sink.add(
            Diagnostic::error(
                "E0124",
                Words::new(
                    "花括号里只能写一个名字",
                    "only a name can stand inside the braces",
                ),
                self.sink.span(open, close + 1),
                Words::new("`otherwise` 写在 `let` 里", "`otherwise` belongs into a `let`"),
            )
            .with_help(Words::new(
                format!("规则外面先写 `let {shown} = {body}`，这里写 `{{{shown}}}`；这条消息里取出的名字，分成两条规则"),
                format!("write `let {shown} = {body}` outside the rule and `{{{shown}}}` here; for a name taken from this message write two rules"),
            )),
        );
        true
    }

    /// `reply "要大杯"？还是小杯？`: words in quotes at the beginning of a text that has none of its own.
    pub(super) fn emphasis(&mut self, at: usize) -> bool {
        let Some(text) = at.checked_sub(1).filter(|text| self.wants_text(*text)) else {
            return false;
        };
        let line = self.tokens[at].line;
        let behind = self.tokens[at..].iter();
        let behind = behind.take_while(|token| token.line == line && self.slice(token) != "}");
        let prose = |token: &Token| {
            let word = self.slice(token);
            matches!(token.kind, Kind::Word | Kind::Punct) && !word.is_ascii()
        };
        let count = behind.clone().count();
        if count == 0 || !behind.clone().all(prose) {
            return false;
        }
        let (start, end) = (self.tokens[text].start, self.tokens[at + count - 1].end);
        let quoted = self.slice(&self.tokens[text]).trim_matches('"').to_owned();
        let by = format!("\"“{quoted}”{}\"", &self.text[self.tokens[at].start..end]);
        let span = self.sink.span(start, end);
        self.sink.add(
            Diagnostic::error(
                "E0114",
                Words::new("引号外面还有文字", "the text goes on behind its quotes"),
                self.sink.span(self.tokens[at].start, end),
                Words::new(
                    "文字到前面的引号为止",
                    "the text ends at the quote before it",
                ),
            )
            .with_guess(
                Words::new(format!("写成 `{by}`"), format!("write `{by}`")),
                span,
                by.clone(),
            ),
        );
        self.edit(start, end, by);
        for token in &self.tokens[at..at + count] {
            self.mended.insert(token.start);
        }
        true
    }

    /// `"for or "when"`: what seems to close the text at `open` begins the next.
    fn closed_by_the_next(&mut self, open: usize) -> bool {
        let token = &self.tokens[open];
        let closed =
            matches!(&token.kind, Kind::Text(quotes) if quotes.closed && quotes.inner.is_empty());
        if !closed {
            return false;
        }
        let start = token.start;
        let body = self.text[start..token.end - 1].trim_end();
        let joined = [" or", " 或", ",", "，", "、"]
            .iter()
            .find_map(|join| body.strip_suffix(join));
        let Some(body) = joined.map(str::trim_end).filter(|body| body.len() > 1) else {
            return false;
        };
        let end = start + body.len();
        self.not_closed(start, end);
        true
    }

    /// The text from `start` to `end` lacks its second quote: it gets one.
    pub(super) fn not_closed(&mut self, start: usize, end: usize) {
        let here = self.sink.span(end, end);
        self.sink.add(
            Diagnostic::error(
                "E0111",
                Words::new("引号没有闭合", "this text is not closed"),
                self.sink.span(start, end),
                Words::new("少了后一个 `\"`", "its second `\"` is missing"),
            )
            .with_guess(Words::new("补上 `\"`", "add `\"`"), here, "\""),
        );
        self.edit(end, end, "\"");
    }

    /// Whether the quote at `at`, with nothing behind it, closes a text that is closed already, or follows what
    /// is none; reports it then.
    pub(super) fn spare_quote(&mut self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1).map(|before| &self.tokens[before]) else {
            return false;
        };
        let word = self.slice(before);
        let code = match &before.kind {
            Kind::Text(quotes) => quotes.closed,
            Kind::Number => true,
            Kind::Word => word.is_ascii(),
            _ => false,
        };
        let start = self.tokens[at].start;
        let end = start + 1;
        if before.end != start || self.wants_text(at) {
            return false;
        }
        // `or bind" {`
        let from = self.words_before(at);
        let head = from
            .checked_sub(1)
            .map_or("", |before| self.word_at(before));
        if from < at && before_text(head) {
            self.never_opened(from, at);
            return true;
        }
        if !code {
            return false;
        }
        if let Some(open) = from.checked_sub(1)
            && from < at
            && self.closed_by_the_next(open)
        {
            return true;
        }
        if self.tokens[at].end > end {
            return false;
        }
        let span = self.sink.span(start, end);
        self.sink.add(
            Diagnostic::error(
                "E0114",
                Words::new("多了一个引号", "a quote too many"),
                span,
                Words::new("它前面没有文字", "no text stands before it"),
            )
            .with_guess(Words::new("去掉它", "remove it"), span, ""),
        );
        self.edit(start, end, "");
        true
    }
}

/// The quote of another kind that ends a text, if none before opens it.
fn other_closer(body: &str) -> Option<char> {
    let last = body.chars().next_back()?;
    let open = match last {
        '\'' => '\'',
        '`' => '`',
        '」' => '「',
        '』' => '『',
        _ => return None,
    };
    let before = &body[..body.len() - last.len_utf8()];
    (!before.is_empty() && !before.contains(open)).then_some(last)
}
