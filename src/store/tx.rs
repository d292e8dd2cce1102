//! The view a command works in: typed records over layers of bytes.
//!
//! A transaction reads its own writes, then those of earlier commands of the same drain, then the
//! database. It is a pure function's world: time and randomness are fixed for the command, so that
//! running it again gives the same writes. It knows nothing about threads, queues or files.

use std::cell::Cell;
use std::fmt;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::codec::{self, MAX_KEY_BYTES};
use super::command::Reach;
use super::engine::{EngineError, Order, Row, Source};
use super::error::StoreError;
use super::key::{self, Key, KeyPart, KeyPrefix};
use super::later::{Held, Later, Pending};
use super::page::{Continuation, Page};
use super::records::{Record, Viewed};
use super::seed::Seed;
use super::view::View;
use crate::env::Millis;

/// The most keys one command may write. One less than a batch holds: the commit's own record is in it too.
pub const MAX_COMMAND_KEYS: usize = super::writer::MAX_BATCH_KEYS - 1;

/// The most bytes of keys and values one command may write; keeps a batch well inside one segment
/// of the database file (8 MiB).
pub const MAX_COMMAND_BYTES: usize = 2 * 1024 * 1024;

/// What a command sees and writes. See the module's description.
pub struct Tx<'a> {
    now: Millis,
    seed: Seed<'a>,
    generator: Option<StdRng>,
    /// Stamps given so far; undoing does not take them back.
    stamps: u64,
    engine: &'a dyn Source,
    shared: &'a Pending,
    own: Pending,
    own_bytes: usize,
    undo: Vec<Undo>,
    /// Whether a savepoint was taken, so that undoing must be possible.
    recording: Cell<bool>,
    reach: Reach,
    /// Whether it has read of the chronicle.
    read_chronicle: Cell<bool>,
    /// A write that was refused. The command cannot succeed without it, even if it looks away.
    refused: Option<StoreError>,
    /// The engine failed under a read; the store must stop.
    failure: Option<String>,
    /// Limits that turned somebody away, see [`Tx::limit_hit`].
    limits: Vec<&'static str>,
}

struct Undo {
    key: Vec<u8>,
    /// What the command's own layer held before: nothing, a deletion, or a value.
    before: Option<Option<Held>>,
}

/// A place in a command to go back to.
#[derive(Debug, Clone)]
pub struct Savepoint {
    undo: usize,
    refused: Option<StoreError>,
}

impl fmt::Debug for Tx<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tx")
            .field("now", &self.now)
            .field("writes", &self.own.len())
            .field("reach", &self.reach)
            .finish_non_exhaustive()
    }
}

impl<'a> Tx<'a> {
    /// A fresh view.
    pub(crate) fn new(
        engine: &'a dyn Source,
        shared: &'a Pending,
        now: Millis,
        seed: Seed<'a>,
        reach: Reach,
    ) -> Self {
        Self {
            now,
            seed,
            generator: None,
            stamps: 0,
            engine,
            shared,
            own: Pending::new(),
            own_bytes: 0,
            undo: Vec::new(),
            recording: Cell::new(false),
            reach,
            read_chronicle: Cell::new(false),
            refused: None,
            failure: None,
            limits: Vec::new(),
        }
    }

    /// The moment this command runs at: fixed for the command, never before an earlier command's.
    pub fn now(&self) -> Millis {
        self.now
    }

    /// Random bytes fit for secrets. The generator is seeded once per command from the injected
    /// source: a second run of the command sees the same bytes.
    pub fn random<const N: usize>(&mut self) -> [u8; N] {
        let seed = self.seed.bytes();
        let mut bytes = [0; N];
        self.generator
            .get_or_insert_with(|| StdRng::from_seed(seed))
            .fill_bytes(&mut bytes);
        bytes
    }

    /// A number that no other command and no other call gives, and not 0: it says that something is no
    /// longer what it was, even when what gave it before was undone.
    pub(crate) fn stamp(&mut self) -> u64 {
        let mut seed = [0; 8];
        seed.copy_from_slice(&self.seed.bytes()[..8]);
        self.stamps += 1;
        // An odd factor gives every number of calls a number of its own.
        let step = self.stamps.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        u64::from_le_bytes(seed).wrapping_add(step).max(1)
    }

    /// A new identifier: `prefix`, an underscore if it has none yet, and 26 characters of base32
    /// (48 bits of milliseconds, 80 random bits), so that identifiers sort by time.
    pub fn id(&mut self, prefix: &str) -> String {
        const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&self.now.to_be_bytes()[2..]);
        bytes[6..].copy_from_slice(&self.random::<10>());
        let number = u128::from_be_bytes(bytes);
        let mut id = String::with_capacity(prefix.len() + 27);
        id.push_str(prefix);
        if !prefix.ends_with('_') {
            id.push('_');
        }
        for place in (0..26).rev() {
            id.push(char::from(ALPHABET[(number >> (place * 5)) as usize & 31]));
        }
        id
    }

    /// The record under `key`.
    pub fn get<R: Record>(&mut self, key: &R::Key) -> Result<Option<R>, StoreError> {
        self.get_by(key)
    }

    /// The record under a key whose parts are those of its own key.
    pub(crate) fn get_by<R: Record>(&mut self, key: &impl Key) -> Result<Option<R>, StoreError> {
        let key = key::full_key(R::KIND, key);
        self.look_raw(&key, |value| codec::decode(value))
    }

    /// What `take` makes of the record under a key whose parts are those of its own key, looked at where it
    /// lies.
    pub(crate) fn look<R: Viewed, T>(
        &mut self,
        key: &impl Key,
        take: impl FnOnce(R::View<'_>) -> T,
    ) -> Result<Option<T>, StoreError> {
        let key = key::full_key(R::KIND, key);
        self.look_raw(&key, |value| codec::decode_view::<R>(value).map(take))
    }

    /// Stores `record` under its own key, over whatever was there.
    pub fn put<R: Record>(&mut self, record: &R) -> Result<(), StoreError> {
        let key = key::full_key(R::KIND, &record.key());
        match codec::encode(record).and_then(|value| short_enough::<R>(&key).map(|()| value)) {
            Ok(value) => self.write_raw(key, Some(value)),
            Err(error) => Err(self.refuse(error)),
        }
    }

    /// Stores a record that is put together beside the next commands, where there is a processor for it: `make`
    /// is called once, before the commit at the latest, and its record has to lie under `key`. If it panics or
    /// its record is too large, nothing of the commit stays. For what people may read one day; what it costs
    /// must be worth the way to another thread. Takes the room of a largest record.
    pub(crate) fn put_later<R: Record>(
        &mut self,
        key: &R::Key,
        make: impl FnOnce() -> R + Send + 'static,
    ) -> Result<(), StoreError> {
        let key = key::full_key(R::KIND, key);
        if let Err(error) = short_enough::<R>(&key) {
            return Err(self.refuse(error));
        }
        let (kind, under) = (R::KIND.name(), key.clone());
        let make = move || {
            let record = make();
            match key::full_key(R::KIND, &record.key()) == under {
                true => codec::encode(&record),
                false => Err(StoreError::Encode { kind }),
            }
        };
        let later = Later::new(kind, Box::new(make));
        self.write_held(key, Some(Held::Later(later)))
    }

    /// Deletes the record under `key`, if there is one.
    pub fn delete<R: Record>(&mut self, key: &R::Key) -> Result<(), StoreError> {
        self.delete_raw(key::full_key(R::KIND, key))
    }

    /// Records whose key begins with `prefix`, in key order or reversed, at most `limit`.
    pub fn scan<R: Record>(
        &mut self,
        prefix: impl KeyPrefix,
        order: Order,
        limit: usize,
    ) -> Result<Vec<R>, StoreError> {
        let low = key::full_prefix(R::KIND, &prefix);
        let high = key::after_prefix(&low);
        self.records(&low, &high, order, limit)
    }

    /// Like [`Tx::scan`], but the key part that follows the prefix lies in `from..=to`.
    pub fn scan_between<R: Record>(
        &mut self,
        prefix: impl KeyPrefix,
        from: impl KeyPart,
        to: impl KeyPart,
        order: Order,
        limit: usize,
    ) -> Result<Vec<R>, StoreError> {
        let (low, high) = bounds::<R>(&prefix, &from, &to);
        self.records(&low, &high, order, limit)
    }

    /// Like [`Tx::scan_between`], but the records are looked at where they lie: for those that are read by
    /// the thousand.
    pub(crate) fn views_between<R: Viewed, T>(
        &mut self,
        prefix: impl KeyPrefix,
        (from, to): (impl KeyPart, impl KeyPart),
        order: Order,
        limit: usize,
        mut take: impl FnMut(R::View<'_>) -> T,
    ) -> Result<Vec<T>, StoreError> {
        let (low, high) = bounds::<R>(&prefix, &from, &to);
        let rows = self.rows(&low, &high, order, limit)?;
        let views = rows.iter().map(|(_, value)| codec::decode_view::<R>(value));
        views.map(|view| view.map(&mut take)).collect()
    }

    /// At most `limit` records whose key begins with `prefix`, after an earlier page. Records
    /// inserted meanwhile before that place are not seen, those after it are.
    pub fn page<R: Record>(
        &mut self,
        prefix: impl KeyPrefix,
        after: Option<&Continuation>,
        limit: usize,
    ) -> Result<Page<R>, StoreError> {
        let prefix = key::full_prefix(R::KIND, &prefix);
        let high = key::after_prefix(&prefix);
        let low = match after {
            Some(Continuation(last)) if last.starts_with(&prefix) => key::successor(last),
            Some(_) => return Err(StoreError::BadContinuation),
            None => prefix,
        };
        let mut rows = self.rows(&low, &high, Order::Ascending, limit.saturating_add(1))?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = match rows.last() {
            Some((key, _)) if more => Some(Continuation(key.clone())),
            _ => None,
        };
        let items = rows
            .iter()
            .map(|(_, value)| codec::decode(value))
            .collect::<Result<_, _>>()?;
        Ok(Page { items, next })
    }

    /// Says that a named limit was reached, for `/metrics`. Counted when the command has run, whether it
    /// then gives up, or undoes what it wrote, or not; a limit counts once a command.
    pub fn limit_hit(&mut self, limit: &'static str) {
        if !self.limits.contains(&limit) {
            self.limits.push(limit);
        }
    }

    /// Whether anything was written and not undone.
    pub fn has_writes(&self) -> bool {
        !self.own.is_empty()
    }

    /// How many more keys this command may write, see [`MAX_COMMAND_KEYS`].
    pub fn keys_left(&self) -> usize {
        MAX_COMMAND_KEYS.saturating_sub(self.own.len())
    }

    /// Marks this place: what was written so far stays when [`Tx::rollback_to`] undoes the rest.
    pub fn savepoint(&self) -> Savepoint {
        self.recording.set(true);
        Savepoint {
            undo: self.undo.len(),
            refused: self.refused.clone(),
        }
    }

    /// Undoes everything written since the savepoint, refused writes included. Randomness goes on
    /// where it was.
    pub fn rollback_to(&mut self, savepoint: Savepoint) {
        while self.undo.len() > savepoint.undo {
            let Some(Undo { key, before }) = self.undo.pop() else {
                break;
            };
            self.set_own(key, before);
        }
        self.refused = savepoint.refused;
    }
}

/// Bytes, for the store's own modules.
impl Tx<'_> {
    pub(crate) fn get_raw(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.note_read(key);
        self.view().get(key).map_err(|error| self.fail(error))
    }

    fn look_raw<T>(
        &mut self,
        key: &[u8],
        take: impl FnOnce(&[u8]) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        self.note_read(key);
        let (mut take, mut taken) = (Some(take), None);
        let seen = self.view().look(key, &mut |value| {
            taken = take.take().map(|take| take(value));
        });
        seen.map_err(|error| self.fail(error))?;
        taken.transpose()
    }

    pub(crate) fn write_raw(
        &mut self,
        key: Vec<u8>,
        value: Option<Vec<u8>>,
    ) -> Result<(), StoreError> {
        self.write_held(key, value.map(Held::Here))
    }

    fn write_held(&mut self, key: Vec<u8>, value: Option<Held>) -> Result<(), StoreError> {
        let allowed = match self.reach {
            Reach::Nothing => false,
            Reach::Chronicle => key::is_chronicle(&key),
            Reach::Everything => true,
        };
        if !allowed {
            return Err(self.refuse(StoreError::ReadOnly));
        }
        let more = weight(&key, &value);
        let fits = self.own.contains_key(&key) || self.own.len() < MAX_COMMAND_KEYS;
        if !fits || self.own_bytes + more > MAX_COMMAND_BYTES {
            return Err(self.refuse(StoreError::TooManyKeys));
        }
        let undo = self.recording.get().then(|| Undo {
            key: key.clone(),
            before: self.own.get(&key).cloned(),
        });
        self.undo.extend(undo);
        self.set_own(key, Some(value));
        Ok(())
    }

    pub(crate) fn delete_raw(&mut self, key: Vec<u8>) -> Result<(), StoreError> {
        if self.reach == Reach::Nothing {
            return Err(self.refuse(StoreError::ReadOnly));
        }
        // Deleting nothing is no write and costs no commit.
        match self.get_raw(&key)? {
            Some(_) => self.write_raw(key, None),
            None => Ok(()),
        }
    }

    pub(crate) fn rows(
        &mut self,
        low: &[u8],
        high: &[u8],
        order: Order,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.note_read(low);
        let rows: Result<Vec<Row>, EngineError> =
            self.view().range(low, high, order).take(limit).collect();
        rows.map_err(|error| self.fail(error))
    }

    /// The command's writes, or why it cannot have any.
    pub(crate) fn finish(self) -> Finished {
        Finished {
            writes: self.own,
            refused: self.refused,
            failure: self.failure,
            limits: self.limits,
            read_chronicle: self.read_chronicle.get(),
        }
    }

    fn records<R: Record>(
        &mut self,
        low: &[u8],
        high: &[u8],
        order: Order,
        limit: usize,
    ) -> Result<Vec<R>, StoreError> {
        self.rows(low, high, order, limit)?
            .iter()
            .map(|(_, value)| codec::decode(value))
            .collect()
    }

    fn note_read(&self, key: &[u8]) {
        if key::is_chronicle(key) {
            self.read_chronicle.set(true);
        }
    }

    fn view(&self) -> View<'_> {
        View {
            own: &self.own,
            shared: self.shared,
            engine: self.engine,
        }
    }

    fn set_own(&mut self, key: Vec<u8>, value: Option<Option<Held>>) {
        if let Some(old) = self.own.get(&key) {
            self.own_bytes -= weight(&key, old);
        }
        match value {
            Some(value) => {
                self.own_bytes += weight(&key, &value);
                self.own.insert(key, value);
            }
            None => {
                self.own.remove(&key);
            }
        }
    }

    fn refuse(&mut self, error: StoreError) -> StoreError {
        self.refused.get_or_insert_with(|| error.clone());
        error
    }

    fn fail(&mut self, error: EngineError) -> StoreError {
        let error = error.to_string();
        self.failure.get_or_insert_with(|| error.clone());
        StoreError::Failed(error)
    }
}

/// The first key of a stretch and the one after its last.
fn bounds<R: Record>(
    prefix: &impl KeyPrefix,
    from: &impl KeyPart,
    to: &impl KeyPart,
) -> (Vec<u8>, Vec<u8>) {
    let mut low = key::full_prefix(R::KIND, prefix);
    let mut last = low.clone();
    from.encode_part(&mut low);
    to.encode_part(&mut last);
    (low, key::after_prefix(&last))
}

/// What a command leaves behind.
pub(crate) struct Finished {
    pub(crate) writes: Pending,
    pub(crate) refused: Option<StoreError>,
    pub(crate) failure: Option<String>,
    pub(crate) limits: Vec<&'static str>,
    pub(crate) read_chronicle: bool,
}

fn short_enough<R: Record>(key: &[u8]) -> Result<(), StoreError> {
    let (kind, bytes) = (R::KIND.name(), key.len());
    match bytes > MAX_KEY_BYTES {
        true => Err(StoreError::TooLarge { kind, bytes }),
        false => Ok(()),
    }
}

fn weight(key: &[u8], value: &Option<Held>) -> usize {
    key.len() + value.as_ref().map_or(0, Held::room)
}
