//! The world around a story's bot: a platform and an information system that do what the story says.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value as Json;

use super::coverage::Seen;
use super::expect::Judged;
use crate::bot::chat::{Request, Response};
use crate::bot::context::CaptchaWitness;
use crate::bot::hooks::RuleHooks;
use crate::bot::outside::Outside;
use crate::bot::probe::Probe;
use crate::env::Millis;
use crate::lang::eval::{Judgement, Trace};
use crate::lang::program::{PlatformAct, SystemAct};
use crate::lang::span::Span;
use crate::lang::value::Value;
use crate::outbox::{CallError, CallRequest, Check, Ending, Hooks, HostAction, Outcome, Sender};
use crate::store::records::{OutboxEntry, OutboxPurpose};
use crate::store::{StoreError, Tx};

/// A message the platform was given.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) openid: String,
    pub(super) template: bool,
    /// What it was for.
    pub(super) purpose: OutboxPurpose,
    /// Every text in it, joined.
    pub(super) text: String,
    pub(super) msgid: Option<String>,
    /// It will be reported as not delivered.
    pub(super) dropped: bool,
}

/// What the platform and the information system were told and asked.
#[derive(Debug, Default)]
pub(super) struct World(Mutex<State>);

#[derive(Debug)]
struct State {
    platform: PlatformAct,
    system: SystemAct,
    /// What messages are for, by their bodies.
    promised: BTreeMap<String, OutboxPurpose>,
    sent: Vec<Sent>,
    calls: Vec<String>,
    seen: Seen,
    captchas: BTreeMap<String, String>,
    judged: Option<Judged>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            platform: PlatformAct::Accepts,
            system: SystemAct::Answers("好的".to_owned()),
            promised: BTreeMap::new(),
            sent: Vec::new(),
            calls: Vec::new(),
            seen: Seen::default(),
            captchas: BTreeMap::new(),
            judged: None,
        }
    }
}

/// `errcode` of an API the account may not use: final, whatever the channel.
const NOT_AUTHORISED: i64 = 48001;

impl World {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn platform(&self, act: PlatformAct) {
        self.state().platform = act;
    }

    pub(super) fn system(&self, act: SystemAct) {
        self.state().system = act;
    }

    /// Messages since the last call.
    pub(super) fn take_sent(&self) -> Vec<Sent> {
        std::mem::take(&mut self.state().sent)
    }

    /// Calls since the last call.
    pub(super) fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.state().calls)
    }

    /// What of the rules was used so far.
    pub(super) fn seen(&self) -> Seen {
        self.state().seen.clone()
    }

    /// The answer of a captcha.
    pub(super) fn captcha(&self, id: &str) -> String {
        self.state().captchas.get(id).cloned().unwrap_or_default()
    }

    /// What the signals said since the last call; none when no login came as far as them.
    pub(super) fn take_judged(&self) -> Option<Judged> {
        self.state().judged.take()
    }

    pub(super) fn called(&self, name: &str) {
        self.state().calls.push(name.to_owned());
    }

    /// A message is about to go out.
    fn promise(&self, entry: &OutboxEntry) {
        let openid = entry.openid.as_deref().unwrap_or_default();
        if let Some(message) = &entry.custom {
            let body = message.body(openid).to_string();
            self.state().promised.insert(body, entry.purpose);
        }
    }

    fn send(&self, body: &Json, template: bool) -> Outcome {
        let mut state = self.state();
        match state.platform {
            PlatformAct::Accepts | PlatformAct::Drops => {}
            PlatformAct::Refuses => {
                return Outcome::Rejected {
                    errcode: NOT_AUTHORISED,
                };
            }
            PlatformAct::Loses => return Outcome::Unknown,
        }
        let dropped = state.platform == PlatformAct::Drops;
        let mut texts = Vec::new();
        collect(body, &mut texts);
        // Only alerts are worth a template.
        let custom = state.promised.get(&body.to_string()).copied();
        let purpose = custom.unwrap_or(OutboxPurpose::Prompt);
        let msgid = template.then(|| format!("{}", 1_000 + state.sent.len()));
        state.sent.push(Sent {
            openid: body["touser"].as_str().unwrap_or_default().to_owned(),
            template,
            purpose,
            text: texts.join("\n"),
            msgid: msgid.clone(),
            dropped,
        });
        Outcome::Accepted { msgid }
    }
}

impl CaptchaWitness for World {
    fn drawn(&self, id: &str, answer: &str) {
        let mut state = self.state();
        state.captchas.insert(id.to_owned(), answer.to_owned());
    }
}

impl Probe for World {
    fn reached(&self, at: Span) {
        self.state().seen.reach(at);
    }

    fn judged(&self, trace: &Trace) {
        self.state().seen.judge(trace);
    }

    fn signals(&self, judgement: &Judgement) {
        self.state().judged = Some(Judged::of(judgement));
    }
}

/// What a story's queued calls reach.
#[derive(Debug)]
pub(super) struct ScriptedCall(pub(super) Arc<World>);

impl HostAction for ScriptedCall {
    fn call(&self, request: CallRequest) -> BoxFuture<'static, Result<Json, CallError>> {
        self.0.called(&request.name);
        let result = match &self.0.state().system {
            SystemAct::Answers(text) => Ok(Json::String(text.clone())),
            SystemAct::IsLate => Err(CallError::Late),
            SystemAct::Fails => Err(CallError::Failed("scripted".to_owned())),
        };
        std::future::ready(result).boxed()
    }
}

/// The platform of a story.
#[derive(Debug)]
pub(super) struct ScriptedPlatform(pub(super) Arc<World>);

impl Sender for ScriptedPlatform {
    fn custom<'a>(&'a self, _account: &'a str, body: &'a Json) -> BoxFuture<'a, Outcome> {
        std::future::ready(self.0.send(body, false)).boxed()
    }

    fn template<'a>(&'a self, _account: &'a str, body: &'a Json) -> BoxFuture<'a, Outcome> {
        std::future::ready(self.0.send(body, true)).boxed()
    }
}

/// The hooks of the bot, and what each message is for told to the world.
pub(super) struct WatchedHooks {
    pub(super) hooks: RuleHooks,
    pub(super) world: Arc<World>,
}

impl Hooks for WatchedHooks {
    fn check(&self, tx: &mut Tx<'_>, entry: &OutboxEntry) -> Result<Check, StoreError> {
        self.world.promise(entry);
        self.hooks.check(tx, entry)
    }

    fn accepted(&self, tx: &mut Tx<'_>, entry: &OutboxEntry, at: Millis) -> Result<(), StoreError> {
        self.hooks.accepted(tx, entry, at)
    }

    fn ended(
        &self,
        tx: &mut Tx<'_>,
        entry: &OutboxEntry,
        ending: Ending,
    ) -> Result<(), StoreError> {
        self.hooks.ended(tx, entry, ending)
    }
}

/// The information system of a story.
#[derive(Debug)]
pub(super) struct ScriptedSystem(pub(super) Arc<World>);

impl Outside for ScriptedSystem {
    fn ask(&self, request: &Request) -> BoxFuture<'static, Response> {
        if let Some(name) = request.target.strip_prefix("call:") {
            self.0.called(name);
        }
        let forward = request.target == "forward";
        let response = match &self.0.state().system {
            SystemAct::IsLate => Response::Late,
            SystemAct::Fails => Response::Failed,
            SystemAct::Answers(text) => {
                let brings = BTreeMap::from([("answer".to_owned(), Value::text(text))]);
                let outcome = if forward { "answered" } else { "ok" };
                Response::Outcome(outcome.to_owned(), brings)
            }
        };
        std::future::ready(response).boxed()
    }
}

/// Every text of a body, in order, without the recipient and the identifiers.
fn collect(body: &Json, texts: &mut Vec<String>) {
    match body {
        Json::String(text) => texts.push(text.clone()),
        Json::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Json::Object(fields) => fields
            .iter()
            .filter(|(name, _)| {
                !matches!(
                    name.as_str(),
                    "touser" | "msgtype" | "client_msg_id" | "template_id"
                )
            })
            .for_each(|(_, value)| collect(value, texts)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}
