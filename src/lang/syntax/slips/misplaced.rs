//! What stands in a place of another notation, or of another line: `with {phone: mobile}`, `on text "a" not bound`,
//! `cancel in words`, `ask phone = mobile`, `remember {nick} for …`, and questions among what a rule does.

use super::Slips;
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::syntax::lexer::Kind;
use crate::lang::syntax::vocabulary::EXTRACTORS;

/// Tokens of a line that are looked at.
const MAX_LINE: usize = 128;
/// Lines of a rule in which questions are looked for.
const MAX_TOKENS: usize = 2_000;

impl Slips<'_> {
    /// The line that begins at `at`.
    pub(super) fn misplaced(&mut self, at: usize) {
        let column0 = self.tokens[at].start == self.tokens[at].line;
        let end = self.line_end(at).min(at + MAX_LINE);
        self.choices_in_place(at, end);
        match (self.word_at(at), column0) {
            ("on", true) => {
                self.holes_in_braces(at, end);
                self.joined_by_and(at, end);
                self.condition_without_when(at, end);
            }
            ("cancel", false) if self.word_at(at + 1) == "in" && self.is_word_at(at + 2) => {
                let title = Words::new(
                    "`cancel` 后面写 `on`，列表的名字直接跟在后面",
                    "`on` comes after `cancel`, and right behind it the list's name",
                );
                self.written("E0101", (at + 1, at + 1), "on", title, true);
            }
            ("remember", false) => self.value_in_braces(at, end),
            ("ask", false) => self.question(at, end),
            _ => {}
        }
    }

    /// `ask shop: one_of("东", "西") "…"`: what may be chosen is a list of its own.
    fn choices_in_place(&mut self, at: usize, end: usize) {
        let Some((kind, first)) = self.choices_begin(at, end) else {
            return;
        };
        // The brackets that open before the first text close behind the last one.
        let mut open = first - kind - usize::from(self.word_at(kind) == "one_of");
        let mut last = first;
        let sign = |at: usize| matches!(self.word_at(at), "," | "，" | "、" | "or" | "或");
        // Without brackets, the text behind the last one is the question.
        let part = |at: usize| match open {
            0 => sign(at) && self.is_text_at(at + 1),
            _ => sign(at) || self.is_text_at(at),
        };
        while last + 1 < end && part(last + 1) {
            last += if open == 0 { 2 } else { 1 };
        }
        while open > 0
            && last + 1 < end
            && matches!(self.word_at(last + 1), ")" | "）" | "]" | "】")
        {
            last += 1;
            open -= 1;
        }
        let texts: Vec<String> = (kind..=last)
            .filter(|at| self.is_text_at(*at))
            .map(|at| self.word_at(at).to_owned())
            .collect();
        let name = kind
            .checked_sub(2)
            .map_or("", |at| self.word_at(at))
            .to_owned();
        let stretch = (kind, last);
        let (mut start, to) = (self.tokens[kind].start, self.tokens[last].end);
        // `ask shop = one_of("东")` is mended together with its sign.
        let sign = kind.checked_sub(1).filter(|at| {
            let sets = matches!(self.word_at(*at), "=" | "==" | "＝");
            sets && *at > 0 && self.is_word_at(at - 1)
        });
        if let Some(sign) = sign {
            start = self.tokens[sign - 1].end;
            self.done_with(sign, sign);
        }
        let colon = if sign.is_some() { ": " } else { "" };
        let found = self.listed_first(&name, &texts, (start, to), (at, colon));
        self.sink.add(found);
        self.done_with(stretch.0, stretch.1);
        self.edit(start, to, format!("{colon}word"));
    }

    /// Where choices in place begin on a line, and their first text: `one_of("东", …)`, `one_of["东", …]`,
    /// `ask shop: ["东", …]`.
    fn choices_begin(&self, at: usize, end: usize) -> Option<(usize, usize)> {
        let bracket = |at: usize| matches!(self.word_at(at), "(" | "（" | "[" | "【");
        let several = |at: usize| {
            let sign = matches!(self.word_at(at + 1), "," | "，" | "、" | "or" | "或");
            self.is_text_at(at) && sign && self.is_text_at(at + 2)
        };
        let named = (at..end).find(|at| self.word_at(*at) == "one_of");
        let listed = || {
            let takes = matches!(self.word_at(at), "ask" | "on");
            (at + 2..end).find(|place| {
                let list = matches!(self.word_at(*place), "[" | "【")
                    || (self.word_at(at) == "ask" && several(*place));
                takes && list && matches!(self.word_at(place - 1), ":" | "：" | "=")
            })
        };
        let kind = named.or_else(listed)?;
        let mut first = if named.is_some() { kind + 1 } else { kind };
        if several(first) {
            return Some((kind, first));
        }
        if !bracket(first) {
            return None;
        }
        while first < end && bracket(first) {
            first += 1;
        }
        (first < end && self.is_text_at(first)).then_some((kind, first))
    }

    /// What is said of `one_of("…")` at `start..end` in the item that the token at `at` is in; `name` is what the
    /// choice is called, `colon` what is missing before it.
    pub(super) fn listed_first(
        &self,
        name: &str,
        texts: &[String],
        (start, end): (usize, usize),
        (at, colon): (usize, &str),
    ) -> Diagnostic {
        let plain = name.len() > 2 && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        let list = format!("{}s", if plain { name } else { "choice" });
        let line = format!("list {list} = [{}]", texts.join(", "));
        let found = Diagnostic::error(
            "E0314",
            Words::new(
                "`one_of` 的括号里是列表的名字",
                "the parentheses of `one_of` hold the name of a list",
            ),
            self.sink.span(start, end),
            Words::new(
                format!("这里写 `one_of({list})`"),
                format!("write `one_of({list})`"),
            ),
        )
        .with_help(Words::new(
            format!("列表先写在外面：`{line}`"),
            format!("the list stands outside: `{line}`"),
        ));
        let Some(begin) = self.item_begin(at + 1).map(|at| self.tokens[at].start) else {
            return found;
        };
        let by = format!(
            "{line}\n\n{}{colon}one_of({list})",
            &self.text[begin..start]
        );
        found.with_guess(
            Words::new(
                format!("给列表起名 `{list}`"),
                format!("name the list `{list}`"),
            ),
            self.sink.span(begin, end),
            by,
        )
    }

    fn question(&mut self, at: usize, end: usize) {
        if !self.asked_in_rule(at) {
            self.asked_when(at, end);
        }
    }

    /// Whether `at` begins a name with its extractor, such as `phone: mobile`; the token behind it.
    fn named_extractor(&self, at: usize) -> Option<usize> {
        let named = self.is_word_at(at)
            && matches!(self.word_at(at + 1), ":" | "：")
            && EXTRACTORS.contains(&self.word_at(at + 2));
        let behind = match self.word_at(at + 3) {
            "(" if self.word_at(at + 5) == ")" => at + 6,
            "(" => return None,
            _ => at + 3,
        };
        named.then_some(behind)
    }

    /// `with {phone: mobile}, {code: digits(6)}`
    fn holes_in_braces(&mut self, at: usize, end: usize) {
        let with = (at..end).find(|at| self.word_at(*at) == "with");
        // `on text {phone: mobile} {`
        let bare = (self.word_at(at + 1) == "text").then_some(at + 1);
        let Some(with) = with.or(bare) else {
            return;
        };
        let (mut next, mut parts) = (with + 1, Vec::new());
        let mut last = with;
        while next < end && matches!(self.word_at(next), "{" | "｛") {
            // The last one opens the block.
            let Some(behind) = self.named_extractor(next + 1) else {
                break;
            };
            if !matches!(self.word_at(behind), "}" | "｝") || behind >= end {
                break;
            }
            let (from, to) = (self.tokens[next + 1].start, self.tokens[behind - 1].end);
            parts.push(self.text[from..to].replace('：', ":"));
            last = behind;
            next = behind + 1;
            if matches!(self.word_at(next), "," | "，" | "、" | "and") {
                next += 1;
            }
        }
        if !parts.is_empty() {
            let title = Words::new(
                "`with` 后面的名字不用花括号",
                "names behind `with` stand without braces",
            );
            let lead = if self.word_at(with) == "with" {
                ""
            } else {
                "with "
            };
            let by = format!("{lead}{}", parts.join(", "));
            self.written("E0101", (with + 1, last), &by, title, true);
        }
    }

    /// `with phone: mobile and code: digits(6)`
    fn joined_by_and(&mut self, at: usize, end: usize) {
        let Some(with) = (at..end).find(|at| self.word_at(*at) == "with") else {
            return;
        };
        let mut next = with + 1;
        while let Some(behind) = self.named_extractor(next).filter(|behind| *behind < end) {
            if self.word_at(behind) == "and" && self.named_extractor(behind + 1).is_some() {
                let title = Words::new(
                    "要找的几样之间用逗号",
                    "a comma stands between the things that are looked for",
                );
                self.spaced("E0101", behind, ",", title);
            } else if self.word_at(behind) != "," {
                return;
            }
            next = behind + 1;
        }
    }

    /// `on text "a" not bound {`
    fn condition_without_when(&mut self, at: usize, end: usize) {
        let over = |at: &usize| matches!(self.word_at(*at), "when" | "even" | "continue" | "{");
        let head = (at..end).find(over).unwrap_or(end);
        let Some(not) = (at + 2..head).find(|at| self.word_at(*at) == "not") else {
            return;
        };
        // `on text not containing "订单" {`
        let asks = match self.word_at(not + 1) {
            "containing" => "contains",
            "starting" => "starts",
            _ => "",
        };
        if !asks.is_empty() && self.word_at(at + 1) == "text" && not == at + 2 {
            let title = Words::new(
                "触发只说有什么，没有什么写成条件",
                "a trigger says what a message has; what it has not is a condition",
            );
            if self.is_text_at(not + 2) && not + 3 == head && self.word_at(head) != "when" {
                let words = self.word_at(not + 2);
                let by = format!("when not {asks}(message.text, {words})");
                self.written("E0101", (not, not + 2), &by, title, false);
            }
            return;
        }
        let fits = (self.is_text_at(not - 1) || not == at + 2)
            && self.is_word_at(not + 1)
            && self.word_at(not + 1) != "in";
        if fits {
            let title = Words::new(
                "规则的条件写 `when`，反过来写 `when not`",
                "a rule's condition is written `when`, its opposite `when not`",
            );
            self.written("E0101", (not, not), "when not", title, false);
        }
    }

    /// `remember {nick} for 90 days`, `remember nick = {n} for 90 days`
    fn value_in_braces(&mut self, at: usize, end: usize) {
        let open = match self.word_at(at + 2) {
            "=" => at + 3,
            _ => at + 1,
        };
        if self.word_at(open) != "{" || !self.is_word_at(open + 1) {
            return;
        }
        let path = |at: &usize| self.is_word_at(*at) || self.word_at(*at) == ".";
        let close = open + 1 + (open + 1..end).take_while(path).count();
        if self.word_at(close) != "}" || close >= end {
            return;
        }
        let (from, to) = (self.tokens[open + 1].start, self.tokens[close - 1].end);
        let name = &self.text[from..to];
        let by = match open == at + 1 {
            true => format!("{} = {name}", self.word_at(close - 1)),
            false => name.to_owned(),
        };
        let title = Words::new(
            "`remember` 后面写 `名字 = 值`，不用花括号",
            "`NAME = VALUE` follows `remember`, without braces",
        );
        self.written("E0101", (open, close), &by, title, open > at + 1);
    }

    /// `ask phone: mobile "…" when CONDITION`: whether it is asked is said by what makes it needless.
    fn asked_when(&mut self, at: usize, end: usize) {
        let word = |wanted: &str| (at + 2..end).find(|at| self.word_at(*at) == wanted);
        let Some(when) = word("when").filter(|at| self.is_text_at(at - 1)) else {
            return;
        };
        let over = |at: &usize| {
            self.word_at(*at) == "invalid"
                || (self.word_at(*at) == "at" && self.word_at(at + 1) == "most")
        };
        let behind = (when + 1..end).find(over).unwrap_or(end);
        if word("unless").is_some() || behind <= when + 1 {
            return;
        }
        let last = behind - 1;
        let (from, to) = (self.tokens[when + 1].start, self.tokens[last].end);
        let condition = &self.text[from..to];
        let path = |at: usize| self.is_word_at(at) || self.word_at(at) == ".";
        let simple = last >= when + 3 && (when + 1..last - 1).all(path);
        let by = match (self.word_at(last - 1), self.word_at(last)) {
            ("is", "unknown") if simple => {
                format!(
                    "unless {} known",
                    condition.trim_end_matches("unknown").trim_end()
                )
            }
            ("is", "known") if simple => {
                format!(
                    "unless {} unknown",
                    condition.trim_end_matches("known").trim_end()
                )
            }
            _ if self.word_at(when + 1) == "not" && (when + 2..=last).all(path) => {
                format!("unless {}", condition["not".len()..].trim_start())
            }
            _ if (when + 1..=last).all(path) => format!("unless not {condition}"),
            _ => format!("unless not ({condition})"),
        };
        let title = Words::new(
            "`ask` 后面的条件写 `unless`：它成立就不问",
            "a condition of `ask` is written `unless`: where it holds, nothing is asked",
        );
        self.written("E0101", (when, last), &by, title, false);
    }

    /// `=` or `==` behind a name that an extractor follows: `ask phone = mobile`, `with code = digits(6)`; or before
    /// one that follows its extractor, `with mobile = phone`.
    pub(super) fn named_by_equals(&mut self, at: usize) -> bool {
        if !self.names_argument(at) {
            return false;
        }
        let kind = |at: usize| EXTRACTORS.contains(&self.word_at(at));
        let title = Words::new(
            "名字和提取器之间写冒号",
            "a colon stands between a name and its extractor",
        );
        if kind(at + 1) {
            self.spaced("E0118", at, ":", title);
            let end = self.tokens[at].end;
            if !self.text[end..].starts_with(' ') {
                self.edit(end, end, " ");
            }
        } else {
            let by = format!("{}: {}", self.word_at(at + 1), self.word_at(at - 1));
            self.written("E0118", (at - 1, at + 1), &by, title, false);
        }
        true
    }

    /// Whether the sign at `at` stands between a name and its extractor, or between an argument and its value.
    pub(super) fn names_argument(&self, at: usize) -> bool {
        let (Some(name), Some(before)) = (at.checked_sub(1), at.checked_sub(2)) else {
            return false;
        };
        let kind = |at: usize| EXTRACTORS.contains(&self.word_at(at));
        let (name, lead) = (self.word_at(name), self.word_at(before));
        let argument =
            matches!(name, "within" | "last" | "by" | "where" | "of") && matches!(lead, "(" | ",");
        let asked = lead == "ask" && self.tokens[before].first && kind(at + 1);
        let mut head = self.tokens[..at].iter().rev();
        let line = self.tokens[at].line;
        let with = matches!(lead, "with" | ",")
            && (kind(at + 1) || kind(at - 1))
            && head
                .by_ref()
                .take_while(|token| token.line == line)
                .any(|token| self.slice(token) == "with");
        let wide = self.slice(&self.tokens[at]) != "=" && self.slice(&self.tokens[at]) != "==";
        asked || with || (argument && wide)
    }

    /// Whether the trigger of the rule that the line at `at` stands in takes out `name`.
    pub(super) fn takes_out(&self, at: usize, name: &str) -> bool {
        let Some(on) = self.item_begin(at).filter(|at| self.word_at(*at) == "on") else {
            return false;
        };
        let head = &self.text[self.tokens[on].start..self.tokens[at].start];
        let head = head.lines().next().unwrap_or_default();
        let mut named = head.match_indices(name);
        named.any(|(start, _)| {
            let before = head[..start].chars().next_back();
            let behind = head[start + name.len()..].trim_start();
            behind.starts_with([':', '：']) && matches!(before, Some('{' | ' ' | ','))
        })
    }

    /// The last token before `end` that begins at column 0, as every item of a file does.
    fn item_begin(&self, end: usize) -> Option<usize> {
        let mut before = (0..end).rev().take(MAX_TOKENS);
        before.find(|at| self.tokens[*at].start == self.tokens[*at].line)
    }

    /// The brace that is open at `at`, behind the first token of its line.
    fn opened_before(&self, at: usize) -> Option<(usize, usize)> {
        let mut depth = 0i32;
        let open = (0..at).rev().take(MAX_TOKENS).find(|at| {
            match self.word_at(*at) {
                "}" => depth += 1,
                "{" => depth -= 1,
                _ => {}
            }
            depth < 0
        })?;
        let line = self.tokens[open].line;
        let own = |at: &usize| self.tokens[*at].line == line;
        let first = (0..=open).rev().take_while(own).last()?;
        Some((first, open))
    }

    /// `ask phone: mobile "…"` among what a rule does: questions belong to a dialog, which the rule starts.
    fn asked_in_rule(&mut self, at: usize) -> bool {
        let Some(on) = self.item_begin(at).filter(|at| self.word_at(*at) == "on") else {
            return false;
        };
        let asks = |at: usize| {
            let token = &self.tokens[at];
            token.first
                && self.word_at(at) == "ask"
                && (self.named_extractor(at + 1).is_some() || self.is_text_at(at + 1))
        };
        let opened = self.opened_before(at);
        let Some((_, open)) = opened.filter(|(first, _)| asks(at) && *first == on) else {
            return false;
        };
        let inside = (at..self.tokens.len())
            .take(MAX_TOKENS)
            .take_while(|at| self.tokens[*at].start > self.tokens[*at].line);
        let all: Vec<usize> = inside.filter(|at| asks(*at)).collect();
        let place = |at: usize, last: usize| (self.tokens[at].start, self.tokens[last].end);
        let (start, end) = place(at, self.line_end(at) - 1);
        let mut found = Diagnostic::error(
            "E0106",
            Words::new(
                "`ask` 写在对话里，规则里用 `start` 开始对话",
                "`ask` stands in a dialog, which a rule begins by `start`",
            ),
            self.sink.span(start, end),
            Words::new("规则里不能问", "a rule cannot ask"),
        )
        .with_help(Words::new(
            "另写 `dialog 名字 expires 10 minutes {`，里面放这些 `ask`，问完要做的放进 `done { … }`；这里改成 `start 名字`",
            "write `dialog NAME expires 10 minutes {` with these `ask` lines and, in `done { … }`, what is done with the answers; here write `start NAME`",
        ));
        for ask in all.iter().skip(1) {
            let (from, to) = place(*ask, self.line_end(*ask) - 1);
            found.add_place(self.sink.span(from, to));
        }
        // What is done with the answers belongs to the dialog as well.
        let last = self
            .closing(open, |first| first.kind == Kind::Word)
            .filter(|close| *close > at);
        let last = last.map_or(self.line_end(at) - 1, |close| close - 1);
        let names = (at..=last).filter(|at| self.is_word_at(*at));
        let names: Vec<String> = names.map(|at| self.word_at(at).to_owned()).collect();
        self.sink.poisoned.extend(names);
        let (from, to) = place(at, last);
        self.done_with(at, last);
        // Something is done there, whatever it is.
        self.edit(from, to, "note \"ask\"");
        self.sink.add(found);
        true
    }
}
