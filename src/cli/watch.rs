//! Watches the rules folder and loads what changed: save the file, and it is live or refused with a reason.
//!
//! The operating system tells of changes in the *folder* (editors and ConfigMaps replace files by
//! renaming); where it cannot, and for folders that are themselves replaced, the folder is looked at
//! every [`POLL`]. Nothing is loaded before nobody has told of a change for [`QUIET`], twice, with the same
//! texts before and after, so that no half-copied set of files is tried. What is loaded, and whether, is
//! the bot's to decide: it knows what others have tried meanwhile, see [`Bot::reload_seen`].

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::bot::Bot;
use crate::bot::folder;
use crate::bot::reload::Fingerprint;

/// How long the folder must be quiet before it is read.
pub const QUIET: Duration = Duration::from_millis(300);
/// How often the folder is looked at although nothing was told.
pub const POLL: Duration = Duration::from_secs(10);
/// How long it may go on changing; then it is tried as it is, and what comes later is a change of its own.
const MAX_UNREST: Duration = Duration::from_secs(60);

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
    // The files may have changed between the start's reading and this line.
    let _ = tell.try_send(());
    loop {
        let polled = tokio::select! {
            () = stop.cancelled() => break,
            _ = told.recv() => false,
            () = tokio::time::sleep(poll) => true,
        };
        if polled && read(&path).await == bot.tried().await {
            continue;
        }
        let folder = Told {
            path: &path,
            told: &mut told,
            quiet,
            patience: Instant::now() + MAX_UNREST,
        };
        let seen = tokio::select! {
            () = stop.cancelled() => break,
            seen = settle(folder) => seen,
        };
        if polled {
            // Nobody told of it: the folder itself may be another one now.
            drop(watcher);
            watcher = watch(&path, tell.clone());
        }
        // What is not live yet when the server stops is loaded by the next start.
        let reloaded = tokio::select! {
            () = stop.cancelled() => break,
            reloaded = bot.reload_seen(seen) => reloaded,
        };
        match reloaded {
            Ok(Some(status)) => {
                tracing::info!(generation = status.generation, "the rules were reloaded");
            }
            Ok(None) => {}
            Err(error) => tracing::error!("the rules were not reloaded:\n{error}"),
        }
    }
    drop(watcher);
}

/// What a while of waiting brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tidings {
    /// Somebody told of a change.
    Changed,
    /// Nobody did, for as long as it takes.
    Quiet,
    /// There have been changes for too long to wait for their end.
    Restless,
}

/// A folder that can be looked at and waited for.
trait Watched {
    fn read(&mut self) -> impl Future<Output = Fingerprint> + Send;
    fn wait(&mut self) -> impl Future<Output = Tidings> + Send;
}

/// Waits until it was quiet twice with equal readings in between, and returns the reading.
async fn settle(mut folder: impl Watched) -> Fingerprint {
    let mut before = None;
    loop {
        match folder.wait().await {
            Tidings::Changed => before = None,
            Tidings::Restless => return folder.read().await,
            Tidings::Quiet => {
                let now = folder.read().await;
                if before == Some(now) {
                    return now;
                }
                before = Some(now);
            }
        }
    }
}

/// The real folder, and who tells of it.
struct Told<'a> {
    path: &'a Path,
    told: &'a mut mpsc::Receiver<()>,
    quiet: Duration,
    patience: Instant,
}

impl Watched for Told<'_> {
    async fn read(&mut self) -> Fingerprint {
        read(self.path).await
    }

    async fn wait(&mut self) -> Tidings {
        match tokio::time::timeout(self.quiet, self.told.recv()).await {
            _ if Instant::now() >= self.patience => Tidings::Restless,
            Ok(Some(())) => Tidings::Changed,
            Ok(None) | Err(_) => Tidings::Quiet,
        }
    }
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

async fn read(path: &Path) -> Fingerprint {
    let path = path.to_owned();
    let read = tokio::task::spawn_blocking(move || Fingerprint::of(&folder::load(&[path])));
    // A reading that panicked is no reading: as good as another text.
    read.await.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::bot::api::RulesStatus;
    use crate::bot::builder::Built;
    use crate::env::Env;
    use crate::keys::Keys;
    use crate::lang::span::Sources;

    /// Longer than any machine needs; a test that reaches it has failed.
    const PATIENCE: Duration = Duration::from_secs(60);

    /// A folder whose tidings, and what it holds at each, are written down beforehand.
    struct Script<'a> {
        rest: &'a [(&'static str, Tidings)],
        holds: &'static str,
    }

    impl Watched for &mut Script<'_> {
        async fn read(&mut self) -> Fingerprint {
            print(self.holds)
        }

        async fn wait(&mut self) -> Tidings {
            let ((holds, tidings), rest) = self.rest.split_first().expect("it has settled by now");
            (self.holds, self.rest) = (holds, rest);
            *tidings
        }
    }

    fn print(text: &str) -> Fingerprint {
        Fingerprint::of_sources(&Sources::new(vec![(text.to_owned(), String::new())]))
    }

    /// Asserts that `script` settles with `holds`, and how many of its lines are not needed.
    async fn settles(script: &[(&'static str, Tidings)], holds: &str, left: usize) {
        let mut folder = Script {
            rest: script,
            holds: "",
        };
        assert_eq!(settle(&mut folder).await, print(holds));
        assert_eq!(folder.rest.len(), left);
    }

    #[tokio::test]
    async fn a_folder_that_is_still_being_copied_is_waited_for() {
        use Tidings::{Changed, Quiet, Restless};
        // Every file comes before the quiet time is over.
        let copied = [
            ("一", Changed),
            ("二", Changed),
            ("二", Quiet),
            ("三", Changed),
            ("三", Quiet),
            ("三", Quiet),
            ("三", Quiet),
        ];
        settles(&copied, "三", 1).await;
        // Nobody tells, but the texts differ: a folder that is only looked at.
        let looked = [("一", Quiet), ("二", Quiet), ("二", Quiet)];
        settles(&looked, "二", 0).await;
        // A change between equal readings begins anew, and patience ends.
        let restless = [
            ("一", Quiet),
            ("一", Changed),
            ("一", Quiet),
            ("二", Restless),
        ];
        settles(&restless, "二", 0).await;
    }

    fn rules(reply: &str) -> String {
        format!("on text \"你好\" {{\n    reply \"{reply}\"\n}}\n")
    }

    /// A bot whose rules folder is watched.
    struct Seen {
        bot: Arc<Bot>,
        changes: tokio::sync::watch::Receiver<u64>,
        stop: CancellationToken,
        task: tokio::task::JoinHandle<()>,
    }

    impl Seen {
        async fn of(path: &Path, poll: Duration) -> Self {
            let env = Env::scripted(1_790_000_000_000, 1).0;
            let store = crate::store::memory(env.clone());
            let built = Bot::builder(store, env, Keys::from_bytes(&[1; 32], None))
                .rules(path)
                .build()
                .await;
            let Built { bot, .. } = built.expect("a bot");
            let stop = CancellationToken::new();
            let quiet = Duration::from_millis(5);
            let task = run(bot.clone(), path.to_owned(), quiet, poll, stop.clone());
            Self {
                changes: bot.generations().changes(),
                bot,
                stop,
                task: tokio::spawn(task),
            }
        }

        async fn next(&mut self) -> RulesStatus {
            let changed = tokio::time::timeout(PATIENCE, self.changes.changed()).await;
            changed.expect("in time").expect("it runs");
            self.bot.generations().status()
        }

        async fn end(self) {
            self.stop.cancel();
            self.task.await.expect("it ends");
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn saved_files_become_live_and_wrong_ones_are_refused_with_a_reason() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.rules");
        fs::write(&file, rules("一")).expect("written");
        // The poll is out of reach: it is the folder's own events that are tested.
        let mut seen = Seen::of(folder.path(), PATIENCE * 10).await;

        // As editors do it: another file, renamed over the old one.
        let save = |text: &str| {
            let part = folder.path().join(".a.rules.swp");
            fs::write(&part, text).expect("written");
            fs::rename(&part, &file).expect("renamed");
        };
        save(&rules("二"));
        let status = seen.next().await;
        assert_eq!((status.generation, status.stale), (2, false));
        save("on text \"你好\" {\n    replyy \"三\"\n}\n");
        let status = seen.next().await;
        assert_eq!((status.generation, status.stale), (2, true));
        assert!(status.last_error.expect("why").contains("a.rules:2"));
        save(&rules("三"));
        let status = seen.next().await;
        assert_eq!((status.generation, status.stale), (3, false));

        // Loaded by hand and put back before the folder was quiet: what it holds runs in the end.
        save(&rules("四"));
        seen.bot.reload().await.expect("loaded");
        save(&rules("三"));
        while seen.next().await.generation != 5 {}
        seen.end().await;
    }

    /// What the operating system tells of is the folder that the link led to at the start.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_folder_that_another_takes_the_place_of_is_noticed_by_looking() {
        let around = tempfile::tempdir().expect("a folder");
        let place = |name: &str| around.path().join(name);
        for (name, reply) in [("old", "一"), ("new", "二")] {
            fs::create_dir(place(name)).expect("made");
            fs::write(place(name).join("a.rules"), rules(reply)).expect("written");
        }
        let link = |to: &str| std::os::unix::fs::symlink(to, place("next")).expect("linked");
        link("old");
        fs::rename(place("next"), place("rules")).expect("in place");
        let mut seen = Seen::of(&place("rules"), Duration::from_millis(20)).await;
        link("new");
        fs::rename(place("next"), place("rules")).expect("in its place");
        let status = seen.next().await;
        assert_eq!((status.generation, status.stale), (2, false));
        seen.end().await;
    }
}
