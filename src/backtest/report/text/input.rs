//! What was read, and the rules that were asked.

use super::{Page, Report, count, percent, plain};
use crate::backtest::input::Encoding;
use crate::backtest::report::say::{agree, say, things};
use crate::backtest::report::{Clock, InputView, PartView, ReasonView};
use crate::lang::diagnostics::Language;

/// How far a run came that was stopped, a sentence each.
pub(in crate::backtest::report) fn stopped(part: &PartView, language: Language) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(place) = &part.read_to {
        lines.push(match language {
            Language::Zh => format!("提前停止：读到 {place} 行为止，后面的没有读"),
            Language::En => format!("stopped early: read up to {place}, nothing behind it"),
        });
    }
    if part.attempts < part.of_attempts {
        let (n, all) = (count(part.attempts), count(part.of_attempts));
        let (names, of_names) = (count(part.names), count(part.of_names));
        let (days, of_days) = (part.days, part.of_days);
        lines.push(match language {
            Language::Zh => format!(
                "提前停止：要统计的 {all} 次登录尝试里判断了 {n} 次，涉及 {of_names} 个名字里的 {names} 个；以下只是这一部分，每天的数按 {days:.1} 天算（共 {of_days:.1} 天，判断了一半的一天算半天）"
            ),
            Language::En => format!(
                "stopped early: {n} of the {all} attempts that count were judged, of {names} of {of_names} names; all figures are of these, those a day over {days:.1} of {of_days:.1} days (a day of which half was judged counts half)"
            ),
        });
    }
    match part.sweep {
        Some(0.0) => lines.push(
            language
                .pick(
                    "提前停止：别的数（--sweep）一次也没有试",
                    "stopped early: no other value (--sweep) was tried",
                )
                .to_owned(),
        ),
        Some(share) if share < 1.0 => {
            let share = percent(Some(share));
            lines.push(match language {
                Language::Zh => format!("提前停止：别的数（--sweep）只试了 {share} 的登录"),
                Language::En => {
                    format!(
                        "stopped early: other values (--sweep) were tried on {share} of the logins"
                    )
                }
            });
        }
        _ => {}
    }
    lines
}

/// A number of days, parts of one included: `45`, `29.6`.
pub(in crate::backtest::report) fn in_days(days: f64) -> String {
    let told = format!("{days:.1}");
    told.strip_suffix(".0").unwrap_or(&told).to_owned()
}

/// Which files were not UTF-8, and what they were taken for.
pub(in crate::backtest::report) fn re_encoded(
    report: &Report,
    language: Language,
) -> Option<String> {
    let files = report.input.files.iter();
    let names: Vec<&str> = files
        .filter(|file| file.encoding != Encoding::Utf8.name())
        .map(|file| file.name.as_str())
        .collect();
    let names = match names.as_slice() {
        [] => return None,
        names => plain(&names.join(language.pick("、", ", "))),
    };
    Some(match language {
        Language::Zh => format!(
            "{names} 不是 UTF-8，按 GBK 读的；中文显示不对的话，先转换：iconv -f 原来的编码 -t UTF-8"
        ),
        Language::En => format!(
            "{names}: not UTF-8, read as GBK; where that looks wrong, convert first: iconv -f ENCODING -t UTF-8"
        ),
    })
}

/// That rows without an order have logins of one moment, and that a server was told of logins: where they are any.
pub(in crate::backtest::report) fn order_and_kind(
    input: &InputView,
    language: Language,
) -> Vec<String> {
    let mut lines = Vec::new();
    if input.out_of_order > 0 && input.same_moment > 0 {
        let n = count(input.same_moment);
        let are = agree(&n, "is", "are");
        lines.push(match language {
            Language::Zh => format!(
                "{n} 次与同一个名字的另一次在同一时刻：谁先谁后按行的次序，行重新排过，数就可能不同"
            ),
            Language::En => format!(
                "{n} {are} at the very moment of another of the same name: they stand in the order of rows, and with other orders figures may differ"
            ),
        });
    }
    if input.reported > 0 {
        let n = count(input.reported);
        let were = agree(&n, "was", "were");
        lines.push(match language {
            Language::Zh => format!(
                "{n} 次是别处登录后报告的（按还留着的决定）：图形验证、拒绝只是给对方的建议，做没做这里不知道"
            ),
            Language::En => format!(
                "{n} {were} made elsewhere and reported, as far as decisions are kept: captchas and refusals are advice to whoever asked, and whether it was taken is not known here"
            ),
        });
    }
    if input.captchas_shown > 0 || input.attempts_refused > 0 {
        let (shown, solved) = (count(input.captchas_shown), count(input.captchas_solved));
        let refused = count(input.attempts_refused);
        lines.push(match language {
            Language::Zh => format!(
                "服务器（POST /v1/login 和 POST /v1/attempts）还要过 {shown} 次图形验证（解出来后登录的有 {solved} 次），有 {refused} 次没看密码就拒绝了（按还留着的决定）：停在那里的尝试不是登录，不在下面的数里"
            ),
            Language::En => format!(
                "besides, the server (POST /v1/login and POST /v1/attempts) asked for {asked} ({came} with one solved) and refused {turned} before the password was looked at, as far as decisions are kept: attempts that ended there are no logins and in no figure below",
                asked = things(&shown, "captcha"),
                came = things(&solved, "login"),
                turned = things(&refused, "attempt"),
            ),
        });
    }
    lines
}

/// What a server's history has no more, where anything is gone, and what became of labels of their own files.
pub(in crate::backtest::report) fn gone(
    input: &InputView,
    clock: &Clock,
    language: Language,
) -> Vec<String> {
    let mut lines = Vec::new();
    let (since, before) = (count(input.gone), count(input.gone_before));
    let parts: Vec<String> = match language {
        Language::Zh => [
            (input.gone, format!("之后报告的有 {since} 次")),
            (input.gone_before, format!("之前报告的有 {before} 次")),
        ],
        Language::En => [
            (
                input.gone,
                format!(
                    "{since} that {} reported after the first of these",
                    agree(&since, "was", "were")
                ),
            ),
            (
                input.gone_before,
                format!(
                    "{before} that {} reported before it",
                    agree(&before, "was", "were")
                ),
            ),
        ],
    }
    .into_iter()
    .filter(|(n, _)| *n > 0)
    .map(|(_, part)| part)
    .collect();
    if !parts.is_empty() {
        lines.push(match language {
            Language::Zh => format!(
                "已不在库里的登录：比这里最先报告的一次，{}（不是账号的名字过了 keep_unknown、其余过了 keep，或者已被抹去；是什么时候的登录已不知道）：按地址、机器数的条件看不到它们，失败数也会偏少",
                parts.join("，")
            ),
            Language::En => format!(
                "logins no longer in the store: {} (names that are no account go after keep_unknown, others after keep, or somebody was erased; of when they were is not known): what counts over addresses or machines does not see them, and failures may be too few",
                parts.join(", ")
            ),
        });
    }
    if let Some(joined) = &input.joined {
        let (rows, none) = (count(joined.rows), count(joined.of_no_login));
        let bad = count(joined.unusable);
        lines.push(match language {
            Language::Zh => format!(
                "--labels：{rows} 行标注，{none} 行对不上任何一次登录（编号、账号加时间都没有），{bad} 行不能用"
            ),
            Language::En => format!(
                "--labels: {} of labels, {none} of no login here (neither by identifier nor by account and time), {bad} not usable",
                things(&rows, "row")
            ),
        });
        for reason in &joined.reasons {
            lines.push(format!(
                "--labels{}{}",
                language.pick("：", ": "),
                found(reason, language)
            ));
        }
    }
    if input.decisions_gone > 0 {
        let n = count(input.decisions_gone);
        let from = input.decided_from.as_deref().map(|from| clock.day(from));
        lines.push(match (language, from) {
            (Language::Zh, Some(day)) => format!(
                "{n} 次登录的决定已不在库里（决定留 180 天，现有的从 {day} 起）：多少次是别处报告的、登录之前的图形验证和拒绝、线上记录，都只从那天算起"
            ),
            (Language::Zh, None) => format!(
                "{n} 次登录的决定已不在库里（决定留 180 天，现在一条也没有）：多少次是别处报告的、登录之前的图形验证和拒绝、线上记录，都不知道"
            ),
            (Language::En, Some(day)) => format!(
                "the decisions of {} are no longer in the store (they are kept 180 days; those that are left begin on {day}): how many were reported, captchas and refusals before a login, and what was recorded live are told from that day on",
                things(&n, "login")
            ),
            (Language::En, None) => format!(
                "the decisions of {} are no longer in the store (they are kept 180 days, and none is left): how many were reported, captchas and refusals before a login, and what was recorded live are not known",
                things(&n, "login")
            ),
        });
    }
    lines
}

/// How often something could not be used, why, and where the first were.
fn found(reason: &ReasonView, language: Language) -> String {
    let places = match reason.samples.is_empty() {
        true => String::new(),
        false => {
            let places = reason.samples.join(language.pick("，", ", "));
            format!("{}{places}", language.pick("：", ": "))
        }
    };
    format!("{} × {}{places}", count(reason.count), reason.reason)
}

impl Page {
    pub(super) fn input(&mut self, report: &Report) {
        let input = &report.input;
        let (logins, accounts) = (count(input.logins), count(input.accounts));
        let (first, last) = (self.clock.day(&input.first), self.clock.day(&input.last));
        let zone = &report.run.zone;
        let totals = &report.figures.totals;
        let (warm, days) = (count(totals.warm_up_logins), in_days(totals.span_days));
        say!(
            self.out,
            self.language,
            "输入  {logins} 次登录尝试，{accounts} 个账号，{first} 至 {last}（{zone}）；前 {warm} 次只作历史，统计 {days} 天\n",
            "input  {attempts}, {of}, {first} to {last} ({zone}); {counted} counted, {warm} before that as mere history\n",
            attempts = things(&logins, "attempt"),
            of = things(&accounts, "account"),
            counted = things(&days, "day"),
        );
        if let Some(line) = re_encoded(report, self.language) {
            self.out.push_str(&format!("      {line}\n"));
        }
        for reason in &input.reasons {
            let found = found(reason, self.language);
            self.out.push_str(&format!("      {found}\n"));
        }
        if input.out_of_order > 0 {
            let n = count(input.out_of_order);
            say!(
                self.out,
                self.language,
                "      {n} 行不按时间顺序，已排好（--as-arrived 保留原来的到达顺序）\n",
                "      {rows} {were} out of order: all are sorted (--as-arrived keeps the order of arrival)\n",
                rows = things(&n, "row"),
                were = agree(&n, "was", "were"),
            );
        }
        if input.late > 0 {
            let n = count(input.late);
            say!(
                self.out,
                self.language,
                "      {n} 次迟了十分钟以上才报告（例如补录的）：照样判断，只有 on attempt 的规则动作{hint}\n",
                "      {n} {were} reported more than ten minutes late (a past that was filled in, say): judged, but only rules on attempt act{hint}\n",
                hint = match input.of_store() {
                    true => self.language.pick(
                        "；--by-time 当作及时报告的",
                        "; --by-time takes them as reported in time"
                    ),
                    false => "",
                },
                were = agree(&n, "was", "were"),
            );
        }
        for line in order_and_kind(&report.input, self.language) {
            self.out.push_str(&format!("      {line}\n"));
        }
        for line in gone(input, &self.clock, self.language) {
            self.out.push_str(&format!("      {line}\n"));
        }
        if input.logins_no_account > 0 && input.accounts > 0 {
            let (names, n) = (count(input.other_names), count(input.logins_no_account));
            say!(
                self.out,
                self.language,
                "      其中 {n} 次登录的名字当时不是账号（{names} 个名字从来不是）：照样判断，没有人可以提醒\n",
                "      {n} of them {are} of names that were no account then ({of} never {is}): judged, but nobody can be prompted\n",
                are = agree(&n, "is", "are"),
                of = things(&names, "name"),
                is = agree(&names, "is", "are"),
            );
        }
        if input.accounts == 0 {
            say!(
                self.out,
                self.language,
                "      登录的名字没有一个是账号：没有人可以提醒\n",
                "      none of the names is an account: nobody can be prompted\n"
            );
        }
        for lack in &input.lacks {
            self.out.push_str(&format!("      {}\n", lack.said));
        }
        if let Some((zh, en)) = report.nothing_counts() {
            let line = self.language.pick(zh, en);
            self.out.push_str(&format!("      {line}\n"));
        }
        if let Some(part) = &report.run.part {
            for line in stopped(part, self.language) {
                self.out.push_str(&format!("      {line}\n"));
            }
        }
        let hash = report.rules.short();
        let (zh, en) = match hash {
            Some(hash) => (format!("（{hash}）"), format!(" ({hash})")),
            None => (String::new(), String::new()),
        };
        let speed = count(report.run.logins_per_second as u64);
        let (name, signals) = (&report.rules.name, report.rules.signals);
        say!(
            self.out,
            self.language,
            "规则  {name}{zh}，{signals} 个信号；每秒 {speed} 次\n",
            "rules  {name}{en}, {number}; {speed} a second\n",
            number = things(&signals.to_string(), "signal"),
        );
    }
}
