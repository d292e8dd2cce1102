//! How times and events look in the API.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::env::Millis;
use crate::store::records::FeedEvent;

/// A moment as RFC 3339 in UTC with milliseconds; the ends of time for what no calendar holds.
pub fn rfc3339(at: Millis) -> String {
    let timestamp = jiff::Timestamp::from_millisecond(at).unwrap_or(if at < 0 {
        jiff::Timestamp::MIN
    } else {
        jiff::Timestamp::MAX
    });
    format!("{timestamp:.3}")
}

/// A moment from RFC 3339 with an offset.
pub fn parse_rfc3339(text: &str) -> Option<Millis> {
    text.parse::<jiff::Timestamp>()
        .ok()
        .map(jiff::Timestamp::as_millisecond)
}

/// A fact of the feed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Event)]
pub struct EventView {
    /// Its identifier, the same in webhooks.
    pub id: String,
    /// Its place in the feed: pass it as `after` to get what follows.
    pub cursor: String,
    /// What happened.
    pub r#type: String,
    /// When, RFC 3339.
    pub time: String,
    /// The account it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The official account it came through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub official_account: Option<String>,
    /// The event's own fields.
    pub data: serde_json::Value,
}

impl From<FeedEvent> for EventView {
    fn from(event: FeedEvent) -> Self {
        Self {
            id: event.id,
            cursor: event.seq.to_string(),
            r#type: event.kind,
            time: rfc3339(event.time),
            account: event.account,
            official_account: event.official_account,
            data: event.data,
        }
    }
}

/// The size of a page, checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit(u32);

impl Limit {
    pub(crate) fn new(
        asked: Option<u32>,
        default: u32,
        most: u32,
    ) -> Result<Self, super::problem::Problem> {
        let limit = asked.unwrap_or(default);
        if (1..=most).contains(&limit) {
            Ok(Self(limit))
        } else {
            let message = format!("between 1 and {most}");
            Err(super::problem::Problem::invalid("limit", message))
        }
    }

    pub(crate) fn get(self) -> usize {
        self.0 as usize
    }
}
