//! 是我: which alert the owner means, and what the answer does.

use super::close::close_open;
use super::open;
use crate::env::{Millis, SECOND};
use crate::guard::trust;
use crate::store::records::{Alert, CloseReason};
use crate::store::{StoreError, Tx};

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
