//! What other rules would have done: the changed logins one by one, and the points of a sweep.

use std::fmt::Write as _;

use super::{percent, rate};
use crate::backtest::diff::Diff;
use crate::backtest::report::Report;
use crate::backtest::report::charts::{self, Line, escape, short};
use crate::backtest::report::text::count;
use crate::backtest::sweep::Sweep;

pub(super) fn diff(page: &mut String, report: &Report, diff: &Diff) {
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
            escape(login.time.get(..16).unwrap_or(&login.time)),
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
    page.push_str("</tbody></table></div>");
    if diff.changed > diff.logins.len() as u64 {
        let _ = write!(
            page,
            "<p class='dim'>这里是前 {} 次，全部在 changed.csv 里。</p>",
            diff.logins.len()
        );
    }
    page.push_str("</section>");
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
        let best = Some(at) == sweep.best;
        let _ = write!(page, "<tr{}>", if best { " class='best'" } else { "" });
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
            rate(point.chosen_on.prompts_per_10k),
            percent(point.chosen_on.recall),
            rate(point.judged_on.prompts_per_10k),
            percent(point.judged_on.recall)
        );
    }
    page.push_str("</tbody></table></div>");
    if let (Some(most), Some(_)) = (sweep.max_prompts_per_10k, sweep.best) {
        let _ = write!(
            page,
            "<p class='dim'>标出的是前三分之二时间里每万次提醒不超过 {most} 的最佳值；后三分之一没有参与选择。</p>"
        );
    }
    page.push_str("</section>");
}
