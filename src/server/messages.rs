//! `POST /v1/accounts/{account}/messages`: a message of the information system to a bound user, through
//! the outbox. 202 means promised; the feed tells how it ended.

use std::collections::BTreeMap;

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::bindings::pick;
use super::call::{Answer, Call};
use super::problem::{Problem, ProblemKind};
use super::scope::Scope;
use super::state::State;
use crate::env::{HOUR, MINUTE, Millis};
use crate::outbox::{self, Enqueued, NewEntry};
use crate::store::records::{Account, CustomMessage, NewAudit, OutboxPurpose, TemplateMessage};
use crate::wechat::text::TEXT_LIMIT;

/// How long a message is tried for unless the caller says otherwise.
const DEFAULT_LIFE: Millis = 24 * HOUR;
/// The longest it is tried for.
const MAX_LIFE: Millis = 72 * HOUR;
/// Fields of a template message; the platform's templates have fewer.
const MAX_FIELDS: usize = 20;
/// Characters of a field's key and value before they are fitted to the platform's rules.
const MAX_FIELD_CHARS: usize = 512;
/// Characters of a link.
const MAX_URL_CHARS: usize = 1_024;

/// Which official account, where the account is bound in several.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MessageQuery {
    /// The official account's name in the configuration.
    official_account: Option<String>,
}

/// A template message.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TemplateBody {
    /// The template's name in `[official_account.templates]`.
    name: String,
    /// Where a tap leads.
    #[serde(default)]
    url: Option<String>,
    /// The fields by key, e.g. `thing2`.
    fields: BTreeMap<String, String>,
}

/// A message; with both parts the text is used while the 48-hour window is open, else the template.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MessageBody {
    /// The text, 2,048 bytes at most; links as `<a href="…">…</a>`.
    #[serde(default)]
    text: Option<String>,
    /// The template message.
    #[serde(default)]
    template: Option<TemplateBody>,
    /// For how many minutes it is tried, 1 to 4,320; 1,440 when missing.
    #[serde(default)]
    #[schema(minimum = 1)]
    minutes: Option<u32>,
}

/// A promised message.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MessageAnswer {
    /// Its identifier: `GET /v1/outbox/{id}` and the events `delivered`, `undeliverable` and
    /// `delivery_unknown` name it.
    id: String,
}

/// `POST /v1/accounts/{account}/messages`
#[utoipa::path(
    post, path = "/v1/accounts/{account}/messages", tag = "messages", operation_id = "sendMessage",
    description = "Promises a message to the account's bound user. It ends as delivered, undeliverable or unknown, each an event. 409 `not-bound` when nobody is bound.",
    params(("account" = String, Path), MessageQuery, ("Idempotency-Key" = Option<String>, Header)),
    request_body = MessageBody,
    responses((status = 202, body = MessageAnswer), super::openapi::MessageProblems),
    security(("key" = [])),
)]
pub(crate) async fn send(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
    account: Path<String>,
) -> Result<HttpResponse, Problem> {
    let mut call = Call::begin(&state, &request, payload, Scope::Messages).await?;
    let query: MessageQuery = call.query()?;
    let body: MessageBody = call.json().await?;
    body.check()?;
    let (account, actor, shared) = (account.into_inner(), call.actor(), state.clone());
    call.idempotent("send_message", move |tx| {
        if tx.get::<Account>(&account)?.is_none() {
            return Err(Problem::not_found("account"));
        }
        let binding = match pick(tx, &account, query.official_account.as_deref()) {
            Err(problem) if problem.kind() == ProblemKind::NotFound => {
                return Err(Problem::new(ProblemKind::NotBound));
            }
            picked => picked?,
        };
        let template = match &body.template {
            None => None,
            Some(template) => Some(template.resolve(&shared, &binding.official_account)?),
        };
        let life = body
            .minutes
            .map_or(DEFAULT_LIFE, |minutes| Millis::from(minutes) * MINUTE);
        let promised = outbox::enqueue(
            tx,
            NewEntry {
                official_account: binding.official_account,
                openid: Some(binding.openid),
                account: Some(account.clone()),
                alert: None,
                purpose: OutboxPurpose::Message,
                custom: body.text.clone().map(CustomMessage::Text),
                template,
                not_after: tx.now().saturating_add(life),
                dedupe: None,
            },
        )?;
        let Enqueued::New(id) = promised else {
            return Err(Problem::new(ProblemKind::TooMany)
                .detail("too many messages wait for this account"));
        };
        tx.audit(NewAudit {
            actor: actor.clone(),
            action: "message.send".to_owned(),
            account: Some(account.clone()),
            detail: json!({"message": id}),
        })?;
        Ok(Answer::json(202, &MessageAnswer { id }))
    })
    .await
}

impl MessageBody {
    fn check(&self) -> Result<(), Problem> {
        if self.text.is_none() && self.template.is_none() {
            return Err(Problem::invalid(
                "text",
                "text, template or both are needed",
            ));
        }
        if let Some(text) = &self.text
            && (text.trim().is_empty() || text.len() > TEXT_LIMIT)
        {
            let message = format!("1 to {TEXT_LIMIT} bytes, not only blanks");
            return Err(Problem::invalid("text", message));
        }
        let most = MAX_LIFE / MINUTE;
        if self
            .minutes
            .is_some_and(|minutes| minutes == 0 || Millis::from(minutes) > most)
        {
            return Err(Problem::invalid("minutes", format!("between 1 and {most}")));
        }
        let Some(template) = &self.template else {
            return Ok(());
        };
        if template.fields.is_empty() || template.fields.len() > MAX_FIELDS {
            let message = format!("1 to {MAX_FIELDS} fields");
            return Err(Problem::invalid("template.fields", message));
        }
        for (key, value) in &template.fields {
            if key.is_empty() || key.len() > 64 || value.chars().count() > MAX_FIELD_CHARS {
                let message =
                    format!("keys of 1 to 64 bytes, values of {MAX_FIELD_CHARS} characters");
                return Err(Problem::invalid("template.fields", message));
            }
        }
        let bad = template.url.as_ref().is_some_and(|url| {
            url.len() > MAX_URL_CHARS
                || !(url.starts_with("https://") || url.starts_with("http://"))
        });
        if bad {
            return Err(Problem::invalid("template.url", "an http or https URL"));
        }
        Ok(())
    }
}

impl TemplateBody {
    fn resolve(&self, state: &State, official_account: &str) -> Result<TemplateMessage, Problem> {
        let template_id = state
            .templates
            .get(official_account)
            .and_then(|templates| templates.get(&self.name))
            .ok_or_else(|| {
                Problem::invalid(
                    "template.name",
                    "the configuration of the official account has no template of this name",
                )
            })?;
        Ok(TemplateMessage {
            template_id: template_id.clone(),
            url: self.url.clone(),
            fields: self
                .fields
                .iter()
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
        })
    }
}
