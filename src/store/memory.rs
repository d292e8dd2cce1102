//! The store without a disk: for tests, backtests and stories. The same writer, queue and commands
//! as on disk; what is "durable" here ends with the process.

use std::collections::BTreeMap;

use super::engine::{Engine, EngineError, Mark, Order, Reads, Rows, Writes};

/// Rows in a map.
#[derive(Debug, Default)]
pub(crate) struct MemoryEngine {
    rows: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Reads for MemoryEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        Ok(self.rows.get(key).cloned())
    }

    fn range<'a>(&'a self, low: &[u8], high: &[u8], order: Order) -> Rows<'a> {
        let rows = self
            .rows
            .range::<[u8], _>((
                std::ops::Bound::Included(low),
                std::ops::Bound::Excluded(high),
            ))
            .map(|(key, value)| Ok((key.clone(), value.clone())));
        match order {
            Order::Ascending => Box::new(rows),
            Order::Descending => Box::new(rows.rev()),
        }
    }
}

impl Engine for MemoryEngine {
    fn apply(&mut self, writes: Writes) -> Result<(), EngineError> {
        for (key, value) in writes {
            match value {
                Some(value) => self.rows.insert(key, value),
                None => self.rows.remove(&key),
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
