//! The past logins that were asked for last, read and kept in memory: an account under attack logs in again
//! and again, and its thousand logins are not decoded each time.
//!
//! What is kept is never more than a copy. A key's count ([`LoginCount`]) bears a stamp, another one after
//! every login recorded under the key, and all keys share one, another after logins were changed or erased;
//! rows are good for as long as both are what they were when the rows were read. Stamps are drawn from the command's own
//! randomness, so that one that was undone does not come again. The sweep leaves no stamp: rows are good until the first
//! of them expires.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::history::{self, By, Change};
use super::rows::Texts;
use crate::env::Millis;
use crate::history::Row;
use crate::store::records::{Login, LoginCount};
use crate::store::{StoreError, Tx};

/// The most rows kept in memory, some 300 bytes each; two of the fullest keys and what most installations
/// see in an hour.
pub const MAX_RECENT_ROWS: usize = 60_000;

/// See the module's description.
pub struct Recent {
    /// Rows in one of the two halves.
    room: usize,
    state: Mutex<State>,
}

/// Two halves: when the young one is full it becomes the old one, whose rows are forgotten unless they are
/// asked for before the next turn.
#[derive(Default)]
struct State {
    young: HashMap<(By, String), Kept>,
    old: HashMap<(By, String), Kept>,
    young_rows: usize,
    old_rows: usize,
    texts: Texts,
}

struct Kept {
    /// The stamp of all keys, and the key's own.
    stamps: (u64, u64),
    /// The rows are those later than this.
    after: Option<Millis>,
    /// When the first of them expires.
    until: Millis,
    rows: Arc<Vec<Row>>,
}

/// Rows of one key, from `start` on.
pub(super) struct Stretch {
    pub(super) rows: Arc<Vec<Row>>,
    pub(super) start: usize,
    pub(super) first_success: Option<Millis>,
    pub(super) truncated: bool,
}

impl Default for Recent {
    fn default() -> Self {
        Self::with_room(MAX_RECENT_ROWS)
    }
}

impl fmt::Debug for Recent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recent")
            .field("rows", &self.len())
            .finish_non_exhaustive()
    }
}

impl Recent {
    /// Keeps `rows` rows at most, and those of the key asked for last.
    pub(super) fn with_room(rows: usize) -> Self {
        Self {
            room: rows / 2,
            state: Mutex::default(),
        }
    }

    /// Rows kept.
    pub fn len(&self) -> usize {
        let state = self.state();
        state.young_rows + state.old_rows
    }

    /// Whether none are.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What [`history::rows`] says, perhaps from memory.
    pub(super) fn rows(
        &self,
        tx: &mut Tx<'_>,
        by: By,
        value: &str,
        after: Option<Millis>,
    ) -> Result<Stretch, StoreError> {
        let count = history::count_of(tx, by, value)?;
        let stamps = (history::changes(tx)?, stamp(count.as_ref()));
        let mut state = self.state();
        let key = (by, value.to_owned());
        if let Some(kept) = state.get(&key, self.room)
            && kept.stamps == stamps
            && stamps.1 != 0
            && tx.now() < kept.until
            && reaches(kept.after, after)
        {
            let rows = kept.rows.clone();
            let start = after.map_or(0, |after| rows.partition_point(|row| row.time <= after));
            return Ok(Stretch {
                first_success: count.as_ref().and_then(|count| count.first_success),
                truncated: history::is_truncated(count.as_ref(), by, rows.len() - start, after),
                rows,
                start,
            });
        }
        let found = history::rows_with(tx, by, value, after, count.as_ref(), &mut state.texts)?;
        let rows = Arc::new(found.rows);
        state.forget(&key);
        let kept = Kept {
            stamps,
            after,
            until: found.kept_until,
            rows: rows.clone(),
        };
        state.keep(key, kept, self.room);
        Ok(Stretch {
            rows,
            start: 0,
            first_success: found.first_success,
            truncated: found.truncated,
        })
    }

    /// A login was recorded: what is kept under its keys goes on with it.
    pub(crate) fn add(
        &self,
        tx: &mut Tx<'_>,
        login: &Login,
        changes: Vec<Change>,
    ) -> Result<(), StoreError> {
        let all = history::changes(tx)?;
        let state = &mut *self.state();
        for change in changes {
            let key = (change.by, change.value);
            let Some(kept) = state.get(&key, self.room) else {
                continue;
            };
            if kept.stamps != (all, change.was) || change.was == 0 || change.trimmed {
                state.forget(&key);
                continue;
            }
            kept.stamps.1 = change.is;
            if kept.after.is_some_and(|after| login.time <= after) {
                continue;
            }
            kept.until = kept.until.min(login.kept_until);
            let row = state.texts.row(&login.view());
            // Borrowed anew: the row was made with the same state.
            if let Some(kept) = state.young.get_mut(&key) {
                let rows = Arc::make_mut(&mut kept.rows);
                let place = (row.time, row.arrival);
                let at = rows.partition_point(|other| (other.time, other.arrival) <= place);
                rows.insert(at, row);
                state.young_rows += 1;
            }
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What is kept under a key; asked for, it is young again.
    fn get(&mut self, key: &(By, String), room: usize) -> Option<&mut Kept> {
        if let Some(kept) = self.old.remove(key) {
            self.old_rows -= kept.rows.len();
            self.keep(key.clone(), kept, room);
        }
        self.young.get_mut(key)
    }

    fn keep(&mut self, key: (By, String), kept: Kept, room: usize) {
        if self.young_rows + kept.rows.len() > room {
            self.old = std::mem::take(&mut self.young);
            self.old_rows = std::mem::take(&mut self.young_rows);
            self.texts = Texts::default();
        }
        self.young_rows += kept.rows.len();
        self.young.insert(key, kept);
    }

    fn forget(&mut self, key: &(By, String)) {
        if let Some(kept) = self.young.remove(key) {
            self.young_rows -= kept.rows.len();
        }
    }
}

/// Rows later than `kept` hold all rows later than `after`.
pub(super) fn reaches(kept: Option<Millis>, after: Option<Millis>) -> bool {
    match (kept, after) {
        (None, _) => true,
        (Some(kept), Some(after)) => kept <= after,
        (Some(_), None) => false,
    }
}

fn stamp(count: Option<&LoginCount>) -> u64 {
    count.map_or(0, |count| count.stamp)
}
