//! What the platform pushes, how often, and what it does with the answers.

use std::time::Duration;

use menshen::env::SECOND;
use menshen::sandbox::{Attempt, Channel, Side};
use menshen::wechat::client::Scene;
use menshen::wechat::endpoint::Mode;

use crate::stage;

#[tokio::test(flavor = "multi_thread")]
async fn the_callback_url_is_verified_and_messages_get_replies_in_every_mode() {
    for mode in [Mode::Safe, Mode::Compatible, Mode::Plaintext] {
        let stage = stage(|config| config.mode = mode);
        let platform = stage.platform();
        platform.verify_callback().await.unwrap();
        let mut updates = platform.subscribe();
        let openid = stage.follower().await;
        assert!(openid.len() == 28 && openid.starts_with('o'));
        let report = platform.send_text(&openid, "锁定 ]]>", None).await.unwrap();
        assert_eq!(report.attempts, [Attempt::Replied]);
        assert_eq!(report.reply.as_deref(), Some("你说：锁定 ]]>"));
        platform.send_image(&openid).await.unwrap();
        platform
            .send_location(&openid, 31.230416, 121.473701, "上海")
            .await
            .unwrap();
        platform.click(&openid, "M_STATUS").await.unwrap();
        platform
            .send_text(&openid, "不是我", Some("102"))
            .await
            .unwrap();
        let report = platform.send_text(&openid, "empty", None).await.unwrap();
        assert_eq!(
            (report.attempts, report.reply),
            (vec![Attempt::Acknowledged], None)
        );
        assert_eq!(
            *stage.seen.kinds.lock().unwrap(),
            [
                "event:subscribe",
                "text",
                "image",
                "location",
                "event:click",
                "text",
                "text"
            ]
        );
        assert_eq!(
            stage.seen.menu_ids.lock().unwrap()[1].as_deref(),
            Some("102")
        );
        let lines = stage.lines(&openid);
        assert_eq!(lines[0], (Side::User, Channel::Event, "关注".into()));
        assert_eq!(lines[1], (Side::Bot, Channel::Reply, "收到".into()));
        assert_eq!(updates.recv().await.unwrap().entry.text, "关注");
        stage.handle.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_bot_is_asked_three_times_with_the_same_push() {
    let stage = stage(|config| config.delivery_timeout = Duration::from_millis(600));
    let openid = stage.follower().await;
    let report = stage
        .platform()
        .send_text(&openid, "slow 2", None)
        .await
        .unwrap();
    assert_eq!(
        report.attempts,
        [Attempt::Timeout, Attempt::Timeout, Attempt::Replied]
    );
    assert!(!report.fault_shown);
    let keys = stage.seen.keys.lock().unwrap().clone();
    assert!(keys[1] == keys[2] && keys[2] == keys[3] && keys[0] != keys[1]);

    let report = stage
        .platform()
        .send_text(&openid, "slow 99", None)
        .await
        .unwrap();
    assert_eq!(report.attempts, vec![Attempt::Timeout; 3]);
    assert!(report.fault_shown);
    let last = stage.lines(&openid).pop().unwrap();
    assert_eq!(
        last,
        (
            Side::Platform,
            Channel::Notice,
            "该公众号暂时无法提供服务，请稍后再试".into()
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_answers_show_the_notice_and_statuses_are_retried() {
    let stage = stage(|_| {});
    let openid = stage.follower().await;
    for text in ["bad", "plain"] {
        let report = stage
            .platform()
            .send_text(&openid, text, None)
            .await
            .unwrap();
        assert!(
            matches!(report.attempts[..], [Attempt::BadBody(_)]),
            "{text}"
        );
        assert!(report.fault_shown);
    }
    let report = stage
        .platform()
        .send_text(&openid, "503", None)
        .await
        .unwrap();
    assert_eq!(report.attempts, vec![Attempt::Status(503); 3]);
    stage.platform().set_callback("http://127.0.0.1:1/");
    let report = stage
        .platform()
        .send_text(&openid, "a", None)
        .await
        .unwrap();
    assert_eq!(report.attempts, vec![Attempt::Broken; 3]);
    // Nobody is told that an unfollowing went wrong.
    let before = stage.lines(&openid).len();
    let report = stage.platform().unfollow(&openid).await.unwrap();
    assert!(!report.fault_shown);
    assert_eq!(stage.lines(&openid).len(), before + 1);
    assert!(
        stage
            .platform()
            .send_text(&openid, "a", None)
            .await
            .is_err()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_lead_strangers_to_follow_and_followers_to_scan() {
    let stage = stage(|_| {});
    let platform = stage.platform();
    let scene = Scene::Temporary {
        scene: "login_7f3a9c".into(),
        seconds: 300,
    };
    let code = stage.client.qrcode_create(&scene).await.unwrap();
    assert_eq!(code.expires_in, Some(300));
    let openid = platform.create_user("").unwrap();
    assert!(!stage.client.user_info(&openid).await.unwrap().subscribed);
    platform.scan(&openid, &code.ticket).await.unwrap();
    assert!(stage.client.user_info(&openid).await.unwrap().subscribed);
    platform.scan(&openid, "login_7f3a9c").await.unwrap();
    assert_eq!(
        *stage.seen.kinds.lock().unwrap(),
        ["event:subscribe", "event:scan"]
    );
    assert_eq!(
        *stage.seen.scenes.lock().unwrap(),
        ["login_7f3a9c", "login_7f3a9c"]
    );
    stage.clock.advance(300 * SECOND);
    assert!(platform.scan(&openid, &code.ticket).await.is_err());
}
