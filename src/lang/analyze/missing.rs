//! Names in the answers of rules that have no value for everybody who hears them: the account of somebody
//! who is not bound, a capture that only another alternative brings, something never remembered.

use std::collections::{BTreeMap, BTreeSet};

use crate::lang::builtins::{Registry, Stages};
use crate::lang::check::codes as c;
use crate::lang::check::report::{Report, w};
use crate::lang::check::walk;
use crate::lang::check::without::Without;
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::program::{
    ActionKind, Block, Expr, ExprKind, Matcher, Name, Pattern, PatternPart, Program, Reply, Rule,
    Template, TemplatePart, Trigger,
};
use crate::lang::span::Span;
use crate::lang::value::Type;

/// `flawed`: rules with mistakes. What they remember is not known, nor whom they leave to the rules behind them.
pub(super) fn check(program: &Program, registry: &Registry, flawed: &[Span], report: &mut Report) {
    let sound = |rule: &&Rule| !flawed.contains(&rule.span);
    let mut passed = Passed::default();
    let place = |span: &Span| (span.file, span.start);
    let first_flawed = flawed.iter().map(place).min();
    for rule in program.rules.iter().filter(sound) {
        if first_flawed.is_some_and(|flawed| flawed < place(&rule.span)) {
            continue;
        }
        let not = passed.before(rule);
        passed.add(rule);
        let chat = rule
            .triggers
            .iter()
            .all(|trigger| registry.event_spec(&trigger.event).stages() == Stages::CHAT);
        if !chat {
            continue;
        }
        if let Some(when) = &rule.when {
            // What a condition with a mistake would prove is not known.
            let mut wrong = false;
            walk::nodes(when, &program.queries, &mut |node| {
                wrong |= node.ty == Type::Poison;
            });
            if wrong {
                continue;
            }
        }
        let proof = Proof {
            when: rule.when.as_ref(),
            not: &not,
            registry,
        };
        let given = proof.given(program);
        let mut look = Look {
            program,
            registry,
            rule,
            proof,
            report,
        };
        look.block(&rule.body, given);
    }
}

/// The conditions of the rules so far, by what they wait for. Where a later rule waits for the same, they did not
/// hold: `on text "我是谁" when not bound { … }`, then `on text "我是谁" { … }`.
#[derive(Default)]
struct Passed<'p>(BTreeMap<String, Vec<&'p Rule>>);

impl<'p> Passed<'p> {
    fn add(&mut self, rule: &'p Rule) {
        if rule.when.is_none() || rule.continues {
            return;
        }
        for trigger in &rule.triggers {
            let rules = self.0.entry(awaited(trigger)).or_default();
            if rules.len() < MAX_PASSED {
                rules.push(rule);
            }
        }
    }

    fn before(&self, rule: &Rule) -> Vec<&'p Expr> {
        let mut of_each = rule.triggers.iter().map(|trigger| {
            let rules = self.0.get(&awaited(trigger));
            rules.map_or(&[][..], Vec::as_slice)
        });
        let Some(first) = of_each.next() else {
            return Vec::new();
        };
        let further: Vec<&[&Rule]> = of_each.collect();
        let heard = |before: &&&Rule| {
            (before.even_in_dialog || !rule.even_in_dialog)
                && further
                    .iter()
                    .all(|rules| rules.iter().any(|other| other.id == before.id))
        };
        let before = first.iter().filter(heard);
        before.filter_map(|before| before.when.as_ref()).collect()
    }
}

/// Rules that wait for the same and are looked at.
const MAX_PASSED: usize = 16;

fn awaited(trigger: &Trigger) -> String {
    format!("{:?} {:?}", trigger.event, trigger.matcher)
}

/// What has a value wherever a block is run.
#[derive(Clone, Default)]
struct Given {
    /// What is remembered.
    names: BTreeSet<String>,
    /// What a block has forgotten, and where.
    forgotten: BTreeMap<String, Span>,
    account: bool,
    /// There certainly is no account.
    none: bool,
}

/// What was found out about an event before a rule acts: its own condition holds, and those of the rules before it
/// that wait for the same do not.
struct Proof<'a> {
    when: Option<&'a Expr>,
    not: &'a [&'a Expr],
    registry: &'a Registry,
}

impl Proof<'_> {
    /// Whether the rule cannot come to act where this is missing.
    fn needs(&self, name: &dyn Fn(&Name) -> bool, account: bool) -> bool {
        let without = Without {
            name,
            account,
            registry: self.registry,
        };
        self.when.is_some_and(|when| !without.may_hold(when))
            || self.not.iter().any(|when| without.holds(when))
    }

    fn given(&self, program: &Program) -> Given {
        let mut mentioned: BTreeSet<String> = BTreeSet::new();
        for when in self.when.iter().chain(self.not) {
            walk::leaves(when, &program.queries, &mut |leaf| {
                if let ExprKind::Name(Name::Variable(name)) = &leaf.kind {
                    mentioned.insert(name.clone());
                }
            });
        }
        mentioned.retain(|wanted| {
            self.needs(
                &|name| matches!(name, Name::Variable(name) if name == wanted),
                false,
            )
        });
        Given {
            names: mentioned,
            account: self.needs(&|_| false, true),
            none: self.when.is_some_and(|when| unbound(when, self.registry)),
            forgotten: BTreeMap::new(),
        }
    }

    /// Whether an alternative is not behind the event: without the names it lacks the rule does not act.
    fn rules_out(&self, trigger: &Trigger) -> bool {
        let lacks =
            |name: &Name| matches!(name, Name::Capture(name) if !brings(&trigger.matcher, name));
        self.needs(&lacks, false)
    }
}

/// Whether a condition says that the sender is not bound.
fn unbound(when: &Expr, registry: &Registry) -> bool {
    match &when.kind {
        ExprKind::And(parts) => parts.iter().any(|part| unbound(part, registry)),
        ExprKind::Let { value, .. } => unbound(value, registry),
        ExprKind::Not(inner) => match inner.kind {
            ExprKind::Field(id) => {
                matches!(registry.field_spec(id).path, "bound" | "sender.bound")
            }
            _ => false,
        },
        _ => false,
    }
}

/// One rule that is looked at.
struct Look<'a> {
    program: &'a Program,
    registry: &'a Registry,
    rule: &'a Rule,
    proof: Proof<'a>,
    report: &'a mut Report,
}

impl Look<'_> {
    fn block(&mut self, block: &Block, mut given: Given) {
        for action in &block.actions {
            match &action.kind {
                ActionKind::Remember { name, .. } => {
                    given.forgotten.remove(name);
                    given.names.insert(name.clone());
                }
                ActionKind::Forget(name) => {
                    given.names.remove(name);
                    given.forgotten.insert(name.clone(), action.span);
                }
                ActionKind::Reply(Reply::Text(text)) | ActionKind::Send { text, .. } => {
                    self.text(text, &given);
                }
                _ => {}
            }
            for arm in &action.outcomes {
                // Outcomes say themselves whether there is an account.
                let mut inside = given.clone();
                inside.account = true;
                self.block(&arm.block, inside);
            }
        }
    }

    fn text(&mut self, text: &Template, given: &Given) {
        for part in &text.parts {
            let TemplatePart::Value(value) = part else {
                continue;
            };
            let shown = self.program.sources.slice(value.span).to_owned();
            match &value.kind {
                ExprKind::Field(id) => {
                    let about = self.registry.field_spec(*id).about_account();
                    if about && !given.account {
                        let help = w(
                            "给规则加上 `when bound`，没有绑定的人另写一条",
                            "add `when bound` to the rule, and write another for who is not bound",
                        );
                        let label = if given.none {
                            w("没有绑定就没有账号", "who is not bound has no account")
                        } else {
                            w("没有绑定的人没有账号", "who is not bound has no account")
                        };
                        self.tell(value, &shown, given.none, label, help);
                    }
                }
                ExprKind::Name(Name::Capture(name)) => {
                    let mut triggers = self.rule.triggers.iter();
                    let lacks = triggers.find(|trigger| {
                        !brings(&trigger.matcher, name) && !self.proof.rules_out(trigger)
                    });
                    if let Some(trigger) = lacks {
                        let found = warning(
                            &shown,
                            false,
                            value,
                            w("不是每种写法都有它", "not every alternative brings it"),
                        )
                        .with_label(trigger.span, w("这种写法没有它", "this one does not"))
                        .with_help(w(
                            "在每种写法里都写上它，或者分成两条规则",
                            "bring it in each alternative, or write two rules",
                        ));
                        self.report.push(found);
                    }
                }
                ExprKind::Name(Name::Variable(name)) if given.forgotten.contains_key(name) => {
                    let found = warning(
                        &shown,
                        true,
                        value,
                        w("到这里已经忘掉了", "forgotten by now"),
                    );
                    self.report.push(
                        found
                            .with_label(
                                given.forgotten[name],
                                w("在这里忘掉的", "forgotten here"),
                            )
                            .with_help(w(
                                format!("还要用它的值，就把 `forget {name}` 移到这一行后面"),
                                format!("to show its value once more, move `forget {name}` behind this line"),
                            )),
                    );
                }
                ExprKind::Name(Name::Variable(name)) if !given.names.contains(name) => {
                    let help = w(
                        format!("给规则加上 `when {name} is known`，其他人另写一条"),
                        format!(
                            "add `when {name} is known` to the rule, and write another for the rest"
                        ),
                    );
                    let label = w(
                        "不是每个人都记过它，记住的也会过期",
                        "not remembered for everybody, and not for ever",
                    );
                    self.tell(value, &shown, false, label, help);
                }
                _ => {}
            }
        }
    }

    fn tell(&mut self, value: &Expr, shown: &str, always: bool, label: Words, help: Words) {
        let found = warning(shown, always, value, label).with_help(help);
        self.report.push(found);
    }
}

fn warning(shown: &str, always: bool, value: &Expr, label: Words) -> Diagnostic {
    let title = if always {
        w(
            format!("`{shown}` 会显示成“未知”"),
            format!("`{shown}` will show as “未知”"),
        )
    } else {
        w(
            format!("`{shown}` 可能显示成“未知”"),
            format!("`{shown}` may show as “未知”"),
        )
    };
    Diagnostic::warning(c::UNSET, title, value.span, label)
}

/// Whether a trigger brings this name.
pub(super) fn brings(matcher: &Matcher, name: &str) -> bool {
    let of = |pattern: &Pattern| {
        let mut parts = pattern.parts.iter();
        parts.any(|part| matches!(part, PatternPart::Capture(capture) if capture.name == name))
    };
    match matcher {
        Matcher::Pattern(pattern) => of(pattern),
        Matcher::With(captures) => captures.iter().any(|capture| capture.name == name),
        Matcher::Matching(source) => source.contains(&format!("<{name}>")),
        Matcher::Always | Matcher::Containing(_) | Matcher::Starting(_) | Matcher::InList(_) => {
            false
        }
    }
}
