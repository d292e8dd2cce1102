//! Lines of JSON: what `POST /v1/logins` takes, or the export of a store.
//!
//! Besides the fields of a report a line may have what a column of CSV may be, and `labels`
//! (`{"stolen": true}`). It is read as generously as CSV: a number may stand for a text, a text for a
//! number, an empty text is missing.

mod line;

use std::borrow::Cow;
use std::io::BufRead;
use std::net::IpAddr;

use jiff::tz::TimeZone;
use memchr::memchr;

use self::line::{Given, Line, Names, Wrong};
use super::lost::{self, Lost};
use super::mapping::{Field, Mapping};
use super::split::MAX_ROW_BYTES;
use super::texts::{self, TEXTS};
use super::time::{self, Format};
use super::verdicts::UNTIMED;
use super::{MAX_ACCOUNT, MAX_TEXT, Reading, Reason, Stop, store};
use crate::backtest::table::{Labels, Login};

/// Longest line of a login: as long as a row of CSV may be.
const MAX_LINE: usize = MAX_ROW_BYTES;
/// Longest line of an export, which may hold the text of a rule file.
const MAX_EXPORTED: usize = 16 << 20;

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
    let reader = Reader::new(reading);
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
            None => reader.take(line, number, reading)?,
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

/// How the lines of one file are read.
struct Reader {
    names: Names,
    mapping: Mapping,
    format: Format,
    zone: TimeZone,
}

/// The fields of a line that could not be used.
type Losses = Vec<(Reason, &'static str, String)>;

impl Reader {
    fn new(reading: &Reading<'_, '_>) -> Self {
        let mapping = reading.options.mapping.clone();
        let zone = mapping.zone().or_else(|| reading.options.zone.clone());
        let zone = zone.unwrap_or(TimeZone::UTC);
        Self {
            names: Names::new(&mapping),
            format: mapping.format(&zone),
            zone,
            mapping,
        }
    }

    fn take(&self, line: &[u8], number: u64, reading: &mut Reading<'_, '_>) -> Result<(), Stop> {
        let Ok(text) = std::str::from_utf8(line) else {
            reading.note(Reason::Encoding, number);
            return Ok(());
        };
        let line = match Line::parse(text, &self.names) {
            Ok(line) => line,
            Err(Wrong::Syntax) => {
                reading.note(Lost::text(Reason::Syntax, text), number);
                return Ok(());
            }
            Err(Wrong::Twice(field)) => {
                reading.note(Lost::field(Reason::Twice, &field, ""), number);
                return Ok(());
            }
        };
        self.login(&line, number, reading)
    }

    fn login(
        &self,
        line: &Line<'_>,
        number: u64,
        reading: &mut Reading<'_, '_>,
    ) -> Result<(), Stop> {
        let unusable = |reason: Reason, given: &Given<'_>, reading: &mut Reading<'_, '_>| {
            reading.note(Lost::text(reason, shown(given)), number);
            Ok(())
        };
        let only = reading.options.labels_only;
        let given = line.get(Field::Account);
        let account = match self.text(&given) {
            None => return unusable(Reason::BadAccount, &given, reading),
            Some("") if !only => return unusable(Reason::NoAccount, &Given::Nothing, reading),
            Some(account) if account.len() > MAX_ACCOUNT => {
                return unusable(Reason::LongAccount, &Given::Nothing, reading);
            }
            Some(account) => account,
        };
        let given = line.get(Field::Time);
        let time = match self.text(&given) {
            Some("") if only => Ok(UNTIMED),
            Some("") => return unusable(Reason::NoTime, &Given::Nothing, reading),
            Some(time) => time::parse(time, &self.format, &self.zone),
            None => Err(Reason::BadTime),
        };
        let time = match time {
            Ok(time) => time,
            Err(reason) => return unusable(reason, &given, reading),
        };
        let given = line.get(Field::Success);
        let success = self.text(&given).and_then(|text| self.mapping.truth(text));
        let Some(success) = success.or(only.then_some(true)) else {
            return unusable(Reason::BadSuccess, &given, reading);
        };
        let mut losses = Losses::new();
        let labels = self.labels(line, number, reading)?;
        for (name, given) in &line.shapeless {
            losses.push((Reason::WrongKind, name, shown(given).to_owned()));
        }
        let known = self.flag(line, Field::Known, &mut losses);
        // Owned, so that what is no address can be taken out.
        let mut texts = TEXTS.map(|field| match field {
            Field::Account => Cow::Borrowed(account),
            field => self.field(line, field, &mut losses),
        });
        if let Some(ip) = TEXTS.iter().position(|field| *field == Field::Ip)
            && !texts[ip].is_empty()
            && texts[ip].parse::<IpAddr>().is_err()
        {
            let text = std::mem::take(&mut texts[ip]);
            losses.push((Reason::BadIp, "", text.into_owned()));
        }
        let numbers = Login {
            time,
            arrival: self.number(line, Field::Arrival, lost::whole, &mut losses),
            known: known.unwrap_or(!self.mapping.is_nobody(account, false)),
            success,
            captcha: self
                .flag(line, Field::Captcha, &mut losses)
                .unwrap_or(false),
            legal: self.flag(line, Field::Legal, &mut losses),
            lat: self.number(line, Field::Lat, lost::number, &mut losses),
            lon: self.number(line, Field::Lon, lost::number, &mut losses),
            asn: self.number(line, Field::Asn, lost::asn, &mut losses),
            labels,
            ..Login::default()
        };
        let login = texts::login(texts.each_ref().map(|text| &**text), numbers);
        for (reason, field, text) in &losses {
            let field = Some(*field).filter(|field| !field.is_empty());
            let lost = Lost::text(*reason, text);
            reading.note(Lost { field, ..lost }, number);
        }
        reading.push(login, number)
    }

    /// The text of a field, empty when it is missing; `None` when it is a list or an object.
    fn text<'g>(&self, given: &'g Given<'_>) -> Option<&'g str> {
        match given {
            Given::Nothing => Some(""),
            Given::Text(text) => {
                let text = text.trim_ascii();
                Some(if self.mapping.is_missing(text) {
                    ""
                } else {
                    text
                })
            }
            Given::Structure(_) => None,
        }
    }

    /// A text that may be missing.
    fn field<'l>(&self, line: &Line<'l>, field: Field, losses: &mut Losses) -> Cow<'l, str> {
        let given = line.get(field);
        match self.text(&given) {
            None => losses.push((Reason::WrongKind, field.name(), shown(&given).to_owned())),
            Some("") => {}
            Some(text) if text.len() > MAX_TEXT => {
                losses.push((Reason::LongText, field.name(), String::new()));
            }
            Some(text) => {
                return match given {
                    Given::Text(Cow::Borrowed(whole)) => Cow::Borrowed(whole.trim_ascii()),
                    _ => Cow::Owned(text.to_owned()),
                };
            }
        }
        Cow::Borrowed("")
    }

    fn number<T>(
        &self,
        line: &Line<'_>,
        field: Field,
        read: fn(&str) -> Option<T>,
        losses: &mut Losses,
    ) -> Option<T> {
        let text = self.field(line, field, losses);
        let found = read(&text);
        if found.is_none() && !text.is_empty() {
            losses.push((Reason::BadNumber, field.name(), text.into_owned()));
        }
        found
    }

    fn flag(&self, line: &Line<'_>, field: Field, losses: &mut Losses) -> Option<bool> {
        let text = self.field(line, field, losses);
        let found = self.mapping.truth(&text);
        if found.is_none() && !text.is_empty() {
            losses.push((Reason::BadFlag, field.name(), text.into_owned()));
        }
        found
    }

    /// What the labels say.
    fn labels(
        &self,
        line: &Line<'_>,
        number: u64,
        reading: &mut Reading<'_, '_>,
    ) -> Result<Labels, Stop> {
        let mut labels = Labels::default();
        for (name, given) in &line.labels {
            let bit = reading.label(name)?;
            let said = self.text(given);
            if said == Some("") {
                continue;
            }
            let Some(yes) = said.and_then(|said| self.mapping.truth(said)) else {
                reading.note(Lost::field(Reason::BadLabel, name, shown(given)), number);
                continue;
            };
            labels.set(bit, yes);
        }
        Ok(labels)
    }
}

/// What stands in a field, for people.
fn shown<'g>(given: &'g Given<'_>) -> &'g str {
    match given {
        Given::Nothing => "",
        Given::Text(text) => text,
        Given::Structure(raw) => raw,
    }
}

#[cfg(test)]
mod tests;
