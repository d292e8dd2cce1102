//! CSV: comma, semicolon or tab, quoted where needed, with a header.
//!
//! A file is cut into pieces between records; threads read pieces side by side, and what they read is
//! put into the table piece after piece, so the table is the same for any number of threads.

use std::io::BufRead;
use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use memchr::memrchr;

use super::mapping::{Field, Mapping, Resolved};
use super::split::{self, Records};
use super::time::{self, Format};
use super::{InputError, Reading, Reason, Stop};
use crate::backtest::needs::{Columns, Need};
use crate::backtest::table::Login;

/// Rows longer than this are not well formed: a quote that never ends would else eat the file.
const MAX_ROW_BYTES: usize = 1 << 20;
/// Bytes of a piece, about.
const PIECE: usize = 1 << 20;
/// Pieces under way for each thread that reads.
const AHEAD: usize = 2;
/// Threads that read pieces: more would wait for the one that fills the table.
const READERS: usize = 4;

pub(super) fn read(
    stream: &mut impl BufRead,
    reading: &mut Reading<'_, '_>,
) -> Result<&'static str, Stop> {
    let mapping = reading.options.mapping.clone();
    let delimiter = match mapping.delimiter() {
        Some(delimiter) => delimiter,
        None => delimiter_of(stream)?,
    };
    let mut pieces = Pieces::new(stream, delimiter);
    let Some(mut first) = pieces.next()? else {
        return Ok("empty");
    };
    let (header, after, lines) = header(&first, delimiter);
    first.drain(..after);
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
    let row = Row::new(&resolved, &mapping, header.len(), delimiter, reading)?;
    // The first line of what comes next, from 1.
    let mut line = 1 + lines;
    if take(row.batch(&first), &mut line, reading)? {
        rest(&mut pieces, &row, &mut line, reading)?;
    }
    Ok(format)
}

fn header(bytes: &[u8], delimiter: u8) -> (Vec<String>, usize, u64) {
    let mut records = Records::new(bytes, delimiter);
    records.next();
    let names = (0..records.width())
        .map(|at| String::from_utf8_lossy(records.get(at)).trim().to_owned())
        .collect();
    (names, records.rest(), records.lines())
}

/// Reads all pieces after the first.
fn rest<R: BufRead>(
    pieces: &mut Pieces<'_, R>,
    row: &Row,
    line: &mut u64,
    reading: &mut Reading<'_, '_>,
) -> Result<(), Stop> {
    let threads = reading.options.threads.saturating_sub(1).min(READERS);
    if threads == 0 {
        while let Some(piece) = pieces.next()? {
            if !take(row.batch(&piece), line, reading)? {
                break;
            }
        }
        return Ok(());
    }
    std::thread::scope(|scope| {
        let readers: Vec<(SyncSender<Vec<u8>>, Receiver<Batch>)> = (0..threads)
            .map(|_| {
                let (give, pieces) = sync_channel::<Vec<u8>>(AHEAD);
                let (done, batches) = sync_channel(AHEAD);
                scope.spawn(move || {
                    for piece in pieces {
                        if done.send(row.batch(&piece)).is_err() {
                            break;
                        }
                    }
                });
                (give, batches)
            })
            .collect();
        let (mut given, mut taken, mut more) = (0, 0, true);
        loop {
            if more && given - taken < threads * AHEAD {
                match pieces.next()? {
                    Some(piece) => {
                        // Fails only when the reader panicked: then its batch will be missing below.
                        let _ = readers[given % threads].0.send(piece);
                        given += 1;
                    }
                    None => more = false,
                }
                continue;
            }
            if taken == given {
                return Ok(());
            }
            let Ok(batch) = readers[taken % threads].1.recv() else {
                let gone = std::io::Error::other("a thread that reads stopped");
                return Err(Stop::Io(gone));
            };
            taken += 1;
            if !take(batch, line, reading)? {
                return Ok(());
            }
        }
    })
}

/// Puts what was read of a piece into the table; `false` when reading shall stop.
fn take(batch: Batch, line: &mut u64, reading: &mut Reading<'_, '_>) -> Result<bool, Stop> {
    for (reason, at) in &batch.notes {
        reading.note(*reason, *line + at);
    }
    for parsed in &batch.rows {
        push(batch.login(parsed), *line + parsed.line, reading)?;
    }
    *line += batch.lines;
    let rows = reading.table.len() as u64;
    reading.watch.rows.store(rows, Ordering::Relaxed);
    reading.report.stopped |= reading.watch.stopped();
    Ok(!reading.report.stopped)
}

fn push(login: Login<'_>, line: u64, reading: &mut Reading<'_, '_>) -> Result<(), Stop> {
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

/// A stream cut between records.
struct Pieces<'s, R> {
    stream: &'s mut R,
    delimiter: u8,
    /// What was read behind the last whole record.
    left: Vec<u8>,
    over: bool,
}

impl<'s, R: BufRead> Pieces<'s, R> {
    fn new(stream: &'s mut R, delimiter: u8) -> Self {
        Self {
            stream,
            delimiter,
            left: Vec::new(),
            over: false,
        }
    }

    fn next(&mut self) -> Result<Option<Vec<u8>>, Stop> {
        let mut piece = Vec::with_capacity(PIECE + self.left.len());
        piece.append(&mut self.left);
        let mut wanted = PIECE;
        loop {
            while piece.len() < wanted && !self.over {
                let buffer = self.stream.fill_buf()?;
                let n = buffer.len();
                piece.extend_from_slice(buffer);
                self.stream.consume(n);
                self.over = n == 0;
            }
            if self.over {
                return Ok((!piece.is_empty()).then_some(piece));
            }
            let mut end = split::whole(&piece, self.delimiter);
            if end == 0 && piece.len() > PIECE + MAX_ROW_BYTES {
                // No row is that long: a quote without an end, or line breaks of old Macs.
                let old = memrchr(b'\r', &piece[..piece.len() - 1]);
                end = old.map_or(piece.len(), |at| at + 1);
            }
            if end > 0 {
                self.left.extend_from_slice(&piece[end..]);
                piece.truncate(end);
                return Ok(Some(piece));
            }
            wanted = piece.len() + MAX_ROW_BYTES;
        }
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

/// Fields that are text, in the order of a batch's spans.
const TEXTS: [Field; 15] = [
    Field::Account,
    Field::Id,
    Field::Machine,
    Field::Ip,
    Field::Country,
    Field::Region,
    Field::City,
    Field::Isp,
    Field::UserAgent,
    Field::Browser,
    Field::Os,
    Field::Device,
    Field::Reason,
    Field::Channel,
    Field::Session,
];

/// What was read of a piece.
#[derive(Default)]
struct Batch {
    rows: Vec<Parsed>,
    /// The texts of all rows.
    text: String,
    /// Rows and fields that cannot be used, by line breaks before them in the piece.
    notes: Vec<(Reason, u64)>,
    /// Line breaks in the piece.
    lines: u64,
}

/// One row, its texts in those of its batch.
struct Parsed {
    line: u64,
    login: Login<'static>,
    /// Where the texts begin in the batch's, and where each ends.
    from: u32,
    ends: [u32; TEXTS.len()],
}

impl Batch {
    fn login<'b>(&'b self, parsed: &Parsed) -> Login<'b> {
        let text = |at: usize| {
            let from = if at == 0 {
                parsed.from
            } else {
                parsed.ends[at - 1]
            };
            let (from, to) = (from as usize, parsed.ends[at] as usize);
            self.text.get(from..to).unwrap_or_default()
        };
        Login {
            account: text(0),
            id: text(1),
            machine: text(2),
            ip: text(3),
            country: text(4),
            region: text(5),
            city: text(6),
            isp: text(7),
            agent: text(8),
            browser: text(9),
            os: text(10),
            device: text(11),
            reason: text(12),
            channel: text(13),
            session: text(14),
            ..parsed.login.clone()
        }
    }
}

/// How rows of one file are read.
struct Row {
    width: usize,
    delimiter: u8,
    /// The index of each field's column.
    at: [Option<usize>; Field::COUNT],
    /// Which of [`TEXTS`] the table keeps, or something else needs.
    kept: [bool; TEXTS.len()],
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
        delimiter: u8,
        reading: &mut Reading<'_, '_>,
    ) -> Result<Self, Stop> {
        let mut labels = Vec::new();
        for (name, index) in &resolved.labels {
            labels.push((reading.label(name)?, *index));
        }
        let mut at = [None; Field::COUNT];
        for (field, index) in &resolved.fields {
            at[*field as usize] = Some(*index);
        }
        let columns = &reading.table.columns;
        Ok(Self {
            width,
            delimiter,
            at,
            kept: TEXTS.map(|field| keeps(columns, field)),
            labels,
            rba: resolved.rba,
            mapping: mapping.clone(),
            format: mapping.format(),
            zone: mapping.zone(),
        })
    }

    /// Reads a piece.
    fn batch(&self, bytes: &[u8]) -> Batch {
        let mut batch = Batch::default();
        let mut records = Records::new(bytes, self.delimiter);
        while let Some(line) = records.next() {
            if records.width() != self.width || records.length() > MAX_ROW_BYTES {
                // An empty line is nothing.
                let blank = |at| records.get(at).iter().all(u8::is_ascii_whitespace);
                if !(0..records.width()).all(blank) {
                    batch.notes.push((Reason::Syntax, line));
                }
                continue;
            }
            let before = batch.text.len();
            if let Err(reason) = self.login(&records, line, &mut batch) {
                batch.text.truncate(before);
                batch.notes.push((reason, line));
            }
        }
        batch.lines = records.lines();
        batch
    }

    fn login(&self, record: &Records<'_>, line: u64, batch: &mut Batch) -> Result<(), Reason> {
        let text = |field: Field| -> Result<&str, Reason> {
            let Some(at) = self.at[field as usize] else {
                return Ok("");
            };
            let text = std::str::from_utf8(record.get(at)).map_err(|_| Reason::Encoding)?;
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
        let mut lost: [Option<Reason>; 5] = [None; 5];
        let mut number = |field: Field, place: usize| -> Result<Option<f64>, Reason> {
            let text = text(field)?;
            if text.is_empty() {
                return Ok(None);
            }
            let number = text.parse().ok().filter(|n: &f64| n.is_finite());
            if number.is_none() {
                lost[place] = Some(Reason::BadNumber);
            }
            Ok(number)
        };
        let (lat, lon) = (number(Field::Lat, 0)?, number(Field::Lon, 1)?);
        let asn = number(Field::Asn, 2)?;
        let arrival = number(Field::Arrival, 3)?.map(|n| n as u64);
        let ip = text(Field::Ip)?;
        let bad_ip = !ip.is_empty() && ip.parse::<IpAddr>().is_err();
        if bad_ip {
            lost[4] = Some(Reason::BadIp);
        }
        let (mut labels, mut labelled) = (0, 0);
        for (bit, at) in &self.labels {
            let text = std::str::from_utf8(record.get(*at)).map_err(|_| Reason::Encoding)?;
            if let Some(yes) = self.mapping.truth(text.trim()) {
                labelled |= 1 << bit;
                labels |= u8::from(yes) << bit;
            }
        }
        let login = Login {
            time,
            arrival,
            known: truth(Field::Known)?.unwrap_or(!self.mapping.is_nobody(account, self.rba)),
            success,
            captcha: truth(Field::Captcha)?.unwrap_or(false),
            legal: truth(Field::Legal)?,
            lat,
            lon,
            asn: asn.map(|n| n as u32),
            labels,
            labelled,
            ..Login::default()
        };
        let from = batch.text.len() as u32;
        let mut ends = [from; TEXTS.len()];
        for (at, field) in TEXTS.into_iter().enumerate() {
            // Text that is not kept must still be text.
            let text = text(field)?;
            let text = match field {
                _ if !self.kept[at] => "",
                Field::Ip if bad_ip => "",
                Field::Browser | Field::Os if self.rba => without_version(text),
                Field::Device if self.rba && text == "unknown" => "",
                _ => text,
            };
            batch.text.push_str(text);
            ends[at] = batch.text.len() as u32;
        }
        let lost = lost.into_iter().flatten();
        batch.notes.extend(lost.map(|reason| (reason, line)));
        batch.rows.push(Parsed {
            line,
            login,
            from,
            ends,
        });
        Ok(())
    }
}

/// Whether the table keeps a text, or it decides something by itself.
fn keeps(columns: &Columns, field: Field) -> bool {
    let need = match field {
        Field::Ip => Need::Ip,
        Field::Country => Need::Country,
        Field::Region => Need::Region,
        Field::City => Need::City,
        Field::Isp => Need::Isp,
        Field::UserAgent => {
            return columns.reads_agent() || columns.texts.contains(&Need::Agent);
        }
        Field::Browser => Need::Browser,
        Field::Os => Need::Os,
        Field::Device => Need::Device,
        Field::Reason => Need::Reason,
        Field::Channel => Need::Channel,
        Field::Session => Need::Session,
        _ => return true,
    };
    columns.texts.contains(&need)
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
