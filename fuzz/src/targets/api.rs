//! Every operation of the HTTP face with any body and query, over the real bot with the shipped rules and
//! a store in memory. Whatever comes, the answer is never a 5xx and the next request is answered too.

mod routes;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::mem::ManuallyDrop;
use std::path::Path;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use actix_web::http::Method;
use actix_web::rt::{System, SystemRunner};
use actix_web::test::{self, TestRequest};
use menshen::accounts::Passwords;
use menshen::bot::Bot;
use menshen::bot::context::CaptchaWitness;
use menshen::bot::ruleset::{Ruleset, compile};
use menshen::bot::settings::Settings;
use menshen::config::Config;
use menshen::env::{Env, ManualClock};
use menshen::keys::Keys;
use menshen::server::{App, Parts, Scope, keys};
use menshen::store::{self, SharedStore};
use menshen::wechat::crypto::EncodingAesKey;
use menshen::wechat::signature::{Token, sign};

use self::routes::{KINDS, ROUTES};
use super::bytes::Bytes;

const START: i64 = 1_795_161_600_000;
/// Inputs before everything starts anew, so that what is kept stays small.
const LIFE: u32 = 400;

const APP_ID: &str = "wx5823bf96d3bd56c7";
const TOKEN: &str = "tour-token";
const AES_KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";

const CONFIG: &str = r#"
[[official_account]]
name = "plain"
app_id = "wx5823bf96d3bd56c8"
app_secret = "app-secret"
token = "tour-token"
mode = "plaintext"
allow_plaintext_guard = true
api_base = "http://127.0.0.1:1"
[[official_account]]
name = "safe"
app_id = "wx5823bf96d3bd56c7"
app_secret = "app-secret"
token = "tour-token"
encoding_aes_key = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
mode = "safe"
api_base = "http://127.0.0.1:1"
"#;

type Answer = Pin<Box<dyn Future<Output = (u16, Vec<u8>)>>>;

struct Ground {
    system: SystemRunner,
    store: SharedStore,
    clock: Arc<ManualClock>,
    key: String,
    call: Box<dyn Fn(TestRequest) -> Answer>,
    left: u32,
    /// The last identifier of each kind that an answer gave.
    ids: BTreeMap<String, String>,
    /// What the last captcha shows.
    drawn: Arc<Mutex<String>>,
}

struct Drawn(Arc<Mutex<String>>);

impl CaptchaWitness for Drawn {
    fn drawn(&self, _: &str, answer: &str) {
        answer.clone_into(&mut self.0.lock().expect("one thread"));
    }
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

/// The first route to a path.
fn route(path: &str) -> usize {
    let mut routes = ROUTES.iter();
    let at = routes.position(|(_, other, _)| *other == path);
    at.expect("a route of this path")
}

impl Ground {
    fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let system = System::new();
        let (env, clock) = Env::scripted(START, 7);
        let store = store::memory(env.clone());
        let drawn: Arc<Mutex<String>> = Arc::default();
        let (call, key) = system.block_on(build(env, store.clone(), drawn.clone()));
        let ground = Self {
            system,
            store,
            clock,
            key,
            call,
            left: LIFE,
            ids: BTreeMap::new(),
            drawn,
        };
        let alice = ROUTES[0]
            .2
            .replace("bob", "alice")
            .replace("139001", "138001")
            .replace("鲍勃", "爱丽丝");
        let (status, body) = ground.send(0, alice.as_bytes(), "");
        assert_eq!(status, 201, "{}", String::from_utf8_lossy(&body));
        // Bound, so that there are messages to send and prompts.
        let code = route("/v1/accounts/alice/verification-code");
        let (status, body) = ground.send(code, b"{}", "");
        assert_eq!(status, 201, "{}", String::from_utf8_lossy(&body));
        let issued: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        let code = issued["code"].as_str().expect("a code");
        let push = route("/wechat/plain");
        let text = format!("13800139000 {code}");
        let (status, body) = ground.send(
            push,
            ROUTES[push]
                .2
                .replace("绑定", &text)
                .replace("<MsgId>1", "<MsgId>3")
                .as_bytes(),
            "",
        );
        let reply = String::from_utf8_lossy(&body);
        assert!(
            status == 200 && reply.contains("绑定成功"),
            "{status} {reply}"
        );
        ground
    }

    /// A path or body with identifiers.
    fn named(&self, text: &str) -> String {
        let answer = self.drawn.lock().expect("one thread");
        let text = text.replace("{answer}", &answer);
        KINDS.iter().fold(text, |text, of| {
            let id = self.ids.get(*of).map_or("x", String::as_str);
            text.replace(&format!("{{{of}}}"), id)
        })
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
            "GET" | "HEAD" => {
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
        if let Ok(said) = serde_json::from_slice(&answer) {
            learn(&mut self.ids, collection(ROUTES[route].1), &said);
        }
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
        let mut uri = self.named(path);
        let mut body = match std::str::from_utf8(body) {
            Ok(text) => self.named(text).into_bytes(),
            Err(_) => body.to_vec(),
        };
        if path.starts_with("/wechat/") && query.is_empty() {
            let token = Token::new(TOKEN);
            let now = (self.clock.advance(0) / 1_000).to_string();
            let signature = sign(&token, &[&now, "1"]);
            uri.push_str(&format!("?signature={signature}&timestamp={now}&nonce=1"));
            if path == "/wechat/safe" {
                // Sealed rightly: what is inside is what a broken platform, or one who has the key, may send.
                let key = EncodingAesKey::parse(AES_KEY).expect("a key");
                let sealed = key.encrypt([7; 16], &body, APP_ID);
                let signature = sign(&token, &[&now, "1", &sealed]);
                uri.push_str(&format!("&encrypt_type=aes&msg_signature={signature}"));
                let whole =
                    format!("<xml><ToUserName>gh_a</ToUserName><Encrypt>{sealed}</Encrypt></xml>");
                body = whole.into_bytes();
            }
        } else if !query.is_empty() {
            uri.push('?');
            uri.push_str(query);
        }
        let kind = match path {
            "/v1/accounts:import" => "application/x-ndjson",
            "/wechat/plain" | "/wechat/safe" => "text/xml",
            _ => "application/json",
        };
        let mut request = TestRequest::with_uri(&uri)
            .method(method)
            .insert_header(("Authorization", format!("Bearer {}", self.key)));
        if !body.is_empty() {
            request = request
                .insert_header(("Content-Type", kind))
                .set_payload(body);
        }
        self.system.block_on((self.call)(request))
    }
}

/// What the identifiers in a route's answers are of, where they are just `id`.
fn collection(path: &str) -> &str {
    let last = path.rsplit('/').find(|part| !part.starts_with('{'));
    last.unwrap_or_default().trim_end_matches('s')
}

/// Remembers the identifiers in an answer by what they are of: `{"alert":"…"}`, `{"captcha":{"id":"…"}}`,
/// `{"alerts":[{"id":"…"}]}`.
fn learn(ids: &mut BTreeMap<String, String>, of: &str, said: &serde_json::Value) {
    match said {
        serde_json::Value::String(id) => {
            let of = if id.starts_with("m1.") {
                "signed_machine"
            } else {
                of
            };
            // It must stand in a path.
            if !id.is_empty()
                && id
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
            {
                ids.insert(of.to_owned(), id.clone());
            }
        }
        serde_json::Value::Array(all) => all.iter().for_each(|one| learn(ids, of, one)),
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                match name.as_str() {
                    "id" => learn(ids, of, value),
                    _ => learn(ids, name.trim_end_matches('s'), value),
                }
            }
        }
        _ => {}
    }
}

/// Every operation that the interface's own description names has a route here.
#[allow(dead_code, reason = "asked by the tests, not by the fuzzer")]
pub fn every_operation_is_tried() {
    let mut ground = Ground::new();
    let at = ROUTES
        .iter()
        .position(|(_, path, _)| *path == "/openapi.json");
    let (_, text) = ground.send(at.expect("a route"), b"", "");
    let described: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
    let tried = |method: &str, path: &str| {
        ROUTES.iter().any(|(with, route, _)| {
            let (route, _) = route.split_once('?').unwrap_or((route, ""));
            let (own, told) = (route.split('/'), path.split('/'));
            *with == method.to_uppercase()
                && own.clone().count() == told.clone().count()
                && own
                    .zip(told)
                    .all(|(own, told)| own == told || told.starts_with('{'))
        })
    };
    for (path, methods) in described["paths"].as_object().expect("paths") {
        for method in methods.as_object().expect("methods").keys() {
            assert!(tried(method, path), "{method} {path} is never asked for");
        }
    }
    // And what is asked for by identifiers finds something, once there is something.
    for seed in seeds()
        .iter()
        .filter(|seed| ROUTES[usize::from(seed[0])].0 != "DELETE")
    {
        ground.request(seed);
    }
    let without: Vec<_> = KINDS
        .iter()
        .filter(|of| !ground.ids.contains_key(**of))
        .collect();
    assert!(without.is_empty(), "no answer gave one of {without:?}");
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

async fn build(
    env: Env,
    store: SharedStore,
    drawn: Arc<Mutex<String>>,
) -> (Box<dyn Fn(TestRequest) -> Answer>, String) {
    let registry = super::rules::registry();
    let (sources, _) = super::stories::shipped();
    let loaded = compile(sources, &registry).expect("the shipped rules compile");
    let rules: Ruleset = loaded.ruleset;
    let passwords = Passwords::cheap(env.clone());
    let built = Bot::builder(store.clone(), env.clone(), Keys::from_bytes(&[7; 32], None))
        .compiled(rules, registry)
        .official_accounts(["plain".to_owned(), "safe".to_owned()])
        .passwords(passwords.clone())
        .captcha_witness(Arc::new(Drawn(drawn)))
        .settings(Settings {
            plaintext: BTreeSet::from(["plain".to_owned()]),
            ..Settings::default()
        })
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
