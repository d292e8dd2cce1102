//! Fields: everything a rule can look at, with type, availability and whether it can be unknown.

mod table;

pub(super) use table::table;

use crate::lang::value::Type;

use super::stage::{Stage, Stages};

/// One field.
#[derive(Debug, Clone)]
pub struct FieldSpec {
    /// Its full path, e.g. `login.city`.
    pub path: &'static str,
    /// Its type.
    pub ty: Type,
    /// The stages it exists in.
    pub stages: Stages,
    /// In WeChat: the events that bring it; empty means all. `any` and `event "X"` count as all.
    pub only: &'static [&'static str],
    /// Never unknown: missing means *no*.
    pub proof: bool,
    /// Also a field of past logins, there under its bare name (the part after `login.`).
    pub row: bool,
    /// When it is *yes* there certainly is an account.
    pub proves_account: bool,
    /// May stand in a text.
    pub shown: bool,
    /// Values it can take, for conditions that never or always hold.
    pub range: Option<(f64, f64)>,
    /// It is a whole number.
    pub whole: bool,
    /// Chinese.
    pub zh: &'static str,
    /// English.
    pub en: &'static str,
}

impl FieldSpec {
    /// The last part of the path: its name on past rows.
    pub fn bare(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }

    /// The first part of the path.
    pub fn root(&self) -> &'static str {
        self.path.split('.').next().unwrap_or(self.path)
    }

    /// Says something about the account: hidden where that would leak.
    pub fn about_account(&self) -> bool {
        self.root() == ACCOUNT
    }

    /// A rule that compiles and uses the field.
    pub fn example(&self) -> String {
        let path = self.path;
        let (event, stage) = match () {
            () if self.stages.has(Stage::Login) => ("login", Stage::Login),
            () if self.stages.has(Stage::Chat) => {
                (self.only.first().copied().unwrap_or("text"), Stage::Chat)
            }
            () => ("locked", Stage::Locked),
        };
        let condition = match &self.ty {
            Type::YesNo if path == "bound" || path.starts_with("alert.") => path.to_owned(),
            // Of the login itself it is settled: right in `on login`, wrong in `on failure`.
            Type::YesNo if path == "login.success" => {
                "count(attempts, within: 1 hour, where: not success) >= 3".to_owned()
            }
            Type::YesNo => format!("not {path}"),
            Type::Login => "distance(previous, login) >= 500 km".to_owned(),
            Type::List(_) if path == "signals" => "suspicion >= 60".to_owned(),
            Type::List(_) => format!("\"vip\" in {path}"),
            Type::Duration => format!("{path} >= 1 hour"),
            Type::Number if path == SUSPICION => format!("{path} >= 60"),
            Type::Number if path == BAND => format!("suspicion >= 60 and {path} >= 1"),
            Type::Date => format!("{path} == \"2026-01-05\""),
            _ => format!("{path} is known"),
        };
        let even = if stage == Stage::Chat && path == ALERT_OPEN {
            " even in dialog"
        } else {
            ""
        };
        format!("on {event} when {condition}{even} {{\n    note \"例子\"\n}}\n")
    }
}

/// The list of the signals that fired; entries compared with it must name one.
pub const SIGNALS: &str = "signals";
/// The score; its range follows from the weights.
pub const SUSPICION: &str = "suspicion";
/// Which of the score's thresholds was reached.
pub const BAND: &str = "band";
/// There is an open alert: rules that look at it must be heard in dialogs too.
pub const ALERT_OPEN: &str = "alert.open";
const ACCOUNT: &str = "account";

/// Which texts a rule may look at under `message.raw.`: any name the platform sends.
pub const RAW_PREFIX: &str = "message.raw.";

fn field(
    path: &'static str,
    ty: Type,
    stages: Stages,
    zh: &'static str,
    en: &'static str,
) -> FieldSpec {
    FieldSpec {
        path,
        ty,
        stages,
        only: &[],
        proof: false,
        row: false,
        proves_account: false,
        shown: true,
        range: None,
        whole: false,
        zh,
        en,
    }
}

fn row(
    path: &'static str,
    ty: Type,
    stages: Stages,
    zh: &'static str,
    en: &'static str,
) -> FieldSpec {
    FieldSpec {
        row: true,
        ..field(path, ty, stages, zh, en)
    }
}

fn chat(
    path: &'static str,
    ty: Type,
    only: &'static [&'static str],
    zh: &'static str,
    en: &'static str,
) -> FieldSpec {
    FieldSpec {
        only,
        ..field(path, ty, Stages::CHAT, zh, en)
    }
}

impl FieldSpec {
    fn proof(mut self) -> Self {
        self.proof = true;
        self
    }

    fn proves(mut self) -> Self {
        self.proof = true;
        self.proves_account = true;
        self
    }

    fn hidden(mut self) -> Self {
        self.shown = false;
        self
    }

    fn range(mut self, low: f64, high: f64) -> Self {
        self.range = Some((low, high));
        self
    }

    /// Whole numbers of a range.
    fn counted(mut self, low: f64, high: f64) -> Self {
        self.whole = true;
        self.range(low, high)
    }
}
