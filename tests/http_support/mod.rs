//! A bound server, a client whose every request and answer is checked against `/openapi.json`, and a
//! stand-in for the bot. Shared by the HTTP tests.
#![allow(dead_code, reason = "each test binary uses its part")]

pub mod fake;
pub mod schema;
#[path = "../secrecy/mod.rs"]
pub mod secrecy;

use std::path::Path;
use std::sync::Arc;

use menshen::accounts::Passwords;
use menshen::config::Config;
use menshen::env::{Env, ManualClock, Millis};
use menshen::keys::Keys;
use menshen::server::{App, Parts, Scope, TestServer, keys};
use menshen::store::{self, Flavour, SharedStore, StoreError};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use fake::FakeBot;
use secrecy::Secrets;

/// 2026-11-20 08:00 UTC.
pub const START: Millis = 1_795_161_600_000;
pub const AES: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
pub const TOKEN: &str = "tour-token";
pub const APP_ID: &str = "wx5823bf96d3bd56c7";

pub const CONFIG: &str = r#"
[[official_account]]
name = "main"
app_id = "wx5823bf96d3bd56c7"
app_secret = "app-secret"
token = "tour-token"
encoding_aes_key = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
api_base = "http://127.0.0.1:1"

[[official_account]]
name = "plain"
app_id = "wx5823bf96d3bd56c7"
app_secret = "app-secret"
token = "tour-token"
mode = "plaintext"
api_base = "http://127.0.0.1:1"
"#;

/// Everything a test needs.
pub struct Ground {
    pub server: TestServer,
    pub store: SharedStore,
    pub clock: Arc<ManualClock>,
    pub bot: Arc<FakeBot>,
    pub keys: Arc<Keys>,
    pub passwords: Passwords,
    pub document: Value,
    pub http: reqwest::Client,
    pub secrets: Secrets,
}

impl Ground {
    pub async fn new() -> Self {
        Self::with(CONFIG).await
    }

    pub async fn with(config: &str) -> Self {
        Self::of(config, Flavour::Dev, START).await
    }

    /// With an empty store of this flavour, at this time.
    pub async fn of(config: &str, flavour: Flavour, start: Millis) -> Self {
        let secrets = Secrets::watched();
        for secret in [AES, TOKEN, "app-secret"] {
            secrets.note(secret);
        }
        let (env, clock) = Env::scripted(start, 7);
        let store = store::memory_of(flavour, env.clone());
        let bot = Arc::new(FakeBot::default());
        let config = Config::from_text(Path::new("menshen.toml"), config, []).unwrap();
        let keys = Arc::new(Keys::from_bytes(&[7; 32], None));
        let passwords = Passwords::cheap(env.clone());
        let parts = Parts {
            store: store.clone(),
            env,
            bot: bot.clone(),
            keys: keys.clone(),
            foreign_machines: None,
            passwords: passwords.clone(),
            account_limits: config.limits.clone(),
            guard_limits: config.guard.limits.clone(),
            clients: Default::default(),
        };
        let app = App::new(&config, parts).unwrap();
        let server = if config.server.admin_listen.is_some() || !config.server.hosts.is_empty() {
            TestServer::start_with(&config.server, app).unwrap()
        } else {
            TestServer::start(app).unwrap()
        };
        // The process may have one already: tests share it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let document = menshen::server::document();
        Self {
            server,
            store,
            clock,
            bot,
            keys,
            passwords,
            document,
            http,
            secrets,
        }
    }

    /// A client with a new key that has these scopes.
    pub async fn client(&self, name: &str, scopes: &[Scope]) -> Client<'_> {
        let (name, scopes) = (name.to_owned(), scopes.to_vec());
        let made = store::execute(&*self.store, "add_key", move |tx| {
            keys::add(tx, "operator", &name, &scopes)
        })
        .await
        .unwrap();
        self.secrets.note(&made.text);
        Client {
            ground: self,
            key: Some(made.text.to_string()),
        }
    }

    /// A client with every scope.
    pub async fn all(&self) -> Client<'_> {
        self.client("all", Scope::ALL).await
    }

    /// A client without a key.
    pub fn anonymous(&self) -> Client<'_> {
        Client {
            ground: self,
            key: None,
        }
    }

    /// Emits `count` events of a kind.
    pub async fn emit(&self, kind: &'static str, count: usize) {
        store::execute::<_, StoreError>(&*self.store, "emit", move |tx| {
            for number in 0..count {
                let data = serde_json::json!({"number": number});
                tx.emit(store::NewEvent::new(kind, data).account("alice"))?;
            }
            Ok(())
        })
        .await
        .unwrap();
    }
}

pub struct Client<'g> {
    ground: &'g Ground,
    pub key: Option<String>,
}

/// A checked answer.
#[derive(Debug)]
pub struct Answered {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
    pub json: Value,
}

impl Answered {
    /// The last part of a problem's type.
    pub fn problem(&self) -> &str {
        self.json["type"]
            .as_str()
            .and_then(|text| text.strip_prefix("urn:menshen:problem:"))
            .unwrap_or_else(|| panic!("no problem: {self:?}"))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl Client<'_> {
    pub async fn get(&self, path: &str) -> Answered {
        self.send(Method::GET, path, None, &[]).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answered {
        self.send(Method::POST, path, Some(body), &[]).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answered {
        self.send(Method::PUT, path, Some(body), &[]).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answered {
        self.send(Method::PATCH, path, Some(body), &[]).await
    }

    pub async fn delete(&self, path: &str) -> Answered {
        self.send(Method::DELETE, path, None, &[]).await
    }

    /// A POST with an idempotency key.
    pub async fn post_once(&self, path: &str, key: &str, body: Value) -> Answered {
        self.send(Method::POST, path, Some(body), &[("idempotency-key", key)])
            .await
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Answered {
        let text = body.map(|body| body.to_string());
        self.raw(
            method,
            path,
            text.map(|text| ("application/json", text)),
            headers,
        )
        .await
    }

    /// Any body; checked against the document all the same.
    pub async fn raw(
        &self,
        method: Method,
        path: &str,
        body: Option<(&str, String)>,
        headers: &[(&str, &str)],
    ) -> Answered {
        let mut request = self
            .ground
            .http
            .request(method.clone(), self.ground.server.url(path));
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        for (name, value) in headers {
            request = request.header(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        if let Some((kind, text)) = &body {
            self.ground.secrets.note_json(text);
            request = request.header("content-type", *kind).body(text.clone());
        }
        let response = request.send().await.unwrap();
        let status = response.status();
        let headers = response.headers().clone();
        let text = response.text().await.unwrap();
        self.ground.secrets.note_json(&text);
        let kind = headers
            .get("content-type")
            .map(|value| value.to_str().unwrap().to_owned());
        let request = body.as_ref().map(|(kind, text)| (*kind, text.as_str()));
        schema::check_exchange(
            &self.ground.document,
            method.as_str(),
            path,
            request,
            status.as_u16(),
            kind.as_deref(),
            &text,
        );
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Answered {
            status,
            headers,
            text,
            json,
        }
    }
}
