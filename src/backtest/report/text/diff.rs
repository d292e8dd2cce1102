//! What other rules would have done: counts, and the first of the logins that changed.

use super::rules::{did, on};
use super::{Page, Report, count, plain, told};
use crate::backtest::report::pairs::pairs;
use crate::backtest::report::say::{agree, say, things};
use crate::backtest::tally::RuleFigures;
use crate::lang::diagnostics::Language;

/// Most changed logins.
const MAX_CHANGED: usize = 5;
/// Most rules of which it is told what they do now.
const MAX_RULES: usize = 5;

impl Page {
    pub(super) fn diff(&mut self, report: &Report) {
        let (Some(diff), Some(against)) = (&report.diff, &report.against) else {
            return;
        };
        let net = format!("{:+.2}", diff.net_prompts_per_day);
        let changed = count(diff.changed);
        let other = &against.name;
        say!(
            self.out,
            self.language,
            "\n与 {other} 相比：{changed} 次登录的结果不同，每天发出的提醒 {net}\n",
            "\nagainst {other}: {logins} {end} differently, {net} prompts a day\n",
            logins = things(&changed, "login"),
            end = agree(&changed, "ends", "end"),
        );
        let language = self.language;
        let act = |(zh, en): (&'static str, &'static str)| language.pick(zh, en);
        for kind in &diff.kinds {
            let (old, new) = (act(kind.old.words()), act(kind.new.words()));
            let n = count(kind.count);
            self.out.push_str(&format!("  {old} → {new}  {n}\n"));
        }
        if let (Some(gained), Some(lost)) = (diff.attacks_gained, diff.attacks_lost) {
            let (disturbed, relieved) = (told(diff.good_disturbed), told(diff.good_relieved));
            say!(
                self.out,
                self.language,
                "  攻击：多发现 {gained}，少发现 {lost}；正常登录：多打扰 {disturbed}，少打扰 {relieved}\n",
                "  attacks: {gained} more found, {lost} fewer; good logins: {disturbed} disturbed more, {relieved} less\n"
            );
        }
        self.changed_rules(report);
        for login in diff.logins.iter().take(MAX_CHANGED) {
            let (old, new) = (act(login.old.words()), act(login.new.words()));
            let flips = login.flipped.iter();
            let why: Vec<&str> = flips.map(|flip| flip.called(language)).collect();
            let attack = match login.attack {
                Some(true) => language.pick(" 攻击", " attack"),
                _ => "",
            };
            self.out.push_str(&format!(
                "  #{} {} {}{attack}  {old} → {new}  {}\n",
                login.number,
                self.clock.minute(&login.time),
                plain(&login.account),
                why.join(", ")
            ));
            // Where no signal flipped, numbers of the rules did.
            if let [only] = login.flipped.as_slice()
                && only.is_of_a_rule()
            {
                self.out.push_str(&format!("      {}\n", only.why));
            }
        }
        if diff.logins.len() > MAX_CHANGED {
            say!(
                self.out,
                self.language,
                "  … 每一次及翻转的条件见 --report、--format json 或 --changed-csv\n",
                "  … each one and the condition that flipped: --report, --format json or --changed-csv\n"
            );
        }
    }

    /// The rules that hold about more logins or fewer, or do something else.
    fn changed_rules(&mut self, report: &Report) {
        let Some(old) = &report.old_figures else {
            return;
        };
        let language = self.language;
        let said =
            |rule: Option<&RuleFigures>| rule.map(|rule| (rule.matched, did(rule, language)));
        let pairs = pairs(&old.guard_rules, &report.figures.guard_rules).into_iter();
        let changed = pairs.filter(|(was, is)| said(*was) != said(*is));
        for (was, is) in changed.take(MAX_RULES) {
            let Some(rule) = is.or(was) else { continue };
            let side = |side: Option<&RuleFigures>| match side {
                None => language.pick("没有", "none").to_owned(),
                Some(rule) => {
                    let did = did(rule, language).join(language.pick("，", ", "));
                    let (from, to) = match language {
                        Language::Zh => ("（", "）"),
                        Language::En => (" (", ")"),
                    };
                    match did.is_empty() {
                        true => count(rule.matched),
                        false => format!("{}{from}{did}{to}", count(rule.matched)),
                    }
                }
            };
            let (name, event) = (plain(&rule.name), on(rule, language));
            let (was, is) = (side(was), side(is));
            say!(
                self.out,
                language,
                "  规则 {name}（{event}）成立 {was} → {is}\n",
                "  rule {name} ({event}) held {was} → {is}\n"
            );
        }
    }
}
