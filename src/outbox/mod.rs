//! What must reach someone: messages to followers, webhooks and calls to the host.
//!
//! Messages are promised inside the command that decides them ([`enqueue`]) and sent afterwards by
//! the [`Outbox`] worker, which claims them by lease, chooses the channel that can reach the
//! follower now, and never blindly repeats a send whose outcome is unknown. Every message ends as
//! delivered, undeliverable or unknown, and each ending is an event of the feed. [`Webhooks`] carry
//! the feed to the information system; [`Forwarder`] and [`Calls`] ask it.
//!
//! This room knows no rules and no XML. It must never send past a message's `not_after`, send to
//! another OpenID than the one it was promised for, follow a redirect, or connect to an address the
//! operator did not allow. Data comes from the store, goes to the platform through a [`Sender`] and
//! to the information system through [`Outward`].

pub mod address;
pub mod call;
pub mod channel;
mod claim;
pub mod contact;
mod drive;
pub mod entry;
pub mod forward;
pub mod hooks;
pub mod http;
pub mod message;
pub mod policy;
pub mod sender;
mod settle;
pub mod sign;
pub mod view;
pub mod webhook;
mod wechat;
mod worker;

pub use address::AddressPolicy;
pub use call::{
    CallError, CallRequest, CallStats, CallTarget, Calls, HostAction, NewCall, enqueue_call,
    forget_calls,
};
pub use channel::Abilities;
pub use entry::{
    Enqueued, NewEntry, Retried, enqueue, enqueue_later, forget, list, retry, take_prompt,
    withdraw, withdraw_alert,
};
pub use forward::{ForwardAnswer, ForwardRequest, Forwarder};
pub use hooks::{Check, Ending, Hooks, NoHooks};
pub use http::{Endpoint, EndpointError, Outward};
pub use sender::{Outcome, Sender};
pub use settle::{Finished, finished};
pub use sign::{SecretError, WebhookSecret};
pub use view::{OutboxView, WebhookView};
pub use webhook::{WebhookConfig, Webhooks};
pub use wechat::WechatSender;
pub use worker::{Outbox, OutboxStats};

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
