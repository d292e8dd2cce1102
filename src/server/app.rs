//! The routes as something an actix application can mount.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, PathConfig, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Resource};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::bot::BotService;
use super::edge::edge;
use super::metrics::Metrics;
use super::problem::{Problem, ProblemKind};
use super::state::{MAX_EVENT_STREAMS, State};
use super::wechat::Endpoint;
use super::{events, health, login, logins, metrics, openapi, rules, wechat};
use crate::config::Config;
use crate::env::Env;
use crate::store::SharedStore;

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
    pub fn new(
        config: &Config,
        store: SharedStore,
        env: Env,
        bot: Arc<dyn BotService>,
    ) -> Result<Self, AppError> {
        let mut endpoints = BTreeMap::new();
        for account in &config.official_accounts {
            let endpoint = Endpoint::new(account).map_err(|source| AppError::Key {
                name: account.name.clone(),
                source,
            })?;
            endpoints.insert(account.name.clone(), endpoint);
        }
        let open_metrics =
            config.server.admin_listen.is_some() || config.server.listen.ip().is_loopback();
        Ok(Self {
            state: Data::new(State {
                store,
                env,
                bot,
                endpoints,
                running: Default::default(),
                metrics: Arc::default(),
                streams: Arc::new(Semaphore::new(MAX_EVENT_STREAMS)),
                tasks: TaskTracker::new(),
                stopping: CancellationToken::new(),
                hosts: config.server.hosts.clone(),
                metrics_need_key: !open_metrics,
            }),
        })
    }

    /// The counters, for other rooms to add theirs.
    pub fn metrics(&self) -> Arc<Metrics> {
        self.state.metrics.clone()
    }

    /// Mounts every route. Use it as `actix_web::App::new().configure(|cfg| app.configure(cfg))`.
    pub fn configure(&self, cfg: &mut ServiceConfig) {
        self.configure_as(Role::All, cfg);
    }

    /// Mounts the routes of a role.
    pub fn configure_as(&self, role: Role, cfg: &mut ServiceConfig) {
        cfg.app_data(self.state.clone());
        let alone = |path: &str| at(path).wrap(from_fn(edge));
        cfg.service(alone("/healthz").get(health::health));
        cfg.service(alone("/readyz").get(health::ready));
        if role != Role::Admin {
            cfg.service(
                web::scope("/wechat")
                    .app_data(path_config())
                    .wrap(from_fn(edge))
                    .service(at("/{name}").get(wechat::verify).post(wechat::push))
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
        .service(at("/logins").post(logins::report));
}

/// A resource that answers other methods with a problem.
fn at(path: &str) -> Resource {
    web::resource(path).default_service(web::to(no_method))
}

async fn no_method(_request: HttpRequest) -> Result<HttpResponse, Problem> {
    Err(Problem::new(ProblemKind::MethodNotAllowed))
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
