//! A simulated WeChat platform: the real protocol on real sockets, without the real platform.
//!
//! It stands on both sides of a bot: it pushes what simulated users do to the bot's callback URL,
//! signed and encrypted, with the platform's timeout and retries, and it serves the API the bot
//! calls, with the platform's windows, quotas and error codes. Each simulated user has a phone in
//! the browser and a transcript. Nothing here knows the bot: the two meet on HTTP alone. For
//! development and tests only; a production server never mounts it.

mod action_error;
mod api;
mod control;
mod delivery;
mod outbound;
mod platform;
mod render;
mod tokens;
mod world;

pub use action_error::ActionError;
pub use control::is_local;
pub use delivery::{Attempt, DeliveryReport};
pub use outbound::{Fault, FaultKind};
pub use platform::{Platform, PlatformConfig, PlatformError, PlatformHandle};
pub use world::{Channel, Entry, Side, Template, Update, UserView};
