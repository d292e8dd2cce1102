//! The simulated platform as one value: configuration, start and stop.

mod acts;

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};
use serde_json::Value;
use tokio::sync::{Semaphore, broadcast};

use crate::env::Env;
use crate::wechat::client::{Secret, install_tls_provider};
use crate::wechat::crypto::EncodingAesKey;
use crate::wechat::endpoint::{Format, Mode};
use crate::wechat::platform_side;
use crate::wechat::signature::Token;

use super::action_error::ActionError;
use super::delivery::{DELIVERIES, DELIVERY_TIMEOUT};
use super::outbound::{Fault, Outbound, TemplateResult};
use super::world::{Channel, Entry, Side, Template, Update, UserView, World};
use super::{api, control};

/// Updates a slow listener may lag behind before it loses some.
const UPDATE_BACKLOG: usize = 256;
/// Result events being delivered at once.
const MAX_BACKGROUND: u32 = 256;
/// How long a call hangs when told to.
const HANG: Duration = Duration::from_secs(15);

/// The simulated official account and where its bot is.
#[derive(Debug, Clone)]
pub struct PlatformConfig {
    /// The AppID.
    pub app_id: String,
    /// The AppSecret the bot must show.
    pub app_secret: Secret,
    /// The account's original id.
    pub account: String,
    /// The Token.
    pub token: Token,
    /// The EncodingAESKey.
    pub key: Option<EncodingAesKey>,
    /// How pushes are sent.
    pub mode: Mode,
    /// XML or JSON.
    pub format: Format,
    /// The bot's callback URL; see [`Platform::set_callback`].
    pub callback: String,
    /// Whether the account is a verified service account; if not, only menus are allowed (48001).
    pub verified: bool,
    /// The account's templates.
    pub templates: Vec<Template>,
    /// A daily quota for every call instead of the platform's.
    pub daily_limit: Option<u64>,
    /// The platform waits five seconds; tests less.
    pub delivery_timeout: Duration,
    /// Deliveries of one push altogether; the platform makes three.
    pub deliveries: u32,
    /// How long a call hangs when a fault says so.
    pub hang: Duration,
    /// Host names under which `/sandbox` may be opened besides loopback ones.
    pub hosts: Vec<String>,
}

impl PlatformConfig {
    /// A verified account in safe mode with the platform's patience. The key makes the mode safe;
    /// without one it is plaintext.
    pub fn new(app_id: &str, app_secret: &str, token: &str, key: Option<EncodingAesKey>) -> Self {
        Self {
            app_id: app_id.to_owned(),
            app_secret: Secret::new(app_secret),
            account: "gh_menshen_sandbox".to_owned(),
            token: Token::new(token),
            mode: if key.is_some() {
                Mode::Safe
            } else {
                Mode::Plaintext
            },
            key,
            format: Format::Xml,
            callback: String::new(),
            verified: true,
            templates: Vec::new(),
            daily_limit: None,
            delivery_timeout: DELIVERY_TIMEOUT,
            deliveries: DELIVERIES,
            hang: HANG,
            hosts: Vec::new(),
        }
    }
}

/// Why the platform does not start.
#[derive(Debug, thiserror::Error)]
pub enum PlatformError {
    /// The HTTP client cannot be built.
    #[error("the HTTP client cannot be built")]
    Client,
    /// The socket.
    #[error("the socket cannot be used: {0}")]
    Socket(#[from] std::io::Error),
}

/// A simulated platform with one official account. A cheap handle; clones are the same platform.
#[derive(Clone)]
pub struct Platform(Arc<Inner>);

struct Inner {
    config: PlatformConfig,
    callback: Mutex<String>,
    env: Env,
    http: reqwest::Client,
    // Where both are locked, `outbound` comes first; neither is held while waiting.
    outbound: Mutex<Outbound>,
    world: Mutex<World>,
    updates: broadcast::Sender<Update>,
    background: Arc<Semaphore>,
}

/// A platform with a server of its own.
#[derive(Debug)]
pub struct PlatformHandle {
    /// The platform.
    pub platform: Platform,
    /// Where it listens.
    pub address: SocketAddr,
    server: ServerHandle,
}

impl PlatformHandle {
    /// The address for the bot's `api_base`.
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops the server without waiting for open connections.
    pub async fn stop(&self) {
        self.server.stop(false).await;
    }
}

impl Platform {
    /// Makes a platform without a server; mount it with [`Platform::configure`].
    pub fn new(config: PlatformConfig, env: Env) -> Result<Self, PlatformError> {
        install_tls_provider();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            // The platform's connections come and go; and each may be used by another runtime.
            .pool_max_idle_per_host(0)
            .user_agent("Mozilla/4.0")
            .build()
            .map_err(|_| PlatformError::Client)?;
        let outbound = Outbound::new(
            config.app_id.clone(),
            config.app_secret.clone(),
            config.verified,
            config.templates.clone(),
            config.daily_limit,
        );
        Ok(Self(Arc::new(Inner {
            callback: Mutex::new(config.callback.clone()),
            config,
            env,
            http,
            outbound: Mutex::new(outbound),
            world: Mutex::new(World::default()),
            updates: broadcast::channel(UPDATE_BACKLOG).0,
            background: Arc::new(Semaphore::new(MAX_BACKGROUND as usize)),
        })))
    }

    /// Makes a platform and serves it on `listener` with one worker. Needs a running tokio runtime.
    pub fn start(
        listener: TcpListener,
        config: PlatformConfig,
        env: Env,
    ) -> Result<PlatformHandle, PlatformError> {
        let platform = Self::new(config, env)?;
        let address = listener.local_addr()?;
        let mounted = platform.clone();
        let server = HttpServer::new(move || {
            let mounted = mounted.clone();
            App::new().configure(move |service| mounted.configure(service))
        })
        .workers(1)
        .disable_signals()
        .listen(listener)?
        .run();
        let handle = server.handle();
        tokio::spawn(server);
        Ok(PlatformHandle {
            platform,
            address,
            server: handle,
        })
    }

    /// Mounts the API at `/cgi-bin` and the phone and its control at `/sandbox`.
    pub fn configure(&self, service: &mut web::ServiceConfig) {
        api::configure(self, service);
        control::configure(self, service);
    }

    /// Where the bot listens; needed when both get their ports from the system.
    pub fn set_callback(&self, url: impl Into<String>) {
        *lock(&self.0.callback) = url.into();
    }

    /// Every new transcript entry of every user, live.
    pub fn subscribe(&self) -> broadcast::Receiver<Update> {
        self.0.updates.subscribe()
    }

    /// Adds a user, who does not follow yet; the OpenID.
    pub fn create_user(&self, name: &str) -> Result<String, ActionError> {
        self.world().create_user(name, &self.0.env)
    }

    /// The users, what was said and the numbers given so far, as JSON: see [`Platform::go_on`].
    pub fn kept(&self) -> String {
        self.world().kept()
    }

    /// Goes on from what [`Platform::kept`] gave.
    pub fn go_on(&self, kept: &str) -> Result<(), serde_json::Error> {
        self.world().go_on(kept)
    }

    /// All users.
    pub fn users(&self) -> Vec<UserView> {
        self.world().users(self.0.env.now())
    }

    /// A user's transcript beyond entry `after` (0 for all).
    pub fn transcript(&self, openid: &str, after: u64) -> Result<Vec<Entry>, ActionError> {
        self.world().transcript(openid, after)
    }

    /// Whether the user refuses template messages: they then end as `failed:user block`.
    pub fn set_refusing(&self, openid: &str, refusing: bool) -> Result<(), ActionError> {
        self.world().set_refusing(openid, refusing)
    }

    /// Plans a failure of the API.
    pub fn plan_fault(&self, fault: Fault) {
        self.outbound().plan(fault);
    }

    /// Forgets planned failures.
    pub fn clear_faults(&self) {
        self.outbound().clear_faults();
    }

    /// Ends all access tokens at once.
    pub fn expire_tokens(&self) {
        let now = self.0.env.now();
        self.outbound().tokens.expire_all(now);
    }

    /// Waits until no result event is on its way any more.
    pub async fn settle(&self) {
        // Fails only if the semaphore is closed, which nobody does.
        let _ = self.0.background.acquire_many(MAX_BACKGROUND).await;
    }

    pub(super) fn config(&self) -> &PlatformConfig {
        &self.0.config
    }

    pub(super) fn env(&self) -> &Env {
        &self.0.env
    }

    pub(super) fn http(&self) -> &reqwest::Client {
        &self.0.http
    }

    pub(super) fn callback(&self) -> String {
        lock(&self.0.callback).clone()
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.0.world)
    }

    pub(super) fn outbound(&self) -> MutexGuard<'_, Outbound> {
        lock(&self.0.outbound)
    }

    pub(super) fn wire(&self) -> platform_side::PlatformConfig {
        let config = &self.0.config;
        platform_side::PlatformConfig {
            app_id: config.app_id.clone(),
            token: config.token.clone(),
            key: config.key.clone(),
            mode: config.mode,
            format: config.format,
        }
    }

    /// Adds a line to a phone and tells the listeners.
    pub(super) fn record(&self, openid: &str, line: (Side, Channel, String, String, Value)) {
        let entry = self.world().record(openid, self.0.env.now(), line);
        if let Some(entry) = entry {
            // Nobody listening is fine.
            let _ = self.0.updates.send(Update {
                openid: openid.to_owned(),
                entry,
            });
        }
    }

    /// Pushes a template message's result in the background.
    pub(super) fn announce(&self, result: &TemplateResult) {
        let Ok(permit) = self.0.background.clone().try_acquire_owned() else {
            tracing::warn!("too many result events at once; one is dropped");
            return;
        };
        let event = self
            .event(&result.openid, "TEMPLATESENDJOBFINISH")
            .text("MsgID", result.msg_id.to_string())
            .text("Status", result.status);
        let platform = self.clone();
        tokio::spawn(async move {
            platform.deliver(&event).await;
            drop(permit);
        });
    }
}

impl std::fmt::Debug for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Platform")
            .field("config", &self.0.config)
            .finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
