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

#[test]
fn a_condition_that_is_yes_or_no_itself() {
    for head in ["on text \"a\" when yes", "on text \"a\" when bound or yes"] {
        assert!(told(&rule(head, "x")).0.contains(&"W1003"), "{head}");
    }
    let switch = format!("let open = yes\n{}", rule("on text \"a\" when open", "x"));
    assert!(told(&switch).0.is_empty());
}
