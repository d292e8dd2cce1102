//! How times and events look in the API.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::problem::Problem;
use crate::env::rfc3339;
use crate::store::Continuation;
use crate::store::records::FeedEvent;

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

/// Which page of a list: where it goes on and how much it holds, checked.
#[derive(Debug, Clone)]
pub(crate) struct Paging {
    /// The `next` of the page before.
    pub(crate) after: Option<Continuation>,
    /// How many.
    pub(crate) limit: usize,
}

/// Items of a page unless asked otherwise.
pub(crate) const DEFAULT_PAGE: u32 = 100;

impl Paging {
    /// Reads what the query says.
    pub(crate) fn new(after: Option<&str>, limit: Option<u32>, most: u32) -> Result<Self, Problem> {
        Ok(Self {
            after: after.map(str::parse).transpose()?,
            limit: page_limit(limit, most)?,
        })
    }
}

/// The size of a page, between 1 and `most`.
pub(crate) fn page_limit(asked: Option<u32>, most: u32) -> Result<usize, Problem> {
    let limit = asked.unwrap_or(DEFAULT_PAGE);
    if (1..=most).contains(&limit) {
        Ok(limit as usize)
    } else {
        Err(Problem::invalid("limit", format!("between 1 and {most}")))
    }
}
