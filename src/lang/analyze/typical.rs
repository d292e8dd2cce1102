//! A text that a regular expression takes, as short as can be.

use regex_syntax::hir::{Class, Hir, HirKind};

use crate::text::half_width_source;

/// Longest text that is made; a repetition of thousands shows nothing.
const MAX_CHARS: usize = 60;

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
    use super::of_regex;
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
        assert_eq!(of_regex("^$"), None);
        assert_eq!(of_regex("a{5000}"), None);
    }
}
