mod any_text;
mod closing;
mod evident;
mod habits;
mod meant;
mod pasted;
mod signs;

use super::*;
use crate::lang::diagnostics::Language;

fn ok(text: &str) -> Parsed {
    let parsed = parse(FileId(0), text);
    let found: Vec<String> = parsed
        .diagnostics
        .iter()
        .map(|d| {
            format!(
                "{} {} / {} at {:?}",
                d.code,
                d.title.get(Language::En),
                d.primary.words.en,
                text.get(d.primary.span.range())
            )
        })
        .collect();
    assert!(found.is_empty(), "{found:#?}");
    parsed
}

/// The programs that are shipped.
const SHIPPED: [&str; 3] = [
    include_str!("../../../../rules/binding.rules"),
    include_str!("../../../../rules/guard.rules"),
    include_str!("../../../../rules/service.rules"),
];

#[test]
fn shipped_programs_parse() {
    for text in SHIPPED {
        assert!(ok(text).file.items.len() > 5);
    }
}

/// The first action of the first rule.
fn first_action(text: &str) -> ast::Action {
    let parsed = ok(text);
    let Some(Item::Rule(rule)) = parsed.file.items.into_iter().next() else {
        panic!("a rule");
    };
    rule.body.actions.into_iter().next().expect("an action")
}

fn reply(text: &str) -> Vec<ast::TextPart> {
    match first_action(text).kind {
        ast::ActionKind::ReplyText(text) => text.parts,
        other => panic!("{other:?}"),
    }
}

fn literal(text: &str) -> String {
    let parts = reply(text);
    let mut out = String::new();
    for part in parts {
        match part {
            ast::TextPart::Literal { value, .. } => out.push_str(&value),
            ast::TextPart::Hole { path, .. } => out.push_str(&format!("<{}>", path.text())),
        }
    }
    out
}

fn let_value(text: &str) -> ast::Expr {
    match ok(&format!("let x = {text}\n")).file.items.remove(0) {
        Item::Let(item) => item.value,
        other => panic!("{other:?}"),
    }
}

/// An expression with every operation in parentheses.
fn shape(expr: &ast::Expr) -> String {
    use ast::ExprKind as K;
    match &expr.kind {
        K::Number { value, unit } => match unit {
            Some(unit) => format!("{value}{}", unit.name),
            None => value.to_string(),
        },
        K::Path(path) => path.text(),
        K::Not(inner) => format!("(not {})", shape(inner)),
        K::Negate(inner) => format!("(- {})", shape(inner)),
        K::Binary {
            op, left, right, ..
        } => format!("({} {op:?} {})", shape(left), shape(right)),
        K::In {
            item,
            list,
            negated,
        } => format!(
            "({} {} {})",
            shape(item),
            if *negated { "notin" } else { "in" },
            shape(list)
        ),
        K::IsKnown { inner, known } => format!("({} known={known})", shape(inner)),
        K::Otherwise { inner, default } => {
            format!("({} otherwise {})", shape(inner), shape(default))
        }
        K::Group(inner) => format!("[{}]", shape(inner)),
        K::Call { name, args } => {
            let args: Vec<String> = args
                .iter()
                .map(|arg| {
                    let name = arg.name.as_ref().map(|name| format!("{}:", name.name));
                    format!("{}{}", name.unwrap_or_default(), shape(&arg.value))
                })
                .collect();
            format!("{}({})", name.name, args.join(","))
        }
        other => format!("{other:?}"),
    }
}

#[test]
fn precedence_is_as_people_read_it() {
    for (text, wanted) in [
        ("a or b and not c == 1", "(a Or (b And (not (c Equal 1))))"),
        ("1 + 2 * 3 - 4", "((1 Add (2 Multiply 3)) Subtract 4)"),
        ("not a is known and b", "((not (a known=true)) And b)"),
        ("a otherwise -1 > 0", "((a otherwise (- 1)) Greater 0)"),
        ("-a + b", "((- a) Add b)"),
        ("x not in [1]", "(x notin List([Expr { kind: Number"),
        ("(a or b) and c", "([(a Or b)] And c)"),
        (
            "speed(previous, login) >= 900 km/h",
            "(speed(previous,login) GreaterEqual 900km/h)",
        ),
        (
            "share(login.hour, within: 90 days) < 2%",
            "(share(login.hour,within:90days) Less 2%)",
        ),
        ("10 minutes / 2", "(10minutes Divide 2)"),
        ("是我 == 1", "(是我 Equal 1)"),
    ] {
        let found = shape(&let_value(text));
        assert!(found.starts_with(wanted), "{text}: {found}");
    }
}

#[test]
fn chained_comparisons_are_reported_once_and_taken_apart() {
    let parsed = parse(
        FileId(0),
        "let x = 1 < a <= 5\nlet y = (a < b) < c\nlet z = 1 < a < b < 5\n",
    );
    let codes: Vec<&str> = parsed.diagnostics.iter().map(|found| found.code).collect();
    assert_eq!(codes, ["E0121", "E0121"]);
    let Item::Let(item) = &parsed.file.items[0] else {
        panic!("a let");
    };
    assert_eq!(shape(&item.value), "((1 Less a) And (a LessEqual 5))");
}

#[test]
fn a_unit_stands_on_the_line_of_its_number() {
    let parsed = ok("let a = 5\n    + 6\nlet b = 24hours\n");
    assert_eq!(parsed.file.items.len(), 2);
    let action = first_action("on login when suspicion >= 60 even in dialog {\n    deny\n}\n");
    assert_eq!(action.kind, ast::ActionKind::Deny(None));
}

#[test]
fn names_are_normalised() {
    // Told, and read as what it is.
    let parsed = parse(FileId(0), "let x = ｌｏｇｉｎ.ｃｉｔｙ is known\n");
    let codes: Vec<_> = parsed.diagnostics.iter().map(|found| found.code).collect();
    assert_eq!(codes, ["E0116"]);
    let Some(Item::Let(item)) = parsed.file.items.first() else {
        panic!("a let");
    };
    assert_eq!(shape(&item.value), "(login.city known=true)");
}

#[test]
fn escapes_and_holes() {
    assert_eq!(
        literal("on any {\n    reply \"a\\n\\\"b\\\" \\\\ \\{c\\} {x.y}!\"\n}\n"),
        "a\n\"b\" \\ {c} <x.y>!"
    );
}

#[test]
fn text_blocks_lose_their_common_indent() {
    let text =
        "on any {\n    reply \"\"\"\n        一\n          二\n\n        三\n        \"\"\"\n}\n";
    assert_eq!(literal(text), "一\n  二\n\n三");
    assert_eq!(literal(&text.replace('\n', "\r\n")), "一\n  二\n\n三");
    let tabs = "on any {\n\treply \"\"\"\n\t\t一\n\t\t\t二 {x}\n\t\t\"\"\"\n}\n";
    assert_eq!(literal(tabs), "一\n\t二 <x>");
}

#[test]
fn regular_expressions_are_taken_as_they_stand() {
    let parsed = ok("on text matching \"^[0-9]{6}\\s\\\"x\\\\\" {\n    reply \"好\"\n}\n");
    let Item::Rule(rule) = &parsed.file.items[0] else {
        panic!("a rule");
    };
    let ast::Matcher::Matching(text) = &rule.triggers[0].matcher else {
        panic!("matching");
    };
    assert!(matches!(
        &text.parts[..],
        [ast::TextPart::Literal { value, .. }] if value == "^[0-9]{6}\\s\"x\\\\"
    ));
}

#[test]
fn bare_texts_take_the_trigger_before_them() {
    let parsed = ok(
        "on text containing \"锁\" or \"锁定\" or scan scene \"a\" when bound continue {\n    note \"x\"\n}\n",
    );
    let Item::Rule(rule) = &parsed.file.items[0] else {
        panic!("a rule");
    };
    let kinds: Vec<String> = rule
        .triggers
        .iter()
        .map(|trigger| {
            let kind = format!("{:?}", trigger.matcher);
            let kind = kind.split('(').next().unwrap_or_default();
            format!("{} {kind}", trigger.event.name)
        })
        .collect();
    assert_eq!(
        kinds,
        ["text Containing", "text Containing", "scan Pattern"]
    );
    assert!(rule.continues && rule.when.is_some());
}

#[test]
fn an_optional_choice_never_takes_the_next_line() {
    let text = "on text \"是我\" {\n    close alert\n    reply \"好\"\n}\n";
    assert_eq!(
        first_action(text).kind,
        ast::ActionKind::CloseAlert { choice: None }
    );
    let text = "on text \"是我\" {\n    trust alert choice for 30 days\n}\n";
    assert!(matches!(
        first_action(text).kind,
        ast::ActionKind::TrustAlert {
            choice: Some(_),
            ..
        }
    ));
    let text = "on text \"是我\" {\n    trust alert for 30 days\n}\n";
    assert!(matches!(
        first_action(text).kind,
        ast::ActionKind::TrustAlert { choice: None, .. }
    ));
}

#[test]
fn every_form_is_lowered() {
    let parsed = ok(r#"
list nets: network = ["10.0.0.0/8", "192.168.0.0/16",]
extractor order_no = "NO{digits: digits(8)}"
on event "card_pay_ok" or position or undeliverable alert or text in words or text starting "a" {
    reply image "m"
    reply news {
        title: "t"
        url: "https://example.com"
    }
    remember 尺码 = "XL" for 30 days
    forget 尺码
    tag "vip"
    untag "vip"
    log off account { logged_off { reply "好" } }
    unbind
    unlock account
    leave dialog
    allow
    deny "why"
    hand over to "kf@test"
    call desk with alert, 1 + 2 {
        ok { reply "{answer}" }
        failed { reply "x" }
    }
    note "n"
    forward {
        late { reply "稍后" }
    }
}
test "story" {
    place 北京 39.9 -116.4 country "CN" region "北京"
    account a phone "1" code "2" name "n" password "p" zone "Asia/Shanghai"
    issue unlock code "111222" to a
    issue ticket "abc" to a
    wechat 小王 sends image
    wechat 小王 follows scene "bind:x", 2 times
    wechat 小王 unfollows
    wechat 小王 does "card_pay_ok"
    login a city 北京 illegal machine ip "203.0.113.7" agent "x" solving captcha, 3 times every 1 day
    login a no machine
    after 3 hours
    operator locks a
    platform refuses sends
    system answers "好"
    system is late
    system fails
    expect no reply
    expect reply to 小王 "x"
    expect reply customer service
    expect alert to 小王 by template ~ "x"
    expect no signals
    expect signals include a, b
    expect challenged
    expect a not locked
    expect no event "x"
    expect call desk
    expect in dialog binding
    expect no dialog
}
"#);
    let Item::Test(test) = &parsed.file.items[3] else {
        panic!("a test");
    };
    assert_eq!(test.steps.len(), 28);
    let Item::Rule(rule) = &parsed.file.items[2] else {
        panic!("a rule");
    };
    assert_eq!(rule.triggers[2].event.name, "undeliverable");
    assert_eq!(rule.body.actions.len(), 16);
    // Every span lies in the text and says what it is the span of.
    assert!(rule.head.end <= rule.body.span.start);
}

#[test]
fn spans_end_where_the_words_end() {
    let text = "on text \"a\" when x { # why\n    reply \"b\" # comment\n    # more\n}\n";
    let parsed = ok(text);
    let Item::Rule(rule) = &parsed.file.items[0] else {
        panic!("a rule");
    };
    let slice = |span: Span| &text[span.range()];
    assert_eq!(slice(rule.head), "on text \"a\" when x");
    assert_eq!(slice(rule.body.actions[0].span), "reply \"b\"");
    assert_eq!(slice(rule.body.actions[0].keyword), "reply");
    assert!(slice(rule.span).ends_with('}'));
    let comments: Vec<(&str, bool)> = parsed
        .comments
        .iter()
        .map(|comment| (slice(comment.span), comment.own_line))
        .collect();
    assert_eq!(
        comments,
        [("# why", false), ("# comment", false), ("# more", true)]
    );
}

#[test]
fn signs_inside_texts_are_no_comments_and_no_slips() {
    let parsed = ok(
        "# 一\n\n\n# 二\non any {\n    reply \"# // && ＃（）“” http://x\"\n    note \"\"\"\n        # no\n        \"\"\"\n}\n",
    );
    assert_eq!(parsed.comments.len(), 2);
    assert_eq!(parsed.comments[1].blank_lines_before, 2);
}

#[test]
fn positions_survive_the_mending() {
    let text = "let a = 1 && 2\nlet b = （1 + 2） ／ \n";
    let parsed = parse(FileId(0), text);
    let spots: Vec<&str> = parsed
        .diagnostics
        .iter()
        .map(|found| &text[found.primary.span.range()])
        .collect();
    assert_eq!(spots[0], "&&");
    assert_eq!(spots[1], "（");
}

#[test]
fn names_of_broken_items_are_poisoned() {
    let parsed = parse(
        FileId(0),
        "let broken = = 1\nsignal odd \"x\" weight {\n}\nlist fine = [1]\n",
    );
    assert_eq!(parsed.file.poisoned, ["broken", "odd"]);
    assert_eq!(parsed.file.items.len(), 1);
}

#[test]
fn bounds_are_reported() {
    let codes = |text: &str| -> Vec<&'static str> {
        let found = parse(FileId(0), text).diagnostics;
        found.iter().map(|found| found.code).collect()
    };
    assert_eq!(codes(&"# x\n".repeat(MAX_FILE_BYTES / 4 + 1)), ["E0130"]);
    for (open, close) in [("(", ")"), ("[", "]"), ("f(", ")"), ("not (", ")")] {
        let deep = format!("let a = {}1{}\n", open.repeat(5000), close.repeat(5000));
        assert_eq!(codes(&deep), ["E0129"], "{open}");
    }
    assert_eq!(
        codes(&format!("let a = {}1\n", "not ".repeat(5000))),
        ["E0131"]
    );
    assert_eq!(
        codes(&format!("let a = {}1\n", "- ".repeat(5000))),
        ["E0131"]
    );
    assert_eq!(
        codes(&format!("let a = 1{}\n", " + 1".repeat(5000))),
        ["E0131"]
    );
    let blocks = format!(
        "on any {{\n{}    reply \"x\"{}\n}}\n",
        "    bind { bound {\n".repeat(200),
        "\n    } }".repeat(200)
    );
    assert_eq!(codes(&blocks), ["E0129"]);
    let many = "let x\n".repeat(100);
    assert_eq!(codes(&many).len(), MAX_DIAGNOSTICS);
}

#[test]
fn long_row_of_otherwise_is_bounded() {
    let found = parse(
        FileId(0),
        &format!("let a = b{}\n", " otherwise 1".repeat(5000)),
    );
    assert_eq!(found.diagnostics[0].code, "E0131");
}
