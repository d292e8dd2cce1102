//! `reply news [ { "title": "…", "url": "…" } ]`: an article as JSON has it.

use super::Pasted;
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::syntax::lexer::Kind;
use crate::lang::syntax::repair::Edit;

/// Tokens of a card that is looked at.
const MAX_TOKENS: usize = 256;

/// The fields of an article, and the token behind its brace.
struct Article {
    fields: Vec<(String, String)>,
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
        let fields: Vec<String> = first
            .fields
            .iter()
            .map(|(name, value)| format!("\n{indent}    {name}: {value}"))
            .collect();
        let by = format!(" {{{}\n{indent}}}", fields.concat());
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
            0 => found.with_fix(Words::new("写成花括号", "write braces"), whole, by.clone()),
            _ => found
                .with_guess(
                    Words::new("只留第一条", "keep the first"),
                    whole,
                    by.clone(),
                )
                .with_help(Words::new(
                    "微信的一次回复只带一条图文",
                    "WeChat takes one article in a reply",
                )),
        });
        self.edits.push(Edit::new(start, end, by));
    }

    /// `{ "title": "甲", url: "乙" }` at `at`.
    fn article(&self, at: usize) -> Option<Article> {
        if !matches!(self.slice(at), "{" | "｛") {
            return None;
        }
        let mut fields = Vec::new();
        let mut next = at + 1;
        while !matches!(self.slice(next), "}" | "｝") {
            let name = self
                .slice(next)
                .trim_matches(['"', '“', '”', '\''])
                .to_owned();
            let value = self.tokens.get(next + 2)?;
            let named =
                !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            let text = matches!(&value.kind, Kind::Text(quotes) if quotes.closed && quotes.inner.is_empty());
            if !named || !text || !matches!(self.slice(next + 1), ":" | "：" | "=") {
                return None;
            }
            fields.push((name, self.slice(next + 2).to_owned()));
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
