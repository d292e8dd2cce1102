//! Menshen (门神): a WeChat official-account bot framework whose conversations and
//! login-anomaly conditions live in a small rule language.

pub mod accounts;
pub mod bot;
pub mod config;
pub mod env;
pub mod guard;
pub mod history;
pub mod keys;
pub mod lang;
pub mod outbox;
pub mod server;
pub mod store;
pub mod text;
pub mod wechat;

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "sandbox")]
pub mod sandbox;
