//! The API client against a scripted platform on a real socket.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use menshen::env::{Env, ManualClock, SECOND};
use menshen::wechat::client::{
    CallError, Client, ClientConfig, CustomMessage, ErrorClass, NotSent, Scene, Secret,
    SendOutcome, TemplateMessage, TokenError, Unknown,
};
use serde_json::{Value, json};

/// What the platform does with one request.
enum Act {
    /// Answers 200.
    Json(Value),
    /// Answers with a status and a body.
    Raw(u16, String),
    /// Reads the request and closes the connection.
    Close,
    /// Reads the request and answers nothing until the test is over.
    Hang,
    /// Answers 200 once the test says so.
    Wait(Receiver<()>, Value),
}

/// A platform that does as scripted, one connection and one request at a time per thread.
struct Platform {
    base: String,
    script: Arc<Mutex<VecDeque<Act>>>,
    seen: Arc<Mutex<Vec<(String, String)>>>,
}

impl Platform {
    fn start(script: Vec<Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let script = Arc::new(Mutex::new(VecDeque::from(script)));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (acts, log) = (script.clone(), seen.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (acts, log) = (acts.clone(), log.clone());
                std::thread::spawn(move || serve(stream, &acts, &log));
            }
        });
        Self { base, script, seen }
    }

    fn client(&self) -> (Client, Arc<ManualClock>) {
        self.client_with(Duration::from_secs(10))
    }

    fn client_with(&self, call_timeout: Duration) -> (Client, Arc<ManualClock>) {
        let (env, clock) = Env::scripted(1_732_095_600 * SECOND, 1);
        let config = ClientConfig {
            app_id: "wx1".into(),
            app_secret: Secret::new("hunter2"),
            api_base: self.base.clone(),
            connect_timeout: Duration::from_secs(2),
            call_timeout,
        };
        (Client::new(&config, env).unwrap(), clock)
    }

    /// The paths asked for, without queries.
    fn paths(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        seen.iter()
            .map(|(target, _)| target.split('?').next().unwrap().to_owned())
            .collect()
    }

    fn body(&self, index: usize) -> Value {
        serde_json::from_str(&self.seen.lock().unwrap()[index].1).unwrap()
    }

    fn done(&self) {
        assert!(self.script.lock().unwrap().is_empty(), "script not used up");
    }
}

fn serve(mut stream: TcpStream, acts: &Mutex<VecDeque<Act>>, log: &Mutex<Vec<(String, String)>>) {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    let (head, mut body) = loop {
        let read = stream.read(&mut chunk).unwrap_or(0);
        if read == 0 {
            return;
        }
        bytes.extend_from_slice(&chunk[..read]);
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            break (head, bytes[end + 4..].to_vec());
        }
    };
    let length: usize = head
        .lines()
        .find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("content-length: ")
                .map(str::to_owned)
        })
        .map_or(0, |text| text.trim().parse().unwrap());
    while body.len() < length {
        let read = stream.read(&mut chunk).unwrap();
        body.extend_from_slice(&chunk[..read]);
    }
    let target = head.split(' ').nth(1).unwrap().to_owned();
    log.lock()
        .unwrap()
        .push((target, String::from_utf8(body).unwrap()));
    let act = acts
        .lock()
        .unwrap()
        .pop_front()
        .expect("an unscripted request");
    let (status, text) = match act {
        Act::Json(value) => (200, value.to_string()),
        Act::Raw(status, text) => (status, text),
        Act::Close => return,
        Act::Hang => {
            let _ = stream.read(&mut chunk);
            return;
        }
        Act::Wait(gate, value) => {
            let _ = gate.recv();
            (200, value.to_string())
        }
    };
    let _ = write!(
        stream,
        "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
        text.len()
    );
}

fn token(text: &str) -> Act {
    Act::Json(json!({ "access_token": text, "expires_in": 7200 }))
}

fn ok() -> Act {
    Act::Json(json!({ "errcode": 0, "errmsg": "ok" }))
}

fn refusal(code: i64) -> Act {
    Act::Json(json!({ "errcode": code, "errmsg": "no rid: 1-2" }))
}

const TOKEN: &str = "/cgi-bin/stable_token";
const CUSTOM: &str = "/cgi-bin/message/custom/send";

async fn send(client: &Client) -> SendOutcome {
    client.custom_send("o1", &CustomMessage::text("你好")).await
}

fn accepted() -> SendOutcome {
    SendOutcome::Accepted { msg_id: None }
}

#[tokio::test]
async fn one_token_serves_until_shortly_before_its_end() {
    let platform = Platform::start(vec![token("A"), ok(), ok(), token("B"), ok()]);
    let (client, clock) = platform.client();
    assert_eq!(send(&client).await, accepted());
    clock.advance((7200 - 301) * SECOND);
    assert_eq!(send(&client).await, accepted());
    clock.advance(SECOND);
    assert_eq!(send(&client).await, accepted());
    assert_eq!(platform.paths(), [TOKEN, CUSTOM, CUSTOM, TOKEN, CUSTOM]);
    assert_eq!(
        platform.body(0),
        json!({"grant_type":"client_credential","appid":"wx1","secret":"hunter2","force_refresh":false})
    );
    let seen = platform.seen.lock().unwrap();
    assert!(seen[2].0.ends_with("access_token=A") && seen[4].0.ends_with("access_token=B"));
    assert!(seen[1].1.contains("你好"), "characters go out as they are");
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_at_once_share_one_fetch() {
    let (open, gate): (Sender<()>, _) = channel();
    let mut script = vec![Act::Wait(
        gate,
        json!({"access_token": "A", "expires_in": 7200}),
    )];
    script.extend((0..8).map(|_| ok()));
    let platform = Platform::start(script);
    let client = Arc::new(platform.client().0);
    let sends: Vec<_> = (0..8)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { send(&client).await })
        })
        .collect();
    open.send(()).unwrap();
    for task in sends {
        assert_eq!(task.await.unwrap(), accepted());
    }
    assert_eq!(
        platform
            .paths()
            .iter()
            .filter(|path| *path == TOKEN)
            .count(),
        1
    );
}

#[tokio::test]
async fn a_stale_token_is_replaced_and_the_call_repeated_once() {
    for code in [40001, 40014, 42001, 41001] {
        let platform = Platform::start(vec![token("A"), refusal(code), token("B"), ok()]);
        let (client, _) = platform.client();
        assert_eq!(send(&client).await, accepted(), "{code}");
        assert_eq!(platform.paths(), [TOKEN, CUSTOM, TOKEN, CUSTOM]);
    }
}

#[tokio::test]
async fn a_fresh_token_that_is_refused_too_ends_it() {
    let platform = Platform::start(vec![token("A"), refusal(40001), token("B"), refusal(40001)]);
    let (client, _) = platform.client();
    let SendOutcome::Rejected(error) = send(&client).await else {
        panic!("not rejected")
    };
    assert_eq!((error.code, error.class), (40001, ErrorClass::Alert));
    platform.done();
}

#[tokio::test]
async fn the_same_token_again_is_not_tried_again_nor_asked_for_at_once() {
    let platform = Platform::start(vec![token("A"), refusal(40001), token("A"), refusal(40001)]);
    let (client, _) = platform.client();
    let SendOutcome::Rejected(error) = send(&client).await else {
        panic!("not rejected")
    };
    assert_eq!(error.class, ErrorClass::Alert);
    assert_eq!(platform.paths(), [TOKEN, CUSTOM, TOKEN]);
    // The next call uses the token it has; its refusal causes no further fetch.
    assert!(matches!(
        send(&client).await,
        SendOutcome::NotSent(NotSent::Token(_))
    ));
    assert_eq!(platform.paths(), [TOKEN, CUSTOM, TOKEN, CUSTOM]);
}

#[tokio::test]
async fn a_failed_fetch_pauses_fetching() {
    let platform = Platform::start(vec![refusal(40164), refusal(40164), token("A"), ok()]);
    let (client, clock) = platform.client();
    let error = client.check_credentials().await.unwrap_err();
    assert!(matches!(&error, TokenError::Rejected(error) if error.code == 40164));
    for wait in [0, 59] {
        clock.advance(wait * SECOND);
        let error = client.check_credentials().await.unwrap_err();
        assert!(
            matches!(error, TokenError::BackingOff { cause: Some(cause), .. } if cause.code == 40164)
        );
    }
    clock.advance(SECOND);
    assert!(matches!(
        client.check_credentials().await,
        Err(TokenError::Rejected(_))
    ));
    clock.advance(119 * SECOND);
    assert!(matches!(
        client.check_credentials().await,
        Err(TokenError::BackingOff { .. })
    ));
    clock.advance(SECOND);
    assert_eq!(send(&client).await, accepted());
    platform.done();
}

#[tokio::test]
async fn a_renewal_that_fails_leaves_the_present_token_in_use() {
    let platform = Platform::start(vec![
        token("A"),
        ok(),
        Act::Raw(502, "bad gateway".into()),
        ok(),
    ]);
    let (client, clock) = platform.client();
    assert_eq!(send(&client).await, accepted());
    clock.advance((7200 - 200) * SECOND);
    assert_eq!(send(&client).await, accepted());
    platform.done();
}

#[tokio::test]
async fn outcomes_are_told_apart() {
    let big = "x".repeat(600 * 1024);
    for (act, expected) in [
        (Act::Close, SendOutcome::Unknown(Unknown::Broken)),
        (Act::Hang, SendOutcome::Unknown(Unknown::Timeout)),
        (
            Act::Raw(200, "<html>".into()),
            SendOutcome::Unknown(Unknown::Unreadable),
        ),
        (
            Act::Raw(200, "[1]".into()),
            SendOutcome::Unknown(Unknown::Unreadable),
        ),
        (
            Act::Raw(502, "{}".into()),
            SendOutcome::Unknown(Unknown::Unreadable),
        ),
        (
            Act::Raw(302, "{}".into()),
            SendOutcome::Unknown(Unknown::Unreadable),
        ),
        (
            Act::Raw(200, format!("{{\"a\":\"{big}\"}}")),
            SendOutcome::Unknown(Unknown::Unreadable),
        ),
        (
            Act::Json(json!({"errcode":0,"errmsg":"ok","msgid":"7"})),
            SendOutcome::Accepted {
                msg_id: Some("7".into()),
            },
        ),
    ] {
        let impatient = matches!(act, Act::Hang);
        let platform = Platform::start(vec![token("A"), act]);
        let (client, _) =
            platform.client_with(Duration::from_millis(if impatient { 600 } else { 10_000 }));
        assert_eq!(send(&client).await, expected);
        platform.done();
    }
    let platform = Platform::start(vec![token("A"), refusal(45015)]);
    let (client, _) = platform.client();
    assert!(
        matches!(send(&client).await, SendOutcome::Rejected(error) if error.class == ErrorClass::Fallback)
    );
}

#[tokio::test]
async fn no_connection_means_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let platform = Platform {
        base: format!("http://{}", listener.local_addr().unwrap()),
        script: Arc::default(),
        seen: Arc::default(),
    };
    drop(listener);
    let (client, _) = platform.client();
    let outcome = send(&client).await;
    let SendOutcome::NotSent(NotSent::Token(error)) = &outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(**error, TokenError::Unreachable);
    assert!(!format!("{outcome:?}").contains("hunter2"));
}

#[tokio::test]
async fn template_messages_qr_codes_and_users_have_their_shapes() {
    let platform = Platform::start(vec![
        token("A"),
        Act::Raw(
            200,
            r#"{"errcode":0,"errmsg":"ok","msgid":3428411849815982087}"#.into(),
        ),
        Act::Json(
            json!({"ticket": "gQH+", "expire_seconds": 600, "url": "http://weixin.qq.com/q/k"}),
        ),
        Act::Json(json!({"subscribe": 0, "openid": "o1"})),
        Act::Json(
            json!({"template_list": [{"template_id": "T", "title": "t", "content": "{{thing2.DATA}}"}]}),
        ),
        ok(),
        refusal(40013),
    ]);
    let (client, _) = platform.client();
    let message = TemplateMessage {
        openid: "o1".into(),
        template_id: "T".into(),
        url: None,
        mini_program: None,
        client_msg_id: Some("alert-1".into()),
        data: vec![("thing2".into(), "管理后台".into())],
    };
    assert_eq!(
        client.template_send(&message).await,
        SendOutcome::Accepted {
            msg_id: Some("3428411849815982087".into())
        }
    );
    let scene = Scene::Temporary {
        scene: "login_7f3a9c".into(),
        seconds: u32::MAX,
    };
    let code = client.qrcode_create(&scene).await.unwrap();
    assert_eq!((code.ticket.as_str(), code.expires_in), ("gQH+", Some(600)));
    assert_eq!(platform.body(2)["expire_seconds"], 2_592_000);
    assert!(!client.user_info("o1").await.unwrap().subscribed);
    assert_eq!(client.templates().await.unwrap()[0].2, "{{thing2.DATA}}");
    client
        .menu_create(&json!([{"type": "click", "name": "状态", "key": "M_STATUS"}]))
        .await
        .unwrap();
    assert!(matches!(
        client.user_info("o2").await,
        Err(CallError::Rejected(_))
    ));
    platform.done();
}
