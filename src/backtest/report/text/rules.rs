//! The rules that are asked about logins, a line each.

use unicode_width::UnicodeWidthStr;

use super::{Page, clip, count, pad, percent, rate, told};
use crate::backtest::report::say::{say, things};
use crate::backtest::tally::{Figures, RuleFigures};
use crate::lang::diagnostics::Language;

/// Most rules listed one by one; those that hold most.
const MAX_RULES: usize = 8;
/// Columns for a rule's place.
const PLACE: usize = 20;

/// The event of a rule, in words.
pub(in crate::backtest::report) fn on(rule: &RuleFigures, language: Language) -> &'static str {
    let (zh, en) = match rule.on {
        "attempt" => ("每次尝试", "attempt"),
        "failure" => ("密码不对", "failure"),
        _ => ("密码对了", "login"),
    };
    language.pick(zh, en)
}

/// What a rule did to logins, in words; what it never did but could is told as 0.
pub(in crate::backtest::report) fn did(rule: &RuleFigures, language: Language) -> Vec<String> {
    let mut told = Vec::new();
    for what in &rule.does {
        let (zh, en, n) = match *what {
            "captcha" => ("图形验证", "captcha", rule.captchas),
            "refuse" => ("拒绝", "refusal", rule.refused),
            "lock" => ("锁定", "lock", rule.locked),
            "alert" => ("发出", "prompt", rule.prompts),
            "log_off" => {
                told.push(language.pick("强制下线", "logs off").to_owned());
                continue;
            }
            _ => continue,
        };
        told.push(match language {
            Language::Zh => format!("{zh} {}", count(n)),
            Language::En => things(&count(n), en),
        });
        let more = match *what {
            "captcha" => ("已通过", "solved", rule.captchas_solved),
            "alert" => (
                "没有发出",
                "without a prompt",
                rule.alerts.saturating_sub(rule.prompts),
            ),
            _ => continue,
        };
        if more.2 > 0 {
            told.push(match language {
                Language::Zh => format!("{} {}", more.0, count(more.2)),
                Language::En => format!("{} {}", count(more.2), more.1),
            });
        }
    }
    told
}

/// The end of a text: of a path, the file and the line.
fn end(text: &str, width: usize) -> String {
    let mut from = text.char_indices().map(|(at, _)| at);
    let fits = from.find(|at| text[*at..].width() <= width);
    text[fits.unwrap_or(0)..].to_owned()
}

impl Page {
    pub(super) fn rules(&mut self, figures: &Figures) {
        if figures.guard_rules.is_empty() {
            return;
        }
        let labelled = figures.labels.is_some();
        let mut heads = vec![
            (PLACE, self.language.pick("规则", "rule"), false),
            (9, self.language.pick(" 时机", " on"), false),
            (8, self.language.pick("成立", "held"), true),
            (9, self.language.pick("每万次", "per 10k"), true),
            (9, self.language.pick("决定性", "decisive"), true),
        ];
        if labelled {
            heads.push((8, self.language.pick("召回", "recall"), true));
            heads.push((8, self.language.pick("准确", "precise"), true));
        }
        heads.push((9, self.language.pick("账号", "accounts"), true));
        heads.push((8, self.language.pick("地址", "ips"), true));
        self.out.push('\n');
        for (width, head, right) in heads {
            self.out.push_str(&pad(head, width, right));
        }
        let what = self.language.pick("  做了什么", "  what it did");
        self.out.push_str(what);
        self.out.push('\n');
        let mut order: Vec<&RuleFigures> = figures.guard_rules.iter().collect();
        order.sort_by_key(|rule| std::cmp::Reverse(rule.matched));
        for rule in order.iter().take(MAX_RULES) {
            let mut line = pad(&end(&rule.name, PLACE), PLACE, false);
            let event = format!(" {}", on(rule, self.language));
            line.push_str(&pad(&clip(&event, 9), 9, false));
            line.push_str(&pad(&count(rule.matched), 8, true));
            line.push_str(&pad(&rate(rule.per_10k), 9, true));
            line.push_str(&pad(&count(rule.decisive), 9, true));
            if labelled {
                line.push_str(&pad(&percent(rule.recall), 8, true));
                line.push_str(&pad(&percent(rule.precision), 8, true));
            }
            line.push_str(&pad(&told(rule.spread.accounts), 9, true));
            line.push_str(&pad(&told(rule.spread.addresses), 8, true));
            let mut notes = did(rule, self.language);
            notes.extend(self.rule_notes(rule));
            line.push_str("  ");
            line.push_str(&notes.join(self.language.pick("，", ", ")));
            self.out.push_str(line.trim_end());
            self.out.push('\n');
        }
        if order.len() > MAX_RULES {
            let more = order.len() - MAX_RULES;
            say!(
                self.out,
                self.language,
                "… 还有 {more} 条，见报告\n",
                "… {more} more in the report\n"
            );
        }
    }

    fn rule_notes(&self, rule: &RuleFigures) -> Vec<String> {
        let mut notes = Vec::new();
        let asked = rule.evaluated + rule.not_evaluable;
        match self.unjudged(rule.not_evaluable, asked, &rule.missing) {
            Some(unjudged) => notes.push(unjudged),
            None if rule.spread.never => {
                notes.push(self.language.pick("从未成立", "never held").to_owned());
            }
            None => {}
        }
        notes.extend(self.over_time(rule.spread.drifts, rule.spread.covered_by.as_deref()));
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_path_the_end_is_shown() {
        assert_eq!(end("guard.rules:12", 20), "guard.rules:12");
        assert_eq!(end("一个很长的文件夹/守护.rules:7", 14), "/守护.rules:7");
        assert_eq!(end("", 5), "");
    }
}
