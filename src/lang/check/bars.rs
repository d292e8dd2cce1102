//! Bars and the like between words that are one text: `"绑定|bind"`, `"绑定、bind"` are right as they stand, and
//! hardly ever meant so.

use std::collections::BTreeSet;

use crate::lang::diagnostics::Diagnostic;
use crate::lang::program::CompareOp;
use crate::lang::span::Span;
use crate::lang::syntax::ast;

use super::Checker;
use super::codes as c;
use super::report::w;

/// What other notations have between alternatives.
const BARS: [char; 2] = ['|', '｜'];
/// What joins words in a sentence, which nobody types between two commands.
const JOINS: [&str; 3] = ["、", " or ", " 或 "];

/// What joins several texts where one stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum Several {
    /// A message that is exactly so.
    Message,
    /// Words of a message, or words that leave a dialog: `or`.
    Words,
    /// Entries of a list: a comma.
    Entries,
}

impl Checker<'_> {
    /// `on text "绑定|bind"`, `["绑定|bind"]`
    pub(super) fn bar(&mut self, text: &ast::Text, several: Several) {
        let listed = || match several {
            // An entry may be a phrase that is shown.
            Several::Entries => None,
            Several::Message | Several::Words => JOINS
                .iter()
                .find_map(|sign| Some((sign.trim(), apart(text, |text| text.split(sign))?))),
        };
        let Some((sign, words)) = words(text).map(|words| ("|", words)).or_else(listed) else {
            return self.star(text, several);
        };
        let part = || match sign {
            "|" => part_of_the_text(),
            _ => w(
                format!("`{sign}` 是这段文字的一部分，分不开几个词"),
                format!("`{sign}` is a part of this text, it does not separate words"),
            ),
        };
        let (title, label, by) = match several {
            Several::Message if sign != "|" => (
                w(
                    format!("这一条要整句一样，`{sign}` 也在内"),
                    format!("this is one message, with `{sign}` in it"),
                ),
                w(
                    "几种说法用 `or` 连起来",
                    "several messages are joined by `or`",
                ),
                quoted(&words).join(" or "),
            ),
            Several::Message => (
                w(
                    "这一条要整句一样，竖线也在内",
                    "this is one message, with the bar in it",
                ),
                w(
                    "几种说法用 `or` 连起来",
                    "several messages are joined by `or`",
                ),
                quoted(&words).join(" or "),
            ),
            Several::Words => (
                part(),
                w("几个词用 `or` 连起来", "several words are joined by `or`"),
                quoted(&words).join(" or "),
            ),
            Several::Entries => (
                part_of_the_text(),
                w(
                    "几项各有引号，用逗号隔开",
                    "several entries have quotes each, and commas between them",
                ),
                quoted(&words).join(", "),
            ),
        };
        let found = Diagnostic::warning(c::BAR, title, text.span, label);
        self.instead(found, text.span, by);
    }

    /// `on text "*帮助*"`, as file names and databases are searched.
    fn star(&mut self, text: &ast::Text, several: Several) {
        let [ast::TextPart::Literal { value, .. }] = text.parts.as_slice() else {
            return;
        };
        let inner = value.trim_matches('*');
        let letters = inner.chars().filter(|c| c.is_alphanumeric()).count();
        let plain = !inner.contains(['*', '"', '\\', '\n', '#']) && inner.trim() == inner;
        let behind = *value == format!("{inner}*") && inner.ends_with(char::is_alphanumeric);
        // A star before the words or several of them may be decoration.
        if letters < 2 || !plain || !(behind || *value == format!("*{inner}*")) {
            return;
        }
        let by = match several {
            Several::Message if behind => format!("starting \"{inner}\""),
            Several::Message => format!("containing \"{inner}\""),
            Several::Words if !behind => format!("\"{inner}\""),
            Several::Words | Several::Entries => return,
        };
        let found = Diagnostic::warning(
            c::BAR,
            w(
                "`*` 是这段文字的一部分，不代表别的字",
                "the `*` is a part of this text, it stands for nothing else",
            ),
            text.span,
            match behind {
                true => w(
                    "话以这几个字开头就算，写 `starting`",
                    "words at the beginning of a message take `starting`",
                ),
                false => w(
                    "话里有这几个字就算，写 `containing`",
                    "words anywhere in a message take `containing`",
                ),
            },
        );
        self.instead(found, text.span, by);
    }

    /// `login.city == "北京|上海"`
    pub(super) fn bar_compared(
        &mut self,
        op: CompareOp,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
    ) {
        let not = match op {
            CompareOp::Equal => "",
            CompareOp::NotEqual => "not ",
            _ => return,
        };
        let (text, item) = match (&left.kind, &right.kind) {
            (_, ast::ExprKind::Text(text)) => (text, left),
            (ast::ExprKind::Text(text), _) => (text, right),
            _ => return,
        };
        let Some(words) = words(text) else { return };
        let item = self.sources.slice(item.span).trim();
        let by = format!("{item} {not}in [{}]", quoted(&words).join(", "));
        let found = Diagnostic::warning(
            c::BAR,
            part_of_the_text(),
            text.span,
            w(
                "和几个值比，写成列表",
                "what is compared with several values takes a list",
            ),
        );
        self.instead(found, span, by);
    }

    /// `contains(message.text, "发票|报销")`
    pub(super) fn bar_asked(&mut self, name: &str, args: &[&ast::Arg], span: Span) {
        let [item, text] = args else { return };
        let ast::ExprKind::Text(text) = &text.value.kind else {
            return;
        };
        let Some(words) = words(text) else { return };
        let item = self.sources.slice(item.value.span).trim();
        let calls = quoted(&words)
            .into_iter()
            .map(|word| format!("{name}({item}, {word})"));
        let by = format!("({})", calls.collect::<Vec<_>>().join(" or "));
        let found = Diagnostic::warning(
            c::BAR,
            part_of_the_text(),
            text.span,
            w("每个词问一次", "each word is asked for on its own"),
        );
        self.instead(found, span, by);
    }

    fn instead(&mut self, found: Diagnostic, place: Span, by: String) {
        let how = w(format!("写成 `{by}`"), format!("write `{by}`"));
        self.report.push(found.with_guess(how, place, by));
    }
}

/// The words between the bars of a text, if each is one and they differ.
fn words(text: &ast::Text) -> Option<Vec<&str>> {
    apart(text, |text| text.split(BARS))
}

fn apart<'t, I: Iterator<Item = &'t str>>(
    text: &'t ast::Text,
    split: impl Fn(&'t str) -> I,
) -> Option<Vec<&'t str>> {
    let [ast::TextPart::Literal { value, .. }] = text.parts.as_slice() else {
        return None;
    };
    let words: Vec<&str> = split(value).map(str::trim).collect();
    // One letter on either side is a face: `T|T`. Digits are choices of a menu.
    let plain = |word: &&str| {
        if !word.is_empty() && word.chars().all(|c| c.is_ascii_digit()) {
            return true;
        }
        let mut letters = word.chars().filter(|c| c.is_alphanumeric());
        letters.any(|c| !c.is_ascii())
            || word.chars().filter(char::is_ascii_alphanumeric).count() > 1
    };
    let different: BTreeSet<&&str> = words.iter().collect();
    let sound = different.len() == words.len() && words.len() > 1 && words.iter().all(plain);
    (sound && !value.contains(['"', '\n', '\\'])).then_some(words)
}

fn quoted(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| format!("\"{word}\"")).collect()
}

fn part_of_the_text() -> crate::lang::diagnostics::Words {
    w(
        "竖线是这段文字的一部分，分不开几个词",
        "the bar is a part of this text, it does not separate words",
    )
}
