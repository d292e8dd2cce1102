//! The floor: what answering a push costs at the least. actix-web, the signature, quick-xml, five
//! routes, a reply, and in safe mode AES both ways. No state, no deduplication, no limits, no metrics.

use std::collections::HashMap;

use actix_web::web::{self, Bytes, Data, Query};
use actix_web::{App, HttpResponse, HttpServer};
use quick_xml::Reader;
use quick_xml::events::Event;
use serde::Deserialize;

use crate::wire;

/// What the floor is started with.
#[derive(Clone)]
pub struct Floor {
    pub token: String,
    pub key: Option<[u8; 32]>,
}

#[derive(Deserialize)]
struct Stamp {
    timestamp: String,
    nonce: String,
    signature: String,
    #[serde(default)]
    msg_signature: String,
}

/// Serves on `port` with one worker until it is killed.
pub fn serve(floor: Floor, port: u16) -> std::io::Result<()> {
    actix_web::rt::System::new().block_on(async move {
        HttpServer::new(move || {
            App::new()
                .app_data(Data::new(floor.clone()))
                .route("/wechat/main", web::post().to(push))
                .route("/readyz", web::get().to(async || "ok"))
        })
        .workers(1)
        .bind(("127.0.0.1", port))?
        .run()
        .await
    })
}

async fn push(floor: Data<Floor>, stamp: Query<Stamp>, body: Bytes) -> HttpResponse {
    match answer(&floor, &stamp, &body) {
        Some(reply) => HttpResponse::Ok()
            .content_type("application/xml")
            .body(reply),
        None => HttpResponse::Forbidden().finish(),
    }
}

fn answer(floor: &Floor, stamp: &Stamp, body: &[u8]) -> Option<String> {
    let body = std::str::from_utf8(body).ok()?;
    let (time, nonce) = (stamp.timestamp.as_str(), stamp.nonce.as_str());
    let outer = fields(body)?;
    let Some(key) = &floor.key else {
        let right = wire::sign(&mut [&floor.token, time, nonce]) == stamp.signature;
        return right.then(|| reply(&outer))?;
    };
    let sealed = outer.get("Encrypt")?;
    let right = wire::sign(&mut [&floor.token, time, nonce, sealed]) == stamp.msg_signature;
    right.then_some(())?;
    let plain = reply(&fields(&wire::open(key, sealed)?)?)?;
    let sealed = wire::seal(key, *b"0123456789abcdef", &plain);
    let signature = wire::sign(&mut [&floor.token, time, nonce, &sealed]);
    Some(format!(
        "<xml><Encrypt><![CDATA[{sealed}]]></Encrypt><MsgSignature><![CDATA[{signature}]]></MsgSignature>\
         <TimeStamp>{time}</TimeStamp><Nonce><![CDATA[{nonce}]]></Nonce></xml>"
    ))
}

fn fields(text: &str) -> Option<HashMap<String, String>> {
    let mut reader = Reader::from_str(text);
    let (mut found, mut name, mut value) = (HashMap::new(), String::new(), String::new());
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                name = start.name().as_ref().to_owned();
                value.clear();
            }
            Event::Text(text) => value.push_str(&text.xml10_content()),
            Event::CData(text) => value.push_str(&text.xml10_content()),
            Event::End(_) => {
                found.insert(std::mem::take(&mut name), std::mem::take(&mut value));
            }
            Event::Eof => return Some(found),
            _ => {}
        }
    }
}

fn reply(message: &HashMap<String, String>) -> Option<String> {
    let field = |name: &str| message.get(name).map(String::as_str).unwrap_or_default();
    let text = match (field("MsgType"), field("Content")) {
        ("event", _) => "欢迎关注",
        ("text", "绑定") => "请发送手机号",
        ("text", "锁定") => "已锁定",
        ("text", "帮助") => "发送“绑定”绑定账号，“锁定”锁定账号，“人工”找客服。",
        ("text", _) => "没听懂",
        _ => return Some("success".to_owned()),
    };
    Some(format!(
        "<xml><ToUserName><![CDATA[{}]]></ToUserName><FromUserName><![CDATA[{}]]></FromUserName>\
         <CreateTime>{}</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{text}]]></Content></xml>",
        field("FromUserName"),
        field("ToUserName"),
        field("CreateTime"),
    ))
}
