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
