//! Options that exclude or need each other: what each is for, so that people know which to leave out.

use super::Args;
use crate::cli::failure::Failure;
use crate::lang::diagnostics::Language;

/// Refuses options that do not go together.
pub(super) fn check(args: &Args) -> Result<(), Failure> {
    let (zh, en) = match () {
        () if args.live && !args.logins.is_empty() => (
            "--logins 和 --live 只能给一个：--logins 读文件里的登录，--live 读服务器自己的历史".to_owned(),
            "--logins and --live exclude each other: --logins reads files, --live the server's own history; leave one out".to_owned(),
        ),
        () if !args.live && args.logins.is_empty() => (
            "没有说用哪些登录：--logins 文件…（CSV、NDJSON、导出），或者 --live（服务器自己的历史）".to_owned(),
            "which logins? --logins FILE… (CSV, NDJSON, an export), or --live, the server's own history".to_owned(),
        ),
        () if args.as_arrived && args.by_time => (
            "--as-arrived 和 --by-time 只能给一个：前者以行的先后为报告的先后，后者以时间的先后为准".to_owned(),
            "--as-arrived and --by-time exclude each other: the former takes the order of rows for that of arrival, the latter that of times; leave one out".to_owned(),
        ),
        () if args.changed_csv.is_some() && args.against.is_none() => (
            "--changed-csv 写出两版规则结果不同的登录，要用 --against 说和哪一版比".to_owned(),
            "--changed-csv writes the logins on which two versions of rules differ: say with --against which one to compare with".to_owned(),
        ),
        () => match args.explain.as_ref().and_then(|_| beside_explain(args)) {
            Some(option) => (
                format!("--explain 和 {option} 不能一起用：--explain 只解释一次登录，不统计；请分两次运行"),
                format!("--explain and {option} exclude each other: --explain tells of one login and counts nothing; run them one after another"),
            ),
            None => return Ok(()),
        },
    };
    Err(Failure::usage(match args.lang.lang {
        Language::Zh => zh,
        Language::En => en,
    }))
}

/// An option that asks for figures, or for logins by the thousand.
fn beside_explain(args: &Args) -> Option<&'static str> {
    let asked = [
        ("--sweep", !args.sweep.is_empty()),
        ("--against", args.against.is_some()),
        ("--report", args.report.is_some()),
        ("--changed-csv", args.changed_csv.is_some()),
        ("--decisions", args.decisions.is_some()),
        ("--max-prompts-per-day", args.max_prompts_per_day.is_some()),
        ("--max-prompts-per-10k", args.max_prompts_per_10k.is_some()),
        ("--min-recall", args.min_recall.is_some()),
        ("--no-lost-true-positives", args.no_lost_true_positives),
    ];
    let found = asked.into_iter().find(|(_, asked)| *asked);
    found.map(|(option, _)| option)
}
