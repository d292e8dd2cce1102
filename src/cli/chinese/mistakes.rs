//! What was wrong with the arguments, in Chinese: clap says it in English only.

use std::error::Error as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// What clap found, in Chinese; `None` for what is no mistake (help, version) or nothing known here.
pub(super) fn told(error: &clap::Error) -> Option<String> {
    use ContextKind as C;
    let all = |kind| many(error.get(kind));
    let of = |kind| all(kind).join("、");
    let argument = of(C::InvalidArg);
    let meant = |kind| match all(kind).as_slice() {
        [] => String::new(),
        some => format!("；是不是想写 {}？", some.join("、")),
    };
    Some(match error.kind() {
        ErrorKind::InvalidValue => {
            let allowed = match all(C::ValidValue).as_slice() {
                [] => String::new(),
                some => format!("；可以是 {}", some.join("、")),
            };
            match of(C::InvalidValue).as_str() {
                "" => format!("{argument} 后面要有值{allowed}"),
                value => format!(
                    "{argument} 不能是 {value}{allowed}{}",
                    meant(C::SuggestedValue)
                ),
            }
        }
        ErrorKind::ValueValidation => {
            let (value, why) = (of(C::InvalidValue), error.source());
            let why = why.map_or_else(String::new, |why| format!("：{}", reason(&why.to_string())));
            format!("{argument} 不能是 {value}{why}")
        }
        ErrorKind::UnknownArgument => format!("没有 {argument} 这个选项{}", meant(C::SuggestedArg)),
        ErrorKind::InvalidSubcommand => format!(
            "没有 {} 这个命令{}",
            of(C::InvalidSubcommand),
            meant(C::SuggestedSubcommand)
        ),
        ErrorKind::MissingRequiredArgument => format!("还缺 {argument}"),
        ErrorKind::ArgumentConflict => {
            let other = of(C::PriorArg);
            match other == argument || other.is_empty() {
                true => format!("{argument} 只能写一次"),
                false => format!("{argument} 不能和 {other} 一起用"),
            }
        }
        ErrorKind::NoEquals => format!("{argument} 和它的值之间要有等号"),
        ErrorKind::TooFewValues | ErrorKind::TooManyValues | ErrorKind::WrongNumberOfValues => {
            format!("{argument} 的值个数不对")
        }
        _ => return None,
    })
}

fn many(value: Option<&ContextValue>) -> Vec<String> {
    match value {
        Some(ContextValue::String(one)) => vec![one.clone()],
        Some(ContextValue::Strings(some)) => some.clone(),
        Some(ContextValue::StyledStr(one)) => vec![one.to_string()],
        Some(ContextValue::Number(number)) => vec![number.to_string()],
        _ => Vec::new(),
    }
}

/// Why a value is refused. Our own reasons are in Chinese already; these are what clap and the standard
/// library say of numbers.
fn reason(said: &str) -> String {
    if let Some((_, range)) = said.split_once(" is not in ") {
        let (from, to) = range.split_once("..").unwrap_or((range, ""));
        return format!("要一个 {from} 到 {} 的整数", to.trim_start_matches('='));
    }
    let whole = [
        "invalid digit found in string",
        "cannot parse integer from empty string",
    ];
    match whole.contains(&said) || said.starts_with("number too ") {
        true => "要一个整数，不能太大".to_owned(),
        false => said.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::told;
    use crate::cli::Cli;

    #[test]
    fn mistakes_in_arguments_are_told_in_chinese() {
        let said = |line: &str| {
            let arguments = line.split(' ');
            let error = Cli::command()
                .try_get_matches_from(arguments)
                .expect_err(line);
            told(&error).unwrap_or_default()
        };
        for (line, part) in [
            ("menshen completions", "还缺 <SHELL>"),
            (
                "menshen backtest --logins a --explain 1 --format json",
                "一起用",
            ),
            (
                "menshen backtest --logins a --threads 0",
                "要一个 1 到 256 的整数",
            ),
            ("menshen backtest --logins a --threads x", "要一个整数"),
            (
                "menshen backtest --logins a --format xml",
                "可以是 text、json",
            ),
            ("menshen backtest --logins", "--logins <FILE>... 后面要有值"),
            (
                "menshen backtest --logins a --swep x",
                "没有 --swep 这个选项；是不是想写 --sweep？",
            ),
            (
                "menshen backtset",
                "没有 backtset 这个命令；是不是想写 backtest？",
            ),
            (
                "menshen simulate-logins --seed 1 --seed 2",
                "--seed <N> 只能写一次",
            ),
            (
                "menshen simulate-logins --start 2026-13-01",
                "--start <DATE> 不能是 2026-13-01",
            ),
        ] {
            let said = said(line);
            assert!(said.contains(part), "{line}: {said}");
        }
        let help = Cli::command().try_get_matches_from(["menshen", "--help"]);
        assert_eq!(told(&help.expect_err("help")), None);
    }
}
