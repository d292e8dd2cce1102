//! The laws of formatting over generated programs, and over the shipped rules with their blanks,
//! line breaks and comments shaken: the result says the same, keeps every comment, and formatting it
//! again changes nothing.

use proptest::prelude::*;
use proptest::sample::select;

use super::{Refused, format};
use crate::lang::span::FileId;
use crate::lang::syntax::{LexemeKind, lexemes, parse, same_tree};

/// Formats and holds the laws. `false`: the text has mistakes and is no example of anything.
fn lawful(text: &str) -> bool {
    let once = match format(text) {
        Ok(once) => once,
        Err(Refused::Syntax(_)) => return false,
        Err(Refused::Unsound) => panic!("refused as unsound:\n{text}"),
    };
    let (before, after) = (parse(FileId(0), text), parse(FileId(0), &once));
    assert!(after.diagnostics.is_empty(), "{text}\n---\n{once}");
    assert!(same_tree(&before.file, &after.file), "{text}\n---\n{once}");
    assert_eq!(comments(text), comments(&once), "{text}\n---\n{once}");
    let twice = format(&once).unwrap_or_else(|refused| panic!("{refused:?}\n{once}"));
    let changed = once.lines().zip(twice.lines()).find(|(a, b)| a != b);
    assert!(once == twice, "not settled: {changed:?}; it was\n{text}");
    assert!(!once.contains("\n\n\n"), "{once}");
    true
}

fn comments(text: &str) -> Vec<&str> {
    lexemes(text)
        .into_iter()
        .filter(|token| token.kind == LexemeKind::Comment)
        .map(|token| &text[token.start..token.end])
        .collect()
}

/// Words of a program with gaps between them: `␣` any blank, `⏎` a new clause.
fn expression() -> impl Strategy<Value = String> {
    let leaf = select(vec![
        "bound",
        "login.hour",
        "90 days",
        "-3",
        "50%",
        "900 km/h",
        "\"文字 # 不是注释\"",
        "yes",
        "[\"a\",\"b\"␣]",
        "count(failures,within: 10 minutes)",
        "distance(previous,␣login)",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(4, 24, 4, |inner| {
        let pair = (inner.clone(), inner.clone());
        let operator = select(vec!["and", "or", ">=", "==", "+", "*", "in", "not in"]);
        prop_oneof![
            3 => (pair.clone(), operator)
                .prop_map(|((a, b), operator)| format!("({a})␣{operator}␣({b})")),
            2 => prop::collection::vec(inner.clone(), 2..5).prop_map(|all| all.join("␣and␣")),
            2 => prop::collection::vec(inner.clone(), 2..5)
                .prop_map(|all| format!("({})", all.join("␣or␣"))),
            1 => inner.clone().prop_map(|a| format!("not␣({a})")),
            1 => inner.clone().prop_map(|a| format!("({a})␣is␣known")),
            1 => pair.prop_map(|(a, b)| format!("max(({a}),␣({b}))␣otherwise␣0")),
        ]
    })
}

fn action() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        select(vec![
            "reply␣\"好的，{account.name}。\"",
            "reply␣\"很长很长很长很长很长很长很长很长很长很长很长很长很长很长很长很长很长很长很长很长很长的回答\"",
            "reply␣\"\"\"\n      一\n\n        二\n      \"\"\"",
            "reply␣\"\"\"头\n    尾\"\"\"",
            "start␣binding␣with␣phone,␣code",
            "hand␣over␣to␣\"kf@x\"",
            "challenge␣captcha",
            "reply␣news␣{⏎title:␣\"a\"⏎url:␣\"b\"⏎}",
        ])
        .prop_map(str::to_owned),
        expression().prop_map(|value| format!("remember␣x␣=␣{value}␣for␣1 hour")),
        prop::collection::vec(expression(), 1..4)
            .prop_map(|args| format!("call␣desk␣with␣{}", args.join(",␣"))),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop::collection::vec(
            (
                select(vec!["bound", "taken", "refused"]),
                inner,
                any::<bool>(),
            ),
            1..4,
        )
        .prop_map(|arms| {
            let arms: Vec<String> = arms
                .into_iter()
                .map(|(name, action, one)| {
                    if one && !action.contains('⏎') {
                        format!("⏎{name} {{ {} }}", action.replace('␣', " "))
                    } else {
                        format!("⏎{name}␣{{⏎{action}⏎}}")
                    }
                })
                .collect();
            format!("bind␣{{{}⏎}}", arms.concat())
        })
    })
}

fn item() -> impl Strategy<Value = String> {
    prop_oneof![
        expression().prop_map(|value| format!("let␣a␣=␣{value}")),
        prop::collection::vec(select(vec!["\"一二三四五六\"", "\"b\"", "12"]), 1..40)
            .prop_map(|all| format!("list␣w␣=␣[␣{}␣]", all.join("␣,"))),
        (prop::option::of(expression()), prop::collection::vec(action(), 0..4)).prop_map(
            |(when, actions)| {
                let when = when.map(|when| format!("␣when␣{when}")).unwrap_or_default();
                let actions: String = actions.iter().map(|one| format!("⏎{one}")).collect();
                format!("on␣text␣\"a\"␣or␣\"b\"␣or␣click␣\"K\"{when}␣even␣in␣dialog␣{{{actions}⏎}}")
            }
        ),
        (expression(), prop::option::of(expression())).prop_map(|(when, except)| {
            let except = except.map(|it| format!("⏎except␣{it}")).unwrap_or_default();
            format!(
                "signal␣s␣\"信号\"␣weight␣-5␣shadow␣{{⏎when␣{when}{except}⏎learn␣until␣14 days␣and␣10 logins⏎}}"
            )
        }),
        (action(), any::<bool>()).prop_map(|(done, one)| {
            let give_up = if one { "{ reply \"算了\" }" } else { "{⏎reply␣\"算了\"⏎}" };
            format!(
                "dialog␣d␣expires␣10 minutes␣{{⏎ask␣phone:␣mobile␣\"手机号？\"␣unless␣ticket␣is␣known␣invalid␣\"不像\"␣at␣most␣3␣times⏎cancel␣on␣\"取消\"␣or␣\"退出\"␣{give_up}⏎give␣up␣{give_up}⏎done␣{{⏎{done}⏎}}⏎}}"
            )
        }),
        Just("test␣\"故事\"␣{⏎place␣北京␣39.90␣-116.40⏎login␣alice␣city␣北京␣machine␣\"m\"␣wrong␣password,␣3␣times␣every␣1 day⏎expect␣signals␣a,␣b⏎expect␣no␣alert⏎}".to_owned()),
    ]
}

/// A program and how its gaps are filled.
fn program() -> impl Strategy<Value = (Vec<String>, Vec<u8>)> {
    let items = prop::collection::vec(item(), 1..5);
    (items, prop::collection::vec(any::<u8>(), 64))
}

/// Fills the gaps: mostly one blank, sometimes more, a line break or a comment.
fn fill(items: &[String], choices: &[u8]) -> String {
    let mut choices = choices.iter().cycle();
    let mut next = move || choices.next().copied().unwrap_or(0);
    let mut out = String::new();
    for item in items {
        for c in item.chars() {
            match c {
                '␣' => out.push_str(match next() % 16 {
                    0 => "\n      ",
                    1 => " # 注\n   ",
                    2 => "\n  # 独占一行\n  ",
                    3 | 4 => "   ",
                    _ => " ",
                }),
                '⏎' => out.push_str(match next() % 8 {
                    0 => "\n\n\n  ",
                    1 => "  # 后面\n\t",
                    2 => "\n\n # 前面\n    ",
                    _ => "\n    ",
                }),
                c => out.push(c),
            }
        }
        out.push_str(match next() % 4 {
            0 => "\n\n\n",
            1 => " # 末尾\n# 下一条的\n",
            _ => "\n",
        });
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn generated_programs_keep_the_laws((items, choices) in program()) {
        lawful(&fill(&items, &choices));
    }

    #[test]
    fn shaken_shipped_rules_keep_the_laws(
        file in select(vec!["binding.rules", "guard.rules", "service.rules"]),
        from in 0usize..400,
        choices in prop::collection::vec(any::<u8>(), 97),
    ) {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("rules").join(file);
        let text = std::fs::read_to_string(path).expect("it ships");
        lawful(&shake(&text, from, &choices));
    }
}

/// A stretch of items with other blanks between its tokens.
fn shake(text: &str, from: usize, choices: &[u8]) -> String {
    let starts: Vec<usize> = text
        .match_indices("\n\n")
        .map(|(at, _)| at + 2)
        .filter(|&at| text[at..].starts_with(|c: char| c.is_ascii_lowercase()))
        .collect();
    let first = from % starts.len();
    let end = starts.get(first + 4).copied().unwrap_or(text.len());
    let part = &text[starts[first]..end];
    let mut choices = choices.iter().cycle();
    let mut out = String::new();
    let mut last = 0;
    for token in lexemes(part) {
        let gap = &part[last..token.start];
        let choice = choices.next().copied().unwrap_or(0) % 24;
        match choice {
            0 if !gap.is_empty() && !token.first => out.push_str("\n          "),
            1 if !gap.is_empty() && !token.first => out.push_str(" # 摇\n      "),
            2 if gap.contains('\n') => {
                out.push_str(gap);
                out.push_str("# 摇\n");
                out.push_str(gap);
            }
            3 if !gap.is_empty() => out.push_str(&gap.repeat(2)),
            _ => out.push_str(gap),
        }
        out.push_str(&part[token.start..token.end]);
        last = token.end;
    }
    out.push_str(&part[last..]);
    out
}

#[test]
fn most_of_what_is_generated_is_a_program() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut good = 0;
    for _ in 0..100 {
        let tree = program().new_tree(&mut runner).expect("a program");
        let (items, choices) = tree.current();
        good += usize::from(lawful(&fill(&items, &choices)));
    }
    assert!(
        good >= 60,
        "only {good} of 100 generated texts are programs"
    );
}
