//! A judgement made visible: what the API answers, what is stored, and why.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use jiff::tz::TimeZone;
use serde_json::json;

use crate::bot::api::{SignalView, Verdict};
use crate::env::{DAY, HOUR, rfc3339};
use crate::guard::decisions::MAX_EXPLANATION_BYTES as MAX_EXPLANATION;
use crate::lang::diagnostics::Language;
use crate::lang::eval::{
    self, Experience, Judgement, SignalResult, SignalState, Telling, Trace, display, explain_to,
};
use crate::lang::program::{Learn, Program};
use crate::store::records::{Decision, FiredSignal};

use super::facts::Login;

/// The signals worth showing to the caller: all but the quiet ones.
pub(crate) fn views(judgement: &Judgement, zone: &TimeZone) -> Vec<SignalView> {
    judgement
        .signals
        .iter()
        .filter(|signal| signal.state != SignalState::Quiet)
        .map(|signal| view(signal, zone))
        .collect()
}

/// One signal, as a decision's record holds it.
pub(crate) fn view(signal: &SignalResult, zone: &TimeZone) -> SignalView {
    let (state, missing) = match &signal.state {
        SignalState::Fired => ("fired", Vec::new()),
        SignalState::Quiet => ("quiet", Vec::new()),
        SignalState::Exempt => ("exempt", Vec::new()),
        SignalState::Learning(_) => ("learning", Vec::new()),
        SignalState::NotEvaluable(missing) => ("not_evaluable", missing.clone()),
    };
    let values: BTreeMap<String, String> = signal
        .values
        .iter()
        .map(|(name, value)| (name.clone(), display(value, zone)))
        .collect();
    SignalView {
        name: signal.name.clone(),
        title: signal.title.clone(),
        weight: signal.weight,
        state: state.to_owned(),
        shadow: signal.shadow,
        values,
        missing,
    }
}

/// The signals an alert is about.
pub(crate) fn fired(judgement: &Judgement) -> Vec<FiredSignal> {
    judgement
        .counted()
        .map(|signal| FiredSignal {
            name: signal.name.clone(),
            title: signal.title.clone(),
            weight: signal.weight,
        })
        .collect()
}

/// About as long as the explanation of twenty signals.
const EXPLANATION: usize = 8 * 1024;

/// Why a decision is what it is: words, or what they are made of.
pub(crate) enum Explanation {
    Told(String),
    /// Traces of the signals, and what was said of the rules.
    Traced {
        traces: Vec<(Trace, Option<Trace>)>,
        rules: String,
        language: Language,
    },
}

/// Everything about a decision but its alert. Owned: it is put together beside the next commands.
pub(crate) struct Draft {
    pub(crate) id: String,
    pub(crate) kind: &'static str,
    pub(crate) login: Option<Login>,
    pub(crate) judgement: Option<Judgement>,
    pub(crate) verdict: Verdict,
    pub(crate) rules: Vec<String>,
    pub(crate) explanation: Explanation,
    pub(crate) generation: u64,
    pub(crate) program: Arc<Program>,
    pub(crate) zone: TimeZone,
}

impl Draft {
    /// The record.
    pub(crate) fn record(self, alert: Option<String>) -> Decision {
        let login = self.login.as_ref();
        let row = login.map(|login| &login.row);
        let explanation = match self.explanation {
            Explanation::Told(words) => words,
            Explanation::Traced {
                traces,
                rules,
                language,
            } => {
                let telling = Telling::new(&self.zone, language);
                let judgement = self.judgement.as_ref();
                judgement.map_or_else(String::new, |judgement| {
                    explanation(&self.program, judgement, &traces, &rules, telling)
                })
            }
        };
        let text = |value: Option<&Arc<str>>| value.map(|text| text.to_string());
        let signals: Vec<SignalView> = self
            .judgement
            .as_ref()
            .map(|judgement| {
                judgement
                    .signals
                    .iter()
                    .map(|signal| view(signal, &self.zone))
                    .collect()
            })
            .unwrap_or_default();
        Decision {
            id: self.id,
            time: row.map_or(0, |row| row.time),
            kind: self.kind.to_owned(),
            account: row.map(|row| row.account.to_string()).unwrap_or_default(),
            login: json!({
                "time": row.map(|row| rfc3339(row.time)),
                "machine": row.and_then(|row| text(row.machine.as_ref())),
                "legal": row.map(|row| row.legal),
                "ip": row.and_then(|row| row.ip).map(|ip| ip.to_string()),
                "country": row.and_then(|row| text(row.country.as_ref())),
                "region": row.and_then(|row| text(row.region.as_ref())),
                "city": row.and_then(|row| text(row.city.as_ref())),
                "agent": login.and_then(|login| login.agent.as_deref()),
                "success": login.and_then(|login| login.success),
                "captcha": login.map(|login| login.captcha),
                "late": login.map(|login| login.late),
                "rules": self.rules,
            }),
            signals,
            suspicion: self
                .judgement
                .as_ref()
                .map_or(0.0, |judgement| judgement.suspicion),
            verdict: verdict_name(self.verdict).to_owned(),
            generation: self.generation,
            hash: self.program.hash.clone(),
            explanation,
            alert,
        }
    }
}

pub(crate) fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allow => "allow",
        Verdict::Challenge => "challenge",
        Verdict::Deny => "deny",
    }
}

/// Why the rules acted (`rules`), and why each signal said what it said: the source with the values
/// under each sub-expression.
pub(crate) fn explanation<'z>(
    program: &Program,
    judgement: &Judgement,
    traces: &[(Trace, Option<Trace>)],
    rules: &str,
    telling: impl Into<Telling<'z>>,
) -> String {
    let telling = telling.into();
    let language = telling.language();
    let mut out = String::with_capacity(EXPLANATION);
    let suspicion = trimmed(judgement.suspicion);
    let _ = match language {
        Language::Zh => write!(out, "怀疑度 {suspicion}"),
        Language::En => write!(out, "suspicion {suspicion}"),
    };
    if !judgement.reasons.is_empty() {
        let _ = match language {
            Language::Zh => write!(out, "（{}）", judgement.reasons),
            Language::En => write!(out, " ({})", judgement.reasons.replace('、', ", ")),
        };
    }
    out.push('\n');
    out.push_str(rules);
    for (result, (when, except)) in judgement.signals.iter().zip(traces) {
        let signal = &program.signals[result.index];
        let _ = write!(out, "\n{} “{}”", result.name, result.title);
        out.push_str(telling.pick("：", ": "));
        state(&mut out, result, signal.learn, telling);
        out.push('\n');
        explain_to(&mut out, &signal.when, program, when, telling);
        if let (Some(condition), Some(trace)) = (&signal.except, except) {
            out.push_str("except\n");
            explain_to(&mut out, condition, program, trace, telling);
        }
        if out.len() > MAX_EXPLANATION {
            break;
        }
    }
    cut(out)
}

/// What became of one signal.
fn state(out: &mut String, result: &SignalResult, learn: Option<Learn>, telling: Telling<'_>) {
    match &result.state {
        SignalState::Fired if result.shadow => {
            out.push_str(telling.pick("触发（影子，不计分）", "fired (shadow, does not count)"));
        }
        SignalState::Fired => {
            out.push_str(telling.pick("触发，", "fired, "));
            // A negative weight brings its own sign.
            out.push_str(if result.weight < 0.0 { "" } else { "+" });
            out.push_str(&trimmed(result.weight));
        }
        SignalState::Quiet => out.push_str(telling.pick("没有触发", "did not fire")),
        SignalState::Exempt => out.push_str(telling.pick("豁免", "exempt")),
        SignalState::Learning(known) => out.push_str(&learning(*known, learn, telling)),
        SignalState::NotEvaluable(missing) => {
            out.push_str(telling.pick("无法判断，缺 ", "not evaluable, missing "));
            out.push_str(&telling.missing(missing));
        }
    }
}

/// `still learning (3 of 10 logins)`: how far a signal is that still learns.
pub(crate) fn learning(known: Experience, learn: Option<Learn>, telling: Telling<'_>) -> String {
    let mut parts = Vec::new();
    if let Some(wanted) = learn.and_then(|learn| learn.duration) {
        let (unit, zh, en) = match wanted % DAY {
            0 => (DAY, "天", "days"),
            _ => (HOUR, "小时", "hours"),
        };
        let (passed, wanted) = (known.since_first.unwrap_or(0) / unit, wanted / unit);
        parts.push(match telling.language() {
            Language::Zh => format!("过了 {passed} {zh}，要 {wanted} {zh}"),
            Language::En => format!("{passed} of {wanted} {en}"),
        });
    }
    if let Some(wanted) = learn.and_then(|learn| learn.logins) {
        let logins = known.logins;
        parts.push(match telling.language() {
            Language::Zh => format!("登录了 {logins} 次，要 {wanted} 次"),
            Language::En => format!("{logins} of {wanted} logins"),
        });
    }
    let both = learn.is_some_and(|learn| learn.both);
    let joined = match (both, telling.language()) {
        (true, Language::Zh) => parts.join("；"),
        (true, Language::En) => parts.join(", "),
        (false, Language::Zh) => parts.join("；或者"),
        (false, Language::En) => parts.join(", or "),
    };
    let words = telling.pick("还在学习", "still learning");
    match (joined.as_str(), telling.language()) {
        ("", _) => words.to_owned(),
        (how_far, Language::Zh) => format!("{words}（{how_far}）"),
        (how_far, Language::En) => format!("{words} ({how_far})"),
    }
}

/// Why rules of other events did what they did: which acted, and every condition (`why`).
pub(crate) fn acted(rules: &[String], why: &str, language: Language) -> String {
    let head = match (rules, language) {
        ([], _) => language
            .pick("没有规则要求做什么", "no rule asked for anything")
            .to_owned(),
        (_, Language::Zh) => format!("规则：{}", rules.join("、")),
        (_, Language::En) => format!("rules: {}", rules.join(", ")),
    };
    cut(format!("{head}\n{why}"))
}

fn cut(mut text: String) -> String {
    if text.len() > MAX_EXPLANATION {
        let mut end = MAX_EXPLANATION;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push('…');
    }
    text
}

fn trimmed(number: f64) -> String {
    eval::display(&crate::lang::value::Value::Number(number), &TimeZone::UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_learning_is_stands_in_the_explanation() {
        let known = Experience {
            since_first: Some(2 * DAY + HOUR),
            logins: 3,
        };
        let learn = |duration, logins, both| {
            Some(Learn {
                duration,
                logins,
                both,
            })
        };
        let said = |learn, language: Language| {
            learning(known, learn, Telling::new(&TimeZone::UTC, language))
        };
        let both = learn(Some(14 * DAY), Some(10), true);
        assert_eq!(
            said(both, Language::En),
            "still learning (2 of 14 days, 3 of 10 logins)"
        );
        assert_eq!(
            said(both, Language::Zh),
            "还在学习（过了 2 天，要 14 天；登录了 3 次，要 10 次）"
        );
        assert_eq!(
            said(learn(Some(60 * HOUR), Some(10), false), Language::En),
            "still learning (49 of 60 hours, or 3 of 10 logins)"
        );
        assert_eq!(
            said(learn(None, Some(10), true), Language::En),
            "still learning (3 of 10 logins)"
        );
    }
}
