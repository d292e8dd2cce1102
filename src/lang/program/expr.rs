//! Checked expressions.

use crate::lang::span::Span;
use crate::lang::value::{Type, Value};

use super::ListId;

/// A checked expression. Evaluation gives a value of type `ty` or [`Value::Unknown`].
#[derive(Debug, Clone)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Its type.
    pub ty: Type,
    /// Where it stands, for explanations.
    pub span: Span,
}

/// The forms of a checked expression.
#[derive(Debug, Clone)]
pub enum ExprKind {
    /// A constant, units resolved.
    Const(Value),
    /// A field of the event or its subjects: the registry's full path, e.g. `login.city`,
    /// `account.name`, `alert.open`, `suspicion`, `now`.
    Field(FieldId),
    /// A field of the past row, inside `of:`, `by:`, `where:` (a bare name there).
    RowField(FieldId),
    /// A capture, slot, dialog parameter, per-user variable or name an outcome brings.
    Name(Name),
    /// The value of a `let`; kept as a node so that explanations show it.
    Let {
        /// Its name.
        name: String,
        /// Its value.
        value: Box<Expr>,
    },
    /// Three-valued not.
    Not(Box<Expr>),
    /// Three-valued and, left to right; two or more.
    And(Vec<Expr>),
    /// Three-valued or, left to right; two or more.
    Or(Vec<Expr>),
    /// A comparison of two values of one type.
    Compare(CompareOp, Box<Expr>, Box<Expr>),
    /// Arithmetic; the checker has settled the units.
    Arith(ArithOp, Box<Expr>, Box<Expr>),
    /// Membership in a named list.
    InList {
        /// What is looked for.
        item: Box<Expr>,
        /// Where.
        list: ListId,
        /// `not in`
        negated: bool,
    },
    /// Membership in a list in place, or an ip in a network. A value that is a list itself
    /// (`"vip" in sender.tags`) stands for its entries.
    InValues {
        /// What is looked for.
        item: Box<Expr>,
        /// Where.
        values: Vec<Expr>,
        /// `not in`
        negated: bool,
    },
    /// `is known` / `is unknown`; never unknown itself.
    IsKnown {
        /// What is asked about.
        inner: Box<Expr>,
        /// `is known` rather than `is unknown`.
        known: bool,
    },
    /// The first when known, else the second.
    Otherwise(Box<Expr>, Box<Expr>),
    /// A pure function of its arguments.
    Call(Function, Vec<Expr>),
    /// A question to the history; the query is `Program::queries[id]`.
    History(QueryId),
    /// `trusted(login.machine)`, only in `except`; never unknown.
    Trusted(Box<Expr>),
}

/// Index of a field in the registry's field table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldId(pub u16);

/// A name that is local to a rule or dialog.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Name {
    /// A trigger's capture.
    Capture(String),
    /// A slot or parameter of the dialog.
    Slot(String),
    /// A variable of the user, set by `remember`.
    Variable(String),
    /// A value the enclosing outcome brings, e.g. `tries_left`.
    Outcome(String),
    /// `message.raw.NAME`: a field of the push as the platform sent it, always a text.
    Raw(String),
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum CompareOp {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

/// Arithmetic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum ArithOp {
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// Pure functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Function {
    /// `distance(login, login)` → distance; unknown without coordinates.
    Distance,
    /// `speed(login, login)` → speed; elapsed time is at least one minute.
    Speed,
    /// `min(a, b, …)`
    Min,
    /// `max(a, b, …)`
    Max,
    /// `abs(a)`
    Abs,
    /// `lower(text)`
    Lower,
    /// `contains(text, text)`
    Contains,
    /// `starts(text, text)`
    Starts,
    /// `length(text)` in characters
    Length,
    /// `between_hours(hour, from, to)`: half open, may cross midnight.
    BetweenHours,
    /// `hours_apart(a, b)`: around the clock, 0 to 12.
    HoursApart,
}

/// Index of a query in `Program::queries`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueryId(pub u32);

/// A question to the history of logins. See language law 8 for windows.
#[derive(Debug, Clone)]
pub struct HistoryQuery {
    /// Its index.
    pub id: QueryId,
    /// What is asked.
    pub function: HistoryFunction,
    /// Which rows.
    pub stream: Stream,
    /// For `ratio`: the rows of the denominator.
    pub denominator: Option<Stream>,
    /// The field asked about (`distinct(account, …)`, `new(login.city, …)`, `share(login.hour, …)`).
    pub field: Option<FieldId>,
    /// The present value compared with past ones (`new`, `seen`, `share`, `days_since`), of the
    /// same type as the field.
    pub value: Option<Expr>,
    /// How far back.
    pub window: Window,
    /// Whose rows; empty means the account's.
    pub by: Vec<ByKey>,
    /// A condition on the past row.
    pub filter: Option<Expr>,
    /// A share of the rows, 0..=1: which percentile for `percentile`; for `usual_distance` how often
    /// a place must have been used to be a usual one.
    pub percentile: Option<f64>,
    /// Sequence queries: the condition that must have followed (or not) within the gap.
    pub sequence: Option<Sequence>,
    /// The call, for explanations.
    pub span: Span,
}

/// A then B within a gap.
#[derive(Debug, Clone)]
pub struct Sequence {
    /// The stream of A.
    pub first: Stream,
    /// A condition on A's row, besides the query's filter.
    pub first_is: Option<Expr>,
    /// The stream of B.
    pub second: Stream,
    /// A condition on B's row, besides the query's filter.
    pub second_is: Option<Expr>,
    /// How far apart at most, in milliseconds.
    pub within: i64,
}

/// What a history query computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HistoryFunction {
    /// Rows → number.
    Count,
    /// Different known values of the field → number.
    Distinct,
    /// Rows of the stream over rows of the denominator → percent; unknown when there are none.
    Ratio,
    /// Share of rows whose field equals the value → percent; unknown when there are none.
    Share,
    /// The value was never seen in a successful login of the window → yes/no; unknown while nothing
    /// was ever known of the account.
    New,
    /// The opposite of `New`, unknown in the same cases.
    Seen,
    /// Rows of the stream in a row, counted back from now → number.
    Streak,
    /// The first row's field (or its time).
    First,
    /// The last row's field (or its time).
    Last,
    /// Time since the last row → duration; unknown when there is none.
    Since,
    /// Days since the value was last seen → number; unknown when never.
    DaysSince,
    /// Smallest field value.
    Min,
    /// Largest field value.
    Max,
    /// Mean field value.
    Mean,
    /// Percentile of the field's values.
    Percentile,
    /// Share of the system's habits with this value, by whole days → percent; see
    /// [`TALLIED`](crate::history::TALLIED) for the fields.
    Rarity,
    /// A then B happened → yes/no.
    Sequence,
    /// A happened, and no B within the gap, which is over → yes/no.
    Absence,
    /// How far the login is from the nearest usual place of the owner → distance; unknown without
    /// coordinates and while no place is usual.
    UsualDistance,
    /// Hours, around the clock, from the login's hour to the circular mean of past hours → number;
    /// unknown when there is no such mean.
    HourDistance,
    /// The circular standard deviation of past hours → number of hours.
    HourSpread,
    /// How much likelier this address and device are for this owner than for anybody, as a power of
    /// ten → number (Freeman et al., NDSS 2016).
    Familiarity,
}

/// Which rows of the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stream {
    /// Successes and failures.
    Attempts,
    /// Right passwords.
    Successes,
    /// Wrong passwords.
    Failures,
}

/// How far back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Window {
    /// (t − w, t], milliseconds.
    Within(i64),
    /// The last n rows.
    Last(u32),
    /// Everything that is kept.
    All,
}

/// Whose rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ByKey {
    /// `account`
    Account,
    /// `ip`
    Ip,
    /// `network` (/24 or /56)
    Network,
    /// `machine`
    Machine,
    /// `asn`
    Asn,
    /// `city`
    City,
    /// `country`
    Country,
    /// `all`: the whole system
    All,
}
