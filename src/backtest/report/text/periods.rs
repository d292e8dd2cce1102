//! The same figures over consecutive periods, a line each.

use super::{Page, count, pad, percent, rate};
use crate::backtest::tally::Figures;

impl Page {
    pub(super) fn periods(&mut self, figures: &Figures) {
        let pick = |zh, en| self.language.pick(zh, en);
        let labelled = figures.labels.is_some();
        let mut heads = vec![
            pick("成功登录", "logins"),
            pick("会提醒/万", "alerts/10k"),
            pick("发出/万", "prompts/10k"),
            pick("发出/天", "prompts/day"),
            pick("验证", "captchas"),
            pick("拒绝", "refusals"),
            pick("锁定", "locks"),
        ];
        if labelled {
            heads.push(pick("召回", "recall"));
            heads.push(pick("准确", "precision"));
        }
        let mut out = pad(pick("三段时间", "period"), 23, false);
        let width = |head: &str| unicode_width::UnicodeWidthStr::width(head).max(8) + 1;
        for head in &heads {
            out.push_str(&pad(head, width(head), true));
        }
        out.push('\n');
        for period in &figures.periods {
            let (from, to) = (self.clock.day(&period.from), self.clock.day(&period.to));
            out.push_str(&pad(&format!("{from} – {to}"), 23, false));
            let mut cells = vec![
                count(period.logins),
                rate(period.flagged_per_10k),
                rate(period.prompts_per_10k),
                rate(period.prompts_per_day),
                count(period.captchas),
                count(period.refusals),
                count(period.locked),
            ];
            if labelled {
                cells.push(percent(period.recall));
                cells.push(percent(period.precision));
            }
            for (cell, head) in cells.iter().zip(&heads) {
                out.push_str(&pad(cell, width(head), true));
            }
            out.push('\n');
        }
        self.out.push_str(&out);
    }
}
