//! The platform's callback.

use std::time::Duration;

use menshen::bot::api::PushAnswer;
use menshen::wechat::crypto::EncodingAesKey;
use menshen::wechat::endpoint::{Format, Mode};
use menshen::wechat::fields::Fields;
use menshen::wechat::platform_side::{
    PlatformConfig, PlatformReply, SignedPush, Stamp, build_push, build_verification, open_reply,
};
use menshen::wechat::signature::Token;
use reqwest::Method;

use crate::http_support::fake::Panics;
use crate::http_support::{self, AES, APP_ID, Ground, START, TOKEN};

fn platform(mode: Mode) -> PlatformConfig {
    PlatformConfig {
        app_id: APP_ID.to_owned(),
        token: Token::new(TOKEN),
        key: Some(EncodingAesKey::parse(AES).unwrap()),
        mode,
        format: Format::Xml,
    }
}

fn message(content: &str) -> Fields {
    Fields::new()
        .text("ToUserName", "gh_1")
        .text("FromUserName", "oUser")
        .text("CreateTime", (START / 1000).to_string())
        .text("MsgType", "text")
        .text("Content", content)
        .text("MsgId", "1")
}

fn signed(mode: Mode, content: &str) -> SignedPush {
    let stamp = Stamp {
        timestamp: (START / 1000).to_string(),
        nonce: "42".to_owned(),
        random: [7; 16],
    };
    build_push(&platform(mode), &message(content), &stamp).unwrap()
}

async fn deliver(ground: &Ground, name: &str, push: &SignedPush) -> http_support::Answered {
    ground
        .anonymous()
        .raw(
            Method::POST,
            &format!("/wechat/{name}?{}", push.query),
            Some((push.content_type, push.body.clone())),
            &[],
        )
        .await
}

#[tokio::test]
async fn a_push_is_opened_answered_and_sealed() {
    let ground = Ground::new().await;
    let push = signed(Mode::Safe, "你好");
    let answer = deliver(&ground, "main", &push).await;
    assert_eq!(answer.status, 200);
    let reply = open_reply(
        &platform(Mode::Safe),
        &message("你好"),
        answer.text.as_bytes(),
    )
    .unwrap();
    let PlatformReply::Message(fields) = reply else {
        panic!("a message was expected");
    };
    assert_eq!(fields.get("Content"), Some("您好"));
    // The same reply is sealed anew for each delivery.
    assert_ne!(deliver(&ground, "main", &push).await.text, answer.text);

    ground
        .bot
        .push_answers
        .lock()
        .unwrap()
        .push_back(PushAnswer::Success);
    assert_eq!(deliver(&ground, "main", &push).await.text, "success");
    ground
        .bot
        .push_answers
        .lock()
        .unwrap()
        .push_back(PushAnswer::Busy);
    let busy = deliver(&ground, "main", &push).await;
    assert_eq!(
        (busy.status.as_u16(), busy.header("retry-after")),
        (503, Some("1"))
    );
    ground
        .bot
        .push_answers
        .lock()
        .unwrap()
        .push_back(PushAnswer::Refused);
    assert_eq!(
        deliver(&ground, "main", &push).await.problem(),
        "push-refused"
    );
}

#[tokio::test]
async fn a_push_that_cannot_be_trusted_is_refused_and_counted() {
    let ground = Ground::new().await;
    let mut push = signed(Mode::Safe, "你好");
    push.query = push.query.replace("msg_signature=", "msg_signature=0");
    assert_eq!(
        deliver(&ground, "main", &push).await.problem(),
        "push-refused"
    );
    assert_eq!(
        deliver(&ground, "main", &signed(Mode::Plaintext, "你好"))
            .await
            .status,
        403
    );
    assert_eq!(
        deliver(&ground, "nobody", &signed(Mode::Safe, "你好"))
            .await
            .status,
        404
    );
    let mut large = signed(Mode::Safe, "你好");
    large.body = "x".repeat(300_000);
    assert_eq!(deliver(&ground, "main", &large).await.status, 413);
    ground.clock.advance(10 * menshen::env::MINUTE);
    assert_eq!(
        deliver(&ground, "main", &signed(Mode::Safe, "你好"))
            .await
            .status,
        403
    );
    assert!(ground.bot.pushes.lock().unwrap().is_empty());
    let metrics = ground.anonymous().get("/metrics").await.text;
    for part in ["msg_signature", "not_encrypted", "timestamp"] {
        assert!(
            metrics.contains(&format!("part=\"{part}\"}} 1")),
            "{part}: {metrics}"
        );
    }
}

#[tokio::test]
async fn in_plaintext_mode_a_signature_is_good_for_one_body() {
    let ground = Ground::new().await;
    let push = signed(Mode::Plaintext, "你好");
    assert_eq!(deliver(&ground, "plain", &push).await.status, 200);
    assert_eq!(deliver(&ground, "plain", &push).await.status, 200);
    let mut forged = push.clone();
    forged.body = forged.body.replace("你好", "锁定");
    assert_eq!(deliver(&ground, "plain", &forged).await.status, 403);
}

#[tokio::test]
async fn the_console_verification_echoes_what_it_was_given() {
    let ground = Ground::new().await;
    let stamp = (START / 1000).to_string();
    let query = build_verification(&Token::new(TOKEN), &stamp, "42", "echo<>");
    let answer = ground
        .anonymous()
        .get(&format!("/wechat/main?{query}"))
        .await;
    assert_eq!(answer.text, "echo<>");
    let wrong = query.replace("signature=", "signature=0");
    let answer = ground
        .anonymous()
        .get(&format!("/wechat/main?{wrong}"))
        .await;
    assert_eq!(answer.problem(), "push-refused");
}

#[tokio::test]
async fn a_delivery_that_must_stay_unanswered_is_held_until_the_server_stops() {
    let ground = Ground::new().await;
    ground
        .bot
        .push_answers
        .lock()
        .unwrap()
        .push_back(PushAnswer::NoAnswer);
    let push = signed(Mode::Safe, "你好");
    let url = ground.server.url(&format!("/wechat/main?{}", push.query));
    let held = ground
        .http
        .post(url)
        .header("content-type", push.content_type)
        .body(push.body)
        .timeout(Duration::from_millis(300))
        .send()
        .await;
    assert!(held.unwrap_err().is_timeout());
    ground.server.stop().await;
}

#[tokio::test]
async fn a_push_whose_work_panics_is_a_fault_and_the_next_one_is_served() {
    let ground = Ground::new().await;
    for panics in [Panics::AtOnce, Panics::Later] {
        *ground.bot.panics.lock().unwrap() = Some(panics);
        let push = signed(Mode::Safe, "你好");
        let failed = deliver(&ground, "main", &push).await;
        assert_eq!(failed.status, 500, "{panics:?}");
        let served = deliver(&ground, "main", &push).await;
        assert_eq!(served.status, 200, "{panics:?}");
    }
}
