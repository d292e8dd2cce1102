//! `POST /v1/accounts:import`: accounts in bulk, one JSON object per line, hashes instead of passwords.
//!
//! Each line stands for itself: a bad one does not keep the others out, and the whole may be sent again.

use actix_web::http::header;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::accounts::{AccountBody, invalid_account, phone_taken};
use super::call::{Call, MAX_BULK_BYTES, parse};
use super::problem::{Problem, ProblemBody, ProblemKind};
use super::scope::Scope;
use super::state::State;
use crate::accounts::{self, ImportRow, Imported, MAX_IMPORT_ROWS};
use crate::store::{self, StoreError};

/// Lines of one import.
pub const MAX_LINES: usize = 10_000;
const NDJSON: &str = "application/x-ndjson";

/// One line of the answer to an import.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImportLine {
    /// The line of the import, from 1.
    line: usize,
    /// `created` or `updated`.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'static str>,
    /// Why it was not taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<ProblemBody>,
}

/// `POST /v1/accounts:import`
#[utoipa::path(
    post, path = "/v1/accounts:import", tag = "accounts", operation_id = "importAccounts",
    description = "Imports up to 10,000 accounts (NDJSON, 4 MiB), one answer line per line. Accounts that exist are changed to what the line says; what it leaves out stays. Take password_hash (argon2 PHC or bcrypt), not password. Safe to repeat; Idempotency-Key is ignored.",
    request_body(content = String, content_type = "application/x-ndjson"),
    responses((status = 200, body = ImportLine, content_type = "application/x-ndjson"), super::openapi::WriteProblems),
    security(("key" = [])),
)]
pub(crate) async fn import(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let mut call = Call::begin(&state, &request, payload, Scope::Import).await?;
    if !call.is_type(NDJSON) {
        return Err(Problem::new(ProblemKind::UnsupportedMediaType)
            .detail(format!("send Content-Type: {NDJSON}")));
    }
    let body = call.bytes(MAX_BULK_BYTES).await?;
    let mut answers: Vec<ImportLine> = Vec::new();
    let mut rows: Vec<(usize, ImportRow)> = Vec::new();
    for (index, line) in body.split(|byte| *byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        if index >= MAX_LINES {
            return Err(Problem::new(ProblemKind::TooLarge)
                .detail(format!("at most {MAX_LINES} lines; nothing was imported")));
        }
        match read(line) {
            Ok(row) => rows.push((index + 1, row)),
            Err(problem) => answers.push(refused(index + 1, &problem)),
        }
    }
    for part in rows.chunks(MAX_IMPORT_ROWS) {
        let (lines, batch): (Vec<usize>, Vec<ImportRow>) = part.iter().cloned().unzip();
        let actor = call.actor();
        let results =
            store::execute::<_, StoreError>(&*state.store, "import_accounts", move |tx| {
                accounts::import(tx, batch.clone(), &actor)
            })
            .await;
        match results {
            Ok(results) => answers.extend(
                lines
                    .into_iter()
                    .zip(results)
                    .map(|(line, result)| imported(line, result)),
            ),
            Err(error) => {
                // Earlier parts are in: each line says what became of it.
                let problem = Problem::from(error);
                answers.extend(lines.into_iter().map(|line| refused(line, &problem)));
            }
        }
    }
    answers.sort_by_key(|answer| answer.line);
    let mut text = String::new();
    for answer in &answers {
        text.push_str(&serde_json::to_string(answer).unwrap_or_default());
        text.push('\n');
    }
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, NDJSON))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(text))
}

fn read(line: &[u8]) -> Result<ImportRow, Problem> {
    let body: AccountBody = parse(line)?;
    if body.has_plain_password() {
        return Err(Problem::invalid(
            "password",
            "an import takes password_hash",
        ));
    }
    let hash = body.stored_hash()?;
    Ok(body.into_new(hash))
}

fn imported(line: usize, result: Imported) -> ImportLine {
    let (result, problem) = match result {
        Imported::Created => (Some("created"), None),
        Imported::Updated => (Some("updated"), None),
        Imported::PhoneTaken => (None, Some(phone_taken())),
        Imported::Invalid(invalid) => (None, Some(invalid_account(invalid))),
        Imported::TooMany => (None, Some(Problem::new(ProblemKind::TooLarge))),
    };
    ImportLine {
        line,
        result,
        problem: problem.map(|problem| problem.body()),
    }
}

fn refused(line: usize, problem: &Problem) -> ImportLine {
    ImportLine {
        line,
        result: None,
        problem: Some(problem.body()),
    }
}
