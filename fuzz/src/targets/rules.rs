//! Rule text, all the way: parse, report, format, check, analyse, compile, match, evaluate, explain.

use std::sync::Arc;

use jiff::tz::TimeZone;
use menshen::lang::builtins::{CallSpec, Registry};
use menshen::lang::compile;
use menshen::lang::diagnostics::{self, Language};
use menshen::lang::eval::{Held, NoObserver, Trace, eval, explain, judge, judge_traced, why_not};
use menshen::lang::format::{Refused, format};
use menshen::lang::program::{EventName, Expr, Matcher, Program};
use menshen::lang::span::{FileId, Sources};
use menshen::lang::syntax::parse;
use menshen::lang::value::Value;
use menshen::text::{RuleIndex, match_trigger, normalise};

use super::facts::Event;

const SHIPPED: [&str; 3] = [
    include_str!("../../../rules/binding.rules"),
    include_str!("../../../rules/guard.rules"),
    include_str!("../../../rules/service.rules"),
];

pub fn run(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        whole(text);
    }
}

/// The names a rule file may use: the language's and one webhook.
pub fn registry() -> Registry {
    let mut registry = Registry::standard();
    registry
        .register_call(CallSpec::webhook("security_desk"))
        .expect("a new name");
    registry
}

/// The shipped files whole and item by item, and what the goldens hold.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = SHIPPED
        .iter()
        .map(|text| text.as_bytes().to_vec())
        .collect();
    for text in SHIPPED {
        seeds.extend(items(text).into_iter().map(|item| item.as_bytes().to_vec()));
    }
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
    let golden = golden.replace("/fuzz/tests", "/tests");
    for folder in ["check", "syntax", "programs"] {
        let Ok(files) = std::fs::read_dir(format!("{golden}/{folder}")) else {
            continue;
        };
        let mut paths: Vec<_> = files.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|kind| kind == "rules"));
        paths.sort();
        seeds.extend(
            paths
                .iter()
                .flat_map(std::fs::read)
                .filter(|text| text.len() < 16_384),
        );
    }
    seeds
}

/// A file cut where an item starts at column 0.
pub fn items(text: &str) -> Vec<&str> {
    let mut starts: Vec<usize> = text
        .match_indices('\n')
        .map(|(at, _)| at + 1)
        .filter(|&at| text[at..].starts_with(|c: char| c.is_ascii_lowercase()))
        .collect();
    starts.insert(0, 0);
    starts.push(text.len());
    starts
        .windows(2)
        .map(|pair| &text[pair[0]..pair[1]])
        .collect()
}

/// Holds everything that must hold for a text. The program, when it is one.
pub fn whole(text: &str) -> Option<Arc<Program>> {
    let parsed = parse(FileId(0), text);
    for found in &parsed.diagnostics {
        let places = found.secondary.iter().map(|label| label.span);
        let fixes = found.fixes.iter().map(|fix| fix.span);
        for span in std::iter::once(found.primary.span)
            .chain(places)
            .chain(fixes)
        {
            assert!(
                text.get(span.range()).is_some(),
                "{} points outside the text",
                found.code
            );
        }
        assert_ne!(found.code, "E0199", "the parser failed inside");
    }
    let registry = registry();
    let sources = Arc::new(Sources::single("a.rules", text));
    let compiled = compile(sources.clone(), &registry);
    for language in [Language::Zh, Language::En] {
        diagnostics::human(&compiled.diagnostics, &sources, language, false);
        diagnostics::sarif(&compiled.diagnostics, &sources, language);
    }
    match format(text) {
        Ok(once) => {
            let twice = format(&once).expect("a formatted text can be formatted");
            assert!(
                twice == once,
                "formatting does not settle:\n{once}\n-- and then\n{twice}"
            );
            let again = compile(Arc::new(Sources::single("a.rules", &once)), &registry);
            assert_eq!(
                again.program.is_some(),
                compiled.program.is_some(),
                "formatting changed what compiles"
            );
        }
        Err(Refused::Unsound) => panic!("the formatter refused its own result"),
        Err(Refused::Syntax(_)) => {}
    }
    let program = compiled.program?;
    matching(&program);
    for seed in [3, 0x51F1_5EED, 0xD134_2543_DE82_EF95] {
        evaluation(&program, &registry, seed);
    }
    Some(program)
}

/// The index loses no rule, and matching is total.
fn matching(program: &Program) {
    let index = RuleIndex::build(program);
    let mut texts: Vec<String> = [
        "",
        "锁定",
        "手机号１３８００１３８０００ 验证码482913",
        "a 1 b 2",
    ]
    .map(str::to_owned)
    .into();
    for trigger in program.rules.iter().flat_map(|rule| &rule.triggers).take(8) {
        match &trigger.matcher {
            Matcher::Containing(text) | Matcher::Starting(text) | Matcher::Matching(text) => {
                texts.push(format!("x{text}1"))
            }
            _ => {}
        }
    }
    for text in &texts {
        let text = normalise(text);
        for event in [EventName::Text, EventName::Subscribe, EventName::Click] {
            let mut found = Vec::new();
            index.candidates(&event, &text, &mut found);
            for rule in &program.rules {
                let linear = rule.triggers.iter().any(|trigger| {
                    trigger.event == event
                        && match_trigger(&trigger.matcher, &text, program).is_some()
                });
                let indexed =
                    found.contains(&rule.id) && index.match_rule(rule.id, &event, &text).is_some();
                assert_eq!(
                    indexed, linear,
                    "the index and a linear search differ on rule {}",
                    rule.id.0
                );
            }
        }
    }
}

/// Explain is the evaluator.
fn evaluation(program: &Program, registry: &Registry, seed: u64) {
    let mut event = Event {
        registry,
        seed,
        held: Value::YesNo(false),
    };
    let mut same = |expr: &Expr| {
        let plain = eval(expr, program, &mut event, &mut NoObserver);
        let mut trace = Trace::default();
        let watched = eval(expr, program, &mut event, &mut trace);
        // Not a number equals nothing, itself included; what is printed is the same all the same.
        assert_eq!(format!("{plain:?}"), format!("{watched:?}"));
        explain(expr, program, &trace, &TimeZone::UTC);
        let why = why_not(expr, program, &trace, &TimeZone::UTC);
        assert_eq!(
            why.is_none(),
            Held::from(plain) == Held::Yes,
            "why not, and it does hold"
        );
    };
    program
        .rules
        .iter()
        .filter_map(|rule| rule.when.as_ref())
        .for_each(&mut same);
    for signal in &program.signals {
        same(&signal.when);
        signal.except.iter().for_each(&mut same);
    }
    let (traced, _) = judge_traced(program, &mut event);
    assert_eq!(
        format!("{:?}", judge(program, &mut event)),
        format!("{traced:?}")
    );
}
