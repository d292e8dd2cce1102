//! Which alerts would have become prompts: the cool-down and the daily cap of `guard::alerts`,
//! without a store.
//!
//! What owners would have answered is not known: an alert is closed by its time, or, of a server's own history,
//! where the server's alert about the same login was closed. Replays against a live bot hold this to the original
//! (`tests/backtest_replay.rs`, `tests/backtest_live`).

use crate::env::{DAY, HOUR, Millis};
use crate::guard::Limits;
use crate::guard::alerts::MAX_OPEN;
use crate::lang::program::AlertAction;

/// What became of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Prompt {
    /// There was none.
    #[default]
    None,
    /// The owner is asked.
    Raised,
    /// A cool-down holds: added to the alert before.
    Appended,
    /// The owner was asked often enough today: a captcha instead.
    Capped,
}

/// The alerts of one account so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Alerts {
    cool_downs: Vec<CoolDown>,
    /// The alerts that are open, the oldest first.
    open: Vec<Open>,
    number: u64,
    day: i64,
    today: u32,
}

/// The login an alert is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct At {
    /// Which.
    pub row: u32,
    /// When.
    pub now: Millis,
    /// The first login judged when the server had closed its own alert about this one.
    pub closed: Option<u32>,
    /// A rule locks the account at this login, which closes what is open before it alerts.
    pub locked: bool,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    number: u64,
    until: Millis,
    /// The first login that was judged when it had been closed before that.
    closed: u32,
}

#[derive(Debug, Clone)]
struct CoolDown {
    /// The machine's number for one per machine.
    scope: Option<u32>,
    alert: u64,
    /// The login that raised it.
    row: u32,
    until: Millis,
    signals: Vec<usize>,
    band: u32,
}

impl Alerts {
    /// Whether there was one that may still count.
    pub(super) fn any(&self) -> bool {
        self.number > 0
    }

    /// Raises an alert of the login `at`. `machine` is the login's, `signals` what fired, `band` that of the suspicion.
    /// What becomes of it, and the row whose alert had a cool-down then: the one that kept it quiet, unless this says
    /// more.
    pub(super) fn raise(
        &mut self,
        alert: &AlertAction,
        at: At,
        machine: u32,
        mut signals: Vec<usize>,
        mut band: u32,
        limits: &Limits,
    ) -> (Prompt, Option<u32>) {
        let At { row, now, .. } = at;
        self.open
            .retain(|open| now < open.until && row < open.closed);
        let scope = alert.per_machine.then_some(machine);
        let before = self
            .cool_downs
            .iter()
            .find(|before| before.scope == scope && before.until > now);
        let mut cooling = None;
        if let (Some(before), true) = (before, alert.once_per > 0 && !at.locked)
            && self.open.iter().any(|open| open.number == before.alert)
        {
            cooling = Some(before.row);
            if signals.iter().all(|signal| before.signals.contains(signal)) && band <= before.band {
                return (Prompt::Appended, cooling);
            }
            let more = before
                .signals
                .iter()
                .filter(|signal| !signals.contains(signal));
            let more: Vec<usize> = more.copied().collect();
            signals.extend(more);
            band = band.max(before.band);
        }
        if self.open.len() >= MAX_OPEN {
            self.open.remove(0);
        }
        let day = (now + 8 * HOUR).div_euclid(DAY);
        if day != self.day {
            (self.day, self.today) = (day, 0);
        }
        let capped = self.today >= limits.prompts_per_day;
        if !capped {
            self.today += 1;
        }
        self.number += 1;
        self.open.push(Open {
            number: self.number,
            until: now.saturating_add(limits.alert_open),
            closed: at.closed.unwrap_or(u32::MAX),
        });
        self.cool_downs
            .retain(|before| before.scope != scope && before.until > now);
        self.cool_downs.push(CoolDown {
            scope,
            alert: self.number,
            row,
            until: now.saturating_add(alert.once_per),
            signals,
            band,
        });
        match capped {
            true => (Prompt::Capped, cooling),
            false => (Prompt::Raised, cooling),
        }
    }
}
