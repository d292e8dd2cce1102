//! One login of the input explained, in the words of the live server.

use crate::backtest::engine::Engine;
use crate::backtest::needs::Need;
use crate::backtest::report::Clock;
use crate::backtest::run::Request;
use crate::backtest::table::{JUDGED, Table};
use crate::cli::failure::{Exit, Failure, Outcome};
use crate::cli::output;
use crate::lang::builtins::Registry;
use crate::lang::eval::sanitise;

/// Characters shown of an account's name.
const MAX_NAME: usize = 128;

/// Explains the login `name`: its id, or `#NUMBER` by arrival.
pub(super) fn explain(
    request: &Request,
    table: &Table,
    registry: &Registry,
    name: &str,
) -> Outcome {
    let row = find(table, name).ok_or_else(|| {
        Failure::usage(format!(
            "the input has no login {name:?}; give its id, or #NUMBER from 1 to {} by arrival",
            table.len()
        ))
    })?;
    let rules = vec![request.rules.1.clone()];
    let engine = Engine::new(
        table,
        registry,
        rules,
        request.zone.clone(),
        request.limits.clone(),
    );
    let explained = engine.explain(&[row], 0);
    let Some(explained) = explained.first() else {
        return Err(Failure::failed("nothing was explained"));
    };
    let account = table.account[row as usize];
    let clock = Clock::new(engine.zone_of(account).clone());
    let verdict = if table.has(row, JUDGED) {
        ""
    } else {
        "（密码不对：信号只看成功的登录，以下是假如密码正确时的样子）"
    };
    let mut text = format!(
        "#{} {} {}（时间都是 {} 的）{verdict}\n{}",
        row + 1,
        sanitise(table.accounts.text(account), MAX_NAME, false),
        clock.moment(table.time[row as usize]),
        clock.name(),
        explained.text
    );
    if !text.ends_with('\n') {
        text.push('\n');
    }
    output::data(&text)?;
    Ok(Exit::Clean)
}

fn find(table: &Table, name: &str) -> Option<u32> {
    if let Some(number) = name.strip_prefix('#') {
        let number: u32 = number.parse().ok()?;
        return (number >= 1 && number as usize <= table.len()).then(|| number - 1);
    }
    let symbol = table.symbols.find(name.as_bytes())?;
    let at = table
        .column(Need::Id)?
        .iter()
        .position(|id| *id == symbol)?;
    u32::try_from(at).ok()
}
