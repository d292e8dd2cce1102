//! What comes along with rules that are copied out of a document, a chat or a list: one finding each, whose
//! change takes it out.

use super::evident::mended;
use super::habits::{is, rule};
use super::*;

fn body(clauses: &str) -> String {
    format!("on text \"a\" {{\n{clauses}}}\n")
}

#[test]
fn backticks_round_code_are_taken_out() {
    let right = rule("on text \"a\"");
    for wrong in [
        right.replace("on text \"a\"", "`on text \"a\"`"),
        right.replace("on text \"a\" {", "`on text \"a\" {`"),
        right.replace("on text", "`on` text"),
        right.replace("on text", "on `text`"),
        right.replace("reply \"x\"", "`reply \"x\"`"),
        "`on text \"a\" {`\n    `reply \"x\"`\n`}`\n".to_owned(),
        "`on text \"a\" {\n    reply \"x\"\n}`\n".to_owned(),
    ] {
        is(&wrong, "E0106", &right, true);
    }
    is("`let a = 5`\n", "E0106", "let a = 5\n", true);
    let bound = rule("on text \"a\" when bound");
    is(&bound.replace("bound", "`bound`"), "E0106", &bound, true);
}

#[test]
fn backticks_as_quotes_are_quotes() {
    let right = rule("on text \"a\"");
    for wrong in [right.replace("\"a\"", "`a`"), right.replace("\"x\"", "`x`")] {
        is(&wrong, "E0115", &right, true);
    }
    let list = "list words = [\n    \"reply\",\n    \"on text\",\n]\n";
    let (code, fixed, _) = mended(&list.replace("\"reply\"", "`reply`"));
    assert_eq!((code, fixed.as_str()), ("E0115", list));
}

#[test]
fn fences_are_taken_out_with_their_indent() {
    let right = rule("on text \"a\"");
    for (open, close) in [
        ("```", "```"),
        ("```rules", "```"),
        ("``` rules", "```"),
        ("~~~", "~~~"),
    ] {
        let (code, fixed, sure) = mended(&format!("{open}\n{right}{close}\n"));
        assert_eq!((code, sure), ("E0106", true), "{open}");
        assert_eq!(fixed.trim(), right.trim());
        let inner: String = right.lines().map(|line| format!("    {line}\n")).collect();
        let (code, fixed, sure) = mended(&format!("    {open}\n{inner}    {close}\n"));
        assert_eq!((code, sure), ("E0106", true), "{open}");
        assert_eq!(fixed.trim(), right.trim());
    }
}

#[test]
fn stars_round_code_are_taken_out_in_pairs() {
    let right = rule("on text \"a\"");
    for wrong in [
        right.replace("on text \"a\"", "**on text \"a\"**"),
        right.replace("on text \"a\" {", "**on text \"a\" {**"),
        right.replace("on", "**on**"),
        right.replace("on", "__on__"),
        right.replace("text", "**text**"),
        right.replace("on text \"a\"", "*on text \"a\"*"),
        right.replace("on text \"a\"", "**on text \"a\""),
        right.replace("reply", "**reply**"),
        right.replace("reply \"x\"", "**reply \"x\"**"),
        right.replace("\"x\"", "**\"x\"**"),
    ] {
        is(&wrong, "E0106", &right, true);
    }
    ok("on text \"a\" {\n    reply \"**x** `y`\"\n}\n");
}

#[test]
fn a_quotation_is_one_mistake() {
    let right = "on text \"a\" {\n    tag \"v\"\n    reply \"x\"\n}\n";
    let wrong: String = right.lines().map(|line| format!("> {line}\n")).collect();
    is(&wrong, "E0106", right, true);
}

/// Before a rule and before what it does; a list is told once.
#[test]
fn marks_of_lists_are_taken_out() {
    let one = rule("on text \"a\"");
    let two = "    tag \"v\"\n    reply \"x\"\n";
    for marks in [
        ["1. ", "2. "],
        ["1) ", "2) "],
        ["1、", "2、"],
        ["1）", "2）"],
        ["1．", "2．"],
        ["1: ", "2: "],
        ["（1）", "（2）"],
        ["(1) ", "(2) "],
        ["① ", "② "],
        ["①", "②"],
        ["⑴ ", "⑵ "],
        ["一、", "二、"],
        ["（一）", "（二）"],
        ["第一步：", "第二步："],
        ["第1步 ", "第2步 "],
        ["a) ", "b) "],
        ["- ", "- "],
        ["* ", "* "],
        ["+ ", "+ "],
        ["• ", "• "],
        ["·", "·"],
        ["● ", "● "],
        ["→ ", "→ "],
        ["– ", "– "],
        ["— ", "— "],
        ["－ ", "－ "],
        ["- [ ] ", "- [x] "],
    ] {
        is(&format!("{}{one}", marks[0]), "E0106", &one, true);
        let wrong = body(&format!(
            "    {}tag \"v\"\n    {}reply \"x\"\n",
            marks[0], marks[1]
        ));
        is(&wrong, "E0106", &body(two), true);
    }
    let card = "    reply news {\n        title: \"甲\"\n        url: \"乙\"\n    }\n";
    let wrong = card.replace("title", "- title").replace("url", "- url");
    is(&body(&wrong), "E0106", &body(card), true);
    is(
        &body(
            "    1. lock account {\n        - locked { reply \"x\" }\n        - already_locked { reply \"y\" }\n    }\n",
        ),
        "E0106",
        &body(
            "    lock account {\n        locked { reply \"x\" }\n        already_locked { reply \"y\" }\n    }\n",
        ),
        true,
    );
}

/// Signs that an expression goes on with, and numbers of a list over lines.
#[test]
fn lines_that_go_on_are_no_lists() {
    for text in [
        "let a = 5\n    - 3\n    + 2\n    * 4\n",
        "let a = tag\n    - reply\n    > note\n",
        "let a = (\n    (1)\n    + (2))\n",
        "list words: number = [\n    1,\n    2,\n]\n",
        "on login when suspicion\n    - 5 > 3 and (\n    bound or login.legal) {\n    note \"- a\"\n}\n",
        "on text \"a\" {\n    reply \"\"\"\n        1. reply \"x\"\n        - reply\n        —— 说明\n        **b**\n        \"\"\"\n}\n",
        "# - on text \"a\"\n# 1. reply\non any {\n    # —— reply\n    reply \"x\" # —— 说明\n}\n",
    ] {
        ok(text);
    }
}

#[test]
fn dashes_that_begin_a_comment() {
    let one = rule("on text \"a\"");
    for dash in ["——", "––", "−−", "－－", "――", "———"] {
        for gap in ["", " "] {
            is(
                &format!("{dash}{gap}说明\n{one}"),
                "E0117",
                &format!("# 说明\n{one}"),
                true,
            );
            let inside = body(&format!("    {dash}{gap}说明\n    reply \"x\"\n"));
            is(
                &inside,
                "E0117",
                &body("    # 说明\n    reply \"x\"\n"),
                true,
            );
        }
        let behind = body(&format!("    reply \"x\" {dash} 说明\n"));
        is(&behind, "E0117", &body("    reply \"x\" # 说明\n"), true);
    }
    // A single one may have been meant as a mark of a list, or as a part of the text.
    for dash in ["—", "–", "−", "－", "⸺"] {
        is(
            &format!("{dash} 说明\n{one}"),
            "E0117",
            &format!("# 说明\n{one}"),
            false,
        );
        let behind = body(&format!("    reply \"x\" {dash} 说明\n"));
        is(&behind, "E0117", &body("    reply \"x\" # 说明\n"), false);
    }
    is(
        &format!("- 说明\n{one}"),
        "E0117",
        &format!("# 说明\n{one}"),
        false,
    );
    for sign in ["* ", "※ ", "※", "; ", "；", "% ", "！", "' "] {
        let (right, inside) = (
            format!("# 说明\n{one}"),
            body("    # 说明\n    reply \"x\"\n"),
        );
        is(&right.replace("# ", sign), "E0117", &right, false);
        is(&inside.replace("# ", sign), "E0117", &inside, false);
    }
    for ruler in ["————————", "========", "********", "_____"] {
        let (code, fixed, sure) = mended(&format!("{ruler}\n{one}{ruler}\n"));
        assert_eq!((code, sure), ("E0117", true), "{ruler}");
        ok(&fixed);
    }
}

#[test]
fn a_dash_in_a_text_without_quotes_is_a_part_of_it() {
    let (code, fixed, _) = mended(&body("    reply 你好 —— 世界\n"));
    assert_eq!(
        (code, fixed),
        ("E0101", body("    reply \"你好 —— 世界\"\n"))
    );
}

#[test]
fn an_article_as_json_has_it_is_one_mistake() {
    let right = body("    reply news {\n        title: \"甲\"\n        url: \"乙\"\n    }\n");
    for wrong in [
        "[ { title: \"甲\", url: \"乙\" } ]",
        "[\n        {\n            title: \"甲\"\n            url: \"乙\"\n        }\n    ]",
        "[\n        { \"title\": \"甲\", \"url\": \"乙\" }\n    ]",
        "[{\n        \"title\": \"甲\",\n        \"url\": \"乙\",\n    }]",
        ": [\n        {\n            \"title\": \"甲\",\n            \"url\": \"乙\"\n        }\n    ]",
        "({\n        title: \"甲\"\n        url: \"乙\"\n    })",
        "【\n        { title： “甲”， url： “乙” }\n    】",
    ] {
        let (code, fixed, sure) = mended(&body(&format!("    reply news {wrong}\n")));
        let fixed = fixed.replace(['“', '”'], "\"");
        assert_eq!(
            (code, fixed, sure),
            ("E0101", right.clone(), true),
            "{wrong}"
        );
    }
    let several =
        "[\n        { title: \"甲\", url: \"乙\" },\n        { title: \"丙\", url: \"丁\" }\n    ]";
    is(
        &body(&format!("    reply news {several}\n")),
        "E0101",
        &right,
        false,
    );
}

/// Stars in stars, in whatever order they close.
#[test]
fn stars_by_the_hundred_are_read() {
    for line in ["**on** ", "**on ", "`on text` ", "on **"] {
        parse(FileId(0), &line.repeat(100));
    }
}
