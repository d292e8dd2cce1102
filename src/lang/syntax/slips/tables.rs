//! Lines of a table: `"a" = "b"`, `"title": "x",`; and what stands in them without its quotes, or with a unit it
//! does not have: `2026-01-05`, `weight 50 分`.

use super::Slips;
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::syntax::day::day;
use crate::lang::syntax::lexer::Kind;
use crate::lang::syntax::repair::Edit;

/// Lines of a table that are mended together.
const MAX_ROWS: usize = 16;
/// Numbers, signs and words one date may be made of.
const MAX_SIGNS: usize = 6;

impl Slips<'_> {
    /// `"a" = "b"` and `"title": "x"`, as a line: a table of answers, fields with quoted names.
    pub(super) fn row(&mut self, at: usize) {
        if self.mended.contains(&self.tokens[at].start) || !self.is_text_at(at) {
            return;
        }
        let before = at.checked_sub(1).map_or("", |at| self.word_at(at));
        if matches!(before, "[" | "," | "(") {
            return;
        }
        if self.fields(at) {
            return;
        }
        let end = self.line_end(at);
        let sign = self.word_at(at + 1);
        let signs = ["=", "==", "=>", "->", "→", ":", "：", "＝"];
        if end != at + 3 || !signs.contains(&sign) || !self.is_text_at(at + 2) {
            return;
        }
        let (token, last) = (&self.tokens[at], &self.tokens[at + 2]);
        let (start, to, line) = (token.start, last.end, token.line);
        let (word, answer) = (self.word_at(at), self.word_at(at + 2));
        let rule = format!("on text {word} {{\n    reply {answer}\n}}");
        let span = self.sink.span(start, to);
        let sign_at = self.tokens[at + 1].start;
        let found = Diagnostic::error(
            "E0106",
            Words::new(
                "关键词和回答写成一条规则",
                "a keyword and its answer are written as a rule",
            ),
            span,
            Words::new(
                format!("应是 `on text {word} {{ reply {answer} }}`"),
                format!("should be `on text {word} {{ reply {answer} }}`"),
            ),
        );
        if start == line {
            self.sink.add(found.with_guess(
                Words::new("写成规则", "write it as a rule"),
                span,
                rule.clone(),
            ));
            self.edit(start, to, rule);
        } else {
            self.sink.add(found.with_help(Words::new(
                "每个关键词一条规则，顶格写在这条规则外面",
                "each keyword has a rule of its own, at column 0, outside this one",
            )));
            self.edit(start, to, "");
        }
        let inside = [start, sign_at, self.tokens[at + 2].start];
        self.mended.extend(inside);
    }

    /// `"title": "x",` line by line, as JSON has it.
    fn fields(&mut self, at: usize) -> bool {
        let name = |text: &str| {
            let body = text.trim_matches('"');
            body.len() + 2 == text.len()
                && !body.is_empty()
                && body.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        };
        let mut rows: Vec<usize> = Vec::new();
        let mut edits = Vec::new();
        let mut next = at;
        while self.is_text_at(next)
            && self.tokens[next].first
            && self.tokens[next].start > self.tokens[next].line
            && name(self.word_at(next))
            && self.word_at(next + 1) == ":"
            && rows.len() < MAX_ROWS
        {
            let token = &self.tokens[next];
            edits.push(Edit::new(
                token.start,
                token.end,
                self.slice(token).trim_matches('"'),
            ));
            rows.push(next);
            let end = self.line_end(next);
            if self.word_at(end - 1) == "," {
                let comma = &self.tokens[end - 1];
                edits.push(Edit::new(comma.start, comma.end, ""));
            }
            next = end;
        }
        let (Some(first), Some(last)) = (rows.first(), edits.last()) else {
            return false;
        };
        let token = &self.tokens[*first];
        let (from, to) = (token.start, last.end);
        let span = self.sink.span(token.start, token.end);
        let right = self.slice(token).trim_matches('"').to_owned();
        let by = self.changed(from, to, &edits);
        let mut found = Diagnostic::error(
            "E0101",
            Words::new(
                "字段的名字不用引号，行末不用逗号",
                "a field's name has no quotes, and its line no comma at the end",
            ),
            span,
            Words::new(format!("应是 `{right}`"), format!("should be `{right}`")),
        );
        for row in &rows[1..] {
            let token = &self.tokens[*row];
            let here = self.sink.span(token.start, token.end);
            found.add_place(here);
        }
        let whole = self.sink.span(from, to);
        let words = Words::new("去掉它们", "remove them");
        self.sink.add(found.with_fix(words, whole, by));
        for row in rows {
            let token = &self.tokens[row];
            self.mended.insert(token.start);
        }
        for edit in &edits {
            self.mended.insert(edit.start);
        }
        self.edits.extend(edits);
        true
    }

    /// `2026-01-05` without its quotes, `2026年1月5日`; says how many of the next tokens are done with.
    pub(super) fn date(&mut self, at: usize) -> usize {
        let start = self.tokens[at].start;
        let Some((length, right)) = day(&self.text[start..]) else {
            return 0;
        };
        let end = start + length;
        let behind = self.tokens[at..].iter();
        let Some(more) = behind.take(MAX_SIGNS).position(|token| token.end == end) else {
            return 0;
        };
        self.dates
            .push(Edit::new(start, end, format!("\"{right}\"")));
        more
    }

    /// Reports the dates of the list or line that ends here: one mistake.
    pub(super) fn flush_dates(&mut self) {
        let mut edits = std::mem::take(&mut self.dates);
        let Some(first) = edits.first().cloned() else {
            return;
        };
        let line = self
            .tokens
            .iter()
            .position(|token| token.start >= first.start);
        let line = line.map_or(0, |at| self.tokens[at].line);
        // A list of dates says so.
        let head = self
            .tokens
            .iter()
            .rev()
            .find(|token| token.line == line && token.first && token.start <= first.start);
        let list = head.filter(|head| self.slice(head) == "list");
        let name = list.and_then(|head| {
            let at = self
                .tokens
                .iter()
                .position(|token| token.start == head.start)?;
            let bare = self.word_at(at + 2) == "=";
            bare.then(|| self.tokens[at + 1].end)
        });
        edits.extend(name.map(|end| Edit::new(end, end, ": date")));
        edits.sort_by_key(|edit| edit.start);
        let (start, end) = (edits[0].start, edits[edits.len() - 1].end);
        let by = self.changed(start, end, &edits);
        let span = self.sink.span(first.start, first.end);
        let right = first.by.clone();
        let mut found = Diagnostic::error(
            "E0313",
            Words::new("日期写在引号里", "a date stands in quotes"),
            span,
            Words::new(format!("应是 `{right}`"), format!("should be `{right}`")),
        );
        for edit in edits.iter().filter(|edit| edit.start > first.start) {
            let here = self.sink.span(edit.start, edit.end);
            found.add_place(here);
        }
        let whole = self.sink.span(start, end);
        let words = Words::new("加上引号", "add the quotes");
        self.sink.add(found.with_fix(words, whole, by));
        self.edits.extend(edits);
    }

    /// `weight 50 分`: what is counted in plain numbers has no unit.
    pub(super) fn points(&mut self, at: usize) -> bool {
        let word = self.word_at(at).to_owned();
        let number = at
            .checked_sub(1)
            .filter(|at| self.tokens[*at].kind == Kind::Number);
        let back = |count: usize| at.checked_sub(count).map_or("", |at| self.word_at(at));
        let compared = matches!(back(2), ">=" | "<=" | ">" | "<" | "==" | "!=");
        let plain = match word.as_str() {
            "分" | "points" | "point" | "pts" => {
                back(2) == "weight" || (compared && matches!(back(3), "suspicion" | "budget"))
            }
            "点" | "点钟" | "时" | "o" => compared && back(3) == "hour",
            "次" | "个" => compared && back(3) == ")",
            _ => false,
        };
        let Some(number) = number.filter(|_| plain) else {
            return false;
        };
        let (start, end) = (self.tokens[number].end, self.tokens[at].end);
        let here = self.sink.span(self.tokens[at].start, end);
        let gap = self.sink.span(start, end);
        self.sink.add(
            Diagnostic::error(
                "E0304",
                Words::new(
                    format!("这个数没有单位，不写 `{word}`"),
                    format!("this number has no unit, and no `{word}`"),
                ),
                here,
                Words::new("多余", "not needed"),
            )
            .with_fix(Words::new("去掉它", "remove it"), gap, ""),
        );
        self.edit(start, end, "");
        true
    }
}
