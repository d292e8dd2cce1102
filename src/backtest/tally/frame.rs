//! Over which logins figures are, and what is known of one.

use serde::Serialize;

use jiff::tz::TimeZone;

use super::{Days, PERIODS};
use crate::backtest::needs::Need;
use crate::backtest::symbols::NONE;
use crate::backtest::table::{JUDGED, Labels, Table};
use crate::env::Millis;

/// What is counted, and over which logins.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Figures begin here: before, histories are too short to judge anybody. After `to` when the warm-up is
    /// longer than the input.
    pub from: Millis,
    /// The last event time.
    pub to: Millis,
    /// The label that says which logins were attacks; `None` without labels.
    pub label: Option<u8>,
    /// Whether unlabelled logins count as good.
    pub unlabelled_good: bool,
    /// Which logins rates are of.
    pub basis: Basis,
    /// Addresses are kept, because a rule asks for them.
    pub addresses: bool,
    /// Where each period but the first begins: asked of every login, and divisions take long.
    begins: [Millis; PERIODS - 1],
    days: Days,
}

/// Which logins a rate is of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Successful ones that are labelled as good.
    GoodLogins,
    /// Successful ones not labelled as attack: where no label calls any of them good, or only those of which
    /// owners were asked.
    NotAttacks,
    /// All successful ones: no label says what was an attack.
    #[default]
    Logins,
}

impl Basis {
    /// Behind a number: of how many it is. Chinese and English.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::GoodLogins => ("每万次正常登录", "per 10,000 good logins"),
            Self::NotAttacks => (
                "每万次没有标注为攻击的登录",
                "per 10,000 logins not labelled as attacks",
            ),
            Self::Logins => ("每万次登录", "per 10,000 logins"),
        }
    }

    /// Whether a login of this class is one of them.
    pub fn has(self, class: Class) -> bool {
        match self {
            Self::GoodLogins => class == Class::Good,
            Self::NotAttacks => class != Class::Attack,
            Self::Logins => true,
        }
    }
}

impl Frame {
    /// Of all logins `from..=to`.
    pub fn new(from: Millis, to: Millis, label: Option<u8>, unlabelled_good: bool) -> Self {
        let span = (i128::from(to) - i128::from(from) + 1).max(1);
        let begin = |at: usize| {
            // Rounded up: what is counted is whole.
            let after = (span * (at as i128 + 1) + PERIODS as i128 - 1) / PERIODS as i128;
            (i128::from(from) + after) as Millis
        };
        Self {
            from,
            to,
            label,
            unlabelled_good,
            basis: Basis::default(),
            addresses: false,
            begins: std::array::from_fn(begin),
            days: Days::new(from, to, &TimeZone::UTC),
        }
    }

    /// With the days of this zone; of UTC else.
    pub fn in_zone(mut self, zone: &TimeZone) -> Self {
        self.days = Days::new(self.from, self.to, zone);
        self
    }

    /// With the basis the label gives: of the logins that count, as far as it speaks of them.
    pub fn over(mut self, table: &Table) -> Self {
        let addresses = table.column(Need::Ip).into_iter().flatten();
        self.addresses = addresses.copied().any(|address| address != NONE);
        self.basis = match self.label {
            None => Basis::Logins,
            Some(label) if table.asked >> label & 1 == 1 && !self.unlabelled_good => {
                Basis::NotAttacks
            }
            Some(_) if (0..table.len() as u32).any(|row| self.is_good(table, row)) => {
                Basis::GoodLogins
            }
            Some(_) => Basis::NotAttacks,
        };
        self
    }

    fn is_good(&self, table: &Table, row: u32) -> bool {
        table.time[row as usize] >= self.from
            && table.has(row, JUDGED)
            && self.class(table.labels_of(row)) == Class::Good
    }

    /// The days of the calendar the figures are over; none when no login counts.
    pub fn days(&self) -> &Days {
        &self.days
    }

    /// The day a moment within it lies on.
    pub fn day(&self, time: Millis) -> usize {
        self.days.of(time)
    }

    /// The period a moment lies in.
    pub fn period(&self, time: Millis) -> usize {
        self.begins.iter().filter(|begin| time >= **begin).count()
    }

    /// Attack, good, or not known.
    pub fn class(&self, labels: Labels) -> Class {
        let Some(label) = self.label else {
            return Class::Unknown;
        };
        match labels.get(label) {
            Some(true) => Class::Attack,
            Some(false) => Class::Good,
            None if self.unlabelled_good => Class::Good,
            None => Class::Unknown,
        }
    }
}

/// What is known of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// It was one.
    Attack,
    /// It was none.
    Good,
    /// Nobody says.
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_the_part_of_the_time_a_moment_lies_in() {
        for (from, to) in [
            (0, 0),
            (0, 1),
            (5, 7),
            (-10, 89),
            (1_000, 1_000_000),
            (3, 2),
        ] {
            let frame = Frame::new(from, to, None, false);
            let span = (to - from + 1).max(1);
            for time in from..=to.min(from + 5_000) {
                let part = ((time - from) * PERIODS as Millis / span) as usize;
                assert_eq!(
                    frame.period(time),
                    part.min(PERIODS - 1),
                    "{time} of {from}..={to}"
                );
            }
        }
        let all = Frame::new(Millis::MIN, Millis::MAX, None, false);
        assert_eq!(
            [Millis::MIN, 0, Millis::MAX].map(|time| all.period(time)),
            [0, 1, 2]
        );
    }
}
