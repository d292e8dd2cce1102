//! Names of values in brackets of another kind inside a text: right as they stand, and hardly ever meant so.

use std::collections::BTreeSet;

use crate::lang::builtins::{BAND, SIGNALS, SUSPICION};
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::span::{Sources, Span};
use crate::lang::syntax::BRACKETS;
use crate::lang::syntax::ast;

use super::Checker;
use super::codes as c;
use super::items::ValueItem;
use super::report::w;
use super::scope::Scope;

/// What other programs put round a name.
const PERCENT: (char, char) = ('%', '%');
/// Names in one text that are told.
const MAX_TOLD: usize = 8;

/// What signals are looked at by.
const SCORES: [&str; 4] = [SUSPICION, SIGNALS, BAND, "reasons"];

impl Checker<'_> {
    /// Whether a name without a dot has a value here that a text may show.
    fn is_value(&self, name: &str, scope: &Scope<'_>) -> bool {
        if self.asking.as_deref() == Some(name) {
            return false;
        }
        let defined = matches!(self.items.values.get(name), Some(ValueItem::Let(_)));
        let field = self.registry.field(name).is_some_and(|id| {
            let spec = self.registry.field_spec(id);
            spec.shown && spec.stages.covers(scope.stages)
        });
        let local = scope.locals.contains_key(name);
        local || self.variables.contains_key(name) || defined || field
    }

    /// `$nick` in a piece of a text, as templates of other programs have it.
    fn name_behind_dollar(&mut self, span: Span, scope: &Scope<'_>) {
        let text = self.sources.slice(span);
        let part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        for (at, _) in text.match_indices('$').take(MAX_TOLD) {
            let behind = &text[at + 1..];
            let name = &behind[..behind.find(|c| !part(c)).unwrap_or(behind.len())];
            let name = name.trim_end_matches('.');
            let meant = match name.contains('.') {
                true => self.registry.field(name).is_some(),
                false => {
                    name.starts_with(|c: char| c.is_ascii_alphabetic())
                        && self.is_value(name, scope)
                }
            };
            if meant {
                let begin = span.range().start + at;
                let place = Span::new(span.file, begin, begin + 1 + name.len());
                self.sent_as_it_stands(place, &text[at..=at + name.len()], name);
            }
        }
    }

    /// `%s` in a piece of a text: what is filled in elsewhere by its place.
    fn by_place(&mut self, span: Span) {
        let text = self.sources.slice(span);
        let signs = text.match_indices("%s").chain(text.match_indices("%d"));
        let found = signs.filter(|(at, _)| {
            let part = |c: char| c.is_ascii_alphanumeric() || c == '%';
            !text[..*at].ends_with(part) && !text[at + 2..].starts_with(part)
        });
        for (at, shown) in found.take(MAX_TOLD) {
            let begin = span.range().start + at;
            let place = Span::new(span.file, begin, begin + shown.len());
            let how = w(
                "值写它的名字，例如 `{account.name}`",
                "a value is written by its name, such as `{account.name}`",
            );
            self.report.push(not_replaced(place, shown, how));
        }
    }

    fn sent_as_it_stands(&mut self, place: Span, shown: &str, name: &str) {
        let right = format!("{{{name}}}");
        let how = w(
            format!("值写 `{right}`"),
            format!("a value is written `{right}`"),
        );
        let mend = w(format!("改成 `{right}`"), format!("write `{right}`"));
        self.report
            .push(not_replaced(place, shown, how).with_guess(mend, place, right));
    }

    /// `【account.name】` in a piece of `whole`: it is sent as it stands.
    pub(super) fn name_in_brackets(&mut self, span: Span, whole: &ast::Text, scope: &Scope<'_>) {
        self.name_behind_dollar(span, scope);
        self.by_place(span);
        let text = self.sources.slice(span);
        let mut told = 0;
        for (open, close) in BRACKETS.into_iter().chain([PERCENT]) {
            let mut rest = 0;
            while let Some(at) = text[rest..].find(open).map(|at| rest + at) {
                let inside = at + open.len_utf8();
                rest = inside;
                let Some(length) = text[inside..].find(close) else {
                    break;
                };
                let name = text[inside..inside + length].trim();
                // A word in round brackets may be a remark; a path is none.
                let round = matches!(open, '(' | '（');
                // `打折50%price%` may be a share and a name.
                let share = open == '%' && text[..at].ends_with(|c: char| c.is_numeric());
                let meant = match name.contains('.') {
                    true => self.registry.field(name).is_some(),
                    false => !round && self.is_value(name, scope) && !is_heading(name, whole),
                };
                if !meant || share || told == MAX_TOLD {
                    continue;
                }
                told += 1;
                let end = inside + length + close.len_utf8();
                let begin = span.range().start;
                let place = Span::new(span.file, begin + at, begin + end);
                self.sent_as_it_stands(place, &text[at..end], name);
            }
        }
    }
}

/// W1018.
fn not_replaced(place: Span, shown: &str, how: Words) -> Diagnostic {
    let title = w(
        format!("`{shown}` 会照样发出去"),
        format!("`{shown}` is sent as it stands"),
    );
    Diagnostic::warning(c::BRACKETS, title, place, how)
}

/// Whether a word that is no English one may be a heading: `【姓名】{姓名}` says it and shows it.
fn is_heading(name: &str, whole: &ast::Text) -> bool {
    !name.is_ascii()
        && whole
            .parts
            .iter()
            .any(|part| matches!(part, ast::TextPart::Hole { path, .. } if path.text() == name))
}

/// Leaves out what is told as unused and stands in brackets of another kind, which is told already.
pub(super) fn unused_otherwise(found: &mut Vec<Diagnostic>, sources: &Sources) {
    let inside = |one: &Diagnostic| {
        let shown = sources.slice(one.primary.span);
        if let Some(name) = shown.strip_prefix('$') {
            return name.to_owned();
        }
        let mut shown = shown.chars();
        shown.next();
        shown.next_back();
        shown.as_str().trim().to_owned()
    };
    let told: BTreeSet<String> = found
        .iter()
        .filter(|one| one.code == c::BRACKETS)
        .map(inside)
        .collect();
    if told.is_empty() {
        return;
    }
    let scored = SCORES.iter().any(|score| told.contains(*score));
    found.retain(|one| {
        let known = told.contains(sources.slice(one.primary.span))
            || (scored && one.title.en.starts_with("signal "));
        one.code != c::UNUSED || !known
    });
}
