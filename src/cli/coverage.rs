//! `menshen test --coverage`: what the stories went through, by line, and whether it is enough.

use serde_json::{Value as Json, json};

use super::failure::Outcome;
use super::failure::{Exit, Failure};
use super::output::{self, Paint};
use crate::bot::stories::{Coverage, Kind, Point};
use crate::lang::diagnostics::Language;
use crate::lang::span::Sources;

/// What `--min-coverage` asks for: `90`, or `rules=100` for one kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Wanted {
    kind: Option<Kind>,
    percent: f64,
}

/// Reads one `--min-coverage`.
pub(super) fn wanted(text: &str) -> Result<Wanted, String> {
    let (kind, number) = match text.split_once('=') {
        None => (None, text),
        Some((name, number)) => {
            let kind = Kind::ALL.into_iter().find(|kind| kind.name() == name);
            let known = Kind::ALL.map(Kind::name).join(", ");
            (
                Some(kind.ok_or(format!("{name:?} is none of {known}"))?),
                number,
            )
        }
    };
    let percent: f64 = number
        .trim_end_matches('%')
        .parse()
        .map_err(|_| format!("{number:?} is no number"))?;
    if !(0.0..=100.0).contains(&percent) {
        return Err(format!("{number} is not between 0 and 100"));
    }
    Ok(Wanted { kind, percent })
}

/// The name of a kind for people.
fn kind_name(kind: Kind, lang: Language) -> &'static str {
    match (kind, lang) {
        (Kind::Rule, Language::Zh) => "规则和信号",
        (Kind::Condition, Language::Zh) => "条件的真与假",
        (Kind::Outcome, Language::Zh) => "动作的结果",
        (Kind::Step, Language::Zh) => "对话的步骤",
        (Kind::Rule, Language::En) => "rules and signals",
        (Kind::Condition, Language::En) => "conditions, true and false",
        (Kind::Outcome, Language::En) => "outcomes",
        (Kind::Step, Language::En) => "dialog steps",
    }
}

/// What is missing of a point.
fn lack(point: &Point, lang: Language) -> &'static str {
    match (point.kind, point.yes, point.no, lang) {
        (Kind::Condition, true, false, Language::Zh) => "没有假过",
        (Kind::Condition, true, false, Language::En) => "never false",
        (Kind::Condition, false, true, Language::Zh) => "没有真过",
        (Kind::Condition, false, true, Language::En) => "never true",
        (Kind::Condition, _, _, Language::Zh) => "没有判断过",
        (Kind::Condition, _, _, Language::En) => "never judged",
        (_, _, _, Language::Zh) => "没有走到",
        (_, _, _, Language::En) => "never reached",
    }
}

/// Prints the table and what is missing, line by line.
pub(super) fn print(coverage: &Coverage, sources: &Sources, lang: Language) -> Result<(), Failure> {
    let colour = output::colour();
    output::line("")?;
    for kind in Kind::ALL.map(Some).into_iter().chain([None]) {
        let (reached, all) = coverage.count(kind);
        let percent = format!("{:>5.1}%", coverage.percent(kind));
        let paint = if reached == all {
            Paint::Green
        } else {
            Paint::Red
        };
        let name = match (kind, lang) {
            (Some(kind), lang) => kind_name(kind, lang),
            (None, Language::Zh) => "合计",
            (None, Language::En) => "all",
        };
        let percent = output::paint(&percent, paint, colour);
        output::line(&format!("{percent}  {reached:>4}/{all:<4} {name}"))?;
    }
    for point in coverage.missing() {
        let (line, _) = sources.line_column(point.span);
        let path = path(sources, point);
        let lack = lack(point, lang);
        output::line(&format!("{path}:{line}: {lack}: {}", point.name))?;
    }
    Ok(())
}

/// The same for tools.
pub(super) fn as_json(coverage: &Coverage, sources: &Sources) -> Json {
    let counts = |kind| {
        let (reached, all) = coverage.count(kind);
        json!({ "reached": reached, "all": all, "percent": coverage.percent(kind) })
    };
    let mut kinds = serde_json::Map::new();
    for kind in Kind::ALL {
        kinds.insert(kind.name().to_owned(), counts(Some(kind)));
    }
    let points: Vec<Json> = coverage
        .points
        .iter()
        .map(|point| {
            let (line, column) = sources.line_column(point.span);
            let mut one = json!({
                "kind": point.kind.name(),
                "file": path(sources, point),
                "line": line,
                "column": column,
                "name": point.name,
                "covered": point.whole(),
            });
            if point.kind == Kind::Condition {
                one["seen_true"] = point.yes.into();
                one["seen_false"] = point.no.into();
            }
            one
        })
        .collect();
    json!({ "total": counts(None), "kinds": kinds, "points": points })
}

/// Whether it is as much as was asked for; says what is not.
pub(super) fn enough(coverage: &Coverage, wanted: &[Wanted], lang: Language) -> Outcome {
    let mut exit = Exit::Clean;
    for one in wanted {
        let percent = coverage.percent(one.kind);
        // Counts are small integers: a hair below is rounding, not a missing point.
        if percent + 1e-9 >= one.percent {
            continue;
        }
        exit = Exit::Found;
        let name = match (one.kind, lang) {
            (Some(kind), lang) => kind_name(kind, lang),
            (None, Language::Zh) => "合计",
            (None, Language::En) => "all",
        };
        output::remark(&match lang {
            Language::Zh => format!("覆盖率不够：{name} {percent:.1}%，要求 {}%", one.percent),
            Language::En => format!(
                "not enough coverage: {name} {percent:.1}%, {}% wanted",
                one.percent
            ),
        });
    }
    Ok(exit)
}

fn path<'a>(sources: &'a Sources, point: &Point) -> &'a str {
    sources
        .file(point.span.file)
        .map_or("", |file| file.path.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_numbers_or_kinds_with_numbers() {
        let all = wanted("90").expect("a number");
        assert_eq!((all.kind, all.percent), (None, 90.0));
        let rules = wanted("rules=99.5%").expect("a kind");
        assert_eq!((rules.kind, rules.percent), (Some(Kind::Rule), 99.5));
        for wrong in ["", "many", "101", "-1", "lines=3", "rules=", "NaN"] {
            assert!(wanted(wrong).is_err(), "{wrong}");
        }
    }
}
