//! The calls a bot makes: messages, tokens, quotas, planned faults.

use std::time::Duration;

use menshen::env::{Env, HOUR, MINUTE};
use menshen::sandbox::{Channel, Fault, FaultKind};
use menshen::wechat::client::{
    CallError, Client, ClientConfig, CustomMessage, ErrorClass, MenuItem, NotSent, SendOutcome,
    TemplateMessage, TokenError, Unknown,
};
use menshen::wechat::event::DeliveryStatus;
use serde_json::json;

use crate::{NOW, TEMPLATE, stage};

fn template(openid: &str, client_msg_id: &str) -> TemplateMessage {
    TemplateMessage {
        openid: openid.into(),
        template_id: TEMPLATE.into(),
        url: Some("https://example.com/".into()),
        mini_program: None,
        client_msg_id: Some(client_msg_id.into()),
        data: vec![
            ("thing2".into(), "管理后台".into()),
            ("character_string5".into(), "203.0.113.7".into()),
        ],
    }
}

fn code_of(outcome: SendOutcome) -> (i64, ErrorClass) {
    match outcome {
        SendOutcome::Rejected(error) => (error.code, error.class),
        other => panic!("not rejected: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn customer_service_messages_keep_their_windows() {
    let stage = stage(|_| {});
    let openid = stage.follower().await;
    let send = || async {
        stage
            .client
            .custom_send(&openid, &CustomMessage::text("提醒"))
            .await
    };
    let accepted = SendOutcome::Accepted { msg_id: None };
    for _ in 0..3 {
        assert_eq!(send().await, accepted);
    }
    assert_eq!(code_of(send().await), (45047, ErrorClass::Fallback));
    stage.clock.advance(MINUTE);
    assert_eq!(code_of(send().await), (45015, ErrorClass::Fallback));
    stage
        .platform()
        .send_text(&openid, "在", None)
        .await
        .unwrap();
    stage.clock.advance(47 * HOUR);
    for _ in 0..5 {
        assert_eq!(send().await, accepted);
    }
    assert_eq!(code_of(send().await).0, 45047);
    stage.clock.advance(HOUR);
    assert_eq!(code_of(send().await).0, 45015);
    let shown = stage
        .lines(&openid)
        .into_iter()
        .filter(|line| line.1 == Channel::Custom)
        .count();
    assert_eq!(shown, 8);
    assert_eq!(
        code_of(
            stage
                .client
                .custom_send("oNobody", &CustomMessage::text("a"))
                .await
        ),
        (40003, ErrorClass::Drop)
    );
    let menu = CustomMessage::Menu {
        head: "是你本人吗？".into(),
        items: vec![MenuItem {
            id: "101".into(),
            content: "是我".into(),
        }],
        tail: String::new(),
    };
    stage
        .platform()
        .send_text(&openid, "在", None)
        .await
        .unwrap();
    assert_eq!(stage.client.custom_send(&openid, &menu).await, accepted);
    assert_eq!(stage.lines(&openid).pop().unwrap().2, "是你本人吗？\n是我");
}

#[tokio::test(flavor = "multi_thread")]
async fn template_messages_are_checked_sent_once_and_reported() {
    let stage = stage(|_| {});
    let openid = stage.follower().await;
    let SendOutcome::Accepted {
        msg_id: Some(first),
    } = stage.client.template_send(&template(&openid, "a-1")).await
    else {
        panic!("not accepted")
    };
    // The same id again is the same message, not a second one.
    let again = stage.client.template_send(&template(&openid, "a-1")).await;
    assert_eq!(
        again,
        SendOutcome::Accepted {
            msg_id: Some(first.clone())
        }
    );
    stage.platform().settle().await;
    assert_eq!(
        *stage.seen.results.lock().unwrap(),
        [(first, DeliveryStatus::Success)]
    );
    let shown: Vec<_> = stage
        .lines(&openid)
        .into_iter()
        .filter(|line| line.1 == Channel::Template)
        .collect();
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0].2, "登录提醒\n系统：管理后台\n地址：203.0.113.7\n");

    let mut wrong = template(&openid, "a-2");
    wrong.data[1].1 = "上海".into();
    match stage.client.template_send(&wrong).await {
        SendOutcome::Rejected(error) => {
            assert_eq!(
                (error.code, error.field.as_deref()),
                (47003, Some("character_string5"))
            );
        }
        other => panic!("{other:?}"),
    }
    wrong.template_id = "other".into();
    assert_eq!(code_of(stage.client.template_send(&wrong).await).0, 40037);

    stage.platform().set_refusing(&openid, true).unwrap();
    assert!(matches!(
        stage.client.template_send(&template(&openid, "a-3")).await,
        SendOutcome::Accepted { .. }
    ));
    stage.platform().settle().await;
    assert_eq!(
        stage.seen.results.lock().unwrap()[1].1,
        DeliveryStatus::UserBlocked
    );

    stage.platform().unfollow(&openid).await.unwrap();
    assert_eq!(
        code_of(stage.client.template_send(&template(&openid, "a-4")).await),
        (43004, ErrorClass::Drop)
    );
    assert_eq!(stage.client.templates().await.unwrap()[0].0, TEMPLATE);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_end_and_the_client_recovers() {
    let stage = stage(|_| {});
    let openid = stage.follower().await;
    let message = CustomMessage::text("a");
    let accepted = SendOutcome::Accepted { msg_id: None };
    assert_eq!(stage.client.custom_send(&openid, &message).await, accepted);
    stage.platform().expire_tokens();
    assert_eq!(stage.client.custom_send(&openid, &message).await, accepted);

    let wrong = ClientConfig {
        api_base: stage.handle.base(),
        ..ClientConfig::new("wx1", "wrong")
    };
    let client = Client::new(&wrong, Env::system()).unwrap();
    assert!(
        matches!(client.check_credentials().await, Err(TokenError::Rejected(error)) if error.code == 40125)
    );
    assert!(matches!(
        client.custom_send(&openid, &message).await,
        SendOutcome::NotSent(NotSent::Token(_))
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn planned_faults_strike_as_often_as_planned() {
    let stage = stage(|config| config.hang = Duration::from_secs(2));
    let impatient = ClientConfig {
        api_base: stage.handle.base(),
        call_timeout: Duration::from_millis(600),
        ..ClientConfig::new("wx1", "app-secret")
    };
    let (env, _) = Env::scripted(NOW, 8);
    let impatient = Client::new(&impatient, env).unwrap();
    let openid = stage.follower().await;
    stage
        .platform()
        .send_text(&openid, "在", None)
        .await
        .unwrap();
    let message = CustomMessage::text("a");
    let plan = |kind| {
        stage.platform().plan_fault(Fault {
            path: "/cgi-bin/message/custom/send".into(),
            times: 1,
            kind,
        });
    };
    let shown = || {
        stage
            .lines(&openid)
            .into_iter()
            .filter(|line| line.1 == Channel::Custom)
            .count()
    };
    plan(FaultKind::Errcode(45011));
    assert_eq!(
        code_of(stage.client.custom_send(&openid, &message).await),
        (45011, ErrorClass::Throttle)
    );
    plan(FaultKind::Status(502));
    assert_eq!(
        stage.client.custom_send(&openid, &message).await,
        SendOutcome::Unknown(Unknown::Unreadable)
    );
    plan(FaultKind::Hang);
    assert_eq!(
        impatient.custom_send(&openid, &message).await,
        SendOutcome::Unknown(Unknown::Timeout)
    );
    assert_eq!(shown(), 0);
    plan(FaultKind::HangAfter);
    assert_eq!(
        impatient.custom_send(&openid, &message).await,
        SendOutcome::Unknown(Unknown::Timeout)
    );
    assert_eq!(shown(), 1, "unknown to the bot, but it arrived");
    assert_eq!(
        stage.client.custom_send(&openid, &message).await,
        SendOutcome::Accepted { msg_id: None }
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unverified_account_may_only_have_menus_and_quotas_run_out() {
    let unverified = stage(|config| config.verified = false);
    let openid = unverified.follower().await;
    assert_eq!(
        code_of(
            unverified
                .client
                .custom_send(&openid, &CustomMessage::text("a"))
                .await
        ),
        (48001, ErrorClass::Alert)
    );
    unverified
        .client
        .menu_create(&json!([{"type":"click","name":"状态","key":"S"}]))
        .await
        .unwrap();

    let poor = stage(|config| config.daily_limit = Some(1));
    let openid = poor.follower().await;
    assert!(poor.client.user_info(&openid).await.is_ok());
    assert!(
        matches!(poor.client.user_info(&openid).await, Err(CallError::Rejected(error)) if error.code == 45009)
    );
}
