//! The binding of a follower who left: it rests, comes back with them in time, and ends otherwise.
//!
//! Nothing happens at the moment its time is over, so a job looks for those that ran out and says so in the
//! feed. The sweep takes a record only long after that.

use serde_json::json;

use crate::env::Millis;
use crate::store::records::{AccountBinding, BindingState, NewEvent, SuspendedBinding};
use crate::store::{self, Continuation, Store, StoreError, Tx};

/// Resting bindings looked at in one read.
const PAGE: usize = 200;

/// Takes the resting binding of an OpenID away, without a word.
pub(super) fn take(
    tx: &mut Tx<'_>,
    official_account: &str,
    openid: &str,
) -> Result<Option<SuspendedBinding>, StoreError> {
    let key = (official_account.to_owned(), openid.to_owned());
    let Some(row) = tx.get::<SuspendedBinding>(&key)? else {
        return Ok(None);
    };
    tx.delete::<SuspendedBinding>(&key)?;
    let of_account = (row.account.clone(), key.0);
    if let Some(mut binding) = tx.get::<AccountBinding>(&of_account)? {
        let resting = matches!(binding.state, BindingState::Suspended { .. });
        if resting && binding.openid == openid {
            binding.state = BindingState::Ended { at: tx.now() };
            tx.put(&binding)?;
        }
    }
    Ok(Some(row))
}

/// Ends the resting binding of an OpenID for good, if there is one.
pub(super) fn end(
    tx: &mut Tx<'_>,
    official_account: &str,
    openid: &str,
    why: &str,
) -> Result<(), StoreError> {
    let Some(row) = take(tx, official_account, openid)? else {
        return Ok(());
    };
    let data = json!({ "openid": row.openid, "why": why });
    let event = NewEvent::new("unbound", data)
        .account(row.account.as_str())
        .official_account(official_account);
    tx.emit(event).map(drop)
}

/// Ends every resting binding whose time is over and says so. Answers how many. Reads page by page; each
/// ending is a command of its own and looks again.
pub async fn end_run_out(store: &dyn Store, now: Millis) -> Result<usize, StoreError> {
    let mut ended = 0;
    let mut after: Option<Continuation> = None;
    loop {
        let from = after.take();
        let page = store::read::<_, StoreError>(store, "resting_bindings", move |tx| {
            tx.page::<SuspendedBinding>((), from.as_ref(), PAGE)
        })
        .await?;
        for row in page.items.into_iter().filter(|row| row.until <= now) {
            let key = (row.official_account, row.openid);
            let done = store::execute::<_, StoreError>(store, "binding_run_out", move |tx| {
                let there = tx.get::<SuspendedBinding>(&key)?;
                let over = there.is_some_and(|row| row.until <= tx.now());
                if over {
                    end(tx, &key.0, &key.1, "run_out")?;
                }
                Ok(over)
            })
            .await?;
            ended += usize::from(done);
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(ended),
        }
    }
}
