//! How much of all bodies that are still arriving is held in memory.
//!
//! Each body has a bound of its own, and there may be as many as connections: without a bound together,
//! senders that stop half-way hold gigabytes for as long as a body may take.

use tokio::sync::{Semaphore, SemaphorePermit};

/// Bytes held of all bodies beyond what each brought first (at most 64 KiB, which its connection holds).
pub const MAX_BODIES_BYTES: usize = 128 * 1024 * 1024;
/// What is counted, in bytes: a semaphore has no room for single ones.
const PIECE: usize = 1024;

/// The room for bodies.
#[derive(Debug)]
pub(crate) struct Bodies(Semaphore);

impl Default for Bodies {
    fn default() -> Self {
        Self::of(MAX_BODIES_BYTES)
    }
}

impl Bodies {
    fn of(bytes: usize) -> Self {
        Self(Semaphore::new(bytes / PIECE))
    }

    /// Makes room for `more` bytes beside what `held` has; it is free again when `held` is dropped. `None`
    /// when there is no more room.
    pub(crate) fn hold<'a>(
        &'a self,
        held: &mut Option<SemaphorePermit<'a>>,
        more: usize,
    ) -> Option<()> {
        let pieces = u32::try_from(more.div_ceil(PIECE)).ok()?;
        let permit = self.0.try_acquire_many(pieces).ok()?;
        match held {
            Some(held) => held.merge(permit),
            None => *held = Some(permit),
        }
        Some(())
    }

    /// Bytes held now.
    pub(crate) fn used(&self) -> usize {
        MAX_BODIES_BYTES.saturating_sub(self.0.available_permits() * PIECE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_together_are_bounded_and_their_room_comes_back() {
        let bodies = Bodies::of(10 * PIECE);
        let (mut one, mut other) = (None, None);
        assert!(bodies.hold(&mut one, 6 * PIECE).is_some());
        assert!(bodies.hold(&mut other, 3 * PIECE + 1).is_some());
        assert!(bodies.hold(&mut other, 1).is_none(), "all of it is taken");
        drop(one);
        assert!(bodies.hold(&mut other, 6 * PIECE).is_some());
        assert!(bodies.hold(&mut other, 1).is_none());
        drop(other);
        assert_eq!(bodies.0.available_permits(), 10);
    }
}
