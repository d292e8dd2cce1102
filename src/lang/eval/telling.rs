//! How explanations are told: the time zone, and the words of one language.
//!
//! Two tables of words and one walk: what is said about a condition cannot depend on the language it is
//! said in. Replies and prompts are never told through here but in the words of the rules and of
//! [`display`](super::display).

use jiff::tz::TimeZone;

use crate::lang::diagnostics::Language;

use super::render::UNKNOWN;

/// In which zone and language an explanation is told. From a zone alone: in Chinese.
#[derive(Debug, Clone, Copy)]
pub struct Telling<'z> {
    pub(super) zone: &'z TimeZone,
    pub(super) words: &'static Words,
    language: Language,
}

impl<'z> Telling<'z> {
    /// Times stand in `zone`, words are those of `language`.
    pub fn new(zone: &'z TimeZone, language: Language) -> Self {
        let words = match language {
            Language::Zh => &CHINESE,
            Language::En => &ENGLISH,
        };
        Self {
            zone,
            words,
            language,
        }
    }

    /// The language.
    pub fn language(self) -> Language {
        self.language
    }

    /// The text in the language.
    pub fn pick<'t>(self, zh: &'t str, en: &'t str) -> &'t str {
        self.language.pick(zh, en)
    }

    /// A remark in brackets behind a text.
    pub fn bracketed(self, text: &str) -> String {
        match self.language {
            Language::Zh => format!("（{text}）"),
            Language::En => format!(" ({text})"),
        }
    }

    /// The names of missing facts in a row: fields as rules write them, the history in words.
    pub fn missing<S: AsRef<str>>(self, names: impl IntoIterator<Item = S>) -> String {
        let names = names.into_iter().map(|name| match name.as_ref() {
            HISTORY => self.words.history.to_owned(),
            name => name.to_owned(),
        });
        names.collect::<Vec<_>>().join(self.words.and)
    }

    /// With other words, to see where words are used.
    #[cfg(test)]
    pub(super) fn with(zone: &'z TimeZone, words: &'static Words) -> Self {
        Self {
            words,
            ..Self::new(zone, Language::Zh)
        }
    }
}

impl<'z> From<&'z TimeZone> for Telling<'z> {
    fn from(zone: &'z TimeZone) -> Self {
        Self::new(zone, Language::Zh)
    }
}

/// The names of missing facts in a row, as [`Telling::missing`] says them.
pub fn missing_names(names: &[String], language: Language) -> String {
    Telling::new(&TimeZone::UTC, language).missing(names)
}

/// What a value is missing that needs past logins where there are none.
const HISTORY: &str = "history";

/// The words between and behind values. Each is written as it stands, blanks included.
#[derive(Debug)]
pub(super) struct Words {
    /// A value nobody knows.
    pub(super) unknown: &'static str,
    /// The same with what is missing: before and after the names.
    pub(super) missing: [&'static str; 2],
    /// Past logins, where there are none.
    pub(super) history: &'static str,
    pub(super) yes: &'static str,
    pub(super) no: &'static str,
    /// Between the entries of a list.
    pub(super) and: &'static str,
    pub(super) metres: &'static str,
    pub(super) kilometres: &'static str,
    pub(super) kilometres_an_hour: &'static str,
    /// Days, hours, minutes, seconds, milliseconds.
    pub(super) time: [&'static str; 5],
    /// Instead of the value of a part nobody looked at.
    pub(super) not_looked_at: &'static str,
    /// Before and after a number of past logins.
    pub(super) rows: [&'static str; 2],
    /// The latter when that number is as large as can be.
    pub(super) rows_at_limit: &'static str,
    pub(super) succeeded: &'static str,
    pub(super) failed: &'static str,
    /// Before what decided that a condition holds.
    pub(super) holds: &'static str,
    /// Before what decided that a condition does not hold, before its first fact, before the others.
    pub(super) does_not_hold: &'static str,
    pub(super) where_first: &'static str,
    pub(super) where_next: &'static str,
    /// Before the names of what is missing.
    pub(super) not_evaluable: &'static str,
}

/// What replies say too.
pub(super) static CHINESE: Words = Words {
    unknown: UNKNOWN,
    missing: ["未知（缺少 ", "）"],
    history: "过去的登录",
    yes: "是",
    no: "否",
    and: "、",
    metres: " 米",
    kilometres: " 公里",
    kilometres_an_hour: " 公里/小时",
    time: [" 天", " 小时", " 分钟", " 秒", " 毫秒"],
    not_looked_at: "（未看）",
    rows: ["（", " 行）"],
    rows_at_limit: " 行，已达上限）",
    succeeded: " 成功",
    failed: " 失败",
    holds: "成立：",
    does_not_hold: "不成立：",
    where_first: "，其中 ",
    where_next: "，",
    not_evaluable: "无法判断：缺少 ",
};

pub(super) static ENGLISH: Words = Words {
    unknown: "unknown",
    missing: ["unknown (missing: ", ")"],
    history: "past logins",
    yes: "yes",
    no: "no",
    and: ", ",
    metres: " metres",
    kilometres: " km",
    kilometres_an_hour: " km/h",
    // Short, so that there is no plural.
    time: [" d", " h", " min", " s", " ms"],
    not_looked_at: "(not looked at)",
    rows: [" (rows: ", ")"],
    rows_at_limit: ", at the limit)",
    succeeded: " succeeded",
    failed: " failed",
    holds: "holds: ",
    does_not_hold: "does not hold: ",
    where_first: ", where ",
    where_next: ", ",
    not_evaluable: "not evaluable: missing ",
};

/// Asserts that `tell` says the same in both languages but for their words: told in marks and the marks
/// then exchanged for words, it is what it is when told in those words.
#[cfg(test)]
pub(super) fn same_but_for_the_words(tell: impl Fn(Telling<'_>) -> String) {
    let zone = TimeZone::UTC;
    let marked = tell(Telling::with(&zone, &MARKS));
    for (language, words) in [(Language::Zh, &CHINESE), (Language::En, &ENGLISH)] {
        let mut expected = marked.clone();
        for (mark, word) in MARKS.all().into_iter().zip(words.all()) {
            expected = expected.replace(mark, word);
        }
        assert_eq!(tell(Telling::new(&zone, language)), expected);
    }
}

/// Characters no rule and no value has.
#[cfg(test)]
static MARKS: Words = Words {
    unknown: "\u{e000}",
    missing: ["\u{e001}", "\u{e002}"],
    history: "\u{e018}",
    yes: "\u{e003}",
    no: "\u{e004}",
    and: "\u{e005}",
    metres: "\u{e006}",
    kilometres: "\u{e007}",
    kilometres_an_hour: "\u{e008}",
    time: ["\u{e009}", "\u{e00a}", "\u{e00b}", "\u{e00c}", "\u{e00d}"],
    not_looked_at: "\u{e00e}",
    rows: ["\u{e00f}", "\u{e010}"],
    rows_at_limit: "\u{e011}",
    succeeded: "\u{e012}",
    failed: "\u{e013}",
    holds: "\u{e019}",
    does_not_hold: "\u{e014}",
    where_first: "\u{e015}",
    where_next: "\u{e016}",
    not_evaluable: "\u{e017}",
};

#[cfg(test)]
impl Words {
    /// Every word, always in the same order.
    fn all(&self) -> Vec<&'static str> {
        // Taken apart, so that a new word is not forgotten here.
        let Self {
            unknown,
            missing,
            history,
            yes,
            no,
            and,
            metres,
            kilometres,
            kilometres_an_hour,
            time,
            not_looked_at,
            rows,
            rows_at_limit,
            succeeded,
            failed,
            holds,
            does_not_hold,
            where_first,
            where_next,
            not_evaluable,
        } = *self;
        let mut all = vec![
            unknown,
            history,
            yes,
            no,
            and,
            metres,
            kilometres,
            kilometres_an_hour,
        ];
        all.extend(missing.into_iter().chain(time).chain(rows));
        all.extend([not_looked_at, rows_at_limit, succeeded, failed]);
        all.extend([holds, does_not_hold, where_first, where_next, not_evaluable]);
        all
    }
}
