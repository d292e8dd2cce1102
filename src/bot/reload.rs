//! New rules in place of the running ones, whole or not at all (language law 12).
//!
//! ```text
//! folder, or an earlier generation ─▶ check ─▶ stories ─▶ archive ─▶ swap
//! ```
//! One at a time. What fails on the way leaves the running rules as they are and marks them stale.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::Bot;
use super::api::{BotError, ReloadError, RulesStatus};
use super::folder::{self, FolderError};
use super::ruleset::{self, LoadError, Loaded};
use super::{archive, stories};
use crate::background;
use crate::env::Millis;
use crate::lang::diagnostics::Language;
use crate::lang::span::Sources;

/// What loading is called where it fails.
const LOADING: &str = "loading the rules";

/// What a rules folder held: its names and texts, or what is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Of a reading. Equal trouble is equal, so that it is told once.
    pub fn of(read: &Result<Sources, FolderError>) -> Self {
        match read {
            Ok(sources) => Self::of_sources(sources),
            Err(error) => Self(Sha256::digest(error.to_string()).into()),
        }
    }

    /// Of what was read.
    pub fn of_sources(sources: &Sources) -> Self {
        let mut digest = Sha256::new();
        let mut part = |text: &str| {
            digest.update((text.len() as u64).to_be_bytes());
            digest.update(text);
        };
        for file in &sources.files {
            part(&file.path);
            part(&file.text);
        }
        part("");
        for (path, text) in &sources.lists {
            part(path);
            part(text);
        }
        Self(digest.finalize().into())
    }
}

/// Why the rules did not go back to an earlier generation.
#[derive(Debug, thiserror::Error)]
pub enum RollbackError {
    /// There is none of that number, or its texts are no longer kept.
    #[error("there is no generation {0}; `menshen rules history` lists those that are kept")]
    Unknown(u64),
    /// The rules did not come from one folder, so there is nothing to write them into.
    #[error("the rules are not read from a folder; nothing can be put back")]
    NoFolder,
    /// The folder could not be written; it is as it was.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// It could not be written any more while files were put in place.
    #[error("{0}. The folder is half put back: its rules are not read until that is mended")]
    Half(FolderError),
    /// They run, and the folder holds something else than them that cannot be loaded.
    #[error(
        "the rules of generation {generation} run again, but what the folder holds now cannot be loaded:\n{report}"
    )]
    Different {
        /// The one asked for.
        generation: u64,
        /// Why it cannot.
        report: String,
    },
    /// The earlier rules are not taken any more.
    #[error(transparent)]
    Reload(#[from] ReloadError),
}

impl RollbackError {
    /// The same in a language.
    pub fn said(&self, language: Language) -> String {
        if language == Language::En {
            return self.to_string();
        }
        match self {
            Self::Unknown(number) => {
                format!("没有第 {number} 代规则；`menshen rules history` 列出留着的")
            }
            Self::NoFolder => "规则不是从一个文件夹读的，没有地方放回去".to_owned(),
            Self::Folder(error) => error.said(language),
            Self::Half(error) => format!(
                "{}。文件夹只换回了一半：这个问题解决之前，里面的规则不会加载",
                error.said(language)
            ),
            Self::Different { generation, report } => {
                format!(
                    "第 {generation} 代规则重新运行了，可是文件夹里现在的内容加载不了：\n{report}"
                )
            }
            Self::Reload(error) => error.to_string(),
        }
    }
}

impl Bot {
    /// Reads the rules folder, checks it, runs its stories, and swaps. On any error the running
    /// rules stay, and the status says stale, since when, and why.
    pub async fn reload(&self) -> Result<RulesStatus, ReloadError> {
        let mut tried = self.reloading.lock().await;
        let (found, read) = self.read_rules().await?;
        *tried = found;
        self.load(read, &mut tried).await
    }

    /// The same, when the folder holds what was `seen` and that is not what was tried last, by whomever:
    /// for those who watch the folder. `None` when there is nothing to do, or the folder is another
    /// one by now.
    pub async fn reload_seen(&self, seen: Fingerprint) -> Result<Option<RulesStatus>, ReloadError> {
        let mut tried = self.reloading.lock().await;
        if *tried == seen {
            return Ok(None);
        }
        let (found, read) = self.read_rules().await?;
        if found != seen {
            return Ok(None);
        }
        *tried = found;
        self.load(read, &mut tried).await.map(Some)
    }

    /// What the folder held when it was last loaded, or tried in vain.
    pub async fn tried(&self) -> Fingerprint {
        *self.reloading.lock().await
    }

    async fn read_rules(&self) -> Result<(Fingerprint, Result<Sources, FolderError>), BotError> {
        let paths = self.rules.clone();
        background::run("reading the rules", move || {
            let read = folder::load_own(&paths);
            (Fingerprint::of(&read), read)
        })
        .await
        .map_err(BotError::from)
    }

    async fn load(
        &self,
        read: Result<Sources, FolderError>,
        tried: &mut Fingerprint,
    ) -> Result<RulesStatus, ReloadError> {
        let shared = self.shared.clone();
        let running = self.generations.current().ruleset.program.clone();
        let compile = move |sources: &Sources| {
            let loaded = ruleset::compile(sources.clone(), &shared.registry)?;
            if loaded.ruleset.program.is_empty() && !running.is_empty() {
                return Err(LoadError::Nothing);
            }
            // What runs has passed; only new rules are tried.
            if loaded.ruleset.program.hash != running.hash {
                stories::must_pass(&loaded.ruleset, &shared.registry)?;
            }
            Ok(loaded)
        };
        let loaded = match read {
            Ok(sources) => background::run(LOADING, move || compile(&sources))
                .await
                .map_err(BotError::from)?,
            Err(error) => Err(LoadError::from(error)),
        };
        match loaded {
            Ok(loaded) => {
                let taken = self.take(loaded).await;
                if taken.is_err() {
                    // They are good and do not run: worth another try.
                    *tried = Fingerprint::default();
                }
                taken
            }
            Err(error) => {
                let report = error.report(self.settings.explanations);
                tracing::error!("the rules were not reloaded; the ones before stay");
                self.generations.failed(report.clone(), self.env.now());
                Err(ReloadError::Rejected(report))
            }
        }
    }

    /// Puts the files of an earlier generation back into the rules folder and runs them, as a new
    /// generation. What the folder held meanwhile is moved aside, see [`folder::restore`].
    pub async fn rollback(&self, number: u64) -> Result<RulesStatus, RollbackError> {
        // One at a time: two reloads must not swap in the wrong order.
        let mut tried = self.reloading.lock().await;
        let [root] = self.rules.as_slice() else {
            return Err(RollbackError::NoFolder);
        };
        let texts = archive::texts(&*self.store, number)
            .await
            .map_err(|error| ReloadError::from(BotError::from(error)))?
            .ok_or(RollbackError::Unknown(number))?;
        let (root, shared, now) = (root.clone(), self.shared.clone(), self.env.now());
        let language = self.settings.explanations;
        let loaded = background::run(LOADING, move || {
            let loaded = ruleset::compile(texts.clone(), &shared.registry)?;
            stories::must_pass(&loaded.ruleset, &shared.registry)?;
            Ok::<_, LoadError>(loaded)
        })
        .await
        .map_err(|error| ReloadError::from(BotError::from(error)))?
        .map_err(|error| ReloadError::Rejected(error.report(language)))?;
        let sources = loaded.ruleset.program.sources.clone();
        let put = tokio::task::spawn_blocking(move || put_back(&root, &sources, now))
            .await
            .map_err(|error| ReloadError::from(BotError::Internal(error.to_string())))?;
        if let Err(error @ RollbackError::Half(_)) = &put {
            self.generations.failed(error.said(language), now);
            *tried = Fingerprint::default();
        }
        let aside = put?.map(|aside| aside.display().to_string());
        let status = self.take(loaded).await?;
        tracing::warn!(
            wanted = number,
            generation = status.generation,
            aside,
            "the rules of an earlier generation run again"
        );
        // Somebody may have saved a file meanwhile, or what was left there cannot be read: as a reload would find it.
        let (found, read) = self.read_rules().await.map_err(ReloadError::from)?;
        *tried = found;
        match self.load(read, &mut tried).await {
            Err(ReloadError::Rejected(report)) => Err(RollbackError::Different {
                generation: number,
                report,
            }),
            done => Ok(done?),
        }
    }

    /// The language in which operators are told what was decided, and why not.
    pub fn language(&self) -> Language {
        self.settings.explanations
    }

    /// Archives checked rules and swaps them in.
    async fn take(&self, loaded: Loaded) -> Result<RulesStatus, ReloadError> {
        let program = loaded.ruleset.program.clone();
        let number = archive::go_live(&*self.store, &program.sources, &program.hash)
            .await
            .map_err(BotError::Store)?;
        let before = self.generations.current();
        if self
            .generations
            .swap(loaded.ruleset, number, self.env.now())
        {
            self.shared.keep(before.ruleset.clone());
        }
        Ok(self.generations.status())
    }
}

/// Makes the folder hold these files ([`folder::restore`]). One that is gone is made again; a single file is not one.
pub fn put_back(
    root: &Path,
    sources: &Sources,
    now: Millis,
) -> Result<Option<PathBuf>, RollbackError> {
    let may_be_folder = match root.symlink_metadata() {
        Ok(_) => root.is_dir(),
        Err(_) => root.extension().is_none_or(|end| end != "rules"),
    };
    if !may_be_folder {
        return Err(RollbackError::NoFolder);
    }
    folder::restore(root, sources, now).map_err(|error| match folder::is_half_restored(root) {
        true => RollbackError::Half(error),
        false => RollbackError::Folder(error),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::env::Env;
    use crate::keys::Keys;

    async fn bot(folder: &Path) -> std::sync::Arc<Bot> {
        let env = Env::scripted(1_790_000_000_000, 1).0;
        let store = crate::store::memory(env.clone());
        let built = Bot::builder(store, env, Keys::from_bytes(&[1; 32], None))
            .rules(folder)
            .build()
            .await;
        built.expect("a bot").bot
    }

    fn rules(reply: &str) -> String {
        format!("on text \"你好\" {{\n    reply \"{reply}\"\n}}\n")
    }

    #[tokio::test]
    async fn what_somebody_else_tried_meanwhile_is_not_what_the_folder_holds_now() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.rules");
        fs::write(&file, rules("甲")).expect("written");
        let seen = || Fingerprint::of(&folder::load(&[folder.path().to_owned()]));
        let bot = bot(folder.path()).await;
        let first = seen();
        assert!(bot.reload_seen(first).await.expect("nothing").is_none());

        // Loaded by hand, and put back: the rules from before are to run again.
        fs::write(&file, rules("乙")).expect("written");
        assert_eq!(bot.reload().await.expect("loaded").generation, 2);
        fs::write(&file, rules("甲")).expect("written");
        let status = bot.reload_seen(first).await.expect("loaded");
        assert_eq!(status.expect("loaded").generation, 3);

        // Refused by hand, and put back: nothing is stale any more.
        fs::write(&file, "on text {").expect("written");
        bot.reload().await.expect_err("refused");
        let bad = seen();
        assert!(bot.reload_seen(bad).await.expect("told already").is_none());
        assert!(bot.generations.status().stale);
        fs::write(&file, rules("甲")).expect("written");
        let status = bot.reload_seen(first).await.expect("loaded");
        let status = status.expect("tried");
        assert_eq!((status.generation, status.stale), (3, false));

        // Another folder than the one that held still: whoever looks will see that, too.
        fs::write(&file, rules("丙")).expect("written");
        let third = seen();
        fs::write(&file, rules("丁")).expect("written");
        assert!(bot.reload_seen(third).await.expect("moved on").is_none());
        assert_eq!(bot.generations.status().generation, 3);
    }

    #[tokio::test]
    async fn a_generation_is_the_rules_and_the_lists_they_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text);
        write(
            "a.rules",
            "list office: network from \"l.txt\"\non attempt when login.ip in office {\n    note \"办公室\"\n}\n",
        )
        .expect("written");
        write("l.txt", "192.0.2.1\n").expect("written");
        write("logins.csv", "time,account\n").expect("written");
        let bot = bot(folder.path()).await;
        let kept = async |number| {
            let texts = archive::texts(&*bot.store, number).await.expect("read");
            let lists = texts.expect("kept").lists;
            let lists = lists
                .into_iter()
                .map(|(name, text)| format!("{name}: {text}"));
            lists.collect::<Vec<String>>()
        };
        assert_eq!(kept(1).await, ["l.txt: 192.0.2.1\n"]);

        // What no rule names changes nothing: neither what runs nor what is kept.
        write("logins.csv", "time,account\n1,alice\n").expect("written");
        write("other.txt", "203.0.113.1\n").expect("written");
        assert_eq!(bot.reload().await.expect("loaded").generation, 1);
        assert_eq!(kept(1).await, ["l.txt: 192.0.2.1\n"]);

        write("l.txt", "192.0.2.2\n").expect("written");
        assert_eq!(bot.reload().await.expect("loaded").generation, 2);
        assert_eq!(kept(2).await, ["l.txt: 192.0.2.2\n"]);
        assert_eq!(bot.rollback(1).await.expect("loaded").generation, 3);
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect("there");
        assert_eq!(read("l.txt"), "192.0.2.1\n");
        assert_eq!(read("other.txt"), "203.0.113.1\n");
        // And whoever watches the folder has nothing to do.
        let seen = Fingerprint::of(&folder::load(&[folder.path().to_owned()]));
        assert!(bot.reload_seen(seen).await.expect("tried").is_none());
    }

    #[tokio::test]
    async fn files_cut_to_nothing_do_not_replace_rules() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.rules");
        fs::write(&file, rules("甲")).expect("written");
        let bot = bot(folder.path()).await;
        for nothing in ["", "# 只有注释\n"] {
            fs::write(&file, nothing).expect("written");
            let error = bot.reload().await.expect_err("refused").to_string();
            assert!(error.contains("什么也没有"), "{error}");
            let status = bot.generations.status();
            assert_eq!((status.generation, status.stale), (1, true));
        }
    }
}
