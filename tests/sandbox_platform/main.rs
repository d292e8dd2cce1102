//! The simulated platform against a small bot, both on real sockets.
#![cfg(feature = "sandbox")]

mod calls;
mod control;
mod pushes;

use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use menshen::env::{Env, ManualClock, SECOND};
use menshen::sandbox::{Channel, Platform, PlatformConfig, PlatformHandle, Side, Template};
use menshen::wechat::client::{Client, ClientConfig};
use menshen::wechat::crypto::EncodingAesKey;
use menshen::wechat::endpoint::{self, EndpointConfig, Query, TimestampWindow};
use menshen::wechat::event::{DeliveryStatus, Event};
use menshen::wechat::signature::Token;
use menshen::wechat::{InboundKind, PushKey, Reply, seal};

const KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
const NOW: i64 = 1_732_095_600 * SECOND;
const TEMPLATE: &str = "tpl-login";

/// What the bot saw and how often it was asked.
#[derive(Default)]
struct Seen {
    kinds: Mutex<Vec<String>>,
    keys: Mutex<Vec<PushKey>>,
    results: Mutex<Vec<(String, DeliveryStatus)>>,
    scenes: Mutex<Vec<String>>,
    menu_ids: Mutex<Vec<Option<String>>>,
    slow: AtomicUsize,
}

struct Bot {
    config: EndpointConfig,
    env: Env,
    seen: Arc<Seen>,
}

/// Answers by the text it is sent: `slow N` hangs N times, `bad`, `empty`, `503`; else an echo.
async fn callback(bot: web::Data<Bot>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let query = Query::parse(request.query_string()).unwrap();
    let now = bot.env.now();
    if request.method() == "GET" {
        return match endpoint::verify_url(&bot.config, &query, now) {
            Ok(echo) => HttpResponse::Ok().body(echo),
            Err(refusal) => HttpResponse::build(refusal.status().try_into().unwrap()).finish(),
        };
    }
    let content_type = request
        .headers()
        .get("Content-Type")
        .map(|value| value.to_str().unwrap());
    let opened = match endpoint::open(&bot.config, &query, content_type, &body, now) {
        Ok(opened) => opened,
        Err(refusal) => return HttpResponse::build(refusal.status().try_into().unwrap()).finish(),
    };
    let seen = &bot.seen;
    seen.kinds
        .lock()
        .unwrap()
        .push(opened.inbound.kind_name().to_owned());
    seen.keys.lock().unwrap().push(opened.key);
    let reply = match &opened.inbound.kind {
        InboundKind::Text { content, menu_id } => {
            seen.menu_ids.lock().unwrap().push(menu_id.clone());
            match content.split_once(' ') {
                Some(("slow", times))
                    if seen.slow.fetch_add(1, Ordering::SeqCst)
                        < times.parse::<usize>().unwrap() =>
                {
                    std::future::pending::<()>().await;
                    Reply::Nothing
                }
                _ => match content.as_str() {
                    "bad" => return HttpResponse::Ok().body("<xml><Content>x</Content></xml>"),
                    "plain" => return HttpResponse::Ok().body("{\"a\":1}"),
                    "503" => return HttpResponse::ServiceUnavailable().finish(),
                    "empty" => Reply::Nothing,
                    other => Reply::text(format!("你说：{other}")),
                },
            }
        }
        InboundKind::Event(event) => {
            match event {
                Event::TemplateFinished { msg_id, status } => {
                    seen.results
                        .lock()
                        .unwrap()
                        .push((msg_id.clone(), status.clone()));
                }
                Event::Subscribe {
                    scene: Some(scene), ..
                }
                | Event::Scan { scene, .. } => {
                    seen.scenes.lock().unwrap().push(scene.clone());
                }
                _ => {}
            }
            Reply::text("收到")
        }
        _ => Reply::text("收到"),
    };
    let sealed = seal(&reply, &opened.reply, now / SECOND, "77", bot.env.bytes());
    HttpResponse::Ok()
        .content_type(sealed.content_type)
        .body(sealed.bytes)
}

struct Stage {
    handle: PlatformHandle,
    client: Client,
    clock: Arc<ManualClock>,
    seen: Arc<Seen>,
}

impl Stage {
    fn platform(&self) -> &Platform {
        &self.handle.platform
    }

    async fn follower(&self) -> String {
        let openid = self.platform().create_user("小明").unwrap();
        self.platform().follow(&openid).await.unwrap();
        openid
    }

    fn lines(&self, openid: &str) -> Vec<(Side, Channel, String)> {
        let entries = self.platform().transcript(openid, 0).unwrap();
        entries
            .into_iter()
            .map(|entry| (entry.from, entry.channel, entry.text))
            .collect()
    }
}

fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

fn stage(change: impl FnOnce(&mut PlatformConfig)) -> Stage {
    let (env, clock) = Env::scripted(NOW, 7);
    let key = EncodingAesKey::parse(KEY).unwrap();
    let mut config = PlatformConfig::new("wx1", "app-secret", "pamtest", Some(key.clone()));
    config.templates = vec![Template {
        template_id: TEMPLATE.into(),
        title: "登录提醒".into(),
        content: "系统：{{thing2.DATA}}\n地址：{{character_string5.DATA}}\n".into(),
    }];
    change(&mut config);
    let mode = config.mode;

    let bot_socket = listener();
    config.callback = format!("http://{}/wechat/main", bot_socket.local_addr().unwrap());
    let seen = Arc::new(Seen::default());
    let (bot_env, bot_seen) = (env.clone(), seen.clone());
    let endpoint_config = EndpointConfig {
        original_id: None,
        app_id: "wx1".into(),
        token: Token::new("pamtest"),
        previous_token: None,
        key: Some(key),
        previous_key: None,
        mode,
        timestamp_window: TimestampWindow::default(),
    };
    let server = HttpServer::new(move || {
        let bot = Bot {
            config: endpoint_config.clone(),
            env: bot_env.clone(),
            seen: bot_seen.clone(),
        };
        App::new()
            .app_data(web::Data::new(bot))
            .route("/wechat/main", web::to(callback))
    })
    .workers(1)
    .disable_signals()
    .listen(bot_socket)
    .unwrap()
    .run();
    tokio::spawn(server);

    let handle = Platform::start(listener(), config, env.clone()).unwrap();
    let client_config = ClientConfig {
        api_base: handle.base(),
        ..ClientConfig::new("wx1", "app-secret")
    };
    let client = Client::new(&client_config, env).unwrap();
    Stage {
        handle,
        client,
        clock,
        seen,
    }
}
