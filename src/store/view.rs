//! Reading through layers: a command's own writes over those of its drain over the database.
//! A layer's deletion hides the rows below it.

use std::cmp::Ordering;
use std::ops::Bound;

use super::engine::{EngineError, Order, Row, Source};
use super::later::{Held, Pending};

/// What a command sees. Lower layers never change while it runs.
pub(crate) struct View<'a> {
    /// The command's own writes.
    pub(crate) own: &'a Pending,
    /// Writes of earlier commands of the same drain, or the before-images of a snapshot.
    pub(crate) shared: &'a Pending,
    /// The database.
    pub(crate) engine: &'a dyn Source,
}

impl<'a> View<'a> {
    /// The value under `key`.
    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        match self.own.get(key).or_else(|| self.shared.get(key)) {
            Some(held) => Ok(value_of(held)),
            None => self.engine.get(key),
        }
    }

    /// Shows the value under `key` where it lies, if there is one.
    pub(crate) fn look(&self, key: &[u8], take: &mut dyn FnMut(&[u8])) -> Result<(), EngineError> {
        match self.own.get(key).or_else(|| self.shared.get(key)) {
            Some(held) => {
                if let Some(value) = value_of(held) {
                    take(&value);
                }
                Ok(())
            }
            None => self.engine.look(key, take),
        }
    }

    /// The rows with `low <= key < high`.
    pub(crate) fn range(&self, low: &[u8], high: &[u8], order: Order) -> Merged<'a> {
        if low >= high {
            return Merged {
                order,
                layers: Vec::new(),
            };
        }
        let database = self
            .engine
            .range(low, high, order)
            .map(|row| row.map(|(key, value)| (key, Some(value))));
        let layers: Vec<Layer<'a>> = vec![
            overlay(self.own, low, high, order),
            overlay(self.shared, low, high, order),
            Box::new(database),
        ];
        Merged {
            order,
            layers: layers.into_iter().map(Head::new).collect(),
        }
    }
}

type Cell = (Vec<u8>, Option<Vec<u8>>);
type Layer<'a> = Box<dyn Iterator<Item = Result<Cell, EngineError>> + 'a>;

/// A value of a layer. One that cannot be made is none: its commit will be refused, with whatever was made of
/// it here.
fn value_of(held: &Option<Held>) -> Option<Vec<u8>> {
    held.as_ref().and_then(|held| held.value().ok())
}

fn overlay<'a>(writes: &'a Pending, low: &[u8], high: &[u8], order: Order) -> Layer<'a> {
    let cells = writes
        .range::<[u8], _>((Bound::Included(low), Bound::Excluded(high)))
        .map(|(key, held)| Ok((key.clone(), value_of(held))));
    match order {
        Order::Ascending => Box::new(cells),
        Order::Descending => Box::new(cells.rev()),
    }
}

/// The rows of all layers in one order; among equal keys the first layer wins.
pub(crate) struct Merged<'a> {
    order: Order,
    layers: Vec<Head<'a>>,
}

struct Head<'a> {
    rest: Layer<'a>,
    /// The cell read ahead; `None` before the first read and after each take.
    ahead: Option<Cell>,
}

impl<'a> Head<'a> {
    fn new(rest: Layer<'a>) -> Self {
        Self { rest, ahead: None }
    }

    fn fill(&mut self) -> Result<(), EngineError> {
        if self.ahead.is_none() {
            self.ahead = self.rest.next().transpose()?;
        }
        Ok(())
    }
}

impl Merged<'_> {
    fn next_cell(&mut self) -> Result<Option<Cell>, EngineError> {
        for layer in &mut self.layers {
            layer.fill()?;
        }
        let before = match self.order {
            Order::Ascending => Ordering::Less,
            Order::Descending => Ordering::Greater,
        };
        let mut chosen: Option<usize> = None;
        for (index, layer) in self.layers.iter().enumerate() {
            let Some((key, _)) = &layer.ahead else {
                continue;
            };
            let better = match chosen.and_then(|best| self.layers[best].ahead.as_ref()) {
                Some((best, _)) => key.cmp(best) == before,
                None => true,
            };
            if better {
                chosen = Some(index);
            }
        }
        let Some(cell) = chosen.and_then(|index| self.layers[index].ahead.take()) else {
            return Ok(None);
        };
        for layer in &mut self.layers {
            if layer.ahead.as_ref().is_some_and(|(key, _)| *key == cell.0) {
                layer.ahead = None;
            }
        }
        Ok(Some(cell))
    }
}

impl Iterator for Merged<'_> {
    type Item = Result<Row, EngineError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.next_cell() {
                Ok(Some((key, Some(value)))) => return Some(Ok((key, value))),
                Ok(Some((_, None))) => {}
                Ok(None) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::collection::btree_map;
    use proptest::prelude::*;

    use super::super::engine::{Engine as _, Writes};
    use super::super::memory::MemoryEngine;
    use super::*;

    /// Few keys, so that the layers meet.
    fn keys() -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(0_u8..3, 1..3)
    }

    fn layer() -> impl Strategy<Value = Writes> {
        btree_map(keys(), proptest::option::of(Just(vec![1])), 0..8)
    }

    fn pending(writes: Writes) -> Pending {
        let held = |(key, value): (Vec<u8>, Option<Vec<u8>>)| (key, value.map(Held::Here));
        writes.into_iter().map(held).collect()
    }

    proptest! {
        #[test]
        fn layers_read_like_one_map(
            database in layer(),
            shared in layer(),
            own in layer(),
            low in keys(),
            high in keys(),
        ) {
            // Each layer's values say which it is.
            let stamp = |layer: Writes, stamp: u8| -> Writes {
                layer.into_iter().map(|(key, value)| (key, value.map(|_| vec![stamp]))).collect()
            };
            let (database, shared, own) = (stamp(database, 1), stamp(shared, 2), stamp(own, 3));
            let mut model: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
            for (key, value) in [&database, &shared, &own].into_iter().flatten() {
                match value {
                    Some(value) => model.insert(key.clone(), value.clone()),
                    None => model.remove(key),
                };
            }
            let mut engine = MemoryEngine::default();
            engine.apply(database).expect("memory");
            let (own, shared) = (pending(own), pending(shared));
            let view = View { own: &own, shared: &shared, engine: &engine };
            let mut expected: Vec<Row> = if low < high {
                model.range(low.clone()..high.clone()).map(|(k, v)| (k.clone(), v.clone())).collect()
            } else {
                Vec::new()
            };
            let read = |order| -> Vec<Row> {
                view.range(&low, &high, order).collect::<Result<_, _>>().expect("memory")
            };
            prop_assert_eq!(&read(Order::Ascending), &expected);
            expected.reverse();
            prop_assert_eq!(&read(Order::Descending), &expected);
            prop_assert_eq!(view.get(&low).expect("memory"), model.get(&low).cloned());
        }
    }
}
