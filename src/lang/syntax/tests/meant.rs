//! Mistakes whose fix must not change what was meant: quotes of other kinds, quotes left out, and words
//! that are nearly those of the language.

use super::evident::mended;
use super::*;

fn reply(words: &str) -> String {
    format!("on text \"a\" {{\n    reply {words}\n}}\n")
}

fn story(line: &str) -> String {
    format!("test \"t\" {{\n    {line}\n}}\n")
}

fn dialog(clause: &str) -> String {
    format!(
        "dialog d {{\n    ask a: word \"?\" at most 3 times\n    cancel on \"取消\" {{ reply \"好\" }}\n    {clause}\n    done {{ reply \"{{a}}\" }}\n}}\n"
    )
}

#[test]
fn a_quote_of_another_kind_closes_its_text() {
    for (wrong, right) in [
        (reply("\"你好”"), reply("\"你好\"")),
        (reply("\"你好“"), reply("\"你好\"")),
        (
            "list words = [\"a”, \"b\"]\n".to_owned(),
            "list words = [\"a\", \"b\"]\n".to_owned(),
        ),
        (
            "list words = [\"甲“, \"乙\"]\n".to_owned(),
            "list words = [\"甲\", \"乙\"]\n".to_owned(),
        ),
        (
            "on text \"甲” or \"乙\" {\n    reply \"x\"\n}\n".to_owned(),
            "on text \"甲\" or \"乙\" {\n    reply \"x\"\n}\n".to_owned(),
        ),
        (
            "let a = contains(\"x\", \"curl”) or contains(\"y\", \"wget\")\n".to_owned(),
            "let a = contains(\"x\", \"curl\") or contains(\"y\", \"wget\")\n".to_owned(),
        ),
    ] {
        let (code, fixed, sure) = mended(&wrong);
        assert_eq!((code, fixed, sure), ("E0115", right, true), "{wrong}");
    }
    // Quotes of another kind that belong together are part of the text.
    ok(&reply("\"说“好”，再说“是”\""));
}

#[test]
fn what_may_have_been_meant_otherwise_is_no_certain_fix() {
    for (wrong, code, right) in [
        (
            "list words = [\"取消, \"退出\"]\n".to_owned(),
            "E0111",
            "list words = [\"取消\", \"退出\"]\n".to_owned(),
        ),
        (reply("\"你好\"。"), "E0114", reply("\"你好。\"")),
        (
            reply("\n        你好"),
            "E0101",
            reply("\n        \"你好\""),
        ),
        (
            "on text \"买{n: number\" {\n    reply \"{n}\"\n}\n".to_owned(),
            "E0124",
            "on text \"买{n: number}\" {\n    reply \"{n}\"\n}\n".to_owned(),
        ),
        (
            "on text \"买{n number}\" {\n    reply \"{n}\"\n}\n".to_owned(),
            "E0124",
            "on text \"买{n: number}\" {\n    reply \"{n}\"\n}\n".to_owned(),
        ),
    ] {
        let (found, fixed, sure) = mended(&wrong);
        assert_eq!((found, fixed, sure), (code, right, false), "{wrong}");
    }
}

/// A missing sign whose place is not certain: what follows may belong to the rule.
#[test]
fn what_may_end_in_several_places_is_a_guess() {
    for wrong in [
        "on text \"工资\" or \"薪水 when bound {\n    reply \"x\"\n}\n",
        "on text \"a\" {\n    send \"稍后见 after 2 hours\n}\n",
        "on text \"a\" when not (now.hour >= 22 or now.hour < 6 {\n    reply \"x\"\n}\n",
    ] {
        let (_, _, sure) = mended(wrong);
        assert!(!sure, "{wrong}");
    }
    let argument =
        "signal s \"x\" weight 5 {\n    when count(failures, within: 10 minutes >= 5\n}\n";
    assert!(mended(argument).2, "nothing else it could be");
    let plain = "on text \"a\" {\n    reply \"你好\n}\n";
    assert!(mended(plain).2, "nothing else it could be");
}

#[test]
fn what_leaves_no_doubt_is_a_certain_fix() {
    for (wrong, code, right) in [
        (
            "list words = [\"a\", \"b]\n",
            "E0111",
            "list words = [\"a\", \"b\"]\n",
        ),
        (
            "on text \"买{n: number\"} {\n    reply \"{n}\"\n}\n",
            "E0124",
            "on text \"买{n: number}\" {\n    reply \"{n}\"\n}\n",
        ),
        (
            "on text \"甲\"或\"乙\" {\n    reply \"x\"\n}\n",
            "E0119",
            "on text \"甲\" or \"乙\" {\n    reply \"x\"\n}\n",
        ),
        ("let a = 1 let b = 2\n", "E0107", "let a = 1\nlet b = 2\n"),
    ] {
        let (found, fixed, sure) = mended(wrong);
        assert_eq!(
            (found, fixed.as_str(), sure),
            (code, right, true),
            "{wrong}"
        );
    }
}

#[test]
fn what_was_meant_is_offered() {
    for (wrong, right) in [
        (
            "any {\n    reply \"x\"\n}\n".to_owned(),
            "on any {\n    reply \"x\"\n}\n".to_owned(),
        ),
        (
            "default {\n    reply \"x\"\n}\n".to_owned(),
            "on any {\n    reply \"x\"\n}\n".to_owned(),
        ),
        (
            dialog("giveup { reply \"x\" }"),
            dialog("give up { reply \"x\" }"),
        ),
        (
            dialog("give_up { reply \"x\" }"),
            dialog("give up { reply \"x\" }"),
        ),
        (
            story("wechat 小王 says \"a\""),
            story("wechat 小王 sends \"a\""),
        ),
        (story("expect alowed"), story("expect allowed")),
        (story("expect deny"), story("expect denied")),
        (story("expect not in dialog d"), story("expect no dialog")),
        (story("expect not reply"), story("expect no reply")),
        (story("expect no replies"), story("expect no reply")),
        (story("expect dialog d"), story("expect in dialog d")),
        (
            story("user 小王 sends \"a\""),
            story("wechat 小王 sends \"a\""),
        ),
    ] {
        let (_, fixed, _) = mended(&wrong);
        assert_eq!(fixed, right, "{wrong}");
        ok(&right);
    }
}

#[test]
fn a_sign_lost_from_a_long_head_is_one_mistake() {
    let text = "on text \"a\"\n    or text \"b\" {\n    reply \"x\"\n";
    let (code, fixed, _) = mended(text);
    assert_eq!((code, fixed), ("E0108", format!("{text}}}\n")));
}

#[test]
fn a_name_with_a_dash_in_braces_is_told_once() {
    let text = "on text \"我叫{my-name: word}\" {\n    reply \"{my-name}，{my-name}\"\n}\n";
    let (code, fixed, sure) = mended(text);
    assert_eq!((code, sure), ("E0124", false));
    assert!(fixed.contains("{my_name: word}"), "{fixed}");
}
