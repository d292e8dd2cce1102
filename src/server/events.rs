//! `GET /v1/events`: every fact in order, as pages or as server-sent events.
//!
//! A cursor is the number of the last event seen. Numbers are allotted in commit order without gaps
//! and read only when durable, so a reader never misses one that commits later. The stream reads the
//! same pages, wakes on commits, and ends when its key is revoked or the server stops.

use std::time::Duration;

use actix_web::http::header;
use actix_web::web::{Bytes, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::call::{Answer, Call};
use super::problem::{Problem, ProblemKind};
use super::scope::Scope;
use super::state::State;
use super::view::{EventView, page_limit};
use crate::store::records::feed::EVENT_TYPES;
use crate::store::records::{ApiKey, FeedEvent};
use crate::store::{self, Order, StoreError, Tx};

/// Events of one page at most.
pub const MAX_PAGE: u32 = 500;
/// Events looked at for one page when a filter skips most of them.
const MAX_LOOKED_AT: usize = 2_000;
/// A comment on a quiet stream this often, so that proxies do not close it.
pub const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Which events.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventQuery {
    /// The cursor of the last event seen; from the beginning when missing.
    after: Option<String>,
    /// Events of the page, 1 to 500; 100 when missing.
    limit: Option<u32>,
    /// Only these types, separated by commas.
    types: Option<String>,
    /// Only events about this account.
    account: Option<String>,
}

/// A page of the feed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventPage {
    /// In order.
    events: Vec<EventView>,
    /// Pass as `after` for the next page. The same as `after` when there is nothing new.
    cursor: String,
    /// Whether there is more right now.
    more: bool,
}

/// The validated query.
#[derive(Debug, Clone)]
struct Filter {
    after: u64,
    limit: usize,
    types: Vec<String>,
    account: Option<String>,
}

/// `GET /v1/events`
#[utoipa::path(
    get, path = "/v1/events", tag = "events", operation_id = "listEvents",
    description = "Every fact in order. With `Accept: text/event-stream` a stream that goes on; `Last-Event-ID` continues it.",
    params(EventQuery, ("Last-Event-ID" = Option<String>, Header, description = "Cursor, for the stream")),
    responses(
        (status = 200, content((EventPage = "application/json"), (String = "text/event-stream"))),
        super::openapi::ReadProblems,
    ),
    security(("key" = [])),
)]
pub(crate) async fn list(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let call = Call::begin(&state, &request, payload, Scope::Events).await?;
    let filter = Filter::new(call.query()?)?;
    let streams = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accept| accept.contains("text/event-stream"));
    if streams {
        return stream_events(&state, &request, call.key, filter);
    }
    call.read("list_events", move |tx| Ok(Answer::ok(&page(tx, &filter)?)))
        .await
}

impl Filter {
    fn new(query: EventQuery) -> Result<Self, Problem> {
        Ok(Self {
            after: parse_cursor("after", query.after.as_deref())?,
            limit: page_limit(query.limit, MAX_PAGE)?,
            types: known_types(query.types.as_deref().unwrap_or_default())?,
            account: query.account,
        })
    }

    fn wants(&self, event: &FeedEvent) -> bool {
        (self.types.is_empty() || self.types.contains(&event.kind))
            && (self.account.is_none() || self.account == event.account)
    }
}

/// The types of a comma-separated list. A name that is none would wait for ever without a word.
fn known_types(list: &str) -> Result<Vec<String>, Problem> {
    let names = list.split(',').filter(|kind| !kind.is_empty());
    names
        .map(|name| match EVENT_TYPES.contains(&name) {
            true => Ok(name.to_owned()),
            false => Err(Problem::invalid(
                "types",
                format!("no type of event; there are {}", EVENT_TYPES.join(", ")),
            )),
        })
        .collect()
}

fn parse_cursor(field: &str, text: Option<&str>) -> Result<u64, Problem> {
    match text {
        None | Some("") => Ok(0),
        Some(text) => text
            .parse()
            .map_err(|_| Problem::invalid(field, "not a cursor of this feed")),
    }
}

fn page(tx: &mut Tx<'_>, filter: &Filter) -> Result<EventPage, StoreError> {
    let looked_at = if filter.types.is_empty() && filter.account.is_none() {
        filter.limit + 1
    } else {
        MAX_LOOKED_AT
    };
    let from = filter.after.saturating_add(1);
    let found = tx.scan_between::<FeedEvent>((), from, u64::MAX, Order::Ascending, looked_at)?;
    let full = found.len() == looked_at;
    let mut cursor = filter.after;
    let mut events = Vec::new();
    let mut more = full;
    for event in found {
        if events.len() == filter.limit {
            more = true;
            break;
        }
        cursor = event.seq;
        if filter.wants(&event) {
            events.push(EventView::from(event));
        }
    }
    Ok(EventPage {
        events,
        cursor: cursor.to_string(),
        more,
    })
}

/// What a stream keeps between its chunks.
struct Streaming {
    state: Data<State>,
    key: ApiKey,
    filter: Filter,
    commits: tokio::sync::watch::Receiver<u64>,
    more: bool,
    begun: bool,
    _permit: tokio::sync::OwnedSemaphorePermit,
}

fn stream_events(
    state: &Data<State>,
    request: &HttpRequest,
    key: ApiKey,
    mut filter: Filter,
) -> Result<HttpResponse, Problem> {
    let last = request
        .headers()
        .get("last-event-id")
        .and_then(|value| value.to_str().ok());
    if last.is_some() {
        filter.after = parse_cursor("Last-Event-ID", last)?;
    }
    let permit = state.streams.clone().try_acquire_owned().map_err(|_| {
        state.metrics.limit("event_streams");
        Problem::new(ProblemKind::Busy).detail("too many event streams are open")
    })?;
    let streaming = Streaming {
        state: state.clone(),
        key,
        filter,
        commits: state.store.commits(),
        more: true,
        begun: false,
        _permit: permit,
    };
    let body = stream::unfold(streaming, |mut streaming| async move {
        let chunk = streaming.next().await?;
        Some((Ok::<_, actix_web::Error>(chunk), streaming))
    });
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/event-stream"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(body))
}

impl Streaming {
    /// The next bytes to send; `None` ends the stream.
    async fn next(&mut self) -> Option<Bytes> {
        if !self.begun {
            // Sends the headers at once, so that the client knows it is connected.
            self.begun = true;
            return Some(Bytes::from_static(b": menshen\n\n"));
        }
        loop {
            if !self.more {
                let stopping = self.state.stopping.clone();
                tokio::select! {
                    () = stopping.cancelled() => return None,
                    changed = self.commits.changed() => changed.ok()?,
                    () = tokio::time::sleep(KEEP_ALIVE) => {
                        return Some(Bytes::from_static(b": \n\n"));
                    }
                }
            }
            if self.state.stopping.is_cancelled() {
                return None;
            }
            self.commits.mark_unchanged();
            let (filter, id) = (self.filter.clone(), self.key.id.clone());
            let read =
                store::read::<_, StoreError>(&*self.state.store, "stream_events", move |tx| {
                    // A revoked key ends its streams.
                    let alive = tx
                        .get::<ApiKey>(&id)?
                        .is_some_and(|key| key.revoked.is_none());
                    alive.then(|| page(tx, &filter)).transpose()
                })
                .await;
            // A busy or failed store ends the stream; the client reconnects where it was.
            let page = read.ok()??;
            self.more = page.more;
            self.filter.after = page.cursor.parse().ok()?;
            if !page.events.is_empty() {
                return Some(frames(&page.events));
            }
        }
    }
}

fn frames(events: &[EventView]) -> Bytes {
    let mut text = String::new();
    for event in events {
        // serde_json writes no line breaks, and types are identifiers of ours.
        let data = serde_json::to_string(event).unwrap_or_default();
        text.push_str(&format!(
            "id: {}\nevent: {}\ndata: {data}\n\n",
            event.cursor, event.r#type
        ));
    }
    Bytes::from(text)
}
