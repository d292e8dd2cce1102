//! The index beside a linear search, and what each kind of trigger finds.

use super::*;
use crate::lang::program::*;
use crate::text::{match_trigger, normalise};
use proptest::prelude::*;

fn literal(text: &str) -> Matcher {
    Matcher::Pattern(Pattern {
        parts: vec![PatternPart::Literal(text.to_owned())],
    })
}

fn pattern(parts: &[(&str, Option<Extractor>)]) -> Matcher {
    let parts = parts
        .iter()
        .map(|(text, extractor)| match extractor {
            None => PatternPart::Literal((*text).to_owned()),
            Some(extractor) => PatternPart::Capture(PatternCapture {
                name: (*text).to_owned(),
                extractor: extractor.clone(),
            }),
        })
        .collect();
    Matcher::Pattern(Pattern { parts })
}

fn program(rules: Vec<Vec<(EventName, Matcher)>>) -> Program {
    let words = |words: &[&str]| ListEntries::Values(words.iter().map(Value::text).collect());
    Program {
        rules: rules
            .into_iter()
            .enumerate()
            .map(|(id, triggers)| Rule {
                id: RuleId(id as u32),
                name: String::new(),
                triggers: triggers
                    .into_iter()
                    .map(|(event, matcher)| Trigger {
                        event,
                        matcher,
                        span: Default::default(),
                    })
                    .collect(),
                when: None,
                even_in_dialog: false,
                continues: false,
                body: Block::default(),
                captures: Vec::new(),
                head: Default::default(),
                span: Default::default(),
            })
            .collect(),
        lists: vec![List {
            name: "words".to_owned(),
            ty: crate::lang::value::Type::Text,
            entries: words(&["取消", "退 出", "Quit"]),
            index: Default::default(),
            span: Default::default(),
        }],
        ..crate::lang::eval::testing::empty_program()
    }
}

fn text_rules(matchers: Vec<Matcher>) -> (Program, RuleIndex) {
    let program = program(
        matchers
            .into_iter()
            .map(|matcher| vec![(EventName::Text, matcher)])
            .collect(),
    );
    let index = RuleIndex::build(&program);
    (program, index)
}

fn first(index: &RuleIndex, text: &str) -> Option<(u32, Captures)> {
    let text = normalise(text);
    let mut rules = Vec::new();
    index.candidates(&EventName::Text, &text, &mut rules);
    rules.into_iter().find_map(|rule| {
        index
            .match_rule(rule, &EventName::Text, &text)
            .map(|captures| (rule.0, captures))
    })
}

#[test]
fn rules_are_found_by_every_kind_of_matcher() {
    let (_, index) = text_rules(vec![
        literal("锁定"),
        pattern(&[("是我 ", None), ("choice", Some(Extractor::Number))]),
        Matcher::Containing("退款".to_owned()),
        Matcher::Starting("反馈".to_owned()),
        Matcher::Matching("订单(?<no>[0-9]+)".to_owned()),
        Matcher::InList(ListId(0)),
        Matcher::With(vec![PatternCapture {
            name: "phone".to_owned(),
            extractor: Extractor::Mobile,
        }]),
    ]);
    let rule = |text| first(&index, text).map(|(rule, _)| rule);
    assert_eq!(rule(" 锁 定 "), Some(0));
    assert_eq!(rule("锁定吧"), None);
    for text in ["是我 2", "是我2", "是我２", "是 我　２"] {
        let (rule, captures) = first(&index, text).expect(text);
        assert_eq!(
            (rule, captures.get("choice")),
            (1, Some(&Value::Number(2.0))),
            "{text}"
        );
    }
    assert_eq!(rule("是我"), None);
    assert_eq!(rule("我想退 款"), Some(2));
    assert_eq!(rule("反馈：不错"), Some(3));
    assert_eq!(rule("不错的反馈"), None);
    assert_eq!(rule("查订单１２３"), Some(4));
    assert_eq!(rule("退出"), Some(5));
    assert_eq!(rule("ＱＵＩＴ"), Some(5));
    assert_eq!(rule("打 138-0013-8000"), Some(6));
    assert_eq!(rule(""), None);
}

#[test]
fn candidates_are_few_sorted_and_unique() {
    let mut matchers: Vec<Matcher> = (0..5_000).map(|n| literal(&format!("词{n}"))).collect();
    matchers.push(Matcher::Containing("词49".to_owned()));
    matchers.push(Matcher::Matching("(词4|词49)x?".to_owned()));
    let (_, index) = text_rules(matchers);
    let mut out = Vec::new();
    index.candidates(&EventName::Text, &normalise("词4999"), &mut out);
    assert_eq!(out, [RuleId(4_999), RuleId(5_000), RuleId(5_001)]);
}

#[test]
fn keys_scenes_and_foreign_events() {
    let scene = || pattern(&[("bind:", None), ("ticket", Some(Extractor::Word))]);
    let program = program(vec![
        vec![(EventName::Subscribe, scene()), (EventName::Scan, scene())],
        vec![(EventName::Subscribe, Matcher::Always)],
        vec![(
            EventName::Named("WifiConnected".to_owned()),
            Matcher::Always,
        )],
        vec![(EventName::Any, Matcher::Always)],
    ]);
    let index = RuleIndex::build(&program);
    let mut out = Vec::new();
    let key = normalise("bind:AbC-9");
    index.candidates(&EventName::Subscribe, &key, &mut out);
    assert_eq!(out, [RuleId(0), RuleId(1)]);
    let captures = index.match_rule(RuleId(0), &EventName::Scan, &key).unwrap();
    assert_eq!(
        captures.get("ticket"),
        Some(&Value::text("AbC-9")),
        "capitals are kept"
    );
    let foreign = EventName::Named("WIFICONNECTED".to_owned());
    index.candidates(&foreign, &normalise(""), &mut out);
    assert_eq!(out, [RuleId(2)]);
    assert!(
        index
            .match_rule(RuleId(2), &foreign, &normalise(""))
            .is_some()
    );
    index.candidates(&EventName::Any, &normalise("x"), &mut out);
    assert_eq!(out, [RuleId(3)]);
    index.candidates(&EventName::Image, &normalise(""), &mut out);
    assert!(out.is_empty());
}

#[test]
fn holes_end_at_the_next_words() {
    let (_, index) = text_rules(vec![pattern(&[
        ("从 ", None),
        ("from", Some(Extractor::Word)),
        (" 到 ", None),
        ("to", Some(Extractor::Rest)),
    ])]);
    for text in ["从北京到上海 虹桥", "从 北京 到 上海 虹桥"] {
        let (_, captures) = first(&index, text).expect(text);
        assert_eq!(captures.get("from"), Some(&Value::text("北京")));
        assert_eq!(captures.get("to"), Some(&Value::text("上海 虹桥")));
    }
}

#[test]
fn hostile_texts_end_within_the_budget() {
    let word = || Some(Extractor::Word);
    let (_, index) = text_rules(vec![pattern(&[
        ("a", word()),
        ("x", None),
        ("b", word()),
        ("x", None),
        ("c", word()),
        ("x", None),
        ("d", word()),
        ("y", None),
    ])]);
    assert!(first(&index, &format!("{}z", "x".repeat(3_000))).is_none());
}

#[test]
fn dialogs_fill_and_cancel() {
    let mut program = program(Vec::new());
    let slot = |name: &str, extractor| Slot {
        name: name.to_owned(),
        extractor,
        question: Template {
            parts: Vec::new(),
            span: Default::default(),
        },
        unless: None,
        invalid: None,
        at_most: None,
        span: Default::default(),
    };
    program.dialogs.push(Dialog {
        name: "binding".to_owned(),
        expires: 1,
        params: Vec::new(),
        slots: vec![
            slot("phone", Extractor::Mobile),
            slot("way", Extractor::OneOf(ListId(0))),
        ],
        cancel: Some(Cancel {
            words: CancelWords::List(ListId(0)),
            block: Block::default(),
        }),
        give_up: Block::default(),
        done: Block::default(),
        span: Default::default(),
    });
    let index = RuleIndex::build(&program);
    assert!(index.cancels(DialogId(0), &normalise("退出")));
    assert!(!index.cancels(DialogId(0), &normalise("不退出")));
    let open: Vec<&Slot> = program.dialogs[0].slots.iter().collect();
    assert_eq!(
        index.fill_slots(DialogId(0), &open, &normalise("quit 13800138000")),
        [
            ("phone".to_owned(), Value::Phone("+8613800138000".into())),
            ("way".to_owned(), Value::text("Quit")),
        ]
    );
    assert_eq!(
        crate::text::extract_slots(&open, &normalise("quit"), &program),
        [(1, Value::text("Quit"))]
    );
}

proptest! {
    /// The index never loses a rule that trying them one by one would find.
    #[test]
    fn the_index_finds_what_a_linear_search_finds(
        words in prop::collection::vec(("[ab锁定 1]{1,4}", 0u8..9), 1..40),
        text in "[ab锁定 1]{0,8}",
    ) {
        let matchers: Vec<Matcher> = words.iter().map(|(word, kind)| match kind {
            0 => literal(word),
            1 => Matcher::Containing(word.clone()),
            2 => Matcher::Starting(word.clone()),
            3 => Matcher::Matching(format!("{word}|a+锁")),
            4 => pattern(&[(word, None), ("x", Some(Extractor::Word))]),
            _ => pattern(&[("x", Some(Extractor::Number)), (word, None)]),
        }).collect();
        let (program, index) = text_rules(matchers);
        let text = normalise(&text);
        let mut found = Vec::new();
        index.candidates(&EventName::Text, &text, &mut found);
        found.retain(|rule| index.match_rule(*rule, &EventName::Text, &text).is_some());
        let linear: Vec<RuleId> = program.rules.iter()
            .filter(|rule| match_trigger(&rule.triggers[0].matcher, &text, &program).is_some())
            .map(|rule| rule.id)
            .collect();
        prop_assert_eq!(found, linear);
    }
}
