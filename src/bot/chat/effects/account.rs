//! What chat rules do to accounts: bindings, locks, codes, sessions, and the answers to alerts.

use std::collections::BTreeMap;

use crate::accounts::{self, BindOutcome, BindRequest, Proof, UnbindOutcome, UnbindRequest};
use crate::bot::chat::{Chat, Flow};
use crate::bot::{login, notices, subject};
use crate::guard::alerts::{self, Answer, Choice, TrustAnswer};
use crate::guard::locks::{self, LockOutcome, UnlockOutcome, UnlockRequest};
use crate::guard::{CloseReason, LockedBy, SessionEnd, sessions};
use crate::lang::program::{Action, CodePurpose as Purpose, Expr};
use crate::lang::value::Value;
use crate::store::records::Alert;
use crate::store::{StoreError, Tx};

impl Chat<'_, '_> {
    pub(super) fn bind(
        &mut self,
        action: &Action,
        phone: &Expr,
        code: Option<&Expr>,
        ticket: Option<&Expr>,
    ) -> Result<Flow, StoreError> {
        let phone = self.text_of(phone);
        let ticket = ticket
            .map(|ticket| self.text_of(ticket))
            .unwrap_or_default();
        let code = code.map(|code| self.text_of(code)).unwrap_or_default();
        let request = BindRequest {
            official_account: &self.event.official_account,
            openid: &self.event.openid,
            phone: &phone,
            proof: if ticket.is_empty() {
                Proof::Code(&code)
            } else {
                Proof::ClaimedTicket(&ticket)
            },
        };
        let limits = &self.context.limits.accounts;
        let outcome = accounts::bind(self.tx, &self.context.keys, limits, request)?;
        self.reload_subject();
        match outcome {
            BindOutcome::Bound { account, tell } => {
                self.turn.important = true;
                if let Some(notice) = tell {
                    notices::tell(self.tx, &notice)?;
                }
                let flow = self.run_outcome(action, "bound", BTreeMap::new());
                login::bound(self.tx, self.context, &account)?;
                flow
            }
            BindOutcome::Already { .. } => self.run_outcome(action, "already", BTreeMap::new()),
            BindOutcome::Taken => self.run_outcome(action, "taken", BTreeMap::new()),
            BindOutcome::Refused { tries_left } => {
                self.run_outcome(action, "refused", tries(tries_left))
            }
            BindOutcome::Blocked { until } => self.run_outcome(action, "blocked", until_(until)),
        }
    }

    pub(super) fn unbind(&mut self, action: &Action, code: &Expr) -> Result<Flow, StoreError> {
        let code = self.text_of(code);
        // The answer may still name the account it was: load it before it is gone.
        self.subject();
        let request = UnbindRequest {
            official_account: &self.event.official_account,
            openid: &self.event.openid,
            code: &code,
        };
        let limits = &self.context.limits.accounts;
        let outcome = accounts::unbind_with_code(self.tx, &self.context.keys, limits, request)?;
        match outcome {
            UnbindOutcome::Unbound { account } => {
                self.turn.important = true;
                let flow = self.run_outcome(action, "removed", BTreeMap::new());
                self.reload_subject();
                login::unbound(self.tx, self.context, &account, "chat")?;
                flow
            }
            UnbindOutcome::Refused { tries_left } => {
                self.run_outcome(action, "refused", tries(tries_left))
            }
            UnbindOutcome::Blocked { until } => self.run_outcome(action, "blocked", until_(until)),
            UnbindOutcome::Locked { .. } => self.run_outcome(action, "locked", BTreeMap::new()),
            UnbindOutcome::AlertOpen { .. } => {
                self.run_outcome(action, "alert_open", BTreeMap::new())
            }
            UnbindOutcome::NotBound => self.run_outcome(action, "unbound", BTreeMap::new()),
        }
    }

    pub(super) fn lock(&mut self, action: &Action) -> Result<Flow, StoreError> {
        let Some(account) = self.account_id() else {
            return self.run_outcome(action, "unbound", BTreeMap::new());
        };
        let by = LockedBy::Owner(self.actor());
        let outcome = locks::lock(self.tx, &account, by, None)?;
        self.turn.important = true;
        let flow = match outcome {
            LockOutcome::Locked { sessions_ended, .. } => {
                let brings = count("sessions_ended", u64::from(sessions_ended));
                let flow = self.run_outcome(action, "locked", brings)?;
                login::locked(self.tx, self.context, &account, "owner")?;
                Ok(flow)
            }
            LockOutcome::AlreadyLocked { .. } => {
                self.run_outcome(action, "already_locked", BTreeMap::new())
            }
        };
        self.reload_subject();
        flow
    }

    pub(super) fn issue_code(
        &mut self,
        action: &Action,
        purpose: Purpose,
    ) -> Result<Flow, StoreError> {
        let Some(account) = self.account_id() else {
            return self.run_outcome(action, "unbound", BTreeMap::new());
        };
        let purpose = match purpose {
            Purpose::Bind => accounts::CodePurpose::Bind,
            Purpose::Unbind => accounts::CodePurpose::Unbind,
            Purpose::Unlock => accounts::CodePurpose::Unlock,
        };
        let limits = &self.context.limits.accounts;
        let outcome = match accounts::request(self.tx, limits, &account, purpose)? {
            accounts::Requested::Requested => "requested",
            accounts::Requested::TooSoon => "too_soon",
        };
        self.run_outcome(action, outcome, BTreeMap::new())
    }

    pub(super) fn unlock(&mut self, action: &Action, code: &Expr) -> Result<Flow, StoreError> {
        let code = self.text_of(code);
        let Some(account) = self.account_id() else {
            return self.run_outcome(action, "unbound", BTreeMap::new());
        };
        let request = UnlockRequest {
            official_account: &self.event.official_account,
            openid: &self.event.openid,
            account: &account,
            code: &code,
        };
        let limits = &self.context.limits.accounts;
        match locks::unlock_with_code(self.tx, &self.context.keys, limits, request)? {
            UnlockOutcome::Unlocked => {
                self.turn.important = true;
                self.reload_subject();
                let flow = self.run_outcome(action, "unlocked", BTreeMap::new())?;
                login::unlocked(self.tx, self.context, &account)?;
                Ok(flow)
            }
            UnlockOutcome::Refused { tries_left } => {
                self.run_outcome(action, "refused", tries(tries_left))
            }
            UnlockOutcome::Blocked { until } => self.run_outcome(action, "blocked", until_(until)),
            UnlockOutcome::NotLocked => self.run_outcome(action, "not_locked", BTreeMap::new()),
            UnlockOutcome::HeldByOperator => {
                self.run_outcome(action, "by_operator", BTreeMap::new())
            }
        }
    }

    pub(super) fn log_off(&mut self, action: &Action) -> Result<Flow, StoreError> {
        let Some(account) = self.account_id() else {
            return self.run_outcome(action, "unbound", BTreeMap::new());
        };
        let ended = sessions::end_all(self.tx, &account, SessionEnd::LoggedOff)?;
        self.turn.important = true;
        let brings = count("sessions_ended", u64::from(ended));
        self.run_outcome(action, "logged_off", brings)
    }

    /// `trust alert` and `close alert`.
    pub(super) fn settle_alert(
        &mut self,
        action: &Action,
        choice: Option<&Expr>,
        trust_for: Option<i64>,
    ) -> Result<Flow, StoreError> {
        let Some(account) = self.account_id() else {
            return self.run_outcome(action, "unbound", BTreeMap::new());
        };
        let choice = choice.and_then(|choice| match self.value(choice) {
            // Numbers people type are small; anything else is no number of an alert.
            Value::Number(n) if n.fract() == 0.0 && (1.0..=1e6).contains(&n) => Some(n as u64),
            Value::Number(_) => Some(0),
            _ => None,
        });
        let event = self.event;
        let answer = Answer {
            account: &account,
            official_account: &event.official_account,
            openid: &event.openid,
            choice,
            sent_at: event.time,
        };
        let actor = self.actor();
        let settled = match trust_for {
            Some(pause) => alerts::answer_trust(self.tx, answer, pause, &actor)?,
            None => close_chosen(self.tx, answer, &actor)?,
        };
        let none = BTreeMap::new;
        let flow = match settled {
            TrustAnswer::Trusted { .. } => self.run_outcome(action, "trusted", none()),
            TrustAnswer::NoMachine { .. } if trust_for.is_some() => {
                self.run_outcome(action, "no_machine", none())
            }
            TrustAnswer::NoMachine { .. } => self.run_outcome(action, "closed", none()),
            TrustAnswer::NoneOpen => {
                // Nothing that this message can be about: asked for by number, or not yet
                // delivered. The list says what there is.
                let open = alerts::open(self.tx, &account)?;
                return self.several(action, open);
            }
            TrustAnswer::Several(open) => return self.several(action, open),
        };
        self.turn.important = true;
        self.reload_subject();
        flow
    }

    pub(super) fn several(
        &mut self,
        action: &Action,
        open: Vec<Alert>,
    ) -> Result<Flow, StoreError> {
        if open.is_empty() {
            return self.run_outcome(action, "expired", BTreeMap::new());
        }
        let mut brings = count("open_alerts", open.len() as u64);
        let list = subject::alert_list(&open);
        brings.insert("alert_list".to_owned(), Value::text(list));
        self.run_outcome(action, "several", brings)
    }
}

/// `close alert`: like 是我, without trusting anything.
fn close_chosen(
    tx: &mut Tx<'_>,
    answer: Answer<'_>,
    actor: &str,
) -> Result<TrustAnswer, StoreError> {
    Ok(match alerts::choose(tx, answer)? {
        Choice::One(alert) => {
            alerts::close(tx, &alert.id, CloseReason::ClosedByOwner, actor)?;
            TrustAnswer::NoMachine { alert }
        }
        Choice::Several(open) => TrustAnswer::Several(open),
        Choice::None => TrustAnswer::NoneOpen,
    })
}

fn tries(left: u32) -> BTreeMap<String, Value> {
    count("tries_left", u64::from(left))
}

fn until_(until: i64) -> BTreeMap<String, Value> {
    BTreeMap::from([("blocked_until".to_owned(), Value::Time(until))])
}

fn count(name: &str, number: u64) -> BTreeMap<String, Value> {
    BTreeMap::from([(name.to_owned(), Value::Number(number as f64))])
}
