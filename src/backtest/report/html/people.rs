//! Who is prompted, how often, and when.

use std::fmt::Write as _;

use crate::backtest::report::Clock;
use crate::backtest::report::charts;
use crate::backtest::report::say::say;
use crate::backtest::report::text::count;
use crate::backtest::tally::Figures;
use crate::lang::diagnostics::Language;

pub(super) fn over_time(page: &mut String, figures: &Figures, clock: &Clock, language: Language) {
    let totals = &figures.totals;
    let (from, to) = (&clock.day(&totals.from), &clock.day(&totals.to));
    // Days are of 24 hours from where counting begins, which is where a warm-up ends.
    let at = clock.time_of_day(&totals.from);
    let note = match (at.as_str(), language) {
        (charts::MIDNIGHT, _) => String::new(),
        (at, Language::Zh) => format!("<p class='dim'>每一天从 {at} 起算 24 小时。</p>"),
        (at, Language::En) => format!("<p class='dim'>A day is 24 hours from {at} on.</p>"),
    };
    let prompts = language.pick("每天发出的提醒", "Prompts by day");
    let logins = language.pick("每天的成功登录", "Successful logins by day");
    let _ = write!(
        page,
        "<section><h2>{prompts}</h2>{note}<figure class='fit'>{}</figure><h3>{logins}</h3><figure class='fit'>{}</figure></section>",
        charts::days(&totals.prompts_by_day, (from, &at), to, prompts),
        charts::days(&totals.logins_by_day, (from, &at), to, logins),
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
                Language::En => format!("{rate:.1} ({logins} logins)"),
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
        "{accounts} accounts prompted; prompts of each: median {p50}, p95 {p95}, at most {max}; accounts prompted twice or more within seven days: {twice}.",
        accounts = count(load.accounts_prompted),
        p50 = load.per_account_p50,
        p95 = load.per_account_p95,
        max = load.per_account_max,
        twice = count(load.accounts_twice_a_week),
    );
    page.push_str("</p></section>");
}
