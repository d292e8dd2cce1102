//! `/metrics`: what happens, in the OpenMetrics text format.
//!
//! Labels come from fixed sets or the configuration (routes are patterns, never paths), so that the
//! number of series is bounded and no account, OpenID or phone becomes a label.

use std::fmt;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, OnceLock, PoisonError};

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::call::{authenticate, require};
use super::problem::Problem;
use super::scope::Scope;
use super::state::State;
use super::vitals::Vitals;
use super::wechat::ROUTE;
use crate::store::STUCK_AFTER;

/// Upper bounds of the duration buckets, seconds: the five seconds of a push are the interesting part.
const BUCKETS: [f64; 9] = [0.001, 0.005, 0.02, 0.1, 0.5, 1.0, 2.5, 4.5, 10.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    method: String,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Push {
    official_account: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refused {
    official_account: String,
    part: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Command {
    command: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Limit {
    limit: &'static str,
}

/// The process's counters. Other rooms may register their own in [`Metrics::register`].
pub struct Metrics {
    registry: Mutex<Registry>,
    requests: Family<Request, Counter>,
    durations: Family<Route, Histogram, fn() -> Histogram>,
    pushes: Family<Push, Counter>,
    refusals: Family<Refused, Counter>,
    limits: Family<Limit, Counter>,
    queue: Gauge,
    commits: Gauge,
    failed: Gauge,
    stuck: Gauge,
    stuck_now: Family<Command, Gauge>,
    generation: Gauge,
    stale: Gauge,
    vitals: Vitals,
}

impl Default for Metrics {
    fn default() -> Self {
        let metrics = Self {
            registry: Mutex::new(Registry::with_prefix("menshen")),
            requests: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            pushes: Family::default(),
            refusals: Family::default(),
            limits: Family::default(),
            queue: Gauge::default(),
            commits: Gauge::default(),
            failed: Gauge::default(),
            stuck: Gauge::default(),
            stuck_now: Family::default(),
            generation: Gauge::default(),
            stale: Gauge::default(),
            vitals: Vitals::default(),
        };
        // What alerts on an increase must see the first one too.
        for limit in LIMITS {
            drop(metrics.limits.get_or_create(&Limit { limit }));
        }
        metrics.register(|registry| {
            registry.register(
                "http_requests",
                "Requests answered",
                metrics.requests.clone(),
            );
            registry.register(
                "http_request_duration_seconds",
                "Time to answer",
                metrics.durations.clone(),
            );
            registry.register("pushes", "Pushes by outcome", metrics.pushes.clone());
            registry.register(
                "push_refusals",
                "Pushes that could not be trusted, by the part that failed",
                metrics.refusals.clone(),
            );
            registry.register(
                "limits_hit",
                "Bounds reached, by name",
                metrics.limits.clone(),
            );
            registry.register("store_queue", "Commands waiting", metrics.queue.clone());
            registry.register(
                "store_commit",
                "Last durable commit",
                metrics.commits.clone(),
            );
            registry.register(
                "store_failed",
                "1 after the store failed",
                metrics.failed.clone(),
            );
            registry.register(
                "store_stuck",
                "Store commands and commits that took longer than two seconds, since the start",
                metrics.stuck.clone(),
            );
            registry.register(
                "store_stuck_seconds",
                "For how long the store's writer has been stuck, and in which command",
                metrics.stuck_now.clone(),
            );
            registry.register(
                "rules_generation",
                "Generation of the rules",
                metrics.generation.clone(),
            );
            registry.register(
                "rules_stale",
                "1 while newer rules cannot be loaded",
                metrics.stale.clone(),
            );
            metrics.vitals.register(registry);
        });
        metrics
    }
}

/// The bounds that are counted, by the names they are counted under.
const LIMITS: [&str; 24] = [
    "bodies",
    "calls_of_a_follower",
    "calls_of_a_name",
    "calls_of_followers",
    "captchas_per_address",
    "code_requests",
    "code_tries",
    "code_tries_everyone",
    "event_streams",
    "history_of_a_key",
    "history_of_an_account",
    "idempotent_requests",
    "logins_of_an_alert",
    "machines_per_address",
    "messages_of_a_follower",
    "open_alerts",
    "password_checks",
    "prompts_per_day",
    "reloads",
    "sessions_per_account",
    "snapshot_size",
    "snapshots",
    "ticket_tries",
    "wrong_codes_per_hour",
];

impl Metrics {
    /// Lets another room add metrics of its own.
    pub fn register(&self, add: impl FnOnce(&mut Registry)) {
        add(&mut self.registry.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Counts a named bound that was reached outside the store's commands; inside them it is
    /// [`Tx::limit_hit`](crate::store::Tx::limit_hit).
    pub fn limit(&self, limit: &'static str) {
        self.limits.get_or_create(&Limit { limit }).inc();
    }

    /// How often a bound was reached.
    #[cfg(test)]
    pub(crate) fn limited(&self, limit: &'static str) -> u64 {
        self.limits.get_or_create(&Limit { limit }).get()
    }

    pub(crate) fn request(&self, method: &str, route: &str, status: u16, seconds: f64) {
        let (request, route) = labels(method, route, status);
        self.requests.get_or_create(&request).inc();
        self.durations.get_or_create(&route).observe(seconds);
    }

    pub(crate) fn push(&self, official_account: &str, outcome: &'static str) {
        self.outcome(official_account, outcome).inc();
    }

    fn outcome(&self, official_account: &str, outcome: &'static str) -> Counter {
        let label = Push {
            official_account: official_account.to_owned(),
            outcome,
        };
        self.pushes.get_or_create(&label).clone()
    }

    pub(crate) fn refusal(&self, official_account: &str, part: &'static str) {
        self.refusals
            .get_or_create(&Refused {
                official_account: official_account.to_owned(),
                part,
            })
            .inc();
    }

    fn text(&self, state: &State) -> String {
        let status = state.store.status();
        let rules = state.bot.rules_status();
        self.queue.set(as_gauge(status.queue as u64));
        self.commits.set(as_gauge(status.sequence));
        self.failed.set(i64::from(status.failed.is_some()));
        self.stuck.set(as_gauge(status.stuck));
        self.stuck_now.clear();
        if let Some(step) = status
            .step
            .as_ref()
            .filter(|step| step.lasting >= STUCK_AFTER)
        {
            let label = Command { command: step.name };
            let seconds = as_gauge(step.lasting.as_secs());
            self.stuck_now.get_or_create(&label).set(seconds);
        }
        self.generation.set(as_gauge(rules.generation));
        self.stale.set(i64::from(rules.stale));
        for (&limit, &count) in &status.limits {
            let counter = self.limits.get_or_create(&Limit { limit });
            counter.inner().store(count, Relaxed);
        }
        self.vitals.refresh(state, &status);
        let mut text = String::new();
        // Writing into a String cannot fail.
        let _ = encode(
            &mut text,
            &self.registry.lock().unwrap_or_else(PoisonError::into_inner),
        );
        text
    }
}

/// The counters that every push of an official account moves, looked up once.
#[derive(Debug)]
pub(crate) struct PushCounters {
    official_account: String,
    answered: OnceLock<(Counter, Histogram)>,
    replied: OnceLock<Counter>,
    success: OnceLock<Counter>,
}

impl PushCounters {
    pub(crate) fn new(official_account: &str) -> Self {
        Self {
            official_account: official_account.to_owned(),
            answered: OnceLock::new(),
            replied: OnceLock::new(),
            success: OnceLock::new(),
        }
    }

    /// Counts an answered request.
    pub(crate) fn answered(&self, metrics: &Metrics, status: u16, seconds: f64) {
        if status != 200 {
            return metrics.request("POST", ROUTE, status, seconds);
        }
        let (requests, durations) = self.answered.get_or_init(|| {
            let (request, route) = labels("POST", ROUTE, status);
            (
                metrics.requests.get_or_create(&request).clone(),
                metrics.durations.get_or_create(&route).clone(),
            )
        });
        requests.inc();
        durations.observe(seconds);
    }

    /// Counts a push that got a reply.
    pub(crate) fn replied(&self, metrics: &Metrics) {
        self.replied
            .get_or_init(|| metrics.outcome(&self.official_account, "replied"))
            .inc();
    }

    /// Counts a push that got `success`.
    pub(crate) fn success(&self, metrics: &Metrics) {
        self.success
            .get_or_init(|| metrics.outcome(&self.official_account, "success"))
            .inc();
    }
}

fn labels(method: &str, route: &str, status: u16) -> (Request, Route) {
    let request = Request {
        method: method.to_owned(),
        route: route.to_owned(),
        status,
    };
    let route = route.to_owned();
    (request, Route { route })
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

fn as_gauge(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// `GET /metrics`
#[utoipa::path(
    get, path = "/metrics", tag = "operations", operation_id = "metrics",
    description = "OpenMetrics text. Needs a key with the scope `metrics` unless it is on a loopback or admin address.",
    responses(
        (status = 200, body = String, content_type = "application/openmetrics-text"),
        super::openapi::KeyProblems,
    ),
    security((), ("key" = [])),
)]
pub(crate) async fn metrics(
    state: Data<State>,
    request: HttpRequest,
    _payload: Payload,
) -> Result<HttpResponse, Problem> {
    if state.metrics_need_key {
        require(&authenticate(&state, &request).await?, Scope::Metrics)?;
    }
    Ok(HttpResponse::Ok()
        .insert_header((
            "content-type",
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
        ))
        .body(state.metrics.text(&state)))
}
