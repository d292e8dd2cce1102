//! Sequences, usual places, counts over the whole system, dates, bands, sending later.

use super::*;
use crate::lang::program::{ActionKind, Band};

#[test]
fn a_sequence_keeps_both_streams_and_conditions() {
    let program = good(&login(
        "followed(failures, successes, gap: 5 minutes, within: 1 day, first: city == login.city, second: hour >= 22)",
    ));
    let query = &program.queries[0];
    assert_eq!(query.function, HistoryFunction::Sequence);
    let sequence = query.sequence.as_ref().expect("a sequence");
    assert_eq!(
        (sequence.first, sequence.second),
        (Stream::Failures, Stream::Successes)
    );
    assert_eq!(sequence.within, 300_000);
    assert!(sequence.first_is.is_some() && sequence.second_is.is_some());
    let program = good(&login(
        "unfollowed(failures, successes, gap: 5 minutes, within: 1 day)",
    ));
    assert_eq!(program.queries[0].function, HistoryFunction::Absence);
}

#[test]
fn a_sequence_says_its_gap_and_asks_no_history_inside() {
    expect_only(
        "E0609",
        &login("followed(failures, successes, within: 1 day)"),
    )
    .underlines("followed")
    .helps("gap: 10 minutes");
    expect_only(
        "E0611",
        &login(
            "followed(failures, successes, gap: 1 hour, within: 1 day, first: count(failures, within: 1 hour) >= 1)",
        ),
    );
}

#[test]
fn only_counted_fields_have_a_rarity() {
    expect_only(
        "E0607",
        &login("rarity(login.machine, within: 90 days) < 1%"),
    )
    .underlines("login.machine")
    .helps("login.asn");
    good(&login("rarity(login.asn, within: 90 days) < 1%"));
}

#[test]
fn usual_places_take_a_share() {
    let program = good(&login(
        "usual_distance(within: 90 days, least: 10%) >= 300 km",
    ));
    assert_eq!(program.queries[0].percentile, Some(0.1));
    expect_only(
        "E0315",
        &login("usual_distance(within: 90 days, least: 0%) >= 300 km"),
    );
}

#[test]
fn dates_are_whole_and_ordered() {
    good(
        "list holidays: date = [\"2026-10-01\"]\non login when login.date in holidays or now.date >= \"2026-12-24\" {\n    note \"x\"\n}\n",
    );
    expect_only("E0313", &login("login.date == \"2026-2-1\"")).underlines("\"2026-2-1\"");
    expect_only(
        "E0313",
        "list holidays: date = [\"2026-02-30\"]\non login when login.date in holidays {\n    note \"x\"\n}\n",
    );
}

#[test]
fn bands_are_what_suspicion_is_compared_with() {
    let rule = |condition: &str| login(condition);
    let signal = "signal x \"甲\" weight 90 {\n    when not login.legal\n}\nlet high = 80\n";
    let program = good(&format!(
        "{signal}{}{}{}{}",
        rule("suspicion >= 60"),
        rule("suspicion >= 60 and login.legal"),
        rule("high < suspicion"),
        rule("suspicion <= 10"),
    ));
    let band = |from, above| Band { from, above };
    assert_eq!(
        program.bands,
        [band(10.0, true), band(60.0, false), band(80.0, true)]
    );
    let bands = [0.0, 10.0, 11.0, 60.0, 80.0, 81.0].map(|score| program.band(score));
    assert_eq!(bands, [0, 0, 1, 2, 2, 3]);
}

#[test]
fn sending_later_stays_inside_the_platforms_window() {
    let rule =
        |after: &str| format!("on text \"x\" {{\n    send \"时间到了。\" after {after}\n}}\n");
    let program = good(&rule("47 hours"));
    let ActionKind::Send { after, .. } = &program.rules[0].body.actions[0].kind else {
        panic!("a send");
    };
    assert_eq!(*after, 47 * 3_600_000);
    expect_only("E0315", &rule("48 hours")).underlines("48 hours");
    expect_only("E0303", &rule("10")).helps("10 minutes");
    // Where nobody can be replied to, something can be sent.
    good("on locked {\n    send \"账号 {account.name} 已锁定。\"\n}\n");
}
