//! Whatever the text: no panic, no hang, positions inside the text.

use super::*;
use proptest::prelude::*;

/// Pieces that matter to the grammar.
const PIECES: [&str; 40] = [
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "\"",
    "\"\"\"",
    "'",
    "“",
    "”",
    "\\",
    "\n",
    "\n    ",
    "#",
    "＃",
    "//",
    "=",
    "==",
    "&&",
    "!",
    "：",
    "（",
    "）",
    "on ",
    "let ",
    "signal ",
    "when ",
    "else ",
    "reply ",
    "1",
    "99999999999999999999",
    "%",
    "km/h",
    "\u{200b}",
    "\u{FEFF}",
    "\r\n",
    "\t",
    "é",
    "锁定",
];

/// Parses; the tree and the diagnostics must fit the text, and so must the report.
fn sound(text: &str) -> Result<(), TestCaseError> {
    let parsed = parse(FileId(0), text);
    for found in &parsed.diagnostics {
        let spans = std::iter::once(found.primary.span)
            .chain(found.secondary.iter().map(|label| label.span))
            .chain(found.fixes.iter().map(|fix| fix.span));
        for span in spans {
            prop_assert!(text.get(span.range()).is_some(), "{} {span:?}", found.code);
        }
        prop_assert!(found.code != "E0199", "{text}");
        prop_assert!(
            crate::lang::diagnostics::codes::page(found.code).is_some(),
            "{}",
            found.code
        );
    }
    prop_assert!(parsed.diagnostics.len() <= MAX_DIAGNOSTICS);
    let sources = crate::lang::span::Sources::single("a.rules", text);
    crate::lang::diagnostics::human(&parsed.diagnostics, &sources, Language::Zh, false);
    crate::lang::diagnostics::sarif(&parsed.diagnostics, &sources, Language::En);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn edited_programs_never_panic(
        which in 0usize..SHIPPED.len(),
        edits in prop::collection::vec((0.0f64..1.0, 0usize..30, 0usize..PIECES.len()), 1..6),
    ) {
        let mut text = SHIPPED[which].to_owned();
        for (place, removed, piece) in edits {
            let mut at = (text.len() as f64 * place) as usize;
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            let mut end = (at + removed).min(text.len());
            while !text.is_char_boundary(end) {
                end += 1;
            }
            text.replace_range(at..end, PIECES[piece]);
        }
        sound(&text)?;
    }

    #[test]
    fn soup_never_panics(pieces in prop::collection::vec(0usize..PIECES.len(), 0..200)) {
        let text: String = pieces.iter().map(|piece| PIECES[*piece]).collect();
        sound(&text)?;
    }
}

#[test]
fn hostile_nesting_is_refused_quickly() {
    let start = std::time::Instant::now();
    for text in [
        "(".repeat(200_000),
        format!("let a = {}", "(".repeat(200_000)),
        format!("on any {}", "{ bind ".repeat(30_000)),
        format!("let a = {}", "f(x: [".repeat(30_000)),
        format!("on any {{ reply \"{}\" }}", "{a".repeat(60_000)),
        "\"".repeat(200_000),
        "on text \"a\"b".repeat(4_000),
        "\"\"\"\n".repeat(50_000),
        "＝".repeat(60_000),
        format!("let a = {}", "a and\n".repeat(30_000)),
        format!("let a = {}", "[1,".repeat(60)),
        "}\n".repeat(100_000),
        "on x {\n".repeat(6_000),
        "a \"b\"\n".repeat(30_000),
    ] {
        sound(&text).expect("sound");
    }
    // Debug builds on a busy machine; the point is that nothing is quadratic or worse.
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}
