//! The report as one page: no network, no library, prints; a few lines of script only for searching
//! the changed logins.

mod changed;
mod labels;
mod people;
mod rules;
mod signals;

use std::fmt::Write as _;

use super::charts::{escape, short};
use super::say::{agree, say, things};
use super::text::{
    count, gone, in_days, not_asked, of_accounts, order_and_kind, re_encoded, stopped, told,
    unlabelled,
};
use super::{Clock, RecordedView, Report};
use crate::lang::diagnostics::Language;

const STYLE: &str = include_str!("../page.css");
const SCRIPT: &str = include_str!("../page.js");

/// The page.
pub fn html(report: &Report, language: Language) -> String {
    let mut page = String::new();
    let page = &mut page;
    let clock = &Clock::named(&report.run.zone);
    let title = language.pick("门神回测", "Menshen backtest");
    let _ = write!(
        page,
        "<!doctype html>\n<html lang='{}'><head><meta charset='utf-8'><meta name='viewport' content='width=device-width,initial-scale=1'><meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\"><title>{title} · {}</title><style>{STYLE}</style></head><body><main>",
        language.pick("zh", "en"),
        escape(&report.rules.name)
    );
    head(page, report, clock, language);
    cards(page, report, language);
    if !report.gates.is_empty() {
        gates(page, report, language);
    }
    if let Some(diff) = &report.diff {
        changed::diff(page, report, diff, clock, language);
    }
    people::over_time(page, &report.figures, clock, language);
    signals::signals(page, &report.figures, clock, language);
    rules::rules(page, &report.figures, clock, language);
    if let Some(labels) = &report.figures.labels {
        labels::labels(page, labels, report.old_figures.as_ref(), language);
    }
    people::load(page, &report.figures, language);
    signals::transfer(page, &report.figures, clock, language);
    signals::overlap(page, &report.figures, language);
    if let Some(sweep) = &report.sweep {
        changed::sweep(page, sweep, language);
    }
    if let Some(recorded) = &report.recorded {
        self::recorded(page, recorded, clock, language);
    }
    input(page, report, clock, language);
    let _ = writeln!(page, "</main><script>{SCRIPT}</script></body></html>");
    std::mem::take(page)
}

fn rate(n: Option<f64>) -> String {
    n.map_or_else(|| "–".to_owned(), |n| format!("{n:.2}"))
}

fn percent(n: Option<f64>) -> String {
    n.map_or_else(|| "–".to_owned(), |n| format!("{:.1}%", n * 100.0))
}

fn head(page: &mut String, report: &Report, clock: &Clock, language: Language) {
    let input = &report.input;
    let begin = |hash: &str| escape(hash.get(..12).unwrap_or_default());
    let _ = write!(
        page,
        "<header><h1>{} <small>{}</small></h1><p>",
        language.pick("回测", "Backtest"),
        escape(&report.rules.name)
    );
    say!(
        page,
        language,
        "{logins} 次登录尝试 · {accounts} 个账号 · {first} 至 {last} · 统计 {days} 天（之前 {warm} 次只作历史）· 时间都是 {zone} 的",
        "{attempts} · {of} · {first} to {last} · {counted} counted ({warm} before that as mere history) · times are of {zone}",
        logins = count(input.logins),
        accounts = count(input.accounts),
        first = clock.day(&input.first),
        last = clock.day(&input.last),
        days = in_days(report.figures.totals.span_days),
        warm = count(report.figures.totals.warm_up_logins),
        zone = escape(&report.run.zone),
        attempts = things(&logins, "attempt"),
        of = things(&accounts, "account"),
        counted = things(&days, "day"),
    );
    page.push_str("</p><p class='dim'>");
    say!(
        page,
        language,
        "规则 {hash} · {signals} 个信号",
        "rules {hash} · {number}",
        hash = begin(&report.rules.hash),
        signals = report.rules.signals,
        number = things(&signals.to_string(), "signal"),
    );
    if let Some(against) = &report.against {
        let name = escape(&against.name);
        say!(page, language, " · 对比 {name}", " · against {name}");
        if let Some(hash) = against.short() {
            say!(page, language, "（{hash}）", " ({hash})");
        }
    }
    page.push_str("</p>");
    if let Some((zh, en)) = report.nothing_counts() {
        let _ = write!(page, "<p class='bad'>{}</p>", language.pick(zh, en));
    }
    for line in report
        .run
        .part
        .iter()
        .flat_map(|part| stopped(part, language))
    {
        let _ = write!(page, "<p class='bad'>{}</p>", escape(&line));
    }
    page.push_str("</header>");
}

fn card(page: &mut String, name: &str, value: &str, note: &str) {
    let _ = write!(
        page,
        "<div class='card'><span>{name}</span><b>{value}</b><small>{note}</small></div>"
    );
}

fn cards(page: &mut String, report: &Report, language: Language) {
    let totals = &report.figures.totals;
    let load = &report.figures.load;
    page.push_str("<section class='cards'>");
    card(
        page,
        language.pick("每天发出的提醒", "prompts a day"),
        &short(load.prompts_per_day),
        &format!(
            "p95 {} · {} {}",
            told(load.prompts_per_day_p95.map(u64::from)),
            language.pick("最多", "most"),
            told(load.prompts_per_day_max.map(u64::from))
        ),
    );
    card(
        page,
        &match (language, report.figures.per_10k_of.words()) {
            (Language::Zh, (of, _)) => format!("{of}发出的提醒"),
            (Language::En, (_, of)) => format!("prompts {of}"),
        },
        &rate(totals.prompts_per_10k),
        &format!(
            "{} {}",
            language.pick("冷却前", "before cool-down"),
            rate(totals.flagged_per_10k)
        ),
    );
    match &report.figures.labels {
        Some(labels) => {
            let within = |interval: &Option<crate::backtest::tally::Interval>| {
                interval.map_or_else(String::new, |i| {
                    let name = language.pick("95% 区间", "95% interval");
                    format!("{name} {:.1}–{:.1}%", i.from * 100.0, i.to * 100.0)
                })
            };
            let logins = &labels.logins;
            card(
                page,
                language.pick("召回（会提醒的攻击）", "recall (attacks with an alert)"),
                &percent(logins.recall),
                &within(&logins.recall_interval),
            );
            card(
                page,
                language.pick("准确", "precision"),
                &percent(logins.precision),
                &within(&logins.precision_interval),
            );
        }
        None => card(
            page,
            language.pick("召回、误报率", "recall, false-positive rate"),
            "–",
            language.pick("没有标注，不作猜测", "no labels, no guess"),
        ),
    }
    card(
        page,
        language.pick("收到提醒的账号", "accounts prompted"),
        &count(load.accounts_prompted),
        &format!(
            "{} {}",
            language.pick("一周两次以上", "twice within a week:"),
            count(load.accounts_twice_a_week)
        ),
    );
    card(
        page,
        language.pick("图形验证 / 拒绝 / 锁定", "captchas / refusals / locks"),
        &format!(
            "{} / {} / {}",
            count(totals.captchas),
            count(totals.refusals),
            count(totals.locked)
        ),
        &format!(
            "{} {}",
            language.pick("每天验证", "captchas a day"),
            short(load.captchas_per_day)
        ),
    );
    page.push_str("</section><p class='parts dim'>");
    say!(
        page,
        language,
        "成功登录 {logins}，失败 {failures}；会提醒 {flagged} 次：发出 {prompts} 条，{rest}",
        "{right}, {wrong}; {alerts}: {sent}, {rest}",
        logins = count(totals.logins),
        failures = count(totals.failures),
        flagged = count(totals.flagged),
        prompts = count(totals.prompts),
        rest = not_asked(totals, language),
        right = things(&logins, "successful login"),
        wrong = things(&failures, "failure"),
        alerts = things(&flagged, "alert"),
        sent = things(&prompts, "prompt"),
    );
    if totals.locked > 0 {
        let locked = count(totals.locked);
        let locks = things(&locked, "lock");
        let of = of_accounts(totals, language);
        say!(page, language, "；锁定 {locked}{of}", "; {locks}{of}");
    }
    page.push_str("</p>");
    if let Some(line) = unlabelled(&report.figures, language) {
        let _ = write!(page, "<p class='dim'>{line}</p>");
    }
}

fn gates(page: &mut String, report: &Report, language: Language) {
    let _ = write!(
        page,
        "<section><h2>{}</h2><ul class='gates'>",
        language.pick("要求", "What had to hold")
    );
    for gate in &report.gates {
        let (class, mark) = match (gate.holds(), gate.whole) {
            (true, true) => ("good", "✓".to_owned()),
            (true, false) => {
                let word = language.pick("到停下为止通过", "passed as far as it went");
                ("bad", format!("– {word}"))
            }
            (false, _) => ("bad", "✗".to_owned()),
        };
        let (zh, en) = gate.bound();
        let _ = write!(page, "<li class='{class}'>{mark} ");
        say!(
            page,
            language,
            "--{name}：{is}，要求{zh} {wanted}",
            "--{name}: {is}, wanted {en} {wanted}",
            name = escape(&gate.name),
            is = gate.shown(),
            wanted = gate.wanted,
        );
        page.push_str("</li>");
    }
    page.push_str("</ul></section>");
}

fn input(page: &mut String, report: &Report, clock: &Clock, language: Language) {
    let input = &report.input;
    let _ = write!(
        page,
        "<section><h2>{}</h2><div class='wide'><table><thead><tr><th>{}<th>{}<th class='n'>{}<th>XXH64</tr></thead><tbody>",
        language.pick("输入", "Input"),
        language.pick("文件", "file"),
        language.pick("格式", "format"),
        language.pick("字节", "bytes"),
    );
    for file in &input.files {
        let _ = write!(
            page,
            "<tr><td>{}<td>{}<td class='n'>{}<td class='hash'>{}</tr>",
            escape(&file.name),
            escape(&file.format),
            count(file.bytes),
            escape(&file.xxh64)
        );
    }
    page.push_str("</tbody></table></div><ul>");
    if let Some(line) = re_encoded(report, language) {
        let _ = write!(page, "<li>{}</li>", escape(&line));
    }
    for reason in &input.reasons {
        let places: Vec<String> = reason.samples.iter().map(|place| escape(place)).collect();
        let places = match places.is_empty() {
            true => String::new(),
            false => {
                let comma = language.pick("、", ", ");
                format!("{}{}", language.pick("：", ": "), places.join(comma))
            }
        };
        let (n, why) = (count(reason.count), escape(&reason.reason));
        let _ = write!(page, "<li>{n} × {why}{places}</li>");
    }
    for line in order_and_kind(input, language) {
        let _ = write!(page, "<li>{}</li>", escape(&line));
    }
    for line in gone(input, clock, language) {
        let _ = write!(page, "<li>{}</li>", escape(&line));
    }
    for lack in &input.lacks {
        let _ = write!(page, "<li class='bad'>{}</li>", escape(&lack.said));
    }
    for (name, label) in &input.labels {
        page.push_str("<li>");
        say!(
            page,
            language,
            "标注 {name}：是 {yes}，否 {no}",
            "label {name}: {yes} yes, {no} no",
            name = escape(name),
            yes = count(label.yes),
            no = count(label.no),
        );
        page.push_str("</li>");
    }
    if input.logins_no_account > 0 {
        page.push_str("<li>");
        say!(
            page,
            language,
            "{n} 次登录的名字当时不是账号（{names} 个名字从来不是）：照样判断，没有人可以提醒",
            "{attempts} {are} of names that were no account then ({of} never {is}): judged, but nobody can be prompted",
            n = count(input.logins_no_account),
            names = count(input.other_names),
            attempts = things(&n, "attempt"),
            are = agree(&n, "is", "are"),
            of = things(&names, "name"),
            is = agree(&names, "is", "are"),
        );
        page.push_str("</li>");
    }
    if input.out_of_order > 0 {
        page.push_str("<li>");
        say!(
            page,
            language,
            "{n} 行不按时间顺序，已排好",
            "{rows} {were} out of order: all are sorted",
            n = count(input.out_of_order),
            rows = things(&n, "row"),
            were = agree(&n, "was", "were"),
        );
        page.push_str("</li>");
    }
    if input.late > 0 {
        page.push_str("<li>");
        say!(
            page,
            language,
            "{n} 次迟了十分钟以上才报告：照样判断，只有 on attempt 的规则动作",
            "{n} {were} reported more than ten minutes late: judged, but only rules on attempt act",
            n = count(input.late),
            were = agree(&n, "was", "were"),
        );
        page.push_str("</li>");
    }
    page.push_str("</ul><p class='dim'>");
    say!(
        page,
        language,
        "menshen {version} · {threads} 个线程，{seconds:.2} 秒，每秒 {speed} 次",
        "menshen {version} · {at_once}, {seconds:.2} seconds, {logins} a second",
        version = escape(&report.menshen),
        threads = report.run.threads,
        seconds = report.run.seconds,
        speed = count(report.run.logins_per_second as u64),
        at_once = things(&threads.to_string(), "thread"),
        logins = things(&speed, "login"),
    );
    page.push_str("</p></section>");
}

/// What the live server recorded; the shadow signals are seen nowhere else.
fn recorded(page: &mut String, recorded: &[RecordedView], clock: &Clock, language: Language) {
    let _ = write!(
        page,
        "<section><h2>{}</h2><p class='dim'>{}</p>",
        language.pick("线上记录", "Recorded live"),
        language.pick(
            "服务器自己的判定里各信号触发了多少次；影子信号只在这里看得到。",
            "How often each signal fired in the server's own decisions; shadow signals are seen nowhere else."
        )
    );
    for rules in recorded {
        page.push_str("<h3>");
        say!(
            page,
            language,
            "第 {generation} 版规则（{hash}） · {decisions} 次判定，{first} 至 {last}",
            "generation {generation} ({hash}) · {number}, {first} to {last}",
            generation = rules.generation,
            hash = escape(rules.hash.get(..12).unwrap_or_default()),
            decisions = count(rules.decisions),
            number = things(&decisions, "decision"),
            first = clock.day(&rules.first),
            last = clock.day(&rules.last),
        );
        let _ = write!(
            page,
            "</h3><div class='wide'><table><thead><tr><th>{}<th class='n'>{}<th class='n'>{}<th class='n'>{}</tr></thead><tbody>",
            language.pick("信号", "signal"),
            language.pick("触发", "fired"),
            language.pick("无法判断", "not evaluable"),
            language.pick("判定", "decisions"),
        );
        for signal in &rules.signals {
            let shadow = match signal.shadow {
                true => language.pick(" <small>影子</small>", " <small>shadow</small>"),
                false => "",
            };
            let _ = write!(
                page,
                "<tr><th>{}{shadow}<td class='n'>{}<td class='n'>{}<td class='n'>{}</tr>",
                escape(&signal.name),
                count(signal.fired),
                count(signal.not_evaluable),
                count(signal.asked),
            );
        }
        page.push_str("</tbody></table></div>");
    }
    page.push_str("</section>");
}
