//! `/healthz` and `/readyz`: whether the process lives, and whether it can take work.

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Data;
use serde::Serialize;
use utoipa::ToSchema;

use super::state::State;

/// What `/readyz` tells. No paths, no error texts: the address may be public.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Readiness {
    /// Whether work is taken.
    ready: bool,
    /// `ok`, `full` or `failed`.
    store: &'static str,
    /// `ok`, `stale` (newer rules cannot be loaded; the old ones work) or `none`.
    rules: &'static str,
    /// Whether the server is shutting down.
    stopping: bool,
}

/// `GET /healthz`
#[utoipa::path(
    get, path = "/healthz", tag = "operations", operation_id = "health",
    description = "200 while the process lives.",
    responses((status = 200, body = String, content_type = "text/plain"), super::openapi::EdgeProblems),
)]
pub(crate) async fn health() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/plain; charset=utf-8"))
        .body("ok")
}

/// `GET /readyz`
#[utoipa::path(
    get, path = "/readyz", tag = "operations", operation_id = "readiness",
    description = "200 while work is taken, 503 when the store failed, no rules are loaded or the server stops. Stale rules are reported and still 200.",
    responses(
        (status = 200, body = Readiness), (status = 503, body = Readiness),
        super::openapi::EdgeProblems,
    ),
)]
pub(crate) async fn ready(state: Data<State>) -> HttpResponse {
    let status = state.store.status();
    let rules = state.bot.rules_status();
    let readiness = Readiness {
        store: if status.failed.is_some() {
            "failed"
        } else if status.queue >= status.queue_capacity {
            "full"
        } else {
            "ok"
        },
        rules: if rules.generation == 0 {
            "none"
        } else if rules.stale {
            "stale"
        } else {
            "ok"
        },
        stopping: state.stopping.is_cancelled(),
        ready: false,
    };
    let ready = readiness.store == "ok" && readiness.rules != "none" && !readiness.stopping;
    let mut response = if ready {
        HttpResponse::Ok()
    } else {
        HttpResponse::ServiceUnavailable()
    };
    response
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(Readiness { ready, ..readiness })
}
