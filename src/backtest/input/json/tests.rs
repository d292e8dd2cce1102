use std::io::BufReader;

use super::{MAX_ACCOUNT, MAX_LINE, MAX_TEXT};
use crate::backtest::input::{InputReport, Mapping, Options, Reason, Sample, Watch, read_stream};
use crate::backtest::needs::{Columns, Need};
use crate::backtest::table::{CAPTCHA, KNOWN, LEGAL, SUCCESS, Table};
use crate::lang::diagnostics::Language;

#[test]
fn what_is_longer_than_any_login_is_one_unusable_row() {
    let line = |account: &str, agent: &str| {
        format!(
            "{{\"account\":\"{account}\",\"time\":\"1767225600\",\"success\":true,\"user_agent\":\"{agent}\"}}\n"
        )
    };
    let row = |account: &str, agent: &str| format!("{account},1767225600,1,{agent}\n");
    let long = |n: usize| "x".repeat(n);
    let all = |line: &dyn Fn(&str, &str) -> String| {
        [
            line("a", &long(3 * MAX_LINE)),
            line(&long(3 * MAX_LINE), "x"),
            line(&long(MAX_ACCOUNT + 1), "x"),
            line(&long(MAX_ACCOUNT), "x"),
            line("b", &long(MAX_TEXT + 1)),
            line("c", &long(MAX_TEXT)),
        ]
        .concat()
    };
    let csv = "account,time,success,user_agent\n".to_owned() + &all(&row);
    for text in [all(&line), csv] {
        let mut table = Table::new(Columns::all());
        let options = Options {
            max_unusable: 1.0,
            ..Options::default()
        };
        // As a file comes: not all at once.
        let stream = BufReader::with_capacity(1 << 16, text.as_bytes());
        let read = read_stream("x", stream, &mut table, options, &Watch::default());
        let (report, _) = read.expect("it reads");
        let told: Vec<_> = report
            .reasons
            .iter()
            .map(|(reason, (count, _))| (*reason, *count))
            .collect();
        assert_eq!(
            told,
            [
                (Reason::Syntax, 2),
                (Reason::LongAccount, 1),
                (Reason::LongText, 1)
            ]
        );
        let lengths = |row: u32| {
            let account = table.accounts.text(table.account[row as usize]);
            (account.len(), table.text(Need::Agent, row).len())
        };
        let kept: Vec<_> = (0..table.len() as u32).map(lengths).collect();
        assert_eq!(kept, [(MAX_ACCOUNT, 1), (1, 0), (1, MAX_TEXT)]);
    }
}

#[test]
fn what_is_written_otherwise_is_read_and_what_cannot_be_is_shown() {
    let lines = [
        r#"{"account":7,"time":1767225600,"success":1,"labels":{"attack":"no","x":null}}"#,
        r#"{"account":"7","time":1767225600500,"success":"成功","labels":{"attack":true}}"#,
        r#"{"account":"b","time":1767225600,"success":"perhaps"}"#,
        r#"{"account":"b","time":1767225600,"success":true,"labels":{"attack":"maybe"}}"#,
        r#"{"account":["b"],"time":1767225600,"success":true}"#,
        "not JSON",
    ];
    let mut table = Table::new(Columns::all());
    let options = Options {
        max_unusable: 1.0,
        ..Options::default()
    };
    let text = lines.join("\n");
    let read = read_stream("x", text.as_bytes(), &mut table, options, &Watch::default());
    let (report, _) = read.expect("it reads");
    let told: Vec<_> = report
        .reasons
        .iter()
        .flat_map(|(reason, (_, samples))| {
            let told = |text: &Option<String>| text.clone().unwrap_or_default();
            samples
                .iter()
                .map(move |sample| (*reason, told(&sample.text)))
        })
        .collect();
    let told: Vec<_> = told
        .iter()
        .map(|(why, text)| (*why, text.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (Reason::Syntax, "not JSON"),
            (Reason::BadAccount, "[\"b\"]"),
            (Reason::BadSuccess, "perhaps"),
            (Reason::BadLabel, "maybe"),
        ]
    );
    assert_eq!(
        table.time,
        [1_767_225_600_000, 1_767_225_600_000, 1_767_225_600_500]
    );
    let labels = [0, 1, 2].map(|row| table.labels_of(row).get(0));
    assert_eq!(labels, [Some(false), None, Some(true)]);
}

/// What was lost, in words: reason, field and text.
fn lost(report: &InputReport) -> Vec<(Reason, String)> {
    let all = report.reasons.iter();
    all.flat_map(|(reason, (_, samples))| {
        let words = |sample: &Sample| (*reason, sample.words("x", Language::En));
        samples.iter().map(words).collect::<Vec<_>>()
    })
    .collect()
}

fn read_all(lines: &[&str], mapping: &str) -> (Table, InputReport) {
    let mut table = Table::new(Columns::all());
    let options = Options {
        mapping: Mapping::parse(mapping).expect("a mapping"),
        max_unusable: 1.0,
        ..Options::default()
    };
    let text = lines.join("\n");
    let read = read_stream("x", text.as_bytes(), &mut table, options, &Watch::default());
    let (report, _) = read.expect("it reads");
    (table, report)
}

#[test]
fn every_field_is_read_as_generously_as_a_column_of_csv() {
    let (table, report) = read_all(
        &[
            // Numbers for texts, texts for numbers, empty for missing.
            r#"{"id":1,"account":7,"time":"1767225600","success":"1","machine":5,"ip":"","user_agent":12,
               "session":3.5,"channel":true,"legal":"no","captcha":"是","known":0,
               "place":{"country":"-","region":86,"city":" 北京 ","lat":"39.9","lon":"116.4","asn":"AS4134","isp":null}}"#
                .replace('\n', "")
                .as_str(),
            // As rows of CSV turned into JSON have it.
            r#"{"account":"8","time":1767225601,"success":true,"city":"上海","asn":64513.0,"lat":"","label_attack":"yes","browser":"Edge"}"#,
            r#"{"account":"9","time":1767225602,"success":true,"place":null,"labels":null,"session":"a\u0062\n"}"#,
        ],
        "",
    );
    assert_eq!(lost(&report), []);
    let text = |need: Need, row: u32| table.text(need, row).to_owned();
    assert_eq!(table.len(), 3);
    let needs = [
        Need::Id,
        Need::Machine,
        Need::Ip,
        Need::Agent,
        Need::Session,
        Need::Channel,
    ];
    let first = needs.map(|need| text(need, 0));
    assert_eq!(first, ["1", "5", "", "12", "3.5", "true"]);
    let place = [Need::Country, Need::Region, Need::City, Need::Isp].map(|need| text(need, 0));
    assert_eq!(place, ["", "86", "北京", ""]);
    assert_eq!(
        (table.point(0), table.asn(0)),
        ((Some(39.9), Some(116.4)), Some(4_134))
    );
    let flags = [KNOWN, LEGAL, CAPTCHA, SUCCESS].map(|flag| table.has(0, flag));
    assert_eq!(flags, [false, false, true, true]);
    assert_eq!(
        (text(Need::City, 1), table.asn(1)),
        ("上海".to_owned(), Some(64_513))
    );
    assert_eq!(
        (text(Need::Browser, 1), table.point(1)),
        ("Edge".to_owned(), (None, None))
    );
    assert_eq!(
        (&table.label_names[..], table.labels_of(1).get(0)),
        (&["attack".to_owned()][..], Some(true))
    );
    assert_eq!(text(Need::Session, 2), "ab");
}

#[test]
fn a_field_of_the_wrong_kind_is_told_with_its_name_and_left_out() {
    let with = |more: &str| format!(r#"{{"account":"a","time":1767225600,"success":true,{more}}}"#);
    let lines = [
        with(r#""user_agent":{"raw":"x"}"#),
        with(r#""place":"北京""#),
        with(r#""place":{"city":["x"],"lat":"north","lon":200}"#),
        with(r#""legal":"perhaps","labels":[1]"#),
        with(r#""labels":{"attack":{"a":1}}"#),
        with(r#""time":1767225601"#),
        with(r#""place":{"city":"a","city":"b"}"#),
        with(r#""ip":"nowhere""#),
        "[1,2]".to_owned(),
        r#"{"account":"a","time":[1],"success":true}"#.to_owned(),
        r#"{"account":"a","time":20260105,"success":true}"#.to_owned(),
        r#"{"account":"a","time":1767225600,"success":{}}"#.to_owned(),
        r#"{"account":"a","time":1767225600}"#.to_owned(),
        r#"{"account":"-","time":1767225600,"success":1}"#.to_owned(),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let (table, report) = read_all(&lines, "");
    assert_eq!((table.len(), report.unusable()), (6, 8));
    let told = lost(&report);
    let told: Vec<_> = told
        .iter()
        .map(|(why, text)| (*why, text.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (Reason::Syntax, "x:9 “[1,2]”"),
            (Reason::Twice, "x:6 time"),
            (Reason::Twice, "x:7 place.city"),
            (Reason::NoAccount, "x:14"),
            (Reason::BadTime, "x:10 “[1]”"),
            (Reason::OddTime, "x:11 “20260105”"),
            (Reason::BadSuccess, "x:12 “{}”"),
            (Reason::BadSuccess, "x:13"),
            (Reason::BadIp, "x:8 “nowhere”"),
            (Reason::BadNumber, "x:3 lat “north”"),
            (Reason::BadNumber, "x:3 lon “200”"),
            (Reason::BadLabel, "x:5 attack “{\"a\":1}”"),
            (Reason::BadFlag, "x:4 legal “perhaps”"),
            (Reason::WrongKind, "x:1 user_agent “{\"raw\":\"x\"}”"),
            (Reason::WrongKind, "x:2 place “北京”"),
            (Reason::WrongKind, "x:3 city “[\"x\"]”"),
        ]
    );
    assert_eq!(
        report.reasons[&Reason::WrongKind].0,
        4,
        "and labels, not shown"
    );
}

#[test]
fn a_mapping_holds_for_lines_of_json_too() {
    let (table, report) = read_all(
        &[
            r#"{"who":"a","at":"05/01/2026 09:00","success":"J","is_fraud":"N","town":"北京","city":"x"}"#,
            r#"{"who":"(none)","at":"05/01/2026 09:01","success":"N","is_fraud":"J"}"#,
        ],
        "[columns]\naccount = \"who\"\ntime = \"at\"\ncity = \"town\"\n[labels]\nstolen = \"is_fraud\"\n\
         [time]\nformat = \"%d/%m/%Y %H:%M\"\nzone = \"Asia/Shanghai\"\n\
         [values]\nyes = [\"J\"]\nno = [\"N\"]\nunknown_accounts = [\"(none)\"]\n",
    );
    assert_eq!(lost(&report), []);
    assert_eq!(table.time, [1_767_574_800_000, 1_767_574_860_000]);
    assert_eq!(table.text(Need::City, 0), "北京");
    assert_eq!(table.label_names, ["stolen"]);
    let labels = [0, 1].map(|row| table.labels_of(row).get(0));
    assert_eq!(labels, [Some(false), Some(true)]);
    assert_eq!([0, 1].map(|row| table.has(row, KNOWN)), [true, false]);
}

#[test]
fn a_mapping_reaches_into_objects() {
    let line = |inside: &str| {
        format!(
            "{{\"published\":\"2026-01-05T08:00:00Z\",\"actor\":{{\"id\":\"alice\"}},{inside},\"outcome\":{{\"result\":\"OK\"}},\"a.b\":\"x\"}}\n"
        )
    };
    let text = [
        line("\"client\":{\"geo\":{\"city\":\"北京\",\"fraud\":true},\"ip\":\"10.0.0.1\"}"),
        line("\"client\":\"none\""),
        line("\"client\":{\"ip\":\"10.0.0.1\",\"ip\":\"10.0.0.2\"}"),
    ]
    .concat();
    let mapping = Mapping::parse(
        "[columns]\naccount = \"actor.id\"\ntime = \"published\"\nsuccess = \"outcome.result\"\n\
         city = \"client.geo.city\"\nip = \"client.ip\"\nmachine = \"a.b\"\n\
         [labels]\nfraud = \"client.geo.fraud\"\n[values]\nyes = [\"OK\"]\n",
    )
    .expect("a mapping");
    let mut table = Table::new(Columns::all());
    let options = Options {
        mapping,
        max_unusable: 1.0,
        ..Options::default()
    };
    let stream = BufReader::new(text.as_bytes());
    let read = read_stream("x", stream, &mut table, options, &Watch::default());
    let (report, _) = read.expect("it reads");
    assert_eq!(report.reasons[&Reason::Twice].0, 1);
    assert_eq!(table.len(), 2);
    let said = |row: u32| [Need::City, Need::Ip, Need::Machine].map(|need| table.text(need, row));
    assert_eq!(said(0), ["北京", "10.0.0.1", "x"]);
    assert_eq!(said(1), ["", "", "x"]);
    assert_eq!(table.accounts.text(table.account[0]), "alice");
    assert_eq!(table.labels_of(0).get(0), Some(true));
    assert_eq!(table.labels_of(1).get(0), None);
}
