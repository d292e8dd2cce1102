//! Laws of the language that only a whole bot can show, each told as a story; and, so that none of them
//! can pass by saying nothing, the same story with the one thing changed that makes it fail.

use crate::bot::ruleset;
use crate::lang::builtins::Registry;
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
