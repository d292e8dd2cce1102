//! Putting a bot together.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio_util::task::TaskTracker;

use super::action::Action;
use super::context::{CaptchaWitness, Limits, Shared};
use super::folder;
use super::outside::{Network, Outside};
use super::probe::Probe;
use super::pushes::Pushes;
use super::reload::Fingerprint;
use super::ruleset::{self, Generations, LoadError, Loaded, Ruleset};
use super::settings::Settings;
use super::{Bot, Numbers, archive, stories};
use crate::accounts::Passwords;
use crate::env::Env;
use crate::guard::captcha::Drawer;
use crate::guard::geo::Geo;
use crate::guard::machines::ForeignMachines;
use crate::history::Columns;
use crate::keys::Keys;
use crate::lang::builtins::{CallExists, CallSpec, Registry};
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::span::Sources;
use crate::outbox::{CallTarget, Calls, Forwarder};
use crate::store::{SharedStore, StoreError};

/// Puts a [`Bot`] together. Everything has a sensible default but the rules and the official accounts.
pub struct BotBuilder {
    store: SharedStore,
    env: Env,
    keys: Keys,
    rules: RulesFrom,
    registry: Registry,
    official_accounts: Vec<String>,
    templates: BTreeMap<(String, String), String>,
    zone: TimeZone,
    limits: Limits,
    settings: Settings,
    geo: Geo,
    foreign: Option<ForeignMachines>,
    captchas: Option<Arc<dyn CaptchaWitness>>,
    probe: Option<Arc<dyn Probe>>,
    passwords: Option<Passwords>,
    forwarder: Option<Forwarder>,
    targets: Vec<(String, CallTarget)>,
    archive: bool,
    outside: Option<Arc<dyn Outside>>,
    run_stories: bool,
    errors: Vec<CallExists>,
}

enum RulesFrom {
    Compiled(Ruleset),
    Paths(Vec<PathBuf>),
    Sources(Sources),
}

impl fmt::Debug for BotBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BotBuilder")
            .field("official_accounts", &self.official_accounts)
            .finish_non_exhaustive()
    }
}

/// Why a bot could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The rules are wrong, or their stories fail.
    #[error(transparent)]
    Rules(#[from] LoadError),
    /// Two actions have one name.
    #[error(transparent)]
    Action(#[from] CallExists),
    /// The store did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A bot and what came up while its rules were loaded.
#[derive(Debug)]
pub struct Built {
    /// The bot.
    pub bot: Arc<Bot>,
    /// Queued calls; run them beside the bot.
    pub calls: Arc<Calls>,
    /// Warnings about the rules.
    pub warnings: Vec<Diagnostic>,
}

impl BotBuilder {
    pub(super) fn new(store: SharedStore, env: Env, keys: Keys) -> Self {
        Self {
            store,
            env,
            keys,
            rules: RulesFrom::Paths(vec![PathBuf::from("rules")]),
            registry: Registry::standard(),
            official_accounts: vec!["main".to_owned()],
            templates: BTreeMap::new(),
            zone: TimeZone::get("Asia/Shanghai").unwrap_or(TimeZone::UTC),
            limits: Limits::default(),
            settings: Settings::default(),
            geo: Geo::none(),
            foreign: None,
            captchas: None,
            probe: None,
            passwords: None,
            forwarder: None,
            targets: Vec::new(),
            archive: true,
            outside: None,
            run_stories: true,
            errors: Vec::new(),
        }
    }

    /// A rules folder, or single files; read again at every reload. `rules` unless said otherwise.
    #[must_use]
    pub fn rules(mut self, path: impl Into<PathBuf>) -> Self {
        self.rules = RulesFrom::Paths(vec![path.into()]);
        self
    }

    /// Rules from memory. They cannot be reloaded.
    #[must_use]
    pub fn sources(mut self, sources: Sources) -> Self {
        self.rules = RulesFrom::Sources(sources);
        self
    }

    /// Rules that were compiled before, with the registry they were compiled under. They cannot be
    /// reloaded, and their stories are not run.
    #[must_use]
    pub fn compiled(mut self, rules: Ruleset, registry: Registry) -> Self {
        self.rules = RulesFrom::Compiled(rules);
        self.registry = registry;
        self.run_stories = false;
        self
    }

    /// The names of the official accounts, the one for prompts first.
    #[must_use]
    pub fn official_accounts(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.official_accounts = names.into_iter().collect();
        self
    }

    /// The platform's id of a template that rules call `name`.
    #[must_use]
    pub fn template(mut self, official_account: &str, name: &str, id: &str) -> Self {
        let key = (official_account.to_owned(), name.to_owned());
        self.templates.insert(key, id.to_owned());
        self
    }

    /// The zone of accounts without one of their own.
    #[must_use]
    pub fn zone(mut self, zone: TimeZone) -> Self {
        self.zone = zone;
        self
    }

    /// Limits of all rooms.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Settings of the bot itself.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Where addresses are.
    #[must_use]
    pub fn geo(mut self, geo: Geo) -> Self {
        self.geo = geo;
        self
    }

    /// Something that may know the answers of captchas: a sandbox.
    #[must_use]
    pub fn captcha_witness(mut self, witness: Arc<dyn CaptchaWitness>) -> Self {
        self.captchas = Some(witness);
        self
    }

    /// Something that is told what of the rules is used: stories.
    #[must_use]
    pub fn probe(mut self, probe: Arc<dyn Probe>) -> Self {
        self.probe = Some(probe);
        self
    }

    /// Machine identifiers that were not issued here but are signed under one of these keys.
    #[must_use]
    pub fn foreign_machines(mut self, foreign: ForeignMachines) -> Self {
        self.foreign = Some(foreign);
        self
    }

    /// How passwords are checked.
    #[must_use]
    pub fn passwords(mut self, passwords: Passwords) -> Self {
        self.passwords = Some(passwords);
        self
    }

    /// Where `forward` goes.
    #[must_use]
    pub fn forwarder(mut self, forwarder: Forwarder) -> Self {
        self.forwarder = Some(forwarder);
        self
    }

    /// A Rust action that rules may `call`.
    #[must_use]
    pub fn action(mut self, action: Action) -> Self {
        let name = action.spec.name.clone();
        if let Err(error) = self.registry.register_call(action.spec) {
            self.errors.push(error);
        }
        let target = CallTarget::Action {
            action: action.run,
            deadline: action.deadline,
        };
        self.targets.push((name, target));
        self
    }

    /// A URL of the information system that rules may `call`.
    #[must_use]
    pub fn webhook_call(mut self, name: &str, target: CallTarget) -> Self {
        if let Err(error) = self.registry.register_call(CallSpec::webhook(name)) {
            self.errors.push(error);
        }
        self.targets.push((name.to_owned(), target));
        self
    }

    /// What a name reaches that the registry knows already.
    #[must_use]
    pub fn call_target(mut self, name: &str, target: CallTarget) -> Self {
        self.targets.push((name.to_owned(), target));
        self
    }

    /// A name that rules may `call` although nothing answers it: queued calls wait and fail visibly.
    #[must_use]
    pub fn known_call(mut self, name: &str) -> Self {
        if self.registry.call(name).is_none() {
            // It is not there: registering cannot fail.
            let _ = self.registry.register_call(CallSpec::webhook(name));
        }
        self
    }

    /// Something else than the network to ask: stories and tests.
    #[must_use]
    pub fn outside(mut self, outside: Arc<dyn Outside>) -> Self {
        self.outside = Some(outside);
        self
    }

    /// Skips the rules' own stories at the start; they are skipped anyway when this very rule set was
    /// the last to run on this store under this version. Reloads run those of new rules always.
    #[must_use]
    pub fn without_stories(mut self) -> Self {
        self.run_stories = false;
        self
    }

    /// Keeps no texts of the rules and no history of generations: for a bot whose store ends with it.
    #[must_use]
    pub fn without_archive(mut self) -> Self {
        self.archive = false;
        self
    }

    /// Loads and checks the rules, runs their stories, and gives the bot.
    ///
    /// # Errors
    /// The rules are wrong, or the store does not take their text.
    pub async fn build(self) -> Result<Built, BuildError> {
        if let Some(error) = self.errors.into_iter().next() {
            return Err(error.into());
        }
        let (mut paths, mut tried) = (Vec::new(), Fingerprint::default());
        let loaded = match self.rules {
            RulesFrom::Compiled(ruleset) => Loaded {
                ruleset,
                warnings: Vec::new(),
            },
            RulesFrom::Paths(of_rules) => {
                let read = folder::load_own(&of_rules).map_err(LoadError::from)?;
                (paths, tried) = (of_rules, Fingerprint::of_sources(&read));
                ruleset::compile(read, &self.registry)?
            }
            RulesFrom::Sources(sources) => ruleset::compile(sources, &self.registry)?,
        };
        let hash = loaded.ruleset.program.hash.clone();
        if self.run_stories && !archive::passed_before(&*self.store, &hash).await? {
            let registry = self.registry.clone();
            let ruleset = loaded.ruleset.clone();
            tokio::task::spawn_blocking(move || stories::must_pass(&ruleset, &registry))
                .await
                .map_err(|_| {
                    LoadError::Story(Words::new("运行故事时崩溃了", "the stories panicked"))
                })??;
        }
        let calls = Arc::new(Calls::new(
            self.store.clone(),
            self.env.clone(),
            self.targets,
        ));
        let outside = self.outside.unwrap_or_else(|| {
            Arc::new(Network {
                forwarder: self.forwarder,
                calls: calls.clone(),
            })
        });
        let now = self.env.now();
        let sources = loaded.ruleset.program.sources.clone();
        let number = match self.archive {
            true => archive::go_live(&*self.store, &sources, &hash).await?,
            false => 1,
        };
        let bot = Arc::new(Bot {
            store: self.store,
            env: self.env.clone(),
            generations: Arc::new(Generations::new(loaded.ruleset, number, now)),
            shared: Arc::new(Shared {
                columns: Columns::of(&self.registry),
                registry: self.registry,
                keys: self.keys,
                limits: self.limits,
                foreign: self.foreign,
                captchas: self.captchas,
                probe: self.probe,
                zone: self.zone,
                templates: self.templates,
                official_accounts: self.official_accounts,
                recent: Default::default(),
                older: Default::default(),
            }),
            pushes: Pushes::default(),
            outside,
            calls: calls.clone(),
            drawer: Drawer::default(),
            passwords: self
                .passwords
                .unwrap_or_else(|| Passwords::new(self.env.clone())),
            geo: self.geo,
            settings: self.settings,
            rules: paths,
            tasks: TaskTracker::new(),
            numbers: Numbers::default(),
            reloading: tokio::sync::Mutex::new(tried),
        });
        bot.look_for_stored_pushes().await?;
        Ok(Built {
            bot,
            calls,
            warnings: loaded.warnings,
        })
    }
}

/// How often expired records are looked for.
pub const SWEEP_EVERY: Duration = Duration::from_secs(60);
