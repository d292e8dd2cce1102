//! The information system and the host's own actions, as the bot asks them.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value as Json, json};

use super::chat::{Request, Response};
use super::subject::{AlertCase, reasons};
use crate::env::rfc3339;
use crate::lang::builtins::Registry;
use crate::lang::eval::display;
use crate::lang::program::{Expr, ExprKind};
use crate::lang::value::Value;
use crate::outbox::{CallError, CallRequest, Calls, ForwardAnswer, ForwardRequest, Forwarder};
use crate::store::records::Alert;
use crate::store::{StoreError, Tx};

/// Answers requests that rules make of the outside. Scripted in stories.
pub trait Outside: Send + Sync + 'static {
    /// Asks once; the request's identifier is the same when it is asked again after a crash.
    fn ask(&self, request: &Request) -> BoxFuture<'static, Response>;
}

/// The real outside.
#[derive(Debug, Clone)]
pub struct Network {
    /// `forward`; none when it is not configured.
    pub forwarder: Option<Forwarder>,
    /// `call NAME`.
    pub calls: Arc<Calls>,
}

impl Outside for Network {
    fn ask(&self, request: &Request) -> BoxFuture<'static, Response> {
        let text = |name: &str| {
            request
                .body
                .get(name)
                .and_then(Json::as_str)
                .map(str::to_owned)
        };
        if let Some(name) = request.target.strip_prefix("call:") {
            let call = CallRequest {
                id: request.id.clone(),
                name: name.to_owned(),
                account: text("account"),
                official_account: text("official_account"),
                payload: request.body.get("payload").cloned().unwrap_or_default(),
            };
            let calls = self.calls.clone();
            return async move { called(calls.call(call).await) }.boxed();
        }
        let Some(forwarder) = self.forwarder.clone() else {
            tracing::warn!("a rule forwards, but [forward] is not configured");
            return std::future::ready(Response::Failed).boxed();
        };
        let forward = ForwardRequest {
            id: request.id.clone(),
            official_account: text("official_account").unwrap_or_default(),
            account: text("account"),
            text: text("text").unwrap_or_default(),
            time: text("time").unwrap_or_default(),
        };
        async move {
            match forwarder.forward(&forward).await {
                ForwardAnswer::Text(text) => answered(text),
                ForwardAnswer::Silent => answered(String::new()),
                ForwardAnswer::Late => Response::Late,
                ForwardAnswer::Failed(why) => {
                    tracing::warn!(%why, "a forwarded message was not taken");
                    Response::Failed
                }
            }
        }
        .boxed()
    }
}

fn answered(text: String) -> Response {
    let brings = BTreeMap::from([("answer".to_owned(), Value::text(text))]);
    Response::Outcome("answered".to_owned(), brings)
}

/// A call's result: `{"outcome": "…", "NAME": value}`, or any JSON for the outcome `ok`.
fn called(result: Result<Json, CallError>) -> Response {
    let value = match result {
        Ok(value) => value,
        Err(CallError::Late) => return Response::Late,
        Err(error) => {
            tracing::warn!(%error, "a call failed");
            return Response::Failed;
        }
    };
    let outcome = value
        .get("outcome")
        .and_then(Json::as_str)
        .unwrap_or("ok")
        .to_owned();
    let brings = match &value {
        Json::Object(fields) => fields
            .iter()
            .filter(|(name, _)| *name != "outcome")
            .filter_map(|(name, value)| Some((name.clone(), from_json(value)?)))
            .collect(),
        other => from_json(other)
            .map(|value| BTreeMap::from([("answer".to_owned(), value)]))
            .unwrap_or_default(),
    };
    Response::Outcome(outcome, brings)
}

fn from_json(value: &Json) -> Option<Value> {
    match value {
        Json::String(text) => Some(Value::text(text)),
        Json::Number(number) => number.as_f64().map(Value::Number),
        Json::Bool(yes) => Some(Value::YesNo(*yes)),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

/// What a call is given: its arguments by the names it declares, else by those they were written with. An alert goes as the
/// facts a person on duty needs.
pub fn payload(
    tx: &mut Tx<'_>,
    registry: &Registry,
    name: &str,
    args: &[Expr],
    values: &[Value],
) -> Result<Json, StoreError> {
    let params = registry.call(name).map(|call| call.params.as_slice());
    let mut fields = serde_json::Map::new();
    for (index, (arg, value)) in args.iter().zip(values).enumerate() {
        let param = params.and_then(|params| params.get(index));
        let name = match &arg.kind {
            _ if param.is_some() => param.map(|(name, _)| name.clone()).unwrap_or_default(),
            ExprKind::Name(name) => match name {
                crate::lang::program::Name::Capture(name)
                | crate::lang::program::Name::Slot(name)
                | crate::lang::program::Name::Variable(name)
                | crate::lang::program::Name::Outcome(name)
                | crate::lang::program::Name::Raw(name) => name.clone(),
            },
            _ => match value {
                Value::Alert(_) => "alert".to_owned(),
                Value::Account(_) => "account".to_owned(),
                _ => format!("argument_{}", index + 1),
            },
        };
        let value = match value {
            Value::Alert(id) => match tx.get::<Alert>(&id.to_string())? {
                Some(alert) => alert_json(&AlertCase::load(tx, alert)?),
                None => json!({ "id": id.to_string() }),
            },
            other => to_json(other),
        };
        fields.insert(name, value);
    }
    Ok(Json::Object(fields))
}

fn alert_json(case: &AlertCase) -> Json {
    let (alert, login) = (&case.alert, case.login.as_ref());
    json!({
        "id": alert.id,
        "account": alert.account,
        "number": alert.number,
        "time": rfc3339(alert.login.time),
        "place": login.map(|login| &login.place),
        "ip": login.and_then(|login| login.ip.as_deref()),
        "reasons": reasons(alert),
    })
}

fn to_json(value: &Value) -> Json {
    match value {
        Value::Unknown(_) => Json::Null,
        Value::Number(number) | Value::Percent(number) => json!(number),
        Value::YesNo(yes) => json!(yes),
        Value::Time(time) => json!(rfc3339(*time)),
        Value::Text(text) | Value::Code(text) | Value::Phone(text) => json!(text.to_string()),
        other => json!(display(other, &jiff::tz::TimeZone::UTC)),
    }
}
