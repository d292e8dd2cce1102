//! What is said to hold always or never: no seeded event contradicts it, and each finding shows values
//! the evaluator confirmed.

use super::*;
use crate::lang::check::{check, codes};
use crate::lang::diagnostics::Example;
use crate::lang::eval::{Facts, HistoryAnswer, NoObserver, eval};
use crate::lang::program::{Expr, FieldId, HistoryQuery};
use crate::lang::span::FileId;
use crate::lang::syntax;
use crate::lang::value::Value;

/// splitmix64: the same conditions and events on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

/// Amounts with constants round their ends.
const AMOUNTS: [(&str, &[&str]); 6] = [
    ("login.hour", &["0", "1", "6", "22", "23", "24"]),
    ("login.weekday", &["0", "1", "2", "6", "7", "8"]),
    ("count(failures, last: 5)", &["0", "1", "4", "5", "6"]),
    ("count(failures, within: 10 minutes)", &["0", "1", "5"]),
    ("share(login.city, within: 90 days)", &["0%", "2%", "100%"]),
    (
        "ratio(failures, attempts, within: 1 hour)",
        &["0%", "50%", "100%"],
    ),
];

fn simple(random: &mut Random) -> String {
    match random.below(8) {
        0 => format!(
            "login.city == \"{}\"",
            random.one(&["北京", "上海", "广州"])
        ),
        1 => random
            .one(&["login.legal", "not login.legal", "bound", "not bound"])
            .to_owned(),
        _ => {
            let (about, constants) = AMOUNTS[random.below(AMOUNTS.len())];
            let op = random.one(&["<", "<=", ">", ">=", "==", "!="]);
            let constant = random.one(constants);
            if random.below(6) == 0 {
                format!("{constant} {op} {about}")
            } else {
                format!("{about} {op} {constant}")
            }
        }
    }
}

fn condition(random: &mut Random) -> String {
    let word = random.one(&["", " and ", " or "]);
    if word.is_empty() {
        return simple(random);
    }
    let parts: Vec<String> = (0..2 + random.below(2)).map(|_| simple(random)).collect();
    parts.join(word)
}

/// A seeded event: every fact some value of its range.
struct Seeded<'a> {
    random: &'a mut Random,
    registry: &'a Registry,
    known: std::collections::BTreeMap<String, Value>,
}

impl Seeded<'_> {
    fn fact(&mut self, key: String, ty: &Type, range: Option<(f64, f64)>) -> Value {
        let random = &mut *self.random;
        let size = |random: &mut Random, steps: usize| {
            let (low, high) = range.unwrap_or((0.0, 1e9));
            // As often at the ends as between them.
            match random.below(3) {
                0 => low,
                1 if high.is_finite() => high,
                _ => {
                    low + (high.min(low + 40.0) - low) * random.below(steps + 1) as f64
                        / steps as f64
                }
            }
        };
        self.known
            .entry(key)
            .or_insert_with(|| match ty {
                Type::Number => Value::Number(size(random, 40).floor()),
                Type::Percent => Value::Percent(size(random, 100)),
                Type::YesNo => Value::YesNo(random.below(2) == 0),
                Type::Text => Value::text(random.one(&["北京", "上海", "广州", "深圳"])),
                _ => Value::unknown("not asked"),
            })
            .clone()
    }
}

impl Facts for Seeded<'_> {
    fn field(&mut self, id: FieldId) -> Value {
        let spec = self.registry.field_spec(id);
        let (ty, range) = (spec.ty.clone(), spec.range);
        self.fact(format!("field {}", id.0), &ty, range)
    }

    fn name(&mut self, _: &Name) -> Value {
        Value::unknown("name")
    }

    fn history(&mut self, query: &HistoryQuery, _: Option<&Value>, _: &Program) -> HistoryAnswer {
        let (ty, range) = match query.function {
            HistoryFunction::Count => match query.window {
                Window::Last(rows) => (Type::Number, (0.0, f64::from(rows))),
                _ => (Type::Number, (0.0, f64::INFINITY)),
            },
            _ => (Type::Percent, (0.0, 1.0)),
        };
        let key = format!("{:?} {:?}", query.function, query.window);
        self.fact(key, &ty, Some(range)).into()
    }

    fn trusted(&mut self, _: &Value) -> bool {
        false
    }
}

/// The conditions of a program that hold something at `span`: the node itself, or the `and`/`or` it is
/// a part of.
fn claimed(program: &Program, about: &Diagnostic) -> Expr {
    let when = program.rules[0].when.as_ref().unwrap();
    let mut found = None;
    // A contradiction is one between two parts.
    let between = about.secondary.first().unwrap().words.en == "the condition before";
    crate::lang::check::walk::nodes(when, &program.queries, &mut |node| {
        let parts: &[Expr] = match &node.kind {
            ExprKind::And(parts) | ExprKind::Or(parts) => parts,
            _ => &[],
        };
        let here = if between {
            parts.iter().any(|part| part.span == about.primary.span)
        } else {
            node.span == about.primary.span && matches!(node.kind, ExprKind::Compare(..))
        };
        if here {
            found = Some(node.clone());
        }
    });
    found.unwrap()
}

#[test]
fn nothing_contradicts_what_is_said_to_hold_always_or_never() {
    let mut random = Random(11);
    let (mut claims, mut findings) = (0, 0);
    for _ in 0..1_500 {
        let text = format!(
            "on login when {} {{\n    note \"x\"\n}}\n",
            condition(&mut random)
        );
        let sources = Arc::new(Sources::single("a.rules", &text));
        let parsed = syntax::parse(FileId(0), &text);
        let registry = registry();
        let (program, found) = check(&sources, &[parsed.file], &registry, true);
        for one in &found {
            let holds = match one.code {
                codes::ALWAYS => true,
                codes::NEVER => false,
                _ => continue,
            };
            findings += 1;
            let claimed = claimed(&program, one);
            let Some(Example { given, holds: said }) = &one.example else {
                panic!("no values for {} of\n{text}", one.title.en);
            };
            assert_eq!(*said, holds, "{text}");
            assert!(!given.is_empty());
            for _ in 0..200 {
                let mut facts = Seeded {
                    random: &mut random,
                    registry: &registry,
                    known: Default::default(),
                };
                let value = eval(&claimed, &program, &mut facts, &mut NoObserver);
                let facts = facts.known;
                assert_ne!(
                    value,
                    Value::YesNo(!holds),
                    "{} contradicted by {facts:?}\n{text}",
                    one.title.en
                );
                claims += usize::from(value == Value::YesNo(holds));
            }
        }
    }
    assert!(findings >= 150, "{findings}");
    assert!(claims >= findings * 100, "{claims} of {findings}");
}
