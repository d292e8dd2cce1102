//! The routes as something an actix application can mount.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use actix_web::http::Method;
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, PathConfig, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Resource, ResponseError as _, guard};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::bodies::Bodies;
use super::bot::BotService;
use super::connections::Connections;
use super::edge::{edge, push_edge};
use super::metrics::Metrics;
use super::problem::{Problem, ProblemKind};
use super::state::{MAX_EVENT_STREAMS, MAX_RELOADS, State};
use super::wechat::Endpoint;
use super::{
    accounts, alerts, bindings, captchas, codes, erasure, events, export, health, import, locks,
    login, logins, messages, metrics, openapi, outbox, rules, sessions, wechat,
};
use crate::accounts::Passwords;
use crate::config::Config;
use crate::env::Env;
use crate::guard::captcha::Drawer;
use crate::guard::machines::ForeignMachines;
use crate::keys::Keys;
use crate::store::SharedStore;
use crate::wechat::client::Client;

/// Which routes an address answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// All of them.
    All,
    /// The platform's callback and health only.
    Public,
    /// Everything but the callback.
    Admin,
}

/// What the routes stand on. Made once by whoever starts the process.
pub struct Parts {
    /// The store.
    pub store: SharedStore,
    /// Time and randomness.
    pub env: Env,
    /// The bot.
    pub bot: Arc<dyn BotService>,
    /// The master keys.
    pub keys: Arc<Keys>,
    /// The keys of foreign machine identifiers, if that format is accepted.
    pub foreign_machines: Option<ForeignMachines>,
    /// Hashes passwords; shared with the bot, so that their number at once is bounded together.
    pub passwords: Passwords,
    /// Limits of codes, tickets and bindings.
    pub account_limits: crate::accounts::Limits,
    /// Limits of machines, captchas and sessions.
    pub guard_limits: crate::guard::Limits,
    /// The platform's API by official account, for QR codes; may be empty.
    pub clients: BTreeMap<String, Arc<Client>>,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Parts")
    }
}

/// Why the routes cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// An EncodingAESKey of the configuration is none.
    #[error("official account {name}: {source}")]
    Key {
        /// The official account.
        name: String,
        /// What is wrong with the key.
        source: crate::wechat::crypto::KeyError,
    },
}

/// The HTTP face, ready to be mounted. Cheap to clone; all clones share their state.
#[derive(Clone)]
pub struct App {
    state: Data<State>,
}

impl App {
    /// The routes of a configuration over these parts.
    ///
    /// # Errors
    /// [`AppError`].
    pub fn new(config: &Config, parts: Parts) -> Result<Self, AppError> {
        let mut endpoints = BTreeMap::new();
        for account in &config.official_accounts {
            let endpoint = Endpoint::new(account).map_err(|source| AppError::Key {
                name: account.name.clone(),
                source,
            })?;
            endpoints.insert(account.name.clone(), Arc::new(endpoint));
        }
        let open_metrics =
            config.server.admin_listen.is_some() || config.server.listen.ip().is_loopback();
        Ok(Self {
            state: Data::new(State {
                store: parts.store,
                env: parts.env,
                bot: parts.bot,
                keys: parts.keys,
                foreign_machines: parts.foreign_machines,
                drawer: Drawer::default(),
                passwords: parts.passwords,
                account_limits: parts.account_limits,
                guard_limits: parts.guard_limits,
                clients: parts.clients,
                templates: config
                    .official_accounts
                    .iter()
                    .map(|account| (account.name.clone(), account.templates.clone()))
                    .collect(),
                endpoints,
                running: Default::default(),
                metrics: Arc::default(),
                connections: Connections::default(),
                bodies: Bodies::default(),
                streams: Arc::new(Semaphore::new(MAX_EVENT_STREAMS)),
                reloads: Arc::new(Semaphore::new(MAX_RELOADS)),
                tasks: TaskTracker::new(),
                stopping: CancellationToken::new(),
                hosts: config.server.hosts.clone(),
                refusals: Default::default(),
                metrics_need_key: !open_metrics,
            }),
        })
    }

    /// The counters, for other rooms to add theirs.
    pub fn metrics(&self) -> Arc<Metrics> {
        self.state.metrics.clone()
    }

    pub(super) fn connections(&self) -> Connections {
        self.state.connections.clone()
    }

    /// Mounts every route. Use it as `actix_web::App::new().configure(|cfg| app.configure(cfg))`.
    pub fn configure(&self, cfg: &mut ServiceConfig) {
        self.configure_as(Role::All, cfg);
    }

    /// Mounts the routes of a role.
    pub fn configure_as(&self, role: Role, cfg: &mut ServiceConfig) {
        cfg.app_data(self.state.clone()).app_data(role);
        if role != Role::Admin {
            // First and by their whole paths, so that a push is compared and not searched for.
            for (name, endpoint) in &self.state.endpoints {
                let endpoint = endpoint.clone();
                cfg.service(
                    web::resource(format!("/wechat/{name}"))
                        // Not `guard::Post`, which notes for every request what it would have allowed.
                        .guard(guard::fn_guard(|asked| asked.head().method == Method::POST))
                        .to(move |state, request, payload| {
                            push_edge(endpoint.clone(), state, request, payload)
                        }),
                );
            }
        }
        let alone = |path: &str| at(path).wrap(from_fn(edge));
        // Load balancers ask with HEAD too.
        cfg.service(alone("/healthz").get(health::health).head(health::health));
        cfg.service(alone("/readyz").get(health::ready).head(health::ready));
        if role != Role::Admin {
            cfg.service(
                web::scope("/wechat")
                    .app_data(path_config())
                    .wrap(from_fn(edge))
                    .service(at("/{name}").get(wechat::verify).post(wechat::unknown))
                    .default_service(web::to(no_route)),
            );
        }
        if role != Role::Public {
            cfg.service(alone("/metrics").get(metrics::metrics));
            cfg.service(alone("/openapi.json").get(openapi::document_json));
            cfg.service(
                web::scope("/v1")
                    .app_data(path_config())
                    .wrap(from_fn(edge))
                    .configure(v1)
                    .default_service(web::to(no_route)),
            );
        }
    }

    /// Tells streams and held connections to end and `/readyz` to say so. Requests go on.
    pub fn stop(&self) {
        self.state.stopping.cancel();
    }

    /// Waits until work whose caller hung up is done. After [`App::stop`] and the server's end.
    pub async fn finished(&self) {
        self.state.tasks.close();
        self.state.tasks.wait().await;
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("endpoints", &self.state.endpoints.keys())
            .finish_non_exhaustive()
    }
}

fn v1(cfg: &mut ServiceConfig) {
    cfg.service(at("/events").get(events::list))
        .service(at("/rules").get(rules::status))
        .service(at("/rules/reload").post(rules::reload))
        .service(at("/login").post(login::login))
        .service(at("/attempts").post(login::attempt))
        .service(at("/logins").post(logins::report))
        .service(at("/accounts").get(accounts::list).post(accounts::create))
        .service(at("/accounts:import").post(import::import))
        .service(
            at("/accounts/{account}")
                .get(accounts::get)
                .patch(accounts::patch)
                .delete(erasure::delete),
        )
        .service(at("/accounts/{account}/password").put(accounts::password))
        .service(at("/accounts/{account}/verification-code").post(codes::code))
        .service(at("/accounts/{account}/bind-ticket").post(codes::ticket))
        .service(at("/bind-tickets/cancel").post(codes::cancel))
        .service(
            at("/accounts/{account}/binding")
                .get(bindings::get)
                .delete(bindings::delete),
        )
        .service(at("/bindings/{official_account}/{openid}").get(bindings::find))
        .service(at("/accounts/{account}/messages").post(messages::send))
        .service(
            at("/accounts/{account}/lock")
                .get(locks::get)
                .post(locks::lock),
        )
        .service(at("/accounts/{account}/unlock").post(locks::unlock))
        .service(
            at("/accounts/{account}/sessions")
                .get(sessions::list)
                .delete(sessions::end_all),
        )
        .service(at("/accounts/{account}/sessions/{session}").delete(sessions::end_one))
        .service(at("/sessions/introspect").post(sessions::introspect))
        .service(at("/sessions/revoke").post(sessions::revoke))
        .service(at("/sessions/verify").get(sessions::verify))
        .service(at("/accounts/{account}/machines").get(alerts::machines))
        .service(at("/accounts/{account}/machines/{machine}").delete(alerts::distrust))
        .service(at("/accounts/{account}/export").get(export::export))
        .service(at("/machines").post(captchas::machine))
        .service(at("/captchas").post(captchas::issue))
        .service(at("/captchas/{id}/answer").post(captchas::answer))
        .service(at("/alerts").get(alerts::list))
        .service(at("/alerts/{id}").get(alerts::get))
        .service(at("/alerts/{id}/close").post(alerts::close))
        .service(at("/decisions/{id}").get(alerts::decision))
        .service(at("/outbox").get(outbox::list))
        .service(at("/outbox/{id}").get(outbox::get))
        .service(at("/outbox/{id}/retry").post(outbox::retry))
        .service(at("/webhooks").get(outbox::webhooks));
}

/// A resource that answers other methods with a problem.
fn at(path: &str) -> Resource {
    web::resource(path).default_service(web::to(no_method))
}

async fn no_method(request: HttpRequest) -> HttpResponse {
    let mut response = Problem::new(ProblemKind::MethodNotAllowed).error_response();
    let pattern = request.match_pattern().unwrap_or_default();
    if let Ok(allowed) = HeaderValue::from_str(&openapi::methods_of(&pattern)) {
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    response
}

pub(super) async fn no_route(_request: HttpRequest) -> Result<HttpResponse, Problem> {
    Err(Problem::not_found("route"))
}

fn path_config() -> PathConfig {
    PathConfig::default().error_handler(|_, _| {
        Problem::new(ProblemKind::BadRequest)
            .detail("the path is not UTF-8")
            .into()
    })
}
