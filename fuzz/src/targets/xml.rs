//! A plain message of the platform, in XML and in JSON: into fields, into a message, and back.

use menshen::wechat::fields::{ENVELOPE_LIMITS, Fields, MESSAGE_LIMITS};
use menshen::wechat::push_key::push_key;
use menshen::wechat::{BodyDigest, Inbound, json, xml};

pub fn run(data: &[u8]) {
    for limits in [&MESSAGE_LIMITS, &ENVELOPE_LIMITS] {
        if let Ok(fields) = xml::parse(data, limits) {
            // What is written is read as the same.
            let again = xml::parse(xml::write(&fields).as_bytes(), limits);
            if let Ok(again) = again {
                assert!(again == fields, "XML written and read differs");
            }
            message(fields);
        }
        if let Ok(fields) = json::parse(data, limits) {
            if let Ok(again) = json::parse(json::write(&fields).as_bytes(), limits) {
                assert!(again == fields, "JSON written and read differs");
            }
            message(fields);
        }
    }
}

fn message(fields: Fields) {
    if let Ok(inbound) = Inbound::from_fields(fields) {
        let digest = BodyDigest::of(&inbound);
        push_key(&inbound, &digest);
    }
}

/// The platform's documented messages, one per line after a tab.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = include_str!("../../../tests/data/wechat_samples.tsv")
        .lines()
        .filter_map(|line| {
            line.find('<')
                .map(|at| line[at..].replace("\\n", "\n").into_bytes())
        })
        .collect();
    let text = "<xml><ToUserName><![CDATA[gh_a]]></ToUserName><FromUserName><![CDATA[oX]]></FromUserName><CreateTime>1795160000</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[你好&<]]></Content><MsgId>1</MsgId></xml>";
    seeds.push(text.as_bytes().to_vec());
    seeds.push(r#"{"ToUserName":"gh_a","FromUserName":"oX","CreateTime":1795160000,"MsgType":"event","Event":"subscribe_msg_popup_event","List":[{"TemplateId":"x","SubscribeStatusString":"accept"}]}"#.into());
    seeds
}
