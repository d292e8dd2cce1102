//! `/openapi.json`: OpenAPI 3.1 made from the handlers themselves, and true: the HTTP tests check every
//! request and answer against it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::header;
use serde_json::Value;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Content, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, Modify, OpenApi};

use super::problem::{ProblemBody, ProblemKind};
use super::{
    accounts, alerts, bindings, captchas, codes, erasure, events, export, health, import, locks,
    login, logins, messages, metrics, outbox, rules, schema, sessions, wechat,
};

/// The document.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Menshen",
        description = "Binding, login guard and messages of a WeChat official account, for the information system behind it. Errors are RFC 9457 problems; POSTs that list it take an Idempotency-Key; the others are safe to repeat, or their answer holds a secret.",
        license(name = "MIT OR Apache-2.0"),
    ),
    paths(
        wechat::verify, wechat::push,
        health::health, health::ready, metrics::metrics, document_json,
        events::list, rules::status, rules::reload,
        login::login, login::attempt, logins::report,
        accounts::create, accounts::list, accounts::get, accounts::patch, erasure::delete,
        accounts::password, import::import,
        codes::code, codes::ticket, codes::cancel,
        bindings::get, bindings::delete, bindings::find, messages::send,
        locks::lock, locks::get, locks::unlock,
        sessions::list, sessions::end_all, sessions::end_one, sessions::introspect,
        sessions::revoke, sessions::verify,
        alerts::list, alerts::get, alerts::close, alerts::decision, alerts::machines,
        alerts::distrust, captchas::machine, captchas::issue, captchas::answer, export::export,
        outbox::list, outbox::get, outbox::retry, outbox::webhooks,
    ),
    components(schemas(ProblemBody)),
    modifiers(&Key),
)]
pub(crate) struct Document;

/// The document as a value, e.g. for a client generator in another test suite.
pub fn document() -> Value {
    // Plain structs with text keys cannot fail to become JSON.
    let mut document = serde_json::to_value(Document::openapi()).unwrap_or_default();
    let lost = schema::add_bounds(&mut document);
    debug_assert!(lost.is_empty(), "{lost:?}");
    document
}

/// Every method that some route takes.
const METHODS: [&str; 6] = ["get", "head", "post", "put", "patch", "delete"];

/// The methods a route takes, as the `Allow` header lists them.
pub(crate) fn methods_of(pattern: &str) -> String {
    static ROUTES: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
        let document = document();
        let paths = document["paths"].as_object().into_iter().flatten();
        paths
            .map(|(path, item)| {
                let taken = METHODS.iter().filter(|method| item.get(**method).is_some());
                let names: Vec<String> = taken.map(|method| method.to_uppercase()).collect();
                (path.clone(), names.join(", "))
            })
            .collect()
    });
    ROUTES.get(pattern).cloned().unwrap_or_default()
}

/// `GET /openapi.json`
#[utoipa::path(
    get, path = "/openapi.json", tag = "operations", operation_id = "openapi",
    description = "This document.",
    responses((status = 200, body = serde_json::Value), EdgeProblems),
)]
pub(crate) async fn document_json() -> HttpResponse {
    static TEXT: LazyLock<String> = LazyLock::new(|| document().to_string());
    // Long, and asked for without a key: a caller who asks over and over without reading gets one a connection.
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .force_close()
        .body(TEXT.as_str())
}

struct Key;

impl Modify for Key {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        document
            .components
            .get_or_insert_with(Default::default)
            .add_security_scheme(
                "key",
                SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)),
            );
    }
}

/// Groups of problems that handlers name in their documentation.
macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident: $($kind:ident),+;)+) => {
        $(
            $(#[$doc])*
            pub(crate) struct $name;

            impl IntoResponses for $name {
                fn responses() -> BTreeMap<String, RefOr<Response>> {
                    responses(&[$(ProblemKind::$kind),+])
                }
            }
        )+
    };
}

problems! {
    /// What any request may meet.
    EdgeProblems: WrongHost;
    /// Requests with a key.
    KeyProblems: WrongHost, Unauthorized, Forbidden, Internal, Busy;
    /// Reading.
    ReadProblems: WrongHost, Unauthorized, Forbidden, Invalid, Internal, Busy;
    /// Reading one thing.
    FindProblems: WrongHost, Unauthorized, Forbidden, NotFound, Invalid, Internal, Busy;
    /// Reading or ending one of several.
    PickProblems: WrongHost, Unauthorized, Forbidden, NotFound, Conflict, Invalid, Internal, Busy;
    /// A session's token from a reverse proxy.
    VerifyProblems: WrongHost, Unauthorized, NoSession, Forbidden, Internal, Busy;
    /// Messaging a user.
    MessageProblems: WrongHost, BadRequest, Unauthorized, Forbidden, NotFound, Timeout, Conflict, NotBound,
        StillRunning, TooLarge, UnsupportedMediaType, Invalid, IdempotencyMismatch, TooMany, Internal, Busy;
    /// Writing.
    WriteProblems: WrongHost, BadRequest, Unauthorized, Forbidden, Timeout, StillRunning, TooLarge,
        UnsupportedMediaType, Invalid, IdempotencyMismatch, Internal, Busy;
    /// Judging an attempt, which may want a captcha.
    AttemptProblems: WrongHost, BadRequest, Unauthorized, Forbidden, Timeout, StillRunning, TooLarge,
        UnsupportedMediaType, Invalid, IdempotencyMismatch, TooMany, Internal, Busy;
    /// Writing to one thing.
    ChangeProblems: WrongHost, BadRequest, Unauthorized, Forbidden, NotFound, Timeout, Conflict,
        StillRunning, TooLarge, UnsupportedMediaType, Invalid, IdempotencyMismatch, TooMany, Internal, Busy;
    /// Issuing what is limited per address.
    LimitedProblems: WrongHost, BadRequest, Unauthorized, Forbidden, Timeout, TooLarge,
        UnsupportedMediaType, Invalid, TooMany, Internal, Busy;
    /// Reporting logins.
    ReportProblems: WrongHost, BadRequest, Unauthorized, Forbidden, Timeout, Conflict, StillRunning,
        TooLarge, UnsupportedMediaType, Invalid, IdempotencyMismatch, Internal, Busy;
    /// Reloading the rules.
    ReloadProblems: WrongHost, Unauthorized, Forbidden, RulesRejected, Internal, Busy;
    /// Logging in.
    LoginProblems: WrongHost, BadRequest, Unauthorized, LoginRefused, Forbidden, CaptchaRequired, Timeout,
        TooLarge, UnsupportedMediaType, Invalid, TooMany, Internal, Busy;
    /// The platform's callback.
    PushProblems: WrongHost, BadRequest, PushRefused, NotFound, Timeout, TooLarge, Internal, Busy;
}

fn responses(kinds: &[ProblemKind]) -> BTreeMap<String, RefOr<Response>> {
    let mut by_status: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    for kind in kinds {
        by_status
            .entry(kind.status())
            .or_default()
            .push(kind.slug());
    }
    by_status
        .into_iter()
        .map(|(status, slugs)| {
            let response = ResponseBuilder::new()
                .description(format!("`{}`", slugs.join("`, `")))
                .content(
                    "application/problem+json",
                    Content::new(Some(RefOr::Ref(Ref::from_schema_name("Problem")))),
                )
                .build();
            (status.to_string(), RefOr::T(response))
        })
        .collect()
}
