//! What is wrong with a step of a story, in both languages.
//!
//! Each thing that can be wrong is told in one place, in Chinese and English at once: nothing can be said
//! in one of them only.

use std::fmt::Display;

use super::expect::Judged;
use crate::accounts::{InvalidAccount, InvalidPhone};
use crate::lang::diagnostics::{Language, Words};
use crate::lang::eval::missing_names;
use crate::lang::span::Span;
use crate::wechat::reply::Reply;

/// A step that did not go as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The step.
    pub span: Span,
    /// What is wrong, whatever language it is told in.
    pub kind: FailureKind,
    /// What happened instead; the first line says it, the others how it came about.
    pub happened: String,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident $name:literal,)+) => {
        /// What can be wrong with a step.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum FailureKind {
            $($(#[$doc])* $variant,)+
        }

        impl FailureKind {
            /// Every kind.
            pub const ALL: &'static [FailureKind] = &[$(FailureKind::$variant,)+];

            /// The name in `menshen test --format json`.
            pub const fn name(self) -> &'static str {
                match self { $(FailureKind::$variant => $name,)+ }
            }
        }
    };
}

kinds! {
    /// A reply was expected.
    NoReply "no_reply",
    /// Another reply, or one where none was expected.
    Reply "reply",
    /// No message out of turn.
    NoAlert "no_alert",
    /// Others than expected, or some where none was.
    Alert "alert",
    /// No message by `send`.
    NoSend "no_send",
    /// Others than expected, or some where none was.
    Send "send",
    /// Other facts in the feed.
    Events "events",
    /// Other calls.
    Calls "calls",
    /// Nobody has logged in.
    NoLogin "no_login",
    /// The login was stopped before any signal was asked.
    NotJudged "not_judged",
    /// Other signals fired.
    Signals "signals",
    /// The login ended otherwise.
    Verdict "verdict",
    /// The account is locked, or is not.
    Lock "lock",
    /// The WeChat user is bound, or is not.
    Binding "binding",
    /// The last speaker is in another dialog or none.
    Dialog "dialog",
    /// The account could not be made.
    Account "account",
    /// The code could not be issued.
    Code "code",
    /// The machine's name cannot be one.
    Machine "machine",
    /// The story is too long.
    TooLong "too_long",
    /// Menshen itself did not do what it always does.
    Internal "internal",
}

/// Something wrong, with what is said about it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Wrong {
    NoReply,
    Reply(Reply),
    /// Signals that fired at the last login, if one came so far.
    NoAlert(Option<Vec<String>>),
    /// By template or not, and the text.
    Alerts(Vec<(bool, String)>),
    NoSend,
    Sends(Vec<String>),
    Events(Vec<String>),
    Calls(Vec<String>),
    NoLogin,
    /// With what became of the login.
    NotJudged(&'static str),
    Signals(Judged),
    Verdict(&'static str),
    Lock {
        is: bool,
    },
    Binding {
        is: bool,
    },
    Dialog(Option<String>),
    PhoneTaken,
    InvalidAccount(String, InvalidAccount),
    NoPhone(String),
    /// Bytes a machine's name may have.
    MachineTooLong(usize),
    /// Steps a story may have.
    TooManySteps(u32),
    Internal(String),
}

impl Wrong {
    /// What cannot happen to a story that was checked, or not without trouble in the machine: said as it is.
    pub(super) fn internal(error: impl Display) -> Self {
        Self::Internal(error.to_string())
    }

    /// Its kind, and what is said.
    pub(super) fn told(&self) -> (FailureKind, Words) {
        use FailureKind as K;
        match self {
            Self::NoReply => (K::NoReply, Words::new("没有回复", "there was no reply")),
            Self::Reply(reply) => {
                let words = Words::new(
                    format!("回复了{}", shown(reply, Language::Zh)),
                    format!("the reply was {}", shown(reply, Language::En)),
                );
                (K::Reply, words)
            }
            Self::NoAlert(fired) => {
                let mut words = Words::new("没有发出提醒", "no alert was sent");
                if let Some(fired) = fired {
                    let Words { zh, en } = listed("；信号：", "; signals: ", fired);
                    words.zh.push_str(&zh);
                    words.en.push_str(&en);
                }
                (K::NoAlert, words)
            }
            Self::Alerts(sent) => {
                let all = |between: &str, colon: &str| {
                    let all = sent.iter().map(|(template, text)| {
                        let by = if *template { "template" } else { "message" };
                        format!("{by}{colon}{}", one_line(text))
                    });
                    all.collect::<Vec<_>>().join(between)
                };
                let words = Words::new(
                    format!("发出了 {}", all("；", "：")),
                    format!("sent: {}", all("; ", ": ")),
                );
                (K::Alert, words)
            }
            Self::NoSend => {
                let words = Words::new(
                    "没有另外发出消息",
                    "nothing was sent besides replies and alerts",
                );
                (K::NoSend, words)
            }
            Self::Sends(texts) => {
                let quoted = texts.iter().map(|text| format!("“{}”", one_line(text)));
                let quoted: Vec<String> = quoted.collect();
                (K::Send, listed("另外发出了 ", "sent: ", &quoted))
            }
            Self::Events(names) => (K::Events, listed("事件有：", "events: ", names)),
            Self::Calls(names) => (K::Calls, listed("调用有：", "calls: ", names)),
            Self::NoLogin => (K::NoLogin, Words::new("还没有登录", "nobody has logged in")),
            Self::NotJudged(verdict) => {
                let words = Words::new(
                    format!(
                        "这次登录没有走到判断信号这一步（登录结果是{}）",
                        verdict_zh(verdict)
                    ),
                    format!("this login was stopped before its signals were asked ({verdict})"),
                );
                (K::NotJudged, words)
            }
            Self::Signals(judged) => (K::Signals, signals(judged)),
            Self::Verdict(verdict) => {
                let words = Words::new(
                    format!("登录结果是{}", verdict_zh(verdict)),
                    format!("the login was {verdict}"),
                );
                (K::Verdict, words)
            }
            Self::Lock { is: true } => (K::Lock, Words::new("已锁定", "the account is locked")),
            Self::Lock { is: false } => {
                (K::Lock, Words::new("没有锁定", "the account is not locked"))
            }
            Self::Binding { is: true } => {
                (K::Binding, Words::new("已绑定", "the WeChat user is bound"))
            }
            Self::Binding { is: false } => {
                let words = Words::new("没有绑定", "the WeChat user is not bound");
                (K::Binding, words)
            }
            Self::Dialog(Some(name)) => {
                let words = Words::new(format!("在对话 {name} 里"), format!("in dialog {name}"));
                (K::Dialog, words)
            }
            Self::Dialog(None) => (K::Dialog, Words::new("不在对话里", "in no dialog")),
            Self::PhoneTaken => {
                let words = Words::new(
                    "手机号属于另一个账号",
                    "the phone belongs to another account",
                );
                (K::Account, words)
            }
            Self::InvalidAccount(id, invalid) => {
                let words = Words::new(
                    format!("账号 {id} 不合法：{}", invalid_zh(*invalid)),
                    format!("account {id} is not possible: {invalid}"),
                );
                (K::Account, words)
            }
            Self::NoPhone(id) => {
                let words = Words::new(
                    format!("账号 {id} 没有手机号，不能发绑定验证码"),
                    format!("account {id} has no phone, so it gets no bind code"),
                );
                (K::Code, words)
            }
            Self::MachineTooLong(bytes) => {
                let words = Words::new(
                    format!("设备的名字最多 {bytes} 字节"),
                    format!("a machine's name has at most {bytes} bytes"),
                );
                (K::Machine, words)
            }
            Self::TooManySteps(steps) => {
                let words = Words::new(
                    format!("故事超过 {steps} 步"),
                    format!("the story has more than {steps} steps"),
                );
                (K::TooLong, words)
            }
            Self::Internal(error) => {
                let words = Words::new(
                    format!("门神内部出错：{error}"),
                    format!("an error inside Menshen: {error}"),
                );
                (K::Internal, words)
            }
        }
    }
}

fn signals(judged: &Judged) -> Words {
    let mut words = listed("信号有：", "signals: ", &judged.fired);
    let missing = |language: Language, open: &str, close: &str| -> Vec<String> {
        let all = judged.not_evaluable.iter();
        all.map(|(name, missing)| {
            let missing = missing_names(missing, language);
            format!("{name}{open}{missing}{close}")
        })
        .collect()
    };
    if !judged.not_evaluable.is_empty() {
        let zh = missing(Language::Zh, "（缺 ", "）").join("、");
        let en = missing(Language::En, " (missing ", ")").join(", ");
        words.zh.push_str(&format!("；无法判断：{zh}"));
        words.en.push_str(&format!("; not evaluable: {en}"));
    }
    words
}

fn listed(zh: &str, en: &str, names: &[String]) -> Words {
    if names.is_empty() {
        return Words::new(format!("{zh}（无）"), format!("{en}(none)"));
    }
    Words::new(
        format!("{zh}{}", names.join("、")),
        format!("{en}{}", names.join(", ")),
    )
}

/// A verdict, with the word that stories have for it.
fn verdict_zh(verdict: &str) -> String {
    let zh = match verdict {
        "allowed" => "放行",
        "denied" => "拒绝",
        "challenged" => "要图形验证",
        other => return format!(" {other}"),
    };
    format!("{zh}（`{verdict}`）")
}

fn invalid_zh(invalid: InvalidAccount) -> &'static str {
    match invalid {
        InvalidAccount::Id => "标识符有 1 到 128 个字节，没有空格和控制字符",
        InvalidAccount::Name => "名字最多 128 个字，没有控制字符",
        InvalidAccount::Phone(InvalidPhone::Characters) => {
            "手机号只有数字、空格、短横、点、括号和开头的 +"
        }
        InvalidAccount::Phone(InvalidPhone::Length) => "手机号连国家码有 8 到 15 位数字",
        InvalidAccount::Phone(InvalidPhone::NotMobile) => {
            "中国的号码要是 13 到 19 开头的 11 位手机号"
        }
        InvalidAccount::Zone => "这不是 IANA 时区，例如 Asia/Shanghai",
    }
}

/// A reply as people are told it.
pub(in crate::bot) fn shown(reply: &Reply, language: Language) -> String {
    if let Reply::Text { content } = reply {
        return format!("“{content}”");
    }
    let [open, colon, between, close] = match language {
        Language::Zh => ["（", "：", "、", "）"],
        Language::En => ["(", ": ", ", ", ")"],
    };
    let mut parts = parts(reply);
    parts.retain(|part| !part.is_empty());
    let colon = if parts.is_empty() { "" } else { colon };
    format!("{open}{}{colon}{}{close}", kind(reply), parts.join(between))
}

/// The word of the language for it.
pub(super) fn kind(reply: &Reply) -> &'static str {
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

/// Everything a reply that is no text says: media identifiers, titles, descriptions, addresses.
pub(super) fn parts(reply: &Reply) -> Vec<&str> {
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

fn optional(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or_default()
}

fn one_line(text: &str) -> String {
    text.replace('\n', " / ")
}
