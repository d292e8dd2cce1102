//! The days figures are told by: those of the calendar, where people compare them with others of theirs.

use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil::Date};

use crate::env::{DAY, HOUR, Millis};

/// A day that lacks more than this is a part of one.
const LACKS: Millis = HOUR;
/// Of fewer whole days than this, parts count as days too: there is little else.
const FEW: usize = 3;
/// The most days told apart: 350 years. What comes later is of the last.
const MOST: usize = 1 << 17;

/// The days of the calendar that a stretch of time touches.
#[derive(Debug, Clone)]
pub struct Days {
    /// Where each begins: the first where the stretch does.
    begins: Arc<[Millis]>,
    /// The last moment.
    to: Millis,
    /// The first is a part of a day.
    pub first_partial: bool,
    /// The last is.
    pub last_partial: bool,
}

impl Days {
    /// Of `from..=to`, by the calendar of `zone`; none when that is empty.
    pub fn new(from: Millis, to: Millis, zone: &TimeZone) -> Self {
        let mut begins = Vec::new();
        let (mut first_partial, mut last_partial) = (false, false);
        if from <= to {
            begins.push(from);
            if let Some(first) = date(from, zone) {
                first_partial = begin(first, zone).is_some_and(|midnight| from - midnight > LACKS);
                let mut day = first;
                while let Some((next, midnight)) = after(day, zone) {
                    if midnight > to || begins.len() == MOST {
                        last_partial = midnight > to && midnight - to > LACKS;
                        break;
                    }
                    // Where a calendar leaves a day out, two begin at once.
                    if Some(&midnight) > begins.last() {
                        begins.push(midnight);
                    }
                    day = next;
                }
            }
        }
        Self {
            begins: begins.into(),
            to,
            first_partial,
            last_partial,
        }
    }

    /// How many, begun ones included.
    pub fn count(&self) -> usize {
        self.begins.len()
    }

    /// On which a moment of them lies.
    pub fn of(&self, time: Millis) -> usize {
        // Days are 24 hours long but for an hour or two a year: it is this one or one beside it.
        let Some(last) = self.begins.len().checked_sub(1) else {
            return 0;
        };
        let guess = (time - self.begins[0]) / DAY;
        let mut at = usize::try_from(guess).unwrap_or(0).min(last);
        while at < last && self.begins[at + 1] <= time {
            at += 1;
        }
        while at > 0 && self.begins[at] > time {
            at -= 1;
        }
        at
    }

    /// How long each is that lies in the stretch, in days of 24 hours.
    pub fn lengths(&self) -> impl Iterator<Item = f64> {
        let ends = self.begins.iter().skip(1).copied();
        let ends = ends.chain([self.to.saturating_add(1)]);
        self.begins
            .iter()
            .zip(ends)
            .map(|(begin, end)| (end - begin) as f64 / DAY as f64)
    }

    /// How long the stretch is, in days of 24 hours: at least one, for nobody knows the rest of a day of which an
    /// hour is there; 0 when it is empty.
    pub fn span(&self) -> f64 {
        match self.begins.first() {
            None => 0.0,
            Some(from) => ((self.to - from + 1) as f64 / DAY as f64).max(1.0),
        }
    }

    /// Of one number a day those of whole days; of all where there are few of them.
    pub fn whole<'d>(&self, by_day: &'d [u32]) -> &'d [u32] {
        let first = usize::from(self.first_partial);
        let last = by_day.len().saturating_sub(usize::from(self.last_partial));
        match by_day.get(first..last) {
            Some(whole) if whole.len() >= FEW => whole,
            _ => by_day,
        }
    }
}

fn date(at: Millis, zone: &TimeZone) -> Option<Date> {
    let at = Timestamp::from_millisecond(at).ok()?;
    Some(zone.to_datetime(at).date())
}

fn begin(day: Date, zone: &TimeZone) -> Option<Millis> {
    let midnight = day.to_zoned(zone.clone()).ok()?;
    Some(midnight.timestamp().as_millisecond())
}

fn after(day: Date, zone: &TimeZone) -> Option<(Date, Millis)> {
    let next = day.tomorrow().ok()?;
    Some((next, begin(next, zone)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Millis {
        let at: Timestamp = text.parse().expect("a time");
        at.as_millisecond()
    }

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).expect("a zone")
    }

    #[test]
    fn days_are_those_of_the_calendar_of_the_zone() {
        let (from, to) = (at("2026-01-01T10:00:00Z"), at("2026-01-04T15:59:59.999Z"));
        let days = Days::new(from, to, &zone("Asia/Shanghai"));
        // From six in the evening there to the end of the fourth.
        assert_eq!(days.count(), 4);
        assert_eq!((days.first_partial, days.last_partial), (true, false));
        assert_eq!(days.of(from), 0);
        assert_eq!(days.of(at("2026-01-01T15:59:59.999Z")), 0);
        assert_eq!(days.of(at("2026-01-01T16:00:00Z")), 1);
        assert_eq!(days.of(to), 3);
        assert_eq!(days.lengths().collect::<Vec<_>>(), [0.25, 1.0, 1.0, 1.0]);
        assert_eq!(days.span(), 3.25);
        assert_eq!(days.whole(&[9, 1, 2, 3]), [1, 2, 3]);
        // Of a few hours the rest of the day is not known.
        let days = Days::new(from, from + HOUR, &TimeZone::UTC);
        assert_eq!((days.count(), days.span()), (1, 1.0));
        assert_eq!(days.whole(&[9]), [9]);
        let none = Days::new(5, 4, &TimeZone::UTC);
        assert_eq!((none.count(), none.span()), (0, 0.0));
    }

    #[test]
    fn every_moment_lies_on_its_day_also_where_clocks_change() {
        for name in ["UTC", "Asia/Shanghai", "America/New_York", "Pacific/Apia"] {
            let zone = zone(name);
            // Apia left a day out in this winter.
            let (from, to) = (at("2011-10-20T01:02:03Z"), at("2012-04-20T01:02:03Z"));
            let days = Days::new(from, to, &zone);
            let mut seen: Vec<Date> = Vec::new();
            for time in (from..=to).step_by(17 * 60 * 1_000) {
                let today = date(time, &zone).expect("a date");
                if seen.last() != Some(&today) {
                    seen.push(today);
                }
                assert_eq!(days.of(time) + 1, seen.len(), "{name} {today}");
            }
            assert_eq!(days.count(), seen.len(), "{name}");
            let all: f64 = days.lengths().sum();
            assert!((all - days.span()).abs() < 1e-9, "{name}");
        }
    }

    #[test]
    fn no_stretch_is_too_long() {
        let days = Days::new(Millis::MIN / 2, Millis::MAX / 2, &TimeZone::UTC);
        assert_eq!(days.count(), 1);
        let days = Days::new(0, at("9000-01-01T00:00:00Z"), &TimeZone::UTC);
        assert_eq!(days.count(), MOST);
        assert_eq!(days.of(at("8999-01-01T00:00:00Z")), MOST - 1);
    }
}
