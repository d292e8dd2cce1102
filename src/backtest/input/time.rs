//! Times as they stand in log files.

use std::ops::RangeInclusive;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::env::{DAY, Millis};
use crate::lang::diagnostics::Words;

use super::Reason;

/// How times are written.
#[derive(Debug, Clone)]
pub(super) enum Format {
    /// `2026-01-05T09:00:00.123+08:00`, also with a blank for the T, without fraction or offset; as
    /// spreadsheets write it, also in Chinese and as days since 1899-12-30; as mail does; `20260105090000`; or a number of seconds, milliseconds, microseconds or
    /// nanoseconds since the epoch, told apart by its size.
    Usual,
    /// A pattern of strftime.
    Pattern(String),
    /// A number counted from a moment that the mapping names: data sets made anonymous say no more.
    Since {
        /// That moment.
        epoch: Millis,
        /// Of what it is a number.
        unit: Unit,
    },
}

/// What a number of [`Format::Since`] counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Unit {
    #[default]
    Seconds,
    Milliseconds,
    Microseconds,
    Minutes,
    Hours,
    Days,
}

impl Unit {
    /// All of them.
    pub(super) const ALL: [Self; 6] = [
        Self::Seconds,
        Self::Milliseconds,
        Self::Microseconds,
        Self::Minutes,
        Self::Hours,
        Self::Days,
    ];

    /// As mappings call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Milliseconds => "milliseconds",
            Self::Microseconds => "microseconds",
            Self::Minutes => "minutes",
            Self::Hours => "hours",
            Self::Days => "days",
        }
    }

    /// Milliseconds in one.
    fn millis(self) -> f64 {
        match self {
            Self::Microseconds => 0.001,
            Self::Milliseconds => 1.0,
            Self::Seconds => 1_000.0,
            Self::Minutes => 60_000.0,
            Self::Hours => 3_600_000.0,
            Self::Days => DAY as f64,
        }
    }
}

/// Digits of a whole number up to which it is seconds: as seconds, longer ones would lie after the year 5138.
const SECOND_DIGITS: usize = 11;
/// The same of milliseconds.
const MILLISECOND_DIGITS: usize = 14;
/// The same of microseconds; what is longer is nanoseconds.
const MICROSECOND_DIGITS: usize = 17;

/// Days as spreadsheets count them from 1990 to 2200.
const SHEET_DAYS: RangeInclusive<f64> = 32_874.0..=109_575.0;
/// The first of 1970 among them.
const SHEET_EPOCH: f64 = 25_569.0;

/// From the year 1900 to the year 2200: figures are kept by day, so a time far off would cost memory for
/// all the days between.
const USABLE: RangeInclusive<Millis> = -2_208_988_800_000..=7_258_118_400_000;
/// Nobody's log holds logins from before 1990: it is a date taken for a number, seconds taken for
/// milliseconds, or nothing written as 0.
const MEANT_FROM: Millis = 631_152_000_000;
/// Hours clocks differ from UTC at most.
const MAX_OFFSET_HOURS: i64 = 14;

/// Whether the store of a server can hold a login of then.
pub(super) fn is_usable(at: Millis) -> bool {
    USABLE.contains(&at)
}

/// A time in milliseconds since the epoch; `zone` is for times without an offset.
///
/// # Errors
/// [`Reason::BadTime`] for what is no time, [`Reason::OddTime`] for one that nobody means.
pub(super) fn parse(text: &str, format: &Format, zone: &TimeZone) -> Result<Millis, Reason> {
    parse_near(text, format, &mut Near::new(zone))
}

/// The same, for many times of which one is mostly of the day of the one before.
pub(super) fn parse_near(
    text: &str,
    format: &Format,
    near: &mut Near<'_>,
) -> Result<Millis, Reason> {
    let at = read(text, format, near).ok_or(Reason::BadTime)?;
    match is_meant(at) {
        true => Ok(at),
        false => Err(Reason::OddTime),
    }
}

/// What is known from the time that was read before.
#[derive(Debug)]
pub(super) struct Near<'z> {
    /// For times without an offset.
    zone: &'z TimeZone,
    /// Milliseconds, of a zone that always has the same.
    offset: Option<Millis>,
    /// A day as it was written, and its number.
    day: ([u8; 10], i64),
}

impl<'z> Near<'z> {
    /// Before the first.
    pub(super) fn new(zone: &'z TimeZone) -> Self {
        let fixed = zone.to_fixed_offset().ok();
        Self {
            zone,
            offset: fixed.map(|offset| i64::from(offset.seconds()) * 1_000),
            day: ([0; 10], 0),
        }
    }
}

fn read(text: &str, format: &Format, near: &mut Near<'_>) -> Option<Millis> {
    let zone = near.zone;
    match format {
        Format::Usual => usual(text, near),
        Format::Since { epoch, unit } => {
            // `inf`, `nan` and `1e9` are numbers to Rust alone.
            let digits = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
            let number: f64 = text.parse().ok().filter(|_| text.bytes().all(digits))?;
            // From a bound on everything is too far off alike.
            let millis = (number * unit.millis()).round() as Millis;
            Some(epoch.saturating_add(millis))
        }
        Format::Pattern(pattern) => {
            let parsed = jiff::fmt::strtime::parse(pattern, text).ok()?;
            let most = MAX_OFFSET_HOURS as i32 * 3_600;
            if parsed
                .offset()
                .is_some_and(|offset| offset.seconds().abs() > most)
            {
                return None;
            }
            match parsed.to_timestamp() {
                Ok(at) => Some(at.as_millisecond()),
                Err(_) => in_zone(parsed.to_datetime().ok()?, zone),
            }
        }
    }
}

/// The moment relative times count from, as a mapping names it: like any time, and a mere day is its midnight.
pub(super) fn epoch(text: &str, zone: &TimeZone) -> Option<Millis> {
    let moment = |text: &str| read(text, &Format::Usual, &mut Near::new(zone));
    moment(text).or_else(|| moment(&format!("{text} 00:00:00")))
}

/// Whether somebody can mean this time.
pub(super) fn is_meant(at: Millis) -> bool {
    at >= MEANT_FROM && is_usable(at)
}

/// Whether a time written in a format is one when it is read.
pub(super) fn check(pattern: &str) -> Result<(), Words> {
    let sample = Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
    let wrong = |error: jiff::Error| {
        let said = format!("time.format {pattern:?}: {error}");
        Words::new(said.clone(), said)
    };
    let written = jiff::fmt::strtime::format(pattern, &sample).map_err(wrong)?;
    let format = Format::Pattern(pattern.to_owned());
    match read(&written, &format, &mut Near::new(&TimeZone::UTC)) {
        Some(_) => Ok(()),
        None => Err(Words::new(
            format!("time.format {pattern:?}：用它读不出哪一天几点（它读的是 {written:?} 这样的）"),
            format!(
                "time.format {pattern:?}: no day and time of day can be read with it (it reads {written:?})"
            ),
        )),
    }
}

fn usual(text: &str, near: &mut Near<'_>) -> Option<Millis> {
    let zone = near.zone;
    if let Some(head) = text.as_bytes().first_chunk()
        && let Some(rest) = text.get(head.len()..)
        && let Some(at) = calendar(head, rest, near)
    {
        return Some(at);
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let whole = digits.split('.').next().unwrap_or_default();
    if whole.is_empty() || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return loose(text, zone);
    }
    if whole.len() <= SECOND_DIGITS {
        let seconds: f64 = text.parse().ok()?;
        // As seconds it would be a day of 1970.
        if SHEET_DAYS.contains(&seconds) && seconds.fract() != 0.0 {
            let millis = (seconds - SHEET_EPOCH) * DAY as f64;
            return without_offset(millis.round() as Millis, near);
        }
        return Some((seconds * 1_000.0).round() as Millis);
    }
    if let Some(at) = compact(text, zone) {
        return Some(at);
    }
    // Longer numbers than any of these lie beyond the years that are usable.
    let whole: i128 = text.split('.').next()?.parse().ok()?;
    let length = digits.split('.').next().map_or(0, str::len);
    let millis = if length <= MILLISECOND_DIGITS {
        whole
    } else if length <= MICROSECOND_DIGITS {
        whole.div_euclid(1_000)
    } else {
        whole.div_euclid(1_000_000)
    };
    Some(Millis::try_from(millis).unwrap_or(Millis::MAX))
}

/// `20260105090003` and `20260105090003123`: no epoch's number of that length lies in a year of ours.
fn compact(text: &str, zone: &TimeZone) -> Option<Millis> {
    let (clock, millis) = match text.len() {
        14 => (text, "0"),
        17 => text.split_at_checked(14)?,
        _ => return None,
    };
    let number = |range: std::ops::Range<usize>| clock.get(range)?.parse::<i16>().ok();
    let part = |from: usize| i8::try_from(number(from..from + 2)?).ok();
    let civil = DateTime::new(
        number(0..4).filter(|year| (1_900..2_200).contains(year))?,
        part(4)?,
        part(6)?,
        part(8)?,
        part(10)?,
        part(12)?,
        i32::from(millis.parse::<i16>().ok()?) * 1_000_000,
    );
    in_zone(civil.ok()?, zone)
}

/// `YYYY-MM-DD?HH:MM:SS` and `[.f][offset]` read byte by byte: most of a backtest's time would else go
/// here.
fn calendar(head: &[u8; 19], rest: &str, near: &mut Near<'_>) -> Option<Millis> {
    let two = |at: usize| -> Option<i64> {
        let (tens, ones) = (head[at].wrapping_sub(b'0'), head[at + 1].wrapping_sub(b'0'));
        (tens < 10 && ones < 10).then(|| i64::from(tens * 10 + ones))
    };
    let blank = matches!(head[10], b'T' | b't' | b' ' | b'_');
    if !blank || head[13] != b':' || head[16] != b':' {
        return None;
    }
    let day = *head.first_chunk()?;
    if near.day.0 != day {
        if head[4] != b'-' || head[7] != b'-' {
            return None;
        }
        let (year, month, number) = (two(0)? * 100 + two(2)?, two(5)?, two(8)?);
        let valid =
            (1..=12).contains(&month) && (1..=i64::from(days_in(year, month))).contains(&number);
        near.day = valid.then(|| (day, days(year, month, number)))?;
    }
    let (hour, minute, second) = (two(11)?, two(14)?, two(17)?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut millis = 0;
    let mut at = 0;
    let bytes = rest.as_bytes();
    if bytes
        .first()
        .is_some_and(|byte| matches!(byte, b'.' | b','))
    {
        at += 1;
        let mut scale = 100;
        while let Some(digit) = bytes.get(at).filter(|byte| byte.is_ascii_digit()) {
            millis += i64::from(digit - b'0') * scale;
            scale /= 10;
            at += 1;
        }
    }
    let clock = hour * 3_600 + minute * 60 + second.min(59);
    let local = (near.day.1 * 86_400 + clock) * 1_000 + millis;
    let offset = match rest[at..].trim() {
        "" => return without_offset(local, near),
        "Z" | "z" | "UTC" | "+00:00" => 0,
        rest => {
            let sign = match rest.as_bytes()[0] {
                b'+' => 1,
                b'-' => -1,
                _ => return None,
            };
            // +08, +0800, +08:00.
            let (hours, minutes) = match (rest.len(), rest.get(1..3)?, rest.get(3..)?) {
                (3, hours, _) => (hours, "0"),
                (5, hours, minutes) => (hours, minutes),
                (6, hours, minutes) => (hours, minutes.strip_prefix(':')?),
                _ => return None,
            };
            let number = |text: &str| -> Option<i64> {
                let digits = text.bytes().all(|byte| byte.is_ascii_digit());
                text.parse().ok().filter(|_| digits)
            };
            let (hours, minutes) = (number(hours)?, number(minutes)?);
            if hours > MAX_OFFSET_HOURS || minutes > 59 {
                return None;
            }
            sign * (hours * 60 + minutes) * 60_000
        }
    };
    Some(local - offset)
}

/// As spreadsheets write it: `2026/1/5 9:00`, `2026-01-05 09:00:03`, `2026年1月5日 9:00`; no offset. And as mail does.
fn loose(text: &str, zone: &TimeZone) -> Option<Millis> {
    if let Some((year, rest)) = text.split_once('年') {
        let (month, rest) = rest.split_once('月')?;
        let (day, clock) = rest.split_once('日')?;
        let clock = clock.trim_start().replace(['时', '分'], ":");
        let clock = clock.trim_end_matches(['秒', ':']);
        return loose(&format!("{year}-{month}-{day} {clock}"), zone);
    }
    if text.contains(", ") || text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        let at = jiff::fmt::rfc2822::parse(text).ok()?;
        return Some(at.timestamp().as_millisecond());
    }
    let (date, clock) = text.split_once([' ', 'T'])?;
    let separator = if date.contains('/') { '/' } else { '-' };
    let (date, clock) = (parts(date, separator)?, parts(clock.trim_start(), ':')?);
    let ([year, month, day], [hour, minute, rest @ ..]) = (date.as_slice(), clock.as_slice())
    else {
        return None;
    };
    let second = match rest {
        [] => 0,
        [second] => *second,
        _ => return None,
    };
    let civil = DateTime::new(
        i16::try_from(*year).ok().filter(|year| *year > 999)?,
        i8::try_from(*month).ok()?,
        i8::try_from(*day).ok()?,
        i8::try_from(*hour).ok()?,
        i8::try_from(*minute).ok()?,
        i8::try_from(second).ok()?,
        0,
    );
    in_zone(civil.ok()?, zone)
}

fn parts(text: &str, separator: char) -> Option<Vec<u16>> {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let number = |part: &str| part.parse().ok().filter(|_| digits(part));
    text.split(separator).map(number).collect()
}

fn without_offset(local: Millis, near: &Near<'_>) -> Option<Millis> {
    if let Some(offset) = near.offset {
        return Some(local - offset);
    }
    let civil = TimeZone::UTC.to_datetime(Timestamp::from_millisecond(local).ok()?);
    in_zone(civil, near.zone)
}

fn in_zone(civil: DateTime, zone: &TimeZone) -> Option<Millis> {
    let zoned = zone.to_ambiguous_zoned(civil).compatible().ok()?;
    Some(zoned.timestamp().as_millisecond())
}

fn days_in(year: i64, month: i64) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since the epoch, after Howard Hinnant's `days_from_civil`.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests;
