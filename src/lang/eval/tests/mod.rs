//! The evaluator against the laws it implements.

mod random;

use std::collections::HashMap;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::testing::*;
use super::*;
use crate::lang::diagnostics::Language;
use crate::lang::program::*;
use crate::lang::span::{Sources, Span};
use crate::lang::value::{Place, Value};

fn truth(yes: Option<bool>) -> Expr {
    match yes {
        Some(yes) => constant(Value::YesNo(yes)),
        None => field(99),
    }
}

fn value(expr: &Expr) -> Value {
    eval(
        expr,
        &empty_program(),
        &mut TestFacts::default(),
        &mut NoObserver,
    )
}

const TRUTHS: [Option<bool>; 3] = [Some(true), Some(false), None];

#[test]
fn and_or_not_follow_kleene() {
    for a in TRUTHS {
        for b in TRUTHS {
            let and = value(&expr(ExprKind::And(vec![truth(a), truth(b)]))).truth();
            let or = value(&expr(ExprKind::Or(vec![truth(a), truth(b)]))).truth();
            let expected_and = match (a, b) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            };
            let expected_or = match (a, b) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            };
            assert_eq!((and, or), (expected_and, expected_or), "{a:?} {b:?}");
        }
        let not = value(&expr(ExprKind::Not(Box::new(truth(a))))).truth();
        assert_eq!(not, a.map(|yes| !yes));
    }
}

#[test]
fn unknown_is_not_false_and_names_what_is_missing() {
    let both = expr(ExprKind::And(vec![field(1), field(2), field(1)]));
    assert_eq!(missing(&value(&both)), ["field 1", "field 2"]);
    assert_eq!(
        holds(Some(&both), &empty_program(), &mut TestFacts::default()),
        Held::NotEvaluable(vec!["field 1".to_owned(), "field 2".to_owned()])
    );
    let compare = ExprKind::Compare(
        CompareOp::NotEqual,
        Box::new(field(1)),
        Box::new(constant(Value::text("x"))),
    );
    assert!(!value(&expr(compare)).is_known());
    assert_eq!(
        holds(None, &empty_program(), &mut TestFacts::default()),
        Held::Yes
    );
}

#[test]
fn known_and_otherwise() {
    let known = |n, known| {
        value(&expr(ExprKind::IsKnown {
            inner: Box::new(n),
            known,
        }))
    };
    assert_eq!(known(field(1), true), Value::YesNo(false));
    assert_eq!(known(field(1), false), Value::YesNo(true));
    assert_eq!(
        known(constant(Value::Number(1.0)), true),
        Value::YesNo(true)
    );
    let otherwise = |a, b| value(&expr(ExprKind::Otherwise(Box::new(a), Box::new(b))));
    assert_eq!(
        otherwise(field(1), constant(Value::Number(2.0))),
        Value::Number(2.0)
    );
    assert_eq!(
        otherwise(constant(Value::Number(1.0)), field(1)),
        Value::Number(1.0)
    );
    assert!(!otherwise(field(1), field(2)).is_known());
}

fn in_values(item: Expr, values: Vec<Expr>, negated: bool) -> Value {
    value(&expr(ExprKind::InValues {
        item: Box::new(item),
        values,
        negated,
    }))
}

#[test]
fn membership_is_three_valued() {
    let x = || constant(Value::text("x"));
    let y = || constant(Value::text("y"));
    assert_eq!(in_values(x(), vec![y(), x()], false), Value::YesNo(true));
    assert_eq!(in_values(x(), vec![y()], true), Value::YesNo(true));
    assert!(!in_values(x(), vec![y(), field(1)], false).is_known());
    assert!(!in_values(x(), vec![y(), field(1)], true).is_known());
    assert_eq!(
        in_values(x(), vec![field(1), x()], true),
        Value::YesNo(false)
    );
    assert!(!in_values(field(1), vec![x()], true).is_known());
    let ip = constant(Value::Ip("10.1.2.3".parse().unwrap()));
    let net = constant(Value::Network("10.0.0.0/8".parse().unwrap()));
    assert_eq!(in_values(ip, vec![net], false), Value::YesNo(true));
    let tags = constant(Value::List(Arc::from(vec![Value::text("x")])));
    assert_eq!(in_values(x(), vec![tags], false), Value::YesNo(true));
}

#[test]
fn lists_answer_membership() {
    let mut program = empty_program();
    program.lists.push(List {
        name: "office".to_owned(),
        ty: crate::lang::value::Type::Network,
        entries: ListEntries::Networks(vec!["10.0.0.0/8".parse().unwrap()]),
        index: ListIndex::default(),
        span: Span::default(),
    });
    let ask = |item, negated| {
        let e = expr(ExprKind::InList {
            item: Box::new(item),
            list: ListId(0),
            negated,
        });
        eval(&e, &program, &mut TestFacts::default(), &mut NoObserver)
    };
    let ip = || constant(Value::Ip("10.1.2.3".parse().unwrap()));
    assert_eq!(ask(ip(), false), Value::YesNo(true));
    assert_eq!(ask(ip(), true), Value::YesNo(false));
    assert_eq!(ask(field(1), true), Value::unknown("field 1"));
}

#[test]
fn trust_is_never_unknown() {
    let trusted = expr(ExprKind::Trusted(Box::new(field(1))));
    assert_eq!(value(&trusted), Value::YesNo(false));
    let machine = Value::Machine("m".into());
    let mut facts = TestFacts {
        trusted: vec![machine.clone()],
        ..TestFacts::default()
    };
    facts.fields.insert(1, machine);
    assert_eq!(
        eval(&trusted, &empty_program(), &mut facts, &mut NoObserver),
        Value::YesNo(true)
    );
}

fn signal(name: &str, weight: f64, when: Option<bool>) -> Signal {
    Signal {
        name: name.to_owned(),
        title: format!("{name}!"),
        weight,
        shadow: false,
        when: truth(when),
        except: None,
        learn: None,
        span: Span::default(),
    }
}

#[test]
fn suspicion_sums_what_fired_and_lists_what_could_not_be_judged() {
    let mut program = empty_program();
    program.signals = vec![
        signal("a", 40.0, Some(true)),
        signal("b", 30.0, Some(false)),
        signal("c", 50.0, None),
        Signal {
            shadow: true,
            ..signal("d", 20.0, Some(true))
        },
        signal("e", -10.0, Some(true)),
        Signal {
            except: Some(truth(Some(true))),
            ..signal("f", 60.0, Some(true))
        },
        Signal {
            except: Some(truth(None)),
            ..signal("g", 5.0, Some(true))
        },
    ];
    let mut facts = TestFacts::default();
    let judgement = judge(&program, &mut facts);
    let states: Vec<&SignalState> = judgement.signals.iter().map(|s| &s.state).collect();
    assert_eq!(
        states,
        [
            &SignalState::Fired,
            &SignalState::Quiet,
            &SignalState::NotEvaluable(vec!["field 99".to_owned()]),
            &SignalState::Fired,
            &SignalState::Fired,
            &SignalState::Exempt,
            &SignalState::Fired,
        ],
        "an exception exempts only when certainly true"
    );
    assert_eq!(judgement.suspicion, 35.0, "shadows do not count");
    assert_eq!(judgement.reasons, "a!、g!");
    assert_eq!(judgement.names(), ["a", "e", "g"]);
    assert_eq!(judgement.not_evaluable().count(), 1);
    let (again, traces) = judge_traced(&program, &mut facts);
    assert_eq!(again, judgement);
    assert_eq!(traces.len(), 7);
    assert!(traces[5].1.is_some() && traces[1].1.is_none());
}

#[test]
fn signals_learn_until_their_bounds() {
    const DAY: i64 = 86_400_000;
    let state = |both, since_first, logins| {
        let mut program = empty_program();
        let learn = Learn {
            duration: Some(14 * DAY),
            logins: Some(10),
            both,
        };
        program.signals = vec![Signal {
            learn: Some(learn),
            ..signal("a", 1.0, Some(true))
        }];
        let mut facts = TestFacts {
            experience: Experience {
                since_first,
                logins,
            },
            ..TestFacts::default()
        };
        judge(&program, &mut facts).signals[0].state.clone()
    };
    let learning = |since_first, logins| {
        SignalState::Learning(Experience {
            since_first,
            logins,
        })
    };
    assert_eq!(state(true, None, 0), learning(None, 0));
    assert_eq!(state(true, Some(14 * DAY), 9), learning(Some(14 * DAY), 9));
    assert_eq!(
        state(true, Some(14 * DAY - 1), 10),
        learning(Some(14 * DAY - 1), 10)
    );
    assert_eq!(state(true, Some(14 * DAY), 10), SignalState::Fired);
    assert_eq!(state(false, Some(14 * DAY), 0), SignalState::Fired);
    assert_eq!(state(false, Some(1), 10), SignalState::Fired);
}

fn shanghai() -> TimeZone {
    TimeZone::get("Asia/Shanghai").unwrap()
}

#[test]
fn values_in_words() {
    let show = |value| display(&value, &shanghai());
    assert_eq!(show(Value::unknown("login.city")), "未知");
    assert_eq!(show(Value::Time(1_767_574_800_000)), "2026-01-05 09:00");
    assert_eq!(show(Value::Duration(30 * 60_000)), "30 分钟");
    assert_eq!(show(Value::Duration(90 * 60_000)), "1 小时 30 分钟");
    assert_eq!(show(Value::Duration(26 * 3_600_000 + 5_000)), "1 天 2 小时");
    assert_eq!(show(Value::Duration(0)), "0 秒");
    assert_eq!(show(Value::Duration(1_500)), "1 秒");
    assert_eq!(show(Value::Distance(500_000.0)), "500 公里");
    assert_eq!(show(Value::Distance(1_234.0)), "1.2 公里");
    assert_eq!(show(Value::Distance(350.4)), "350 米");
    assert_eq!(show(Value::Speed(900.0)), "900 公里/小时");
    assert_eq!(show(Value::Percent(0.02)), "2%");
    assert_eq!(show(Value::Percent(0.1234)), "12.34%");
    assert_eq!(show(Value::Number(3.0)), "3");
    assert_eq!(show(Value::Number(-0.00001)), "0");
    assert_eq!(show(Value::Phone("+8613800138000".into())), "138****8000");
    assert_eq!(show(Value::Phone("+442071838750".into())), "****50");
    let place = |country: &str, city: &str| {
        let text = |s: &str| (!s.is_empty()).then(|| s.to_owned());
        Value::Place(Arc::new(Place {
            country: text(country),
            region: text(city),
            city: text(city),
            ..Place::default()
        }))
    };
    assert_eq!(show(place("中国", "北京")), "中国 北京");
    assert_eq!(show(place("", "")), "未知");
}

#[test]
fn templates_are_escaped_capped_and_in_the_zone() {
    let capture = |name: &str| expr(ExprKind::Name(Name::Capture(name.to_owned())));
    let outcome = Name::Outcome("alert_list".to_owned());
    let template = Template {
        parts: vec![
            TemplatePart::Literal("<b>".to_owned()),
            TemplatePart::Value(capture("x")),
            TemplatePart::Literal("|".to_owned()),
            TemplatePart::Value(field(5)),
            TemplatePart::Literal("|".to_owned()),
            TemplatePart::Value(expr(ExprKind::Name(outcome.clone()))),
        ],
        span: Span::default(),
    };
    let mut facts = TestFacts::default();
    let evil = format!("<a href='x'>\u{202e}\n\u{7}{}", "长".repeat(100));
    facts
        .names
        .insert(Name::Capture("x".to_owned()), Value::text(evil));
    facts
        .names
        .insert(outcome, Value::text("1. 北京\n2. <纽约>"));
    let text = render(&template, &empty_program(), &mut facts, &shanghai());
    let parts: Vec<&str> = text.split('|').collect();
    assert!(parts[0].starts_with("<b>＜a href='x'＞ 长"), "{text}");
    assert_eq!(parts[0].chars().count(), 3 + MAX_VALUE_CHARS);
    assert!(parts[0].ends_with('…'));
    assert_eq!(parts[1], "未知");
    assert_eq!(
        parts[2], "1. 北京\n2. ＜纽约＞",
        "host texts keep their lines"
    );
}

#[test]
fn explanations_show_values_under_the_source() {
    let source = "on login\n    when count(failures) >= 5 and city == \"北京\" {\n";
    let mut program = empty_program();
    program.sources = Arc::new(Sources::single("guard.rules", source));
    program.lines = program.sources.line_numbers();
    program.queries.push(HistoryQuery {
        id: QueryId(0),
        function: HistoryFunction::Count,
        stream: Stream::Failures,
        denominator: None,
        field: None,
        value: None,
        window: Window::All,
        by: Vec::new(),
        filter: None,
        percentile: None,
        sequence: None,
        span: Span::default(),
    });
    let count = at(
        expr(ExprKind::History(QueryId(0))),
        source,
        "count(failures)",
    );
    let five = at(constant(Value::Number(5.0)), source, "5");
    let city = at(field(1), source, "city");
    let beijing = at(constant(Value::text("北京")), source, "\"北京\"");
    let compare = |op, a, b| expr(ExprKind::Compare(op, Box::new(a), Box::new(b)));
    let often = at(
        compare(CompareOp::GreaterEqual, count, five),
        source,
        "count(failures) >= 5",
    );
    let there = at(
        compare(CompareOp::Equal, city, beijing),
        source,
        "city == \"北京\"",
    );
    let whole = at(
        expr(ExprKind::And(vec![often, there])),
        source,
        "count(failures) >= 5 and city == \"北京\"",
    );
    let mut facts = TestFacts {
        history: HashMap::from([(0, Value::Number(2.0))]),
        ..TestFacts::default()
    };
    let mut trace = Trace::default();
    eval(&whole, &program, &mut facts, &mut trace);
    assert_eq!(
        explain(&whole, &program, &trace, &shanghai()),
        "\
guard.rules:2
  when count(failures) >= 5 and city == \"北京\" {
       ─────────────── = 2（7 行）
       ──────────────────── = 否
                                ────────────── （未看）
       ─────────────────────────────────────── = 否
不成立：count(failures) >= 5，其中 count(failures) = 2
"
    );
    assert_eq!(
        explain(
            &whole,
            &program,
            &trace,
            Telling::new(&shanghai(), Language::En)
        ),
        "\
guard.rules:2
  when count(failures) >= 5 and city == \"北京\" {
       ─────────────── = 2 (rows: 7)
       ──────────────────── = no
                                ────────────── (not looked at)
       ─────────────────────────────────────── = no
does not hold: count(failures) >= 5, where count(failures) = 2
"
    );
    facts.history.insert(0, Value::Number(5.0));
    let mut trace = Trace::default();
    eval(&whole, &program, &mut facts, &mut trace);
    let text = explain(&whole, &program, &trace, &shanghai());
    assert!(text.contains("──── = 未知（缺少 field 1）"), "{text}");
    assert!(text.ends_with("无法判断：缺少 field 1\n"), "{text}");
    facts.fields.insert(1, Value::text("北京"));
    let mut trace = Trace::default();
    eval(&whole, &program, &mut facts, &mut trace);
    assert_eq!(why_not(&whole, &program, &trace, &shanghai()), None);
    program.signals.push(Signal {
        when: whole,
        ..signal("guessed", 50.0, None)
    });
    assert_eq!(
        judge(&program, &mut facts).signals[0].values,
        [
            ("count(failures)".to_owned(), Value::Number(2.0 + 3.0)),
            ("city".to_owned(), Value::text("北京")),
        ]
    );
}
