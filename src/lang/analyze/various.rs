//! Messages of a matcher that differ as much as they may: what another matcher takes of them tells whether it
//! takes all.

use crate::lang::program::{Extractor, Matcher, Pattern, PatternPart, Program};

use super::takes::{all_of_list, of_extractor};
use super::typical::all_of_regex;

/// Most messages of one matcher.
const MAX: usize = 48;
/// What may stand round a part of a message.
const AROUND: [(&str, &str); 4] = [("", ""), ("请问", ""), ("", "在吗"), ("好 ", " 1 谢谢")];

/// Messages it takes, and some it may not.
pub(super) fn samples(program: &Program, matcher: &Matcher) -> Vec<String> {
    let mut texts = match matcher {
        Matcher::Always => Vec::new(),
        Matcher::Pattern(pattern) => of_pattern(program, pattern),
        Matcher::Containing(text) => around(std::slice::from_ref(text)),
        Matcher::Starting(text) => AROUND
            .iter()
            .map(|(before, after)| format!("{text}{before}{after}"))
            .collect(),
        Matcher::InList(list) => all_of_list(program, *list).take(MAX).collect(),
        Matcher::With(captures) => {
            let mut texts = vec![String::new()];
            for capture in captures {
                let values = of(program, &capture.extractor);
                texts = combined(&texts, " ", &values, MAX);
            }
            if captures.len() > 1 {
                let back = captures
                    .iter()
                    .rev()
                    .map(|capture| of_extractor(program, &capture.extractor));
                let back: Option<Vec<String>> = back.collect();
                texts.extend(back.map(|parts| parts.join("，")));
            }
            around(&texts)
        }
        Matcher::Matching(source) => around(&all_of_regex(source)),
    };
    texts.truncate(MAX);
    texts
}

fn of_pattern(program: &Program, pattern: &Pattern) -> Vec<String> {
    let mut texts = vec![String::new()];
    for part in &pattern.parts {
        let values = match part {
            PatternPart::Literal(text) => vec![text.clone()],
            PatternPart::Capture(capture) => of(program, &capture.extractor),
        };
        texts = combined(&texts, "", &values, MAX);
    }
    texts
}

/// Each of `texts` with each of `values` behind it, the first `most` of them.
pub(super) fn combined(
    texts: &[String],
    between: &str,
    values: &[String],
    most: usize,
) -> Vec<String> {
    let each = texts.iter().flat_map(|text| {
        values.iter().map(move |value| match text.is_empty() {
            true => value.clone(),
            false => format!("{text}{between}{value}"),
        })
    });
    each.take(most).collect()
}

fn around(texts: &[String]) -> Vec<String> {
    let each = AROUND.iter().flat_map(|(before, after)| {
        let texts = texts.iter();
        texts.map(move |text| format!("{before}{text}{after}"))
    });
    each.collect()
}

/// Values of an extractor that look unlike each other.
pub(super) fn of(program: &Program, extractor: &Extractor) -> Vec<String> {
    let more: &[&str] = match extractor {
        Extractor::Mobile => &["+86 139-0013-9000", "139 0013 9000"],
        Extractor::Number => &["-2.5", "300", "1,200"],
        Extractor::Date => &["1月5日", "2026年12月31日"],
        Extractor::Word => &["abc", "7", "13800138000"],
        Extractor::Rest => &["a b c", "7", "很 长的话，7 13800138000"],
        Extractor::Url => &["http://例子.cn/a?b=1"],
        Extractor::Custom(pattern) => return of_pattern(program, pattern),
        Extractor::OneOf(list) => return all_of_list(program, *list).take(MAX).collect(),
        Extractor::Digits(_) | Extractor::Email | Extractor::IdCard => &[],
    };
    let typical = of_extractor(program, extractor).into_iter();
    typical
        .chain(more.iter().map(|value| (*value).to_owned()))
        .collect()
}
