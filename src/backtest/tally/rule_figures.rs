//! The figures of the rules that are asked about logins. Field names here are the report's JSON.

use serde::Serialize;

use super::figures::{Missing, Overlap, drifts, missing};
use super::rules::{COUNTED, Rules};
use super::spread::{Parts, Spread};
use super::stats::{per_10k, ratio};
use super::{PERIODS, Tally};
use crate::lang::program::{ActionKind, Block, EventName, Program, Rule};

/// One rule that is asked about logins, for one of its events.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleFigures {
    /// Where it stands: file and line.
    pub name: String,
    /// The event: `attempt` (every attempt, before the password is looked at), `failure` (a wrong password) or
    /// `login` (the right one).
    pub on: &'static str,
    /// Its head, as it is written: from `on` to the brace.
    pub head: String,
    /// What it can do, in the order of its block: `captcha`, `refuse`, `lock`, `log_off`, `alert`, and `other`.
    pub does: Vec<&'static str>,
    /// How often it could be judged. It is asked about every attempt, failure or login of its event, but for
    /// failures and logins that arrived late.
    pub evaluated: u64,
    /// How often it could not.
    pub not_evaluable: u64,
    /// What was missing then, the most frequent first.
    pub missing: Vec<Missing>,
    /// Its condition held.
    pub matched: u64,
    /// On the logins of `per_10k_of`, per 10,000 of them; of a rule on failure, which never sees one, per 10,000
    /// failures it was asked about.
    pub per_10k: Option<f64>,
    /// It asked for a captcha, and none was solved. What else rules did to the same login makes no difference,
    /// here and below.
    pub captchas: u64,
    /// It asked for one that was solved.
    pub captchas_solved: u64,
    /// It refused the login.
    pub refused: u64,
    /// It locked the account.
    pub locked: u64,
    /// It wanted an alert: of several that do, the alert of the first is raised, and `prompts`, `cooled_down` and
    /// `capped` are of that one.
    pub alerts: u64,
    /// Prompts, after cool-down and daily cap.
    pub prompts: u64,
    /// Alerts a cool-down kept quiet.
    pub cooled_down: u64,
    /// Alerts past the daily cap.
    pub capped: u64,
    /// Logins about which less would be done without it: its marginal value.
    pub decisive: u64,
    /// Of these on attacks; unknown without labels.
    pub decisive_attacks: Option<u64>,
    /// Of these on good ones; unknown when the label calls none good.
    pub decisive_good: Option<u64>,
    /// It held on so many labelled attacks, whatever their password; unknown without labels.
    pub attacks: Option<u64>,
    /// On so many attempts labelled as good; unknown when the label calls none of its event good.
    pub good: Option<u64>,
    /// The share of attacks among the labelled attempts it held on; unknown likewise, and for rules that do nothing
    /// to a login.
    pub precision: Option<f64>,
    /// The share of the attacks it was asked about on which it held; unknown for rules that do nothing to a login.
    pub recall: Option<f64>,
    /// It held on names that are no account.
    pub no_account: u64,
    /// Over whom and when.
    #[serde(flatten)]
    pub spread: Spread,
}

/// The figures of all of them.
pub(super) fn all(tally: &Tally, program: &Program) -> Vec<RuleFigures> {
    let Some(rules) = &tally.rules else {
        return Vec::new();
    };
    (0..rules.asked.len())
        .map(|slot| one(tally, rules, program, slot))
        .collect()
}

/// Which of them hold about the same login.
pub(super) fn overlap(tally: &Tally, program: &Program) -> Overlap {
    let Some(rules) = &tally.rules else {
        return Overlap::new(Vec::new(), &[]);
    };
    let names = (0..rules.asked.len()).map(|slot| called(rules, program, slot));
    let mut together = rules.together.clone();
    for (slot, tally) in rules.tallies.iter().enumerate() {
        together[slot * rules.asked.len() + slot] = tally.held;
    }
    Overlap::new(names.collect(), &together)
}

fn one(tally: &Tally, rules: &Rules, program: &Program, slot: usize) -> RuleFigures {
    let (asked, counts) = (&rules.asked[slot], &rules.tallies[slot]);
    let rule = &program.rules[asked.rule.0 as usize];
    let of = rules.asked_of(&asked.event);
    let frame = tally.frame();
    let (held, whole) = match asked.event {
        EventName::Failure => (counts.by_period, of.by_period),
        _ => {
            let base = tally.by_period.iter().map(|period| period.base);
            let mut whole = [0; PERIODS];
            whole.iter_mut().zip(base).for_each(|(of, base)| *of = base);
            (counts.base_by_period, whole)
        }
    };
    // What attempts are made on is no login that passed: a wave of them shows among attempts.
    let (waves, among) = match asked.event {
        EventName::Attempt => (counts.by_period, of.by_period),
        _ => (held, whole),
    };
    let rates = waves.iter().zip(&among);
    let by_period: Vec<Option<f64>> = rates.map(|(held, of)| per_10k(*held, *of)).collect();
    let mut does = Vec::new();
    what(&rule.body, &mut does);
    let acts = does.iter().any(|what| ACTS.contains(what));
    let (labelled, good) = (frame.label.is_some(), of.good > 0);
    let kept = slot < COUNTED;
    RuleFigures {
        name: rule.name.clone(),
        on: word(&asked.event),
        head: head(rule, program),
        evaluated: of.all() - counts.not_evaluable,
        not_evaluable: counts.not_evaluable,
        missing: missing(&counts.missing),
        matched: counts.held,
        per_10k: per_10k(held.iter().sum(), whole.iter().sum()),
        captchas: counts.captchas,
        captchas_solved: counts.solved,
        refused: counts.refused,
        locked: counts.locked,
        alerts: counts.alerts,
        prompts: counts.prompts,
        cooled_down: counts.appended,
        capped: counts.capped,
        decisive: counts.decisive,
        decisive_attacks: labelled.then_some(counts.decisive_attacks),
        decisive_good: good.then_some(counts.decisive_good),
        attacks: labelled.then_some(counts.attacks),
        good: good.then_some(counts.good),
        precision: match acts && good {
            true => ratio(counts.attacks, counts.attacks + counts.good),
            false => None,
        },
        recall: match acts && counts.not_evaluable < of.all() {
            true => ratio(counts.attacks, of.attacks),
            false => None,
        },
        no_account: counts.nobody,
        spread: Spread::of(
            tally,
            Parts {
                count: counts.held,
                accounts: kept.then(|| rules.accounts.count(slot)),
                addresses: (kept && frame.addresses).then(|| rules.addresses.count(slot)),
                by_day: &counts.by_day,
                first: counts.first,
                last: counts.last,
                drifts: drifts(&waves, &by_period),
                by_period,
                covered_by: covered_by(rules, program, slot),
            },
        ),
        does,
    }
}

/// What is done to a login.
const ACTS: [&str; 4] = ["captcha", "refuse", "lock", "alert"];

/// What a block can do, each once.
fn what(block: &Block, does: &mut Vec<&'static str>) {
    for action in &block.actions {
        let one = match &action.kind {
            ActionKind::Challenge => "captcha",
            ActionKind::Deny(_) => "refuse",
            ActionKind::Alert(_) => "alert",
            ActionKind::LockAccount => "lock",
            ActionKind::LogOff => "log_off",
            _ => "other",
        };
        if !does.contains(&one) {
            does.push(one);
        }
        for arm in &action.outcomes {
            what(&arm.block, does);
        }
    }
}

fn word(event: &EventName) -> &'static str {
    match event {
        EventName::Attempt => "attempt",
        EventName::Failure => "failure",
        _ => "login",
    }
}

/// The head of a rule on one line.
fn head(rule: &Rule, program: &Program) -> String {
    let text = program.sources.slice(rule.head);
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").trim_end_matches('{').trim_end().to_owned()
}

/// A rule's name, with the event where it listens to several of a login's.
fn called(rules: &Rules, program: &Program, slot: usize) -> String {
    let asked = &rules.asked[slot];
    let name = &program.rules[asked.rule.0 as usize].name;
    let several = rules.asked.iter().filter(|other| other.rule == asked.rule);
    match several.count() {
        1 => name.clone(),
        _ => format!("{name} ({})", word(&asked.event)),
    }
}

/// A rule that held on every login on which this one did.
fn covered_by(rules: &Rules, program: &Program, slot: usize) -> Option<String> {
    let n = rules.asked.len();
    let held = rules.tallies[slot].held;
    let other = (0..n)
        .find(|other| *other != slot && held > 0 && rules.together[slot * n + other] == held)?;
    Some(called(rules, program, other))
}
