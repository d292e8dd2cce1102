//! Laws of the language that only a whole bot can show, each told as a story; and, so that none of them
//! can pass by saying nothing, the same story with the one thing changed that makes it fail.

use crate::bot::ruleset;
use crate::lang::builtins::Registry;
use crate::lang::diagnostics::Language;
use crate::lang::span::Sources;

/// What running the only story of these rules says.
fn told(rules: &str, steps: &[&str]) -> Vec<String> {
    let mut text = format!("{rules}test \"定律\" {{\n");
    for step in steps {
        text.push_str(&format!("    {step}\n"));
    }
    text.push_str("}\n");
    let registry = Registry::standard();
    let loaded = ruleset::compile(Sources::single("a.rules", &text), &registry)
        .unwrap_or_else(|error| panic!("{text}\n{error}"));
    let results = super::run(&loaded.ruleset, &registry, None);
    let failures = results.into_iter().flat_map(|result| result.failures);
    failures.map(|failure| failure.happened).collect()
}

fn passes(rules: &str, steps: &[&str]) {
    let failures = told(rules, steps);
    assert!(failures.is_empty(), "{failures:?}\n{rules}{steps:?}");
}

fn fails(rules: &str, steps: &[&str]) {
    let failures = told(rules, steps);
    assert!(!failures.is_empty(), "{rules}{steps:?}");
}

const ACCOUNT: &str = "account alice phone \"13800138000\"";

/// Law 9: a failure and a login are stages of their own; what stands in `on attempt` is before the password.
#[test]
fn an_attempt_comes_before_the_password_and_a_login_after_it() {
    let early = "on attempt when not login.legal {\n    challenge captcha\n}\n";
    passes(
        early,
        &[
            ACCOUNT,
            "login alice illegal machine wrong password",
            "expect challenged",
        ],
    );
    let late = "on login when not login.legal {\n    deny\n}\n";
    passes(
        late,
        &[ACCOUNT, "login alice illegal machine", "expect denied"],
    );
    fails(
        late,
        &[ACCOUNT, "login alice illegal machine", "expect allowed"],
    );
}

/// Law 9: a login of more than ten minutes ago is judged and recorded, and nothing is done about it.
#[test]
fn a_late_login_is_judged_and_counts_and_acts_no_more() {
    let rules = "signal forged \"伪造\" weight 50 {\n    when not login.legal\n}\nsignal before \"前面有过\" weight 1 {\n    when count(successes, within: 1 hour) >= 1\n}\non login when suspicion >= 50 {\n    deny\n}\n";
    let now = "login alice illegal machine reported";
    let early = "login alice illegal machine reported 9 minutes ago";
    let late = "login alice illegal machine reported 11 minutes ago";
    passes(
        rules,
        &[ACCOUNT, now, "expect signals forged", "expect denied"],
    );
    passes(
        rules,
        &[ACCOUNT, early, "expect signals forged", "expect denied"],
    );
    passes(
        rules,
        &[ACCOUNT, late, "expect signals forged", "expect allowed"],
    );
    fails(rules, &[ACCOUNT, late, "expect denied"]);
    // It counts for whoever comes after it.
    passes(
        rules,
        &[ACCOUNT, late, now, "expect signals forged, before"],
    );
}

/// Law 9: hours and days are those of the account's zone, windows are exact.
#[test]
fn hours_stand_in_the_zone_of_the_account_and_windows_in_none() {
    let rules = "signal morning \"早上\" weight 1 {\n    when login.hour == 9\n}\nsignal evening \"前一天晚上\" weight 1 {\n    when login.hour == 20 and login.weekday == 7\n}\nsignal again \"一小时内\" weight 1 {\n    when count(successes, within: 1 hour) >= 1\n}\n";
    passes(rules, &[ACCOUNT, "login alice", "expect signals morning"]);
    // Monday nine o'clock in Shanghai is Sunday evening in New York.
    let away = "account alice phone \"13800138000\" zone \"America/New_York\"";
    passes(rules, &[away, "login alice", "expect signals evening"]);
    fails(rules, &[away, "login alice", "expect signals morning"]);
    passes(
        rules,
        &[
            away,
            "login alice",
            "after 59 minutes",
            "login alice",
            "expect signals include again",
        ],
    );
    fails(
        rules,
        &[
            away,
            "login alice",
            "after 61 minutes",
            "login alice",
            "expect signals include again",
        ],
    );
}

/// Law 6: deny before challenge before allow, whichever rule stands first.
#[test]
fn an_allow_lifts_neither_a_challenge_nor_a_deny() {
    let allow = "on attempt when login.legal {\n    allow\n}\n";
    let challenge = "on attempt when login.city is known {\n    challenge captcha\n}\n";
    let deny = "on login when login.city is known {\n    deny\n}\non login when login.legal {\n    allow\n}\n";
    let place = "place 北京 39.90 116.40";
    let login = "login alice city 北京 machine \"m\"";
    for rules in [format!("{allow}{challenge}"), format!("{challenge}{allow}")] {
        passes(&rules, &[ACCOUNT, place, login, "expect challenged"]);
        fails(&rules, &[ACCOUNT, place, login, "expect allowed"]);
        let elsewhere = "login alice machine \"m\"";
        passes(&rules, &[ACCOUNT, elsewhere, "expect allowed"]);
    }
    passes(deny, &[ACCOUNT, place, login, "expect denied"]);
}

/// What the signals said of a login is there for `expect` whatever became of it.
#[test]
fn signals_of_a_login_that_was_challenged_or_denied_are_seen() {
    let signal = "signal x \"陌生设备\" weight 30 {\n    when new(login.machine, within: 90 days) otherwise yes\n}\n";
    let login = "login alice machine \"q\"";
    for (action, verdict) in [
        ("challenge captcha", "expect challenged"),
        ("deny", "expect denied"),
    ] {
        let rules = format!("{signal}on login when suspicion >= 30 {{\n    {action}\n}}\n");
        passes(&rules, &[ACCOUNT, login, verdict, "expect signals x"]);
        passes(&rules, &[ACCOUNT, login, "expect signals include x"]);
        fails(&rules, &[ACCOUNT, login, "expect no signals"]);
    }
    // Stopped before: no signal was asked, and a failing story says that.
    let early = format!("{signal}on attempt when not login.legal {{\n    challenge captcha\n}}\n");
    let steps = [ACCOUNT, "login alice illegal machine", "expect signals x"];
    let said = told(&early, &steps).join("\n");
    assert!(said.contains("没有走到判断信号这一步"), "{said}");
    assert!(said.contains("challenged"), "{said}");
    // Nor are the signals of an earlier login taken for those of this one.
    let steps = [
        ACCOUNT,
        login,
        "login alice illegal machine",
        "expect signals x",
    ];
    fails(&early, &steps);
}

/// A machine's name in a story is what rules see as `login.machine`.
#[test]
fn lists_of_machines_can_be_told_in_stories() {
    let rules = "list bad: machine = [\"evil\"]\non login when login.machine in bad or login.machine == \"坏 2\" {\n    deny\n}\n";
    for (machine, expected) in [
        ("evil", "expect denied"),
        ("坏 2", "expect denied"),
        ("good", "expect allowed"),
    ] {
        let login = format!("login alice machine \"{machine}\"");
        passes(rules, &[ACCOUNT, &login, expected]);
    }
    // It is as legal as before, and one machine.
    let legal = "on login when not login.legal {\n    deny\n}\n";
    passes(
        legal,
        &[ACCOUNT, "login alice machine \"a.b\"", "expect allowed"],
    );
    let long = format!("login alice machine \"{}\"", "长".repeat(70));
    fails(legal, &[ACCOUNT, &long]);
}

/// The text of what `send` delivers, and to whom, is expected as every message out of turn is.
#[test]
fn what_send_delivers_is_expected_with_its_text_and_recipient() {
    let rules = "on text \"提醒我\" {\n    reply \"好\"\n    send \"喝水了\" after 10 minutes\n}\n";
    let asks = "wechat 小王 sends \"提醒我\"";
    let other = "wechat 小李 sends \"在吗\"";
    passes(
        rules,
        &[
            asks,
            other,
            "expect no alert",
            "after 11 minutes",
            "expect alert to 小王 by message ~ \"喝水\"",
            "expect send",
            "expect send to 小王 \"喝水了\"",
            "expect send to 小王 ~ \"喝水\"",
        ],
    );
    passes(rules, &[asks, other, "expect no send"]);
    for wrong in [
        "expect alert ~ \"吃饭\"",
        "expect alert to 小李 ~ \"喝水\"",
        "expect no alert",
        "expect no send",
        "expect send \"喝水\"",
        "expect send to 小李",
    ] {
        fails(rules, &[asks, other, "after 11 minutes", wrong]);
    }
    // An alert is a message out of turn, but nothing a rule sent.
    let alerts = "on undeliverable alert {\n    note \"没有送到\"\n}\n\non login {\n    alert expires 1 hour {\n        message \"是您吗？回复“锁定”\"\n    }\n}\n\
                  on text \"锁定\" when alert.open even in dialog {\n    lock account {\n        locked { reply \"好\" }\n        already_locked { reply \"好\" }\n    }\n}\n\
                  on text \"{code: digits(6)}\" {\n    start b with code\n}\n\
                  dialog b {\n    ask phone: mobile \"手机号？\"\n    ask code: digits(6) \"验证码？\"\n    cancel on \"取消\" { reply \"好\" }\n    done {\n        bind {\n            bound { reply \"绑好了\" }\n            already { reply \"早绑了\" }\n            taken { reply \"不行\" }\n            refused { reply \"不对\" }\n            blocked { reply \"等等\" }\n        }\n    }\n}\n";
    let logs_in = [
        "account alice phone \"13800138000\" code \"482913\"",
        "wechat 小王 sends \"482913\"",
        "wechat 小王 sends \"13800138000\"",
        "login alice machine \"m\"",
    ];
    let with = |last: &'static str| [&logs_in[..], &[last]].concat();
    passes(alerts, &with("expect alert to 小王 ~ \"是您吗\""));
    passes(alerts, &with("expect no send"));
    fails(alerts, &with("expect send"));
}

/// What a reply that is no text says can be expected, too.
#[test]
fn a_picture_or_an_article_is_expected_by_what_it_says() {
    let rules = "on text \"官网\" {\n    reply news {\n        title: \"我们的官网\"\n        url: \"https://example.com/a\"\n    }\n}\n\
                 on text \"图\" {\n    reply image \"MEDIA_1\"\n}\n\
                 on text \"人工\" {\n    hand over\n}\n";
    let asks = "wechat 小王 sends \"官网\"";
    for right in [
        "expect reply news",
        "expect reply news \"我们的官网\"",
        "expect reply news ~ \"官网\"",
        "expect reply news ~ \"example.com\"",
    ] {
        passes(rules, &[asks, right]);
    }
    for wrong in [
        "expect reply news \"官网\"",
        "expect reply news ~ \"价目\"",
        "expect reply image \"我们的官网\"",
    ] {
        fails(rules, &[asks, wrong]);
    }
    let picture = "wechat 小王 sends \"图\"";
    passes(rules, &[picture, "expect reply image \"MEDIA_1\""]);
    fails(rules, &[picture, "expect reply image \"MEDIA_2\""]);
    let said = told(rules, &[picture, "expect reply image \"MEDIA_2\""]);
    assert!(said[0].starts_with("回复了（image：MEDIA_1）"), "{said:?}");
    passes(
        rules,
        &[
            "wechat 小王 sends \"人工\"",
            "expect reply customer service",
        ],
    );
}

/// Of the failure that is looked at, not only of earlier ones.
#[test]
fn the_reason_of_a_failure_is_known_to_its_rules() {
    let rules = "on failure when login.reason == \"no_permission\" {\n    \
                 lock account {\n        locked { note \"锁\" }\n        already_locked { note \"已锁\" }\n    }\n}\n";
    let reported =
        |reason: &str| format!("login alice wrong password reported reason \"{reason}\"");
    let (named, other) = (reported("no_permission"), reported("blocked"));
    passes(rules, &[ACCOUNT, &named, "expect alice locked"]);
    fails(rules, &[ACCOUNT, &other, "expect alice locked"]);
    let of_its_own = rules.replace("no_permission", "wrong_password");
    let wrong = "login alice wrong password";
    passes(&of_its_own, &[ACCOUNT, wrong, "expect alice locked"]);
    fails(&of_its_own, &[ACCOUNT, &named, "expect alice locked"]);
}

/// A reported login brings the reason its system gives, for questions about the past.
#[test]
fn a_report_carries_its_reason() {
    let rules = "on failure when count(failures, within: 1 hour, where: reason == \"no_permission\") >= 1 {\n    \
                 lock account {\n        locked { note \"锁\" }\n        already_locked { note \"已锁\" }\n    }\n}\n";
    let reports = |reason: &str| format!("login alice wrong password reported{reason}, 2 times");
    let known = reports(" reason \"no_permission\"");
    passes(rules, &[ACCOUNT, &known, "expect alice locked"]);
    for other in [" reason \"wrong_password\"", ""] {
        let other = reports(other);
        passes(rules, &[ACCOUNT, &other, "expect alice not locked"]);
        fails(rules, &[ACCOUNT, &other, "expect alice locked"]);
    }
}

/// What was answered before says nothing of a step that is no message.
#[test]
fn a_reply_expected_of_no_message_names_no_rule() {
    let rules = "on text \"a\" {\n    reply \"甲\"\n}\n";
    let steps = [
        "wechat 小王 sends \"a\"",
        "after 1 hour",
        "expect reply news",
    ];
    let said = told(rules, &steps);
    assert!(said[0].contains("上一步不是消息"), "{said:?}");
    assert!(!said[0].contains("回答的是"), "{said:?}");
}

/// A refusal is told in the language of who reads it.
#[test]
fn stories_that_fail_refuse_in_both_languages() {
    let text = "on text \"a\" {\n    reply \"甲\"\n}\n\ntest \"定律\" {\n    wechat 小王 sends \"a\"\n    expect reply \"乙\"\n}\n";
    let registry = Registry::standard();
    let loaded = ruleset::compile(Sources::single("a.rules", text), &registry).expect("rules");
    let refused = super::must_pass(&loaded.ruleset, &registry).expect_err("it fails");
    let (zh, en) = (refused.report(Language::Zh), refused.report(Language::En));
    assert!(
        zh.contains("故事没有通过") && zh.contains("回复了“甲”"),
        "{zh}"
    );
    assert!(
        en.contains("the story failed") && en.contains("the reply was “甲”"),
        "{en}"
    );
}

/// The latest that may be asked for arrives, whenever the follower was noted last; past the platform's window nothing does.
#[test]
fn what_is_sent_two_days_later_still_fits_the_platforms_window() {
    let rules = "on text \"提醒\" {\n    send \"二\" after 47 hours\n    reply \"好\"\n}\n\non any {\n    reply \"您好\"\n}\n\non click \"R\" {\n    send \"三\" after 10 minutes\n    reply \"好\"\n}\n\n";
    passes(
        rules,
        &[
            "wechat 小王 sends \"在吗\"",
            "expect reply \"您好\"",
            "after 29 minutes",
            "wechat 小王 sends \"提醒\"",
            "expect reply \"好\"",
            "after 47 hours",
            "expect send \"二\"",
        ],
    );
    fails(
        rules,
        &[
            "wechat 小王 clicks \"R\"",
            "expect reply \"好\"",
            "after 10 minutes",
            "expect send \"三\"",
        ],
    );
}
