//! What stands outside of where it belongs, or nowhere: a window behind its question, a question without its
//! parentheses, `a ? b : c`, a clock where an event is wanted.

use super::neighbours::Stuck;
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::syntax::lexer::Kind;

/// What stands between a question and its window elsewhere.
const BEFORE_WINDOW: [&str; 7] = ["in", "within", "during", "over", "the", "last", "past"];
/// Questions, and how they are written.
const ASKED: [(&str, &str); 11] = [
    ("new", "new(login.city, within: 90 days)"),
    ("seen", "seen(login.machine, within: 90 days)"),
    ("count", "count(failures, within: 10 minutes)"),
    (
        "distinct",
        "distinct(account, of: failures, within: 5 minutes, by: ip)",
    ),
    ("ratio", "ratio(successes, attempts, within: 5 minutes)"),
    ("share", "share(login.hour, within: 90 days)"),
    ("since", "since(successes)"),
    ("trusted", "trusted(login.machine)"),
    ("distance", "distance(previous, login)"),
    ("speed", "speed(previous, login)"),
    ("rarity", "rarity(login.asn, within: 90 days)"),
];
/// What says elsewhere that something is done by the clock.
const TIMERS: [&str; 7] = [
    "every", "at", "daily", "hourly", "cron", "schedule", "timer",
];

impl Stuck<'_> {
    /// The diagnostic, when one of these shows.
    pub(super) fn outside(&self) -> Option<Diagnostic> {
        self.window()
            .or_else(|| self.asked_bare())
            .or_else(|| self.either_or())
            .or_else(|| self.timer())
            .or_else(|| self.head_unless())
            .or_else(|| self.negated_trigger())
            .or_else(|| self.rest_of_signal())
    }

    /// `signal s "x" weight 20 cooldown 30 minutes {`
    fn rest_of_signal(&self) -> Option<Diagnostic> {
        let rest = ["cooldown", "every", "throttle", "once", "per", "expires"];
        let at =
            (self.at.saturating_sub(1)..=self.at).find(|at| rest.contains(&self.slice(*at)))?;
        if self.slice(0) != "signal" || at < 3 {
            return None;
        }
        let word = self.slice(at);
        Some(
            Diagnostic::error(
                "E0101",
                Words::new(
                    format!("信号没有 `{word}`"),
                    format!("a signal has no `{word}`"),
                ),
                self.span(at, at),
                Words::new("这里应是 `shadow` 或 `{`", "expected `shadow` or `{`"),
            )
            .with_help(Words::new(
                "隔多久才再提醒一次写在提醒上：`alert once per 30 minutes {`",
                "how often it alerts stands at the alert: `alert once per 30 minutes {`",
            )),
        )
    }

    /// `count(failures) within 10 minutes >= 5`, `count(failures) in last 10 minutes >= 5`
    fn window(&self) -> Option<Diagnostic> {
        let between = |at: &usize| BEFORE_WINDOW.contains(&self.slice(*at));
        let from = (0..self.at).rev().find(|at| !between(at))?;
        let number = (from + 1..self.inside.len()).find(|at| !between(at))?;
        let counted = self.kind(number) == Some(&Kind::Number)
            && self.kind(number + 1) == Some(&Kind::Word)
            && number > from + 1;
        if self.slice(from) != ")" || !counted || self.slice(from - 1) == "(" {
            return None;
        }
        let window = format!("{} {}", self.slice(number), self.slice(number + 1));
        let span = self.span(from, number + 1);
        let by = format!(", within: {window})");
        Some(
            Diagnostic::error(
                "E0101",
                Words::new(
                    "看多久写在括号里面",
                    "how far back it looks stands inside the parentheses",
                ),
                self.span(from + 1, number + 1),
                Words::new(
                    format!("应是 `…, within: {window})`"),
                    format!("should be `…, within: {window})`"),
                ),
            )
            .with_guess(Words::new("移进括号里", "move it inside"), span, by),
        )
    }

    /// `new city`
    fn asked_bare(&self) -> Option<Diagnostic> {
        let word = self.before(1);
        let (_, example) = ASKED.iter().find(|(known, _)| *known == word)?;
        // A name of several words.
        let names = matches!(
            self.slice(0),
            "signal" | "dialog" | "let" | "list" | "extractor"
        );
        if self.kind(self.at) != Some(&Kind::Word)
            || self.inside[self.at].first
            || (names && self.at <= 2)
        {
            return None;
        }
        Some(
            Diagnostic::error(
                "E0101",
                Words::new(
                    format!("`{word}` 问的东西写在括号里"),
                    format!("what `{word}` asks for stands in parentheses"),
                ),
                self.span(self.at - 1, self.at),
                Words::new("少了括号", "the parentheses are missing"),
            )
            .with_help(Words::new(
                format!("例如 `{example}`"),
                format!("for example `{example}`"),
            )),
        )
    }

    /// `bound ? 1 : 2`
    fn either_or(&self) -> Option<Diagnostic> {
        if self.slice(self.at) != "?" {
            return None;
        }
        Some(
            Diagnostic::error(
                "E0101",
                Words::new("没有 `a ? b : c`", "there is no `a ? b : c`"),
                self.span(self.at, self.at),
                Words::new("规则里没有这个写法", "not part of the language"),
            )
            .with_help(Words::new(
                "两种情形写成两条规则，各有自己的 `when`；没有值时用别的，写 `x otherwise y`",
                "two cases are two rules with a `when` each; for what has no value write `x otherwise y`",
            )),
        )
    }

    /// `on every 5 minutes {`, `on 9:00 {`
    fn timer(&self) -> Option<Diagnostic> {
        let timed = self.before(1) == "on" || TIMERS.contains(&self.before(1));
        let said = self.inside[..self.inside.len().min(self.at + 1)]
            .iter()
            .position(|token| TIMERS.contains(&&self.text[token.start..token.end]));
        // `on every day at 9 {`, `on every monday {`
        let by_name = said == Some(1) && self.slice(0) == "on";
        let number = timed && self.kind(self.at) == Some(&Kind::Number);
        if !self.head || !(number || by_name) {
            return None;
        }
        let from = match by_name {
            true => 1,
            false if self.before(1) == "on" => self.at,
            false => self.at - 1,
        };
        Some(
            Diagnostic::error(
                "E0122",
                Words::new(
                    "规则由事件引出，没有定时的",
                    "rules follow events, none runs by the clock",
                ),
                self.span(from, self.at),
                Words::new(
                    "这里应是 `text`、`login` 等事件",
                    "an event such as `text` or `login`",
                ),
            )
            .with_help(Words::new(
                "过一会儿再发用 `send \"…\" after 10 minutes`；只在某些钟点回答写 `on text \"…\" when between_hours(now.hour, 9, 18) {`",
                "what is sent later takes `send \"…\" after 10 minutes`; to answer at some hours only write `on text \"…\" when between_hours(now.hour, 9, 18) {`",
            )),
        )
    }

    /// `on text not containing "a" or "b" {`
    fn negated_trigger(&self) -> Option<Diagnostic> {
        let asks = match self.slice(self.at + 1) {
            "containing" => "contains",
            "starting" => "starts",
            _ => return None,
        };
        if !self.head || self.slice(self.at) != "not" || self.before(1) != "text" {
            return None;
        }
        let title = Words::new(
            "触发只说有什么，没有什么写成条件",
            "a trigger says what a message has; what it has not is a condition",
        );
        let here = self.span(self.at, self.at + 1);
        let label = Words::new("不能这样写", "not like this");
        Some(Diagnostic::error("E0101", title, here, label).with_help(Words::new(
            format!("写成 `on text when not {asks}(message.text, \"…\") {{`，几个词用 `and not` 连起来"),
            format!("write `on text when not {asks}(message.text, \"…\") {{`, several words joined by `and not`"),
        )))
    }

    /// `on text "a" unless bound {`
    fn head_unless(&self) -> Option<Diagnostic> {
        let at = self.at;
        if self.slice(at) != "unless" {
            return None;
        }
        if self.slice(0) == "when" {
            let start = self.inside[at.checked_sub(1)?].end;
            let gap = self.sink.span(start, self.inside[at].end);
            return Some(
                Diagnostic::error(
                    "E0101",
                    Words::new(
                        "信号的例外写 `except`，另起一行",
                        "what exempts from a signal is written `except`, on a line of its own",
                    ),
                    self.span(at, at),
                    Words::new("这里写 `except`", "write `except`"),
                )
                .with_guess(
                    Words::new("改成另起一行的 `except`", "write `except` on a new line"),
                    gap,
                    "\n    except",
                ),
            );
        }
        if !self.head {
            return None;
        }
        let path = (at + 1..self.inside.len())
            .all(|at| self.kind(at) == Some(&Kind::Word) || self.slice(at) == ".");
        let span = self.span(at, at);
        let found = Diagnostic::error(
            "E0101",
            Words::new(
                "规则的条件写 `when`，反过来写 `when not`",
                "a rule's condition is written `when`, its opposite `when not`",
            ),
            span,
            Words::new("这里写 `when not`", "write `when not`"),
        );
        Some(match path && at + 1 < self.inside.len() {
            true => found.with_guess(
                Words::new("改成 `when not`", "write `when not`"),
                span,
                "when not",
            ),
            false => found.with_help(Words::new(
                "例如 `on text \"锁定\" when not (bound and alert.open) {`",
                "such as `on text \"lock\" when not (bound and alert.open) {`",
            )),
        })
    }
}
