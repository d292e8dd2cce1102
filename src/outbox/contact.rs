//! What pushes tell about reaching an OpenID: whether it follows and which windows are open.
//!
//! Called inside the push's command. Nothing here sends. The windows are the platform's own with a
//! margin taken off, so that a message is not on its way when a window closes.

use crate::env::{HOUR, MINUTE, Millis, SECOND};
use crate::store::records::{Contact, ContactWindow};
use crate::store::{StoreError, Tx};

/// How long after a message customer-service messages are sent: the platform's 48 h less ten minutes.
pub const MESSAGE_WINDOW: Millis = 48 * HOUR - 10 * MINUTE;
/// How often a follower who keeps writing is noted. With the window it leaves the 47 hours that `send … after` may ask
/// for, whenever the follower was noted last.
const MESSAGE_NOTED: Millis = 30 * MINUTE;
/// How many are sent in that window (platform: 5).
pub const MESSAGE_QUOTA: u32 = 5;
/// How long after a click, scan or follow they are sent: the platform's minute less ten seconds.
pub const EVENT_WINDOW: Millis = MINUTE - 10 * SECOND;
/// How many are sent in that window (platform: 3).
pub const EVENT_QUOTA: u32 = 3;
/// The most tags one contact carries; more are refused.
pub const MAX_TAGS: usize = 32;

/// The contact, if it was ever seen.
pub fn get(
    tx: &mut Tx<'_>,
    official_account: &str,
    openid: &str,
) -> Result<Option<Contact>, StoreError> {
    tx.get::<Contact>(&(official_account.to_owned(), openid.to_owned()))
}

/// It wrote a message: the 48-hour window opens anew with a full quota.
pub fn saw_message(
    tx: &mut Tx<'_>,
    official_account: &str,
    openid: &str,
) -> Result<(), StoreError> {
    let now = tx.now();
    // A chat is noted twice an hour: the window is then at most that much shorter than it could
    // be, and a message that changes nothing else needs no commit.
    let noted = tx.look::<Contact, _>(&(official_account, openid), |contact| {
        let lately = contact
            .last_message_at
            .is_some_and(|at| now < at.saturating_add(MESSAGE_NOTED));
        contact.followed && lately && contact.sent_since_message == 0
    })?;
    if noted == Some(true) {
        return Ok(());
    }
    change(tx, official_account, openid, |contact| {
        contact.followed = true;
        contact.last_message_at = Some(now);
        contact.sent_since_message = 0;
    })
    .map(drop)
}

/// It clicked a menu item that the platform counts, or scanned: the one-minute window opens.
/// Not for location reports, page views and delivery events, which open nothing.
pub fn saw_event(
    tx: &mut Tx<'_>,
    official_account: &str,
    openid: &str,
) -> Result<Contact, StoreError> {
    let now = tx.now();
    change(tx, official_account, openid, |contact| {
        contact.followed = true;
        open_event_window(contact, now);
    })
}

/// It followed.
pub fn saw_follow(
    tx: &mut Tx<'_>,
    official_account: &str,
    openid: &str,
) -> Result<Contact, StoreError> {
    let now = tx.now();
    change(tx, official_account, openid, |contact| {
        contact.followed = true;
        contact.followed_at = Some(now);
        open_event_window(contact, now);
    })
}

/// It left: nothing reaches it any more.
pub fn saw_unfollow(
    tx: &mut Tx<'_>,
    official_account: &str,
    openid: &str,
) -> Result<Contact, StoreError> {
    let now = tx.now();
    change(tx, official_account, openid, |contact| {
        contact.followed = false;
        contact.unfollowed_at = Some(now);
        contact.last_message_at = None;
        contact.event_window_until = None;
    })
}

/// Its client's language became known.
pub fn set_language(
    tx: &mut Tx<'_>,
    official_account: &str,
    openid: &str,
    language: &str,
) -> Result<Contact, StoreError> {
    change(tx, official_account, openid, |contact| {
        contact.language = Some(language.to_owned());
    })
}

/// Puts a tag on it or takes it off. Answers whether it now is as asked; `false` only when
/// [`MAX_TAGS`] are there already.
pub fn set_tag(
    tx: &mut Tx<'_>,
    official_account: &str,
    openid: &str,
    tag: &str,
    on: bool,
) -> Result<bool, StoreError> {
    let contact = change(tx, official_account, openid, |contact| {
        let found = contact.tags.iter().position(|known| known == tag);
        match (found, on) {
            (None, true) if contact.tags.len() < MAX_TAGS => contact.tags.push(tag.to_owned()),
            (Some(place), false) => {
                contact.tags.remove(place);
            }
            _ => {}
        }
    })?;
    Ok(contact.tags.iter().any(|known| known == tag) == on)
}

/// Deletes what was learned about the person; that it follows and which windows are open stays.
pub fn forget_traits(
    tx: &mut Tx<'_>,
    official_account: &str,
    openid: &str,
) -> Result<(), StoreError> {
    if get(tx, official_account, openid)?.is_none() {
        return Ok(());
    }
    change(tx, official_account, openid, |contact| {
        contact.language = None;
        contact.tags.clear();
    })
    .map(drop)
}

/// The window a customer-service message could be charged to now, the longer one first.
pub fn open_window(contact: &Contact, now: Millis) -> Option<ContactWindow> {
    if message_window(contact, now) && contact.sent_since_message < MESSAGE_QUOTA {
        return Some(ContactWindow::Message);
    }
    if event_window(contact, now) && contact.sent_in_event < EVENT_QUOTA {
        return Some(ContactWindow::Event);
    }
    None
}

/// Whether a window is open in time but used up.
pub fn quota_spent(contact: &Contact, now: Millis) -> bool {
    (message_window(contact, now) || event_window(contact, now))
        && open_window(contact, now).is_none()
}

/// Charges one message to a window before it is sent: an unknown outcome may have used it.
pub(super) fn charge(
    tx: &mut Tx<'_>,
    official_account: &str,
    openid: &str,
    window: ContactWindow,
) -> Result<(), StoreError> {
    change(tx, official_account, openid, |contact| match window {
        ContactWindow::Message => contact.sent_since_message += 1,
        ContactWindow::Event => contact.sent_in_event += 1,
    })
    .map(drop)
}

/// Gives a charge back: the platform certainly did not take the message.
pub(super) fn refund(
    tx: &mut Tx<'_>,
    official_account: &str,
    openid: &str,
    window: ContactWindow,
) -> Result<(), StoreError> {
    change(tx, official_account, openid, |contact| {
        let count = match window {
            ContactWindow::Message => &mut contact.sent_since_message,
            ContactWindow::Event => &mut contact.sent_in_event,
        };
        *count = count.saturating_sub(1);
    })
    .map(drop)
}

/// The platform says that no window is open.
pub(super) fn close_windows(
    tx: &mut Tx<'_>,
    official_account: &str,
    openid: &str,
) -> Result<(), StoreError> {
    change(tx, official_account, openid, |contact| {
        contact.last_message_at = None;
        contact.event_window_until = None;
    })
    .map(drop)
}

/// The platform says that the messages of the window are used up.
pub(super) fn exhaust(
    tx: &mut Tx<'_>,
    official_account: &str,
    openid: &str,
) -> Result<(), StoreError> {
    change(tx, official_account, openid, |contact| {
        contact.sent_since_message = contact.sent_since_message.max(MESSAGE_QUOTA);
        contact.sent_in_event = contact.sent_in_event.max(EVENT_QUOTA);
    })
    .map(drop)
}

fn message_window(contact: &Contact, now: Millis) -> bool {
    contact
        .last_message_at
        .is_some_and(|at| now < at.saturating_add(MESSAGE_WINDOW))
}

fn event_window(contact: &Contact, now: Millis) -> bool {
    contact.event_window_until.is_some_and(|until| now < until)
}

fn open_event_window(contact: &mut Contact, now: Millis) {
    contact.event_window_until = Some(now.saturating_add(EVENT_WINDOW));
    contact.sent_in_event = 0;
}

fn change(
    tx: &mut Tx<'_>,
    official_account: &str,
    openid: &str,
    change: impl FnOnce(&mut Contact),
) -> Result<Contact, StoreError> {
    let known = get(tx, official_account, openid)?;
    let mut contact = match &known {
        Some(contact) => contact.clone(),
        None => Contact {
            official_account: official_account.to_owned(),
            openid: openid.to_owned(),
            followed: true,
            first_seen: tx.now(),
            followed_at: None,
            unfollowed_at: None,
            last_message_at: None,
            sent_since_message: 0,
            event_window_until: None,
            sent_in_event: 0,
            language: None,
            tags: Vec::new(),
        },
    };
    change(&mut contact);
    if known.as_ref() != Some(&contact) {
        tx.put(&contact)?;
    }
    Ok(contact)
}
