//! The change from one text to another, as small as whole lines allow.

use lsp_types::TextEdit;

use super::position::Lines;

/// The edits that make `new` of `old`: none, or one over the lines that differ.
pub(super) fn between(old: &str, new: &str) -> Vec<TextEdit> {
    if old == new {
        return Vec::new();
    }
    let front: usize = old
        .split_inclusive('\n')
        .zip(new.split_inclusive('\n'))
        .take_while(|(a, b)| a == b)
        .map(|(a, _)| a.len())
        .sum();
    let (old_rest, new_rest) = (&old[front..], &new[front..]);
    let back: usize = old_rest
        .split_inclusive('\n')
        .rev()
        .zip(new_rest.split_inclusive('\n').rev())
        .take_while(|(a, b)| a == b && a.ends_with('\n'))
        .map(|(a, _)| a.len())
        .sum();
    let lines = Lines::of(old);
    vec![TextEdit {
        range: lines.range(old, front..old.len() - back),
        new_text: new[front..new.len() - back].to_owned(),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_lines_that_differ_are_replaced() {
        let edits = between("a\nb\nc\n", "a\nB\nB2\nc\n");
        assert_eq!(edits.len(), 1);
        assert_eq!(edits[0].new_text, "B\nB2\n");
        assert_eq!((edits[0].range.start.line, edits[0].range.end.line), (1, 2));
        assert!(between("x\n", "x\n").is_empty());
        let edits = between("a\na\n", "a\n");
        assert_eq!(edits[0].new_text, "");
        let edits = between("a", "a\n");
        assert_eq!(edits[0].new_text, "a\n");
    }
}
