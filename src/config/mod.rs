//! `menshen.toml`: what the operator sets, read once at the start.
//!
//! The file is laid under environment variables (`MENSHEN_SERVER__LISTEN` is `server.listen`), every
//! secret may come from a file of its own (`token_file` instead of `token`), relative paths start at
//! the configuration file's directory. Unknown keys, wrong types, values out of bounds and unreadable
//! secrets are errors that name file, line and key; one reading reports all of them. Nothing here
//! opens sockets or the store, and no `Debug` shows a secret.

mod error;
mod limits;
mod official_account;
mod outbound;
mod reader;
mod secret;
mod sections;
mod text;
mod tree;

use std::path::{Path, PathBuf};

pub use error::{ConfigError, ConfigErrors, Origin};
pub use official_account::{EndpointMode, OfficialAccount};
pub use outbound::{CallTarget, Forward, Webhook};
pub use secret::Secret;
pub use sections::{Guard, History, Keys, Rules, Server, Store};

use reader::{Reader, Shared};

/// Bytes a configuration file may have; real ones have a few thousand.
const MAX_CONFIG_BYTES: usize = 1024 * 1024;

/// The whole configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file it was read from.
    pub file: PathBuf,
    /// `[server]`.
    pub server: Server,
    /// `[keys]`.
    pub keys: Keys,
    /// `[store]`.
    pub store: Store,
    /// `[rules]`.
    pub rules: Rules,
    /// `[guard]`.
    pub guard: Guard,
    /// `[history]`.
    pub history: History,
    /// `[limits]`: codes, tickets and bindings.
    pub limits: crate::accounts::Limits,
    /// `[[official_account]]`, in the file's order; names are unique.
    pub official_accounts: Vec<OfficialAccount>,
    /// `[[webhook]]`, in the file's order.
    pub webhooks: Vec<Webhook>,
    /// `[forward]`: where `forward` sends what bound users write.
    pub forward: Option<Forward>,
    /// `[calls.NAME]`: what `call NAME` reaches.
    pub calls: Vec<CallTarget>,
}

impl Config {
    /// Reads `file` with the process's environment over it.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn load(file: &Path) -> Result<Self, ConfigErrors> {
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        let text = std::fs::read(file)
            .map_err(|error| ConfigErrors::whole(file, format!("cannot read it: {error}")))?;
        if text.len() > MAX_CONFIG_BYTES {
            let message = format!("larger than {MAX_CONFIG_BYTES} bytes");
            return Err(ConfigErrors::whole(file, message));
        }
        let text =
            String::from_utf8(text).map_err(|_| ConfigErrors::whole(file, "not UTF-8 text"))?;
        Self::from_text(file, &text, variables)
    }

    /// Reads a text that stands in `file` (which gives relative paths their start), with these
    /// variables over it. Secret files are read.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn from_text(
        file: &Path,
        text: &str,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigErrors> {
        let mut table = tree::parse(file, text)?;
        let errors = tree::overlay(file, &mut table, variables);
        let shared = Shared::new(file, errors);
        let mut root = Reader::root(&shared, table);
        let mut config = Self {
            file: file.to_owned(),
            server: Server::read(root.section("server")),
            keys: Keys::read(root.section("keys")),
            store: Store::read(root.section("store")),
            rules: Rules::read(root.section("rules")),
            guard: Guard::read(root.section("guard")),
            history: History::read(root.section("history")),
            limits: limits::read(root.section("limits")),
            official_accounts: official_account::read_all(root.sections("official_account")),
            webhooks: outbound::read_webhooks(root.sections("webhook")),
            forward: root.optional_section("forward").map(Forward::read),
            calls: outbound::read_calls(root.named_sections("calls")),
        };
        config.guard.limits.keep = config.history.keep;
        root.finish();
        let errors = shared.take_errors();
        if errors.is_empty() {
            Ok(config)
        } else {
            Err(ConfigErrors(errors))
        }
    }

    /// The official account of this name.
    pub fn official_account(&self, name: &str) -> Option<&OfficialAccount> {
        self.official_accounts
            .iter()
            .find(|account| account.name == name)
    }
}

#[cfg(test)]
mod tests;
