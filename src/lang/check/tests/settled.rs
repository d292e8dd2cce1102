//! Conditions that what they ask about settles, values nobody has and values nobody reads, rules that
//! share messages or do nothing: each told once, and what is like it but sound not at all.

use super::*;

pub(super) fn codes(text: &str) -> Vec<&'static str> {
    compiled(text)
        .diagnostics
        .iter()
        .map(|found| found.code)
        .collect()
}

/// The finding shows values or an event.
pub(super) fn proven(text: &str) -> bool {
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
        (
            "distinct(hour, of: successes, within: 90 days) > 24",
            "E0307",
        ),
        (
            "distinct(weekday, of: successes, within: 90 days) <= 7",
            "W1003",
        ),
        (
            "distinct(legal, of: successes, within: 90 days) >= 3",
            "E0307",
        ),
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
        "between_hours(login.hour, 9, 24)",
        "distinct(hour, of: successes, within: 90 days) >= 24",
        "distinct(city, of: successes, within: 90 days) > 24",
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

#[test]
fn hours_no_day_has_are_told() {
    for hours in ["22, 30", "-1, 6", "late, 6"] {
        let text = format!(
            "let late = 25\n{}",
            on_login(&format!("between_hours(login.hour, {hours})"))
        );
        let mut found = codes(&text);
        found.retain(|code| *code != "W1001");
        assert_eq!(found, ["E0315"], "{hours}");
    }
}

/// Rules for one text, each with its condition.
fn in_turn(conditions: &[&str]) -> String {
    let rule = |condition: &&str| {
        let when = match *condition {
            "" => String::new(),
            condition => format!(" when {condition}"),
        };
        format!("on text \"a\"{when} {{\n    reply \"好\"\n}}\n")
    };
    conditions.iter().map(rule).collect()
}

#[test]
fn what_the_clock_leaves_nothing_of_is_never_reached() {
    for conditions in [
        &["now.hour < 12", "now.hour >= 12", ""][..],
        &["now.hour < 12", "now.hour >= 12", "bound"],
        &[
            "between_hours(now.hour, 8, 18)",
            "not between_hours(now.hour, 8, 18)",
            "",
        ],
        &["now.weekday < 6", "now.weekday in [6, 7]", ""],
        &[
            "now.hour < 8",
            "now.hour >= 8 and now.hour < 18",
            "now.hour >= 18",
            "",
        ],
        &[
            "now.hour < 8",
            "now.hour >= 8 and now.hour < 12",
            "now.hour < 10",
        ],
        &[
            "bound and now.hour < 12",
            "bound and now.hour >= 12",
            "not bound",
            "",
        ],
    ] {
        let text = in_turn(conditions);
        assert_eq!(codes(&text), ["E0415"], "{conditions:?}");
        assert!(proven(&text), "{conditions:?}");
    }
    for conditions in [
        &["now.hour < 12", "now.hour > 12", ""][..],
        &[
            "now.hour < 12",
            "now.hour >= 12 and message.id == \"b\"",
            "",
        ],
        &[
            "now.date == \"2026-01-05\"",
            "now.date != \"2026-01-05\"",
            "",
        ],
        &["now.weekday < 6", "now.weekday == 7", ""],
        &["bound and now.hour < 12", "bound and now.hour >= 12", ""],
    ] {
        assert_eq!(codes(&in_turn(conditions)), [""; 0], "{conditions:?}");
    }
    // Each event has its rules; one that lets others go on hides nothing.
    let other = in_turn(&["now.hour < 12", "now.hour >= 12"]).replace("on text \"a\"", "on image");
    assert_eq!(codes(&(other + &in_turn(&[""]))), [""; 0]);
}

#[test]
fn what_was_just_forgotten_is_told_as_that() {
    let rules = |body: &str| {
        format!(
            "on text \"我是{{who: word}}\" {{\n    remember nick = who\n    reply \"好\"\n}}\n\
             on text \"忘\" when nick is known {{\n{body}}}\n"
        )
    };
    let found = compiled(&rules("    forget nick\n    reply \"好，{nick}\"\n")).diagnostics;
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].code, "W1011");
    let words = |one: &crate::lang::diagnostics::Words| format!("{} {}", one.zh, one.en);
    let help: String = found[0].help.iter().map(|help| words(help)).collect();
    // It is known where the rule begins: asking for that once more would change nothing.
    assert!(
        help.contains("forget nick") && !help.contains("is known"),
        "{help}"
    );
    assert_eq!(found[0].secondary.len(), 1);
    let before = "    reply \"好，{nick}\"\n    forget nick\n";
    assert_eq!(codes(&rules(before)), [""; 0]);
}

#[test]
fn a_mistake_in_the_rule_that_answers_an_alert_is_told_alone() {
    let alert = "on login when login.city == \"x\" {\n    alert expires 24 hours {\n        message \"{account.name} 回复“锁定”\"\n    }\n}\n";
    let undelivered = "on undeliverable alert {\n    note \"送不到\"\n}\n";
    let lock = |trigger: &str, arm: &str| {
        format!(
            "on text {trigger} when bound even in dialog {{\n    lock account {{\n        locked {{ reply \"{arm}\" }}\n        already_locked {{ reply \"已经\" }}\n    }}\n}}\n"
        )
    };
    let whole = |lock: &str| format!("{alert}{undelivered}{lock}");
    assert_eq!(codes(&whole(&lock("\"锁定\"", "好"))), [""; 0]);
    for (trigger, arm, code) in [
        ("\"锁定\"", "{accountt.name}", "E0203"),
        ("\"锁定{x: wrd}\"", "好", "E0210"),
        ("in words", "好", "E0203"),
        ("\"锁定\" or \"\"", "好", "E0316"),
    ] {
        assert_eq!(
            codes(&whole(&lock(trigger, arm))),
            [code],
            "{trigger} {arm}"
        );
    }
    // A mistake elsewhere hides nothing.
    let elsewhere = "on text \"a\" {\n    reply \"{b}\"\n}\n";
    assert_eq!(
        codes(&format!("{alert}{undelivered}{elsewhere}")),
        ["E0410", "E0203"]
    );
    // Nor is nobody there to hear of what does not arrive, when that rule has a mistake.
    let wrong = undelivered.replace("送不到", "{b}");
    assert_eq!(
        codes(&format!("{alert}{}{wrong}", lock("\"锁定\"", "好"))),
        ["E0203"]
    );
}
