//! Logins through the bot where several of its promises meet: caps, locks, habits, reports.

#[path = "secrecy/mod.rs"]
mod secrecy;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};

use menshen::accounts::{self, NewAccount, Password, Passwords};
use menshen::bot::Bot;
use menshen::bot::api::{
    AttemptRequest, BotError, CaptchaAnswer, DecisionView, LoginAnswer, LoginGranted, LoginReport,
    LoginRequest, Origin, ReportAnswer, Secret, Verdict,
};
use menshen::bot::builder::Built;
use menshen::bot::context::{CaptchaWitness, Limits};
use menshen::env::{DAY, Env, MINUTE, ManualClock};
use menshen::guard::machines::{self, Identified};
use menshen::guard::{LockedBy, PromptState, alerts, decisions, history, locks, sessions};
use menshen::keys::Keys;
use menshen::lang::span::Sources;
use menshen::lang::value::Place;
use menshen::store::records::{Decision, FeedEvent};
use menshen::store::{self, Order, SharedStore, StoreError, execute};

use secrecy::Secrets;

const RULES: &str = r#"
signal new_here "本地址的新城市" weight 30 {
    when new(login.city, within: 90 days, by: ip)
}

signal new_city "异地" weight 60 {
    when new(login.city, within: 90 days)
}

signal far "太快" weight 60 {
    when distance(previous, login) >= 500 km
}

on login when suspicion >= 60 {
    alert expires 24 hours once per 30 minutes {
        message "有人在 {login.place} 登录。不是您？回复“锁定”。是您？回复“是我”。"
    }
}

on attempt when login.channel == "kiosk" {
    challenge captcha
}

on attempt when count(failures, within: 10 minutes) >= 3 {
    challenge captcha
}

on undeliverable alert {
    note "没有送到"
}

on text "锁定" when alert.open even in dialog {
    lock account {
        locked         { reply "已锁定" }
        already_locked { reply "早已锁定" }
    }
}

on text "是我" when alert.open even in dialog {
    trust alert for 30 days {
        trusted    { reply "好的" }
        several    { reply "{alert_list}" }
        no_machine { reply "好的" }
    }
}
"#;

/// Reads the captchas it is shown.
#[derive(Debug, Default)]
struct Reader(Mutex<Option<(String, String)>>);

impl CaptchaWitness for Reader {
    fn drawn(&self, id: &str, answer: &str) {
        *self.0.lock().unwrap() = Some((id.to_owned(), answer.to_owned()));
    }
}

struct Stage {
    secrets: Secrets,
    bot: Arc<Bot>,
    store: SharedStore,
    env: Env,
    clock: Arc<ManualClock>,
    reader: Arc<Reader>,
}

async fn stage(limits: Limits) -> Stage {
    let secrets = Secrets::watched();
    let (env, clock) = Env::scripted(1_790_000_000_000, 1);
    let store = store::memory(env.clone());
    let reader = Arc::new(Reader::default());
    let built = Bot::builder(store.clone(), env.clone(), Keys::from_bytes(&[1; 32], None))
        .sources(Sources::single("test.rules", RULES))
        .limits(limits)
        .captcha_witness(reader.clone())
        .passwords(Passwords::cheap(env.clone()))
        .build()
        .await;
    let Built { bot, .. } = built.unwrap_or_else(|error| panic!("{error}: {error:?}"));
    let stage = Stage {
        secrets,
        bot,
        store,
        env,
        clock,
        reader,
    };
    for name in ["alice", "bob", "carol"] {
        stage.account(name).await;
    }
    stage
}

fn city(name: &str) -> Place {
    let (lat, lon) = match name {
        "纽约" => (40.71, -74.01),
        _ => (39.90, 116.40),
    };
    Place {
        city: Some(name.to_owned()),
        lat: Some(lat),
        lon: Some(lon),
        ..Place::default()
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

    async fn account(&self, id: &'static str) {
        self.secrets.note(&format!("o-{id}"));
        let hash = Passwords::cheap(self.env.clone())
            .hash(Password::new("right"))
            .await
            .expect("a password");
        self.run(move |tx| {
            let new = NewAccount {
                id: id.to_owned(),
                password: Some(hash.clone()),
                ..NewAccount::default()
            };
            accounts::create(tx, new, "test")?;
            // Bound, so that there is somebody to ask.
            tx.put(&store::records::Binding {
                official_account: "main".to_owned(),
                openid: format!("o-{id}"),
                account: id.to_owned(),
                bound_at: tx.now(),
            })?;
            tx.put(&store::records::AccountBinding {
                account: id.to_owned(),
                official_account: "main".to_owned(),
                openid: format!("o-{id}"),
                bound_at: tx.now(),
                state: store::records::BindingState::Active,
            })
        })
        .await;
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

    async fn try_login(&self, account: &str, origin: Origin) -> Result<LoginAnswer, BotError> {
        self.clock.advance(2 * MINUTE);
        self.with_captcha(account, origin, None).await
    }

    async fn with_captcha(
        &self,
        account: &str,
        origin: Origin,
        captcha: Option<CaptchaAnswer>,
    ) -> Result<LoginAnswer, BotError> {
        let request = LoginRequest {
            origin: Origin {
                account: account.to_owned(),
                ..origin
            },
            password: Secret::new("right"),
            captcha,
        };
        self.bot.login(request).await
    }

    async fn login(&self, account: &str, origin: Origin) -> Box<LoginGranted> {
        match self.try_login(account, origin).await {
            Ok(LoginAnswer::Granted(granted)) => granted,
            other => panic!("{other:?}"),
        }
    }

    fn solved(&self) -> CaptchaAnswer {
        let (id, answer) = self
            .reader
            .0
            .lock()
            .unwrap()
            .clone()
            .expect("one was drawn");
        self.secrets.note(&answer);
        CaptchaAnswer {
            id,
            answer: Secret::new(answer),
        }
    }

    async fn lock(&self, account: &'static str) {
        self.run(move |tx| {
            let by = LockedBy::Owner("openid:test".to_owned());
            locks::lock(tx, account, by, None).map(drop)
        })
        .await;
    }

    async fn unlock(&self, account: &'static str) {
        self.run(move |tx| locks::unlock(tx, account, "test").map(drop))
            .await;
    }

    async fn events(&self, kind: &str) -> Vec<FeedEvent> {
        let all = self
            .run(|tx| tx.scan::<FeedEvent>((), Order::Ascending, 10_000))
            .await;
        all.into_iter().filter(|event| event.kind == kind).collect()
    }
}

fn from(ip: u8, place: &str, machine: &str) -> Origin {
    Origin {
        machine: Some(machine.to_owned()),
        ip: Some(IpAddr::V4(Ipv4Addr::new(203, 0, 113, ip))),
        place: Some(city(place)),
        ..Origin::default()
    }
}

fn state<'d>(decision: &'d DecisionView, name: &str) -> Option<&'d str> {
    let mut signals = decision.signals.iter();
    signals
        .find(|signal| signal.name == name)
        .map(|signal| signal.state.as_str())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cap_of_prompts_turns_into_a_captcha_not_into_silence() {
    let mut limits = Limits::default();
    limits.guard.prompts_per_day = 1;
    let stage = stage(limits).await;
    let machine = stage.machine().await;
    stage.login("alice", from(1, "北京", &machine)).await;
    let asked = stage.login("alice", from(1, "纽约", &machine)).await;
    assert!(asked.decision.alert.is_some());
    stage.clock.advance(31 * MINUTE);

    let home = || from(1, "北京", &machine);
    let capped = stage.try_login("alice", home()).await;
    let Ok(LoginAnswer::CaptchaRequired { decision, .. }) = capped else {
        panic!("{capped:?}");
    };
    let alive = stage.run(|tx| sessions::list(tx, "alice")).await;
    assert_eq!(alive.len(), 2, "the challenged login left no session");
    assert_eq!(stage.events("alerted").await.len(), 1);
    assert_eq!(stage.events("logged_in").await.len(), 2);
    // That a captcha was asked for, and why, is on record: who does not solve it leaves nothing else.
    let kept = stage
        .run(|tx| tx.scan::<Decision>((), Order::Ascending, 100))
        .await;
    let mut asked = kept.iter().filter(|decision| decision.kind == "attempt");
    let said = asked.next().map(|one| (one.verdict.as_str(), &one.alert));
    assert_eq!((said, asked.next()), (Some(("challenge", &None)), None));
    assert!(kept.iter().any(|kept| kept.id == decision));

    let solved = stage
        .with_captcha("alice", home(), Some(stage.solved()))
        .await;
    let Ok(LoginAnswer::Granted(granted)) = solved else {
        panic!("{solved:?}");
    };
    let id = granted
        .decision
        .alert
        .expect("still an alert, visible to operators");
    let alert = stage.run(move |tx| alerts::get(tx, &id)).await.unwrap();
    assert_eq!(alert.prompt, PromptState::Capped);

    // Reported logins have happened: the captcha is advice.
    stage.clock.advance(31 * MINUTE);
    let report = report("r1", "alice", from(1, "纽约", &machine));
    let Ok(ReportAnswer::Recorded(decision)) = stage.bot.report(report, None).await else {
        panic!("recorded");
    };
    assert_eq!(decision.verdict, Verdict::Challenge);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_intruders_login_is_no_habit_of_its_address_either() {
    let stage = stage(Limits::default()).await;
    let machine = stage.machine().await;
    stage.login("carol", from(9, "北京", &machine)).await;
    stage.login("alice", from(1, "北京", &machine)).await;
    let intruder = stage.login("alice", from(9, "纽约", &machine)).await;
    assert!(intruder.decision.alert.is_some());
    stage.lock("alice").await;
    let bob = stage.login("bob", from(9, "纽约", &machine)).await;
    assert_eq!(state(&bob.decision, "new_here"), Some("fired"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owners_first_login_home_after_an_unlock_is_no_teleport() {
    let stage = stage(Limits::default()).await;
    let machine = stage.machine().await;
    stage.login("alice", from(1, "北京", &machine)).await;
    let intruder = stage.login("alice", from(2, "纽约", &machine)).await;
    assert_eq!(state(&intruder.decision, "far"), Some("fired"));
    stage.lock("alice").await;
    stage.unlock("alice").await;
    let home = stage.login("alice", from(1, "北京", &machine)).await;
    assert_eq!(state(&home.decision, "far"), None, "{:?}", home.decision);
    assert_eq!(home.decision.alert, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_beyond_an_alerts_list_are_marked_by_the_lock_too() {
    let stage = stage(Limits::default()).await;
    let machine = stage.machine().await;
    stage.login("alice", from(1, "北京", &machine)).await;
    let first = stage.login("alice", from(2, "纽约", &machine)).await;
    for _ in 0..alerts::MAX_APPENDED + 3 {
        // Back and forth: every one of them is far from the last.
        stage.login("alice", from(1, "北京", &machine)).await;
        stage.login("alice", from(2, "纽约", &machine)).await;
    }
    let id = first.decision.alert.clone().unwrap();
    let alert = stage.run(move |tx| alerts::get(tx, &id)).await.unwrap();
    assert!(alert.appended_more > 0, "{alert:?}");
    stage.lock("alice").await;
    let rows = stage.run(|tx| history::latest(tx, "alice", 100)).await;
    let named = rows.iter().filter(|row| row.alert.is_some());
    assert!(named.clone().count() > alerts::MAX_APPENDED + 1);
    assert!(named.clone().all(|row| row.answered_lock));
}

fn report(id: &str, account: &str, origin: Origin) -> LoginReport {
    LoginReport {
        id: Some(id.to_owned()),
        origin: Origin {
            account: account.to_owned(),
            ..origin
        },
        time: None,
        success: true,
        reason: None,
        session: Some(format!("s-{id}")),
        backfill: false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_reported_under_a_lock_is_denied_its_session_ended_and_the_owner_told() {
    let stage = stage(Limits::default()).await;
    stage.lock("alice").await;
    let report = report("r1", "alice", from(1, "北京", "m"));
    let Ok(ReportAnswer::Recorded(decision)) = stage.bot.report(report, None).await else {
        panic!("recorded");
    };
    assert_eq!(decision.verdict, Verdict::Deny);
    let ended = stage.events("session_ended").await;
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0].data["session"], "s-r1");
    assert_eq!(ended[0].data["why"], "locked");
    assert!(ended[0].data["since"].as_str().unwrap().ends_with('Z'));
    assert_eq!(stage.events("locked_login").await.len(), 1);
    assert_eq!(stage.events("logged_in").await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_on_a_closed_account_is_denied_and_every_attempt_can_be_explained() {
    let stage = stage(Limits::default()).await;
    let machine = stage.machine().await;
    let attempt = |account: &str, channel: Option<&str>| {
        let request = AttemptRequest {
            origin: Origin {
                account: account.to_owned(),
                channel: channel.map(str::to_owned),
                ..from(1, "北京", &machine)
            },
            captcha: None,
        };
        stage.bot.attempt(request, None)
    };
    let allowed = attempt("alice", None).await.unwrap();
    assert_eq!(allowed.verdict, Verdict::Allow);
    let id = allowed.decision.clone();
    let kept = stage.run(move |tx| decisions::get(tx, &id)).await;
    assert_eq!(kept.expect("an allowed one too").verdict, "allow");
    assert_eq!(
        attempt("alice", Some("kiosk")).await.unwrap().verdict,
        Verdict::Challenge
    );
    stage.lock("alice").await;
    let closed = attempt("alice", Some("kiosk")).await.unwrap();
    assert_eq!((closed.verdict, closed.captcha), (Verdict::Deny, None));
    assert_eq!(
        attempt("nobody", None).await.unwrap().verdict,
        Verdict::Allow,
        "a name that is no account is judged by the rules alone"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_had_its_captchas_is_told_so() {
    let mut limits = Limits::default();
    limits.guard.captchas_per_address = 1;
    let stage = stage(limits).await;
    let kiosk = || Origin {
        channel: Some("kiosk".to_owned()),
        ..from(1, "北京", "m")
    };
    let first = stage.try_login("alice", kiosk()).await;
    let Ok(LoginAnswer::CaptchaRequired { decision, .. }) = first else {
        panic!("{first:?}");
    };
    let kept = stage.run(move |tx| decisions::get(tx, &decision)).await;
    assert_eq!(kept.map(|kept| kept.verdict), Some("challenge".to_owned()));
    let second = stage.try_login("alice", kiosk()).await;
    assert!(
        matches!(second, Err(BotError::TooManyCaptchas)),
        "{second:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_reached_by_a_login_of_the_past_acts_on_nothing() {
    let stage = stage(Limits::default()).await;
    stage.login("alice", from(1, "北京", "m")).await;
    let mut past = report("r1", "alice", from(2, "纽约", "m"));
    past.backfill = true;
    past.time = Some(stage.env.now() - DAY);
    assert!(matches!(
        stage.bot.report(past, None).await,
        Ok(ReportAnswer::Recorded(_))
    ));
    assert!(stage.events("alerted").await.is_empty());
    let sessions = stage.run(|tx| sessions::list(tx, "alice")).await;
    assert_eq!(
        sessions.len(),
        1,
        "a session of the past is not one that lives"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_no_account_are_counted_and_challenged_like_real_ones() {
    let stage = stage(Limits::default()).await;
    let mut seen = Vec::new();
    for (ip, account) in [(1, "alice"), (2, "nobody")] {
        let mut answers = Vec::new();
        for _ in 0..5 {
            let request = LoginRequest {
                origin: Origin {
                    account: account.to_owned(),
                    ..from(ip, "北京", "m")
                },
                password: Secret::new("wrong"),
                captcha: None,
            };
            answers.push(match stage.bot.login(request).await {
                Ok(LoginAnswer::Refused) => "refused",
                Ok(LoginAnswer::CaptchaRequired { .. }) => "captcha",
                other => panic!("{other:?}"),
            });
        }
        seen.push(answers);
    }
    assert_eq!(
        seen[0],
        ["refused", "refused", "refused", "captcha", "captcha"]
    );
    assert_eq!(seen[0], seen[1]);
}
