//! Watches the rules folder and loads what changed: save the file, and it is live or refused with a reason.
//!
//! The operating system tells of changes in the *folder* (editors and ConfigMaps replace files by
//! renaming); where it cannot, and for folders that are themselves replaced, the folder is looked at
//! every [`POLL`]. Nothing is loaded before the folder has held still and read the same twice, so
//! that no half-copied set of files is tried. What is loaded, and whether, is the bot's to decide:
//! this only calls [`Bot::reload`].

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::bot::Bot;
use crate::bot::folder::{self, FolderError};
use crate::lang::span::Sources;

/// How long the folder must be quiet before it is read.
pub const QUIET: Duration = Duration::from_millis(300);
/// How often the folder is looked at although nothing was told.
pub const POLL: Duration = Duration::from_secs(10);
/// Times the folder is read in a row while it keeps changing; then it is tried as it is, and what
/// comes later is a change of its own.
const MAX_ROUNDS: u32 = 40;

/// Watches until `stop`. `quiet` and `poll` are [`QUIET`] and [`POLL`] but in tests.
pub async fn run(
    bot: Arc<Bot>,
    path: PathBuf,
    quiet: Duration,
    poll: Duration,
    stop: CancellationToken,
) {
    let (tell, mut told) = mpsc::channel(1);
    let mut watcher = watch(&path, tell.clone());
    let running = bot.generations().current().ruleset.program.sources.clone();
    let mut tried = digest(&Ok((*running).clone()));
    // The files may have changed between the start's reading and this line.
    let _ = tell.try_send(());
    loop {
        let polled = tokio::select! {
            () = stop.cancelled() => break,
            _ = told.recv() => false,
            () = tokio::time::sleep(poll) => true,
        };
        if polled && read(&path).await == tried {
            continue;
        }
        let now = tokio::select! {
            () = stop.cancelled() => break,
            now = settle(&path, quiet, &mut told) => now,
        };
        if now == tried {
            continue;
        }
        if polled {
            // Nobody told of it: the folder itself may be another one now.
            drop(watcher);
            watcher = watch(&path, tell.clone());
        }
        tried = now;
        match bot.reload().await {
            Ok(status) => {
                tracing::info!(generation = status.generation, "the rules were reloaded");
            }
            Err(error) => tracing::error!("the rules were not reloaded:\n{error}"),
        }
    }
    drop(watcher);
}

/// Waits until nobody tells of a change for `quiet` and two readings in a row are equal.
async fn settle(path: &Path, quiet: Duration, told: &mut mpsc::Receiver<()>) -> Digest {
    let mut last = read(path).await;
    for _ in 0..MAX_ROUNDS {
        // Told within the quiet time: look again. Quiet: one more reading decides.
        let _ = tokio::time::timeout(quiet, told.recv()).await;
        let now = read(path).await;
        if now == last && told.is_empty() {
            break;
        }
        last = now;
    }
    last
}

/// What tells of changes; `None` when the operating system cannot, and polling must do.
fn watch(path: &Path, tell: mpsc::Sender<()>) -> Option<RecommendedWatcher> {
    let started = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Reading the files is no change; it would wake us for ever.
        let changed = event.map_or(true, |event| {
            !matches!(event.kind, EventKind::Access(kind)
                if kind != AccessKind::Close(AccessMode::Write))
        });
        if changed {
            // Full: a change is waiting to be looked at already.
            let _ = tell.try_send(());
        }
    })
    .and_then(|mut watcher| {
        match path.is_dir() {
            true => watcher.watch(path, RecursiveMode::Recursive)?,
            false => {
                let beside = path
                    .parent()
                    .filter(|parent| !parent.as_os_str().is_empty());
                watcher.watch(
                    beside.unwrap_or(Path::new(".")),
                    RecursiveMode::NonRecursive,
                )?;
            }
        }
        Ok(watcher)
    });
    match started {
        Ok(watcher) => Some(watcher),
        Err(error) => {
            tracing::warn!(%error, "changed rules are noticed by looking every {POLL:?}");
            None
        }
    }
}

type Digest = [u8; 32];

async fn read(path: &Path) -> Digest {
    let path = path.to_owned();
    let read = tokio::task::spawn_blocking(move || digest(&folder::load(&[path])));
    // A reading that panicked is no reading: as good as another text.
    read.await.unwrap_or_default()
}

/// The names and texts; or what is wrong with the folder, so that the same trouble is told once.
fn digest(read: &Result<Sources, FolderError>) -> Digest {
    let mut digest = Sha256::new();
    let mut part = |text: &str| {
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text);
    };
    match read {
        Ok(sources) => {
            for file in &sources.files {
                part(&file.path);
                part(&file.text);
            }
            part("");
            for (path, text) in &sources.lists {
                part(path);
                part(text);
            }
        }
        Err(error) => part(&error.to_string()),
    }
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::bot::builder::Built;
    use crate::env::Env;
    use crate::keys::Keys;

    /// Longer than any machine needs; a test that reaches it has failed.
    const PATIENCE: Duration = Duration::from_secs(60);

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn saved_files_become_live_and_wrong_ones_are_refused_with_a_reason() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.rules");
        let rules = |reply: &str| format!("on text \"你好\" {{\n    reply \"{reply}\"\n}}\n");
        fs::write(&file, rules("一")).expect("written");
        let env = Env::scripted(1_790_000_000_000, 1).0;
        let store = crate::store::memory(env.clone());
        let built = Bot::builder(store.clone(), env, Keys::from_bytes(&[1; 32], None))
            .rules(folder.path())
            .build()
            .await;
        let Built { bot, .. } = built.expect("a bot");
        let mut changes = bot.generations().changes();
        let stop = CancellationToken::new();
        // The poll is out of reach: it is the folder's own events that are tested.
        let quiet = Duration::from_millis(5);
        let task = tokio::spawn(run(
            bot.clone(),
            folder.path().to_owned(),
            quiet,
            PATIENCE * 10,
            stop.clone(),
        ));
        let mut next = async || {
            let changed = tokio::time::timeout(PATIENCE, changes.changed()).await;
            changed.expect("in time").expect("it runs");
            bot.generations().status()
        };

        // As editors do it: another file, renamed over the old one.
        let save = |text: &str| {
            let part = folder.path().join(".a.rules.swp");
            fs::write(&part, text).expect("written");
            fs::rename(&part, &file).expect("renamed");
        };
        save(&rules("二"));
        let status = next().await;
        assert_eq!((status.generation, status.stale), (2, false));
        save("on text \"你好\" {\n    replyy \"三\"\n}\n");
        let status = next().await;
        assert_eq!((status.generation, status.stale), (2, true));
        assert!(status.last_error.expect("why").contains("a.rules:2"));
        save(&rules("三"));
        let status = next().await;
        assert_eq!((status.generation, status.stale), (3, false));
        stop.cancel();
        task.await.expect("it ends");
    }
}
