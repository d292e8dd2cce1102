//! Login attempts under their account and other keys, and the decisions made over them.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::env::{DAY, Millis};
use crate::lang::value::Place;
use crate::store::records::{Kind, Record, RecordType, Viewed};

/// What this file adds to the schema.
pub(crate) const TYPES: &[RecordType] = &[
    RecordType::of::<Login>(),
    RecordType::of::<LoginBy>(),
    RecordType::of::<LoginId>(),
    RecordType::of::<Decision>(),
    RecordType::of::<LoginCount>(),
];

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
    /// It was reported more than ten minutes late, or to fill in a past: no rule acted on it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
    /// Its password was checked here, so that what rules refused was refused; else it was reported. This and the next two
    /// are for replays, and only here, not in the rows by other keys.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub here: bool,
    /// The account was locked or disabled when it came.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub closed: bool,
    /// The password was right, and it was refused.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub right: bool,
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

/// A login as far as questions about the past look at it, its texts where they lie.
#[derive(Clone, Copy, Default, Deserialize)]
pub(crate) struct LoginView<'a> {
    /// See [`Login::account`].
    pub account: &'a str,
    /// See [`Login::time`].
    pub time: Millis,
    /// See [`Login::seq`].
    pub seq: u64,
    /// See [`Login::success`].
    #[serde(default)]
    pub success: bool,
    /// See [`Login::reason`].
    #[serde(default, borrow)]
    pub reason: Option<&'a str>,
    /// See [`Login::machine`].
    #[serde(default, borrow)]
    pub machine: Option<&'a str>,
    /// See [`Login::legal`].
    #[serde(default)]
    pub legal: bool,
    /// See [`Login::ip`].
    #[serde(default, borrow)]
    pub ip: Option<&'a str>,
    /// See [`Login::place`].
    #[serde(default, borrow)]
    pub place: PlaceView<'a>,
    /// See [`Login::browser`].
    #[serde(default, borrow)]
    pub browser: Option<&'a str>,
    /// See [`Login::os`].
    #[serde(default, borrow)]
    pub os: Option<&'a str>,
    /// See [`Login::device`].
    #[serde(default, borrow)]
    pub device: Option<&'a str>,
    /// See [`Login::channel`].
    #[serde(default, borrow)]
    pub channel: Option<&'a str>,
    /// See [`Login::hour`].
    #[serde(default)]
    pub hour: Option<u8>,
    /// See [`Login::weekday`].
    #[serde(default)]
    pub weekday: Option<u8>,
    /// See [`Login::alert`].
    #[serde(default, borrow)]
    pub alert: Option<&'a str>,
    /// See [`Login::kept_until`].
    #[serde(default)]
    pub kept_until: Millis,
    /// See [`Login::answered_lock`].
    #[serde(default)]
    pub answered_lock: bool,
}

/// A place, its texts where they lie; see [`Place`].
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PlaceView<'a> {
    /// Country.
    #[serde(borrow)]
    pub country: Option<&'a str>,
    /// Province or state.
    #[serde(borrow)]
    pub region: Option<&'a str>,
    /// City.
    #[serde(borrow)]
    pub city: Option<&'a str>,
    /// Latitude in degrees.
    pub lat: Option<f64>,
    /// Longitude in degrees.
    pub lon: Option<f64>,
    /// Autonomous system number.
    pub asn: Option<u32>,
    /// Internet service provider.
    #[serde(borrow)]
    pub isp: Option<&'a str>,
}

impl Viewed for Login {
    type View<'a> = LoginView<'a>;
}

impl Login {
    /// This login, looked at.
    pub(crate) fn view(&self) -> LoginView<'_> {
        let place = &self.place;
        LoginView {
            account: &self.account,
            time: self.time,
            seq: self.seq,
            success: self.success,
            reason: self.reason.as_deref(),
            machine: self.machine.as_deref(),
            legal: self.legal,
            ip: self.ip.as_deref(),
            place: PlaceView {
                country: place.country.as_deref(),
                region: place.region.as_deref(),
                city: place.city.as_deref(),
                lat: place.lat,
                lon: place.lon,
                asn: place.asn,
                isp: place.isp.as_deref(),
            },
            browser: self.browser.as_deref(),
            os: self.os.as_deref(),
            device: self.device.as_deref(),
            channel: self.channel.as_deref(),
            hour: self.hour,
            weekday: self.weekday,
            alert: self.alert.as_deref(),
            kept_until: self.kept_until,
            answered_lock: self.answered_lock,
        }
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

/// What [`LoginBy`] holds, its texts where they lie.
#[derive(Clone, Copy, Deserialize)]
pub(crate) struct LoginByView<'a> {
    /// The login.
    #[serde(borrow)]
    pub login: LoginView<'a>,
}

impl Viewed for LoginBy {
    type View<'a> = LoginByView<'a>;
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
    /// Another one after every login recorded here; 0 when a build before stamps wrote this.
    #[serde(default)]
    pub stamp: u64,
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
    #[serde(default, deserialize_with = "none_as_empty")]
    pub signals: Vec<SignalView>,
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
    #[serde(default, with = "crate::store::packed")]
    pub explanation: String,
    /// The alert it raised or added to.
    #[serde(default)]
    pub alert: Option<String>,
}

/// One signal of a decision, as it is kept and as the API shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SignalView {
    /// Its name in the rules.
    pub name: String,
    /// What people read.
    #[serde(default)]
    pub title: String,
    /// How much it counts.
    #[serde(default)]
    pub weight: f64,
    /// `fired`, `quiet`, `exempt`, `learning`, `not_evaluable`.
    pub state: String,
    /// Recorded but never counted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shadow: bool,
    /// The fields it looked at and what they were.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
    /// What was missing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

/// Builds before kept nothing at all for too many signals.
fn none_as_empty<'de, D: Deserializer<'de>>(reader: D) -> Result<Vec<SignalView>, D::Error> {
    Ok(Option::deserialize(reader)?.unwrap_or_default())
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

crate::store::records::no_contents!(
    Login: time seq success,
    LoginBy: by login,
    LoginCount: by rows,
    Decision: id kind verdict,
);

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::samples;
