//! Texts the platform refuses: on what occasion they would be sent.

use crate::lang::check::codes as c;
use crate::lang::check::report::{Report, w};
use crate::lang::check::walk;
use crate::lang::diagnostics::{Diagnostic, Example};
use crate::lang::program::{ActionKind, Program, Rule};

use super::acts::sentence;
use super::occasion::{Occasion, occasion};
use super::scene::Stage;
use super::search;

/// Adds to each finding the message or the login that would send the text.
pub(super) fn check(stage: &Stage<'_>, report: &mut Report) {
    let program = stage.program;
    let mut add = |found: Diagnostic| {
        if found.example.is_some() {
            return found;
        }
        let place = found.primary.span;
        let rule = program
            .rules
            .iter()
            .find(|rule| rule.body.span.contains(place));
        let found = match rule {
            Some(rule) if sends(rule, &found) => on_occasion(
                found,
                occasion(program, rule),
                "要发的就是这段文字",
                "this text would be sent",
            ),
            _ => found,
        };
        if found.story.is_empty() && found.example.is_none() {
            return in_conversation(stage, found);
        }
        found
    };
    report.amend(c::TOO_LONG, &mut add);
    report.amend(c::ALERT_PART, &mut add);
}

/// Adds the conversation in which a reply would be sent: for an outcome, or from a dialog.
fn in_conversation(stage: &Stage<'_>, found: Diagnostic) -> Diagnostic {
    let place = found.primary.span;
    let told = search::find(stage, place, |scene| {
        let there = scene.shown().is_some_and(|text| text.span == place);
        there.then(|| (scene.lines(), sentence(scene.done())))
    });
    let Some((story, (zh, en))) = told else {
        return found;
    };
    let words = w(
        format!("例如{zh}，要发的就是这段文字"),
        format!("for example after {en} this text would be sent"),
    );
    found.with_story(story, words)
}

/// Whether the text is sent whenever the rule acts, and not only for one of an action's outcomes.
fn sends(rule: &Rule, found: &Diagnostic) -> bool {
    rule.body
        .actions
        .iter()
        .any(|action| action.outcomes.is_empty() && action.span.contains(found.primary.span))
}

/// Adds the occasion on which a rule acts, `zh` and `en` saying what then happens.
pub(super) fn on_occasion(
    found: Diagnostic,
    occasion: Option<Occasion>,
    zh: &str,
    en: &str,
) -> Diagnostic {
    let Some(occasion) = occasion else {
        return found;
    };
    let story = occasion.story();
    match (occasion.said, occasion.given) {
        (Some(text), given) if given.is_empty() => match story {
            Some(story) => found.with_story(
                story,
                w(
                    format!("例如用户发送“{text}”时，{zh}"),
                    format!("for example on “{text}” {en}"),
                ),
            ),
            None => found,
        },
        (None, given) if given.is_empty() => match story {
            Some(story) => found.with_story(
                story,
                w(
                    format!("例如任何一次登录，{zh}"),
                    format!("for example at any login {en}"),
                ),
            ),
            None => found,
        },
        (_, given) => {
            let example = Example { given, holds: true };
            found.with_example(example, w(zh, en))
        }
    }
}

/// The first rule that alerts.
pub(super) fn alerting(program: &Program) -> Option<&Rule> {
    program
        .rules
        .iter()
        .find(|rule| walk::has(&rule.body, |kind| matches!(kind, ActionKind::Alert(_))))
}
