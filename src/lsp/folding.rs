//! What an editor may fold: blocks, texts and lists over several lines, and runs of comment lines.
//!
//! Read off the tokens, so that a file with mistakes in it folds too.

use serde_json::{Value, json};

use super::position::Lines;
use crate::lang::syntax::{LexemeKind, lexemes};

/// Folds of one file; far more than people write.
const MAX_FOLDS: usize = 5_000;

/// The folds of a text, in the order in which they begin.
pub(super) fn of(text: &str, lines: &Lines) -> Value {
    let tokens = lexemes(text);
    let line = |offset: usize| lines.position(text, offset).line;
    let mut folds: Vec<(u32, u32, Option<&str>)> = Vec::new();
    // Brackets that are open, by the line they stand on.
    let mut open: Vec<(&str, u32)> = Vec::new();
    // A run of comments: its first line and its last so far.
    let mut run: Option<(u32, u32)> = None;
    for token in &tokens {
        let word = &text[token.start..token.end];
        let at = line(token.start);
        if token.kind == LexemeKind::Comment && token.first {
            run = match run {
                Some((from, to)) if to + 1 == at => Some((from, at)),
                other => {
                    folds.extend(comments(other));
                    Some((at, at))
                }
            };
            continue;
        }
        match (token.kind, word) {
            (LexemeKind::Block, _) => folds.push((at, line(token.end), None)),
            (LexemeKind::Punct, "{" | "[" | "(") => open.push((word, at)),
            (LexemeKind::Punct, "}" | "]" | ")") => {
                let opening = match word {
                    "}" => "{",
                    "]" => "[",
                    _ => "(",
                };
                // What a brace closes is over, whatever else was left open in it.
                let Some(found) = open.iter().rposition(|(bracket, _)| *bracket == opening) else {
                    continue;
                };
                let (_, from) = open[found];
                open.truncate(found);
                // The line with the closing bracket stays in sight when it begins with it.
                folds.push((from, at.saturating_sub(u32::from(token.first)), None));
            }
            _ => {}
        }
    }
    folds.extend(comments(run));
    folds.retain(|(from, to, _)| from < to);
    folds.sort_unstable();
    // One fold for one line: the outermost that begins there.
    folds.reverse();
    folds.dedup_by_key(|(from, ..)| *from);
    folds.reverse();
    folds.truncate(MAX_FOLDS);
    let shown = folds.into_iter().map(|(from, to, kind)| {
        let mut fold = json!({ "startLine": from, "endLine": to });
        if let Some(kind) = kind {
            fold["kind"] = json!(kind);
        }
        fold
    });
    Value::Array(shown.collect())
}

fn comments(run: Option<(u32, u32)>) -> Option<(u32, u32, Option<&'static str>)> {
    run.map(|(from, to)| (from, to, Some("comment")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folds(text: &str) -> Vec<(u64, u64)> {
        let folds = of(text, &Lines::of(text));
        let line = |value: &Value| value.as_u64().unwrap_or_default();
        let all = folds.as_array().into_iter().flatten();
        all.map(|fold| (line(&fold["startLine"]), line(&fold["endLine"])))
            .collect()
    }

    #[test]
    fn blocks_texts_lists_and_comments_fold() {
        let text = "# 一\n# 二\n\nlist a = [\n    \"x\",\n    \"y\"\n]\n\non any {\n    reply \"\"\"\n        你好\n        \"\"\"\n    note \"a\" }\n";
        assert_eq!(folds(text), [(0, 1), (3, 5), (8, 12), (9, 11)]);
        assert_eq!(folds(&text.replace('\n', "\r\n")), folds(text));
        let one = of(text, &Lines::of(text));
        assert_eq!(one[0]["kind"], "comment");
        assert_eq!(one[1]["kind"], Value::Null);
    }

    #[test]
    fn what_is_left_open_hides_nothing() {
        // The closing brace belongs to the nearest that is open, as in the checker's layout.
        assert_eq!(
            folds("on any {\n    bind {\n        bound {\n            note \"x\"\n}\n"),
            [(2, 3)]
        );
        assert_eq!(folds("on any {\n    reply lower(\n}\n"), [(0, 1)]);
        assert_eq!(folds("}\n]\n)\n"), []);
    }
}
