//! Why the rules of a login-side event acted, and why not: the same conditions asked again by the
//! same evaluator, watched (language law 10).

use crate::bot::ruleset::Ruleset;
use crate::lang::diagnostics::Language;
use crate::lang::eval::{self, Facts, Held, Telling, Trace};
use crate::lang::program::EventName;
use crate::store::StoreError;
use crate::text::normalise;

use super::facts::{CaseFacts, Login};

/// Of a login that was reported late, in Chinese and English.
const LATE: (&str, &str) = (
    "\n这次登录迟了十分钟以上才报告，或是补录的：照样判断，规则不执行\n",
    "\nthis login was reported more than ten minutes late, or to fill in a past: judged, but no rule acts\n",
);
/// Of a login whose captcha was solved.
const SOLVED: (&str, &str) = (
    "\n这次登录已经通过图形验证：不会再要求一次\n",
    "\nits captcha was solved: it is not asked for another\n",
);

impl CaseFacts<'_, '_> {
    /// Every rule for `event`, in order: whether it acted, and its condition with the value under
    /// each sub-expression. Does nothing.
    pub(super) fn why(&mut self, event: &EventName) -> Result<String, StoreError> {
        let rules = self.context.rules.clone();
        let zone = self
            .context
            .zone(self.case.account.as_ref().and_then(|a| a.zone.as_deref()));
        let telling = Telling::new(&zone, self.context.language);
        let told = why(&rules, event, self, self.case.login.as_ref(), telling);
        match self.error.take() {
            Some(error) => Err(error),
            None => Ok(told),
        }
    }
}

/// The same for any facts. `login`: what it is about, if that is a login.
pub(crate) fn why<'z, F: Facts + ?Sized>(
    rules: &Ruleset,
    event: &EventName,
    facts: &mut F,
    login: Option<&Login>,
    telling: impl Into<Telling<'z>>,
) -> String {
    let telling = telling.into();
    let late = login.is_some_and(|login| login.late);
    let acts = match late {
        true => ("条件成立，没有执行", "holds, did not act"),
        false => ("执行了", "acted"),
    };
    let mut candidates = Vec::new();
    rules
        .index
        .candidates(event, &normalise(""), &mut candidates);
    let mut out = String::new();
    if late {
        out.push_str(telling.pick(LATE.0, LATE.1));
    }
    if login.is_some_and(|login| login.captcha) {
        out.push_str(telling.pick(SOLVED.0, SOLVED.1));
    }
    for id in candidates {
        let rule = &rules.program.rules[id.0 as usize];
        let Some(when) = &rule.when else {
            out.push_str(&match telling.language() {
                Language::Zh => format!("\n规则 {}：{}（没有条件）\n", rule.name, acts.0),
                Language::En => format!("\nrule {}: {} (it has no condition)\n", rule.name, acts.1),
            });
            continue;
        };
        let mut trace = Trace::default();
        let value = eval::eval(when, &rules.program, facts, &mut trace);
        let acted = match Held::from(value) {
            Held::Yes => telling.pick(acts.0, acts.1),
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
