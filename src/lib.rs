//! Menshen (门神): a WeChat official-account bot framework whose conversations and
//! login-anomaly conditions live in a small rule language.
//!
//! The `menshen` program is this crate with a command line. Whoever wants the bot inside a server of
//! their own uses the crate directly; this page shows the way, `examples/embed.rs` a whole program.
//!
//! # A bot in a few lines
//! A [`bot::Bot`] needs a store, the time and randomness ([`env::Env`]), a master key and rules. It
//! belongs to no server: here one message is handed to it directly, without network or disk.
//!
//! ```
//! use menshen::bot::api::PushAnswer;
//! use menshen::bot::{Action, ActionFailed, Bot};
//! use menshen::env::Env;
//! use menshen::keys::Keys;
//! use menshen::lang::span::Sources;
//! use menshen::lang::value::Type;
//! use menshen::wechat::push_key::push_key;
//! use menshen::wechat::{BodyDigest, Fields, Inbound, Reply};
//! use serde::{Deserialize, Serialize};
//!
//! const RULES: &str = r#"
//! on text "查 {number: word}" {
//!     call order_state with number {
//!         ok     { reply "{number}：{state}" }
//!         failed { reply "暂时查不了。" }
//!     }
//! }
//!
//! on any {
//!     reply "发送“查 编号”查询订单。"
//! }
//! "#;
//!
//! #[derive(Deserialize)]
//! struct Asked { number: String }
//! #[derive(Serialize)]
//! struct Found { state: String }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
//! let env = Env::system();
//! let store = menshen::store::memory(env.clone());
//! let keys = Keys::from_bytes(&env.bytes::<32>(), None);
//! let order_state = Action::new("order_state", |asked: Asked| async move {
//!     // Ask a database here.
//!     Ok::<_, ActionFailed>(Found { state: format!("{} 已发货", asked.number) })
//! })
//! .takes("number", Type::Text)
//! .gives("state", Type::Text);
//!
//! let built = Bot::builder(store.clone(), env, keys)
//!     .sources(Sources::single("hello.rules", RULES))
//!     .action(order_state)
//!     .build()
//!     .await?;
//!
//! // What the platform pushes, already decrypted.
//! let inbound = Inbound::from_fields(
//!     Fields::new()
//!         .text("ToUserName", "gh_example")
//!         .text("FromUserName", "oExampleFollower")
//!         .text("CreateTime", "1795160000")
//!         .text("MsgType", "text")
//!         .text("Content", "查 A-1001")
//!         .text("MsgId", "1"),
//! )?;
//! let digest = BodyDigest::of(&inbound);
//! let key = push_key(&inbound, &digest);
//! let answer = built.bot.handle("main", inbound, key, digest).await;
//! let PushAnswer::Reply(reply) = answer else { panic!("{answer:?}") };
//! assert_eq!(*reply, Reply::text("A-1001：A-1001 已发货"));
//!
//! built.bot.finish().await;
//! store.close().await;
//! # Ok(()) }) }
//! ```
//!
//! # What rules may call
//! An [`Action`](bot::Action) is an async function with typed arguments and results. Its contract: it
//! runs on a task of its own; it is given up at its deadline (4 s unless said otherwise), which is the
//! outcome `failed`; a panic in it is contained and is `failed` too; and it **may run twice** with the
//! same request identifier, because a process may die between its work and the commit that remembers
//! it. The checker knows its name, arguments and outcomes: a rule that leaves an outcome out does not
//! compile.
//!
//! # From a bot to a server
//! * [`server::App`] has the routes (`/wechat/{name}`, `/v1`, `/openapi.json`, …);
//!   [`server::App::configure`] mounts them in an actix application, [`server::serve`] is a whole server.
//! * [`outbox::Outbox`] sends promised messages, [`outbox::Webhooks`] the event feed,
//!   [`outbox::Calls`] (in [`bot::builder::Built`]) queued calls. Each runs as a task until it is
//!   stopped. Without them nothing that was promised goes out.
//! * [`store::open`] keeps everything on disk; [`store::Sweeper`] deletes what has expired.
//!
//! Shut down in this order: `App::stop`, the HTTP server, `App::finished`, [`bot::Bot::finish`], the
//! tasks, [`store::Store::close`].
//!
//! # The rooms
//! | module | what it knows |
//! |---|---|
//! | [`lang`] | the rule language: syntax, checks, evaluation, diagnostics |
//! | [`text`] | normalised text, patterns, extractors, which rules a message may concern |
//! | [`bot`] | one event through the rules: dialogs, effects, logins, stories, reload |
//! | [`accounts`], [`guard`], [`history`] | accounts, codes and bindings; sessions, locks, alerts, machines; past logins |
//! | [`store`] | commands that are atomic and durable |
//! | [`outbox`] | what must reach someone |
//! | [`wechat`] | the platform's protocol and its API |
//! | [`server`] | HTTP |
//! | [`config`], [`keys`], [`mod@env`] | `menshen.toml`, the master key, time and randomness |
//!
//! # Features
//! `cli` (the `menshen` program), `sandbox` (a simulated WeChat platform), `backtest` (rules over past
//! logins) and `lsp` (the language server for editors) are on by default;
//! `default-features = false` leaves the library.

pub mod accounts;
mod background;
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

#[cfg(feature = "backtest")]
pub mod backtest;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "lsp")]
pub mod lsp;
#[cfg(feature = "sandbox")]
pub mod sandbox;
