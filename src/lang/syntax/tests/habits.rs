//! Habits of other languages and of Chinese keyboards: one finding each, which says what was meant, with a fix
//! after which nothing is left; certain only where nothing else could be meant.

use super::evident::mended;
use super::*;

pub(super) fn rule(head: &str) -> String {
    format!("{head} {{\n    reply \"x\"\n}}\n")
}

fn reply(clause: &str) -> String {
    format!("on text \"a\" {{\n    {clause}\n}}\n")
}

fn locks(arms: &str) -> String {
    format!("on text \"a\" {{\n    lock account {{\n{arms}    }}\n}}\n")
}

const ARMS: &str = "        locked { reply \"好\" }\n        already_locked { reply \"早\" }\n";

/// The mistake has this code, and with its fix the text is `right`.
pub(super) fn is(wrong: &str, code: &str, right: &str, certain: bool) {
    let (found, fixed, sure) = mended(wrong);
    assert_eq!((found, sure), (code, certain), "{wrong}");
    assert_eq!(fixed, right, "{wrong}");
    ok(right);
}

#[test]
fn outcomes_in_another_way_are_one_mistake() {
    for arrow in [" -> ", " => ", ": ", " = ", " → ", "："] {
        let arms = format!(
            "        locked{arrow}reply \"好\"\n        already_locked{arrow}reply \"早\"\n"
        );
        let found = parse(FileId(0), &locks(&arms)).diagnostics;
        let codes: Vec<&str> = found.iter().map(|one| one.code).collect();
        assert_eq!(codes, ["E0110"], "{arrow}");
    }
    let arms = "        locked -> reply \"好\"\n        already_locked -> reply \"早\"\n";
    is(&locks(arms), "E0110", &locks(ARMS), true);
    let arms = "        locked reply \"好\"\n        already_locked reply \"早\"\n";
    is(&locks(arms), "E0110", &locks(ARMS), true);
    let arms = "        on locked { reply \"好\" }\n        when already_locked { reply \"早\" }\n";
    is(&locks(arms), "E0101", &locks(ARMS), true);
    // Without the braces round them, too.
    let bare = "on text \"a\" {\n    lock account\n        locked reply \"好\"\n        already_locked reply \"早\"\n}\n";
    is(bare, "E0110", &locks(ARMS), false);
}

#[test]
fn keywords_in_capitals_are_one_mistake_of_a_line() {
    let right = rule("on text \"A\" when bound");
    is(&right.replace("on text", "ON TEXT"), "E0102", &right, true);
    is(&right.replace("on text", "On Text"), "E0102", &right, true);
    is(&right.replace("reply", "REPLY"), "E0105", &right, true);
    let right = "let usual = 90 days\n";
    is("LET usual = 90 days\n", "E0102", right, true);
}

#[test]
fn words_in_the_wrong_order_and_words_left_out() {
    let right = rule("on text \"a\"");
    is(&rule("text on \"a\""), "E0102", &right, true);
    is(&rule("on \"a\""), "E0122", &right, false);
    is(&rule("on text == \"a\""), "E0101", &right, true);
    is(&rule("on text: \"a\""), "E0101", &right, true);
    is(&rule("on text(\"a\")"), "E0101", &right, true);
    is(
        &rule("on text in [\"a\", \"b\"]"),
        "E0101",
        &rule("on text \"a\" or \"b\""),
        true,
    );
    is(
        &rule("on text contains \"a\""),
        "E0101",
        &rule("on text containing \"a\""),
        true,
    );
    is(
        &rule("on text \"a\" if bound"),
        "E0101",
        &rule("on text \"a\" when bound"),
        true,
    );
    is(
        &rule("on text \"a\" 如果 bound"),
        "E0101",
        &rule("on text \"a\" when bound"),
        true,
    );
    is(
        "usual let = 90 days\n",
        "E0102",
        "let usual = 90 days\n",
        true,
    );
    is(
        "office: network from \"a.txt\"\n",
        "E0102",
        "list office: network from \"a.txt\"\n",
        true,
    );
    is(
        "words = [\"a\"]\n",
        "E0102",
        "list words = [\"a\"]\n",
        false,
    );
}

#[test]
fn braces_that_are_missing_or_of_another_kind() {
    let right = "on text \"a\" {\n    tag \"x\"\n    reply \"y\"\n}\n";
    is(
        "on text \"a\":\n    tag \"x\"\n    reply \"y\"\n",
        "E0110",
        right,
        false,
    );
    is(
        "on text \"a\"\n    tag \"x\"\n    reply \"y\"\n",
        "E0110",
        right,
        false,
    );
    is(
        "on text \"a\" (\n    tag \"x\"\n    reply \"y\"\n)\n",
        "E0110",
        right,
        true,
    );
    let right = "on text \"a\" { reply \"x\" }\n";
    is("on text \"a\" => reply \"x\"\n", "E0110", right, true);
    is("on text \"a\" reply \"x\"\n", "E0110", right, true);
}

#[test]
fn an_item_whose_first_line_stands_elsewhere() {
    let right = "let a = 1\n\non text \"a\" {\n    tag \"x\"\n    reply \"y\"\n}\n";
    let wrong = "let a = 1\n\n    tag \"x\"\n    reply \"y\"\n}\non text \"a\" {\n";
    let (code, fixed, sure) = mended(wrong);
    assert_eq!((code, sure), ("E0106", false));
    ok(&fixed);
    assert_eq!(fixed.trim_end(), right.trim_end());
}

#[test]
fn a_line_of_an_open_block_at_column_0_is_to_be_indented() {
    let right = locks(ARMS);
    for word in ["locked", "already_locked"] {
        let wrong = right.replace(&format!("        {word} {{"), &format!("{word} {{"));
        let (code, fixed, _) = mended(&wrong);
        assert_eq!(code, "E0104", "{wrong}");
        ok(&fixed);
    }
}

#[test]
fn cards_fields_and_clauses() {
    let card =
        "on text \"a\" {\n    reply news {\n        title: \"甲\"\n        url: \"乙\"\n    }\n}\n";
    is(&card.replace("news {", "nws {"), "E0101", card, false);
    is(&card.replace("news {", "{ news"), "E0101", card, true);
    is(
        &card.replace("\"\n        url", "\"url"),
        "E0107",
        card,
        true,
    );
    is(
        &reply("reply = \"甲\""),
        "E0118",
        &reply("reply \"甲\""),
        true,
    );
    let (code, _, _) = mended(&reply("reply \"甲\" + \"乙\""));
    assert_eq!(code, "E0101");
    let (code, fixed, _) = mended(&reply("tag \"x\"; reply \"甲\""));
    assert_eq!(code, "E0133");
    ok(&fixed);
    is(
        &reply("reply \"甲\" -- 谢谢"),
        "E0117",
        &reply("reply \"甲\" # 谢谢"),
        true,
    );
}

#[test]
fn conditions_in_another_way() {
    let when = |condition: &str| rule(&format!("on login when {condition}"));
    for (wrong, code, right, certain) in [
        ("suspicion 大于 60", "E0119", "suspicion > 60", true),
        ("suspicion > = 60", "E0119", "suspicion >= 60", true),
        (
            "count(failures, within 1 day) >= 3",
            "E0101",
            "count(failures, within: 1 day) >= 3",
            true,
        ),
        (
            "count(failures within: 1 day) >= 3",
            "E0101",
            "count(failures, within: 1 day) >= 3",
            true,
        ),
        ("login.city known", "E0101", "login.city is known", true),
        ("login.city is 已知", "E0101", "login.city is known", true),
        (
            "login.city not login.region",
            "E0101",
            "login.city != login.region",
            false,
        ),
        (
            "login.city is not login.region",
            "E0101",
            "login.city != login.region",
            false,
        ),
    ] {
        is(&when(wrong), code, &when(right), certain);
    }
}

/// An apostrophe may end a text or be a part of it: what it is, is not certain.
#[test]
fn apostrophes_are_no_certain_quotes() {
    for (wrong, right) in [
        ("'it's fine'", "\"it's fine\""),
        ("'it''s fine'", "\"it's fine\""),
        ("‘it’s fine’", "\"it’s fine\""),
    ] {
        is(
            &reply(&format!("reply {wrong}")),
            "E0115",
            &reply(&format!("reply {right}")),
            false,
        );
    }
    let right = rule("on text \"a\" or \"it's\"");
    is(&rule("on text 'a' or 'it's'"), "E0115", &right, false);
    // Where nothing else can be meant it is.
    is(
        &rule("on text 'a' or 'b'"),
        "E0115",
        &rule("on text \"a\" or \"b\""),
        true,
    );
    // From the same switch of the keyboard.
    let wide = rule("on text “a”").replace(" {\n", " ｛\n");
    is(&wide, "E0116", &rule("on text \"a\""), true);
}

/// Blanks of every kind stand before code; places are counted in bytes all the same.
#[test]
fn tabs_and_wide_blanks_move_no_place() {
    for blank in ["\t", "\u{3000}", "\u{a0}", " \t"] {
        for (open, close) in [("(", ")"), ("（", "）"), (":", ""), ("", "注")] {
            let text = format!(
                "on text \"a\" {open}  # 注\n{blank}tag \"甲\"\n{blank}reply \"乙\"\n{blank}{close}\n"
            );
            assert!(!parse(FileId(0), &text).diagnostics.is_empty(), "{text}");
        }
    }
}

#[test]
fn rules_copied_out_of_a_list() {
    for mark in ["1. ", "2、", "3) ", "- ", "* ", "• ", "> "] {
        let text = format!("{mark}{}", rule("on text \"a\""));
        is(&text, "E0106", &rule("on text \"a\""), true);
    }
    let two = format!("1. {}2. {}", rule("on text \"a\""), rule("on text \"b\""));
    let found = parse(FileId(0), &two).diagnostics;
    let codes: Vec<&str> = found.iter().map(|one| one.code).collect();
    assert_eq!(codes, ["E0106", "E0106"]);
}

#[test]
fn a_minus_of_another_keyboard() {
    for minus in ["−", "–"] {
        let signal =
            |minus: &str| format!("signal x \"x\" weight {minus}10 {{\n    when login.legal\n}}\n");
        is(&signal(minus), "E0116", &signal("-"), true);
        let text = format!("{minus} 说明\n{}", rule("on text \"a\""));
        let (code, ..) = mended(&text);
        assert_eq!(code, "E0117");
    }
}

#[test]
fn words_that_must_both_be_there_are_a_condition() {
    is(
        &rule("on text containing \"a\" and \"b\""),
        "E0101",
        &rule("on text containing \"a\" when contains(message.text, \"b\")"),
        false,
    );
    let (code, ..) = mended(&rule("on text containing \"a\" and \"b\" when bound"));
    assert_eq!(code, "E0101");
}

#[test]
fn expressions_between_slashes() {
    is(
        &rule("on text matching /^[0-9]+$/i"),
        "E0101",
        &rule("on text matching \"^[0-9]+$\""),
        false,
    );
}

#[test]
fn the_hour_that_is_asked_for_is_the_one_told() {
    for (asked, said) in [
        ("now.hour >= 9:00", "now.hour"),
        ("login.hour >= 9:00", "login.hour"),
        ("9:00 <= now.hour", "now.hour"),
        ("between_hours(now.hour, 9:00, 18:30)", "now.hour"),
        ("login.time > 22:00", "login.hour"),
        ("now.hour >= 9:00:00", "now.hour"),
    ] {
        let text = rule(&format!("on text \"a\" when {asked}"));
        let found = parse(FileId(0), &text).diagnostics;
        let help = format!("{:?}", found[0].help);
        assert!(
            help.contains(&format!("between_hours({said}, 22, 6)")),
            "{help}"
        );
    }
}

#[test]
fn a_number_that_sticks_to_its_word_stays() {
    let signal = |until: &str| {
        format!("signal x \"x\" weight 10 {{\n    when login.legal\n    learn {until} logins\n}}\n")
    };
    is(&signal("until10"), "E0101", &signal("until 10"), false);
}

#[test]
fn a_value_that_is_added_to_without_a_word() {
    let body = |clause: &str| {
        format!("on text \"a\" {{\n    remember m = 1\n    {clause}\n    reply \"{{n}}\"\n}}\n")
    };
    let full = |sum: &str| body(&format!("remember n = (n otherwise 0) {sum}"));
    for (clause, sum) in [
        ("n += 1", "+ 1"),
        ("n -= 2", "- 2"),
        ("n++", "+ 1"),
        ("n--", "- 1"),
    ] {
        is(&body(clause), "E0101", &full(sum), true);
    }
}
