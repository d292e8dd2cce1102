//! What never comes to anything: lists that let nothing through, signals that never count.

use super::settled::{codes, proven};
use super::*;

#[test]
fn lists_that_let_nothing_through_are_told() {
    let empty = "list e = []\n\non text in e {\n    reply \"好\"\n}\n";
    assert_eq!(codes(empty), ["W1005"]);
    assert_eq!(codes(&empty.replace("[]", "[\"a\"]")), [""; 0]);
    let both = empty.replace("on text in e", "on text in e or \"b\"");
    assert_eq!(codes(&both), ["W1005"]);
    let shop = "list kinds = [\"苹果\", \"香蕉\"]\n\non text \"买\" {\n    start buy\n}\n\ndialog buy {\n    ask kind: one_of(kinds) \"买什么？\"\n    cancel on kinds { reply \"不买了\" }\n    done { reply \"买{kind}\" }\n}\n";
    assert_eq!(codes(shop), ["W1005"]);
    assert!(proven(shop));
    // One choice among them is how people leave.
    let leaving = shop.replace("cancel on kinds", "cancel on \"香蕉\"");
    assert_eq!(codes(&leaving), [""; 0]);
    let inline = shop.replace(
        "cancel on kinds",
        "cancel on \"香蕉\" or \"苹果\" or \"取消\"",
    );
    assert_eq!(codes(&inline), ["W1005"]);
}

#[test]
fn what_is_new_was_not_seen() {
    let both = |second: &str| login(&format!("seen(login.city, within: 30 days) and {second}"));
    for second in [
        "new(login.city, within: 30 days)",
        "not seen(login.city, within: 30 days)",
    ] {
        assert_eq!(codes(&both(second)), ["E0307"], "{second}");
        assert!(proven(&both(second)), "{second}");
    }
    for second in [
        "new(login.city, within: 3 days)",
        "not new(login.city, within: 30 days)",
        "new(login.machine, within: 30 days)",
        "new(login.city, within: 30 days, by: ip)",
    ] {
        assert_eq!(codes(&both(second)), [""; 0], "{second}");
    }
}

#[test]
fn a_signal_that_is_always_excepted_is_told() {
    let signal = |when: &str, except: &str| {
        format!(
            "signal s \"夜里\" weight 20 {{\n    when {when}\n    except {except}\n}}\n\non login when suspicion >= 20 {{\n    deny \"不行\"\n}}\n"
        )
    };
    for (when, except) in [
        ("login.hour in [1, 2]", "login.hour < 5"),
        ("login.hour < 3", "login.hour < 5"),
        (
            "login.city == \"北京\"",
            "login.city in [\"北京\", \"上海\"]",
        ),
        ("login.isp == \"x\" and not bound", "login.isp == \"x\""),
    ] {
        let text = signal(when, except);
        assert_eq!(codes(&text), ["W1003"], "{text}");
        assert!(proven(&text), "{text}");
    }
    for (when, except) in [
        ("login.hour in [1, 6]", "login.hour < 5"),
        ("login.hour < 5", "login.hour < 3"),
        ("login.hour < 5", "login.hour < 5 and bound"),
        (
            "login.city in [\"北京\", \"上海\"]",
            "login.city == \"北京\"",
        ),
        ("new(login.city, within: 30 days)", "trusted(login.machine)"),
    ] {
        let text = signal(when, except);
        assert_eq!(codes(&text), [""; 0], "{text}");
    }
}
