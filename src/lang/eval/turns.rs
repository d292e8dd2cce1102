//! Law 7, once: in which order a conversation is looked at, what a text fills, what is asked next.
//!
//! Pure steps over values: the bot plays them over its store, the analysis in the mind. Nothing here
//! knows a store, matches a text or evaluates a condition by itself; whoever calls brings that along,
//! and may fail at it (`E`).

use std::collections::BTreeMap;

use crate::lang::program::{Dialog, Extractor, Slot, Template};
use crate::lang::value::Value;

/// The rules that are tried together, in their order; the first that matches answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Round {
    /// Only those marked `even in dialog`.
    EvenInDialog,
    /// Those not marked, without `any`.
    Others,
    /// All but `any`.
    All,
    /// `any`.
    Fallback,
}

impl Round {
    /// Whether a rule that is, or is not, marked `even in dialog` is tried.
    pub fn tries(self, even_in_dialog: bool) -> bool {
        match self {
            Self::EvenInDialog => even_in_dialog,
            Self::Others => !even_in_dialog,
            Self::All | Self::Fallback => true,
        }
    }
}

/// One look at an event; the next is taken when nobody answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Rules.
    Rules(Round),
    /// Words that leave the dialog.
    Cancel,
    /// An answer that fits an open question.
    Answer,
    /// Nothing fitted: the dialog says so.
    Misfit,
}

/// The order in which an event is looked at.
pub fn turns(in_dialog: bool, is_text: bool, wants_answer: bool) -> &'static [Turn] {
    const EVEN: Turn = Turn::Rules(Round::EvenInDialog);
    const OTHERS: Turn = Turn::Rules(Round::Others);
    const ALL: Turn = Turn::Rules(Round::All);
    const FALLBACK: Turn = Turn::Rules(Round::Fallback);
    match (in_dialog, is_text, wants_answer) {
        (true, true, _) => &[EVEN, Turn::Cancel, Turn::Answer, OTHERS, Turn::Misfit],
        (true, false, true) => &[EVEN, OTHERS, FALLBACK],
        (true, false, false) => &[EVEN, OTHERS],
        (false, _, true) => &[ALL, FALLBACK],
        (false, _, false) => &[ALL],
    }
}

/// The first question that is neither answered nor excused; `None` when the dialog is done.
///
/// # Errors
/// What `excused` fails with.
pub fn next_question<'d, E>(
    dialog: &'d Dialog,
    values: &BTreeMap<String, Value>,
    mut excused: impl FnMut(&Slot) -> Result<bool, E>,
) -> Result<Option<&'d Slot>, E> {
    for slot in &dialog.slots {
        let known = values.get(&slot.name).is_some_and(Value::is_known);
        if !known && !excused(slot)? {
            return Ok(Some(slot));
        }
    }
    Ok(None)
}

/// What a text says about open questions; and about answered ones when it says them again along with
/// an open one (somebody corrects the phone together with the code). Empty when it answers none.
///
/// # Errors
/// What `excused` fails with.
pub fn answers<E>(
    dialog: &Dialog,
    values: &BTreeMap<String, Value>,
    mut excused: impl FnMut(&Slot) -> Result<bool, E>,
    fill: impl Fn(&[&Slot]) -> BTreeMap<String, Value>,
) -> Result<BTreeMap<String, Value>, E> {
    let mut open = Vec::new();
    for slot in &dialog.slots {
        if !values.contains_key(&slot.name) && !excused(slot)? {
            open.push(slot);
        }
    }
    let found = fill(&open);
    if found.is_empty() {
        return Ok(found);
    }
    let all: Vec<&Slot> = dialog
        .slots
        .iter()
        .filter(|slot| found.contains_key(&slot.name) || shaped(&slot.extractor))
        .collect();
    let again = fill(&all);
    let same = found
        .iter()
        .all(|(name, value)| again.get(name) == Some(value));
    Ok(if same { again } else { found })
}

/// Extractors that recognise their own kind of text and nothing else.
fn shaped(extractor: &Extractor) -> bool {
    matches!(
        extractor,
        Extractor::Mobile | Extractor::Email | Extractor::IdCard | Extractor::Url
    )
}

/// What becomes of a text that fitted nothing.
#[derive(Debug, Clone, Copy)]
pub enum Misfit<'d> {
    /// This is said, and the question stays open.
    Says(&'d Template),
    /// The tries are used up: `give up`.
    GivesUp,
}

/// `count` texts fitted nothing since `slot` was asked for, this one among them.
pub fn misfit(slot: &Slot, count: u32) -> Misfit<'_> {
    if slot.at_most.is_some_and(|most| count >= most) {
        return Misfit::GivesUp;
    }
    Misfit::Says(slot.invalid.as_ref().unwrap_or(&slot.question))
}
