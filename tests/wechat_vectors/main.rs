//! Known-good ciphertexts and signatures: Tencent's samples, those of the official documents, and
//! edge cases of the padding; then every sample message, and the endpoint's policy.

mod policy;
mod stage;

use menshen::env::SECOND;
use menshen::wechat::Refusal;
use menshen::wechat::crypto::EncodingAesKey;
use menshen::wechat::endpoint::{self, Format, Mode};
use menshen::wechat::event::{DeliveryStatus, NoticeStage, PictureSource};
use menshen::wechat::fields::MESSAGE_LIMITS;
use menshen::wechat::platform_side::{self, PlatformReply};
use menshen::wechat::signature::{Token, sign, sign_js_sdk, verify};
use menshen::wechat::{Event, Fields, Inbound, InboundKind, Reply, json, seal, xml};
use proptest::prelude::*;

use stage::*;

const KW: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
const V2_MESSAGE: &str = "<xml><ToUserName><![CDATA[oia2Tj我是中文jewbmiOUlr6X-1crbLOvLw]]></ToUserName><FromUserName><![CDATA[gh_7f083739789a]]></FromUserName><CreateTime>1407743423</CreateTime><MsgType><![CDATA[video]]></MsgType><Video><MediaId><![CDATA[eYJ1MbwPRJtOvIEabaxHs7TX2D-HV71s79GUxqdUkjm6Gs2Ed1KF3ulAOA9H1xG0]]></MediaId><Title><![CDATA[testCallBackReplyVideo]]></Title><Description><![CDATA[testCallBackReplyVideo]]></Description></Video></xml>";
const V1: &str =
    "jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg==";
const V2: &str = "jn1L23DB+6ELqJ+6bruv23M2GmYfkv0xBh2h+XTBOKVKcgDFHle6gqcZ1cZrk3e1qjPQ1F4RsLWzQRG9udbKWesxlkupqcEcW7ZQweImX9+wLMa0GaUzpkycA8+IamDBxn5loLgZpnS7fVAbExOkK5DYHBmv5tptA9tklE/fTIILHR8HLXa5nQvFb3tYPKAlHF3rtTeayNf0QuM+UW/wM9enGIDIJHF7CLHiDNAYxr+r+OrJCmPQyTy8cVWlu9iSvOHPT/77bZqJucQHQ04sq7KZI27OcqpQNSto2OdHCoTccjggX5Z9Mma0nMJBU+jLKJ38YB1fBIz+vBzsYjrTmFQ44YfeEuZ+xRTQwr92vhA9OxchWVINGC50qE/6lmkwWTwGX9wtQpsJKhP+oS7rvTY8+VdzETdfakjkwQ5/Xka042OlUb1/slTwo4RscuQ+RdxSGvDahxAJ6+EAjLt9d8igHngxIbf6YyqqROxuxqIeIch3CssH/LqRs+iAcILvApYZckqmA7FNERspKA5f8GoJ9sv8xmGvZ9Yrf57cExWtnX8aCMMaBropU/1k+hKP5LVdzbWCG0hGwx/dQudYR/eXp3P0XxjlFiy+9DMlaFExWUZQDajPkdPrEeOwofJb";
const V3: &str = "hyzAe4OzmOMbd6TvGdIOO6uBmdJoD0Fk53REIHvxYtJlE2B655HuD0m8KUePWB3+LrPXo87wzQ1QLvbeUgmBM4x6F8PGHQHFVAFmOD2LdJF9FrXpbUAh0B5GIItb52sn896wVsMSHGuPE328HnRGBcrS7C41IzDWyWNlZkyyXwon8T332jisa+h6tEDYsVticbSnyU8dKOIbgU6ux5VTjg3yt+WGzjlpKn6NPhRjpA912xMezR4kw6KWwMrCVKSVCZciVGCgavjIQ6X8tCOp3yZbGpy0VxpAe+77TszTfRd5RJSVO/HTnifJpXgCSUdUue1v6h0EIBYYI1BD1DlD+C0CR8e6OewpusjZ4uBl9FyJvnhvQl+q5rv1ixrcpCumEPo5MJSgM9ehVsNPfUM669WuMyVWQLCzpu9GhglF2PE=";
const V6: &str = "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04=";
const V7: &str =
    "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ==";
const V8_ECHO: &str =
    "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==";
const V9: &str = "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q==";
const X1: &str = "jn1L23DB+6ELqJ+6bruv24kfnRA9CJ8qXRQfcTjuspbcu/BSVDHix6RSI3nK3z+fMd03dqZ5HIPCrQNNDa2xYd47apRHAo9FEf57/GQVWffqnF3WzheksoIGmk00BgBc";
const X2: &str =
    "jn1L23DB+6ELqJ+6bruv26fU26WF8nvEmmz/PVcACSF3tqTv1JC3I0gxQ5wXxvbu7LX0qrWOxRaeKhKq7hgNMQ==";
const X3: &str =
    "jn1L23DB+6ELqJ+6bruv23MQ68ysOrxhL7CpRjZ4WZdgFqes9v8iGaaZBu9Qpe/W60xpqsYTwNjd/ZCp69l9lg==";
const TICKET: &str =
    "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg";

fn signed(token: &str, parts: &[&str], expected: &str) {
    let token = Token::new(token);
    assert_eq!(sign(&token, parts), expected);
    assert!(verify(&token, parts, expected));
}

/// Encrypts to the vector and back.
fn round(key_text: &str, app_id: &str, random: &[u8; 16], message: &str, cipher: &str) {
    let key = key(key_text);
    assert_eq!(key.encrypt(*random, message.as_bytes(), app_id), cipher);
    assert_eq!(key.decrypt(cipher, app_id).unwrap(), message.as_bytes());
    assert_eq!(key.decrypt_parts(cipher).unwrap().random, *random);
}

#[test]
fn v1_v2_and_the_padding_edges_encrypt_to_the_published_text() {
    let (app, random) = ("wxb11529c136998cb6", b"aaaabbbbccccdddd");
    round(K1, app, random, "我是中文abcd123", V1);
    round(K1, app, random, V2_MESSAGE, V2);
    round(K1, app, random, "abcdefghijklmnopqrstuvwxyz", X1); // pad 32
    round(K1, app, random, "abcdefghij", X2); // pad 16
    round(K1, app, random, "", X3); // pad 26
    for (cipher, signature) in [
        (V1, "82c962d39941aa48552f90ef55aa323dc620cc10"),
        (X1, "2b07674cc11d69d1eb5a852d4d239f5190949b19"),
        (X2, "f71b8c7987e15ac269749566d1f91f70d68aba8f"),
        (X3, "012a2bb767a03e57e2cfba04c58225778f437ca8"),
    ] {
        signed("pamtest", &["1409304348", "xxxxxx", cipher], signature);
    }
}

#[test]
fn v3_opens_as_a_text_message() {
    let plain = key(K1).decrypt_parts(V3).unwrap();
    assert_eq!(&plain.random, b"89465c840c5f116f");
    assert_eq!(plain.receive_id, b"wx2c2769f8efd9abc2");
    assert_eq!(plain.message.len(), 280);
    let mut config = config(Mode::Compatible);
    config.token = Token::new("spamtest");
    config.app_id = "wx2c2769f8efd9abc2".into();
    let query = query(
        "timestamp=1409735669&nonce=1320562132&encrypt_type=aes&msg_signature=5d197aaffba7e9b25a30732f161a50dee96bd5fa&signature=16120ec1b8dbb870f510d87ce6bc2463eae6ca1a",
    );
    let body = format!(
        "<xml><ToUserName><![CDATA[gh_10f6c3c3ac5a]]></ToUserName>\n<Encrypt><![CDATA[{V3}]]></Encrypt></xml>"
    );
    let opened =
        endpoint::open(&config, &query, None, body.as_bytes(), 1409735669 * SECOND).unwrap();
    assert_eq!(opened.inbound.from_user, "oyORnuP8q7ou2gfYjqLzSIWZf0rs");
    assert_eq!(opened.inbound.to_user, "gh_10f6c3c3ac5a");
    assert_eq!(
        opened.inbound.msg_id.as_deref(),
        Some("6054768590064713728")
    );
    assert!(
        matches!(&opened.inbound.kind, InboundKind::Text { content, .. } if content == "abcdteT")
    );
}

#[test]
fn v4_and_v5_sign_the_url_verification_and_a_plain_push() {
    signed(
        "AAAAA",
        &["1714036504", "1514711492"],
        "f464b24fc39322e44b38aa78f5edd27bd1441696",
    );
    signed(
        "AAAAA",
        &["1714037059", "486452656"],
        "899cf89e464efb63f54ddac96b0a0a235f53aa78",
    );
    let mut config = config(Mode::Safe);
    config.token = Token::new("AAAAA");
    let query = query(
        "signature=f464b24fc39322e44b38aa78f5edd27bd1441696&echostr=4375120948345356249&timestamp=1714036504&nonce=1514711492",
    );
    let now = 1714036504 * SECOND;
    assert_eq!(
        endpoint::verify_url(&config, &query, now).unwrap(),
        "4375120948345356249"
    );
    config.previous_token = Some(config.token);
    config.token = Token::new("rotated");
    assert!(endpoint::verify_url(&config, &query, now).is_ok());
    config.previous_token = None;
    assert_eq!(
        endpoint::verify_url(&config, &query, now),
        Err(Refusal::Signature)
    );
}

#[test]
fn v6_opens_as_json_and_v7_is_its_reply() {
    signed(
        "AAAAA",
        &["1714112445", "415670741"],
        "6c5c811b55cc85e0e1b54100749188c20beb3f5d",
    );
    let plain = key(K0).decrypt_parts(V6).unwrap();
    assert_eq!(
        (&plain.random, plain.message.len()),
        (b"a8eedb185eb2fecf", 167)
    );
    let mut config = config(Mode::Safe);
    config.token = Token::new("AAAAA");
    config.app_id = "wxba5fad812f8e6fb9".into();
    config.key = Some(key(K0));
    let query = query(
        "encrypt_type=aes&timestamp=1714112445&nonce=415670741&msg_signature=046e02f8204d34f8ba5fa3b1db94908f3df2e9b3",
    );
    let body = format!("{{\"ToUserName\":\"gh_97417a04a28d\",\"Encrypt\":\"{V6}\"}}");
    let opened = endpoint::open(
        &config,
        &query,
        Some("application/json"),
        body.as_bytes(),
        1714112445 * SECOND,
    )
    .unwrap();
    assert_eq!(opened.format, Format::Json);
    assert_eq!(
        opened.inbound.kind,
        InboundKind::Event(Event::Other {
            name: "debug_demo".into()
        })
    );
    assert_eq!(opened.inbound.raw.get("debug_str"), Some("hello world"));

    round(
        K0,
        "wxba5fad812f8e6fb9",
        b"707722b803182950",
        "{\"demo_resp\":\"good luck\"}",
        V7,
    );
    signed(
        "AAAAA",
        &["1713424427", "415670741", V7],
        "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1",
    );
}

#[test]
fn v8_and_v9_of_the_sister_product_open_with_the_same_cryptography() {
    signed(
        "QDG6eK",
        &["1409659589", "263014780", V8_ECHO],
        "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3",
    );
    let echo = key(KW).decrypt(V8_ECHO, "wx5823bf96d3bd56c7").unwrap();
    assert_eq!(echo, b"1616140317555161061");
    signed(
        "QDG6eK",
        &["1409659813", "1372623149", V9],
        "477715d11cdb4164915debcba66cb864d751f3e6",
    );
    let plain = key(KW).decrypt(V9, "wx5823bf96d3bd56c7").unwrap();
    assert_eq!(plain.len(), 284);
    let fields = xml::parse(&plain, &MESSAGE_LIMITS).unwrap();
    assert_eq!(fields.get("Content"), Some("hello"));
    assert_eq!(fields.get("FromUserName"), Some("mycreate"));
    assert_eq!(fields.get("AgentID"), Some("218"));
}

#[test]
fn js_sdk_signatures_match() {
    let sign = |url| sign_js_sdk(TICKET, "Wm3WZYTPz0wzccnW", "1414587457", url);
    assert_eq!(
        sign("http://mp.weixin.qq.com"),
        "f4d90daf4b3bca3078ab155816175ba34c443a7b"
    );
    assert_eq!(
        sign("http://mp.weixin.qq.com?params=value#x"),
        "0f9de62fce790f9a083d5c99e95740ceb90c27ed"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn any_key_and_any_length_round_trips(
        text in "[A-Za-z0-9]{43}",
        message in proptest::collection::vec(any::<u8>(), 0..=200),
        random in any::<[u8; 16]>(),
    ) {
        let key = EncodingAesKey::parse(&text).unwrap();
        let cipher = key.encrypt(random, &message, "wxb11529c136998cb6");
        prop_assert_eq!(key.decrypt(&cipher, "wxb11529c136998cb6").unwrap(), message);
    }

    #[test]
    fn no_body_makes_a_parser_panic(body in proptest::collection::vec(any::<u8>(), 0..300), text in "[<>/!\\[\\]xmlCDATA&;#\"{}:, a]{0,200}") {
        let _ = xml::parse(&body, &MESSAGE_LIMITS);
        let _ = json::parse(&body, &MESSAGE_LIMITS);
        let _ = xml::parse(format!("<xml>{text}</xml>").as_bytes(), &MESSAGE_LIMITS);
        let _ = json::parse(text.as_bytes(), &MESSAGE_LIMITS);
    }

    #[test]
    fn any_text_comes_through_a_reply(text in "\\PC{1,300}") {
        prop_assume!(!Reply::text(text.as_str()).is_nothing());
        let opened = push(Mode::Safe, &text_message("hi")).unwrap();
        let body = seal(&Reply::text(text.as_str()), &opened.reply, NOW, "1", [9; 16]);
        let reply = platform_side::open_reply(&platform(Mode::Safe), &text_message("hi"), &body.bytes).unwrap();
        let PlatformReply::Message(fields) = reply else { panic!("not a message") };
        prop_assert_eq!(fields.get("Content"), Some(text.as_str()));
    }
}

#[test]
fn every_sample_is_read_as_its_kind_in_xml_and_json() {
    let mut seen = 0;
    for line in include_str!("../data/wechat_samples.tsv").lines() {
        let (name, sample) = line.split_once('\t').unwrap();
        let fields = xml::parse(sample.as_bytes(), &MESSAGE_LIMITS).unwrap();
        let again = json::parse(json::write(&fields).as_bytes(), &MESSAGE_LIMITS).unwrap();
        for fields in [fields, again] {
            let inbound = Inbound::from_fields(fields).unwrap();
            assert_eq!(inbound.kind_name(), name, "{sample}");
            assert_eq!(inbound.create_time, Some(1732095600));
            assert_eq!(inbound.person(), "oLVPpjqs9BhvzwPj5A-vTYAX3GLc");
            assert_eq!(inbound.msg_id.is_some(), inbound.is_message(), "{sample}");
        }
        seen += 1;
    }
    assert_eq!(seen, 38);
}

/// The kinds of the samples, for the details below.
fn sample(name: &str, containing: &str) -> Inbound {
    let (_, text) = include_str!("../data/wechat_samples.tsv")
        .lines()
        .map(|line| line.split_once('\t').unwrap())
        .find(|(kind, text)| *kind == name && text.contains(containing))
        .unwrap();
    Inbound::from_fields(xml::parse(text.as_bytes(), &MESSAGE_LIMITS).unwrap()).unwrap()
}

#[test]
fn the_samples_details_arrive() {
    let kind = |name: &str, containing: &str| sample(name, containing).kind;
    assert!(
        matches!(kind("text", "bizmsgmenuid"), InboundKind::Text { menu_id: Some(id), .. } if id == "102")
    );
    assert!(
        matches!(kind("text", "&"), InboundKind::Text { content, menu_id: None } if content == "登录 <abc> & 你好")
    );
    let article = sample("text", "MsgDataId").article.unwrap();
    assert_eq!(
        (article.data_id.as_str(), article.index),
        ("2247484512", Some(1))
    );
    assert!(matches!(
        kind("voice", ""),
        InboundKind::Voice {
            media_id_16k: Some(_),
            recognition: None,
            ..
        }
    ));
    assert!(matches!(
        kind("location", ""),
        InboundKind::Location {
            latitude: Some(31.230416),
            longitude: Some(121.473701),
            scale: Some(15),
            ..
        }
    ));
    assert!(matches!(
        kind("file", ""),
        InboundKind::File {
            size: Some(482133),
            ..
        }
    ));
    let event = |name: &str, containing: &str| match kind(name, containing) {
        InboundKind::Event(event) => event,
        _ => panic!("not an event"),
    };
    assert!(
        matches!(event("event:subscribe", "qrscene_"), Event::Subscribe { scene: Some(scene), ticket: Some(_) } if scene == "login_7f3a9c")
    );
    assert!(matches!(
        event("event:subscribe", "<EventKey><![CDATA[]]>"),
        Event::Subscribe {
            scene: None,
            ticket: None
        }
    ));
    assert!(
        matches!(event("event:scan", ""), Event::Scan { scene, .. } if scene == "login_7f3a9c")
    );
    assert!(matches!(
        event("event:location", ""),
        Event::Location {
            precision: Some(40.0),
            ..
        }
    ));
    assert!(
        matches!(event("event:scancode_waitmsg", ""), Event::ScanCode { waiting: true, result, .. } if result == "CODE_128,TX000123")
    );
    assert!(
        matches!(event("event:pic", ""), Event::Pictures { source: PictureSource::CameraOrAlbum, count: Some(2), md5, .. } if md5.len() == 2)
    );
    assert!(matches!(
        event("event:location_select", ""),
        Event::LocationSelect {
            latitude: Some(31.23),
            ..
        }
    ));
    assert!(
        matches!(event("event:templatesendjobfinish", "success"), Event::TemplateFinished { msg_id, status: DeliveryStatus::Success } if msg_id == "3428411849815982087")
    );
    assert!(matches!(
        event("event:templatesendjobfinish", "user block"),
        Event::TemplateFinished {
            status: DeliveryStatus::UserBlocked,
            ..
        }
    ));
    assert!(matches!(
        event("event:masssendjobfinish", ""),
        Event::MassFinished {
            sent: Some(4),
            failed: Some(0),
            ..
        }
    ));
    assert!(matches!(
        event("event:publishjobfinish", ""),
        Event::PublishFinished {
            status: Some(0),
            article_id: Some(_),
            ..
        }
    ));
    assert!(
        matches!(event("event:subscribe_msg", "popup"), Event::SubscribeNotice { stage: NoticeStage::Popup, entries } if entries.len() == 2 && entries[1].accepted == Some(false))
    );
    assert!(
        matches!(event("event:subscribe_msg", "sent"), Event::SubscribeNotice { stage: NoticeStage::Sent, entries } if entries[0].error_code == Some(0))
    );
    assert!(
        matches!(event("event:user_authorization_revoke", ""), Event::AuthorizationRevoked { info: Some(info), .. } if info == "205")
    );
    let deep = sample("event:masssendjobfinish", "");
    assert_eq!(
        deep.raw.get("ArticleUrlResult.ResultList.item.ArticleUrl"),
        Some("http://mp.weixin.qq.com/s/AbCd")
    );
    assert_eq!(
        sample("event:other", "CardId").raw.get("CardId"),
        Some("pFS7Fjg8kV1IdDz01r4SQwMkuCKc")
    );
}

#[test]
fn authorization_events_concern_their_openid_not_the_sender() {
    let fields = Fields::new()
        .text("ToUserName", "gh_1")
        .text("FromUserName", "oPlatform")
        .text("MsgType", "event")
        .text("Event", "user_authorization_cancellation")
        .text("OpenID", "oPerson");
    assert_eq!(Inbound::from_fields(fields).unwrap().person(), "oPerson");
}

#[test]
fn the_hosting_probe_is_read() {
    let fields = xml::parse(
        b"<xml><action>CheckContainerPath</action></xml>",
        &MESSAGE_LIMITS,
    )
    .unwrap();
    assert!(
        matches!(Inbound::from_fields(fields).unwrap().kind, InboundKind::Other { name } if name == "action:CheckContainerPath")
    );
}
