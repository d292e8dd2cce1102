//! A text that a regular expression takes, as short as can be.

use regex_syntax::hir::{Class, Hir, HirKind};

use crate::text::half_width_source;

/// Longest text that is made; a repetition of thousands shows nothing.
const MAX_CHARS: usize = 60;
/// Texts of one expression.
const MAX_BRANCHES: usize = 24;

/// A text for the expression; `None` when none can be told. Whoever shows it asks the matcher first.
pub(in crate::lang) fn of_regex(source: &str) -> Option<String> {
    let hir = regex_syntax::ParserBuilder::new()
        .build()
        .parse(&half_width_source(source))
        .ok()?;
    let mut text = String::new();
    add(&hir, &mut text)?;
    (!text.is_empty()).then_some(text)
}

/// The texts of every branch of the expression, each as short as can be, and some longer; empty when none can be
/// told.
pub(in crate::lang) fn all_of_regex(source: &str) -> Vec<String> {
    let hir = regex_syntax::ParserBuilder::new()
        .build()
        .parse(&half_width_source(source));
    hir.map_or_else(|_| Vec::new(), |hir| branches(&hir))
}

fn branches(hir: &Hir) -> Vec<String> {
    let texts = match hir.kind() {
        HirKind::Capture(capture) => branches(&capture.sub),
        HirKind::Alternation(parts) => parts.iter().flat_map(branches).collect(),
        HirKind::Concat(parts) => parts.iter().fold(vec![String::new()], |texts, part| {
            let ends = branches(part);
            let longer = texts.iter().flat_map(|text| {
                let ends = ends.iter();
                ends.map(move |end| format!("{text}{end}"))
            });
            longer.take(MAX_BRANCHES).collect()
        }),
        HirKind::Repetition(repetition) => {
            let mut texts = branches(&repetition.sub);
            if repetition.min == 0 {
                texts.push(String::new());
            } else {
                let times = repetition
                    .min
                    .min(u32::try_from(MAX_CHARS).unwrap_or(u32::MAX));
                texts = texts
                    .iter()
                    .map(|text| text.repeat(times as usize))
                    .collect();
            }
            texts
        }
        HirKind::Class(Class::Unicode(class)) => {
            let within = |c: &char| {
                let mut ranges = class.iter();
                ranges.any(|range| range.start() <= *c && *c <= range.end())
            };
            let known = "a1好-? ".chars().filter(within);
            let known: Vec<String> = known.map(String::from).collect();
            match known.is_empty() {
                true => character(class).map(String::from).into_iter().collect(),
                false => known,
            }
        }
        _ => {
            let mut text = String::new();
            add(hir, &mut text).map(|()| text).into_iter().collect()
        }
    };
    texts.into_iter().take(MAX_BRANCHES).collect()
}

fn add(hir: &Hir, text: &mut String) -> Option<()> {
    if text.chars().count() > MAX_CHARS {
        return None;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(std::str::from_utf8(&literal.0).ok()?),
        HirKind::Class(Class::Unicode(class)) => text.push(character(class)?),
        HirKind::Class(Class::Bytes(_)) => return None,
        HirKind::Repetition(repetition) => {
            let times = match (repetition.min, repetition.max) {
                // Something that may be there is more telling than nothing.
                (0, Some(0)) => 0,
                (0, _) => 1,
                (least, _) => least,
            };
            for _ in 0..times {
                let before = text.len();
                add(&repetition.sub, text)?;
                if text.len() == before {
                    break;
                }
            }
        }
        HirKind::Capture(capture) => add(&capture.sub, text)?,
        HirKind::Concat(parts) => parts.iter().try_for_each(|part| add(part, text))?,
        HirKind::Alternation(parts) => add(parts.first()?, text)?,
    }
    Some(())
}

/// The character of a class that people would write.
fn character(class: &regex_syntax::hir::ClassUnicode) -> Option<char> {
    let within = |c: char| {
        class
            .iter()
            .any(|range| range.start() <= c && c <= range.end())
    };
    "a1好-? ".chars().find(|c| within(*c)).or_else(|| {
        let first = class.iter().next()?.start();
        (!first.is_control() && !first.is_whitespace()).then_some(first)
    })
}

#[cfg(test)]
mod tests {
    use super::{all_of_regex, of_regex};
    use crate::text::compile_regex;

    #[test]
    fn an_expression_takes_its_text() {
        for source in [
            "^[a-z]{2}[0-9]{4}$",
            "(订单|单号)[:：]?\\s*([0-9]+)",
            "天.{1,3}吗?",
            "[^a-z]+",
            "^(?P<no>[0-9]+)号?$",
        ] {
            let text = of_regex(source).expect(source);
            let regex = compile_regex(source).expect(source);
            assert!(regex.is_match(&text), "{source}: {text}");
        }
        for source in ["(订单|单号)[0-9]+", "^[a-z]{2}[0-9]?$", "天.{1,3}吗?"] {
            let texts = all_of_regex(source);
            let regex = compile_regex(source).expect(source);
            assert!(texts.len() > 1, "{source}");
            assert!(texts.iter().all(|text| regex.is_match(text)), "{texts:?}");
        }
        assert_eq!(of_regex("^$"), None);
        assert_eq!(of_regex("a{5000}"), None);
    }
}
