//! How many connections are open, and how many ended without a request, for `/metrics`; the bounds
//! themselves are the HTTP server's.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU64, AtomicUsize};

use actix_web::HttpRequest;

/// Counts connections of all addresses. Cheap to clone; clones count together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Connections(Arc<Numbers>);

#[derive(Debug, Default)]
struct Numbers {
    open: AtomicUsize,
    most: AtomicUsize,
    unused: AtomicU64,
}

/// One open connection, counted until it is dropped.
#[derive(Debug)]
pub(crate) struct Open {
    among: Connections,
    used: Cell<bool>,
}

impl Connections {
    /// So many more connections may be open from now on.
    pub(crate) fn allow(&self, more: usize) {
        self.0.most.fetch_add(more, Relaxed);
    }

    /// A connection was taken.
    pub(crate) fn opened(&self) -> Open {
        self.0.open.fetch_add(1, Relaxed);
        Open {
            among: self.clone(),
            used: Cell::new(false),
        }
    }

    /// Connections open now.
    pub(crate) fn open(&self) -> usize {
        self.0.open.load(Relaxed)
    }

    /// Connections that may be open at a time.
    pub(crate) fn most(&self) -> usize {
        self.0.most.load(Relaxed)
    }

    /// Connections that ended before a request of theirs was whole. The HTTP server answers heads that are too
    /// slow, too large or no HTTP by itself (408, 431, 400): this is where they are counted.
    pub(crate) fn unused(&self) -> u64 {
        self.0.unused.load(Relaxed)
    }
}

impl Open {
    /// Notes that a whole request has come by the connection of `request`.
    pub(crate) fn used_by(request: &HttpRequest) {
        if let Some(open) = request.conn_data::<Self>() {
            open.used.set(true);
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.among.0.open.fetch_sub(1, Relaxed);
        if !self.used.get() {
            self.among.0.unused.fetch_add(1, Relaxed);
        }
    }
}
