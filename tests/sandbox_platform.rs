//! The simulated platform against a small bot, both on real sockets.
#![cfg(feature = "sandbox")]

use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use menshen::env::{Env, HOUR, MINUTE, ManualClock, SECOND};
use menshen::sandbox::{
    Attempt, Channel, Fault, FaultKind, Platform, PlatformConfig, PlatformHandle, Side, Template,
};
use menshen::wechat::client::{
    CallError, Client, ClientConfig, CustomMessage, ErrorClass, MenuItem, NotSent, Scene,
    SendOutcome, TemplateMessage, TokenError, Unknown,
};
use menshen::wechat::crypto::EncodingAesKey;
use menshen::wechat::endpoint::{self, EndpointConfig, Mode, Query, TimestampWindow};
use menshen::wechat::event::{DeliveryStatus, Event};
use menshen::wechat::signature::Token;
use menshen::wechat::{InboundKind, PushKey, Reply, seal};
use serde_json::{Value, json};

const KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
const NOW: i64 = 1_732_095_600 * SECOND;
const TEMPLATE: &str = "tpl-login";

/// What the bot saw and how often it was asked.
#[derive(Default)]
struct Seen {
    kinds: Mutex<Vec<String>>,
    keys: Mutex<Vec<PushKey>>,
    results: Mutex<Vec<(String, DeliveryStatus)>>,
    scenes: Mutex<Vec<String>>,
    menu_ids: Mutex<Vec<Option<String>>>,
    slow: AtomicUsize,
}

struct Bot {
    config: EndpointConfig,
    env: Env,
    seen: Arc<Seen>,
}

/// Answers by the text it is sent: `slow N` hangs N times, `bad`, `empty`, `503`; else an echo.
async fn callback(bot: web::Data<Bot>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let query = Query::parse(request.query_string()).unwrap();
    let now = bot.env.now();
    if request.method() == "GET" {
        return match endpoint::verify_url(&bot.config, &query, now) {
            Ok(echo) => HttpResponse::Ok().body(echo),
            Err(refusal) => HttpResponse::build(refusal.status().try_into().unwrap()).finish(),
        };
    }
    let content_type = request
        .headers()
        .get("Content-Type")
        .map(|value| value.to_str().unwrap());
    let opened = match endpoint::open(&bot.config, &query, content_type, &body, now) {
        Ok(opened) => opened,
        Err(refusal) => return HttpResponse::build(refusal.status().try_into().unwrap()).finish(),
    };
    let seen = &bot.seen;
    seen.kinds
        .lock()
        .unwrap()
        .push(opened.inbound.kind_name().to_owned());
    seen.keys.lock().unwrap().push(opened.key);
    let reply = match &opened.inbound.kind {
        InboundKind::Text { content, menu_id } => {
            seen.menu_ids.lock().unwrap().push(menu_id.clone());
            match content.split_once(' ') {
                Some(("slow", times))
                    if seen.slow.fetch_add(1, Ordering::SeqCst)
                        < times.parse::<usize>().unwrap() =>
                {
                    std::future::pending::<()>().await;
                    Reply::Nothing
                }
                _ => match content.as_str() {
                    "bad" => return HttpResponse::Ok().body("<xml><Content>x</Content></xml>"),
                    "plain" => return HttpResponse::Ok().body("{\"a\":1}"),
                    "503" => return HttpResponse::ServiceUnavailable().finish(),
                    "empty" => Reply::Nothing,
                    other => Reply::text(format!("你说：{other}")),
                },
            }
        }
        InboundKind::Event(event) => {
            match event {
                Event::TemplateFinished { msg_id, status } => {
                    seen.results
                        .lock()
                        .unwrap()
                        .push((msg_id.clone(), status.clone()));
                }
                Event::Subscribe {
                    scene: Some(scene), ..
                }
                | Event::Scan { scene, .. } => {
                    seen.scenes.lock().unwrap().push(scene.clone());
                }
                _ => {}
            }
            Reply::text("收到")
        }
        _ => Reply::text("收到"),
    };
    let sealed = seal(&reply, &opened.reply, now / SECOND, "77", bot.env.bytes());
    HttpResponse::Ok()
        .content_type(sealed.content_type)
        .body(sealed.bytes)
}

struct Stage {
    handle: PlatformHandle,
    client: Client,
    clock: Arc<ManualClock>,
    seen: Arc<Seen>,
}

impl Stage {
    fn platform(&self) -> &Platform {
        &self.handle.platform
    }

    async fn follower(&self) -> String {
        let openid = self.platform().create_user("小明").unwrap();
        self.platform().follow(&openid).await.unwrap();
        openid
    }

    fn lines(&self, openid: &str) -> Vec<(Side, Channel, String)> {
        let entries = self.platform().transcript(openid, 0).unwrap();
        entries
            .into_iter()
            .map(|entry| (entry.from, entry.channel, entry.text))
            .collect()
    }
}

fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

fn stage(change: impl FnOnce(&mut PlatformConfig)) -> Stage {
    let (env, clock) = Env::scripted(NOW, 7);
    let key = EncodingAesKey::parse(KEY).unwrap();
    let mut config = PlatformConfig::new("wx1", "app-secret", "pamtest", Some(key.clone()));
    config.templates = vec![Template {
        template_id: TEMPLATE.into(),
        title: "登录提醒".into(),
        content: "系统：{{thing2.DATA}}\n地址：{{character_string5.DATA}}\n".into(),
    }];
    change(&mut config);
    let mode = config.mode;

    let bot_socket = listener();
    config.callback = format!("http://{}/wechat/main", bot_socket.local_addr().unwrap());
    let seen = Arc::new(Seen::default());
    let (bot_env, bot_seen) = (env.clone(), seen.clone());
    let endpoint_config = EndpointConfig {
        original_id: None,
        app_id: "wx1".into(),
        token: Token::new("pamtest"),
        previous_token: None,
        key: Some(key),
        previous_key: None,
        mode,
        timestamp_window: TimestampWindow::default(),
    };
    let server = HttpServer::new(move || {
        let bot = Bot {
            config: endpoint_config.clone(),
            env: bot_env.clone(),
            seen: bot_seen.clone(),
        };
        App::new()
            .app_data(web::Data::new(bot))
            .route("/wechat/main", web::to(callback))
    })
    .workers(1)
    .disable_signals()
    .listen(bot_socket)
    .unwrap()
    .run();
    tokio::spawn(server);

    let handle = Platform::start(listener(), config, env.clone()).unwrap();
    let client_config = ClientConfig {
        api_base: handle.base(),
        ..ClientConfig::new("wx1", "app-secret")
    };
    let client = Client::new(&client_config, env).unwrap();
    Stage {
        handle,
        client,
        clock,
        seen,
    }
}

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

#[tokio::test(flavor = "multi_thread")]
async fn the_control_api_drives_a_phone_and_stays_local() {
    let stage = stage(|_| {});
    let base = format!("{}/sandbox", stage.handle.base());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let post = |path: String, body: Value| {
        let request = http.post(format!("{base}{path}")).json(&body);
        async move { request.send().await.unwrap() }
    };
    let made: Value = post("/users".into(), json!({"name": "小红"}))
        .await
        .json()
        .await
        .unwrap();
    let openid = made["openid"].as_str().unwrap().to_owned();
    let user = format!("/users/{openid}");
    assert_eq!(
        post(format!("{user}/text"), json!({"content": "你好"}))
            .await
            .status(),
        409
    );
    assert_eq!(
        post(format!("{user}/follow"), json!({})).await.status(),
        200
    );
    let report: Value = post(format!("{user}/text"), json!({"content": "你好"}))
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(
        report,
        json!({"attempts": ["replied"], "reply": "你说：你好", "fault_shown": false})
    );
    assert_eq!(
        post(format!("{user}/scan"), json!({"code": "none"}))
            .await
            .status(),
        410
    );
    assert_eq!(post(format!("{user}/fly"), json!({})).await.status(), 404);
    assert_eq!(
        post("/users/nobody/text".into(), json!({"content": "a"}))
            .await
            .status(),
        404
    );
    assert_eq!(
        post(
            "/faults".into(),
            json!({"path": "/cgi-bin/user/info", "times": 1, "kind": {"errcode": 40003}})
        )
        .await
        .status(),
        204
    );
    assert_eq!(post("/verify".into(), json!({})).await.status(), 204);
    let event = json!({"event": "user_get_card", "fields": [["CardId", "p1"]]});
    assert_eq!(post(format!("{user}/event"), event).await.status(), 200);

    let get = |path: &str, host: &str| {
        let request = http
            .get(format!("{base}{path}"))
            .header("Host", host.to_owned());
        async move { request.send().await.unwrap() }
    };
    let entries: Value = get(&format!("{user}/transcript?after=2"), "localhost")
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(entries[0]["text"], "你好");
    assert_eq!(
        (entries[0]["from"].as_str(), entries[0]["channel"].as_str()),
        (Some("user"), Some("message"))
    );
    let page = get("/", "127.0.0.1:9").await;
    assert!(
        page.headers()["Content-Security-Policy"]
            .to_str()
            .unwrap()
            .contains("default-src 'none'")
    );
    let text = page.text().await.unwrap();
    assert!(text.contains("模拟微信") && !text.contains("http://") && !text.contains("https://"));
    for path in [
        "/phone.js",
        "/phone.css",
        "/users",
        "/codes",
        "/menu",
        "/info",
    ] {
        assert_eq!(get(path, "localhost").await.status(), 200, "{path}");
    }
    // A foreign name that resolves to this machine, and a form of a foreign page.
    assert_eq!(get("/users", "evil.example").await.status(), 404);
    let form = http
        .post(format!("{base}/users"))
        .header("Content-Type", "text/plain")
        .body("{}");
    assert_eq!(form.send().await.unwrap().status(), 400);
}
