//! One login of the input explained, in the words of the live server.

use super::read::Input;
use crate::backtest::engine::Engine;
use crate::backtest::input::StoreFacts;
use crate::backtest::needs::Need;
use crate::backtest::report::Clock;
use crate::backtest::run::Request;
use crate::backtest::table::{JUDGED, Table};
use crate::cli::failure::{Exit, Failure, Outcome};
use crate::cli::output;
use crate::lang::builtins::Registry;
use crate::lang::diagnostics::Language;
use crate::lang::eval::sanitise;

/// Characters shown of an account's name.
const MAX_NAME: usize = 128;

/// Explains the login `name`: its id, of a store also that under which it was reported, or `#NUMBER` by arrival.
pub(super) fn explain(
    request: &Request,
    input: &Input,
    registry: &Registry,
    name: &str,
) -> Outcome {
    let (language, table) = (request.language, &input.table);
    let row = find(table, &input.facts, name).ok_or_else(|| {
        let most = table.len();
        let id = match (input.facts.is_store, language) {
            (false, Language::Zh) => "它的编号",
            (false, Language::En) => "its id",
            (true, Language::Zh) => "报告它时的编号（只留 30 天）、它的决定的编号",
            (true, Language::En) => {
                "the id it was reported under (kept 30 days), that of its decision"
            }
        };
        Failure::usage(match language {
            Language::Zh => {
                format!("输入里没有登录 {name:?}；请给{id}，或按到达次序的 #数字，1 到 {most}")
            }
            Language::En => format!(
                "the input has no login {name:?}; give {id}, or #NUMBER from 1 to {most} by arrival"
            ),
        })
    })?;
    let rules = vec![request.rules.1.clone()];
    let mut engine = Engine::new(
        table,
        registry,
        rules,
        request.zone.clone(),
        request.limits.clone(),
    );
    engine.language = language;
    let explained = engine.explain(&[row], 0);
    let Some(explained) = explained.first() else {
        return Err(Failure::failed(
            language.pick("没有什么可解释的", "nothing was explained"),
        ));
    };
    let account = table.account[row as usize];
    let clock = Clock::new(engine.zone_of(account).clone());
    let right = table.has(row, JUDGED);
    let verdict = match right {
        true => "",
        false => language.pick("（密码不对）", " (the password was wrong)"),
    };
    let (account, zone) = (
        sanitise(table.accounts.text(account), MAX_NAME, false),
        clock.name(),
    );
    let attempt = engine.explain_attempt(row, 0);
    let before = |text: &str| {
        let head = language.pick("登录前（on attempt）：", "Before the login (on attempt):");
        format!("{head}\n{}\n", text.trim_end())
    };
    // What decided comes first.
    let first = match &attempt {
        Some((true, text)) => {
            let then = language.pick("登录时：", "At the login:");
            format!("{}\n{then}\n", before(text))
        }
        _ => String::new(),
    };
    let mut text = format!(
        "#{} {account} {}{}{verdict}\n{first}{}",
        row + 1,
        clock.moment(table.time[row as usize]),
        match language {
            Language::Zh => format!("（时间都是 {zone} 的）"),
            Language::En => format!(" (times are of {zone})"),
        },
        explained.text
    );
    if !text.ends_with('\n') {
        text.push('\n');
    }
    // Signals look at successful logins only: of this one nothing more was asked.
    for other in engine
        .explain_as_if_right(&[row], 0)
        .iter()
        .filter(|_| !right)
    {
        text.push_str(language.pick(
            "\n以下是假如密码正确时的样子：\n",
            "\nThis is as if the password had been right:\n",
        ));
        text.push_str(other.text.trim_end());
        text.push('\n');
    }
    if let Some((false, told)) = &attempt {
        text.push_str(&format!("\n{}", before(told)));
    }
    output::data(&text)?;
    Ok(Exit::Clean)
}

fn find(table: &Table, facts: &StoreFacts, name: &str) -> Option<u32> {
    if let Some(number) = name.strip_prefix('#') {
        let number: u32 = number.parse().ok()?;
        return (number >= 1 && number as usize <= table.len()).then(|| number - 1);
    }
    let reported = || facts.ids.iter().find(|(_, reported)| *reported == name);
    by_id(table, name).or_else(|| by_id(table, reported()?.0))
}

fn by_id(table: &Table, id: &str) -> Option<u32> {
    let symbol = table.symbols.find(id.as_bytes())?;
    let at = table
        .column(Need::Id)?
        .iter()
        .position(|id| *id == symbol)?;
    u32::try_from(at).ok()
}
