//! CSV: comma, semicolon or tab, quoted where needed, with a header.

use std::collections::HashMap;
use std::io::BufRead;
use std::net::IpAddr;

use csv::{ByteRecord, ReaderBuilder};

use super::mapping::{Field, Mapping, Resolved};
use super::time::{self, Format};
use super::{InputError, Reading, Reason, Stop};
use crate::backtest::table::Login;

/// Rows longer than this are not well formed: a quote that never ends would else eat the file.
const MAX_ROW_BYTES: usize = 1 << 20;

pub(super) fn read(
    stream: &mut impl BufRead,
    reading: &mut Reading<'_, '_>,
) -> Result<&'static str, Stop> {
    let mapping = reading.options.mapping.clone();
    let delimiter = match mapping.delimiter() {
        Some(delimiter) => delimiter,
        None => delimiter_of(stream)?,
    };
    let mut csv = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(stream);
    let mut record = ByteRecord::new();
    csv.read_byte_record(&mut record).map_err(io)?;
    let header: Vec<String> = record
        .iter()
        .map(|name| String::from_utf8_lossy(name).trim().to_owned())
        .collect();
    let names: Vec<&str> = header.iter().map(String::as_str).collect();
    let resolved = Resolved::new(&names, &mapping).map_err(|field| {
        Stop::Error(InputError::Column {
            path: reading.file.clone(),
            field,
            header: names.join(", "),
        })
    })?;
    let format = if resolved.rba {
        "CSV (RBA data set)"
    } else {
        "CSV"
    };
    let row = Row::new(&resolved, &mapping, header.len(), reading)?;
    let mut line = 1;
    loop {
        let more = csv.read_byte_record(&mut record).map_err(io)?;
        if !more {
            break;
        }
        line = record.position().map_or(line + 1, csv::Position::line);
        row.take(&record, line, reading)?;
        if !reading.goes_on(csv.position().record()) {
            break;
        }
    }
    Ok(format)
}

fn io(error: csv::Error) -> Stop {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => Stop::Io(error),
        other => Stop::Io(std::io::Error::other(format!("{other:?}"))),
    }
}

/// The separator that stands most often in the first line.
fn delimiter_of(stream: &mut impl BufRead) -> Result<u8, Stop> {
    let buffer = stream.fill_buf()?;
    let line = buffer
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let count = |wanted: u8| line.iter().filter(|byte| **byte == wanted).count();
    Ok([b',', b';', b'\t']
        .into_iter()
        .rev()
        .max_by_key(|delimiter| count(*delimiter))
        .unwrap_or(b','))
}

/// How rows of one file are read.
struct Row {
    width: usize,
    at: HashMap<Field, usize>,
    labels: Vec<(u8, usize)>,
    rba: bool,
    mapping: Mapping,
    format: Format,
    zone: jiff::tz::TimeZone,
}

impl Row {
    fn new(
        resolved: &Resolved,
        mapping: &Mapping,
        width: usize,
        reading: &mut Reading<'_, '_>,
    ) -> Result<Self, Stop> {
        let mut labels = Vec::new();
        for (name, index) in &resolved.labels {
            labels.push((reading.label(name)?, *index));
        }
        Ok(Self {
            width,
            at: resolved
                .fields
                .iter()
                .map(|(field, at)| (*field, *at))
                .collect(),
            labels,
            rba: resolved.rba,
            mapping: mapping.clone(),
            format: mapping.format(),
            zone: mapping.zone(),
        })
    }

    fn take(
        &self,
        record: &ByteRecord,
        line: u64,
        reading: &mut Reading<'_, '_>,
    ) -> Result<(), Stop> {
        if record.len() != self.width || record.as_slice().len() > MAX_ROW_BYTES {
            // An empty line is nothing.
            if record
                .as_slice()
                .iter()
                .any(|byte| !byte.is_ascii_whitespace())
            {
                reading.note(Reason::Syntax, line);
            }
            return Ok(());
        }
        match self.login(record, line, reading) {
            Ok(login) => self.push(login, line, reading),
            Err(reason) => {
                reading.note(reason, line);
                Ok(())
            }
        }
    }

    fn push(&self, login: Login<'_>, line: u64, reading: &mut Reading<'_, '_>) -> Result<(), Stop> {
        let named;
        let mut login = login;
        if let (Some(identify), false) = (&mut reading.options.identify, login.machine.is_empty()) {
            named = identify(login.machine, login.success);
            login.machine = &named.0;
            login.legal = login.legal.or(Some(named.1));
        }
        if super::json::again(&login, reading.seen) {
            reading.note(Reason::Duplicate, line);
            return Ok(());
        }
        if reading.table.push(&login) {
            return Ok(());
        }
        Err(InputError::TooMuch("more than 4 billion logins").into())
    }

    fn login<'r>(
        &self,
        record: &'r ByteRecord,
        line: u64,
        reading: &mut Reading<'_, '_>,
    ) -> Result<Login<'r>, Reason> {
        let text = |field: Field| -> Result<&'r str, Reason> {
            let Some(at) = self.at.get(&field) else {
                return Ok("");
            };
            let bytes = record.get(*at).unwrap_or_default();
            let text = std::str::from_utf8(bytes).map_err(|_| Reason::Encoding)?;
            let text = text.trim_ascii();
            Ok(if self.mapping.is_missing(text) {
                ""
            } else {
                text
            })
        };
        let time = match text(Field::Time)? {
            "" => return Err(Reason::NoTime),
            text => time::parse(text, &self.format, &self.zone).ok_or(Reason::BadTime)?,
        };
        let account = match text(Field::Account)? {
            "" => return Err(Reason::NoAccount),
            account => account,
        };
        let success = self
            .mapping
            .truth(text(Field::Success)?)
            .ok_or(Reason::BadSuccess)?;
        let truth =
            |field: Field| -> Result<Option<bool>, Reason> { Ok(self.mapping.truth(text(field)?)) };
        let mut lost = |reason: Reason| {
            reading.report.note(reason, &reading.file, line);
        };
        let mut number = |field: Field| -> Result<Option<f64>, Reason> {
            let text = text(field)?;
            if text.is_empty() {
                return Ok(None);
            }
            let number = text.parse().ok().filter(|n: &f64| n.is_finite());
            if number.is_none() {
                lost(Reason::BadNumber);
            }
            Ok(number)
        };
        let (lat, lon, asn) = (
            number(Field::Lat)?,
            number(Field::Lon)?,
            number(Field::Asn)?,
        );
        let arrival = number(Field::Arrival)?.map(|n| n as u64);
        let mut ip = text(Field::Ip)?;
        if !ip.is_empty() && ip.parse::<IpAddr>().is_err() {
            lost(Reason::BadIp);
            ip = "";
        }
        let (mut labels, mut labelled) = (0, 0);
        for (bit, at) in &self.labels {
            let text = std::str::from_utf8(record.get(*at).unwrap_or_default());
            if let Some(yes) = self
                .mapping
                .truth(text.map_err(|_| Reason::Encoding)?.trim())
            {
                labelled |= 1 << bit;
                labels |= u8::from(yes) << bit;
            }
        }
        let versioned = |field: Field| -> Result<&'r str, Reason> {
            let text = text(field)?;
            Ok(if self.rba {
                without_version(text)
            } else {
                text
            })
        };
        Ok(Login {
            time,
            arrival,
            id: text(Field::Id)?,
            account,
            known: truth(Field::Known)?.unwrap_or(!self.mapping.is_nobody(account, self.rba)),
            success,
            judged: false,
            captcha: truth(Field::Captcha)?.unwrap_or(false),
            legal: truth(Field::Legal)?,
            machine: text(Field::Machine)?,
            ip,
            country: text(Field::Country)?,
            region: text(Field::Region)?,
            city: text(Field::City)?,
            lat,
            lon,
            asn: asn.map(|n| n as u32),
            isp: text(Field::Isp)?,
            agent: text(Field::UserAgent)?,
            browser: versioned(Field::Browser)?,
            os: versioned(Field::Os)?,
            device: match text(Field::Device)? {
                "unknown" if self.rba => "",
                device => device,
            },
            reason: text(Field::Reason)?,
            channel: text(Field::Channel)?,
            session: text(Field::Session)?,
            labels,
            labelled,
        })
    }
}

/// `Chrome Mobile WebView 85.0.4183` → `Chrome Mobile WebView`: the live server knows no versions,
/// and every update would be a new browser.
fn without_version(text: &str) -> &str {
    let end = text
        .match_indices(' ')
        .find(|(at, _)| text[at + 1..].starts_with(|c: char| c.is_ascii_digit()))
        .map_or(text.len(), |(at, _)| at);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_cut_off() {
        assert_eq!(
            without_version("Chrome Mobile WebView 85.0.4183"),
            "Chrome Mobile WebView"
        );
        assert_eq!(without_version("Mac OS X 10.15"), "Mac OS X");
        assert_eq!(without_version("Edge"), "Edge");
    }
}
