//! What a story expects, held against what happened. Messages say what happened instead, in Chinese.

use crate::lang::eval::{Judgement, SignalState};
use crate::lang::program::{Expectation, Part};
use crate::store::records::OutboxPurpose;
use crate::wechat::reply::Reply;

use super::world::Sent;

/// What happened since the last step that acted.
#[derive(Debug, Default)]
pub(super) struct Happened {
    /// The last speaker's reply; `None` when there was none.
    pub(super) reply: Option<Reply>,
    /// Messages the platform was given.
    pub(super) sent: Vec<Sent>,
    /// Host calls.
    pub(super) calls: Vec<String>,
    /// Kinds of feed events.
    pub(super) events: Vec<String>,
    /// The last login.
    pub(super) login: Option<LoginHappened>,
}

impl Happened {
    /// What rules sent besides replying.
    fn messages(&self) -> impl Iterator<Item = &Sent> {
        let theirs =
            |sent: &&Sent| matches!(sent.purpose, OutboxPurpose::Message | OutboxPurpose::Reply);
        self.sent.iter().filter(theirs)
    }
}

/// What came of a login.
#[derive(Debug, Clone)]
pub(super) struct LoginHappened {
    pub(super) verdict: &'static str,
    /// What its signals said; none when it did not come as far as them: the password was wrong, the
    /// account locked, or a rule for attempts had stopped it.
    pub(super) judged: Option<Judged>,
}

/// What the signals of a login said.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    /// Those that fired and count.
    fired: Vec<String>,
    /// Those that could not be judged, with what was missing.
    not_evaluable: Vec<String>,
}

impl Judged {
    pub(super) fn of(judgement: &Judgement) -> Self {
        let counts = || judgement.signals.iter().filter(|signal| !signal.shadow);
        let fired = counts().filter(|signal| signal.state == SignalState::Fired);
        let not_evaluable = counts().filter_map(|signal| match &signal.state {
            SignalState::NotEvaluable(missing) => {
                Some(format!("{}（缺 {}）", signal.name, missing.join("、")))
            }
            _ => None,
        });
        Self {
            fired: fired.map(|signal| signal.name.clone()).collect(),
            not_evaluable: not_evaluable.collect(),
        }
    }
}

/// Holds an expectation about replies, messages, events and logins against what happened. `None`:
/// it is about the state of the store, which the stage looks at.
pub(super) fn judge(
    expectation: &Expectation,
    happened: &Happened,
    openid_of: impl Fn(&str) -> String,
) -> Option<Result<(), String>> {
    Some(match expectation {
        Expectation::Reply { contains, text, .. } => reply(happened, *contains, text),
        Expectation::NoReply => match &happened.reply {
            None => Ok(()),
            Some(reply) => Err(format!("回复了{}", shown(reply))),
        },
        Expectation::ReplyKind { kind, part } => reply_kind(happened, kind, part.as_ref()),
        Expectation::Alert {
            to,
            by_template,
            text,
        } => {
            let to = to.as_deref().map(openid_of);
            alert(happened, to.as_deref(), *by_template, text.as_deref())
        }
        Expectation::NoAlert => match happened.sent.first() {
            None => Ok(()),
            Some(sent) => Err(format!("发出了提醒：{}", sent.text)),
        },
        Expectation::Send { to, part } => {
            let to = to.as_deref().map(openid_of);
            send(happened, to.as_deref(), part.as_ref())
        }
        Expectation::NoSend => match happened.messages().next() {
            None => Ok(()),
            Some(sent) => Err(format!("另外发出了：{}", one_line(&sent.text))),
        },
        Expectation::Signals { include, names } => signals(happened, *include, names),
        Expectation::Allowed => verdict(happened, "allowed"),
        Expectation::Denied => verdict(happened, "denied"),
        Expectation::Challenged => verdict(happened, "challenged"),
        Expectation::Event { name, negated } => {
            if happened.events.contains(name) != *negated {
                Ok(())
            } else {
                Err(format!("事件有：{}", list(&happened.events)))
            }
        }
        Expectation::Call(name) => {
            if happened.calls.contains(name) {
                Ok(())
            } else {
                Err(format!("调用有：{}", list(&happened.calls)))
            }
        }
        Expectation::NoCall => match happened.calls.is_empty() {
            true => Ok(()),
            false => Err(format!("调用有：{}", list(&happened.calls))),
        },
        Expectation::Locked { .. } | Expectation::Bound { .. } | Expectation::Dialog(_) => {
            return None;
        }
    })
}

fn reply(happened: &Happened, contains: bool, wanted: &str) -> Result<(), String> {
    let Some(reply) = &happened.reply else {
        return Err("没有回复".to_owned());
    };
    let fits = match reply {
        Reply::Text { content } if contains => content.contains(wanted),
        Reply::Text { content } => content == wanted,
        Reply::News { articles } => {
            contains
                && articles
                    .iter()
                    .any(|article| article.title.contains(wanted))
        }
        _ => false,
    };
    if fits {
        Ok(())
    } else {
        Err(format!("回复了{}", shown(reply)))
    }
}

fn reply_kind(happened: &Happened, wanted: &str, part: Option<&Part>) -> Result<(), String> {
    let Some(reply) = &happened.reply else {
        return Err("没有回复".to_owned());
    };
    let said = |part: &Part| parts(reply).iter().any(|text| part.fits(text));
    if kind(reply) == wanted && part.is_none_or(said) {
        return Ok(());
    }
    Err(format!("回复了{}", shown(reply)))
}

fn optional(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or_default()
}

/// Everything a reply that is no text says: media identifiers, titles, descriptions, addresses.
fn parts(reply: &Reply) -> Vec<&str> {
    match reply {
        Reply::Nothing => Vec::new(),
        Reply::Text { content } => vec![content],
        Reply::Image { media_id } | Reply::Voice { media_id } => vec![media_id],
        Reply::Video {
            media_id,
            title,
            description,
        } => vec![media_id, optional(title), optional(description)],
        Reply::Music {
            thumb_media_id,
            title,
            description,
            music_url,
            hq_music_url,
        } => vec![
            optional(title),
            optional(description),
            optional(music_url),
            optional(hq_music_url),
            thumb_media_id,
        ],
        Reply::News { articles } => articles
            .iter()
            .flat_map(|it| [&*it.title, &*it.description, &*it.url, &*it.pic_url])
            .collect(),
        Reply::TransferCustomerService { account } => vec![optional(account)],
    }
}

fn kind(reply: &Reply) -> &'static str {
    match reply {
        Reply::Nothing => "nothing",
        Reply::Text { .. } => "text",
        Reply::Image { .. } => "image",
        Reply::Voice { .. } => "voice",
        Reply::Video { .. } => "video",
        Reply::Music { .. } => "music",
        Reply::News { .. } => "news",
        Reply::TransferCustomerService { .. } => "customer service",
    }
}

fn shown(reply: &Reply) -> String {
    match reply {
        Reply::Text { content } => format!("“{content}”"),
        other => {
            let parts: Vec<&str> = parts(other)
                .into_iter()
                .filter(|it| !it.is_empty())
                .collect();
            match parts.is_empty() {
                true => format!("（{}）", kind(other)),
                false => format!("（{}：{}）", kind(other), parts.join("、")),
            }
        }
    }
}

fn one_line(text: &str) -> String {
    text.replace('\n', " / ")
}

fn send(happened: &Happened, to: Option<&str>, part: Option<&Part>) -> Result<(), String> {
    let fits = |sent: &Sent| {
        to.is_none_or(|to| sent.openid == to) && part.is_none_or(|part| part.fits(&sent.text))
    };
    if happened.messages().any(fits) {
        return Ok(());
    }
    let texts: Vec<String> = happened
        .messages()
        .map(|sent| format!("“{}”", one_line(&sent.text)))
        .collect();
    match texts.is_empty() {
        true => Err("没有另外发出消息".to_owned()),
        false => Err(format!("另外发出了 {}", texts.join("、"))),
    }
}

fn alert(
    happened: &Happened,
    to: Option<&str>,
    by_template: Option<bool>,
    text: Option<&str>,
) -> Result<(), String> {
    let fits = |sent: &Sent| {
        to.is_none_or(|to| sent.openid == to)
            && by_template.is_none_or(|template| sent.template == template)
            && text.is_none_or(|text| sent.text.contains(text))
    };
    if happened.sent.iter().any(fits) {
        return Ok(());
    }
    if happened.sent.is_empty() {
        let signals = happened
            .login
            .as_ref()
            .and_then(|login| login.judged.as_ref())
            .map(|judged| format!("；信号：{}", list(&judged.fired)))
            .unwrap_or_default();
        return Err(format!("没有发出提醒{signals}"));
    }
    let texts: Vec<String> = happened
        .sent
        .iter()
        .map(|sent| {
            let by = if sent.template { "template" } else { "message" };
            format!("{by}：{}", one_line(&sent.text))
        })
        .collect();
    Err(format!("发出了 {}", texts.join("；")))
}

fn signals(happened: &Happened, include: bool, wanted: &[String]) -> Result<(), String> {
    let Some(login) = &happened.login else {
        return Err("还没有登录".to_owned());
    };
    let Some(judged) = &login.judged else {
        // Nothing fired, then: what expects that is right.
        return match wanted.is_empty() {
            true => Ok(()),
            false => Err(format!(
                "这次登录没有走到判断信号这一步（登录结果是 {}）",
                login.verdict
            )),
        };
    };
    let all_there = wanted.iter().all(|name| judged.fired.contains(name));
    let nothing_else = judged.fired.iter().all(|name| wanted.contains(name));
    if all_there && (include || nothing_else) {
        return Ok(());
    }
    let mut text = format!("信号有：{}", list(&judged.fired));
    if !judged.not_evaluable.is_empty() {
        text.push_str(&format!("；无法判断：{}", list(&judged.not_evaluable)));
    }
    Err(text)
}

fn verdict(happened: &Happened, wanted: &str) -> Result<(), String> {
    match &happened.login {
        None => Err("还没有登录".to_owned()),
        Some(login) if login.verdict == wanted => Ok(()),
        Some(login) => Err(format!("登录结果是 {}", login.verdict)),
    }
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        "（无）".to_owned()
    } else {
        names.join("、")
    }
}
