//! Why a message is answered as it is, and why other rules do not answer: the very bot, with a
//! watcher, over a store of its own.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::api::PushAnswer;
use super::builder::{BuildError, Built};
use super::chat::{Request, Response};
use super::event::ChatEvent;
use super::last_turn::{LastTurn, Told};
use super::outside::Outside;
use super::ruleset::Ruleset;
use super::stories::shown;
use super::{Bot, Settings};
use crate::accounts::Passwords;
use crate::env::Env;
use crate::keys::Keys;
use crate::lang::builtins::Registry;
use crate::lang::diagnostics::Language;
use crate::lang::program::{EventName, Matcher, Rule, Trigger};
use crate::store;
use crate::wechat::fields::Fields;
use crate::wechat::message::{Inbound, MessageError};
use crate::wechat::push_key::{BodyDigest, push_key};

/// The one official account of an explanation.
const ACCOUNT: &str = "main";

/// How much is said of rules that did not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Those that would have, but for their condition or an earlier rule; the others are counted.
    Near,
    /// Every one.
    All,
}

/// Explains what the rules do with a text from a follower they know nothing about: who answers,
/// which conditions were looked at with which values, and for other rules why not.
///
/// # Errors
/// The bot cannot be built.
pub async fn text(
    rules: &Ruleset,
    registry: &Registry,
    words: &str,
    detail: Detail,
    language: Language,
) -> Result<String, BuildError> {
    let fields = Fields::new()
        .text("ToUserName", "gh_explain")
        .text("FromUserName", "o-explain")
        .text("CreateTime", "1767574800")
        .text("MsgType", "text")
        .text("Content", words)
        .text("MsgId", "1");
    event(rules, registry, fields, detail, language).await
}

/// Explains what the rules do with a push of any kind, given by the platform's own field names.
///
/// # Errors
/// The bot cannot be built.
pub async fn event(
    rules: &Ruleset,
    registry: &Registry,
    fields: Fields,
    detail: Detail,
    language: Language,
) -> Result<String, BuildError> {
    let inbound = match Inbound::from_fields(fields) {
        Ok(inbound) => inbound,
        Err(error) => {
            return Ok(match language {
                Language::Zh => match error {
                    MessageError::Missing(field) => {
                        format!("这不是一条消息：没有字段 {field}，或者它是空的\n")
                    }
                    MessageError::NameTooLong(field) => {
                        format!("这不是一条消息：字段 {field} 太长，不像名字\n")
                    }
                },
                Language::En => format!("this is no message: {error}\n"),
            });
        }
    };
    let env = Env::system();
    let seen = Arc::new(LastTurn::default());
    let nobody = Arc::new(Nobody::default());
    let Built { bot, .. } = Bot::builder(
        store::memory(env.clone()),
        env.clone(),
        Keys::from_bytes(&env.bytes(), None),
    )
    .compiled(rules.clone(), registry.clone())
    .outside(nobody.clone())
    .without_archive()
    .passwords(Passwords::cheap(env))
    .settings(Settings {
        watcher: Some(seen.clone()),
        explanations: language,
        ..Settings::default()
    })
    .build()
    .await?;
    let heard = ChatEvent::new(ACCOUNT, Box::new(inbound.clone()), 0);
    let digest = BodyDigest::of(&inbound);
    let key = push_key(&inbound, &digest);
    let answer = bot.handle(ACCOUNT, inbound, key, digest).await;
    bot.finish().await;
    Ok(report(
        rules,
        &heard,
        &answer,
        &seen.told(),
        &nobody.not_asked(language),
        detail,
        language,
    ))
}

/// The outside of an explanation, which changes nothing anywhere: every request fails, and is remembered.
#[derive(Debug, Default)]
struct Nobody(Mutex<Vec<String>>);

impl Outside for Nobody {
    fn ask(&self, request: &Request) -> BoxFuture<'static, Response> {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !asked.contains(&request.target) {
            asked.push(request.target.clone());
        }
        std::future::ready(Response::Failed).boxed()
    }
}

impl Nobody {
    /// A line for each request that would have been made.
    fn not_asked(&self, language: Language) -> String {
        let asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let line = |target: &String| {
            let what = target.replacen(':', " ", 1);
            match language {
                Language::Zh => format!("`{what}` 没有真的去问，按 `failed` 回答\n"),
                Language::En => format!("`{what}` was not really asked: taken for `failed`\n"),
            }
        };
        asked.iter().map(line).collect()
    }
}

fn report(
    rules: &Ruleset,
    heard: &ChatEvent,
    answer: &PushAnswer,
    told: &Told,
    not_asked: &str,
    detail: Detail,
    language: Language,
) -> String {
    let mut out = String::new();
    let reply = match answer {
        PushAnswer::Reply(reply) => shown(reply, language),
        _ => language.pick("（没有回复）", "(none)").to_owned(),
    };
    out.push_str(&match (language, &told.answered_by) {
        (Language::Zh, Some(rule)) => format!("回复：{reply}\n由 {rule} 回答\n"),
        (Language::Zh, None) => format!("回复：{reply}\n没有规则回答\n"),
        (Language::En, Some(rule)) => format!("reply: {reply}\nanswered by {rule}\n"),
        (Language::En, None) => format!("reply: {reply}\nno rule answered\n"),
    });
    out.push_str(not_asked);
    for (rule, text) in &told.conditions {
        // The place of the rule is in the line above.
        let own = text.strip_prefix(&format!("{rule}\n"));
        let text = own.unwrap_or(text);
        out.push_str(&match language {
            Language::Zh => format!("\n{rule} 的条件\n{text}"),
            Language::En => format!("\nthe condition of {rule}\n{text}"),
        });
    }
    let all = &rules.program.rules;
    let by = all.iter().position(|rule| answered(told, rule));
    let mut others = Vec::new();
    let mut unsaid = 0;
    for (index, rule) in all.iter().enumerate() {
        if by == Some(index) {
            continue;
        }
        // The first that fits answers; those after it were not looked at.
        let late = by.is_some_and(|by| by < index);
        let fits = || rules.index.match_rule(rule.id, &heard.name, &heard.text);
        let passed = told.passed_over.iter().any(|(name, _)| *name == rule.name);
        if detail == Detail::All || passed || (late && fits().is_some()) {
            let why = why_not(rule, &heard.name, late, told, language);
            others.push(format!("  {}  {why}\n", rule.name));
        } else {
            unsaid += 1;
        }
    }
    if !others.is_empty() {
        let others = others.concat();
        out.push_str(language.pick(
            "\n其他规则为什么没有回答\n",
            "\nwhy other rules did not answer\n",
        ));
        out.push_str(&others);
    }
    if unsaid > 0 {
        out.push_str(&match language {
            Language::Zh => format!("\n另有 {unsaid} 条规则与它无关，加上 --all 逐条说明\n"),
            Language::En => format!(
                "\nrules that have nothing to do with it: {unsaid}; with --all each says why\n"
            ),
        });
    }
    out
}

fn answered(told: &Told, rule: &Rule) -> bool {
    let by = told.answered_by.as_deref().unwrap_or_default();
    by == rule.name || by.starts_with(&format!("{} →", rule.name))
}

/// `late`: a rule before it answered.
fn why_not(rule: &Rule, event: &EventName, late: bool, told: &Told, language: Language) -> String {
    if let Some((_, why)) = told.passed_over.iter().find(|(name, _)| *name == rule.name) {
        return why.clone();
    }
    let has = |wanted: &dyn Fn(&Trigger) -> bool| rule.triggers.iter().any(wanted);
    let any = has(&|trigger| trigger.event == EventName::Any);
    let same = has(&|trigger| trigger.event == *event);
    let why = if any {
        ("前面的规则先回答了", "a rule before it answered")
    } else if !same {
        ("写的是别的事件", "it is for another event")
    } else if late {
        (
            "前面的规则先回答了，没有看到这一条",
            "a rule before it answered, so it was not looked at",
        )
    } else if has(&|trigger| trigger.event == *event && matches!(trigger.matcher, Matcher::Always))
    {
        ("没有轮到", "its turn did not come")
    } else {
        ("内容不符", "what was said does not fit it")
    };
    language.pick(why.0, why.1).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bot::ruleset;
    use crate::lang::span::Sources;

    #[tokio::test]
    async fn what_would_be_asked_outside_is_said_and_not_asked() {
        let text = "on text \"库存\" {\n    call stock {\n        ok { reply \"{answer}\" }\n        \
                    failed { reply \"稍后\" }\n    }\n}\n";
        let mut registry = Registry::standard();
        let call = crate::lang::builtins::CallSpec::webhook("stock");
        registry.register_call(call).expect("a new name");
        let rules = ruleset::compile(Sources::single("a.rules", text), &registry)
            .expect("it compiles")
            .ruleset;
        for (words, language, line) in [
            (
                "库存",
                Language::Zh,
                "`call stock` 没有真的去问，按 `failed` 回答",
            ),
            (
                "库存",
                Language::En,
                "`call stock` was not really asked: taken for `failed`",
            ),
        ] {
            let said = super::text(&rules, &registry, words, Detail::Near, language);
            let said = said.await.expect("explained");
            assert!(said.lines().any(|said| said == line), "{said}");
        }
    }

    #[tokio::test]
    async fn every_other_rule_has_its_own_reason() {
        let text = "on click {\n    reply \"a\"\n}\n\non text \"乙\" {\n    reply \"b\"\n}\n\n\
                    on text containing \"丙\" when bound {\n    reply \"c\"\n}\n\n\
                    on text containing \"丙\" {\n    reply \"d\"\n}\n\n\
                    on text \"丙丁\" or \"戊\" {\n    reply \"e\"\n}\n\non any {\n    reply \"f\"\n}\n";
        let registry = Registry::standard();
        let rules = ruleset::compile(Sources::single("a.rules", text), &registry)
            .expect("it compiles")
            .ruleset;
        let said = super::text(&rules, &registry, "丙", Detail::All, Language::Zh)
            .await
            .expect("explained");
        for line in [
            "由 a.rules:13 回答",
            "a.rules:1  写的是别的事件",
            "a.rules:5  内容不符",
            "a.rules:9  条件不成立",
            "a.rules:17  前面的规则先回答了，没有看到这一条",
            "a.rules:21  前面的规则先回答了",
        ] {
            assert!(
                said.lines().any(|said| said.trim() == line),
                "{line}\n{said}"
            );
        }
        // In short: those that would have answered, and how many would not.
        let short = super::text(&rules, &registry, "丙", Detail::Near, Language::Zh)
            .await
            .expect("explained");
        let lines: Vec<&str> = short.lines().map(str::trim).collect();
        assert!(lines.contains(&"a.rules:9  条件不成立"), "{short}");
        assert!(
            !short.contains("内容不符") && !short.contains("a.rules:21"),
            "{short}"
        );
        assert!(short.contains("另有 4 条规则"), "{short}");
        let both = super::text(&rules, &registry, "丙丁", Detail::Near, Language::Zh)
            .await
            .expect("explained");
        let picture = Sources::single("a.rules", "on any {\n    reply image \"M\"\n}\n");
        let picture = ruleset::compile(picture, &registry).unwrap().ruleset;
        let image = super::text(&picture, &registry, "?", Detail::Near, Language::En)
            .await
            .unwrap();
        assert!(image.starts_with("reply: (image: M)\n"), "{image}");
        let late = "a.rules:17  前面的规则先回答了，没有看到这一条";
        assert!(both.lines().any(|line| line.trim() == late), "{both}");
        // The same in English, down to the values.
        let english = super::text(&rules, &registry, "丙", Detail::All, Language::En)
            .await
            .expect("explained");
        for line in [
            "reply: “d”",
            "answered by a.rules:13",
            "does not hold: bound",
            "a.rules:1  it is for another event",
            "a.rules:5  what was said does not fit it",
            "a.rules:9  its condition does not hold",
            "a.rules:17  a rule before it answered, so it was not looked at",
        ] {
            assert!(
                english.lines().any(|said| said.trim() == line),
                "{line}\n{english}"
            );
        }
    }
}
