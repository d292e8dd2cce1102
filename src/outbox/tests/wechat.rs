//! The real client against a platform on a socket.

use std::sync::Arc;

use serde_json::json;

use super::super::testing::START;
use super::super::*;
use super::server::Server;
use crate::env::Env;
use crate::store::records::CustomMessage;
use crate::wechat::client::{Client, ClientConfig};
use crate::wechat::reply::{Article, Reply};

fn sender(url: &str) -> WechatSender {
    let mut config = ClientConfig::new("wx1", "secret");
    config.api_base = url.to_owned();
    let client = Client::new(&config, Env::scripted(START, 1).0).expect("a client");
    WechatSender::new([("main".to_owned(), Arc::new(client))])
}

#[actix_web::test]
async fn answers_of_the_platform_become_outcomes() {
    let server = Server::start();
    let sender = sender(&server.url);
    server
        .then(200, r#"{"access_token":"AT","expires_in":7200}"#)
        .then(
            200,
            r#"{"errcode":0,"errmsg":"ok","msgid":3428411849815982087}"#,
        )
        .then(
            200,
            r#"{"errcode":45015,"errmsg":"response out of time limit"}"#,
        )
        .then(502, "<html>");
    let body = json!({"touser": "o1"});
    assert_eq!(
        sender.template("main", &body).await,
        Outcome::Accepted {
            msgid: Some("3428411849815982087".into())
        }
    );
    assert_eq!(
        sender.custom("main", &body).await,
        Outcome::Rejected { errcode: 45015 }
    );
    assert_eq!(sender.custom("main", &body).await, Outcome::Unknown);
    assert_eq!(sender.custom("other", &body).await, Outcome::NotSent);
    let paths: Vec<String> = server.got().into_iter().map(|got| got.path).collect();
    assert_eq!(
        paths[1..],
        [
            "/cgi-bin/message/template/send",
            "/cgi-bin/message/custom/send",
            "/cgi-bin/message/custom/send"
        ]
    );
}

#[actix_web::test]
async fn without_a_token_nothing_is_sent() {
    let server = Server::start();
    server.then(
        200,
        r#"{"errcode":40164,"errmsg":"invalid ip 203.0.113.7, not in whitelist"}"#,
    );
    let outcome = sender(&server.url).custom("main", &json!({})).await;
    assert_eq!(outcome, Outcome::NotSent);
    assert_eq!(server.got().len(), 1);
}

#[test]
fn late_replies_become_customer_service_messages() {
    let text = Reply::Text {
        content: "已锁定".into(),
    };
    assert_eq!(
        CustomMessage::from_reply(&text),
        Some(CustomMessage::Text("已锁定".into()))
    );
    assert_eq!(CustomMessage::from_reply(&Reply::Nothing), None);
    let article = |title: &str| Article {
        title: title.into(),
        description: String::new(),
        pic_url: String::new(),
        url: "https://example.com".into(),
    };
    let news = Reply::News {
        articles: vec![article("一"), article("二")],
    };
    let Some(CustomMessage::News { title, .. }) = CustomMessage::from_reply(&news) else {
        panic!("an article");
    };
    assert_eq!(title, "一");
}
