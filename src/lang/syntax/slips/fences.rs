//! Marks of another kind of file around rules: the fence lines of a manual, ```` ``` ````.

use super::Slips;
use crate::lang::diagnostics::{Diagnostic, Words};

/// What such a line begins with.
const FENCE: &str = "```";

impl Slips<'_> {
    /// Reports all fence lines as one mistake, and says which bytes they take.
    pub(super) fn fences(&mut self) -> Vec<(usize, usize)> {
        if !self.text.contains(FENCE) {
            return Vec::new();
        }
        let mut at = 0;
        let mut lines = Vec::new();
        for line in self.text.split_inclusive('\n') {
            let rest = line.trim_end();
            let word = rest.strip_prefix(FENCE);
            if word.is_some_and(|word| word.chars().all(|c| c.is_ascii_alphanumeric() || c == ','))
            {
                lines.push((at, at + rest.len()));
            }
            at += line.len();
        }
        let Some(&(start, end)) = lines.first() else {
            return lines;
        };
        let span = self.sink.span(start, end);
        let mut found = Diagnostic::error(
            "E0106",
            Words::new(
                "这一行是说明文档的记号，不是规则",
                "this line is a mark of a manual, not of rules",
            ),
            span,
            Words::new("多余", "not needed"),
        );
        let remove = Words::new("去掉它", "remove it");
        found = found.with_fix(remove.clone(), span, "");
        let text = self.text;
        for (start, end) in lines.iter().skip(1) {
            let span = self.sink.span(*start, *end);
            let other = Diagnostic::error("E0106", remove.clone(), span, remove.clone());
            let other = other.with_fix(remove.clone(), span, "");
            found.join(&other, |gap| text[gap.range()].to_owned());
        }
        self.sink.add(found);
        for (start, end) in &lines {
            self.edit(*start, *end, "");
        }
        lines
    }
}
