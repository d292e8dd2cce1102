//! Which conditions made a login end differently, and what their values were before and now.
//!
//! Only what decided is named: rules of the event that differs and that want what differs, signals when such a
//! rule asks for what they say, and a cool-down where it kept one of two alerts quiet.

use jiff::tz::TimeZone;
use serde::Serialize;

use super::pairs::{Pair, pairs, rule_of, text};
use super::{Changed, Fate};
use crate::backtest::engine::{Asked, Engine, Prompt, Told};
use crate::backtest::needs::walk;
use crate::backtest::report::Clock;
use crate::backtest::table::{JUDGED, Table};
use crate::bot::login::decide::learning;
use crate::lang::diagnostics::Language;
use crate::lang::eval::{SignalState, Telling, because, told};
use crate::lang::program::{EventName, ExprKind, Program};
use crate::lang::value::Value;

/// What a flip is called that is neither a signal nor a rule; no rule file can name anything so.
pub const COOL_DOWN: &str = "cool-down";
/// Characters shown of what a rule does.
const MAX_BODY: usize = 80;

/// What became different for a login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Flip {
    /// The signal, the rule by its line (of the new rules, where they have it), or `cool-down`.
    pub name: String,
    /// Of a signal `fired`, `quiet`, `exempt`, `learning`, `not_evaluable`; of a rule `yes` or `no`; of a
    /// cool-down `prompt`, `kept_quiet` or `capped`; `absent` when the rule set has no such signal or rule.
    pub old: String,
    /// And now.
    pub new: String,
    /// What decided on either side, with its values.
    pub why: String,
}

impl Flip {
    /// Its name, for people.
    pub(in crate::backtest) fn called(&self, language: Language) -> &str {
        match self.name.as_str() {
            COOL_DOWN => language.pick("冷却", "cool-down"),
            name => name,
        }
    }

    /// All of it in one line.
    pub fn said(&self, language: Language) -> String {
        let (name, why) = (self.called(language), &self.why);
        let (old, new) = (state(&self.old, language), state(&self.new, language));
        match language {
            Language::Zh => format!("{name}：{old} → {new}（{why}）"),
            Language::En => format!("{name}: {old} → {new} ({why})"),
        }
    }

    /// Whether it is a rule's, not a signal's or a cool-down's.
    pub(in crate::backtest) fn is_of_a_rule(&self) -> bool {
        let held = |word: &str| matches!(word, "yes" | "no");
        held(&self.old) || held(&self.new)
    }
}

/// A state of a [`Flip`] in words.
pub(in crate::backtest) fn state(state: &str, language: Language) -> &str {
    match state {
        "fired" => language.pick("触发", "fired"),
        "quiet" => language.pick("没触发", "quiet"),
        "exempt" => language.pick("豁免", "exempt"),
        "learning" => language.pick("学习中", "learning"),
        "not_evaluable" => language.pick("无法判断", "not evaluable"),
        "absent" => language.pick("没有这条", "absent"),
        "yes" => language.pick("成立", "held"),
        "no" => language.pick("不成立", "did not hold"),
        "prompt" => language.pick("发出提醒", "prompt"),
        "kept_quiet" => language.pick("冷却中不发", "kept quiet"),
        "capped" => language.pick("超过每日上限", "past the daily cap"),
        other => other,
    }
}

/// Compares what two rule sets say of logins. The new rules are rule set 0, the old ones 1.
pub(super) struct Comparison<'e> {
    engine: &'e Engine<'e>,
    table: &'e Table,
    attempt: Vec<Pair>,
    login: Vec<Pair>,
    failure: Vec<Pair>,
}

/// One login under both.
struct Both<'l> {
    old: &'l Told,
    new: &'l Told,
}

/// A rule as both rule sets have it, and what it said of a login where it was asked.
struct Sides<'l> {
    pair: Pair,
    old: Option<&'l Asked>,
    new: Option<&'l Asked>,
}

/// Which parts of what becomes of a login differ.
struct Differs {
    attempt: bool,
    verdict: bool,
    lock: bool,
    alert: bool,
    prompt: bool,
}

impl Differs {
    fn new(old: &Fate, new: &Fate) -> Self {
        // Of what two kinds of rules want the severer is done; an account that is locked either way is refused.
        let wanted = old.wanted() != new.wanted() && !(old.locked && new.locked);
        let decides = |old_part, new_part| {
            wanted && old_part != new_part && (old_part == old.wanted() || new_part == new.wanted())
        };
        // Of what was refused before any rule was asked, rules `on attempt` were asked all the same.
        let refused = old.refused_before && new.refused_before;
        Self {
            attempt: decides(old.attempt, new.attempt) || refused && old.attempt != new.attempt,
            verdict: decides(old.verdict, new.verdict),
            lock: old.locked != new.locked,
            alert: old.flagged != new.flagged,
            prompt: old.flagged && new.flagged && old.prompt != new.prompt,
        }
    }

    /// Whether a rule `on attempt` asks for something else than before.
    fn attempts(&self, sides: &Sides<'_>) -> bool {
        let does = |side: Option<&Asked>| {
            let held = side.filter(|rule| rule.held);
            held.map_or((false, false, false), |rule| {
                (rule.deny, rule.challenge, rule.lock)
            })
        };
        let (old, new) = (does(sides.old), does(sides.new));
        self.attempt && old != new || self.lock && old.2 != new.2
    }

    /// Whether a rule of the event that ended the login wants what differs.
    fn by(&self, old: Option<&Asked>, new: Option<&Asked>) -> bool {
        let done = |of: fn(&Asked) -> bool| {
            let does = |side: Option<&Asked>| side.is_some_and(|rule| rule.held && of(rule));
            does(old) != does(new)
        };
        (self.verdict && (done(|rule| rule.deny) || done(|rule| rule.challenge)))
            || (self.lock || self.verdict) && done(|rule| rule.lock)
            || (self.alert || self.prompt) && done(|rule| rule.alert.is_some())
    }
}

impl<'e> Comparison<'e> {
    pub(super) fn new(engine: &'e Engine<'e>, table: &'e Table) -> Self {
        let of = |event: EventName| {
            let side = |variant: usize| {
                let prepared = &engine.variants()[variant];
                (engine.program(variant), prepared.of(&event))
            };
            pairs(side(1), side(0))
        };
        Self {
            engine,
            table,
            attempt: of(EventName::Attempt),
            login: of(EventName::Login),
            failure: of(EventName::Failure),
        }
    }

    /// What made this login end differently. Signals come after rules `on attempt`, which are asked first, and
    /// before the other rules, which ask them.
    pub(super) fn flips(&self, login: &Changed, old: &Told, new: &Told) -> Vec<Flip> {
        let account = self.table.account[login.row as usize];
        let zone = self.engine.zone_of(account);
        let telling = Telling::new(zone, self.engine.language);
        let differs = Differs::new(&login.old, &login.new);
        let both = Both { old, new };
        let mut flips = Vec::new();
        if differs.attempt || differs.lock {
            for sides in rules(&self.attempt, &old.attempt, &new.attempt) {
                if differs.attempts(&sides) {
                    flips.push(self.rule(&sides, telling));
                }
            }
        }
        let pairs = match self.table.has(login.row, JUDGED) {
            true => &self.login,
            false => &self.failure,
        };
        let ended: Vec<Sides<'_>> = rules(pairs, &old.ended, &new.ended)
            .filter(|sides| differs.by(sides.old, sides.new))
            .collect();
        // An alert that says more is no longer kept quiet.
        let more = |fate: &Fate| fate.prompt != Prompt::Appended && fate.cooling.is_some();
        let sayings = differs.prompt && (more(&login.old) || more(&login.new));
        flips.extend(self.signals(&ended, &both, sayings, telling));
        flips.extend(ended.iter().map(|sides| self.rule(sides, telling)));
        if differs.prompt {
            flips.push(self.cool_down(login, &both, zone, telling));
        }
        flips
    }

    fn programs(&self) -> (&'e Program, &'e Program) {
        (self.engine.program(1), self.engine.program(0))
    }

    fn rule(&self, sides: &Sides<'_>, telling: Telling<'_>) -> Flip {
        let (old, new) = self.programs();
        let name = |program: &Program, id| rule_of(program, id).name.clone();
        let was = sides.pair.0.map(|id| name(old, id));
        let is = sides.pair.1.map(|id| name(new, id));
        let word = |side: Option<&Asked>| match side {
            None => "absent",
            Some(rule) if rule.held => "yes",
            Some(_) => "no",
        };
        let held = |side: Option<&Asked>| side.is_some_and(|rule| rule.held);
        let why = match (held(sides.old) && held(sides.new), sides.pair) {
            (true, (Some(was), Some(is))) => {
                let body = |program: &Program, id| {
                    let text = text(program, rule_of(program, id).body.span);
                    let cut = text.chars().count() > MAX_BODY;
                    let kept: String = text.chars().take(MAX_BODY).collect();
                    format!("{kept}{}", if cut { "…" } else { "" })
                };
                let does = telling.pick("做的事", "does");
                format!("{does} {} → {}", body(old, was), body(new, is))
            }
            _ => {
                let moved = was.is_some() && is.is_some() && was != is;
                let side = |asked: Option<&Asked>, at: Option<&String>, word: &str| {
                    let at = at.filter(|_| moved);
                    let at = at.map_or_else(String::new, |at| telling.bracketed(at));
                    let colon = telling.pick("：", ": ");
                    let why = match asked {
                        None => telling.pick("没有这条", "there is no such rule"),
                        Some(rule) if rule.why.is_empty() => {
                            telling.pick("没有条件", "it has no condition")
                        }
                        Some(rule) => &rule.why,
                    };
                    format!("{word}{at}{colon}{why}")
                };
                let (before, now) = (telling.pick("旧", "old"), telling.pick("新", "new"));
                [
                    side(sides.old, was.as_ref(), before),
                    side(sides.new, is.as_ref(), now),
                ]
                .join(telling.pick("；", "; "))
            }
        };
        Flip {
            name: is.or(was).unwrap_or_default(),
            old: word(sides.old).to_owned(),
            new: word(sides.new).to_owned(),
            why,
        }
    }

    /// The signals that made these rules say something else. `sayings`: what the alert said counts by itself.
    fn signals(
        &self,
        ended: &[Sides<'_>],
        both: &Both<'_>,
        sayings: bool,
        telling: Telling<'_>,
    ) -> Vec<Flip> {
        // With the old suspicion the new rule would have said what it says: then its condition decided.
        let mut asked = ended.iter().filter_map(|sides| sides.new);
        let by_total = asked.any(|rule| rule.otherwise != rule.held);
        let by_name = sayings || ended.iter().any(|sides| self.asks_by_name(sides.pair));
        let total = both.new.judgement.suspicion - both.old.judgement.suspicion;
        let mut names: Vec<&str> = Vec::new();
        for told in [both.new, both.old] {
            for signal in &told.judgement.signals {
                if !names.contains(&signal.name.as_str()) {
                    names.push(&signal.name);
                }
            }
        }
        let mut flips = Vec::new();
        for name in names {
            let (was, is) = (side(both.old, name), side(both.new, name));
            let change =
                counted(both.new, is).unwrap_or(0.0) - counted(both.old, was).unwrap_or(0.0);
            // Rules see the sum: what moved it the other way did not decide.
            let moved = by_total && change * total > 0.0;
            let named =
                by_name && counted(both.new, is).is_some() != counted(both.old, was).is_some();
            if moved || named {
                flips.push(self.signal(name, both, telling));
            }
        }
        flips
    }

    /// Whether one of two rules asks which signals fired, not only what they come to.
    fn asks_by_name(&self, pair: Pair) -> bool {
        let (old, new) = self.programs();
        let rules = [pair.0.map(|id| (old, id)), pair.1.map(|id| (new, id))];
        let mut found = false;
        for (program, id) in rules.into_iter().flatten() {
            let condition = rule_of(program, id).when.iter();
            condition.for_each(|condition| {
                walk(condition, &mut |expr| {
                    if let ExprKind::Field(id) = &expr.kind {
                        let path = self.engine.registry().field_spec(*id).path;
                        found |= matches!(path, "signals" | "reasons");
                    }
                });
            });
        }
        found
    }

    fn signal(&self, name: &str, both: &Both<'_>, telling: Telling<'_>) -> Flip {
        let (was, is) = (side(both.old, name), side(both.new, name));
        let (old, new) = self.programs();
        let (before, now) = (counted(both.old, was), counted(both.new, is));
        let mut why: Vec<String> = Vec::new();
        if before.is_some() != now.is_some() {
            // The side on which it did not fire says why not, the other what it saw.
            for (word, of, at, program) in [
                (telling.pick("旧：", "old: "), both.old, was, old),
                (telling.pick("新：", "new: "), both.new, is, new),
            ] {
                why.push(format!("{word}{}", reason(of, at, program, telling)));
            }
        } else {
            let word = telling.pick("分量", "weight");
            let number = |n: Option<f64>| told(&Value::Number(n.unwrap_or(0.0)), telling);
            why.push(format!("{word} {} → {}", number(before), number(now)));
        }
        Flip {
            name: name.to_owned(),
            old: state_of(both.old, was).to_owned(),
            new: state_of(both.new, is).to_owned(),
            why: why.join(telling.pick("；", "; ")),
        }
    }

    /// Both raised an alert, and not the same became of it.
    fn cool_down(
        &self,
        login: &Changed,
        both: &Both<'_>,
        zone: &TimeZone,
        telling: Telling<'_>,
    ) -> Flip {
        let clock = Clock::new(zone.clone());
        let word = |fate: &Fate| match fate.prompt {
            Prompt::Raised => "prompt",
            Prompt::Appended => "kept_quiet",
            Prompt::Capped => "capped",
            Prompt::None => "absent",
        };
        let side = |fate: &Fate, told: &Told| {
            let mut alerts = told.ended.iter().filter(|rule| rule.held);
            let once_per = alerts.find_map(|rule| rule.alert).unwrap_or(0);
            let once_per = match once_per {
                0 => String::new(),
                ms => format!("once per {}", self::told(&Value::Duration(ms), telling)),
            };
            let before = fate.cooling.map(|row| {
                let moment = clock.moment(self.table.time[row as usize]);
                format!("#{} {moment}", u64::from(row) + 1)
            });
            let most = self.engine.prompts_per_day();
            let why = match (fate.prompt, before) {
                (Prompt::Capped, _) => match telling.language() {
                    Language::Zh => format!("当天已提醒 {most} 次，到了上限"),
                    Language::En => format!("{most} prompts that day already, which is the limit"),
                },
                (Prompt::Appended, Some(before)) => match telling.language() {
                    Language::Zh => format!("{before} 已经提醒过"),
                    Language::En => format!("{before} had prompted already"),
                },
                (_, Some(before)) => match telling.language() {
                    Language::Zh => format!("比 {before} 的提醒说得更多，或到了更高一档"),
                    Language::En => {
                        format!("it says more than the alert of {before}, or reaches a higher band")
                    }
                },
                (_, None) => telling
                    .pick(
                        "此前没有还在冷却的提醒",
                        "no alert before it was cooling down",
                    )
                    .to_owned(),
            };
            match once_per.as_str() {
                "" => why,
                _ => format!("{why}{}", telling.bracketed(&once_per)),
            }
        };
        let (old, new) = (side(&login.old, both.old), side(&login.new, both.new));
        Flip {
            name: COOL_DOWN.to_owned(),
            old: word(&login.old).to_owned(),
            new: word(&login.new).to_owned(),
            why: format!(
                "{}{old}{}{new}",
                telling.pick("旧：", "old: "),
                telling.pick("；新：", "; new: ")
            ),
        }
    }
}

/// The rules of `pairs` with what they said.
fn rules<'l>(
    pairs: &'l [Pair],
    old: &'l [Asked],
    new: &'l [Asked],
) -> impl Iterator<Item = Sides<'l>> {
    let of = |all: &'l [Asked], id| all.iter().find(|asked| Some(asked.rule) == id);
    pairs.iter().map(move |pair| Sides {
        pair: *pair,
        old: of(old, pair.0),
        new: of(new, pair.1),
    })
}

fn side(of: &Told, name: &str) -> Option<usize> {
    let mut signals = of.judgement.signals.iter();
    signals.position(|signal| signal.name == name)
}

/// What a signal adds to the suspicion; `None` when it does not fire or only watches.
fn counted(of: &Told, at: Option<usize>) -> Option<f64> {
    let signal = &of.judgement.signals[at?];
    (signal.state == SignalState::Fired && !signal.shadow).then_some(signal.weight)
}

fn state_of(of: &Told, at: Option<usize>) -> &'static str {
    match at.map(|at| &of.judgement.signals[at].state) {
        None => "absent",
        Some(SignalState::Fired) => "fired",
        Some(SignalState::Quiet) => "quiet",
        Some(SignalState::Exempt) => "exempt",
        Some(SignalState::Learning(_)) => "learning",
        Some(SignalState::NotEvaluable(_)) => "not_evaluable",
    }
}

/// Why a signal said what it said, in one line.
fn reason(of: &Told, at: Option<usize>, program: &Program, telling: Telling<'_>) -> String {
    let Some(at) = at else {
        let gone = telling.pick("没有这个信号", "there is no such signal");
        return gone.to_owned();
    };
    let (result, signal) = (&of.judgement.signals[at], &program.signals[at]);
    let (when, except) = &of.traces[at];
    match (&result.state, &signal.except, except) {
        (SignalState::Learning(known), ..) => learning(*known, signal.learn, telling),
        (SignalState::Exempt, Some(except), Some(trace)) => {
            let because = because(except, program, trace, telling);
            format!("except {because}")
        }
        (SignalState::Fired, ..) if result.shadow => {
            let because = because(&signal.when, program, when, telling);
            let shadow = telling.pick("影子，不计分；", "a shadow, which does not count; ");
            format!("{shadow}{because}")
        }
        _ => because(&signal.when, program, when, telling),
    }
}
