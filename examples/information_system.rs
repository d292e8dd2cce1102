//! A sample information system: the other side of Menshen's API.
//!
//! Against `menshen dev`, whose own sample system it replaces:
//! ```sh
//! MENSHEN_FORWARD__URL=http://127.0.0.1:9000/forward \
//!     MENSHEN_WEBHOOK__0__URL=http://127.0.0.1:9000/events menshen dev &
//! . .menshen-dev/env
//! MENSHEN_URL=$URL MENSHEN_KEY=$KEY WEBHOOK_SECRET=$(cat .menshen-dev/secrets/system) \
//!     cargo run --example information_system
//! ```
//! Against `menshen serve` with a key of `menshen keys add erp --scope accounts,codes` and the secret in
//! `secrets/calls`.
//!
//! It listens on 127.0.0.1:9000, for a `menshen.toml` like this:
//! ```toml
//! [forward]
//! url = "http://127.0.0.1:9000/forward"
//! secret_file = "secrets/calls"
//! [[webhook]]
//! url = "http://127.0.0.1:9000/events"
//! secret_file = "secrets/calls"
//! [calls.security_desk]
//! url = "http://127.0.0.1:9000/security-desk"
//! secret_file = "secrets/calls"
//! ```
//! With `MENSHEN_URL` and `MENSHEN_KEY` it first creates the account `alice` and a code for her.
//! Without them it only listens. It knows nothing of Menshen's crate: HTTP is the whole interface.

use std::collections::{BTreeMap, VecDeque};
use std::env;
use std::error::Error;
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use actix_web::web::{Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

/// How far a delivery's timestamp may be from now, in seconds (Standard Webhooks: five minutes).
const TOLERANCE: u64 = 300;
/// Identifiers remembered, to tell a repeated delivery.
const REMEMBERED: usize = 10_000;

type Problem = Box<dyn Error + Send + Sync>;

/// What it keeps. A real system keeps it in its database.
struct System {
    secret: Vec<u8>,
    seen: Mutex<VecDeque<String>>,
    orders: BTreeMap<&'static str, &'static str>,
}

#[actix_web::main]
async fn main() -> Result<(), Problem> {
    let secret = env::var("WEBHOOK_SECRET")
        .unwrap_or_else(|_| "whsec_ZXhhbXBsZS1leGFtcGxlLWV4YW1wbGUtZXhhbXBsZQ==".to_owned());
    let encoded = secret.trim().strip_prefix("whsec_").ok_or("whsec_…")?;
    let system = Data::new(System {
        secret: STANDARD.decode(encoded)?,
        seen: Mutex::default(),
        orders: [("alice", "您有 2 个订单：A-1001 已发货，A-1002 待付款")].into(),
    });
    if let (Ok(url), Ok(key)) = (env::var("MENSHEN_URL"), env::var("MENSHEN_KEY")) {
        create(&url, &key).await?;
    }
    println!("listening on http://127.0.0.1:9000");
    HttpServer::new(move || {
        App::new()
            .app_data(system.clone())
            .route("/events", web::post().to(event))
            .route("/forward", web::post().to(forward))
            .route("/security-desk", web::post().to(security_desk))
    })
    .workers(1)
    .bind(("127.0.0.1", 9000))?
    .run()
    .await?;
    Ok(())
}

/// Creates an account and asks for a code, which the system would show to its logged-in user.
async fn create(url: &str, key: &str) -> Result<(), Problem> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::new();
    let account = http
        .post(format!("{url}/v1/accounts"))
        .bearer_auth(key)
        // A repetition of this request, after a lost answer say, creates nothing twice.
        .header("idempotency-key", "create-alice-1")
        .json(&json!({ "account": "alice", "name": "爱丽丝", "phone": "13800138000" }))
        .send()
        .await?;
    println!("create alice: {}", account.status());
    let code: Value = http
        .post(format!("{url}/v1/accounts/alice/verification-code"))
        .bearer_auth(key)
        .send()
        .await?
        .error_for_status()?
        .json()
        .await?;
    println!("her code: {} until {}", code["code"], code["expires_at"]);
    Ok(())
}

impl System {
    /// The body of a genuine delivery, or how to refuse it. By the Standard Webhooks convention: HMAC
    /// over `ID.TIMESTAMP.BODY`; compared in constant time; old deliveries are refused.
    #[expect(
        clippy::result_large_err,
        reason = "the error is the answer, made once per bad request"
    )]
    fn open(&self, request: &HttpRequest, body: &[u8]) -> Result<(String, Value), HttpResponse> {
        let genuine = || -> Option<(String, Value)> {
            let header = |name: &str| request.headers().get(name)?.to_str().ok();
            let (id, timestamp) = (header("webhook-id")?, header("webhook-timestamp")?);
            let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
            if now.abs_diff(timestamp.parse().ok()?) > TOLERANCE {
                return None;
            }
            let genuine = header("webhook-signature")?.split(' ').any(|signature| {
                let given = signature
                    .strip_prefix("v1,")
                    .and_then(|text| STANDARD.decode(text).ok());
                let mut mac =
                    Hmac::<Sha256>::new_from_slice(&self.secret).expect("any length is taken");
                for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
                    mac.update(part);
                }
                given.is_some_and(|given| mac.verify_slice(&given).is_ok())
            });
            if !genuine {
                return None;
            }
            Some((id.to_owned(), serde_json::from_slice(body).ok()?))
        };
        genuine().ok_or_else(|| {
            HttpResponse::Unauthorized().json(json!({ "error": "not signed by Menshen" }))
        })
    }

    /// Whether this identifier is new. Deliveries may come twice.
    fn first(&self, id: &str) -> bool {
        let mut seen = self.seen.lock().expect("nothing panics under it");
        if seen.iter().any(|known| known == id) {
            return false;
        }
        if seen.len() >= REMEMBERED {
            seen.pop_front();
        }
        seen.push_back(id.to_owned());
        true
    }
}

/// A fact of the event feed. Anything but 2xx is tried again later.
async fn event(system: Data<System>, request: HttpRequest, body: Bytes) -> HttpResponse {
    match system.open(&request, &body) {
        Err(refused) => refused,
        Ok((id, event)) => {
            if system.first(&id) {
                println!("event {} about {}", event["type"], event["account"]);
                if event["type"] == "locked" {
                    println!("  end this account's own sessions now");
                }
            }
            HttpResponse::NoContent().finish()
        }
    }
}

/// What a bound user wrote; `text` of the answer becomes the reply.
async fn forward(system: Data<System>, request: HttpRequest, body: Bytes) -> HttpResponse {
    match system.open(&request, &body) {
        Err(refused) => refused,
        Ok((_, asked)) => {
            let account = asked["account"].as_str().unwrap_or_default();
            let text = match system.orders.get(account) {
                Some(orders) => *orders,
                None => "没有您的订单。",
            };
            HttpResponse::Ok().json(json!({ "text": text }))
        }
    }
}

/// `call security_desk with alert`: an alert nobody could be told of.
async fn security_desk(system: Data<System>, request: HttpRequest, body: Bytes) -> HttpResponse {
    match system.open(&request, &body) {
        Err(refused) => refused,
        Ok((id, call)) => {
            if system.first(&id) {
                println!("call {} about {}", call["name"], call["account"]);
            }
            HttpResponse::Ok().json(json!({ "outcome": "ok" }))
        }
    }
}
