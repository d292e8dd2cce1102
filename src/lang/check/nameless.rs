//! Holes of a pattern with one word: `{nick}`, which does not say what it looks like, or `{word}`, which does not
//! say what it is called.

use std::collections::BTreeSet;

use crate::lang::builtins::ExtractorKind;
use crate::lang::diagnostics::Diagnostic;
use crate::lang::span::Span;
use crate::lang::syntax::ast;

use super::Checker;
use super::codes as c;
use super::extractor::called;
use super::items::ValueItem;
use super::report::w;

/// What a hole with one word was meant as.
struct Meant {
    /// What it takes out.
    extractor: String,
    /// Nothing else it could be.
    sure: bool,
    /// The word says what it looks like, so that any name may have been meant.
    nameless: bool,
}

impl Checker<'_> {
    fn meant_by(&self, word: &str) -> Meant {
        if let Some(spec) = self.registry.extractor(word) {
            let extractor = match spec.kind {
                ExtractorKind::Digits => "digits(6)".to_owned(),
                ExtractorKind::OneOf => "one_of(…)".to_owned(),
                _ => word.to_owned(),
            };
            let sure = extractor == word;
            return Meant {
                extractor,
                sure,
                nameless: true,
            };
        }
        let own = self.items.extractor_names.contains_key(word);
        let list = matches!(self.items.values.get(word), Some(ValueItem::List(_)));
        let extractor = match called(word) {
            _ if own => word.to_owned(),
            _ if list => format!("one_of({word})"),
            Some(extractor) => extractor.to_owned(),
            None => "word".to_owned(),
        };
        Meant {
            sure: extractor == "word" && !own,
            nameless: own || list,
            extractor,
        }
    }

    /// Reports a hole that does not say what it looks like.
    pub(super) fn one_word(&mut self, path: &ast::Path, hole: Span) {
        let name = path.text();
        let meant = self.meant_by(&name);
        let name = match self.items.values.get(name.as_str()) {
            Some(ValueItem::List(_)) => "choice".to_owned(),
            _ => name,
        };
        let fixed = format!("{{{name}: {}}}", meant.extractor);
        let found = Diagnostic::error(
            c::HOLE_NEEDS_EXTRACTOR,
            w(
                format!("`{{{}}}` 没有说长什么样", path.text()),
                format!("`{{{}}}` does not say what it looks like", path.text()),
            ),
            hole,
            w("缺少类型", "no extractor"),
        )
        .with_help(w(
            format!("例如 `{fixed}`"),
            format!("for example `{fixed}`"),
        ));
        let words = w(format!("写成 `{fixed}`"), format!("write `{fixed}`"));
        self.report.push(match meant.sure {
            true => found.with_fix(words, hole, fixed),
            false => found.with_guess(words, hole, fixed),
        });
    }

    /// The holes of a rule's patterns that have an extractor only.
    pub(super) fn nameless_holes(&self, item: &ast::RuleItem) -> Vec<(Span, String)> {
        let mut holes = Vec::new();
        for trigger in &item.triggers {
            let ast::Matcher::Pattern(text) = &trigger.matcher else {
                continue;
            };
            for part in &text.parts {
                if let ast::TextPart::Hole {
                    path,
                    extractor: None,
                    span,
                } = part
                {
                    let meant = self.meant_by(&path.text());
                    if meant.nameless {
                        holes.push((*span, meant.extractor));
                    }
                }
            }
        }
        holes
    }

    /// Where a rule uses one name that nothing brings, the hole without a name brings it.
    pub(super) fn name_the_hole(&mut self, holes: &[(Span, String)], wanted: BTreeSet<String>) {
        let [(hole, extractor)] = holes else {
            return;
        };
        let mut wanted = wanted.into_iter();
        let (Some(name), None) = (wanted.next(), wanted.next()) else {
            return;
        };
        let right = format!("{{{name}: {extractor}}}");
        self.report.amend(c::HOLE_NEEDS_EXTRACTOR, |mut found| {
            if found.primary.span != *hole {
                return found;
            }
            found.title = w(
                format!("这里没有取名 `{name}`"),
                format!("nothing is called `{name}` here"),
            );
            found.primary.words = w(format!("应是 `{right}`"), format!("should be `{right}`"));
            found.help.clear();
            found.fixes.clear();
            found.with_guess(
                w(format!("写成 `{right}`"), format!("write `{right}`")),
                *hole,
                right.clone(),
            )
        });
    }
}
