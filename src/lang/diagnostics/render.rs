//! Diagnostics for people, in the style of rustc.

use std::collections::BTreeMap;
use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Patch, Renderer, Snippet};

use super::{Diagnostic, Fix, Label, Language, Severity};
use crate::lang::span::{FileId, Sources, Span};

/// All diagnostics with their sources, and a last line that counts them; empty when there are none.
/// Colours only when `colour` is asked for.
pub fn human(
    diagnostics: &[Diagnostic],
    sources: &Sources,
    language: Language,
    colour: bool,
) -> String {
    let renderer = if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut out = String::new();
    for diagnostic in diagnostics {
        out.push_str(&renderer.render(&groups(diagnostic, sources, language)));
        out.push_str("\n\n");
    }
    out.push_str(&summary(diagnostics, language));
    out
}

/// `2 个错误，1 个警告；说明：menshen help E0101` with a line break, or nothing.
pub fn summary(diagnostics: &[Diagnostic], language: Language) -> String {
    let Some(first) = diagnostics.first() else {
        return String::new();
    };
    let count = |severity| {
        diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == severity)
            .count()
    };
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let plural = |n: usize| if n == 1 { "" } else { "s" };
    let mut parts = Vec::new();
    match language {
        Language::Zh => {
            if errors > 0 {
                parts.push(format!("{errors} 个错误"));
            }
            if warnings > 0 {
                parts.push(format!("{warnings} 个警告"));
            }
            format!("{}；说明：menshen help {}\n", parts.join("，"), first.code)
        }
        Language::En => {
            if errors > 0 {
                parts.push(format!("{errors} error{}", plural(errors)));
            }
            if warnings > 0 {
                parts.push(format!("{warnings} warning{}", plural(warnings)));
            }
            format!("{}; see: menshen help {}\n", parts.join(", "), first.code)
        }
    }
}

fn groups<'a>(
    diagnostic: &'a Diagnostic,
    sources: &'a Sources,
    language: Language,
) -> Vec<Group<'a>> {
    let level = match (diagnostic.severity, language) {
        (Severity::Error, Language::En) => Level::ERROR,
        (Severity::Error, Language::Zh) => Level::ERROR.with_name("错误"),
        (Severity::Warning, Language::En) => Level::WARNING,
        (Severity::Warning, Language::Zh) => Level::WARNING.with_name("警告"),
    };
    let help = || match language {
        Language::Zh => Level::HELP.with_name("帮助"),
        Language::En => Level::HELP,
    };
    let mut snippets: BTreeMap<FileId, Vec<Annotation<'a>>> = BTreeMap::new();
    let primary = &diagnostic.primary;
    let others = || {
        let near = |label: &&Label| is_near(sources, label.span, primary.span);
        diagnostic.secondary.iter().take(MAX_LABELS).filter(near)
    };
    let untold = diagnostic.secondary.len() - others().count();
    let labels = std::iter::once((AnnotationKind::Primary, primary))
        .chain(others().map(|label| (AnnotationKind::Context, label)));
    for (kind, label) in labels {
        let range = range(sources, label.span);
        snippets
            .entry(label.span.file)
            .or_default()
            .push(kind.span(range).label(label.words.get(language)));
    }
    let mut group = level
        .primary_title(diagnostic.title.get(language))
        .id(diagnostic.code)
        .elements(Vec::<Snippet<'a, Annotation<'a>>>::new());
    let main = snippets.remove_entry(&primary.span.file);
    for (file, annotations) in main.into_iter().chain(snippets) {
        if let Some(source) = sources.file(file) {
            group = group.element(
                Snippet::source(&*source.text)
                    .path(source.path.as_str())
                    .annotations(annotations),
            );
        }
    }
    if untold > 0 {
        let words = match language {
            Language::Zh => format!("还有 {untold} 处没有标出"),
            Language::En => format!("{untold} more of these places not marked"),
        };
        group = group.element(help().message(words));
    }
    for words in &diagnostic.help {
        group = group.element(help().message(words.get(language)));
    }
    let (told, shown): (Vec<_>, Vec<_>) = diagnostic
        .fixes
        .iter()
        .partition(|fix| is_long(sources, fix));
    for fix in told {
        group = group.element(help().message(fix.words.get(language)));
    }
    let mut groups = vec![group];
    for fix in shown {
        if let Some(source) = sources.file(fix.span.file) {
            groups.push(
                help().secondary_title(fix.words.get(language)).element(
                    Snippet::source(&*source.text)
                        .path(source.path.as_str())
                        .patch(Patch::new(
                            range(sources, fix.span),
                            fix.replacement.as_str(),
                        )),
                ),
            );
        }
    }
    groups
}

/// Characters of a line beyond which a fix is told in words: it would be printed twice, before and after,
/// and nobody finds the difference.
const MAX_SHOWN: usize = 200;
/// Lines of a fix beyond which it is told in words.
const MAX_LINES: usize = 60;
/// Bytes between the columns of places that are marked together.
const MAX_APART: usize = 1_000;
/// Bytes of a line that are counted for a column.
const MAX_COLUMN: usize = 4_000;
/// Places of one mistake that are marked, besides the main one.
const MAX_LABELS: usize = 30;

fn is_long(sources: &Sources, fix: &Fix) -> bool {
    let Some(file) = sources.file(fix.span.file) else {
        return false;
    };
    if fix.replacement.lines().nth(MAX_LINES).is_some() {
        return true;
    }
    let range = range(sources, fix.span);
    let before = file.text.get(..range.start).unwrap_or_default();
    let after = file.text.get(range.end..).unwrap_or_default();
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let end = range.end + after.find('\n').unwrap_or(after.len());
    let lines = file.text.get(start..end).unwrap_or_default().lines();
    lines
        .into_iter()
        .any(|line| line.chars().count() > MAX_SHOWN)
}

/// Whether the columns of both fit a screen: where both are shown, all that is between their columns is, line by
/// line.
fn is_near(sources: &Sources, one: Span, other: Span) -> bool {
    let column = |span: Span| {
        let text = sources.file(span.file).map_or("", |file| &*file.text);
        let start = range(sources, span).start;
        let before = text.as_bytes().get(..start).unwrap_or_default();
        let line = before.iter().rev().take_while(|byte| **byte != b'\n');
        line.take(MAX_COLUMN).count()
    };
    column(one).abs_diff(column(other)) <= MAX_APART
}

/// The span within its file; a span of other sources must not make the renderer panic.
fn range(sources: &Sources, span: Span) -> Range<usize> {
    let length = sources.file(span.file).map_or(0, |file| file.text.len());
    let range = span.range();
    let start = range.start.min(length);
    start..range.end.clamp(start, length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::diagnostics::Words;

    fn example() -> (Vec<Diagnostic>, Sources) {
        let text = "on text \"锁定\" when 绑定 = yes {\n    reply \"好\"\n}\n";
        let sources = Sources::single("guard.rules", text);
        let found = crate::lang::syntax::parse(FileId(0), text).diagnostics;
        (found, sources)
    }

    #[test]
    fn carets_stand_right_under_wide_characters() {
        let (found, sources) = example();
        let out = human(&found, &sources, Language::Zh, false);
        let lines: Vec<&str> = out.lines().collect();
        let source = lines
            .iter()
            .find(|line| line.contains("when 绑定 ="))
            .expect("source");
        let caret = lines.iter().find(|line| line.contains('^')).expect("caret");
        let width = |text: &str| unicode_width::UnicodeWidthStr::width(text);
        let equals = source.find("= yes").expect("sign");
        let mark = caret.find('^').expect("caret");
        assert_eq!(width(&source[..equals]), width(&caret[..mark]), "{out}");
        assert!(out.starts_with("错误[E0118]"), "{out}");
        assert!(
            out.ends_with("1 个错误；说明：menshen help E0118\n"),
            "{out}"
        );
        assert!(!out.contains('\u{1b}'));
    }

    #[test]
    fn colours_only_when_asked() {
        let (found, sources) = example();
        assert!(human(&found, &sources, Language::En, true).contains('\u{1b}'));
        let plain = human(&found, &sources, Language::En, false);
        assert!(plain.starts_with("error[E0118]"), "{plain}");
        assert_eq!(human(&[], &sources, Language::En, true), "");
    }

    #[test]
    fn a_fix_on_a_very_long_line_is_told_in_words() {
        let text = format!(
            "on text \"{}\" when 绑定 = yes {{\n    reply \"好\"\n}}\n",
            "字".repeat(300)
        );
        let sources = Sources::single("guard.rules", &text);
        let found = crate::lang::syntax::parse(FileId(0), &text).diagnostics;
        let out = human(&found, &sources, Language::Zh, false);
        assert!(out.contains("帮助: 改成 `==`"), "{out}");
        let longest = out.lines().map(|line| line.chars().count()).max();
        assert!(longest < Some(300), "{out}");
    }

    #[test]
    fn places_far_to_the_side_and_beyond_count_are_told_in_words() {
        let text = format!("let a = 1{}\n", " let a = 1".repeat(500));
        let sources = Sources::single("a.rules", &text);
        let at = |at: usize| Span::new(FileId(0), at, at + 3);
        let words = |text: &str| Words::new(text, text);
        let mut found = Diagnostic::error("E0107", words("x"), at(0), words("y"));
        for place in 1..500 {
            found.add_place(at(place * 10));
        }
        let out = human(&[found], &sources, Language::Zh, false);
        assert!(out.contains("还有 469 处没有标出"), "{out}");
        assert!(out.len() < 20_000, "{}", out.len());
        let far = Diagnostic::error("E0201", words("x"), at(4_000), words("y"))
            .with_label(at(0), words("z"));
        let out = human(&[far], &sources, Language::En, false);
        assert!(out.contains("1 more of these places"), "{out}");
        assert!(out.len() < 1_000, "{}", out.len());
    }

    #[test]
    fn a_span_outside_its_file_does_no_harm() {
        let span = Span::new(FileId(0), 5, 900);
        let words = Words::new("一", "one");
        let found = Diagnostic::error("E0101", words.clone(), span, words.clone())
            .with_label(Span::new(FileId(7), 1, 2), words.clone())
            .with_fix(words, span, "x");
        let sources = Sources::single("a.rules", "let a = 1");
        assert!(human(&[found], &sources, Language::En, false).contains("E0101"));
    }
}
