//! What other rules would have done: the changed logins one by one, and the points of a sweep.

use std::fmt::Write as _;

use super::{percent, rate};
use crate::backtest::diff::{Diff, state};
use crate::backtest::report::charts::{self, Line, escape, short};
use crate::backtest::report::say::{agree, say};
use crate::backtest::report::text::{beside, count, told};
use crate::backtest::report::{Clock, Report};
use crate::backtest::sweep::{Point, Sweep, shown};
use crate::backtest::tally::SignalFigures;
use crate::lang::diagnostics::Language;

/// Changed logins that are printed; as many as page.css says.
const PRINTED: usize = 40;

pub(super) fn diff(
    page: &mut String,
    report: &Report,
    diff: &Diff,
    clock: &Clock,
    language: Language,
) {
    let against = report
        .against
        .as_ref()
        .map_or("", |against| against.name.as_str());
    let against = escape(against);
    page.push_str("<section><h2>");
    say!(page, language, "与 {against} 的差别", "Against {against}");
    page.push_str("</h2><p>");
    say!(
        page,
        language,
        "{judged} 次登录尝试中 {changed} 次结果不同；每天发出的提醒 {net:+.2}。",
        "{changed} of {judged} attempts {end} differently; prompts a day {net:+.2}.",
        judged = count(diff.judged),
        changed = count(diff.changed),
        end = agree(&changed, "ends", "end"),
        net = diff.net_prompts_per_day,
    );
    page.push_str("</p><ul>");
    let act = |(zh, en): (&'static str, &'static str)| language.pick(zh, en);
    for kind in &diff.kinds {
        let _ = write!(
            page,
            "<li>{} → {}{}{}</li>",
            act(kind.old.words()),
            act(kind.new.words()),
            language.pick("：", ": "),
            count(kind.count)
        );
    }
    page.push_str("</ul>");
    if let (Some(gained), Some(lost)) = (diff.attacks_gained, diff.attacks_lost) {
        page.push_str("<p>");
        say!(
            page,
            language,
            "攻击：<b class='good'>多发现 {gained}</b>，<b class='bad'>少发现 {lost}</b>；正常登录：多打扰 {disturbed}，少打扰 {relieved}。",
            "attacks: <b class='good'>{gained} more found</b>, <b class='bad'>{lost} fewer</b>; good logins: {disturbed} disturbed more, {relieved} less.",
            gained = count(gained),
            lost = count(lost),
            disturbed = told(diff.good_disturbed),
            relieved = told(diff.good_relieved),
        );
        let _ = write!(
            page,
            " <span class='dim'>{}</span></p>",
            language.pick(
                "管得更多或更少：锁定 > 拒绝 > 提醒 > 图形验证 > 不管，一样时看另外还做了什么。只看密码正确的。",
                "More, less: lock > refusal > alert > captcha > nothing; where these are the same, what is done besides. Of logins with the right password."
            )
        );
    }
    if !diff.worst.is_empty() {
        let worst: Vec<String> = diff
            .worst
            .iter()
            .map(|worst| {
                let account = escape(&worst.account);
                format!("<span class='whole'>{account} +{}</span>", worst.more)
            })
            .collect();
        let _ = write!(
            page,
            "<p class='dim'>{}{}</p>",
            language.pick(
                "发出的提醒增加最多的账号：",
                "accounts with the most additional prompts: "
            ),
            worst.join(language.pick("、", ", "))
        );
    }
    if let Some(old) = &report.old_figures {
        signals(page, &old.signals, &report.figures.signals, language);
        super::rules::changed(
            page,
            &old.guard_rules,
            &report.figures.guard_rules,
            language,
        );
    }
    if diff.logins.is_empty() {
        page.push_str("</section>");
        return;
    }
    let _ = write!(
        page,
        "<p class='dim'>{}</p><p><label>{} <input id='search' type='search' placeholder='{}'></label> <span id='found' class='dim'></span></p><div class='wide tall'><table id='changed'><thead><tr><th>#",
        match diff.attacks_lost {
            Some(_) => language.pick(
                "先列丢了的攻击，再是多发现的、其余有变化的攻击、多打扰的正常登录，然后是其余的；各按到达先后。",
                "Lost attacks come first, then attacks found anew, other attacks, good logins disturbed more, and the rest, each by arrival."
            ),
            None => language.pick("按到达先后。", "By arrival."),
        },
        language.pick("查找", "search"),
        language.pick(
            "账号、信号、日期、结果……",
            "account, signal, date, outcome…"
        ),
    );
    for head in [
        language.pick("<th>时间", "<th>time"),
        language.pick("<th>账号", "<th>account"),
        language.pick("<th>旧", "<th>old"),
        language.pick("<th>新", "<th>new"),
        language.pick("<th class='n'>怀疑度", "<th class='n'>suspicion"),
        language.pick("<th>标注", "<th>label"),
        language.pick("<th>翻转的条件", "<th>what flipped"),
    ] {
        page.push_str(head);
    }
    page.push_str("</tr></thead><tbody>");
    for login in &diff.logins {
        let flips: Vec<String> = login
            .flipped
            .iter()
            .map(|flip| {
                format!(
                    "<b>{}</b> {} → {} <span class='why'>{}</span>",
                    escape(flip.called(language)),
                    state(&flip.old, language),
                    state(&flip.new, language),
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
            act(login.old.words()),
            act(login.new.words()),
            short(login.old_suspicion),
            short(login.new_suspicion),
            match login.attack {
                Some(true) => language.pick("<b class='bad'>攻击</b>", "<b class='bad'>attack</b>"),
                Some(false) => language.pick("正常", "good"),
                None => "",
            },
            flips.join("<br>")
        );
    }
    let _ = write!(
        page,
        "</tbody></table><button id='all' type='button'>{}</button></div>",
        language.pick("全部显示", "show all")
    );
    if diff.logins.len() > PRINTED {
        page.push_str("<p class='dim paper'>");
        say!(
            page,
            language,
            "纸上只印前 {PRINTED} 次。",
            "On paper only the first {PRINTED}."
        );
        page.push_str("</p>");
    }
    if diff.changed > diff.logins.len() as u64 {
        page.push_str("<p class='dim'>");
        say!(
            page,
            language,
            "这里是前 {shown} 次，全部在 changed.csv 里。",
            "These are the first {shown}; all of them are in changed.csv.",
            shown = diff.logins.len()
        );
        page.push_str("</p>");
    }
    page.push_str("</section>");
}

/// What the signals did before and do now: those of which it differs.
fn signals(page: &mut String, old: &[SignalFigures], new: &[SignalFigures], language: Language) {
    let names = old.iter().chain(new).map(|signal| signal.name.as_str());
    let mut seen: Vec<&str> = Vec::new();
    let mut rows = String::new();
    for name in names {
        if seen.contains(&name) {
            continue;
        }
        seen.push(name);
        let of = |all: &'_ [SignalFigures]| {
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
            "<div class='wide'><table><thead><tr>{}</tr></thead><tbody>{rows}</tbody></table></div>",
            language.pick(
                "<th>信号（旧 → 新）<th class='n'>触发<th class='n'>每万次<th class='n'>发出",
                "<th>signal (old → new)<th class='n'>fired<th class='n'>per 10,000<th class='n'>prompts"
            )
        );
    }
}

pub(super) fn sweep(page: &mut String, sweep: &Sweep, language: Language) {
    let names = sweep.parameters.join(" × ");
    let _ = write!(
        page,
        "<section><h2>{}{}</h2>",
        language.pick("换个数会怎样：", "With other numbers: "),
        escape(&names)
    );
    let (per, recall) = (
        language.pick("每万次发出的提醒", "prompts per 10,000"),
        language.pick("召回", "recall"),
    );
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
            .filter_map(|p| Some((p.all.prompts_per_10k?, p.all.recall?, sweep.named(p))))
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
                (0.0, top, per),
                (0.0, 1.0, recall),
                &marks,
                language.pick("代价与召回", "price and recall")
            )
        );
    }
    page.push_str("<div class='wide'><table><thead><tr>");
    for name in &sweep.heads() {
        let _ = write!(page, "<th class='n'>{}", escape(name));
    }
    let besides = sweep.besides();
    let mut heads = vec![
        language.pick("每天发出", "prompts a day"),
        language.pick("每万次", "per 10,000"),
        recall,
        language.pick("准确", "precision"),
    ];
    heads.extend(besides.iter().map(|((zh, en), _)| language.pick(zh, en)));
    heads.push(language.pick("选定段：每万次 / 召回", "chosen on: per 10,000 / recall"));
    heads.push(language.pick("检验段：每万次 / 召回", "judged on: per 10,000 / recall"));
    for head in heads {
        let _ = write!(page, "<th class='n'>{head}");
    }
    page.push_str("</tr></thead><tbody>");
    for (at, point) in sweep.points.iter().enumerate() {
        let class = match sweep.max_prompts_per_10k {
            _ if Some(at) == sweep.best => " class='best'",
            Some(most) if point.chosen_on.prompts_per_10k > Some(most) => " class='over'",
            _ => "",
        };
        let limit = sweep.max_prompts_per_10k.unwrap_or(f64::INFINITY);
        let _ = write!(page, "<tr{class}>");
        for value in &point.values {
            let _ = write!(page, "<td class='n'>{}", shown(*value));
        }
        let _ = write!(
            page,
            "<td class='n'>{}<td class='n'>{}<td class='n'>{}<td class='n'>{}",
            rate(Some(point.prompts_per_day)),
            rate(point.all.prompts_per_10k),
            percent(point.all.recall),
            percent(point.precision),
        );
        for (_, of) in &besides {
            let _ = write!(page, "<td class='n'>{}", rate(Some(of(point))));
        }
        let _ = write!(
            page,
            "<td class='n'>{} / {}<td class='n'>{} / {}</tr>",
            beside(point.chosen_on.prompts_per_10k, limit),
            percent(point.chosen_on.recall),
            beside(point.judged_on.prompts_per_10k, limit),
            percent(point.judged_on.recall)
        );
    }
    page.push_str("</tbody></table></div>");
    let stuck: Vec<&Point> = sweep
        .points
        .iter()
        .filter(|p| !p.never.is_empty())
        .collect();
    if !stuck.is_empty() {
        page.push_str("<ul>");
        for point in stuck {
            let _ = write!(
                page,
                "<li>{}{}{}</li>",
                escape(&sweep.named(point)),
                language.pick("：", ": "),
                escape(&point.never.join(language.pick("；", "; ")))
            );
        }
        page.push_str("</ul>");
    }
    for name in &sweep.idle {
        page.push_str("<p>");
        say!(
            page,
            language,
            "{name}：试过的各个值数字全都一样，它在这里什么也没决定。",
            "{name}: the figures are the same at every value that was tried, it decides nothing here.",
            name = escape(name)
        );
        page.push_str("</p>");
    }
    for name in &sweep.unseen {
        page.push_str("<p>");
        say!(
            page,
            language,
            "{name}：试过的各个值结果全都一样，不同的只是信号触发或提醒冷却的次数。",
            "{name}: at every value that was tried the same is done, only signals fire or alerts are kept quiet more or less often.",
            name = escape(name)
        );
        page.push_str("</p>");
    }
    if let Some(most) = sweep.max_prompts_per_10k {
        page.push_str("<p class='dim'>");
        match sweep.best {
            Some(_) => say!(
                page,
                language,
                "★ 是选定段（前三分之二时间）每万次发出的提醒不超过 {most} 的最佳值：{rule}。",
                "★ is the best with at most {most} prompts per 10,000 in the first two thirds of the time: {rule}. ",
                rule = language.pick(sweep.rule().0, sweep.rule().1)
            ),
            None if sweep.least().is_none() => say!(
                page,
                language,
                "没有一个值能让条件成立，所以没有可选的。",
                "Under no value can the conditions ever hold, so there is none to choose. "
            ),
            None => say!(
                page,
                language,
                "没有一个值能在选定段做到每万次发出的提醒不超过 {most}；最少的是 {least}。",
                "No value keeps to {most} prompts per 10,000 in the first two thirds; the least is {least}. ",
                least = beside(sweep.least(), most)
            ),
        }
        say!(
            page,
            language,
            "灰色的超过 {most}。检验段（后三分之一）没有参与选择。",
            "Grey ones exceed {most}. The last third had no say."
        );
        page.push_str("</p>");
    } else {
        let _ = write!(
            page,
            "<p class='dim'>{}</p>",
            language.pick(
                "选定段是前三分之二时间，检验段是后三分之一；加上 --max-prompts-per-10k N，就在选定段里选出不超过 N 的最佳值。",
                "Chosen on: the first two thirds of the time, judged on: the last third; with --max-prompts-per-10k N the best value within N is chosen on the former."
            )
        );
    }
    page.push_str("</section>");
}
