//! A running bot put together from a configuration: what `serve` and `dev` have in common.
//!
//! Everything is made here, in the order in which it depends on each other, and taken down in the
//! other order: first nothing new is accepted, then what was accepted is finished, then the store is
//! closed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use futures_util::future::BoxFuture;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::chinese;
use super::control::{ControlServer, Live, Rules};
use super::dumps::Dumper;
use super::watch;
use crate::accounts::{self, Passwords};
use crate::bot::api::RulesStatus;
use crate::bot::builder::SWEEP_EVERY;
use crate::bot::context::{CaptchaWitness, Limits};
use crate::bot::folder::io_words;
use crate::bot::settings::Watcher;
use crate::bot::{Bot, BotBuilder, Settings};
use crate::config::{self, Config, EndpointMode};
use crate::env::{Env, Millis};
use crate::guard::geo::Geo;
use crate::guard::machines::ForeignMachines;
use crate::keys::MasterKey;
use crate::lang::diagnostics::{self, Language};
use crate::outbox::{
    Abilities, CallTarget, Calls, Endpoint, Forwarder, Outbox, Outward, WebhookConfig,
    WebhookSecret, Webhooks, WechatSender,
};
use crate::server;
use crate::store::{MAX_SWEEP, SharedStore, StoreError, Sweeper};
use crate::wechat::client::{Client, ClientConfig};

/// What `serve` has no use for.
#[derive(Clone, Default)]
pub struct Extras {
    /// Is told the answers of captchas.
    pub captchas: Option<Arc<dyn CaptchaWitness>>,
    /// Is told what each push came to.
    pub watcher: Option<Arc<dyn Watcher>>,
    /// What explanations are written in.
    pub explanations: Language,
    /// No control socket: the store is in memory.
    pub no_control: bool,
    /// The rules' stories need not run at the start.
    pub stories_passed: bool,
    /// Nothing leaves by itself: what waits for followers, webhooks and calls stays in the store.
    pub sends_nothing: bool,
}

impl std::fmt::Debug for Extras {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Extras")
    }
}

/// A bot with everything round it, running.
pub struct House {
    /// The store.
    pub store: SharedStore,
    /// The bot.
    pub bot: Arc<Bot>,
    /// The HTTP face.
    pub app: server::App,
    control: Option<ControlServer>,
    dumper: Option<Dumper>,
    stop: CancellationToken,
    workers: Vec<JoinHandle<()>>,
}

impl std::fmt::Debug for House {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("House")
            .field("bot", &self.bot)
            .finish_non_exhaustive()
    }
}

impl House {
    /// Puts everything together over an open store and starts what runs beside the server.
    pub async fn build(
        config: &Config,
        store: SharedStore,
        env: Env,
        extras: Extras,
    ) -> anyhow::Result<Self> {
        let http = Outward::new()?;
        let passwords = Passwords::new(env.clone());
        let limits = limits(config);
        let settings = Settings {
            watcher: extras.watcher,
            explanations: extras.explanations,
            ..settings(config)
        };
        let mut builder = builder(config, &store, &env, &http)?
            .settings(settings)
            .passwords(passwords.clone())
            .limits(limits.clone());
        if let Some(witness) = extras.captchas {
            builder = builder.captcha_witness(witness);
        }
        if extras.stories_passed {
            builder = builder.without_stories();
        }
        if !extras.stories_passed {
            tracing::info!("checking the rules and running their stories");
        }
        let built = builder.build().await?;
        let (bot, calls) = (built.bot, built.calls);
        if !built.warnings.is_empty() {
            let sources = bot.generations().current().ruleset.program.sources.clone();
            let text = diagnostics::human(&built.warnings, &sources, Language::Zh, false);
            tracing::warn!(
                count = built.warnings.len(),
                "the rules have warnings:\n{text}"
            );
        }
        let clients = clients(config, &env)?;
        let webhooks = Webhooks::new(store.clone(), env.clone(), http, webhooks(config)?);
        // Before anything is accepted: a new endpoint begins with what happens from now on.
        webhooks.register().await?;
        let app = server::App::new(
            config,
            server::Parts {
                store: store.clone(),
                env: env.clone(),
                bot: bot.clone(),
                keys: Arc::new(MasterKey::load(&config.keys.master_file)?),
                foreign_machines: foreign_machines(config),
                passwords,
                account_limits: limits.accounts,
                guard_limits: limits.guard,
                clients: clients.clone(),
            },
        )?;
        // The last thing that can fail: what is started below would only complain of a closed store.
        let live = Live {
            rules: Box::new(RunningRules(bot.clone())),
        };
        let control = match extras.no_control {
            true => None,
            false => Some(
                ControlServer::start(
                    &config.store.path,
                    store.clone(),
                    live,
                    tokio::runtime::Handle::current(),
                )
                .map_err(|error| {
                    let (path, words) = (config.store.path.display(), io_words(&error));
                    match chinese::of_process() {
                        Language::Zh => anyhow!("{path} 里建不了控制套接字：{}", words.zh),
                        Language::En => {
                            anyhow!("cannot make the control socket in {path}: {}", words.en)
                        }
                    }
                })?,
            ),
        };
        let dumper = Dumper::start(&store, &env, &config.store);
        if let Some(dumper) = &dumper {
            app.metrics().register(|registry| dumper.register(registry));
        }
        let outbox = Arc::new(Outbox::new(
            store.clone(),
            env.clone(),
            Arc::new(WechatSender::new(clients)),
            Arc::new(bot.hooks()),
            abilities(config),
        ));
        let stop = CancellationToken::new();
        let mut workers = vec![tokio::spawn(sweep(
            store.clone(),
            env.clone(),
            stop.clone(),
        ))];
        if !extras.sends_nothing {
            workers.extend(start_senders(&stop, outbox, webhooks, calls));
        }
        if config.rules.watch {
            let path = config.rules.path.clone();
            workers.push(tokio::spawn(watch::run(
                bot.clone(),
                path,
                watch::QUIET,
                watch::POLL,
                stop.clone(),
            )));
        }
        if !extras.sends_nothing {
            tokio::spawn(recover(bot.clone()));
        }
        Ok(Self {
            store,
            bot,
            app,
            control,
            dumper,
            stop,
            workers,
        })
    }

    /// Finishes what was accepted and closes the store. The HTTP server has stopped.
    pub async fn close(mut self) {
        if let Some(control) = &mut self.control {
            control.stop();
        }
        self.bot.finish().await;
        self.stop.cancel();
        for worker in self.workers {
            if worker.await.is_err() {
                tracing::error!("a worker panicked");
            }
        }
        if let Some(dumper) = self.dumper {
            dumper.last().await;
        }
        self.store.close().await;
    }
}

/// The bot a configuration describes.
fn builder(
    config: &Config,
    store: &SharedStore,
    env: &Env,
    http: &Outward,
) -> anyhow::Result<BotBuilder> {
    let keys = MasterKey::load(&config.keys.master_file)?;
    let accounts = &config.official_accounts;
    let mut builder = Bot::builder(store.clone(), env.clone(), keys)
        .rules(config.rules.path.clone())
        .official_accounts(accounts.iter().map(|account| account.name.clone()))
        .zone(jiff::tz::TimeZone::get(&config.guard.zone)?);
    for account in accounts {
        for (name, id) in &account.templates {
            builder = builder.template(&account.name, name, id);
        }
    }
    if let Some(path) = &config.guard.geoip {
        builder = builder.geo(Geo::open(path)?);
    }
    if let Some(foreign) = foreign_machines(config) {
        builder = builder.foreign_machines(foreign);
    }
    if let Some(forward) = &config.forward {
        builder = builder.forwarder(Forwarder::new(
            env.clone(),
            http.clone(),
            endpoint("[forward]", &forward.url, forward.allow_private)?,
            secrets("[forward]", &forward.secret)?,
            duration(forward.timeout),
        ));
    }
    for call in &config.calls {
        let place = format!("[calls.{}]", call.name);
        let target = CallTarget::Url {
            http: http.clone(),
            endpoint: endpoint(&place, &call.url, call.allow_private)?,
            secrets: secrets(&place, &call.secret)?,
            deadline: duration(call.timeout),
        };
        builder = builder.webhook_call(&call.name, target);
    }
    Ok(builder)
}

fn foreign_machines(config: &Config) -> Option<ForeignMachines> {
    let key = config.keys.foreign_machine_key.as_ref()?;
    let keys = [Some(key), config.keys.previous_foreign_machine_key.as_ref()];
    let keys = keys.into_iter().flatten();
    Some(ForeignMachines::new(
        keys.map(|key| key.expose().as_bytes().to_vec()),
    ))
}

fn settings(config: &Config) -> Settings {
    let names = |wanted: fn(&config::OfficialAccount) -> bool| {
        config
            .official_accounts
            .iter()
            .filter(|account| wanted(account))
            .map(|account| account.name.clone())
            .collect()
    };
    Settings {
        custom_send: names(|account| account.custom_send),
        plaintext: names(|account| {
            account.mode == EndpointMode::Plaintext && account.allow_plaintext_guard
        }),
        ..Settings::default()
    }
}

fn limits(config: &Config) -> Limits {
    Limits {
        accounts: config.limits.clone(),
        guard: config.guard.limits.clone(),
    }
}

fn clients(config: &Config, env: &Env) -> anyhow::Result<BTreeMap<String, Arc<Client>>> {
    config
        .official_accounts
        .iter()
        .map(|account| {
            let client = Client::new(
                &ClientConfig {
                    api_base: account.api_base.clone(),
                    ..ClientConfig::new(&account.app_id, account.app_secret.expose())
                },
                env.clone(),
            )
            .with_context(|| format!("official account {}", account.name))?;
            Ok((account.name.clone(), Arc::new(client)))
        })
        .collect()
}

fn abilities(config: &Config) -> Vec<(String, Abilities)> {
    config
        .official_accounts
        .iter()
        .map(|account| {
            let abilities = Abilities {
                custom: account.custom_send,
                template: !account.templates.is_empty(),
            };
            (account.name.clone(), abilities)
        })
        .collect()
}

fn webhooks(config: &Config) -> anyhow::Result<Vec<WebhookConfig>> {
    config
        .webhooks
        .iter()
        .map(|webhook| {
            Ok(WebhookConfig::new(
                &webhook.url,
                endpoint("[[webhook]]", &webhook.url, webhook.allow_private)?,
                secrets("[[webhook]]", &webhook.secret)?,
                webhook.events.clone(),
            ))
        })
        .collect()
}

fn endpoint(place: &str, url: &str, allow_private: bool) -> anyhow::Result<Endpoint> {
    Endpoint::parse(url, allow_private).with_context(|| format!("{place}: url"))
}

fn secrets(place: &str, secret: &config::Secret) -> anyhow::Result<Vec<WebhookSecret>> {
    let secret =
        WebhookSecret::parse(secret.expose()).with_context(|| format!("{place}: secret"))?;
    Ok(vec![secret])
}

fn duration(millis: Millis) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

/// Takes up the replies and requests an earlier process left under way.
async fn recover(bot: Arc<Bot>) {
    match bot.recover_pushes().await {
        // Closed before their time has come: the next start looks again.
        Ok(()) | Err(StoreError::Closed) => {}
        Err(error) => {
            tracing::error!(%error, "pushes of an earlier run could not be looked through");
        }
    }
}

fn start_senders(
    stop: &CancellationToken,
    outbox: Arc<Outbox>,
    webhooks: Webhooks,
    calls: Arc<Calls>,
) -> Vec<JoinHandle<()>> {
    let sending = tokio::spawn(outbox.run(stop.clone()));
    let stopping = stop.clone();
    let hooking = tokio::spawn(async move { webhooks.run(stopping).await });
    let calling = tokio::spawn(calls.run(stop.clone()));
    vec![sending, hooking, calling]
}

/// Sweeps between two looks at resting bindings: an hour.
const SWEEPS_PER_LOOK: u32 = 60;

/// Deletes what has expired, a little at a time, and ends resting bindings whose time is over.
async fn sweep(store: SharedStore, env: Env, stop: CancellationToken) {
    let mut sweeper = Sweeper::new();
    let mut round = 0;
    loop {
        if round % SWEEPS_PER_LOOK == 0 {
            match accounts::end_run_out(&*store, env.now()).await {
                Ok(0) => {}
                Ok(ended) => tracing::info!(ended, "bindings of followers who left have run out"),
                Err(StoreError::Closed) => return,
                Err(error) => tracing::warn!(%error, "resting bindings could not be ended"),
            }
        }
        round += 1;
        match sweeper.step_all(&*store, MAX_SWEEP).await {
            Ok(swept) if swept.unreadable > 0 => {
                tracing::error!(
                    records = swept.unreadable,
                    "the store holds unreadable records"
                );
            }
            Ok(_) => {}
            Err(StoreError::Closed) => return,
            Err(error) => tracing::warn!(%error, "expired records could not be deleted"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(SWEEP_EVERY) => {}
        }
    }
}

struct RunningRules(Arc<Bot>);

impl Rules for RunningRules {
    fn status(&self) -> RulesStatus {
        self.0.generations().status()
    }

    fn reload(&self) -> BoxFuture<'static, Result<RulesStatus, String>> {
        let bot = self.0.clone();
        Box::pin(async move { Bot::reload(&bot).await.map_err(|error| error.to_string()) })
    }

    fn rollback(&self, generation: u64) -> BoxFuture<'static, Result<RulesStatus, String>> {
        let bot = self.0.clone();
        Box::pin(async move {
            let done = Bot::rollback(&bot, generation).await;
            done.map_err(|error| error.said(bot.language()))
        })
    }
}
