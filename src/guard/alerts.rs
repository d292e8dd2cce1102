//! Alerts: an unusual login and the question to its owner.
//!
//! An alert is open until it is closed, or until [`Limits::alert_open`] after its login. 是我 is
//! good for it only from the OpenID that was asked, and only for a shorter time; 锁定 needs no alert
//! at all. What a cool-down keeps quiet is appended to the alert that was raised, visibly.

use serde_json::{Value, json};

use super::limits::Limits;
use super::{history, trust};
use crate::env::{Millis, SECOND};
use crate::store::records::{
    Alert, AlertByAccount, Appended, CloseReason, Closed, CoolDown, Decision, FiredSignal, Login,
    LoginRef, NewAudit, NewEvent, PromptState, Record as _,
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
/// The most alerts one step of an erasure deletes, three keys each.
const ERASE_STEP: usize = 60;
/// The most cool-downs of an account forgotten at once; the rest expires.
const MAX_COOL_DOWNS: usize = 64;
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
        close_open(tx, oldest, CloseReason::Displaced, crate::accounts::SYSTEM)?;
    }
    let prompt = match &new.asked {
        Some(_) if !crate::outbox::take_prompt(tx, &new.account, limits.prompts_per_day)? => {
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

/// Which alert a message of the owner is about.
#[derive(Debug, Clone, PartialEq)]
pub enum Choice {
    /// This one.
    One(Box<Alert>),
    /// One of these, oldest first: list them with their numbers.
    Several(Vec<Alert>),
    /// None that this sender can answer.
    None,
}

/// Who answers, with what.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    /// The account.
    pub account: &'a str,
    /// The official account's name in the configuration.
    pub official_account: &'a str,
    /// The sender.
    pub openid: &'a str,
    /// The number they gave, if they did.
    pub choice: Option<u64>,
    /// When they sent it, by the platform's clock (whole seconds).
    pub sent_at: Millis,
}

impl std::fmt::Debug for Answer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer")
            .field("choice", &self.choice)
            .finish_non_exhaustive()
    }
}

/// Which alert an answer means: the one of that number, or the last one prompted before the message
/// was sent. With several of those the owner must say which.
pub fn choose(tx: &mut Tx<'_>, answer: Answer<'_>) -> Result<Choice, StoreError> {
    let now = tx.now();
    let mut open = open(tx, answer.account)?;
    open.retain(|alert| alert.answerable_by(answer.official_account, answer.openid, now));
    if let Some(number) = answer.choice {
        let chosen = open.into_iter().find(|alert| alert.number == number);
        return Ok(chosen.map_or(Choice::None, |alert| Choice::One(Box::new(alert))));
    }
    // The platform gives whole seconds; a prompt and a message of one second fit together.
    let second = |at: Millis| at.div_euclid(SECOND);
    open.retain(|alert| {
        let prompted = alert.prompted_at();
        prompted.is_some_and(|at| second(at) <= second(answer.sent_at))
    });
    Ok(match open.len() {
        0 => Choice::None,
        1 => open
            .pop()
            .map_or(Choice::None, |alert| Choice::One(Box::new(alert))),
        _ => Choice::Several(open),
    })
}

/// What became of 是我.
#[derive(Debug, Clone, PartialEq)]
pub enum TrustAnswer {
    /// The alert is closed and its machine trusted.
    Trusted {
        /// The alert.
        alert: Box<Alert>,
        /// Until when.
        until: Millis,
    },
    /// The alert is closed; there was no machine that could be trusted (none, or an illegal one).
    NoMachine {
        /// The alert.
        alert: Box<Alert>,
    },
    /// Which one? List them.
    Several(Vec<Alert>),
    /// No alert that this sender can answer.
    NoneOpen,
}

/// 是我: closes the alert that is meant and trusts its machine for `pause`.
pub fn answer_trust(
    tx: &mut Tx<'_>,
    answer: Answer<'_>,
    pause: Millis,
    actor: &str,
) -> Result<TrustAnswer, StoreError> {
    let alert = match choose(tx, answer)? {
        Choice::One(alert) => alert,
        Choice::Several(alerts) => return Ok(TrustAnswer::Several(alerts)),
        Choice::None => return Ok(TrustAnswer::NoneOpen),
    };
    close_open(tx, (*alert).clone(), CloseReason::TrustedByOwner, actor)?;
    match alert.machine.as_deref().filter(|_| alert.legal) {
        Some(machine) => {
            let until = tx.now().saturating_add(pause);
            let account = alert.account.as_str();
            let until = trust::trust(tx, account, machine, until, Some(&alert.id), actor)?;
            Ok(TrustAnswer::Trusted { alert, until })
        }
        None => Ok(TrustAnswer::NoMachine { alert }),
    }
}

/// What became of closing.
#[derive(Debug, Clone, PartialEq)]
pub enum CloseOutcome {
    /// It is closed now.
    Closed(Box<Alert>),
    /// It was closed, or its time was over, before.
    AlreadyClosed,
    /// No such alert.
    Unknown,
}

/// Closes an alert and takes its prompt back if that has not gone out.
pub fn close(
    tx: &mut Tx<'_>,
    id: &str,
    reason: CloseReason,
    actor: &str,
) -> Result<CloseOutcome, StoreError> {
    let Some(alert) = get(tx, id)? else {
        return Ok(CloseOutcome::Unknown);
    };
    if !alert.is_open(tx.now()) {
        return Ok(CloseOutcome::AlreadyClosed);
    }
    crate::outbox::withdraw_alert(tx, &alert.account, &alert.id)?;
    let alert = close_open(tx, alert, reason, actor)?;
    Ok(CloseOutcome::Closed(Box::new(alert)))
}

pub(super) fn close_open(
    tx: &mut Tx<'_>,
    mut alert: Alert,
    reason: CloseReason,
    actor: &str,
) -> Result<Alert, StoreError> {
    tx.delete::<AlertByAccount>(&alert.index().key())?;
    alert.closed = Some(Closed {
        at: tx.now(),
        reason,
        by: actor.to_owned(),
    });
    if alert.prompt == PromptState::Pending {
        alert.prompt = PromptState::Withdrawn;
    }
    tx.put(&alert)?;
    tx.put(&alert.index())?;
    let data = json!({ "reason": reason.name() });
    tx.emit(alert.event("alert_closed", data.clone()))?;
    if matches!(
        reason,
        CloseReason::TrustedByOwner | CloseReason::ClosedByOwner | CloseReason::Operator
    ) {
        tx.audit(NewAudit {
            actor: actor.to_owned(),
            action: "alert.close".into(),
            account: Some(alert.account.clone()),
            detail: json!({ "alert": alert.id, "reason": reason.name() }),
        })?;
    }
    Ok(alert)
}

/// Closes the alerts of an account whose time is over.
fn close_expired(tx: &mut Tx<'_>, account: &str) -> Result<(), StoreError> {
    let now = tx.now();
    for row in tx.scan::<AlertByAccount>((account, false), Order::Ascending, MAX_OPEN)? {
        match get(tx, &row.alert)? {
            Some(alert) if alert.is_open(now) => {}
            Some(alert) => {
                close_open(tx, alert, CloseReason::Expired, crate::accounts::SYSTEM)?;
            }
            None => tx.delete::<AlertByAccount>(&row.key())?,
        }
    }
    Ok(())
}

/// Closes the open alerts of an account that is being deleted.
pub(crate) fn close_all_deleted(
    tx: &mut Tx<'_>,
    account: &str,
    actor: &str,
) -> Result<(), StoreError> {
    for alert in open(tx, account)? {
        close_open(tx, alert, CloseReason::AccountDeleted, actor)?;
    }
    Ok(())
}

/// Erases a part of an account's alerts raised before `before`, with their decisions. `true` when
/// there may be more.
pub(crate) fn erase(tx: &mut Tx<'_>, account: &str, before: Millis) -> Result<bool, StoreError> {
    for row in tx.scan::<CoolDown>(account, Order::Ascending, MAX_COOL_DOWNS)? {
        if row.raised_at <= before {
            tx.delete::<CoolDown>(&row.key())?;
        }
    }
    let mut rows = tx.scan::<AlertByAccount>(account, Order::Ascending, ERASE_STEP)?;
    let full = rows.len() == ERASE_STEP;
    rows.retain(|row| row.raised_at <= before);
    let more = full && !rows.is_empty();
    for row in rows {
        if let Some(alert) = get(tx, &row.alert)? {
            tx.delete::<Decision>(&alert.decision)?;
        }
        tx.delete::<Alert>(&row.alert)?;
        tx.delete::<AlertByAccount>(&row.key())?;
    }
    Ok(more)
}

/// The login rows of an alert that are still kept, the first one first.
pub fn logins(tx: &mut Tx<'_>, alert: &Alert) -> Result<Vec<Login>, StoreError> {
    let mut rows = Vec::new();
    for login in alert.logins() {
        rows.extend(history::get(tx, &alert.account, login)?);
    }
    Ok(rows)
}
