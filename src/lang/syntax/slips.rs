//! Slips of the keyboard that can be told from the tokens alone: other languages' operators,
//! full-width punctuation, quotes of other kinds, quotes left open.
//!
//! Every slip is reported once, with its fix, and mended in a copy of the text, so that it hides no
//! other mistake. Nothing inside a proper text or comment is looked at.

use unicode_normalization::UnicodeNormalization;

use super::lexer::{Kind, Quotes, Token};
use super::repair::{Edit, Sink};
use crate::lang::diagnostics::{Diagnostic, Words};

/// Reports the slips among `tokens` of `text` and says how to mend them.
pub(super) fn find(text: &str, tokens: &[Token], sink: &mut Sink) -> Vec<Edit> {
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
        text,
        tokens: &seen,
        sink,
        edits: Vec::new(),
        wide: Vec::new(),
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

/// Full-width characters of one line that get a label of their own.
const MAX_LABELS: usize = 11;

struct Slips<'a> {
    text: &'a str,
    tokens: &'a [Token],
    sink: &'a mut Sink,
    edits: Vec<Edit>,
    /// Full-width characters of the present line: start, end, half-width twin.
    wide: Vec<(usize, usize, String)>,
}

impl Slips<'_> {
    fn run(&mut self) {
        let mut line = usize::MAX;
        let mut skip = 0;
        for at in 0..self.tokens.len() {
            let token = &self.tokens[at];
            if token.line != line {
                line = token.line;
                self.flush_wide();
            }
            if skip > 0 {
                skip -= 1;
                continue;
            }
            match &token.kind {
                Kind::Comment | Kind::Number => {}
                Kind::WrongComment => self.comment(token),
                Kind::Word => self.word(token),
                Kind::Text(quotes) => self.quotes(at, quotes),
                Kind::Block { closed, column0 } => self.block(token, *closed, *column0),
                Kind::Punct => skip = self.punct(at),
            }
        }
        self.flush_wide();
    }

    fn slice(&self, token: &Token) -> &str {
        &self.text[token.start..token.end]
    }

    fn edit(&mut self, start: usize, end: usize, by: impl Into<String>) {
        self.edits.push(Edit::new(start, end, by));
    }

    /// Reports `start..end`, to be replaced by `by`.
    #[allow(
        clippy::too_many_arguments,
        reason = "one call per slip, read as a row"
    )]
    fn slip(
        &mut self,
        code: &'static str,
        start: usize,
        end: usize,
        by: &str,
        title: Words,
        label: Words,
    ) {
        let span = self.sink.span(start, end);
        let shown = by.trim();
        let fix = if shown.is_empty() {
            Words::new("去掉它", "remove it")
        } else {
            Words::new(format!("改成 `{shown}`"), format!("write `{shown}`"))
        };
        self.sink
            .add(Diagnostic::error(code, title, span, label).with_fix(fix, span, by));
        self.edit(start, end, by);
    }

    fn comment(&mut self, token: &Token) {
        let wide = self.slice(token).starts_with('＃');
        let length = if wide { '＃'.len_utf8() } else { 2 };
        let sign = if wide { "＃" } else { "//" };
        self.slip(
            "E0117",
            token.start,
            token.start + length,
            "#",
            Words::new(
                format!("注释用 `#` 开头，不是 `{sign}`"),
                format!("comments start with `#`, not `{sign}`"),
            ),
            Words::new("应是 `#`", "should be `#`"),
        );
    }

    fn word(&mut self, token: &Token) {
        let word = self.slice(token);
        if word.is_ascii() {
            return;
        }
        let narrow: String = word.nfkc().collect();
        if narrow.starts_with(|c: char| c.is_ascii_digit()) {
            self.wide.push((token.start, token.end, narrow));
        } else if narrow.is_ascii()
            && super::grammar::starts_name(narrow.chars().next().unwrap_or(' '))
        {
            self.edit(token.start, token.end, narrow);
        }
    }

    fn quotes(&mut self, at: usize, quotes: &Quotes) {
        let token = &self.tokens[at];
        let (start, end) = (token.start, token.end);
        if !quotes.closed {
            self.open_text(at);
            return;
        }
        if quotes.open.is_some() || quotes.close.is_some() {
            let inside = start + quotes.open.unwrap_or(1);
            let until = end - quotes.close.unwrap_or(1);
            let body = self.text[inside..until].replace('"', "\\\"");
            let by = format!("\"{body}\"");
            let span = self.sink.span(start, end);
            self.sink.add(
                Diagnostic::error(
                    "E0115",
                    Words::new("文字要用半角双引号 `\"`", "a text is quoted with `\"`"),
                    span,
                    Words::new("这不是半角双引号", "other quotes"),
                )
                .with_fix(Words::new("换成 `\"`", "use `\"`"), span, by.clone()),
            );
            self.edit(start, end, by);
            return;
        }
        if let (Some(first), Some(last)) = (quotes.inner.first(), quotes.inner.last()) {
            let mut by = String::new();
            let mut from = start;
            for inner in &quotes.inner {
                by.push_str(&self.text[from..*inner]);
                by.push('\\');
                from = *inner;
            }
            by.push_str(&self.text[from..end]);
            let span = self.sink.span(start, end);
            let label = self.sink.span(*first, *last + 1);
            self.sink.add(
                Diagnostic::error(
                    "E0114",
                    Words::new("文字里有引号", "a quote inside a text"),
                    label,
                    Words::new(
                        "这里的引号会让文字提前结束",
                        "this quote ends the text too early",
                    ),
                )
                .with_fix(
                    Words::new("在里面的引号前加反斜杠", "escape the inner quotes"),
                    span,
                    by.clone(),
                )
                .with_help(Words::new(
                    "也可以用中文引号 `“”`，它们不需要反斜杠",
                    "quotes such as `“”` need no backslash",
                )),
            );
            self.edit(start, end, by);
        }
    }

    fn open_text(&mut self, at: usize) {
        let token = &self.tokens[at];
        let raw = self.slice(token);
        let on_line = |other: &&Token| other.line == token.line;
        let braces = self.tokens[..at]
            .iter()
            .rev()
            .take_while(on_line)
            .fold(0i32, |sum, other| {
                match &self.text[other.start..other.end] {
                    "{" => sum + 1,
                    "}" => sum - 1,
                    _ => sum,
                }
            });
        // A brace at the end of the line was most likely meant as one.
        let cut = match raw.chars().next_back() {
            Some('{') if raw.len() > 1 => raw[..raw.len() - 1].trim_end().len(),
            Some('}') if braces > 0 && !raw[..raw.len() - 1].contains('{') => {
                raw[..raw.len() - 1].trim_end().len()
            }
            _ => raw.len(),
        };
        let (start, end) = (token.start, token.start + cut);
        let here = self.sink.span(end, end);
        let text = self.sink.span(start, end);
        self.sink.add(
            Diagnostic::error(
                "E0111",
                Words::new("引号没有闭合", "this text is not closed"),
                text,
                Words::new(
                    "到行末也没有另一个 `\"`",
                    "no other `\"` up to the end of the line",
                ),
            )
            .with_fix(Words::new("补上 `\"`", "add `\"`"), here, "\"")
            .with_help(Words::new(
                "几行的文字用三个引号 `\"\"\"`",
                "texts of several lines take three quotes `\"\"\"`",
            )),
        );
        self.edit(end, end, "\"");
    }

    fn block(&mut self, token: &Token, closed: bool, column0: Option<usize>) {
        if !closed {
            let open = self.sink.span(token.start, token.start + 3);
            let end = self.sink.span(token.end, token.end);
            self.sink.add(
                Diagnostic::error(
                    "E0112",
                    Words::new("文字块没有闭合", "this text block is not closed"),
                    open,
                    Words::new("从这里开始", "it starts here"),
                )
                .with_label(
                    end,
                    Words::new("到这里还没有 `\"\"\"`", "no `\"\"\"` up to here"),
                )
                .with_fix(
                    Words::new("补上 `\"\"\"`", "add `\"\"\"`"),
                    end,
                    "\n        \"\"\"",
                ),
            );
            self.edit(token.end, token.end, "\n        \"\"\"");
        }
        if let Some(line) = column0 {
            let rest = &self.text[line..token.end];
            let length = rest.find('\n').unwrap_or(rest.len());
            let span = self.sink.span(line, line + length);
            let here = self.sink.span(line, line);
            let open = self.sink.span(token.start, token.start + 3);
            self.sink.add(
                Diagnostic::error(
                    "E0113",
                    Words::new(
                        "文字块里的每一行都要缩进",
                        "every line of a text block is indented",
                    ),
                    span,
                    Words::new("这一行顶格了", "this line stands at column 0"),
                )
                .with_label(
                    open,
                    Words::new("文字块从这里开始", "the block starts here"),
                )
                .with_fix(
                    Words::new("缩进这一行", "indent this line"),
                    here,
                    "        ",
                ),
            );
            self.edit(line, line, "        ");
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
        match sign.as_str() {
            "&&" => self.operator(start, end, "and"),
            "||" => self.operator(start, end, "or"),
            "!" => self.operator(start, end, "not"),
            "=>" | "≥" | "≧" => self.operator(start, end, ">="),
            "=<" | "≤" | "≦" => self.operator(start, end, "<="),
            "<>" | "≠" => self.operator(start, end, "!="),
            "===" => self.operator(start, end, "=="),
            "×" => self.operator(start, end, "*"),
            "÷" => self.operator(start, end, "/"),
            "=" | ":=" => self.equals(at, &sign),
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
            ";" | "；" => self.slip(
                "E0133",
                start,
                end,
                "",
                Words::new("不需要分号", "no semicolons are needed"),
                Words::new("每行一个子句，换行就够了", "the end of the line is enough"),
            ),
            _ => {
                let Some(c) = sign.chars().next() else {
                    return 0;
                };
                let wide_next = next.as_deref();
                match (c, wide_next) {
                    ('＝', Some("＝" | "=")) => {
                        let end = self.tokens[at + 1].end;
                        self.wide.push((start, end, "==".into()));
                        return 1;
                    }
                    ('＞' | '＜' | '！', Some("＝" | "=")) => {
                        let narrow = half_width(c).unwrap_or(c);
                        let end = self.tokens[at + 1].end;
                        self.wide.push((start, end, format!("{narrow}=")));
                        return 1;
                    }
                    ('＆', Some("＆")) | ('｜', Some("｜")) => {
                        let end = self.tokens[at + 1].end;
                        self.operator(start, end, if c == '＆' { "and" } else { "or" });
                        return 1;
                    }
                    ('＝', _) => {
                        let by = if self.assigns(at) { "=" } else { "==" };
                        self.wide.push((start, end, by.into()));
                    }
                    ('！', _) => self.wide.push((start, end, "not ".into())),
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

    fn operator(&mut self, start: usize, end: usize, right: &str) {
        let wrong = self.text[start..end].to_owned();
        let word = right.starts_with(char::is_alphabetic);
        let mut by = String::new();
        if word && !self.text[..start].ends_with([' ', '(', '\n']) {
            by.push(' ');
        }
        by.push_str(right);
        if word && !self.text[end..].starts_with([' ', '\n']) {
            by.push(' ');
        }
        self.slip(
            "E0119",
            start,
            end,
            &by,
            Words::new(
                format!("没有 `{wrong}` 这个运算符"),
                format!("there is no operator `{wrong}`"),
            ),
            Words::new(format!("这里写 `{right}`"), format!("write `{right}`")),
        );
    }

    /// Whether the `=` at `at` stands where a name is given.
    fn assigns(&self, at: usize) -> bool {
        let word = |back: usize| {
            at.checked_sub(back)
                .and_then(|at| self.tokens.get(at))
                .map_or("", |token| &self.text[token.start..token.end])
        };
        // `lst words = …`: a misspelt item keyword still gives a name.
        let item = at
            .checked_sub(2)
            .and_then(|at| self.tokens.get(at))
            .is_some_and(|token| token.kind == Kind::Word && token.start == token.line);
        (item && word(2) != "on")
            || matches!(word(2), "let" | "list" | "extractor" | "remember")
            || (matches!(word(2), ":" | "：") && word(4) == "list")
    }

    fn equals(&mut self, at: usize, sign: &str) {
        let token = &self.tokens[at];
        let (start, end) = (token.start, token.end);
        if self.assigns(at) {
            if sign != "=" {
                self.operator(start, end, "=");
            }
            return;
        }
        let before = at.checked_sub(1).map(|at| &self.tokens[at]);
        let earlier = at.checked_sub(2).map_or("", |at| {
            &self.text[self.tokens[at].start..self.tokens[at].end]
        });
        let name = before.map_or("", |token| &self.text[token.start..token.end]);
        let argument = matches!(name, "within" | "last" | "by" | "where" | "of")
            && matches!(earlier, "(" | ",");
        let field = before.is_some_and(|token| token.first && token.kind == Kind::Word)
            && !matches!(
                earlier,
                "and" | "or" | "not" | "when" | "(" | "+" | "-" | "*" | "/" | "[" | ","
            );
        if argument || field {
            self.slip(
                "E0118",
                start,
                end,
                ":",
                Words::new("这里用冒号 `:`", "a colon `:` belongs here"),
                Words::new("这里应是 `:`", "should be `:`"),
            );
        } else if earlier == "on"
            || matches!(name, "containing" | "starting" | "matching" | "scene")
        {
            self.slip(
                "E0118",
                start,
                end,
                "",
                Words::new(
                    "触发词直接写在事件后面，不用 `=`",
                    "what is matched follows the event, without `=`",
                ),
                Words::new("多余的 `=`", "not needed"),
            );
        } else {
            self.slip(
                "E0118",
                start,
                end,
                "==",
                Words::new("比较用两个等号 `==`", "values are compared with `==`"),
                Words::new("这里应是 `==`", "should be `==`"),
            );
        }
    }

    fn flush_wide(&mut self) {
        let wide = std::mem::take(&mut self.wide);
        let Some((first, more)) = wide.split_first() else {
            return;
        };
        let shown: Vec<String> = {
            let mut shown: Vec<String> = Vec::new();
            for (start, end, _) in &wide {
                let sign = format!("`{}`", &self.text[*start..*end]);
                if !shown.contains(&sign) {
                    shown.push(sign);
                }
            }
            shown
        };
        let list = shown.join(" ");
        let label = |by: &str| {
            let by = by.trim();
            Words::new(format!("应是 `{by}`"), format!("should be `{by}`"))
        };
        let mut diagnostic = Diagnostic::error(
            "E0116",
            Words::new(
                format!("代码里用了全角字符 {list}"),
                format!("full-width characters {list} in code"),
            ),
            self.sink.span(first.0, first.1),
            label(&first.2),
        );
        for (start, end, by) in more.iter().take(MAX_LABELS) {
            diagnostic = diagnostic.with_label(self.sink.span(*start, *end), label(by));
        }
        let (from, to) = (first.0, wide.last().map_or(first.1, |last| last.1));
        let mut mended = String::new();
        let mut at = from;
        for (start, end, by) in &wide {
            mended.push_str(&self.text[at..*start]);
            mended.push_str(by);
            at = *end;
        }
        diagnostic = diagnostic.with_fix(
            Words::new("改成半角", "make them half-width"),
            self.sink.span(from, to),
            mended,
        );
        diagnostic = diagnostic.with_help(Words::new(
            "引号里的文字可以用全角，引号外只能用半角",
            "full-width is fine inside texts, not outside",
        ));
        self.sink.add(diagnostic);
        for (start, end, by) in wide {
            self.edit(start, end, by);
        }
    }
}

/// The half-width twin of a full-width sign.
fn half_width(c: char) -> Option<char> {
    match c {
        '。' => Some('.'),
        '、' => Some(','),
        '【' | '〔' => Some('['),
        '】' | '〕' => Some(']'),
        '《' | '〈' => Some('<'),
        '》' | '〉' => Some('>'),
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0),
        _ => None,
    }
}

/// Zero-width and direction characters.
fn invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
        || (c.is_control() && !c.is_whitespace())
}
