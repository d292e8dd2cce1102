//! Messages that rules send besides the reply, at once or later.

use crate::accounts;
use crate::env::{DAY, Millis};
use crate::outbox::{self, Enqueued, NewEntry};
use crate::store::records::{CustomMessage, OutboxPurpose};
use crate::store::{StoreError, Tx};

use super::context::Context;

/// How long after its time a message is still worth sending.
const WORTH: Millis = DAY;

/// A follower of an official account.
#[derive(Debug, Clone)]
pub struct Follower {
    /// The official account.
    pub official_account: String,
    /// Who.
    pub openid: String,
}

/// Promises a message to a follower, `delay` milliseconds from now.
pub fn send(
    tx: &mut Tx<'_>,
    to: Follower,
    account: Option<String>,
    text: String,
    delay: Millis,
) -> Result<(), StoreError> {
    let not_after = tx.now().saturating_add(delay).saturating_add(WORTH);
    let promised = outbox::enqueue_later(
        tx,
        NewEntry {
            official_account: to.official_account,
            openid: Some(to.openid),
            account,
            alert: None,
            purpose: OutboxPurpose::Message,
            custom: Some(CustomMessage::Text(text)),
            template: None,
            not_after,
            dedupe: None,
        },
        delay,
    )?;
    if promised == Enqueued::Full {
        tracing::warn!("a rule's `send` was dropped: too many messages wait for this follower");
    }
    Ok(())
}

/// Whom an account is bound to, in the first official account where it is.
pub fn bound_follower(
    tx: &mut Tx<'_>,
    context: &Context,
    account: &str,
) -> Result<Option<Follower>, StoreError> {
    for name in &context.official_accounts {
        if let Some(binding) = accounts::binding_of(tx, account, name)? {
            return Ok(Some(Follower {
                official_account: name.clone(),
                openid: binding.openid,
            }));
        }
    }
    Ok(None)
}
