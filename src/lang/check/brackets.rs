//! Names of values in brackets of another kind inside a text, and bars between the words of a trigger: both are
//! right as they stand, and hardly ever meant so.

use std::collections::BTreeSet;

use crate::lang::diagnostics::Diagnostic;
use crate::lang::span::Span;
use crate::lang::syntax::ast;

use super::Checker;
use super::codes as c;
use super::report::w;
use super::scope::Scope;

/// What is typed for `{` and `}`.
const PAIRS: [(char, char); 8] = [
    ('【', '】'),
    ('[', ']'),
    ('［', '］'),
    ('<', '>'),
    ('《', '》'),
    ('(', ')'),
    ('（', '）'),
    ('%', '%'),
];
/// Names in one text that are told.
const MAX_TOLD: usize = 8;
/// What other notations have between alternatives.
const BARS: [char; 2] = ['|', '｜'];

impl Checker<'_> {
    /// `【account.name】` in a text: it is sent as it stands.
    pub(super) fn name_in_brackets(&mut self, span: Span, scope: &Scope<'_>) {
        let text = self.sources.slice(span);
        let mut told = 0;
        for (open, close) in PAIRS {
            let mut rest = 0;
            while let Some(at) = text[rest..].find(open).map(|at| rest + at) {
                let inside = at + open.len_utf8();
                rest = inside;
                let Some(length) = text[inside..].find(close) else {
                    break;
                };
                let name = text[inside..inside + length].trim();
                // A word in round brackets may be a remark; a path is none.
                let round = matches!(open, '(' | '（' | '%');
                let value = match name.contains('.') {
                    true => self.registry.field(name).is_some(),
                    false => !round && scope.locals.contains_key(name),
                };
                if !value || told == MAX_TOLD {
                    continue;
                }
                told += 1;
                let end = inside + length + close.len_utf8();
                let begin = span.range().start;
                let place = Span::new(span.file, begin + at, begin + end);
                let right = format!("{{{name}}}");
                let shown = &text[at..end];
                self.report.push(
                    Diagnostic::warning(
                        c::BRACKETS,
                        w(
                            format!("`{shown}` 会照样发出去"),
                            format!("`{shown}` is sent as it stands"),
                        ),
                        place,
                        w(
                            format!("值写 `{right}`"),
                            format!("a value is written `{right}`"),
                        ),
                    )
                    .with_guess(
                        w(format!("改成 `{right}`"), format!("write `{right}`")),
                        place,
                        right,
                    ),
                );
            }
        }
    }

    /// `on text "绑定|bind"`: one message with a bar in it, which nobody sends.
    pub(super) fn bar(&mut self, text: &ast::Text) {
        let [ast::TextPart::Literal { value, .. }] = text.parts.as_slice() else {
            return;
        };
        let words: Vec<&str> = value.split(BARS).map(str::trim).collect();
        // One letter on either side is a face: `T|T`.
        let plain = |word: &&str| {
            let mut letters = word.chars().filter(|c| c.is_alphanumeric());
            letters.any(|c| !c.is_ascii())
                || word.chars().filter(char::is_ascii_alphanumeric).count() > 1
        };
        let different: BTreeSet<&&str> = words.iter().collect();
        if different.len() < words.len()
            || words.len() < 2
            || !words.iter().all(plain)
            || value.contains(['"', '\n', '\\'])
        {
            return;
        }
        let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
        let by = quoted.join(" or ");
        self.report.push(
            Diagnostic::warning(
                c::BAR,
                w(
                    "这一条要整句一样，竖线也在内",
                    "this is one message, with the bar in it",
                ),
                text.span,
                w(
                    "几种说法用 `or` 连起来",
                    "several messages are joined by `or`",
                ),
            )
            .with_guess(
                w(format!("写成 `{by}`"), format!("write `{by}`")),
                text.span,
                by,
            ),
        );
    }
}
