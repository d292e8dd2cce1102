//! The loop that runs a step whenever the store commits or something is due.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::env::{Env, Millis};
use crate::store::{Store, StoreError};

/// The longest sleep: leases of other processes and clock changes are noticed after it.
const MAX_IDLE: Duration = Duration::from_secs(30);
/// The wait after a full queue or an error of the store.
const AFTER_ERROR: Duration = Duration::from_secs(1);

/// Calls `step` until `stop`; it answers when it next wants to be called, if not at a commit. A
/// step that runs is finished first. Ends with the store.
pub(super) async fn drive<F, Fut>(
    store: &dyn Store,
    env: &Env,
    stop: &CancellationToken,
    what: &'static str,
    mut step: F,
) where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<Option<Millis>, StoreError>>,
{
    let mut commits = store.commits();
    while !stop.is_cancelled() {
        // Seen before the step: a commit during it calls for another.
        commits.borrow_and_update();
        let wait = match step().await {
            Ok(next) => {
                let wait = next.map_or(i64::MAX, |next| next.saturating_sub(env.now()));
                Duration::from_millis(u64::try_from(wait).unwrap_or(0)).min(MAX_IDLE)
            }
            Err(StoreError::Closed) => return,
            Err(error) => {
                tracing::error!(%error, what, "the outbox cannot use the store");
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(AFTER_ERROR) => continue,
                }
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            changed = commits.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(wait) => {}
        }
    }
}
