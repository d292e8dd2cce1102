//! Replies that the longest values make longer than the platform takes: the end would be cut off.

use jiff::tz::TimeZone;

use crate::lang::builtins::{MAX_TEXT, Registry};
use crate::lang::check::codes as c;
use crate::lang::check::report::{Report, w};
use crate::lang::check::{literals, walk};
use crate::lang::diagnostics::{Diagnostic, Example};
use crate::lang::eval::{Facts, HistoryAnswer, MAX_LONG_CHARS, MAX_VALUE_CHARS, render};
use crate::lang::program::{
    ActionKind, Block, Dialog, ExprKind, Extractor, FieldId, HistoryQuery, Matcher, Name,
    PatternPart, Program, Reply, Template, TemplatePart, Trigger,
};
use crate::lang::value::Value;

use super::example::written;

/// The character of the longest texts people write: three bytes.
const WIDE: &str = "好";
/// What the information system answers, at length; the bot's own lists are as short as it makes them.
const ANSWER: &str = "answer";
/// Room for an answer that a text must leave: how long answers are, and what of a longer one is cut, is the
/// information system's to say.
const ANSWER_CHARS: usize = MAX_LONG_CHARS / 2;
/// What a message is looked at by a reply that quotes it.
const MESSAGE: &str = "message.text";

pub(super) fn check(program: &Program, registry: &Registry, report: &mut Report) {
    for rule in &program.rules {
        let wide = |name: &str| {
            let mut triggers = rule.triggers.iter();
            triggers.any(|trigger| captured(trigger, name).is_some_and(endless))
        };
        let mut texts = Vec::new();
        replies(&rule.body, &mut texts);
        for text in texts {
            look(text, &wide, program, registry, report);
        }
    }
    for dialog in &program.dialogs {
        let wide = |name: &str| {
            let mut slots = dialog.slots.iter();
            slots.any(|slot| slot.name == name && endless(&slot.extractor))
        };
        for text in texts_of(dialog) {
            look(text, &wide, program, registry, report);
        }
    }
}

fn texts_of(dialog: &Dialog) -> Vec<&Template> {
    let mut texts: Vec<&Template> = Vec::new();
    for slot in &dialog.slots {
        texts.push(&slot.question);
        texts.extend(&slot.invalid);
    }
    let cancel = dialog.cancel.as_ref().map(|cancel| &cancel.block);
    for block in [&dialog.done, &dialog.give_up].into_iter().chain(cancel) {
        replies(block, &mut texts);
    }
    texts
}

fn replies<'a>(block: &'a Block, texts: &mut Vec<&'a Template>) {
    walk::actions(block, &mut |action| {
        if let ActionKind::Reply(Reply::Text(text)) = &action.kind {
            texts.push(text);
        }
    });
}

/// What a trigger puts under this name.
fn captured<'t>(trigger: &'t Trigger, name: &str) -> Option<&'t Extractor> {
    let captures: Vec<_> = match &trigger.matcher {
        Matcher::With(captures) => captures.iter().collect(),
        Matcher::Pattern(pattern) => {
            let parts = pattern.parts.iter();
            let captures = parts.filter_map(|part| match part {
                PatternPart::Capture(capture) => Some(capture),
                PatternPart::Literal(_) => None,
            });
            captures.collect()
        }
        _ => return None,
    };
    let mut captures = captures.into_iter();
    let capture = captures.find(|capture| capture.name == name)?;
    Some(&capture.extractor)
}

/// Whether it gives texts as long as somebody cares to write.
fn endless(extractor: &Extractor) -> bool {
    matches!(
        extractor,
        Extractor::Word | Extractor::Rest | Extractor::Url
    )
}

/// Fills the text with the longest values, as the bot would.
fn look(
    text: &Template,
    wide: &dyn Fn(&str) -> bool,
    program: &Program,
    registry: &Registry,
    report: &mut Report,
) {
    // Without any value it is too long by itself (E0412).
    let certain: usize = literals(text).map(str::len).sum();
    if certain > MAX_TEXT {
        return;
    }
    let mut given: Vec<(String, String)> = Vec::new();
    for part in &text.parts {
        let TemplatePart::Value(value) = part else {
            continue;
        };
        let most = match &value.kind {
            ExprKind::Name(Name::Capture(name) | Name::Slot(name)) if wide(name) => MAX_VALUE_CHARS,
            ExprKind::Name(Name::Outcome(name)) if name == ANSWER => ANSWER_CHARS,
            ExprKind::Field(id) if registry.field_spec(*id).path == MESSAGE => MAX_VALUE_CHARS,
            _ => continue,
        };
        let about = written(value, program);
        if given.iter().all(|(known, _)| *known != about) {
            given.push((about, format!("“{WIDE}”×{most}")));
        }
    }
    if given.is_empty() {
        return;
    }
    let mut facts = Longest { registry, wide };
    let bytes = render(text, program, &mut facts, &TimeZone::UTC).len();
    if bytes <= MAX_TEXT {
        return;
    }
    let found = Diagnostic::warning(
        c::MAY_BE_TOO_LONG,
        w(
            format!("填上长的值，文字有 {bytes} 字节，微信最多 {MAX_TEXT}，后面的会被截掉"),
            format!(
                "with long values {bytes} bytes of text; the platform takes {MAX_TEXT}, the rest is cut off"
            ),
        ),
        text.span,
        w("可能太长", "perhaps too long"),
    )
    .with_help(w(
        "把固定的文字写短，或者分成 `reply` 和 `send` 两条",
        "shorten what is fixed, or say it in two: `reply` and `send`",
    ));
    let example = Example { given, holds: true };
    let words = w(
        format!("文字有 {bytes} 字节"),
        format!("{bytes} bytes of text"),
    );
    report.push(found.with_example(example, words));
}

/// Every text that may be long is; all else is nothing.
struct Longest<'l> {
    registry: &'l Registry,
    wide: &'l dyn Fn(&str) -> bool,
}

impl Facts for Longest<'_> {
    fn field(&mut self, id: FieldId) -> Value {
        match self.registry.field_spec(id).path {
            MESSAGE => Value::text(WIDE.repeat(MAX_VALUE_CHARS)),
            _ => Value::text(""),
        }
    }

    fn name(&mut self, name: &Name) -> Value {
        match name {
            Name::Capture(name) | Name::Slot(name) if (self.wide)(name) => {
                Value::text(WIDE.repeat(MAX_VALUE_CHARS))
            }
            Name::Outcome(name) if name == ANSWER => Value::text(WIDE.repeat(ANSWER_CHARS)),
            _ => Value::text(""),
        }
    }

    fn history(&mut self, _: &HistoryQuery, _: Option<&Value>, _: &Program) -> HistoryAnswer {
        HistoryAnswer::unknown("history")
    }

    fn trusted(&mut self, _: &Value) -> bool {
        false
    }
}
