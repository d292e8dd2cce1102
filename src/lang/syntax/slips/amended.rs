//! Signs that another notation has in a line and this one has not, or has elsewhere: `weight: 20`, `weight=20`,
//! `ask phone mobile "…"`, `in ("a", "b")`, `== 10.0.0.1`, `on done {`, a `{` on a line of its own.

use super::Slips;
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::syntax::lexer::{ITEMS, Kind};
use crate::lang::syntax::vocabulary::{EXTRACTORS, FOLLOWER_VERBS};

/// Tokens of a line that are looked at.
const MAX_LINE: usize = 128;
/// Units of a window, in the singular.
const WINDOWS: [&str; 5] = ["second", "minute", "hour", "day", "week"];
/// How a file of a list ends.
const FILES: [&str; 3] = [".txt\"", ".csv\"", ".list\""];

impl Slips<'_> {
    /// The line that begins at `at`.
    pub(super) fn amended(&mut self, at: usize) {
        let column0 = self.tokens[at].start == self.tokens[at].line;
        let end = self.line_end(at).min(at + MAX_LINE);
        match (self.word_at(at), column0) {
            ("signal", true) => self.signal_signs(at, end),
            ("list", true) => self.file_without_from(at),
            ("ask", false) => self.question_signs(at, end),
            ("on", false) => self.part_with_on(at),
            ("user" | "follower", false) => self.user_does(at),
            _ => {}
        }
        for next in at + 1..end {
            self.value_signs(next, end);
        }
    }

    /// `weight: 20`, `weight=20`, `"x", weight 20`
    fn signal_signs(&mut self, at: usize, end: usize) {
        for next in at + 2..end {
            let (word, before) = (self.word_at(next), self.word_at(next - 1));
            let behind = before == "weight" && matches!(word, ":" | "=" | "：" | "＝");
            let ahead = word == "," && self.word_at(next + 1) == "weight";
            if behind || ahead {
                let title = Words::new(
                    format!("信号的这一行不写 `{word}`"),
                    format!("no `{word}` stands in a signal's first line"),
                );
                // `weight=20` still wants its blank.
                let close = self.tokens[next].end == self.tokens[next + 1].start;
                if behind && close {
                    self.spaced("E0101", next, " ", title);
                } else {
                    self.written("E0101", (next, next), "", title, true);
                }
            }
        }
    }

    /// `list a = "lists/a.txt"`
    fn file_without_from(&mut self, at: usize) {
        let sign = (at + 2..at + 5).find(|at| self.word_at(*at) == "=");
        let Some(sign) = sign.filter(|sign| self.is_text_at(sign + 1)) else {
            return;
        };
        let path = self.word_at(sign + 1);
        let alone = self.line_end(at) == sign + 2;
        if alone && FILES.iter().any(|end| path.ends_with(end)) {
            let title = Words::new(
                "列表文件写在 `from` 后面，不用 `=`",
                "the file of a list stands behind `from`, without `=`",
            );
            self.written("E0101", (sign, sign), "from", title, true);
        }
    }

    /// `ask phone mobile "…"`, `ask phone: mobile: "…"`, `ask phone: mobile, "…"`
    fn question_signs(&mut self, at: usize, end: usize) {
        let kind = |at: usize| EXTRACTORS.contains(&self.word_at(at));
        if self.is_word_at(at + 1) && kind(at + 2) && self.word_at(at + 1) != "again" {
            let behind = match self.word_at(at + 3) {
                "(" => at + 6,
                _ => at + 3,
            };
            if self.is_text_at(behind) {
                let by = format!("{}:", self.word_at(at + 1));
                let title = Words::new(
                    "名字和提取器之间要写冒号",
                    "a colon stands between name and extractor",
                );
                self.written("E0101", (at + 1, at + 1), &by, title, true);
            }
            return;
        }
        let sign = (at + 4..end.min(at + 8)).find(|next| {
            matches!(self.word_at(*next), ":" | "," | "=" | "：" | "，")
                && self.is_text_at(next + 1)
        });
        if let Some(sign) = sign {
            let word = self.word_at(sign).to_owned();
            let title = Words::new(
                format!("问题前面不写 `{word}`"),
                format!("no `{word}` stands before the question"),
            );
            self.written("E0101", (sign, sign), "", title, true);
        }
    }

    /// `on cancel "取消" {`, `on done {`
    fn part_with_on(&mut self, at: usize) {
        let right = match (self.word_at(at + 1), self.word_at(at + 2)) {
            ("done", "{") => "done",
            ("cancel", _) if self.is_text_at(at + 2) => "cancel on",
            ("give", "up") => "give",
            _ => return,
        };
        let title = Words::new(
            format!("对话的这一行写 `{right}`"),
            format!("this line of a dialog is written `{right}`"),
        );
        self.written("E0105", (at, at + 1), right, title, true);
    }

    /// `user sends "a"`
    fn user_does(&mut self, at: usize) {
        if FOLLOWER_VERBS.contains(&self.word_at(at + 1)) {
            let title = Words::new(
                "故事里写明是谁：`wechat 小王 sends …`",
                "a story says who it is: `wechat wang sends …`",
            );
            self.written("E0105", (at, at), "wechat 小王", title, false);
        }
    }

    /// `in ("a", "b")`, `in (6, 7)`, `is "北京"`, `== 10.0.0.1`, `in 10.0.0.0/8`
    fn value_signs(&mut self, at: usize, end: usize) {
        if matches!(self.word_at(at), "in" | "within" | "during")
            && (self.window_behind(at, end) || self.window_inside(at, end))
        {
            return;
        }
        let (before, word) = (self.word_at(at - 1), self.word_at(at));
        let text = at + 1 < end && self.is_text_at(at + 1);
        let value = |at: usize| self.is_text_at(at) || self.is_number_at(at);
        if before == "in" && word == "(" && at + 1 < end && value(at + 1) {
            let mut last = at + 1;
            while self.word_at(last + 1) == "," && value(last + 2) {
                last += 2;
            }
            // One value in brackets is a value, however little sense it makes.
            if self.word_at(last + 1) == ")" && last > at + 1 {
                let (from, to) = (self.tokens[at + 1].start, self.tokens[last].end);
                let by = format!("[{}]", &self.text[from..to]);
                let title = Words::new("列表写在方括号里", "a list stands in square brackets");
                self.written("E0101", (at, last + 1), &by, title, true);
            }
            return;
        }
        if word == "is" && text && self.word_at(at + 1) != "known" && self.compares(at) {
            let title = Words::new("等于写 `==`", "equal is written `==`");
            self.written("E0101", (at, at), "==", title, true);
            return;
        }
        let asked = matches!(before, "==" | "!=" | "in" | "[" | ",");
        if asked && self.is_number_at(at) {
            self.address_bare(at, end, before == "in");
        }
    }

    /// `new(login.city) in 90 days`, `new(login.city in 90 days)`, `new(login.city, in 90 days)`
    fn window_inside(&mut self, at: usize, end: usize) -> bool {
        let unit = |at: usize| WINDOWS.contains(&self.word_at(at).trim_end_matches('s'));
        if !(self.is_number_at(at + 1) && unit(at + 2) && at + 2 < end) {
            return false;
        }
        let window = format!("within: {} {}", self.word_at(at + 1), self.word_at(at + 2));
        let title = Words::new(
            "看多久写在括号里面",
            "how far back it looks stands inside the parentheses",
        );
        let inside = self.word_at(at + 3) == ")";
        match self.word_at(at - 1) {
            ")" if !inside => {
                let by = format!(", {window})");
                self.written("E0101", (at - 1, at + 2), &by, title, false);
            }
            "," if inside && self.word_at(at) != "within" => {
                self.written("E0101", (at, at + 2), &window, title, false)
            }
            "and" | "or" | "not" | "when" | "(" => return false,
            _ if inside && self.is_word_at(at - 1) => {
                let by = format!(", {window}");
                self.written("E0101", (at, at + 2), &by, title, false);
            }
            _ => return false,
        }
        true
    }

    /// `count(failures) > 5 in 10 minutes`
    fn window_behind(&mut self, at: usize, end: usize) -> bool {
        let Some(close) = at.checked_sub(3) else {
            return false;
        };
        let compared = matches!(self.word_at(close + 1), ">" | ">=" | "<" | "<=" | "==");
        let fits = self.word_at(close) == ")"
            && compared
            && self.is_number_at(close + 2)
            && self.is_number_at(at + 1)
            && self.is_word_at(at + 2)
            && at + 2 < end;
        if !fits {
            return false;
        }
        let line = self.tokens[at].line;
        let said = (0..close)
            .rev()
            .take_while(|at| self.tokens[*at].line == line)
            .any(|at| self.word_at(at) == "within");
        if said {
            let title = Words::new(
                "看多久已经写在括号里面",
                "how far back it looks is said inside the parentheses",
            );
            self.written("E0101", (at, at + 2), "", title, false);
            return true;
        }
        let window = format!("{} {}", self.word_at(at + 1), self.word_at(at + 2));
        let by = format!(
            ", within: {window}) {} {}",
            self.word_at(close + 1),
            self.word_at(close + 2)
        );
        let title = Words::new(
            "看多久写在括号里面",
            "how far back it looks stands inside the parentheses",
        );
        self.written("E0101", (close, at + 2), &by, title, false);
        true
    }

    /// Whether a path stands before the token, in a condition.
    fn compares(&self, at: usize) -> bool {
        let line = self.tokens[at].line;
        let before = self.tokens[..at].iter().rev();
        let mut before = before.take_while(|token| token.line == line);
        before.any(|token| {
            matches!(
                self.slice(token),
                "when" | "and" | "or" | "except" | "unless" | "where"
            )
        })
    }

    /// `10.0.0.1`, `10.0.0.0/8` without quotes.
    fn address_bare(&mut self, at: usize, end: usize, listed: bool) {
        let mut last = at;
        let joined = |last: usize| {
            let next = last + 1;
            next < end
                && self.tokens[last].end == self.tokens[next].start
                && (self.is_number_at(next) || matches!(self.word_at(next), "." | "/" | ":"))
        };
        while joined(last) {
            last += 1;
        }
        let (start, to) = (self.tokens[at].start, self.tokens[last].end);
        let shown = &self.text[start..to];
        let host = shown.split('/').next().unwrap_or_default();
        if host.parse::<std::net::Ipv4Addr>().is_err() {
            return;
        }
        let by = match listed {
            true => format!("[\"{shown}\"]"),
            false => format!("\"{shown}\""),
        };
        let title = Words::new("IP 地址和网段写在引号里", "addresses stand in quotes");
        self.written("E0101", (at, last), &by, title, true);
    }

    /// A `{` on a line of its own below the first line of an item.
    pub(super) fn brace_below(&mut self, at: usize) {
        let code = |before: &usize| self.tokens[*before].kind != Kind::Comment;
        let Some(before) = (0..at).rev().find(code) else {
            return;
        };
        let line = self.tokens[before].line;
        let first = self.tokens[..at]
            .iter()
            .rev()
            .take_while(|token| token.line == line)
            .last();
        let item = first
            .is_some_and(|first| first.start == first.line && ITEMS.contains(&self.slice(first)));
        let between = &self.text[self.tokens[before].end..self.tokens[at].start];
        let column0 = self.tokens[at].start == self.tokens[at].line;
        // A remark behind the line stays behind the brace.
        let remark = between.trim();
        let one = !remark.contains('\n') && at - before <= 2;
        if !item || !column0 || !one || self.word_at(before) == "{" {
            return;
        }
        let by = match remark {
            "" => " {".to_owned(),
            remark => format!(" {{  {remark}"),
        };
        let (from, start, to) = (
            self.tokens[before].end,
            self.tokens[at].start,
            self.tokens[at].end,
        );
        let span = self.sink.span(start, to);
        let gap = self.sink.span(from, to);
        self.sink.add(
            Diagnostic::error(
                "E0104",
                Words::new(
                    "`{` 写在上一行的末尾",
                    "the `{` stands at the end of the line before",
                ),
                span,
                Words::new("移到上一行", "move it up"),
            )
            .with_fix(Words::new("移到上一行", "move it up"), gap, by.clone()),
        );
        self.done_with(at, at);
        self.edit(from, to, by);
    }
}
