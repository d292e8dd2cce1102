//! Messages that must reach someone, with their content and state.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ContactWindow;
use crate::env::{DAY, Millis};
use crate::store::records::{Kind, Record, RecordType};

/// What this file adds to the schema.
pub(crate) const TYPES: &[RecordType] = &[RecordType::of::<OutboxEntry>()];

/// How long an ended message or call stays listed.
pub const OUTBOX_KEPT: Millis = 30 * DAY;

/// What a message is for. It decides what an unknown outcome leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutboxPurpose {
    /// The prompt of an alert: withdrawn by a lock, repeated once after an unknown outcome.
    Prompt,
    /// The answer to a push that came too late for the passive reply.
    Reply,
    /// A message of the information system.
    Message,
    /// A notice of Menshen itself, e.g. to the OpenID of a replaced binding.
    Notice,
}

impl OutboxPurpose {
    /// The name used in records, events and the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Reply => "reply",
            Self::Message => "message",
            Self::Notice => "notice",
        }
    }
}

/// A way to a follower.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutboxChannel {
    /// Customer-service message (客服消息).
    Custom,
    /// Template message (模板消息).
    Template,
}

impl OutboxChannel {
    /// The name used in records, events and the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Custom => "custom",
            Self::Template => "template",
        }
    }
}

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutboxState {
    /// Waits for its due time.
    Queued,
    /// Claimed by a worker until its due time (the lease).
    Sending,
    /// Taken by the platform as a template message; its delivery event is awaited.
    Accepted,
    /// Ended: delivered.
    Delivered,
    /// Ended: will not arrive, see the reason.
    Undeliverable,
    /// Ended: nobody knows.
    Unknown,
}

impl OutboxState {
    /// The name used in records, events and the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Accepted => "accepted",
            Self::Delivered => "delivered",
            Self::Undeliverable => "undeliverable",
            Self::Unknown => "unknown",
        }
    }

    /// The state of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [
            Self::Queued,
            Self::Sending,
            Self::Accepted,
            Self::Delivered,
            Self::Undeliverable,
            Self::Unknown,
        ]
        .into_iter()
        .find(|state| state.name() == name)
    }

    /// Whether nothing happens to the message any more, short of a retry by hand.
    pub const fn ended(self) -> bool {
        matches!(self, Self::Delivered | Self::Undeliverable | Self::Unknown)
    }
}

/// Why a message does not arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UndeliverableReason {
    /// No OpenID was bound when it was due, or the binding has changed since.
    Unbound,
    /// The follower has left.
    Unfollowed,
    /// No window is open and there is no template, or the official account may not send.
    NoChannel,
    /// The window is open but its messages are used up, and there is no template.
    Quota,
    /// The follower or the platform refused it.
    Refused,
    /// Its time passed before it could be sent.
    Expired,
    /// A lock, a closed alert or an operator took it back.
    Withdrawn,
}

impl UndeliverableReason {
    /// The name used in records, events, rules and the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unbound => "unbound",
            Self::Unfollowed => "unfollowed",
            Self::NoChannel => "no_channel",
            Self::Quota => "quota",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// A customer-service message's content (protocol: customer-service message).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomMessage {
    /// Text; links as `<a>` are allowed.
    Text(String),
    /// An image by media id.
    Image(String),
    /// A voice recording by media id.
    Voice(String),
    /// A video.
    Video {
        /// The video's media id.
        media_id: String,
        /// The preview's media id.
        thumb_media_id: Option<String>,
        /// Title, may be empty.
        title: String,
        /// Description, may be empty.
        description: String,
    },
    /// A piece of music.
    Music {
        /// Title, may be empty.
        title: String,
        /// Description, may be empty.
        description: String,
        /// The link.
        url: String,
        /// The link for better connections.
        hq_url: String,
        /// The preview's media id.
        thumb_media_id: String,
    },
    /// One article.
    News {
        /// Title.
        title: String,
        /// Description.
        description: String,
        /// Where a tap leads.
        url: String,
        /// The picture.
        picture: String,
    },
    /// Choices to tap; a tap comes back as a text message. Test accounts cannot.
    Menu {
        /// Above the choices.
        head: String,
        /// The choices: the id that comes back, and the text.
        items: Vec<(String, String)>,
        /// Below the choices.
        tail: String,
    },
}

impl fmt::Debug for CustomMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomMessage")
    }
}

/// A template message's content (protocol: template message).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateMessage {
    /// The template's identifier in the official account.
    pub template_id: String,
    /// Where a tap leads.
    #[serde(default)]
    pub url: Option<String>,
    /// The fields by key ("thing2"), in order.
    pub fields: Vec<(String, String)>,
}

impl fmt::Debug for TemplateMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TemplateMessage")
    }
}

/// A message that must reach someone, from the commit that promised it to its ending.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxEntry {
    /// Its identifier, "out_…", sorting by time. Also the `client_msg_id` of template sends.
    pub id: String,
    /// When it was promised.
    pub created: Millis,
    /// Name of the official account.
    pub official_account: String,
    /// To whom; none when nobody was bound, and forgotten once delivered.
    #[serde(default)]
    pub openid: Option<String>,
    /// The account it is about.
    #[serde(default)]
    pub account: Option<String>,
    /// The alert it prompts for.
    #[serde(default)]
    pub alert: Option<String>,
    /// What it is for.
    pub purpose: OutboxPurpose,
    /// Content for the custom channel.
    #[serde(default)]
    pub custom: Option<CustomMessage>,
    /// Content for the template channel.
    #[serde(default)]
    pub template: Option<TemplateMessage>,
    /// Never sent after this moment.
    pub not_after: Millis,
    /// The caller's own identifier for "the same message".
    #[serde(default)]
    pub dedupe: Option<String>,
    /// Where it stands.
    pub state: OutboxState,
    /// When a worker looks at it next; none once ended.
    #[serde(default)]
    pub due: Option<Millis>,
    /// How often it was claimed. A worker's result counts only for the claim it belongs to.
    #[serde(default)]
    pub attempts: u32,
    /// Failures in a row that led to waiting; decides the backoff.
    #[serde(default)]
    pub retries: u32,
    /// The channel of the last attempt.
    #[serde(default)]
    pub channel: Option<OutboxChannel>,
    /// The channel the next attempt must take.
    #[serde(default)]
    pub next_channel: Option<OutboxChannel>,
    /// Channels that refused it for good.
    #[serde(default)]
    pub refused: Vec<OutboxChannel>,
    /// Which of the contact's windows the running attempt was charged to.
    #[serde(default)]
    pub charged: Option<ContactWindow>,
    /// Attempts with an unknown outcome.
    #[serde(default)]
    pub unknown_sends: u32,
    /// Repetitions after such an attempt that the platform cannot tell apart from new messages.
    /// Above zero, the follower may see it twice.
    #[serde(default)]
    pub repeats: u32,
    /// When `client_msg_id` was first used; the platform remembers it for ten minutes.
    #[serde(default)]
    pub template_since: Option<Millis>,
    /// Template attempts under the present `client_msg_id`.
    #[serde(default)]
    pub template_sends: u32,
    /// Distinguishes `client_msg_id`s after a send that the platform itself reported as failed.
    #[serde(default)]
    pub template_round: u32,
    /// The platform's message identifier (template channel).
    #[serde(default)]
    pub msgid: Option<String>,
    /// Taken back while an attempt was running: no further attempt.
    #[serde(default)]
    pub withdrawn: bool,
    /// When the platform took it.
    #[serde(default)]
    pub accepted_at: Option<Millis>,
    /// When it ended.
    #[serde(default)]
    pub ended_at: Option<Millis>,
    /// Why it does not arrive; before the end, why the last channel did not take it.
    #[serde(default)]
    pub reason: Option<UndeliverableReason>,
    /// The platform's last error code.
    #[serde(default)]
    pub errcode: Option<i64>,
}

impl Record for OutboxEntry {
    const KIND: Kind = Kind::OutboxEntry;
    type Key = String;

    fn key(&self) -> String {
        self.id.clone()
    }

    fn expires_at(&self) -> Option<Millis> {
        self.ended_at.map(|at| at.saturating_add(OUTBOX_KEPT))
    }
}

impl fmt::Debug for OutboxEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboxEntry")
            .field("id", &self.id)
            .field("purpose", &self.purpose)
            .field("state", &self.state)
            .field("due", &self.due)
            .field("attempts", &self.attempts)
            .field("channel", &self.channel)
            .field("reason", &self.reason)
            .field("errcode", &self.errcode)
            .finish_non_exhaustive()
    }
}

/// One example of each record here.
#[cfg(test)]
pub(crate) fn samples() -> Vec<crate::store::records::Sample> {
    use crate::store::records::Sample;
    let time = 1_790_000_000_000;
    vec![Sample::of(OutboxEntry {
        id: "out_sample".into(),
        created: time,
        official_account: "main".into(),
        openid: Some("oSample".into()),
        account: Some("alice".into()),
        alert: Some("alr_sample".into()),
        purpose: OutboxPurpose::Prompt,
        custom: Some(CustomMessage::Text("样例".into())),
        template: Some(TemplateMessage {
            template_id: "T".into(),
            url: None,
            fields: vec![("thing2".into(), "样例".into())],
        }),
        not_after: time + DAY,
        dedupe: Some("alert:alr_sample".into()),
        state: OutboxState::Sending,
        due: Some(time),
        attempts: 1,
        retries: 0,
        channel: Some(OutboxChannel::Template),
        next_channel: None,
        refused: vec![OutboxChannel::Custom],
        charged: Some(ContactWindow::Event),
        unknown_sends: 0,
        repeats: 0,
        template_since: Some(time),
        template_sends: 1,
        template_round: 0,
        msgid: None,
        withdrawn: false,
        accepted_at: None,
        ended_at: None,
        reason: Some(UndeliverableReason::NoChannel),
        errcode: Some(45015),
    })]
}
