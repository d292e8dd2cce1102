//! The compiler's diagnostics and fixes in the protocol's words.

use std::collections::HashMap;

use lsp_types::{
    CodeAction, CodeActionKind, CodeActionParams, Diagnostic, DiagnosticRelatedInformation,
    DiagnosticSeverity, NumberOrString, TextEdit, Uri, WorkspaceEdit,
};
use serde_json::{Value, json};

use super::world::Set;
use crate::lang::diagnostics::{self as found, Language, Severity};
use crate::lang::span::{FileId, Span};

/// The diagnostics of every file of a set, files without any included.
pub(super) fn of(set: &Set, language: Language) -> Vec<(Uri, Value)> {
    set.uris
        .iter()
        .enumerate()
        .map(|(index, uri)| {
            let here = |span: Span| span.file.0 as usize == index;
            let list: Vec<Diagnostic> = set
                .compiled
                .diagnostics
                .iter()
                .filter_map(|it| one(set, &it.seen_from(here)?, language))
                .collect();
            (uri.clone(), json!(list))
        })
        .collect()
}

fn one(set: &Set, from: &found::Diagnostic, language: Language) -> Option<Diagnostic> {
    let mut message = from.title.get(language).to_owned();
    let label = from.primary.words.get(language);
    if !label.is_empty() {
        message.push_str(match language {
            Language::Zh => "：",
            Language::En => ": ",
        });
        message.push_str(label);
    }
    for help in &from.help {
        message.push('\n');
        message.push_str(help.get(language));
    }
    let related = from.secondary.iter().filter_map(|label| {
        Some(DiagnosticRelatedInformation {
            location: set.location(label.span)?,
            message: label.words.get(language).to_owned(),
        })
    });
    let related: Vec<_> = related.collect();
    Some(Diagnostic {
        range: set.range(from.primary.span)?,
        severity: Some(match from.severity {
            Severity::Error => DiagnosticSeverity::ERROR,
            Severity::Warning => DiagnosticSeverity::WARNING,
        }),
        code: Some(NumberOrString::String(from.code.to_owned())),
        source: Some("menshen".to_owned()),
        message,
        related_information: (!related.is_empty()).then_some(related),
        ..Diagnostic::default()
    })
}

/// The fixes of the diagnostics that touch a range.
pub(super) fn actions(
    set: &Set,
    file: FileId,
    params: &CodeActionParams,
    language: Language,
) -> Vec<CodeAction> {
    let wanted = params.context.only.as_ref().is_none_or(|only| {
        only.iter()
            .any(|kind| kind.as_str().is_empty() || *kind == CodeActionKind::QUICKFIX)
    });
    if !wanted {
        return Vec::new();
    }
    let text = set.text(file);
    let Some(lines) = set.lines.get(file.0 as usize) else {
        return Vec::new();
    };
    let start = lines.offset(text, params.range.start);
    let end = lines.offset(text, params.range.end);
    let mut actions = Vec::new();
    for diagnostic in &set.compiled.diagnostics {
        let touches = |span: crate::lang::span::Span| {
            let bytes = span.range();
            span.file == file && bytes.start <= end && start <= bytes.end
        };
        let near = touches(diagnostic.primary.span)
            || diagnostic.fixes.iter().any(|fix| touches(fix.span));
        if !near {
            continue;
        }
        for fix in &diagnostic.fixes {
            let (Some(location), Some(shown)) =
                (set.location(fix.span), one(set, diagnostic, language))
            else {
                continue;
            };
            let edit = TextEdit {
                range: location.range,
                new_text: fix.replacement.clone(),
            };
            actions.push(CodeAction {
                title: fix.words.get(language).to_owned(),
                kind: Some(CodeActionKind::QUICKFIX),
                diagnostics: Some(vec![shown]),
                edit: Some(changes([(location.uri, edit)])),
                is_preferred: (diagnostic.fixes.len() == 1).then_some(true),
                ..CodeAction::default()
            });
        }
    }
    actions
}

/// Edits of several files as one change.
#[expect(
    clippy::mutable_key_type,
    reason = "the protocol's type; an address is never changed while it is a key"
)]
pub(super) fn changes(edits: impl IntoIterator<Item = (Uri, TextEdit)>) -> WorkspaceEdit {
    let mut changes: HashMap<Uri, Vec<TextEdit>> = HashMap::new();
    for (uri, edit) in edits {
        changes.entry(uri).or_default().push(edit);
    }
    WorkspaceEdit {
        changes: Some(changes),
        ..WorkspaceEdit::default()
    }
}
