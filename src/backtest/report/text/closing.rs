//! The last lines: what the live server recorded, and whether what was required holds.

use super::{Page, Report, count};
use crate::backtest::report::say::{say, things};
use crate::backtest::tally::Totals;
use crate::lang::diagnostics::Language;

impl Page {
    /// The shadow signals of the rule set that decided last, as the live server recorded them.
    pub(super) fn recorded(&mut self, report: &Report) {
        let Some(newest) = report.recorded.iter().flatten().next() else {
            return;
        };
        let shadows = newest.signals.iter().filter(|signal| signal.shadow);
        let told: Vec<String> = shadows
            .map(|signal| {
                let unknown = match (signal.not_evaluable, self.language) {
                    (0, _) => String::new(),
                    (n, Language::Zh) => format!("（{} 次无法判断）", count(n)),
                    (n, Language::En) => format!(" ({} not evaluable)", count(n)),
                };
                format!("{} {}{unknown}", signal.name, count(signal.fired))
            })
            .collect();
        let (generation, decisions) = (newest.generation, count(newest.decisions));
        let since = self.clock.day(&newest.first);
        let none = self.language.pick("没有影子信号", "no shadow signal");
        let told = match told.is_empty() {
            true => none.to_owned(),
            false => told.join(self.language.pick("，", ", ")),
        };
        say!(
            self.out,
            self.language,
            "线上记录（第 {generation} 版规则，{since} 起 {decisions} 次判定）影子信号触发：{told}\n",
            "recorded live (generation {generation}, {number} since {since}), shadow signals fired: {told}\n",
            number = things(&decisions, "decision"),
        );
    }

    pub(super) fn gates(&mut self, report: &Report) {
        for gate in &report.gates {
            // What holds of a part need not hold of the whole: the exit code says so too.
            let word = match (gate.holds(), !gate.whole) {
                (true, false) => self.language.pick("通过", "passed"),
                (true, true) => self
                    .language
                    .pick("到停下为止通过", "passed as far as it went"),
                (false, _) => self.language.pick("未通过", "FAILED"),
            };
            let (is, wanted) = (gate.shown(), gate.wanted);
            let (name, (zh, en)) = (&gate.name, gate.bound());
            say!(
                self.out,
                self.language,
                "--{name}  {word}：{is}，要求{zh} {wanted}\n",
                "--{name}  {word}: {is}, wanted {en} {wanted}\n"
            );
        }
    }
}

/// How many accounts were locked, where any was.
pub(in crate::backtest::report) fn of_accounts(totals: &Totals, language: Language) -> String {
    let accounts = count(totals.locked_accounts);
    match (totals.locked, language) {
        (0, _) => String::new(),
        (_, Language::Zh) => format!("（{accounts} 个账号）"),
        (_, Language::En) => format!(" of {}", things(&accounts, "account")),
    }
}
