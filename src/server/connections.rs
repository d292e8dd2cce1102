//! How many connections are open, for `/metrics`; the bound itself is the HTTP server's.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

/// Counts connections of all addresses. Cheap to clone; clones count together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Connections(Arc<Numbers>);

#[derive(Debug, Default)]
struct Numbers {
    open: AtomicUsize,
    most: AtomicUsize,
}

/// One open connection, counted until it is dropped.
#[derive(Debug)]
pub(crate) struct Open(Connections);

impl Connections {
    /// So many more connections may be open from now on.
    pub(crate) fn allow(&self, more: usize) {
        self.0.most.fetch_add(more, Relaxed);
    }

    /// A connection was taken.
    pub(crate) fn opened(&self) -> Open {
        self.0.open.fetch_add(1, Relaxed);
        Open(self.clone())
    }

    /// Connections open now.
    pub(crate) fn open(&self) -> usize {
        self.0.open.load(Relaxed)
    }

    /// Connections that may be open at a time.
    pub(crate) fn most(&self) -> usize {
        self.0.most.load(Relaxed)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.0.open.fetch_sub(1, Relaxed);
    }
}
