//! Rows, for the questions numbers do not answer: what `history` asks of its host.

use super::super::loaded::{kind, nothing, of_others};
use super::Histories;
use crate::backtest::needs::narrowest;
use crate::bot::login::ask;
use crate::env::Millis;
use crate::history::{Key, KeyNeed, KeyPart, Row, Rows, Slice, Tallied};
use crate::lang::program::ByKey;

impl Rows for Histories<'_> {
    type Row = Row;

    fn tally(&mut self, what: &Tallied, days: (i64, i64), _: &Row) -> u64 {
        // What is counted has the present login's own values.
        let counts = self.shared.counts.iter();
        counts
            .clone()
            .find(|counts| counts.is_of(what))
            .map_or(0, |counts| counts.count(self.table, days, self.now.row))
    }

    fn rows(&mut self, key: &Key, after: Option<Millis>) -> Slice<'_, Row> {
        let parts = key.parts();
        if let [KeyPart::Account(_)] = parts {
            return self.own_recent(after);
        }
        let by: Vec<ByKey> = parts.iter().map(kind).collect();
        let after = ask::reach(&self.windows, &by, self.now.time);
        let now = self.now;
        let table = self.table;
        let single = narrowest(&KeyNeed {
            by: by.clone(),
            window: None,
        });
        if by.len() == 1 {
            let Some(loaded) = self.others(single) else {
                return nothing();
            };
            return of_others(loaded, now, table, after);
        }
        let mut combined = std::mem::take(&mut self.combined);
        combined.clear();
        let found = if single == ByKey::Account {
            self.make();
            // As far back as the combination's own window.
            Some(self.own_after(after))
        } else {
            self.others(single)
                .map(|loaded| of_others(loaded, now, table, after))
        };
        let truncated = found.is_some_and(|slice| slice.truncated);
        if let Some(slice) = found {
            combined.extend(slice.rows.iter().filter(|row| key.holds(row)).cloned());
        }
        self.combined = combined;
        Slice {
            rows: &self.combined,
            // Of a combination, only its rows tell.
            first_success: None,
            truncated,
        }
    }
}
