//! Explain is the evaluator (language law 10): over random programs from the registry and random
//! events, watched and unwatched evaluation say the same, and so does what is printed.

use jiff::tz::TimeZone;
use proptest::prelude::*;

use crate::lang::builtins::{ArgKind, FunctionKind, FunctionSpec, NamedArg, Registry, Stage};
use crate::lang::check::walk;
use crate::lang::program::*;
use crate::lang::span::Sources;
use crate::lang::value::{LoginPoint, Place, Type, Value, View};

use super::*;

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

/// Writes conditions as authors do.
struct Author<'a> {
    registry: &'a Registry,
    dice: Dice,
    /// Inside `where:`, where no history may be asked.
    row: bool,
}

impl Author<'_> {
    fn condition(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.comparison(0);
        }
        let kinds = if self.row { 7 } else { 9 };
        match self.dice.roll(kinds) {
            0 => {
                let (a, b) = (self.condition(depth - 1), self.condition(depth - 1));
                format!("(({a}) and ({b}))")
            }
            1 => {
                let (a, b) = (self.condition(depth - 1), self.condition(depth - 1));
                format!("(({a}) or ({b}))")
            }
            2 => format!("not ({})", self.condition(depth - 1)),
            3 => {
                let field = self.field(None);
                format!("{field} is {}", self.dice.pick(&["known", "unknown"]))
            }
            4 => format!(
                "(({}) otherwise {})",
                self.condition(depth - 1),
                self.dice.pick(&["yes", "no"])
            ),
            5 => {
                let word = *self.dice.pick(&["in", "not in"]);
                if !self.row && self.dice.roll(3) == 0 {
                    return format!("login.ip {word} nets");
                }
                let field = self.field(Some(Type::Text));
                let list = *self.dice.pick(&["[\"北京\", \"Chrome\"]", "words"]);
                format!("{field} {word} {list}")
            }
            6 => self.comparison(depth),
            7 => self.call(Type::YesNo, depth),
            _ => (*self.dice.pick(&["usual", "quiet"])).to_owned(),
        }
    }

    fn comparison(&mut self, depth: usize) -> String {
        let types: &[Type] = match self.row {
            true => &[Type::Number, Type::Text],
            false => &[
                Type::Number,
                Type::Percent,
                Type::Duration,
                Type::Distance,
                Type::Speed,
                Type::Text,
            ],
        };
        let ty = self.dice.pick(types).clone();
        // Constants alone would be refused: they never or always hold.
        let left = match ty {
            Type::Number | Type::Text => self.field(Some(ty.clone())),
            _ => self.call(ty.clone(), depth),
        };
        let right = self.value(&ty, depth);
        let op = match ty {
            Type::Text => *self.dice.pick(&["==", "!="]),
            _ => *self.dice.pick(&["==", "!=", "<", "<=", ">", ">="]),
        };
        format!("({left}) {op} ({right})")
    }

    fn value(&mut self, ty: &Type, depth: usize) -> String {
        let choice = self.dice.roll(if depth == 0 { 2 } else { 5 });
        let n = 1 + self.dice.roll(20);
        let constant = match ty {
            Type::Number => n.to_string(),
            Type::Percent => format!("{n}%"),
            Type::Duration => format!("{n} minutes"),
            Type::Distance => format!("{n} km"),
            Type::Speed => format!("{n} km/h"),
            _ => (*self.dice.pick(&["\"北京\"", "\"Chrome\""])).to_owned(),
        };
        match (choice, ty) {
            (0, _) => constant,
            (1, Type::Number | Type::Text) => self.field(Some(ty.clone())),
            (2, Type::Number | Type::Percent | Type::Duration | Type::Distance | Type::Speed) => {
                let (a, b) = (self.value(ty, depth - 1), self.value(ty, depth - 1));
                format!("({a}) {} ({b})", self.dice.pick(&["+", "-"]))
            }
            (3, Type::Number) => {
                let (a, b) = (self.value(ty, depth - 1), self.value(ty, depth - 1));
                format!("({a}) {} ({b})", self.dice.pick(&["*", "/"]))
            }
            _ if !self.row && depth > 0 => self.call(ty.clone(), depth),
            _ => constant,
        }
    }

    /// A call of some function that gives `ty`.
    fn call(&mut self, ty: Type, depth: usize) -> String {
        let functions: Vec<FunctionSpec> = self
            .registry
            .functions()
            .iter()
            .filter(|spec| spec.result == crate::lang::builtins::ResultType::Always(ty.clone()))
            .filter(|spec| spec.kind != FunctionKind::Trusted)
            .cloned()
            .collect();
        if functions.is_empty() {
            return self.value(&ty, 0);
        }
        let spec = self.dice.pick(&functions).clone();
        let mut args: Vec<String> = spec
            .args
            .iter()
            .map(|arg| self.arg(arg.kind, depth))
            .collect();
        for named in spec.named {
            let wanted = match named {
                NamedArg::Within => true,
                NamedArg::Of => spec.stream.is_none(),
                NamedArg::Gap => true,
                NamedArg::Last => false,
                _ => self.dice.roll(3) == 0,
            };
            if !wanted {
                continue;
            }
            let value = match named {
                NamedArg::Within | NamedArg::Gap => format!("{} minutes", 1 + self.dice.roll(99)),
                NamedArg::Of => {
                    (*self.dice.pick(&["attempts", "successes", "failures"])).to_owned()
                }
                NamedArg::By => {
                    (*self.dice.pick(&["ip", "machine", "all", "[ip, machine]"])).to_owned()
                }
                NamedArg::Where | NamedArg::First | NamedArg::Second => {
                    let row = std::mem::replace(&mut self.row, true);
                    let condition = self.condition(1);
                    self.row = row;
                    condition
                }
                NamedArg::Least => "10%".to_owned(),
                NamedArg::Last => "5".to_owned(),
            };
            args.push(format!("{}: {value}", named.word()));
        }
        format!("{}({})", spec.name, args.join(", "))
    }

    fn arg(&mut self, kind: ArgKind, depth: usize) -> String {
        match kind {
            ArgKind::Value([Type::Login]) => (*self.dice.pick(&["login", "previous"])).to_owned(),
            ArgKind::Value(types) => {
                let ty = types[0].clone();
                self.value(&ty, depth.saturating_sub(1))
            }
            ArgKind::Same => self.value(&Type::Number, 0),
            ArgKind::Stream => (*self.dice.pick(&["attempts", "successes", "failures"])).to_owned(),
            ArgKind::RowField(types) => {
                let number = types.first() == Some(&Type::Number);
                (*self.dice.pick(if number {
                    &["hour", "asn"]
                } else {
                    &["city", "machine"]
                }))
                .to_owned()
            }
            ArgKind::PresentField | ArgKind::CountedField => {
                (*self.dice.pick(&["login.city", "login.asn"])).to_owned()
            }
            ArgKind::Percent => "90%".to_owned(),
        }
    }

    /// A field a signal may look at.
    fn field(&mut self, ty: Option<Type>) -> String {
        let paths: Vec<&str> = self
            .registry
            .fields()
            .iter()
            .filter(|field| field.stages.has(Stage::Signal))
            .filter(|field| ty.as_ref().is_none_or(|ty| field.ty == *ty))
            .map(|field| {
                if self.row && field.row {
                    field.bare()
                } else {
                    field.path
                }
            })
            .collect();
        (*self.dice.pick(&paths)).to_owned()
    }
}

fn file(registry: &Registry, seed: u64) -> String {
    let mut author = Author {
        registry,
        dice: Dice(seed | 1),
        row: false,
    };
    let mut text = format!(
        "let usual = login.hour >= 6\nlet quiet = {}\nlist words = [\"北京\", \"Firefox\"]\nlist nets: network = [\"192.0.2.0/29\"]\n",
        author.comparison(1)
    );
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
            Some(crate::lang::builtins::ResultType::Always(ty)) => ty.clone(),
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
    let why = why_not(expr, program, &trace, &zone);
    let printed = explain(expr, program, &trace, &zone);
    let last = printed.lines().last().unwrap_or_default();
    match Held::from(plain) {
        Held::Yes => assert_eq!(why, None, "{printed}"),
        Held::No => assert!(last.starts_with("不成立"), "{printed}"),
        Held::NotEvaluable(missing) => {
            assert!(last.starts_with("无法判断"), "{printed}");
            assert!(missing.iter().all(|name| last.contains(name)), "{printed}");
        }
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
                SignalState::Fired | SignalState::Exempt | SignalState::Learning => Some(true),
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
