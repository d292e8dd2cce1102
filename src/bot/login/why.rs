//! Why the rules of a login-side event acted, and why not: the same conditions asked again by the
//! same evaluator, watched (language law 10).

use crate::bot::ruleset::Ruleset;
use crate::lang::diagnostics::Language;
use crate::lang::eval::{self, Facts, Held, Telling, Trace};
use crate::lang::program::EventName;
use crate::store::StoreError;
use crate::text::normalise;

use super::facts::CaseFacts;

impl CaseFacts<'_, '_> {
    /// Every rule for `event`, in order: whether it acted, and its condition with the value under
    /// each sub-expression. Does nothing.
    pub(super) fn why(&mut self, event: &EventName) -> Result<String, StoreError> {
        let rules = self.context.rules.clone();
        let zone = self
            .context
            .zone(self.case.account.as_ref().and_then(|a| a.zone.as_deref()));
        let telling = Telling::new(&zone, self.context.language);
        let told = why(&rules, event, self, telling);
        match self.error.take() {
            Some(error) => Err(error),
            None => Ok(told),
        }
    }
}

/// The same for any facts.
pub(crate) fn why<'z, F: Facts + ?Sized>(
    rules: &Ruleset,
    event: &EventName,
    facts: &mut F,
    telling: impl Into<Telling<'z>>,
) -> String {
    let telling = telling.into();
    let mut candidates = Vec::new();
    rules
        .index
        .candidates(event, &normalise(""), &mut candidates);
    let mut out = String::new();
    for id in candidates {
        let rule = &rules.program.rules[id.0 as usize];
        let Some(when) = &rule.when else {
            out.push_str(&match telling.language() {
                Language::Zh => format!("\n规则 {}：执行了（没有条件）\n", rule.name),
                Language::En => format!("\nrule {}: acted (it has no condition)\n", rule.name),
            });
            continue;
        };
        let mut trace = Trace::default();
        let value = eval::eval(when, &rules.program, facts, &mut trace);
        let acted = match Held::from(value) {
            Held::Yes => telling.pick("执行了", "acted"),
            Held::No | Held::NotEvaluable(_) => telling.pick("没有执行", "did not act"),
        };
        out.push_str(&match telling.language() {
            Language::Zh => format!("\n规则 {}：{acted}\n", rule.name),
            Language::En => format!("\nrule {}: {acted}\n", rule.name),
        });
        eval::explain_to(&mut out, when, &rules.program, &trace, telling);
    }
    out
}
