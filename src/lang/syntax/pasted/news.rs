//! `reply news [ { "title": "…", "url": "…" } ]`: an article as JSON has it.

use super::Pasted;
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::syntax::lexer::Kind;
use crate::lang::syntax::repair::Edit;

/// Tokens of a card that is looked at.
const MAX_TOKENS: usize = 256;
/// What may stand round a name or a text.
const QUOTES: [char; 5] = ['"', '“', '”', '\'', '`'];

/// An article: of each field the tokens of its name and its value, and the token behind its brace.
struct Article {
    fields: Vec<(usize, usize)>,
    behind: usize,
}

impl Pasted<'_> {
    /// The article that begins behind `news` at `at`, in brackets of another kind.
    pub(super) fn news_in_brackets(&mut self, at: usize) {
        let card = matches!(self.slice(at), "news" | "music" | "video");
        if !card || at == 0 || self.slice(at - 1) != "reply" {
            return;
        }
        let colon = usize::from(matches!(self.slice(at + 1), ":" | "：" | "=" | "＝"));
        let open = at + 1 + colon;
        let close = match self.slice(open) {
            "[" | "［" | "【" => ["]", "］", "】"],
            "(" | "（" => [")", "）", ""],
            _ => return,
        };
        let Some(first) = self.article(open + 1) else {
            return;
        };
        let mut behind = first.behind;
        let mut more = 0;
        while matches!(self.slice(behind), "," | "，" | "、") {
            behind += 1;
            let Some(next) = self.article(behind) else {
                break;
            };
            (behind, more) = (next.behind, more + 1);
        }
        if !close.contains(&self.slice(behind)) || behind - at > MAX_TOKENS {
            return;
        }
        let (name, start) = (self.slice(at).to_owned(), self.tokens[at].end);
        let end = self.tokens[behind].end;
        let line = &self.text[self.tokens[at].line..];
        let indent = " ".repeat(line.len() - line.trim_start_matches(' ').len());
        // Field by field, so that what is said of a value stands at the value.
        let mut edits = Vec::new();
        let mut from = start;
        for (field, value) in &first.fields {
            let (field, value) = (&self.tokens[*field], &self.tokens[*value]);
            let called = self.text[field.start..field.end].trim_matches(QUOTES);
            let Kind::Text(quotes) = &value.kind else {
                return;
            };
            let brace = if edits.is_empty() { " {" } else { "" };
            let (open, close) = (quotes.open.unwrap_or(1), quotes.close.unwrap_or(1));
            let by = format!("{brace}\n{indent}    {called}: \"");
            edits.push(Edit::new(from, value.start + open, by));
            edits.push(Edit::new(value.end - close, value.end, "\""));
            from = value.end;
        }
        edits.push(Edit::new(from, end, format!("\n{indent}}}")));
        let (mut by, mut from) = (String::new(), start);
        for edit in &edits {
            by.push_str(&self.text[from..edit.start]);
            by.push_str(&edit.by);
            from = edit.end;
        }
        let bracket = self
            .sink
            .span(self.tokens[open].start, self.tokens[open].end);
        let found = Diagnostic::error(
            "E0101",
            Words::new(
                format!("`{name}` 的内容写在一对花括号里，一行一个字段"),
                format!("what `{name}` shows stands in one pair of braces, one field a line"),
            ),
            bracket,
            Words::new(
                format!("应是 `reply {name} {{ … }}`"),
                format!("should be `reply {name} {{ … }}`"),
            ),
        );
        let whole = self.sink.span(start, end);
        self.sink.add(match more {
            0 => found.with_fix(Words::new("写成花括号", "write braces"), whole, by),
            _ => found
                .with_guess(Words::new("只留第一条", "keep the first"), whole, by)
                .with_help(Words::new(
                    "微信的一次回复只带一条图文",
                    "WeChat takes one article in a reply",
                )),
        });
        self.edits.extend(edits);
    }

    /// `{ "title": "甲", url: "乙" }` at `at`.
    fn article(&self, at: usize) -> Option<Article> {
        if !matches!(self.slice(at), "{" | "｛") {
            return None;
        }
        let mut fields = Vec::new();
        let mut next = at + 1;
        while !matches!(self.slice(next), "}" | "｝") {
            let name = self.slice(next).trim_matches(QUOTES);
            let value = self.tokens.get(next + 2)?;
            let named =
                !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            let text = matches!(&value.kind, Kind::Text(quotes) if quotes.closed && quotes.inner.is_empty());
            if !named || !text || !matches!(self.slice(next + 1), ":" | "：" | "=") {
                return None;
            }
            fields.push((next, next + 2));
            next += 3;
            if matches!(self.slice(next), "," | "，" | ";") {
                next += 1;
            }
        }
        (!fields.is_empty()).then_some(Article {
            fields,
            behind: next + 1,
        })
    }
}
