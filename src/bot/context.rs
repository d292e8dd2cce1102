//! What an event is worked on with, besides the store: the rules in force, keys, limits, settings.
//!
//! [`Shared`] lives as long as the bot; a [`Context`] is made for one event and holds the rule set
//! that event sees, so that a reload in the middle changes nothing half-way.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

use super::hooks::RuleHooks;
use super::probe::Probe;
use super::ruleset::{self, Generations, Ruleset};
use crate::accounts;
use crate::background;
use crate::guard;
use crate::guard::machines::ForeignMachines;
use crate::history::Columns;
use crate::keys::Keys;
use crate::lang::builtins::Registry;
use crate::lang::diagnostics::Language;
use crate::lang::span::{Sources, Span};
use crate::store::records::RuleSource;
use crate::store::{Record, Store, StoreError, Tx, chronicle};
use crate::wechat::push_key::PushKey;

/// Compiled rule sets of running dialogs that are kept ready besides the newest.
const MAX_OLDER: usize = 8;
/// Pieces per command: well below what one command may write.
const PIECES_PER_COMMAND: usize = 16;
/// Pieces that are read at a time.
const PIECES_PER_PAGE: usize = 256;

/// Limits of all rooms, each named in the configuration.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// Codes, tickets, phones.
    pub accounts: accounts::Limits,
    /// Machines, captchas, sessions, alerts.
    pub guard: guard::Limits,
}

/// Told the answers of captchas as they are drawn. Only stories and the sandbox have one.
pub trait CaptchaWitness: Send + Sync + 'static {
    /// The captcha `id` has this answer.
    fn drawn(&self, id: &str, answer: &str);
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("official_accounts", &self.official_accounts)
            .finish_non_exhaustive()
    }
}

/// What every event shares.
pub struct Shared {
    /// The language's builtins with the host's actions.
    pub registry: Registry,
    /// Which of its fields are columns of the history.
    pub columns: Columns,
    /// The master key's children.
    pub keys: Keys,
    /// Limits of all rooms.
    pub limits: Limits,
    /// Machine identifiers that were not issued here.
    pub foreign: Option<ForeignMachines>,
    /// Told the answers of captchas, where something may know them: stories and the sandbox.
    pub captchas: Option<Arc<dyn CaptchaWitness>>,
    /// Told what of the rules is used: stories have one.
    pub probe: Option<Arc<dyn Probe>>,
    /// Times are printed in it unless the account has its own.
    pub zone: TimeZone,
    /// Template ids by official account and by the name rules use.
    pub templates: BTreeMap<(String, String), String>,
    /// The official account new prompts go through when an account is bound in several: the first.
    pub official_accounts: Vec<String>,
    /// Past logins asked for last.
    pub recent: Arc<guard::Recent>,
    pub(super) older: Mutex<HashMap<String, Arc<Ruleset>>>,
}

impl Shared {
    /// Keeps a rule set that is about to be replaced: its dialogs may still run.
    pub fn keep(&self, rules: Arc<Ruleset>) {
        let mut older = self.older.lock().unwrap_or_else(PoisonError::into_inner);
        let mut left = None;
        if older.len() >= MAX_OLDER {
            // Any of them can be compiled again from the store.
            if let Some(hash) = older.keys().next().cloned() {
                left = older.remove(&hash);
            }
        }
        older.insert(rules.program.hash.clone(), rules);
        drop(older);
        // A thousand rules take milliseconds to take apart: nobody's event and no lock waits for that.
        if let Some(left) = left {
            background::discard(left);
        }
    }
}

/// What one event is worked on with.
#[derive(Debug, Clone)]
pub struct Context {
    /// The newest rules at the event's beginning.
    pub rules: Arc<Ruleset>,
    /// Their number.
    pub generation: u64,
    /// All generations, for what happens after the event.
    pub generations: Arc<Generations>,
    /// Everything else.
    pub shared: Arc<Shared>,
    /// Identifies the event.
    pub push: PushName,
    /// Whether to say why rules did not answer, with values: for `explain` and `chat`.
    pub explain: bool,
    /// The language of what is said about rules.
    pub language: Language,
}

impl std::ops::Deref for Context {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.shared
    }
}

/// What identifies an event.
#[derive(Debug, Clone)]
pub enum PushName {
    /// The push's key. Written out only where it is asked for: most pushes leave it nowhere.
    Key(PushKey),
    /// A fresh identifier.
    Given(String),
}

impl Context {
    /// The event's identifier: the push's key in hex, or a fresh one.
    pub fn push_id(&self) -> String {
        match &self.push {
            PushName::Key(key) => key.to_string(),
            PushName::Given(id) => id.clone(),
        }
    }

    /// The rule set with this hash: the newest, one kept ready, or one compiled from the store.
    /// `None` when its text is gone or no longer compiles.
    pub fn rules_by_hash(
        &self,
        tx: &mut Tx<'_>,
        hash: &str,
    ) -> Result<Option<Arc<Ruleset>>, StoreError> {
        if self.rules.program.hash == hash {
            return Ok(Some(self.rules.clone()));
        }
        let ready = self
            .shared
            .older
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(hash)
            .cloned();
        if ready.is_some() {
            return Ok(ready);
        }
        let Some(sources) = load_sources(tx, hash)? else {
            return Ok(None);
        };
        match ruleset::compile(sources, &self.shared.registry) {
            Ok(loaded) => {
                let rules = Arc::new(loaded.ruleset);
                self.shared.keep(rules.clone());
                Ok(Some(rules))
            }
            Err(_) => {
                tracing::warn!(
                    hash,
                    "the rules of a running dialog no longer compile; it ends"
                );
                Ok(None)
            }
        }
    }

    /// Tells the witness of captchas, if there is one.
    pub fn captcha_drawn(&self, id: &str, answer: &str) {
        if let Some(witness) = &self.shared.captchas {
            witness.drawn(id, answer);
        }
    }

    /// What the outbox is given when this event settles a message.
    pub fn hooks(&self) -> RuleHooks {
        RuleHooks::new(self.generations.clone(), self.shared.clone())
    }

    /// An identifier for a request to the outside: the same when the same event runs again.
    pub fn request_id(&self, action: Span) -> String {
        let mut digest = Sha256::new();
        digest.update(self.push_id().as_bytes());
        digest.update(action.file.0.to_be_bytes());
        digest.update(action.start.to_be_bytes());
        format!("req_{}", &hex::encode(digest.finalize())[..32])
    }

    /// The zone an account's times are printed in.
    pub fn zone(&self, name: Option<&str>) -> TimeZone {
        name.and_then(|name| TimeZone::get(name).ok())
            .unwrap_or_else(|| self.shared.zone.clone())
    }
}

/// Stores the texts of a rule set, unless they are there. In several commands, since list files may
/// be large: the last piece written is the mark that all are there.
pub async fn save_sources(
    store: &dyn Store,
    sources: &Arc<Sources>,
    hash: &str,
) -> Result<(), StoreError> {
    let files = sources
        .files
        .iter()
        .map(|file| (file.path.clone(), file.text.clone(), false));
    let lists = sources
        .lists
        .iter()
        .map(|(path, text)| (path.clone(), text.clone(), true));
    let mut all = Vec::new();
    for (path, text, list) in files.chain(lists) {
        for (piece, text) in pieces(&text).into_iter().enumerate() {
            all.push(RuleSource {
                rules: hash.to_owned(),
                path: path.clone(),
                piece: piece as u32,
                list,
                text: text.to_owned(),
            });
        }
    }
    for batch in all.chunks(PIECES_PER_COMMAND) {
        let batch = batch.to_vec();
        chronicle(store, "keep rules", move |tx| {
            for piece in &batch {
                if tx.get::<RuleSource>(&piece.key())?.is_none() {
                    tx.put(piece)?;
                }
            }
            Ok::<_, StoreError>(())
        })
        .await?;
    }
    Ok(())
}

/// Reads the texts of a rule set back.
pub fn load_sources(tx: &mut Tx<'_>, hash: &str) -> Result<Option<Sources>, StoreError> {
    let mut files: Vec<(String, String)> = Vec::new();
    let mut lists: BTreeMap<String, String> = BTreeMap::new();
    let mut after = None;
    // To the last piece: what is put back short would be a shorter list of who is blocked.
    loop {
        let page = tx.page::<RuleSource>(hash, after.as_ref(), PIECES_PER_PAGE)?;
        for piece in page.items {
            if piece.list {
                lists.entry(piece.path).or_default().push_str(&piece.text);
                continue;
            }
            match files.last_mut() {
                Some((path, text)) if *path == piece.path => text.push_str(&piece.text),
                _ => files.push((piece.path, piece.text)),
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if files.is_empty() && lists.is_empty() {
        return Ok(None);
    }
    let mut sources = Sources::new(files);
    sources.lists = lists
        .into_iter()
        .map(|(path, text)| (path, text.into()))
        .collect();
    Ok(Some(sources))
}

/// Cuts a text at character boundaries into pieces that fit a record; at least one.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while rest.len() > RuleSource::PIECE {
        let mut end = RuleSource::PIECE;
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        pieces.push(&rest[..end]);
        rest = &rest[end..];
    }
    pieces.push(rest);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bot::folder;
    use crate::env::Env;

    #[test]
    fn long_texts_are_cut_at_character_boundaries_and_nothing_is_lost() {
        let text = "门".repeat(RuleSource::PIECE);
        let cut = pieces(&text);
        assert!(cut.len() > 2);
        assert!(cut.iter().all(|piece| piece.len() <= RuleSource::PIECE));
        assert_eq!(cut.concat(), text);
        assert_eq!(pieces(""), [""]);
    }

    #[tokio::test]
    async fn what_a_folder_may_hold_comes_back_whole() {
        let store = crate::store::memory(Env::scripted(1_790_000_000_000, 1).0);
        let mut sources = Sources::single("a.rules", "on any {\n    reply \"您好\"\n}\n");
        let line = "203.0.113.0/24\n";
        let list = line.repeat(folder::MAX_FILE_BYTES as usize / line.len());
        for number in 0..folder::MAX_TOTAL_BYTES / folder::MAX_FILE_BYTES {
            let name = format!("lists/{number}.txt");
            sources.lists.insert(name, list.as_str().into());
        }
        let sources = Arc::new(sources);
        save_sources(&*store, &sources, "hash").await.expect("kept");
        let back = crate::store::read(&*store, "the rules", |tx| load_sources(tx, "hash"))
            .await
            .expect("readable")
            .expect("there");
        // Not compared by `assert_eq!`, which would print all of it.
        assert!(back.lists == sources.lists && back.files.len() == 1);
    }
}
