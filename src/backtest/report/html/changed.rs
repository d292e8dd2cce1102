//! What other rules would have done: the changed logins one by one, and the points of a sweep.

use std::fmt::Write as _;

use super::{percent, rate};
use crate::backtest::diff::Diff;
use crate::backtest::report::charts::{self, Line, escape, short};
use crate::backtest::report::text::{beside, count};
use crate::backtest::report::{Clock, Report};
use crate::backtest::sweep::Sweep;
use crate::backtest::tally::RuleFigures;

/// Changed logins that are printed; as many as page.css says.
const PRINTED: usize = 40;

pub(super) fn diff(page: &mut String, report: &Report, diff: &Diff, clock: &Clock) {
    let against = report
        .against
        .as_ref()
        .map_or("", |against| against.name.as_str());
    let _ = write!(
        page,
        "<section><h2>与 {} 的差别</h2><p>{} 次登录中 {} 次结果不同；每天的提醒 {:+.2}。</p><ul>",
        escape(against),
        count(diff.judged),
        count(diff.changed),
        diff.net_prompts_per_day
    );
    for kind in &diff.kinds {
        let _ = write!(
            page,
            "<li>{} → {}：{}</li>",
            kind.old.words().0,
            kind.new.words().0,
            count(kind.count)
        );
    }
    page.push_str("</ul>");
    if let (Some(gained), Some(lost), Some(flagged), Some(relieved)) = (
        diff.attacks_gained,
        diff.attacks_lost,
        diff.good_flagged,
        diff.good_relieved,
    ) {
        let _ = write!(
            page,
            "<p>攻击：<b class='good'>多发现 {}</b>，<b class='bad'>少发现 {}</b>；正常登录：多打扰 {}，少打扰 {}。</p>",
            count(gained),
            count(lost),
            count(flagged),
            count(relieved)
        );
    }
    if !diff.worst.is_empty() {
        let worst: Vec<String> = diff
            .worst
            .iter()
            .map(|worst| format!("{} +{}", escape(&worst.account), worst.more))
            .collect();
        let _ = write!(
            page,
            "<p class='dim'>提醒增加最多的账号：{}</p>",
            worst.join("、")
        );
    }
    if let Some(old) = &report.old_figures {
        signals(page, &old.signals, &report.figures.signals);
    }
    if diff.logins.is_empty() {
        page.push_str("</section>");
        return;
    }
    let _ = write!(
        page,
        "<p><label>查找 <input id='search' type='search' placeholder='账号、信号、日期、结果……'></label> <span id='found' class='dim'></span></p><div class='wide tall'><table id='changed'><thead><tr><th>#<th>时间<th>账号<th>旧<th>新<th class='n'>怀疑度<th>标注<th>翻转的条件</tr></thead><tbody>"
    );
    for login in &diff.logins {
        let flips: Vec<String> = login
            .flipped
            .iter()
            .map(|flip| {
                format!(
                    "<b>{}</b> {} → {} <span class='why'>{}</span>",
                    escape(&flip.name),
                    word(&flip.old),
                    word(&flip.new),
                    escape(&flip.why)
                )
            })
            .collect();
        let _ = write!(
            page,
            "<tr><td>{}<td>{}<td>{}<td>{}<td>{}<td class='n'>{} → {}<td>{}<td class='flips'>{}</tr>",
            login.number,
            escape(&clock.minute(&login.time)),
            escape(&login.account),
            login.old.words().0,
            login.new.words().0,
            short(login.old_suspicion),
            short(login.new_suspicion),
            match login.attack {
                Some(true) => "<b class='bad'>攻击</b>",
                Some(false) => "正常",
                None => "",
            },
            flips.join("<br>")
        );
    }
    page.push_str("</tbody></table><button id='all' type='button'>全部显示</button></div>");
    if diff.logins.len() > PRINTED {
        let _ = write!(page, "<p class='dim paper'>纸上只印前 {PRINTED} 次。</p>");
    }
    if diff.changed > diff.logins.len() as u64 {
        let _ = write!(
            page,
            "<p class='dim'>这里是前 {} 次，全部在 changed.csv 里。</p>",
            diff.logins.len()
        );
    }
    page.push_str("</section>");
}

/// What the signals did before and do now: those of which it differs.
fn signals(page: &mut String, old: &[RuleFigures], new: &[RuleFigures]) {
    let names = old.iter().chain(new).map(|signal| signal.name.as_str());
    let mut seen: Vec<&str> = Vec::new();
    let mut rows = String::new();
    for name in names {
        if seen.contains(&name) {
            continue;
        }
        seen.push(name);
        let of = |all: &'_ [RuleFigures]| {
            let found = all.iter().find(|signal| signal.name == name);
            found.map(|signal| (signal.fired, signal.per_10k, signal.prompts))
        };
        let (was, is) = (of(old), of(new));
        if was == is {
            continue;
        }
        let told = |of: &dyn Fn((u64, Option<f64>, u64)) -> String| {
            let side = |side: Option<_>| side.map_or_else(|| "–".to_owned(), of);
            format!("<td class='n'>{} → {}", side(was), side(is))
        };
        let _ = write!(
            rows,
            "<tr><th scope='row'>{}{}{}{}</tr>",
            escape(name),
            told(&|side| count(side.0)),
            told(&|side| rate(side.1)),
            told(&|side| count(side.2)),
        );
    }
    if !rows.is_empty() {
        let _ = write!(
            page,
            "<div class='wide'><table><thead><tr><th>信号（旧 → 新）<th class='n'>触发<th class='n'>每万次<th class='n'>提醒</tr></thead><tbody>{rows}</tbody></table></div>"
        );
    }
}

/// A state in Chinese.
fn word(state: &str) -> &str {
    match state {
        "fired" => "触发",
        "quiet" => "没触发",
        "exempt" => "豁免",
        "learning" => "学习中",
        "not_evaluable" => "无法判断",
        "absent" => "没有这条",
        "yes" => "成立",
        "no" => "不成立",
        other => other,
    }
}

pub(super) fn sweep(page: &mut String, sweep: &Sweep) {
    let names = sweep.parameters.join(" × ");
    let _ = write!(page, "<section><h2>换个数会怎样：{}</h2>", escape(&names));
    let top = charts::top(sweep.points.iter().filter_map(|p| p.all.prompts_per_10k));
    if sweep.by_recall {
        let line: Vec<(f64, f64)> = sweep
            .points
            .iter()
            .filter_map(|p| Some((p.all.prompts_per_10k?, p.all.recall?)))
            .collect();
        let marks: Vec<(f64, f64, String)> = sweep
            .points
            .iter()
            .filter_map(|p| {
                Some((
                    p.all.prompts_per_10k?,
                    p.all.recall?,
                    format!("{names} = {:?}", p.values),
                ))
            })
            .collect();
        let joined = match sweep.parameters.len() {
            1 => vec![Line {
                points: line,
                class: "",
            }],
            _ => Vec::new(),
        };
        let _ = write!(
            page,
            "<figure class='half'>{}</figure>",
            charts::plane(
                &joined,
                (0.0, top, "每万次提醒"),
                (0.0, 1.0, "召回"),
                &marks,
                "代价与召回"
            )
        );
    }
    page.push_str("<div class='wide'><table><thead><tr>");
    for name in &sweep.parameters {
        let _ = write!(page, "<th class='n'>{}", escape(name));
    }
    page.push_str("<th class='n'>每天提醒<th class='n'>每万次<th class='n'>召回<th class='n'>准确<th class='n'>选定段：每万次 / 召回<th class='n'>检验段：每万次 / 召回</tr></thead><tbody>");
    for (at, point) in sweep.points.iter().enumerate() {
        let class = match sweep.max_prompts_per_10k {
            _ if Some(at) == sweep.best => " class='best'",
            Some(most) if point.chosen_on.prompts_per_10k > Some(most) => " class='over'",
            _ => "",
        };
        let limit = sweep.max_prompts_per_10k.unwrap_or(f64::INFINITY);
        let _ = write!(page, "<tr{class}>");
        for value in &point.values {
            let _ = write!(page, "<td class='n'>{value}");
        }
        let _ = write!(
            page,
            "<td class='n'>{}<td class='n'>{}<td class='n'>{}<td class='n'>{}<td class='n'>{} / {}<td class='n'>{} / {}</tr>",
            rate(Some(point.prompts_per_day)),
            rate(point.all.prompts_per_10k),
            percent(point.all.recall),
            percent(point.precision),
            beside(point.chosen_on.prompts_per_10k, limit),
            percent(point.chosen_on.recall),
            beside(point.judged_on.prompts_per_10k, limit),
            percent(point.judged_on.recall)
        );
    }
    page.push_str("</tbody></table></div>");
    if let Some(most) = sweep.max_prompts_per_10k {
        let best = match sweep.best {
            Some(_) => format!(
                "★ 是选定段（前三分之二时间）每万次提醒不超过 {most} 的最佳值：{}。",
                sweep.rule().0
            ),
            None => format!("没有一个值能在选定段做到每万次提醒不超过 {most}。"),
        };
        let _ = write!(
            page,
            "<p class='dim'>{best}灰色的超过 {most}。检验段（后三分之一）没有参与选择。</p>"
        );
    }
    page.push_str("</section>");
}
