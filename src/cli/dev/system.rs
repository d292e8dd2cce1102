//! A sample information system: takes webhooks, answers what is forwarded and what rules call, and
//! shows what it got. It checks every signature, as a real one must.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::web::{self, Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse, guard};
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;

use crate::outbox::{WebhookSecret, sign};
use crate::sandbox;

/// Requests shown; older ones are forgotten.
const MAX_SHOWN: usize = 500;
/// What it answers to a call.
const RECEIVED: &str = "收到";
/// Largest request.
const MAX_BODY_BYTES: usize = 256 * 1024;

/// The sample information system.
pub struct System {
    secret: WebhookSecret,
    received: Mutex<VecDeque<Value>>,
    answers: Mutex<VecDeque<String>>,
}

impl std::fmt::Debug for System {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("System")
    }
}

impl System {
    /// One that expects requests signed with `secret`.
    pub fn new(secret: WebhookSecret) -> Self {
        Self {
            secret,
            received: Mutex::default(),
            answers: Mutex::default(),
        }
    }

    /// Mounts it at `/sandbox/system`. Before the sandbox, whose scope holds this one.
    pub fn configure(self: &Arc<Self>, service: &mut web::ServiceConfig, hosts: &[String]) {
        let hosts = hosts.to_vec();
        service.service(
            web::scope("/sandbox/system")
                .guard(guard::fn_guard(move |context| {
                    sandbox::is_local(context, &hosts)
                }))
                .app_data(Data::from(self.clone()))
                .app_data(web::PayloadConfig::new(MAX_BODY_BYTES))
                .route("", web::get().to(shown))
                .route("/events", web::post().to(event))
                .route("/forward", web::post().to(forward))
                .route("/calls/{name}", web::post().to(call)),
        );
    }

    /// What it answered since it was asked last.
    pub fn take_answers(&self) -> Vec<String> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.drain(..).collect()
    }

    fn answers(&self, text: &str) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= MAX_SHOWN {
            answers.pop_front();
        }
        answers.push_back(text.to_owned());
    }

    /// The body of a rightly signed request, kept to be shown.
    fn take(&self, request: &HttpRequest, what: &str, body: &[u8]) -> Option<Value> {
        let header = |name: &str| request.headers().get(name)?.to_str().ok();
        let id = header("webhook-id")?;
        let timestamp = header("webhook-timestamp")?.parse().ok()?;
        let expected = sign::signature(std::slice::from_ref(&self.secret), id, timestamp, body);
        let signed = header("webhook-signature")?
            .split(' ')
            .any(|given| given.as_bytes().ct_eq(expected.as_bytes()).into());
        if !signed {
            return None;
        }
        let body: Value = serde_json::from_slice(body).ok()?;
        let mut received = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        if received.len() >= MAX_SHOWN {
            received.pop_front();
        }
        received.push_back(json!({ "what": what, "id": id, "body": body }));
        Some(body)
    }
}

async fn shown(system: Data<System>) -> HttpResponse {
    let received = system
        .received
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    HttpResponse::Ok().json(json!({ "received": received }))
}

async fn event(system: Data<System>, request: HttpRequest, body: Bytes) -> HttpResponse {
    match system.take(&request, "event", &body) {
        Some(_) => HttpResponse::NoContent().finish(),
        None => refused(),
    }
}

async fn forward(system: Data<System>, request: HttpRequest, body: Bytes) -> HttpResponse {
    match system.take(&request, "forward", &body) {
        Some(asked) => {
            let text = asked["text"].as_str().unwrap_or_default();
            let account = asked["account"].as_str().unwrap_or("（未绑定）");
            let answer = format!("信息系统收到 {account} 的：{text}");
            system.answers(&answer);
            HttpResponse::Ok().json(json!({ "text": answer }))
        }
        None => refused(),
    }
}

async fn call(
    system: Data<System>,
    request: HttpRequest,
    name: Path<String>,
    body: Bytes,
) -> HttpResponse {
    match system.take(&request, &format!("call {name}"), &body) {
        Some(_) => {
            system.answers(RECEIVED);
            HttpResponse::Ok().json(json!({ "outcome": "ok", "answer": RECEIVED }))
        }
        None => refused(),
    }
}

fn refused() -> HttpResponse {
    HttpResponse::Unauthorized().json(json!({ "error": "the signature is missing or wrong" }))
}
