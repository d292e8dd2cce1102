//! Commands on a running server: `<data>/menshen.sock`, mode 0600, one JSON request per connection.
//!
//! The server has the store open, and nobody copies or opens a live one; so `keys`, `export` and
//! `doctor` ask it here. A request is one line; the answer is lines of data (only `export` has any),
//! then one line that begins with `{"control":`. Whoever can connect owns the data directory anyway:
//! there is no further authentication, and the socket is never reachable from elsewhere.

mod client;
mod perform;
mod server;
mod socket;

pub use client::{Client, connect};
pub use perform::{Live, Rules, parse_scopes, perform};
pub use server::ControlServer;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::env::Millis;

/// The socket's name in the data directory.
pub const SOCKET_NAME: &str = "menshen.sock";
/// The longest request line.
pub const MAX_REQUEST_BYTES: u64 = 64 * 1024;
/// Connections worked on at once; commands are rare and short.
pub const MAX_CONNECTIONS: usize = 8;

/// What can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// Makes an API key. The answer holds it.
    KeysAdd {
        /// What it is for.
        name: String,
        /// What it may do.
        scopes: Vec<String>,
    },
    /// Every API key, without its text.
    KeysList,
    /// Revokes an API key.
    KeysRevoke {
        /// Its name or id.
        key: String,
    },
    /// Everything in the store, as lines.
    Export,
    /// A stretch of what happened to an account, as the lines of a story.
    Record {
        /// Whose.
        account: Option<String>,
        /// Whose, by a follower that is or was bound to it.
        openid: Option<String>,
        /// From when.
        from: Millis,
        /// Until when.
        to: Millis,
        /// Addresses stay as they are.
        real_addresses: bool,
        /// Remarks and stand-ins are English.
        #[serde(default)]
        english: bool,
    },
    /// The state of the store and the rules.
    Status,
    /// Loads the rules anew.
    Reload,
    /// The generations of rules that are kept, the newest first.
    RulesHistory {
        /// How many at most.
        limit: usize,
    },
    /// The files of a generation.
    RulesShow {
        /// Its number.
        generation: u64,
    },
    /// Puts an earlier generation back into the folder and runs it.
    RulesRollback {
        /// Its number.
        generation: u64,
    },
}

/// The last line of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Done, with what there is to say.
    Done(Value),
    /// Not done, and why.
    Failed(String),
}

/// The last line as it is written.
#[derive(Debug, Serialize, Deserialize)]
struct LastLine {
    control: Answer,
}

/// What the last line begins with; no line of an export does.
const LAST_LINE: &str = "{\"control\":";

#[cfg(test)]
mod tests;
