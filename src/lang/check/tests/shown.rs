//! Findings of rules that do not load: what is shown for them is confirmed by evaluating the rules as far
//! as they were understood.

use jiff::tz::TimeZone;

use super::*;
use crate::lang::check::check;
use crate::lang::eval::{NoFacts, render};
use crate::lang::program::{ActionKind, Reply};
use crate::lang::span::FileId;
use crate::lang::syntax;
use crate::text::{match_trigger, normalise};

fn understood(text: &str) -> (Program, Vec<Diagnostic>) {
    let sources = Arc::new(Sources::single("a.rules", text));
    let parsed = syntax::parse(FileId(0), text);
    check(&sources, &[parsed.file], &registry(), true)
}

fn only(found: Vec<Diagnostic>, code: &str) -> Diagnostic {
    let [one] = <[Diagnostic; 1]>::try_from(found).unwrap_or_else(|found| panic!("{found:#?}"));
    assert_eq!(one.code, code);
    one
}

#[test]
fn a_reply_past_the_limit_comes_with_the_message_that_gets_it() {
    let long = "很".repeat(700);
    let text = format!(
        "on text \"你好\" {{\n    reply \"好\"\n}}\non text \"帮助{{what: word}}\" {{\n    reply \"{long}{{what}}\"\n}}\n"
    );
    let (program, found) = understood(&text);
    let found = only(found, "E0412");
    let [line] = found.story.as_slice() else {
        panic!("{found:#?}");
    };
    let said = line.split('"').nth(1).unwrap();
    let rule = &program.rules[1];
    assert!(match_trigger(&rule.triggers[0].matcher, &normalise(said), &program).is_some());
    let ActionKind::Reply(Reply::Text(reply)) = &rule.body.actions[0].kind else {
        panic!("{:?}", rule.body);
    };
    let sent = render(reply, &program, &mut NoFacts, &TimeZone::UTC);
    assert!(sent.len() > 2_048, "{}", sent.len());
    // A message another rule answers first shows nothing.
    let hidden = format!(
        "on text containing \"帮\" {{\n    reply \"好\"\n}}\non text starting \"帮\" {{\n    reply \"{long}\"\n}}\n"
    );
    let found = understood(&hidden).1;
    assert!(found.iter().all(|one| one.story.is_empty()), "{found:#?}");
}

#[test]
fn an_alert_nobody_hears_of_comes_with_the_login_that_raises_it() {
    let text = "on text \"锁定\" when alert.open even in dialog {\n    lock account {\n        locked { reply \"已锁定\" }\n        already_locked { reply \"已是\" }\n    }\n}\non login when login.hour < 6 and not login.legal {\n    alert { message \"有人登录，回复“锁定”\" }\n}\n";
    let (_, found) = understood(text);
    let example = only(found, "E0411").example.expect("values");
    assert!(example.holds);
    let given: Vec<(&str, &str)> = example
        .given
        .iter()
        .map(|(about, value)| (about.as_str(), value.as_str()))
        .collect();
    // The analysis has evaluated the condition with these.
    assert_eq!(given, [("login.hour", "5"), ("login.legal", "no")]);
    let always = text.replace(" when login.hour < 6 and not login.legal", "");
    let (_, found) = understood(&always);
    assert_eq!(
        only(found, "E0411").story,
        ["account alice phone \"13800138000\"", "login alice"]
    );
}

#[test]
fn a_template_field_that_is_refused_comes_with_a_value() {
    for (field, path) in [
        ("time1", "login.city"),
        ("number2", "login.time"),
        ("phrase3", "login.ip"),
    ] {
        let text = format!(
            "on undeliverable alert {{\n    note \"没有送到\"\n}}\non text \"锁定\" when bound even in dialog {{\n    lock account {{\n        locked {{ reply \"已锁定\" }}\n        already_locked {{ reply \"已是\" }}\n    }}\n}}\non login when login.hour < 6 {{\n    alert {{\n        message \"回复“锁定”\"\n        template t {{\n            {field}: {path}\n            thing9: \"回复“锁定”\"\n        }}\n    }}\n}}\n"
        );
        let found: Vec<Diagnostic> = understood(&text)
            .1
            .into_iter()
            .filter(|one| one.code == "E0409")
            .collect();
        let example = only(found, "E0409").example.expect(field);
        assert_eq!(example.given[0].0, path);
        let value = example.given[0].1.trim_matches('"');
        assert!(!value.is_empty() && !example.holds);
    }
}

/// That no failure of the window is old enough is confirmed where windows are (`history`).
#[test]
fn a_gap_that_is_never_over_comes_with_the_oldest_failure_of_the_window() {
    let text = login("unfollowed(failures, successes, gap: 10 minutes, within: 5 minutes)");
    let example = only(understood(&text).1, "E0307").example.expect("values");
    let given = ("since(failures)".to_owned(), "299 seconds".to_owned());
    assert_eq!(example.given, [given]);
    assert!(!example.holds);
}

#[test]
fn an_answer_is_shown_as_it_is_sent() {
    let text = "on text \"报名\" {\n    start sign_up\n}\ndialog sign_up {\n    ask nick: word \"怎么称呼您？\"\n    ask more: rest \"好的，{nick}。\\n还有别的吗？\"\n    done { reply \"谢谢{nick}：{more}。\" }\n}\n";
    let (_, found) = understood(text);
    let found = found.iter().find(|one| one.code == "W1004");
    let help = &found.expect("no way out").help;
    let shown = help.last().expect("a conversation");
    assert!(
        shown.zh.ends_with("还是“好的，取消。 还有别的吗？”"),
        "{shown:?}"
    );
}
