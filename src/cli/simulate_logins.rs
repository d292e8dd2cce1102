//! `menshen simulate-logins`: made-up logins to try rules on.

use std::io::BufWriter;
use std::path::PathBuf;

use super::chinese;
use super::failure::{Exit, Failure, Outcome};
use super::output::{self, LangArg};
use super::packed::Packed;
use super::progress;
use crate::backtest::simulate::{self, Format, MAX_ACCOUNTS, Settings, Written};
use crate::bot::api::Secret;
use crate::env::DAY;
use crate::lang::diagnostics::Language;

/// The most attacks per 1,000 accounts and 30 days: a hundred an account.
const MAX_ATTACKS: f64 = 100_000.0;
/// Logins begin between these years: what lies before 1990 or after 2200, a backtest does not read.
const FIRST_YEAR: i16 = 1990;
/// See [`FIRST_YEAR`]; there may be ten years of days.
const LAST_YEAR: i16 = 2189;
/// The most the frequency of logins is multiplied by: a day is made in memory.
const MAX_RATE: f64 = 1_000.0;

/// Make up logins with labelled attackers among them, to try rules on
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Everything in it is made up: people with home towns, machines, hours, offices that share one
address, journeys, VPNs, accounts that sleep; attackers (naive, vpn, targeted, spray, stuffing,
brute_force, dormant) carry the label `attack`. Addresses are of 10.0.0.0/8. The same options give
the same file.

Examples:
  menshen simulate-logins --accounts 2000 --days 180 --out logins.csv.gz
  menshen simulate-logins --seed 7 --format ndjson | head
  menshen backtest rules --logins logins.csv.gz

Into a server and back: a server finds out for itself which names are accounts (those it was
given), and which machines are legal (those signed with [keys] foreign_machine_key). Labels it does
not take: --format csv with the same options has the same logins, by `id`, with them, and
`backtest --labels` joins them.
  menshen simulate-logins --accounts 50 --days 30 --format accounts > accounts.ndjson
  menshen simulate-logins --accounts 50 --days 30 --format events \\
    --machine-key secrets/foreign_machine_key > events.ndjson
  post() { curl -H 'Content-Type: application/x-ndjson' -H \"Authorization: Bearer $KEY\" \\
    --data-binary @$1 http://127.0.0.1:8080/v1/$2; }
  post accounts.ndjson accounts:import
  post events.ndjson 'logins?mode=backfill'   # at most 10,000 lines and 4 MiB each: split -l 5000
  menshen simulate-logins --accounts 50 --days 30 --out logins.csv
  menshen backtest rules --live --by-time --labels logins.csv
The server of `menshen dev` knows signed machines too: the key is
.menshen-dev/secrets/foreign_machine_key, and the last step takes --data .menshen-dev.")]
pub struct Args {
    /// People with an account
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_ACCOUNTS)))]
    accounts: u32,
    /// Days
    #[arg(long, value_name = "N", default_value_t = 120, value_parser = clap::value_parser!(i64).range(1..=3650))]
    days: i64,
    /// First day, YYYY-MM-DD
    #[arg(long, value_name = "DATE", default_value = "2026-01-05", value_parser = date)]
    start: jiff::civil::Date,
    /// Fixes everything
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Attacks per 1,000 accounts and 30 days; 0 for none
    #[arg(
        long,
        value_name = "X",
        default_value_t = 12.0,
        allow_negative_numbers = true
    )]
    attacks: f64,
    /// Multiplies how often people log in
    #[arg(
        long,
        value_name = "X",
        default_value_t = 1.0,
        allow_negative_numbers = true
    )]
    rate: f64,
    /// Sign the machines that are legal with the key in this file ([keys] foreign_machine_key); with --format events
    #[arg(long, value_name = "FILE")]
    machine_key: Option<PathBuf>,
    /// How logins are written
    #[arg(long, value_enum, default_value = "csv")]
    format: FormatArg,
    /// The file; compressed when its name ends in .gz [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    lang: LangArg,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum FormatArg {
    /// With a header
    Csv,
    /// One object of JSON a line, with labels
    Ndjson,
    /// What `POST /v1/logins` takes and nothing else: without labels
    Events,
    /// No logins: their accounts, for `POST /v1/accounts:import`
    Accounts,
}

/// The key that machines are signed with; as in a file of the configuration, the line break at its end is no part.
fn machine_key(args: &Args) -> Result<Option<Secret>, Failure> {
    let Some(path) = &args.machine_key else {
        return Ok(None);
    };
    if !matches!(args.format, FormatArg::Events) {
        return Err(Failure::usage(args.lang.pick(
            "--machine-key 只和 --format events 一起用：别的格式直接写明哪些机器合法（legal）",
            "--machine-key goes with --format events: the other formats say themselves which machines are legal",
        )));
    }
    let text = std::fs::read_to_string(path).map_err(|error| {
        let what = args.lang.pick("读不了", "cannot read");
        Failure::io(format!("{what} {}", path.display()), &error, args.lang.lang)
    })?;
    Ok(Some(Secret::new(text.trim())))
}

/// Simulates.
pub fn run(args: &Args) -> Outcome {
    let within = |n: f64, most: f64| (0.0..=most).contains(&n);
    if !within(args.attacks, MAX_ATTACKS) || !within(args.rate, MAX_RATE) {
        return Err(Failure::usage(match args.lang.lang {
            Language::Zh => {
                format!("--attacks 是 0 到 {MAX_ATTACKS} 的数，--rate 是 0 到 {MAX_RATE} 的数")
            }
            Language::En => format!(
                "--attacks is a number from 0 to {MAX_ATTACKS}, --rate one from 0 to {MAX_RATE}"
            ),
        }));
    }
    let start = args
        .start
        .to_zoned(jiff::tz::TimeZone::UTC)
        .ok()
        .filter(|start| (FIRST_YEAR..=LAST_YEAR).contains(&start.year()))
        .ok_or_else(|| {
            Failure::usage(match args.lang.lang {
                Language::Zh => format!("--start 是 {FIRST_YEAR} 到 {LAST_YEAR} 年的一天"),
                Language::En => {
                    format!("--start is a day of the years {FIRST_YEAR} to {LAST_YEAR}")
                }
            })
        })?;
    let settings = Settings {
        accounts: args.accounts,
        days: args.days,
        start: start.timestamp().as_millisecond().div_euclid(DAY) * DAY,
        seed: args.seed,
        attacks: args.attacks,
        rate_scale: args.rate,
        machine_key: machine_key(args)?,
    };
    let format = match args.format {
        FormatArg::Csv => Format::Csv,
        FormatArg::Ndjson => Format::Ndjson,
        FormatArg::Events => Format::Events,
        FormatArg::Accounts => Format::Accounts,
    };
    let bar = progress::Bar::new(args.lang.pick("正在生成", "simulating"), args.days as u64);
    let mut day = |done: i64| {
        bar.set(done as u64);
        true
    };
    let stopped = |error: std::io::Error| {
        let what = args.lang.pick("没有写完", "not all was written");
        Failure::io(what, &error, args.lang.lang)
    };
    let written = match &args.out {
        None => {
            let mut out = BufWriter::new(std::io::stdout().lock());
            simulate::simulate(&settings, format, &mut out, &mut day).map_err(stopped)?
        }
        Some(path) => {
            if path.extension().is_some_and(|extension| extension == "zst") {
                return Err(Failure::usage(args.lang.pick(
                    "--out 只会压缩成 .gz；要 .zst，请写到标准输出再交给 zstd",
                    "--out compresses to .gz only; for .zst write to standard output and pipe it into zstd",
                )));
            }
            let mut out = Packed::create(path).map_err(|error| {
                let what = args.lang.pick("写不了", "cannot create");
                Failure::io(format!("{what} {}", path.display()), &error, args.lang.lang)
            })?;
            let written =
                simulate::simulate(&settings, format, &mut out, &mut day).map_err(stopped)?;
            out.finish().map_err(stopped)?;
            written
        }
    };
    bar.finish();
    if format == Format::Accounts {
        let n = args.accounts;
        output::remark(&match args.lang.lang {
            Language::Zh => format!("menshen: 虚构的账号 {n} 个"),
            Language::En => format!("menshen: {n} synthetic accounts"),
        });
        return Ok(Exit::Clean);
    }
    let (logins, attacks, right) = (written.logins, written.attacks, written.takeovers);
    output::remark(&match args.lang.lang {
        Language::Zh => format!(
            "menshen: 生成了 {logins} 次虚构的登录，其中 {attacks} 次是攻击者的（{right} 次密码正确）；没有一条是真的"
        ),
        Language::En => format!(
            "menshen: {logins} synthetic logins, {attacks} of them attackers' ({right} with the right password); nothing in them is real"
        ),
    });
    if args.attacks > 0.0 {
        output::remark(&kinds(&written, args.lang.lang));
    }
    Ok(Exit::Clean)
}

/// A day, in the language of help.
fn date(text: &str) -> Result<jiff::civil::Date, String> {
    let language = chinese::of_process();
    let wanted = language.pick(
        "要一天，写成 2026-01-05",
        "a day such as 2026-01-05 is wanted",
    );
    text.parse().map_err(|_| wanted.to_owned())
}

/// How many logins of each kind of attacker there are, and what to do where there is none.
fn kinds(written: &Written, language: Language) -> String {
    let some = written.kinds.iter().filter(|(_, n)| *n > 0);
    let some: Vec<String> = some.map(|(name, n)| format!("{name} {n}")).collect();
    let none = written.kinds.iter().filter(|(_, n)| *n == 0);
    let none: Vec<&str> = none.map(|(name, _)| *name).collect();
    let comma = language.pick("，", ", ");
    let (some, few) = (some.join(comma), none.join(comma));
    let some = match some.is_empty() {
        true => language.pick("无", "none"),
        false => &some,
    };
    match (none.is_empty(), language) {
        (true, Language::Zh) => format!("menshen: 攻击者：{some}"),
        (true, Language::En) => format!("menshen: attackers: {some}"),
        (false, Language::Zh) => format!(
            "menshen: 攻击者：{some}；没有 {few}：--attacks、--accounts 或 --days 大一些就有（dormant 要有沉睡了 92 天的账号）"
        ),
        (false, Language::En) => format!(
            "menshen: attackers: {some}; no {few}: more --attacks, --accounts or --days bring them (dormant needs accounts asleep for 92 days)"
        ),
    }
}
