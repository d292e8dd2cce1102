//! Lines of JSON: what `POST /v1/logins` takes, or the export of a store.
//!
//! Besides the fields of a report a line may have `legal`, `known`, `captcha` and `labels`
//! (`{"stolen": true}`).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::io::BufRead;
use std::marker::PhantomData;
use std::net::IpAddr;
use std::ops::Deref;

use jiff::tz::TimeZone;
use memchr::memchr;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

use super::batch::MAX_ROW_BYTES;
use super::time::{self, Format};
use super::{MAX_ACCOUNT, MAX_TEXT, Reading, Reason, Stop, store};
use crate::backtest::table::Login;

/// Longest line of a login: as long as a row of CSV may be.
const MAX_LINE: usize = MAX_ROW_BYTES;
/// Longest line of an export, which may hold the text of a rule file.
const MAX_EXPORTED: usize = 16 << 20;

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, default)]
    id: Option<Written<'a>>,
    #[serde(borrow, default)]
    account: Option<Written<'a>>,
    #[serde(borrow, default)]
    time: Option<Written<'a>>,
    #[serde(borrow, default)]
    success: Option<Written<'a>>,
    #[serde(borrow, default)]
    machine: Option<Written<'a>>,
    #[serde(borrow, default)]
    ip: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    place: Option<Place<'a>>,
    #[serde(borrow, default)]
    user_agent: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    reason: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    session: Option<Written<'a>>,
    #[serde(borrow, default)]
    channel: Option<Cow<'a, str>>,
    #[serde(default)]
    legal: Option<bool>,
    #[serde(default)]
    known: Option<bool>,
    #[serde(default)]
    captcha: Option<bool>,
    #[serde(borrow, default)]
    labels: BTreeMap<Cow<'a, str>, Option<Written<'a>>>,
}

#[derive(Deserialize, Default)]
struct Place<'a> {
    #[serde(borrow, default)]
    country: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    region: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    city: Option<Cow<'a, str>>,
    #[serde(default)]
    lat: Option<f64>,
    #[serde(default)]
    lon: Option<f64>,
    #[serde(default)]
    asn: Option<u32>,
    #[serde(borrow, default)]
    isp: Option<Cow<'a, str>>,
}

/// A text, or a number or yes and no as it is written: logs are not all as strict as the API.
struct Written<'a>(Cow<'a, str>);

impl Deref for Written<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Written<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Any(PhantomData))
    }
}

struct Any<'a>(PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for Any<'a> {
    type Value = Written<'a>;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a text, a number, true or false")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Written<'a>, E> {
        Ok(Written(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Written<'a>, E> {
        Ok(Written(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E: Error>(self, yes: bool) -> Result<Written<'a>, E> {
        Ok(Written(Cow::Borrowed(if yes { "true" } else { "false" })))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Written<'a>, E> {
        Ok(Written(Cow::Owned(number.to_string())))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Written<'a>, E> {
        Ok(Written(Cow::Owned(number.to_string())))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Written<'a>, E> {
        Ok(Written(Cow::Owned(number.to_string())))
    }
}

/// Lines room is made for at a time.
const ROOM_FOR: usize = 4_096;

/// `blank` lines were read before.
pub(super) fn read(
    stream: &mut impl BufRead,
    blank: u64,
    reading: &mut Reading<'_, '_>,
) -> Result<&'static str, Stop> {
    let mut bytes = Vec::new();
    let mut number = blank;
    let (mut given, mut counted) = (0_u64, 0_u64);
    let mut exported: Option<store::Exported> = None;
    loop {
        let most = match exported {
            Some(_) => MAX_EXPORTED,
            None => MAX_LINE,
        };
        let length = next_line(stream, &mut bytes, most)?;
        if length == 0 {
            break;
        }
        number += 1;
        given += length;
        if number.is_multiple_of(ROOM_FOR as u64) {
            reading.make_room(ROOM_FOR, (given - counted) as usize, given);
            counted = given;
        }
        if length > most as u64 {
            reading.note(Reason::Syntax, number);
            continue;
        }
        let line = bytes.trim_ascii();
        if line.is_empty() {
            continue;
        }
        if number == blank + 1 && store::is_header(line) {
            exported = Some(store::Exported::new(reading)?);
            continue;
        }
        match &mut exported {
            Some(exported) => exported.line(line, number, reading)?,
            None => take(line, number, reading)?,
        }
        if !reading.goes_on(number) {
            break;
        }
    }
    Ok(match exported {
        Some(_) => "export",
        None => "NDJSON",
    })
}

/// Reads a line: how many bytes it has, 0 at the end. Of one that is too long only the beginning is kept.
fn next_line(stream: &mut impl BufRead, line: &mut Vec<u8>, most: usize) -> std::io::Result<u64> {
    line.clear();
    let mut length = 0;
    loop {
        let buffer = stream.fill_buf()?;
        let end = memchr(b'\n', buffer).map(|at| at + 1);
        let n = end.unwrap_or(buffer.len());
        let room = most.saturating_sub(line.len());
        line.extend_from_slice(&buffer[..n.min(room)]);
        length += n as u64;
        stream.consume(n);
        if end.is_some() || n == 0 {
            return Ok(length);
        }
    }
}

fn take(line: &[u8], number: u64, reading: &mut Reading<'_, '_>) -> Result<(), Stop> {
    let Ok(text) = std::str::from_utf8(line) else {
        reading.note(Reason::Encoding, number);
        return Ok(());
    };
    let parsed = match serde_json::from_str::<Line<'_>>(text) {
        Ok(parsed) => parsed,
        Err(error) => {
            // What field is wrong, without where: the line is told. Of what is no JSON, how it begins.
            let said = error.to_string();
            let said = match error.is_data() {
                true => said.split(" at line ").next(),
                false => Some(text),
            };
            reading.note_text(Reason::Syntax, number, said);
            return Ok(());
        }
    };
    match login(&parsed, number, reading)? {
        Ok(login) => reading.push(login, number),
        Err(reason) => {
            let text = match reason {
                Reason::BadTime => parsed.time.as_deref(),
                Reason::BadSuccess => parsed.success.as_deref(),
                _ => None,
            };
            reading.note_text(reason, number, text);
            Ok(())
        }
    }
}

fn login<'l>(
    line: &'l Line<'_>,
    number: u64,
    reading: &mut Reading<'_, '_>,
) -> Result<Result<Login<'l>, Reason>, Stop> {
    let text = |text: &'l Option<Cow<'_, str>>| text.as_deref().unwrap_or_default();
    let written = |text: &'l Option<Written<'_>>| text.as_deref().unwrap_or_default();
    let account = written(&line.account);
    if account.trim().is_empty() {
        return Ok(Err(Reason::NoAccount));
    }
    if account.len() > MAX_ACCOUNT {
        return Ok(Err(Reason::LongAccount));
    }
    let Some(time) = line.time.as_deref() else {
        return Ok(Err(Reason::NoTime));
    };
    let zone = reading.options.zone.clone().unwrap_or(TimeZone::UTC);
    let Some(time) = time::parse(time, &Format::Usual, &zone) else {
        return Ok(Err(Reason::BadTime));
    };
    let truth = |text: &str| reading.options.mapping.truth(text);
    let Some(success) = line.success.as_deref().and_then(truth) else {
        return Ok(Err(Reason::BadSuccess));
    };
    let mut ip = text(&line.ip);
    if !ip.is_empty() && ip.parse::<IpAddr>().is_err() {
        reading.note_text(Reason::BadIp, number, Some(ip));
        ip = "";
    }
    let (mut labels, mut labelled) = (0, 0);
    for (name, said) in &line.labels {
        let bit = reading.label(name)?;
        let said = said
            .as_deref()
            .filter(|said| !reading.options.mapping.is_missing(said));
        let Some(said) = said else { continue };
        let Some(yes) = reading.options.mapping.truth(said) else {
            reading.note_text(Reason::BadLabel, number, Some(said));
            continue;
        };
        labelled |= 1 << bit;
        labels |= u8::from(yes) << bit;
    }
    let place = line.place.as_ref();
    let of = |get: fn(&'l Place<'_>) -> &'l Option<Cow<'l, str>>| {
        place
            .and_then(|place| get(place).as_deref())
            .unwrap_or_default()
    };
    let mut login = Login {
        time,
        arrival: None,
        id: written(&line.id),
        account,
        known: line.known.unwrap_or(true),
        success,
        judged: false,
        captcha: line.captcha.unwrap_or(false),
        legal: line.legal,
        machine: written(&line.machine),
        ip,
        country: of(|place| &place.country),
        region: of(|place| &place.region),
        city: of(|place| &place.city),
        lat: place.and_then(|place| place.lat),
        lon: place.and_then(|place| place.lon),
        asn: place.and_then(|place| place.asn),
        isp: of(|place| &place.isp),
        agent: text(&line.user_agent),
        browser: "",
        os: "",
        device: "",
        reason: text(&line.reason),
        channel: text(&line.channel),
        session: written(&line.session),
        labels,
        labelled,
    };
    if without_long_texts(&mut login) {
        reading.note(Reason::LongText, number);
    }
    Ok(Ok(login))
}

/// Leaves out texts that are too long. Whether there was one.
fn without_long_texts(login: &mut Login<'_>) -> bool {
    let texts = [
        &mut login.id,
        &mut login.machine,
        &mut login.ip,
        &mut login.country,
        &mut login.region,
        &mut login.city,
        &mut login.isp,
        &mut login.agent,
        &mut login.reason,
        &mut login.channel,
        &mut login.session,
    ];
    let mut any = false;
    for text in texts.into_iter().filter(|text| text.len() > MAX_TEXT) {
        *text = "";
        any = true;
    }
    any
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::{MAX_ACCOUNT, MAX_LINE, MAX_TEXT};
    use crate::backtest::input::{Options, Reason, Watch, read_stream};
    use crate::backtest::needs::{Columns, Need};
    use crate::backtest::table::Table;

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
                (Reason::Syntax, "invalid type: sequence, expected a text,…"),
                (Reason::Syntax, "not JSON"),
                (Reason::BadSuccess, "perhaps"),
                (Reason::BadLabel, "maybe"),
            ]
        );
        assert_eq!(
            table.time,
            [1_767_225_600_000, 1_767_225_600_000, 1_767_225_600_500]
        );
        assert_eq!(table.labelled, [1, 0, 1]);
        assert_eq!(table.labels, [0, 0, 1]);
    }
}
