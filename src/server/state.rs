//! What every handler shares.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::bodies::Bodies;
use super::bot::BotService;
use super::connections::Connections;
use super::idempotency::Running;
use super::lines::Lines;
use super::metrics::Metrics;
use crate::accounts::Passwords;
use crate::env::Env;
use crate::guard::captcha::Drawer;
use crate::guard::machines::ForeignMachines;
use crate::keys::Keys;
use crate::store::SharedStore;
use crate::wechat::client::Client;

/// Open event streams; each holds a connection and a task.
pub const MAX_EVENT_STREAMS: usize = 64;

/// Orders to load the rules anew that are worked on at a time: each is loaded after the one before.
pub const MAX_RELOADS: usize = 8;

/// The name under which turned away password checks are counted.
pub(crate) const PASSWORD_CHECKS: &str = "password_checks";

/// The shared state of the HTTP face.
pub(crate) struct State {
    pub(crate) store: SharedStore,
    pub(crate) env: Env,
    pub(crate) bot: Arc<dyn BotService>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) foreign_machines: Option<ForeignMachines>,
    pub(crate) drawer: Drawer,
    pub(crate) passwords: Passwords,
    pub(crate) account_limits: crate::accounts::Limits,
    pub(crate) guard_limits: crate::guard::Limits,
    pub(crate) clients: BTreeMap<String, Arc<Client>>,
    /// Template names to the platform's identifiers, by official account.
    pub(crate) templates: BTreeMap<String, BTreeMap<String, String>>,
    pub(crate) endpoints: BTreeMap<String, Arc<super::wechat::Endpoint>>,
    pub(crate) running: Running,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) connections: Connections,
    pub(crate) bodies: Bodies,
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) reloads: Arc<Semaphore>,
    /// Work that goes on when its caller hangs up; a shutdown waits for it.
    pub(crate) tasks: TaskTracker,
    /// Cancelled when the server stops: streams and held connections end.
    pub(crate) stopping: CancellationToken,
    pub(crate) hosts: Vec<String>,
    /// Lines about refused pushes.
    pub(crate) refusals: Lines,
    /// Whether /metrics needs a key.
    pub(crate) metrics_need_key: bool,
}
