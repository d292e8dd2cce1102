//! The API's business without the HTTP: what each call does and how it is refused.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::env::Env;
use crate::wechat::client::fit;
use crate::wechat::text::TEXT_LIMIT;

use super::render;
use super::tokens::{TokenState, Tokens};
use super::world::{Channel, Refused, Side, Template, World};

/// Most faults waiting to happen.
const MAX_FAULTS: usize = 64;
/// Longest scene of a QR code, characters.
const MAX_SCENE: usize = 64;
/// Longest life of a temporary QR code, seconds.
const MAX_QR_SECONDS: u64 = 2_592_000;
/// Life of a temporary QR code that names none, seconds.
const DEFAULT_QR_SECONDS: u64 = 60;

/// A failure to simulate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The call's path, such as `/cgi-bin/message/custom/send`.
    pub path: String,
    /// How often, from the next call on.
    pub times: u32,
    /// What happens.
    pub kind: FaultKind,
}

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Refused with this `errcode`; nothing happens.
    Errcode(i64),
    /// This HTTP status and no JSON; nothing happens.
    Status(u16),
    /// No answer; nothing happens.
    Hang,
    /// It is carried out, but no answer comes: the outcome that is unknown.
    HangAfter,
}

/// An event the platform pushes as a consequence of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TemplateResult {
    pub(super) openid: String,
    pub(super) msg_id: u64,
    pub(super) status: &'static str,
}

/// One new line for a phone.
pub(super) struct Shown {
    pub(super) openid: String,
    pub(super) line: (Side, Channel, String, String, Value),
}

/// The account's API.
#[derive(Debug)]
pub(super) struct Outbound {
    pub(super) app_id: String,
    pub(super) app_secret: crate::wechat::client::Secret,
    pub(super) verified: bool,
    pub(super) templates: Vec<Template>,
    pub(super) daily_limit: Option<u64>,
    pub(super) tokens: Tokens,
    faults: VecDeque<Fault>,
}

/// What a call answers, and what follows from it.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) body: Value,
    pub(super) shown: Option<Shown>,
    pub(super) result: Option<TemplateResult>,
}

impl Outbound {
    pub(super) fn new(
        app_id: String,
        app_secret: crate::wechat::client::Secret,
        verified: bool,
        templates: Vec<Template>,
        daily_limit: Option<u64>,
    ) -> Self {
        Self {
            app_id,
            app_secret,
            verified,
            templates,
            daily_limit,
            tokens: Tokens::default(),
            faults: VecDeque::new(),
        }
    }

    /// Plans a fault; the oldest is forgotten beyond [`MAX_FAULTS`].
    pub(super) fn plan(&mut self, fault: Fault) {
        if self.faults.len() >= MAX_FAULTS {
            self.faults.pop_front();
        }
        self.faults.push_back(fault);
    }

    pub(super) fn clear_faults(&mut self) {
        self.faults.clear();
    }

    /// The fault that strikes this call, if one is planned.
    pub(super) fn strike(&mut self, path: &str) -> Option<FaultKind> {
        let index = self
            .faults
            .iter()
            .position(|fault| fault.path == path && fault.times > 0)?;
        let fault = &mut self.faults[index];
        fault.times -= 1;
        let kind = fault.kind;
        if fault.times == 0 {
            self.faults.remove(index);
        }
        Some(kind)
    }

    /// `stable_token` and `token`; `given` holds grant_type, appid and secret.
    pub(super) fn token(
        &mut self,
        stable: bool,
        given: &Value,
        env: &Env,
    ) -> Result<Value, Refused> {
        let text = |name: &str| given[name].as_str().unwrap_or_default();
        if text("grant_type") != "client_credential" {
            return Err(Refused::new(40002, "invalid grant_type"));
        }
        if text("appid").is_empty() {
            return Err(Refused::new(41002, "appid missing"));
        }
        if text("secret").is_empty() {
            return Err(Refused::new(41004, "appsecret missing"));
        }
        if text("appid") != self.app_id {
            return Err(Refused::new(40013, "invalid appid"));
        }
        if crate::wechat::client::Secret::new(text("secret")) != self.app_secret {
            return Err(Refused::new(40125, "invalid appsecret"));
        }
        let (token, expires_in) = if stable {
            let force = given["force_refresh"].as_bool().unwrap_or(false);
            self.tokens.stable(force, env)
        } else {
            self.tokens.classic(env)
        };
        Ok(json!({ "access_token": token, "expires_in": expires_in }))
    }

    pub(super) fn check_token(&self, token: Option<&str>, env: &Env) -> Result<(), Refused> {
        let token = token
            .filter(|token| !token.is_empty())
            .ok_or_else(|| Refused::new(41001, "access_token missing"))?;
        match self.tokens.state(token, env.now()) {
            TokenState::Valid => Ok(()),
            TokenState::Expired => Err(Refused::new(42001, "access_token expired")),
            TokenState::Unknown => Err(Refused::new(
                40001,
                "invalid credential, access_token is invalid or not latest",
            )),
        }
    }

    /// Any call but the token's. `path` has been checked to be one of these.
    pub(super) fn call(
        &mut self,
        world: &mut World,
        path: &'static str,
        query: &dyn Fn(&str) -> Option<String>,
        body: &Value,
        env: &Env,
    ) -> Result<Answer, Refused> {
        if !self.verified && !path.starts_with("/cgi-bin/menu/") && !path.ends_with("callbackip") {
            return Err(Refused::new(48001, "api unauthorized"));
        }
        world.count_call(
            path,
            self.daily_limit.unwrap_or(daily_limit(path)),
            env.now(),
        )?;
        match path {
            "/cgi-bin/message/custom/send" => custom_send(world, body, env),
            "/cgi-bin/message/template/send" => self.template_send(world, body, env),
            "/cgi-bin/qrcode/create" => qrcode_create(world, body, env),
            "/cgi-bin/user/info" => user_info(world, &query("openid").unwrap_or_default()),
            "/cgi-bin/menu/create" => menu_create(world, body),
            "/cgi-bin/menu/get" => match &world.menu {
                Some(menu) => Ok(answer(json!({ "menu": { "button": menu } }))),
                None => Err(Refused::new(46003, "menu no exist")),
            },
            "/cgi-bin/menu/delete" => {
                world.menu = None;
                Ok(answer(success()))
            }
            "/cgi-bin/template/get_all_private_template" => Ok(answer(json!({
                "template_list": self.templates,
            }))),
            _ => Ok(answer(json!({ "ip_list": ["127.0.0.1"] }))),
        }
    }

    fn template_send(&self, world: &mut World, body: &Value, env: &Env) -> Result<Answer, Refused> {
        let openid = body["touser"].as_str().unwrap_or_default();
        let template = self
            .templates
            .iter()
            .find(|template| Some(template.template_id.as_str()) == body["template_id"].as_str())
            .ok_or_else(|| Refused::new(40037, "invalid template_id"))?;
        match world.followed_at(openid) {
            Err(_) => return Err(Refused::new(40003, "invalid openid")),
            Ok(None) => return Err(Refused::new(43004, "require subscribe")),
            Ok(Some(_)) => {}
        }
        for name in render::template_fields(&template.content) {
            let value = body["data"][name]["value"].as_str().unwrap_or_default();
            // What fitting would change, the platform would refuse.
            if !fit(name, value).is_ok_and(|fitted| fitted == value) {
                let message = format!("argument invalid! data.{name}.value invalid");
                return Err(Refused(47003, message));
            }
        }
        let (msg_id, new) = world.template_id(openid, body["client_msg_id"].as_str(), env.now());
        let mut answer = answer(json!({ "errcode": 0, "errmsg": "ok", "msgid": msg_id }));
        if new {
            let refusing = world.is_refusing(openid);
            if !refusing {
                let (text, data) = render::template(&template.title, &template.content, body);
                answer.shown = Some(Shown {
                    openid: openid.to_owned(),
                    line: (Side::Bot, Channel::Template, "template".into(), text, data),
                });
            }
            answer.result = Some(TemplateResult {
                openid: openid.to_owned(),
                msg_id,
                status: if refusing {
                    "failed:user block"
                } else {
                    "success"
                },
            });
        }
        Ok(answer)
    }
}

fn custom_send(world: &mut World, body: &Value, env: &Env) -> Result<Answer, Refused> {
    let openid = body["touser"].as_str().unwrap_or_default();
    let kind = body["msgtype"].as_str().unwrap_or_default();
    let content = &body[kind];
    match kind {
        "text" => match content["content"].as_str().unwrap_or_default() {
            "" => return Err(Refused::new(44004, "empty content")),
            text if text.len() > TEXT_LIMIT => {
                return Err(Refused::new(45002, "content size out of limit"));
            }
            _ => {}
        },
        "image" | "voice" if content["media_id"].as_str().is_none_or(str::is_empty) => {
            return Err(Refused::new(40007, "invalid media_id"));
        }
        "news" if content["articles"].as_array().map_or(0, Vec::len) != 1 => {
            return Err(Refused::new(45008, "article size out of limit"));
        }
        "msgmenu" if content["list"].as_array().is_none_or(Vec::is_empty) => {
            return Err(Refused::new(40035, "invalid parameter"));
        }
        "image" | "voice" | "news" | "msgmenu" => {}
        _ => return Err(Refused::new(40008, "invalid message type")),
    }
    world.take_custom(openid, env.now())?;
    let (text, data) = render::custom(body);
    Ok(Answer {
        body: success(),
        shown: Some(Shown {
            openid: openid.to_owned(),
            line: (Side::Bot, Channel::Custom, kind.to_owned(), text, data),
        }),
        result: None,
    })
}

fn qrcode_create(world: &mut World, body: &Value, env: &Env) -> Result<Answer, Refused> {
    let scene = &body["action_info"]["scene"];
    let temporary = match body["action_name"].as_str().unwrap_or_default() {
        "QR_STR_SCENE" | "QR_SCENE" => true,
        "QR_LIMIT_STR_SCENE" | "QR_LIMIT_SCENE" => false,
        _ => return Err(Refused::new(40053, "invalid action info")),
    };
    let scene = match (scene["scene_str"].as_str(), scene["scene_id"].as_u64()) {
        (Some(text), _) if (1..=MAX_SCENE).contains(&text.chars().count()) => text.to_owned(),
        (None, Some(id)) if id > 0 => id.to_string(),
        _ => return Err(Refused::new(40053, "invalid action info")),
    };
    let seconds = body["expire_seconds"]
        .as_u64()
        .unwrap_or(DEFAULT_QR_SECONDS);
    if seconds == 0 || seconds > MAX_QR_SECONDS {
        return Err(Refused::new(40052, "invalid expire_seconds"));
    }
    let code = world.add_code(scene, temporary.then_some(seconds as u32), env);
    let mut body = json!({ "ticket": code.ticket, "url": code.url });
    if temporary {
        body["expire_seconds"] = seconds.into();
    }
    Ok(answer(body))
}

fn user_info(world: &World, openid: &str) -> Result<Answer, Refused> {
    match world.followed_at(openid) {
        Err(_) => Err(Refused::new(40003, "invalid openid")),
        Ok(None) => Ok(answer(json!({ "subscribe": 0, "openid": openid }))),
        Ok(Some(at)) => Ok(answer(json!({
            "subscribe": 1,
            "openid": openid,
            "language": "zh_CN",
            "subscribe_time": at / 1000,
            "remark": "",
            "groupid": 0,
            "tagid_list": [],
        }))),
    }
}

fn menu_create(world: &mut World, body: &Value) -> Result<Answer, Refused> {
    let buttons = body["button"].as_array().map_or(0, Vec::len);
    if !(1..=3).contains(&buttons) {
        return Err(Refused::new(40016, "invalid button size"));
    }
    world.menu = Some(body["button"].clone());
    Ok(answer(success()))
}

fn answer(body: Value) -> Answer {
    Answer {
        body,
        ..Answer::default()
    }
}

fn success() -> Value {
    json!({ "errcode": 0, "errmsg": "ok" })
}

/// Calls a day of a verified account.
fn daily_limit(path: &str) -> u64 {
    match path {
        "/cgi-bin/message/custom/send" | "/cgi-bin/user/info" => 500_000,
        "/cgi-bin/message/template/send" | "/cgi-bin/qrcode/create" => 100_000,
        "/cgi-bin/menu/create" | "/cgi-bin/menu/delete" => 1_000,
        _ => 10_000,
    }
}
