//! What a story expects: every name known, every word of the right kind.

use crate::lang::builtins::FEED_EVENTS;
use crate::lang::check::Checker;
use crate::lang::check::codes;
use crate::lang::check::report::{quoted, w};
use crate::lang::diagnostics::{Diagnostic, nearest};
use crate::lang::program::{Expectation, Part};
use crate::lang::syntax::ast;

use super::Cast;

const REPLY_KINDS: &[&str] = &[
    "image",
    "voice",
    "video",
    "music",
    "news",
    "customer service",
];

impl Checker<'_> {
    pub(super) fn expectation(
        &mut self,
        expectation: &ast::Expectation,
        cast: &Cast,
    ) -> Option<Expectation> {
        use ast::Expectation as E;
        Some(match expectation {
            E::Reply {
                user,
                contains,
                text,
            } => {
                let text = self.plain(text);
                let user = self.user(user.as_ref(), cast)?;
                Expectation::Reply {
                    user,
                    contains: *contains,
                    text: text?,
                }
            }
            E::NoReply => Expectation::NoReply,
            E::ReplyKind { kind, part } => {
                if !REPLY_KINDS.contains(&kind.name.as_str()) {
                    return self.bad_word(kind, REPLY_KINDS);
                }
                if let ("customer service", Some(part)) = (kind.name.as_str(), part) {
                    let (zh, en) = ("转人工客服没有文字", "a hand-over has no text");
                    self.bad_story(part.text.span, zh, en);
                    return None;
                }
                Expectation::ReplyKind {
                    kind: kind.name.clone(),
                    part: self.part(part.as_ref())?,
                }
            }
            E::Alert { to, by, text } => {
                let text = match text {
                    Some(text) => Some(self.plain(text)?),
                    None => None,
                };
                let by_template = match by.as_ref().map(|by| by.name.as_str()) {
                    None => None,
                    Some("template") => Some(true),
                    Some("message") => Some(false),
                    Some(_) => {
                        return by
                            .as_ref()
                            .and_then(|by| self.bad_word(by, &["message", "template"]));
                    }
                };
                Expectation::Alert {
                    to: self.user(to.as_ref(), cast)?,
                    by_template,
                    text,
                }
            }
            E::NoAlert => Expectation::NoAlert,
            E::Send { to, part } => {
                let part = self.part(part.as_ref());
                Expectation::Send {
                    to: self.user(to.as_ref(), cast)?,
                    part: part?,
                }
            }
            E::NoSend => Expectation::NoSend,
            E::Signals { include, names } => {
                let mut sound = true;
                for name in names {
                    sound &= self.signal_item(&name.name, name.span).is_some();
                }
                if !sound {
                    return None;
                }
                Expectation::Signals {
                    include: *include,
                    names: names.iter().map(|name| name.name.clone()).collect(),
                }
            }
            E::Verdict(word) => match word.name.as_str() {
                "allowed" => Expectation::Allowed,
                "denied" => Expectation::Denied,
                "challenged" => Expectation::Challenged,
                _ => return self.bad_word(word, &["allowed", "denied", "challenged"]),
            },
            E::State {
                subject,
                state,
                negated,
            } => match state.name.as_str() {
                "locked" => {
                    self.introduced(&cast.accounts, subject, "账号", "account")?;
                    Expectation::Locked {
                        account: subject.name.clone(),
                        negated: *negated,
                    }
                }
                "bound" => {
                    self.introduced(&cast.users, subject, "微信用户", "WeChat user")?;
                    Expectation::Bound {
                        user: subject.name.clone(),
                        negated: *negated,
                    }
                }
                _ => return self.bad_word(state, &["locked", "bound"]),
            },
            E::Event { name, negated } => Expectation::Event {
                name: self.feed_event(name)?,
                negated: *negated,
            },
            E::Call(name) => {
                if self.registry.call(&name.name).is_none() {
                    // What the rules call and nobody registered is one mistake.
                    if self.report.tells(codes::UNKNOWN_CALL, &name.name) {
                        return None;
                    }
                    let known: Vec<String> = self
                        .registry
                        .calls()
                        .iter()
                        .map(|call| call.name.clone())
                        .collect();
                    let known: Vec<&str> = known.iter().map(String::as_str).collect();
                    return self.unknown_in_story(
                        name,
                        &known,
                        "登记过的动作",
                        "registered action",
                    );
                }
                Expectation::Call(name.name.clone())
            }
            E::NoCall => Expectation::NoCall,
            E::Dialog(Some(name)) => {
                self.dialog_index(name)?;
                Expectation::Dialog(Some(name.name.clone()))
            }
            E::Dialog(None) => Expectation::Dialog(None),
        })
    }

    /// A misspelt fact would never happen, and `expect no event` always pass.
    fn feed_event(&mut self, text: &ast::Text) -> Option<String> {
        let name = self.plain(text)?;
        if FEED_EVENTS.contains(&name.as_str()) {
            return Some(name);
        }
        let mut error = Diagnostic::error(
            codes::STORY_NAME,
            w(
                format!("没有 `{name}` 这种记录"),
                format!("there is no event `{name}` in the feed"),
            ),
            text.span,
            w("永远不会发生", "never happens"),
        );
        error = match nearest(&name, FEED_EVENTS.iter().copied()) {
            Some(near) => error.with_guess(
                w(format!("改成 `{near}`"), format!("replace by `{near}`")),
                text.span,
                format!("\"{near}\""),
            ),
            None => error.with_help(w(
                format!("有：{}", quoted(FEED_EVENTS, "、")),
                format!("there are: {}", quoted(FEED_EVENTS, ", ")),
            )),
        };
        self.report.push(error);
        None
    }

    #[allow(clippy::option_option, reason = "absent and wrong differ")]
    fn part(&mut self, part: Option<&ast::Part>) -> Option<Option<Part>> {
        let Some(part) = part else {
            return Some(None);
        };
        Some(Some(Part {
            contains: part.contains,
            text: self.plain(&part.text)?,
        }))
    }

    fn user(&mut self, user: Option<&ast::Ident>, cast: &Cast) -> Option<Option<String>> {
        let Some(user) = user else {
            return Some(None);
        };
        self.introduced(&cast.users, user, "微信用户", "WeChat user")?;
        Some(Some(user.name.clone()))
    }
}
