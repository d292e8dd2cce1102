//! What authors trip over, each told as one finding with its cure; and where a story shows it, that
//! story happens when it is run with the rules as they are.

use menshen::bot::{ruleset, stories};
use menshen::lang::builtins::Registry;
use menshen::lang::compile;
use menshen::lang::diagnostics::Diagnostic;
use menshen::lang::span::Sources;

fn found(text: &str) -> Vec<Diagnostic> {
    let sources = Sources::single("a.rules", text);
    compile(sources.into(), &Registry::standard()).diagnostics
}

/// The one finding, whose code this is.
fn one(code: &str, text: &str) -> Diagnostic {
    let found = found(text);
    let [one] =
        <[Diagnostic; 1]>::try_from(found).unwrap_or_else(|found| panic!("{text}\n{found:#?}"));
    assert_eq!(one.code, code, "{text}\n{one:#?}");
    one
}

/// The text with the finding's first fix.
fn mended(text: &str, found: &Diagnostic) -> String {
    let fix = found.fixes.first().unwrap_or_else(|| panic!("{found:#?}"));
    let mut mended = text.to_owned();
    mended.replace_range(fix.span.range(), &fix.replacement);
    mended
}

/// Its story, run below the rules, passes.
fn happens(text: &str, found: &Diagnostic) {
    assert!(!found.story.is_empty(), "no story\n{text}\n{found:#?}");
    let story: String = found
        .story
        .iter()
        .map(|line| format!("    {line}\n"))
        .collect();
    let whole = format!("{text}\ntest \"例子\" {{\n{story}}}\n");
    let registry = Registry::standard();
    let rules = match ruleset::compile(Sources::single("a.rules", &whole), &registry) {
        Ok(loaded) => loaded.ruleset,
        Err(error) => panic!("{whole}\n{error}"),
    };
    for result in stories::run(&rules, &registry, None) {
        assert!(result.passed(), "{whole}\n{:?}", result.failures);
    }
}

const DIALOG: &str = "dialog talk {\n    ask words: rest \"请说。\"\n    cancel on \"取消\" { reply \"已取消\" }\n    done { reply \"记下：{words}\" }\n}\n";

#[test]
fn a_reply_nobody_gets_is_told_and_shown() {
    for text in [
        "on text \"a\" {\n    reply \"甲\"\n    reply \"乙\"\n}\n".to_owned(),
        "on click \"A\" {\n    reply \"甲\"\n    hand over\n}\non text \"b\" {\n    reply \"乙\"\n}\n".to_owned(),
        format!("on text \"a\" {{\n    reply \"甲\"\n    start talk\n}}\n{DIALOG}"),
        format!("on text \"a\" {{\n    start talk\n    reply \"甲\"\n}}\n{DIALOG}"),
        format!("on text \"a\" {{\n    start talk\n}}\n{}", DIALOG.replace("done {", "done {\n        reply \"甲\"\n       ").replace("{words}\" }", "{words}\"\n    }")),
        "on text with phone: mobile, code: digits(6) {\n    bind {\n        bound {\n            reply \"甲\"\n            reply \"乙\"\n        }\n        already { reply \"已绑\" }\n        taken { reply \"别人\" }\n        refused { reply \"不对\" }\n        blocked { reply \"等等\" }\n    }\n}\n".to_owned(),
    ] {
        let found = one("W1014", &text);
        // Handed over, nothing is said that a story could expect.
        if !text.contains("hand over") {
            happens(&text, &found);
        }
        let sent = mended(&text, &found);
        assert!(sent.contains("send \"甲\""), "{sent}");
    }
    // In different outcomes both are said.
    assert_eq!(
        found(
            "on text \"a\" when bound {\n    forward {\n        answered { reply \"{answer}\" }\n        late { reply \"稍等\" }\n        failed { reply \"忙\" }\n    }\n}\n"
        ),
        []
    );
}

#[test]
fn words_that_a_dialog_keeps_as_its_answer_are_told_and_shown() {
    let text = format!(
        "on text \"人工\" or \"客服\" {{\n    hand over\n}}\non click \"TALK\" {{\n    start talk\n}}\n{DIALOG}"
    );
    let found = one("W1013", &text);
    assert!(
        found.title.zh.contains("人工") && found.title.zh.contains("words"),
        "{found:#?}"
    );
    happens(&text, &found);
    let heard = text.replace("\"客服\" {", "\"客服\" even in dialog {");
    assert_eq!(self::found(&heard), []);
    let leaves = text.replace("on text \"人工\" or \"客服\"", "on text \"取消\"");
    assert_eq!(self::found(&leaves), []);
    let meant = text.replace(
        "    ask words",
        "    # allow swallowed: 意见里什么都可以写\n    ask words",
    );
    assert_eq!(self::found(&meant), []);
    // A question with a shape of its own takes none of it.
    let shaped = text.replace("words: rest", "words: mobile");
    assert_eq!(self::found(&shaped), []);
}

#[test]
fn a_reply_that_values_make_too_long_is_told_with_the_values() {
    let long = "很".repeat(640);
    let text = format!("on text \"查{{what: rest}}\" {{\n    reply \"{long}{{what}}\"\n}}\n");
    let found = one("W1012", &text);
    let example = found.example.expect("values");
    assert_eq!(example.given[0].0, "what");
    // 640 and 64 characters of three bytes.
    assert!(found.title.zh.contains("2112"), "{}", found.title.zh);
    for fits in [
        text.replace("what: rest", "what: digits(6)"),
        text.replace(&long, &"很".repeat(600)),
    ] {
        assert_eq!(self::found(&fits), []);
    }
}

#[test]
fn a_word_that_does_not_leave_the_dialog_is_told_and_shown() {
    let text = format!(
        "on text \"取消\" even in dialog {{\n    reply \"没有什么可取消的\"\n}}\non text \"说\" {{\n    start talk\n}}\n{DIALOG}"
    );
    let found = one("W1005", &text);
    happens(&text, &found);
    let other = text.replace("cancel on \"取消\"", "cancel on \"不说了\"");
    assert_eq!(self::found(&other), []);
}

#[test]
fn a_reply_too_long_for_one_outcome_comes_with_the_conversation() {
    let long = "很".repeat(700);
    let text = format!(
        "on text \"锁\" even in dialog {{\n    lock account {{\n        locked {{ reply \"已锁定\" }}\n        already_locked {{ reply \"早已锁定\" }}\n        unbound {{ reply \"{long}\" }}\n    }}\n}}\n"
    );
    let found = one("E0412", &text);
    assert_eq!(found.story, ["wechat 小王 sends \"锁\""]);
    // What the story does is what gets the text, were it shorter.
    let short = text.replace(&long, "先绑定");
    let story = format!(
        "{}\n    expect reply \"先绑定\"",
        found.story.join("\n    ")
    );
    let whole = format!("{short}\ntest \"例子\" {{\n    {story}\n}}\n");
    let registry = Registry::standard();
    let rules = ruleset::compile(Sources::single("a.rules", &whole), &registry).expect("sound");
    assert!(
        stories::run(&rules.ruleset, &registry, None)
            .iter()
            .all(stories::StoryResult::passed)
    );
}

#[test]
fn an_event_with_a_trigger_of_its_own_is_written_so() {
    for (name, own) in [
        ("subscribe", "subscribe"),
        ("SCAN", "scan"),
        ("CLICK", "click"),
        ("pic_weixin", "photos"),
    ] {
        let text = format!("on event \"{name}\" {{\n    reply \"好\"\n}}\n");
        let mended = mended(&text, &one("E0208", &text));
        assert_eq!(mended, format!("on {own} {{\n    reply \"好\"\n}}\n"));
        assert_eq!(found(&mended), []);
    }
    assert_eq!(
        found("on event \"user_info_modified\" {\n    note \"x\"\n}\n"),
        []
    );
    for (called, meant) in [
        ("message", "text"),
        ("关注", "subscribe"),
        ("menu", "click"),
    ] {
        let found = one("E0208", &format!("on {called} {{\n    reply \"好\"\n}}\n"));
        assert_eq!(found.fixes[0].replacement, meant);
    }
}

#[test]
fn a_story_cannot_expect_what_never_happens() {
    let story = |name: &str| {
        format!(
            "on text \"a\" {{\n    reply \"b\"\n}}\ntest \"x\" {{\n    wechat w sends \"a\"\n    expect no event \"{name}\"\n}}\n"
        )
    };
    let text = story("alrted");
    let found = one("E0801", &text);
    assert_eq!(mended(&text, &found), story("alerted"));
    assert_eq!(self::found(&story("alerted")), []);
}

#[test]
fn slips_of_one_place_are_one_finding() {
    let open = "signal guessed \"多次输错\" weight 50\n    when count(failures, within: 10 minutes) >= 5\n}\n";
    let shadow = "signal guessed \"多次输错\" weight 50 shadow\n    when count(failures, within: 10 minutes) >= 5\n    except login.legal\n}\n";
    for text in [open, shadow] {
        let mended = mended(text, &one("E0110", text));
        // Nothing in it looks at the signal.
        let codes: Vec<&str> = found(&mended).iter().map(|one| one.code).collect();
        assert!(codes.iter().all(|code| *code == "W1001"), "{codes:?}");
    }
    let broken = "on text \"a\" {\n    reply \"欢迎，\n    您！\"\n}\n";
    assert_eq!(
        mended(broken, &one("E0111", broken)),
        "on text \"a\" {\n    reply \"欢迎，\\n您！\"\n}\n"
    );
    let asked = "if text == \"a\" {\n    reply \"b\"\n}\n";
    assert!(
        found(asked).iter().all(|found| found.code != "E0118"),
        "{:#?}",
        found(asked)
    );
}

#[test]
fn rows_picked_by_something_have_one_of_it() {
    let rule = |condition: &str| format!("on login when {condition} {{\n    note \"x\"\n}}\n");
    for never in [
        "distinct(account, of: failures, within: 5 minutes) >= 2",
        "distinct(ip, of: failures, within: 5 minutes, by: ip) >= 2",
        "distinct(city, of: failures, within: 5 minutes, by: [account, city]) > 1",
    ] {
        one("E0307", &rule(never));
    }
    for fine in [
        "distinct(account, of: failures, within: 5 minutes, by: ip) >= 2",
        "distinct(ip, of: failures, within: 5 minutes) >= 2",
    ] {
        assert_eq!(found(&rule(fine)), []);
    }
}

#[test]
fn a_name_the_dialog_does_not_take_is_told_with_what_it_asks_for() {
    let start = |name: &str| {
        format!("on text \"说{{{name}: word}}\" {{\n    start talk with {name}\n}}\n{DIALOG}")
    };
    let found = one("E0505", &start("zz"));
    assert!(
        found.help.iter().any(|help| help.zh.contains("`words`")),
        "{found:#?}"
    );
    assert_eq!(self::found(&start("_zz")), []);
    // What the dialog looks at is no question of its own.
    let looked_at = start("zz").replace("记下：", "{zz}记下：");
    assert_eq!(self::found(&looked_at), []);
    // A name that is not there at all.
    let unknown = format!("on text \"说\" {{\n    start talk with zz\n}}\n{DIALOG}");
    let found = one("E0203", &unknown);
    assert!(
        found.help.iter().any(|help| help.zh.contains("`words`")),
        "{found:#?}"
    );
}

#[test]
fn a_past_login_is_asked_for_its_own_fields() {
    let count = |condition: &str| {
        format!(
            "on login when count(failures, within: 1 hour, where: {condition}) >= 3 {{\n    deny\n}}\n"
        )
    };
    for wrong in [
        "row.city == \"x\"",
        "past.city == \"x\"",
        "previous.city == \"x\"",
    ] {
        let text = count(wrong);
        let found = one("E0203", &text);
        assert_eq!(mended(&text, &found), count("city == \"x\""));
    }
    let found = one("E0203", &count("foo == \"x\""));
    assert!(found.fixes.is_empty(), "{found:#?}");
    assert!(found.help[0].zh.contains("`city`"), "{found:#?}");
}

/// What cannot be compared with past logins is not taken for something else that happens to be as long.
#[test]
fn a_place_is_no_longitude() {
    let asked = |what: &str| {
        format!("signal s \"x\" weight 5 {{\n    when new(login.{what}, within: 9 days)\n}}\n")
    };
    for (wrong, right) in [
        ("town", Some("city")),
        ("place", None),
        ("cty", Some("city")),
    ] {
        let text = asked(wrong);
        let found = found(&text);
        let first = found.first().expect("told");
        match right {
            Some(right) => assert_eq!(mended(&text, first), asked(right)),
            None => assert!(first.fixes.is_empty(), "{first:#?}"),
        }
    }
}

#[test]
fn words_of_a_list_without_quotes_are_one_mistake() {
    let text = "list words = [取消, 退出]\non text in words {\n    reply \"x\"\n}\n";
    let found = one("E0203", text);
    assert!(mended(text, &found).starts_with("list words = [\"取消\", \"退出\"]"));
}

#[test]
fn conditions_that_literals_settle_are_told() {
    let on_text =
        |condition: &str| format!("on text \"x\" when {condition} {{\n    reply \"x\"\n}}\n");
    let on_login = |condition: &str| format!("on login when {condition} {{\n    deny\n}}\n");
    for (code, text) in [
        ("E0307", on_text("\"a\" == \"b\"")),
        ("W1003", on_text("\"a\" in [\"a\", \"b\"]")),
        ("E0307", on_text("contains(\"abc\", \"d\")")),
        ("E0307", on_login("login.hour > 25")),
        ("E0315", on_login("between_hours(login.hour, 25, 26)")),
        ("W1003", on_login("between_hours(login.hour, 0, 24)")),
        ("E0307", on_login("login.hour == 8.5")),
        ("W1003", on_login("count(failures, within: 1 hour) != 2.5")),
        ("E0307", on_login("login.city != login.city")),
        (
            "E0307",
            on_login("login.city == \"北京\" and login.city in [\"上海\"]"),
        ),
        (
            "E0307",
            on_login("login.agent == \"a\" and contains(login.agent, \"b\")"),
        ),
    ] {
        one(code, &text);
    }
    for sound in [
        // A network holds many addresses.
        on_login("login.ip in [\"10.0.0.0/8\"] and login.ip in [\"10.1.0.0/16\"]"),
        on_login("login.city in [\"北京\", \"上海\"] and login.city in [\"上海\"]"),
        on_login("between_hours(login.hour, 22, 6)"),
        on_login("count(failures, within: 1 hour) == 2"),
        // A `let` is there to be changed.
        format!("let strict = no\n{}", on_login("strict")),
    ] {
        assert_eq!(found(&sound), [], "{sound}");
    }
}

/// The values with which such a condition is told are what the evaluator was asked.
#[test]
fn what_settles_a_condition_is_shown() {
    let text = "on login when login.city == \"北京\" and login.city in [\"上海\"] {\n    deny\n}\n";
    let example = one("E0307", text).example.expect("values");
    let given = [("login.city".to_owned(), "\"北京\"".to_owned())];
    assert_eq!(
        (example.given.as_slice(), example.holds),
        (&given[..], false)
    );
}

#[test]
fn an_unknown_word_is_one_mistake_wherever_it_stands() {
    let twice = |first: &str, second: &str| {
        format!(
            "on login when {first} {{\n    deny\n}}\non attempt when {second} {{\n    deny\n}}\n"
        )
    };
    for (code, text) in [
        (
            "E0211",
            twice(
                "cont(failures, within: 1 hour) > 2",
                "cont(failures, within: 1 day) > 3",
            ),
        ),
        (
            "E0605",
            twice(
                "count(failurs, within: 1 hour) > 2",
                "count(failurs, within: 1 day) > 3",
            ),
        ),
        (
            "E0304",
            twice("since(successes) >= 3 dayz", "since(failures) >= 4 dayz"),
        ),
        (
            "E0208",
            "on txt \"a\" {\n    reply \"x\"\n}\non txt \"b\" {\n    reply \"x\"\n}\n".to_owned(),
        ),
    ] {
        let found = one(code, &text);
        assert_eq!(found.secondary.len(), 1, "{found:#?}");
    }
}

/// What a condition asks about other things is not known when one thing is given, and that is an answer to some
/// questions: nothing is said of those. Nor of lists that would take long.
#[test]
fn conditions_that_can_hold_together_are_left_alone() {
    let long: Vec<String> = (0..200).map(|n| format!("\"x{n}\"")).collect();
    let long = format!("login.city in [{}]", long.join(", "));
    let beside = [
        r#"(login.city == "上海" or login.country is known)"#,
        r#"not (login.city == "北京" and login.isp is unknown)"#,
        r#"(login.city != "北京" or (count(failures, within: 1 hour) otherwise 0) >= 3)"#,
        r#"(login.isp otherwise "x") == "x""#,
        r#"not (login.city == "上海" and since(successes) is unknown)"#,
        long.as_str(),
    ];
    for second in beside {
        let text = format!(
            "on login when login.city == \"北京\" and {second} {{\n    challenge captcha\n}}\n"
        );
        let found = found(&text);
        assert!(
            found.iter().all(|one| one.code != "E0307"),
            "{text}\n{found:#?}"
        );
    }
}

/// A quote may be missing before `or` as well as one be too many: nothing is written without being asked.
#[test]
fn a_quote_missing_before_or_is_a_guess() {
    let text = "on text \"帮助 or \"help\" or \"?\" or \"菜单\" {\n    reply \"x\"\n}\n";
    let found = found(text);
    assert!(!found.is_empty());
    let sources = Sources::single("a.rules", text);
    let fixed = menshen::lang::diagnostics::fix(&found, &sources, false);
    assert!(fixed.files.is_empty(), "{found:#?}");
}

/// A number that was given a name decides: a switch, perhaps meant so. It is told with the name, and can be
/// silenced either way.
#[test]
fn a_named_number_that_settles_a_condition_is_a_switch() {
    let text = |level: u32, above: &str| {
        format!(
            "let level = {level}\n\n{above}on text \"a\" when level >= 2 and bound {{\n    reply \"x\"\n}}\n"
        )
    };
    for (level, says) in [(3, "always holds"), (1, "never holds")] {
        let told = one("W1003", &text(level, ""));
        assert!(told.title.en.contains("`level`"), "{told:#?}");
        assert!(told.primary.words.en.contains(says), "{told:#?}");
        assert_eq!(found(&text(level, "# allow always: 先这样\n")), []);
    }
    // A yes or no by name is a switch and nothing else.
    for yes in ["yes", "no"] {
        let switch = format!(
            "let strict = {yes}\n\non text \"a\" when strict and bound {{\n    reply \"x\"\n}}\n"
        );
        assert_eq!(found(&switch), []);
    }
    let told = one(
        "E0302",
        "let strict = 1\n\non text \"a\" when strict {\n    reply \"x\"\n}\n",
    );
    assert!(told.help[0].en.contains("let NAME = yes"), "{told:#?}");
}

/// Of two streams of which neither is a part of the other, the ratio has no bound.
#[test]
fn a_ratio_passes_100_percent_only_where_it_can() {
    let text = |ratio: &str| {
        format!("on login when ratio({ratio}, within: 1 day) > 100% {{\n    note \"x\"\n}}\n")
    };
    assert_eq!(found(&text("failures, successes")), []);
    one("E0307", &text("failures, attempts"));
}

#[test]
fn a_name_handed_over_twice_is_told() {
    let dialog = "dialog d {\n    ask x: word \"?\"\n    cancel on \"取消\" { reply \"好\" }\n    done { reply \"{x}\" }\n}\n";
    let text = format!("on text \"a {{x: word}}\" {{\n    start d with x, x\n}}\n\n{dialog}");
    one("E0201", &text);
}

/// What is asked for is not known to be asked for wrongly, and what would follow from it is not told.
#[test]
fn a_value_for_a_condition_is_one_mistake() {
    let text = "on text \"叫我{name: word}\" {\n    remember nickname = name\n}\n\non text \"a\" when nickname {\n    reply \"{nickname}\"\n}\n";
    let told = one("E0302", text);
    assert!(
        mended(text, &told).contains("when nickname is known {"),
        "{told:#?}"
    );
}
