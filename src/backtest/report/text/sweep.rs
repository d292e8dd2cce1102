//! What other constants would do, a line each.

use unicode_width::UnicodeWidthStr;

use super::{Page, Report, beside, pad, percent, rate};
use crate::backtest::report::say::{say, things};
use crate::backtest::sweep::{Point, Sweep, shown};

/// Most points of a sweep.
const MAX_POINTS: usize = 12;
/// Most combinations of which it is told what never holds.
const MAX_STUCK: usize = 4;

impl Page {
    pub(super) fn sweep(&mut self, report: &Report) {
        let Some(sweep) = &report.sweep else { return };
        let names = sweep.heads().join(" × ");
        // As wide as the longest of them, and one for the mark.
        let told = |point: &Point| -> String {
            let values: Vec<String> = point.values.iter().copied().map(shown).collect();
            values.join(" × ")
        };
        let longest = sweep.points.iter().map(|point| told(point).width()).max();
        let wide = names.width().max(longest.unwrap_or(0) + 1).max(14);
        let mut head = vec![
            pad(&names, wide + 1, false),
            pad(self.language.pick("每天发出", "a day"), 9, true),
            pad(self.language.pick("每万次", "per 10k"), 9, true),
            pad(self.language.pick("召回", "recall"), 9, true),
        ];
        // What else the values decide: without it lines that differ would look the same.
        let besides = sweep.besides();
        for (name, _) in &besides {
            let name = self.language.pick(name.0, name.1);
            head.push(pad(name, 10, true));
        }
        let head = head.concat();
        say!(
            self.out,
            self.language,
            "\n{head}   选定段 每万次/召回   检验段 每万次/召回\n",
            "\n{head}   chosen on   judged on (prompts per 10k / recall)\n"
        );
        let step = sweep.points.len().div_ceil(MAX_POINTS).max(1);
        let mut left_out = 0;
        for (at, point) in sweep.points.iter().enumerate() {
            if at % step != 0 && Some(at) != sweep.best {
                left_out += 1;
                continue;
            }
            let mark = match sweep.max_prompts_per_10k {
                _ if Some(at) == sweep.best => "*",
                _ if !point.never.is_empty() => "!",
                Some(most) if point.chosen_on.prompts_per_10k > Some(most) => ">",
                _ => " ",
            };
            let limit = sweep.max_prompts_per_10k.unwrap_or(f64::INFINITY);
            let more = besides.iter();
            let more: String = more
                .map(|(_, of)| pad(&rate(Some(of(point))), 10, true))
                .collect();
            self.out.push_str(&format!(
                "{mark}{}{}{}{}{more}   {} / {}   {} / {}\n",
                pad(&told(point), wide, false),
                pad(&rate(Some(point.prompts_per_day)), 9, true),
                pad(&rate(point.all.prompts_per_10k), 9, true),
                pad(&percent(point.all.recall), 9, true),
                beside(point.chosen_on.prompts_per_10k, limit),
                percent(point.chosen_on.recall),
                beside(point.judged_on.prompts_per_10k, limit),
                percent(point.judged_on.recall),
            ));
        }
        if left_out > 0 {
            let all = sweep.points.len();
            say!(
                self.out,
                self.language,
                "… {all} 个组合里略去了 {left_out} 个，全部见 --report 或 --format json\n",
                "… {left_out} of {all} combinations are left out here: --report or --format json has all\n"
            );
        }
        self.never(sweep);
        if sweep.max_prompts_per_10k.is_none() {
            say!(
                self.out,
                self.language,
                "选定段是前三分之二时间，检验段是后三分之一；加上 --max-prompts-per-10k N，就在选定段里选出不超过 N 的最佳值\n",
                "chosen on: the first two thirds of the time, judged on: the last third; with --max-prompts-per-10k N the best value within N is chosen on the former\n"
            );
        }
        if let Some(most) = sweep.max_prompts_per_10k {
            match sweep.best {
                Some(_) => {
                    let (zh, en) = sweep.rule();
                    say!(
                        self.out,
                        self.language,
                        "* 选定段（前三分之二时间）每万次发出的提醒不超过 {most} 的最佳值：{zh}；> 超过 {most}；检验段没有参与选择\n",
                        "* the best with at most {most} prompts per 10,000 in the first two thirds: {en}; > over {most}; the last third had no say\n"
                    );
                }
                None if sweep.least().is_none() => say!(
                    self.out,
                    self.language,
                    "没有一个值能让条件成立，所以没有可选的\n",
                    "under no value can the conditions ever hold, so there is none to choose\n"
                ),
                None => {
                    let least = beside(sweep.least(), most);
                    say!(
                        self.out,
                        self.language,
                        "没有一个值能在选定段做到每万次发出的提醒不超过 {most}；最少的是 {least}\n",
                        "no value keeps to {most} prompts per 10,000 in the first two thirds; the least is {least}\n"
                    );
                }
            }
        }
    }
    /// Values that lead nowhere, and constants that decide nothing.
    fn never(&mut self, sweep: &Sweep) {
        let stuck: Vec<&Point> = sweep
            .points
            .iter()
            .filter(|point| !point.never.is_empty())
            .collect();
        for point in stuck.iter().take(MAX_STUCK) {
            let values = sweep.named(point);
            let why = point.never.join(self.language.pick("；", "; "));
            self.out.push_str(&format!(
                "! {values}{}{why}\n",
                self.language.pick("：", ": ")
            ));
        }
        if stuck.len() > MAX_STUCK {
            let more = stuck.len() - MAX_STUCK;
            say!(
                self.out,
                self.language,
                "! … 还有 {more} 个组合也这样\n",
                "! … {combinations} likewise\n",
                combinations = things(&more.to_string(), "more combination"),
            );
        }
        for name in &sweep.idle {
            say!(
                self.out,
                self.language,
                "{name}：试过的各个值数字全都一样，它在这里什么也没决定\n",
                "{name}: the figures are the same at every value that was tried, it decides nothing here\n"
            );
        }
        for name in &sweep.unseen {
            say!(
                self.out,
                self.language,
                "{name}：试过的各个值结果全都一样，不同的只是信号触发或提醒冷却的次数\n",
                "{name}: at every value that was tried the same is done, only signals fire or alerts are kept quiet more or less often\n"
            );
        }
    }
}
