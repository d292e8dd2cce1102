//! What is right as it stands and hardly meant so: nothing fails, and people get something else.

use super::*;
use crate::lang::diagnostics::fix;

fn rule(head: &str, reply: &str) -> String {
    format!("{head} {{\n    reply \"{reply}\"\n}}\n")
}

/// The codes that are told of a text, and the text after the changes.
fn told(text: &str) -> (Vec<&'static str>, String) {
    let found = compiled(text).diagnostics;
    let codes = found.iter().map(|one| one.code).collect();
    let fixed = fix(&found, &Sources::single("a.rules", text), true);
    let new = fixed.files.into_values().next();
    (codes, new.unwrap_or_else(|| text.to_owned()))
}

#[test]
fn names_in_other_brackets_are_not_replaced() {
    for (reply, meant) in [
        ("您好，【account.name】。", "您好，{account.name}。"),
        ("您好，[account.name]。", "您好，{account.name}。"),
        ("您好（account.name）。", "您好{account.name}。"),
        ("您好，<account.name>。", "您好，{account.name}。"),
        ("您好，%account.name%。", "您好，{account.name}。"),
    ] {
        let (codes, fixed) = told(&rule("on text \"a\" when bound", reply));
        assert_eq!(codes, ["W1018"], "{reply}");
        assert_eq!(fixed, rule("on text \"a\" when bound", meant), "{reply}");
    }
    let (codes, _) = told(&rule("on text \"叫我{nick: word}\"", "【nick】，{nick}"));
    assert_eq!(codes, ["W1018"]);
    let called = "on text \"叫我{nick: word}\"";
    let (codes, fixed) = told(&rule(called, "你好，%nick%"));
    assert_eq!(fixed, rule(called, "你好，{nick}"), "{codes:?}");
    for reply in ["{nick}，打折50%nick%", "{nick}，%name%"] {
        assert!(told(&rule(called, reply)).0.is_empty(), "{reply}");
    }
    for reply in [
        "【登录提醒】{account.name}",
        "[微笑](a.b)",
        "满 100% 减 20% 的",
        "【{account.name}】",
        "a < b 和 b > a",
        "（nick）",
    ] {
        let (codes, _) = told(&rule("on text \"a\" when bound", reply));
        assert!(codes.is_empty(), "{reply}: {codes:?}");
    }
}

#[test]
fn what_other_programs_fill_in_by_place_is_sent_as_it_stands() {
    for reply in ["我叫%s，您好", "共 %d 条", "%s"] {
        let (codes, _) = told(&rule("on text \"a\"", reply));
        assert_eq!(codes, ["W1018"], "{reply}");
    }
    for reply in ["涨了 5%d", "100%%s", "%str", "%S", "打 9 折，省 10%", "a%s"] {
        let (codes, _) = told(&rule("on text \"a\"", reply));
        assert!(codes.is_empty(), "{reply}: {codes:?}");
    }
}

#[test]
fn digits_with_a_bar_and_words_with_a_star_behind() {
    for (head, meant) in [
        ("on text \"1|2\"", "on text \"1\" or \"2\""),
        ("on text \"1|2|人工\"", "on text \"1\" or \"2\" or \"人工\""),
        ("on text \"订单*\"", "on text starting \"订单\""),
        ("on text \"order*\"", "on text starting \"order\""),
    ] {
        let (codes, fixed) = told(&rule(head, "x"));
        assert_eq!(codes, ["W1019"], "{head}");
        assert_eq!(fixed, rule(meant, "x"));
    }
    for head in [
        "on text \"*订单\"",
        "on text \"订单**\"",
        "on text \"好！*\"",
        "on text \"A*\"",
        "on text \"1|\"",
        "on text \"1|1\"",
        "on text containing \"订单*\"",
    ] {
        assert!(told(&rule(head, "x")).0.is_empty(), "{head}");
    }
}

#[test]
fn an_address_is_no_media_id() {
    let image = |id: &str| format!("on text \"图\" {{\n    reply image \"{id}\"\n}}\n");
    for id in ["https://example.com/a.jpg", " HTTP://example.com/a.jpg"] {
        assert_eq!(told(&image(id)).0, ["E0419"], "{id}");
    }
    assert_eq!(told(&image("菜单.JPG")).0, ["E0419"]);
    for id in ["MEDIA_ID_1", "https-1", "jpg", "{message.media_id}"] {
        let (codes, _) = told(&image(id));
        assert!(!codes.contains(&"E0419"), "{id}: {codes:?}");
    }
}

#[test]
fn a_bar_between_words_of_a_trigger() {
    let (codes, fixed) = told(&rule("on text \"绑定|bind\"", "x"));
    assert_eq!(codes, ["W1019"]);
    assert_eq!(fixed, rule("on text \"绑定\" or \"bind\"", "x"));
    let (codes, fixed) = told(&rule("on text \"解绑\" or \"绑定｜绑｜bind\"", "x"));
    assert_eq!(codes, ["W1019"]);
    let meant = "on text \"解绑\" or \"绑定\" or \"绑\" or \"bind\"";
    assert_eq!(fixed, rule(meant, "x"));
    for head in [
        "on text matching \"绑定|bind\"",
        "on text \"|\"",
        "on text \"绑定|\"",
        "on text \"T|T\"",
        "on text \"o|O\"",
        "on text \"好|好\"",
    ] {
        assert!(told(&rule(head, "x")).0.is_empty(), "{head}");
    }
}

/// A comment with a name nobody knows stands for the one warning its lines have.
#[test]
fn a_warning_by_another_name_is_the_one_that_is_there() {
    let silent = |name: &str| format!("# allow {name}: 不理\non text \"a\" {{\n}}\n");
    let near = |text: &str| {
        let found = compiled(text).diagnostics;
        let of = found.iter().find(|one| one.code == "W1008").expect("told");
        of.help
            .iter()
            .any(|help| help.words.en == "did you mean `silent`?")
    };
    assert!(near(&silent("no_reply_at_all")));
    assert!(near(&silent("W9999")));
    let elsewhere = "# allow no_reply_at_all: x\nlet a = 1\non text \"b\" {\n    reply \"{a}\"\n}\non text \"a\" {\n}\n";
    assert!(!near(elsewhere));
}

/// In a regular expression, where a backslash is written as it is.
#[test]
fn a_backslash_is_written_once() {
    let matching = |regex: &str| rule(&format!("on text matching \"{regex}\""), "x");
    for (regex, meant) in [
        (r"^\\d{6}$", "^[0-9]{6}$"),
        (r"^[0-9]+\\.[\\d]{2}$", r"^[0-9]+\.[0-9]{2}$"),
        (r"a\\s+b", r"a\s+b"),
    ] {
        let (codes, fixed) = told(&matching(regex));
        assert_eq!(codes, ["W1002"], "{regex}");
        assert_eq!(fixed, matching(meant));
    }
    for regex in [r"^[0-9]+\.[0-9]{2}$", r"a\\c", r"\\\\server", r"\\\."] {
        assert!(told(&matching(regex)).0.is_empty(), "{regex}");
    }
    // A digit of any script is told as before.
    assert_eq!(told(&matching(r"\d+")).0, ["W1002"]);
}

#[test]
fn a_bar_wherever_texts_stand() {
    for (text, meant) in [
        (
            rule("on text containing \"发票|报销\"", "x"),
            rule("on text containing \"发票\" or \"报销\"", "x"),
        ),
        (
            rule("on text starting \"投诉|举报\"", "x"),
            rule("on text starting \"投诉\" or \"举报\"", "x"),
        ),
        (
            rule("list w = [\"取消|退出\", \"算了\"]\non text in w", "x"),
            rule("list w = [\"取消\", \"退出\", \"算了\"]\non text in w", "x"),
        ),
        (
            rule("on login when login.city == \"北京|上海\"", "x").replace("reply", "note"),
            rule("on login when login.city in [\"北京\", \"上海\"]", "x").replace("reply", "note"),
        ),
        (
            rule("on login when login.city != \"北京|上海\"", "x").replace("reply", "note"),
            rule("on login when login.city not in [\"北京\", \"上海\"]", "x")
                .replace("reply", "note"),
        ),
        (
            rule("on login when login.city in [\"北京|上海\"]", "x").replace("reply", "note"),
            rule("on login when login.city in [\"北京\", \"上海\"]", "x").replace("reply", "note"),
        ),
        (
            rule("on link when contains(message.title, \"发票|报销\")", "x"),
            rule(
                "on link when (contains(message.title, \"发票\") or contains(message.title, \"报销\"))",
                "x",
            ),
        ),
        (
            DIALOG.replace("WORDS", "\"取消|退出\""),
            DIALOG.replace("WORDS", "\"取消\" or \"退出\""),
        ),
    ] {
        let (codes, fixed) = told(&text);
        assert_eq!(codes, ["W1019"], "{text}");
        assert_eq!(fixed, meant);
    }
    let agent = rule("on login when login.browser == \"T|T\"", "x").replace("reply", "note");
    assert!(told(&agent).0.is_empty());
}

const DIALOG: &str = "dialog d {
    ask n: word \"怎么称呼？\"
    cancel on WORDS { reply \"好\" }
    done { reply \"{n}\" }
}
on text \"x\" {
    start d
}
";

/// Of names without a dot, and never beside \"unused\", which is the same mistake.
#[test]
fn every_name_with_a_value_is_known_in_brackets() {
    for (text, shown, meant) in [
        (
            rule("on text \"叫我{nick: word}\"", "SHOWN，您好")
                .replace("    reply", "    remember called = nick\n    reply"),
            "【called】",
            "{called}",
        ),
        (
            rule("let price = \"10 元\"\non text \"a\"", "SHOWN"),
            "【price】",
            "{price}",
        ),
        (
            rule("on text \"找{phone: mobile}\"", "SHOWN"),
            "[phone]",
            "{phone}",
        ),
        (
            rule("on text \"找{手机: mobile}\"", "SHOWN"),
            "【手机】",
            "{手机}",
        ),
        (
            rule(
                "signal s \"x\" weight 20 {\n    when login.city == \"北京\"\n}\non login",
                "SHOWN",
            )
            .replace("reply", "note"),
            "【reasons】",
            "{reasons}",
        ),
        (
            DIALOG.replace("WORDS", "\"取消\"").replace("{n}", "SHOWN"),
            "[n]",
            "{n}",
        ),
    ] {
        let (codes, fixed) = told(&text.replace("SHOWN", shown));
        assert_eq!(codes, ["W1018"], "{text}");
        assert_eq!(fixed, text.replace("SHOWN", meant));
    }
    let silenced = rule(
        "on text \"找{phone: mobile}\"",
        "【phone】  # allow brackets: 就这样",
    );
    let silenced = silenced.replace(
        "  # allow brackets: 就这样\"",
        "\"  # allow brackets: 就这样",
    );
    assert_eq!(told(&silenced).0, ["W1001"]);
    for sound in [
        rule("on text \"找{手机: mobile}\"", "【手机】{手机}"),
        DIALOG
            .replace("WORDS", "\"取消\"")
            .replace("怎么称呼", "【n】怎么称呼"),
        rule("list price = [\"a\"]\non text in price", "【price】"),
        rule("on text \"a\"", "【温馨提示】【reasons】[微笑]"),
    ] {
        let (codes, _) = told(&sound);
        assert!(codes.is_empty(), "{sound}: {codes:?}");
    }
}

#[test]
fn a_condition_that_is_yes_or_no_itself() {
    for head in ["on text \"a\" when yes", "on text \"a\" when bound or yes"] {
        assert!(told(&rule(head, "x")).0.contains(&"W1003"), "{head}");
    }
    let switch = format!("let open = yes\n{}", rule("on text \"a\" when open", "x"));
    assert!(told(&switch).0.is_empty());
}

#[test]
fn what_the_trigger_says_of_parts_of_the_message() {
    for (head, holds) in [
        (
            "on text \"解锁\" when contains(message.text, \"绑\")",
            false,
        ),
        ("on text \"解锁\" when starts(message.text, \"锁\")", false),
        (
            "on text starting \"锁\" when starts(message.text, \"解锁\")",
            false,
        ),
        // Something else may stand beside it.
        (
            "on text starting \"锁\" when contains(message.text, \"解\")",
            true,
        ),
        (
            "on text containing \"锁\" when starts(message.text, \"解\")",
            true,
        ),
        ("on text \"解锁\" when contains(message.text, \"锁\")", true),
        (
            "on text \"解{x: word}\" when contains(message.text, \"锁\")",
            true,
        ),
    ] {
        let found = compiled(&rule(head, "x")).diagnostics;
        let never: Vec<_> = found.iter().filter(|one| one.code == "E0307").collect();
        assert_eq!(never.is_empty(), holds, "{head}");
        assert!(never.iter().all(|one| one.example.is_some()), "{head}");
    }
}

#[test]
fn what_the_trigger_says_already_need_not_be_asked() {
    for (head, needless) in [
        (
            "on text \"解锁\" when not contains(message.text, \"绑\")",
            true,
        ),
        (
            "on text starting \"锁\" when bound and not starts(message.text, \"解\")",
            true,
        ),
        (
            "on text containing \"锁\" when message.text != \"人工\"",
            true,
        ),
        (
            "on text \"锁\" or \"锁定\" when not (message.text in [\"人工\", \"退订\"])",
            true,
        ),
        // One of the messages, or something beside the words, may be meant.
        (
            "on text \"锁\" or \"锁定\" when message.text != \"锁定\"",
            false,
        ),
        (
            "on text containing \"锁\" when not contains(message.text, \"解\")",
            false,
        ),
        (
            "on text containing \"锁\" when message.text != \"解锁\"",
            false,
        ),
        ("on text \"Bind\" when message.text != \"bind\"", false),
        (
            "on text \"锁\" or image when not contains(message.text, \"绑\")",
            false,
        ),
        // Typed with a blank it fits the trigger and not the condition.
        (
            "on text \"锁定\" when contains(message.text, \"锁定\")",
            false,
        ),
    ] {
        let found = compiled(&rule(head, "x")).diagnostics;
        let always: Vec<_> = found.iter().filter(|one| one.code == "W1003").collect();
        assert_eq!(!always.is_empty(), needless, "{head}");
        assert!(always.iter().all(|one| one.example.is_some()), "{head}");
    }
}

#[test]
fn what_joins_words_in_a_sentence_joins_nothing_in_a_trigger() {
    for head in [
        "on text \"绑定、bind\"",
        "on text \"绑定 or bind\"",
        "on text containing \"价格、报价\"",
    ] {
        assert!(told(&rule(head, "x")).0.contains(&"W1019"), "{head}");
    }
    for head in ["on text \"你好，在吗\"", "on text \"去或不去\""] {
        assert!(told(&rule(head, "x")).0.is_empty(), "{head}");
    }
}
