//! Logs of a running server: to standard error, as text or as JSON lines.
//!
//! What is logged never holds secrets, codes, phones, OpenIDs or texts; the rooms see to that.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// The HTTP library and what watches the folder announce their doings at `info`; every head that is no HTTP is
/// an `error` to the first: those are counted (`menshen_connections_unused_total`), and strangers send as many
/// as they like.
const DEFAULT_FILTER: &str = "info,actix_server=warn,actix_http=off,notify=warn";

/// How a server logs.
#[derive(Debug, Clone, clap::Args)]
pub struct LogArgs {
    /// What to log: error, warn, info, debug, or per module as in `info,menshen::outbox=debug`
    #[arg(long, value_name = "FILTER", default_value = DEFAULT_FILTER, env = "MENSHEN_LOG")]
    pub log: String,
    /// Log JSON, one object a line
    #[arg(long)]
    pub log_json: bool,
}

impl LogArgs {
    /// Starts logging.
    pub fn start(&self) -> Result<(), super::failure::Failure> {
        let filter = EnvFilter::try_new(&self.log).map_err(|error| {
            super::failure::Failure::usage(format!("--log {:?}: {error}", self.log))
        })?;
        let logs = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr);
        let started = if self.log_json {
            logs.json().flatten_event(true).try_init()
        } else {
            let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            logs.with_ansi(colour).with_target(false).try_init()
        };
        started.map_err(super::failure::Failure::failed)
    }
}
