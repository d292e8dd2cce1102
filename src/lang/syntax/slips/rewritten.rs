//! Lines that another language, or haste, writes otherwise, and that can be told whole: `let x = ["a"]`,
//! `list a = {"x"}`, `dialog d(phone) expires in 10 minutes {`, `remember a as b`, `start d with a = b`,
//! `reply text "x"`. Each is reported once and read as it was meant.

use super::Slips;
use crate::lang::diagnostics::{Diagnostic, Words};

/// What other languages call the life of a dialog.
const LIVES: [&str; 7] = [
    "timeout", "timeouts", "expire", "ttl", "lasts", "within", "lifetime",
];
/// What stands between a clause and its value elsewhere.
const FILLERS: [&str; 6] = ["in", "after", "within", ":", "：", "="];
/// Tokens of a list that is looked at.
const MAX_LIST: usize = 400;

impl Slips<'_> {
    /// A line that begins at `at`.
    pub(super) fn rewritten(&mut self, at: usize) {
        let column0 = self.tokens[at].start == self.tokens[at].line;
        match self.word_at(at) {
            "let" if column0 => self.list_by_let(at),
            "list" if column0 => self.list_signs(at),
            "dialog" if column0 => self.dialog_head(at),
            "signal" if column0 => self.no_title(at),
            "remember" if !column0 => self.remembered_as(at),
            "start" if !column0 => self.given_values(at),
            "reply" if !column0 => self.one_reply(at),
            _ => {}
        }
    }

    /// `let x = ["a", "b"]`, `let a: 90 days`
    fn list_by_let(&mut self, at: usize) {
        if matches!(self.word_at(at + 2), ":" | "：")
            && (self.is_number_at(at + 3) || self.is_text_at(at + 3))
        {
            let title = Words::new(
                "名字和值之间用 `=`",
                "`=` stands between a name and its value",
            );
            let by = self.equals_for(at + 2);
            self.spaced("E0101", at + 2, by, title);
            return;
        }
        let open = at + 3;
        if self.word_at(at + 2) != "=" || self.word_at(open) != "[" {
            return;
        }
        if self.entries(open, "]").is_some() {
            let title = Words::new(
                "列表用 `list` 起名字，不用 `let`",
                "a list is named by `list`, not by `let`",
            );
            self.written("E0212", (at, at), "list", title, true);
        }
    }

    /// What is written for the sign at `at`, with the blank it may lack behind it.
    fn equals_for(&self, at: usize) -> &'static str {
        match self.text[self.tokens[at].end..].starts_with(' ') {
            true => " =",
            false => " = ",
        }
    }

    /// The closing bracket of a list of texts that opens at `open`.
    fn entries(&self, open: usize, close: &str) -> Option<usize> {
        let mut next = open + 1;
        while self.is_text_at(next) && next < open + MAX_LIST {
            next += 1;
            if matches!(self.word_at(next), "," | "，" | "、") {
                next += 1;
            }
        }
        (next > open + 1 && self.word_at(next) == close).then_some(next)
    }

    /// `list a ["x"]`, `list a = {"x"}`, `list a: ["x"]`
    fn list_signs(&mut self, at: usize) {
        if !self.is_word_at(at + 1) {
            return;
        }
        self.path_of_file(at);
        let (sign, next) = (self.word_at(at + 2), self.word_at(at + 3));
        if sign == "[" && self.entries(at + 2, "]").is_some() {
            let end = self.tokens[at + 1].end;
            let span = self.sink.span(self.tokens[at + 1].start, end);
            let here = self.sink.span(end, end);
            let title = Words::new("列表的名字后面要写 `=`", "`=` comes after a list's name");
            self.sink.add(
                Diagnostic::error(
                    "E0101",
                    title,
                    span,
                    Words::new("后面少了 `=`", "`=` is missing after this"),
                )
                .with_fix(Words::new("补上 `=`", "add `=`"), here, " ="),
            );
            self.edit(end, end, " =");
        } else if matches!(sign, ":" | "：") && next == "[" && self.entries(at + 3, "]").is_some()
        {
            let title = Words::new(
                "名字和列表之间用 `=`",
                "`=` stands between a name and its list",
            );
            let by = self.equals_for(at + 2);
            self.spaced("E0101", at + 2, by, title);
        } else if sign == "=" && matches!(next, "{" | "(") {
            let close = if next == "{" { "}" } else { ")" };
            let Some(last) = self.entries(at + 3, close) else {
                return;
            };
            let (start, end) = (self.tokens[at + 3].start, self.tokens[last].end);
            let (from, to) = (self.tokens[at + 3].end, self.tokens[last].start);
            let by = format!("[{}]", self.text[from..to].trim_matches(' '));
            let span = self.sink.span(start, end);
            self.sink.add(
                Diagnostic::error(
                    "E0101",
                    Words::new("列表写在方括号里", "a list stands in square brackets"),
                    span,
                    Words::new("这里写 `[ … ]`", "write `[ … ]`"),
                )
                .with_fix(
                    Words::new("改成方括号", "write square brackets"),
                    span,
                    by,
                ),
            );
            self.mended.insert(start);
            self.mended.insert(to);
            self.edit(start, from, "[");
            self.edit(to, end, "]");
        }
    }

    /// `from "lists\\office.txt"`
    fn path_of_file(&mut self, at: usize) {
        let end = self.line_end(at);
        let from = (at + 2..end).find(|at| self.word_at(*at) == "from");
        let Some(text) = from.map(|at| at + 1).filter(|at| self.is_text_at(*at)) else {
            return;
        };
        let path = self.word_at(text);
        // `C:\\lists` is outside of the folder however it is written.
        if !path.contains('\\') || path.contains(':') {
            return;
        }
        let by = path.replace("\\\\", "/").replace('\\', "/");
        let title = Words::new(
            "路径里的文件夹用 `/` 分开",
            "folders of a path are separated by `/`",
        );
        self.written("E0701", (text, text), &by, title, true);
    }

    /// `dialog d(phone) expires in 10 minutes {`, `dialog d timeout 10 minutes {`
    fn dialog_head(&mut self, at: usize) {
        let end = self.line_end(at);
        if !self.is_word_at(at + 1) {
            return;
        }
        let mut next = at + 2;
        if self.word_at(next) == "(" {
            let close = (next..end).find(|at| self.word_at(*at) == ")");
            let Some(close) = close else { return };
            let title = Words::new(
                "对话后面不列名字：问什么、带来什么，都写在别处",
                "no names stand behind a dialog: they come from `ask` and from `start … with`",
            );
            self.written("E0101", (next, close), "", title, true);
            next = close + 1;
        }
        let word = self.word_at(next);
        let life = LIVES.contains(&word);
        if !life && word != "expires" {
            return;
        }
        let filler = FILLERS.contains(&self.word_at(next + 1));
        let last = next + usize::from(filler);
        if (life || filler) && self.is_number_at(last + 1) {
            let title = Words::new(
                "对话多久没有回答就结束，写 `expires 10 minutes`",
                "how long a dialog waits for an answer is written `expires 10 minutes`",
            );
            self.written("E0101", (next, last), "expires", title, true);
        }
    }

    /// `signal s weight 20 {`
    fn no_title(&mut self, at: usize) {
        let order = Words::new(
            "`signal` 后面依次是名字、给人看的说法、分数",
            "a name, words for people and the weight follow `signal`",
        );
        if self.is_text_at(at + 1) && self.is_word_at(at + 2) && self.word_at(at + 3) == "weight" {
            let by = format!("{} {}", self.word_at(at + 2), self.word_at(at + 1));
            self.written("E0101", (at + 1, at + 2), &by, order, true);
            return;
        }
        if !self.is_word_at(at + 1) || self.word_at(at + 2) != "weight" {
            return;
        }
        if self.is_number_at(at + 3) && self.is_text_at(at + 4) {
            let by = format!("{} weight {}", self.word_at(at + 4), self.word_at(at + 3));
            self.written("E0101", (at + 2, at + 4), &by, order, true);
            return;
        }
        let name = self.word_at(at + 1).to_owned();
        let end = self.tokens[at + 1].end;
        let span = self.sink.span(self.tokens[at + 1].start, end);
        let here = self.sink.span(end, end);
        let by = format!(" \"{name}\"");
        self.sink.add(
            Diagnostic::error(
                "E0101",
                Words::new(
                    "信号的名字后面要写给人看的说法",
                    "words for people come after a signal's name",
                ),
                span,
                Words::new("后面少了一段文字", "a text is missing after this"),
            )
            .with_help(Words::new(
                "例如 `signal new_city \"异地登录\" weight 40 {`，提醒里的 `{reasons}` 显示的就是它",
                "such as `signal new_city \"a new city\" weight 40 {`; `{reasons}` in an alert shows it",
            ))
            .with_guess(
                Words::new(format!("补上 `{}`", by.trim()), format!("add `{}`", by.trim())),
                here,
                by.clone(),
            ),
        );
        self.edit(end, end, by);
    }

    /// `remember a as b`
    fn remembered_as(&mut self, at: usize) {
        let end = self.line_end(at);
        let Some(sign) = (at + 2..end).find(|at| self.word_at(*at) == "as") else {
            return;
        };
        let path = (at + 1..sign).all(|at| self.is_word_at(at) || self.word_at(at) == ".");
        if !path || !self.is_word_at(sign + 1) {
            return;
        }
        let (start, to) = (self.tokens[at + 1].start, self.tokens[sign - 1].end);
        let (first, second) = (&self.text[start..to], self.word_at(sign + 1));
        // Which of the two is the value is known where one was taken out of the message.
        let by = match self.takes_out(at, second) && !self.takes_out(at, first) {
            true => format!("{first} = {second}"),
            false => format!("{second} = {first}"),
        };
        // Nobody knows which of two names is the value where neither is one.
        let known = first.contains('.') || self.takes_out(at, first) || self.takes_out(at, second);
        if !known {
            let names = [first.to_owned(), second.to_owned()];
            self.sink.poisoned.extend(names);
        }
        let title = Words::new(
            "记住一个值写 `remember 名字 = 值`",
            "a value is kept by `remember NAME = VALUE`",
        );
        self.written("E0101", (at + 1, sign + 1), &by, title, false);
    }

    /// `start d with a = b`, `start d with a: b`
    fn given_values(&mut self, at: usize) {
        let end = self.line_end(at);
        if self.word_at(at + 2) != "with" {
            return;
        }
        let end = match self.word_at(end - 1) {
            "}" => end - 1,
            _ => end,
        };
        let sets = |at: &usize| matches!(self.word_at(*at), "=" | ":" | "：" | "＝");
        let signs: Vec<usize> = (at + 4..end).filter(sets).collect();
        if signs.is_empty() || end < at + 6 {
            return;
        }
        let named = |sign: &usize| self.is_word_at(sign - 1) && sign + 1 < end;
        if !signs.iter().all(named) {
            return;
        }
        let same = |sign: &usize| {
            let alone = sign + 2 == end || self.word_at(sign + 2) == ",";
            alone && self.word_at(sign - 1) == self.word_at(sign + 1)
        };
        let names: Vec<String> = signs
            .iter()
            .map(|sign| self.word_at(sign - 1).to_owned())
            .collect();
        let title = Words::new(
            "`start … with` 后面只写名字",
            "only names stand behind `start … with`",
        );
        if signs.iter().all(same) {
            let by = names.join(", ");
            self.written("E0101", (at + 3, end - 1), &by, title, true);
            return;
        }
        let (start, to) = (self.tokens[at + 3].start, self.tokens[end - 1].end);
        let span = self.sink.span(start, to);
        let name = &names[0];
        self.sink.add(
            Diagnostic::error(
                "E0101",
                title,
                span,
                Words::new("这里不能算，也不能改名", "nothing is computed or renamed here"),
            )
            .with_help(Words::new(
                format!(
                    "值从触发词里取出来时就叫 `{name}`，如 `on text \"买{{{name}: word}}\"`，再写 `with {name}`；账号和消息的内容，对话里直接用，如 `account.name`"
                ),
                format!(
                    "take the value out of the message under the name `{name}`, as in `on text \"buy {{{name}: word}}\"`, and write `with {name}`; what belongs to the account or the message stands in the dialog as it is, such as `account.name`"
                ),
            )),
        );
        self.sink.poisoned.extend(names);
        self.done_with(at + 2, end - 1);
        let from = self.tokens[at + 1].end;
        self.edit(from, to, "");
    }

    /// `reply text "x"`, `reply ["x", "y"]`, `reply random("x", "y")`, `reply "x" or "y"`
    fn one_reply(&mut self, at: usize) {
        let end = self.line_end(at);
        let word = self.word_at(at + 1);
        if matches!(word, "text" | "message" | "with" | "words" | "content")
            && self.is_text_at(at + 2)
        {
            let title = Words::new(
                format!("`reply` 后面直接写文字，不用 `{word}`"),
                format!("the text comes right after `reply`, without `{word}`"),
            );
            self.written("E0101", (at + 1, at + 1), "", title, true);
            return;
        }
        let open = match word {
            "[" => at + 1,
            "random" | "choice" | "one_of" | "pick" | "随机" => at + 2,
            _ => at,
        };
        let last = if open > at {
            let close = if self.word_at(open) == "[" { "]" } else { ")" };
            self.entries(open, close)
        } else {
            let joined = |n: &usize| {
                matches!(self.word_at(at + 2 * n), "or" | "|" | "或" | "||")
                    && self.is_text_at(at + 2 * n + 1)
            };
            let count = (1..MAX_LIST).take_while(joined).count();
            (count > 0 && self.is_text_at(at + 1)).then_some(at + 2 * count + 1)
        };
        let Some(last) = last.filter(|last| *last < end) else {
            return;
        };
        let first = if open > at { open + 1 } else { at + 1 };
        let text = self.word_at(first).to_owned();
        let (start, to) = (self.tokens[at + 1].start, self.tokens[last].end);
        let span = self.sink.span(start, to);
        self.sink.add(
            Diagnostic::error(
                "E0101",
                Words::new(
                    "一次只回复一段文字，没有随机的",
                    "one text is replied; none is picked at random",
                ),
                span,
                Words::new("留下一段", "leave one of them"),
            )
            .with_help(Words::new(
                "要说的都要说，就写进一段：换行用 `\\n`，或者三个引号的文字块",
                "to say all of them write one text: `\\n` breaks a line, three quotes hold several",
            )),
        );
        self.done_with(at + 1, last);
        self.edit(start, to, text);
    }
}
