//! The rules that are asked about logins: what each does, over time, and together with others.

use std::fmt::Write as _;

use super::signals::{drifting, last_cells, matrix, unjudged};
use super::{percent, rate};
use crate::backtest::report::Clock;
use crate::backtest::report::charts::escape;
use crate::backtest::report::pairs::pairs;
use crate::backtest::report::text::{count, did, on, told};
use crate::backtest::tally::{Figures, RuleFigures};
use crate::lang::diagnostics::Language;

pub(super) fn rules(page: &mut String, figures: &Figures, clock: &Clock, language: Language) {
    if figures.guard_rules.is_empty() {
        return;
    }
    let labelled = figures.labels.is_some();
    let mut heads = vec![
        language.pick("做了什么", "what it did"),
        language.pick("成立", "held"),
        language.pick("每万次", "per 10,000"),
        language.pick("决定性", "decisive"),
    ];
    if labelled {
        heads.push(language.pick("召回 / 准确", "recall / precision"));
    }
    heads.push(language.pick("账号 / 地址", "accounts / addresses"));
    heads.push(language.pick("每天 平均 / p95 / 最多", "a day: mean / p95 / most"));
    let _ = write!(
        page,
        "<section><h2>{}</h2><div class='wide'><table class='signals' id='rules'><thead><tr><th>{}",
        language.pick("规则", "Rules"),
        language.pick("规则", "rule"),
    );
    for head in heads {
        let _ = write!(page, "<th class='n'>{head}");
    }
    let _ = write!(
        page,
        "<th>{}<th>{}</tr></thead><tbody>",
        language.pick("随时间", "over time"),
        language.pick("说明", "notes"),
    );
    for rule in &figures.guard_rules {
        let _ = write!(
            page,
            "<tr><th scope='row'>{}<small class='head'>{}</small><td class='n'>{}<td class='n'>{}<small>{}</small><td class='n'>{}<td class='n'>{}",
            escape(&rule.name),
            escape(&rule.head),
            lines(&did(rule, language)),
            count(rule.matched),
            match language {
                Language::Zh => format!("评估 {}", count(rule.evaluated)),
                Language::En => format!("of {}", count(rule.evaluated)),
            },
            rate(rule.per_10k),
            count(rule.decisive),
        );
        if labelled {
            let _ = write!(
                page,
                "<td class='n'>{} / {}<small>{}</small>",
                percent(rule.recall),
                percent(rule.precision),
                match language {
                    Language::Zh =>
                        format!("攻击 {}，正常 {}", told(rule.attacks), told(rule.good)),
                    Language::En => format!(
                        "{} on attacks, {} on good",
                        told(rule.attacks),
                        told(rule.good)
                    ),
                },
            );
        }
        let notes = notes(rule, language);
        last_cells(page, &rule.spread, &notes, clock);
    }
    let _ = write!(
        page,
        "</tbody></table></div><p class='dim'>{}</p>",
        language.pick(
            "每条规则单独算：别的规则对同一次登录做了什么，不影响这里的数。评估：那个时机的次数减去无法判断的。决定性：没有它，对那次登录做的就少一些。on failure 的规则只见到密码不对的，每万次是每万次密码不对；其余与信号同。",
            "Each rule by itself: what others did to the same login makes no difference here. Judged: how often its event came, without what was not evaluable. Decisive: without it less would have been done about the login. Rules on failure see wrong passwords only, their rate is per 10,000 of these; the others' is that of signals."
        ),
    );
    let shown: Vec<usize> = (0..figures.guard_rules.len())
        .filter(|at| !figures.guard_rules[*at].spread.never)
        .collect();
    if shown.len() > 1 {
        let title = language.pick(
            "哪些规则在同一次登录上成立",
            "Which rules hold about the same login",
        );
        let _ = write!(page, "<h3>{title}</h3>");
        matrix(page, &figures.guard_overlap, &shown, language);
    }
    page.push_str("</section>");
}

/// The same of the rules, told by what stands at their heads: lines of a file move.
pub(super) fn changed(
    page: &mut String,
    old: &[RuleFigures],
    new: &[RuleFigures],
    language: Language,
) {
    let mut rows = String::new();
    for (was, is) in pairs(old, new) {
        let of = |rule: Option<&RuleFigures>| {
            rule.map(|rule| {
                [
                    count(rule.matched),
                    rate(rule.per_10k),
                    escape(&did(rule, language).join(language.pick("，", ", "))),
                ]
            })
        };
        let (before, now) = (of(was), of(is));
        let Some(rule) = is.or(was) else { continue };
        if before == now {
            continue;
        }
        let _ = write!(
            rows,
            "<tr><th scope='row'>{}<small class='head'>{}</small>",
            escape(&rule.name),
            escape(&rule.head),
        );
        for at in 0..3 {
            let side = |side: &'_ Option<[String; 3]>| match side {
                Some(cells) => cells[at].clone(),
                None => "–".to_owned(),
            };
            let _ = write!(rows, "<td class='n'>{} → {}", side(&before), side(&now));
        }
        rows.push_str("</tr>");
    }
    if !rows.is_empty() {
        let _ = write!(
            page,
            "<div class='wide'><table><thead><tr>{}</tr></thead><tbody>{rows}</tbody></table></div>",
            language.pick(
                "<th>规则（旧 → 新）<th class='n'>成立<th class='n'>每万次<th class='n'>做了什么",
                "<th>rule (old → new)<th class='n'>held<th class='n'>per 10,000<th class='n'>what it did"
            )
        );
    }
}

/// Each on a line of its own.
fn lines(all: &[String]) -> String {
    let spans = all
        .iter()
        .map(|one| format!("<small>{}</small>", escape(one)));
    spans.collect()
}

fn notes(rule: &RuleFigures, language: Language) -> String {
    let mut notes = vec![on(rule, language).to_owned()];
    let asked = rule.evaluated + rule.not_evaluable;
    notes.extend(unjudged(rule.not_evaluable, asked, &rule.missing, language));
    if rule.spread.never && rule.evaluated > 0 {
        notes.push(language.pick("从未成立", "never held").to_owned());
    }
    if rule.spread.drifts {
        notes.push(drifting(language).to_owned());
    }
    if let Some(other) = &rule.spread.covered_by {
        let other = escape(other);
        notes.push(match language {
            Language::Zh => format!("总与 {other} 同时成立"),
            Language::En => format!("always with {other}"),
        });
    }
    notes.join(language.pick("；", "; "))
}
