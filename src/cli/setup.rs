//! Which set-up a command is about: a configuration file or a data directory, and its store.

use std::path::PathBuf;

use serde_json::Value;

use super::control::{self, Client, Request, perform};
use super::failure::Failure;
use super::sources::DEFAULT_CONFIG;
use super::unopened;
use crate::config::Config;
use crate::env::Env;
use crate::store::{self, Flavour, SharedStore};

/// Memory for the engine's cache in a short command.
const COMMAND_CACHE_BYTES: u64 = 32 << 20;

/// Where the data is.
#[derive(Debug, Clone, clap::Args)]
pub struct DataArgs {
    /// The configuration whose store is meant
    #[arg(long, value_name = "FILE", default_value = DEFAULT_CONFIG, conflicts_with = "data")]
    pub config: PathBuf,
    /// The data directory itself, or that of `menshen dev`
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

impl DataArgs {
    /// The configuration; a data directory of `menshen dev` has its own.
    pub fn configuration(&self) -> Result<Config, Failure> {
        let file = match &self.data {
            Some(data) => data.join(DEFAULT_CONFIG),
            None => self.config.clone(),
        };
        Config::load(&file).map_err(Failure::usage)
    }

    /// The data directory.
    pub fn directory(&self) -> Result<PathBuf, Failure> {
        if let Some(data) = &self.data {
            // What `dev` keeps there is a whole set-up.
            let config = data.join(DEFAULT_CONFIG);
            return match config.exists() {
                true => Ok(Config::load(&config).map_err(Failure::usage)?.store.path),
                false => Ok(data.clone()),
            };
        }
        if !self.config.exists() {
            return Err(Failure::usage(format!(
                "there is no {}; name one with --config, name the data with --data, or make a set-up with `menshen init`",
                self.config.display()
            )));
        }
        let config = Config::load(&self.config).map_err(Failure::usage)?;
        Ok(config.store.path)
    }
}

/// The store of a data directory: through the server that runs on it, else opened here.
#[derive(Debug)]
pub enum Reach {
    /// A server runs and answers.
    Running(Client),
    /// Nobody else has it.
    Mine(Mine),
}

/// A store opened by this command, and the runtime it is used on.
pub struct Mine {
    /// The store.
    pub store: SharedStore,
    /// Where its futures run.
    pub runtime: tokio::runtime::Runtime,
}

impl std::fmt::Debug for Mine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mine")
    }
}

impl Reach {
    /// Finds the server of `directory`, or opens the store itself.
    pub fn existing(directory: &std::path::Path) -> Result<Self, Failure> {
        if let Some(client) = control::connect(directory)? {
            return Ok(Self::Running(client));
        }
        Mine::open(directory, None).map(Self::Mine)
    }
}

/// Has a request done that answers with a value only.
pub fn ask(data: &DataArgs, request: Request) -> Result<Value, Failure> {
    match Reach::existing(&data.directory()?)? {
        Reach::Running(client) => client.call(&request, &mut std::io::sink()),
        Reach::Mine(mine) => {
            let mut nowhere = std::io::sink();
            let work = perform(request, &*mine.store, None, &mut nowhere);
            let done = mine.runtime.block_on(work);
            mine.close();
            done.map_err(Failure::failed)
        }
    }
}

impl Mine {
    /// Opens the store; with a flavour it is created when there is none.
    pub fn open(directory: &std::path::Path, flavour: Option<Flavour>) -> Result<Self, Failure> {
        let opened = store::open(
            store::OpenOptions {
                path: directory.to_owned(),
                cache_bytes: COMMAND_CACHE_BYTES,
                flavour,
                on_loss: store::OnLoss::Refuse,
            },
            Env::system(),
        )
        .map_err(unopened::failure)?;
        Ok(Self {
            store: opened.store,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?,
        })
    }

    /// Closes the store: what was done is on the disk and the files are free.
    pub fn close(self) {
        self.runtime.block_on(self.store.close());
    }
}
