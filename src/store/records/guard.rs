//! Records of the `guard` room: machines, sessions, logins, alerts, locks and decisions. Plain data only; what they mean is decided there.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Kind, Record, RecordType};
use crate::env::{DAY, Millis};
use crate::lang::value::Place;

/// What this file adds to the schema.
pub(crate) const TYPES: &[RecordType] = &[
    RecordType::of::<Machine>(),
    RecordType::of::<Trust>(),
    RecordType::of::<Captcha>(),
    RecordType::of::<Session>(),
    RecordType::of::<AccountSession>(),
    RecordType::of::<Lock>(),
    RecordType::of::<Login>(),
    RecordType::of::<LoginBy>(),
    RecordType::of::<LoginId>(),
    RecordType::of::<Alert>(),
    RecordType::of::<AlertByAccount>(),
    RecordType::of::<Decision>(),
    RecordType::of::<CoolDown>(),
    RecordType::of::<LoginCount>(),
];

/// A machine identifier issued here.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Its public identifier, "mch_…"; the signature is not kept.
    pub id: String,
    /// When it was issued.
    pub issued_at: Millis,
    /// When it was last used in a login or proven.
    pub seen_at: Millis,
    /// When a solved captcha or a successful login made it legal.
    #[serde(default)]
    pub proven_at: Option<Millis>,
}

/// How long a machine that is not used is remembered. Afterwards it is unproven again.
pub const MACHINE_KEPT: Millis = 400 * DAY;
/// How long a machine that was never proven is remembered.
pub const UNPROVEN_KEPT: Millis = 7 * DAY;

impl Record for Machine {
    const KIND: Kind = Kind::Machine;
    type Key = String;

    fn key(&self) -> String {
        self.id.clone()
    }

    fn expires_at(&self) -> Option<Millis> {
        let kept = if self.proven_at.is_some() {
            MACHINE_KEPT
        } else {
            UNPROVEN_KEPT
        };
        Some(self.seen_at.saturating_add(kept))
    }
}

/// An account's trust in a machine.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trust {
    /// The account.
    pub account: String,
    /// The machine's identifier.
    pub machine: String,
    /// Since when.
    pub since: Millis,
    /// Until when.
    pub until: Millis,
    /// The alert whose answer it came from.
    #[serde(default)]
    pub alert: Option<String>,
}

impl Record for Trust {
    const KIND: Kind = Kind::Trust;
    type Key = (String, String);

    fn key(&self) -> Self::Key {
        (self.account.clone(), self.machine.clone())
    }

    fn expires_at(&self) -> Option<Millis> {
        Some(self.until)
    }
}

/// An outstanding captcha.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Captcha {
    /// Its identifier, "cap_…".
    pub id: String,
    /// Keyed hash of its answer with all it is bound to, hexadecimal.
    pub mac: String,
    /// Until when it can be answered.
    pub expires_at: Millis,
}

impl Record for Captcha {
    const KIND: Kind = Kind::Captcha;
    type Key = String;

    fn key(&self) -> String {
        self.id.clone()
    }

    fn expires_at(&self) -> Option<Millis> {
        Some(self.expires_at)
    }
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionEnd {
    /// The account was locked.
    Locked,
    /// The user or the information system ended it.
    Revoked,
    /// The password was changed.
    PasswordChanged,
    /// The account was disabled or deleted.
    AccountClosed,
    /// A newer session took its place: too many at once.
    Displaced,
    /// A rule ended it.
    LoggedOff,
}

impl SessionEnd {
    /// The name in events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Locked => "locked",
            Self::Revoked => "revoked",
            Self::PasswordChanged => "password_changed",
            Self::AccountClosed => "account_closed",
            Self::Displaced => "displaced",
            Self::LoggedOff => "logged_off",
        }
    }
}

/// A session, ended or not. Found by the digest of its token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Digest of the token, hexadecimal; of account and reported identifier for reported sessions.
    pub hash: String,
    /// Its public identifier, "ses_…", or the information system's own for reported sessions.
    pub id: String,
    /// The account.
    pub account: String,
    /// The machine's identifier.
    #[serde(default)]
    pub machine: Option<String>,
    /// The address it was started from.
    #[serde(default)]
    pub ip: Option<String>,
    /// Through what: web, app, …
    #[serde(default)]
    pub channel: Option<String>,
    /// Kept by the information system; there is no token for it here.
    #[serde(default)]
    pub reported: bool,
    /// When it was started.
    pub started: Millis,
    /// Until when it lasts.
    pub expires_at: Millis,
    /// When and why it ended before that.
    #[serde(default)]
    pub ended: Option<(Millis, SessionEnd)>,
}

/// How long an ended or expired session is remembered, so that its identifier never revives.
pub const SESSION_KEPT: Millis = 90 * DAY;

impl Record for Session {
    const KIND: Kind = Kind::Session;
    type Key = String;

    fn key(&self) -> String {
        self.hash.clone()
    }

    fn expires_at(&self) -> Option<Millis> {
        Some(self.expires_at.saturating_add(SESSION_KEPT))
    }
}

/// The sessions of an account that were not ended, oldest first.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountSession {
    /// The account.
    pub account: String,
    /// When it was started.
    pub started: Millis,
    /// Digest of the token.
    pub hash: String,
    /// Until when it lasts.
    pub expires_at: Millis,
}

impl Record for AccountSession {
    const KIND: Kind = Kind::AccountSession;
    type Key = (String, Millis, String);

    fn key(&self) -> Self::Key {
        (self.account.clone(), self.started, self.hash.clone())
    }

    fn expires_at(&self) -> Option<Millis> {
        Some(self.expires_at)
    }
}

/// Who locked an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LockedBy {
    /// The owner, from the chat; the value is the audit log's name for the OpenID.
    Owner(String),
    /// An operator or the information system; the value is who in the audit log's words.
    Operator(String),
    /// A rule.
    Rule(String),
}

/// A lock. Lives apart from the account and outlives it and its bindings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// The account.
    pub account: String,
    /// Who locked first.
    pub by: LockedBy,
    /// An operator has locked too, or first: the chat cannot undo it.
    pub operator: bool,
    /// Why, in the words of who locked.
    #[serde(default)]
    pub reason: Option<String>,
    /// When.
    pub at: Millis,
    /// How many sessions it ended.
    pub sessions_ended: u32,
    /// The alerts it answered.
    #[serde(default)]
    pub alerts: Vec<String>,
    /// The machines of those alerts: unlocking takes trust from them.
    #[serde(default)]
    pub machines: Vec<String>,
}

impl Record for Lock {
    const KIND: Kind = Kind::Lock;
    type Key = String;

    fn key(&self) -> String {
        self.account.clone()
    }
}

/// One login attempt, kept under its account.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Login {
    /// The account, or the name that was typed.
    pub account: String,
    /// When it happened.
    pub time: Millis,
    /// In which order it arrived: unique, growing.
    pub seq: u64,
    /// Whether the account exists.
    #[serde(default)]
    pub known: bool,
    /// The password was right and the attempt was let through.
    #[serde(default)]
    pub success: bool,
    /// Why it failed.
    #[serde(default)]
    pub reason: Option<String>,
    /// The machine's identifier.
    #[serde(default)]
    pub machine: Option<String>,
    /// Whether that was legal.
    #[serde(default)]
    pub legal: bool,
    /// The address.
    #[serde(default)]
    pub ip: Option<String>,
    /// Where that is.
    #[serde(default)]
    pub place: Place,
    /// Browser.
    #[serde(default)]
    pub browser: Option<String>,
    /// Operating system.
    #[serde(default)]
    pub os: Option<String>,
    /// Kind of device.
    #[serde(default)]
    pub device: Option<String>,
    /// Digest of the user agent's text, hexadecimal.
    #[serde(default)]
    pub agent: Option<String>,
    /// Through what: web, app, …
    #[serde(default)]
    pub channel: Option<String>,
    /// The session it started.
    #[serde(default)]
    pub session: Option<String>,
    /// It was let through after a solved captcha.
    #[serde(default)]
    pub captcha: bool,
    /// Hour of the day in the account's zone, 0 to 23.
    #[serde(default)]
    pub hour: Option<u8>,
    /// Day of the week there, Monday is 1.
    #[serde(default)]
    pub weekday: Option<u8>,
    /// The decision made over it.
    #[serde(default)]
    pub decision: Option<String>,
    /// The alert it raised or was appended to.
    #[serde(default)]
    pub alert: Option<String>,
    /// The owner answered that alert with 锁定. Authoritative here, not in the rows by other keys.
    #[serde(default)]
    pub answered_lock: bool,
    /// Until when it is kept.
    pub kept_until: Millis,
}

impl Record for Login {
    const KIND: Kind = Kind::Login;
    type Key = (String, Millis, u64);

    fn key(&self) -> Self::Key {
        (self.account.clone(), self.time, self.seq)
    }

    fn expires_at(&self) -> Option<Millis> {
        Some(self.kept_until)
    }
}

/// A copy of a login under another key.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct LoginBy {
    /// The kind of key: ip, network, machine, asn, city, country, all.
    pub by: String,
    /// The key.
    pub value: String,
    /// The login.
    pub login: Login,
}

impl Record for LoginBy {
    const KIND: Kind = Kind::LoginBy;
    type Key = (String, String, Millis, u64);

    fn key(&self) -> Self::Key {
        (
            self.by.clone(),
            self.value.clone(),
            self.login.time,
            self.login.seq,
        )
    }

    fn expires_at(&self) -> Option<Millis> {
        Some(self.login.kept_until)
    }
}

/// How many logins are kept under a key, and what is known of those that are not.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginCount {
    /// The kind of key, "account" included.
    pub by: String,
    /// The key.
    pub value: String,
    /// Rows kept; perhaps more than there are from `exact_until` on, when the sweep may take some.
    pub rows: u32,
    /// When the first of the rows counted expires.
    pub exact_until: Millis,
    /// When the first success known under this key was; survives the trimming of its row.
    #[serde(default)]
    pub first_success: Option<Millis>,
    /// The newest row that was trimmed, by event time: the history before it is incomplete.
    #[serde(default)]
    pub trimmed_to: Option<Millis>,
    /// Until when this is kept.
    pub kept_until: Millis,
}

impl Record for LoginCount {
    const KIND: Kind = Kind::LoginCount;
    type Key = (String, String);

    fn key(&self) -> Self::Key {
        (self.by.clone(), self.value.clone())
    }

    fn expires_at(&self) -> Option<Millis> {
        Some(self.kept_until)
    }
}

/// A login the information system has reported under an identifier of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginId {
    /// The reporter's identifier.
    pub id: String,
    /// Digest of the report's body, hexadecimal.
    pub digest: String,
    /// The decision that was answered.
    pub decision: String,
    /// When it arrived.
    pub at: Millis,
}

/// How long a reported identifier is remembered.
pub const LOGIN_ID_KEPT: Millis = 30 * DAY;

impl Record for LoginId {
    const KIND: Kind = Kind::LoginId;
    type Key = String;

    fn key(&self) -> String {
        self.id.clone()
    }

    fn expires_at(&self) -> Option<Millis> {
        Some(self.at.saturating_add(LOGIN_ID_KEPT))
    }
}

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
}

/// Which login: key fields of a [`Login`] beside the account.
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

/// One decision, as it can be explained later.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Its identifier, "dec_…".
    pub id: String,
    /// When it was made.
    pub time: Millis,
    /// attempt, login or report.
    pub kind: String,
    /// The account, or the name that was typed.
    pub account: String,
    /// The login in short: time, machine, place, …
    #[serde(default)]
    pub login: Value,
    /// Every signal with its state and values.
    #[serde(default)]
    pub signals: Value,
    /// Their sum.
    #[serde(default)]
    pub suspicion: f64,
    /// allow, challenge, deny or refused.
    pub verdict: String,
    /// The generation of the rule set.
    #[serde(default)]
    pub generation: u64,
    /// The hash of the rule set.
    #[serde(default)]
    pub hash: String,
    /// The explanation as text.
    #[serde(default)]
    pub explanation: String,
    /// The alert it raised or added to.
    #[serde(default)]
    pub alert: Option<String>,
}

/// How long a decision can be explained.
pub const DECISION_KEPT: Millis = 180 * DAY;

impl Record for Decision {
    const KIND: Kind = Kind::Decision;
    type Key = String;

    fn key(&self) -> String {
        self.id.clone()
    }

    fn expires_at(&self) -> Option<Millis> {
        Some(self.time.saturating_add(DECISION_KEPT))
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

macro_rules! no_contents {
    ($($record:ident: $($field:ident)*),+ $(,)?) => {
        $(impl fmt::Debug for $record {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($record))
                    $(.field(stringify!($field), &self.$field))*
                    .finish_non_exhaustive()
            }
        })+
    };
}

// They hold digests of tokens, OpenIDs, addresses or explanations.
no_contents!(
    Machine: issued_at proven_at,
    Trust: since until,
    Captcha: expires_at,
    Session: started ended,
    AccountSession: started,
    Login: time seq success,
    LoginBy: by login,
    LoginCount: by rows,
    Alert: id number raised_at prompt closed,
    Decision: id kind verdict,
);

/// One example of each record here.
#[cfg(test)]
pub(crate) fn samples() -> Vec<super::Sample> {
    use super::Sample;
    let time = 1_790_000_000_000;
    let login = Login {
        account: "alice".into(),
        time,
        seq: 7,
        known: true,
        success: true,
        machine: Some("mch_sample".into()),
        legal: true,
        ip: Some("192.0.2.1".into()),
        place: Place {
            country: Some("中国".into()),
            city: Some("北京".into()),
            lat: Some(39.9),
            lon: Some(116.4),
            asn: Some(4134),
            ..Place::default()
        },
        browser: Some("Chrome".into()),
        hour: Some(9),
        weekday: Some(1),
        captcha: true,
        answered_lock: true,
        kept_until: time + 1,
        ..Login::default()
    };
    vec![
        Sample::of(Machine {
            id: "mch_sample".into(),
            issued_at: time,
            seen_at: time,
            proven_at: Some(time),
        }),
        Sample::of(Trust {
            account: "alice".into(),
            machine: "mch_sample".into(),
            since: time,
            until: time + 1,
            alert: Some("alr_sample".into()),
        }),
        Sample::of(Captcha {
            id: "cap_sample".into(),
            mac: "00ff".into(),
            expires_at: time,
        }),
        Sample::of(Session {
            hash: "00ff".into(),
            id: "ses_sample".into(),
            account: "alice".into(),
            machine: Some("mch_sample".into()),
            ip: Some("192.0.2.1".into()),
            channel: Some("web".into()),
            reported: false,
            started: time,
            expires_at: time + 1,
            ended: Some((time, SessionEnd::Locked)),
        }),
        Sample::of(AccountSession {
            account: "alice".into(),
            started: time,
            hash: "00ff".into(),
            expires_at: time + 1,
        }),
        Sample::of(Lock {
            account: "alice".into(),
            by: LockedBy::Owner("openid:00ff".into()),
            operator: true,
            reason: Some("异常登录".into()),
            at: time,
            sessions_ended: 2,
            alerts: vec!["alr_sample".into()],
            machines: vec!["mch_sample".into()],
        }),
        Sample::of(login.clone()),
        Sample::of(LoginBy {
            by: "ip".into(),
            value: "192.0.2.1".into(),
            login,
        }),
        Sample::of(LoginCount {
            by: "ip".into(),
            value: "192.0.2.1".into(),
            rows: 3,
            exact_until: time,
            first_success: Some(time),
            trimmed_to: Some(time),
            kept_until: time + 1,
        }),
        Sample::of(LoginId {
            id: "report-1".into(),
            digest: "00ff".into(),
            decision: "dec_sample".into(),
            at: time,
        }),
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
            }),
        }),
        Sample::of(AlertByAccount {
            account: "alice".into(),
            closed: true,
            number: 2,
            alert: "alr_sample".into(),
            raised_at: time,
        }),
        Sample::of(Decision {
            id: "dec_sample".into(),
            time,
            kind: "login".into(),
            account: "alice".into(),
            login: serde_json::json!({"city": "北京"}),
            signals: serde_json::json!([{"name": "new_city", "state": "fired"}]),
            suspicion: 40.0,
            verdict: "allow".into(),
            generation: 3,
            hash: "00ff".into(),
            explanation: "因为".into(),
            alert: Some("alr_sample".into()),
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
