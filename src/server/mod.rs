//! The HTTP face: the platform's callback, the information system's API, health and metrics.
//!
//! Handlers are thin: they check key and scope, read a strict body, run one command of another room or
//! ask the bot, and turn the outcome into JSON. They decide nothing about accounts, logins or rules, and
//! nothing they log holds a body, a key, a phone or an OpenID.
//!
//! [`serve`] is the whole server; [`App::configure`] mounts the same routes in an actix application of
//! one's own.

mod accounts;
mod alerts;
mod app;
mod bindings;
mod bodies;
pub mod bot;
mod call;
mod captchas;
mod codes;
mod connections;
mod edge;
mod erasure;
mod events;
mod export;
mod health;
mod idempotency;
mod import;
pub mod keys;
mod lines;
mod locks;
mod login;
mod logins;
mod messages;
mod metrics;
mod openapi;
mod outbox;
pub mod problem;
mod rules;
mod schema;
pub mod scope;
mod serve;
mod sessions;
mod state;
mod testing;
mod view;
mod vitals;
mod wechat;

pub use app::{App, AppError, Parts, Role};
pub use bot::{BotService, ReloadError, Remember};
pub use call::{MAX_BODY_BYTES, MAX_BULK_BYTES};
pub use import::MAX_LINES as MAX_IMPORT_LINES;
pub use logins::MAX_LINES as MAX_REPORT_LINES;
pub use metrics::Metrics;
pub use openapi::document;
pub use scope::Scope;
pub use serve::{Bound, ServeError, serve};
pub use state::{MAX_EVENT_STREAMS, MAX_RELOADS};
pub use testing::TestServer;
pub use view::EventView;

pub use crate::env::{parse_rfc3339, rfc3339};
