//! Names that are missing, or made of several words: `dialog expires 15 minutes {`, `signal new place "…"`,
//! `ask "喝什么？"`; and heads whose words are nearly right: `even dialog`, `on undelivered alert`,
//! `on login suspicion >= 60`.

use super::neighbours::Stuck;
use super::written_otherwise;
use crate::lang::diagnostics::{Diagnostic, Words, nearest};
use crate::lang::syntax::grammar::Rule;
use crate::lang::syntax::lexer::Kind;
use crate::lang::syntax::vocabulary::{EVENTS, EXTRACTORS};

/// Items that are given a name, what they are, and how they begin.
const NAMED: [(&str, &str, &str, &str); 5] = [
    (
        "dialog",
        "对话",
        "dialog",
        "dialog order expires 10 minutes {",
    ),
    (
        "signal",
        "信号",
        "signal",
        "signal new_city \"异地登录\" weight 40 {",
    ),
    ("let", "常量", "constant", "let budget = 60"),
    ("list", "列表", "list", "list words = [\"取消\", \"退出\"]"),
    (
        "extractor",
        "提取器",
        "extractor",
        "extractor order_no = \"…\"",
    ),
];
/// Events of logins, which have no text to match.
const LOGINS: [&str; 3] = ["login", "attempt", "failure"];
/// Words of conditions.
const ASKS: [&str; 6] = ["bound", "not", "suspicion", "count", "new", "band"];
/// Words of a name that is one: more is a sentence.
const MAX_WORDS: usize = 5;

impl Stuck<'_> {
    /// The diagnostic, when a name is missing or a head nearly right.
    pub(super) fn named(&self) -> Option<Diagnostic> {
        self.no_name()
            .or_else(|| self.name_of_words())
            .or_else(|| self.nothing_asked())
            .or_else(|| self.one_of())
            .or_else(|| self.even_in_dialog())
            .or_else(|| self.no_such_event())
            .or_else(|| self.no_when())
    }

    /// `dialog expires 15 minutes {`, `signal "…"`, `list = […]`
    fn no_name(&self) -> Option<Diagnostic> {
        let item = self.slice(0);
        let (_, zh, en, example) = NAMED.iter().find(|(word, ..)| *word == item)?;
        let next = self.slice(1);
        let missing = match next {
            "=" | "{" | ":" => self.at == 1,
            "expires" => self.at == 2 && self.kind(2) == Some(&Kind::Number),
            "weight" => self.at == 2 && self.kind(2) == Some(&Kind::Number),
            _ => self.at == 1 && self.is_text(1),
        };
        missing.then(|| {
            Diagnostic::error(
                "E0134",
                Words::new(
                    format!("这个{zh}没有名字"),
                    format!("this {en} has no name"),
                ),
                self.span(0, 0),
                Words::new("后面要一个名字", "a name belongs after this"),
            )
            .with_help(Words::new(
                format!("例如 `{example}`"),
                format!("for example `{example}`"),
            ))
        })
    }

    /// `signal new place "…"`
    fn name_of_words(&self) -> Option<Diagnostic> {
        let item = self.slice(0);
        NAMED.iter().find(|(word, ..)| *word == item)?;
        let word = |at: &usize| {
            self.kind(*at) == Some(&Kind::Word)
                && !matches!(self.slice(*at), "expires" | "weight" | "from" | "shadow")
        };
        let last = (1..=MAX_WORDS).take_while(word).last()?;
        let ends =
            matches!(self.slice(last + 1), "=" | ":" | "{" | "expires") || self.is_text(last + 1);
        if self.at != 2 || last < 2 || !ends {
            return None;
        }
        let words: Vec<&str> = (1..=last).map(|at| self.slice(at)).collect();
        let right = words.join("_");
        let span = self.span(1, last);
        Some(
            Diagnostic::error(
                "E0101",
                Words::new(
                    format!("名字是一个词，`{}` 是几个", words.join(" ")),
                    format!("a name is one word, `{}` are several", words.join(" ")),
                ),
                span,
                Words::new(format!("写 `{right}`"), format!("write `{right}`")),
            )
            .with_guess(
                Words::new(
                    format!("改成 `{right}`，用到它的地方也要改"),
                    format!("write `{right}`, here and where it is used"),
                ),
                span,
                right.clone(),
            ),
        )
    }

    /// `ask "喝什么？"`, `ask word: "喝什么？"`, `ask drink "喝什么？"`
    fn nothing_asked(&self) -> Option<Diagnostic> {
        let at = self.at;
        let ask = (0..at).rev().take(3).find(|at| self.slice(*at) == "ask")?;
        if !self.is_text(at) || !(self.inside[ask].first || ask == 0) {
            return None;
        }
        let between: Vec<&str> = (ask + 1..at).map(|at| self.slice(at)).collect();
        let question = self.slice(at).lines().next().unwrap_or_default();
        let help = |what: &str| {
            let example = format!("ask {what} {question}");
            Words::new(
                format!("例如 `{example}`"),
                format!("for example `{example}`"),
            )
        };
        let (place, zh, en, what) = match between.as_slice() {
            [] => (
                ask,
                "`ask` 后面先写回答记在哪个名字下、是什么",
                "a name for the answer and what it is come right after `ask`",
                "answer: word".to_owned(),
            ),
            [kind, ":"] if EXTRACTORS.contains(kind) => (
                ask,
                "`ask` 后面先写回答记在哪个名字下",
                "a name for the answer comes right after `ask`",
                format!("answer: {kind}"),
            ),
            [name, ":"] => (
                ask + 1,
                "冒号后面要写回答是什么",
                "what the answer is stands behind the colon",
                format!("{name}: word"),
            ),
            [name] if self.kind(ask + 1) == Some(&Kind::Word) => (
                ask + 1,
                "名字后面要写回答是什么",
                "what the answer is stands behind its name",
                format!("{name}: word"),
            ),
            _ => return None,
        };
        let kinds = EXTRACTORS[..9].join("`、`");
        let kinds_en = EXTRACTORS[..9].join("`, `");
        // Of fixed answers a list is made first.
        Some(
            Diagnostic::error(
                "E0101",
                Words::new(zh, en),
                self.span(place, place),
                Words::new("这后面缺东西", "something is missing behind this"),
            )
            .with_help(help(&what))
            .with_help(Words::new(
                format!("可以是 `{kinds}`，或 `one_of(列表的名字)`"),
                format!("it may be `{kinds_en}`, or `one_of(LIST)`"),
            )),
        )
    }

    /// `one of(drinks)`
    fn one_of(&self) -> Option<Diagnostic> {
        let at = self.at;
        let named = self.kind(at) == Some(&Kind::Word);
        // `one_of drinks`, `ask what: in drinks`
        let (from, list) = match (self.before(1), self.slice(at)) {
            ("one_of", list) if named => (at - 1, list),
            (":", "in") if self.kind(at + 1) == Some(&Kind::Word) => (at, self.slice(at + 1)),
            _ => (at, ""),
        };
        if !list.is_empty() {
            let title = Words::new(
                "一个列表里的一项写 `one_of(…)`",
                "an entry of a list is written `one_of(…)`",
            );
            let last = if from == at { at + 1 } else { at };
            let right = format!("one_of({list})");
            return Some(written_otherwise(title, self.span(from, last), &right));
        }
        if self.slice(at) != "of" || self.before(1) != "one" {
            return None;
        }
        let (last, right) = match (self.kind(at + 1), self.slice(at + 1)) {
            (_, "(") => (at, "one_of".to_owned()),
            (Some(Kind::Word), list) => (at + 1, format!("one_of({list})")),
            _ => return None,
        };
        let title = Words::new("`one_of` 是一个词", "`one_of` is one word");
        Some(written_otherwise(title, self.span(at - 1, last), &right))
    }

    /// `even dialog`, `even in a dialog`, `when bound within dialog`, `in dialog when bound`
    fn even_in_dialog(&self) -> Option<Diagnostic> {
        if !self.head {
            return None;
        }
        let at = self.at;
        let dialog = |at: usize| matches!(self.slice(at), "dialog" | "dialogs" | "dialogue");
        let (from, to, sure) = match (self.before(2), self.before(1), self.slice(at)) {
            (_, "even", "dialog" | "dialogs") => (at - 1, at, true),
            (_, "even", "during" | "inside" | "within" | "while") if dialog(at + 1) => {
                (at - 1, at + 1, true)
            }
            ("even", "in", "dialogs" | "dialogue") => (at - 2, at, true),
            ("even", "in", "a" | "the" | "any" | "every" | "all") if dialog(at + 1) => {
                (at - 2, at + 1, true)
            }
            // The name of one of them.
            ("even", "in", _) if self.kind(at) == Some(&Kind::Word) => (at - 2, at, false),
            (_, before, "in" | "during" | "inside" | "within")
                if dialog(at + 1) && before != "even" =>
            {
                (at, at + 1, true)
            }
            _ => return None,
        };
        let span = self.span(from, to);
        let title = Words::new(
            "对话里也要听见写 `even in dialog`",
            "what is to be heard in dialogs too is marked `even in dialog`",
        );
        if sure {
            return Some(written_otherwise(title, span, "even in dialog"));
        }
        Some(
            Diagnostic::error(
                "E0101",
                title,
                span,
                Words::new(
                    "它对所有对话都有效，不写是哪一个",
                    "it is heard in all dialogs, none is named",
                ),
            )
            .with_guess(
                Words::new("写成 `even in dialog`", "write `even in dialog`"),
                span,
                "even in dialog",
            ),
        )
    }

    /// `on undelivered alert {`
    fn no_such_event(&self) -> Option<Diagnostic> {
        let event = self.before(1);
        let known = self.kind(self.at.checked_sub(1)?) == Some(&Kind::Word)
            && !EVENTS.contains(&event)
            && event != "event";
        let after = matches!(self.before(2), "on" | "or");
        if !self.head || !known || !after || self.is_text(self.at) {
            return None;
        }
        let meant = match self.slice(self.at) {
            // Nothing else goes on like this.
            "alert" => Some("undeliverable"),
            _ => nearest(event, EVENTS),
        };
        let span = self.span(self.at - 1, self.at - 1);
        let found = Diagnostic::error(
            "E0208",
            Words::new(
                format!("没有 `{event}` 这个事件"),
                format!("there is no event `{event}`"),
            ),
            span,
            Words::new("不认识的事件", "unknown event"),
        );
        Some(match meant {
            Some(meant) => found.with_guess(
                Words::new(format!("改成 `{meant}`"), format!("replace by `{meant}`")),
                span,
                meant,
            ),
            None => return None,
        })
    }

    /// `on login suspicion >= 60 {`
    fn no_when(&self) -> Option<Diagnostic> {
        let (event, here) = (self.before(1), self.slice(self.at));
        let after = matches!(self.before(2), "on" | "or");
        let word = self.kind(self.at) == Some(&Kind::Word);
        if !self.head || !after || !word || !self.wants(Rule::k_when) || !EVENTS.contains(&event) {
            return None;
        }
        let line = self.at..self.inside.len();
        let compares = line.clone().any(|at| {
            matches!(
                self.slice(at),
                ">=" | "<=" | ">" | "<" | "==" | "!=" | "." | "(" | "is"
            )
        });
        let asks = ASKS.contains(&here) || here == "alert";
        let has_when = line.clone().any(|at| self.slice(at) == "when");
        // `on text not "a"`
        if self.is_text(self.at + 1) {
            return None;
        }
        if has_when || !(asks || (compares && LOGINS.contains(&event))) {
            return None;
        }
        let start = self.inside[self.at].start;
        let place = self.sink.span(start, start);
        Some(
            Diagnostic::error(
                "E0101",
                Words::new("条件前面要写 `when`", "`when` comes before a condition"),
                self.span(self.at, self.at),
                Words::new("前面少了 `when`", "`when` is missing before this"),
            )
            .with_fix(Words::new("补上 `when`", "add `when`"), place, "when "),
        )
    }
}
