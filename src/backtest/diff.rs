//! What a change of rules changes: counts, and the very logins.

mod act;

pub use act::Act;

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::engine::{Engine, Explained, Seen, Sink};
use super::needs::Need;
use super::symbols::Symbol;
use super::table::Table;
use super::tally::{Class, Frame, Tallies, Tally};
use crate::bot::login::decide::learning;
use crate::lang::eval::{SignalState, Telling, told, why_not};
use crate::lang::program::Program;
use crate::server::rfc3339;
use jiff::tz::TimeZone;

/// Most logins shown one by one.
pub const MAX_SHOWN: usize = 1_000;
/// Most accounts named as worst hit.
const WORST: usize = 20;

/// A login that changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Changed {
    /// Its row.
    pub row: u32,
    /// What happened under the old rules.
    pub old: Act,
    /// And now.
    pub new: Act,
    /// An alert before any cool-down, under the old rules.
    pub was_flagged: bool,
    /// And now.
    pub is_flagged: bool,
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
        let changed = Changed {
            row: seen.row,
            old: Act::of(old),
            new: Act::of(new),
            was_flagged: old.flagged,
            is_flagged: new.flagged,
        };
        if changed.old != changed.new || changed.was_flagged != changed.is_flagged {
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
    /// Change of prompts a day, the mean over all days.
    pub net_prompts_per_day: f64,
    /// Attacks that are flagged now and were not.
    pub attacks_gained: Option<u64>,
    /// Attacks that were flagged and are not any more.
    pub attacks_lost: Option<u64>,
    /// Good logins that are flagged now and were not.
    pub good_flagged: Option<u64>,
    /// Good logins that were flagged and are not any more.
    pub good_relieved: Option<u64>,
    /// Accounts with the most additional prompts.
    pub worst: Vec<Worst>,
    /// The logins: attacks that are lost, attacks that are gained, good logins that are flagged now, then the
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

/// What became different for a login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Flip {
    /// The signal or rule.
    pub name: String,
    /// `fired`, `quiet`, … or `yes`, `no`; `absent` when the rule set has no such signal.
    pub old: String,
    /// And now.
    pub new: String,
    /// The condition that decided, with its values.
    pub why: String,
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
    changed.sort_unstable();
    let mut kinds: BTreeMap<(Act, Act), u64> = BTreeMap::new();
    let mut more: HashMap<Symbol, i64> = HashMap::new();
    let (mut gained, mut lost, mut flagged, mut relieved) = (0, 0, 0, 0);
    for login in &changed {
        *kinds.entry((login.old, login.new)).or_default() += 1;
        let prompts = i64::from(login.new.prompts()) - i64::from(login.old.prompts());
        *more.entry(table.account[login.row as usize]).or_default() += prompts;
        match (
            class(table, frame, login.row),
            login.was_flagged,
            login.is_flagged,
        ) {
            (Class::Attack, false, true) => gained += 1,
            (Class::Attack, true, false) => lost += 1,
            (Class::Good, false, true) => flagged += 1,
            (Class::Good, true, false) => relieved += 1,
            _ => {}
        }
    }
    let mut worst: Vec<(Symbol, i64)> = more.into_iter().filter(|(_, more)| *more > 0).collect();
    worst.sort_unstable_by_key(|(account, more)| (std::cmp::Reverse(*more), *account));
    worst.truncate(WORST);
    // What somebody has to look at comes first.
    changed.sort_by_key(|login| weight_of(class(table, frame, login.row), login));
    let labelled = frame.label.is_some();
    let days = frame.days().max(1) as f64;
    Diff {
        judged: tallies[0].successes + tallies[0].failures,
        changed: changed.len() as u64,
        kinds: kinds
            .into_iter()
            .map(|((old, new), count)| Kind { old, new, count })
            .collect(),
        net_prompts_per_day: (tallies[0].total.prompts as f64 - tallies[1].total.prompts as f64)
            / days,
        attacks_gained: labelled.then_some(gained),
        attacks_lost: labelled.then_some(lost),
        good_flagged: labelled.then_some(flagged),
        good_relieved: labelled.then_some(relieved),
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
    match (class, login.was_flagged, login.is_flagged) {
        (Class::Attack, true, false) => 0,
        (Class::Attack, false, true) => 1,
        (Class::Attack, ..) => 2,
        (Class::Good, false, true) => 3,
        _ => 4,
    }
}

fn class(table: &Table, frame: &Frame, row: u32) -> Class {
    let labels = table.labels.get(row as usize).copied();
    frame.class(labels.zip(table.labelled.get(row as usize).copied()))
}

/// Explains some changed logins.
pub fn logins(
    engine: &Engine<'_>,
    table: &Table,
    frame: &Frame,
    changed: &[Changed],
) -> Vec<Login> {
    let rows: Vec<u32> = changed.iter().map(|login| login.row).collect();
    let now = engine.explain(&rows, 0);
    let before = engine.explain(&rows, 1);
    changed
        .iter()
        .zip(now.iter().zip(&before))
        .map(|(login, (new, old))| {
            let account = table.account[login.row as usize];
            let zone = engine.zone_of(account);
            let id = table.text(Need::Id, login.row);
            Login {
                number: u64::from(login.row) + 1,
                id: (!id.is_empty()).then(|| id.to_owned()),
                time: rfc3339(table.time[login.row as usize]),
                account: table.accounts.text(account).to_owned(),
                old: login.old,
                new: login.new,
                was_flagged: login.was_flagged,
                is_flagged: login.is_flagged,
                old_suspicion: old.judgement.suspicion,
                new_suspicion: new.judgement.suspicion,
                attack: match class(table, frame, login.row) {
                    Class::Attack => Some(true),
                    Class::Good => Some(false),
                    Class::Unknown => None,
                },
                flipped: flips(engine, old, new, zone),
            }
        })
        .collect()
}

fn flips(engine: &Engine<'_>, old: &Explained, new: &Explained, zone: &TimeZone) -> Vec<Flip> {
    let programs = (engine.program(1), engine.program(0));
    let telling = Telling::new(zone, engine.language);
    let mut flips = Vec::new();
    let names = new.judgement.signals.iter().map(|signal| &signal.name);
    let gone = old.judgement.signals.iter().map(|signal| &signal.name);
    let mut seen: Vec<&String> = Vec::new();
    for name in names.chain(gone) {
        if seen.contains(&name) {
            continue;
        }
        seen.push(name);
        let (was, is) = (side(old, name), side(new, name));
        let reweighed = fired(old, was) && fired(new, is) && weight(old, was) != weight(new, is);
        let differs = state(old, was) != state(new, is) || reweighed;
        if !differs {
            continue;
        }
        let (was_fired, is_fired) = (fired(old, was), fired(new, is));
        // A signal only one side has says something only where it fired.
        if !was_fired && !is_fired && (was.is_none() || is.is_none()) {
            continue;
        }
        let mut why: Vec<String> = Vec::new();
        if was_fired != is_fired || (!was_fired && !is_fired) {
            // The side on which it did not fire says why not, the other what it saw.
            let sides = [
                (telling.pick("旧：", "old: "), old, was, programs.0),
                (telling.pick("新：", "new: "), new, is, programs.1),
            ];
            for (side, of, at, program) in sides {
                let because = reason(of, at, program, telling);
                why.extend(because.map(|text| format!("{side}{text}")));
            }
        } else {
            let word = telling.pick("分量", "weight");
            why.push(format!("{word} {} → {}", weight(old, was), weight(new, is)));
        }
        flips.push(Flip {
            name: name.clone(),
            old: state(old, was).to_owned(),
            new: state(new, is).to_owned(),
            why: why.join(telling.pick("；", "; ")),
        });
    }
    // Rules are named by their lines, which move; as many rules are the same rules.
    let same = new.rules.len() == old.rules.len();
    for (at, (rule, held, why)) in new.rules.iter().enumerate() {
        let before = match same {
            true => old.rules.get(at),
            false => old.rules.iter().find(|(name, ..)| name == rule),
        };
        let Some((_, before, why_before)) = before else {
            continue;
        };
        if held != before {
            let word = |held: bool| if held { "yes" } else { "no" };
            flips.push(Flip {
                name: rule.clone(),
                old: word(*before).to_owned(),
                new: word(*held).to_owned(),
                why: why
                    .clone()
                    .or_else(|| why_before.clone())
                    .unwrap_or_default(),
            });
        }
    }
    flips
}

fn side(of: &Explained, name: &str) -> Option<usize> {
    of.judgement
        .signals
        .iter()
        .position(|signal| signal.name == name)
}

fn fired(of: &Explained, at: Option<usize>) -> bool {
    at.is_some_and(|at| of.judgement.signals[at].state == SignalState::Fired)
}

fn state(of: &Explained, at: Option<usize>) -> &'static str {
    match at.map(|at| &of.judgement.signals[at].state) {
        None => "absent",
        Some(SignalState::Fired) => "fired",
        Some(SignalState::Quiet) => "quiet",
        Some(SignalState::Exempt) => "exempt",
        Some(SignalState::Learning(_)) => "learning",
        Some(SignalState::NotEvaluable(_)) => "not_evaluable",
    }
}

fn weight(of: &Explained, at: Option<usize>) -> f64 {
    at.map_or(0.0, |at| match of.judgement.signals[at].shadow {
        true => 0.0,
        false => of.judgement.signals[at].weight,
    })
}

/// Why a signal said what it said, in one line.
fn reason(
    of: &Explained,
    at: Option<usize>,
    program: &Program,
    telling: Telling<'_>,
) -> Option<String> {
    let at = at?;
    let signal = &of.judgement.signals[at];
    if let SignalState::Learning(known) = signal.state {
        let learn = program.signals[signal.index].learn;
        return Some(learning(known, learn, telling));
    }
    let (when, except) = &of.traces[at];
    if signal.state == SignalState::Exempt && except.is_some() {
        return Some(telling.pick("except 成立", "except held").to_owned());
    }
    if let Some(why) = why_not(&program.signals[at].when, program, when, telling) {
        return Some(why);
    }
    let values: Vec<String> = signal
        .values
        .iter()
        .map(|(name, value)| {
            let name: Vec<&str> = name.split_whitespace().collect();
            format!("{} = {}", name.join(" "), told(value, telling))
        })
        .collect();
    let values = values.join(telling.pick("，", ", "));
    let held = telling.pick("成立：", "held: ");
    Some(format!("{held}{values}"))
}
