//! Times as people write them, and those nobody means.

use super::*;

#[test]
fn times_nobody_can_mean_are_none() {
    let at = |text: &str| parse(text, &Format::Usual, &TimeZone::UTC);
    for odd in [
        "-8648951166613183870",
        "9223372036854775807",
        "99999999999999999999999999",
        "9999-12-31T00:00:00Z",
        "1970-01-01 00:00:00",
        "1989-12-31T23:59:59Z",
        "0",
        // A day; minutes of one; milliseconds cut short; hours since the epoch.
        "20260105",
        "202601050930",
        "176722560",
        "490896",
        // A mere day of a spreadsheet, and what is none of its days.
        "43864",
        "12.5",
        "490896.5",
        "-1767225600",
    ] {
        assert_eq!(at(odd), Err(Reason::OddTime), "{odd}");
    }
    assert_eq!(at("1990-01-01T00:00:00Z"), Ok(MEANT_FROM));
    assert_eq!(at("2200-01-01T00:00:00Z"), Ok(*USABLE.end()));
    for wrong in [
        "2026-01-05T09:00:00+25:00",
        "2026-01-05T09:00:00-15:00",
        "2026-01-05T09:00:00+08:60",
        "2026-01-05T09:00:00+0a8:0b0",
        "2026-01-05T09:00:00+8",
        "2026-01-05T09:00:00+é",
    ] {
        assert_eq!(at(wrong), Err(Reason::BadTime), "{wrong}");
    }
    let pattern = Format::Pattern("%Y-%m-%d %H:%M %z".to_owned());
    let at = |text: &str| parse(text, &pattern, &TimeZone::UTC);
    assert_eq!(at("2026-01-05 09:00 +0800"), Ok(1_767_574_800_000));
    assert_eq!(at("2026-01-05 09:00 +2500"), Err(Reason::BadTime));
    assert_eq!(at("1026-01-05 09:00 +0800"), Err(Reason::OddTime));
}

#[test]
fn times_of_all_kinds() {
    let utc = TimeZone::UTC;
    let shanghai = TimeZone::get("Asia/Shanghai").unwrap();
    let usual = |text: &str| parse(text, &Format::Usual, &utc).ok();
    assert_eq!(usual("2020-02-03 12:43:30.772"), Some(1_580_733_810_772));
    assert_eq!(usual("2020-02-03 12:43:30"), Some(1_580_733_810_000));
    assert_eq!(usual("2020-02-03T12:43:30Z"), Some(1_580_733_810_000));
    assert_eq!(usual("2020-02-03T20:43:30+08:00"), Some(1_580_733_810_000));
    assert_eq!(usual("2020-02-03T20:43:30.5+0800"), Some(1_580_733_810_500));
    assert_eq!(usual("1580733810"), Some(1_580_733_810_000));
    assert_eq!(usual("1580733810.25"), Some(1_580_733_810_250));
    assert_eq!(usual("1580733810772"), Some(1_580_733_810_772));
    assert_eq!(usual("1580733810772.9"), Some(1_580_733_810_772));
    assert_eq!(usual("1580733810772123"), Some(1_580_733_810_772));
    assert_eq!(usual("1580733810772123456"), Some(1_580_733_810_772));
    assert_eq!(usual("20200203124330"), Some(1_580_733_810_000));
    assert_eq!(usual("20200203124330772"), Some(1_580_733_810_772));
    assert_eq!(usual("2020-02-03T20:43:30+08"), Some(1_580_733_810_000));
    assert_eq!(
        parse("20200203204330", &Format::Usual, &shanghai),
        Ok(1_580_733_810_000)
    );
    assert_eq!(
        parse("2020-02-03 20:43:30", &Format::Usual, &shanghai),
        Ok(1_580_733_810_000)
    );
    for excel in [
        "2020/2/3 20:43",
        "2020/02/03 20:43:00",
        "2020-02-03 20:43",
        "2020-2-3 20:43:00",
    ] {
        let at = parse(excel, &Format::Usual, &shanghai);
        assert_eq!(at, Ok(1_580_733_780_000), "{excel}");
    }
    for sheet in [
        "2020年2月3日 20:43",
        "2020年02月03日 20:43:00",
        "2020年2月3日20时43分",
        "2020年2月3日 20时43分00秒",
        "Mon, 03 Feb 2020 12:43:00 GMT",
        "Mon, 3 Feb 2020 20:43:00 +0800",
        "43864.8631944444",
    ] {
        let at = parse(sheet, &Format::Usual, &shanghai);
        assert_eq!(at, Ok(1_580_733_780_000), "{sheet}");
    }
    assert_eq!(usual("43864.5"), Some(1_580_731_200_000));
    for wrong in [
        "",
        "2020年2月3日",
        "2020年2月30日 9:00",
        "2020年",
        "Mon, 33 Feb 2020 12:43:00 GMT",
        "2020/2/30 9:00",
        "3/2/2020 9:00",
        "2020/2/3 9:00 PM",
        "2020/2/3",
        "2020/2/3 9:60",
        "2020/+2/3 9:00",
        "yesterday",
        "2020-13-03 12:43:30",
        "2021-02-29 00:00:00",
        "12:43",
    ] {
        assert_eq!(usual(wrong), None, "{wrong}");
    }
    let pattern = Format::Pattern("%d/%m/%Y %H:%M".to_owned());
    assert_eq!(
        parse("03/02/2020 20:43", &pattern, &shanghai),
        Ok(1_580_733_780_000)
    );
}

#[test]
fn relative_times_count_from_the_moment_that_is_named() {
    let shanghai = TimeZone::get("Asia/Shanghai").unwrap();
    let start = epoch("2026-01-05", &shanghai).unwrap();
    assert_eq!(start, 1_767_542_400_000);
    assert_eq!(epoch("2026-01-04T16:00:00Z", &shanghai), Some(start));
    assert_eq!(epoch("1767542400", &shanghai), Some(start));
    assert_eq!(epoch("noon", &shanghai), None);
    let at = |text: &str, unit: Unit| {
        let format = Format::Since { epoch: start, unit };
        parse(text, &format, &shanghai).map(|at| at - start)
    };
    assert_eq!(at("1", Unit::Seconds), Ok(1_000));
    assert_eq!(at("5011199.25", Unit::Seconds), Ok(5_011_199_250));
    assert_eq!(at("-60", Unit::Seconds), Ok(-60_000));
    assert_eq!(at("1500", Unit::Milliseconds), Ok(1_500));
    assert_eq!(at("1500400", Unit::Microseconds), Ok(1_500));
    assert_eq!(at("0.5", Unit::Days), Ok(DAY / 2));
    assert_eq!(at("2", Unit::Hours), Ok(DAY / 12));
    assert_eq!(at("3", Unit::Minutes), Ok(180_000));
    for wrong in ["", "x", "1e3", "inf", "nan", "1 2", "2026-01-05 00:00:00"] {
        assert_eq!(at(wrong, Unit::Seconds), Err(Reason::BadTime), "{wrong}");
    }
    for odd in ["99999999999", "99999999999999999999999999", "-99999999999"] {
        assert_eq!(at(odd, Unit::Seconds), Err(Reason::OddTime), "{odd}");
    }
}

#[test]
fn the_quick_reader_agrees_with_jiff() {
    for day in (7_400..84_000).step_by(97) {
        let at = Timestamp::from_second(day * 86_400 + 3_723).unwrap();
        let text = at.to_string();
        assert_eq!(
            parse(&text, &Format::Usual, &TimeZone::UTC),
            Ok(at.as_millisecond()),
            "{text}"
        );
    }
}
