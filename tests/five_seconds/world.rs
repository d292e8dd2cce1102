//! The platform with its patience, the bot's process, the information system and the phone, all on one
//! clock that moves only when it is told to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use menshen::accounts::{self, CodePurpose, Issued, NewAccount, Passwords};
use menshen::bot::api::PushAnswer;
use menshen::bot::chat::{Request, Response};
use menshen::bot::outside::Outside;
use menshen::bot::settings::Timer;
use menshen::bot::{Bot, Settings};
use menshen::env::{Env, Millis, SECOND};
use menshen::keys::Keys;
use menshen::lang::span::Sources;
use menshen::lang::value::Value;
use menshen::outbox::{Abilities, NoHooks, Outbox, Outcome, Sender};
use menshen::store::{self, Audit, FeedEvent, Order, SharedStore, StoreError, execute};
use menshen::wechat::fields::Fields;
use menshen::wechat::message::Inbound;
use menshen::wechat::push_key::{BodyDigest, push_key};
use menshen::wechat::reply::Reply;

use super::alarm::Alarm;
use super::disk::Disk;
use super::secrecy::Secrets;

const START: Millis = 1_790_000_000_000;
/// As [`Setup::takes`]: the adapter panics.
pub const PANICS: Millis = -1;
/// The platform closes a connection after this.
const PATIENCE: Millis = 5 * SECOND;

const RULES: &str = r#"
on text "你好" or click "你好" { reply "您好" }

on text "记" or click "记" {
    note "一"
    reply "记下了"
}

on text "锁定" or click "锁定" when bound even in dialog {
    note "一"
    lock account {
        locked         { reply "已锁定" }
        already_locked { reply "早已锁定" }
    }
}

on text "查" or click "查" when bound {
    note "一"
    forward {
        answered { note "二"
                   reply "{answer}" }
        late     { reply "稍后" }
        failed   { reply "失败" }
    }
}

on text "锁了再查" or click "锁了再查" when bound even in dialog {
    note "一"
    lock account {
        locked {
            forward {
                answered { note "二"
                           reply "{answer}" }
                late     { reply "稍后" }
                failed   { reply "失败" }
            }
        }
        already_locked { reply "早已锁定" }
    }
}

on text "转人工" or click "转人工" when bound {
    note "一"
    forward {
        answered { note "二"
                   hand over }
        late     { reply "稍后" }
        failed   { reply "失败" }
    }
}

on text with phone: mobile, code: digits(6) {
    bind {
        bound   { reply "绑定成功" }
        already { reply "已经绑定" }
        taken   { reply "已被绑定" }
        refused { reply "不对" }
        blocked { reply "等等" }
    }
}
"#;

/// The information system: answers after a while, and remembers what it was asked.
struct System {
    alarm: Arc<Alarm>,
    takes: Millis,
    asked: Mutex<Vec<String>>,
}

struct Asked(Arc<System>);

impl Outside for Asked {
    fn ask(&self, request: &Request) -> BoxFuture<'static, Response> {
        self.0.asked.lock().unwrap().push(request.id.clone());
        let sleep = match self.0.takes {
            0 => std::future::ready(()).boxed(),
            PANICS => panic!("the adapter panics"),
            takes => self.0.alarm.sleep(takes),
        };
        async move {
            sleep.await;
            let brings = BTreeMap::from([("answer".to_owned(), Value::text("两个订单"))]);
            Response::Outcome("answered".to_owned(), brings)
        }
        .boxed()
    }
}

/// Where customer-service messages arrive.
#[derive(Default)]
struct Phone(Mutex<Vec<String>>);

impl Sender for Phone {
    fn custom<'a>(&'a self, _: &'a str, body: &'a serde_json::Value) -> BoxFuture<'a, Outcome> {
        let text = body["text"]["content"].as_str().unwrap_or("?").to_owned();
        self.0.lock().unwrap().push(text);
        std::future::ready(Outcome::Accepted { msgid: None }).boxed()
    }

    fn template<'a>(&'a self, _: &'a str, _: &'a serde_json::Value) -> BoxFuture<'a, Outcome> {
        std::future::ready(Outcome::Rejected { errcode: 40037 }).boxed()
    }
}

/// What a row sets up.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    /// Whether the account may send customer-service messages.
    pub custom: bool,
    /// How long the information system takes.
    pub takes: Millis,
    /// Whether words come as clicks, which have no `MsgId`: sender and time tell deliveries of one from another.
    pub clicks: bool,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Passive replies that a listening platform got.
    pub passive: Vec<String>,
    /// Customer-service messages.
    pub custom: Vec<String>,
    /// How often the first and the second half took effect.
    pub effects: (usize, usize),
    /// Distinct requests to the information system, and all of them.
    pub asked: (usize, usize),
    /// `reply_dropped` events by reason, and the counter.
    pub dropped: Vec<String>,
    pub counted: u64,
    /// `undeliverable` events of the outbox.
    pub undeliverable: usize,
}

pub struct World {
    secrets: Secrets,
    setup: Setup,
    env: Env,
    alarm: Arc<Alarm>,
    store: SharedStore,
    system: Arc<System>,
    phone: Arc<Phone>,
    pub disk: Arc<Disk>,
    bot: Arc<Bot>,
    outbox: Outbox,
    passive: Vec<String>,
    /// What each delivery came to, `closed` when it came to nothing in time.
    answers: Vec<String>,
    message: u64,
    counted: u64,
}

impl World {
    pub async fn new(setup: Setup) -> Self {
        let secrets = Secrets::watched();
        let (env, clock) = Env::scripted(START, 1);
        let store = store::memory(env.clone());
        let alarm = Arc::new(Alarm {
            clock,
            now: Mutex::new(0),
            sleepers: Mutex::default(),
        });
        let system = Arc::new(System {
            alarm: alarm.clone(),
            takes: setup.takes,
            asked: Mutex::default(),
        });
        let phone = Arc::new(Phone::default());
        let disk = Disk::new(store.clone());
        let (bot, outbox) = process(&setup, &env, &alarm, &system, &phone, &disk).await;
        let mut world = Self {
            secrets,
            setup,
            env,
            alarm,
            store,
            system,
            phone,
            disk,
            bot,
            outbox,
            passive: Vec::new(),
            answers: Vec::new(),
            message: 24_785_639_120_457_813,
            counted: 0,
        };
        world.bind().await;
        world
    }

    /// A bound follower, to begin with.
    async fn bind(&mut self) {
        let shared = self.bot.shared().clone();
        let issued = execute(&*self.store, "test", move |tx| {
            let new = NewAccount {
                id: "alice".to_owned(),
                phone: Some("13800138000".to_owned()),
                ..NewAccount::default()
            };
            accounts::create(tx, new, "test")?;
            let limits = &shared.limits.accounts;
            accounts::issue(tx, &shared.keys, limits, "alice", CodePurpose::Bind, "test")
        })
        .await;
        let Ok::<_, StoreError>(Issued::Issued { code, .. }) = issued else {
            panic!("no code");
        };
        for secret in ["13800138000", code.reveal()] {
            self.secrets.note(secret);
        }
        let words = format!("13800138000 {}", code.reveal());
        // Two values are typed, whatever follows.
        let clicks = std::mem::take(&mut self.setup.clicks);
        self.push(&words, 1, 0).await;
        self.setup.clicks = clicks;
        assert_eq!(std::mem::take(&mut self.passive), ["绑定成功"]);
        self.answers.clear();
        self.next_message();
        self.advance(60 * SECOND).await;
    }

    /// What is pushed from now on is another message.
    pub fn next_message(&mut self) {
        self.message += 1;
    }

    pub fn answers(&self) -> Vec<&str> {
        self.answers.iter().map(String::as_str).collect()
    }

    /// The platform delivers a message, up to `deliveries` times; the answers of the first `deaf`
    /// never arrive.
    pub async fn push(&mut self, words: &str, deliveries: u32, deaf: u32) {
        self.push_while(words, deliveries, deaf, |_, _| ()).await;
    }

    /// As [`World::push`]; `at` is told when 4.5 s of a delivery are over and when it was closed.
    pub async fn push_while(
        &mut self,
        words: &str,
        deliveries: u32,
        deaf: u32,
        at: impl Fn(&Disk, Millis),
    ) {
        let fields = Fields::new()
            .text("ToUserName", "gh_test")
            .text("FromUserName", "o1")
            .text("CreateTime", (1_790_000_000 + self.message).to_string());
        let fields = match self.setup.clicks {
            true => fields
                .text("MsgType", "event")
                .text("Event", "CLICK")
                .text("EventKey", words),
            false => fields
                .text("MsgType", "text")
                .text("Content", words)
                .text("MsgId", self.message.to_string()),
        };
        let inbound = Inbound::from_fields(fields).expect("a message");
        let mut spent = 0;
        for delivery in 1..=deliveries {
            let answer = self.deliver(&inbound, &mut spent, &at).await;
            self.answers.push(match &answer {
                Some(answer) => format!("{answer:?}"),
                None => "closed".to_owned(),
            });
            let heard = answer.filter(|_| delivery > deaf && !self.disk.is_dead());
            if self.disk.is_dead() {
                self.restart().await;
            }
            match heard {
                Some(PushAnswer::Reply(reply)) => {
                    self.passive.push(shown(&reply));
                    return;
                }
                Some(PushAnswer::Success) => return,
                _ => {}
            }
        }
    }

    /// One delivery: its answer, unless the connection broke or was closed first.
    async fn deliver(
        &mut self,
        inbound: &Inbound,
        spent: &mut Millis,
        at: &impl Fn(&Disk, Millis),
    ) -> Option<PushAnswer> {
        let (bot, inbound) = (self.bot.clone(), inbound.clone());
        let digest = BodyDigest::of(&inbound);
        let key = push_key(&inbound, &digest);
        let mut work = tokio::spawn(async move { bot.handle("main", inbound, key, digest).await });
        for step in [0, 4_500, 400, PATIENCE - 4_900] {
            self.advance(step).await;
            *spent += step;
            at(&self.disk, *spent);
            self.quiet().await;
            if let Some(answer) = (&mut work).now_or_never() {
                let answer = answer.expect("answering does not panic");
                // Left unanswered: the platform waits to the end.
                return match answer {
                    PushAnswer::NoAnswer => {
                        self.advance(PATIENCE - *spent % PATIENCE).await;
                        *spent += PATIENCE - *spent % PATIENCE;
                        at(&self.disk, *spent);
                        None
                    }
                    answer => Some(answer),
                };
            }
            if self.disk.is_dead() {
                break;
            }
        }
        work.abort();
        None
    }

    /// The process is gone, another one begins over the same store.
    pub async fn restart(&mut self) {
        self.disk.kill();
        self.counted += self.bot.numbers().replies_dropped.get();
        self.disk = Disk::new(self.store.clone());
        let (bot, outbox) = process(
            &self.setup,
            &self.env,
            &self.alarm,
            &self.system,
            &self.phone,
            &self.disk,
        )
        .await;
        (self.bot, self.outbox) = (bot, outbox);
        tokio::spawn(self.bot.clone().recover_pushes());
        self.quiet().await;
    }

    /// Everything that is still to come: slow answers, the wait for retries, messages.
    pub async fn settle(mut self) -> Seen {
        for _ in 0..12 {
            self.advance(10 * SECOND).await;
            if self.disk.is_dead() {
                self.restart().await;
            }
            self.outbox.step().await.expect("the store takes it");
        }
        let (audits, events) = execute(&*self.store, "test", |tx| {
            let audits = tx.scan::<Audit>((), Order::Ascending, 1_000)?;
            let events = tx.scan::<FeedEvent>((), Order::Ascending, 1_000)?;
            Ok::<_, StoreError>((audits, events))
        })
        .await
        .expect("the store answers");
        let notes = |text: &str| {
            let noted = |audit: &&Audit| audit.action == "note" && audit.detail["text"] == text;
            audits.iter().filter(noted).count()
        };
        let asked = self.system.asked.lock().unwrap().clone();
        Seen {
            passive: self.passive,
            custom: self.phone.0.lock().unwrap().clone(),
            effects: (notes("一"), notes("二")),
            asked: (asked.iter().collect::<BTreeSet<_>>().len(), asked.len()),
            dropped: events
                .iter()
                .filter(|event| event.kind == "reply_dropped")
                .map(|event| event.data["reason"].as_str().unwrap_or("?").to_owned())
                .collect(),
            counted: self.counted + self.bot.numbers().replies_dropped.get(),
            undeliverable: events
                .iter()
                .filter(|event| event.kind == "undeliverable")
                .count(),
        }
    }

    /// Time passes; whoever wakes on the way does what there is to do before it goes on.
    async fn advance(&self, time: Millis) {
        self.quiet().await;
        let mut left = time;
        while let Some(step) = self.alarm.until_next().filter(|step| *step <= left) {
            self.alarm.advance(step);
            left -= step;
            self.quiet().await;
        }
        self.alarm.advance(left);
    }

    /// Until nothing can go on without time passing: no task has something to do and no command is
    /// on its way.
    async fn quiet(&self) {
        let mut idle = 0;
        while idle < 64 {
            tokio::task::yield_now().await;
            idle = match self.disk.running() {
                0 => idle + 1,
                _ => 0,
            };
        }
    }
}

async fn process(
    setup: &Setup,
    env: &Env,
    alarm: &Arc<Alarm>,
    system: &Arc<System>,
    phone: &Arc<Phone>,
    disk: &Arc<Disk>,
) -> (Arc<Bot>, Outbox) {
    let mut settings = Settings {
        timer: alarm.clone(),
        ..Settings::default()
    };
    if setup.custom {
        settings.custom_send.insert("main".to_owned());
    }
    let store: SharedStore = disk.clone();
    let built = Bot::builder(store.clone(), env.clone(), Keys::from_bytes(&[1; 32], None))
        .sources(Sources::single("test.rules", RULES))
        .settings(settings)
        .passwords(Passwords::cheap(env.clone()))
        .outside(Arc::new(Asked(system.clone())))
        .build()
        .await;
    let bot = built
        .unwrap_or_else(|error| panic!("{error}: {error:?}"))
        .bot;
    let abilities = Abilities {
        custom: setup.custom,
        template: false,
    };
    let outbox = Outbox::new(
        store,
        env.clone(),
        phone.clone(),
        Arc::new(NoHooks),
        [("main".to_owned(), abilities)],
    );
    (bot, outbox)
}

fn shown(reply: &Reply) -> String {
    match reply {
        Reply::Text { content } => content.clone(),
        other => format!("{other:?}"),
    }
}
