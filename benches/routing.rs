//! Which rules may a message concern? 10 to 10,000 text rules, half of them whole texts, 30 % words
//! contained, 20 % regular expressions with a capture; beside a linear search with one expression per
//! rule, a `RegexSet`, and the least that could be done: a map and one Aho-Corasick automaton.
//!
//! `cargo bench --bench routing`

#[path = "support/run.rs"]
mod run;
mod support;

use std::collections::HashMap;
use std::sync::Arc;

use aho_corasick::AhoCorasick;
use menshen::lang::builtins::Registry;
use menshen::lang::compile;
use menshen::lang::eval::{Facts, Held, HistoryAnswer, holds};
use menshen::lang::program::{EventName, FieldId, HistoryQuery, Name, Program, RuleId};
use menshen::lang::span::Sources;
use menshen::lang::value::Value;
use menshen::text::{Normalised, RuleIndex, normalise};
use regex::{Regex, RegexSet};
use support::{case, measure, print, resident};

const SIZES: [usize; 4] = [10, 100, 1_000, 10_000];
/// Numbers of rules when only a try is wanted.
const TRY_SIZES: [usize; 2] = [10, 1_000];
/// Rules of one file: files have a bound of their own.
const RULES_PER_FILE: usize = 1_000;

/// One rule's text: what kind, and what.
#[derive(Clone)]
enum Text {
    Exact(String),
    Containing(String),
    Matching(String),
}

impl Text {
    fn rule(&self, when: &str) -> String {
        let (word, text) = match self {
            Self::Exact(text) => ("text", text),
            Self::Containing(text) => ("text containing", text),
            Self::Matching(text) => ("text matching", text),
        };
        format!("on {word} \"{text}\"{when} {{\n    reply \"好\"\n}}\n\n")
    }

    fn pattern(&self) -> String {
        match self {
            Self::Exact(text) => format!("^{}$", regex::escape(text)),
            Self::Containing(text) => regex::escape(text),
            Self::Matching(text) => text.clone(),
        }
    }
}

/// Half exact, 30 % containing, 20 % expressions; all with words of their own.
fn distinct(n: usize) -> Vec<Text> {
    (0..n)
        .map(|i| match i % 10 {
            0..=4 => Text::Exact(format!("查询{i}号")),
            5..=7 => Text::Containing(format!("退款{i}单")),
            _ => Text::Matching(format!("订单{i}号(?<no>[0-9]+)")),
        })
        .collect()
}

/// The same shares, but what is contained and matched shares its words with everything else.
fn shared(n: usize) -> Vec<Text> {
    (0..n)
        .map(|i| match i % 10 {
            0..=4 => Text::Exact(format!("订单查询{i}")),
            // As long as the others: none contains another, which the checker would refuse.
            5..=7 => Text::Containing(format!("订单{i:05}")),
            _ => Text::Matching(format!(
                "订单[a-z]{{{}}}(?<no>[0-9]{{{}}})x",
                1 + i % 100,
                1 + i / 100
            )),
        })
        .collect()
}

/// A fifth of the rules are expressions without any word in them.
fn wordless(n: usize) -> Vec<Text> {
    (0..n)
        .map(|i| match i % 10 {
            0..=4 => Text::Exact(format!("查询{i}号")),
            5..=7 => Text::Containing(format!("退款{i}单")),
            _ => Text::Matching(format!(
                "^[a-f]{{{}}}(?<no>[0-9]{{{}}})$",
                1 + i % 100,
                1 + i / 100
            )),
        })
        .collect()
}

fn program(texts: &[Text]) -> Arc<Program> {
    program_when(texts, |_| String::new())
}

/// With a condition of its own for each rule.
fn program_when(texts: &[Text], when: impl Fn(usize) -> String) -> Arc<Program> {
    let rules: Vec<String> = (texts.iter().enumerate())
        .map(|(number, text)| text.rule(&when(number)))
        .collect();
    let files = rules
        .chunks(RULES_PER_FILE)
        .enumerate()
        .map(|(number, chunk)| (format!("{number:03}.rules"), chunk.concat()));
    let compiled = compile(Arc::new(Sources::new(files)), &Registry::standard());
    compiled
        .program
        .unwrap_or_else(|| panic!("{:#?}", &compiled.diagnostics[..1]))
}

/// What people send: a whole text, a word inside, an expression, and two that no rule is about.
fn messages(n: usize) -> Vec<Normalised> {
    let (exact, word, regex) = (
        n / 10 * 10,
        n.saturating_sub(5) / 10 * 10 + 5,
        n.saturating_sub(2) / 10 * 10 + 8,
    );
    [
        format!("查询{}号", exact.saturating_sub(10)),
        format!("你好，我想问一下退款{word}单什么时候到"),
        format!("麻烦看看订单{regex}号20261121"),
        "你好，请问你们几点上班？".to_owned(),
        "今天天气不错，我想和人工客服聊聊订单的事".to_owned(),
        "订单abc123x".to_owned(),
    ]
    .map(|text| normalise(&text))
    .to_vec()
}

/// What the bot does with a message, up to the captures of the first rule that matches.
fn route(index: &RuleIndex, text: &Normalised, out: &mut Vec<RuleId>) -> Option<RuleId> {
    index.candidates(&EventName::Text, text, out);
    out.iter()
        .copied()
        .find(|rule| index.match_rule(*rule, &EventName::Text, text).is_some())
}

/// The floor: nothing but a map, one automaton and the expressions of the words found.
struct Floor {
    exact: HashMap<String, u32>,
    words: AhoCorasick,
    rules: Vec<(u32, Option<Regex>)>,
}

impl Floor {
    fn new(texts: &[Text]) -> Self {
        let (mut exact, mut words, mut rules) = (HashMap::new(), Vec::new(), Vec::new());
        for (number, text) in texts.iter().enumerate() {
            match text {
                Text::Exact(text) => drop(exact.insert(text.clone(), number as u32)),
                Text::Containing(text) => {
                    words.push(text.clone());
                    rules.push((number as u32, None));
                }
                Text::Matching(text) => {
                    words.push(text.split('(').next().unwrap_or_default().to_owned());
                    rules.push((number as u32, Some(Regex::new(text).expect("it compiles"))));
                }
            }
        }
        let words = AhoCorasick::new(words).expect("it builds");
        Self {
            exact,
            words,
            rules,
        }
    }

    fn route(&self, text: &str) -> Option<u32> {
        let mut best = self.exact.get(text).copied();
        for found in self.words.find_overlapping_iter(text) {
            let (rule, regex) = &self.rules[found.pattern().as_usize()];
            if best.is_none_or(|best| *rule < best)
                && regex
                    .as_ref()
                    .is_none_or(|regex| regex.captures(text).is_some())
            {
                best = Some(*rule);
            }
        }
        best
    }
}

fn sizes() -> &'static [usize] {
    match run::is_a_try() {
        true => &TRY_SIZES,
        false => &SIZES,
    }
}

fn against_peers() {
    for n in sizes().iter().copied() {
        let texts = distinct(n);
        let rules = program(&texts);
        let before = resident();
        let index = RuleIndex::build(&rules);
        let after = resident();
        let messages = messages(n);
        let floor = Floor::new(&texts);
        let sources: Vec<String> = texts.iter().map(Text::pattern).collect();
        let linear: Vec<Regex> = match n {
            // A hundred kilobytes each: ten thousand would not fit beside everything else.
            10_000 => Vec::new(),
            _ => sources
                .iter()
                .map(|source| Regex::new(source).expect("it compiles"))
                .collect(),
        };
        let set: Option<RegexSet> = (n < 10_000)
            .then(|| {
                regex::RegexSetBuilder::new(&sources)
                    .size_limit(1 << 30)
                    .build()
            })
            .and_then(Result::ok);
        let mut out = Vec::new();
        let mut cases = vec![case("menshen", || {
            messages
                .iter()
                .filter_map(|text| route(&index, text, &mut out))
                .count()
        })];
        cases.push(case("floor: a map, one automaton, verified", || {
            messages
                .iter()
                .filter_map(|text| floor.route(text.compact()))
                .count()
        }));
        if !linear.is_empty() {
            cases.push(case("linear: one expression per rule", || {
                messages
                    .iter()
                    .filter_map(|text| linear.iter().position(|regex| regex.is_match(text.text())))
                    .count()
            }));
        }
        if let Some(set) = &set {
            cases.push(case("RegexSet", || {
                messages
                    .iter()
                    .filter_map(|text| set.matches(text.text()).iter().next())
                    .count()
            }));
        }
        let measured = measure(cases, messages.len() as u32);
        print(
            &format!("routing, {n} rules, a message (ratio to the floor)"),
            &measured,
            1,
        );
        if let (Some(before), Some(after)) = (before, after) {
            println!(
                "{:>12} KiB for the index",
                after.saturating_sub(before) / 1024
            );
        }
    }
}

fn growth() {
    for (name, texts) in [
        ("words of their own", distinct as fn(usize) -> Vec<Text>),
        ("shared words", shared),
        ("a fifth without words", wordless),
    ] {
        let sets: Vec<(usize, RuleIndex)> = sizes()
            .iter()
            .map(|n| (*n, RuleIndex::build(&program(&texts(*n)))))
            .collect();
        let cases = sets
            .iter()
            .map(|(n, index)| {
                let (messages, mut out) = (messages(*n), Vec::new());
                case(format!("{n} rules"), move || {
                    messages
                        .iter()
                        .filter_map(|text| route(index, text, &mut out))
                        .count()
                })
            })
            .collect();
        let measured = measure(cases, messages(10).len() as u32);
        print(
            &format!("routing, {name}, a message (ratio to 10 rules)"),
            &measured,
            0,
        );
    }
}

/// Nothing is known but who is bound: nobody.
struct Nobody;

impl Facts for Nobody {
    fn field(&mut self, _: FieldId) -> Value {
        Value::YesNo(false)
    }
    fn name(&mut self, _: &Name) -> Value {
        Value::unknown("name")
    }
    fn history(&mut self, _: &HistoryQuery, _: Option<&Value>, _: &Program) -> HistoryAnswer {
        HistoryAnswer::unknown("history")
    }
    fn trusted(&mut self, _: &Value) -> bool {
        false
    }
}

/// Every rule for the message has a condition, and none holds.
fn false_conditions() {
    let sets: Vec<(usize, Arc<Program>, RuleIndex)> = [1, 10, 100]
        .map(|n| {
            let texts = vec![Text::Exact("订单".to_owned()); n];
            let rules = program_when(&texts, |number| {
                format!(" when bound and account.name == \"{number}\"")
            });
            let index = RuleIndex::build(&rules);
            (n, rules, index)
        })
        .into();
    let text = normalise("订单");
    let cases = sets
        .iter()
        .map(|(n, rules, index)| {
            let (mut out, text) = (Vec::new(), &text);
            case(format!("{n} rules match, no condition holds"), move || {
                index.candidates(&EventName::Text, text, &mut out);
                out.iter()
                    .filter(|rule| index.match_rule(**rule, &EventName::Text, text).is_some())
                    .filter(|rule| {
                        holds(
                            rules.rules[rule.0 as usize].when.as_ref(),
                            rules,
                            &mut Nobody,
                        ) == Held::Yes
                    })
                    .count()
            })
        })
        .collect();
    print(
        "conditions that are false, a message (ratio to one)",
        &measure(cases, 1),
        0,
    );
}

fn normalising() {
    let texts = [
        "锁定",
        "你好，我想问一下退款35单什么时候到",
        "手机号１３８００１３８０００ 验证码482913",
        "hello world",
    ];
    let cases = texts
        .iter()
        .map(|text| case(*text, move || normalise(text)))
        .collect();
    print(
        "normalising a message, once before routing",
        &measure(cases, 1),
        0,
    );
}

fn main() {
    against_peers();
    growth();
    false_conditions();
    normalising();
}
