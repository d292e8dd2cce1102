//! The bot between its callers and its store: retries, slow answers, crashes, races.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use menshen::accounts::{self, CodePurpose, Issued, NewAccount, Password, Passwords};
use menshen::bot::api::{
    LoginAnswer, LoginReport, LoginRequest, Origin, PushAnswer, ReportAnswer, Secret,
};
use menshen::bot::builder::Built;
use menshen::bot::chat::{Request, Response};
use menshen::bot::outside::Outside;
use menshen::bot::{Bot, Settings};
use menshen::env::{DAY, Env, HOUR, MINUTE, ManualClock};
use menshen::guard::machines::{self, Identified};
use menshen::guard::{LockedBy, locks, sessions};
use menshen::keys::Keys;
use menshen::lang::span::Sources;
use menshen::lang::value::Value;
use menshen::store::records::{FeedEvent, OutboxEntry, OutboxState};
use menshen::store::{self, Order, SharedStore, StoreError, execute};
use menshen::wechat::fields::Fields;
use menshen::wechat::message::Inbound;
use menshen::wechat::push_key::{BodyDigest, push_key};
use menshen::wechat::reply::Reply;
use tokio::sync::Notify;

const RULES: &str = r#"
on text with phone: mobile, code: digits(6) {
    start binding with phone, code
}

on text "绑定" {
    start binding
}

dialog binding expires 10 minutes {
    ask phone: mobile "手机号？"
    ask code: digits(6) "验证码？"
    done {
        bind {
            bound   { reply "绑定成功" }
            already { reply "已经绑定" }
            taken   { reply "已被绑定" }
            refused { reply "不对" }
            blocked { reply "等等" }
        }
    }
}

on text "查" when bound {
    forward {
        answered { reply "{answer}" }
        late     { reply "稍后" }
        failed   { reply "失败" }
    }
}

on text "锁定" when bound even in dialog {
    lock account {
        locked         { reply "已锁定" }
        already_locked { reply "早已锁定" }
    }
}

on text "你好" {
    reply "您好"
}

signal new_machine "陌生设备" weight 30 {
    when new(login.machine, within: 1 hour)
}
"#;

/// The information system: answers when it is let.
#[derive(Default)]
struct System {
    gate: Notify,
    asked: AtomicUsize,
}

struct Asked(Arc<System>);

impl Outside for Asked {
    fn ask(&self, _request: &Request) -> BoxFuture<'static, Response> {
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        let system = Arc::clone(&self.0);
        async move {
            system.gate.notified().await;
            let brings = BTreeMap::from([("answer".to_owned(), Value::text("两个订单"))]);
            Response::Outcome("answered".to_owned(), brings)
        }
        .boxed()
    }
}

struct Stage {
    bot: Arc<Bot>,
    store: SharedStore,
    env: Env,
    clock: Arc<ManualClock>,
    system: Arc<System>,
}

fn rules() -> Sources {
    Sources::single("test.rules", RULES)
}

async fn bot_over(
    store: SharedStore,
    env: Env,
    system: Arc<System>,
    custom_send: bool,
    answer_within: Duration,
) -> Arc<Bot> {
    let mut settings = Settings {
        answer_within,
        ..Settings::default()
    };
    if custom_send {
        settings.custom_send.insert("main".to_owned());
    }
    let built = Bot::builder(store, env.clone(), Keys::from_bytes(&[1; 32], None))
        .sources(rules())
        .settings(settings)
        .passwords(Passwords::cheap(env))
        .outside(Arc::new(Asked(system)))
        .build()
        .await;
    let Built { bot, .. } = built.unwrap_or_else(|error| panic!("{error}: {error:?}"));
    bot
}

/// Longer than any machine that runs tests is busy with one push.
const PATIENT: Duration = Duration::from_secs(120);
/// Over while the information system, which answers when it is let, has not been let; long enough for
/// everything else.
const HASTY: Duration = Duration::from_secs(1);

async fn stage(custom_send: bool) -> Stage {
    stage_that_answers_within(PATIENT, custom_send).await
}

async fn stage_that_answers_within(answer_within: Duration, custom_send: bool) -> Stage {
    let (env, clock) = Env::scripted(1_790_000_000_000, 1);
    let store = store::memory(env.clone());
    let system = Arc::new(System::default());
    let bot = bot_over(
        store.clone(),
        env.clone(),
        system.clone(),
        custom_send,
        answer_within,
    )
    .await;
    Stage {
        bot,
        store,
        env,
        clock,
        system,
    }
}

impl Stage {
    async fn run<T: Send + 'static>(
        &self,
        f: impl FnMut(&mut store::Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        execute(&*self.store, "test", f)
            .await
            .expect("the store takes it")
    }

    async fn account(&self, id: &str, phone: &str) {
        let hash = Passwords::cheap(self.env.clone())
            .hash(Password::new("right"))
            .await
            .expect("a password");
        let new = NewAccount {
            id: id.to_owned(),
            phone: Some(phone.to_owned()),
            password: Some(hash),
            ..NewAccount::default()
        };
        self.run(move |tx| accounts::create(tx, new.clone(), "test").map(drop))
            .await;
    }

    async fn code(&self, id: &str) -> String {
        let shared = self.bot.shared().clone();
        let id = id.to_owned();
        let issued = self
            .run(move |tx| {
                let limits = &shared.limits.accounts;
                accounts::issue(tx, &shared.keys, limits, &id, CodePurpose::Bind, "test")
            })
            .await;
        match issued {
            Issued::Issued { code, .. } => code.reveal().to_owned(),
            other => panic!("{other:?}"),
        }
    }

    async fn bound(&self, openid: &str) {
        self.account("alice", "13800138000").await;
        let code = self.code("alice").await;
        let reply = self.say(openid, 1, &format!("13800138000 {code}")).await;
        assert_eq!(text(&reply), "绑定成功");
    }

    async fn say(&self, openid: &str, id: u64, words: &str) -> PushAnswer {
        say(&self.bot, openid, id, words).await
    }

    async fn outbox(&self) -> Vec<OutboxEntry> {
        self.run(|tx| tx.scan::<OutboxEntry>((), Order::Ascending, 100))
            .await
    }

    async fn events(&self, kind: &str) -> usize {
        let events = self
            .run(|tx| tx.scan::<FeedEvent>((), Order::Ascending, 10_000))
            .await;
        events.iter().filter(|event| event.kind == kind).count()
    }

    async fn machine(&self) -> String {
        let shared = self.bot.shared().clone();
        self.run(move |tx| {
            let id = tx.id("mch");
            machines::prove(tx, &Identified::Own(id.clone()))?;
            Ok(machines::sign(&shared.keys, &id).reveal().to_owned())
        })
        .await
    }
}

fn push(openid: &str, id: u64, words: &str) -> Inbound {
    let fields = Fields::new()
        .text("ToUserName", "gh_test")
        .text("FromUserName", openid)
        .text("CreateTime", "1790000000")
        .text("MsgType", "text")
        .text("Content", words)
        .text("MsgId", id.to_string());
    Inbound::from_fields(fields).expect("a message")
}

async fn say(bot: &Arc<Bot>, openid: &str, id: u64, words: &str) -> PushAnswer {
    let inbound = push(openid, id, words);
    let digest = BodyDigest::of(&inbound);
    let key = push_key(&inbound, &digest);
    bot.handle("main", inbound, key, digest).await
}

fn text(answer: &PushAnswer) -> &str {
    match answer {
        PushAnswer::Reply(reply) => match &**reply {
            Reply::Text { content } => content,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

fn login(account: &str, machine: &str) -> LoginRequest {
    LoginRequest {
        origin: Origin {
            account: account.to_owned(),
            machine: Some(machine.to_owned()),
            ip: Some(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9))),
            ..Origin::default()
        },
        password: Secret::new("right"),
        captcha: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_gets_the_first_reply_and_does_nothing_again() {
    let stage = stage(true).await;
    stage.account("alice", "13800138000").await;
    let code = stage.code("alice").await;
    let words = format!("13800138000 {code}");
    assert_eq!(text(&stage.say("o1", 7, &words).await), "绑定成功");
    assert_eq!(text(&stage.say("o1", 7, &words).await), "绑定成功");
    assert_eq!(stage.events("bound").await, 1);
    // Without effects the reply is remembered too.
    assert_eq!(text(&stage.say("o1", 8, "你好").await), "您好");
    assert_eq!(text(&stage.say("o1", 8, "你好").await), "您好");
    assert!(matches!(
        stage.say("o1", 8, "锁定").await,
        PushAnswer::Refused
    ));
    assert_eq!(stage.events("locked").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_crash_the_retry_replays_what_was_committed() {
    let first = stage(true).await;
    first.bound("o1").await;
    assert_eq!(text(&first.say("o1", 2, "锁定").await), "已锁定");
    let again = bot_over(
        first.store.clone(),
        first.env.clone(),
        first.system.clone(),
        true,
        PATIENT,
    )
    .await;
    assert_eq!(text(&say(&again, "o1", 2, "锁定").await), "已锁定");
    assert_eq!(first.events("locked").await, 1);
    assert!(matches!(
        say(&again, "o1", 2, "你好").await,
        PushAnswer::Refused
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_forward_is_handed_over_where_messages_may_be_sent() {
    let stage = stage_that_answers_within(HASTY, true).await;
    stage.bound("o1").await;
    assert!(matches!(
        stage.say("o1", 2, "查").await,
        PushAnswer::Success
    ));
    assert!(matches!(
        stage.say("o1", 2, "查").await,
        PushAnswer::Success
    ));
    // A lock does not wait behind it.
    assert_eq!(text(&stage.say("o1", 3, "锁定").await), "已锁定");
    stage.system.gate.notify_one();
    stage.bot.finish().await;
    let sent = stage.outbox().await;
    assert_eq!(sent.len(), 1, "exactly one reply is promised");
    assert_eq!(sent[0].state, OutboxState::Queued);
    assert_eq!(stage.system.asked.load(Ordering::SeqCst), 1);
    // Nothing passive after `success`: the reply is on its way already.
    assert!(matches!(
        stage.say("o1", 2, "查").await,
        PushAnswer::Success
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_forward_of_an_unverified_account_is_answered_on_a_later_delivery() {
    let stage = stage_that_answers_within(HASTY, false).await;
    stage.bound("o1").await;
    assert!(matches!(
        stage.say("o1", 2, "查").await,
        PushAnswer::NoAnswer
    ));
    assert!(matches!(
        stage.say("o1", 2, "查").await,
        PushAnswer::NoAnswer
    ));
    stage.system.gate.notify_one();
    let last = stage.say("o1", 2, "查").await;
    assert_eq!(text(&last), "两个订单");
    assert_eq!(stage.system.asked.load(Ordering::SeqCst), 1);
    assert!(stage.outbox().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_followers_with_one_code_exactly_one_is_bound() {
    let stage = stage(true).await;
    for round in 0..50_u64 {
        let id = format!("user{round}");
        let phone = format!("138{:08}", round);
        stage.account(&id, &phone).await;
        let code = stage.code(&id).await;
        let words = format!("{phone} {code}");
        let (one, two) = (format!("o-a{round}"), format!("o-b{round}"));
        let (a, b) = tokio::join!(
            stage.say(&one, round * 2 + 100, &words),
            stage.say(&two, round * 2 + 101, &words)
        );
        let texts = [text(&a), text(&b)];
        let bound = texts.iter().filter(|text| **text == "绑定成功").count();
        assert_eq!(bound, 1, "{texts:?}");
    }
}

/// One lane per follower: what is said before the answer to what was said first has come.
#[tokio::test(flavor = "multi_thread")]
async fn messages_of_one_follower_take_effect_in_the_order_of_their_arrival() {
    let stage = stage(true).await;
    for round in 0..20_u64 {
        let (id, openid) = (format!("user{round}"), format!("o{round}"));
        let phone = format!("139{round:08}");
        stage.account(&id, &phone).await;
        let code = stage.code(&id).await;
        let number = round * 10;
        let (first, second, third) = tokio::join!(
            biased;
            stage.say(&openid, number, "绑定"),
            stage.say(&openid, number + 1, &phone),
            stage.say(&openid, number + 2, &code),
        );
        let texts = [text(&first), text(&second), text(&third)];
        assert_eq!(texts, ["手机号？", "验证码？", "绑定成功"], "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_session_lives_after_locked_was_answered() {
    let stage = stage(true).await;
    stage.bound("o1").await;
    let machine = stage.machine().await;
    for round in 0..100_u64 {
        let logins = (0..4).map(|_| stage.bot.login(login("alice", &machine)));
        let logins = futures_util::future::join_all(logins);
        let (answers, locked) = tokio::join!(logins, stage.say("o1", 1_000 + round, "锁定"));
        assert_eq!(text(&locked), "已锁定");
        let alive = stage
            .run(|tx| sessions::list(tx, "alice").map(|sessions| sessions.len()))
            .await;
        assert_eq!(alive, 0, "round {round}");
        for answer in answers {
            assert!(!matches!(
                answer.expect("not overloaded"),
                LoginAnswer::CaptchaRequired(_)
            ));
        }
        stage
            .run(|tx| locks::unlock(tx, "alice", "test").map(drop))
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_logins_at_a_barrier_exactly_one_sees_the_new_machine() {
    let stage = stage(true).await;
    stage.account("alice", "13800138000").await;
    // Something must be known before a machine can be new.
    let known = stage.machine().await;
    assert!(matches!(
        stage.bot.login(login("alice", &known)).await,
        Ok(LoginAnswer::Granted(_))
    ));
    for round in 0..1_000 {
        stage.clock.advance(MINUTE);
        let machine = stage.machine().await;
        let (a, b) = tokio::join!(
            stage.bot.login(login("alice", &machine)),
            stage.bot.login(login("alice", &machine))
        );
        let fired = [a, b]
            .into_iter()
            .filter(|answer| match answer {
                Ok(LoginAnswer::Granted(granted)) => {
                    let mut signals = granted.decision.signals.iter();
                    signals.any(|s| s.name == "new_machine" && s.state == "fired")
                }
                other => panic!("{other:?}"),
            })
            .count();
        assert_eq!(fired, 1, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_password_at_a_lock_is_refused_like_a_wrong_one_and_the_owner_hears_of_it_once() {
    let stage = stage(true).await;
    stage.bound("o1").await;
    stage
        .run(|tx| {
            let by = LockedBy::Operator("key:test".to_owned());
            locks::lock(tx, "alice", by, None).map(drop)
        })
        .await;
    let machine = stage.machine().await;
    for _ in 0..3 {
        assert!(matches!(
            stage.bot.login(login("alice", &machine)).await,
            Ok(LoginAnswer::Refused)
        ));
    }
    assert_eq!(stage.events("locked_login").await, 1);
    assert_eq!(stage.outbox().await.len(), 1);
    assert!(matches!(
        stage.bot.login(login("nobody", &machine)).await,
        Ok(LoginAnswer::Refused)
    ));
}

fn report(id: &str, account: &str, time: i64) -> LoginReport {
    LoginReport {
        id: Some(id.to_owned()),
        origin: Origin {
            account: account.to_owned(),
            ..Origin::default()
        },
        time: Some(time),
        success: true,
        reason: None,
        session: Some(format!("s-{id}")),
        backfill: false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_are_idempotent_bounded_in_time_and_never_revive_a_session() {
    let stage = stage(true).await;
    stage.account("alice", "13800138000").await;
    let now = stage.env.now();
    let first = stage.bot.report(report("r1", "alice", now), None).await;
    let Ok(ReportAnswer::Recorded(first)) = first else {
        panic!("{first:?}");
    };
    let again = stage.bot.report(report("r1", "alice", now), None).await;
    let Ok(ReportAnswer::Recorded(again)) = again else {
        panic!("{again:?}");
    };
    assert_eq!(first.id, again.id);
    let other = stage.bot.report(report("r1", "alice", now - 1), None).await;
    assert!(matches!(other, Ok(ReportAnswer::Conflict)));
    let ahead = stage
        .bot
        .report(report("r2", "alice", now + 6 * MINUTE), None)
        .await;
    assert!(matches!(ahead, Ok(ReportAnswer::TooFarAhead)));
    let old = stage
        .bot
        .report(report("r3", "alice", now - 2 * DAY), None)
        .await;
    assert!(matches!(old, Ok(ReportAnswer::Recorded(_))));
    assert_eq!(
        stage.events("logged_in").await,
        1,
        "a late report never acts"
    );
    stage.clock.advance(HOUR);
    stage
        .run(|tx| {
            let by = LockedBy::Operator("key:test".to_owned());
            locks::lock(tx, "alice", by, None)?;
            locks::unlock(tx, "alice", "key:test").map(drop)
        })
        .await;
    let mut revived = report("r4", "alice", stage.env.now());
    revived.session = Some("s-r1".to_owned());
    let _ = stage.bot.report(revived, None).await;
    let alive = stage.run(|tx| sessions::list(tx, "alice")).await;
    assert!(alive.iter().all(|session| session.id != "s-r1"));
}
