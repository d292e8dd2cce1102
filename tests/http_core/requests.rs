//! What a request has to look like, and what is said of one that does not.

use menshen::server::Scope;
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::http_support::{self, Ground};
use crate::login;

#[tokio::test]
async fn bodies_are_strict_and_errors_name_the_field() {
    let ground = Ground::new().await;
    let client = ground.client("login", &[Scope::Login]).await;
    let field = async |body: serde_json::Value| {
        let answer = client.post("/v1/login", body).await;
        assert_eq!(answer.problem(), "invalid", "{answer:?}");
        let error = &answer.json["errors"][0];
        (
            error["field"].as_str().unwrap().to_owned(),
            error["message"].as_str().unwrap().to_owned(),
        )
    };
    let mut body = login("alice", "right");
    body["pasword"] = json!("x");
    let (path, message) = field(body).await;
    assert_eq!(path, "pasword");
    assert!(message.contains("unknown field `pasword`"), "{message}");

    let mut body = login("alice", "right");
    body["captcha"] = json!({"id": "c", "answer": "x", "extra": 1});
    assert_eq!(field(body).await.0, "captcha.extra");
    let mut body = login("alice", "right");
    body["ip"] = json!("not an address");
    assert_eq!(field(body).await.0, "ip");
    let mut body = login("alice", "right");
    body["place"] = json!({"lat": 91});
    assert_eq!(field(body).await.0, "place.lat");
    assert!(
        field(json!({"account": "alice"}))
            .await
            .1
            .contains("missing field")
    );
    assert_eq!(field(login("", "x")).await.0, "account");
    assert_eq!(field(login(&"x".repeat(200), "x")).await.0, "account");
}

#[tokio::test]
async fn what_is_not_json_is_400_415_or_413() {
    let ground = Ground::new().await;
    let client = ground.client("login", &[Scope::Login]).await;
    let send = async |kind: &str, text: String| {
        let answer = client
            .raw(Method::POST, "/v1/login", Some((kind, text)), &[])
            .await;
        (answer.status.as_u16(), answer.json["detail"].to_string())
    };
    let (status, detail) = send("application/json", "{\"account\": \n oops".into()).await;
    assert_eq!(status, 400);
    assert!(detail.contains("line 2"), "{detail}");
    assert_eq!(send("application/json", "{} {}".into()).await.0, 422);
    assert_eq!(send("text/plain", "{}".into()).await.0, 415);
    assert_eq!(send("application/json", "x".repeat(70_000)).await.0, 413);
}

#[tokio::test]
async fn a_packed_body_is_415_and_told_what_to_do() {
    let ground = Ground::new().await;
    let client = ground.all().await;
    for (path, kind) in [
        ("/v1/accounts", "application/json"),
        ("/v1/accounts:import", "application/x-ndjson"),
        ("/v1/logins", "application/x-ndjson"),
    ] {
        for (coding, refused) in [("gzip", true), ("identity, br", true), ("identity", false)] {
            let body = Some((kind, "7".to_owned()));
            let headers = [("Content-Encoding", coding)];
            let answer = client.raw(Method::POST, path, body, &headers).await;
            let told = answer.json["detail"]
                .to_string()
                .contains("Content-Encoding");
            let both = (answer.status == 415, told);
            assert_eq!(both, (refused, refused), "{path} {coding}: {}", answer.json);
        }
    }
}

#[tokio::test]
async fn a_body_that_is_null_is_refused_without_a_word_about_our_types() {
    let ground = Ground::new().await;
    let client = ground.all().await;
    let account = json!({"account": "alice", "phone": "13800138000"});
    assert_eq!(client.post("/v1/accounts", account).await.status, 201);
    for path in ["lock", "unlock", "verification-code"] {
        let path = format!("/v1/accounts/alice/{path}");
        for body in [json!(null), json!(7), json!("x")] {
            let refused = client.post(&path, body.clone()).await;
            assert_eq!(refused.status, 422, "{path} {body}");
            let message = refused.json["errors"][0]["message"].as_str().unwrap();
            assert!(message.contains("expected an object"), "{message}");
            assert!(!message.contains("Body"), "{message}");
        }
        // Nothing at all is fine.
        let answer = client.send(Method::POST, &path, None, &[]).await;
        assert!(answer.status.is_success(), "{path}");
    }
}

#[tokio::test]
async fn probes_may_ask_with_head() {
    let ground = Ground::new().await;
    for (path, length) in [("/healthz", Some("2")), ("/readyz", None)] {
        let answer = ground.anonymous().send(Method::HEAD, path, None, &[]).await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, ""));
        if length.is_some() {
            assert_eq!(answer.header("content-length"), length);
        }
    }
    *ground.bot.unloaded.lock().unwrap() = true;
    let client = ground.anonymous();
    assert_eq!(
        client.send(Method::HEAD, "/readyz", None, &[]).await.status,
        503
    );
    let put = ground.http.put(ground.server.url("/healthz"));
    let refused = put.send().await.unwrap();
    assert_eq!(refused.headers()["allow"], "GET, HEAD");
}

#[tokio::test]
async fn unknown_routes_and_methods_are_problems() {
    let ground = Ground::new().await;
    for (method, path, status) in [
        (Method::GET, "/v1/nothing", 404),
        (Method::GET, "/nothing", 404),
        (Method::DELETE, "/v1/login", 405),
        (Method::PUT, "/healthz", 405),
    ] {
        let response = ground
            .http
            .request(method, ground.server.url(path))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), status, "{path}");
        let allow = response.headers().get("allow");
        assert_eq!(allow.is_some(), status == 405, "{path}");
        let kind = response.headers()["content-type"].to_str().unwrap();
        assert_eq!(kind, "application/problem+json", "{path}");
    }
}

#[tokio::test]
async fn a_foreign_host_name_is_refused() {
    let config = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\nhosts = [\"bot.example\"]\nworkers = 1\nshutdown_seconds = 1\n{}",
        http_support::CONFIG
    );
    let ground = Ground::with(&config).await;
    let nobody = ground.anonymous();
    let refused = nobody.get("/openapi.json").await;
    assert_eq!(
        (refused.status.as_u16(), refused.problem()),
        (421, "wrong-host")
    );
    let answer = nobody
        .send(
            Method::GET,
            "/openapi.json",
            None,
            &[("host", "Bot.Example:80")],
        )
        .await;
    assert_eq!(answer.status, 200);
    // Probes come by address.
    assert_eq!(nobody.get("/healthz").await.status, 200);
    assert_eq!(nobody.get("/readyz").await.status, 200);
}

#[tokio::test]
async fn the_admin_address_answers_to_addresses_and_not_to_foreign_names() {
    let config = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\nhosts = [\"bot.example\"]\nworkers = 1\nshutdown_seconds = 1\n{}",
        http_support::CONFIG
    );
    let ground = Ground::with(&config).await;
    let status = async |address: std::net::SocketAddr, host: &str, path: &str| {
        let url = format!("http://{address}{path}");
        let request = ground.http.get(url).header("host", host);
        request.send().await.unwrap().status().as_u16()
    };
    let public = ground.server.address();
    let admin = ground.server.admin_address().unwrap();
    // As nginx asks by the manual's configuration, and as Prometheus does.
    for host in [
        "127.0.0.1",
        "127.0.0.1:8081",
        "localhost",
        "[::1]:8081",
        "bot.example",
    ] {
        assert_eq!(status(admin, host, "/metrics").await, 200, "{host}");
        assert_eq!(
            status(admin, host, "/v1/sessions/verify").await,
            401,
            "{host}"
        );
    }
    assert_eq!(status(admin, "evil.example", "/metrics").await, 421);
    // A target that is a whole URI counts, whatever the header says; so does a second header.
    for (head, wanted) in [
        (
            "GET http://evil.example/metrics HTTP/1.1\r\nHost: localhost",
            "421",
        ),
        (
            "GET http://localhost/metrics HTTP/1.1\r\nHost: evil.example",
            "421",
        ),
        (
            "GET http://localhost/metrics HTTP/1.1\r\nHost: localhost",
            "200",
        ),
        (
            "GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: evil.example",
            "4",
        ),
        ("GET /metrics HTTP/1.1", "4"),
    ] {
        let mut stream = TcpStream::connect(admin).await.unwrap();
        let request = format!("{head}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let begins = format!("HTTP/1.1 {wanted}");
        assert!(answer.starts_with(&begins), "{head}: {answer:.40}");
    }
    assert_eq!(status(public, "127.0.0.1", "/wechat/main").await, 421);
    assert_eq!(status(public, "bot.example", "/wechat/main").await, 400);
}
