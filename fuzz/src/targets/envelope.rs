//! The callback: query, signature, envelope, ciphertext and padding, in all three modes; and sealing a
//! reply to what was opened.

use menshen::wechat::crypto::EncodingAesKey;
use menshen::wechat::endpoint::{
    EndpointConfig, Format, Mode, Query, TimestampWindow, open, verify_url,
};
use menshen::wechat::platform_side::{
    PlatformConfig, Stamp, build_push, build_verification, open_reply,
};
use menshen::wechat::signature::{Token, sign};
use menshen::wechat::{Fields, Reply, seal};

use super::bytes::Bytes;

const NOW: i64 = 1_795_160_000_000;
const APP: &str = "wx5823bf96d3bd56c7";

pub fn run(data: &[u8]) {
    let mut bytes = Bytes(data);
    let how = bytes.byte();
    let mode = *bytes.pick(&[Mode::Safe, Mode::Compatible, Mode::Plaintext]);
    let format = *bytes.pick(&[Format::Xml, Format::Json]);
    let body = bytes.0;
    let key = EncodingAesKey::parse("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG")
        .expect("43 characters");
    let token = Token::new("tour-token");
    let config = EndpointConfig {
        app_id: APP.to_owned(),
        original_id: None,
        token: token.clone(),
        previous_token: None,
        key: Some(key.clone()),
        previous_key: None,
        mode,
        timestamp_window: TimestampWindow::default(),
    };
    let (timestamp, nonce) = ("1795160000", "1320562132");
    match how % 4 {
        // Whatever comes, with a query that is right for nothing.
        0 => {
            let (query, body) = body.split_at(body.len().min(64));
            if let Ok(query) = Query::parse(&String::from_utf8_lossy(query)) {
                let _ = open(&config, &query, None, body, NOW);
                let _ = verify_url(&config, &query, NOW);
            }
            let text = String::from_utf8_lossy(body);
            let query = build_verification(&token, timestamp, nonce, "x");
            let query = Query::parse(&query).expect("ours");
            assert_eq!(verify_url(&config, &query, NOW).as_deref(), Ok("x"));
            let _ = key.decrypt(&text, APP);
        }
        // A ciphertext that is rightly signed: what is inside is the stranger's.
        1 => {
            let encrypted = key.encrypt([7; 16], body, APP);
            assert_eq!(key.decrypt(&encrypted, APP).as_deref(), Ok(body));
            signed(&config, format, &encrypted, timestamp, nonce);
        }
        // Any text as a ciphertext, rightly signed.
        2 => signed(
            &config,
            format,
            &String::from_utf8_lossy(body),
            timestamp,
            nonce,
        ),
        // A message whose text is the stranger's, as the platform sends it, and an answer to it.
        _ => whole(
            &config,
            format,
            &String::from_utf8_lossy(body),
            timestamp,
            nonce,
        ),
    }
}

fn signed(config: &EndpointConfig, format: Format, encrypted: &str, timestamp: &str, nonce: &str) {
    let signature = sign(&config.token, &[timestamp, nonce, encrypted.trim()]);
    let query =
        format!("timestamp={timestamp}&nonce={nonce}&encrypt_type=aes&msg_signature={signature}");
    let query = Query::parse(&query);
    let fields = Fields::new()
        .text("ToUserName", "gh_a")
        .text("Encrypt", encrypted);
    let body = match format {
        Format::Xml => menshen::wechat::xml::write(&fields),
        Format::Json => menshen::wechat::json::write(&fields),
    };
    let _ = open(config, &query.expect("ours"), None, body.as_bytes(), NOW);
}

fn whole(config: &EndpointConfig, format: Format, text: &str, timestamp: &str, nonce: &str) {
    let platform = PlatformConfig {
        app_id: APP.to_owned(),
        token: config.token.clone(),
        key: config.key.clone(),
        mode: config.mode,
        format,
    };
    let message = Fields::new()
        .text("ToUserName", "gh_a")
        .text("FromUserName", "oX")
        .text("CreateTime", "1795160000")
        .text("MsgType", "text")
        .text("Content", text)
        .text("MsgId", "1");
    let stamp = Stamp {
        timestamp: timestamp.to_owned(),
        nonce: nonce.to_owned(),
        random: [3; 16],
    };
    let push = build_push(&platform, &message, &stamp).expect("there is a key");
    let query = Query::parse(&push.query).expect("ours");
    let Ok(opened) = open(
        config,
        &query,
        Some(push.content_type),
        push.body.as_bytes(),
        NOW,
    ) else {
        return;
    };
    let answer = seal(
        &Reply::text(text),
        &opened.reply,
        NOW / 1_000,
        nonce,
        [5; 16],
    );
    open_reply(&platform, &message, &answer.bytes).expect("the platform can show what is answered");
}

pub fn seeds() -> Vec<Vec<u8>> {
    let inner = include_str!("../../../tests/data/wechat_samples.tsv")
        .lines()
        .filter_map(|line| line.find('<').map(|at| &line[at..]))
        .take(4);
    let mut seeds: Vec<Vec<u8>> = Vec::new();
    for text in inner.chain(["你好 ]]> & <a href=\"x\">", ""]) {
        for how in 0..4 {
            for mode in 0..3 {
                seeds.push([&[how, mode, mode % 2], text.as_bytes()].concat());
            }
        }
    }
    seeds
}
