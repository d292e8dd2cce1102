//! What a change of rules changes: counts, and the very logins.

mod act;
mod flips;
mod pairs;

pub use act::{Act, Fate};
pub(super) use flips::state;
pub use flips::{COOL_DOWN, Flip};

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::engine::{Engine, Seen, Sink};
use super::needs::Need;
use super::symbols::Symbol;
use super::table::{CAPTCHA, JUDGED, Table};
use super::tally::{Class, Frame, Tallies, Tally};
use crate::server::rfc3339;
use flips::Comparison;

/// Most logins shown one by one.
pub const MAX_SHOWN: usize = 1_000;
/// Most accounts named as worst hit.
const WORST: usize = 20;

/// A login that changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changed {
    /// Its row.
    pub row: u32,
    /// What became of it under the old rules.
    pub old: Fate,
    /// And now.
    pub new: Fate,
    /// Whether rules do more about it now, or less: as [`Seen::measure`] says.
    pub more: Ordering,
}

/// Counts for both rule sets and keeps what differs. The new rules are rule set 0, the old ones 1.
#[derive(Debug)]
pub struct Differ {
    /// Counts.
    pub tallies: Tallies,
    /// What changed, in no order.
    pub changed: Vec<Changed>,
    frame: Frame,
}

impl Differ {
    /// Over the frame of these tallies.
    pub fn new(tallies: Vec<Tally>, frame: &Frame) -> Self {
        Self {
            tallies: Tallies(tallies),
            changed: Vec::new(),
            frame: frame.clone(),
        }
    }
}

impl Sink for Differ {
    fn login(&mut self, seen: &Seen<'_>) {
        self.tallies.login(seen);
        if seen.table.time[seen.row as usize] < self.frame.from {
            return;
        }
        let (new, old) = (&seen.outcomes[0], &seen.outcomes[1]);
        let solved = seen.table.has(seen.row, CAPTCHA);
        let more = seen.measure(new).cmp(&seen.measure(old));
        let before = seen.refused_before();
        let of = |outcome| Fate::of(outcome, solved, before);
        let (old, new) = (of(old), of(new));
        if old.act() != new.act() || old.flagged != new.flagged || more != Ordering::Equal {
            let row = seen.row;
            let changed = Changed {
                row,
                old,
                new,
                more,
            };
            self.changed.push(changed);
        }
    }
}

/// The difference, as reports show it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diff {
    /// Attempts judged, those with a wrong password too: rules `on attempt` and `on failure` may differ.
    pub judged: u64,
    /// Of these changed.
    pub changed: u64,
    /// From what to what, how often.
    pub kinds: Vec<Kind>,
    /// Change of prompts a day, the mean over all days that were judged.
    pub net_prompts_per_day: f64,
    /// Attacks with the right password about which rules do more now: a lock is more than a refusal, that more than an
    /// alert, that more than a captcha; where these are the same, an alert or a captcha besides is more. Unknown
    /// without labels.
    pub attacks_gained: Option<u64>,
    /// Such attacks about which they do less, likewise.
    pub attacks_lost: Option<u64>,
    /// Good logins about which they do more; unknown when the label calls no login good.
    pub good_disturbed: Option<u64>,
    /// Good logins about which they do less; likewise.
    pub good_relieved: Option<u64>,
    /// Accounts with the most additional prompts.
    pub worst: Vec<Worst>,
    /// The logins: attacks that are lost, attacks that are gained, good logins that are disturbed more, then the
    /// others, each by arrival; the first 1,000.
    pub logins: Vec<Login>,
}

/// How often one thing became another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Kind {
    /// Before.
    pub old: Act,
    /// Now.
    pub new: Act,
    /// How often.
    pub count: u64,
}

/// An account that is hit harder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Worst {
    /// Which.
    pub account: String,
    /// Prompts more.
    pub more: i64,
}

/// One changed login.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Login {
    /// Its place in the input by arrival, from 1.
    pub number: u64,
    /// Its own identifier.
    pub id: Option<String>,
    /// When, RFC 3339.
    pub time: String,
    /// Whose.
    pub account: String,
    /// Before.
    pub old: Act,
    /// Now.
    pub new: Act,
    /// An alert before any cool-down, before.
    pub was_flagged: bool,
    /// And now.
    pub is_flagged: bool,
    /// Suspicion before.
    pub old_suspicion: f64,
    /// And now.
    pub new_suspicion: f64,
    /// Whether a label says that it was an attack.
    pub attack: Option<bool>,
    /// What flipped.
    pub flipped: Vec<Flip>,
}

/// Puts the difference together. `shown`: how many logins one by one.
pub fn diff(
    engine: &Engine<'_>,
    table: &Table,
    frame: &Frame,
    tallies: &[Tally],
    mut changed: Vec<Changed>,
    shown: usize,
) -> Diff {
    changed.sort_unstable_by_key(|login| login.row);
    let mut kinds: BTreeMap<(Act, Act), u64> = BTreeMap::new();
    let mut more: HashMap<Symbol, i64> = HashMap::new();
    let (mut gained, mut lost, mut disturbed, mut relieved) = (0, 0, 0, 0);
    for login in &changed {
        let (old, new) = (login.old.act(), login.new.act());
        *kinds.entry((old, new)).or_default() += 1;
        let prompts = i64::from(new.prompts()) - i64::from(old.prompts());
        *more.entry(table.account[login.row as usize]).or_default() += prompts;
        match (class(table, frame, login.row), login.more) {
            (Class::Attack, Ordering::Greater) => gained += 1,
            (Class::Attack, Ordering::Less) => lost += 1,
            (Class::Good, Ordering::Greater) => disturbed += 1,
            (Class::Good, Ordering::Less) => relieved += 1,
            _ => {}
        }
    }
    let mut worst: Vec<(Symbol, i64)> = more.into_iter().filter(|(_, more)| *more > 0).collect();
    let name = |account: Symbol| table.accounts.text(account);
    worst.sort_unstable_by_key(|(account, more)| (std::cmp::Reverse(*more), name(*account)));
    worst.truncate(WORST);
    // What somebody has to look at comes first.
    changed.sort_by_key(|login| weight_of(class(table, frame, login.row), login));
    let labelled = frame.label.is_some();
    let good = tallies[0].knows_good();
    Diff {
        judged: tallies[0].successes + tallies[0].failures,
        changed: changed.len() as u64,
        kinds: kinds
            .into_iter()
            .map(|((old, new), count)| Kind { old, new, count })
            .collect(),
        net_prompts_per_day: tallies[0].a_day(tallies[0].total.prompts)
            - tallies[1].a_day(tallies[1].total.prompts),
        attacks_gained: labelled.then_some(gained),
        attacks_lost: labelled.then_some(lost),
        good_disturbed: good.then_some(disturbed),
        good_relieved: good.then_some(relieved),
        worst: worst
            .into_iter()
            .map(|(account, more)| Worst {
                account: table.accounts.text(account).to_owned(),
                more,
            })
            .collect(),
        logins: logins(engine, table, frame, &changed[..changed.len().min(shown)]),
    }
}

/// Where a changed login stands: what matters most has the smallest number.
fn weight_of(class: Class, login: &Changed) -> u8 {
    match (class, login.more) {
        (Class::Attack, Ordering::Less) => 0,
        (Class::Attack, Ordering::Greater) => 1,
        (Class::Attack, Ordering::Equal) => 2,
        (Class::Good, Ordering::Greater) => 3,
        _ => 4,
    }
}

/// Of those with the right password: the others are attempts, which are neither found nor disturbed.
fn class(table: &Table, frame: &Frame, row: u32) -> Class {
    match table.has(row, JUDGED) {
        true => frame.class(table.labels_of(row)),
        false => Class::Unknown,
    }
}

/// Explains some changed logins.
pub fn logins(
    engine: &Engine<'_>,
    table: &Table,
    frame: &Frame,
    changed: &[Changed],
) -> Vec<Login> {
    let rows: Vec<u32> = changed.iter().map(|login| login.row).collect();
    let before = engine.told(&rows, 1, None);
    let suspicions: Vec<f64> = before.iter().map(|told| told.judgement.suspicion).collect();
    let now = engine.told(&rows, 0, Some(&suspicions));
    let comparison = Comparison::new(engine, table);
    changed
        .iter()
        .zip(now.iter().zip(&before))
        .map(|(login, (new, old))| {
            let account = table.account[login.row as usize];
            let id = table.text(Need::Id, login.row);
            Login {
                number: u64::from(login.row) + 1,
                id: (!id.is_empty()).then(|| id.to_owned()),
                time: rfc3339(table.time[login.row as usize]),
                account: table.accounts.text(account).to_owned(),
                old: login.old.act(),
                new: login.new.act(),
                was_flagged: login.old.flagged,
                is_flagged: login.new.flagged,
                old_suspicion: old.judgement.suspicion,
                new_suspicion: new.judgement.suspicion,
                attack: match frame.class(table.labels_of(login.row)) {
                    Class::Attack => Some(true),
                    Class::Good => Some(false),
                    Class::Unknown => None,
                },
                flipped: comparison.flips(login, old, new),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests;
