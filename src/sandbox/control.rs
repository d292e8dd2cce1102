//! The phone page and its control API at `/sandbox`.
//!
//! Without authentication, therefore for loopback host names only (a web page that resolves its own
//! name to this machine gets 404), and writing calls take JSON alone, which a foreign page cannot
//! send. User actions answer when the push they cause has ended.

use actix_web::guard::{self, GuardContext};
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HOST};
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

use super::action_error::ActionError;
use super::delivery::DeliveryReport;
use super::outbound::Fault;
use super::platform::Platform;

/// Largest request body.
const BODY_LIMIT: usize = 64 * 1024;
/// Only this origin's scripts, styles and calls; no inline code.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Mounts the page and the control API.
pub(super) fn configure(platform: &Platform, service: &mut web::ServiceConfig) {
    let hosts = platform.config().hosts.clone();
    service.service(
        web::scope("/sandbox")
            .guard(guard::fn_guard(move |context| is_local(context, &hosts)))
            .app_data(web::Data::new(platform.clone()))
            .app_data(
                web::JsonConfig::default()
                    .limit(BODY_LIMIT)
                    .content_type_required(true)
                    .error_handler(|error, _| {
                        let why = format!("请求体不对：{error}");
                        let answer = problem(StatusCode::BAD_REQUEST, &why);
                        actix_web::error::InternalError::from_response(error, answer).into()
                    }),
            )
            .route("", web::get().to(page))
            .route("/", web::get().to(page))
            .route("/phone.js", web::get().to(script))
            .route("/phone.css", web::get().to(style))
            .route("/info", web::get().to(info))
            .route("/verify", web::post().to(verify))
            .route("/users", web::get().to(users))
            .route("/users", web::post().to(create_user))
            .route("/users/{openid}/transcript", web::get().to(transcript))
            .route("/users/{openid}/{action}", web::post().to(action))
            .route("/codes", web::get().to(codes))
            .route("/menu", web::get().to(menu))
            .route("/faults", web::post().to(plan_fault))
            .route("/faults", web::delete().to(clear_faults))
            .route("/tokens/expire", web::post().to(expire_tokens)),
    );
}

/// What a user can do, by the last part of the path; unused fields are absent.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Action {
    content: String,
    menu_id: Option<String>,
    key: String,
    /// A code's scene, ticket or url.
    code: String,
    latitude: f64,
    longitude: f64,
    label: String,
    refusing: bool,
    event: String,
    fields: Vec<(String, String)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewUser {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct After {
    #[serde(default)]
    after: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Empty {}

async fn action(
    platform: web::Data<Platform>,
    path: web::Path<(String, String)>,
    body: web::Json<Action>,
) -> HttpResponse {
    let (openid, action) = path.into_inner();
    let body = body.into_inner();
    let result: Result<DeliveryReport, ActionError> = match action.as_str() {
        "follow" => platform.follow(&openid).await,
        "unfollow" => platform.unfollow(&openid).await,
        "scan" => platform.scan(&openid, &body.code).await,
        "text" if body.content.is_empty() => {
            return problem(StatusCode::BAD_REQUEST, "content 不能为空");
        }
        "text" => {
            platform
                .send_text(&openid, &body.content, body.menu_id.as_deref())
                .await
        }
        "image" => platform.send_image(&openid).await,
        "location" => {
            platform
                .send_location(&openid, body.latitude, body.longitude, &body.label)
                .await
        }
        "click" => platform.click(&openid, &body.key).await,
        "event" if body.event.is_empty() => {
            return problem(StatusCode::BAD_REQUEST, "event 不能为空");
        }
        "event" => {
            platform
                .push_event(&openid, &body.event, &body.fields)
                .await
        }
        "refuse" => {
            return match platform.set_refusing(&openid, body.refusing) {
                Ok(()) => HttpResponse::NoContent().finish(),
                Err(error) => action_error(error),
            };
        }
        _ => return problem(StatusCode::NOT_FOUND, "没有这个动作"),
    };
    match result {
        Ok(report) => HttpResponse::Ok().json(report),
        Err(error) => action_error(error),
    }
}

async fn users(platform: web::Data<Platform>) -> HttpResponse {
    HttpResponse::Ok().json(platform.users())
}

async fn create_user(platform: web::Data<Platform>, body: web::Json<NewUser>) -> HttpResponse {
    match platform.create_user(&body.name) {
        Ok(openid) => HttpResponse::Created().json(json!({ "openid": openid })),
        Err(error) => action_error(error),
    }
}

async fn transcript(
    platform: web::Data<Platform>,
    openid: web::Path<String>,
    after: web::Query<After>,
) -> HttpResponse {
    match platform.transcript(&openid, after.after) {
        Ok(entries) => HttpResponse::Ok().json(entries),
        Err(error) => action_error(error),
    }
}

async fn codes(platform: web::Data<Platform>) -> HttpResponse {
    let codes = platform.world().codes(platform.env().now());
    HttpResponse::Ok().json(codes)
}

async fn menu(platform: web::Data<Platform>) -> HttpResponse {
    let menu = platform.world().menu.clone();
    HttpResponse::Ok().json(json!({ "button": menu.unwrap_or(Value::Array(Vec::new())) }))
}

async fn info(platform: web::Data<Platform>) -> HttpResponse {
    let config = platform.config();
    HttpResponse::Ok().json(json!({
        "account": config.account,
        "app_id": config.app_id,
        "mode": config.mode,
        "verified": config.verified,
        "callback": platform.callback(),
        "now": platform.env().now(),
    }))
}

async fn verify(platform: web::Data<Platform>, _body: web::Json<Empty>) -> HttpResponse {
    match platform.verify_callback().await {
        Ok(()) => HttpResponse::NoContent().finish(),
        Err(attempt) => HttpResponse::BadGateway().json(json!({ "attempt": attempt })),
    }
}

async fn plan_fault(platform: web::Data<Platform>, body: web::Json<Fault>) -> HttpResponse {
    platform.plan_fault(body.into_inner());
    HttpResponse::NoContent().finish()
}

async fn clear_faults(platform: web::Data<Platform>) -> HttpResponse {
    platform.clear_faults();
    HttpResponse::NoContent().finish()
}

async fn expire_tokens(platform: web::Data<Platform>, _body: web::Json<Empty>) -> HttpResponse {
    platform.expire_tokens();
    HttpResponse::NoContent().finish()
}

async fn page() -> HttpResponse {
    file("text/html; charset=utf-8", include_str!("phone/index.html"))
}

async fn script() -> HttpResponse {
    file(
        "text/javascript; charset=utf-8",
        include_str!("phone/phone.js"),
    )
}

async fn style() -> HttpResponse {
    file("text/css; charset=utf-8", include_str!("phone/phone.css"))
}

fn file(content_type: &'static str, text: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, content_type))
        .insert_header(("Content-Security-Policy", POLICY))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .insert_header(("Referrer-Policy", "no-referrer"))
        .insert_header(("Cache-Control", "no-cache"))
        .body(text)
}

fn action_error(error: ActionError) -> HttpResponse {
    let status = match error {
        ActionError::NoUser => StatusCode::NOT_FOUND,
        ActionError::NotFollowing | ActionError::TooManyUsers => StatusCode::CONFLICT,
        ActionError::NoCode => StatusCode::GONE,
    };
    problem(status, &error.to_string())
}

fn problem(status: StatusCode, text: &str) -> HttpResponse {
    HttpResponse::build(status).json(json!({ "error": text }))
}

/// Whether the request names this machine, or a host that was allowed. For everything that is mounted
/// beside the phone without authentication.
pub fn is_local(context: &GuardContext<'_>, hosts: &[String]) -> bool {
    let head = context.head();
    let authority = head
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .or_else(|| head.uri.authority().map(|authority| authority.as_str()))
        .unwrap_or_default();
    let name = match authority.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => authority,
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost")
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
        || hosts.iter().any(|host| host.eq_ignore_ascii_case(bare))
}
