//! Several marks in one message, without overlap: `with phone: mobile, code: digits(6)` and the
//! slots of a dialog.
//!
//! Unmistakable shapes take their text first (a phone before six digits before a bare number before
//! a word); among shapes of one kind the order of the pattern, or of `ask`, decides.

use std::ops::Range;
use std::sync::Arc;

use crate::lang::program::{ListId, Program, Slot};
use crate::lang::value::Value;

use super::captures::Captures;
use super::normalise::Normalised;
use super::pattern::Budget;
use super::shape::Shape;
use super::words::WordList;

/// Every shape found somewhere, or nothing.
pub(super) fn assign_all(shapes: &[(Arc<str>, Shape)], text: &Normalised) -> Option<Captures> {
    if !shapes.iter().all(|(_, shape)| shape.may_fit(text)) {
        return None;
    }
    let mut taken = Vec::new();
    let mut budget = Budget::default();
    let mut values: Vec<Option<Value>> = vec![None; shapes.len()];
    for index in by_rank(shapes.iter().map(|(_, shape)| shape)) {
        let found = shapes[index].1.find(text, &taken, &mut budget)?;
        taken.push(found.range);
        values[index] = Some(found.value);
    }
    let mut captures = Captures::default();
    for ((name, _), value) in shapes.iter().zip(values) {
        captures.insert(name.clone(), value?);
    }
    Some(captures)
}

/// Fills the open slots of a dialog from one message (language law 7).
///
/// `open` are the slots that are neither known nor skipped by `unless`, in `ask` order. Every slot
/// with a shape of its own (mobile, digits, number, date, …) is filled from wherever it stands; a
/// slot that almost any text fits (word, rest) is filled only when every slot before it is, so that
/// it is the one being asked. No two slots overlap. Gives indices into `open` with their values, in
/// `ask` order; empty when nothing fits.
pub fn extract_slots(open: &[&Slot], text: &Normalised, program: &Program) -> Vec<(usize, Value)> {
    let mut lists = |id: ListId| Arc::new(WordList::new(program.lists.get(id.0 as usize)));
    let shapes: Vec<Shape> = open
        .iter()
        .map(|slot| Shape::new(&slot.extractor, &mut lists))
        .collect();
    fill(&shapes, text)
}

pub(super) fn fill(shapes: &[Shape], text: &Normalised) -> Vec<(usize, Value)> {
    let mut taken: Vec<Range<usize>> = Vec::new();
    let mut budget = Budget::default();
    let mut values: Vec<Option<Value>> = vec![None; shapes.len()];
    for index in by_rank(shapes.iter()) {
        let shape = &shapes[index];
        if shape.takes_anything() && values[..index].iter().any(Option::is_none) {
            continue;
        }
        if let Some(found) = shape.find(text, &taken, &mut budget) {
            taken.push(found.range);
            values[index] = Some(found.value);
        }
    }
    values
        .into_iter()
        .enumerate()
        .filter_map(|(index, value)| Some((index, value?)))
        .collect()
}

fn by_rank<'a>(shapes: impl Iterator<Item = &'a Shape>) -> Vec<usize> {
    let ranks: Vec<u8> = shapes.map(Shape::rank).collect();
    let mut order: Vec<usize> = (0..ranks.len()).collect();
    order.sort_by_key(|index| ranks[*index]);
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::normalise;

    fn with(shapes: &[(&str, Shape)], text: &str) -> Option<Captures> {
        let shapes: Vec<_> = shapes
            .iter()
            .map(|(name, shape)| (Arc::from(*name), shape.clone()))
            .collect();
        assign_all(&shapes, &normalise(text))
    }

    fn phone_and_code(text: &str) -> Option<(String, String)> {
        let shapes = [("phone", Shape::Mobile), ("code", Shape::Digits(6))];
        let found = with(&shapes, text)?;
        let reversed = [shapes[1].clone(), shapes[0].clone()];
        assert_eq!(
            with(&reversed, text).as_ref().and_then(|c| c.get("phone")),
            found.get("phone"),
            "the order of the marks does not matter: {text}"
        );
        match (found.get("phone")?, found.get("code")?) {
            (Value::Phone(phone), Value::Code(code)) => Some((phone.to_string(), code.to_string())),
            _ => None,
        }
    }

    #[test]
    fn phone_and_code_anywhere_in_any_order() {
        for text in [
            "我的手机号是１３８ ００１３ ８０００，验证码：482913",
            "482913 13800138000",
            "13800138000 482913",
            "13800138000，482913",
            "138-0013-8000 482913",
            "138 0013 8000 482913",
            "验证码482913手机13800138000",
            "+86 138 0013 8000\n482913",
            "手机号１３８００１３８０００ 验证码482913",
            "绑定 13800138000 482913 谢谢",
        ] {
            assert_eq!(
                phone_and_code(text),
                Some(("+8613800138000".to_owned(), "482913".to_owned())),
                "{text}"
            );
        }
    }

    #[test]
    fn one_mark_alone_is_not_both() {
        for text in [
            "13800138000",
            "482913",
            "13800138000482913",
            "13800138000 48291",
            "你好",
        ] {
            assert_eq!(phone_and_code(text), None, "{text}");
        }
    }

    #[test]
    fn the_leftmost_of_several_phones_is_taken() {
        let found = with(&[("p", Shape::Mobile)], "13800138000 或 13900139000").unwrap();
        assert_eq!(found.get("p"), Some(&Value::Phone("+8613800138000".into())));
    }

    #[test]
    fn slots_fill_in_ask_order_without_overlap() {
        let slots = [Shape::Digits(6), Shape::Digits(6), Shape::Mobile];
        let found = fill(&slots, &normalise("111111 然后 222222，13800138000"));
        assert_eq!(
            found,
            [
                (0, Value::Code("111111".into())),
                (1, Value::Code("222222".into())),
                (2, Value::Phone("+8613800138000".into())),
            ]
        );
        assert_eq!(
            fill(&slots, &normalise("222222")),
            [(0, Value::Code("222222".into()))]
        );
    }

    #[test]
    fn a_word_is_not_made_of_talk_about_another_slot() {
        let slots = [Shape::Mobile, Shape::Word];
        let words = |text| {
            fill(&slots, &normalise(text))
                .into_iter()
                .map(|(i, _)| i)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            words("怎么绑定"),
            [] as [usize; 0],
            "it answers no question that was asked"
        );
        assert_eq!(words("我的手机是13800138000"), [0]);
        assert_eq!(words("13800138000 小王"), [0, 1]);
        let found = fill(
            &[Shape::Word, Shape::Mobile],
            &normalise("13800138000 XiaoWang"),
        );
        assert_eq!(found[0], (0, Value::text("XiaoWang")));
    }
}
