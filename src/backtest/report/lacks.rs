//! What no row of the input says although rules ask for it, where that is not told by a signal that cannot be
//! judged: then rules do the same with every login, and nobody would know why.

use serde::Serialize;

use super::text::count;
use crate::backtest::needs::walk;
use crate::backtest::table::{JUDGED, Table};
use crate::lang::builtins::Registry;
use crate::lang::diagnostics::Language;
use crate::lang::program::{EventName, Expr, ExprKind, Program, Stream, Trigger};

/// Most askers named.
const NAMED: usize = 4;

/// Something no row of the input says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LackView {
    /// `legal`: nothing says which machines are legal, so none is. `failures`: there is no wrong password.
    pub what: &'static str,
    /// What that does and what helps, in the language of the report.
    pub said: String,
    /// The rules, by their lines, and the signals that ask for it.
    pub asked_by: Vec<String>,
}

/// What `programs` ask for that `table` lacks.
pub(super) fn lacks(
    table: &Table,
    programs: &[&Program],
    registry: &Registry,
    language: Language,
) -> Vec<LackView> {
    let asked_by = |asks: &dyn Fn(&Program, &Expr) -> bool| {
        let mut names: Vec<String> = Vec::new();
        for program in programs {
            for name in askers(program, asks) {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        names
    };
    let mut found = Vec::new();
    if !table.legal_told {
        let asks = |_: &Program, expr: &Expr| match &expr.kind {
            ExprKind::Field(id) => registry.field_spec(*id).path == "login.legal",
            _ => false,
        };
        found.push(("legal", asked_by(&asks)));
    }
    if (0..table.len() as u32).all(|row| table.has(row, JUDGED)) {
        let asks = |program: &Program, expr: &Expr| match &expr.kind {
            ExprKind::History(id) => {
                let query = &program.queries[id.0 as usize];
                let both = query
                    .sequence
                    .iter()
                    .flat_map(|both| [both.first, both.second]);
                both.chain([query.stream])
                    .any(|stream| stream == Stream::Failures)
            }
            _ => false,
        };
        found.push(("failures", asked_by(&asks)));
    }
    let asked = found.into_iter().filter(|(_, askers)| !askers.is_empty());
    asked
        .map(|(what, asked_by)| LackView {
            what,
            said: said(what, &asked_by, language),
            asked_by,
        })
        .collect()
}

fn said(what: &str, asked_by: &[String], language: Language) -> String {
    let mut names = asked_by
        .iter()
        .take(NAMED)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(language.pick("、", ", "));
    if asked_by.len() > NAMED {
        let all = count(asked_by.len() as u64);
        names.push_str(&match language {
            Language::Zh => format!(" 等 {all} 处"),
            Language::En => format!(" … ({all})"),
        });
    }
    match (what, language) {
        ("legal", Language::Zh) => format!(
            "输入里没有 legal，也没有 machine：每台机器都当作标识不合法，{names} 里的 login.legal 处处为否；补上其中一列（列名不同就用 --map 说明），或用不问它的规则回测"
        ),
        ("legal", Language::En) => format!(
            "the input has neither legal nor machine: every machine is taken for one without a legal identifier, login.legal is no wherever {names} asks; give one of the two columns (--map says what it is called), or backtest rules that do not ask"
        ),
        (_, Language::Zh) => format!(
            "输入里没有一次密码不对的登录：{names} 要数失败，什么也数不到；把失败的登录也放进输入"
        ),
        (_, Language::En) => format!(
            "the input has no login with a wrong password: {names} counts failures and finds none; put failed logins into the input too"
        ),
    }
}

/// Rules of login-side events, by their lines, and signals whose conditions ask so.
fn askers(program: &Program, asks: &dyn Fn(&Program, &Expr) -> bool) -> Vec<String> {
    let any = |conditions: &mut dyn Iterator<Item = &Expr>| {
        let mut found = false;
        for condition in conditions {
            walk(condition, &mut |expr| found |= asks(program, expr));
        }
        found
    };
    let judges = |trigger: &Trigger| {
        matches!(
            trigger.event,
            EventName::Attempt | EventName::Failure | EventName::Login
        )
    };
    let rules = program.rules.iter();
    let rules = rules.filter(|rule| rule.triggers.iter().any(judges));
    let rules = rules.filter(|rule| any(&mut rule.when.iter()));
    let signals = program.signals.iter();
    let signals =
        signals.filter(|signal| any(&mut std::iter::once(&signal.when).chain(&signal.except)));
    rules
        .map(|rule| rule.name.clone())
        .chain(signals.map(|signal| signal.name.clone()))
        .collect()
}
