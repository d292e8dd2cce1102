//! Pieces, headers, quotes without an end, encodings.

use std::io::BufReader;

use super::{MAX_COLUMNS, PIECE};
use crate::backtest::input::mapping::Mapping;
use crate::backtest::input::{Options, Reason, Watch, read_stream};
use crate::backtest::needs::Columns;
use crate::backtest::table::Table;

/// Rows of three fields, the given ones with a quote that has no end; how many were lost and how many read.
fn with_open_quotes(open: impl Fn(usize) -> bool) -> (u64, usize) {
    const ROWS: usize = 40_000;
    let mut text = "account,time,success\n".to_owned();
    for row in 0..ROWS {
        let quote = if open(row) { "\"" } else { "" };
        text.push_str(&format!("{quote}a{row},{},1\n", 1_767_225_600 + row));
    }
    let mut table = Table::new(Columns::all());
    let options = Options {
        max_unusable: 1.0,
        ..Options::default()
    };
    let read = read_stream("x", text.as_bytes(), &mut table, options, &Watch::default());
    let (report, _) = read.expect("it reads");
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
    let read = |text: &[u8]| {
        let mut table = Table::new(Columns::all());
        let options = Options {
            mapping: Mapping::parse(
                "[columns]\naccount = \"账号\"\ntime = \"时间\"\nsuccess = \"成功\"\n\
                      [labels]\nstolen = \"被盗\"\n",
            )
            .expect("a mapping"),
            max_unusable: 1.0,
            ..Options::default()
        };
        read_stream("x", text, &mut table, options, &Watch::default())
    };
    let text = "账号,时间,成功,被盗\na,1767225600,1,盗号\nb,1767225601,1,\nc,1767225602,1,是\n";
    let (report, _) = read(text.as_bytes()).expect("it reads");
    let told: Vec<_> = report
        .reasons
        .iter()
        .map(|(reason, found)| (*reason, found.0))
        .collect();
    assert_eq!(told, [(Reason::BadLabel, 1)]);
    // 账号,时间 as Excel writes them in China.
    let gbk = b"\xd5\xcb\xba\xc5,\xca\xb1\xbc\xe4\na,1767225600\n";
    let error = read(gbk)
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
        let mut table = Table::new(Columns::all());
        let options = Options {
            max_unusable: 1.0,
            ..Options::default()
        };
        let watch = Watch::default();
        let (report, _) =
            read_stream("x", text.as_bytes(), &mut table, options, &watch).expect("it reads");
        let told: Vec<_> = report
            .reasons
            .iter()
            .map(|(reason, found)| (*reason, found.0))
            .collect();
        assert_eq!(told, expected, "{text}");
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
            let mut table = Table::new(Columns::all());
            let options = Options {
                max_unusable: 1.0,
                threads,
                ..Options::default()
            };
            let watch = Watch::default();
            // As a file comes: not all at once.
            let stream = BufReader::with_capacity(PIECE / 16, text.as_bytes());
            let read = read_stream("x", stream, &mut table, options, &watch);
            let (report, _) = read.expect("it reads");
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
    let read = |columns: usize| {
        let more: String = (3..columns).map(|at| format!(",c{at}")).collect();
        let text = format!("account,time,success{more}\n");
        let row = format!("a,1767225600,1{}\n", ",".repeat(columns - 3));
        let mut table = Table::new(Columns::all());
        let options = Options::default();
        let text = text + &row;
        let read = read_stream("x", text.as_bytes(), &mut table, options, &Watch::default());
        read.map(|_| table.len()).map_err(|error| error.to_string())
    };
    assert_eq!(read(MAX_COLUMNS), Ok(1));
    for columns in [MAX_COLUMNS + 1, 1_000_000] {
        let error = read(columns).expect_err("too many");
        assert!(error.starts_with("x: a header of ") && error.ends_with("16384 is the most"));
    }
}

#[test]
fn blank_lines_count_as_lines() {
    let csv = "\n\naccount,time,success\na,x,1\n";
    let json = "\n\n\n{\"account\":\"a\",\"time\":\"x\",\"success\":true}\n";
    for text in [csv, json] {
        let mut table = Table::new(Columns::all());
        let read = read_stream(
            "x",
            text.as_bytes(),
            &mut table,
            Options {
                max_unusable: 1.0,
                ..Options::default()
            },
            &Watch::default(),
        );
        // What was wrong is told also when nothing is left.
        let error = read.map(|_| ()).expect_err("no login").to_string();
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
    let read = |threads: usize| {
        let mut table = Table::new(Columns::all());
        let options = Options {
            max_unusable: 1.0,
            threads,
            ..Options::default()
        };
        let watch = Watch::default();
        let (report, _) =
            read_stream("x", text.as_bytes(), &mut table, options, &watch).expect("it reads");
        (table, format!("{:?}", report.reasons))
    };
    let (one, told) = read(1);
    assert_eq!(one.len(), rows - rows.div_ceil(7));
    let names = (0..one.len() as u32).map(|row| one.accounts.text(row));
    assert!(names.is_sorted(), "in the order of the file");
    for threads in [2, 3, 5] {
        let (more, same) = read(threads);
        assert_eq!(same, told, "{threads} threads");
        assert_eq!(more.account, one.account, "{threads} threads");
        assert_eq!(more.time, one.time, "{threads} threads");
    }
}
