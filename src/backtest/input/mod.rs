//! Reads past logins into a [`Table`]: CSV, NDJSON, the export of a store; plain, gz or zst; several
//! files as one stream, or standard input.
//!
//! A row that cannot be used is counted under its reason and sampled, never fatal below a stated
//! share. A field that cannot be read is missing in its row, and counted too. Nothing here judges.

mod batch;
mod csv;
mod encoding;
mod error;
mod foreign;
mod header;
mod json;
mod known;
mod lost;
mod mapping;
mod open;
mod promise;
mod reasons;
mod split;
mod store;
mod texts;
mod time;
mod verdicts;

pub use error::{InputError, Kind, Told};
pub use foreign::Foreign;
pub use lost::Flaw;
pub use mapping::{Mapping, MappingError};
pub use reasons::{Reason, Reasons, Sample, list};
pub use store::StoreFacts;
pub use verdicts::{Joined, join};

use std::fmt;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use jiff::tz::TimeZone;

use encoding::Decoded;
use error::Stop;
use known::Known;
use lost::Lost;
use open::Digest;
use promise::Promise;
use reasons::{SHOWN, harmless};

use super::table::{Login, MAX_LABELS, MAX_ROWS, Table};
use crate::guard::machines;
use crate::lang::value::{MAX_LATITUDE, MAX_LONGITUDE};

/// Samples kept of each reason.
const SAMPLES: usize = 3;
/// Bytes of the longest account: eight times what the live server takes. What is longer is no account but
/// a quote that was never closed, and would stand in every report.
const MAX_ACCOUNT: usize = 1_024;
/// Bytes of the longest other text of a login, such as its user agent: four times what the live server
/// takes.
const MAX_TEXT: usize = 4_096;
/// Bytes of text kept at hand: whoever reads more at once goes past them.
const BUFFER: usize = 64 * 1024;
/// How often the watcher is told, in rows.
const TELL_EVERY: u64 = 8_192;

/// What was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InputReport {
    /// The files, with the XXH64 of their bytes as read.
    pub files: Vec<FileReport>,
    /// Rows that became logins.
    pub used: u64,
    /// By reason: how many, and where the first were.
    pub reasons: Reasons,
    /// Rows that stood before one they are later than.
    pub unordered: u64,
    /// Reading was stopped from outside.
    pub stopped: bool,
    /// Where; `None` when that came behind the last row.
    pub stopped_at: Option<Sample>,
    /// What became of labels that stand in files of their own.
    pub joined: Option<Box<Joined>>,
    /// The first rows without an arrival number.
    unnumbered: Vec<Sample>,
}

/// One file of the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileReport {
    /// Its path; `-` is standard input.
    pub name: String,
    /// What it was taken for.
    pub format: &'static str,
    /// How its text was written.
    pub encoding: Encoding,
    /// Bytes as they lie on disk.
    pub bytes: u64,
    /// XXH64 of these, in hex.
    pub xxh64: String,
}

/// How text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As it is asked for.
    Utf8,
    /// As Excel saves it on a Chinese system.
    Gbk,
}

impl Encoding {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Gbk => "GBK",
        }
    }
}

impl InputReport {
    /// Rows that could not be used.
    pub fn unusable(&self) -> u64 {
        self.reasons
            .iter()
            .filter(|(reason, _)| !reason.keeps_row())
            .map(|(_, (count, _))| count)
            .sum()
    }

    fn note(&mut self, lost: Lost<'_>, file: &str, line: u64) {
        let (count, samples) = self.reasons.entry(lost.reason).or_default();
        *count += 1;
        if samples.len() < SAMPLES {
            samples.push(Sample {
                field: lost.field.map(harmless),
                text: lost.text.map(harmless),
                flaw: lost.flaw,
                ..Sample::at(file, line)
            });
        }
    }
}

/// Told how far reading is, and may stop it.
#[derive(Debug, Default)]
pub struct Watch {
    /// Bytes read from disk.
    pub bytes: AtomicU64,
    /// Rows read.
    pub rows: AtomicU64,
    /// Logins judged.
    pub judged: AtomicU64,
    /// Logins written out one by one.
    pub written: AtomicU64,
    /// Set from outside: end with what there is.
    pub stop: AtomicBool,
}

impl Watch {
    /// Whether to stop.
    pub fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// Names a machine as the live server does: identifier, and whether it is legal. By token.
pub type Identify<'a> = dyn FnMut(&str, bool) -> (String, bool) + 'a;

/// How to read.
#[derive(Default)]
pub struct Options<'a> {
    /// Which column is what; recognised by the header where it says nothing.
    pub mapping: Mapping,
    /// The largest share of unusable rows, 0 to 1.
    pub max_unusable: f64,
    /// Verifies machine tokens; without it they are believed.
    pub identify: Option<Box<Identify<'a>>>,
    /// The order of the rows is the order of arrival, whatever their times.
    pub as_read: bool,
    /// The order of times is that of arrival, whatever a store says of it: for a past that was reported
    /// afterwards.
    pub by_time: bool,
    /// Only labels are asked for, and what says whose they are: an identifier, or account and time.
    pub labels_only: bool,
    /// Remember under which identifiers logins were reported to a store.
    pub reported_ids: bool,
    /// Threads to read with; the result is the same for any number.
    pub threads: usize,
    /// The zone of times without an offset, where the mapping names none; without it UTC.
    pub zone: Option<TimeZone>,
}

impl fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").finish_non_exhaustive()
    }
}

/// What readers work with.
struct Reading<'r, 'o> {
    table: &'r mut Table,
    options: &'r mut Options<'o>,
    report: &'r mut InputReport,
    watch: &'r Watch,
    facts: &'r mut StoreFacts,
    file: String,
    /// Identifiers seen.
    seen: &'r mut Known,
    /// What the file promises.
    promise: Promise,
    /// Identifiers are numbers of rows, which do not come again.
    numbered: bool,
}

impl Reading<'_, '_> {
    /// Counts a row; `false` when reading shall stop.
    fn goes_on(&mut self, line: u64) -> bool {
        if line.is_multiple_of(TELL_EVERY) {
            let rows = self.table.len() as u64;
            self.watch.rows.store(rows, Ordering::Relaxed);
            if self.watch.stopped() {
                self.stop_at(line);
                return false;
            }
        }
        true
    }

    /// Reading ends behind this line.
    fn stop_at(&mut self, line: u64) {
        self.report.stopped = true;
        self.report.stopped_at = Some(Sample::at(&self.file, line));
    }

    fn note<'l>(&mut self, lost: impl Into<Lost<'l>>, line: u64) {
        self.report.note(lost.into(), &self.file, line);
    }

    /// Makes room for `more` rows, read from `bytes` bytes of text; `given` bytes were handed out so far.
    fn make_room(&mut self, more: usize, bytes: usize, given: u64) {
        self.promise.more(bytes);
        let raw = self.watch.bytes.load(Ordering::Relaxed);
        let rows = self.table.len() + more;
        let expected = self.promise.rows(rows, given, raw);
        self.table.make_room(more, expected);
    }

    /// Puts the login of the row `line` into the table, unless it was there before.
    fn push(&mut self, login: Login<'_>, line: u64) -> Result<(), Stop> {
        let (known, read);
        let mut login = login;
        match (&mut self.options.identify, login.machine) {
            (_, "") => {}
            (Some(identify), token) => {
                known = identify(token, login.success);
                login.machine = &known.0;
                login.legal = login.legal.or(Some(known.1));
            }
            (None, token) => {
                read = machines::unverified(token);
                login.machine = &read;
            }
        }
        let degrees = [
            ("lat", login.lat, MAX_LATITUDE),
            ("lon", login.lon, MAX_LONGITUDE),
        ];
        let beyond = |at: f64, most: f64| !(-most..=most).contains(&at);
        for (field, at, most) in degrees {
            if let Some(at) = at.filter(|at| beyond(*at, most)) {
                let text = at.to_string();
                self.note(Lost::field(Reason::BadNumber, field, &text), line);
                (login.lat, login.lon) = (None, None);
            }
        }
        if !self.numbered && self.seen.again(login.id) {
            self.note(Lost::text(Reason::Duplicate, login.id), line);
            return Ok(());
        }
        if self.options.labels_only
            && login.id.is_empty()
            && let Some((reason, text)) = verdicts::unusable(&login, self.seen)
        {
            self.note(Lost::text(reason, &text), line);
            return Ok(());
        }
        if login.arrival.is_none() && self.report.unnumbered.len() < SAMPLES {
            let place = Sample::at(&self.file, line);
            self.report.unnumbered.push(place);
        }
        match self.table.push(&login) {
            true => Ok(()),
            false => Err(too_many_logins().into()),
        }
    }

    /// The number of a label, a new one when it is met for the first time.
    fn label(&mut self, name: &str) -> Result<u8, InputError> {
        label(self.table, name)
    }
}

fn label(table: &mut Table, name: &str) -> Result<u8, InputError> {
    if let Some(at) = table.label_names.iter().position(|known| known == name) {
        return Ok(at as u8);
    }
    if table.label_names.len() >= MAX_LABELS {
        return Err(InputError::TooMuch {
            what: Kind::Labels,
            most: MAX_LABELS as u64,
        });
    }
    table.label_names.push(name.to_owned());
    Ok((table.label_names.len() - 1) as u8)
}

/// The table numbers its rows with 32 bits.
fn too_many_logins() -> InputError {
    InputError::TooMuch {
        what: Kind::Logins,
        most: MAX_ROWS as u64,
    }
}

/// Reads the files one after another into `table` and closes it. `-` is standard input.
pub fn read(
    paths: &[PathBuf],
    table: &mut Table,
    mut options: Options<'_>,
    watch: &Watch,
) -> Result<(InputReport, StoreFacts), InputError> {
    let mut report = InputReport::default();
    let mut facts = StoreFacts::default();
    let mut seen = Known::default();
    // What the files say, uncompressed, and how many logins each gave.
    let mut used: Vec<(Digest, u64)> = Vec::new();
    for path in paths {
        let name = path.display().to_string();
        let began = (watch.bytes.load(Ordering::Relaxed), table.len());
        let mut opened = open::open(path, watch).map_err(|error| InputError::File {
            path: name.clone(),
            error,
        })?;
        let mut text = BufReader::with_capacity(BUFFER, Decoded::new(&mut opened.reader));
        let format = {
            let mut reading = Reading {
                table,
                options: &mut options,
                report: &mut report,
                watch,
                facts: &mut facts,
                file: name.clone(),
                seen: &mut seen,
                promise: Promise::of(path, opened.packed, began),
                numbered: false,
            };
            one(&mut text, &mut reading, &name)?
        };
        let encoding = match text.get_ref().was_gbk() {
            true => Encoding::Gbk,
            false => Encoding::Utf8,
        };
        let (raw, content) = opened.finish();
        let added = (table.len() - began.1) as u64;
        // Rows without identifiers would all count once more, and of others each is one that was there before.
        let same = |(known, rows): &(Digest, u64)| *known == content && *rows > 0;
        if let Some(other) = used.iter().position(same) {
            return Err(InputError::Twice {
                path: name,
                other: report.files[other].name.clone(),
            });
        }
        used.push((content, added));
        report.files.push(FileReport {
            name,
            format,
            encoding,
            bytes: raw.bytes,
            xxh64: raw.xxh64,
        });
        if report.stopped {
            break;
        }
    }
    finish(table, &options, &mut report, &mut facts, watch)?;
    Ok((report, facts))
}

/// Reads one stream that is open already, such as the export of a running server.
pub fn read_stream(
    name: &str,
    mut stream: impl BufRead,
    table: &mut Table,
    mut options: Options<'_>,
    watch: &Watch,
) -> Result<(InputReport, StoreFacts), InputError> {
    let mut report = InputReport::default();
    let mut facts = StoreFacts::default();
    let mut reading = Reading {
        table,
        options: &mut options,
        report: &mut report,
        watch,
        facts: &mut facts,
        file: name.to_owned(),
        seen: &mut Known::default(),
        promise: Promise::default(),
        numbered: false,
    };
    let format = one(&mut stream, &mut reading, name)?;
    report.files.push(FileReport {
        name: name.to_owned(),
        format,
        encoding: Encoding::Utf8,
        bytes: 0,
        xxh64: String::new(),
    });
    finish(table, &options, &mut report, &mut facts, watch)?;
    Ok((report, facts))
}

fn one(
    stream: &mut impl BufRead,
    reading: &mut Reading<'_, '_>,
    name: &str,
) -> Result<&'static str, InputError> {
    let file = |error| InputError::File {
        path: name.to_owned(),
        error,
    };
    if let Some(what) = Foreign::of(stream).map_err(file)? {
        let path = name.to_owned();
        return Err(InputError::Foreign { path, what });
    }
    match open::first_byte(stream).map_err(file)? {
        None => Ok("empty"),
        Some((b'{', lines)) => json::read(stream, lines, reading).map_err(|error| error.at(name)),
        Some((_, lines)) => csv::read(stream, lines, reading).map_err(|error| error.at(name)),
    }
}

fn finish(
    table: &mut Table,
    options: &Options<'_>,
    report: &mut InputReport,
    facts: &mut StoreFacts,
    watch: &Watch,
) -> Result<(), InputError> {
    // Also when it came too late for a reader to see it: nothing else tells judging to go on.
    report.stopped |= watch.stopped();
    report.used = table.len() as u64;
    let unusable = report.unusable();
    let rows = report.used + unusable;
    if unusable > 0 && unusable as f64 > options.max_unusable * rows as f64 {
        return Err(InputError::Unusable {
            unusable,
            rows,
            share: options.max_unusable * 100.0,
            reasons: std::mem::take(&mut report.reasons),
            pattern: options.mapping.pattern(),
        });
    }
    if table.is_empty() {
        return Err(InputError::Empty {
            reasons: std::mem::take(&mut report.reasons),
            pattern: options.mapping.pattern(),
        });
    }
    facts.join(table)?;
    if options.by_time {
        table.forget_arrival();
    }
    let closed = table.close(options.as_read);
    report.unordered = closed.unordered as u64;
    if closed.unnumbered > 0 {
        let mut samples = std::mem::take(&mut report.unnumbered);
        // All have one, and some share theirs: where those stand is not kept.
        samples.extend(closed.shared.map(Sample::of_arrival));
        let found = (closed.unnumbered as u64, samples);
        report.reasons.insert(Reason::NoArrival, found);
    }
    Ok(())
}
