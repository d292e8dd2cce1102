//! Deleting what has expired, a little at a time.
//!
//! Expired records are dead already: readers check for themselves. The sweep only gives their space
//! back, so it may lag, and it deletes without consequences: what must happen at an end in time
//! (an event, a prompt) is its room's business.

use std::collections::BTreeMap;

use super::command::execute;
use super::engine::Order;
use super::error::StoreError;
use super::handle::Store;
use super::key::{self, after_prefix, kind_prefix};
use super::records::{Kind, schema};

/// The most records looked at in one step, so that a step is a short command and a small commit.
pub const MAX_SWEEP: usize = 256;

/// Walks through kinds, remembering where it stopped in each.
#[derive(Debug, Default)]
pub struct Sweeper {
    places: BTreeMap<Kind, Vec<u8>>,
}

/// What one step did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Records looked at.
    pub looked_at: usize,
    /// Records deleted.
    pub deleted: usize,
    /// Records that cannot be read; they are left alone.
    pub unreadable: usize,
    /// The kind's end was reached; the next step begins at its start.
    pub finished: bool,
}

impl Sweeper {
    /// A sweep that begins everywhere at the start.
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks at the next records of `kind`, at most `limit` and [`MAX_SWEEP`], and deletes those that
    /// have expired. A step that deletes nothing costs no commit.
    pub async fn step(
        &mut self,
        store: &dyn Store,
        kind: Kind,
        limit: usize,
    ) -> Result<Swept, StoreError> {
        let Some(record) = schema().iter().find(|record| record.kind == kind) else {
            return Ok(Swept {
                finished: true,
                ..Swept::default()
            });
        };
        let limit = limit.clamp(1, MAX_SWEEP);
        let prefix = kind_prefix(kind);
        let high = after_prefix(&prefix);
        let low = match self.places.get(&kind) {
            Some(last) => key::successor(last),
            None => prefix,
        };
        let (swept, last) = execute(store, "store.sweep", move |tx| {
            let rows = tx.rows(&low, &high, Order::Ascending, limit)?;
            let mut swept = Swept {
                looked_at: rows.len(),
                finished: rows.len() < limit,
                ..Swept::default()
            };
            let last = rows.last().map(|(key, _)| key.clone());
            for (key, value) in rows {
                match (record.expires_at)(&value) {
                    Ok(Some(end)) if end <= tx.now() => {
                        tx.delete_raw(key)?;
                        swept.deleted += 1;
                    }
                    Ok(_) => {}
                    Err(_) => swept.unreadable += 1,
                }
            }
            Ok::<_, StoreError>((swept, last))
        })
        .await?;
        match last {
            Some(last) if !swept.finished => self.places.insert(kind, last),
            _ => self.places.remove(&kind),
        };
        Ok(swept)
    }

    /// One step in every kind of the schema; the sum of what they did. `finished` when all did.
    pub async fn step_all(&mut self, store: &dyn Store, limit: usize) -> Result<Swept, StoreError> {
        let mut sum = Swept {
            finished: true,
            ..Swept::default()
        };
        for record in schema() {
            let swept = self.step(store, record.kind, limit).await?;
            sum.looked_at += swept.looked_at;
            sum.deleted += swept.deleted;
            sum.unreadable += swept.unreadable;
            sum.finished &= swept.finished;
        }
        Ok(sum)
    }
}
