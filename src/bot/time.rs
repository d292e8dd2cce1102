//! Times as the API writes and reads them: RFC 3339 with an offset, milliseconds kept.

use jiff::Timestamp;

use crate::env::Millis;

/// A moment in UTC, e.g. `2026-01-05T01:00:00Z`.
pub fn rfc3339(time: Millis) -> String {
    Timestamp::from_millisecond(time)
        .map(|time| time.to_string())
        // Outside year -9999..9999; no clock gives it.
        .unwrap_or_else(|_| time.to_string())
}

/// Reads a moment with an offset (`Z`, `+08:00`); nothing else, no local times.
pub fn parse_rfc3339(text: &str) -> Option<Millis> {
    text.parse::<Timestamp>()
        .ok()
        .map(|time| time.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_in_utc_and_read_with_any_offset() {
        assert_eq!(rfc3339(1_767_574_800_000), "2026-01-05T01:00:00Z");
        assert_eq!(
            parse_rfc3339("2026-01-05T09:00:00+08:00"),
            Some(1_767_574_800_000)
        );
        assert_eq!(parse_rfc3339("2026-01-05 09:00"), None);
        assert_eq!(parse_rfc3339("2026-01-05T09:00:00"), None);
    }
}
