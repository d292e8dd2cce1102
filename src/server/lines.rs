//! How many lines of the log strangers can cause: whoever finds the callback can push to it, and a log fills a disk.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicI64, AtomicU32};

use crate::env::{MINUTE, Millis};

/// Lines a minute; more are only counted, by the metrics.
pub(crate) const MAX_LINES_A_MINUTE: u32 = 30;

/// The lines of one kind.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    minute: AtomicI64,
    written: AtomicU32,
}

/// What becomes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// It is written.
    Written,
    /// It is written, and that no more are until the minute is over.
    Last,
    /// It is not.
    Left,
}

impl Lines {
    /// One more.
    pub(crate) fn one(&self, now: Millis) -> Line {
        let minute = now / MINUTE;
        if self.minute.swap(minute, Relaxed) != minute {
            self.written.store(0, Relaxed);
        }
        match self.written.fetch_add(1, Relaxed) + 1 {
            ..MAX_LINES_A_MINUTE => Line::Written,
            MAX_LINES_A_MINUTE => Line::Last,
            _ => Line::Left,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_lines_are_written_a_minute() {
        let lines = Lines::default();
        for _ in 1..MAX_LINES_A_MINUTE {
            assert_eq!(lines.one(5 * MINUTE), Line::Written);
        }
        assert_eq!(lines.one(6 * MINUTE - 1), Line::Last);
        for _ in 0..3 {
            assert_eq!(lines.one(6 * MINUTE - 1), Line::Left);
        }
        assert_eq!(lines.one(6 * MINUTE), Line::Written);
    }
}
