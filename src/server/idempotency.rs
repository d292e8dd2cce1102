//! `Idempotency-Key`: a repeated POST gets the first one's answer instead of a second effect.
//!
//! Scope: API key, method and route, header value; 24 hours. The answer is stored in the commit of the
//! effects. Another path, query or body under the same key is 422; the same key while the first is at
//! work is 409; answers of 429 and 5xx are not kept, so that trying again can succeed. Calls whose
//! answer holds a secret do not come here.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use sha2::{Digest, Sha256};

use super::call::Answer;
use super::metrics::Metrics;
use super::problem::{Problem, ProblemKind};
use crate::env::{HOUR, Millis};
use crate::keys::{Keys, Purpose};
use crate::store::records::Idempotency;
use crate::store::{StoreError, Tx};

/// How long an answer is kept.
pub const KEPT: Millis = 24 * HOUR;
/// Characters of the header's value.
pub const MAX_KEY_CHARS: usize = 255;
/// Bytes of an answer that is kept; answers of these calls are far smaller.
const MAX_ANSWER_BYTES: usize = 32 * 1024;
/// Requests with a key at work at once; beyond it 503.
pub(crate) const MAX_RUNNING: usize = 4_096;

const HEADER: &str = "idempotency-key";
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// What a request with an `Idempotency-Key` claims to be.
#[derive(Debug, Clone)]
pub(crate) struct Claim {
    keys: Arc<Keys>,
    api_key: String,
    route: String,
    key: String,
    digest: [u8; 32],
}

/// The claim of a request, if it carries the header.
pub(crate) fn claim(
    keys: &Arc<Keys>,
    request: &HttpRequest,
    api_key: &str,
    body: &[u8],
) -> Result<Option<Claim>, Problem> {
    let mut values = request.headers().get_all(HEADER);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    if values.next().is_some() || text.is_empty() || text.len() > MAX_KEY_CHARS {
        return Err(Problem::new(ProblemKind::BadRequest).detail(format!(
            "Idempotency-Key: one value of 1 to {MAX_KEY_CHARS} ASCII characters"
        )));
    }
    let route = format!(
        "{} {}",
        request.method(),
        request.match_pattern().unwrap_or_default()
    );
    let digest = digest(&[
        request.path().as_bytes(),
        request.query_string().as_bytes(),
        body,
    ]);
    Ok(Some(Claim {
        keys: keys.clone(),
        api_key: api_key.to_owned(),
        route,
        key: digest_of_one(text),
        digest,
    }))
}

/// Runs `f` unless its answer is kept already. `true` with a replayed answer.
pub(crate) fn once<F>(tx: &mut Tx<'_>, claim: &Claim, f: &mut F) -> Result<(Answer, bool), Problem>
where
    F: FnMut(&mut Tx<'_>) -> Result<Answer, Problem>,
{
    if let Some(answer) = kept(tx, claim)? {
        return Ok((answer, true));
    }
    let before = tx.savepoint();
    let answer = match f(tx) {
        Ok(answer) => answer,
        Err(problem) => {
            let status = problem.kind().status();
            if status == 429 || status >= 500 {
                return Err(problem);
            }
            // The refusal is what is kept, not what led to it.
            tx.rollback_to(before);
            Answer::json(status, &problem.body())
        }
    };
    keep(tx, claim, &answer)?;
    Ok((answer, false))
}

/// The answer kept for this claim.
pub(crate) fn kept(tx: &mut Tx<'_>, claim: &Claim) -> Result<Option<Answer>, Problem> {
    let key = (
        claim.api_key.clone(),
        claim.route.clone(),
        claim.key.clone(),
    );
    let Some(record) = tx.get::<Idempotency>(&key)? else {
        return Ok(None);
    };
    if record.expires <= tx.now() {
        return Ok(None);
    }
    // Keyed, since a body may hold a password that a plain digest would let someone guess.
    if !claim
        .keys
        .verify_hex(Purpose::BodyDigest, &[&claim.digest], &record.digest)
    {
        return Err(Problem::new(ProblemKind::IdempotencyMismatch));
    }
    Ok(Some(Answer {
        status: record.status,
        body: (!record.body.is_empty()).then_some(record.body),
    }))
}

/// Keeps an answer, as part of the command whose effects it reports.
pub(crate) fn keep(tx: &mut Tx<'_>, claim: &Claim, answer: &Answer) -> Result<(), StoreError> {
    let body = answer.body.clone().unwrap_or_default();
    if body.len() > MAX_ANSWER_BYTES {
        return Err(StoreError::TooLarge {
            kind: "idempotency",
            bytes: body.len(),
        });
    }
    let expires = tx.now().saturating_add(KEPT);
    tx.put(&Idempotency {
        api_key: claim.api_key.clone(),
        route: claim.route.clone(),
        key: claim.key.clone(),
        digest: claim.keys.mac_hex(Purpose::BodyDigest, &[&claim.digest]),
        status: answer.status,
        body,
        expires,
    })
}

/// The response, marked when it is a repetition.
pub(crate) fn respond(answer: Answer, replayed: bool) -> HttpResponse {
    let mut response = answer.respond();
    if replayed {
        response
            .headers_mut()
            .insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

/// The claims at work in this process.
#[derive(Debug, Clone, Default)]
pub(crate) struct Running(Arc<Mutex<HashSet<String>>>);

impl Running {
    /// How many claims are at work.
    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Marks a claim as at work until the guard is dropped.
    pub(crate) fn begin(&self, claim: &Claim, metrics: &Metrics) -> Result<RunningGuard, Problem> {
        let name = hex::encode(digest(&[
            claim.api_key.as_bytes(),
            claim.route.as_bytes(),
            claim.key.as_bytes(),
        ]));
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if running.len() >= MAX_RUNNING {
            metrics.limit("idempotent_requests");
            return Err(Problem::new(ProblemKind::Busy));
        }
        if !running.insert(name.clone()) {
            return Err(Problem::new(ProblemKind::StillRunning));
        }
        Ok(RunningGuard {
            running: self.clone(),
            name,
        })
    }
}

/// Ends a claim's work when dropped.
#[derive(Debug)]
pub(crate) struct RunningGuard {
    running: Running,
    name: String,
}

impl Drop for RunningGuard {
    fn drop(&mut self) {
        self.running
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.name);
    }
}

fn digest_of_one(text: &str) -> String {
    hex::encode(digest(&[text.as_bytes()]))
}

fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Env;
    use crate::store::{execute, memory};

    #[tokio::test]
    async fn an_answer_is_kept_up_to_its_bound_and_no_larger_one() {
        let store = memory(Env::scripted(1_000, 1).0);
        let claim = Claim {
            keys: Arc::new(Keys::from_bytes(&[7; 32], None)),
            api_key: "erp".to_owned(),
            route: "POST /v1/accounts".to_owned(),
            key: "1".to_owned(),
            digest: [0; 32],
        };
        let keep_one = async |bytes: usize| {
            let claim = claim.clone();
            execute::<_, StoreError>(&*store, "keep", move |tx| {
                let answer = Answer {
                    status: 200,
                    body: Some("x".repeat(bytes)),
                };
                keep(tx, &claim, &answer)
            })
            .await
        };
        assert_eq!(keep_one(MAX_ANSWER_BYTES).await, Ok(()));
        let refused = keep_one(MAX_ANSWER_BYTES + 1).await;
        assert!(
            matches!(refused, Err(StoreError::TooLarge { bytes, .. }) if bytes == MAX_ANSWER_BYTES + 1),
            "{refused:?}"
        );
        assert_eq!(store.status().aborted, 1);
    }

    #[test]
    fn beyond_the_bound_of_requests_at_work_it_is_503_and_counted() {
        let (running, metrics) = (Running::default(), Metrics::default());
        let keys = Arc::new(Keys::from_bytes(&[7; 32], None));
        let claim = |number: usize| Claim {
            keys: keys.clone(),
            api_key: "erp".to_owned(),
            route: "POST /v1/accounts".to_owned(),
            key: number.to_string(),
            digest: [0; 32],
        };
        let mut held: Vec<RunningGuard> = (0..MAX_RUNNING)
            .map(|number| running.begin(&claim(number), &metrics).unwrap())
            .collect();
        assert_eq!((running.len(), MAX_RUNNING), (4_096, 4_096));
        assert_eq!(metrics.limited("idempotent_requests"), 0);
        let refused = running.begin(&claim(MAX_RUNNING), &metrics).unwrap_err();
        assert_eq!(refused.kind(), ProblemKind::Busy);
        assert_eq!(metrics.limited("idempotent_requests"), 1);
        // One that ends makes room.
        held.pop();
        assert!(running.begin(&claim(MAX_RUNNING), &metrics).is_ok());
    }
}
