//! The simulated users, their windows and their transcripts. Pure: the time comes in.

mod keep;

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::action_error::ActionError;
use crate::env::{DAY, Env, HOUR, MINUTE, Millis, SECOND};

/// Most simulated users.
pub(super) const MAX_USERS: usize = 200;
/// Most transcript entries per user; older ones are forgotten.
pub(super) const MAX_ENTRIES: usize = 500;
/// Longest text kept in a transcript, characters.
pub(super) const MAX_ENTRY_TEXT: usize = 4096;
/// Most QR codes remembered.
const MAX_CODES: usize = 1000;
/// Most template sends remembered for their `client_msg_id`.
const MAX_CLIENT_IDS: usize = 10_000;

/// After a user's message: this many customer-service messages within [`MESSAGE_WINDOW`].
const MESSAGE_ALLOWANCE: u32 = 5;
const MESSAGE_WINDOW: Millis = 48 * HOUR;
/// After a menu click, a follow or a scan: this many within [`ACTION_WINDOW`].
const ACTION_ALLOWANCE: u32 = 3;
const ACTION_WINDOW: Millis = MINUTE;
/// The same `client_msg_id` to the same user is sent once within this.
const CLIENT_ID_WINDOW: Millis = 10 * MINUTE;
/// The platform counts daily quotas by Beijing's day.
const BEIJING: Millis = 8 * HOUR;
/// Ids of template messages exceed 53 bits, as the platform's do.
const FIRST_MSG_ID: u64 = 3_428_411_849_815_982_087;

/// A template of the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Template {
    /// What sending names.
    pub template_id: String,
    /// Its title.
    pub title: String,
    /// Its text with fields, such as `登录地点：{{thing2.DATA}}`.
    pub content: String,
}

/// Who an entry is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The simulated user.
    User,
    /// The bot.
    Bot,
    /// The platform itself, such as its notice of a fault.
    Platform,
}

/// How an entry travelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// A user's message.
    Message,
    /// A user's action.
    Event,
    /// A passive reply.
    Reply,
    /// A customer-service message.
    Custom,
    /// A template message.
    Template,
    /// A notice of the platform.
    Notice,
}

/// One line of a transcript.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Ascending per user, from 1.
    pub seq: u64,
    /// When, milliseconds since the epoch.
    pub at: Millis,
    /// From whom.
    pub from: Side,
    /// How.
    pub channel: Channel,
    /// `text`, `image`, `subscribe`, …
    pub kind: String,
    /// As the phone shows it.
    pub text: String,
    /// The details: fields of a template, links, choices.
    pub data: Value,
}

/// A new entry, as broadcast.
#[derive(Debug, Clone)]
pub struct Update {
    /// Whose phone.
    pub openid: String,
    /// The entry.
    pub entry: Entry,
}

/// A simulated user, as the control API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UserView {
    /// Their OpenID.
    pub openid: String,
    /// Their name on the phone page.
    pub name: String,
    /// Whether they follow.
    pub following: bool,
    /// Whether they refuse template messages.
    pub refusing: bool,
    /// Customer-service messages they may still get now.
    pub custom_left: u32,
}

/// A refusal of the API: `errcode` and `errmsg`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused(pub(super) i64, pub(super) String);

impl Refused {
    pub(super) fn new(code: i64, message: &str) -> Self {
        Self(code, message.to_owned())
    }
}

/// A live QR code.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub(super) struct Code {
    pub(super) ticket: String,
    pub(super) scene: String,
    pub(super) url: String,
    pub(super) ends_at: Option<Millis>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct User {
    name: String,
    followed_at: Option<Millis>,
    refusing: bool,
    message: Window,
    action: Window,
    transcript: VecDeque<Entry>,
    next_seq: u64,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Window {
    opened_at: Option<Millis>,
    used: u32,
}

/// Everything the platform remembers about users and messages.
#[derive(Default)]
pub(super) struct World {
    users: BTreeMap<String, User>,
    codes: VecDeque<Code>,
    client_ids: VecDeque<(Millis, String, String, u64)>,
    usage: BTreeMap<&'static str, (i64, u64)>,
    sent: u64,
    pushed: u64,
    pub(super) menu: Option<Value>,
}

impl World {
    pub(super) fn create_user(&mut self, name: &str, env: &Env) -> Result<String, ActionError> {
        if self.users.len() >= MAX_USERS {
            return Err(ActionError::TooManyUsers);
        }
        let openid = new_openid(env);
        let name: String = name.chars().take(32).collect();
        let user = User {
            name: if name.trim().is_empty() {
                format!("用户{}", self.users.len() + 1)
            } else {
                name
            },
            followed_at: None,
            refusing: false,
            message: Window::default(),
            action: Window::default(),
            transcript: VecDeque::new(),
            next_seq: 1,
        };
        self.users.insert(openid.clone(), user);
        Ok(openid)
    }

    pub(super) fn users(&self, now: Millis) -> Vec<UserView> {
        self.users
            .iter()
            .map(|(openid, user)| UserView {
                openid: openid.clone(),
                name: user.name.clone(),
                following: user.followed_at.is_some(),
                refusing: user.refusing,
                custom_left: if user.followed_at.is_some() {
                    user.message.left(now, MESSAGE_WINDOW, MESSAGE_ALLOWANCE)
                        + user.action.left(now, ACTION_WINDOW, ACTION_ALLOWANCE)
                } else {
                    0
                },
            })
            .collect()
    }

    /// Follows or unfollows; whether that changed anything.
    pub(super) fn set_following(
        &mut self,
        openid: &str,
        following: bool,
        now: Millis,
    ) -> Result<bool, ActionError> {
        let user = self.user(openid)?;
        let before = user.followed_at.is_some();
        if before != following {
            user.followed_at = following.then_some(now);
        }
        if !following {
            user.message = Window::default();
            user.action = Window::default();
        }
        Ok(before != following)
    }

    pub(super) fn set_refusing(&mut self, openid: &str, refusing: bool) -> Result<(), ActionError> {
        self.user(openid)?.refusing = refusing;
        Ok(())
    }

    pub(super) fn is_refusing(&self, openid: &str) -> bool {
        self.users.get(openid).is_some_and(|user| user.refusing)
    }

    /// When the user followed; `Err` if unknown, `Ok(None)` if not following.
    pub(super) fn followed_at(&self, openid: &str) -> Result<Option<Millis>, ActionError> {
        let user = self.users.get(openid).ok_or(ActionError::NoUser)?;
        Ok(user.followed_at)
    }

    pub(super) fn require_following(&self, openid: &str) -> Result<(), ActionError> {
        self.followed_at(openid)?
            .map(|_| ())
            .ok_or(ActionError::NotFollowing)
    }

    /// Opens the 48-hour window.
    pub(super) fn note_message(&mut self, openid: &str, now: Millis) {
        if let Ok(user) = self.user(openid) {
            user.message = Window {
                opened_at: Some(now),
                used: 0,
            };
        }
    }

    /// Opens the one-minute window.
    pub(super) fn note_action(&mut self, openid: &str, now: Millis) {
        if let Ok(user) = self.user(openid) {
            user.action = Window {
                opened_at: Some(now),
                used: 0,
            };
        }
    }

    /// Takes one customer-service message from the allowance; the shorter window first.
    pub(super) fn take_custom(&mut self, openid: &str, now: Millis) -> Result<(), Refused> {
        let user = self
            .users
            .get_mut(openid)
            .ok_or_else(|| Refused::new(40003, "invalid openid"))?;
        if user.followed_at.is_none() {
            return Err(Refused::new(
                45015,
                "response out of time limit or subscription is canceled",
            ));
        }
        let action = user.action.is_open(now, ACTION_WINDOW);
        let message = user.message.is_open(now, MESSAGE_WINDOW);
        if action && user.action.used < ACTION_ALLOWANCE {
            user.action.used += 1;
            Ok(())
        } else if message && user.message.used < MESSAGE_ALLOWANCE {
            user.message.used += 1;
            Ok(())
        } else if action || message {
            Err(Refused::new(45047, "out of response count limit"))
        } else {
            Err(Refused::new(
                45015,
                "response out of time limit or subscription is canceled",
            ))
        }
    }

    /// The id of a template message, and whether it is new: the same `client_msg_id` to the same
    /// user within ten minutes is the same message.
    pub(super) fn template_id(
        &mut self,
        openid: &str,
        client_id: Option<&str>,
        now: Millis,
    ) -> (u64, bool) {
        self.client_ids
            .retain(|(at, ..)| now - at < CLIENT_ID_WINDOW);
        if let Some(id) = client_id {
            let known = self
                .client_ids
                .iter()
                .find(|(_, user, known, _)| user == openid && known == id);
            if let Some((.., msg_id)) = known {
                return (*msg_id, false);
            }
        }
        let msg_id = FIRST_MSG_ID + self.sent;
        self.sent += 1;
        if let Some(id) = client_id {
            if self.client_ids.len() >= MAX_CLIENT_IDS {
                self.client_ids.pop_front();
            }
            self.client_ids
                .push_back((now, openid.to_owned(), id.to_owned(), msg_id));
        }
        (msg_id, true)
    }

    /// The next `MsgId` of a user's message.
    pub(super) fn next_push_id(&mut self) -> u64 {
        self.pushed += 1;
        24_785_639_120_457_812 + self.pushed
    }

    /// Counts a call against its daily quota.
    pub(super) fn count_call(
        &mut self,
        path: &'static str,
        limit: u64,
        now: Millis,
    ) -> Result<(), Refused> {
        let day = (now + BEIJING).div_euclid(DAY);
        let usage = self.usage.entry(path).or_insert((day, 0));
        if usage.0 != day {
            *usage = (day, 0);
        }
        if usage.1 >= limit {
            return Err(Refused::new(45009, "reach max api daily quota limit"));
        }
        usage.1 += 1;
        Ok(())
    }

    pub(super) fn add_code(&mut self, scene: String, seconds: Option<u32>, env: &Env) -> Code {
        let now = env.now();
        self.codes.retain(|code| code.is_live(now));
        if self.codes.len() >= MAX_CODES {
            self.codes.pop_front();
        }
        let code = Code {
            ticket: format!("gQ{}==", hex::encode(env.bytes::<24>())),
            scene,
            url: format!("http://weixin.qq.com/q/{}", hex::encode(env.bytes::<10>())),
            ends_at: seconds.map(|seconds| now + Millis::from(seconds) * SECOND),
        };
        self.codes.push_back(code.clone());
        code
    }

    /// The live code with that scene, ticket or url; the newest where scenes repeat.
    pub(super) fn find_code(&self, wanted: &str, now: Millis) -> Result<Code, ActionError> {
        self.codes
            .iter()
            .rev()
            .find(|code| {
                code.is_live(now)
                    && (code.scene == wanted || code.ticket == wanted || code.url == wanted)
            })
            .cloned()
            .ok_or(ActionError::NoCode)
    }

    pub(super) fn codes(&self, now: Millis) -> Vec<Code> {
        let live = self.codes.iter().filter(|code| code.is_live(now));
        live.cloned().collect()
    }

    /// Adds a transcript entry; `None` for an unknown user.
    pub(super) fn record(
        &mut self,
        openid: &str,
        at: Millis,
        line: (Side, Channel, String, String, Value),
    ) -> Option<Entry> {
        let user = self.users.get_mut(openid)?;
        let (from, channel, kind, text, data) = line;
        let entry = Entry {
            seq: user.next_seq,
            at,
            from,
            channel,
            kind,
            text: text.chars().take(MAX_ENTRY_TEXT).collect(),
            data,
        };
        user.next_seq += 1;
        if user.transcript.len() >= MAX_ENTRIES {
            user.transcript.pop_front();
        }
        user.transcript.push_back(entry.clone());
        Some(entry)
    }

    pub(super) fn transcript(&self, openid: &str, after: u64) -> Result<Vec<Entry>, ActionError> {
        let user = self.users.get(openid).ok_or(ActionError::NoUser)?;
        let newer = user.transcript.iter().filter(|entry| entry.seq > after);
        Ok(newer.cloned().collect())
    }

    fn user(&mut self, openid: &str) -> Result<&mut User, ActionError> {
        self.users.get_mut(openid).ok_or(ActionError::NoUser)
    }
}

impl Window {
    fn is_open(&self, now: Millis, length: Millis) -> bool {
        self.opened_at.is_some_and(|at| now - at < length)
    }

    fn left(&self, now: Millis, length: Millis, allowance: u32) -> u32 {
        if self.is_open(now, length) {
            allowance.saturating_sub(self.used)
        } else {
            0
        }
    }
}

impl Code {
    fn is_live(&self, now: Millis) -> bool {
        self.ends_at.is_none_or(|end| now < end)
    }
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Entry({} {:?} {})", self.seq, self.channel, self.kind)
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "World({} users)", self.users.len())
    }
}

/// 28 characters beginning with `o`, as the platform's.
fn new_openid(env: &Env) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(env.bytes::<24>());
    format!("o{}", &text[..27])
}

#[cfg(test)]
mod tests;
