//! Signs as people write them who write to people: a colon before what is said, a dash from one number to another, a
//! quote at the end alone.

use super::evident::mended;
use super::habits::{is, rule};
use super::*;

fn body(clauses: &str) -> String {
    format!("on text \"a\" {{\n{clauses}}}\n")
}

#[test]
fn a_colon_before_what_is_said_or_waited_for() {
    let right = rule("on text \"绑定\"");
    for said in [
        "：“绑定”",
        ": “绑定”",
        "：\"绑定\"",
        ": \"绑定\"",
        "： 「绑定」",
        "：绑定",
        ": 绑定",
        " ： “绑定”",
    ] {
        is(&right.replace(" \"绑定\"", said), "E0101", &right, true);
    }
    for trigger in ["containing", "starting"] {
        let right = rule(&format!("on text {trigger} \"绑定\""));
        is(
            &right.replace(" \"绑定\"", "：“绑定”"),
            "E0101",
            &right,
            true,
        );
    }
    let click = rule("on click \"A\" or \"B\"");
    is(
        &click.replace(" \"A\" or \"B\"", "：“A” or “B”"),
        "E0101",
        &click,
        true,
    );
    is(
        &click.replace("on click", "on: click"),
        "E0101",
        &click,
        true,
    );
    is(
        &click.replace("on click", "on：click"),
        "E0101",
        &click,
        true,
    );
    for clause in ["reply", "note", "tag", "reply image"] {
        let right = body(&format!("    {clause} \"你好\"\n"));
        for said in ["：“你好”", ": “你好”", "：\"你好\"", ": \"你好\"", "：你好"]
        {
            if clause == "reply image" && !said.contains('"') {
                continue;
            }
            is(&right.replace(" \"你好\"", said), "E0101", &right, true);
        }
    }
    let one_line = "on text \"a\" { reply \"你好\" }\n";
    is(
        &one_line.replace(" \"你好\"", "：“你好”"),
        "E0101",
        one_line,
        true,
    );
    let list = "list words = [\"a\", \"b\"]\n";
    is(&list.replace(" = ", "："), "E0101", list, true);
    is("let a：5\n", "E0101", "let a = 5\n", true);
}

#[test]
fn colons_of_fields_stay() {
    let card = "on any {\n    reply news {\n        title: \"a\"\n        url: \"b\"\n    }\n}\n";
    ok(card);
    let alert = "on login when suspicion >= 60 {\n    alert {\n        message \"a\"\n        template t {\n            note: \"x\"\n            send: \"y\"\n        }\n    }\n}\n";
    ok(alert);
    is(
        &alert.replace("note: \"x\"", "note： \"x\""),
        "E0116",
        alert,
        true,
    );
    is(
        &alert.replace("note: \"x\"", "note: “x”"),
        "E0115",
        alert,
        true,
    );
}

#[test]
fn a_minus_as_word_processors_write_it() {
    for dash in ["—", "–", "−", "－"] {
        is(&format!("let a = {dash}5\n"), "E0116", "let a = -5\n", true);
        is(
            &format!("let b = 9\nlet a = b {dash} 5\n"),
            "E0116",
            "let b = 9\nlet a = b - 5\n",
            true,
        );
        is(
            &format!("let b = 9\nlet a = 5{dash}b\n"),
            "E0116",
            "let b = 9\nlet a = 5-b\n",
            true,
        );
        let signal =
            |minus: &str| format!("signal x \"x\" weight {minus}10 {{\n    when login.legal\n}}\n");
        is(&signal(dash), "E0116", &signal("-"), true);
    }
    // From one number to another may be meant.
    is("let a = 9—18\n", "E0116", "let a = 9-18\n", false);
}

#[test]
fn from_one_number_to_another() {
    let when =
        |condition: &str| rule(&format!("on login when {condition}")).replace("reply", "note");
    let hours = when("between_hours(now.hour, 9, 18)");
    for range in ["9—18", "9–18", "9-18", "9 - 18", "9~18", "9～18", "[9—18]"] {
        is(
            &when(&format!("now.hour in {range}")),
            "E0101",
            &hours,
            false,
        );
    }
    is(&when("now.hour == 9—18"), "E0101", &hours, false);
    is(
        &when("between_hours(now.hour, 9—18)"),
        "E0101",
        &hours,
        true,
    );
    is(
        &when("bound and now.hour not in 9—18"),
        "E0101",
        &when("bound and not between_hours(now.hour, 9, 18)"),
        false,
    );
    is(
        &when("now.weekday in 1—5"),
        "E0101",
        &when("(now.weekday >= 1 and now.weekday <= 5)"),
        false,
    );
    for sound in [
        "now.hour == 9-18",
        "now.hour in [9 - 8]",
        "now.hour - 9 > 18-9",
        "max(1, 9-18) > 2",
    ] {
        ok(&when(sound));
    }
}

#[test]
fn a_text_with_values_that_lost_its_first_quote() {
    let asked = |clause: &str| format!("on text \"叫我{{name: word}}\" {{\n    {clause}\n}}\n");
    for clause in [
        "reply \"你好{name}\"",
        "reply \"{name}，你好\"",
        "reply \"1、你好{name}，欢迎\"",
        "note \"{name}{name}\"",
        "send \"你好{name}\" after 5 minutes",
    ] {
        let right = asked(clause);
        is(&asked(&clause.replacen('"', "", 1)), "E0111", &right, true);
    }
    let one_line = "on text \"叫我{name: word}\" { reply \"你好{name}\" }\n";
    is(
        &one_line.replace("reply \"", "reply "),
        "E0111",
        one_line,
        true,
    );
    let head = rule("on text \"叫我{name: word}\"");
    is(&head.replace("text \"", "text "), "E0111", &head, true);
    // The last one.
    for text in ["你好{name}", "你好"] {
        let right = asked(&format!("reply \"{text}\""));
        let (code, fixed, sure) = mended(&right.replace(&format!("{text}\""), text));
        assert_eq!((code, fixed, sure), ("E0111", right, true));
    }
}
