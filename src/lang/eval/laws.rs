//! Explain is the evaluator (language law 10): over random programs from the registry and random
//! events, watched and unwatched evaluation say the same, and so does what is printed.

use jiff::tz::TimeZone;
use proptest::prelude::*;

use crate::lang::builtins::{
    ArgKind, FunctionKind, FunctionSpec, NamedArg, Registry, ResultType, Stage,
};
use crate::lang::check::walk;
use crate::lang::diagnostics::Language;
use crate::lang::program::*;
use crate::lang::span::Sources;
use crate::lang::value::{LoginPoint, Place, Type, Value, View};

use super::telling::same_but_for_the_words;
use super::*;

#[path = "author.rs"]
mod author;
use author::{Author, Choices};

/// A small generator of its own, so that a seed is a program.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        // xorshift64*; the seed is never zero.
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % sides
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.roll(of.len())]
    }
}

impl Choices for Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.roll(sides)
    }
}

fn file(registry: &Registry, seed: u64) -> String {
    let mut author = Author::new(registry, Dice(seed | 1));
    let mut text = author::NAMES.to_owned() + &author.let_quiet();
    for name in ["a", "b"] {
        let (when, except) = (author.condition(3), author.condition(2));
        text.push_str(&format!(
            "signal {name} \"{name}\" weight 30 {{\n    when {when}\n    except {except}\n}}\n"
        ));
    }
    text
}

/// Facts that follow from a seed; a third of them is missing.
struct Event<'a> {
    registry: &'a Registry,
    seed: u64,
    /// What was shown last.
    held: Value,
}

impl Event<'_> {
    fn value(&self, ty: &Type, what: u64, name: &str) -> Value {
        let mut dice = Dice((self.seed ^ what.wrapping_mul(0x9E37_79B9_7F4A_7C15)) | 1);
        dice.roll(2);
        if dice.roll(3) == 0 {
            return Value::unknown(name);
        }
        let n = dice.roll(20) as f64;
        match ty {
            Type::Number => Value::Number(n),
            Type::Percent => Value::Percent(n / 100.0),
            Type::YesNo => Value::YesNo(dice.roll(2) == 0),
            Type::Duration => Value::Duration(n as i64 * 60_000),
            Type::Time => Value::Time(1_767_574_800_000 + n as i64),
            Type::Date => Value::text("2026-01-05"),
            Type::Distance => Value::Distance(n * 1_000.0),
            Type::Speed => Value::Speed(n),
            Type::Ip => Value::Ip([192, 0, 2, n as u8].into()),
            Type::Network => Value::Network("192.0.2.0/24".parse().unwrap()),
            Type::Machine => Value::Machine("m".into()),
            Type::Account => Value::Account("alice".into()),
            Type::Login => Value::Login(std::sync::Arc::new(LoginPoint {
                time: n as i64 * 60_000,
                place: Place {
                    lat: Some(n),
                    lon: Some(n),
                    ..Place::default()
                },
            })),
            _ => Value::text(*dice.pick(&["北京", "Chrome", "纽约"])),
        }
    }
}

impl Facts for Event<'_> {
    fn field(&mut self, id: FieldId) -> Value {
        let spec = self.registry.field_spec(id);
        self.value(&spec.ty, u64::from(id.0), spec.path)
    }

    fn view(&mut self, id: FieldId) -> Option<View<'_>> {
        self.held = self.field(id);
        self.held.view()
    }

    fn row_view(&mut self, id: FieldId) -> Option<View<'_>> {
        self.held = self.row_field(id);
        self.held.view()
    }

    fn name(&mut self, _: &Name) -> Value {
        Value::unknown("name")
    }

    fn at_hand(&mut self, query: &HistoryQuery) -> Option<Value> {
        // Half of the questions.
        let has = (self.seed ^ u64::from(query.id.0)).is_multiple_of(2);
        has.then(|| self.answer(query).value)
    }

    fn history(&mut self, query: &HistoryQuery, _: Option<&Value>, _: &Program) -> HistoryAnswer {
        self.answer(query)
    }

    fn trusted(&mut self, _: &Value) -> bool {
        self.seed.is_multiple_of(2)
    }
}

impl Event<'_> {
    fn answer(&self, query: &HistoryQuery) -> HistoryAnswer {
        let kind = FunctionKind::History(query.function);
        let spec = self
            .registry
            .functions()
            .iter()
            .find(|spec| spec.kind == kind);
        let ty = match spec.map(|spec| &spec.result) {
            Some(ResultType::Always(ty)) => ty.clone(),
            _ => query.field.map_or(Type::Number, |field| {
                self.registry.field_spec(field).ty.clone()
            }),
        };
        HistoryAnswer {
            rows: 3,
            ..self
                .value(&ty, 1_000 + u64::from(query.id.0), "history")
                .into()
        }
    }
}

/// One condition over one event. The parts must have been what they are on their own.
fn same(expr: &Expr, program: &Program, event: &mut Event<'_>) {
    let plain = eval(expr, program, event, &mut NoObserver);
    let mut trace = Trace::default();
    let watched = eval(expr, program, event, &mut trace);
    assert_eq!(plain, watched);
    assert_eq!(trace.result(), Some(&plain));
    walk::nodes(expr, &[], &mut |part| {
        if let Some(seen) = trace.value_at(part.span)
            && trace
                .steps
                .iter()
                .filter(|step| step.span == part.span)
                .count()
                == 1
        {
            assert_eq!(*seen, eval(part, program, event, &mut NoObserver));
        }
    });
    let zone = TimeZone::UTC;
    let held = Held::from(plain);
    for (language, no, unknown) in [
        (Language::Zh, "不成立：", "无法判断："),
        (Language::En, "does not hold: ", "not evaluable: "),
    ] {
        let telling = Telling::new(&zone, language);
        let why = why_not(expr, program, &trace, telling);
        let printed = explain(expr, program, &trace, telling);
        let last = printed.lines().last().unwrap_or_default();
        match &held {
            Held::Yes => assert_eq!(why, None, "{printed}"),
            Held::No => assert!(last.starts_with(no), "{printed}"),
            Held::NotEvaluable(missing) => {
                assert!(last.starts_with(unknown), "{printed}");
                assert!(last.contains(&telling.missing(missing)), "{printed}");
            }
        }
    }
    same_but_for_the_words(|telling| explain(expr, program, &trace, telling));
    same_but_for_the_words(|telling| because(expr, program, &trace, telling));
    let (because, why) = (
        because(expr, program, &trace, &zone),
        why_not(expr, program, &trace, &zone),
    );
    match (&held, why) {
        // The constants come on top of what is said anyway.
        (_, Some(why)) => assert!(because.starts_with(why.split('，').next().unwrap_or_default())),
        (_, None) => assert!(because.starts_with("成立："), "{because}"),
    }
}

/// Whether the seed's program compiles; when it does, the laws hold for it over some events.
fn holds_for(registry: &Registry, seed: u64) -> bool {
    let text = file(registry, seed);
    let sources = std::sync::Arc::new(Sources::single("a.rules", &text));
    let Some(program) = crate::lang::compile(sources, registry).program else {
        return false;
    };
    for round in 0..4_u64 {
        let mut event = Event {
            registry,
            seed: seed.rotate_left(7) ^ round.wrapping_mul(0xD134_2543_DE82_EF95),
            held: Value::YesNo(false),
        };
        for signal in &program.signals {
            same(&signal.when, &program, &mut event);
            if let Some(except) = &signal.except {
                same(except, &program, &mut event);
            }
        }
        let judgement = judge(&program, &mut event);
        let (traced, traces) = judge_traced(&program, &mut event);
        assert_eq!(judgement, traced);
        for (result, (when, _)) in judgement.signals.iter().zip(&traces) {
            let truth = when.result().and_then(Value::truth);
            let expected = match result.state {
                SignalState::Fired | SignalState::Exempt | SignalState::Learning(_) => Some(true),
                SignalState::Quiet => Some(false),
                SignalState::NotEvaluable(_) => None,
            };
            assert_eq!(truth, expected);
        }
    }
    true
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn explaining_says_what_evaluation_says(seed in any::<u64>()) {
        holds_for(&Registry::standard(), seed);
    }
}

#[test]
fn random_programs_compile_often_enough_to_mean_something() {
    let registry = Registry::standard();
    let compiled = (1..=100_u64)
        .filter(|seed| holds_for(&registry, seed * 7_919))
        .count();
    assert!(compiled >= 40, "{compiled} of 100");
}
