//! What a story expects, held against what happened.

use crate::lang::eval::{Judgement, SignalState};
use crate::lang::program::{Expectation, Part};
use crate::store::records::OutboxPurpose;
use crate::wechat::reply::Reply;

use super::failure::{Wrong, kind, parts};
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

    /// Their texts.
    fn texts(&self) -> Vec<String> {
        self.messages().map(|sent| sent.text.clone()).collect()
    }

    /// Everything that was sent: by template or not, and its text.
    fn sent(&self) -> Vec<(bool, String)> {
        let sent = self.sent.iter();
        sent.map(|sent| (sent.template, sent.text.clone()))
            .collect()
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
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Judged {
    /// Those that fired and count.
    pub(super) fired: Vec<String>,
    /// Those that could not be judged, with what was missing.
    pub(super) not_evaluable: Vec<(String, Vec<String>)>,
}

impl Judged {
    pub(super) fn of(judgement: &Judgement) -> Self {
        let counts = || judgement.signals.iter().filter(|signal| !signal.shadow);
        let fired = counts().filter(|signal| signal.state == SignalState::Fired);
        let not_evaluable = counts().filter_map(|signal| match &signal.state {
            SignalState::NotEvaluable(missing) => Some((signal.name.clone(), missing.clone())),
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
) -> Option<Result<(), Wrong>> {
    Some(match expectation {
        Expectation::Reply { contains, text, .. } => reply(happened, *contains, text),
        Expectation::NoReply => match &happened.reply {
            None => Ok(()),
            Some(reply) => Err(Wrong::Reply(reply.clone())),
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
        Expectation::NoAlert => match happened.sent.is_empty() {
            true => Ok(()),
            false => Err(Wrong::Alerts(happened.sent())),
        },
        Expectation::Send { to, part } => {
            let to = to.as_deref().map(openid_of);
            send(happened, to.as_deref(), part.as_ref())
        }
        Expectation::NoSend => match happened.messages().next() {
            None => Ok(()),
            Some(_) => Err(Wrong::Sends(happened.texts())),
        },
        Expectation::Signals { include, names } => signals(happened, *include, names),
        Expectation::Allowed => verdict(happened, "allowed"),
        Expectation::Denied => verdict(happened, "denied"),
        Expectation::Challenged => verdict(happened, "challenged"),
        Expectation::Event { name, negated } => match happened.events.contains(name) != *negated {
            true => Ok(()),
            false => Err(Wrong::Events(happened.events.clone())),
        },
        Expectation::Call(name) => match happened.calls.contains(name) {
            true => Ok(()),
            false => Err(Wrong::Calls(happened.calls.clone())),
        },
        Expectation::NoCall => match happened.calls.is_empty() {
            true => Ok(()),
            false => Err(Wrong::Calls(happened.calls.clone())),
        },
        Expectation::Locked { .. } | Expectation::Bound { .. } | Expectation::Dialog(_) => {
            return None;
        }
    })
}

fn reply(happened: &Happened, contains: bool, wanted: &str) -> Result<(), Wrong> {
    let reply = happened.reply.as_ref().ok_or(Wrong::NoReply)?;
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
    match fits {
        true => Ok(()),
        false => Err(Wrong::Reply(reply.clone())),
    }
}

fn reply_kind(happened: &Happened, wanted: &str, part: Option<&Part>) -> Result<(), Wrong> {
    let reply = happened.reply.as_ref().ok_or(Wrong::NoReply)?;
    let said = |part: &Part| parts(reply).iter().any(|text| part.fits(text));
    match kind(reply) == wanted && part.is_none_or(said) {
        true => Ok(()),
        false => Err(Wrong::Reply(reply.clone())),
    }
}

fn send(happened: &Happened, to: Option<&str>, part: Option<&Part>) -> Result<(), Wrong> {
    let fits = |sent: &Sent| {
        to.is_none_or(|to| sent.openid == to) && part.is_none_or(|part| part.fits(&sent.text))
    };
    if happened.messages().any(fits) {
        return Ok(());
    }
    let texts = happened.texts();
    Err(match texts.is_empty() {
        true => Wrong::NoSend,
        false => Wrong::Sends(texts),
    })
}

fn alert(
    happened: &Happened,
    to: Option<&str>,
    by_template: Option<bool>,
    text: Option<&str>,
) -> Result<(), Wrong> {
    let fits = |sent: &Sent| {
        to.is_none_or(|to| sent.openid == to)
            && by_template.is_none_or(|template| sent.template == template)
            && text.is_none_or(|text| sent.text.contains(text))
    };
    if happened.sent.iter().any(fits) {
        return Ok(());
    }
    if happened.sent.is_empty() {
        let login = happened.login.as_ref();
        let judged = login.and_then(|login| login.judged.as_ref());
        return Err(Wrong::NoAlert(judged.map(|judged| judged.fired.clone())));
    }
    Err(Wrong::Alerts(happened.sent()))
}

fn signals(happened: &Happened, include: bool, wanted: &[String]) -> Result<(), Wrong> {
    let login = happened.login.as_ref().ok_or(Wrong::NoLogin)?;
    let Some(judged) = &login.judged else {
        // Nothing fired, then: what expects that is right.
        return match wanted.is_empty() {
            true => Ok(()),
            false => Err(Wrong::NotJudged(login.verdict)),
        };
    };
    let all_there = wanted.iter().all(|name| judged.fired.contains(name));
    let nothing_else = judged.fired.iter().all(|name| wanted.contains(name));
    match all_there && (include || nothing_else) {
        true => Ok(()),
        false => Err(Wrong::Signals(judged.clone())),
    }
}

fn verdict(happened: &Happened, wanted: &str) -> Result<(), Wrong> {
    let login = happened.login.as_ref().ok_or(Wrong::NoLogin)?;
    match login.verdict == wanted {
        true => Ok(()),
        false => Err(Wrong::Verdict(login.verdict)),
    }
}
