//! The report on a terminal: what one wants to know first, on one screen.

mod closing;
mod diff;
mod input;
mod limits;
mod periods;
mod rules;
mod sweep;

pub(super) use closing::of_accounts;
pub(super) use input::{gone, in_days, order_and_kind, re_encoded, stopped};
pub(super) use limits::{beside, share_beside};
pub(super) use rules::{did, on};

use unicode_width::UnicodeWidthStr;

use super::say::{agree, say, things};
use super::{Clock, Report};
use crate::backtest::tally::{Basis, Figures, LabelFigures, Missing, SignalFigures, Totals};
use crate::lang::diagnostics::Language;
use crate::lang::eval::sanitise;

/// Most signals listed one by one; those that fire most.
const MAX_SIGNALS: usize = 18;
/// What concerns fewer than one login in so many is not worth a note.
pub(in crate::backtest::report) const NOTEWORTHY: u64 = 1_000;
/// Characters shown of a text others wrote.
const MAX_TEXT: usize = 64;

/// The summary.
pub fn text(report: &Report, language: Language) -> String {
    let mut page = Page {
        out: String::new(),
        language,
        clock: Clock::named(&report.run.zone),
    };
    page.input(report);
    page.totals(report);
    page.signals(&report.figures);
    page.rules(&report.figures);
    page.labels(&report.figures);
    page.load(&report.figures);
    page.diff(report);
    page.sweep(report);
    page.recorded(report);
    page.gates(report);
    page.out
}

struct Page {
    out: String,
    language: Language,
    clock: Clock,
}

/// A number with separators.
pub(super) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A text others wrote, as a terminal may show it.
pub(super) fn plain(text: &str) -> String {
    sanitise(text, MAX_TEXT, false)
}

/// A number that may be unknown.
pub(super) fn told(n: Option<u64>) -> String {
    n.map_or_else(|| "–".to_owned(), count)
}

fn rate(n: Option<f64>) -> String {
    match n {
        None => "–".to_owned(),
        Some(n) if n >= 100.0 => format!("{n:.0}"),
        Some(n) if n >= 10.0 => format!("{n:.1}"),
        Some(n) => format!("{n:.2}"),
    }
}

fn percent(n: Option<f64>) -> String {
    n.map_or_else(|| "–".to_owned(), |n| format!("{:.1}%", n * 100.0))
}

fn pad(text: &str, width: usize, right: bool) -> String {
    let blank = " ".repeat(width.saturating_sub(text.width()));
    match right {
        true => format!("{blank}{text}"),
        false => format!("{text}{blank}"),
    }
}

fn clip(text: &str, width: usize) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if out.width() + c.to_string().width() > width {
            break;
        }
        out.push(c);
    }
    out
}

/// What became of the alerts nobody was asked about.
pub(super) fn not_asked(totals: &Totals, language: Language) -> String {
    let parts = [
        ("冷却", "kept quiet", totals.cooled_down),
        ("超过每日上限", "past the daily cap", totals.capped),
        ("名字不是账号", "on no account", totals.flagged_no_account),
        (
            "账号已锁定或登录被拒绝",
            "on locked accounts or refused logins",
            totals.flagged_refused,
        ),
    ];
    let some = parts.into_iter().enumerate();
    let told = some.filter(|(at, (.., n))| *at == 0 || *n > 0);
    let told = told.map(|(_, (zh, en, n))| match (language, count(n)) {
        (Language::Zh, n) => format!("{zh} {n}"),
        (Language::En, n) => format!("{n} {en}"),
    });
    let told: Vec<String> = told.collect();
    told.join(language.pick("，", ", "))
}

/// That logins nobody labelled are in no rate, where they are any.
pub(super) fn unlabelled(figures: &Figures, language: Language) -> Option<String> {
    let rest = figures.totals.unlabelled_logins.filter(|n| *n > 0)?;
    if figures.per_10k_of != Basis::GoodLogins {
        return None;
    }
    let (good, rest) = (count(figures.totals.per_10k_base), count(rest));
    Some(match language {
        Language::Zh => format!(
            "标注为正常的 {good} 次，没有标注的 {rest} 次：每万次的数只算前者（--assume-good 把后者也按正常计）"
        ),
        Language::En => format!(
            "{good} are labelled as good, {rest} are not labelled: rates are of the former (--assume-good takes the latter for good too)"
        ),
    })
}

/// About which attacks rules do anything, not only alert.
pub(super) fn acted_on(labels: &LabelFigures, language: Language) -> String {
    let met = &labels.acted_on;
    let (logins, incidents) = (&labels.logins, count(labels.incidents));
    let (attacks, of) = (
        count(met.attacks),
        count(logins.true_positives + logins.false_negatives),
    );
    let (recall, good, rate) = (
        percent(met.recall),
        told(met.good_logins),
        percent(met.false_positive_rate),
    );
    let (found, failed) = (count(met.incidents), count(met.failed_attempts));
    let failed_met = count(met.failed_attempts_acted_on);
    match language {
        Language::Zh => format!(
            "连图形验证、拒绝、锁定也算：攻击 {attacks}/{of}（{recall}），正常登录 {good}（{rate}），事件 {found}/{incidents}；密码不对的攻击 {failed_met}/{failed}"
        ),
        Language::En => {
            let good = things(&good, "good login");
            format!(
                "with captchas, refusals and locks: {attacks} of {of} attacks ({recall}), {good} ({rate}), {found} of {incidents} incidents; {failed_met} of {failed} attacks with a wrong password"
            )
        }
    }
}

impl Page {
    fn totals(&mut self, report: &Report) {
        let totals = &report.figures.totals;
        let (logins, failures) = (count(totals.logins), count(totals.failures));
        say!(
            self.out,
            self.language,
            "\n成功登录 {logins}，失败 {failures}\n",
            "\n{right}, {wrong}\n",
            right = things(&logins, "successful login"),
            wrong = things(&failures, "failure"),
        );
        if let Some(line) = unlabelled(&report.figures, self.language) {
            self.out.push_str(&line);
            self.out.push('\n');
        }
        let (flagged, per) = (count(totals.flagged), rate(totals.flagged_per_10k));
        let prompts = count(totals.prompts);
        let quiet = not_asked(totals, self.language);
        let load = &report.figures.load;
        let (mean, p95, max) = (
            rate(Some(load.prompts_per_day)),
            told(load.prompts_per_day_p95.map(u64::from)),
            told(load.prompts_per_day_max.map(u64::from)),
        );
        let of = report.figures.per_10k_of.words();
        let of = self.language.pick(of.0, of.1);
        say!(
            self.out,
            self.language,
            "会提醒 {flagged} 次（{of} {per}），冷却后发出 {prompts} 条（{quiet}）；每天平均 {mean}，p95 {p95}，最多 {max}\n",
            "{alerts} ({per} {of}), {sent} after cool-down ({quiet}); a day: mean {mean}, p95 {p95}, max {max}\n",
            alerts = things(&flagged, "alert"),
            sent = things(&prompts, "prompt"),
        );
        let captchas = totals.captchas;
        let denied = totals.refusals;
        if captchas + denied + totals.locked > 0 {
            let (captchas, denied, locked) = (count(captchas), count(denied), count(totals.locked));
            say!(
                self.out,
                self.language,
                "图形验证 {captchas}，拒绝 {denied}，锁定 {locked}{zh}\n",
                "{asked}, {refused}, {locks}{en}\n",
                zh = of_accounts(totals, Language::Zh),
                en = of_accounts(totals, Language::En),
                asked = things(&captchas, "captcha"),
                refused = things(&denied, "refusal"),
                locks = things(&locked, "lock"),
            );
        }
    }

    fn signals(&mut self, figures: &Figures) {
        if figures.signals.is_empty() {
            return;
        }
        let labelled = figures.labels.is_some();
        let head = match (self.language, labelled) {
            (Language::Zh, true) => {
                "\n信号                     触发   每万次   发出   决定性   攻击   账号  说明"
            }
            (Language::Zh, false) => {
                "\n信号                     触发   每万次   发出   决定性   账号  说明"
            }
            (Language::En, true) => {
                "\nsignal                  fired  per 10k prompts  decisive attacks accounts notes"
            }
            (Language::En, false) => {
                "\nsignal                  fired  per 10k prompts  decisive accounts notes"
            }
        };
        self.out.push_str(head);
        self.out.push('\n');
        let mut order: Vec<&SignalFigures> = figures.signals.iter().collect();
        order.sort_by_key(|signal| std::cmp::Reverse(signal.fired));
        for signal in order.iter().take(MAX_SIGNALS) {
            let mut line = pad(&clip(&signal.name, 20), 20, false);
            line.push_str(&pad(&count(signal.fired), 9, true));
            line.push_str(&pad(&rate(signal.per_10k), 9, true));
            line.push_str(&pad(&count(signal.prompts), 8, true));
            line.push_str(&pad(&count(signal.decisive), 9, true));
            if labelled {
                line.push_str(&pad(&told(signal.fired_attacks), 7, true));
            }
            let accounts = signal.spread.accounts.map_or_else(|| "–".to_owned(), count);
            line.push_str(&pad(&accounts, 8, true));
            let notes = self.notes(signal, figures.totals.logins);
            if !notes.is_empty() {
                line.push_str("  ");
                line.push_str(&notes);
            }
            self.out.push_str(&line);
            self.out.push('\n');
        }
        if order.len() > MAX_SIGNALS {
            let more = order.len() - MAX_SIGNALS;
            say!(
                self.out,
                self.language,
                "… 还有 {more} 个，见报告\n",
                "… {more} more in the report\n"
            );
        }
    }

    fn notes(&self, signal: &SignalFigures, logins: u64) -> String {
        let mut notes = Vec::new();
        if signal.shadow {
            notes.push(self.language.pick("影子", "shadow").to_owned());
        }
        match self.unjudged(signal.not_evaluable, logins, &signal.missing) {
            Some(unjudged) => notes.push(unjudged),
            None if signal.spread.never => {
                notes.push(self.language.pick("从未触发", "never fired").to_owned());
            }
            None => {}
        }
        notes.extend(self.over_time(signal.spread.drifts, signal.spread.covered_by.as_deref()));
        notes.join(self.language.pick("，", ", "))
    }

    /// How much of what it was asked about could not be judged, where that is worth a note.
    fn unjudged(&self, not_evaluable: u64, of: u64, missing: &[Missing]) -> Option<String> {
        if not_evaluable * NOTEWORTHY <= of {
            return None;
        }
        let share = percent(Some(not_evaluable as f64 / of.max(1) as f64));
        let field = missing.first().map_or("", |missing| missing.field.as_str());
        Some(match self.language {
            Language::Zh => format!("{share} 无法判断（缺 {field}）"),
            Language::En => format!("{share} not evaluable ({field})"),
        })
    }

    /// That it drifts, and what it never comes without.
    fn over_time(&self, drifts: bool, covered_by: Option<&str>) -> Vec<String> {
        let mut notes = Vec::new();
        if drifts {
            let words = self
                .language
                .pick("漂移：后期多三倍以上", "drifts: later more than threefold");
            notes.push(words.to_owned());
        }
        if let Some(other) = covered_by {
            notes.push(match self.language {
                Language::Zh => format!("总与 {other} 同时"),
                Language::En => format!("always with {other}"),
            });
        }
        notes
    }

    fn labels(&mut self, figures: &Figures) {
        let Some(labels) = &figures.labels else {
            say!(
                self.out,
                self.language,
                "\n没有标注：不知道哪些是攻击，因此没有误报率和召回率\n",
                "\nno labels: what was an attack is not known, so there is no false-positive rate and no recall\n"
            );
            return;
        };
        let (logins, label) = (&labels.logins, plain(&labels.label));
        let within = |interval: &Option<crate::backtest::tally::Interval>| {
            interval.map_or_else(String::new, |interval| {
                format!(" [{:.1}–{:.1}]", interval.from * 100.0, interval.to * 100.0)
            })
        };
        let (recall, precision) = (
            percent(logins.recall) + &within(&logins.recall_interval),
            percent(logins.precision) + &within(&logins.precision_interval),
        );
        let (tp, fp, missed) = (
            count(logins.true_positives),
            told(logins.false_positives),
            count(logins.false_negatives),
        );
        say!(
            self.out,
            self.language,
            "\n对照 {label}，按会提醒的算：召回 {recall}，准确 {precision}；命中 {tp}，误报 {fp}，漏报 {missed}\n",
            "\nagainst {label}, by alerts: recall {recall}, precision {precision}; {tp} true, {fp} false, {missed} missed\n"
        );
        let line = acted_on(labels, self.language);
        self.out.push_str(&format!("{line}\n"));
        let (caught, incidents) = (count(labels.incidents_caught), count(labels.incidents));
        let delay = rate(labels.delay_minutes_p50);
        let curve = &labels.curve;
        let (one, tenth) = (
            percent(curve.recall_at_fpr_1_percent),
            percent(curve.recall_at_fpr_0_1_percent),
        );
        let auc = curve
            .auc
            .map_or_else(|| "–".to_owned(), |auc| format!("{auc:.3}"));
        say!(
            self.out,
            self.language,
            "事件 {incidents} 起，发出提醒 {caught} 起，首次提醒延迟中位 {delay} 分钟；怀疑度作评分：误报率 1% 时召回 {one}，0.1% 时 {tenth}，AUC {auc}\n",
            "{caught} of {incidents} incidents prompted, median delay {delay} minutes; suspicion as a score: recall {one} at FPR 1%, {tenth} at 0.1%, AUC {auc}\n"
        );
        if labels.attacks_no_account > 0 {
            let n = count(labels.attacks_no_account);
            say!(
                self.out,
                self.language,
                "{n} 次攻击用的名字不是账号：没有人可以提醒，不算事件\n",
                "{attacks} {are} under names that are no account: nobody can be prompted, so there is no incident\n",
                attacks = things(&n, "attack"),
                are = agree(&n, "is", "are"),
            );
        }
        if labels.unlabelled_taken_for_good {
            say!(
                self.out,
                self.language,
                "没有标注的登录按正常计：误报数是上限\n",
                "unlabelled logins are taken for good: false alarms are an upper bound\n"
            );
        } else if logins.flagged_unlabelled > 0 {
            let more = count(logins.flagged_unlabelled);
            say!(
                self.out,
                self.language,
                "另有 {more} 次会提醒的登录没有标注，不知对错，不计在内（--assume-good 按正常计）\n",
                "{logins} with an alert {are} not labelled, nobody knows which way: not counted (--assume-good takes them for good)\n",
                logins = things(&more, "more login"),
                are = agree(&more, "is", "are"),
            );
        }
    }

    fn load(&mut self, figures: &Figures) {
        let load = &figures.load;
        let bands: Vec<String> = load
            .by_history
            .iter()
            .map(|band| format!("{}: {}", band.name, rate(band.per_10k)))
            .collect();
        let bands = bands.join("  ");
        let (accounts, p95, max, twice) = (
            count(load.accounts_prompted),
            load.per_account_p95,
            load.per_account_max,
            count(load.accounts_twice_a_week),
        );
        let too = match figures.labels {
            Some(_) => self
                .language
                .pick("（不论标注）", " (whatever their labels)"),
            None => "",
        };
        say!(
            self.out,
            self.language,
            "每万次登录{too}发出的提醒，按此前登录次数  {bands}\n",
            "prompts per 10,000 logins{too} by earlier logins  {bands}\n"
        );
        let new = rate(load.new_accounts.per_10k);
        say!(
            self.out,
            self.language,
            "收到提醒的账号 {accounts}（每个 p95 {p95}，最多 {max} 条），一周两次以上 {twice}；新账号每万次 {new}\n",
            "{prompted} prompted (each p95 {p95}, max {max}), {twice} twice within a week; new accounts {new} per 10,000\n",
            prompted = things(&accounts, "account"),
        );
        self.periods(figures);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!(count(0), "0");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(rate(Some(3.456)), "3.46");
        assert_eq!(rate(None), "–");
        assert_eq!(pad("异地", 6, false), "异地  ");
        assert_eq!(clip("陌生设备登录", 7), "陌生设");
    }
}
