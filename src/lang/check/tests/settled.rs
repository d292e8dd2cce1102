//! Conditions that what they ask about settles, values nobody has and values nobody reads, rules that
//! share messages or do nothing: each told once, and what is like it but sound not at all.

use super::*;

fn codes(text: &str) -> Vec<&'static str> {
    compiled(text)
        .diagnostics
        .iter()
        .map(|found| found.code)
        .collect()
}

/// The finding shows values or an event.
fn proven(text: &str) -> bool {
    let found = compiled(text).diagnostics;
    found
        .iter()
        .all(|one| one.example.is_some() || one.witness.is_some() || !one.story.is_empty())
}

fn on_login(condition: &str) -> String {
    format!("on login when {condition} {{\n    note \"x\"\n}}\n")
}

#[test]
fn conditions_that_are_settled_are_told() {
    for (condition, code) in [
        (
            "login.country == \"CN\" and login.country != \"CN\"",
            "E0307",
        ),
        (
            "login.country == \"CN\" or login.country != \"CN\"",
            "W1003",
        ),
        ("login.hour == 5 and login.hour != 5", "E0307"),
        ("login.city is known and login.city is unknown", "E0307"),
        ("login.city is known or login.city is unknown", "W1003"),
        ("login.city is unknown and login.city == \"北京\"", "E0307"),
        (
            "not (login.city is known) and login.city != \"北京\"",
            "E0307",
        ),
        ("bound is known", "W1003"),
        ("bound is unknown", "E0307"),
        ("lower(login.browser) == \"Chrome\"", "E0307"),
        ("lower(login.browser) != \"Chrome\"", "W1003"),
        ("lower(login.browser) in [\"Chrome\", \"Edge\"]", "E0307"),
        ("contains(lower(login.agent), \"Curl\")", "E0307"),
        ("contains(login.agent, \"\")", "W1003"),
        ("between_hours(login.hour, 5, 5)", "E0307"),
        ("login.city in []", "E0307"),
        ("login.success", "W1003"),
        ("not login.success", "E0307"),
        (
            "count(failures, within: 1 hour, where: success) >= 1",
            "E0307",
        ),
        (
            "count(successes, within: 1 hour, where: not success) >= 1",
            "E0307",
        ),
        (
            "count(successes, within: 1 hour, where: success) >= 1",
            "W1003",
        ),
        (
            "count(successes, within: 1 hour, where: account != login.account) >= 1",
            "E0307",
        ),
        (
            "count(successes, within: 1 hour, by: city, where: city != login.city) >= 1",
            "E0307",
        ),
    ] {
        let text = on_login(condition);
        assert_eq!(codes(&text), [code], "{condition}");
        // Accounts have no literal in the language, so no value of them is shown.
        assert!(
            proven(&text) || condition.contains("account"),
            "{condition}"
        );
    }
    assert_eq!(
        codes("on failure when login.success {\n    note \"x\"\n}\n"),
        ["E0307"]
    );
}

#[test]
fn conditions_that_are_not_settled_are_left_alone() {
    for condition in [
        "login.country == \"CN\" and login.city != \"北京\"",
        "login.country == \"CN\" or login.country == \"US\"",
        "login.country != \"CN\" and login.country != \"US\"",
        "login.city is known or login.city == \"北京\"",
        "login.city is unknown or login.city != \"北京\"",
        "lower(login.browser) == \"chrome\"",
        "lower(login.browser) in [\"Chrome\", \"edge\"]",
        "contains(login.agent, \"Curl\")",
        "between_hours(login.hour, 22, 5)",
        "count(attempts, within: 1 hour, where: success) >= 1",
        "count(successes, within: 1 hour, by: ip, where: account != login.account) >= 1",
        "count(successes, within: 1 hour, where: country != login.country) >= 1",
    ] {
        assert_eq!(codes(&on_login(condition)), [""; 0], "{condition}");
    }
}

#[test]
fn values_not_everybody_has_are_told_where_they_are_shown() {
    for (text, told) in [
        ("on text \"a\" {\n    reply \"{account.name}\"\n}\n", true),
        (
            "on text \"a\" when not bound {\n    reply \"{account.name}\"\n}\n",
            true,
        ),
        (
            "on text \"a\" when bound {\n    reply \"{account.name}\"\n}\n",
            false,
        ),
        (
            "on text \"a\" or \"b {n: number}\" {\n    reply \"{n}\"\n}\n",
            true,
        ),
        (
            "on text \"a {n: number}\" or \"b {n: number}\" {\n    reply \"{n}\"\n}\n",
            false,
        ),
        (
            "on text \"我是{who: word}\" {\n    remember nick = who\n    reply \"好\"\n}\non text \"a\" {\n    reply \"{nick}\"\n}\n",
            true,
        ),
        (
            "on text \"我是{who: word}\" {\n    remember nick = who\n    reply \"好，{nick}\"\n}\n",
            false,
        ),
        (
            "on text \"我是{who: word}\" {\n    remember nick = who\n    reply \"好\"\n}\non text \"a\" when nick is known {\n    reply \"{nick}\"\n}\n",
            false,
        ),
    ] {
        let expected: &[&str] = if told { &["W1011"] } else { &[] };
        assert_eq!(codes(text), expected, "{text}");
    }
}

#[test]
fn values_nobody_reads_are_told() {
    let signal = "signal far \"远\" weight 10 {\n    when login.city is known\n}\n";
    for (text, told) in [
        (signal.to_owned(), true),
        (signal.replace("10 {", "10 shadow {"), false),
        (signal.replace("far", "_far"), false),
        (
            format!("{signal}on login when suspicion >= 10 {{\n    note \"x\"\n}}\n"),
            false,
        ),
        (
            format!(
                "{signal}test \"t\" {{\n    account alice phone \"13800138000\"\n    login alice\n    expect signals far\n}}\n"
            ),
            false,
        ),
        (
            "on text \"a {n: number}\" {\n    reply \"好\"\n}\n".to_owned(),
            true,
        ),
        (
            "on text \"a {_n: number}\" {\n    reply \"好\"\n}\n".to_owned(),
            false,
        ),
        (
            "on text \"a {n: number}\" when n > 1 {\n    reply \"好\"\n}\n".to_owned(),
            false,
        ),
        (
            "on text \"a {n: number}\" {\n    remember n2 = n\n    reply \"好\"\n}\n".to_owned(),
            true,
        ),
        (
            "on text \"a {n: number}\" {\n    remember _n = n\n    reply \"好\"\n}\n".to_owned(),
            false,
        ),
    ] {
        let expected: &[&str] = if told { &["W1001"] } else { &[] };
        assert_eq!(codes(&text), expected, "{text}");
    }
    let dialog = "on text \"报名\" {\n    start d\n}\ndialog d {\n    ask who: word \"?\"\n    cancel on \"取消\" { reply \"好\" }\n    done { reply \"好\" }\n}\n";
    assert_eq!(codes(dialog), ["W1001"]);
    assert_eq!(
        codes(&dialog.replace("done { reply \"好\" }", "done { reply \"{who}\" }")),
        [""; 0]
    );
    assert_eq!(codes(&dialog.replace("who", "_who")), [""; 0]);
    let choice = dialog.replace("who: word", "who: one_of(yes_words)");
    assert_eq!(
        codes(&format!("list yes_words = [\"是\"]\n{choice}")),
        [""; 0]
    );
}

#[test]
fn messages_two_rules_share_are_told_with_one() {
    let rule = |trigger: &str| format!("on text {trigger} {{\n    reply \"好\"\n}}\n");
    let two = |first: &str, second: &str| format!("{}{}", rule(first), rule(second));
    for (first, second, code) in [
        ("\"叫我{_nick: word}\"", "containing \"订单\"", "W1009"),
        ("containing \"订单\"", "starting \"投诉\"", "W1009"),
        ("starting \"投诉\"", "containing \"订单\"", "W1009"),
        ("starting \"2\"", "\"2{_x: word}\"", "E0415"),
        ("containing \"b\"", "\"b{_x: number}\"", "E0415"),
        ("\"{_x: rest}\"", "\"2b {_x: word}\"", "E0415"),
        ("\"{_x: rest}\"", "containing \"b\"", "E0415"),
    ] {
        let text = two(first, second);
        assert_eq!(codes(&text), [code], "{text}");
        assert!(proven(&text), "{text}");
    }
    for (first, second) in [
        ("containing \"订单\"", "containing \"投诉\""),
        ("starting \"3\"", "\"2{_x: word}\""),
        ("\"叫我{_nick: number}\"", "containing \"订单\""),
        ("\"买{_n: number}\"", "\"卖{_n: number}\""),
    ] {
        let text = two(first, second);
        assert_eq!(codes(&text), [""; 0], "{text}");
    }
}

#[test]
fn what_does_nothing_or_cannot_be_sent_is_told() {
    let dialog = |ask: &str, rest: &str| {
        format!(
            "list none = []\nlist some = [\"取消\"]\non text \"a\" {{\n    start d\n}}\ndialog d {{\n    {ask}\n    {rest}\n}}\non text in some {{\n    reply \"好\"\n}}\n"
        )
    };
    for (text, expected) in [
        ("on text \"a\" {\n    reply \"\"\n}\n".to_owned(), &["E0419"][..]),
        ("on text \"a\" {\n    reply image \" \"\n}\n".to_owned(), &["E0419"]),
        ("on text \"a\" {\n    tag \"\"\n    reply \"好\"\n}\n".to_owned(), &["E0419"]),
        ("on text \"a\" {\n    send \"\"\n}\n".to_owned(), &["E0419"]),
        (
            "on text \"a\" {\n    reply news {\n        title: \"t\"\n        url: \"javascript:alert(1)\"\n    }\n}\n".to_owned(),
            &["E0419"],
        ),
        (
            "on text \"a\" {\n    reply news {\n        title: \"t\"\n        url: \"https://example.com/\"\n    }\n}\n".to_owned(),
            &[],
        ),
        ("on text \"a\" {\n}\n".to_owned(), &["W1015"]),
        ("on text \"a\" {\n    # allow silent: 不理\n}\n".to_owned(), &["W1008", "W1015"]),
        ("# allow silent: 不理\non text \"a\" {\n}\n".to_owned(), &[]),
        ("on text \"a\" even in dialog {\n    reply \"好\"\n}\n".to_owned(), &["W1016"]),
        (
            dialog("ask a: word \"\"", "cancel on some { reply \"好\" }\n    done { reply \"{a}\" }"),
            &["W1001", "E0419"],
        ),
        (
            dialog("ask a: word \"?\"", "cancel on none { reply \"好\" }\n    done { reply \"{a}\" }"),
            &["W1004"],
        ),
        (
            dialog("ask a: word \"?{a}\"", "cancel on some { reply \"好\" }\n    done { }"),
            &["W1001", "W1011", "W1015"],
        ),
    ] {
        let mut found = codes(&text);
        // The lists of the frame.
        found.retain(|code| *code != "W1001" || expected.contains(code));
        found.retain(|code| *code != "W1013");
        let mut wanted = expected.to_vec();
        found.sort_unstable();
        found.dedup();
        wanted.sort_unstable();
        if !found.contains(&"W1001") {
            wanted.retain(|code| *code != "W1001");
        }
        assert_eq!(found, wanted, "{text}");
    }
}

#[test]
fn what_stands_behind_ask_again_is_told() {
    let text = "on text \"a\" {\n    start d\n}\ndialog d {\n    ask n: number \"几个？\"\n    cancel on \"取消\" { reply \"好\" }\n    done {\n        ask again n\n        reply \"{n}\"\n    }\n}\n";
    assert_eq!(codes(text), ["W1014"]);
    let note = text.replace("reply \"{n}\"\n    }", "note \"{n}\"\n    }");
    assert_eq!(codes(&note), ["W1014"]);
    let before = text.replace(
        "        ask again n\n        reply \"{n}\"\n",
        "        reply \"{n}\"\n        ask again n\n",
    );
    assert_eq!(codes(&before), [""; 0]);
}
