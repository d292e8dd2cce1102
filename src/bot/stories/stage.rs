//! One story's own world: a bot over an empty store, and the people in it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::act::{openid, push};
use super::answering;
use super::coverage::Seen;
use super::expect::{self, Happened};
use super::failure::{FailureKind, Wrong};
use super::world::{ScriptedCall, ScriptedPlatform, ScriptedSystem, WatchedHooks, World};
use crate::accounts::{self, NewAccount, Passwords};
use crate::bot::api::PushAnswer;
use crate::bot::builder::Built;
use crate::bot::last_turn::LastTurn;
use crate::bot::ruleset::Ruleset;
use crate::bot::settings::{Settings, StandingTime};
use crate::bot::{Bot, login};
use crate::env::{Env, ManualClock, Millis, SECOND};
use crate::guard::{LockedBy, locks};
use crate::keys::Keys;
use crate::lang::builtins::Registry;
use crate::lang::diagnostics::Language;
use crate::lang::program::{Expectation, OperatorAct, Step, StepKind, WeChatAct};
use crate::lang::value::Place;
use crate::outbox::{self, Abilities, CallTarget, Calls, Outbox};
use crate::store::records::{Dialog, FeedEvent};
use crate::store::{self, Order, StoreError, execute};
use crate::wechat::message::Inbound;
use crate::wechat::push_key::{BodyDigest, push_key};

/// 2026-01-05T09:00 in Asia/Shanghai.
pub(crate) const START: Millis = 1_767_574_800_000;
/// The one official account of a story.
const ACCOUNT: &str = "main";
/// The password of accounts that have none of their own.
pub(super) const PASSWORD: &str = "story-password";
/// Most feed events read after a step.
const MAX_EVENTS: usize = 500;
/// Most rounds in which deliveries may lead to further ones.
const MAX_ROUNDS: usize = 10;

pub(super) struct Stage {
    pub(super) bot: Arc<Bot>,
    calls: Arc<Calls>,
    outbox: Outbox,
    pub(super) world: Arc<World>,
    last_turn: Arc<LastTurn>,
    clock: Arc<ManualClock>,
    pub(super) places: BTreeMap<String, (Place, IpAddr)>,
    pub(super) passwords: BTreeMap<String, String>,
    pub(super) machines: BTreeMap<String, String>,
    speaker: Option<String>,
    pub(super) happened: Happened,
    /// Replies by user, of the last step in which they spoke.
    replies: BTreeMap<String, Option<crate::wechat::reply::Reply>>,
    /// The last step that acted was a push.
    heard: bool,
    seen_events: u64,
    pushes: u64,
    language: Language,
}

impl Stage {
    /// Told in `language`.
    pub(super) async fn build(
        rules: &Ruleset,
        registry: &Registry,
        language: Language,
    ) -> Result<Self, Wrong> {
        let (env, clock) = Env::scripted(START, 7);
        let store = store::unthreaded(env.clone());
        let keys = Keys::from_bytes(&[7; 32], None);
        let world = Arc::new(World::default());
        let last_turn = Arc::new(LastTurn::default());
        let settings = Settings {
            watcher: Some(last_turn.clone()),
            explanations: language,
            timer: Arc::new(StandingTime),
            ..Settings::default()
        };
        let mut builder = Bot::builder(store.clone(), env.clone(), keys)
            .compiled(rules.clone(), registry.clone())
            .without_archive()
            .settings(settings)
            .passwords(Passwords::cheap(env.clone()))
            .official_accounts([ACCOUNT.to_owned()])
            .outside(Arc::new(ScriptedSystem(world.clone())))
            .captcha_witness(world.clone())
            .probe(world.clone());
        for call in registry.calls() {
            let action = Arc::new(ScriptedCall(world.clone()));
            let deadline = Duration::from_secs(1);
            builder = builder.call_target(&call.name, CallTarget::Action { action, deadline });
        }
        for name in &rules.program.templates {
            builder = builder.template(ACCOUNT, name, name);
        }
        let Built { bot, calls, .. } = builder.build().await.map_err(Wrong::internal)?;
        let outbox = Outbox::new(
            store,
            env,
            Arc::new(ScriptedPlatform(world.clone())),
            Arc::new(WatchedHooks {
                hooks: bot.hooks(),
                world: world.clone(),
            }),
            [(ACCOUNT.to_owned(), Abilities::ALL)],
        );
        let mut stage = Self {
            bot,
            calls,
            outbox,
            world,
            last_turn,
            clock,
            places: BTreeMap::new(),
            passwords: BTreeMap::new(),
            machines: BTreeMap::new(),
            speaker: None,
            happened: Happened::default(),
            replies: BTreeMap::new(),
            heard: false,
            seen_events: 0,
            pushes: 0,
            language,
        };
        stage.take_events().await?;
        Ok(stage)
    }

    /// What of the rules was used so far.
    pub(super) fn seen(&self) -> Seen {
        self.world.seen()
    }

    /// Takes one step. `round` counts the repeats of the step from 0. What is wrong with it is told in
    /// the language of the stage.
    pub(super) async fn step(
        &mut self,
        step: &Step,
        round: u32,
    ) -> Result<(), (FailureKind, String)> {
        let taken = match &step.kind {
            StepKind::Expect(expectation) => self.expect(expectation).await,
            _ => self.take(step, round).await,
        };
        taken.map_err(|wrong| {
            let (kind, words) = wrong.told();
            let mut lines = vec![words.get(self.language).to_owned()];
            if let StepKind::Expect(expectation) = &step.kind {
                lines.extend(self.reasons(expectation));
            }
            (kind, lines.join("\n"))
        })
    }

    async fn take(&mut self, step: &Step, round: u32) -> Result<(), Wrong> {
        match &step.kind {
            StepKind::WeChat { every, .. } | StepKind::Login { every, .. } if round > 0 => {
                self.clock.advance(*every);
            }
            _ => {
                self.clock.advance(SECOND);
            }
        }
        self.happened = Happened {
            login: self.happened.login.take(),
            ..Happened::default()
        };
        self.heard = matches!(step.kind, StepKind::WeChat { .. });
        self.act(&step.kind).await?;
        self.deliver().await?;
        self.take_events().await
    }

    async fn act(&mut self, step: &StepKind) -> Result<(), Wrong> {
        match step {
            StepKind::Place {
                name,
                lat,
                lon,
                country,
                region,
                asn,
                isp,
            } => {
                let place = Place {
                    country: country.clone(),
                    region: region.clone(),
                    city: Some(name.clone()),
                    lat: Some(*lat),
                    lon: Some(*lon),
                    asn: *asn,
                    isp: isp.clone(),
                };
                self.place(name, place);
            }
            StepKind::Account {
                name,
                display,
                phone,
                code,
                password,
                zone,
            } => {
                let new = NewAccount {
                    id: name.clone(),
                    name: display.clone().unwrap_or_else(|| name.clone()),
                    phone: phone.clone(),
                    zone: zone.clone(),
                    ..NewAccount::default()
                };
                self.account(new, password.as_deref(), code.as_deref())
                    .await?;
            }
            StepKind::IssueCode {
                purpose,
                code,
                account,
            } => self.issue(account, *purpose, code).await?,
            StepKind::IssueTicket { ticket, account } => {
                let (ticket, account) = (ticket.clone(), account.clone());
                let limits = self.bot.shared().limits.accounts.clone();
                self.run("ticket", move |tx| {
                    let ticket = ticket.clone();
                    accounts::issue_ticket_text(tx, &limits, &account, ticket, accounts::SYSTEM)
                        .map(drop)
                })
                .await?;
            }
            StepKind::WeChat {
                user, act, fields, ..
            } => self.speak(user, act, fields).await?,
            StepKind::Login { account, login, .. } => self.login(account, login).await?,
            StepKind::After(time) => {
                self.clock.advance(*time);
            }
            StepKind::Operator { account, act } => self.operator(account, *act).await?,
            StepKind::Platform(act) => self.world.platform(*act),
            StepKind::System(act) => self.world.system(act.clone()),
            StepKind::Expect(_) => {}
        }
        Ok(())
    }

    async fn speak(
        &mut self,
        user: &str,
        act: &WeChatAct,
        more: &[(String, String)],
    ) -> Result<(), Wrong> {
        self.pushes += 1;
        self.speaker = Some(user.to_owned());
        self.last_turn.forget();
        let fields = push(user, act, more, self.clock_now(), self.pushes);
        let inbound = Inbound::from_fields(fields).map_err(Wrong::internal)?;
        let digest = BodyDigest::of(&inbound);
        let key = push_key(&inbound, &digest);
        let answer = self.bot.handle(ACCOUNT, inbound, key, digest).await;
        self.happened.reply = match answer {
            PushAnswer::Reply(reply) => Some((*reply).clone()),
            PushAnswer::Success => None,
            other => {
                return Err(Wrong::internal(format!(
                    "the bot did not take it: {other:?}"
                )));
            }
        };
        self.replies
            .insert(user.to_owned(), self.happened.reply.clone());
        Ok(())
    }

    async fn operator(&mut self, account: &str, act: OperatorAct) -> Result<(), Wrong> {
        let account = account.to_owned();
        let context = self.bot.event_context();
        self.run("operator", move |tx| match act {
            OperatorAct::Locks => {
                let by = LockedBy::Operator("operator".to_owned());
                locks::lock(tx, &account, by, None)?;
                login::locked(tx, &context, &account, "operator")
            }
            OperatorAct::Unlocks => {
                locks::unlock(tx, &account, "operator")?;
                login::unlocked(tx, &context, &account)
            }
            OperatorAct::Unbinds => {
                accounts::unbind(tx, &account, None, "operator")?;
                login::unbound(tx, &context, &account, "operator")
            }
        })
        .await
    }

    /// Lets the outbox send what is due, and the platform report what became of it.
    async fn deliver(&mut self) -> Result<(), Wrong> {
        for _ in 0..MAX_ROUNDS {
            let (sent, _) = self.outbox.step().await.map_err(Wrong::internal)?;
            let messages = self.world.take_sent();
            for message in &messages {
                let Some(msgid) = message.msgid.clone() else {
                    continue;
                };
                let status = if message.dropped {
                    "failed:user block"
                } else {
                    "success"
                };
                let hooks = self.bot.hooks();
                self.run("delivered", move |tx| {
                    outbox::finished(tx, &hooks, ACCOUNT, &msgid, status).map(drop)
                })
                .await?;
            }
            self.happened.sent.extend(messages);
            self.calls.step().await.map_err(Wrong::internal)?;
            let called = self.world.take_calls();
            let quiet = sent == 0 && called.is_empty();
            self.happened.calls.extend(called);
            if quiet {
                break;
            }
        }
        Ok(())
    }

    async fn take_events(&mut self) -> Result<(), Wrong> {
        let from = self.seen_events + 1;
        let events = self
            .run("events", move |tx| {
                tx.scan_between::<FeedEvent>((), from, u64::MAX, Order::Ascending, MAX_EVENTS)
            })
            .await?;
        for event in events {
            self.seen_events = self.seen_events.max(event.seq);
            self.happened.events.push(event.kind);
        }
        Ok(())
    }

    /// How a reply that was not the expected one came about: the time, and who answered.
    fn reasons(&self, expectation: &Expectation) -> Vec<String> {
        let of_last_speaker = match expectation {
            Expectation::Reply { user, .. } => user.is_none() || *user == self.speaker,
            Expectation::NoReply | Expectation::ReplyKind { .. } => true,
            _ => false,
        };
        if !of_last_speaker || self.speaker.is_none() {
            return Vec::new();
        }
        let now = jiff::Timestamp::from_millisecond(self.clock_now()).unwrap_or_default();
        let now = now
            .to_zoned(self.bot.event_context().zone(None))
            .strftime("%Y-%m-%d %H:%M");
        let mut lines = vec![match self.language {
            Language::Zh => format!("这时是 {now}"),
            Language::En => format!("it is {now}"),
        }];
        // Who answered an earlier message says nothing of this one.
        if self.heard || self.happened.reply.is_some() {
            lines.extend(answering::lines(&self.last_turn.told(), self.language));
        } else {
            let line = self.language.pick(
                "上一步不是消息，没有要回复的",
                "the step before is no message, so there was nothing to reply to",
            );
            lines.push(line.to_owned());
        }
        lines
    }

    async fn expect(&mut self, expectation: &Expectation) -> Result<(), Wrong> {
        if let Expectation::Reply {
            user: Some(user), ..
        } = expectation
        {
            self.happened.reply = self.replies.get(user).cloned().flatten();
        }
        if let Some(judged) = expect::judge(expectation, &self.happened, openid) {
            return judged;
        }
        match expectation {
            Expectation::Locked { account, negated } => {
                let id = account.clone();
                let locked = self
                    .run("lock", move |tx| Ok(locks::lock_of(tx, &id)?.is_some()))
                    .await?;
                as_expected(locked, *negated, Wrong::Lock { is: locked })
            }
            Expectation::Bound { user, negated } => {
                let openid = openid(user);
                let bound = self
                    .run("binding", move |tx| {
                        Ok(accounts::account_of(tx, ACCOUNT, &openid)?.is_some())
                    })
                    .await?;
                as_expected(bound, *negated, Wrong::Binding { is: bound })
            }
            Expectation::Dialog(wanted) => {
                let openid = openid(self.speaker.as_deref().unwrap_or_default());
                let running = self
                    .run("dialog", move |tx| {
                        let key = (ACCOUNT.to_owned(), openid.clone());
                        let now = tx.now();
                        let dialog = tx.get::<Dialog>(&key)?;
                        Ok(dialog
                            .filter(|dialog| dialog.expires_at > now)
                            .map(|dialog| dialog.name))
                    })
                    .await?;
                if running == *wanted {
                    Ok(())
                } else {
                    Err(Wrong::Dialog(running))
                }
            }
            _ => Ok(()),
        }
    }

    pub(super) fn clock_now(&self) -> Millis {
        self.bot.env().now()
    }

    pub(super) async fn run<T: Send + 'static>(
        &self,
        name: &'static str,
        f: impl FnMut(&mut store::Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Wrong> {
        execute(&**self.bot.store(), name, f)
            .await
            .map_err(Wrong::internal)
    }
}

fn as_expected(is: bool, negated: bool, wrong: Wrong) -> Result<(), Wrong> {
    match is != negated {
        true => Ok(()),
        false => Err(wrong),
    }
}
