//! Opening the store on disk: lock, clean, open, compare with the mark; or say why not.

use std::fs::File;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::commit_record::CommitRecord;
use super::super::dump::{DUMPS_FOLDER, DumpError, DumpFile, Part, dumps};
use super::super::engine::{Barrier, Engine, Mark};
use super::super::error::OpenError;
use super::super::export::{OldInfo, export_old};
use super::super::handle::{QUEUE_CAPACITY, SharedStore};
use super::super::migrate::Chain;
use super::super::open::{Parts, start};
use super::super::post::Threads;
use super::super::records::Flavour;
use super::super::writer::DRAIN_TIME;
use super::files::{self, DATABASE_FILE, MARK_FILE, failed};
use super::found::Found;
use super::mark::MarkFile;
use super::rebuild::{self, Rebuilt};
use super::unlocked::{open_database_file, open_engine, open_or_repair};
use super::{FileBarrier, SledEngine};
use crate::env::{Env, Millis};

/// What to do about a store that has lost what it had acknowledged, or cannot be read at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnLoss {
    /// Not open.
    #[default]
    Refuse,
    /// Go back to the last whole dump in [`DUMPS_FOLDER`]; without one, go on with the database if it
    /// can be read. What the
    /// engine has left of its files is put aside (opening them cuts off what it cannot read).
    RestoreDump,
    /// Go on with what the database still has. It may be newer than the last dump, and it may lack
    /// anything: the engine cannot tell what fell out of the middle of its log.
    KeepDatabase,
}

/// How to open a store on disk.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// The store's own directory; made when `flavour` is given and it does not exist.
    pub path: PathBuf,
    /// How much memory the engine may take, in bytes. A third goes to sled's cache, which takes up
    /// to three times as much as it is told.
    pub cache_bytes: u64,
    /// The flavour to create with and to insist on. `None`: any existing store, but none is created.
    pub flavour: Option<Flavour>,
    /// Whether to go on although acknowledged commits are missing. They are named in the report and
    /// the audit log.
    pub on_loss: OnLoss,
}

/// A store and what was found on opening it.
#[derive(Clone)]
pub struct Opened {
    /// The running store.
    pub store: SharedStore,
    /// What the operator should know.
    pub report: OpenReport,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened")
            .field("report", &self.report)
            .finish_non_exhaustive()
    }
}

/// What happened on opening.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenReport {
    /// The store is new.
    pub created: bool,
    /// Half-written engine snapshots removed; each is the trace of a crash, nothing is lost by it.
    pub torn_snapshots: usize,
    /// The engine could only be opened without its snapshots; where its files as found were copied to.
    pub repaired: Option<PathBuf>,
    /// The acknowledged commits that are missing and that the caller let pass.
    pub lost: Option<RangeInclusive<u64>>,
    /// The mark was missing or damaged and the caller let it pass: unnoticed loss is possible.
    pub mark_rebuilt: bool,
    /// Where the engine's files are now as they were found, when something was lost and let pass.
    pub found: Option<PathBuf>,
    /// The store is as a dump remembers it.
    pub restored: Option<Restored>,
    /// The format the store had; it was migrated to the present one.
    pub migrated_from: Option<u32>,
}

/// A restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The dump.
    pub dump: PathBuf,
    /// The moment it shows: nothing after it is in the store.
    pub time: Millis,
    /// Where the old database was put, as the engine has left it.
    pub aside: PathBuf,
}

/// Opens or creates a store. Blocks: milliseconds usually, seconds for a large one that was not closed,
/// minutes for a restore or a migration.
pub fn open(options: OpenOptions, env: Env) -> Result<Opened, OpenError> {
    open_with(options, env, Hooks::default())
}

/// What tests replace.
pub(crate) struct Hooks {
    pub(crate) barrier: Box<dyn FnOnce(File) -> Box<dyn Barrier> + Send>,
    pub(crate) queue: usize,
    pub(crate) drain_time: Duration,
    pub(crate) chain: Chain,
}

impl Default for Hooks {
    fn default() -> Self {
        Self {
            barrier: Box::new(|file| Box::new(FileBarrier::new(file))),
            queue: QUEUE_CAPACITY,
            drain_time: DRAIN_TIME,
            chain: Chain::PRODUCTION,
        }
    }
}

pub(crate) fn open_with(options: OpenOptions, env: Env, hooks: Hooks) -> Result<Opened, OpenError> {
    let path = &options.path;
    let database = path.join(DATABASE_FILE);
    let is_there = || database.exists() || rebuild::is_under_way(path);
    if !is_there() && !path.join(MARK_FILE).exists() && options.flavour.is_none() {
        return Err(OpenError::Missing(path.clone()));
    }
    files::create_directory(path)?;
    let lock = files::lock(path)?;
    files::not_in_use(path)?;
    rebuild::carry_on(path)?;
    let existed = database.exists();
    let (mark_file, found_mark) = open_mark(&options, existed)?;
    let mut opening = Opening {
        options: &options,
        env: &env,
        chain: hooks.chain,
        known: found_mark.unwrap_or_default(),
        report: OpenReport {
            created: !existed,
            mark_rebuilt: found_mark.is_none(),
            ..OpenReport::default()
        },
    };
    let engine = opening.engine(existed)?;
    let engine = opening.migrated(engine)?;
    let Opening { known, report, .. } = opening;
    let barrier = (hooks.barrier)(open_database_file(path)?);
    if !existed {
        files::sync_everything(path)?;
    }
    let parts = Parts {
        engine: Box::new(SledEngine {
            mark: Some(mark_file),
            lock: Some(lock),
            ..engine
        }),
        barrier,
        name: "sled",
        path: Some(path.clone()),
        flavour: options.flavour,
        mark: known,
        lost: report.lost.clone(),
        restored: report
            .restored
            .as_ref()
            .and_then(|restored| restored.dump.file_name())
            .map(|name| name.to_string_lossy().into_owned()),
        format: hooks.chain.target(),
        queue: hooks.queue,
        threads: Threads::Own,
        drain_time: hooks.drain_time,
    };
    Ok(Opened {
        store: start(parts, env)?,
        report,
    })
}

/// On the way to an open database.
struct Opening<'a> {
    options: &'a OpenOptions,
    env: &'a Env,
    chain: Chain,
    known: Mark,
    report: OpenReport,
}

impl Opening<'_> {
    /// The database, or a dump in its place; or why neither. What the files were before is kept wherever something
    /// is wrong with them.
    fn engine(&mut self, existed: bool) -> Result<SledEngine, OpenError> {
        let path = &self.options.path;
        let found = Found::copied(path);
        let opened = self.engine_or_dump(existed);
        match &opened {
            Ok(_) if self.report.lost.is_some() || self.report.restored.is_some() => {
                let restored = self.report.restored.as_ref();
                let aside = restored.map(|restored| restored.aside.as_path());
                self.report.found = found.given_up(aside, self.env.now());
            }
            Ok(_) => found.sound(),
            Err(
                OpenError::Damaged { .. }
                | OpenError::LostCommits { .. }
                | OpenError::Unreadable { .. }
                | OpenError::Store(_),
            ) => found.refused(),
            Err(_) => found.not_tried(),
        }
        opened
    }

    fn engine_or_dump(&mut self, existed: bool) -> Result<SledEngine, OpenError> {
        let path = &self.options.path;
        if !existed && self.known.sequence > 0 {
            return match self.restore()? {
                Some(engine) => Ok(engine),
                // What is lost was accepted, and a new database is asked for.
                None if self.options.on_loss != OnLoss::Refuse
                    && self.options.flavour.is_some() =>
                {
                    self.report.lost = Some(1..=self.known.sequence);
                    open_engine(path, self.options.cache_bytes)
                }
                None => Err(lost(path, 1..=self.known.sequence)),
            };
        }
        if !existed && self.options.flavour.is_none() {
            return Err(OpenError::Missing(path.clone()));
        }
        self.report.torn_snapshots = files::remove_snapshots(path, false)?;
        files::refuse_blobs(path)?;
        let engine = match open_or_repair(self.options, self.env) {
            Ok((engine, repaired)) => {
                self.report.repaired = repaired;
                engine
            }
            Err(damage @ OpenError::Damaged { .. }) => match self.restore()? {
                Some(engine) => return Ok(engine),
                None => return Err(damage),
            },
            Err(error) => return Err(error),
        };
        let last = match CommitRecord::read(&engine) {
            Ok(last) => last.sequence,
            Err(error) => {
                Box::new(engine).close();
                return self.restore()?.ok_or(OpenError::Store(error));
            }
        };
        if let Some(detail) = self.unreadable(&engine)? {
            Box::new(engine).close();
            let Some(engine) = self.restore()? else {
                let path = self.options.path.clone();
                return Err(OpenError::Unreadable { path, detail });
            };
            files::trust(&self.options.path)?;
            return Ok(engine);
        }
        let Some(missing) = missing_commits(last, self.known) else {
            return Ok(engine);
        };
        if self.options.on_loss == OnLoss::Refuse {
            return Err(lost(path, missing));
        }
        Box::new(engine).close();
        match self.restore()? {
            Some(engine) => Ok(engine),
            None => {
                self.report.lost = Some(missing);
                open_engine(path, self.options.cache_bytes)
            }
        }
    }

    /// Reads the whole database where there is doubt about it: it failed under its last user, or somebody is ready
    /// to lose something. Otherwise the engine has looked at the pages it needed for opening, and at no others. Says
    /// why a part of it cannot be read, unless it is to be kept all the same.
    fn unreadable(&self, engine: &SledEngine) -> Result<Option<String>, OpenError> {
        let path = &self.options.path;
        let is_suspect = files::is_suspect(path);
        if !is_suspect && self.options.on_loss == OnLoss::Refuse {
            return Ok(None);
        }
        let Err(error) = engine.read_all() else {
            if is_suspect {
                tracing::warn!("the store had failed; all of it has been read, and it is whole");
            }
            files::trust(path)?;
            return Ok(None);
        };
        if self.options.on_loss == OnLoss::KeepDatabase {
            tracing::error!(%error, "a part of the store cannot be read; it fails again when that is met");
            return Ok(None);
        }
        Ok(Some(error.to_string()))
    }

    /// The newest dump that can be read, as the database; `None` if that is not wanted or there is none.
    fn restore(&mut self) -> Result<Option<SledEngine>, OpenError> {
        let path = &self.options.path;
        if self.options.on_loss != OnLoss::RestoreDump {
            return Ok(None);
        }
        let folder = path.join(DUMPS_FOLDER);
        for dump in dumps(&folder).map_err(failed("cannot read", &folder))? {
            let now = self.env.now();
            match rebuild::rebuild(path, &dump.path, self.chain, now, now) {
                Ok(Rebuilt {
                    sequence,
                    time,
                    aside,
                }) => {
                    self.report.lost = missing_commits(sequence, self.known);
                    self.report.restored = Some(Restored {
                        dump: dump.path,
                        time,
                        aside,
                    });
                    return open_engine(path, self.options.cache_bytes).map(Some);
                }
                Err(error @ OpenError::Dump { .. }) => {
                    tracing::error!(%error, "a dump is passed over");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// The same database in the present format: a dump of it, read through the migrations.
    fn migrated(&mut self, engine: SledEngine) -> Result<SledEngine, OpenError> {
        let path = &self.options.path;
        let Some(info) = OldInfo::read(&engine)? else {
            return Ok(engine);
        };
        let target = self.chain.target();
        if info.format >= target || info.importing {
            return Ok(engine);
        }
        tracing::info!(
            from = info.format,
            to = target,
            "the store is being migrated"
        );
        let sequence = CommitRecord::read(&engine)?.sequence;
        let unwritable = |error: DumpError| OpenError::DumpBefore(Box::new(error));
        let size = std::fs::metadata(path.join(DATABASE_FILE)).map_or(0, |file| file.len());
        let mut part = Part::create(&path.join(DUMPS_FOLDER), size).map_err(unwritable)?;
        export_old(&engine, self.chain, &info, &mut part.out)
            .map_err(|error| unwritable(error.into()))?;
        let now = self.env.now();
        let dump = part
            .finish(DumpFile {
                path: PathBuf::new(),
                sequence,
                time: now,
                format: Some(info.format),
            })
            .map_err(unwritable)?;
        Box::new(engine).close();
        let rebuilt = rebuild::rebuild(path, &dump.path, self.chain, info.created, now)?;
        let engine = open_engine(path, self.options.cache_bytes)?;
        // The new database is in its place and can be read; the dump has what the old one had.
        files::remove_aside(&rebuilt.aside);
        self.report.migrated_from = Some(info.format);
        Ok(engine)
    }
}

/// The mark and what it says. A new one only beside a new database, or when loss is accepted.
fn open_mark(options: &OpenOptions, existed: bool) -> Result<(MarkFile, Option<Mark>), OpenError> {
    let path = options.path.join(MARK_FILE);
    if path.exists() {
        let (file, mark) = MarkFile::open(&path).map_err(failed("cannot read", &path))?;
        if mark.is_some() {
            return Ok((file, mark));
        }
    }
    if existed && options.on_loss == OnLoss::Refuse {
        return Err(OpenError::MarkDamaged(path));
    }
    let file = MarkFile::create(&path).map_err(failed("cannot create", &path))?;
    // Its name must be there before the database's, or a power cut now would look like a lost mark.
    files::sync_directory(&options.path)?;
    Ok((file, (!existed).then(Mark::default)))
}

/// Acknowledged commits that a database at commit `last` does not have.
fn missing_commits(last: u64, known: Mark) -> Option<RangeInclusive<u64>> {
    (last < known.sequence).then(|| last + 1..=known.sequence)
}

fn lost(path: &Path, missing: RangeInclusive<u64>) -> OpenError {
    OpenError::LostCommits {
        path: path.to_owned(),
        missing,
    }
}
