//! `menshen serve`: the production server.

use std::path::PathBuf;

use super::failure::{Exit, Failure, Outcome, in_words};
use super::house::{Extras, House};
use super::init::APP_SECRET_PLACEHOLDER;
use super::logging::LogArgs;
use super::sources::DEFAULT_CONFIG;
use super::{output, signals, unopened, writable};
use crate::config::Config;
use crate::env::Env;
use crate::lang::diagnostics::Language;
use crate::server::Bound;
use crate::store::{self, Flavour, OnLoss};

/// Memory for the store's engine unless said otherwise.
const DEFAULT_CACHE_MIB: u64 = 256;

/// Run the server.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
SIGTERM or ctrl-c finishes what was accepted and stops. Saved rules are loaded by themselves unless
[rules] watch = false; SIGHUP loads them at once.
Exit code: 0 stopped in order, 1 it failed, 2 the configuration is wrong.

Examples:
  menshen serve --config /etc/menshen/menshen.toml --log-json
  MENSHEN_SERVER__LISTEN=0.0.0.0:8080 menshen serve
  MENSHEN_SERVER__LISTEN=127.0.0.1:9090 menshen serve --send-nothing    # a drill with a backup
  kill -HUP $(pidof menshen)         # after editing rules that `menshen check` passes")]
pub struct Args {
    /// The configuration
    #[arg(long, value_name = "FILE", default_value = DEFAULT_CONFIG)]
    config: PathBuf,
    /// Memory for the store's engine
    #[arg(long, value_name = "MIB", default_value_t = DEFAULT_CACHE_MIB)]
    cache: u64,
    /// Start although acknowledged commits are missing: from the last dump, or with what the database
    /// still has; what is lost is named and recorded
    #[arg(long, value_name = "FROM", num_args = 0..=1, require_equals = true, default_missing_value = "dump")]
    accept_loss: Option<AcceptLoss>,
    /// Send nothing by itself: prompts, messages, webhooks and calls that wait in the store stay there.
    /// For looking at a restored backup, whose messages the original has sent or will send
    #[arg(long)]
    send_nothing: bool,
    #[command(flatten)]
    log: LogArgs,
}

/// Where to go on from after a loss.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum AcceptLoss {
    /// The last dump: a whole, consistent moment
    Dump,
    /// What the database still has: perhaps newer, perhaps with holes
    Database,
}

impl From<AcceptLoss> for OnLoss {
    fn from(chosen: AcceptLoss) -> Self {
        match chosen {
            AcceptLoss::Dump => Self::RestoreDump,
            AcceptLoss::Database => Self::KeepDatabase,
        }
    }
}

/// Runs until it is told to stop.
pub fn run(args: &Args) -> Outcome {
    let config = Config::load(&args.config).map_err(Failure::usage)?;
    if config.official_accounts.is_empty() {
        return Err(Failure::usage(format!(
            "{} has no [[official_account]]",
            args.config.display()
        )));
    }
    args.log.start()?;
    raise_open_files();
    warn_of_placeholders(&config);
    writable::insist(&config.store.path)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    // Opening and migrating a large store takes its time, and whoever started it may ask for a reload meanwhile.
    let hangups = {
        let _inside = runtime.enter();
        signals::hangups()?
    };
    let env = Env::system();
    let opened = store::open(
        store::OpenOptions {
            path: config.store.path.clone(),
            cache_bytes: args.cache << 20,
            // Never made here: an empty directory may be a disk that is not mounted.
            flavour: None,
            on_loss: args.accept_loss.map_or(OnLoss::Refuse, OnLoss::from),
        },
        env.clone(),
    )
    .map_err(unopened::failure)?;
    report(&opened.report);
    runtime.block_on(async {
        if opened.store.status().flavour == Flavour::Dev {
            opened.store.close().await;
            return Err(Failure::usage(format!(
                "the store in {} was made by `menshen dev`, and such a store is never served; set [store] path to another directory",
                config.store.path.display()
            )));
        }
        if args.send_nothing {
            tracing::warn!("nothing is sent: no prompts, messages, webhooks or calls");
        }
        let extras = Extras {
            sends_nothing: args.send_nothing,
            ..Extras::default()
        };
        let house = match House::build(&config, opened.store.clone(), env, extras).await {
            Ok(house) => house,
            Err(error) => {
                opened.store.close().await;
                return Err(describe(error, Language::Zh));
            }
        };
        let stop = signals::stop()?;
        signals::reload_on(hangups, house.bot.clone());
        let served = match Bound::bind(&config.server, house.app.clone()) {
            Ok(bound) => {
                tracing::info!(
                    listen = %bound.address(),
                    admin = ?bound.admin_address(),
                    rules = house.bot.generations().current().number,
                    "serving"
                );
                bound.run(stop).await
            }
            Err(error) => Err(error),
        };
        house.close().await;
        served.map_err(Failure::from)
    })?;
    output::remark("menshen: stopped");
    Ok(Exit::Clean)
}

/// Lets the process hold as many connections as the system allows it: the usual soft limit of 1,024 is
/// less than a platform's burst needs.
fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    if limit.current != limit.maximum
        && let Err(error) = setrlimit(Resource::Nofile, raised)
    {
        tracing::warn!(%error, limit = ?limit.current, "the limit of open files cannot be raised");
    }
}

/// A server with `init`'s placeholders answers what it is asked and can send nothing.
fn warn_of_placeholders(config: &Config) {
    for account in &config.official_accounts {
        if account.app_secret.expose().trim() == APP_SECRET_PLACEHOLDER {
            tracing::error!(
                official_account = account.name,
                "the AppSecret is still the placeholder of `menshen init`: no prompt and no message can be sent"
            );
        }
    }
}

/// What failed, with the rules' own report when it is the rules.
pub fn describe(error: anyhow::Error, language: Language) -> Failure {
    use crate::bot::BuildError;
    match error.downcast_ref::<BuildError>() {
        Some(BuildError::Rules(rules)) => {
            output::remark(&rules.report(language));
            Failure::usage(language.pick(
                "规则有问题；见 `menshen check` 和 `menshen test`",
                "the rules are not in order; see `menshen check` and `menshen test`",
            ))
        }
        _ if error.chain().any(is_configuration) => Failure::usage(in_words(&error)),
        _ => Failure::Failed(error),
    }
}

/// What only another configuration can mend: starting again would fail again.
fn is_configuration(cause: &(dyn std::error::Error + 'static)) -> bool {
    cause.is::<crate::keys::KeyError>()
        || cause.is::<crate::outbox::SecretError>()
        || cause.is::<crate::outbox::EndpointError>()
}

fn report(report: &store::OpenReport) {
    if report.created {
        tracing::info!("the store is new");
    }
    if report.torn_snapshots > 0 {
        tracing::info!(
            snapshots = report.torn_snapshots,
            "the last stop was not in order; nothing is lost"
        );
    }
    if let Some(copy) = &report.repaired {
        tracing::warn!(copy = %copy.display(), "the store was repaired; a copy of it as found was kept");
    }
    if let Some(format) = report.migrated_from {
        tracing::info!(
            format,
            "the store was migrated; a dump of it as it was is in its dumps"
        );
    }
    if let Some(restored) = &report.restored {
        tracing::error!(
            dump = %restored.dump.display(),
            until = jiff::Timestamp::from_millisecond(restored.time).unwrap_or_default().to_string(),
            aside = %restored.aside.display(),
            "the store is as this dump remembers it: whatever happened since is missing, locks and \
             ended sessions too; the old database was put aside"
        );
    }
    if report.mark_rebuilt {
        tracing::error!(
            "the mark of acknowledged commits was made anew: whether any are missing is unknown"
        );
    }
    if let Some(found) = &report.found {
        tracing::error!(found = %found.display(), "the database's files as they were found are kept");
    }
    if let Some(lost) = &report.lost {
        tracing::error!(
            first = lost.start(),
            last = lost.end(),
            "going on without these acknowledged commits"
        );
    }
}
