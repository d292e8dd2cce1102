//! Values that are taken and never looked at: signals nobody counts, what is remembered, asked for or
//! captured and then not used. A name that begins with `_` says that it is meant so.

use std::collections::BTreeSet;

use crate::lang::builtins::{BAND, Registry, SIGNALS, SUSPICION};
use crate::lang::check::codes as c;
use crate::lang::check::report::w;
use crate::lang::check::walk;
use crate::lang::diagnostics::Diagnostic;
use crate::lang::program::{
    ActionKind, Dialog, Expectation, Expr, ExprKind, Extractor, Name, Program, Rule, StepKind,
};
use crate::lang::span::Span;

/// What a score is looked at by.
const SCORES: [&str; 4] = [SUSPICION, SIGNALS, BAND, "reasons"];

/// Warnings for a sound program.
pub(super) fn check(program: &Program, registry: &Registry) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    signals(program, registry, &mut found);
    variables(program, &mut found);
    for rule in &program.rules {
        captures(program, rule, &mut found);
    }
    for dialog in &program.dialogs {
        slots(program, dialog, &mut found);
    }
    found
}

fn warning(name: &str, zh: &str, en: &str, span: Span) -> Diagnostic {
    Diagnostic::warning(
        c::UNUSED,
        w(
            format!("{zh} `{name}` 没有用到"),
            format!("{en} `{name}` is never used"),
        ),
        span,
        w("没有人用", "used nowhere"),
    )
}

/// With the name that says it is meant so. It is no fix: the name may stand in other places too, in `start …
/// with`, in stories, in `forget`.
fn or_meant(found: Diagnostic, name: &str) -> Diagnostic {
    let meant = format!("_{name}");
    found.with_help(w(
        format!("不用它的值，就叫它 `{meant}`"),
        format!("where its value does not matter, call it `{meant}`"),
    ))
}

fn meant(name: &str) -> bool {
    name.starts_with('_')
}

/// Signals, where nothing looks at any score and no story at the signal. Shadow signals are there to be
/// watched in the log.
fn signals(program: &Program, registry: &Registry, found: &mut Vec<Diagnostic>) {
    let mut counted = false;
    every(program, &mut |expr| {
        if let ExprKind::Field(id) = expr.kind {
            counted |= SCORES.contains(&registry.field_spec(id).path);
        }
    });
    if counted {
        return;
    }
    let steps = program.stories.iter().flat_map(|story| &story.steps);
    let told: BTreeSet<&String> = steps
        .filter_map(|step| match &step.kind {
            StepKind::Expect(Expectation::Signals { names, .. }) => Some(names),
            _ => None,
        })
        .flatten()
        .collect();
    let mut unseen = program
        .signals
        .iter()
        .filter(|signal| !signal.shadow && !meant(&signal.name) && !told.contains(&signal.name));
    let Some(first) = unseen.next() else { return };
    let at = |span: Span, name: &str| place(program, span, name).unwrap_or(span);
    let mut one = warning(
        &first.name,
        "信号",
        "signal",
        at(first.span, &first.name),
    )
    .with_help(w(
        "写一条看分数的规则，例如 `on login when suspicion >= 60 { … }`；只想记录，就在信号的第一行写 `shadow`",
        "write a rule that looks at the score, such as `on login when suspicion >= 60 { … }`; only to record, write `shadow` behind the weight",
    ));
    for other in unseen.take(MAX_PLACES) {
        let span = at(other.span, &other.name);
        one = one.with_label(span, w("这个也没有", "nor is this one"));
    }
    found.push(one);
}

/// Further places of one finding that are shown.
const MAX_PLACES: usize = 8;

fn variables(program: &Program, found: &mut Vec<Diagnostic>) {
    let mut read = BTreeSet::new();
    every(program, &mut |expr| {
        if let ExprKind::Name(Name::Variable(name)) = &expr.kind {
            read.insert(name.clone());
        }
    });
    let mut told = BTreeSet::new();
    for block in blocks(program) {
        walk::actions(block, &mut |action| {
            let ActionKind::Remember { name, .. } = &action.kind else {
                return;
            };
            if !read.contains(name) && !meant(name) && told.insert(name.clone()) {
                let span = place(program, action.span, name).unwrap_or(action.span);
                let one = warning(name, "记住的", "what is remembered as", span);
                found.push(or_meant(asked_too(program, one, name), name));
            }
        });
    }
}

/// A dialog that asks for something of the same name looks at its own: also in `unless phone is known`.
fn asked_too(program: &Program, found: Diagnostic, name: &str) -> Diagnostic {
    let asks = |dialog: &&Dialog| dialog.slots.iter().any(|slot| slot.name == name);
    let Some(dialog) = program.dialogs.iter().find(asks) else {
        return found;
    };
    let dialog = &dialog.name;
    found.with_help(w(
        format!("对话 `{dialog}` 里的 `{name}` 是它自己问的；记住的用 `start {dialog} with {name}` 交给它"),
        format!("in dialog `{dialog}`, `{name}` is what it asks for; hand over what is remembered by `start {dialog} with {name}`"),
    ))
}

fn captures(program: &Program, rule: &Rule, found: &mut Vec<Diagnostic>) {
    // The information system and the staff get the whole message.
    let passed_on = walk::has(&rule.body, |kind| {
        matches!(kind, ActionKind::Forward | ActionKind::HandOver(_))
    });
    if passed_on || rule.captures.is_empty() {
        return;
    }
    let mut read = BTreeSet::new();
    let mut see = |expr: &Expr| {
        walk::nodes(expr, &program.queries, &mut |node| {
            if let ExprKind::Name(Name::Capture(name)) = &node.kind {
                read.insert(name.clone());
            }
        });
    };
    rule.when.iter().for_each(&mut see);
    walk::values(&rule.body, &mut see);
    for capture in &rule.captures {
        let name = &capture.name;
        if read.contains(name) || meant(name) {
            continue;
        }
        let mut triggers = rule.triggers.iter();
        let brings = triggers.find(|trigger| super::missing::brings(&trigger.matcher, name));
        let span = brings.and_then(|trigger| place(program, trigger.span, name));
        // A name that stands nowhere as written is not told.
        if let Some(span) = span {
            let one = warning(name, "提取的", "the captured", span);
            found.push(or_meant(one, name));
        }
    }
}

/// The names that a dialog looks at.
pub(super) fn read(program: &Program, dialog: &Dialog) -> BTreeSet<String> {
    let mut read = BTreeSet::new();
    let mut see = |expr: &Expr| {
        walk::nodes(expr, &program.queries, &mut |node| {
            if let ExprKind::Name(Name::Slot(name)) = &node.kind {
                read.insert(name.clone());
            }
        });
    };
    let cancel = dialog.cancel.as_ref().map(|cancel| &cancel.block);
    let ends = [Some(&dialog.done), Some(&dialog.give_up), cancel];
    for block in ends.into_iter().flatten() {
        walk::values(block, &mut see);
    }
    for slot in &dialog.slots {
        slot.unless.iter().for_each(&mut see);
        walk::of_text(&slot.question, &mut see);
        slot.invalid
            .iter()
            .for_each(|text| walk::of_text(text, &mut see));
    }
    read
}

/// Whether the information system or the staff get the whole dialog.
pub(super) fn passes_on(dialog: &Dialog) -> bool {
    walk::has(&dialog.done, |kind| {
        matches!(kind, ActionKind::Forward | ActionKind::HandOver(_))
    })
}

fn slots(program: &Program, dialog: &Dialog, found: &mut Vec<Diagnostic>) {
    let read = read(program, dialog);
    let passed_on = passes_on(dialog);
    for slot in &dialog.slots {
        // Of a fixed choice that it was made is what counts: 确定.
        let chosen = matches!(slot.extractor, Extractor::OneOf(_));
        if read.contains(&slot.name) || meant(&slot.name) || chosen || passed_on {
            continue;
        }
        let span = place(program, slot.span, &slot.name).unwrap_or(slot.span);
        let one = warning(&slot.name, "问来的", "what is asked for as", span);
        found.push(or_meant(one, &slot.name));
    }
}

/// The blocks of rules and dialogs.
pub(super) fn blocks(program: &Program) -> impl Iterator<Item = &crate::lang::program::Block> {
    let dialogs = program.dialogs.iter().flat_map(|dialog| {
        let cancel = dialog.cancel.as_ref().map(|cancel| &cancel.block);
        [&dialog.done, &dialog.give_up].into_iter().chain(cancel)
    });
    program.rules.iter().map(|rule| &rule.body).chain(dialogs)
}

/// Calls `see` with every node of every expression that decides or says something.
fn every(program: &Program, see: &mut dyn FnMut(&Expr)) {
    let mut go = |expr: &Expr| walk::nodes(expr, &program.queries, see);
    for rule in &program.rules {
        rule.when.iter().for_each(&mut go);
    }
    for signal in &program.signals {
        go(&signal.when);
        signal.except.iter().for_each(&mut go);
    }
    for item in &program.lets {
        go(&item.value);
    }
    for slot in program.dialogs.iter().flat_map(|dialog| &dialog.slots) {
        slot.unless.iter().for_each(&mut go);
        walk::of_text(&slot.question, &mut go);
        slot.invalid
            .iter()
            .for_each(|text| walk::of_text(text, &mut go));
    }
    for block in blocks(program) {
        walk::values(block, &mut go);
    }
}

/// Where a name stands in what something is written as.
pub(super) fn place(program: &Program, span: Span, name: &str) -> Option<Span> {
    let source = program.sources.slice(span);
    let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let (at, _) = source.match_indices(name).find(|(at, _)| {
        let before = source[..*at].chars().next_back();
        let after = source[at + name.len()..].chars().next();
        !part(before) && !part(after)
    })?;
    let start = span.start as usize + at;
    Some(Span::new(span.file, start, start + name.len()))
}
