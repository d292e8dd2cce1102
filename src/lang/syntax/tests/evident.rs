//! Mistakes of which it is evident what was meant: one finding each, and a fix after which nothing is left.

use super::*;
use crate::lang::diagnostics::{Sureness, fix};
use crate::lang::span::Sources;

/// The one code, and the text with its fix.
pub(super) fn mended(text: &str) -> (&'static str, String, bool) {
    let found = parse(FileId(0), text).diagnostics;
    let [one] = found.as_slice() else {
        panic!("{text}\n{found:#?}");
    };
    let sure = one.fixes.first().map(|fix| fix.sure) == Some(Sureness::Sure);
    let sources = Sources::single("a.rules", text);
    let fixed = fix(&found, &sources, true).files.remove(&FileId(0));
    // A change that is certain is one, and leaves nothing to be done.
    if sure {
        let left = fixed.as_deref().map(|fixed| parse(FileId(0), fixed));
        let left = left.unwrap_or_else(|| panic!("changes nothing: {text}"));
        assert!(left.diagnostics.is_empty(), "{text}\n{left:#?}");
    }
    (one.code, fixed.unwrap_or_else(|| text.to_owned()), sure)
}

#[test]
fn what_is_evident_is_mended() {
    for (wrong, code, right) in [
        // Full-width braces, of both kinds, in patterns and in replies.
        (
            "on text \"买｛n: number｝\" {\n    reply \"{n}\"\n}\n",
            "E0116",
            "on text \"买{n: number}\" {\n    reply \"{n}\"\n}\n",
        ),
        (
            "on text \"买{n: number｝\" {\n    reply \"{n}\"\n}\n",
            "E0116",
            "on text \"买{n: number}\" {\n    reply \"{n}\"\n}\n",
        ),
        (
            "on text \"买{n: number}\" {\n    reply \"｛n}\"\n}\n",
            "E0116",
            "on text \"买{n: number}\" {\n    reply \"{n}\"\n}\n",
        ),
        (
            "on text \"买{n: number}\" {\n    reply \"要｛n｝个\"\n}\n",
            "E0116",
            "on text \"买{n: number}\" {\n    reply \"要{n}个\"\n}\n",
        ),
        (
            "on text \"买{n： number}\" {\n    reply \"{n}\"\n}\n",
            "E0116",
            "on text \"买{n: number}\" {\n    reply \"{n}\"\n}\n",
        ),
        (
            "on text \"买{n: number}\" {\n    reply \"{{n}}\"\n}\n",
            "E0124",
            "on text \"买{n: number}\" {\n    reply \"{n}\"\n}\n",
        ),
        // Texts without quotes.
        (
            "on text 绑定 {\n    reply \"好\"\n}\n",
            "E0101",
            "on text \"绑定\" {\n    reply \"好\"\n}\n",
        ),
        (
            "on text \"a\" {\n    reply 您好，请稍等\n}\n",
            "E0101",
            "on text \"a\" {\n    reply \"您好，请稍等\"\n}\n",
        ),
        (
            "on text \"a\" {\n    reply hello there\n}\n",
            "E0101",
            "on text \"a\" {\n    reply \"hello there\"\n}\n",
        ),
        // Alternatives.
        (
            "on text \"a\", \"b\", \"c\" {\n    reply \"好\"\n}\n",
            "E0101",
            "on text \"a\" or \"b\" or \"c\" {\n    reply \"好\"\n}\n",
        ),
        (
            "on text \"a\" 或 \"b\" {\n    reply \"好\"\n}\n",
            "E0119",
            "on text \"a\" or \"b\" {\n    reply \"好\"\n}\n",
        ),
        (
            "dialog d {\n    ask a: word \"?\"\n    cancel on \"取消\", \"算了\" { reply \"好\" }\n    done { reply \"{a}\" }\n}\n",
            "E0101",
            "dialog d {\n    ask a: word \"?\"\n    cancel on \"取消\" or \"算了\" { reply \"好\" }\n    done { reply \"{a}\" }\n}\n",
        ),
        // Calls.
        (
            "on text \"a\" {\n    reply(\"x\")\n}\n",
            "E0101",
            "on text \"a\" {\n    reply \"x\"\n}\n",
        ),
        (
            "on text \"a\" {\n    reply: \"x\"\n}\n",
            "E0101",
            "on text \"a\" {\n    reply \"x\"\n}\n",
        ),
        (
            "on login when login.city is null {\n    note \"x\"\n}\n",
            "E0101",
            "on login when login.city is unknown {\n    note \"x\"\n}\n",
        ),
        (
            "on login when login.city is not null {\n    note \"x\"\n}\n",
            "E0101",
            "on login when login.city is known {\n    note \"x\"\n}\n",
        ),
        (
            "on login when distance(previous, login) >= 1,000 km {\n    note \"x\"\n}\n",
            "E0101",
            "on login when distance(previous, login) >= 1000 km {\n    note \"x\"\n}\n",
        ),
        (
            "on login when count(failures, within: 1 hour, by: (account, ip)) >= 3 {\n    note \"x\"\n}\n",
            "E0101",
            "on login when count(failures, within: 1 hour, by: [account, ip]) >= 3 {\n    note \"x\"\n}\n",
        ),
        // Comments.
        (
            "/* 说明 */\non any {\n    reply \"a\"\n}\n",
            "E0117",
            "# 说明\non any {\n    reply \"a\"\n}\n",
        ),
        (
            "/*\n * 一\n * 二\n */\non any {\n    reply \"a\"\n}\n",
            "E0117",
            "# 一\n# 二\non any {\n    reply \"a\"\n}\n",
        ),
        (
            "-- 说明\non any {\n    reply \"a\"\n}\n",
            "E0117",
            "# 说明\non any {\n    reply \"a\"\n}\n",
        ),
        (
            "只有手机号，例如“绑定 1”：接着问\non any {\n    reply \"a\"\n}\n",
            "E0117",
            "# 只有手机号，例如“绑定 1”：接着问\non any {\n    reply \"a\"\n}\n",
        ),
    ] {
        let (found, fixed, _) = mended(wrong);
        assert_eq!((found, fixed.as_str()), (code, right), "{wrong}");
        ok(right);
    }
}

#[test]
fn full_width_braces_round_plain_words_are_words() {
    ok("on text \"a\" {\n    reply \"｛通知｝今天放假\"\n}\n");
    ok("on text \"a\" {\n    reply \"（｛一｝）\"\n}\n");
}

#[test]
fn a_name_with_a_dash_is_one_mistake_wherever_it_is_used() {
    let text = "let my-limit = 5\non login when count(failures, within: 1 hour) >= my-limit {\n    note \"x\"\n}\n";
    let (code, fixed, sure) = mended(text);
    assert_eq!(code, "E0101");
    assert!(fixed.starts_with("let my_limit = 5\n"), "{fixed}");
    // Its uses are not mended with it.
    assert!(!sure);
    // Where no such name is given it is a difference.
    ok("let a = 5\nlet b = 3\nlet c = a-b\n");
}

#[test]
fn a_name_that_cannot_be_one_is_told_once() {
    let text = "on text with no: mobile {\n    reply \"单 {no}\"\n}\n";
    let (code, ..) = mended(text);
    assert_eq!(code, "E0126");
}

#[test]
fn a_question_asked_by_a_reply_is_one_mistake() {
    let text = "dialog d {\n    ask a: word\n    reply \"?\"\n    cancel on \"取消\" { reply \"好\" }\n    done { reply \"{a}\" }\n}\n";
    let found = parse(FileId(0), text).diagnostics;
    assert_eq!(found.len(), 1, "{found:#?}");
}

#[test]
fn a_brace_left_open_before_a_name_is_never_escaped_without_asking() {
    let with = |reply: &str| format!("on text \"买{{n: number}}\" {{\n    reply \"{reply}\"\n}}\n");
    for (wrong, right) in [
        ("电话 {n。", "电话 {n}。"),
        ("{account.name 您好", "{account.name} 您好"),
    ] {
        let (code, fixed, sure) = mended(&with(wrong));
        assert_eq!((code, fixed), ("E0124", with(right)));
        assert!(!sure, "{wrong}");
    }
    for wrong in ["{n}}", "a } b", "一个 { 字"] {
        let (_, _, sure) = mended(&with(wrong));
        assert!(!sure, "{wrong}");
    }
}

#[test]
fn a_quote_twice_is_one_quote() {
    let (code, fixed, sure) = mended("on any {\n    reply \"\"没有这个\"\n}\n");
    assert_eq!((code, sure), ("E0114", true));
    assert_eq!(fixed, "on any {\n    reply \"没有这个\"\n}\n");
    let (code, fixed, sure) = mended("on text \"\"绑定\" or \"我要绑定\" {\n    reply \"好\"\n}\n");
    assert_eq!((code, sure), ("E0114", false));
    assert_eq!(
        fixed,
        "on text \"绑定\" or \"我要绑定\" {\n    reply \"好\"\n}\n"
    );
}
