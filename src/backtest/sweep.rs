//! The same rules with other constants: `--sweep budget=40..90/5`.
//!
//! Each value is written into the source in place of the `let`'s number and compiled like any rule
//! file. All variants run over the data together; signals that a constant does not touch are judged
//! once. The best value is chosen on the first two thirds of the time and judged on the last: the one
//! that finds the most attacks, of these the one with the fewest prompts, of these the most sensitive.

mod choose;

use std::sync::Arc;

use serde::Serialize;

use super::input::Watch;
use super::report::Gate;
use super::tally::stats::{per_10k, ratio};
use super::tally::{PERIODS, Tally};
use crate::bot::ruleset::{self, Ruleset};
use crate::lang::builtins::Registry;
use crate::lang::span::Sources;

/// The most rule sets of one sweep.
pub const MAX_VARIANTS: usize = 200;
/// The periods a value is chosen on; the rest judges it.
const CHOOSE: usize = 2;

/// One parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// The `let`'s name.
    pub name: String,
    /// First value.
    pub from: f64,
    /// Last value.
    pub to: f64,
    /// From one to the next.
    pub step: f64,
    /// The unit written after the numbers; empty where there was none.
    pub unit: String,
}

/// Why a sweep cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// It goes nowhere.
    #[error(
        "--sweep {0}: the first value must not exceed the last, and the step must be more than 0"
    )]
    Range(String),
    /// Units that are not the constant's.
    #[error(
        "`let {name}` is in {wanted:?}, the sweep in {given:?}; write the numbers alone, or that unit"
    )]
    Unit {
        /// The constant.
        name: String,
        /// Its unit.
        wanted: String,
        /// What was written.
        given: String,
    },
    /// Not `NAME=A..B/S`.
    #[error("{0:?} is no sweep; write NAME=FROM..TO/STEP, e.g. budget=40..90/5")]
    Syntax(String),
    /// No such constant.
    #[error("there is no `let {name}`; there are: {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// Not a number.
    #[error("`let {0}` is no number or amount with a unit")]
    NotANumber(String),
    /// Ctrl-C.
    #[error("stopped before any login was judged")]
    Stopped,
    /// Too many.
    #[error("more than {MAX_VARIANTS} combinations, which is the most at a time")]
    TooMany,
    /// A value makes rules that do not compile.
    #[error("with {values} the rules do not compile:\n{report}")]
    Wrong {
        /// Which value.
        values: String,
        /// What `menshen check` would say.
        report: String,
    },
}

impl Parameter {
    /// Reads `NAME=A..B/S`; the numbers may have the constant's unit.
    pub fn parse(text: &str) -> Result<Self, SweepError> {
        let wrong = || SweepError::Syntax(text.to_owned());
        let (name, range) = text.split_once('=').ok_or_else(wrong)?;
        let (from, rest) = range.split_once("..").ok_or_else(wrong)?;
        // A unit may have a slash of its own: 500 km/h..1500 km/h/500 km/h.
        let is_amount = |text: &str| amount(text).0.parse::<f64>().is_ok();
        let mut slashes = rest
            .match_indices('/')
            .map(|(at, _)| (&rest[..at], &rest[at + 1..]));
        let (to, step) = slashes
            .find(|(to, step)| is_amount(to) && is_amount(step))
            .ok_or_else(wrong)?;
        let mut unit = "";
        let mut number = |text| -> Result<f64, SweepError> {
            let (digits, own) = amount(text);
            if unit.is_empty() {
                unit = own;
            }
            let number = digits.parse::<f64>().ok().filter(|n| n.is_finite());
            number
                .filter(|_| own.is_empty() || one(own) == one(unit))
                .ok_or_else(wrong)
        };
        let (from, to, step) = (number(from)?, number(to)?, number(step)?);
        let name = name.trim().to_owned();
        if name.is_empty() {
            return Err(wrong());
        }
        if step <= 0.0 || to < from {
            return Err(SweepError::Range(text.to_owned()));
        }
        Ok(Self {
            name,
            from,
            to,
            step,
            unit: unit.to_owned(),
        })
    }

    fn values(&self) -> Vec<f64> {
        let count = ((self.to - self.from) / self.step + 1e-9).floor() as usize + 1;
        (0..count.min(MAX_VARIANTS + 1))
            .map(|at| self.from + self.step * at as f64)
            .collect()
    }
}

/// A unit in the singular, as both may be written.
fn one(unit: &str) -> &str {
    unit.strip_suffix('s')
        .filter(|one| one.len() > 1)
        .unwrap_or(unit)
}

/// A number, and the unit behind it.
fn amount(text: &str) -> (&str, &str) {
    let text = text.trim();
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.' && c != '-')
        .unwrap_or(text.len());
    (&text[..digits], text[digits..].trim())
}

/// One combination of values, compiled.
#[derive(Debug)]
pub struct Variant {
    /// By parameter.
    pub values: Vec<f64>,
    /// The rules with them.
    pub rules: Arc<Ruleset>,
}

/// Compiles every combination.
pub fn variants(
    rules: &Ruleset,
    registry: &Registry,
    parameters: &[Parameter],
    watch: &Watch,
) -> Result<Vec<Variant>, SweepError> {
    let axes: Vec<Vec<f64>> = parameters.iter().map(Parameter::values).collect();
    let lengths = axes.iter().map(Vec::len);
    let count = lengths.fold(1, usize::saturating_mul);
    if count > MAX_VARIANTS {
        return Err(SweepError::TooMany);
    }
    (0..count)
        .map(|mut at| {
            if watch.stopped() {
                return Err(SweepError::Stopped);
            }
            let mut values = Vec::new();
            for axis in &axes {
                values.push(axis[at % axis.len()]);
                at /= axis.len();
            }
            let rules = with(rules, registry, parameters, &values)?;
            Ok(Variant {
                values,
                rules: Arc::new(rules),
            })
        })
        .collect()
}

/// The rules with these values.
fn with(
    rules: &Ruleset,
    registry: &Registry,
    parameters: &[Parameter],
    values: &[f64],
) -> Result<Ruleset, SweepError> {
    let program = &rules.program;
    let mut sources: Sources = (*program.sources).clone();
    let mut edits = Vec::new();
    for (parameter, value) in parameters.iter().zip(values) {
        let found = program.lets.iter().find(|item| item.name == parameter.name);
        let item = found.ok_or_else(|| SweepError::Unknown {
            name: parameter.name.clone(),
            known: program
                .lets
                .iter()
                .map(|item| item.name.as_str())
                .collect::<Vec<_>>()
                .join(", "),
        })?;
        let (number, unit) = amount(program.sources.slice(item.value.span));
        if number.parse::<f64>().is_err() {
            return Err(SweepError::NotANumber(parameter.name.clone()));
        }
        if !parameter.unit.is_empty() && one(&parameter.unit) != one(unit) {
            return Err(SweepError::Unit {
                name: parameter.name.clone(),
                wanted: unit.to_owned(),
                given: parameter.unit.clone(),
            });
        }
        edits.push((item.value.span, number.len(), shown(*value)));
    }
    // From the end of each file, so that places before stay right.
    edits.sort_by_key(|(span, ..)| std::cmp::Reverse((span.file, span.start)));
    for (span, digits, value) in edits {
        let Some(file) = sources.files.get_mut(span.file.0 as usize) else {
            continue;
        };
        let mut text = file.text.to_string();
        let start = span.start as usize;
        text.replace_range(start..start + digits, &value);
        file.text = text.into();
    }
    ruleset::compile(sources, registry)
        .map(|loaded| loaded.ruleset)
        .map_err(|error| SweepError::Wrong {
            values: parameters
                .iter()
                .zip(values)
                .map(|(parameter, value)| format!("{} = {}", parameter.name, shown(*value)))
                .collect::<Vec<_>>()
                .join(", "),
            report: error.report(crate::lang::diagnostics::Language::Zh),
        })
}

/// A number without a tail of rounding.
fn shown(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A sweep's result.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sweep {
    /// Names of the parameters.
    pub parameters: Vec<String>,
    /// A point for each combination.
    pub points: Vec<Point>,
    /// The budget asked for: prompts per 10,000 good logins.
    pub max_prompts_per_10k: Option<f64>,
    /// The point chosen under it, by its index.
    pub best: Option<usize>,
    /// Points were compared by recall; without labels by prompts.
    pub by_recall: bool,
}

impl Sweep {
    /// The limit that was asked for, by the best point, else by the one that comes nearest.
    pub(super) fn gate(&self) -> Option<Gate> {
        let most = self.max_prompts_per_10k?;
        let rates = self
            .points
            .iter()
            .map(|point| point.chosen_on.prompts_per_10k);
        let is = match self.best {
            Some(best) => self.points.get(best)?.chosen_on.prompts_per_10k,
            None => rates.flatten().min_by(f64::total_cmp),
        };
        Some(Gate::at_most("max-prompts-per-10k", most, is?))
    }

    /// How the best point is found, in Chinese and English.
    pub fn rule(&self) -> (&'static str, &'static str) {
        match self.by_recall {
            true => (
                "召回最高的；召回相同取提醒最少的，再相同取最敏感的",
                "the highest recall, of these the fewest prompts, of these the most sensitive",
            ),
            false => (
                "没有标注，取提醒最多的；相同取最敏感的",
                "without labels the most prompts, of these the most sensitive",
            ),
        }
    }
}

/// One combination.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    /// Its values.
    pub values: Vec<f64>,
    /// Alerts per 10,000 good logins.
    pub flagged_per_10k: Option<f64>,
    /// Prompts a day.
    pub prompts_per_day: f64,
    /// Over all of the time.
    pub all: Part,
    /// The first two thirds of the time: what choosing looks at.
    pub chosen_on: Part,
    /// The last third: what choosing does not see.
    pub judged_on: Part,
    /// TP / (TP + FP) over all of the time.
    pub precision: Option<f64>,
}

/// A stretch of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Part {
    /// Prompts per 10,000 good logins.
    pub prompts_per_10k: Option<f64>,
    /// Share of attacks with an alert.
    pub recall: Option<f64>,
}

/// Puts a sweep together.
pub fn sweep(
    parameters: &[Parameter],
    values: Vec<Vec<f64>>,
    tallies: &[Tally],
    budget: Option<f64>,
) -> Sweep {
    let points: Vec<Point> = values
        .into_iter()
        .zip(tallies)
        .map(|(values, tally)| point(values, tally))
        .collect();
    let by_recall = points.iter().any(|point| point.chosen_on.recall.is_some());
    let flagged: Vec<u64> = tallies.iter().map(choose::flagged).collect();
    let best = budget.and_then(|budget| choose::best(&points, &flagged, budget));
    Sweep {
        parameters: parameters
            .iter()
            .map(|parameter| parameter.name.clone())
            .collect(),
        points,
        max_prompts_per_10k: budget,
        best,
        by_recall,
    }
}

fn point(values: Vec<f64>, tally: &Tally) -> Point {
    let part = |periods: std::ops::Range<usize>| {
        let prompts: u64 = tally.prompts_good_by_period[periods.clone()].iter().sum();
        let good: u64 = tally.good_by_period[periods.clone()].iter().sum();
        let hits = tally
            .hits
            .iter()
            .filter(|hit| periods.contains(&tally.frame().period(hit.time)));
        let (mut all, mut caught) = (0, 0);
        for hit in hits {
            all += 1;
            caught += u64::from(hit.flagged);
        }
        Part {
            prompts_per_10k: per_10k(prompts, good),
            recall: ratio(caught, all),
        }
    };
    let tp = tally.hits.iter().filter(|hit| hit.flagged).count() as u64;
    let fp: u64 = tally
        .accounts
        .values()
        .map(|counts| u64::from(counts.fp))
        .sum();
    Point {
        values,
        flagged_per_10k: per_10k(tally.flagged_good, tally.good),
        prompts_per_day: tally.total.prompts as f64 / tally.frame().days() as f64,
        all: part(0..PERIODS),
        chosen_on: part(0..CHOOSE),
        judged_on: part(CHOOSE..PERIODS),
        precision: ratio(tp, tp + fp).filter(|_| tally.knows_good()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_those_of_the_constant() {
        for text in [
            "u=30 days..90 days/30 days",
            "u = 30..90/30days",
            "u=30days..90/30",
        ] {
            let parameter = Parameter::parse(text).unwrap();
            assert_eq!(
                (parameter.values(), &*parameter.unit),
                (vec![30., 60., 90.], "days")
            );
        }
        let speed = Parameter::parse("v=500 km/h..1500 km/h/500 km/h").unwrap();
        assert_eq!(speed.values(), [500., 1000., 1500.]);
        assert_eq!(speed.unit, "km/h");
        assert!(Parameter::parse("v=500 km/h..1500 km/h/500 km").is_err());
        assert!(matches!(
            Parameter::parse("u=30 days..90 hours/1"),
            Err(SweepError::Syntax(_))
        ));
    }

    #[test]
    fn sweeps_are_read() {
        let parameter = Parameter::parse("budget=40..90/5").unwrap();
        assert_eq!(
            parameter.values(),
            [40., 45., 50., 55., 60., 65., 70., 75., 80., 85., 90.]
        );
        let tenths = Parameter::parse("x=0..1/0.1").unwrap().values();
        assert_eq!(tenths.len(), 11);
        assert_eq!(shown(tenths[3]), "0.3");
        for wrong in [
            "budget", "=1..2/1", "b=1..2", "b=2..1/1", "b=1..2/0", "b=x..2/1",
        ] {
            assert!(Parameter::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_value_is_written_in_place_of_the_number() {
        let text = "let usual = 90 days\nlet budget = 60\n\nsignal a \"甲\" weight 90 {\n    when new(login.city, within: usual)\n}\n\non login when suspicion >= budget {\n    note \"x\"\n}\n";
        let registry = Registry::standard();
        let rules = ruleset::compile(Sources::single("a.rules", text), &registry).unwrap();
        let parameters = [
            Parameter::parse("usual=30..60/30").unwrap(),
            Parameter::parse("budget=7..8/1").unwrap(),
        ];
        let watch = Watch::default();
        let made = variants(&rules.ruleset, &registry, &parameters, &watch).unwrap();
        assert_eq!(made.len(), 4);
        let last = &made[3].rules.program;
        assert_eq!(made[3].values, [60.0, 8.0]);
        assert!(
            last.sources.files[0]
                .text
                .contains("let usual = 60 days\nlet budget = 8\n")
        );
        assert_eq!(last.longest_window, 60 * crate::env::DAY);
        let sweep = |text| {
            let parameter = Parameter::parse(text).unwrap();
            variants(&rules.ruleset, &registry, &[parameter], &Watch::default())
        };
        assert_eq!(sweep("usual=30 day..60 days/30 days").unwrap().len(), 2);
        let other = sweep("usual=30 hours..60 hours/30 hours").unwrap_err();
        assert!(other.to_string().contains("\"days\""), "{other}");
        let many = sweep("budget=1..90/0.0001").unwrap_err();
        assert!(many.to_string().contains("more than 200"), "{many}");
        let unknown = variants(
            &rules.ruleset,
            &registry,
            &[Parameter::parse("b=1..2/1").unwrap()],
            &watch,
        );
        assert!(unknown.unwrap_err().to_string().contains("usual, budget"));
        watch.stop.store(true, std::sync::atomic::Ordering::Relaxed);
        let stopped = variants(&rules.ruleset, &registry, &parameters, &watch);
        assert!(matches!(stopped, Err(SweepError::Stopped)));
    }
}
