//! Alerts: an unusual login and the question to its owner.
//!
//! An alert is open until it is closed, or until [`Limits::alert_open`] after its login. 是我 is
//! good for it only from the OpenID that was asked, and only for a shorter time; 锁定 needs no alert
//! at all. What a cool-down keeps quiet is appended to the alert that was raised, visibly.

mod answer;
mod close;

pub use answer::{Answer, Choice, TrustAnswer, answer_trust, choose};
pub use close::{CloseOutcome, close};
pub(super) use close::{close_after, close_open};
pub(crate) use close::{close_all_deleted, erase};

use close::close_expired;
use serde_json::{Value, json};

use super::history;
use super::limits::Limits;
use crate::env::{Millis, rfc3339};
use crate::store::records::{
    Alert, AlertByAccount, Appended, CloseReason, CoolDown, FiredSignal, Login, LoginRef, NewEvent,
    PromptState,
};
use crate::store::{Continuation, Order, Page, StoreError, Tx};

/// The most alerts of one account open at a time; a further one displaces the oldest.
pub const MAX_OPEN: usize = 10;
/// The most logins appended to one alert; further ones are counted.
pub const MAX_APPENDED: usize = 8;
/// The most signals named in one alert.
const MAX_SIGNALS: usize = 32;
/// The most alerts on one page of a listing.
const MAX_PAGE: usize = 200;
/// The scope of cool-downs per account.
const ACCOUNT_SCOPE: &str = "";

/// How long an alert keeps like ones quiet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoolDownRule {
    /// For how long.
    pub pause: Millis,
    /// Per (account, machine) instead of per account.
    pub per_machine: bool,
}

/// An alert to raise.
#[derive(Debug, Clone)]
pub struct NewAlert {
    /// The account.
    pub account: String,
    /// Whom to ask: the official account and OpenID bound at login time; none when unbound.
    pub asked: Option<(String, String)>,
    /// The login.
    pub login: LoginRef,
    /// The decision made over it.
    pub decision: String,
    /// The machine's identifier.
    pub machine: Option<String>,
    /// Whether that was legal.
    pub legal: bool,
    /// Where and from what, in words, for the list in the chat.
    pub summary: String,
    /// The rule that raises it.
    pub rule: String,
    /// What fired.
    pub signals: Vec<FiredSignal>,
    /// Their sum.
    pub suspicion: f64,
    /// The band the suspicion is in; higher is worse.
    pub band: u32,
    /// How long 是我 is good for (`expires`), from the prompt's acceptance.
    pub life: Millis,
    /// `once per …`.
    pub cool_down: Option<CoolDownRule>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Raised {
    /// It is open; promise the prompt now, with `alert.open_until` as its last moment.
    Raised(Box<Alert>),
    /// A cool-down holds: it was appended to this open alert. No prompt.
    Appended(Box<Alert>),
    /// It is open, but the account had its prompts for the day: ask for a captcha instead.
    Capped(Box<Alert>),
}

impl Raised {
    /// The alert, whatever became of it.
    pub fn alert(&self) -> &Alert {
        match self {
            Self::Raised(alert) | Self::Appended(alert) | Self::Capped(alert) => alert,
        }
    }
}

/// Raises an alert, or appends to the one whose cool-down holds.
pub fn raise(tx: &mut Tx<'_>, limits: &Limits, new: NewAlert) -> Result<Raised, StoreError> {
    let now = tx.now();
    close_expired(tx, &new.account)?;
    let mut signals: Vec<String> = new
        .signals
        .iter()
        .map(|signal| signal.name.clone())
        .collect();
    let mut band = new.band;
    let scope = new.scope();
    let before = tx.get::<CoolDown>(&(new.account.clone(), scope.clone()))?;
    let before = before.filter(|row| row.until > now);
    if let (Some(row), Some(_)) = (before, new.cool_down) {
        let earlier = get(tx, &row.alert)?.filter(|alert| alert.is_open(now));
        let known = signals.iter().all(|signal| row.signals.contains(signal));
        match earlier {
            Some(alert) if known && new.band <= row.band => {
                return append(tx, alert, new, signals)
                    .map(|alert| Raised::Appended(Box::new(alert)));
            }
            // Already asked about; only what is new on top wakes the owner again.
            Some(_) => {
                let more = row
                    .signals
                    .into_iter()
                    .filter(|signal| !signals.contains(signal));
                signals.extend(more.take(MAX_SIGNALS).collect::<Vec<_>>());
                band = band.max(row.band);
            }
            None => {}
        }
    }
    let open = open(tx, &new.account)?;
    if open.len() >= MAX_OPEN
        && let Some(oldest) = open.into_iter().next()
    {
        tx.limit_hit("open_alerts");
        close_open(tx, oldest, CloseReason::Displaced, crate::accounts::SYSTEM)?;
    }
    let prompt = match &new.asked {
        Some(_) if !crate::outbox::take_prompt(tx, &new.account, limits.prompts_per_day)? => {
            tx.limit_hit("prompts_per_day");
            PromptState::Capped
        }
        _ => PromptState::Pending,
    };
    let id = tx.id("alr");
    let number = tx.next_number(&format!("alert/{}", new.account))?;
    cool_down(tx, &new, &scope, &id, signals, band)?;
    let alert = new.into_alert(id, number, prompt, now, limits);
    tx.put(&alert)?;
    tx.put(&alert.index())?;
    tx.emit(alert.event(
        "alerted",
        json!({
            "suspicion": alert.suspicion,
            "band": alert.band,
            "signals": alert.signals.iter().map(|signal| signal.name.as_str()).collect::<Vec<_>>(),
            "prompt": if alert.prompt == PromptState::Capped { "capped" } else { "pending" },
            "bound": alert.openid.is_some(),
            "machine": alert.machine,
            "login_time": rfc3339(alert.login.time),
        }),
    ))?;
    Ok(match alert.prompt {
        PromptState::Capped => Raised::Capped(Box::new(alert)),
        _ => Raised::Raised(Box::new(alert)),
    })
}

fn append(
    tx: &mut Tx<'_>,
    mut alert: Alert,
    new: NewAlert,
    signals: Vec<String>,
) -> Result<Alert, StoreError> {
    if alert.appended.len() < MAX_APPENDED {
        alert.machines.extend(
            new.machine
                .filter(|machine| !alert.machines.contains(machine)),
        );
        alert.appended.push(Appended {
            login: new.login,
            decision: new.decision,
            suspicion: new.suspicion,
            signals,
        });
    } else {
        tx.limit_hit("logins_of_an_alert");
        alert.appended_more += 1;
    }
    tx.put(&alert)?;
    let logins = alert.appended.len() + alert.appended_more as usize;
    tx.emit(alert.event("alert_appended", json!({ "appended": logins })))?;
    Ok(alert)
}

fn cool_down(
    tx: &mut Tx<'_>,
    new: &NewAlert,
    scope: &str,
    alert: &str,
    signals: Vec<String>,
    band: u32,
) -> Result<(), StoreError> {
    let now = tx.now();
    let pause = new.cool_down.map_or(0, |rule| rule.pause);
    tx.put(&CoolDown {
        account: new.account.clone(),
        scope: scope.to_owned(),
        alert: alert.to_owned(),
        raised_at: now,
        until: now.saturating_add(pause),
        signals,
        band,
    })?;
    if scope == ACCOUNT_SCOPE {
        return Ok(());
    }
    // The account's row also says when it was last alerted, whatever cools down per machine.
    let key = (new.account.clone(), ACCOUNT_SCOPE.to_owned());
    let mut row = tx.get::<CoolDown>(&key)?.unwrap_or(CoolDown {
        account: key.0,
        scope: key.1,
        alert: alert.to_owned(),
        raised_at: now,
        until: now,
        signals: Vec::new(),
        band: 0,
    });
    row.raised_at = now;
    tx.put(&row)
}

impl NewAlert {
    fn scope(&self) -> String {
        match self.cool_down {
            Some(rule) if rule.per_machine => {
                format!("machine:{}", self.machine.as_deref().unwrap_or(""))
            }
            _ => ACCOUNT_SCOPE.to_owned(),
        }
    }

    fn into_alert(
        self,
        id: String,
        number: u64,
        prompt: PromptState,
        now: Millis,
        limits: &Limits,
    ) -> Alert {
        let open_until = self.login.time.saturating_add(limits.alert_open);
        let (official_account, openid) = self.asked.unzip();
        let mut signals = self.signals;
        signals.truncate(MAX_SIGNALS);
        Alert {
            id,
            account: self.account,
            number,
            raised_at: now,
            official_account,
            openid,
            login: self.login,
            decision: self.decision,
            machines: self.machine.iter().cloned().collect(),
            machine: self.machine,
            legal: self.legal,
            summary: self.summary,
            rule: self.rule,
            signals,
            suspicion: self.suspicion,
            band: self.band,
            life: self.life,
            answerable_until: open_until,
            open_until,
            prompt,
            appended: Vec::new(),
            appended_more: 0,
            closed: None,
        }
    }
}

impl Alert {
    /// Whether it is open.
    pub fn is_open(&self, now: Millis) -> bool {
        self.closed.is_none() && now < self.open_until
    }

    /// When its owner may have read the prompt: taken by the platform, or perhaps taken.
    pub fn prompted_at(&self) -> Option<Millis> {
        match self.prompt {
            PromptState::Delivered { at } | PromptState::Unknown { at } => Some(at),
            _ => None,
        }
    }

    /// Its logins, the first one first.
    pub fn logins(&self) -> impl Iterator<Item = LoginRef> {
        std::iter::once(self.login).chain(self.appended.iter().map(|appended| appended.login))
    }

    fn index(&self) -> AlertByAccount {
        AlertByAccount {
            account: self.account.clone(),
            closed: self.closed.is_some(),
            number: self.number,
            alert: self.id.clone(),
            raised_at: self.raised_at,
        }
    }

    fn event(&self, kind: &str, mut data: Value) -> NewEvent {
        data["alert"] = self.id.as_str().into();
        data["number"] = self.number.into();
        data["decision"] = self.decision.as_str().into();
        NewEvent {
            kind: kind.to_owned(),
            account: Some(self.account.clone()),
            official_account: self.official_account.clone(),
            data,
        }
    }

    /// Whether 是我 from this OpenID is good for it now.
    fn answerable_by(&self, official_account: &str, openid: &str, now: Millis) -> bool {
        self.is_open(now)
            && now < self.answerable_until
            && self.official_account.as_deref() == Some(official_account)
            && self.openid.as_deref() == Some(openid)
    }
}

/// One alert.
pub fn get(tx: &mut Tx<'_>, id: &str) -> Result<Option<Alert>, StoreError> {
    tx.get::<Alert>(&id.to_owned())
}

/// Alerts in the order they were raised, at most 200 at a time.
pub fn list(
    tx: &mut Tx<'_>,
    after: Option<&Continuation>,
    limit: usize,
) -> Result<Page<Alert>, StoreError> {
    tx.page::<Alert>((), after, limit.clamp(1, MAX_PAGE))
}

/// The newest alerts of one account, open or closed, newest first; at most 200.
pub fn of_account(tx: &mut Tx<'_>, account: &str, limit: usize) -> Result<Vec<Alert>, StoreError> {
    let limit = limit.min(MAX_PAGE);
    let mut alerts = Vec::new();
    for closed in [false, true] {
        let rows = tx.scan::<AlertByAccount>((account, closed), Order::Descending, limit)?;
        for row in rows {
            alerts.extend(get(tx, &row.alert)?);
        }
    }
    alerts.sort_by_key(|alert| std::cmp::Reverse(alert.number));
    alerts.truncate(limit);
    Ok(alerts)
}

/// The open alerts of an account, oldest first.
pub fn open(tx: &mut Tx<'_>, account: &str) -> Result<Vec<Alert>, StoreError> {
    let now = tx.now();
    let mut alerts = Vec::new();
    for row in tx.scan::<AlertByAccount>((account, false), Order::Ascending, MAX_OPEN)? {
        alerts.extend(get(tx, &row.alert)?.filter(|alert| alert.is_open(now)));
    }
    Ok(alerts)
}

/// When the account was last alerted, as far as that is remembered (two days at least).
pub fn last_raised(tx: &mut Tx<'_>, account: &str) -> Result<Option<Millis>, StoreError> {
    let key = (account.to_owned(), ACCOUNT_SCOPE.to_owned());
    Ok(tx.get::<CoolDown>(&key)?.map(|row| row.raised_at))
}

/// The platform took the prompt at `at`: from here on 是我 is good for it, as long as its rule says.
pub fn prompt_accepted(tx: &mut Tx<'_>, id: &str, at: Millis) -> Result<(), StoreError> {
    settle(tx, id, |alert| {
        alert.answerable_until = at.saturating_add(alert.life).min(alert.open_until);
        PromptState::Delivered { at }
    })
}

/// Nobody knows whether the prompt sent at `at` arrived; if it did, it can be answered.
pub fn prompt_unknown(tx: &mut Tx<'_>, id: &str, at: Millis) -> Result<(), StoreError> {
    settle(tx, id, |alert| {
        alert.answerable_until = at.saturating_add(alert.life).min(alert.open_until);
        PromptState::Unknown { at }
    })
}

/// The prompt will not arrive: unbound, unfollowed, no_channel, quota or refused.
pub fn prompt_undeliverable(tx: &mut Tx<'_>, id: &str, reason: &str) -> Result<(), StoreError> {
    let reason = reason.to_owned();
    settle(tx, id, |_| PromptState::Undeliverable { reason })
}

fn settle(
    tx: &mut Tx<'_>,
    id: &str,
    state: impl FnOnce(&mut Alert) -> PromptState,
) -> Result<(), StoreError> {
    let Some(mut alert) = get(tx, id)? else {
        return Ok(());
    };
    // What once arrived stays so: a late report about a resend changes nothing.
    if matches!(alert.prompt, PromptState::Delivered { .. }) {
        return Ok(());
    }
    alert.prompt = state(&mut alert);
    tx.put(&alert)
}

/// The login rows of an alert that are still kept, the first one first.
pub fn logins(tx: &mut Tx<'_>, alert: &Alert) -> Result<Vec<Login>, StoreError> {
    let mut rows = Vec::new();
    for login in alert.logins() {
        rows.extend(history::get(tx, &alert.account, login)?);
    }
    Ok(rows)
}
