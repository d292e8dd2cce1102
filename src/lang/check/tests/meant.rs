//! Files with one mistake each (`meant.txt`): exactly one error says so, and the change it offers leaves none.
//!
//! Before each stands its code and how sure the change is: `sure` ones are applied by `check --fix`, a `guess`
//! only by `--fix=all`, and of what is `told` nobody but the author knows how to go on.

use super::*;
use crate::lang::diagnostics::{Severity, fix};

/// Rounds of fixing, as `check --fix` has them.
const ROUNDS: usize = 4;

fn errors(text: &str) -> Vec<Diagnostic> {
    let mut found = compiled(text).diagnostics;
    found.retain(|one| one.severity == Severity::Error);
    found
}

/// The text after the changes that are offered; a round that leaves as many mistakes is not made.
fn mended(text: &str, guesses: bool) -> String {
    let mut text = text.to_owned();
    for _ in 0..ROUNDS {
        let found = errors(&text);
        let sources = Sources::single("a.rules", &text);
        let fixed = fix(&found, &sources, guesses);
        let Some(next) = fixed.files.into_values().next() else {
            break;
        };
        if errors(&next).len() >= found.len() {
            break;
        }
        text = next;
    }
    text
}

#[test]
fn one_mistake_is_one_error_and_its_change_mends_it() {
    let cases = include_str!("meant.txt").split("=== ").skip(1);
    let mut wrong = Vec::new();
    let mut count = 0;
    for case in cases {
        count += 1;
        let (head, text) = case.split_once('\n').expect("a head and a text");
        let (code, sure) = head.split_once(' ').expect("a code and how sure");
        let found = errors(text);
        if found.len() != 1 || found[0].code != code {
            wrong.push(format!("{head}\n{text}{}", shown(&found, text)));
            continue;
        }
        let one = &found[0];
        let words = [&one.title, &one.primary.words]
            .into_iter()
            .chain(one.help.iter().map(|help| &help.words));
        if !words
            .into_iter()
            .all(|words| words.zh != words.en || words.zh.is_ascii())
        {
            wrong.push(format!("{head}\n{text}not in both languages"));
        }
        let (by_sure, by_guess) = (mended(text, false), mended(text, true));
        let clean = |text: &str| errors(text).is_empty();
        let fits = match sure {
            "sure" => clean(&by_sure),
            // What is a guess is never applied unasked.
            "guess" => by_sure == text && clean(&by_guess),
            _ => by_sure == text || !clean(&by_sure),
        };
        if !fits {
            wrong.push(format!(
                "{head}\n{text}--fix:\n{by_sure}--fix=all:\n{by_guess}"
            ));
        }
    }
    assert!(count > 80, "{count}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// What is like one of them, and sound.
#[test]
fn what_only_looks_like_it_is_left_alone() {
    for text in [
        "list dialog = [\"a\"]\non text \"x\" when message.text in dialog {\n    reply \"好\"\n}\n",
        "on login when now.hour - 01 >= 2026 - 2020 {\n    note \"x\"\n}\n",
        "list words = [\n    \"a\",\n    \"b\",\n]\non text in words {\n    reply \"好\"\n}\n",
        "on text \"a\" when (bound) {\n    reply \"[x]\"\n}\n",
        "on text \"a\" when bound {\n    reply \"`{account.name}`，$5\"\n}\n",
        "extractor order_no = \"DD{n: digits(6)}\"\non text \"查{number: order_no}\" {\n    reply \"{number}\"\n}\n",
    ] {
        let found = errors(text);
        assert!(found.is_empty(), "{text}{}", shown(&found, text));
    }
}

/// A file that was formatted stays so: changes keep to the indentation, blanks and blank lines of the formatter.
#[test]
fn what_is_mended_is_formatted() {
    let cases = include_str!("meant.txt").split("=== ").skip(1);
    let (mut wrong, mut count) = (Vec::new(), 0);
    for case in cases {
        let (head, text) = case.split_once('\n').expect("a head and a text");
        let fixed = mended(text, true);
        if fixed == text || !errors(&fixed).is_empty() {
            continue;
        }
        // An item on one line is broken into lines by the formatter alone.
        let mut lines = text.lines();
        let one_line = lines.next().is_some_and(|line| line.ends_with('}'));
        // And a list's bracket stands elsewhere in its style.
        if (text.starts_with("dialog") && one_line) || text.contains("\n]") {
            continue;
        }
        count += 1;
        let formatted = crate::lang::format::format(&fixed).expect("a sound file");
        // The cases have no blank lines between items.
        let code = |text: &str| -> Vec<String> {
            let lines = text.lines().filter(|line| !line.is_empty());
            // Nor is every table aligned in them.
            let words = |line: &str| {
                let code = line.trim_start_matches(' ');
                let blanks = line.len() - code.len();
                let words: Vec<&str> = code.split(' ').filter(|word| !word.is_empty()).collect();
                let end = if line.ends_with(' ') { " " } else { "" };
                format!("{}{}{end}", " ".repeat(blanks), words.join(" "))
            };
            lines.map(words).collect()
        };
        let (fixed, formatted) = (code(&fixed), code(&formatted));
        if formatted != fixed {
            let lines = fixed.iter().zip(&formatted);
            let differ: Vec<String> = lines
                .filter(|(a, b)| a != b)
                .map(|(a, b)| format!("  {a:?}\n  {b:?}"))
                .collect();
            wrong.push(format!("{head}\n{text}{}", differ.join("\n")));
        }
    }
    assert!(count > 60, "{count}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Like `check --fix`: a round of sure changes, if any is offered. Mistakes of syntax hide those of meaning.
fn round(text: &str) -> Option<(String, bool)> {
    let measured = |found: &[Diagnostic]| {
        let syntax = found.iter().filter(|one| one.code.starts_with("E01"));
        let errors = found
            .iter()
            .filter(|one| one.severity == Severity::Error)
            .count();
        (syntax.count(), errors, found.len())
    };
    let found = compiled(text).diagnostics;
    let sure = |one: &&Diagnostic| {
        one.fixes.first().is_some_and(|fix| {
            fix.sure == crate::lang::diagnostics::Sureness::Sure && !fix.is_draft()
        })
    };
    found.iter().find(sure)?;
    let sources = Sources::single("a.rules", text);
    let changed = fix(&found, &sources, false).files.into_values().next();
    let changed = changed.unwrap_or_else(|| text.to_owned());
    let better = measured(&compiled(&changed).diagnostics) < measured(&found);
    Some((changed, better))
}

/// Over the slips of these tests and the pages of the codes: a change that is certain changes the file and leaves
/// fewer findings, round by round, until none is offered.
#[test]
fn sure_changes_change_the_file_and_settle() {
    let cases = include_str!("meant.txt").split("=== ").skip(1);
    let cases = cases.filter_map(|case| case.split_once('\n').map(|(_, text)| text.to_owned()));
    let pages = crate::lang::diagnostics::codes::pages().map(|page| page.bad.to_owned());
    let slips = include_str!("slips.txt")
        .split("=== ")
        .skip(1)
        .map(str::to_owned);
    let (mut wrong, mut count) = (Vec::new(), 0);
    for case in cases.chain(pages).chain(slips) {
        let mut text = case.clone();
        for _ in 0..=ROUNDS {
            let Some((next, better)) = round(&text) else {
                break;
            };
            count += 1;
            if next == text || !better {
                wrong.push(format!(
                    "{text}->\n{next}{}",
                    shown(&compiled(&next).diagnostics, &next)
                ));
                break;
            }
            text = next;
        }
        if round(&text).is_some() && wrong.last().is_none_or(|last| !last.starts_with(&text)) {
            wrong.push(format!("does not settle: {case}->\n{text}"));
        }
    }
    assert!(count > 80, "{count}");
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n\n"));
}
