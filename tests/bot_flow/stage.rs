//! A bot with followers, an information system that answers when it is let, and a clock.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use menshen::accounts::{self, CodePurpose, Issued, NewAccount, Password, Passwords};
use menshen::bot::api::{LoginRequest, Origin, PushAnswer, Secret};
use menshen::bot::builder::Built;
use menshen::bot::chat::{Request, Response};
use menshen::bot::outside::Outside;
use menshen::bot::{Bot, Settings};
use menshen::env::{Env, ManualClock};
use menshen::guard::machines::{self, Identified};
use menshen::keys::Keys;
use menshen::lang::span::Sources;
use menshen::lang::value::Value;
use menshen::store::records::{FeedEvent, OutboxEntry};
use menshen::store::{self, Order, SharedStore, StoreError, execute};
use menshen::wechat::fields::Fields;
use menshen::wechat::message::Inbound;
use menshen::wechat::push_key::{BodyDigest, push_key};
use menshen::wechat::reply::Reply;
use tokio::sync::Notify;

use crate::secrecy::Secrets;

pub const RULES: &str = r#"
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
pub struct System {
    pub gate: Notify,
    pub asked: AtomicUsize,
}

pub struct Asked(Arc<System>);

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

pub struct Stage {
    pub secrets: Secrets,
    pub bot: Arc<Bot>,
    pub store: SharedStore,
    pub env: Env,
    pub clock: Arc<ManualClock>,
    pub system: Arc<System>,
}

pub fn rules() -> Sources {
    Sources::single("test.rules", RULES)
}

pub async fn bot_over(
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
pub const PATIENT: Duration = Duration::from_secs(120);
/// Over while the information system, which answers when it is let, has not been let; long enough for
/// everything else.
pub const HASTY: Duration = Duration::from_secs(1);

pub async fn stage(custom_send: bool) -> Stage {
    stage_that_answers_within(PATIENT, custom_send).await
}

pub async fn stage_that_answers_within(answer_within: Duration, custom_send: bool) -> Stage {
    let secrets = Secrets::watched();
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
        secrets,
        bot,
        store,
        env,
        clock,
        system,
    }
}

impl Stage {
    pub async fn run<T: Send + 'static>(
        &self,
        f: impl FnMut(&mut store::Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        execute(&*self.store, "test", f)
            .await
            .expect("the store takes it")
    }

    pub async fn account(&self, id: &str, phone: &str) {
        self.secrets.note(phone);
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

    pub async fn code(&self, id: &str) -> String {
        let shared = self.bot.shared().clone();
        let id = id.to_owned();
        let issued = self
            .run(move |tx| {
                let limits = &shared.limits.accounts;
                accounts::issue(tx, &shared.keys, limits, &id, CodePurpose::Bind, "test")
            })
            .await;
        match issued {
            Issued::Issued { code, .. } => {
                self.secrets.note(code.reveal());
                code.reveal().to_owned()
            }
            other => panic!("{other:?}"),
        }
    }

    pub async fn bound(&self, openid: &str) {
        self.account("alice", "13800138000").await;
        let code = self.code("alice").await;
        let reply = self.say(openid, 1, &format!("13800138000 {code}")).await;
        assert_eq!(text(&reply), "绑定成功");
    }

    pub async fn say(&self, openid: &str, id: u64, words: &str) -> PushAnswer {
        self.secrets.note(openid);
        self.secrets.note(words);
        say(&self.bot, openid, id, words).await
    }

    pub async fn outbox(&self) -> Vec<OutboxEntry> {
        self.run(|tx| tx.scan::<OutboxEntry>((), Order::Ascending, 100))
            .await
    }

    pub async fn events(&self, kind: &str) -> usize {
        let events = self
            .run(|tx| tx.scan::<FeedEvent>((), Order::Ascending, 10_000))
            .await;
        events.iter().filter(|event| event.kind == kind).count()
    }

    pub async fn machine(&self) -> String {
        let shared = self.bot.shared().clone();
        self.run(move |tx| {
            let id = tx.id("mch");
            machines::prove(tx, &Identified::Own(id.clone()))?;
            Ok(machines::sign(&shared.keys, &id).reveal().to_owned())
        })
        .await
    }
}

pub fn push(openid: &str, id: u64, words: &str) -> Inbound {
    let fields = Fields::new()
        .text("ToUserName", "gh_test")
        .text("FromUserName", openid)
        .text("CreateTime", "1790000000")
        .text("MsgType", "text")
        .text("Content", words)
        .text("MsgId", id.to_string());
    Inbound::from_fields(fields).expect("a message")
}

pub async fn say(bot: &Arc<Bot>, openid: &str, id: u64, words: &str) -> PushAnswer {
    let inbound = push(openid, id, words);
    let digest = BodyDigest::of(&inbound);
    let key = push_key(&inbound, &digest);
    bot.handle("main", inbound, key, digest).await
}

pub fn text(answer: &PushAnswer) -> &str {
    match answer {
        PushAnswer::Reply(reply) => match &**reply {
            Reply::Text { content } => content,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

pub fn login(account: &str, machine: &str) -> LoginRequest {
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
