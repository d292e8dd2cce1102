use super::*;
use crate::lang::diagnostics::Language;

fn ok(text: &str) -> Parsed {
    let parsed = parse(FileId(0), text);
    let found: Vec<String> = parsed
        .diagnostics
        .iter()
        .map(|d| {
            format!(
                "{} {} / {} at {:?}",
                d.code,
                d.title.get(Language::En),
                d.primary.words.en,
                text.get(d.primary.span.range())
            )
        })
        .collect();
    assert!(found.is_empty(), "{found:#?}");
    parsed
}

/// The programs that are shipped.
const SHIPPED: [&str; 3] = [
    include_str!("../../../rules/binding.rules"),
    include_str!("../../../rules/guard.rules"),
    include_str!("../../../rules/service.rules"),
];

#[test]
fn shipped_programs_parse() {
    for text in SHIPPED {
        assert!(ok(text).file.items.len() > 5);
    }
}
