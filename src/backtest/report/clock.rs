//! Times of a report for people: all in one zone, which the report names. Data (JSON) keeps RFC 3339 in UTC.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::env::Millis;

/// A clock in one zone.
#[derive(Debug, Clone)]
pub struct Clock(TimeZone);

impl Clock {
    /// In this zone.
    pub fn new(zone: TimeZone) -> Self {
        Self(zone)
    }

    /// In the zone a report names; UTC when this machine does not know it.
    pub(super) fn named(name: &str) -> Self {
        Self(TimeZone::get(name).unwrap_or(TimeZone::UTC))
    }

    /// The zone's name.
    pub fn name(&self) -> String {
        self.0.iana_name().unwrap_or("UTC").to_owned()
    }

    /// A moment: `2026-01-05 09:00:03 +08:00`.
    pub fn moment(&self, at: Millis) -> String {
        self.format(at, "%Y-%m-%d %H:%M:%S %:z")
    }

    /// The same as RFC 3339, to the millisecond: for tables other programs read.
    pub fn rfc3339(&self, at: Millis) -> String {
        self.format(at, "%Y-%m-%dT%H:%M:%S%.3f%:z")
    }

    /// The day of an RFC 3339 time.
    pub(super) fn day(&self, time: &str) -> String {
        self.told(time, "%Y-%m-%d")
    }

    /// The minute of its day of an RFC 3339 time: `11:00`.
    pub(super) fn time_of_day(&self, time: &str) -> String {
        self.told(time, "%H:%M")
    }

    /// Day and minute of an RFC 3339 time.
    pub(super) fn minute(&self, time: &str) -> String {
        self.told(time, "%Y-%m-%d %H:%M")
    }

    fn told(&self, time: &str, form: &str) -> String {
        match time.parse::<Timestamp>() {
            Ok(at) => self.format(at.as_millisecond(), form),
            Err(_) => time.to_owned(),
        }
    }

    fn format(&self, at: Millis, form: &str) -> String {
        match Timestamp::from_millisecond(at) {
            Ok(at) => at.to_zoned(self.0.clone()).strftime(form).to_string(),
            Err(_) => at.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_moments_are_those_of_the_zone_and_say_so() {
        let clock = Clock::named("Asia/Shanghai");
        assert_eq!(clock.name(), "Asia/Shanghai");
        // Half past eleven at night in UTC is the next morning there.
        let time = "2026-01-04T23:30:03.5Z";
        assert_eq!(clock.day(time), "2026-01-05");
        assert_eq!(clock.minute(time), "2026-01-05 07:30");
        let at = time.parse::<Timestamp>().unwrap().as_millisecond();
        assert_eq!(clock.moment(at), "2026-01-05 07:30:03 +08:00");
        assert_eq!(clock.rfc3339(at), "2026-01-05T07:30:03.500+08:00");
        assert_eq!(Clock::named("UTC").moment(at), "2026-01-04 23:30:03 +00:00");
        assert_eq!(Clock::named("Nowhere/Else").name(), "UTC");
        assert_eq!(clock.day("?"), "?");
    }
}
