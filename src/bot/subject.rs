//! Accounts and alerts as rules see them; shared by chat and login rules.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::env::Millis;
use crate::guard::history;
use crate::lang::value::Value;
use crate::store::records::{Account, AccountStatus, Alert, Login};
use crate::store::{StoreError, Tx};

/// A field of the account, by the path without `account.`.
pub fn account_field(account: Option<&Account>, locked: bool, name: &str, path: &str) -> Value {
    let Some(account) = account else {
        return match name {
            "locked" => Value::YesNo(false),
            _ => Value::unknown(path),
        };
    };
    match name {
        "" | "id" => Value::Account(account.id.as_str().into()),
        "name" => Value::text(if account.name.is_empty() {
            &account.id
        } else {
            &account.name
        }),
        "phone" => account
            .phone
            .as_deref()
            .map_or_else(|| Value::unknown(path), |phone| Value::Phone(phone.into())),
        "locked" => Value::YesNo(locked),
        "created" => Value::Time(account.created),
        "zone" => account
            .zone
            .as_deref()
            .map_or_else(|| Value::unknown(path), Value::text),
        "status" => Value::text(match account.status {
            AccountStatus::Active => "active",
            AccountStatus::Disabled => "disabled",
        }),
        _ => Value::unknown(path),
    }
}

/// A moment, or its hour, weekday (1 is Monday) or day in a zone, by the path without its root.
pub fn clock_field(at: Millis, zone: &TimeZone, name: &str, path: &str) -> Value {
    if name.is_empty() {
        return Value::Time(at);
    }
    let Ok(at) = Timestamp::from_millisecond(at) else {
        return Value::unknown(path);
    };
    let local = at.to_zoned(zone.clone());
    match name {
        "hour" => Value::Number(f64::from(local.hour())),
        "weekday" => Value::Number(f64::from(local.weekday().to_monday_one_offset())),
        "date" => Value::text(local.strftime("%Y-%m-%d").to_string()),
        _ => Value::unknown(path),
    }
}

/// An alert with the login it is about.
#[derive(Debug, Clone)]
pub struct AlertCase {
    /// The alert.
    pub alert: Alert,
    /// Its login, unless it was erased.
    pub login: Option<Login>,
    /// Whether it is open.
    pub open: bool,
}

impl AlertCase {
    /// Loads what belongs to an alert.
    pub fn load(tx: &mut Tx<'_>, alert: Alert) -> Result<Self, StoreError> {
        let now = tx.now();
        Ok(Self {
            login: history::get(tx, &alert.account, alert.login)?,
            open: alert.is_open(now),
            alert,
        })
    }
}

/// A field of the newest open alert, by the path without `alert.`.
pub fn alert_field(case: Option<&AlertCase>, name: &str, path: &str) -> Value {
    let Some(AlertCase { alert, login, open }) = case else {
        return match name {
            "open" => Value::YesNo(false),
            _ => Value::unknown(path),
        };
    };
    let unknown = || Value::unknown(path);
    match name {
        "open" => Value::YesNo(*open),
        "" | "id" => Value::Alert(alert.id.as_str().into()),
        "number" => Value::Number(alert.number as f64),
        "time" => Value::Time(alert.login.time),
        "place" => login
            .as_ref()
            .map_or_else(unknown, |login| Value::Place(login.place.clone().into())),
        "ip" => login
            .as_ref()
            .and_then(|login| login.ip.as_deref()?.parse().ok())
            .map_or_else(unknown, Value::Ip),
        "machine" => alert
            .machine
            .as_deref()
            .map_or_else(unknown, |id| Value::Machine(id.into())),
        "reasons" => Value::text(reasons(alert)),
        "expires" => Value::Time(alert.answerable_until),
        _ => unknown(),
    }
}

/// The titles of what fired, as prompts show them.
pub fn reasons(alert: &Alert) -> String {
    let titles: Vec<&str> = alert
        .signals
        .iter()
        .filter(|signal| signal.weight > 0.0)
        .map(|signal| signal.title.as_str())
        .collect();
    titles.join("、")
}

/// The numbered list the owner chooses from: one line an alert, under the numbers 是我 takes.
pub fn alert_list(alerts: &[Alert]) -> String {
    let lines: Vec<String> = alerts
        .iter()
        .map(|alert| format!("{}. {}", alert.number, alert.summary))
        .collect();
    lines.join("\n")
}
