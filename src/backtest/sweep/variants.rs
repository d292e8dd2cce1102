//! The rule sets of a sweep: each value written into the source in place of the `let`'s number, and
//! compiled like any rule file.

use std::sync::Arc;

use super::MAX_VARIANTS;
use super::parameter::{Parameter, SweepError, amount, one, shown};
use crate::backtest::input::Watch;
use crate::bot::ruleset::{self, Ruleset};
use crate::lang;
use crate::lang::builtins::Registry;
use crate::lang::diagnostics::Diagnostic;
use crate::lang::program::Program;
use crate::lang::span::Sources;

/// Errors about how alerts reach people and are answered, which nothing that judges logins depends on.
pub const OF_DELIVERY: [&str; 2] = ["E0410", "E0411"];
/// The code of a condition that never holds.
const NEVER_HOLDS: &str = "E0307";

/// One combination of values, compiled.
#[derive(Debug)]
pub struct Variant {
    /// By parameter.
    pub values: Vec<f64>,
    /// The rules with them.
    pub rules: Arc<Ruleset>,
    /// Conditions that never hold with them, in Chinese and English.
    pub never: Vec<(String, String)>,
}

/// Compiles every combination.
pub fn variants(
    rules: &Ruleset,
    registry: &Registry,
    parameters: &[Parameter],
    watch: &Watch,
) -> Result<Vec<Variant>, SweepError> {
    for (at, parameter) in parameters.iter().enumerate() {
        let named = |other: &Parameter| other.name == parameter.name;
        if parameters[..at].iter().any(named) {
            return Err(SweepError::Twice(parameter.name.clone()));
        }
    }
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
            let (rules, never) = with(rules, registry, parameters, &values)?;
            Ok(Variant {
                values,
                rules: Arc::new(rules),
                never,
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
) -> Result<(Ruleset, Vec<(String, String)>), SweepError> {
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
    let error = match ruleset::compile(sources.clone(), registry) {
        Ok(loaded) => return Ok((loaded.ruleset, Vec::new())),
        Err(error) => error,
    };
    // A rule file that can never do what it says is a mistake; a value that leads there is an answer.
    let despite = [&OF_DELIVERY[..], &[NEVER_HOLDS]].concat();
    let despite = lang::compile_despite(Arc::new(sources), registry, &despite);
    match despite.program {
        Some(program) => {
            let found = despite.diagnostics.iter();
            let never = found.filter(|found| found.code == NEVER_HOLDS);
            let never = never.map(|found| told(found, &program)).collect();
            Ok((Ruleset::new(program), never))
        }
        None => Err(SweepError::Wrong {
            values: parameters
                .iter()
                .zip(values)
                .map(|(parameter, value)| format!("{} = {}", parameter.name, shown(*value)))
                .collect::<Vec<_>>()
                .join(", "),
            error: Box::new(error),
        }),
    }
}

/// A condition that never holds: where it stands, what it says, and what speaks against it.
fn told(found: &Diagnostic, program: &Program) -> (String, String) {
    let span = found.primary.span;
    let path = program.sources.file(span.file);
    let place = format!(
        "{}:{}",
        path.map_or("", |file| file.path.as_str()),
        program.lines.line(span)
    );
    let source = program.sources.slice(span);
    let source = source.split_whitespace().collect::<Vec<_>>().join(" ");
    let label = found.secondary.first().map(|label| &label.words);
    let (zh, en) = label.map_or_else(Default::default, |words| {
        (format!("（{}）", words.zh), format!(" ({})", words.en))
    });
    (
        format!("{place} 的 `{source}` 永远不成立{zh}"),
        format!("{place}: `{source}` never holds{en}"),
    )
}

/// The parameters as reports head their columns: with the unit of the constant.
pub fn axes(rules: &Ruleset, parameters: &[Parameter]) -> Vec<Axis> {
    let program = &rules.program;
    parameters
        .iter()
        .map(|parameter| {
            let found = program.lets.iter().find(|item| item.name == parameter.name);
            let unit = found.map_or("", |item| amount(program.sources.slice(item.value.span)).1);
            Axis {
                name: parameter.name.clone(),
                unit: unit.to_owned(),
            }
        })
        .collect()
}

/// A constant that varies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axis {
    /// Its name.
    pub name: String,
    /// The unit its values are in; empty for plain numbers.
    pub unit: String,
}

#[cfg(test)]
mod tests {
    use super::*;

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
