//! What other constants would do, a line each.

use super::{Page, Report, beside, pad, percent, rate};

/// Most points of a sweep.
const MAX_POINTS: usize = 12;

impl Page {
    pub(super) fn sweep(&mut self, report: &Report) {
        let Some(sweep) = &report.sweep else { return };
        let names = sweep.parameters.join(" × ");
        self.say(
            format!(
                "\n{names}       每天提醒  每万次  召回   选定段 每万次/召回   检验段 每万次/召回"
            ),
            format!("\n{names}       prompts/day  per 10k  recall   chosen on      judged on"),
        );
        let step = sweep.points.len().div_ceil(MAX_POINTS);
        for (at, point) in sweep.points.iter().enumerate() {
            if at % step != 0 && Some(at) != sweep.best {
                continue;
            }
            let values: Vec<String> = point.values.iter().map(f64::to_string).collect();
            let mark = match sweep.max_prompts_per_10k {
                _ if Some(at) == sweep.best => "*",
                Some(most) if point.chosen_on.prompts_per_10k > Some(most) => ">",
                _ => " ",
            };
            let limit = sweep.max_prompts_per_10k.unwrap_or(f64::INFINITY);
            self.out.push_str(&format!(
                "{mark}{}{}{}{}   {} / {}   {} / {}\n",
                pad(&values.join(" × "), 14, false),
                pad(&rate(Some(point.prompts_per_day)), 9, true),
                pad(&rate(point.all.prompts_per_10k), 9, true),
                pad(&percent(point.all.recall), 9, true),
                beside(point.chosen_on.prompts_per_10k, limit),
                percent(point.chosen_on.recall),
                beside(point.judged_on.prompts_per_10k, limit),
                percent(point.judged_on.recall),
            ));
        }
        if let Some(most) = sweep.max_prompts_per_10k {
            match sweep.best {
                Some(_) => {
                    let (zh, en) = sweep.rule();
                    self.say(
                        format!("* 选定段（前三分之二时间）每万次提醒不超过 {most} 的最佳值：{zh}；> 超过 {most}；检验段没有参与选择"),
                        format!("* the best with at most {most} prompts per 10,000 in the first two thirds: {en}; > over {most}; the last third had no say"),
                    );
                }
                None => {
                    let rates = sweep
                        .points
                        .iter()
                        .filter_map(|point| point.chosen_on.prompts_per_10k);
                    let least = rates.min_by(f64::total_cmp);
                    let least = beside(least, most);
                    self.say(
                        format!("没有一个值能在选定段做到每万次提醒不超过 {most}；最少的是 {least}"),
                        format!("no value keeps to {most} prompts per 10,000 in the first two thirds; the least is {least}"),
                    );
                }
            }
        }
    }
}
