//! Outcomes: each answered once, none invented, and only the names it brings inside.

use crate::lang::builtins::{AccountView, ActionSpec, OutcomeSpec, Stage, Stages, UNBOUND};
use crate::lang::diagnostics::{Diagnostic, nearest};
use crate::lang::program::{Block, Name, OutcomeArm};
use crate::lang::span::Span;
use crate::lang::syntax::ast;

use super::Checker;
use super::codes as c;
use super::report::{quoted, w};
use super::scope::Scope;

impl Checker<'_> {
    /// The answers to an action's outcomes: all of them, and no others.
    pub(super) fn outcomes(
        &mut self,
        action: &ast::Action,
        spec: &ActionSpec,
        scope: &Scope<'_>,
    ) -> Option<Vec<OutcomeArm>> {
        let (mut wanted, address): (Vec<OutcomeSpec>, bool) = match &action.kind {
            ast::ActionKind::Call { name, .. } => {
                if action.outcomes.is_none() {
                    return Some(Vec::new());
                }
                let call = self.registry.call(&name.name)?;
                (call.outcomes.clone(), call.open)
            }
            _ => (spec.outcomes.clone(), false),
        };
        let before = self.report.count();
        // Only a WeChat user waits for an answer.
        let answers = Stages::of(Stage::Chat).covers(scope.stages);
        if spec.needs_account {
            let mut unbound = OutcomeSpec::unbound();
            unbound.optional = scope.proven;
            wanted.push(unbound);
        }
        let arms = action.outcomes.as_deref().unwrap_or_default();
        let mut checked: Vec<OutcomeArm> = Vec::new();
        let mut sound = true;
        for arm in arms {
            let name = &arm.name.name;
            let Some(outcome) = wanted.iter().find(|outcome| outcome.name == *name) else {
                self.unknown_outcome(&arm.name, spec, &wanted);
                sound = false;
                continue;
            };
            if let Some(first) = checked.iter().find(|other| other.outcome == *name) {
                self.report.push(
                    Diagnostic::error(
                        c::UNKNOWN_OUTCOME,
                        w(
                            format!("`{name}` 回答了两次"),
                            format!("`{name}` is answered twice"),
                        ),
                        arm.name.span,
                        w("又一次", "again"),
                    )
                    .with_label(first.span, w("已经在这里回答", "already answered here")),
                );
                sound = false;
                continue;
            }
            let block = self.arm(outcome, &arm.block, scope);
            checked.push(OutcomeArm {
                outcome: name.clone(),
                block,
                span: arm.name.span,
            });
        }
        if address {
            self.of_a_program(before);
        }
        let missing: Vec<&OutcomeSpec> = wanted
            .iter()
            .filter(|outcome| answers && !outcome.optional)
            .filter(|outcome| !arms.iter().any(|arm| arm.name.name == outcome.name))
            .collect();
        // What an `else` was to answer was told of it.
        let otherwise = self.sources.slice(action.span).lines().any(|line| {
            let rest = line.trim_start().strip_prefix("else");
            rest.is_some_and(|rest| rest.trim_start().starts_with('{'))
        });
        if otherwise {
            sound = false;
        } else if sound && !missing.is_empty() {
            self.missing_outcomes(action, spec, &missing, scope);
            sound = false;
        }
        sound.then_some(checked)
    }

    /// Outcomes, or names they bring, that no address has: the rules may be those of a program with actions of
    /// its own, of which `menshen check` knows nothing. What is found of one call is told once.
    fn of_a_program(&mut self, before: usize) {
        let outcomes = self.report.since(before, c::UNKNOWN_OUTCOME);
        if outcomes > 0 {
            self.report.forget_since(before, c::UNKNOWN_NAME);
        }
        let code = match outcomes {
            0 => c::UNKNOWN_NAME,
            _ => c::UNKNOWN_OUTCOME,
        };
        self.report.amend_since(before, code, |found| {
            // A slip of the finger is mended where it stands.
            if !found.fixes.is_empty() {
                return found;
            }
            found.with_help(w(
                "被调用的网址只有 `ok`（带来 `answer`）和 `failed`；嵌入门神的程序登记的动作才有自己的结果和名字，这样的规则由那个程序在启动时检查",
                "an address that is called has only `ok`, which brings `answer`, and `failed`; outcomes and names of their own have actions of a program that embeds Menshen, and that program checks such rules as it starts",
            ))
        });
    }

    fn arm(&mut self, outcome: &OutcomeSpec, block: &ast::Block, scope: &Scope<'_>) -> Block {
        let mut inner = scope.clone();
        for (name, ty) in &outcome.brings {
            inner.add(Name::Outcome(name.clone()), ty.clone());
        }
        match outcome.account {
            AccountView::Unchanged => {}
            view => {
                inner.account = view;
                inner.outcome = Some(outcome.name.clone());
                inner.proven = view == AccountView::Shown;
            }
        }
        self.block(block, &inner)
    }

    fn unknown_outcome(&mut self, name: &ast::Ident, spec: &ActionSpec, wanted: &[OutcomeSpec]) {
        let text = &name.name;
        // What cannot happen under this condition is no help.
        let possible = wanted
            .iter()
            .filter(|outcome| !(outcome.optional && outcome.name == UNBOUND));
        let names: Vec<&str> = possible.map(|outcome| outcome.name.as_str()).collect();
        let mut error = Diagnostic::error(
            c::UNKNOWN_OUTCOME,
            w(
                format!("`{}` 没有 `{text}` 这个结果", spec.name),
                format!("`{}` has no outcome `{text}`", spec.name),
            ),
            name.span,
            w("不会发生", "never happens"),
        );
        error = if names.is_empty() {
            error.with_help(w(
                "它没有结果，去掉花括号",
                "it has no outcomes, drop the braces",
            ))
        } else {
            error.with_help(w(
                format!("它的结果有：{}，各写一次", quoted(&names, "、")),
                format!(
                    "its outcomes are: {}, each answered once",
                    quoted(&names, ", ")
                ),
            ))
        };
        if let Some(near) = nearest(text, names) {
            error = error.with_guess(
                w(format!("改成 `{near}`"), format!("replace by `{near}`")),
                name.span,
                near,
            );
        }
        self.report.push(error);
    }

    fn missing_outcomes(
        &mut self,
        action: &ast::Action,
        spec: &ActionSpec,
        missing: &[&OutcomeSpec],
        scope: &Scope<'_>,
    ) {
        let names: Vec<String> = missing
            .iter()
            .map(|outcome| format!("`{}`", outcome.name))
            .collect();
        let name = spec.name;
        let mut error = Diagnostic::error(
            c::MISSING_OUTCOME,
            w(
                format!("`{name}` 的结果 {} 没有回答", names.join("、")),
                format!("`{name}` leaves {} unanswered", names.join(", ")),
            ),
            action.keyword,
            w("每个结果都要回答", "every outcome must be answered"),
        );
        for outcome in missing {
            if outcome.brings.is_empty() {
                continue;
            }
            let brings: Vec<&str> = outcome
                .brings
                .iter()
                .map(|(name, _)| name.as_str())
                .collect();
            let outcome = &outcome.name;
            error = error.with_help(w(
                format!("`{outcome}` 带来 {}", brings.join("、")),
                format!("`{outcome}` brings {}", brings.join(", ")),
            ));
        }
        if action.outcomes.is_none() {
            let first = &missing[0].name;
            error = error.with_help(w(
                format!("动作后面写花括号，里面一行一个结果：`{name} {{`，下面 `{first} {{ reply \"…\" }}`"),
                format!("braces follow the action, an outcome a line: `{name} {{`, below it `{first} {{ reply \"…\" }}`"),
            ));
        }
        if missing.iter().any(|outcome| outcome.name == UNBOUND) {
            error = error.with_help(match scope.dialog {
                None => w(
                    "条件里写 `bound`，就不用回答 `unbound`",
                    "with `bound` in the condition, `unbound` need not be answered",
                ),
                Some(_) => w(
                    "对话问完的时候可能已经解绑了，开始它的规则写了 `bound` 也要回答 `unbound`",
                    "by the end of a dialog the binding may be gone: `unbound` is answered though the rule that starts it says `bound`",
                ),
            });
        }
        let indent = self.indent(action.span);
        let arms: String = missing
            .iter()
            .map(|outcome| format!("    {} {{ reply \"…\" }}\n{indent}", outcome.name))
            .collect();
        let (at, text) = match &action.outcomes {
            Some(_) => (action.span.end.saturating_sub(1), arms),
            None => (action.span.end, format!(" {{\n{indent}{arms}}}")),
        };
        let place = Span {
            start: at,
            end: at,
            ..action.span
        };
        self.report.push(error.with_fix(
            w("写上缺少的结果", "write the missing outcomes"),
            place,
            text,
        ));
    }

    /// The blanks at the start of the line a span starts on.
    fn indent(&self, span: Span) -> String {
        let text = self.sources.file(span.file).map_or("", |file| &file.text);
        let before = text.get(..span.start as usize).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        line.chars().take_while(|c| c.is_whitespace()).collect()
    }
}
