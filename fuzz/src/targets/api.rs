//! Every route of the HTTP face with any body and query, over the real bot with the shipped rules and
//! a store in memory. Whatever comes, the answer is never a 5xx and the next request is answered too.

use std::cell::RefCell;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::path::Path;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::http::Method;
use actix_web::rt::{System, SystemRunner};
use actix_web::test::{self, TestRequest};
use menshen::accounts::Passwords;
use menshen::bot::Bot;
use menshen::bot::ruleset::{Ruleset, compile};
use menshen::config::Config;
use menshen::env::{Env, ManualClock};
use menshen::keys::Keys;
use menshen::server::{App, Parts, Scope, keys};
use menshen::store::{self, SharedStore};

use super::bytes::Bytes;

const START: i64 = 1_795_161_600_000;
/// Inputs before everything starts anew, so that what is kept stays small.
const LIFE: u32 = 400;

const CONFIG: &str = r#"
[[official_account]]
name = "plain"
app_id = "wx5823bf96d3bd56c7"
app_secret = "app-secret"
token = "tour-token"
mode = "plaintext"
api_base = "http://127.0.0.1:1"
"#;

/// Method, path (with `?` when the input has a query), a good body.
const ROUTES: &[(&str, &str, &str)] = &[
    (
        "POST",
        "/v1/accounts",
        r#"{"account":"bob","name":"鲍勃","phone":"13900139000","password":"correct horse 9","zone":"Asia/Shanghai"}"#,
    ),
    (
        "PATCH",
        "/v1/accounts/alice",
        r#"{"name":"爱丽丝","phone":null,"zone":null,"status":"disabled"}"#,
    ),
    (
        "PUT",
        "/v1/accounts/alice/password",
        r#"{"password":"correct horse 9","keep_sessions":true}"#,
    ),
    (
        "POST",
        "/v1/accounts/alice/verification-code",
        r#"{"purpose":"bind"}"#,
    ),
    ("POST", "/v1/accounts/alice/bind-ticket", ""),
    ("POST", "/v1/bind-tickets/cancel", r#"{"ticket":"x"}"#),
    ("POST", "/v1/accounts/alice/messages", r#"{"text":"您好"}"#),
    ("POST", "/v1/accounts/alice/lock", r#"{"reason":"x"}"#),
    ("POST", "/v1/accounts/alice/unlock", r#"{"reason":"x"}"#),
    (
        "POST",
        "/v1/login",
        r#"{"account":"alice","password":"correct horse 9","ip":"192.0.2.1","user_agent":"Mozilla/5.0","place":{"city":"北京","lat":39.9,"lon":116.4},"channel":"web"}"#,
    ),
    (
        "POST",
        "/v1/attempts",
        r#"{"account":"alice","ip":"192.0.2.1","captcha":{"id":"x","answer":"y"}}"#,
    ),
    (
        "POST",
        "/v1/logins",
        r#"{"id":"1","account":"alice","ip":"192.0.2.1","success":true,"time":"2026-11-20T07:59:00Z","place":{"city":"纽约","lat":40.7,"lon":-74.0}}"#,
    ),
    (
        "POST",
        "/v1/logins?mode=backfill",
        r#"{"account":"alice","success":false,"time":"2026-01-05T09:00:00+08:00"}"#,
    ),
    ("POST", "/v1/sessions/introspect", r#"{"token":"x"}"#),
    ("POST", "/v1/sessions/revoke", r#"{"token":"x"}"#),
    ("POST", "/v1/machines", r#"{"ip":"192.0.2.1"}"#),
    (
        "POST",
        "/v1/captchas",
        r#"{"ip":"192.0.2.1","account":"alice"}"#,
    ),
    ("POST", "/v1/captchas/x/answer", r#"{"answer":"abcd"}"#),
    ("POST", "/v1/alerts/x/close", "{}"),
    ("POST", "/v1/outbox/x/retry", ""),
    (
        "POST",
        "/v1/accounts:import",
        "{\"account\":\"carol\",\"name\":\"卡罗\",\"phone\":\"13700137000\"}\n{\"account\":\"dave\"}\n",
    ),
    ("DELETE", "/v1/accounts/alice/binding", ""),
    ("DELETE", "/v1/accounts/alice/sessions", ""),
    ("DELETE", "/v1/accounts/alice", ""),
    (
        "POST",
        "/wechat/plain",
        "<xml><ToUserName><![CDATA[gh_a]]></ToUserName><FromUserName><![CDATA[oX]]></FromUserName><CreateTime>1795161600</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[绑定]]></Content><MsgId>1</MsgId></xml>",
    ),
    ("GET", "/v1/accounts", "limit=2&after=a"),
    ("GET", "/v1/events", "after=0&limit=5&types=login&wait=0"),
    ("GET", "/v1/alerts", "account=alice&limit=1"),
    ("GET", "/v1/outbox", "state=dead&limit=1"),
    ("GET", "/v1/bindings/plain/oX", ""),
    ("GET", "/v1/sessions/verify", ""),
    ("GET", "/v1/accounts/alice/export", ""),
    (
        "GET",
        "/wechat/plain",
        "signature=a&timestamp=1795161600&nonce=1&echostr=x",
    ),
    ("GET", "/v1/accounts/alice/machines", ""),
    ("GET", "/v1/decisions/x", ""),
];

type Answer = Pin<Box<dyn Future<Output = (u16, Vec<u8>)>>>;

struct Ground {
    system: SystemRunner,
    store: SharedStore,
    clock: Arc<ManualClock>,
    key: String,
    call: Box<dyn Fn(TestRequest) -> Answer>,
    left: u32,
}

thread_local! {
    // Never dropped at a thread's end: actix keeps pools in thread locals of its own.
    static GROUND: RefCell<ManuallyDrop<Option<Ground>>> = const { RefCell::new(ManuallyDrop::new(None)) };
}

pub fn run(data: &[u8]) {
    GROUND.with(|ground| {
        let mut ground = ground.borrow_mut();
        if ground.as_ref().is_some_and(|ground| ground.left == 0) {
            drop(ground.take());
        }
        ground.get_or_insert_with(Ground::new).request(data);
    });
}

pub fn seeds() -> Vec<Vec<u8>> {
    ROUTES
        .iter()
        .enumerate()
        .map(|(at, (_, _, body))| [&[at as u8, 0], body.as_bytes()].concat())
        .collect()
}

/// An export of a store in which something has happened.
pub fn an_export() -> String {
    let mut ground = Ground::new();
    for seed in seeds()
        .iter()
        .filter(|seed| ROUTES[usize::from(seed[0])].0 != "DELETE")
    {
        ground.request(seed);
    }
    let mut out = Vec::new();
    let exported = ground
        .system
        .block_on(store::export(&*ground.store, &mut out));
    exported.expect("it can be exported");
    String::from_utf8(out).expect("JSON")
}

impl Ground {
    fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let system = System::new();
        let (env, clock) = Env::scripted(START, 7);
        let store = store::memory(env.clone());
        let (call, key) = system.block_on(build(env, store.clone()));
        let ground = Self {
            system,
            store,
            clock,
            key,
            call,
            left: LIFE,
        };
        let alice = ROUTES[0]
            .2
            .replace("bob", "alice")
            .replace("139001", "138001")
            .replace("鲍勃", "爱丽丝");
        let (status, body) = ground.send(0, alice.as_bytes(), "");
        assert_eq!(status, 201, "{}", String::from_utf8_lossy(&body));
        ground
    }

    /// The route, a choice of headers, and then the body or (for GET) the query.
    fn request(&mut self, data: &[u8]) {
        let mut bytes = Bytes(data);
        let route = bytes.below(ROUTES.len());
        let how = bytes.byte();
        let rest = bytes.0;
        self.left = self.left.saturating_sub(1);
        self.clock.advance(1_000 + i64::from(how) * 60_000);
        let (status, answer) = match ROUTES[route].0 {
            "GET" => {
                let query = query(rest);
                self.send(route, b"", &query)
            }
            _ => self.send(route, rest, ""),
        };
        assert!(
            status < 500,
            "{} {}: {status} {}",
            ROUTES[route].0,
            ROUTES[route].1,
            String::from_utf8_lossy(&answer)
        );
        if status >= 400 && ROUTES[route].1.starts_with("/v1") && !answer.is_empty() {
            let problem: serde_json::Value =
                serde_json::from_slice(&answer).expect("a problem is JSON");
            assert!(
                problem["type"].is_string()
                    || problem["code"].is_string()
                    || problem["title"].is_string()
            );
        }
    }

    fn send(&self, route: usize, body: &[u8], query: &str) -> (u16, Vec<u8>) {
        let (method, path, _) = ROUTES[route];
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let mut uri = path.to_owned();
        if path == "/wechat/plain" && query.is_empty() {
            let token = menshen::wechat::signature::Token::new("tour-token");
            let now = (self.clock.advance(0) / 1_000).to_string();
            let signature = menshen::wechat::signature::sign(&token, &[&now, "1"]);
            uri.push_str(&format!("?signature={signature}&timestamp={now}&nonce=1"));
        } else if !query.is_empty() {
            uri.push('?');
            uri.push_str(query);
        }
        let kind = match path {
            "/v1/accounts:import" => "application/x-ndjson",
            "/wechat/plain" => "text/xml",
            _ => "application/json",
        };
        let mut request = TestRequest::with_uri(&uri)
            .method(method)
            .insert_header(("Authorization", format!("Bearer {}", self.key)));
        if !body.is_empty() {
            request = request
                .insert_header(("Content-Type", kind))
                .set_payload(body.to_vec());
        }
        self.system.block_on((self.call)(request))
    }
}

/// Bytes that may stand in a query, so that the URI itself is one.
fn query(bytes: &[u8]) -> String {
    let legal = |byte: &&u8| byte.is_ascii_alphanumeric() || b"%&=+-._~:/?,;@!$'()*".contains(byte);
    bytes
        .iter()
        .filter(legal)
        .take(4_000)
        .map(|byte| char::from(*byte))
        .collect()
}

async fn build(env: Env, store: SharedStore) -> (Box<dyn Fn(TestRequest) -> Answer>, String) {
    let registry = super::rules::registry();
    let (sources, _) = super::stories::shipped();
    let loaded = compile(sources, &registry).expect("the shipped rules compile");
    let rules: Ruleset = loaded.ruleset;
    let passwords = Passwords::cheap(env.clone());
    let built = Bot::builder(store.clone(), env.clone(), Keys::from_bytes(&[7; 32], None))
        .compiled(rules, registry)
        .official_accounts(["plain".to_owned()])
        .passwords(passwords.clone())
        .build()
        .await
        .expect("a bot");
    let config = Config::from_text(Path::new("menshen.toml"), CONFIG, []).expect("a configuration");
    let made = store::execute(&*store, "add_key", |tx| {
        keys::add(tx, "operator", "all", Scope::ALL)
    });
    let key = made.await.expect("a key").text.to_string();
    let parts = Parts {
        store,
        env,
        bot: built.bot,
        keys: Arc::new(Keys::from_bytes(&[7; 32], None)),
        foreign_machines: None,
        passwords,
        account_limits: config.limits.clone(),
        guard_limits: config.guard.limits.clone(),
        clients: Default::default(),
    };
    let app = App::new(&config, parts).expect("the routes");
    let service =
        test::init_service(actix_web::App::new().configure(|cfg| app.configure(cfg))).await;
    let service = Rc::new(service);
    let call = move |request: TestRequest| -> Answer {
        let service = service.clone();
        Box::pin(async move {
            let peer = ([127, 0, 0, 1], 4_000).into();
            let response =
                test::call_service(&*service, request.peer_addr(peer).to_request()).await;
            let status = response.status().as_u16();
            // An event stream would have no end.
            let body = match response.headers().get("content-type") {
                Some(kind) if kind.as_bytes().starts_with(b"text/event-stream") => {
                    Default::default()
                }
                _ => test::read_body(response).await,
            };
            (status, body.to_vec())
        })
    };
    (Box::new(call), key)
}
