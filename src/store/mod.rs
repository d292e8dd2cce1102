//! The store: everything Menshen must remember, behind commands that are atomic and durable.
//!
//! # What is atomic
//! A *command* ([`execute`]) is. Commands run one after another on the writer's thread; each sees all
//! effects of those before it and none of a half-done one. When it returns an error, panics, or makes
//! a write that is refused, all of its writes are dropped, numbers and feed events included, and
//! nobody else's. A domain operation is a plain function over a [`Tx`]; several compose in one command.
//!
//! # What is durable when a call returns
//! * [`execute`]: the command's effects are on the disk; if it wrote nothing, everything it may have
//!   read is. The same holds for its errors: a refusal is built on durable state too.
//! * [`read`], [`read_at`]: everything they may have read is on the disk.
//! * [`Store::commits`] changing to *n*: commit *n* and all before it are on the disk.
//! * [`Store::close`]: everything accepted is on the disk and the files are free.
//! * [`StoreError::Failed`]: nothing is known about the command, and the process must stop accepting.
//! * Every other [`StoreError`]: nothing of the command is or will be in the store.
//!
//! Reads go through the writer because sled's own reads see what is not yet on the disk and are no
//! snapshot; what is likely to change nothing may be run on its caller's
//! thread while nothing is under way ([`glance`]). A listing over several pages is consistent only through a [`Snapshot`].
//!
//! # The rooms
//! `records/` is the schema, [`Tx`] the typed view, `writer` the thread and the order of a commit,
//! `sled/` and `memory` the engines, `export`, `import`, `dump`, `migrate` and `sweep` the housekeeping. This is the only room
//! that knows sled. It knows no rules, no HTTP and no WeChat, and what records mean is not decided here.

mod codec;
mod command;
mod commit_record;
mod dump;
mod engine;
mod error;
mod export;
mod handle;
mod import;
mod key;
mod later;
mod ledger;
mod memory;
mod message;
mod migrate;
mod open;
pub(crate) mod packed;
mod page;
mod post;
mod quick;
pub mod records;
mod seed;
mod sled;
mod status;
mod sweep;
mod tx;
mod view;
mod watch;
mod writer;

pub use codec::{MAX_KEY_BYTES, MAX_VALUE_BYTES};
pub use command::{Abort, Command, Reach, chronicle, execute, glance, read, read_at};
pub use dump::{DUMPS_FOLDER, DumpError, DumpFile, dump, dumps};
pub use engine::{Barrier, CommitStep, Order};
pub use error::{OpenError, StoreError};
pub use export::{EXPORT_FORMAT, ExportReport, TransferError, export};
pub use handle::{QUEUE_CAPACITY, SharedStore, Snapshot, Store};
pub use import::{ImportReport, import};
pub use key::{Key, KeyPart, KeyPrefix};
#[cfg(test)]
pub(crate) use open::memory_behind;
pub use open::{memory, memory_of, unthreaded};
pub use page::{Continuation, Page};
pub use records::{
    Audit, AuditByAccount, FeedEvent, Flavour, Kind, NewAudit, NewEvent, Record, RecordType, schema,
};
pub use sled::{OnLoss, OpenOptions, OpenReport, Opened, Restored, open};
pub use status::{LATENCY_BOUNDS, StoreStatus};
pub use sweep::{MAX_SWEEP, Sweeper, Swept};
pub use tx::{MAX_COMMAND_BYTES, MAX_COMMAND_KEYS, Savepoint, Tx};
pub use watch::{STUCK_AFTER, Step};
pub use writer::{
    DRAIN_TIME, MAX_BATCH_BYTES, MAX_BATCH_KEYS, MAX_DRAIN_COMMANDS, MAX_SNAPSHOT_BYTES,
    MAX_SNAPSHOT_KEYS, MAX_SNAPSHOTS,
};

#[cfg(test)]
mod conformance;
