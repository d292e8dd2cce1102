//! The signals: what each does, over time, and together with others.

use std::fmt::Write as _;

use super::{percent, rate};
use crate::backtest::report::Clock;
use crate::backtest::report::charts::{self, escape, short};
use crate::backtest::report::say::say;
use crate::backtest::report::text::{NOTEWORTHY, count, told};
use crate::backtest::tally::{Figures, Missing, Overlap, Period, SignalFigures, Spread};
use crate::lang::diagnostics::Language;

pub(super) fn signals(page: &mut String, figures: &Figures, clock: &Clock, language: Language) {
    let labelled = figures.labels.is_some();
    let signal = language.pick("信号", "Signals");
    let _ = write!(
        page,
        "<section><h2>{signal}</h2><div class='wide'><table class='signals'><thead><tr>"
    );
    let mut heads = vec![
        language.pick("分量", "weight"),
        language.pick("触发", "fired"),
        language.pick("每万次", "per 10,000"),
        language.pick("发出", "prompts"),
        language.pick("决定性", "decisive"),
    ];
    if labelled {
        heads.push(language.pick("攻击", "attacks"));
        heads.push(language.pick("决定性攻击", "decisive attacks"));
    }
    heads.push(language.pick("账号 / 地址", "accounts / addresses"));
    heads.push(language.pick("每天 平均 / p95 / 最多", "a day: mean / p95 / most"));
    let _ = write!(page, "<th>{}", language.pick("信号", "signal"));
    for head in heads {
        let _ = write!(page, "<th class='n'>{head}");
    }
    let _ = write!(
        page,
        "<th>{}<th>{}</tr></thead><tbody>",
        language.pick("随时间", "over time"),
        language.pick("说明", "notes"),
    );
    for signal in &figures.signals {
        let _ = write!(
            page,
            "<tr><th scope='row'>{}<small>{}</small><td class='n'>{}<td class='n'>{}{}<td class='n'>{}<td class='n'>{}<small>{}</small><td class='n'>{}",
            escape(&signal.name),
            escape(&signal.title),
            if signal.shadow {
                language.pick("影子", "shadow").to_owned()
            } else {
                short(signal.weight)
            },
            count(signal.fired),
            judged(signal, language),
            rate(signal.per_10k),
            count(signal.prompts),
            match (signal.cooled_down, language) {
                (0, _) => String::new(),
                (n, Language::Zh) => format!("冷却 {}", count(n)),
                (n, Language::En) => format!("{} quiet", count(n)),
            },
            count(signal.decisive),
        );
        if labelled {
            let _ = write!(
                page,
                "<td class='n'>{}<td class='n'>{}",
                told(signal.fired_attacks),
                told(signal.decisive_attacks)
            );
        }
        let notes = notes(signal, figures.totals.logins, language);
        last_cells(page, &signal.spread, &notes, clock);
    }
    let _ = write!(
        page,
        "</tbody></table></div><p class='dim'>{}{}{}</p></section>",
        language.pick(
            "决定性：没有它就没有那次提醒。触发数是条件成立的减去豁免和学习中的；评估的加上无法判断的就是全部成功登录；每万次是",
            "Decisive: without it there would have been no alert. Fired is what held without the exempt logins and those while learning; judged and not evaluable ones together are all successful logins; rates are "
        ),
        language.pick(figures.per_10k_of.words().0, figures.per_10k_of.words().1),
        language.pick("。", "."),
    );
}

/// The last cells of a row, of a signal or a rule: accounts, days, the line over time, and notes.
pub(super) fn last_cells(page: &mut String, spread: &Spread, notes: &str, clock: &Clock) {
    let _ = write!(
        page,
        "<td class='n'>{} / {}<td class='n'>{} / {} / {}<td>{}<small>{}</small><td class='notes'>{notes}</tr>",
        told(spread.accounts),
        told(spread.addresses),
        short(spread.per_day),
        told(spread.per_day_p95.map(u64::from)),
        told(spread.per_day_max.map(u64::from)),
        charts::spark(&spread.by_day),
        match (&spread.first, &spread.last) {
            (Some(first), Some(last)) => format!("{} – {}", clock.day(first), clock.day(last)),
            _ => String::new(),
        },
    );
}

/// Of how many logins it could be judged, and on how many its condition held.
fn judged(signal: &SignalFigures, language: Language) -> String {
    let (matched, evaluated) = (count(signal.matched), count(signal.evaluated));
    match language {
        Language::Zh => format!("<small>成立 {matched}</small><small>评估 {evaluated}</small>"),
        Language::En => format!("<small>held {matched}</small><small>of {evaluated}</small>"),
    }
}

fn notes(signal: &SignalFigures, logins: u64, language: Language) -> String {
    let unjudged = unjudged(signal.not_evaluable, logins, &signal.missing, language);
    let mut notes = Vec::from_iter(unjudged);
    let mut note = |text: String| notes.push(text);
    if signal.exempt > 0 {
        let (mut text, exempt) = (String::new(), count(signal.exempt));
        say!(text, language, "豁免 {exempt}", "{exempt} exempt");
        note(text);
    }
    if signal.learning > 0 {
        let (mut text, learning) = (String::new(), count(signal.learning));
        say!(
            text,
            language,
            "学习中 {learning}",
            "{learning} while learning"
        );
        note(text);
    }
    if signal.spread.never && signal.not_evaluable < logins {
        note(language.pick("从未触发", "never fired").to_owned());
    }
    if signal.spread.drifts {
        note(drifting(language).to_owned());
    }
    if let Some(other) = &signal.spread.covered_by {
        let other = escape(other);
        let mut text = String::new();
        say!(
            text,
            language,
            "总与 {other} 同时触发",
            "always with {other}"
        );
        note(text);
    }
    notes.join(language.pick("；", "; "))
}

/// How much of what it was asked about could not be judged, where that is worth a note.
pub(super) fn unjudged(
    not_evaluable: u64,
    of: u64,
    missing: &[Missing],
    language: Language,
) -> Option<String> {
    if not_evaluable * NOTEWORTHY <= of {
        return None;
    }
    let share = percent(Some(not_evaluable as f64 / of.max(1) as f64));
    let fields = missing.iter().take(3);
    let fields: Vec<String> = fields.map(|missing| escape(&missing.field)).collect();
    let fields = fields.join(language.pick("、", ", "));
    Some(match language {
        Language::Zh => format!("{share} 无法判断：缺 {fields}"),
        Language::En => format!("{share} not evaluable: no {fields}"),
    })
}

/// Of what drifts.
pub(super) fn drifting(language: Language) -> &'static str {
    language.pick(
        "<b class='bad'>漂移</b>：后一段是前一段的三倍以上",
        "<b class='bad'>drifts</b>: more than threefold later",
    )
}

pub(super) fn transfer(page: &mut String, figures: &Figures, clock: &Clock, language: Language) {
    let _ = write!(
        page,
        "<section><h2>{}</h2><div class='wide'><table class='periods'><thead><tr><th>",
        language.pick("换一段时间还成立吗", "Does it hold in another period"),
    );
    for period in &figures.periods {
        let _ = write!(
            page,
            "<th class='n'><span class='whole'>{} –</span> <span class='whole'>{}</span>",
            clock.day(&period.from),
            clock.day(&period.to)
        );
    }
    page.push_str("<th></tr></thead><tbody>");
    let mut row = |name: &str, cells: Vec<String>, note: &str| {
        let _ = write!(page, "<tr><th scope='row'>{name}");
        for cell in cells {
            let _ = write!(page, "<td class='n'>{cell}");
        }
        let _ = write!(page, "<td>{note}</tr>");
    };
    let each = |shown: fn(&Period) -> String| figures.periods.iter().map(shown).collect();
    let mut plain = |zh: &str, en: &str, shown: fn(&Period) -> String| {
        row(language.pick(zh, en), each(shown), "");
    };
    plain("成功登录", "logins", |period| count(period.logins));
    plain("密码不对", "wrong passwords", |period| {
        count(period.failures)
    });
    plain("会提醒", "alerts", |period| count(period.flagged));
    plain("发出", "prompts", |period| count(period.prompts));
    plain("每天发出", "prompts a day", |period| {
        rate(period.prompts_per_day)
    });
    plain("冷却", "kept quiet", |period| count(period.cooled_down));
    plain("图形验证", "captchas", |period| count(period.captchas));
    plain("拒绝", "refusals", |period| count(period.refusals));
    plain("锁定", "locks", |period| count(period.locked));
    if figures.labels.is_some() {
        plain("攻击", "attacks", |period| told(period.attacks));
        plain("误报", "false alarms", |period| {
            told(period.false_positives)
        });
        plain("召回", "recall", |period| percent(period.recall));
        plain("准确", "precision", |period| percent(period.precision));
    }
    let (zh, en) = figures.per_10k_of.words();
    let head = format!("<span class='dim'>{}</span>", language.pick(zh, en));
    row(&head, vec![String::new(); figures.periods.len()], "");
    row(
        language.pick("会提醒", "alerts"),
        each(|period| rate(period.flagged_per_10k)),
        "",
    );
    row(
        language.pick("发出的提醒", "prompts"),
        each(|period| rate(period.prompts_per_10k)),
        "",
    );
    for signal in figures.signals.iter().filter(|signal| !signal.spread.never) {
        let drifts = match signal.spread.drifts {
            true => language.pick("<b class='bad'>漂移</b>", "<b class='bad'>drifts</b>"),
            false => "",
        };
        let rates = signal.spread.by_period.iter().map(|period| rate(*period));
        row(&escape(&signal.name), rates.collect(), drifts);
    }
    if figures.guard_rules.iter().any(|rule| !rule.spread.never) {
        let words = language.pick(
            "规则：on login 同上；on attempt、on failure 每万次尝试、密码不对",
            "rules: on login as above; on attempt and on failure per 10,000 attempts, wrong passwords",
        );
        let head = format!("<span class='dim'>{words}</span>");
        row(&head, vec![String::new(); figures.periods.len()], "");
    }
    for rule in figures.guard_rules.iter().filter(|rule| !rule.spread.never) {
        let drifts = match rule.spread.drifts {
            true => language.pick("<b class='bad'>漂移</b>", "<b class='bad'>drifts</b>"),
            false => "",
        };
        let rates = rule.spread.by_period.iter().map(|period| rate(*period));
        row(&escape(&rule.name), rates.collect(), drifts);
    }
    page.push_str("</tbody></table></div></section>");
}

pub(super) fn overlap(page: &mut String, figures: &Figures, language: Language) {
    let shown: Vec<usize> = (0..figures.signals.len())
        .filter(|at| !figures.signals[*at].spread.never)
        .collect();
    if shown.len() < 2 {
        return;
    }
    let title = language.pick("哪些信号一起触发", "Which signals fire together");
    let _ = write!(page, "<section><h2>{title}</h2>");
    matrix(page, &figures.overlap, &shown, language);
    let _ = write!(
        page,
        "<p class='dim'>{}</p></section>",
        language.pick(
            "一行的信号触发时，一列的信号也触发的比例。",
            "When the signal of a row fires, so often the one of the column does too."
        )
    );
}

/// Of some of them, how often those of the columns come with the one of the row.
pub(super) fn matrix(page: &mut String, overlap: &Overlap, shown: &[usize], language: Language) {
    page.push_str("<div class='wide'><table class='matrix'><thead><tr><th>");
    for at in shown {
        let name = escape(&overlap.signals[*at]);
        let _ = write!(page, "<th class='turn'><span>{name}</span>");
    }
    page.push_str("</tr></thead><tbody>");
    for row in shown {
        let own = overlap.together[*row][*row].max(1);
        let _ = write!(
            page,
            "<tr><th scope='row'>{}",
            escape(&overlap.signals[*row])
        );
        for column in shown {
            let both = overlap.together[*row][*column];
            let share = both as f64 / own as f64;
            let _ = write!(page, "<td style='--s:{share:.2}' title='");
            say!(
                page,
                language,
                "{own} 次中的 {both}",
                "{both} of {own}",
                own = count(own),
                both = count(both),
            );
            page.push_str("'>");
            if both > 0 {
                let _ = write!(page, "{:.0}%", share * 100.0);
            }
        }
        page.push_str("</tr>");
    }
    page.push_str("</tbody></table></div>");
}
