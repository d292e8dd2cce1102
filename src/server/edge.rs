//! What every request passes first and last: the `Host` check, the counters, one log line. Pushes
//! pass the same in `push_edge`, without the boxes of a middleware.
//!
//! The log line holds method, route pattern, status and time; never a path, query, header or body.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::web::{Data, Payload};
use actix_web::{Error, HttpRequest, HttpResponse, ResponseError};

use super::app::Role;
use super::connections::Open;
use super::problem::{Problem, ProblemKind};
use super::state::State;
use super::wechat::{self, Endpoint};

/// The label of requests that match no route.
const NO_ROUTE: &str = "none";

pub(super) async fn edge(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let state = request.app_data::<Data<State>>().cloned();
    let begun = Instant::now();
    Open::used_by(request.request());
    let method = request.method().clone();
    let right_host = state
        .as_ref()
        .is_none_or(|state| host_is_known(request.request(), &state.hosts));
    let (response, route) = if right_host {
        let response = next.call(request).await?;
        let route = response
            .request()
            .match_pattern()
            .unwrap_or_else(|| NO_ROUTE.to_owned());
        (response.map_into_left_body(), route)
    } else {
        let answer = Problem::new(ProblemKind::WrongHost).error_response();
        let response = request.into_response(answer).map_into_right_body();
        (response, NO_ROUTE.to_owned())
    };
    let status = response.status().as_u16();
    let seconds = begun.elapsed().as_secs_f64();
    // Methods are free text on the wire; only the usual ones become labels.
    let method = match method.as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => known,
        _ => "other",
    };
    if let Some(state) = state {
        state.metrics.request(method, &route, status, seconds);
    }
    tracing::debug!(method, route, status, seconds, "answered");
    Ok(response)
}

/// A push, the one request that comes by the thousand.
pub(super) async fn push_edge(
    endpoint: Arc<Endpoint>,
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> HttpResponse {
    let begun = Instant::now();
    Open::used_by(&request);
    let answer = if host_is_known(&request, &state.hosts) {
        wechat::push(&endpoint, &state, &request, payload).await
    } else {
        Err(Problem::new(ProblemKind::WrongHost))
    };
    let response = answer.unwrap_or_else(|problem| problem.error_response());
    let status = response.status().as_u16();
    let seconds = begun.elapsed().as_secs_f64();
    endpoint.counters.answered(&state.metrics, status, seconds);
    tracing::debug!(
        method = "POST",
        route = wechat::ROUTE,
        status,
        seconds,
        "answered"
    );
    response
}

/// Whether each host the request names is one this server answers to. Probes come by address and learn
/// nothing; on the admin address an address is as good as a name, because a page of another site that is led
/// here by its own name (DNS rebinding) cannot ask by one.
fn host_is_known(request: &HttpRequest, hosts: &[String]) -> bool {
    if hosts.is_empty() || matches!(request.path(), "/healthz" | "/readyz") {
        return true;
    }
    // A target that is a whole URI names a host too, and so may a second header: none of them may be foreign.
    let target = request.uri().authority().map(|target| target.as_str());
    let mut named = request
        .headers()
        .get_all(header::HOST)
        .map(|value| value.to_str().unwrap_or_default())
        .chain(target)
        .peekable();
    let admin = request.app_data::<Role>() == Some(&Role::Admin);
    named.peek().is_some()
        && named.all(|host| {
            let name = without_port(host).to_ascii_lowercase();
            hosts.contains(&name) || (admin && is_address(&name))
        })
}

fn is_address(name: &str) -> bool {
    let bare = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'));
    name == "localhost" || bare.unwrap_or(name).parse::<IpAddr>().is_ok()
}

fn without_port(host: &str) -> &str {
    if host.starts_with('[') {
        return host.split_inclusive(']').next().unwrap_or(host);
    }
    host.rsplit_once(':').map_or(host, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::{is_address, without_port};

    #[test]
    fn an_address_is_no_name() {
        for address in ["127.0.0.1", "[::1]", "localhost", "10.0.0.7"] {
            assert!(is_address(address), "{address}");
        }
        for name in [
            "bot.example",
            "127.0.0.1.evil.example",
            "",
            "[evil.example]",
            "0x7f.1",
        ] {
            assert!(!is_address(name), "{name}");
        }
    }

    #[test]
    fn a_port_is_no_part_of_the_name() {
        assert_eq!(without_port("a.example:8080"), "a.example");
        assert_eq!(without_port("a.example"), "a.example");
        assert_eq!(without_port("[::1]:8080"), "[::1]");
        assert_eq!(without_port("[::1]"), "[::1]");
    }
}
