//! Why a message is answered as it is, and why other rules do not answer: the very bot, with a
//! watcher, over a store of its own.

use std::sync::{Arc, Mutex, PoisonError};

use super::api::PushAnswer;
use super::builder::{BuildError, Built};
use super::chat::Turn;
use super::ruleset::Ruleset;
use super::settings::Watcher;
use super::{Bot, Settings};
use crate::accounts::Passwords;
use crate::env::Env;
use crate::keys::Keys;
use crate::lang::builtins::Registry;
use crate::lang::program::{EventName, Matcher, Rule};
use crate::store;
use crate::wechat::fields::Fields;
use crate::wechat::message::Inbound;
use crate::wechat::push_key::{BodyDigest, push_key};
use crate::wechat::reply::Reply;

/// The one official account of an explanation.
const ACCOUNT: &str = "main";

/// Remembers what a push came to.
#[derive(Debug, Default)]
struct Seen(Mutex<Option<Told>>);

#[derive(Debug, Clone, Default)]
struct Told {
    answered_by: Option<String>,
    passed_over: Vec<(String, String)>,
    conditions: Vec<(String, String)>,
}

impl Watcher for Seen {
    fn turn(&self, turn: &Turn) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Told {
            answered_by: turn.answered_by.clone(),
            passed_over: turn.passed_over.clone(),
            conditions: turn.explanations.clone(),
        });
    }
}

/// Explains what the rules do with a text from a follower they know nothing about: who answers,
/// which conditions were looked at with which values, and for every other rule why not.
pub async fn text(rules: &Ruleset, registry: &Registry, words: &str) -> Result<String, BuildError> {
    let fields = Fields::new()
        .text("ToUserName", "gh_explain")
        .text("FromUserName", "o-explain")
        .text("CreateTime", "1767574800")
        .text("MsgType", "text")
        .text("Content", words)
        .text("MsgId", "1");
    event(rules, registry, fields).await
}

/// Explains what the rules do with a push of any kind, given by the platform's own field names.
pub async fn event(
    rules: &Ruleset,
    registry: &Registry,
    fields: Fields,
) -> Result<String, BuildError> {
    let inbound = match Inbound::from_fields(fields) {
        Ok(inbound) => inbound,
        Err(error) => return Ok(format!("这不是一条消息：{error}\n")),
    };
    let env = Env::system();
    let seen = Arc::new(Seen::default());
    let Built { bot, .. } = Bot::builder(
        store::memory(env.clone()),
        env.clone(),
        Keys::from_bytes(&env.bytes(), None),
    )
    .compiled(rules.clone(), registry.clone())
    .passwords(Passwords::cheap(env))
    .settings(Settings {
        watcher: Some(seen.clone()),
        ..Settings::default()
    })
    .build()
    .await?;
    let heard = super::event::ChatEvent::new(ACCOUNT, inbound.clone(), 0);
    let digest = BodyDigest::of(&inbound);
    let key = push_key(&inbound, &digest);
    let answer = bot.handle(ACCOUNT, inbound, key, digest).await;
    bot.finish().await;
    let told = seen
        .0
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
        .unwrap_or_default();
    Ok(report(rules, &heard.name, &answer, &told))
}

fn report(rules: &Ruleset, event: &EventName, answer: &PushAnswer, told: &Told) -> String {
    let mut out = String::new();
    let reply = match answer {
        PushAnswer::Reply(reply) => match &**reply {
            Reply::Text { content } => format!("“{content}”"),
            other => format!("{other:?}"),
        },
        _ => "（没有回复）".to_owned(),
    };
    out.push_str(&format!("回复：{reply}\n"));
    match &told.answered_by {
        Some(rule) => out.push_str(&format!("由 {rule} 回答\n")),
        None => out.push_str("没有规则回答\n"),
    }
    for (rule, text) in &told.conditions {
        out.push_str(&format!("\n{rule} 的条件\n{text}"));
    }
    let others: Vec<String> = rules
        .program
        .rules
        .iter()
        .filter(|rule| !answered(told, rule))
        .map(|rule| format!("  {}  {}", rule.name, why_not(rule, event, told)))
        .collect();
    if !others.is_empty() {
        out.push_str(&format!(
            "\n其他规则为什么没有回答\n{}\n",
            others.join("\n")
        ));
    }
    out
}

fn answered(told: &Told, rule: &Rule) -> bool {
    let by = told.answered_by.as_deref().unwrap_or_default();
    by == rule.name || by.starts_with(&format!("{} →", rule.name))
}

fn why_not(rule: &Rule, event: &EventName, told: &Told) -> String {
    if let Some((_, why)) = told.passed_over.iter().find(|(name, _)| *name == rule.name) {
        return why.clone();
    }
    let same = rule.triggers.iter().any(|trigger| trigger.event == *event);
    let any = rule
        .triggers
        .iter()
        .any(|trigger| trigger.event == EventName::Any);
    if any {
        "前面的规则已经回答".to_owned()
    } else if !same {
        "写的是别的事件".to_owned()
    } else if rule
        .triggers
        .iter()
        .any(|trigger| matches!(trigger.matcher, Matcher::Always))
    {
        "前面的规则已经回答".to_owned()
    } else {
        "内容不符，或者前面的规则已经回答".to_owned()
    }
}
