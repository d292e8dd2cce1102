//! The access token: fetched once for everybody, renewed before it ends, replaced only if stale.
//!
//! Uses `stable_token`, whose normal mode returns the same token while it is valid, so that several
//! fetches do no harm. A waiting caller takes the token another one fetched (single flight). A
//! failed fetch is not repeated for a minute or more: the platform answers storms with longer bans.

use std::sync::{PoisonError, RwLock};

use serde_json::json;
use tokio::sync::Mutex;

use crate::env::{Env, MINUTE, Millis, SECOND};

use super::call::{ApiError, CallError, Http};
use super::secret::Secret;

/// A token is renewed this long before it ends; the platform keeps old and new valid meanwhile.
const RENEW_BEFORE: Millis = 5 * MINUTE;
/// A token is kept at least this long, whatever `expires_in` says.
const MIN_HOLD: Millis = 10 * SECOND;
/// First pause after a failed fetch; doubles up to [`MAX_BACKOFF`].
const MIN_BACKOFF: Millis = MINUTE;
/// Longest pause after failed fetches.
const MAX_BACKOFF: Millis = 16 * MINUTE;

/// Why there is no access token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The platform refused: AppID, AppSecret, IP list.
    #[error("refused: {0}")]
    Rejected(ApiError),
    /// The platform could not be reached, or answered nonsense.
    #[error("the platform cannot be reached")]
    Unreachable,
    /// An earlier fetch failed; no new one until then.
    #[error("backing off after a failure")]
    BackingOff {
        /// When the next fetch may happen, milliseconds since the epoch.
        until: Millis,
        /// The platform's refusal, if that was the failure.
        cause: Option<ApiError>,
    },
}

/// Holds one AppID's token.
#[derive(Debug)]
pub(super) struct TokenKeeper {
    app_id: String,
    app_secret: Secret,
    env: Env,
    held: RwLock<Option<Held>>,
    /// Whoever fetches holds this; the state of failures is its content.
    fetching: Mutex<Failures>,
}

#[derive(Debug, Clone)]
struct Held {
    token: Secret,
    renew_at: Millis,
    ends_at: Millis,
}

#[derive(Debug, Default)]
struct Failures {
    in_a_row: u32,
    blocked_until: Millis,
    cause: Option<ApiError>,
}

impl TokenKeeper {
    pub(super) fn new(app_id: String, app_secret: Secret, env: Env) -> Self {
        Self {
            app_id,
            app_secret,
            env,
            held: RwLock::new(None),
            fetching: Mutex::new(Failures::default()),
        }
    }

    /// A token that should be valid.
    pub(super) async fn current(&self, http: &Http) -> Result<Secret, TokenError> {
        if let Some(held) = self.held_until(|held| held.renew_at) {
            return Ok(held.token);
        }
        let mut failures = self.fetching.lock().await;
        if let Some(held) = self.held_until(|held| held.renew_at) {
            return Ok(held.token);
        }
        match self.fetch(http, &mut failures).await {
            Ok(token) => Ok(token),
            // Renewal failed, but the present token has not ended.
            Err(error) => match self.held_until(|held| held.ends_at) {
                Some(held) => Ok(held.token),
                None => Err(error),
            },
        }
    }

    /// Another token than `stale`, which the platform refused; `None` if the platform has no other.
    /// Somebody else's replacement is taken without asking again.
    pub(super) async fn replace(
        &self,
        http: &Http,
        stale: &Secret,
    ) -> Result<Option<Secret>, TokenError> {
        let mut failures = self.fetching.lock().await;
        if let Some(held) = self.held_until(|held| held.ends_at)
            && held.token != *stale
        {
            return Ok(Some(held.token));
        }
        let token = self.fetch(http, &mut failures).await?;
        if token == *stale {
            // Asking again at once would bring the same.
            self.fail(&mut failures, None);
            return Ok(None);
        }
        Ok(Some(token))
    }

    fn held_until(&self, end: impl Fn(&Held) -> Millis) -> Option<Held> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.clone().filter(|held| self.env.now() < end(held))
    }

    async fn fetch(&self, http: &Http, failures: &mut Failures) -> Result<Secret, TokenError> {
        let now = self.env.now();
        if now < failures.blocked_until {
            return Err(TokenError::BackingOff {
                until: failures.blocked_until,
                cause: failures.cause.clone(),
            });
        }
        let body = json!({
            "grant_type": "client_credential",
            "appid": self.app_id,
            "secret": self.app_secret.expose(),
            "force_refresh": false,
        });
        let answer = match http
            .call("/cgi-bin/stable_token", None, &[], Some(&body))
            .await
        {
            Ok(answer) => answer,
            Err(CallError::Rejected(error)) => {
                self.fail(failures, Some(error.clone()));
                return Err(TokenError::Rejected(error));
            }
            Err(_) => {
                self.fail(failures, None);
                return Err(TokenError::Unreachable);
            }
        };
        let (Some(token), Some(expires_in)) = (
            answer["access_token"]
                .as_str()
                .filter(|text| !text.is_empty()),
            answer["expires_in"].as_i64().filter(|seconds| *seconds > 0),
        ) else {
            self.fail(failures, None);
            return Err(TokenError::Unreachable);
        };
        *failures = Failures::default();
        let token = Secret::new(token);
        let lifetime = expires_in.saturating_mul(SECOND);
        let held = Held {
            token: token.clone(),
            renew_at: now.saturating_add((lifetime - RENEW_BEFORE).max(MIN_HOLD)),
            ends_at: now.saturating_add(lifetime.max(MIN_HOLD)),
        };
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Some(held);
        Ok(token)
    }

    fn fail(&self, failures: &mut Failures, cause: Option<ApiError>) {
        let pause = MIN_BACKOFF
            .saturating_mul(1 << failures.in_a_row.min(8))
            .min(MAX_BACKOFF);
        failures.in_a_row = failures.in_a_row.saturating_add(1);
        failures.blocked_until = self.env.now().saturating_add(pause);
        failures.cause = cause;
    }
}
