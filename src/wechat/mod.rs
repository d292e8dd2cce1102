//! The WeChat official-account protocol: signatures, encryption, messages in, replies out, and the
//! client for the platform's API.
//!
//! This room knows no rules, no store and no accounts. Everything except [`client`] is pure: bodies,
//! queries, the time and random bytes come in as arguments, values go out. It never logs, never
//! keeps state beyond the bounded [`replay::ReplayGuard`], and no `Debug` of it shows a token, a
//! key, an OpenID or message text.
//!
//! The way of a push: `server` hands query and body to [`endpoint::open`], gets an
//! [`message::Inbound`], and turns its [`reply::Reply`] into bytes with [`reply::seal`].

pub mod client;
pub mod crypto;
pub mod endpoint;
pub mod event;
pub mod fields;
pub mod json;
pub mod message;
pub mod platform_side;
pub mod push_key;
pub mod refusal;
pub mod replay;
pub mod reply;
pub mod signature;
pub mod text;
pub mod xml;

pub use endpoint::{EndpointConfig, Mode, Opened, Query};
pub use event::Event;
pub use fields::Fields;
pub use message::{Inbound, InboundKind};
pub use push_key::{BodyDigest, Fingerprint, PushKey};
pub use refusal::Refusal;
pub use reply::{Reply, ReplyContext, seal};
