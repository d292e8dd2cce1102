//! The order of the barrier and the socket, end to end: a whole bot over a store whose disk can be
//! held up or broken, real HTTP, and what has and has not been written to the sockets meanwhile.

mod doors;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use super::house::{Extras, House};
use crate::config::Config;
use crate::env::Env;
use crate::keys::MasterKey;
use crate::server::{Scope, TestServer, keys};
use crate::store::{self, Barrier};
use crate::wechat::signature::{Token, sign};

/// Turns what never comes into a failure instead of a standstill.
const NEVER: Duration = Duration::from_secs(30);
const START: i64 = 1_795_161_600_000;

/// A disk that can be held up or broken.
#[derive(Clone, Default)]
struct Disk(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    held: bool,
    broken: bool,
    /// A sync waits.
    waiting: bool,
}

impl Disk {
    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.0.lock().expect("the disk"));
        self.0.1.notify_all();
    }

    /// Waits until a sync stands before the held disk.
    fn wait(&self) {
        let state = self.0.0.lock().expect("the disk");
        let (mut state, _) = self
            .0
            .1
            .wait_timeout_while(state, NEVER, |state| !state.waiting)
            .expect("the disk");
        let came = state.waiting;
        // A test that ends with the disk held would not end.
        state.held &= came;
        drop(state);
        self.0.1.notify_all();
        assert!(came, "no sync came");
    }
}

impl Barrier for Disk {
    fn sync(&self) -> std::io::Result<()> {
        let mut state = self.0.0.lock().expect("the disk");
        while state.held {
            state.waiting = true;
            self.0.1.notify_all();
            state = self.0.1.wait(state).expect("the disk");
        }
        state.waiting = false;
        match state.broken {
            true => Err(std::io::Error::other("input/output error")),
            false => Ok(()),
        }
    }
}

struct Ground {
    disk: Disk,
    house: House,
    server: TestServer,
    webhooks: TcpListener,
    key: String,
    _folder: tempfile::TempDir,
}

async fn ground() -> Ground {
    ground_on(&Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")).await
}

/// With the rules of a folder.
async fn ground_on(rules: &Path) -> Ground {
    let folder = tempfile::tempdir().expect("a folder");
    let (env, _) = Env::scripted(START, 7);
    MasterKey::generate(&folder.path().join("master"), &env).expect("a key");
    let webhooks = TcpListener::bind("127.0.0.1:0").expect("a port");
    let config = format!(
        r#"
[keys]
master_file = "master"
[rules]
path = "{rules}"
[[official_account]]
name = "main"
app_id = "wx5823bf96d3bd56c7"
app_secret = "app-secret"
token = "tour-token"
mode = "plaintext"
allow_plaintext_guard = true
api_base = "http://127.0.0.1:1"
[official_account.templates]
login_alert = "T1"
[calls.security_desk]
url = "http://127.0.0.1:1/desk"
secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
[forward]
url = "http://127.0.0.1:1/forward"
secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
[[webhook]]
url = "http://{address}/hook"
secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
"#,
        rules = rules.display(),
        address = webhooks.local_addr().expect("an address"),
    );
    let config =
        Config::from_text(&folder.path().join("menshen.toml"), &config, []).expect("sound");
    let disk = Disk::default();
    let store = store::memory_behind(Box::new(disk.clone()), env.clone());
    let extras = Extras {
        no_control: true,
        stories_passed: true,
        ..Extras::default()
    };
    let house = House::build(&config, store, env, extras)
        .await
        .expect("a bot");
    let added = store::execute(&*house.store, "test", |tx| {
        keys::add(tx, "operator", "test", Scope::ALL)
    });
    let key = added.await.expect("a key").text.to_string();
    let server = TestServer::start(house.app.clone()).expect("a port");
    Ground {
        disk,
        house,
        server,
        webhooks,
        key,
        _folder: folder,
    }
}

impl Ground {
    /// A request on a connection of its own.
    fn send(&self, method: &str, path: &str, body: &str) -> TcpStream {
        self.send_as("application/json", method, path, body)
    }

    fn send_as(&self, kind: &str, method: &str, path: &str, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.server.address()).expect("it listens");
        stream.set_read_timeout(Some(NEVER)).expect("set");
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Authorization: Bearer {}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
            self.key,
            body.len()
        );
        stream.write_all(head.as_bytes()).expect("sent");
        stream.write_all(body.as_bytes()).expect("sent");
        stream
    }

    fn call(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        answer(self.send(method, path, body))
    }

    fn push(&self, number: u64, text: &str) -> TcpStream {
        let timestamp = (START / 1_000).to_string();
        let nonce = format!("nonce{number}");
        let signature = sign(&Token::new("tour-token"), &[&timestamp, &nonce]);
        let body = format!(
            "<xml><ToUserName>gh_1</ToUserName><FromUserName>oAlice</FromUserName>\
             <CreateTime>{timestamp}</CreateTime><MsgType>text</MsgType>\
             <Content>{text}</Content><MsgId>{number}</MsgId></xml>"
        );
        let path =
            format!("/wechat/main?signature={signature}&timestamp={timestamp}&nonce={nonce}");
        self.send_as("text/xml", "POST", &path, &body)
    }

    /// The server's one worker has had every opportunity to write what it has.
    fn turn_over(&self) {
        for _ in 0..5 {
            assert_eq!(self.call("GET", "/healthz", "").0, 200);
        }
    }

    async fn stop(self) {
        self.disk.change(|state| state.held = false);
        self.server.stop().await;
        self.house.close().await;
    }
}

/// Status and body.
fn answer(mut stream: TcpStream) -> (u16, String) {
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    let (head, body) = text.split_once("\r\n\r\n").expect("an answer");
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
    (status.expect("a status"), body.to_owned())
}

fn assert_silent(stream: &mut TcpStream, what: &str) {
    stream.set_nonblocking(true).expect("set");
    let read = stream.read(&mut [0; 64]);
    assert!(
        matches!(&read, Err(error) if error.kind() == ErrorKind::WouldBlock),
        "{what} was answered before it was on the disk: {read:?}"
    );
    stream.set_nonblocking(false).expect("set");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_reply_event_or_webhook_leaves_before_the_disk_has_it() {
    let ground = ground().await;
    ground.webhooks.set_nonblocking(true).expect("set");
    let alice = r#"{"account":"alice","name":"爱丽丝","phone":"13800138000"}"#;

    ground.disk.change(|state| state.held = true);
    let mut creating = ground.send("POST", "/v1/accounts", alice);
    ground.disk.wait();
    let mut reading = ground.send("GET", "/v1/accounts/alice", "");
    let mut listening = ground.send("GET", "/v1/events", "");
    ground.turn_over();
    assert_silent(&mut creating, "an API call");
    assert_silent(&mut reading, "a read of what is not on the disk");
    assert_silent(&mut listening, "the event feed");
    let hooked = ground.webhooks.accept();
    assert!(
        matches!(&hooked, Err(error) if error.kind() == ErrorKind::WouldBlock),
        "a webhook left before the disk had its event: {hooked:?}"
    );
    ground.disk.change(|state| state.held = false);
    assert_eq!(answer(creating).0, 201);
    let (status, seen) = answer(reading);
    assert!(status == 200 || status == 404, "{status}: {seen}");
    assert_eq!(answer(listening).0, 200);
    ground.webhooks.set_nonblocking(false).expect("set");
    first_line(&ground.webhooks);

    let (status, issued) = ground.call("POST", "/v1/accounts/alice/verification-code", "{}");
    assert_eq!(status, 201, "{issued}");
    let issued: serde_json::Value = serde_json::from_str(&issued).expect("JSON");
    let code = issued["code"].as_str().expect("a code");
    ground.disk.change(|state| state.held = true);
    let mut binding = ground.push(1, &format!("13800138000 {code}"));
    ground.disk.wait();
    ground.turn_over();
    assert_silent(&mut binding, "a push");
    ground.disk.change(|state| state.held = false);
    let (status, reply) = answer(binding);
    assert!(
        status == 200 && reply.contains("绑定成功"),
        "{status}: {reply}"
    );
    ground.stop().await;
}

/// Waits for a webhook and hangs up on it.
fn first_line(listener: &TcpListener) {
    let (mut stream, _): (TcpStream, SocketAddr) = listener.accept().expect("a webhook");
    stream.set_read_timeout(Some(NEVER)).expect("set");
    let mut start = [0; 10];
    stream.read_exact(&mut start).expect("a request");
    assert_eq!(&start, b"POST /hook");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_failed_sync_the_process_takes_nothing_and_says_so() {
    let ground = ground().await;
    assert_eq!(ground.call("GET", "/readyz", "").0, 200);
    ground.disk.change(|state| state.broken = true);
    let alice = r#"{"account":"alice","name":"爱丽丝","phone":"13800138000"}"#;
    let (status, problem) = ground.call("POST", "/v1/accounts", alice);
    assert_eq!(status, 503, "{problem}");
    // The disk is well again: what it has lost meanwhile is unknown, so nothing is taken any more.
    ground.disk.change(|state| state.broken = false);
    for (method, path, body) in [
        ("POST", "/v1/accounts", alice),
        ("GET", "/v1/accounts/alice", ""),
        ("GET", "/v1/events", ""),
        ("POST", "/v1/accounts/alice/lock", "{}"),
    ] {
        let (status, problem) = ground.call(method, path, body);
        assert_eq!(status, 503, "{method} {path}: {problem}");
    }
    let (status, reply) = answer(ground.push(2, "你好"));
    assert_eq!(status, 503, "the platform must try again: {reply}");
    let (status, readiness) = ground.call("GET", "/readyz", "");
    assert_eq!(status, 503);
    assert!(readiness.contains(r#""store":"failed""#), "{readiness}");
    let (_, metrics) = ground.call("GET", "/metrics", "");
    assert!(metrics.contains("menshen_store_failed 1"), "{metrics}");
    assert!(ground.house.store.status().failed.is_some());
    ground.stop().await;
}
