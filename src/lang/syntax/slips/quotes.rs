//! Quotes: of another kind, inside a text, left open; text blocks left open or not indented.

use super::Slips;
use super::half_quoted::code_behind;
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::syntax::lexer::{Kind, Quotes, Token};
use crate::lang::syntax::repair::Edit;
use crate::lang::syntax::vocabulary::{Body, is_clause};

/// Lines of one text in single quotes: more is another mistake.
const MAX_BROKEN_LINES: usize = 12;
/// Tokens before a sign that are looked through for the list it may stand in.
const MAX_LIST_TOKENS: usize = 4_096;

impl Slips<'_> {
    /// Says how many of the next tokens are done with.
    pub(super) fn quotes(&mut self, at: usize, quotes: &Quotes) -> usize {
        let token = &self.tokens[at];
        let (start, end) = (token.start, token.end);
        if !quotes.closed {
            if let Some(last) = self.closed_later(at) {
                self.over_lines(at, last);
                return last - at;
            }
            self.open_text(at);
            return 0;
        }
        if quotes.open.is_some() || quotes.close.is_some() {
            let inside = start + quotes.open.unwrap_or(1);
            let until = end - quotes.close.unwrap_or(1);
            let body = &self.text[inside..until];
            // An apostrophe may end the text as well, or be a part of it; behind one goes a word on.
            let single = |c: char| matches!(c, '\'' | '‘' | '’');
            let behind = self.text[end..].starts_with(|c: char| c.is_ascii_alphanumeric());
            let last = self.text[until..end].starts_with(single);
            let unsure = last && (body.contains(single) || behind);
            // Another language's way to write one inside.
            let doubled = if last { "''" } else { "\\'" };
            let body = body.replace(doubled, "'").replace('"', "\\\"");
            // Another language's sign before a value inside.
            let body = match self.text[start..].starts_with('`') {
                true => body.replace("${", "{"),
                false => body,
            };
            let by = format!("\"{body}\"");
            self.other_quotes.push((Edit::new(start, end, by), unsure));
            return 0;
        }
        if self.brace_behind(at, quotes) {
            return 1;
        }
        if self.clause_behind(token.line, quotes) {
            return 0;
        }
        if let Some(inner) = quotes.inner.first().filter(|_| quotes.inner.len() % 2 == 1)
            && self.closed_before(start, *inner)
        {
            return 0;
        }
        if quotes.inner.first() == Some(&(start + 1)) {
            self.doubled_quote(start, end, quotes.inner.len());
            return 0;
        }
        // `cancel on "不"要" { reply "好。" }`: the block behind the text has texts of its own.
        let block = quotes.inner.iter().position(|inner| {
            let code = self.text[inner + 1..end]
                .strip_prefix(" {")
                .map(str::trim_start);
            code.is_some_and(|code| is_clause(code.split(' ').next().unwrap_or_default()))
        });
        let (quotes, end) = match block {
            Some(last) => (
                &Quotes {
                    inner: quotes.inner[..last].to_vec(),
                    ..quotes.clone()
                },
                quotes.inner[last] + 1,
            ),
            None => (quotes, end),
        };
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
            if self.choices_in_text(at, &quotes.inner) {
                return 0;
            }
            if self.otherwise_in_hole(start, end, &quotes.inner) {
                self.edit(start, end, by);
                return 0;
            }
            let label = self.sink.span(*first, *last + 1);
            let found = Diagnostic::error(
                "E0114",
                Words::new("文字里有引号", "a quote inside a text"),
                label,
                Words::new(
                    "这里的引号会让文字提前结束",
                    "this quote ends the text too early",
                ),
            )
            .with_help(Words::new(
                "也可以用中文引号 `“”`，它们不需要反斜杠",
                "quotes such as `“”` need no backslash",
            ));
            let words = Words::new("在里面的引号前加反斜杠", "escape the inner quotes");
            // Quotes that do not come in pairs may be too many just as well; and behind `or` or a comma another
            // text may begin, so that one is missing before.
            let joins = ["or", "或", ",", "，", "、"];
            let joined = |inner: &usize| {
                let before = self.text[start..*inner].trim_end();
                joins.iter().any(|join| before.ends_with(join))
            };
            let sure = quotes.inner.len().is_multiple_of(2) && !quotes.inner.iter().any(joined);
            self.sink.add(if sure {
                found.with_fix(words, span, by.clone())
            } else {
                found.with_guess(words, span, by.clone())
            });
            self.edit(start, end, by);
        }
        0
    }

    /// `description: "…"url: "…"`: the next field, or the next clause, on the same line without a blank.
    fn clause_behind(&mut self, line: usize, quotes: &Quotes) -> bool {
        let [first, second] = quotes.inner[..] else {
            return false;
        };
        let between = self.text[first + 1..second].trim();
        let name = between.trim_end_matches([':', ' ']);
        let field = between.ends_with(':')
            && !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let clause = Body::home(between.split(' ').next().unwrap_or_default()).is_some();
        if !field && !clause {
            return false;
        }
        let code = &self.text[line..];
        let indent = code.len() - code.trim_start_matches(' ').len();
        let at = first + 1;
        let by = format!("\n{}", " ".repeat(indent));
        let begin = at + self.text[at..second].find(between).unwrap_or(0);
        let here = self.sink.span(begin, begin + between.len());
        let found = Diagnostic::error(
            "E0107",
            Words::new("一行里有几个子句", "several clauses stand on one line"),
            here,
            Words::new("应另起一行", "this belongs on a line of its own"),
        );
        let words = Words::new("另起一行", "start a new line");
        let gap = self.sink.span(at, begin);
        // Behind a field's name nothing but its text can stand.
        self.sink.add(if field {
            found.with_fix(words, gap, by.clone())
        } else {
            found.with_guess(words, gap, by.clone())
        });
        self.edit(at, begin, by);
        true
    }

    /// `"买 {n: number"}`: the quote stands before the brace it should stand behind.
    fn brace_behind(&mut self, at: usize, quotes: &Quotes) -> bool {
        let token = &self.tokens[at];
        let (start, end) = (token.start, token.end);
        let Some(brace) = self.tokens.get(at + 1) else {
            return false;
        };
        let body = &self.text[start..end];
        let left_open = body.rfind(['{', '}']).is_some_and(|at| {
            let name = &body[at + 1..];
            body[at..].starts_with('{') && name.starts_with(|c: char| c.is_ascii_lowercase())
        });
        let fits = quotes.inner.is_empty() && brace.start == end && self.slice(brace) == "}";
        if !fits || !left_open {
            return false;
        }
        let brace_end = brace.end;
        let by = format!("{}}}\"", &self.text[start..end - 1]);
        let span = self.sink.span(start, brace_end);
        self.sink.add(
            Diagnostic::error(
                "E0124",
                Words::new("引号写在了花括号前面", "the quote stands before the brace"),
                self.sink.span(end - 1, brace_end),
                Words::new("应是 `}\"`", "should be `}\"`"),
            )
            .with_fix(Words::new("换过来", "swap them"), span, by.clone()),
        );
        self.edit(start, brace_end, by);
        true
    }

    /// `["取消, "退出"]`: the first text lost its second quote, so that the next one's first seems to end it.
    fn closed_before(&mut self, start: usize, inner: usize) -> bool {
        let body = &self.text[start + 1..inner];
        let kept = body.trim_end();
        // `"关于我们, url: "…"`: the next field's name.
        let field = kept.strip_suffix(':').map(|kept| {
            kept.trim_end_matches(|c: char| c.is_ascii_lowercase() || c == '_')
                .trim_end()
        });
        let field = field.and_then(|kept| kept.strip_suffix([',', '，']));
        // `cancel on "取消 { reply "`: the block behind it, with the next text.
        let block = kept.find(" {").filter(|at| {
            let code = kept[at + 2..].trim_start();
            let word = code.split(' ').next().unwrap_or_default();
            is_clause(word) && code.is_ascii()
        });
        let joined = [",", "，", "、", " or", " 或", " invalid"]
            .into_iter()
            .find_map(|sign| kept.strip_suffix(sign))
            .or(field)
            .or(block.map(|at| &kept[..at]))
            .map(|kept| kept.trim_end())
            .map(|kept| code_behind(kept).unwrap_or(kept.len()))
            .filter(|length| *length > 0);
        let Some(length) = joined else {
            return false;
        };
        self.not_closed(start, start + 1 + length);
        true
    }

    /// Whether a list is open here: what separates its items may end a line.
    pub(super) fn in_list(&self, at: usize) -> bool {
        let mut closed = 0_usize;
        for token in self.tokens[..at].iter().rev().take(MAX_LIST_TOKENS) {
            match self.slice(token) {
                "]" => closed += 1,
                "[" if closed == 0 => return true,
                "[" => closed -= 1,
                "{" | "}" => return false,
                _ => {}
            }
        }
        false
    }

    /// `""绑定"`: the first quote twice.
    fn doubled_quote(&mut self, start: usize, end: usize, inner: usize) {
        let by = format!("\"{}", &self.text[start + 2..end]);
        let span = self.sink.span(start, end);
        let found = Diagnostic::error(
            "E0114",
            Words::new("这里有两个引号", "a quote twice"),
            self.sink.span(start, start + 2),
            Words::new("一个就够", "one is enough"),
        );
        let words = Words::new("去掉一个引号", "drop one quote");
        // With more quotes behind it, it may have been meant otherwise.
        self.sink.add(match inner {
            1 => found.with_fix(words, span, by.clone()),
            _ => found.with_guess(words, span, by.clone()),
        });
        self.edit(start, end, by);
    }

    /// The quote that closes, some lines below, the text that begins at `at`: alone, behind words that
    /// begin no clause.
    fn closed_later(&self, at: usize) -> Option<usize> {
        let first = self.tokens[at].line;
        let mut lines = 0;
        let mut line = first;
        for (last, token) in self.tokens.iter().enumerate().skip(at + 1) {
            if token.line != line {
                line = token.line;
                lines += 1;
                let word = &self.text[token.start..token.end];
                if lines > MAX_BROKEN_LINES || token.start == token.line || is_clause(word) {
                    return None;
                }
            }
            match &token.kind {
                Kind::Text(quotes) if !quotes.closed && line != first => {
                    let rest = self.text[token.start..token.end].trim_start_matches('"');
                    let alone = rest.trim().is_empty() || rest.trim() == "}";
                    return alone.then_some(last);
                }
                Kind::Text(_) | Kind::Block { .. } | Kind::Comment => return None,
                _ => {}
            }
        }
        None
    }

    /// A text of several lines in single quotes.
    fn over_lines(&mut self, at: usize, last: usize) {
        let (start, end) = (self.tokens[at].start, self.tokens[last].start + 1);
        let lines: Vec<&str> = self.text[start..end].lines().map(str::trim).collect();
        let by = lines.join("\\n");
        let span = self.sink.span(start, end);
        let open = self.sink.span(start, self.tokens[at].end);
        self.sink.add(
            Diagnostic::error(
                "E0111",
                Words::new("文字断成了几行", "this text is broken over lines"),
                open,
                Words::new(
                    "到行末也没有另一个 `\"`",
                    "no other `\"` up to the end of the line",
                ),
            )
            .with_fix(
                Words::new(
                    "写成一行，换行用 `\\n`",
                    "write one line, with `\\n` for the break",
                ),
                span,
                by.clone(),
            )
            .with_help(Words::new(
                "几行的文字用三个引号 `\"\"\"`",
                "texts of several lines take three quotes `\"\"\"`",
            )),
        );
        self.edit(start, end, by);
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
            Some(']' | ')') if self.brackets_open(at) => {
                raw.trim_end_matches([']', ')', ' ']).len().max(1)
            }
            _ => raw.len(),
        };
        let (start, mut end) = (token.start, token.start + cut);
        // `at most 3 times"`: a quote that opens nothing.
        if cut == 1 && self.spare_quote(at) {
            return;
        }
        if self.closed_by_another(start, end) {
            return;
        }
        let body = &self.text[start + 1..end];
        let code = code_behind(body);
        if let Some(code) = code {
            end = start + 1 + code;
        }
        let here = self.sink.span(end, end);
        let text = self.sink.span(start, end);
        let found = Diagnostic::error(
            "E0111",
            Words::new("引号没有闭合", "this text is not closed"),
            text,
            Words::new(
                "到行末也没有另一个 `\"`",
                "no other `\"` up to the end of the line",
            ),
        );
        let add = Words::new("补上 `\"`", "add `\"`");
        // What follows a blank in Latin letters or signs may belong to the rule: `"b when bound`.
        let found = match code.is_some() || may_hold_a_clause(&self.text[start..end]) {
            true => found.with_guess(add, here, "\""),
            false => found.with_fix(add, here, "\""),
        };
        self.sink.add(found.with_help(Words::new(
            "几行的文字用三个引号 `\"\"\"`",
            "texts of several lines take three quotes `\"\"\"`",
        )));
        self.edit(end, end, "\"");
    }

    /// Whether a `(` or `[` of the line is open before the token.
    fn brackets_open(&self, at: usize) -> bool {
        let line = self.tokens[at].line;
        let before = self.tokens[..at].iter().rev();
        let on_line = before.take_while(|other| other.line == line);
        let open = on_line.fold(0i32, |sum, other| match self.slice(other) {
            "(" | "[" => sum + 1,
            ")" | "]" => sum - 1,
            _ => sum,
        });
        open > 0
    }

    pub(super) fn block(&mut self, token: &Token, closed: bool, column0: Option<usize>) {
        if !closed && self.block_closed_otherwise(token) {
            return;
        }
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
            let indent = indent_of(&self.text[token.start..token.end]);
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
                    indent,
                ),
            );
            self.edit(line, line, indent);
        }
    }
}

/// How far a text block's lines are indented. Another indentation than theirs would be a part of the text.
fn indent_of(block: &str) -> &str {
    let lines = block.lines().skip(1);
    lines
        .filter_map(|line| {
            line.find(|c: char| !c.is_whitespace())
                .map(|at| &line[..at])
        })
        .find(|indent| !indent.is_empty())
        .unwrap_or("        ")
}

/// Whether what was taken for text may hold more than the text.
fn may_hold_a_clause(text: &str) -> bool {
    let behind_blanks = text.split(' ').skip(1);
    behind_blanks
        .filter_map(|word| word.chars().next())
        .any(|first| first.is_ascii_lowercase() || matches!(first, '=' | '<' | '>' | '!'))
}
