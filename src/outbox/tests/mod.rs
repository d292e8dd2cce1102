//! The room's behaviour, from promise to ending and over real sockets.

mod call_queue;
mod calls;
mod endings;
mod http;
mod messages;
mod race;
mod server;
mod webhooks;
mod wechat;
