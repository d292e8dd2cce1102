//! Messages in the store: promising, withdrawing, listing, repeating by hand, and how one ends.
//!
//! All of it runs inside a caller's command. The indexes (due, open, dedupe) are kept here and
//! nowhere else: an entry has a due row exactly while it has not ended.

use serde_json::json;

use super::hooks::{Ending, Hooks};
use crate::env::{DAY, HOUR, Millis};
use crate::store::records::{
    CustomMessage, NewEvent, OUTBOX_KEPT, OutboxChannel, OutboxDay, OutboxDedupe, OutboxDue,
    OutboxEntry, OutboxLane, OutboxOpen, OutboxPurpose, OutboxState, Record, TemplateMessage,
    UndeliverableReason,
};
use crate::store::{Continuation, Order, Page, StoreError, Tx};

/// The most messages of one account (or one OpenID without account) that may wait at a time. A
/// command that withdraws them all stays within one commit.
pub const MAX_OPEN: usize = 50;
/// How many of those places only prompts may take, so that other messages never crowd one out.
pub const RESERVED_FOR_PROMPTS: usize = 20;
/// The most ended messages one erasing command takes.
pub const MAX_FORGET: usize = 50;
/// The most entries one listing answers, and the most it looks at for them.
pub const MAX_LIST: usize = 200;

/// What the index rows of ended messages begin with.
const KEPT: &str = "kept:";

/// A message to promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    /// Name of the official account.
    pub official_account: String,
    /// The OpenID bound now; none makes it end as undeliverable (unbound), hooks included.
    pub openid: Option<String>,
    /// The account it is about.
    pub account: Option<String>,
    /// The alert it prompts for.
    pub alert: Option<String>,
    /// What it is for.
    pub purpose: OutboxPurpose,
    /// Content for the custom channel.
    pub custom: Option<CustomMessage>,
    /// Content for the template channel.
    pub template: Option<TemplateMessage>,
    /// Never sent after this moment.
    pub not_after: Millis,
    /// Promising again under the same identifier changes nothing.
    pub dedupe: Option<String>,
}

/// What became of a promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Enqueued {
    /// It is promised under this identifier.
    New(String),
    /// It had been promised before, under this identifier.
    Known(String),
    /// Too many messages wait for the same owner already, see [`MAX_OPEN`].
    Full,
}

impl Enqueued {
    /// The entry's identifier, unless there is none.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::New(id) | Self::Known(id) => Some(id),
            Self::Full => None,
        }
    }
}

/// Promises a message: it is kept with the caller's commit and sent after it.
pub fn enqueue(tx: &mut Tx<'_>, new: NewEntry) -> Result<Enqueued, StoreError> {
    enqueue_later(tx, new, 0)
}

/// Promises a message that goes out so many milliseconds later.
pub fn enqueue_later(
    tx: &mut Tx<'_>,
    new: NewEntry,
    delay: Millis,
) -> Result<Enqueued, StoreError> {
    let now = tx.now();
    if let Some(dedupe) = &new.dedupe {
        match tx.get::<OutboxDedupe>(dedupe)? {
            Some(known) if known.until > now => return Ok(Enqueued::Known(known.id)),
            _ => {}
        }
    }
    let mut entry = OutboxEntry {
        id: tx.id("out"),
        created: now,
        official_account: new.official_account,
        openid: new.openid,
        account: new.account,
        alert: new.alert,
        purpose: new.purpose,
        custom: new.custom,
        template: new.template,
        not_after: new.not_after,
        dedupe: new.dedupe,
        state: OutboxState::Queued,
        due: None,
        attempts: 0,
        retries: 0,
        channel: None,
        next_channel: None,
        refused: Vec::new(),
        charged: None,
        unknown_sends: 0,
        repeats: 0,
        template_since: None,
        template_sends: 0,
        template_round: 0,
        msgid: None,
        withdrawn: false,
        accepted_at: None,
        ended_at: None,
        reason: None,
        errcode: None,
    };
    let owner = owner(&entry);
    let places = match entry.purpose {
        OutboxPurpose::Prompt => MAX_OPEN,
        _ => MAX_OPEN - RESERVED_FOR_PROMPTS,
    };
    let open = tx.scan::<OutboxOpen>(owner.clone(), Order::Ascending, places)?;
    if open.len() >= places {
        tx.limit_hit("messages_of_a_follower");
        return Ok(Enqueued::Full);
    }
    tx.put(&OutboxOpen {
        owner,
        id: entry.id.clone(),
        ended_at: None,
    })?;
    if let Some(dedupe) = &entry.dedupe {
        tx.put(&OutboxDedupe {
            dedupe: dedupe.clone(),
            id: entry.id.clone(),
            until: now.saturating_add(OUTBOX_KEPT),
        })?;
    }
    schedule(tx, &mut entry, now.saturating_add(delay))?;
    Ok(Enqueued::New(entry.id))
}

/// Takes back every prompt of `account` that has not gone out; one being sent right now is not
/// repeated. Part of the commit that locks. Answers how many.
pub fn withdraw(tx: &mut Tx<'_>, account: &str) -> Result<usize, StoreError> {
    withdraw_where(tx, account, |entry| entry.purpose == OutboxPurpose::Prompt)
}

/// Takes back the prompts of one alert, when it is closed before they went out.
pub fn withdraw_alert(tx: &mut Tx<'_>, account: &str, alert: &str) -> Result<usize, StoreError> {
    withdraw_where(tx, account, |entry| {
        entry.purpose == OutboxPurpose::Prompt && entry.alert.as_deref() == Some(alert)
    })
}

/// Erases what messages of `account` say and to whom, as part of its erasure: those that wait are
/// withdrawn, those that ended lose their content. That they existed stays listed for as long as
/// ended messages are. Answers whether more is left for another command (only after
/// [`MAX_FORGET`] failed messages within [`OUTBOX_KEPT`]).
pub fn forget(tx: &mut Tx<'_>, account: &str) -> Result<bool, StoreError> {
    for open in tx.scan::<OutboxOpen>(account_owner(account), Order::Ascending, MAX_OPEN)? {
        let Some(mut entry) = tx.get::<OutboxEntry>(&open.id)? else {
            continue;
        };
        entry.withdrawn = true;
        scrub(&mut entry);
        let ending = match entry.state {
            OutboxState::Queued if entry.unknown_sends == 0 => {
                Ending::Undeliverable(UndeliverableReason::Withdrawn)
            }
            _ => Ending::Unknown,
        };
        end(tx, None, &mut entry, ending)?;
    }
    let owner = format!("{KEPT}{}", account_owner(account));
    let kept = tx.scan::<OutboxOpen>(owner, Order::Ascending, MAX_FORGET)?;
    for row in &kept {
        if let Some(mut entry) = tx.get::<OutboxEntry>(&row.id)? {
            scrub(&mut entry);
            tx.put(&entry)?;
        }
        tx.delete::<OutboxOpen>(&row.key())?;
    }
    Ok(kept.len() == MAX_FORGET)
}

/// Counts one prompt of `account` against its daily cap (days of China Standard Time). `false`
/// when `cap` are promised already: the caller then asks for a captcha instead of falling silent.
pub fn take_prompt(tx: &mut Tx<'_>, account: &str, cap: u32) -> Result<bool, StoreError> {
    let day = (tx.now() + 8 * HOUR).div_euclid(DAY);
    let key = (account.to_owned(), day);
    let prompts = tx.get::<OutboxDay>(&key)?.map_or(0, |row| row.prompts);
    if prompts >= cap {
        return Ok(false);
    }
    tx.put(&OutboxDay {
        account: key.0,
        day,
        prompts: prompts + 1,
    })?;
    Ok(true)
}

/// Messages from the oldest on, of one state if asked. A page may hold fewer than `limit` although
/// more follow: it looks at [`MAX_LIST`] entries at most.
pub fn list(
    tx: &mut Tx<'_>,
    state: Option<OutboxState>,
    after: Option<&Continuation>,
    limit: usize,
) -> Result<Page<OutboxEntry>, StoreError> {
    let look = match state {
        None => limit.min(MAX_LIST),
        Some(_) => MAX_LIST,
    };
    let mut page = tx.page::<OutboxEntry>((), after, look)?;
    if let Some(state) = state {
        page.items.retain(|entry| entry.state == state);
    }
    Ok(page)
}

/// What became of a repetition by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Retried {
    /// It waits again.
    Queued,
    /// There is no such message.
    NotFound,
    /// It has not ended, or it was delivered.
    NotNeeded,
    /// Its time has passed, or it was withdrawn, or there is nobody to send it to.
    Impossible,
}

/// Sends an undeliverable or unknown message again, by an operator's decision: whatever was tried
/// before does not count any more.
pub fn retry(tx: &mut Tx<'_>, id: &str) -> Result<Retried, StoreError> {
    let Some(mut entry) = tx.get::<OutboxEntry>(&id.to_owned())? else {
        return Ok(Retried::NotFound);
    };
    if !entry.state.ended() || entry.state == OutboxState::Delivered {
        return Ok(Retried::NotNeeded);
    }
    let now = tx.now();
    if now > entry.not_after || entry.withdrawn || entry.openid.is_none() || !has_content(&entry) {
        return Ok(Retried::Impossible);
    }
    entry.state = OutboxState::Queued;
    entry.retries = 0;
    entry.next_channel = None;
    entry.refused.clear();
    entry.template_since = None;
    entry.template_sends = 0;
    entry.template_round += 1;
    entry.msgid = None;
    entry.ended_at = None;
    entry.reason = None;
    entry.errcode = None;
    tx.delete::<OutboxOpen>(&(kept_owner(&entry), entry.id.clone()))?;
    tx.put(&OutboxOpen {
        owner: owner(&entry),
        id: entry.id.clone(),
        ended_at: None,
    })?;
    schedule(tx, &mut entry, now)?;
    Ok(Retried::Queued)
}

/// Stores `entry` to be looked at again at `due`.
pub(super) fn schedule(
    tx: &mut Tx<'_>,
    entry: &mut OutboxEntry,
    due: Millis,
) -> Result<(), StoreError> {
    unschedule(tx, entry)?;
    entry.due = Some(due);
    tx.put(&OutboxDue {
        lane: OutboxLane::Message,
        due,
        id: entry.id.clone(),
    })?;
    tx.put(entry)
}

/// Ends `entry`, states it in the feed and tells the hooks.
pub(super) fn end(
    tx: &mut Tx<'_>,
    hooks: Option<&dyn Hooks>,
    entry: &mut OutboxEntry,
    ending: Ending,
) -> Result<(), StoreError> {
    unschedule(tx, entry)?;
    tx.delete::<OutboxOpen>(&(owner(entry), entry.id.clone()))?;
    (entry.state, entry.reason) = match ending {
        Ending::Delivered => (OutboxState::Delivered, None),
        Ending::Undeliverable(reason) => (OutboxState::Undeliverable, Some(reason)),
        Ending::Unknown => (OutboxState::Unknown, None),
    };
    entry.ended_at = Some(tx.now());
    entry.next_channel = None;
    let retryable = ending != Ending::Delivered && has_content(entry);
    let kept = OutboxOpen {
        owner: kept_owner(entry),
        id: entry.id.clone(),
        ended_at: entry.ended_at,
    };
    if retryable {
        tx.put(&kept)?;
    } else {
        tx.delete::<OutboxOpen>(&kept.key())?;
        scrub(entry);
    }
    tx.put(entry)?;
    tx.emit(event(entry, ending))?;
    match hooks {
        Some(hooks) => hooks.ended(tx, entry, ending),
        None => Ok(()),
    }
}

fn event(entry: &OutboxEntry, ending: Ending) -> NewEvent {
    let mut data = json!({
        "message": entry.id,
        "purpose": entry.purpose.name(),
        "alert": entry.alert,
        "channel": entry.channel.map(OutboxChannel::name),
        "attempts": entry.attempts,
    });
    match ending {
        // A second copy is possible only after an attempt that nobody knows the outcome of.
        Ending::Delivered => data["possible_duplicate"] = json!(entry.repeats > 0),
        Ending::Undeliverable(reason) => {
            data["reason"] = json!(reason.name());
            data["errcode"] = json!(entry.errcode);
        }
        Ending::Unknown => data["errcode"] = json!(entry.errcode),
    }
    NewEvent {
        kind: ending.event().into(),
        account: entry.account.clone(),
        official_account: Some(entry.official_account.clone()),
        data,
    }
}

fn withdraw_where(
    tx: &mut Tx<'_>,
    account: &str,
    matches: impl Fn(&OutboxEntry) -> bool,
) -> Result<usize, StoreError> {
    let mut count = 0;
    for open in tx.scan::<OutboxOpen>(account_owner(account), Order::Ascending, MAX_OPEN)? {
        let Some(mut entry) = tx.get::<OutboxEntry>(&open.id)? else {
            continue;
        };
        if !matches(&entry) {
            continue;
        }
        match entry.state {
            OutboxState::Queued => {
                entry.withdrawn = true;
                let ending = if entry.unknown_sends > 0 {
                    Ending::Unknown
                } else {
                    Ending::Undeliverable(UndeliverableReason::Withdrawn)
                };
                end(tx, None, &mut entry, ending)?;
                count += 1;
            }
            // Gone or on its way: whatever comes of it, there is no further attempt.
            OutboxState::Sending | OutboxState::Accepted if !entry.withdrawn => {
                entry.withdrawn = true;
                tx.put(&entry)?;
                count += usize::from(entry.state == OutboxState::Sending);
            }
            _ => {}
        }
    }
    Ok(count)
}

fn unschedule(tx: &mut Tx<'_>, entry: &mut OutboxEntry) -> Result<(), StoreError> {
    match entry.due.take() {
        Some(due) => tx.delete::<OutboxDue>(&(OutboxLane::Message.number(), due, entry.id.clone())),
        None => Ok(()),
    }
}

fn owner(entry: &OutboxEntry) -> String {
    match (&entry.account, &entry.openid) {
        (Some(account), _) => account_owner(account),
        (None, openid) => format!(
            "openid:{}:{}",
            entry.official_account,
            openid.as_deref().unwrap_or_default()
        ),
    }
}

fn account_owner(account: &str) -> String {
    format!("account:{account}")
}

fn kept_owner(entry: &OutboxEntry) -> String {
    format!("{KEPT}{}", owner(entry))
}

fn has_content(entry: &OutboxEntry) -> bool {
    entry.custom.is_some() || entry.template.is_some()
}

/// Content and recipient are of no use any more.
fn scrub(entry: &mut OutboxEntry) {
    entry.custom = None;
    entry.template = None;
    // Without an account the OpenID is part of the index key.
    if entry.account.is_some() {
        entry.openid = None;
    }
}
