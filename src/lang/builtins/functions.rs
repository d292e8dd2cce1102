//! Functions: pure ones and questions to the history, each with its arguments.

use crate::lang::program::{Function, HistoryFunction, Stream};
use crate::lang::value::Type;

use super::stage::Stages;

mod table;

pub(super) use table::table;

/// One function.
#[derive(Debug, Clone)]
pub struct FunctionSpec {
    /// Its name.
    pub name: &'static str,
    /// What computes it.
    pub kind: FunctionKind,
    /// Its positional arguments.
    pub args: Vec<ArgSpec>,
    /// The last positional argument may be repeated.
    pub variadic: bool,
    /// Its named arguments.
    pub named: &'static [NamedArg],
    /// A window (`within:` or `last:`) must be given.
    pub needs_window: bool,
    /// The stream when `of:` is missing; `None` means `of:` must be given (where it is allowed).
    pub stream: Option<Stream>,
    /// What it gives.
    pub result: ResultType,
    /// Where it may stand.
    pub stages: Stages,
    /// Values it can take, for conditions that never or always hold (numbers and fractions).
    pub range: Option<(f64, f64)>,
    /// Chinese.
    pub zh: &'static str,
    /// English.
    pub en: &'static str,
    /// A condition that compiles in `on login` (for `trusted`: in `except`).
    pub example: &'static str,
}

/// What computes a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FunctionKind {
    /// A pure function of its arguments.
    Pure(Function),
    /// A question to the history.
    History(HistoryFunction),
    /// `trusted(login.machine)`.
    Trusted,
}

/// A positional argument.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ArgSpec {
    /// What documentation calls it.
    pub name: &'static str,
    /// What fits.
    pub kind: ArgKind,
}

/// What fits a positional argument.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ArgKind {
    /// A value of one of these types.
    Value(&'static [Type]),
    /// A value of the same type as the first argument.
    Same,
    /// `attempts`, `successes` or `failures`.
    Stream,
    /// A bare field of past rows, e.g. `account`; when not empty, of one of these types.
    RowField(&'static [Type]),
    /// A field of the present login that past rows have too, e.g. `login.city`.
    PresentField,
    /// One of those that are counted over the whole system ([`COUNTED`]).
    CountedField,
    /// A percentage in place.
    Percent,
}

/// A named argument of a history function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedArg {
    /// `within: 10 minutes`
    Within,
    /// `last: 50`
    Last,
    /// `of: failures`
    Of,
    /// `by: ip`, `by: [ip, machine]`
    By,
    /// `where: hour >= 22`
    Where,
    /// `gap: 5 minutes`: how soon the second must follow the first
    Gap,
    /// `first: country != login.country`: a condition on the first of two
    First,
    /// `second: machine != login.machine`: a condition on the second of two
    Second,
    /// `least: 5%`: from which share of the rows on something is usual
    Least,
}

impl NamedArg {
    /// The word before the colon.
    pub fn word(self) -> &'static str {
        match self {
            Self::Within => "within",
            Self::Last => "last",
            Self::Of => "of",
            Self::By => "by",
            Self::Where => "where",
            Self::Gap => "gap",
            Self::First => "first",
            Self::Second => "second",
            Self::Least => "least",
        }
    }

    /// What it takes: Chinese, English.
    pub fn takes(self) -> (&'static str, &'static str) {
        match self {
            Self::Within => ("时长", "a duration"),
            Self::Last => ("次数", "a number of rows"),
            Self::Of => (
                "attempts、successes 或 failures",
                "attempts, successes or failures",
            ),
            Self::By => (
                "account、ip、network、machine、asn、city、country、all，或方括号里的两个",
                "account, ip, network, machine, asn, city, country, all, or two in brackets",
            ),
            Self::Where => ("对过去的登录的条件", "a condition on the past login"),
            Self::Gap => ("时长", "a duration"),
            Self::First => ("对前一次登录的条件", "a condition on the first of the two"),
            Self::Second => ("对后一次登录的条件", "a condition on the second of the two"),
            Self::Least => ("百分比", "a percentage"),
        }
    }
}

/// What a function gives.
#[derive(Debug, Clone, PartialEq)]
pub enum ResultType {
    /// Always this.
    Always(Type),
    /// The type of the first argument.
    OfFirst,
}

/// The fields of a login that are counted over the whole system, by their bare names.
pub const COUNTED: &[&str] = &[
    "country", "region", "city", "asn", "isp", "ip", "browser", "os", "device",
];

/// The streams of the history by name.
pub const STREAMS: &[(&str, Stream, &str, &str)] = &[
    (
        "attempts",
        Stream::Attempts,
        "所有登录，不论密码对错",
        "successes and failures",
    ),
    (
        "successes",
        Stream::Successes,
        "密码正确的登录",
        "logins with the right password",
    ),
    (
        "failures",
        Stream::Failures,
        "密码错误的登录",
        "logins with a wrong password",
    ),
];

impl FunctionSpec {
    fn range(mut self, low: f64, high: f64) -> Self {
        self.range = Some((low, high));
        self
    }

    /// How it is called, for documentation and help: `count(stream, within:, last:, by:, where:)`.
    pub fn signature(&self) -> String {
        let mut parts: Vec<String> = self.args.iter().map(|arg| arg.name.to_owned()).collect();
        if self.variadic {
            parts.push("…".to_owned());
        }
        parts.extend(self.named.iter().map(|named| format!("{}:", named.word())));
        format!("{}({})", self.name, parts.join(", "))
    }
}

/// One row of the table: a pure function.
fn pure(
    name: &'static str,
    function: Function,
    args: Vec<ArgSpec>,
    result: Type,
    zh: &'static str,
    en: &'static str,
    example: &'static str,
) -> FunctionSpec {
    FunctionSpec {
        name,
        kind: FunctionKind::Pure(function),
        args,
        variadic: false,
        named: &[],
        needs_window: false,
        stream: None,
        result: ResultType::Always(result),
        stages: Stages::ALL,
        range: None,
        zh,
        en,
        example,
    }
}

#[allow(clippy::too_many_arguments, reason = "one row of a table")]
fn history(
    name: &'static str,
    function: HistoryFunction,
    args: Vec<ArgSpec>,
    named: &'static [NamedArg],
    needs_window: bool,
    stream: Option<Stream>,
    result: Type,
    zh: &'static str,
    en: &'static str,
    example: &'static str,
) -> FunctionSpec {
    FunctionSpec {
        kind: FunctionKind::History(function),
        named,
        needs_window,
        stream,
        stages: Stages::LOGIN_SIDE,
        ..pure(name, Function::Abs, args, result, zh, en, example)
    }
}
