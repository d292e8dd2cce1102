//! Alerts, their prompts' state and their cool-downs.

use serde::{Deserialize, Serialize};

use crate::env::{DAY, Millis};
use crate::store::records::{Kind, Record, RecordType};

/// What this file adds to the schema.
pub(crate) const TYPES: &[RecordType] = &[
    RecordType::of::<Alert>(),
    RecordType::of::<AlertByAccount>(),
    RecordType::of::<CoolDown>(),
];

/// A signal that fired.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FiredSignal {
    /// Its name in the rules.
    pub name: String,
    /// Its title.
    pub title: String,
    /// What it weighs.
    pub weight: f64,
}

/// Where an alert's prompt is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptState {
    /// Promised, not yet taken by the platform.
    Pending,
    /// The platform took it.
    Delivered {
        /// When.
        at: Millis,
    },
    /// Nobody knows.
    Unknown {
        /// When it was sent.
        at: Millis,
    },
    /// It will not arrive.
    Undeliverable {
        /// unbound, unfollowed, no_channel, quota or refused.
        reason: String,
    },
    /// The account had its share of prompts for the day; a captcha was asked for instead.
    Capped,
    /// Taken back, because the account was locked or the alert closed first.
    Withdrawn,
}

/// Why an alert is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// The owner said 是我.
    TrustedByOwner,
    /// The owner closed it otherwise.
    ClosedByOwner,
    /// The account was locked.
    Locked,
    /// An operator closed it.
    Operator,
    /// Its time was over.
    Expired,
    /// Too many alerts of the account were open.
    Displaced,
    /// The account was deleted.
    AccountDeleted,
}

impl CloseReason {
    /// The name in events and the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TrustedByOwner => "trusted_by_owner",
            Self::ClosedByOwner => "closed_by_owner",
            Self::Locked => "locked",
            Self::Operator => "operator",
            Self::Expired => "expired",
            Self::Displaced => "displaced",
            Self::AccountDeleted => "account_deleted",
        }
    }
}

/// How an alert ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// When.
    pub at: Millis,
    /// Why.
    pub reason: CloseReason,
    /// By whom, in the audit log's words.
    pub by: String,
    /// The number of the last login that had arrived by then: those after it were judged knowing how
    /// the alert ended, whatever time they bear. Stores of earlier builds do not have it.
    #[serde(default)]
    pub arrived: Option<u64>,
}

impl Closed {
    /// The owner said so in the chat: 锁定, 是我 or another word for closing it. A lock closes alerts too
    /// when an operator or a rule sets it, of whom the audit log has other words.
    pub fn by_owner(&self) -> bool {
        let digest = self.by.strip_prefix("openid:");
        let is_hex = |digest: &str| digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        digest.is_some_and(|digest| !digest.is_empty() && is_hex(digest))
    }
}

/// Which login: key fields of a `Login` beside the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginRef {
    /// When it happened.
    pub time: Millis,
    /// In which order it arrived.
    pub seq: u64,
}

/// A login a cool-down kept from raising an alert of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Appended {
    /// The login.
    pub login: LoginRef,
    /// The decision made over it.
    pub decision: String,
    /// Its suspicion.
    pub suspicion: f64,
    /// The names of the signals that fired.
    pub signals: Vec<String>,
}

/// An alert: an unusual login whose owner was, or should have been, asked.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Its identifier, "alr_…".
    pub id: String,
    /// The account.
    pub account: String,
    /// Its number within the account: 1, 2, 3, …
    pub number: u64,
    /// When it was raised.
    pub raised_at: Millis,
    /// Whom to ask: the official account and OpenID bound at login time.
    #[serde(default)]
    pub official_account: Option<String>,
    /// The OpenID bound at login time.
    #[serde(default)]
    pub openid: Option<String>,
    /// The login.
    pub login: LoginRef,
    /// The decision made over it.
    pub decision: String,
    /// The machine's identifier.
    #[serde(default)]
    pub machine: Option<String>,
    /// The machines of all its logins, appended ones included.
    #[serde(default)]
    pub machines: Vec<String>,
    /// Whether its machine was legal: an illegal one cannot be trusted.
    #[serde(default)]
    pub legal: bool,
    /// Where and from what, in words, for the list in the chat.
    #[serde(default)]
    pub summary: String,
    /// The rule that raised it.
    #[serde(default)]
    pub rule: String,
    /// What fired.
    pub signals: Vec<FiredSignal>,
    /// Their sum.
    pub suspicion: f64,
    /// The band the suspicion is in; higher is worse.
    #[serde(default)]
    pub band: u32,
    /// How long 是我 is good for, from the prompt's acceptance.
    pub life: Millis,
    /// Until when 是我 is good for it.
    pub answerable_until: Millis,
    /// Until when it is open at most.
    pub open_until: Millis,
    /// Where its prompt is.
    pub prompt: PromptState,
    /// Later logins the cool-down kept quiet.
    #[serde(default)]
    pub appended: Vec<Appended>,
    /// Logins kept quiet that found no place in the list.
    #[serde(default)]
    pub appended_more: u32,
    /// Set when it is closed.
    #[serde(default)]
    pub closed: Option<Closed>,
}

/// How long a closed alert is kept.
pub const ALERT_KEPT: Millis = 400 * DAY;

impl Record for Alert {
    const KIND: Kind = Kind::Alert;
    type Key = String;

    fn key(&self) -> String {
        self.id.clone()
    }

    fn expires_at(&self) -> Option<Millis> {
        Some(self.raised_at.saturating_add(ALERT_KEPT))
    }
}

/// The alerts of an account, open ones first, by number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertByAccount {
    /// The account.
    pub account: String,
    /// Whether it is closed.
    pub closed: bool,
    /// Its number.
    pub number: u64,
    /// Its identifier.
    pub alert: String,
    /// When it was raised.
    pub raised_at: Millis,
}

impl Record for AlertByAccount {
    const KIND: Kind = Kind::AlertByAccount;
    type Key = (String, bool, u64);

    fn key(&self) -> Self::Key {
        (self.account.clone(), self.closed, self.number)
    }

    fn expires_at(&self) -> Option<Millis> {
        Some(self.raised_at.saturating_add(ALERT_KEPT))
    }
}

/// The latest alert of an account, or of an account on one machine, and how long it keeps others quiet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CoolDown {
    /// The account.
    pub account: String,
    /// The machine's identifier for a cool-down per machine; empty for the account's.
    pub scope: String,
    /// The alert.
    pub alert: String,
    /// When it was raised.
    pub raised_at: Millis,
    /// Until when it keeps others quiet.
    pub until: Millis,
    /// The signals the owner was already asked about.
    pub signals: Vec<String>,
    /// The highest band so far.
    pub band: u32,
}

/// How long the latest alert is remembered: a binding made within a day of it is suspicious.
pub const COOL_DOWN_KEPT: Millis = 2 * DAY;

impl Record for CoolDown {
    const KIND: Kind = Kind::CoolDown;
    type Key = (String, String);

    fn key(&self) -> Self::Key {
        (self.account.clone(), self.scope.clone())
    }

    fn expires_at(&self) -> Option<Millis> {
        Some(
            self.until
                .max(self.raised_at.saturating_add(COOL_DOWN_KEPT)),
        )
    }
}

crate::store::records::no_contents!(
    Alert: id number raised_at prompt closed,
);

/// One example of each record here.
#[cfg(test)]
pub(crate) fn samples() -> Vec<crate::store::records::Sample> {
    use crate::store::records::Sample;
    let time = 1_790_000_000_000;
    vec![
        Sample::of(Alert {
            id: "alr_sample".into(),
            account: "alice".into(),
            number: 2,
            raised_at: time,
            official_account: Some("main".into()),
            openid: Some("o-sample".into()),
            login: LoginRef { time, seq: 7 },
            decision: "dec_sample".into(),
            machine: Some("mch_sample".into()),
            machines: vec!["mch_sample".into()],
            legal: true,
            summary: "北京 Chrome".into(),
            rule: "rules/guard.rules:40".into(),
            signals: vec![FiredSignal {
                name: "new_city".into(),
                title: "异地登录".into(),
                weight: 40.0,
            }],
            suspicion: 40.0,
            band: 1,
            life: DAY,
            answerable_until: time + 1,
            open_until: time + 2,
            prompt: PromptState::Delivered { at: time },
            appended: vec![Appended {
                login: LoginRef { time, seq: 8 },
                decision: "dec_sample".into(),
                suspicion: 40.0,
                signals: vec!["new_city".into()],
            }],
            appended_more: 1,
            closed: Some(Closed {
                at: time,
                reason: CloseReason::Operator,
                by: "operator".into(),
                arrived: Some(9),
            }),
        }),
        Sample::of(AlertByAccount {
            account: "alice".into(),
            closed: true,
            number: 2,
            alert: "alr_sample".into(),
            raised_at: time,
        }),
        Sample::of(CoolDown {
            account: "alice".into(),
            scope: String::new(),
            alert: "alr_sample".into(),
            raised_at: time,
            until: time + 1,
            signals: vec!["new_city".into()],
            band: 1,
        }),
    ]
}
