//! The simulated API on HTTP: `/cgi-bin/…`, answering 200 to everything as the real one does.

use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::outbound::{Answer, FaultKind};
use super::platform::Platform;
use super::world::Refused;

/// Largest request body.
const BODY_LIMIT: usize = 256 * 1024;

/// Every call served, and whether it is a POST.
const CALLS: &[(&str, bool)] = &[
    ("/cgi-bin/token", false),
    ("/cgi-bin/stable_token", true),
    ("/cgi-bin/message/custom/send", true),
    ("/cgi-bin/message/template/send", true),
    ("/cgi-bin/qrcode/create", true),
    ("/cgi-bin/user/info", false),
    ("/cgi-bin/menu/create", true),
    ("/cgi-bin/menu/get", false),
    ("/cgi-bin/menu/delete", false),
    ("/cgi-bin/template/get_all_private_template", false),
    ("/cgi-bin/getcallbackip", false),
];

/// Mounts the API.
pub(super) fn configure(platform: &Platform, service: &mut web::ServiceConfig) {
    service.service(
        web::scope("/cgi-bin")
            .app_data(web::Data::new(platform.clone()))
            .app_data(web::PayloadConfig::new(BODY_LIMIT))
            .default_service(web::to(serve)),
    );
}

async fn serve(
    platform: web::Data<Platform>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let Some((path, post)) = CALLS.iter().find(|(path, _)| *path == request.path()) else {
        return refuse(&Refused::new(40066, "invalid url"));
    };
    let fault = platform.outbound().strike(path);
    match fault {
        Some(FaultKind::Errcode(code)) => return refuse(&Refused::new(code, "simulated")),
        Some(FaultKind::Status(status)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
            return HttpResponse::build(status).body("simulated");
        }
        Some(FaultKind::Hang) => {
            tokio::time::sleep(platform.config().hang).await;
            return HttpResponse::GatewayTimeout().finish();
        }
        Some(FaultKind::HangAfter) | None => {}
    }
    let result = carry_out(&platform, &request, path, *post, &body);
    let response = match result {
        Ok(answer) => {
            if let Some(shown) = answer.shown {
                platform.record(&shown.openid, shown.line);
            }
            if let Some(result) = &answer.result {
                platform.announce(result);
            }
            HttpResponse::Ok().json(answer.body)
        }
        Err(refused) => refuse(&refused),
    };
    if fault == Some(FaultKind::HangAfter) {
        tokio::time::sleep(platform.config().hang).await;
    }
    response
}

fn carry_out(
    platform: &Platform,
    request: &HttpRequest,
    path: &'static str,
    post: bool,
    body: &[u8],
) -> Result<Answer, Refused> {
    if post && request.method() != Method::POST {
        return Err(Refused::new(43002, "require POST method"));
    }
    let query = web::Query::<std::collections::BTreeMap<String, String>>::from_query(
        request.query_string(),
    )
    .map_err(|_| Refused::new(40035, "invalid parameter"))?;
    let body = if post { json_body(body)? } else { Value::Null };
    let env = platform.env();
    let mut outbound = platform.outbound();
    match path {
        "/cgi-bin/stable_token" => {
            let body = outbound.token(true, &body, env)?;
            Ok(Answer {
                body,
                ..Answer::default()
            })
        }
        "/cgi-bin/token" => {
            let given = json!({
                "grant_type": query.get("grant_type"),
                "appid": query.get("appid"),
                "secret": query.get("secret"),
            });
            let body = outbound.token(false, &given, env)?;
            Ok(Answer {
                body,
                ..Answer::default()
            })
        }
        _ => {
            outbound.check_token(query.get("access_token").map(String::as_str), env)?;
            let lookup = |name: &str| query.get(name).cloned();
            outbound.call(&mut platform.world(), path, &lookup, &body, env)
        }
    }
}

fn json_body(body: &[u8]) -> Result<Value, Refused> {
    if body.is_empty() {
        return Err(Refused::new(44002, "empty post data"));
    }
    // Escaped characters are refused: bodies carry them literally.
    if body.windows(2).any(|two| two == b"\\u") {
        return Err(Refused::new(40033, "invalid charset"));
    }
    match serde_json::from_slice(body) {
        Ok(value @ Value::Object(_)) => Ok(value),
        _ => Err(Refused::new(47001, "data format error")),
    }
}

fn refuse(refused: &Refused) -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "errcode": refused.0,
        "errmsg": format!("{} rid: 00000000-sandbox", refused.1),
    }))
}
