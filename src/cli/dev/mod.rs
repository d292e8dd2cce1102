//! `menshen dev`: the bot, a simulated WeChat platform and a sample information system in one process,
//! on an embedded store. It needs nothing else, and never serves anything real.

mod captchas;
mod phones;
mod server;
mod setup;
mod system;
mod welcome;

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

use super::failure::{Exit, Failure, Outcome};
use super::house::{Extras, House};
use super::logging::LogArgs;
use super::output::LangArg;
use super::{output, serve, signals, writable};
use crate::bot::folder::io_words;
use crate::env::Env;
use crate::lang::diagnostics::Language;
use crate::sandbox::Platform;
use crate::store::{self, Flavour};

use phones::Phones;

pub use captchas::Captchas;
pub use server::DevServer;
pub use setup::Setup;
pub use system::System;

/// Memory for the store's engine: small, it is one person's.
const CACHE_BYTES: u64 = 64 << 20;

/// Where everything is kept that no option puts elsewhere.
pub const DATA: &str = ".menshen-dev";

/// Run the bot with a simulated WeChat platform and a sample information system.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Open the phone it prints, follow the account, and talk to it; or push to it with curl and openssl.
Saved rules are loaded by themselves; ctrl-c stops. Everything is kept in the data directory.

Examples:
  menshen dev
  menshen dev --rules my-rules --data /tmp/try
  . .menshen-dev/env && curl -H \"Authorization: Bearer $KEY\" $URL/v1/events")]
pub struct Args {
    /// The address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// The rules [default: the folder `rules`, else a copy of the shipped ones]
    #[arg(long, value_name = "PATH")]
    rules: Option<PathBuf>,
    /// Where everything is kept
    #[arg(long, value_name = "DIR", default_value = DATA)]
    data: PathBuf,
    /// Answer this host name too; needed to listen on another address than a loopback one, where
    /// everybody who can reach it can act as every simulated user
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,
    #[command(flatten)]
    lang: LangArg,
    #[command(flatten)]
    log: LogArgs,
}

/// Runs until it is told to stop.
pub fn run(args: &Args) -> Outcome {
    if !args.listen.ip().is_loopback() && args.host.is_empty() {
        return Err(Failure::usage(format!(
            "{} can be reached from elsewhere, and the sandbox has no passwords: \
             name the host it may be reached by with --host, or listen on 127.0.0.1",
            args.listen
        )));
    }
    args.log.start()?;
    let listener = TcpListener::bind(args.listen)
        .map_err(|error| unbound(args.listen, &error, args.lang.lang))?;
    let env = Env::system();
    let rules = setup::rules(args.rules.as_deref(), &args.data)?;
    let setup = Setup::make(&args.data, listener.local_addr()?, &rules, &args.host, &env)?;
    writable::insist(&setup.config.store.path)?;
    let opened = store::open(
        store::OpenOptions {
            path: setup.config.store.path.clone(),
            cache_bytes: CACHE_BYTES,
            flavour: Some(Flavour::Dev),
            on_loss: store::OnLoss::Refuse,
        },
        env.clone(),
    )?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let captchas = Arc::new(Captchas::default());
        let extras = Extras {
            captchas: Some(captchas.clone()),
            ..Extras::default()
        };
        let house =
            match House::build(&setup.config, opened.store.clone(), env.clone(), extras).await {
                Ok(house) => house,
                Err(error) => {
                    opened.store.close().await;
                    return Err(serve::describe(error, args.lang.lang));
                }
            };
        let key = setup.api_key(&house.store).await?;
        setup.write_env(&key)?;
        let platform = Platform::new(setup.platform(), env)?;
        let mut phones = Phones::open(&args.data, &platform);
        let stop = signals::stop()?;
        signals::reload_on(signals::hangups()?, house.bot.clone());
        let server = DevServer {
            app: house.app.clone(),
            platform,
            system: Arc::new(System::new(setup.system_secret()?)),
            captchas,
            hosts: args.host.clone(),
        };
        output::data(&welcome::text(&setup, &args.data, args.lang.lang))?;
        let serving = server.run(listener, setup.config.server.shutdown_seconds, stop);
        let served = tokio::select! {
            served = serving => served,
            () = phones.keep() => Ok(()),
        };
        phones.write();
        house.close().await;
        served.map_err(Failure::from)
    })?;
    output::remark(args.lang.pick("menshen: 已停止", "menshen: stopped"));
    Ok(Exit::Clean)
}

fn unbound(address: SocketAddr, error: &std::io::Error, language: Language) -> Failure {
    let words = io_words(error);
    Failure::failed(match language {
        Language::Zh => format!(
            "{address} 用不了：{}；换一个：--listen 127.0.0.1:端口（0 表示随便哪个）",
            words.zh
        ),
        Language::En => format!(
            "cannot listen on {address}: {}; take another: --listen 127.0.0.1:PORT (0 for any)",
            words.en
        ),
    })
}
