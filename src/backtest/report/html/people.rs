//! Who is prompted, how often, and when.

use std::fmt::Write as _;

use crate::backtest::report::Clock;
use crate::backtest::report::charts;
use crate::backtest::report::say::{say, things};
use crate::backtest::report::text::count;
use crate::backtest::tally::Figures;
use crate::lang::diagnostics::Language;

pub(super) fn over_time(page: &mut String, figures: &Figures, clock: &Clock, language: Language) {
    let totals = &figures.totals;
    let (from, to) = (&clock.day(&totals.from), &clock.day(&totals.to));
    let partial = (totals.first_day_partial, totals.last_day_partial);
    let (since, until) = (
        clock.time_of_day(&totals.from),
        clock.time_of_day(&totals.to),
    );
    let part = match (partial, language) {
        ((false, false), _) => String::new(),
        ((true, true), Language::Zh) => {
            format!("首日从 {since} 起、末日到 {until} 为止，不完整，颜色浅，不算进 p95。")
        }
        ((true, false), Language::Zh) => format!("首日从 {since} 起，不完整，颜色浅，不算进 p95。"),
        ((false, true), Language::Zh) => {
            format!("末日到 {until} 为止，不完整，颜色浅，不算进 p95。")
        }
        ((true, true), Language::En) => format!(
            " The first one begins at {since}, the last one ends at {until}: they are paler, and in no p95."
        ),
        ((true, false), Language::En) => {
            format!(" The first one begins at {since}: it is paler, and in no p95.")
        }
        ((false, true), Language::En) => {
            format!(" The last one ends at {until}: it is paler, and in no p95.")
        }
    };
    let part = match (charts::bar_days(totals.days), language) {
        (1, _) => part,
        (each, Language::Zh) => format!("每根柱子是 {each} 天的和。"),
        (each, Language::En) => format!(" A bar is the sum of {each} days."),
    };
    let zone = charts::escape(&clock.name());
    let note = match language {
        Language::Zh => {
            format!("<p class='dim'>日历日，按 {zone}；平均按 24 小时一天算。{part}</p>")
        }
        Language::En => format!(
            "<p class='dim'>Days of the calendar of {zone}; means are over days of 24 hours.{part}</p>"
        ),
    };
    let prompts = language.pick("每天发出的提醒", "Prompts by day");
    let logins = language.pick("每天的成功登录", "Successful logins by day");
    let _ = write!(
        page,
        "<section><h2>{prompts}</h2>{note}<figure class='fit'>{}</figure><h3>{logins}</h3><figure class='fit'>{}</figure></section>",
        charts::days(&totals.prompts_by_day, (from, to), partial, prompts),
        charts::days(&totals.logins_by_day, (from, to), partial, logins),
    );
}

pub(super) fn load(page: &mut String, figures: &Figures, language: Language) {
    let bands = &figures.load.by_history;
    let rows: Vec<(String, f64, String)> = bands
        .iter()
        .chain([&figures.load.new_accounts])
        .map(|band| {
            let name = match (band.name.as_str(), language) {
                ("first 14 days", Language::Zh) => "头 14 天".to_owned(),
                ("first 14 days", Language::En) => "first 14 days".to_owned(),
                (name, Language::Zh) => format!("此前 {name} 次"),
                (name, Language::En) => format!("{name} earlier"),
            };
            let rate = band.per_10k.unwrap_or(0.0);
            let logins = count(band.logins);
            let note = match language {
                Language::Zh => format!("{rate:.1}（{logins} 次登录）"),
                Language::En => format!("{rate:.1} ({})", things(&logins, "login")),
            };
            (name, rate, note)
        })
        .collect();
    let load = &figures.load;
    let _ = write!(
        page,
        "<section><h2>{}</h2><p>{}</p>{}<p>",
        language.pick("打扰了谁", "Who is disturbed"),
        language.pick(
            "每万次登录发出的提醒，按此前成功登录的次数：人越熟，问得应当越少。",
            "Prompts per 10,000 logins by the number of earlier successful ones: whoever is known better should be asked less."
        ),
        charts::bars(
            &rows,
            language.pick("发出的提醒与历史长短", "prompts by length of history")
        ),
    );
    say!(
        page,
        language,
        "收到提醒的账号 {accounts}，每个账号中位 {p50} 条，p95 {p95} 条，最多 {max} 条；{twice} 个账号在七天内收到两次以上。",
        "{prompted} prompted; prompts of each: median {p50}, p95 {p95}, at most {max}; accounts prompted twice or more within seven days: {twice}.",
        accounts = count(load.accounts_prompted),
        prompted = things(&accounts, "account"),
        p50 = load.per_account_p50,
        p95 = load.per_account_p95,
        max = load.per_account_max,
        twice = count(load.accounts_twice_a_week),
    );
    page.push_str("</p></section>");
}
