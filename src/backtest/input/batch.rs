//! Rows of one piece of a CSV file, read into one batch: numbers, and texts one after another.
//!
//! Runs on any thread: knows the columns of the file, not the table. What cannot be used is noted with
//! its line; nothing is counted here.

use std::net::IpAddr;

use jiff::tz::TimeZone;

use super::header::{Resolved, without_version};
use super::lost::{self, Flaw, Lost};
use super::mapping::{Field, Mapping};
use super::split::Records;
use super::texts::{self, TEXTS};
use super::time::{self, Format, Near};
use super::verdicts::UNTIMED;
use super::{MAX_ACCOUNT, MAX_TEXT, Reading, Reason, SAMPLES, SHOWN, Stop};
use crate::backtest::needs::{Columns, Need};
use crate::backtest::table::{Labels, Login};
use crate::env::Millis;

/// How often in a piece the lines that a quote took along are looked at again.
const MAX_TORN: usize = 16;

/// Bytes of a short row: room is made for as many rows as a piece would have of them.
const ROW: usize = 100;

/// What was read of a piece.
#[derive(Debug, Default)]
pub(super) struct Batch {
    rows: Vec<Parsed>,
    /// The texts of all rows.
    text: String,
    /// Where each text that is kept ends in it, row after row.
    ends: Vec<u32>,
    /// Which of [`TEXTS`] are kept.
    kept: Vec<usize>,
    /// Rows and fields that cannot be used.
    pub(super) notes: Vec<Note>,
    /// Line breaks in the piece.
    pub(super) lines: u64,
    /// Its length.
    pub(super) bytes: usize,
}

/// Something that cannot be used.
#[derive(Debug)]
pub(super) struct Note {
    pub(super) reason: Reason,
    /// Line breaks before it in the piece.
    pub(super) line: u64,
    /// Which field, where the reason does not say so.
    field: Option<Box<str>>,
    /// What stood there: of the first of each reason, which are the samples.
    text: Option<Box<str>>,
    flaw: Option<Flaw>,
}

impl Note {
    /// The same as it was found.
    pub(super) fn lost(&self) -> Lost<'_> {
        Lost {
            reason: self.reason,
            field: self.field.as_deref(),
            text: self.text.as_deref(),
            flaw: self.flaw,
        }
    }
}

/// The numbers of one row.
#[derive(Debug, Clone, Copy)]
struct Parsed {
    /// Line breaks before it in the piece.
    line: u32,
    time: Millis,
    arrival: Option<u64>,
    lat: Option<f64>,
    lon: Option<f64>,
    asn: Option<u32>,
    known: bool,
    success: bool,
    captcha: bool,
    legal: Option<bool>,
    labels: Labels,
}

impl Batch {
    fn note(&mut self, lost: Lost<'_>, line: u64) {
        let reason = lost.reason;
        let same = self.notes.iter().filter(|note| note.reason == reason);
        let shown = same.take(SAMPLES).count() < SAMPLES;
        let kept = |text: Option<&str>| {
            let text = text.filter(|_| shown)?;
            Some(text.chars().take(SHOWN + 1).collect::<String>().into())
        };
        self.notes.push(Note {
            reason,
            line,
            field: kept(lost.field),
            text: kept(lost.text),
            flaw: lost.flaw,
        });
    }

    /// How many logins there are.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The accounts of the logins.
    pub(super) fn accounts(&self) -> impl Iterator<Item = &str> {
        let width = self.kept.len();
        (0..self.rows.len()).map(move |number| {
            // The account is the first text of a row, and always kept.
            let first = number * width;
            let from = first.checked_sub(1).map_or(0, |before| self.ends[before]);
            let text = self.text.get(from as usize..self.ends[first] as usize);
            text.unwrap_or_default()
        })
    }

    /// The logins, each with the line breaks before it.
    pub(super) fn logins(&self) -> impl Iterator<Item = (u64, Login<'_>)> {
        let mut from = 0;
        let width = self.kept.len();
        self.rows.iter().enumerate().map(move |(number, row)| {
            let mut texts = [""; TEXTS.len()];
            let ends = &self.ends[number * width..][..width];
            for (kept, end) in self.kept.iter().zip(ends) {
                let end = *end as usize;
                texts[*kept] = self.text.get(from..end).unwrap_or_default();
                from = end;
            }
            (u64::from(row.line), row.login(texts))
        })
    }
}

impl Parsed {
    fn login<'b>(&self, texts: [&'b str; TEXTS.len()]) -> Login<'b> {
        let numbers = Login {
            time: self.time,
            arrival: self.arrival,
            known: self.known,
            success: self.success,
            captcha: self.captcha,
            legal: self.legal,
            lat: self.lat,
            lon: self.lon,
            asn: self.asn,
            labels: self.labels,
            ..Login::default()
        };
        texts::login(texts, numbers)
    }
}

/// How rows of one file are read.
#[derive(Debug)]
pub(super) struct Row {
    width: usize,
    delimiter: u8,
    /// The index of each field's column.
    at: [Option<usize>; Field::COUNT],
    /// Which of [`TEXTS`] the table keeps, or something else needs.
    kept: Vec<usize>,
    /// Columns that are not kept: what stands there must still be text.
    others: Vec<usize>,
    asn: bool,
    point: bool,
    /// Bit, index of the column, name.
    labels: Vec<(u8, usize, String)>,
    rba: bool,
    /// Rows say nothing but labels, and whose.
    labels_only: bool,
    mapping: Mapping,
    format: Format,
    zone: TimeZone,
}

/// A record, and the piece it is of when all of that is text.
struct Fields<'p, 'b> {
    record: &'p Records<'b>,
    piece: Option<&'b str>,
}

impl<'p> Fields<'p, '_> {
    fn text(&self, at: usize) -> Result<&'p str, Reason> {
        let text = match self.piece.and_then(|piece| self.record.text(at, piece)) {
            Some(text) => text,
            None => std::str::from_utf8(self.record.get(at)).map_err(|_| Reason::Encoding)?,
        };
        // Mostly there is nothing to trim.
        Ok(match text.as_bytes() {
            [first, .., last] if *first > b' ' && *last > b' ' => text,
            _ => text.trim_ascii(),
        })
    }
}

impl Row {
    /// For a file with this header, read into the table of `reading`.
    pub(super) fn new(
        resolved: &Resolved,
        mapping: &Mapping,
        width: usize,
        delimiter: u8,
        reading: &mut Reading<'_, '_>,
    ) -> Result<Self, Stop> {
        let mut labels = Vec::new();
        for (name, index) in &resolved.labels {
            labels.push((reading.label(name)?, *index, name.clone()));
        }
        let mut at = [None; Field::COUNT];
        for (field, index) in &resolved.fields {
            at[*field as usize] = Some(*index);
        }
        let columns = &reading.table.columns;
        let (kept, others) = (0..TEXTS.len())
            .filter(|text| at[TEXTS[*text] as usize].is_some())
            .partition(|text| match TEXTS[*text] {
                // Never repeated, so only people ask for it.
                Field::Id if resolved.rba => columns.texts.contains(&Need::Id),
                field => keeps(columns, field),
            });
        let zone = match (mapping.zone(), &reading.options.zone) {
            (Some(zone), _) => zone,
            (None, Some(zone)) if !resolved.rba => zone.clone(),
            _ => TimeZone::UTC,
        };
        Ok(Self {
            width,
            delimiter,
            at,
            kept,
            others,
            asn: columns.asn,
            point: columns.point,
            labels,
            rba: resolved.rba,
            labels_only: reading.options.labels_only,
            mapping: mapping.clone(),
            format: mapping.format(&zone),
            zone,
        })
    }

    /// Reads a piece.
    pub(super) fn batch(&self, bytes: &[u8]) -> Batch {
        let rows = bytes.len() / ROW + 1;
        let mut batch = Batch {
            rows: Vec::with_capacity(rows),
            text: String::with_capacity(bytes.len() / 2),
            ends: Vec::with_capacity(rows * self.kept.len()),
            kept: self.kept.clone(),
            bytes: bytes.len(),
            ..Batch::default()
        };
        let mut near = Near::new(&self.zone);
        let mut torn = 0;
        // All at once is quicker than field by field.
        let piece = std::str::from_utf8(bytes).ok();
        let mut records = Records::new(bytes, self.delimiter);
        while let Some(line) = records.next() {
            if !records.is_row(self.width) {
                // An empty line is nothing.
                let blank = |at| records.get(at).iter().all(u8::is_ascii_whitespace);
                if !(0..records.width()).all(blank) {
                    let flaw = Some(records.flaw(self.width));
                    let lost = Lost::from(Reason::Syntax);
                    batch.note(Lost { flaw, ..lost }, line);
                }
                // A quote too many takes the lines behind it along: they may be rows of their own. Where that
                // happens time and again, each of them counts as lost instead.
                if torn < MAX_TORN {
                    torn += usize::from(records.keep_one_line());
                } else {
                    (line + 1..records.lines())
                        .for_each(|line| batch.note(Reason::Syntax.into(), line));
                }
                continue;
            }
            let (text, ends) = (batch.text.len(), batch.ends.len());
            let record = &records;
            let fields = Fields { record, piece };
            if let Err(lost) = self.login(&fields, line, &mut near, &mut batch) {
                batch.text.truncate(text);
                batch.ends.truncate(ends);
                batch.note(lost, line);
            }
        }
        batch.lines = records.lines();
        batch
    }

    fn login<'p>(
        &'p self,
        fields: &Fields<'p, '_>,
        line: u64,
        near: &mut Near<'_>,
        batch: &mut Batch,
    ) -> Result<(), Lost<'p>> {
        let text = |field: Field| -> Result<&'p str, Reason> {
            let Some(at) = self.at[field as usize] else {
                return Ok("");
            };
            let text = fields.text(at)?;
            Ok(if self.mapping.is_missing(text) {
                ""
            } else {
                text
            })
        };
        let time = match text(Field::Time)? {
            "" if self.labels_only => UNTIMED,
            "" => return Err(Reason::NoTime.into()),
            text => time::parse_near(text, &self.format, near)
                .map_err(|reason| Lost::text(reason, text))?,
        };
        let account = match text(Field::Account)? {
            "" if !self.labels_only => return Err(Reason::NoAccount.into()),
            account if account.len() > MAX_ACCOUNT => return Err(Reason::LongAccount.into()),
            account => account,
        };
        let success = text(Field::Success)?;
        let success = self
            .mapping
            .truth(success)
            .or(self.labels_only.then_some(true))
            .ok_or(Lost::text(Reason::BadSuccess, success))?;
        // Fields that cannot be used, which mostly there are none.
        let mut lost: Vec<Lost<'p>> = Vec::new();
        let mut truth = |field: Field| -> Result<Option<bool>, Reason> {
            // Most files have none of these columns.
            let said = match self.at[field as usize] {
                Some(_) => text(field)?,
                None => "",
            };
            let truth = self.mapping.truth(said);
            if truth.is_none() && !said.is_empty() {
                lost.push(Lost::field(Reason::BadFlag, field.name(), said));
            }
            Ok(truth)
        };
        let known = truth(Field::Known)?.unwrap_or(!self.mapping.is_nobody(account, self.rba));
        let (captcha, legal) = (
            truth(Field::Captcha)?.unwrap_or(false),
            truth(Field::Legal)?,
        );
        let (mut lat, mut lon) = (None, None);
        if self.point {
            lat = numeric(Field::Lat, text(Field::Lat)?, lost::number, &mut lost);
            lon = numeric(Field::Lon, text(Field::Lon)?, lost::number, &mut lost);
        }
        let arrival = numeric(
            Field::Arrival,
            text(Field::Arrival)?,
            lost::whole,
            &mut lost,
        );
        let asn = match self.asn {
            true => numeric(Field::Asn, text(Field::Asn)?, lost::asn, &mut lost),
            false => None,
        };
        let mut labels = Labels::default();
        for (bit, at, name) in &self.labels {
            let text = fields.text(*at)?.trim();
            match self.mapping.truth(text) {
                Some(yes) => labels.set(*bit, yes),
                None if self.mapping.is_missing(text) => {}
                None => lost.push(Lost::field(Reason::BadLabel, name, text)),
            }
        }
        let parsed = Parsed {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            time,
            arrival,
            lat,
            lon,
            asn,
            known,
            success,
            captcha,
            legal,
            labels,
        };
        if fields.piece.is_none() {
            for at in &self.others {
                text(TEXTS[*at])?;
            }
        }
        for at in &self.kept {
            let field = TEXTS[*at];
            let text = match field {
                Field::Account => account,
                _ => text(field)?,
            };
            let text = match field {
                _ if text.len() > MAX_TEXT => {
                    lost.push(Lost::field(Reason::LongText, field.name(), ""));
                    ""
                }
                Field::Ip if !text.is_empty() && text.parse::<IpAddr>().is_err() => {
                    lost.push(Lost::text(Reason::BadIp, text));
                    ""
                }
                Field::Browser | Field::Os if self.rba => without_version(text),
                Field::Device if self.rba && text == "unknown" => "",
                _ => text,
            };
            batch.text.push_str(text);
            batch.ends.push(batch.text.len() as u32);
        }
        for lost in lost {
            batch.note(lost, line);
        }
        batch.rows.push(parsed);
        Ok(())
    }
}

/// A number of a row; what is none is lost.
fn numeric<'p, T>(
    field: Field,
    text: &'p str,
    read: fn(&str) -> Option<T>,
    lost: &mut Vec<Lost<'p>>,
) -> Option<T> {
    let found = read(text);
    if found.is_none() && !text.is_empty() {
        lost.push(Lost::field(Reason::BadNumber, field.name(), text));
    }
    found
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
