//! The binary as it runs in production: `init` and `serve`, and `dev`, driven over their sockets.
#![cfg(feature = "cli")]

#[path = "../cli_support/mod.rs"]
mod cli_support;
mod server;

use std::io::Read as _;
use std::path::Path;

use cli_support::{command, done, menshen};
use menshen::env::MINUTE;
use menshen::wechat::signature::{Token, sign};
use reqwest::Method;
use serde_json::{Value, json};

use server::*;

#[tokio::test]
async fn limits_of_the_configuration_hold_in_a_running_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    std::fs::create_dir(folder.join("rules")).expect("made");
    std::fs::write(folder.join("rules/test.rules"), RULES).expect("written");
    done(&menshen(
        folder,
        &["init", ".", "--app-id", "wx0123456789abcdef"],
    ));
    std::fs::write(folder.join("secrets/app_secret"), "0123456789abcdef").expect("written");
    let scopes = "accounts,codes,lock,login,machines";
    let add = ["keys", "add", "test", "--scope", scopes];
    let key = done(&menshen(folder, &add));
    let mut command = command(folder, &["serve", "--log", "info"]);
    for (name, value) in [
        ("SERVER__LISTEN", "127.0.0.1:0"),
        ("OFFICIAL_ACCOUNT__MAIN__MODE", "plaintext"),
        ("OFFICIAL_ACCOUNT__MAIN__ALLOW_PLAINTEXT_GUARD", "true"),
        ("OFFICIAL_ACCOUNT__MAIN__API_BASE", "http://127.0.0.1:9"),
        ("LIMITS__CODE_LIFE", "2m"),
        ("LIMITS__CODE_TRIES", "2"),
        ("LIMITS__TICKET_LIFE", "3m"),
        ("GUARD__MACHINES_PER_ADDRESS", "2"),
        ("GUARD__CAPTCHAS_PER_ADDRESS", "1"),
        ("GUARD__CAPTCHA_LIFE", "1m"),
        ("GUARD__SESSION_LIFE", "5m"),
    ] {
        command.env(format!("MENSHEN_{name}"), value);
    }
    let mut server = Server::start(command, "serving listen=");
    server.key = key.trim().to_owned();

    let alice = json!({"account": "alice", "phone": PHONE, "password": PASSWORD});
    server.made("/v1/accounts", alice).await;
    let before = now();
    let code = server
        .made("/v1/accounts/alice/verification-code", Value::Null)
        .await;
    assert_lasts(&code, 2 * MINUTE, (before, now()));
    let before = now();
    let ticket = server
        .made("/v1/accounts/alice/bind-ticket", Value::Null)
        .await;
    assert_lasts(&ticket, 3 * MINUTE, (before, now()));

    let address = json!({"ip": "203.0.113.7"});
    for wanted in [201, 201, 429] {
        let (status, answer) = server.post("/v1/machines", address.clone()).await;
        assert_eq!(status, wanted, "{answer}");
    }
    let before = now();
    let whose = json!({"account": "alice", "ip": "203.0.113.7"});
    let captcha = server.made("/v1/captchas", whose.clone()).await;
    assert_lasts(&captcha, MINUTE, (before, now()));
    assert_eq!(server.post("/v1/captchas", whose).await.0, 429);

    // The bot has the same limits as the API: a captcha demanded by a rule counts and ends likewise.
    let login = |ip: &str, channel: &str| json!({"account": "alice", "password": PASSWORD, "ip": ip, "channel": channel});
    let before = now();
    let (status, answer) = server
        .post("/v1/login", login("203.0.113.8", "kiosk"))
        .await;
    assert_eq!(status, 403, "{answer}");
    assert_lasts(&answer["captcha"], MINUTE, (before, now()));
    let (status, answer) = server
        .post("/v1/login", login("203.0.113.8", "kiosk"))
        .await;
    assert_eq!(status, 429, "{answer}");
    let granted = server.made("/v1/login", login("203.0.113.9", "web")).await;
    let session = &granted["session"];
    assert_eq!(
        time(session, "expires_at") - time(session, "since"),
        5 * MINUTE
    );

    // Unknown, wrong and locked are one answer, to the letter.
    let bob = json!({"account": "bob", "password": PASSWORD});
    server.made("/v1/accounts", bob).await;
    server.made("/v1/accounts/bob/lock", Value::Null).await;
    let mut refusals = Vec::new();
    for (account, password) in [("nobody", PASSWORD), ("alice", "wrong"), ("bob", PASSWORD)] {
        let body = json!({"account": account, "password": password, "ip": "203.0.113.9"});
        refusals.push(server.post("/v1/login", body).await);
    }
    assert_eq!(refusals[0].0, 401);
    assert!(
        refusals.iter().all(|refusal| *refusal == refusals[0]),
        "{refusals:?}"
    );

    let right = code["code"].as_str().expect("a code").to_owned();
    let wrong = |n: u32| {
        format!(
            "{:06}",
            (right.parse::<u32>().expect("digits") + n) % 1_000_000
        )
    };
    let token = std::fs::read_to_string(folder.join("secrets/token")).expect("made by init");
    let mut replies = Vec::new();
    for (id, digits) in [wrong(1), wrong(2), right.clone()].into_iter().enumerate() {
        let seconds = (now() / 1_000).to_string();
        let nonce = format!("n{id}");
        let signature = sign(&Token::new(token.trim()), &[&seconds, &nonce]);
        let body = format!(
            "<xml><ToUserName>gh_1</ToUserName><FromUserName>oAlice</FromUserName><CreateTime>{seconds}</CreateTime><MsgType>text</MsgType><Content>{PHONE} {digits}</Content><MsgId>{id}1</MsgId></xml>"
        );
        let url = format!(
            "{}/wechat/main?signature={signature}&timestamp={seconds}&nonce={nonce}",
            server.url
        );
        let answer = server
            .http
            .post(url)
            .header("content-type", "text/xml")
            .body(body);
        let answer = answer.send().await.expect("it answers");
        assert_eq!(answer.status(), 200);
        replies.push(answer.text().await.expect("a body"));
    }
    assert!(replies[0].contains("还可以试 1 次"), "{replies:?}");
    assert!(replies[1].contains("还可以试 0 次"), "{replies:?}");
    assert!(replies[2].contains("太多次"), "{replies:?}");
}

/// What the API says of a decision is, to the letter, what the command line says of the same login.
#[tokio::test]
async fn a_decision_is_explained_alike_over_http_and_by_the_command() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let rules = shipped.to_str().expect("UTF-8");
    let server = Server::dev(folder, rules, "warn");
    server
        .made("/v1/accounts", json!({"account": "zhang"}))
        .await;

    // Seconds: what is written into the file is what the server was told.
    let last = now() / 1_000 * 1_000 - 5_000;
    let day = 24 * 60 * MINUTE;
    let mut logins: Vec<Value> = (1..=20)
        .rev()
        .map(|days| {
            json!({
                "account": "zhang", "success": true, "ip": "203.0.113.7",
                "place": {"city": "北京", "lat": 39.9, "lon": 116.4},
                "time": menshen::env::rfc3339(last - days * day),
            })
        })
        .collect();
    for minutes in [4, 3, 2] {
        logins.push(json!({
            "account": "zhang", "success": false, "reason": "wrong_password", "ip": "198.51.100.4",
            "time": menshen::env::rfc3339(last - minutes * MINUTE),
        }));
    }
    for login in &logins {
        server.made("/v1/logins", login.clone()).await;
    }
    let judged = json!({
        "account": "zhang", "success": true, "ip": "198.51.100.4",
        "place": {"city": "纽约", "lat": 40.71, "lon": -74.01},
        "time": menshen::env::rfc3339(last),
    });
    let answer = server.made("/v1/logins", judged.clone()).await;
    let id = answer["id"].as_str().expect("a decision").to_owned();
    let path = format!("/v1/decisions/{id}");
    let (status, decision) = server.call(Method::GET, &path, Value::Null).await;
    assert_eq!(status, 200, "{decision}");
    let explanation = decision["explanation"].as_str().expect("a text");
    assert!(
        explanation.contains("new_city") && explanation.contains("纽约"),
        "{explanation}"
    );

    logins.push(judged);
    let lines: Vec<String> = logins.iter().map(Value::to_string).collect();
    std::fs::write(folder.join("logins.jsonl"), lines.join("\n")).expect("written");
    let said = done(&menshen(
        folder,
        &["explain", rules, "--login", "logins.jsonl"],
    ));
    let (_, said) = said.split_once("登录：").expect("the login");
    let (_, said) = said.split_once('\n').expect("its head");
    assert_eq!(said.trim_end(), explanation.trim_end());
}

/// Runs through everything a secret takes part in, with the whole process logging all it can.
#[tokio::test]
async fn no_secret_of_a_run_is_in_its_log() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    std::fs::create_dir(folder.join("rules")).expect("made");
    std::fs::write(folder.join("rules/test.rules"), RULES).expect("written");
    let mut server = Server::dev(folder, "rules", "trace");
    let mut secrets = vec![
        ("the API key", made_by_dev(folder, "KEY")),
        ("the callback's token", made_by_dev(folder, "TOKEN")),
        ("the EncodingAESKey", made_by_dev(folder, "AES_KEY")),
        ("the password", PASSWORD.to_owned()),
        ("the phone", SECRET_PHONE.to_owned()),
        ("a text", "今天天气怎么样".to_owned()),
    ];
    let alice = json!({"account": "alice", "phone": SECRET_PHONE, "password": PASSWORD});
    server.made("/v1/accounts", alice).await;
    let path = "/v1/accounts/alice/verification-code";
    let code = server.made(path, Value::Null).await["code"].clone();
    let code = code.as_str().expect("a code").to_owned();
    let ticket = server
        .made("/v1/accounts/alice/bind-ticket", Value::Null)
        .await;
    secrets.push((
        "a ticket",
        ticket["ticket"].as_str().expect("one").to_owned(),
    ));

    let user = server.made("/sandbox/users", json!({"name": "小王"})).await;
    let openid = user["openid"].as_str().expect("one").to_owned();
    let act = |action: &str, body: Value| {
        let path = format!("/sandbox/users/{openid}/{action}");
        let server = &server;
        async move { server.made(&path, body).await }
    };
    act("follow", json!({})).await;
    act("text", json!({"content": "今天天气怎么样"})).await;
    act("text", json!({"content": format!("{SECRET_PHONE} {code}")})).await;
    let (status, binding) = server
        .call(Method::GET, "/v1/accounts/alice/binding", Value::Null)
        .await;
    assert_eq!((status.as_u16(), &binding["openid"]), (200, &json!(openid)));

    let machine = server
        .made("/v1/machines", json!({"ip": "203.0.113.7"}))
        .await;
    let machine = machine["machine"].as_str().expect("one").to_owned();
    let login = |password: &str, captcha: Value, channel: &str| {
        let mut body = json!({
            "account": "alice", "password": password, "ip": "203.0.113.7",
            "machine": machine, "channel": channel,
        });
        if !captcha.is_null() {
            body["captcha"] = captcha;
        }
        body
    };
    let (status, challenge) = server
        .post("/v1/login", login(PASSWORD, Value::Null, "kiosk"))
        .await;
    assert_eq!(status, 403);
    let captcha = challenge["captcha"]["id"].as_str().expect("one").to_owned();
    let (_, drawn) = server
        .call(
            Method::GET,
            &format!("/sandbox/captchas/{captcha}"),
            Value::Null,
        )
        .await;
    let answer = drawn["answer"].as_str().expect("one").to_owned();
    let solved = json!({"id": captcha, "answer": answer.clone()});
    let granted = server
        .made("/v1/login", login(PASSWORD, solved, "kiosk"))
        .await;
    let token = granted["token"].as_str().expect("one").to_owned();
    let (status, _) = server
        .post(
            "/v1/login",
            login("wrong-horse-entirely", Value::Null, "web"),
        )
        .await;
    assert_eq!(status, 401);
    server
        .made("/v1/sessions/introspect", json!({"token": token}))
        .await;
    let message = json!({"text": "工资条已出：一万二"});
    server.made("/v1/accounts/alice/messages", message).await;
    act("text", json!({"content": "锁定"})).await;
    let (_, again) = server
        .post("/v1/login", login(PASSWORD, Value::Null, "web"))
        .await;
    assert_eq!(again["type"], "urn:menshen:problem:login-refused");
    // Things that go wrong are logged too.
    let (status, _) = server
        .post(
            "/v1/accounts",
            json!({"account": "bob", "phone": "138001380"}),
        )
        .await;
    assert_eq!(status, 422);
    let (status, _) = server
        .call(Method::DELETE, "/v1/accounts/alice", Value::Null)
        .await;
    assert_eq!(status, 200);

    secrets.extend([
        ("the code", code),
        ("the OpenID", openid.clone()),
        (
            "a machine identifier's signature",
            machine.rsplit_once('.').expect("signed").1.to_owned(),
        ),
        ("a captcha's answer", answer),
        ("a session's token", token),
        ("a wrong password", "wrong-horse-entirely".to_owned()),
        ("a message", "工资条已出".to_owned()),
    ]);
    for name in ["app_secret", "master"] {
        let mut text = String::new();
        let found = find(&folder.join("data"), name)
            .unwrap_or_else(|| panic!("`dev` has made no file {name}"));
        std::fs::File::open(found)
            .and_then(|mut file| file.read_to_string(&mut text))
            .expect("readable");
        let secret = text
            .split_whitespace()
            .last()
            .expect("something")
            .to_owned();
        secrets.push(("a secret of the data directory", secret));
    }
    let log = server.log_to_the_end();
    assert!(log.contains("TRACE"), "it logs all it can");
    assert!(log.lines().count() > 100, "{log}");
    for (what, secret) in &secrets {
        assert!(secret.len() >= 6, "{what} is too short to look for");
        // A line begins with its time, whose microseconds may be any code.
        let texts = log
            .lines()
            .map(|line| line.split_once("Z ").map_or(line, |(_, text)| text));
        if let Some(line) = texts
            .into_iter()
            .find(|line| line.contains(secret.as_str()))
        {
            // Without the secret itself: a test's output is kept as well.
            panic!(
                "{what} is in the log: {}",
                line.replace(secret.as_str(), "…")
            );
        }
    }
}

/// A file of this name somewhere below a folder.
fn find(folder: &Path, name: &str) -> Option<std::path::PathBuf> {
    for entry in std::fs::read_dir(folder).ok()?.flatten() {
        let path = entry.path();
        if path.is_dir() {
            if let Some(found) = find(&path, name) {
                return Some(found);
            }
        } else if entry.file_name().to_string_lossy() == name {
            return Some(path);
        }
    }
    None
}
