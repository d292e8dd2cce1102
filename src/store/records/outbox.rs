//! Records of the `outbox` room: contacts, outgoing messages, queued host calls and webhook cursors.
//! Plain data only; what they mean is decided in `outbox`. No `Debug` here shows an OpenID or text.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Kind, Record, RecordType};
use crate::env::{DAY, Millis};

/// What this file adds to the schema.
pub(crate) const TYPES: &[RecordType] = &[
    RecordType::of::<Contact>(),
    RecordType::of::<OutboxEntry>(),
    RecordType::of::<OutboxDue>(),
    RecordType::of::<OutboxOpen>(),
    RecordType::of::<OutboxDedupe>(),
    RecordType::of::<OutboxDay>(),
    RecordType::of::<HostCall>(),
    RecordType::of::<SentMessage>(),
    RecordType::of::<WebhookCursor>(),
];

/// How long an ended message or call stays listed.
pub const OUTBOX_KEPT: Millis = 30 * DAY;
/// How long the platform's message identifiers are remembered; delivery events come within minutes.
pub const SENT_MESSAGE_KEPT: Millis = 3 * DAY;

/// What is known about reaching one OpenID: whether it follows, and the windows in which the
/// platform takes customer-service messages for it (protocol: customer-service message, quota table).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Name of the official account.
    pub official_account: String,
    /// The OpenID in it.
    pub openid: String,
    /// Whether it follows, as far as pushes and answers of the platform tell.
    pub followed: bool,
    /// When it was first seen.
    pub first_seen: Millis,
    /// When it followed last, if that was seen.
    #[serde(default)]
    pub followed_at: Option<Millis>,
    /// When it left last.
    #[serde(default)]
    pub unfollowed_at: Option<Millis>,
    /// When it wrote last; opens the 48-hour window.
    #[serde(default)]
    pub last_message_at: Option<Millis>,
    /// Customer-service messages spent in that window.
    #[serde(default)]
    pub sent_since_message: u32,
    /// Until when a click, scan or follow lets messages through.
    #[serde(default)]
    pub event_window_until: Option<Millis>,
    /// Customer-service messages spent in that window.
    #[serde(default)]
    pub sent_in_event: u32,
    /// The language its client reported, e.g. "zh_CN".
    #[serde(default)]
    pub language: Option<String>,
    /// Tags given by rules.
    #[serde(default)]
    pub tags: Vec<String>,
}

impl Record for Contact {
    const KIND: Kind = Kind::Sender;
    type Key = (String, String);

    fn key(&self) -> Self::Key {
        (self.official_account.clone(), self.openid.clone())
    }
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contact")
            .field("official_account", &self.official_account)
            .field("followed", &self.followed)
            .field("last_message_at", &self.last_message_at)
            .field("event_window_until", &self.event_window_until)
            .finish_non_exhaustive()
    }
}

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

/// One of a contact's two windows for customer-service messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactWindow {
    /// Opened by a message, 48 hours.
    Message,
    /// Opened by a click, scan or follow, one minute.
    Event,
}

/// Which queue of this room a due time belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutboxLane {
    /// Messages to followers.
    Message,
    /// Calls to the host.
    Call,
}

impl OutboxLane {
    /// Its first key part.
    pub const fn number(self) -> u8 {
        match self {
            Self::Message => 0,
            Self::Call => 1,
        }
    }
}

/// The due index: what a worker looks at next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxDue {
    /// Messages or calls.
    pub lane: OutboxLane,
    /// When.
    pub due: Millis,
    /// The entry's or call's identifier.
    pub id: String,
}

impl Record for OutboxDue {
    const KIND: Kind = Kind::OutboxDue;
    type Key = (u8, i64, String);

    fn key(&self) -> Self::Key {
        (self.lane.number(), self.due, self.id.clone())
    }
}

/// The messages of one owner (an account, else an OpenID) that have not ended, and apart from them
/// those of an account that ended but still hold their content for a retry.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxOpen {
    /// "account:ID" or "openid:OFFICIAL_ACCOUNT:OPENID"; "kept:account:ID" once ended.
    pub owner: String,
    /// The entry.
    pub id: String,
    /// When it ended, if it did.
    #[serde(default)]
    pub ended_at: Option<Millis>,
}

impl Record for OutboxOpen {
    const KIND: Kind = Kind::OutboxOpen;
    type Key = (String, String);

    fn key(&self) -> Self::Key {
        (self.owner.clone(), self.id.clone())
    }

    fn expires_at(&self) -> Option<Millis> {
        self.ended_at.map(|at| at.saturating_add(OUTBOX_KEPT))
    }
}

impl fmt::Debug for OutboxOpen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OutboxOpen({})", self.id)
    }
}

/// Which entry or call a caller's own identifier led to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxDedupe {
    /// The caller's identifier.
    pub dedupe: String,
    /// The entry or call.
    pub id: String,
    /// Until when it is remembered.
    pub until: Millis,
}

impl Record for OutboxDedupe {
    const KIND: Kind = Kind::OutboxDedupe;
    type Key = String;

    fn key(&self) -> String {
        self.dedupe.clone()
    }

    fn expires_at(&self) -> Option<Millis> {
        Some(self.until)
    }
}

/// Prompts promised to one account on one day (China Standard Time).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxDay {
    /// The account.
    pub account: String,
    /// Days since 1970-01-01 in UTC+8.
    pub day: i64,
    /// How many.
    pub prompts: u32,
}

impl Record for OutboxDay {
    const KIND: Kind = Kind::OutboxDay;
    type Key = (String, i64);

    fn key(&self) -> Self::Key {
        (self.account.clone(), self.day)
    }

    fn expires_at(&self) -> Option<Millis> {
        Some((self.day + 2).saturating_mul(DAY))
    }
}

/// Where a queued host call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostCallState {
    /// Waits for its due time.
    Queued,
    /// Claimed until its due time (the lease). Afterwards it runs again: calls may run twice.
    Running,
    /// Ended: the host answered.
    Done,
    /// Ended: given up.
    Failed,
}

impl HostCallState {
    /// Whether nothing happens to the call any more.
    pub const fn ended(self) -> bool {
        matches!(self, Self::Done | Self::Failed)
    }
}

/// A call to the host that a rule queued (`call NAME`).
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct HostCall {
    /// Its identifier, "cal_…"; the same on every attempt.
    pub id: String,
    /// When it was queued.
    pub created: Millis,
    /// The name in `[calls.NAME]` or of the registered action.
    pub name: String,
    /// The account it is about.
    #[serde(default)]
    pub account: Option<String>,
    /// Name of the official account.
    #[serde(default)]
    pub official_account: Option<String>,
    /// What the host gets.
    pub payload: Value,
    /// Where it stands.
    pub state: HostCallState,
    /// When a worker looks at it next; none once ended.
    #[serde(default)]
    pub due: Option<Millis>,
    /// How often it was claimed.
    #[serde(default)]
    pub attempts: u32,
    /// When it ended.
    #[serde(default)]
    pub ended_at: Option<Millis>,
    /// Why the last attempt failed: a word, never the host's text.
    #[serde(default)]
    pub error: Option<String>,
}

impl Record for HostCall {
    const KIND: Kind = Kind::HostCall;
    type Key = String;

    fn key(&self) -> String {
        self.id.clone()
    }

    fn expires_at(&self) -> Option<Millis> {
        self.ended_at.map(|at| at.saturating_add(OUTBOX_KEPT))
    }
}

impl fmt::Debug for HostCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostCall")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("state", &self.state)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

/// What is known about one of the platform's message identifiers. The delivery event may come
/// before the answer of the send call: then it waits here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentMessage {
    /// Name of the official account.
    pub official_account: String,
    /// The platform's identifier (64 bits, as text).
    pub msgid: String,
    /// When this was written.
    pub at: Millis,
    /// The outbox entry, once its answer was processed.
    #[serde(default)]
    pub entry: Option<String>,
    /// The delivery event's status, once it came.
    #[serde(default)]
    pub finish: Option<String>,
}

impl Record for SentMessage {
    const KIND: Kind = Kind::SentMessage;
    type Key = (String, String);

    fn key(&self) -> Self::Key {
        (self.official_account.clone(), self.msgid.clone())
    }

    fn expires_at(&self) -> Option<Millis> {
        Some(self.at.saturating_add(SENT_MESSAGE_KEPT))
    }
}

/// How far one webhook endpoint has come in the feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookCursor {
    /// The endpoint's name in the configuration.
    pub name: String,
    /// The last event it took or does not want.
    pub seq: u64,
    /// Failures in a row on the event after it.
    #[serde(default)]
    pub failures: u32,
    /// Not tried before this moment.
    #[serde(default)]
    pub next_attempt: Millis,
    /// When it took an event last.
    #[serde(default)]
    pub last_success: Option<Millis>,
    /// The last answer's status, or a word for why there was none.
    #[serde(default)]
    pub last_result: Option<String>,
}

impl Record for WebhookCursor {
    const KIND: Kind = Kind::WebhookCursor;
    type Key = String;

    fn key(&self) -> String {
        self.name.clone()
    }
}

/// One example of each record here.
#[cfg(test)]
pub(crate) fn samples() -> Vec<super::Sample> {
    use super::Sample;

    let time = 1_790_000_000_000;
    vec![
        Sample::of(Contact {
            official_account: "main".into(),
            openid: "oSample".into(),
            followed: true,
            first_seen: time,
            followed_at: Some(time),
            unfollowed_at: None,
            last_message_at: Some(time + DAY),
            sent_since_message: 2,
            event_window_until: None,
            sent_in_event: 0,
            language: Some("zh_CN".into()),
            tags: vec!["员工".into()],
        }),
        Sample::of(OutboxEntry {
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
        }),
        Sample::of(OutboxDue {
            lane: OutboxLane::Message,
            due: time,
            id: "out_sample".into(),
        }),
        Sample::of(OutboxOpen {
            owner: "account:alice".into(),
            id: "out_sample".into(),
            ended_at: None,
        }),
        Sample::of(OutboxDedupe {
            dedupe: "alert:alr_sample".into(),
            id: "out_sample".into(),
            until: time,
        }),
        Sample::of(OutboxDay {
            account: "alice".into(),
            day: 20_717,
            prompts: 3,
        }),
        Sample::of(HostCall {
            id: "cal_sample".into(),
            created: time,
            name: "security_desk".into(),
            account: None,
            official_account: Some("main".into()),
            payload: serde_json::json!({"alert": "alr_sample"}),
            state: HostCallState::Queued,
            due: Some(time),
            attempts: 0,
            ended_at: None,
            error: None,
        }),
        Sample::of(SentMessage {
            official_account: "main".into(),
            msgid: "3428411849815982087".into(),
            at: time,
            entry: Some("out_sample".into()),
            finish: None,
        }),
        Sample::of(WebhookCursor {
            name: "erp".into(),
            seq: 41,
            failures: 1,
            next_attempt: time,
            last_success: None,
            last_result: Some("503".into()),
        }),
    ]
}
