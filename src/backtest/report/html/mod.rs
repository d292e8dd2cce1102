//! The report as one page: no network, no library, prints; a few lines of script only for searching
//! the changed logins.

mod changed;
mod labels;

use std::fmt::Write as _;

use super::charts::{self, escape, short};
use super::text::{beside, count};
use super::{Clock, RecordedView, Report};
use crate::backtest::tally::{Figures, RuleFigures};

const STYLE: &str = include_str!("../page.css");
const SCRIPT: &str = include_str!("../page.js");

/// What concerns fewer than one login in so many is not worth a note.
const NOTEWORTHY: u64 = 1_000;

/// The page.
pub fn html(report: &Report) -> String {
    let mut page = String::new();
    let clock = &Clock::named(&report.run.zone);
    let title = format!("门神回测 · {}", report.rules.name);
    let _ = write!(
        page,
        "<!doctype html>\n<html lang='zh'><head><meta charset='utf-8'><meta name='viewport' content='width=device-width,initial-scale=1'><meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\"><title>{}</title><style>{STYLE}</style></head><body><main>",
        escape(&title)
    );
    head(&mut page, report, clock);
    cards(&mut page, report);
    if !report.gates.is_empty() {
        gates(&mut page, report);
    }
    if let Some(diff) = &report.diff {
        changed::diff(&mut page, report, diff, clock);
    }
    over_time(&mut page, &report.figures, clock);
    signals(&mut page, &report.figures, clock);
    if let Some(labels) = &report.figures.labels {
        labels::labels(&mut page, labels, report.old_figures.as_ref());
    }
    load(&mut page, &report.figures);
    transfer(&mut page, &report.figures, clock);
    overlap(&mut page, &report.figures);
    if let Some(sweep) = &report.sweep {
        changed::sweep(&mut page, sweep);
    }
    if let Some(recorded) = &report.recorded {
        self::recorded(&mut page, recorded, clock);
    }
    input(&mut page, report);
    let _ = writeln!(page, "</main><script>{SCRIPT}</script></body></html>");
    page
}

fn rate(n: Option<f64>) -> String {
    n.map_or_else(|| "–".to_owned(), |n| format!("{n:.2}"))
}

fn percent(n: Option<f64>) -> String {
    n.map_or_else(|| "–".to_owned(), |n| format!("{:.1}%", n * 100.0))
}

fn head(page: &mut String, report: &Report, clock: &Clock) {
    let input = &report.input;
    let _ = write!(
        page,
        "<header><h1>回测 <small>{}</small></h1><p>{} 次登录尝试 · {} 个账号 · {} 至 {} · 统计 {} 天（之前 {} 次只作历史）· 时间都是 {} 的</p><p class='dim'>规则 {} · {} 个信号{}</p>{}</header>",
        escape(&report.rules.name),
        count(input.logins),
        count(input.accounts),
        clock.day(&input.first),
        clock.day(&input.last),
        report.figures.totals.days,
        count(report.figures.totals.warm_up_logins),
        escape(&report.run.zone),
        escape(report.rules.hash.get(..12).unwrap_or_default()),
        report.rules.signals,
        report
            .against
            .as_ref()
            .map_or_else(String::new, |against| format!(
                " · 对比 {}（{}）",
                escape(&against.name),
                escape(against.hash.get(..12).unwrap_or_default())
            )),
        if report.run.stopped {
            "<p class='bad'>提前停止：这是已完成的部分</p>"
        } else {
            ""
        },
    );
}

fn card(page: &mut String, name: &str, value: &str, note: &str) {
    let _ = write!(
        page,
        "<div class='card'><span>{name}</span><b>{value}</b><small>{note}</small></div>"
    );
}

fn cards(page: &mut String, report: &Report) {
    let totals = &report.figures.totals;
    let load = &report.figures.load;
    page.push_str("<section class='cards'>");
    card(
        page,
        "每天提醒",
        &short(load.prompts_per_day),
        &format!(
            "p95 {} · 最多 {}",
            load.prompts_per_day_p95, load.prompts_per_day_max
        ),
    );
    card(
        page,
        "每万次正常登录提醒",
        &rate(totals.prompts_per_10k),
        &format!("冷却前 {}", rate(totals.flagged_per_10k)),
    );
    match &report.figures.labels {
        Some(labels) => {
            card(
                page,
                "召回（按登录）",
                &percent(labels.logins.recall),
                &labels.logins.recall_interval.map_or_else(String::new, |i| {
                    format!("95% 区间 {:.1}–{:.1}%", i.from * 100.0, i.to * 100.0)
                }),
            );
            card(
                page,
                "准确",
                &percent(labels.logins.precision),
                &labels
                    .logins
                    .precision_interval
                    .map_or_else(String::new, |i| {
                        format!("95% 区间 {:.1}–{:.1}%", i.from * 100.0, i.to * 100.0)
                    }),
            );
        }
        None => card(page, "召回、误报率", "–", "没有标注，不作猜测"),
    }
    card(
        page,
        "被提醒的账号",
        &count(load.accounts_prompted),
        &format!("一周两次以上 {}", count(load.accounts_twice_a_week)),
    );
    let captchas = totals.challenged + totals.challenged_attempts + totals.capped;
    card(
        page,
        "图形验证 / 拒绝",
        &format!(
            "{} / {}",
            count(captchas),
            count(totals.denied + totals.denied_attempts)
        ),
        &format!("每天验证 {}", short(load.captchas_per_day)),
    );
    page.push_str("</section>");
}

fn gates(page: &mut String, report: &Report) {
    page.push_str("<section><h2>要求</h2><ul class='gates'>");
    for gate in &report.gates {
        let _ = write!(
            page,
            "<li class='{}'>{} --{}：{}，要求 {}</li>",
            if gate.passed { "good" } else { "bad" },
            if gate.passed { "✓" } else { "✗" },
            escape(&gate.name),
            beside(Some(gate.is), gate.wanted),
            gate.wanted
        );
    }
    page.push_str("</ul></section>");
}

fn over_time(page: &mut String, figures: &Figures, clock: &Clock) {
    let totals = &figures.totals;
    let (from, to) = (&clock.day(&totals.from), &clock.day(&totals.to));
    let _ = write!(
        page,
        "<section><h2>每天的提醒</h2><figure class='fit'>{}</figure><h3>每天的成功登录</h3><figure class='fit'>{}</figure></section>",
        charts::days(&totals.prompts_by_day, from, to, "每天的提醒"),
        charts::days(&totals.logins_by_day, from, to, "每天的成功登录"),
    );
}

fn signals(page: &mut String, figures: &Figures, clock: &Clock) {
    let labelled = figures.labels.is_some();
    page.push_str("<section><h2>信号</h2><div class='wide'><table><thead><tr><th>信号<th class='n'>分量<th class='n'>触发<th class='n'>每万次<th class='n'>提醒<th class='n'>决定性");
    if labelled {
        page.push_str("<th class='n'>攻击<th class='n'>决定性攻击");
    }
    page.push_str(
        "<th class='n'>账号<th class='n'>每天 平均 / p95 / 最多<th>随时间<th>说明</tr></thead><tbody>",
    );
    for signal in &figures.signals {
        let _ = write!(
            page,
            "<tr><th scope='row'>{}<small>{}</small><td class='n'>{}<td class='n'>{}<small>评估 {}</small><td class='n'>{}<td class='n'>{}<td class='n'>{}",
            escape(&signal.name),
            escape(&signal.title),
            if signal.shadow {
                "影子".to_owned()
            } else {
                short(signal.weight)
            },
            count(signal.fired),
            count(signal.evaluated),
            rate(signal.per_10k),
            count(signal.prompts),
            count(signal.decisive),
        );
        if labelled {
            let _ = write!(
                page,
                "<td class='n'>{}<td class='n'>{}",
                count(signal.fired_attacks),
                count(signal.decisive_attacks)
            );
        }
        let _ = write!(
            page,
            "<td class='n'>{}<td class='n'>{} / {} / {}<td>{}<small>{}</small><td class='notes'>{}</tr>",
            signal.accounts.map_or_else(|| "–".to_owned(), count),
            short(signal.per_day),
            signal.per_day_p95,
            signal.per_day_max,
            charts::spark(&signal.by_day),
            match (&signal.first, &signal.last) {
                (Some(first), Some(last)) => format!("{} – {}", clock.day(first), clock.day(last)),
                _ => String::new(),
            },
            notes(signal, figures.totals.logins)
        );
    }
    page.push_str("</tbody></table></div><p class='dim'>决定性：没有它就没有那次提醒。触发数不含豁免和学习中的；每万次按正常登录计。</p></section>");
}

fn notes(signal: &RuleFigures, logins: u64) -> String {
    let mut notes = Vec::new();
    if signal.not_evaluable * NOTEWORTHY > logins {
        let share = percent(Some(signal.not_evaluable as f64 / logins.max(1) as f64));
        let fields: Vec<String> = signal
            .missing
            .iter()
            .take(3)
            .map(|missing| escape(&missing.field))
            .collect();
        notes.push(format!("{share} 无法判断：缺 {}", fields.join("、")));
    }
    if signal.exempt + signal.learning > 0 {
        notes.push(format!(
            "豁免 {}，学习中 {}",
            count(signal.exempt),
            count(signal.learning)
        ));
    }
    if signal.never && signal.not_evaluable < logins {
        notes.push("从未触发".to_owned());
    }
    if signal.drifts {
        notes.push("<b class='bad'>漂移</b>：后一段是前一段的三倍以上".to_owned());
    }
    if let Some(other) = &signal.covered_by {
        notes.push(format!("总与 {} 同时触发", escape(other)));
    }
    notes.join("；")
}

fn load(page: &mut String, figures: &Figures) {
    let bands = &figures.load.by_history;
    let rows: Vec<(String, f64, String)> = bands
        .iter()
        .chain([&figures.load.new_accounts])
        .map(|band| {
            let name = match band.name.as_str() {
                "first 14 days" => "头 14 天".to_owned(),
                name => format!("此前 {name} 次"),
            };
            let rate = band.per_10k.unwrap_or(0.0);
            (
                name,
                rate,
                format!("{rate:.1}（{} 次登录）", count(band.logins)),
            )
        })
        .collect();
    let load = &figures.load;
    let _ = write!(
        page,
        "<section><h2>打扰了谁</h2><p>每万次登录的提醒，按此前成功登录的次数：人越熟，问得应当越少。</p>{}<p>被提醒的账号 {}，每个账号中位 {} 条，p95 {} 条，最多 {} 条；{} 个账号在七天内被提醒两次以上。</p></section>",
        charts::bars(&rows, "提醒与历史长短"),
        count(load.accounts_prompted),
        load.per_account_p50,
        load.per_account_p95,
        load.per_account_max,
        count(load.accounts_twice_a_week)
    );
}

fn transfer(page: &mut String, figures: &Figures, clock: &Clock) {
    page.push_str("<section><h2>换一段时间还成立吗</h2><div class='wide'><table><thead><tr><th>每万次正常登录");
    for period in &figures.periods {
        let _ = write!(
            page,
            "<th class='n'>{} – {}",
            clock.day(&period.from),
            clock.day(&period.to)
        );
    }
    page.push_str("<th></tr></thead><tbody><tr><th scope='row'>会提醒");
    for period in &figures.periods {
        let _ = write!(page, "<td class='n'>{}", rate(period.flagged_per_10k));
    }
    page.push_str("<td></tr>");
    for signal in figures.signals.iter().filter(|signal| !signal.never) {
        let _ = write!(page, "<tr><th scope='row'>{}", escape(&signal.name));
        for period in &signal.by_period {
            let _ = write!(page, "<td class='n'>{}", rate(*period));
        }
        let _ = write!(
            page,
            "<td>{}</tr>",
            if signal.drifts {
                "<b class='bad'>漂移</b>"
            } else {
                ""
            }
        );
    }
    page.push_str("</tbody></table></div></section>");
}

fn overlap(page: &mut String, figures: &Figures) {
    let shown: Vec<usize> = (0..figures.signals.len())
        .filter(|at| !figures.signals[*at].never)
        .collect();
    if shown.len() < 2 {
        return;
    }
    page.push_str(
        "<section><h2>哪些信号一起触发</h2><div class='wide'><table class='matrix'><thead><tr><th>",
    );
    for at in &shown {
        let _ = write!(
            page,
            "<th class='turn'><span>{}</span>",
            escape(&figures.signals[*at].name)
        );
    }
    page.push_str("</tr></thead><tbody>");
    for row in &shown {
        let own = figures.overlap.together[*row][*row].max(1);
        let _ = write!(
            page,
            "<tr><th scope='row'>{}",
            escape(&figures.signals[*row].name)
        );
        for column in &shown {
            let both = figures.overlap.together[*row][*column];
            let share = both as f64 / own as f64;
            let _ = write!(
                page,
                "<td style='--s:{share:.2}' title='{} 次中的 {}'>{}",
                count(own),
                count(both),
                if both == 0 {
                    String::new()
                } else {
                    format!("{:.0}%", share * 100.0)
                }
            );
        }
        page.push_str("</tr>");
    }
    page.push_str("</tbody></table></div><p class='dim'>一行的信号触发时，一列的信号也触发的比例。</p></section>");
}

fn input(page: &mut String, report: &Report) {
    let input = &report.input;
    page.push_str("<section><h2>输入</h2><div class='wide'><table><thead><tr><th>文件<th>格式<th class='n'>字节<th>XXH64</tr></thead><tbody>");
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
    for reason in &input.reasons {
        let places: Vec<String> = reason.samples.iter().map(|place| escape(place)).collect();
        let _ = write!(
            page,
            "<li>{} × {}：{}</li>",
            count(reason.count),
            escape(&reason.reason),
            places.join("、")
        );
    }
    for (name, label) in &input.labels {
        let _ = write!(
            page,
            "<li>标注 {}：是 {}，否 {}</li>",
            escape(name),
            count(label.yes),
            count(label.no)
        );
    }
    if input.out_of_order > 0 {
        let _ = write!(
            page,
            "<li>{} 行不按时间顺序，已排好</li>",
            count(input.out_of_order)
        );
    }
    let _ = write!(
        page,
        "</ul><p class='dim'>menshen {} · {} 个线程，{:.2} 秒，每秒 {} 次</p></section>",
        escape(&report.menshen),
        report.run.threads,
        report.run.seconds,
        count(report.run.logins_per_second as u64)
    );
}

/// What the live server recorded; the shadow signals are seen nowhere else.
fn recorded(page: &mut String, recorded: &[RecordedView], clock: &Clock) {
    let _ = write!(
        page,
        "<section><h2>线上记录</h2><p class='dim'>服务器自己的判定里各信号触发了多少次；影子信号只在这里看得到。</p>"
    );
    for rules in recorded {
        let _ = write!(
            page,
            "<h3>第 {} 版规则（{}） · {} 次判定，{} 至 {}</h3><div class='wide'><table><thead><tr><th>信号<th class='n'>触发<th class='n'>无法判断<th class='n'>判定</tr></thead><tbody>",
            rules.generation,
            escape(rules.hash.get(..12).unwrap_or_default()),
            count(rules.decisions),
            clock.day(&rules.first),
            clock.day(&rules.last),
        );
        for signal in &rules.signals {
            let _ = write!(
                page,
                "<tr><th>{}{}<td class='n'>{}<td class='n'>{}<td class='n'>{}</tr>",
                escape(&signal.name),
                if signal.shadow {
                    " <small>影子</small>"
                } else {
                    ""
                },
                count(signal.fired),
                count(signal.not_evaluable),
                count(signal.asked),
            );
        }
        page.push_str("</tbody></table></div>");
    }
    page.push_str("</section>");
}
