//! More of what other languages have and this one writes otherwise: `bound is yes`, `remember a: b`,
//! `start d(x)`, an action with its condition behind it.

use super::neighbours::Stuck;
use super::written_otherwise;
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::span::Span;
use crate::lang::syntax::grammar::Rule;
use crate::lang::syntax::lexer::Kind;
use crate::lang::syntax::vocabulary::Body;

impl Stuck<'_> {
    /// The diagnostic, when one of these habits shows.
    pub(super) fn habit(&self) -> Option<Diagnostic> {
        self.is_yes()
            .or_else(|| self.remembered())
            .or_else(|| self.handed_over())
            .or_else(|| self.hours())
            .or_else(|| self.comma_in_head())
            .or_else(|| self.both_words())
            .or_else(|| self.slashes())
            .or_else(|| self.to_a_person())
            .or_else(|| self.is_value())
            .or_else(|| self.unopened())
            .or_else(|| self.digits())
            .or_else(|| self.sent_later())
            .or_else(|| self.condition_behind())
            .or_else(|| self.several_actions())
            .or_else(|| self.bare_list())
            .or_else(|| self.one_word_missing())
    }

    fn word_at(&self, at: usize) -> bool {
        self.kind(at) == Some(&Kind::Word)
    }

    /// The first token of the path that ends at `last`.
    pub(super) fn path_start(&self, last: usize) -> usize {
        let mut first = last;
        while first >= 2 && self.slice(first - 1) == "." && self.word_at(first - 2) {
            first -= 2;
        }
        first
    }

    pub(super) fn told(&self, zh: &str, en: &str, span: Span) -> Diagnostic {
        Diagnostic::error(
            "E0101",
            Words::new(zh, en),
            span,
            Words::new("不这样写", "not written like this"),
        )
    }

    /// `bound is yes`, `bound is false`
    fn is_yes(&self) -> Option<Diagnostic> {
        let at = self.at;
        let holds = match self.slice(at) {
            "yes" | "true" | "True" | "是" | "对" => true,
            "no" | "false" | "False" | "否" | "假" => false,
            _ => return None,
        };
        let name = at.checked_sub(2)?;
        if self.before(1) != "is" || !self.word_at(name) {
            return None;
        }
        let first = self.path_start(name);
        let path: String = (first..=name).map(|at| self.slice(at)).collect();
        let right = if holds { path } else { format!("not {path}") };
        let title = Words::new(
            "是和不是直接写名字和 `not`",
            "yes and no are asked by the name itself, and by `not`",
        );
        Some(written_otherwise(title, self.span(first, at), &right))
    }

    /// `login.hour is 3`
    fn is_value(&self) -> Option<Diagnostic> {
        let at = self.at;
        let value = matches!(self.kind(at), Some(Kind::Number | Kind::Text(_)));
        if !value || self.before(1) != "is" {
            return None;
        }
        let title = Words::new(
            "`is` 只问有没有值；和什么一样写 `==`",
            "`is` asks whether there is a value; to be the same is `==`",
        );
        Some(written_otherwise(title, self.span(at - 1, at - 1), "=="))
    }

    /// `login.hour == 3) {`
    fn unopened(&self) -> Option<Diagnostic> {
        let at = self.at;
        if self.slice(at) != ")" || self.closes_nothing(0) != Some(at) {
            return None;
        }
        let here = self.span(at, at);
        let found = Diagnostic::error(
            "E0101",
            Words::new("这个 `)` 没有对应的 `(`", "no `(` belongs to this `)`"),
            here,
            Words::new("多余", "not needed"),
        );
        Some(found.with_guess(Words::new("去掉它", "remove it"), here, ""))
    }

    /// `remember nickname: name`
    fn remembered(&self) -> Option<Diagnostic> {
        let at = self.at;
        if self.before(2) != "remember" || self.slice(at) != ":" {
            return None;
        }
        let title = Words::new(
            "记住一个值写 `remember 名字 = 值`",
            "a value is kept by `remember NAME = VALUE`",
        );
        let gap = self.sink.span(self.inside[at - 1].end, self.inside[at].end);
        Some(
            Diagnostic::error(
                "E0101",
                title,
                self.span(at, at),
                Words::new("这里写 `=`", "write `=`"),
            )
            .with_fix(Words::new("改成 `=`", "write `=`"), gap, " ="),
        )
    }

    /// `start d(who)`
    fn handed_over(&self) -> Option<Diagnostic> {
        let at = self.at;
        if self.before(2) != "start" || self.slice(at) != "(" {
            return None;
        }
        let mut last = at + 1;
        while self.word_at(last) && self.slice(last + 1) == "," {
            last += 2;
        }
        if !self.word_at(last) || self.slice(last + 1) != ")" {
            return None;
        }
        let names: Vec<&str> = (at + 1..=last)
            .step_by(2)
            .map(|at| self.slice(at))
            .collect();
        let right = format!(" with {}", names.join(", "));
        let span = self
            .sink
            .span(self.inside[at - 1].end, self.inside[last + 1].end);
        Some(
            self.told(
                "带进对话的值写在 `with` 后面",
                "what a dialog is given stands behind `with`",
                self.span(at, last + 1),
            )
            .with_fix(
                Words::new(
                    format!("写成 `{}`", right.trim()),
                    format!("write `{}`", right.trim()),
                ),
                span,
                right,
            ),
        )
    }

    /// `with phone: mobile code: digits(6)`, `when bound, alert.open`
    fn comma_in_head(&self) -> Option<Diagnostic> {
        let at = self.at;
        if !self.head {
            return None;
        }
        let has = |word: &str| (0..at).any(|at| self.slice(at) == word);
        if self.slice(at) == ","
            && has("when")
            && let Some(close) = self.closes_nothing(at)
        {
            return Some(
                self.told(
                    "这个 `)` 没有对应的 `(`",
                    "no `(` belongs to this `)`",
                    self.span(close, close),
                )
                .with_help(Words::new(
                    "函数写成 `between_hours(now.hour, 9, 18)`",
                    "a function is written `between_hours(now.hour, 9, 18)`",
                )),
            );
        }
        if self.slice(at) == "," && has("when") {
            let gap = self
                .sink
                .span(self.inside[at.checked_sub(1)?].end, self.inside[at].end);
            return Some(
                self.told(
                    "条件之间写 `and` 或 `or`，不用逗号",
                    "conditions are joined by `and` or `or`, not by a comma",
                    self.span(at, at),
                )
                .with_guess(Words::new("改成 `and`", "write `and`"), gap, " and"),
            );
        }
        if self.word_at(at) && self.slice(at + 1) == ":" && has("with") && self.wants(Rule::comma) {
            let end = self.inside[at.checked_sub(1)?].end;
            let here = self.sink.span(end, end);
            return Some(
                self.told(
                    "两样之间少了逗号",
                    "a comma is missing between two of them",
                    self.span(at, at),
                )
                .with_fix(Words::new("补上逗号", "add the comma"), here, ","),
            );
        }
        None
    }

    /// `digits 6`
    fn digits(&self) -> Option<Diagnostic> {
        let at = self.at;
        if self.before(1) != "digits" || self.kind(at) != Some(&Kind::Number) {
            return None;
        }
        let right = format!("digits({})", self.slice(at));
        let title = Words::new(
            "几位数字写在括号里",
            "how many digits stands in parentheses",
        );
        Some(written_otherwise(title, self.span(at - 1, at), &right))
    }

    /// `forward to "客服"`
    fn to_a_person(&self) -> Option<Diagnostic> {
        let at = self.at;
        if self.before(1) != "forward" || self.slice(at) != "to" {
            return None;
        }
        let last = at + usize::from(self.is_text(at + 1) || self.word_at(at + 1));
        let title = Words::new(
            "`forward` 把话转给信息系统；转给人工客服写 `hand over`",
            "`forward` asks the information system; a person gets the chat by `hand over`",
        );
        let span = self.span(at - 1, last);
        let label = Words::new("这里写 `hand over`", "write `hand over`");
        let words = Words::new("改成 `hand over`", "write `hand over`");
        let found = Diagnostic::error("E0101", title, span, label);
        Some(found.with_guess(words, span, "hand over"))
    }

    /// `reply "x" after 5 minutes`
    fn sent_later(&self) -> Option<Diagnostic> {
        let at = self.at;
        if self.slice(at) != "after" || self.before(2) != "reply" {
            return None;
        }
        let span = self.span(at - 2, at - 2);
        Some(
            Diagnostic::error(
                "E0101",
                Words::new(
                    "`reply` 马上回答；过一会儿再发用 `send`",
                    "`reply` answers at once; what is sent later takes `send`",
                ),
                self.span(at, at),
                Words::new("`reply` 后面没有它", "not behind `reply`"),
            )
            .with_guess(Words::new("改成 `send`", "write `send`"), span, "send"),
        )
    }

    /// `deny "x" if login.ip in office`
    fn condition_behind(&self) -> Option<Diagnostic> {
        let at = self.at;
        let asks = matches!(self.slice(at), "if" | "when" | "unless" | "如果" | "当");
        let action = Body::Actions.words().contains(&self.slice(0));
        if !asks || !action || self.head || self.inside[at].first {
            return None;
        }
        Some(
            Diagnostic::error(
                "E0106",
                Words::new(
                    "条件不写在动作后面",
                    "a condition does not stand behind what is done",
                ),
                self.span(at, at),
                Words::new("它属于规则的第一行", "it belongs to the rule's first line"),
            )
            .with_help(Words::new(
                "条件写在 `{` 之前：`on text \"锁定\" when bound {`",
                "the condition stands before the `{`: `on text \"lock\" when bound {`",
            )),
        )
    }

    /// `tag "x", reply "y"`
    fn several_actions(&self) -> Option<Diagnostic> {
        let at = self.at;
        let next = self.slice(at + 1);
        let joins = matches!(self.slice(at), "," | "and" | "then" | "&");
        let action = Body::Actions.words().contains(&self.slice(0));
        if !joins || !action || !Body::Actions.words().contains(&next) || self.head {
            return None;
        }
        let before = self.inside[at.checked_sub(1)?].end;
        let gap = self.sink.span(before, self.inside[at + 1].start);
        let indent = crate::lang::syntax::lower::indent_at(self.text, self.inside[0].start);
        Some(
            Diagnostic::error(
                "E0107",
                Words::new("一行里有几个子句", "several clauses stand on one line"),
                self.span(at, at + 1),
                Words::new("应另起一行", "this belongs on a line of its own"),
            )
            .with_fix(
                Words::new("另起一行", "start a new line"),
                gap,
                format!("\n{}", " ".repeat(indent)),
            ),
        )
    }

    /// `list words = "a", "b"`, `cancel on ["a", "b"]`
    fn bare_list(&self) -> Option<Diagnostic> {
        let at = self.at;
        let open = usize::from(self.slice(at) == "[");
        let mut last = at + open;
        if !self.is_text(last) {
            return None;
        }
        let mut texts = vec![self.slice(last)];
        while self.slice(last + 1) == "," && self.is_text(last + 2) {
            last += 2;
            texts.push(self.slice(last));
        }
        if open == 1 && self.before(1) == "on" && self.before(2) == "cancel" {
            if self.slice(last + 1) != "]" {
                return None;
            }
            let right = texts.join(" or ");
            let title = Words::new(
                "几种说法用 `or` 连起来，不写成列表",
                "alternatives are joined by `or`, they are no list",
            );
            return Some(written_otherwise(title, self.span(at, last + 1), &right));
        }
        if open == 1 || self.slice(0) != "list" || self.before(1) != "=" {
            return None;
        }
        let title = Words::new("列表写在方括号里", "a list stands in square brackets");
        // `"绑定、bind"`: several entries in one text.
        if let [text] = texts.as_slice()
            && text.contains(['、', '，', ','])
        {
            let entries = text.trim_matches('"').split(['、', '，', ',']);
            let entries: Vec<String> = entries
                .map(|entry| format!("\"{}\"", entry.trim()))
                .filter(|entry| entry.len() > 2)
                .collect();
            let (span, right) = (self.span(at, last), format!("[{}]", entries.join(", ")));
            let label = Words::new(format!("应是 `{right}`"), format!("should be `{right}`"));
            let words = Words::new(format!("写成 `{right}`"), format!("write `{right}`"));
            return Some(
                Diagnostic::error("E0101", title, span, label).with_guess(words, span, right),
            );
        }
        let right = format!("[{}]", texts.join(", "));
        Some(written_otherwise(title, self.span(at, last), &right))
    }

    /// `signal s "x" 20 {`, `once 30 minutes`, `let hi "x"`: only one word can stand between.
    fn one_word_missing(&self) -> Option<Diagnostic> {
        let at = self.at;
        let before = self.inside.get(at.checked_sub(1)?)?;
        let value = matches!(
            self.kind(at),
            Some(Kind::Number | Kind::Text(_) | Kind::Block { .. })
        );
        let missing = match (self.slice(0), self.before(1)) {
            _ if !value => return None,
            ("signal", _) if self.kind(at) == Some(&Kind::Number) && self.wants(Rule::k_weight) => {
                "weight"
            }
            (_, "once") if self.wants(Rule::k_per) => "per",
            ("let", _) if at == 2 => "=",
            _ => return None,
        };
        let here = self.sink.span(before.end, before.end);
        let title = Words::new(
            format!("前面少了 `{missing}`"),
            format!("`{missing}` is missing before this"),
        );
        Some(
            Diagnostic::error(
                "E0101",
                title,
                self.span(at, at),
                Words::new(
                    format!("它前面应有 `{missing}`"),
                    format!("`{missing}` belongs before it"),
                ),
            )
            .with_fix(
                Words::new(format!("补上 `{missing}`"), format!("add `{missing}`")),
                here,
                format!(" {missing}"),
            ),
        )
    }

    /// The first `)` from here on that nothing opened.
    fn closes_nothing(&self, from: usize) -> Option<usize> {
        let mut open = 0_usize;
        for at in from..self.inside.len() {
            match self.slice(at) {
                "(" => open += 1,
                ")" if open == 0 => return Some(at),
                ")" => open -= 1,
                _ => {}
            }
        }
        None
    }
}
