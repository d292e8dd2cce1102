//! A new database out of a dump, in the place of the one there is: for a restore and for a migration.
//!
//! The new database grows in a nest of its own and is whole and durable before anything of the old
//! one is touched. Then two markers lead through the exchange, so that a crash between any two steps
//! is carried on by the next start: `ready` (the old files leave), `moved` (the new ones come).
//! The old files are put aside, never deleted here.

use std::fs::{self, File};
use std::io::{BufReader, ErrorKind, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::super::codec;
use super::super::commit_record::CommitRecord;
use super::super::engine::{Barrier, Engine, Writes};
use super::super::error::OpenError;
use super::super::export::TransferError;
use super::super::import::{Lines, next_batch};
use super::super::key;
use super::super::migrate::Chain;
use super::super::records::{Kind, StoreInfo};
use super::files::{self, DATABASE_FILE, failed};
use super::{FileBarrier, unlocked};
use crate::env::Millis;

/// Where the new database grows.
pub(super) const NEST: &str = "rebuilding";
/// In the nest: the new database is whole. Says where the old files go.
const READY: &str = "ready";
/// In the nest: the old files are gone, the new ones come.
const MOVED: &str = "moved";

/// What a rebuild came to.
#[derive(Debug)]
pub(super) struct Rebuilt {
    /// The commit the new database shows.
    pub(super) sequence: u64,
    /// The moment it shows.
    pub(super) time: Millis,
    /// Where the old files are.
    pub(super) aside: PathBuf,
}

/// Reads `dump` through `chain` into a new database and puts it in the place of the one in `path`,
/// which nobody has open. Nothing is changed when the dump cannot be read.
pub(super) fn rebuild(
    path: &Path,
    dump: &Path,
    chain: Chain,
    created: Millis,
    now: Millis,
) -> Result<Rebuilt, OpenError> {
    let nest = path.join(NEST);
    remove_tree(&nest)?;
    files::create_directory(&nest)?;
    let (sequence, time) = fill(&nest, dump, chain, created)?;
    files::sync_everything(&nest)?;
    let aside = files::aside(path, now)?;
    mark(&nest, &aside)?;
    exchange(path, &aside)?;
    Ok(Rebuilt {
        sequence,
        time,
        aside,
    })
}

/// Carries on what a crash has interrupted; removes a nest that never became whole.
pub(super) fn carry_on(path: &Path) -> Result<(), OpenError> {
    let nest = path.join(NEST);
    if !nest.exists() {
        return Ok(());
    }
    let ready = nest.join(READY);
    if nest.join(MOVED).exists() {
        bring_in(path)
    } else if ready.exists() {
        let name = fs::read_to_string(&ready).map_err(failed("cannot read", &ready))?;
        exchange(path, &path.join(files::RECOVERY).join(name))
    } else {
        remove_tree(&nest)
    }
}

/// Whether a rebuild was interrupted after it became whole.
pub(super) fn is_under_way(path: &Path) -> bool {
    let nest = path.join(NEST);
    nest.join(READY).exists() || nest.join(MOVED).exists()
}

fn exchange(path: &Path, aside: &Path) -> Result<(), OpenError> {
    files::create_directory(aside)?;
    for (file, name) in files::engine_files(path)? {
        fs::rename(&file, aside.join(name)).map_err(failed("cannot put aside", &file))?;
    }
    files::sync_directory(aside)?;
    files::sync_directory(path)?;
    let nest = path.join(NEST);
    fs::rename(nest.join(READY), nest.join(MOVED)).map_err(failed("cannot rename in", &nest))?;
    files::sync_directory(&nest)?;
    bring_in(path)
}

fn bring_in(path: &Path) -> Result<(), OpenError> {
    let nest = path.join(NEST);
    for (file, name) in files::engine_files(&nest)? {
        fs::rename(&file, path.join(name)).map_err(failed("cannot move", &file))?;
    }
    files::sync_directory(path)?;
    remove_tree(&nest)?;
    files::sync_directory(path)
}

fn mark(nest: &Path, aside: &Path) -> Result<(), OpenError> {
    let name = aside.file_name().unwrap_or_default();
    let written = nest.join("marking");
    fs::write(&written, name.as_encoded_bytes())
        .and_then(|()| File::open(&written)?.sync_all())
        .and_then(|()| fs::rename(&written, nest.join(READY)))
        .map_err(failed("cannot write", &written))?;
    files::sync_directory(nest)
}

/// The dump is read twice: to the end before anything is written, as an import does.
fn fill(
    nest: &Path,
    dump: &Path,
    chain: Chain,
    created: Millis,
) -> Result<(u64, Millis), OpenError> {
    let unreadable = |source: TransferError| OpenError::Dump {
        path: dump.to_owned(),
        source: Box::new(source),
    };
    let file = File::open(dump).map_err(failed("cannot open", dump))?;
    let mut file = BufReader::new(file);
    let mut lines = Lines::new(&mut file, chain).map_err(unreadable)?;
    while lines.next_rows().map_err(unreadable)?.is_some() {}
    file.seek(SeekFrom::Start(0))
        .map_err(failed("cannot read", dump))?;
    let mut lines = Lines::new(&mut file, chain).map_err(unreadable)?;
    let (sequence, time) = (lines.header.sequence, lines.header.time);

    let mut engine = unlocked::open_engine(nest, 0)?;
    let broken = |error: super::EngineError| {
        OpenError::Store(super::super::error::StoreError::Failed(error.to_string()))
    };
    let info = StoreInfo {
        format: chain.target(),
        created,
        flavour: lines.header.flavour,
        importing: false,
    };
    let commit = CommitRecord {
        sequence,
        latest: time,
    };
    let first = Writes::from([
        (
            key::full_key(Kind::StoreInfo, &()),
            Some(codec::encode(&info)?),
        ),
        (CommitRecord::KEY.to_vec(), Some(commit.encode())),
    ]);
    engine.apply(first).map_err(broken)?;
    loop {
        let batch = next_batch(&mut lines).map_err(unreadable)?;
        if batch.is_empty() {
            break;
        }
        let writes = batch
            .into_iter()
            .map(|(key, value)| (key, Some(value)))
            .collect();
        engine.apply(writes).map_err(broken)?;
        // Batches that wait for one flush make it ever slower.
        engine.flush().map_err(broken)?;
    }
    engine.flush().map_err(broken)?;
    let database = nest.join(DATABASE_FILE);
    File::options()
        .write(true)
        .open(&database)
        .and_then(|file| FileBarrier::new(file).sync())
        .map_err(failed("cannot sync", &database))?;
    Box::new(engine).close();
    Ok((sequence, time))
}

fn remove_tree(path: &Path) -> Result<(), OpenError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(failed("cannot remove", path)(error))
        }
        _ => Ok(()),
    }
}
