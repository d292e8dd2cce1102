//! Where a mistake is underlined, what the help says, what the fix gives, and that one mistake is
//! one report.

use super::*;

#[test]
fn a_misspelt_name_is_underlined_and_mended() {
    expect_only("E0203", &login("logn.city == \"北京\""))
        .underlines("logn.city")
        .helps("login.city")
        .mends();
    expect_only("E0203", &login("login.ctiy == \"北京\""))
        .underlines("ctiy")
        .helps("login.city")
        .mends();
    expect_only("E0203", &login("weather == \"北京\"")).underlines("weather");
}

#[test]
fn a_number_without_unit_asks_what() {
    let expected = expect_only("E0303", &login("count(failures, within: 5) >= 3"))
        .underlines("5")
        .helps("5 minutes")
        .mends();
    assert_eq!(expected.found[0].primary.words.en, "5 what?");
    expect_only("E0303", &login("distance(previous, login) >= 500"))
        .underlines("500")
        .helps("500 km")
        .mends();
    expect_only("E0303", &login("share(login.hour, within: 9 days) < 2"))
        .underlines("2")
        .helps("2%")
        .mends();
    expect_only("E0303", &login("speed(previous, login) > 900"))
        .underlines("900")
        .mends();
}

#[test]
fn units_people_write() {
    expect_only("E0304", &login("distance(previous, login) >= 500 m")).helps("metres or minutes");
    expect_only("E0304", &login("count(failures, within: 5 min) >= 3"))
        .underlines("min")
        .mends();
}

#[test]
fn mixed_and_or_is_mended_with_parentheses() {
    expect_only(
        "E0306",
        &login("not login.legal and login.hour < 6 or login.late"),
    )
    .underlines("not login.legal and login.hour < 6")
    .mends();
    good(&login(
        "not login.legal and login.captcha and login.hour < 6",
    ));
}

#[test]
fn one_mistake_in_a_let_is_one_report() {
    let text = format!(
        "let odd = login.hourr < 6\n{}{}",
        login("odd"),
        login("odd and not login.legal")
    );
    expect_only("E0203", &text).underlines("hourr");
}

#[test]
fn an_unreadable_item_poisons_its_name() {
    let text = format!("let odd = + = login.hour\n{}", login("odd"));
    let found = compiled(&text).diagnostics;
    assert!(
        !found.is_empty() && found.iter().all(|one| one.code.starts_with("E01")),
        "{}",
        shown(&found, &text)
    );
}

#[test]
fn a_let_is_checked_where_it_is_used() {
    let text = "let late = login.hour >= 22\non text \"你好\" when late {\n    reply \"晚安\"\n}\n";
    expect_only("E0205", text).underlines("late");
    let text = format!(
        "let often = count(failures, within: 1 hour) >= 5\n{}",
        login("count(successes, within: 1 day, where: often) >= 1")
    );
    expect_only("E0611", &text).underlines("often");
}

#[test]
fn doubling_lets_are_bounded() {
    let mut text = String::from("let a0 = not login.legal\n");
    for level in 1..30 {
        text.push_str(&format!(
            "let a{level} = a{} or a{}\n",
            level - 1,
            level - 1
        ));
    }
    text.push_str(&login("a29"));
    expect_only("E0213", &text);
}

#[test]
fn questions_to_the_history_are_bounded() {
    let one = "count(failures, within: 1 hour) >= 5";
    let text: String = (0..520)
        .map(|hour| login(&format!("{one} and login.hour != {}", hour % 24)))
        .collect();
    let found = compiled(&text).diagnostics;
    assert!(
        !found.is_empty() && found.iter().all(|one| one.code == "E0612"),
        "{}",
        shown(&found[..1], &text)
    );
}

#[test]
fn an_action_on_an_account_that_may_not_be_there() {
    let text = "on text \"锁\" even in dialog {\n    lock account {\n        locked         { reply \"已锁定\" }\n        already_locked { reply \"已是\" }\n    }\n}\n";
    expect_only("E0401", text)
        .underlines("lock account")
        .helps("`bound`")
        .mends();
    for proof in [
        "bound",
        "alert.open",
        "account.locked",
        "bound and message.type == \"text\"",
        "(bound or alert.open)",
    ] {
        good(&text.replace("on text \"锁\"", &format!("on text \"锁\" when {proof}")));
    }
    for none in ["not bound", "bound or message.type == \"text\""] {
        let text = text.replace("on text \"锁\"", &format!("on text \"锁\" when {none}"));
        expect_only("E0401", &text);
    }
    good("on failure when streak(failures) >= 9 {\n    lock account\n}\n");
}

#[test]
fn even_in_dialog_is_added() {
    let text = "on text \"在吗\" when alert.open {\n    reply \"在\"\n}\n";
    expect_only("E0413", text).mends();
}

#[test]
fn missing_outcomes_are_written() {
    let text = "on text \"下线\" when bound {\n    log off account\n}\n";
    expect_only("E0401", text)
        .underlines("log off account")
        .mends();
}

#[test]
fn bad_lines_of_a_list_file_are_named() {
    let text = format!(
        "list bad: network from \"lists/bad.txt\"\n{}",
        login("login.ip in bad")
    );
    let expected = expect_only("E0703", &text)
        .underlines("\"lists/bad.txt\"")
        .helps("line 2: `nonsense`");
    assert!(expected.found[0].title.en.contains("line 2"));
}

#[test]
fn list_files_are_relative_to_their_rule_file() {
    let text = format!(
        "list office: network from \"../lists/office.txt\"\n{}",
        login("login.ip in office")
    );
    let mut sources = Sources::single("sub/a.rules", &text);
    sources
        .lists
        .insert("lists/office.txt".to_owned(), "10.0.0.0/8\n".into());
    assert!(compile(Arc::new(sources), &registry()).program.is_some());
}

#[test]
fn a_dialog_without_done() {
    let text = "on text \"报名\" {\n    start sign_up\n}\ndialog sign_up {\n    ask nick: word \"怎么称呼您？\"\n    cancel on \"取消\" { reply \"已取消\" }\n}\n";
    expect_only("E0502", text).underlines("dialog sign_up");
}

#[test]
fn chained_comparisons_are_one_report() {
    expect_only("E0121", &login("1 < login.hour < 6"));
}

#[test]
fn registered_actions_are_typed() {
    let mut registry = registry();
    let call = CallSpec {
        params: vec![
            ("who".to_owned(), Type::Account),
            ("why".to_owned(), Type::Text),
        ],
        open: false,
        ..CallSpec::webhook("revoke")
    };
    registry.register_call(call).unwrap();
    let codes = |text: &str| -> Vec<&'static str> {
        let compiled = compile(Arc::new(Sources::single("a.rules", text)), &registry);
        compiled.diagnostics.iter().map(|one| one.code).collect()
    };
    assert!(codes("on locked {\n    call revoke with account, reason\n}\n").is_empty());
    assert_eq!(
        codes("on locked {\n    call revoke with account\n}\n"),
        ["E0407"]
    );
    assert_eq!(
        codes("on locked {\n    call revoke with reason, account\n}\n"),
        ["E0302", "E0302"]
    );
    assert_eq!(
        codes("on locked {\n    call revok with account, reason\n}\n"),
        ["E0406"]
    );
    let arms =
        "on text \"x\" {\n    call security_desk {\n        ok { reply \"{answer}\" }\n    }\n}\n";
    assert_eq!(codes(arms), ["E0401"]);
}

#[test]
fn parameters_of_dialogs_come_from_start() {
    let text = "on scan scene \"t:{ticket: word}\" {\n    start d with ticket\n}\non text \"开始\" {\n    start d\n}\n\
        dialog d {\n    ask code: digits(6) \"？\" unless ticket is known\n    cancel on \"取消\" { reply \"好\" }\n    done { reply \"好\" }\n}\n";
    let program = good(text);
    let dialog = &program.dialogs[0];
    assert_eq!(dialog.params.len(), 1);
    assert_eq!(
        (dialog.params[0].name.as_str(), &dialog.params[0].ty),
        ("ticket", &Type::Text)
    );
    expect_only("E0203", &text.replace(" with ticket", "")).underlines("ticket");
}

#[test]
fn variables_are_typed_across_files_and_belong_to_chats() {
    let first = "on text \"我是谁\" when nickname is known {\n    reply \"{nickname}\"\n}\n";
    let second = "on text \"叫我{nick: word}\" {\n    remember nickname = nick for 1 day\n    reply \"好\"\n}\n";
    let sources = Sources::new([
        ("a.rules".to_owned(), first.to_owned()),
        ("b.rules".to_owned(), second.to_owned()),
    ]);
    let compiled = compile(Arc::new(sources), &registry());
    assert!(
        compiled.diagnostics.is_empty(),
        "{}",
        shown(&compiled.diagnostics, "")
    );
    assert_eq!(compiled.program.unwrap().rules[1].name, "b.rules:1");
    expect_only("E0205", &format!("{second}{}", login("nickname == \"王\"")))
        .underlines("nickname");
}

#[test]
fn a_score_no_signals_can_reach() {
    let signal = "signal forged \"伪造\" weight 50 {\n    when not login.legal\n}\n";
    expect_only("E0307", &format!("{signal}{}", login("suspicion >= 60")));
    good(&format!("{signal}{}", login("suspicion >= 50")));
    let shadow = signal.replace("weight 50", "weight 50 shadow");
    expect_only("E0307", &format!("{shadow}{}", login("suspicion >= 1")));
}

#[test]
fn rules_that_can_be_reached() {
    let rule = |head: &str| format!("on {head} {{\n    reply \"好\"\n}}\n");
    for (first, second) in [
        ("text \"a\" when bound", "text \"a\""),
        ("text \"a\"", "text \"a\" even in dialog"),
        ("text \"a\"", "text starting \"a\""),
        ("text \"a {x: number}\"", "text \"a b\""),
        ("any", "text \"a\""),
        ("scan scene \"a\"", "scan"),
    ] {
        good(&format!("{}{}", rule(first), rule(second)));
    }
    for (first, second) in [
        ("text containing \"a\"", "text \"bab\""),
        ("text starting \"b\"", "text \"bab\""),
        ("text \"Ａ\"", "text \"a\" when bound"),
        ("text", "text \"x\" or \"y\""),
        ("text \"a\" when bound", "text \"a\" when bound"),
        ("scan", "scan scene \"a\""),
        ("text \"a {x: word}\"", "text \"a {x: word}\""),
        ("text \"a {x: word}\"", "text \"a b\""),
    ] {
        expect_only("E0415", &format!("{}{}", rule(first), rule(second)));
    }
}

#[test]
fn replies_over_the_limit() {
    let long = "字".repeat(700);
    expect_only(
        "E0412",
        &format!("on text \"x\" {{\n    reply \"{long}\"\n}}\n"),
    );
}

#[test]
fn the_program_says_what_was_written() {
    let text = format!(
        "let usual = 90 days\n{}{}",
        login(
            "distinct(account, of: failures, within: 5 minutes, by: [ip, machine], where: city != login.city) >= 5"
        ),
        login("new(login.city, within: usual * 2)"),
    );
    let program = good(&text);
    let query = &program.queries[0];
    assert_eq!(query.function, HistoryFunction::Distinct);
    assert_eq!(query.stream, Stream::Failures);
    assert_eq!(query.window, Window::Within(300_000));
    assert_eq!(query.by, [ByKey::Ip, ByKey::Machine]);
    let registry = registry();
    assert_eq!(query.field, registry.field("login.account"));
    let Some(ExprKind::Compare(CompareOp::NotEqual, row, now)) =
        query.filter.as_ref().map(|filter| &filter.kind)
    else {
        panic!("a comparison");
    };
    let city = registry.field("login.city").unwrap();
    assert!(matches!(row.kind, ExprKind::RowField(id) if id == city));
    assert!(matches!(now.kind, ExprKind::Field(id) if id == city));
    assert_eq!(program.queries[1].stream, Stream::Successes);
    assert_eq!(program.longest_window, 180 * 86_400_000);
}

#[test]
fn the_hash_covers_rules_and_lists() {
    let with = |text: &str, list: &str| {
        let mut sources = Sources::single("a.rules", text);
        sources.lists.insert("l.txt".to_owned(), list.into());
        compile(Arc::new(sources), &registry())
            .program
            .unwrap()
            .hash
            .clone()
    };
    let rules = "list office: text from \"l.txt\"\n";
    let first = with(rules, "a");
    assert_eq!(first, with(rules, "a"));
    assert_ne!(first, with(&format!("{rules}# "), "a"));
    assert_ne!(first, with(rules, "b"));
}

#[test]
fn everything_wrong_is_reported_in_one_run() {
    let text = format!(
        "{}{}{}",
        login("login.ctiy == \"x\""),
        login("count(failures) >= 5"),
        login("login.hour >= 22 hours")
    );
    let codes: Vec<&str> = compiled(&text)
        .diagnostics
        .iter()
        .map(|one| one.code)
        .collect();
    assert_eq!(codes, ["E0203", "E0609", "E0301"]);
}

#[test]
fn addresses_phones_and_accounts_are_written_as_texts() {
    good(&login(
        "login.ip == \"10.0.0.1\" or login.account == \"alice\"",
    ));
    good(&login("login.ip in [\"10.0.0.0/8\", \"192.0.2.1\"]"));
    good(&login("login.ip in login.network"));
    expect_only("E0313", &login("login.ip in [\"10.0.0.0/99\"]")).underlines("\"10.0.0.0/99\"");
}

#[test]
fn raw_fields_of_a_push() {
    let program = good(
        "on event \"kf_close_session\" when message.raw.KfAccount == \"a@b\" {\n    note \"结束\"\n}\n",
    );
    let mut raw = 0;
    super::super::walk::nodes(program.rules[0].when.as_ref().unwrap(), &[], &mut |node| {
        raw += usize::from(
            matches!(&node.kind, ExprKind::Name(Name::Raw(name)) if name == "KfAccount"),
        );
    });
    assert_eq!(raw, 1);
}
