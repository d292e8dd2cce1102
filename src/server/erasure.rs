//! `DELETE /v1/accounts/{account}`: erasing a person, and saying what stays.
//!
//! The account and all that could act in its name go in one commit, the history after it in steps. A
//! crash between two steps is healed by asking again.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::call::{Answer, Call};
use super::problem::{Problem, ProblemKind};
use super::scope::Scope;
use super::state::State;
use crate::accounts::{self, Deleted};
use crate::store::{self, StoreError};

/// Commands an erasure may take; each erases a part of the history.
const MAX_ERASE_STEPS: usize = 10_000;

/// What is left after an erasure.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Remains {
    /// What.
    what: &'static str,
    /// For how long.
    until: &'static str,
}

/// An erasure.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ErasureAnswer {
    /// The account that is gone.
    account: String,
    /// What stays, and for how long.
    stays: Vec<Remains>,
}

/// `DELETE /v1/accounts/{account}`
#[utoipa::path(
    delete, path = "/v1/accounts/{account}", tag = "accounts", operation_id = "eraseAccount",
    description = "Erases an account: bindings, codes, sessions, trust, messages' contents, waiting calls, alerts, decisions and login history. After a crash, ask again: it goes on.",
    params(("account" = String, Path)),
    responses((status = 200, body = ErasureAnswer), super::openapi::FindProblems),
    security(("key" = [])),
)]
pub(crate) async fn delete(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
    account: Path<String>,
) -> Result<HttpResponse, Problem> {
    let call = Call::begin(&state, &request, payload, Scope::Accounts).await?;
    let (account, actor) = (account.into_inner(), call.actor());
    let (shared, id) = (state.clone().into_inner(), account.clone());
    // Spawned: an erasure goes on when its caller hangs up.
    let work = state
        .tasks
        .spawn(async move { erase(&shared, id, actor).await });
    work.await
        .map_err(|_| Problem::new(ProblemKind::Internal))??;
    let stays = vec![
        Remains {
            what: "a lock and its reason",
            until: "unlocked",
        },
        Remains {
            what: "audit entries: the identifier, no phone, password or message",
            until: "400 days",
        },
        Remains {
            what: "events of the feed: the identifier and the OpenIDs it was bound to, no phone, password or message",
            until: "90 days",
        },
        Remains {
            what: "that messages were sent and calls made, and how they ended, without their content or receiver",
            until: "30 days",
        },
        Remains {
            what: "what belongs to the WeChat follower and not to the account: when they wrote last, tags, variables",
            until: "the follower is forgotten",
        },
    ];
    Ok(Answer::ok(&ErasureAnswer { account, stays }).respond())
}

async fn erase(state: &State, id: String, actor: String) -> Result<(), Problem> {
    let account = id.clone();
    let (deleted, before) = store::execute::<_, StoreError>(&*state.store, "erase_account", {
        move |tx| Ok((accounts::delete(tx, &account, &actor)?, tx.now()))
    })
    .await?;
    let mut erased = deleted == Deleted::Deleted;
    for _ in 0..MAX_ERASE_STEPS {
        let account = id.clone();
        let (more, wrote) =
            store::execute::<_, StoreError>(&*state.store, "erase_history", move |tx| {
                // A new account of this name keeps what it has: only a gone one is erased further.
                if !erased && accounts::get(tx, &account)?.is_some() {
                    return Ok((false, false));
                }
                let more = accounts::erase_more(tx, &account, before)?;
                Ok((more, tx.has_writes()))
            })
            .await?;
        erased |= wrote;
        if !more {
            break;
        }
    }
    if erased {
        Ok(())
    } else {
        Err(Problem::not_found("account"))
    }
}
