//! The HTTP client's refusals, and forwarding.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::super::http::{Lookup, Post, PostError};
use super::super::testing::START;
use super::super::*;
use super::server::Server;
use crate::env::Env;

/// Every name is this address.
struct Fixed(&'static str);

impl Lookup for Fixed {
    fn lookup(&self, _: String) -> BoxFuture<'static, Vec<IpAddr>> {
        let address = self.0.parse().expect("an address");
        Box::pin(async move { vec![address] })
    }
}

fn post(body: &str) -> Post<'static> {
    Post {
        id: "evt_1",
        now: START,
        body: body.as_bytes().to_vec(),
        secrets: &[],
        deadline: Duration::from_secs(10),
    }
}

#[test]
fn urls_that_are_not_taken() {
    let parse = |url, private| Endpoint::parse(url, private).map(drop);
    assert_eq!(parse("https://erp.example.com/hook", false), Ok(()));
    assert_eq!(parse("http://127.0.0.1:9000/hook", false), Ok(()));
    assert_eq!(parse("http://localhost:9000/", false), Ok(()));
    assert_eq!(parse("http://[::1]:9000/", false), Ok(()));
    assert_eq!(parse("https://10.0.0.8/", true), Ok(()));
    assert_eq!(parse("hook", false), Err(EndpointError::NotAUrl));
    assert_eq!(
        parse("http://erp.example.com/", false),
        Err(EndpointError::Scheme)
    );
    assert_eq!(parse("http://10.0.0.8/", true), Err(EndpointError::Scheme));
    assert_eq!(parse("ftp://127.0.0.1/", false), Err(EndpointError::Scheme));
    assert_eq!(
        parse("https://a:b@erp.example.com/", false),
        Err(EndpointError::Credentials)
    );
    for (url, private) in [
        ("https://169.254.169.254/latest/meta-data", true),
        ("https://2852039166/", true), // 169.254.169.254 as one number
        ("https://0xa9.0xfe.0xa9.0xfe/", true),
        ("https://[fe80::1]/", true),
        ("https://0.0.0.0/", true),
        ("https://10.0.0.8/", false),
        ("https://192.168.1.1/", false),
        ("https://[fd12::1]/", false),
        ("https://[::ffff:10.0.0.8]/", false),
    ] {
        assert!(
            matches!(parse(url, private), Err(EndpointError::Address(_))),
            "{url}"
        );
    }
}

#[tokio::test]
async fn a_name_that_resolves_to_a_refused_address_is_not_connected_to() {
    for (address, private) in [
        ("169.254.169.254", true),
        ("169.254.169.254", false),
        ("100.100.100.200", true),
        ("10.1.2.3", false),
        ("192.168.0.1", false),
        ("127.0.0.1", false),
        ("::ffff:169.254.169.254", true),
    ] {
        let http = Outward::with_resolver(Arc::new(Fixed(address))).expect("a client");
        let endpoint = Endpoint::parse("https://erp.example.com/hook", private).expect("a URL");
        let answer = http.post(&endpoint, post("{}")).await;
        assert_eq!(answer, Err(PostError::Refused), "{address}");
    }
    // "localhost" is loopback or nothing.
    let http = Outward::with_resolver(Arc::new(Fixed("10.1.2.3"))).expect("a client");
    let endpoint = Endpoint::parse("http://localhost:9/", true).expect("a URL");
    assert_eq!(
        http.post(&endpoint, post("{}")).await,
        Err(PostError::Refused)
    );
}

#[actix_web::test]
async fn redirects_are_answers_and_bodies_are_bounded() {
    let server = Server::start();
    let http = Outward::new().expect("a client");
    let endpoint = Endpoint::parse(&server.url, false).expect("a URL");
    server.then(302, "");
    let answer = http.post(&endpoint, post("{}")).await.expect("an answer");
    assert_eq!(answer.status, 302);
    assert!(!answer.is_success());
    assert_eq!(server.got().len(), 1, "the redirect was not followed");

    server.then(200, &"x".repeat(http::MAX_ANSWER_BYTES));
    let answer = http.post(&endpoint, post("{}")).await.expect("an answer");
    assert_eq!(answer.body.len(), http::MAX_ANSWER_BYTES);
    server.then(200, &"x".repeat(http::MAX_ANSWER_BYTES + 1));
    let answer = http.post(&endpoint, post("{}")).await;
    assert_eq!(answer, Err(PostError::TooLarge));
}

#[tokio::test]
async fn a_closed_port_is_no_connection() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    drop(listener);
    let http = Outward::new().expect("a client");
    let endpoint = Endpoint::parse(&url, false).expect("a URL");
    assert_eq!(
        http.post(&endpoint, post("{}")).await,
        Err(PostError::Connect)
    );
}

fn request() -> ForwardRequest {
    ForwardRequest {
        id: "fwd_1".into(),
        official_account: "main".into(),
        account: Some("alice".into()),
        text: "请假".into(),
        time: "2026-09-21T22:13:20+08:00".into(),
    }
}

#[actix_web::test]
async fn forwarding_brings_back_text_silence_or_failure() {
    let server = Server::start();
    let (env, _) = Env::scripted(START, 1);
    let forwarder = Forwarder::new(
        env,
        Outward::new().expect("a client"),
        Endpoint::parse(&format!("{}/in", server.url), false).expect("a URL"),
        vec![WebhookSecret::from_bytes(vec![7; 32]).expect("a secret")],
        Duration::from_secs(10),
    );
    let table = [
        (
            200,
            r#"{"text":"已批准"}"#,
            ForwardAnswer::Text("已批准".into()),
        ),
        (200, r#"{"text":null}"#, ForwardAnswer::Silent),
        (204, "", ForwardAnswer::Silent),
        (
            200,
            "<html>",
            ForwardAnswer::Failed("unreadable_answer".into()),
        ),
        (503, "{}", ForwardAnswer::Failed("503".into())),
    ];
    for (status, body, expected) in table {
        server.then(status, body);
        assert_eq!(forwarder.forward(&request()).await, expected);
    }
    let got = server.got();
    assert_eq!(got[0].path, "/in");
    assert_eq!(got[0].headers["webhook-id"], "fwd_1");
    assert_eq!(got[0].json()["text"], "请假");
    assert_eq!(
        got[0].headers["webhook-signature"], got[4].headers["webhook-signature"],
        "the same id again is the same request"
    );
}

/// Takes the connection and never answers; the deadline is the only way out.
#[tokio::test]
async fn a_slow_information_system_is_late() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let (env, _) = Env::scripted(START, 1);
    let forwarder = Forwarder::new(
        env,
        Outward::new().expect("a client"),
        Endpoint::parse(&url, false).expect("a URL"),
        vec![],
        Duration::from_millis(50),
    );
    assert_eq!(forwarder.forward(&request()).await, ForwardAnswer::Late);
}
