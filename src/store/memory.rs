//! The store without a disk: for tests, backtests and stories. The same writer, queue and commands
//! as on disk; what is "durable" here ends with the process.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use super::engine::{Engine, EngineError, Mark, Order, Reader, Row, Rows, Source, Writes};

/// Rows in a map. Readers share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct MemoryEngine {
    rows: Arc<RwLock<BTreeMap<Vec<u8>, Vec<u8>>>>,
}

impl MemoryEngine {
    fn rows(&self) -> RwLockReadGuard<'_, BTreeMap<Vec<u8>, Vec<u8>>> {
        self.rows.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first row between the bounds in the order asked for.
    fn next(&self, low: Bound<&[u8]>, high: Bound<&[u8]>, order: Order) -> Option<Row> {
        let rows = self.rows();
        let mut range = rows.range::<[u8], _>((low, high));
        let row = match order {
            Order::Ascending => range.next(),
            Order::Descending => range.next_back(),
        };
        row.map(|(key, value)| (key.clone(), value.clone()))
    }
}

impl Source for MemoryEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        Ok(self.rows().get(key).cloned())
    }

    /// The lock is taken for each row, so that a reader that stops half-way holds up nobody.
    fn range<'a>(&'a self, low: &[u8], high: &[u8], order: Order) -> Rows<'a> {
        if low >= high {
            return Box::new(std::iter::empty());
        }
        let (low, high) = (low.to_vec(), high.to_vec());
        let mut last: Option<Vec<u8>> = None;
        Box::new(std::iter::from_fn(move || {
            let row = match (&last, order) {
                (None, _) => self.next(Bound::Included(&low), Bound::Excluded(&high), order),
                (Some(last), Order::Ascending) => {
                    self.next(Bound::Excluded(last), Bound::Excluded(&high), order)
                }
                (Some(last), Order::Descending) => {
                    self.next(Bound::Included(&low), Bound::Excluded(last), order)
                }
            }?;
            last = Some(row.0.clone());
            Some(Ok(row))
        }))
    }
}

impl Engine for MemoryEngine {
    fn reader(&self) -> Option<Reader> {
        Some(Box::new(self.clone()))
    }

    fn apply(&mut self, writes: Writes) -> Result<(), EngineError> {
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        for (key, value) in writes {
            match value {
                Some(value) => rows.insert(key, value),
                None => rows.remove(&key),
            };
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), EngineError> {
        Ok(())
    }

    fn acknowledge(&mut self, _mark: Mark) -> Result<(), EngineError> {
        Ok(())
    }

    fn close(self: Box<Self>) {}
}

#[cfg(test)]
mod tests {
    use crate::env::Env;
    use crate::store::writer::{MAX_SNAPSHOT_BYTES, MAX_SNAPSHOT_KEYS};
    use crate::store::{MAX_COMMAND_KEYS, SharedStore, StoreError, execute, memory, read, read_at};

    /// Writes `keys` keys of `bytes` each, as many to a command as it takes.
    async fn fill(store: &SharedStore, keys: usize, bytes: usize, first: u8) {
        let step = MAX_COMMAND_KEYS.min((1 << 20) / bytes.max(1));
        for from in (0..keys).step_by(step) {
            execute::<_, StoreError>(&**store, "test", move |tx| {
                for number in from..(from + step).min(keys) {
                    let key = [&[255, first][..], &number.to_be_bytes()].concat();
                    tx.write_raw(key, Some(vec![first; bytes]))?;
                }
                Ok(())
            })
            .await
            .expect("written");
        }
    }

    fn given_up(store: &SharedStore) -> u64 {
        let limits = store.status().limits;
        limits.get("snapshot_size").copied().unwrap_or(0)
    }

    #[tokio::test]
    async fn a_snapshot_holds_so_many_changed_keys_and_is_given_up_beyond() {
        let store = memory(Env::scripted(0, 1).0);
        let snapshot = store.snapshot().await.expect("a snapshot");
        let look = async || read_at::<_, StoreError>(&*store, &snapshot, "look", |_| Ok(())).await;
        // Each commit changes its own record as well.
        fill(&store, MAX_SNAPSHOT_KEYS - 1, 0, 1).await;
        assert_eq!((look().await, given_up(&store)), (Ok(()), 0));
        fill(&store, 2, 0, 2).await;
        assert_eq!(
            (look().await, given_up(&store)),
            (Err(StoreError::SnapshotGone), 1)
        );
        assert_eq!(
            read::<_, StoreError>(&*store, "look", |_| Ok(())).await,
            Ok(())
        );
    }

    #[tokio::test]
    async fn a_snapshot_holds_so_many_bytes_and_is_given_up_beyond() {
        const VALUE: usize = 32 * 1024;
        let store = memory(Env::scripted(0, 1).0);
        let fit = MAX_SNAPSHOT_BYTES / VALUE - 1;
        fill(&store, fit + 2, VALUE, 1).await;
        let snapshot = store.snapshot().await.expect("a snapshot");
        let look = async || read_at::<_, StoreError>(&*store, &snapshot, "look", |_| Ok(())).await;
        let forget = async |keys: std::ops::Range<usize>| {
            for number in keys {
                execute::<_, StoreError>(&*store, "test", move |tx| {
                    tx.delete_raw([&[255, 1][..], &number.to_be_bytes()].concat())
                })
                .await
                .expect("deleted");
            }
        };
        forget(0..fit).await;
        assert_eq!((look().await, given_up(&store)), (Ok(()), 0));
        forget(fit..fit + 2).await;
        assert_eq!(
            (look().await, given_up(&store)),
            (Err(StoreError::SnapshotGone), 1)
        );
    }
}
