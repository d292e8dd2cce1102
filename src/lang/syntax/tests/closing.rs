//! Where a list over several lines may be closed.

use super::*;

fn codes(text: &str) -> Vec<&'static str> {
    parse(FileId(0), text)
        .diagnostics
        .iter()
        .map(|found| found.code)
        .collect()
}

#[test]
fn a_list_may_be_closed_at_column_0() {
    let text = "list words = [\n    \"取消\",\n    \"退出\",\n]\n\non any {\n    reply \"好\"\n}\n";
    assert_eq!(codes(text), [""; 0]);
    let parsed = parse(FileId(0), text);
    assert_eq!(parsed.file.items.len(), 2);
    let indented = text.replace("\n]", "\n    ]");
    assert!(same_tree(&parsed.file, &parse(FileId(0), &indented).file));
    assert_eq!(codes("let hours = [\n    1, 2\n]\n"), [""; 0]);
}

#[test]
fn any_other_bracket_at_column_0_is_still_a_mistake() {
    assert!(!codes("list words = [\n    \"a\"\n]\n]\n").is_empty());
    assert!(!codes("on any {\n    reply \"a\"\n]\n").is_empty());
    assert!(!codes("let a = (\n    1\n)\n").is_empty());
    assert!(!codes("]\n").is_empty());
}
