//! Keys, problems, idempotency, the feed, health, metrics and the platform's callback over HTTP.

mod feed;
#[path = "../http_support/mod.rs"]
mod http_support;
mod keys;
mod logins;
mod pushes;
mod requests;
mod service;

use serde_json::json;

fn login(account: &str, password: &str) -> serde_json::Value {
    json!({"account": account, "password": password, "ip": "203.0.113.7"})
}

fn attempt(account: &str) -> serde_json::Value {
    json!({"account": account, "ip": "203.0.113.7"})
}
