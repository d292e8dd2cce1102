//! Menshen inside an actix application of one's own: `cargo run --example embed`.
//!
//! A small web shop has a route of its own, `/orders/{number}`, and mounts Menshen's beside it. The
//! rules in `examples/embed/rules/` call `order_state`, a Rust action over the shop's own data. The
//! store is in memory, so every start is a first start; nothing leaves this machine.
//!
//! The example sends itself one push, as the platform would, prints the reply, and then serves until
//! ctrl-c. With `--once` it ends after the reply.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use actix_web::{App, HttpResponse, HttpServer, web};
use menshen::accounts::Passwords;
use menshen::bot::builder::{Built, SWEEP_EVERY};
use menshen::bot::{Action, ActionFailed, Bot, Settings};
use menshen::config::Config;
use menshen::env::Env;
use menshen::keys::Keys;
use menshen::lang::builtins::OutcomeSpec;
use menshen::lang::value::Type;
use menshen::outbox::{Abilities, Outbox, WechatSender};
use menshen::server::{self, Parts, Scope, keys};
use menshen::store::{self, MAX_SWEEP, SharedStore, Sweeper};
use menshen::wechat::Fields;
use menshen::wechat::client::{Client, ClientConfig};
use menshen::wechat::crypto::EncodingAesKey;
use menshen::wechat::endpoint::{Format, Mode};
use menshen::wechat::platform_side::{self, PlatformConfig, PlatformReply, Stamp};
use menshen::wechat::signature::Token;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

/// An official account that exists nowhere. A real one's secrets stand in files, see `menshen init`.
const CONFIG: &str = r#"
[server]
listen = "127.0.0.1:8088"

[[official_account]]
name = "main"
app_id = "wx5823bf96d3bd56c7"
app_secret = "no-such-secret"
token = "embed-example"
encoding_aes_key = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
api_base = "http://127.0.0.1:1"
"#;

type Problem = Box<dyn Error + Send + Sync>;

/// What the shop knows: states by order number.
#[derive(Clone)]
struct Shop(Arc<BTreeMap<String, String>>);

impl Shop {
    fn new() -> Self {
        let orders = [("A-1001", "已发货，预计明天送达"), ("A-1002", "待付款")];
        Self(Arc::new(
            orders
                .map(|(number, state)| (number.to_owned(), state.to_owned()))
                .into(),
        ))
    }
}

/// What `call order_state with number` hands over.
#[derive(Deserialize)]
struct Asked {
    number: String,
}

/// What it gives back: `outcome` chooses the block of the rule, the rest are names in it.
#[derive(Serialize)]
struct Answer {
    outcome: &'static str,
    state: Option<String>,
}

/// The action. It may run twice for one message, must be done within its deadline (4 s unless said
/// otherwise), and a panic in it becomes the outcome `failed`.
fn order_state(shop: &Shop) -> Action {
    let shop = shop.clone();
    Action::new("order_state", move |asked: Asked| {
        let state = shop.0.get(&asked.number.to_uppercase()).cloned();
        async move {
            let outcome = if state.is_some() { "ok" } else { "no_order" };
            Ok::<_, ActionFailed>(Answer { outcome, state })
        }
    })
    .takes("number", Type::Text)
    .gives("state", Type::Text)
    .outcome(OutcomeSpec::new("no_order"))
    .doc("The state of an order of the shop.")
}

#[tokio::main]
async fn main() -> Result<(), Problem> {
    let once = std::env::args().any(|argument| argument == "--once");
    let env = Env::system();
    let config = Config::from_text(Path::new("embed.toml"), CONFIG, [])?;
    // `store::open` keeps everything on disk instead.
    let store = store::memory(env.clone());
    // `MasterKey::load` reads the file that `menshen init` makes.
    let master = env.bytes::<32>();
    let passwords = Passwords::new(env.clone());
    let shop = Shop::new();

    // 1. The bot: rules, the store, the shop's own action.
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/embed/rules");
    let Built { bot, calls, .. } =
        Bot::builder(store.clone(), env.clone(), Keys::from_bytes(&master, None))
            .rules(rules)
            .settings(Settings {
                custom_send: ["main".to_owned()].into(),
                ..Settings::default()
            })
            .passwords(passwords.clone())
            .action(order_state(&shop))
            .build()
            .await?;

    // 2. What works beside the server: messages out, queued calls, the broom.
    let account = &config.official_accounts[0];
    let client = Arc::new(Client::new(
        &ClientConfig {
            api_base: account.api_base.clone(),
            ..ClientConfig::new(&account.app_id, account.app_secret.expose())
        },
        env.clone(),
    )?);
    let clients: BTreeMap<_, _> = [(account.name.clone(), client)].into();
    let outbox = Arc::new(Outbox::new(
        store.clone(),
        env.clone(),
        Arc::new(WechatSender::new(clients.clone())),
        Arc::new(bot.hooks()),
        [(account.name.clone(), Abilities::ALL)],
    ));
    let stop = CancellationToken::new();
    let workers = [
        tokio::spawn(outbox.run(stop.clone())),
        tokio::spawn(calls.run(stop.clone())),
        tokio::spawn(sweep(store.clone(), stop.clone())),
    ];

    // 3. Menshen's routes: /wechat/main, /v1, /healthz and so on.
    let menshen = server::App::new(
        &config,
        Parts {
            store: store.clone(),
            env: env.clone(),
            bot: bot.clone(),
            keys: Arc::new(Keys::from_bytes(&master, None)),
            foreign_machines: None,
            passwords,
            account_limits: config.limits.clone(),
            guard_limits: config.guard.limits.clone(),
            clients,
        },
    )?;
    let key = store::execute(&*store, "key", |tx| {
        keys::add(
            tx,
            "operator",
            "shop",
            &[Scope::Accounts, Scope::Codes, Scope::Events],
        )
    })
    .await?;

    // 4. The shop's server.
    let mounted = menshen.clone();
    let served = HttpServer::new(move || {
        let (menshen, shop) = (mounted.clone(), shop.clone());
        App::new()
            .app_data(web::Data::new(shop))
            .route("/orders/{number}", web::get().to(order))
            .configure(move |service| menshen.configure(service))
    })
    .workers(2)
    .disable_signals()
    .bind(config.server.listen)?
    .run();
    let handle = served.handle();
    let serving = tokio::spawn(served);

    let url = format!("http://{}", config.server.listen);
    println!("the shop's own route   {url}/orders/A-1001");
    println!(
        "Menshen's API          {url}/openapi.json   key {}",
        *key.text
    );
    let reply = push(&env, &url, "查订单 A-1001").await?;
    println!("“查订单 A-1001” is answered: {reply}");

    if !once {
        println!("ctrl-c ends");
        tokio::signal::ctrl_c().await?;
    }
    // In this order: accept nothing new, finish what was accepted, stop the workers, close.
    menshen.stop();
    handle.stop(true).await;
    serving.await??;
    menshen.finished().await;
    bot.finish().await;
    stop.cancel();
    for worker in workers {
        worker.await?;
    }
    store.close().await;
    Ok(())
}

/// The shop's own route.
async fn order(shop: web::Data<Shop>, number: web::Path<String>) -> HttpResponse {
    match shop.0.get(&number.to_uppercase()) {
        Some(state) => HttpResponse::Ok().json(serde_json::json!({ "state": state })),
        None => HttpResponse::NotFound().finish(),
    }
}

/// Deletes what has expired.
async fn sweep(store: SharedStore, stop: CancellationToken) {
    let mut sweeper = Sweeper::new();
    loop {
        if let Err(error) = sweeper.step_all(&*store, MAX_SWEEP).await {
            eprintln!("expired records were not deleted: {error}");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(SWEEP_EVERY) => {}
        }
    }
}

/// What the platform does with a follower's message: signs, encrypts, posts, opens the reply.
async fn push(env: &Env, url: &str, text: &str) -> Result<String, Problem> {
    let platform = PlatformConfig {
        app_id: "wx5823bf96d3bd56c7".to_owned(),
        token: Token::new("embed-example"),
        key: Some(EncodingAesKey::parse(
            "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
        )?),
        mode: Mode::Safe,
        format: Format::Xml,
    };
    let seconds = (env.now() / 1_000).to_string();
    let message = Fields::new()
        .text("ToUserName", "gh_embed0000000")
        .text("FromUserName", "oEmbedExampleFollower0000001")
        .text("CreateTime", &seconds)
        .text("MsgType", "text")
        .text("Content", text)
        .text("MsgId", "1");
    let stamp = Stamp {
        timestamp: seconds,
        nonce: "1234567".to_owned(),
        random: env.bytes(),
    };
    let push = platform_side::build_push(&platform, &message, &stamp).ok_or("no key")?;
    let answer = reqwest::Client::builder()
        .no_proxy()
        .build()?
        .post(format!("{url}/wechat/main?{}", push.query))
        .header("content-type", push.content_type)
        .body(push.body)
        .send()
        .await?
        .error_for_status()?
        .bytes()
        .await?;
    match platform_side::open_reply(&platform, &message, &answer)? {
        PlatformReply::Message(fields) => Ok(fields.get("Content").unwrap_or_default().to_owned()),
        PlatformReply::Acknowledged => Ok("(nothing)".to_owned()),
    }
}
