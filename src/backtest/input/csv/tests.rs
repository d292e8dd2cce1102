//! Pieces, headers, quotes without an end, encodings.

use std::io::{BufRead, BufReader};

use super::{MAX_COLUMNS, PIECE};
use crate::backtest::input::mapping::Mapping;
use crate::backtest::input::{InputError, InputReport, Options, Reason, Watch, read_stream};
use crate::backtest::needs::Columns;
use crate::backtest::table::Table;

/// The table of a stream called `x`, and what was told of it.
fn read(stream: impl BufRead, options: Options<'_>) -> Result<(Table, InputReport), InputError> {
    let mut table = Table::new(Columns::all());
    let (report, _) = read_stream("x", stream, &mut table, options, &Watch::default())?;
    Ok((table, report))
}

/// However many rows cannot be used, by so many threads.
fn lenient(threads: usize) -> Options<'static> {
    Options {
        max_unusable: 1.0,
        threads,
        ..Options::default()
    }
}

/// The reasons and how often each.
fn counts(report: &InputReport) -> Vec<(Reason, u64)> {
    let reasons = report.reasons.iter();
    reasons.map(|(reason, found)| (*reason, found.0)).collect()
}

/// Rows of three fields, the given ones with a quote that has no end; how many were lost and how many read.
fn with_open_quotes(open: impl Fn(usize) -> bool) -> (u64, usize) {
    const ROWS: usize = 40_000;
    let mut text = "account,time,success\n".to_owned();
    for row in 0..ROWS {
        let quote = if open(row) { "\"" } else { "" };
        text.push_str(&format!("{quote}a{row},{},1\n", 1_767_225_600 + row));
    }
    let (table, report) = read(text.as_bytes(), lenient(0)).expect("it reads");
    let lost = report.reasons.values().map(|found| found.0).sum();
    (lost, table.len())
}

#[test]
fn a_quote_too_many_costs_its_own_line_and_not_the_rest_of_the_file() {
    assert_eq!(with_open_quotes(|row| row == 50), (1, 39_999));
    assert_eq!(with_open_quotes(|row| row == 39_999), (1, 39_999));
    // One that another one closes is two lines at most.
    let (lost, read) = with_open_quotes(|row| row == 50 || row == 30_000);
    assert_eq!((lost, read), (2, 39_998));
    // Where they are many, each line they take along counts.
    let (lost, read) = with_open_quotes(|row| row % 500 == 0);
    assert_eq!(lost as usize + read, 40_000);
}

#[test]
fn another_encoding_and_labels_nobody_can_read_are_told() {
    let mapped = || Options {
        mapping: Mapping::parse(
            "[columns]\naccount = \"账号\"\ntime = \"时间\"\nsuccess = \"成功\"\n\
                      [labels]\nstolen = \"被盗\"\n",
        )
        .expect("a mapping"),
        ..lenient(0)
    };
    let text = "账号,时间,成功,被盗\na,1767225600,1,盗号\nb,1767225601,1,\nc,1767225602,1,是\n";
    let (_, report) = read(text.as_bytes(), mapped()).expect("it reads");
    assert_eq!(counts(&report), [(Reason::BadLabel, 1)]);
    // 账号,时间 as Excel writes them in China.
    let gbk = b"\xd5\xcb\xba\xc5,\xca\xb1\xbc\xe4\na,1767225600\n";
    let error = read(&gbk[..], mapped())
        .map(|_| ())
        .expect_err("another encoding")
        .to_string();
    assert!(error.contains("CSV UTF-8"), "{error}");
}

#[test]
fn places_not_on_earth_and_flags_nobody_can_read_are_left_out_and_told() {
    let csv = "account,time,success,lat,lon,legal,captcha\n\
               a,1767225600,1,39.9,116.4,1,\na,1767225601,1,99,999,perhaps,x\n";
    let json = "{\"account\":\"a\",\"time\":1767225600,\"success\":true,\"place\":{\"lat\":99,\"lon\":1}}\n";
    for (text, expected) in [
        (csv, vec![(Reason::BadNumber, 2), (Reason::BadFlag, 2)]),
        (json, vec![(Reason::BadNumber, 1)]),
    ] {
        let (table, report) = read(text.as_bytes(), lenient(0)).expect("it reads");
        assert_eq!(counts(&report), expected, "{text}");
        let last = table.len() as u32 - 1;
        assert_eq!(table.point(last), (None, None));
    }
}

#[test]
fn the_end_of_a_row_that_is_too_long_is_no_row() {
    let long = "x".repeat(3 * PIECE);
    for quote in ["", "\""] {
        let text = format!("account,time,success\n{quote}{long},1767225600,1\nb,1767225601,1\n");
        for threads in [1, 3] {
            // As a file comes: not all at once.
            let stream = BufReader::with_capacity(PIECE / 16, text.as_bytes());
            let (table, report) = read(stream, lenient(threads)).expect("it reads");
            assert_eq!(table.len(), 1);
            assert_eq!(table.accounts.text(0), "b");
            assert_eq!(report.unusable(), 1);
            let samples = &report.reasons[&Reason::Syntax].1;
            assert_eq!(samples[0].line, 2);
        }
    }
}

#[test]
fn a_header_of_more_columns_than_any_table_has_is_refused() {
    let rows = |columns: usize| {
        let more: String = (3..columns).map(|at| format!(",c{at}")).collect();
        let text = format!("account,time,success{more}\n");
        let row = format!("a,1767225600,1{}\n", ",".repeat(columns - 3));
        read((text + &row).as_bytes(), Options::default())
            .map(|(table, _)| table.len())
            .map_err(|error| error.to_string())
    };
    assert_eq!(rows(MAX_COLUMNS), Ok(1));
    for columns in [MAX_COLUMNS + 1, 1_000_000] {
        let error = rows(columns).expect_err("too many");
        assert!(error.starts_with("x: a header of ") && error.ends_with("16384 is the most"));
    }
}

#[test]
fn blank_lines_count_as_lines() {
    let csv = "\n\naccount,time,success\na,x,1\n";
    let json = "\n\n\n{\"account\":\"a\",\"time\":\"x\",\"success\":true}\n";
    for text in [csv, json] {
        // What was wrong is told also when nothing is left.
        let none = read(text.as_bytes(), lenient(0)).map(|_| ());
        let error = none.expect_err("no login").to_string();
        assert!(error.contains("x:4 “x”"), "{error}");
    }
}

#[test]
fn pieces_come_in_their_order_whoever_reads_them() {
    let mut text = "account,time,success,city\n".to_owned();
    let mut rows = 0_usize;
    while text.len() < 12 * PIECE {
        // Some rows hold a line break, some cannot be used.
        let (city, time) = match rows % 7 {
            0 => ("\"北\n京\"", "x"),
            1 => ("\"北\n京\"", "1767225600"),
            _ => ("", "1767225600"),
        };
        text += &format!("a{rows:07},{time},1,{city}\n");
        rows += 1;
    }
    let by = |threads: usize| {
        let (table, report) = read(text.as_bytes(), lenient(threads)).expect("it reads");
        (table, format!("{:?}", report.reasons))
    };
    let (one, told) = by(1);
    assert_eq!(one.len(), rows - rows.div_ceil(7));
    let names = (0..one.len() as u32).map(|row| one.accounts.text(row));
    assert!(names.is_sorted(), "in the order of the file");
    for threads in [2, 3, 5] {
        let (more, same) = by(threads);
        assert_eq!(same, told, "{threads} threads");
        assert_eq!(more.account, one.account, "{threads} threads");
        assert_eq!(more.time, one.time, "{threads} threads");
    }
}

#[test]
fn whatever_separates_columns_is_told_by_the_header_or_by_a_line_before_it() {
    for (before, separator) in [
        ("", ","),
        ("", ";"),
        ("", "\t"),
        ("", "|"),
        ("sep=;\n", ";"),
        ("SEP=,\r\n", ","),
        ("\u{feff}sep=^\n", "^"),
    ] {
        let rows = "account,time,success\na,1767225600,1\nb,x,1\n".replace(',', separator);
        let text = before.to_owned() + &rows;
        let (table, report) = read(text.as_bytes(), lenient(1)).expect("read");
        assert_eq!(table.len(), 1, "{text}");
        let (_, samples) = &report.reasons[&Reason::BadTime];
        // Lines are counted from the first of the file.
        assert_eq!(
            samples[0].line,
            if before.is_empty() { 3 } else { 4 },
            "{text}"
        );
    }
    // A column may be called so.
    let (table, _) = read(
        &b"sep=x,account,time,success\n1,a,1767225600,1\n"[..],
        lenient(1),
    )
    .expect("read");
    assert_eq!(table.len(), 1);
}
