//! How right the rules are, by the labels: counts, incidents, curves.

use std::fmt::Write as _;

use super::{percent, rate};
use crate::backtest::report::charts::{self, Line, escape};
use crate::backtest::report::text::{count, told};
use crate::backtest::tally::{Figures, LabelFigures};

pub(super) fn labels(page: &mut String, labels: &LabelFigures, old: Option<&Figures>) {
    let logins = &labels.logins;
    let _ = write!(
        page,
        "<section><h2>对照标注 {}</h2><p>命中 {} · 误报 {} · 漏报 {} · 误报率 {}{}</p><p>事件（同一账号密码正确的攻击登录，间隔不超过 {:.0} 小时算一起）：发现 {} / {}，首次提醒的延迟中位 {} 分钟，p95 {} 分钟</p><p>怀疑度作为评分：AUC {}，误报率 1% 时召回 {}，0.1% 时 {}</p>",
        escape(&labels.label),
        count(logins.true_positives),
        told(logins.known_false_positives()),
        count(logins.false_negatives),
        logins
            .false_positive_rate
            .map_or_else(|| "–".to_owned(), |n| format!("{:.3}%", n * 100.0)),
        match (labels.unlabelled_taken_for_good, logins.flagged_unlabelled) {
            (true, _) => "（没有标注的按正常计：误报是上限）".to_owned(),
            (false, 0) => String::new(),
            (false, more) => format!("（另有 {} 次会提醒的没有标注，不计在内）", count(more)),
        },
        labels.incident_gap_hours,
        count(labels.incidents_caught),
        count(labels.incidents),
        rate(labels.delay_minutes_p50),
        rate(labels.delay_minutes_p95),
        labels
            .curve
            .auc
            .map_or_else(|| "–".to_owned(), |n| format!("{n:.3}")),
        percent(labels.curve.recall_at_fpr_1_percent),
        percent(labels.curve.recall_at_fpr_0_1_percent),
    );
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
                    (px, py, format!("怀疑度 ≥ {}", point.suspicion))
                })
                .collect()
        };
    let _ = write!(
        page,
        "<div class='pair'><figure>{}<figcaption>ROC</figcaption></figure><figure>{}<figcaption>准确与召回</figcaption></figure></div>{}</section>",
        charts::plane(
            &lines(&roc),
            (0.0, 1.0, "误报率"),
            (0.0, 1.0, "召回"),
            &marks(&|p| (p.false_positive_rate, p.recall)),
            "ROC",
        ),
        charts::plane(
            &lines(&pr),
            (0.0, 1.0, "召回"),
            (0.0, 1.0, "准确"),
            &marks(&|p| (p.recall, p.precision)),
            "准确与召回",
        ),
        if before.is_some() {
            "<p class='dim'>虚线是旧规则。</p>"
        } else {
            ""
        },
    );
}
