//! What would be lost or pass without a word: replies nobody gets, events that never come; and what the
//! hash of a rule set stands for.

use super::*;

/// The code and the place of every finding.
fn found(text: &str) -> Vec<(&'static str, String)> {
    let found = compiled(text).diagnostics;
    let at = |one: &Diagnostic| text[one.primary.span.range()].to_owned();
    found.iter().map(|one| (one.code, at(one))).collect()
}

#[test]
fn an_event_that_never_comes_cannot_be_expected_nor_ruled_out() {
    for (line, wrong) in [
        ("expect event \"alrted\"", true),
        ("expect no event \"alrted\"", true),
        ("expect event \"alert_undeliverable\"", true),
        ("expect webhook \"boud\"", true),
        ("expect no event \"alerted\"", false),
        ("expect no webhook \"bound\"", false),
    ] {
        let text = format!("test \"t\" {{\n    wechat 小王 follows\n    {line}\n}}\n");
        let codes: Vec<&str> = found(&text).iter().map(|(code, _)| *code).collect();
        let expected: &[&str] = if wrong { &["E0801"] } else { &[] };
        assert_eq!(codes, expected, "{line}");
    }
}

#[test]
fn the_hash_of_a_rule_set_is_that_of_its_rules_and_of_the_lists_they_name() {
    let rules = "list office: network from \"lists/office.txt\"\non attempt when login.ip in office {\n    note \"办公室\"\n}\n";
    let hash = |lists: &[(&str, &str)]| {
        let mut sources = Sources::single("a.rules", rules);
        for (path, entries) in lists {
            sources.lists.insert((*path).to_owned(), (*entries).into());
        }
        let program = compile(Arc::new(sources), &registry()).program;
        program.unwrap().hash.clone()
    };
    let office = ("lists/office.txt", "10.0.0.0/8\n");
    let alone = hash(&[office]);
    assert_eq!(alone, hash(&[office, ("logins.csv", "time,account\n")]));
    assert_eq!(alone, hash(&[("a.txt", "x"), office]));
    assert_ne!(alone, hash(&[("lists/office.txt", "10.0.0.0/9\n")]));
}

#[test]
fn an_allow_beside_a_challenge_is_told_to_lift_nothing() {
    let allow = "on attempt when login.legal {\n    allow\n}\n";
    for (other, told) in [
        (
            "on attempt when login.city is known {\n    challenge captcha\n}\n",
            true,
        ),
        (
            "on attempt when login.city is known {\n    deny \"x\"\n}\n",
            true,
        ),
        (
            "on login when login.city is known {\n    challenge captcha\n}\n",
            false,
        ),
        // Where the one holds the other does not.
        (
            "on attempt when login.city is known and not login.legal {\n    challenge captcha\n}\n",
            false,
        ),
        (
            "on attempt when login.city is known {\n    note \"x\"\n}\n",
            false,
        ),
    ] {
        for text in [format!("{allow}{other}"), format!("{other}{allow}")] {
            let expected = told.then(|| ("W1020", "allow".to_owned()));
            assert_eq!(found(&text), Vec::from_iter(expected), "{text}");
        }
    }
}
