//! How right the rules are, by the labels: counts, incidents, curves.

use std::fmt::Write as _;

use super::{percent, rate};
use crate::backtest::report::charts::{self, Line, escape};
use crate::backtest::report::say::{agree, say, things};
use crate::backtest::report::text::{acted_on, count, told};
use crate::backtest::tally::{Figures, LabelFigures};
use crate::lang::diagnostics::Language;

pub(super) fn labels(
    page: &mut String,
    labels: &LabelFigures,
    old: Option<&Figures>,
    language: Language,
) {
    let logins = &labels.logins;
    page.push_str("<section><h2>");
    say!(
        page,
        language,
        "对照标注 {label}",
        "Against the label {label}",
        label = escape(&labels.label)
    );
    page.push_str("</h2><p>");
    say!(
        page,
        language,
        "按会提醒的算：命中 {tp} · 误报 {fp} · 漏报 {missed} · 误报率 {rate}",
        "by alerts: {tp} true · {fp} false · {missed} missed · false-positive rate {rate}",
        tp = count(logins.true_positives),
        fp = told(logins.false_positives),
        missed = count(logins.false_negatives),
        rate = logins
            .false_positive_rate
            .map_or_else(|| "–".to_owned(), |n| format!("{:.3}%", n * 100.0)),
    );
    match (labels.unlabelled_taken_for_good, logins.flagged_unlabelled) {
        (true, _) => page.push_str(language.pick(
            "（没有标注的按正常计：误报是上限）",
            " (unlabelled logins are taken for good: false alarms are an upper bound)",
        )),
        (false, 0) => {}
        (false, more) => say!(
            page,
            language,
            "（另有 {more} 次会提醒的没有标注，不计在内）",
            " ({more} more with an alert are not labelled: not counted)",
            more = count(more)
        ),
    }
    let _ = write!(page, "</p><p>{}</p><p>", acted_on(labels, language));
    say!(
        page,
        language,
        "事件（同一账号密码正确的攻击登录，间隔不超过 {gap:.0} 小时算一起）：发出提醒 {caught} / {all}，首次提醒的延迟中位 {p50} 分钟，p95 {p95} 分钟",
        "incidents (attacks on one account that had the right password, no more than {gap:.0} hours apart): {caught} of {all} prompted; delay of the first prompt: median {p50} minutes, p95 {p95}",
        gap = labels.incident_gap_hours,
        caught = count(labels.incidents_caught),
        all = count(labels.incidents),
        p50 = rate(labels.delay_minutes_p50),
        p95 = rate(labels.delay_minutes_p95),
    );
    if labels.attacks_no_account > 0 {
        say!(
            page,
            language,
            "；另有 {more} 次攻击用的名字不是账号，不算事件",
            "; {attacks} {are} under names that are no account: no incidents",
            more = count(labels.attacks_no_account),
            attacks = things(&more, "attack"),
            are = agree(&more, "is", "are"),
        );
    }
    page.push_str("</p><p>");
    say!(
        page,
        language,
        "怀疑度作为评分：AUC {auc}，误报率 1% 时召回 {one}，0.1% 时 {tenth}",
        "suspicion as a score: AUC {auc}, recall {one} at a false-positive rate of 1%, {tenth} at 0.1%",
        auc = labels
            .curve
            .auc
            .map_or_else(|| "–".to_owned(), |n| format!("{n:.3}")),
        one = percent(labels.curve.recall_at_fpr_1_percent),
        tenth = percent(labels.curve.recall_at_fpr_0_1_percent),
    );
    page.push_str("</p>");
    let before = old.and_then(|old| old.labels.as_ref());
    let roc = |labels: &LabelFigures| -> Vec<(f64, f64)> {
        std::iter::once((0.0, 0.0))
            .chain(
                labels
                    .curve
                    .points
                    .iter()
                    .map(|p| (p.false_positive_rate, p.recall)),
            )
            .collect()
    };
    let pr = |labels: &LabelFigures| -> Vec<(f64, f64)> {
        labels
            .curve
            .points
            .iter()
            .map(|p| (p.recall, p.precision))
            .collect()
    };
    let lines = |get: &dyn Fn(&LabelFigures) -> Vec<(f64, f64)>| -> Vec<Line<'static>> {
        let mut lines: Vec<Line<'static>> = before
            .map(|labels| Line {
                points: get(labels),
                class: "old",
            })
            .into_iter()
            .collect();
        lines.push(Line {
            points: get(labels),
            class: "",
        });
        lines
    };
    let marks =
        |x: &dyn Fn(&crate::backtest::tally::CurvePoint) -> (f64, f64)| -> Vec<(f64, f64, String)> {
            labels
                .curve
                .points
                .iter()
                .map(|point| {
                    let (px, py) = x(point);
                    (
                        px,
                        py,
                        format!(
                            "{} ≥ {}",
                            language.pick("怀疑度", "suspicion"),
                            point.suspicion
                        ),
                    )
                })
                .collect()
        };
    let (precision, recall) = (
        language.pick("准确", "precision"),
        language.pick("召回", "recall"),
    );
    let both = language.pick("准确与召回", "precision and recall");
    let _ = write!(
        page,
        "<div class='pair'><figure>{}<figcaption>ROC</figcaption></figure><figure>{}<figcaption>{both}</figcaption></figure></div>",
        charts::plane(
            &lines(&roc),
            (0.0, 1.0, language.pick("误报率", "false-positive rate")),
            (0.0, 1.0, recall),
            &marks(&|p| (p.false_positive_rate, p.recall)),
            "ROC",
        ),
        charts::plane(
            &lines(&pr),
            (0.0, 1.0, recall),
            (0.0, 1.0, precision),
            &marks(&|p| (p.recall, p.precision)),
            both,
        ),
    );
    if before.is_some() {
        let _ = write!(
            page,
            "<p class='dim'>{}</p>",
            language.pick("虚线是旧规则。", "Dashed: the old rules.")
        );
    }
    page.push_str("</section>");
}
