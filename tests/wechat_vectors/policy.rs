//! The endpoint's policy: what is accepted, what is refused, and how it is answered.

use menshen::env::SECOND;
use menshen::wechat::Refusal;
use menshen::wechat::crypto::CryptoError;
use menshen::wechat::endpoint::{self, Format, Mode, Query, TimestampWindow};
use menshen::wechat::fields::MESSAGE_LIMITS;
use menshen::wechat::platform_side::{self, PlatformReply, ReplyFault, SignedPush};
use menshen::wechat::replay::ReplayGuard;
use menshen::wechat::reply::{Article, MAX_ARTICLES, SUCCESS};
use menshen::wechat::signature::Token;
use menshen::wechat::{Fields, InboundKind, Reply, seal, xml};

use super::stage::*;

#[test]
fn every_mode_and_format_carries_a_message_and_its_reply() {
    for mode in [Mode::Safe, Mode::Compatible, Mode::Plaintext] {
        for format in [Format::Xml, Format::Json] {
            let mut platform = platform(mode);
            platform.format = format;
            let message = text_message("登录 ]]> & <b>");
            let opened = deliver(&config(mode), &signed_push(&platform, &message)).unwrap();
            assert_eq!(opened.format, format);
            assert_eq!(opened.reply.is_encrypted(), mode != Mode::Plaintext);
            assert!(
                matches!(&opened.inbound.kind, InboundKind::Text { content, .. } if content == "登录 ]]> & <b>")
            );
            let body = seal(&Reply::text("好 ]]>"), &opened.reply, NOW, "77", [3; 16]);
            let reply = platform_side::open_reply(&platform, &message, &body.bytes).unwrap();
            let PlatformReply::Message(fields) = reply else {
                panic!("not a message")
            };
            assert_eq!(fields.get("Content"), Some("好 ]]>"));
            assert_eq!(fields.get("ToUserName"), Some("oUser"));
        }
    }
}

#[test]
fn the_mode_comes_from_the_configuration_alone() {
    let message = text_message("锁定");
    let plain = signed_push(&platform(Mode::Plaintext), &message);
    let safe = signed_push(&platform(Mode::Safe), &message);
    for mode in [Mode::Safe, Mode::Compatible] {
        assert_eq!(
            deliver(&config(mode), &plain).unwrap_err(),
            Refusal::NotEncrypted
        );
        // The query claims encryption, the body is plain.
        let mut claimed = plain.clone();
        claimed.query.push_str("&encrypt_type=aes&msg_signature=x");
        assert_eq!(
            deliver(&config(mode), &claimed).unwrap_err(),
            Refusal::NotEncrypted
        );
        let mut raw = plain.clone();
        raw.query.push_str("&encrypt_type=raw");
        assert_eq!(
            deliver(&config(mode), &raw).unwrap_err(),
            Refusal::NotEncrypted
        );
    }
    assert_eq!(
        deliver(&config(Mode::Plaintext), &safe).unwrap_err(),
        Refusal::Encrypted
    );
}

#[test]
fn compatible_mode_ignores_the_plain_fields() {
    let mut push = signed_push(&platform(Mode::Compatible), &text_message("真"));
    push.body = push.body.replacen("真", "假", 1);
    let opened = deliver(&config(Mode::Compatible), &push).unwrap();
    assert!(matches!(opened.inbound.kind, InboundKind::Text { content, .. } if content == "真"));
}

#[test]
fn a_changed_body_query_or_account_is_refused_by_name() {
    let good = signed_push(&platform(Mode::Safe), &text_message("a"));
    let other = signed_push(&platform(Mode::Safe), &text_message("b"));
    let swapped = SignedPush {
        body: other.body.clone(),
        ..good.clone()
    };
    assert_eq!(
        deliver(&config(Mode::Safe), &swapped).unwrap_err(),
        Refusal::MsgSignature
    );
    let mut nonce = good.clone();
    nonce.query = nonce.query.replace("nonce=0132056213", "nonce=132056213");
    assert_eq!(
        deliver(&config(Mode::Safe), &nonce).unwrap_err(),
        Refusal::Signature
    );
    let mut unsigned = good.clone();
    unsigned.query = unsigned
        .query
        .split("&msg_signature")
        .next()
        .unwrap()
        .to_owned();
    assert_eq!(
        deliver(&config(Mode::Safe), &unsigned).unwrap_err(),
        Refusal::Missing("msg_signature")
    );
    let mut foreign = platform(Mode::Safe);
    foreign.app_id = "wx0000000000000000".into();
    let refusal = deliver(
        &config(Mode::Safe),
        &signed_push(&foreign, &text_message("a")),
    )
    .unwrap_err();
    assert_eq!(refusal, Refusal::Crypto(CryptoError::AppId));
    assert_eq!(refusal.status(), 403);
    let mut plain = signed_push(&platform(Mode::Plaintext), &text_message("a"));
    plain.query = plain.query.replace("signature=", "signature=0");
    assert_eq!(
        deliver(&config(Mode::Plaintext), &plain).unwrap_err(),
        Refusal::Signature
    );
    assert_eq!(Query::parse("nonce=1&nonce=2"), Err(Refusal::Query));
    assert_eq!(Query::parse("nonce=%+1"), Err(Refusal::Query));
    let huge = vec![b' '; endpoint::BODY_LIMIT + 1];
    let now = NOW * SECOND;
    let refusal =
        endpoint::open(&config(Mode::Safe), &query(&good.query), None, &huge, now).unwrap_err();
    assert_eq!(refusal.status(), 413);
}

#[test]
fn a_query_is_read_up_to_its_bound() {
    let push = signed_push(&platform(Mode::Safe), &text_message("a"));
    let padded = |bytes: usize| {
        let start = format!("{}&more=", push.query);
        let rest = "x".repeat(bytes - start.len());
        start + &rest
    };
    assert!(Query::parse(&padded(endpoint::QUERY_LIMIT)).is_ok());
    assert_eq!(
        Query::parse(&padded(endpoint::QUERY_LIMIT + 1)),
        Err(Refusal::Query)
    );
    assert_eq!(Refusal::Query.status(), 400);
}

#[test]
fn an_encrypted_push_is_judged_by_what_it_is_and_not_by_what_the_query_says() {
    let good = signed_push(&platform(Mode::Safe), &text_message("a"));
    let silent = SignedPush {
        query: good.query.replace("&encrypt_type=aes", ""),
        ..good.clone()
    };
    assert!(deliver(&config(Mode::Safe), &silent).is_ok());
    // Not every sender signs the query besides; one that does must do it right.
    let (before, rest) = good.query.split_once('&').unwrap();
    assert!(before.starts_with("signature="));
    let unsigned = SignedPush {
        query: rest.to_owned(),
        ..good.clone()
    };
    assert!(deliver(&config(Mode::Safe), &unsigned).is_ok());
    let wrong = SignedPush {
        query: format!("signature={}&{rest}", "0".repeat(40)),
        ..good
    };
    assert_eq!(
        deliver(&config(Mode::Safe), &wrong).unwrap_err(),
        Refusal::Signature
    );
}

#[test]
fn a_push_for_another_original_id_is_refused_where_it_is_configured() {
    for mode in [Mode::Safe, Mode::Plaintext] {
        let mut config = config(mode);
        config.original_id = Some("gh_1".into());
        let good = signed_push(&platform(mode), &text_message("a"));
        assert!(deliver(&config, &good).is_ok());
        config.original_id = Some("gh_2".into());
        let refusal = deliver(&config, &good).unwrap_err();
        assert_eq!((refusal, refusal.status()), (Refusal::ToUser, 403));
    }
}

#[test]
fn a_push_without_its_account_is_answered_from_what_else_names_it() {
    let mut message = Fields::new();
    for field in text_message("a").iter().skip(1) {
        message.push(&field.name, field.value.clone());
    }
    let account = |mode, original_id: Option<&str>| {
        let mut config = config(mode);
        config.original_id = original_id.map(str::to_owned);
        let mut push = signed_push(&platform(mode), &message);
        if mode == Mode::Safe {
            push.body = push.body.replace(
                "<ToUserName><![CDATA[]]>",
                "<ToUserName><![CDATA[gh_envelope]]>",
            );
        }
        let opened = deliver(&config, &push).unwrap();
        let body = seal(&Reply::text("b"), &opened.reply, NOW, "1", [0; 16]);
        (opened.inbound.to_user, body.bytes == SUCCESS.as_bytes())
    };
    assert_eq!(account(Mode::Safe, None), ("gh_envelope".into(), false));
    assert_eq!(account(Mode::Safe, Some("gh_1")), ("gh_1".into(), false));
    assert_eq!(account(Mode::Plaintext, None), (String::new(), true));
}

#[test]
fn a_body_is_read_by_how_it_begins() {
    for (format, claimed) in [
        (Format::Json, "text/xml"),
        (Format::Xml, "application/json"),
        (Format::Json, "application/x-www-form-urlencoded"),
    ] {
        for mode in [Mode::Safe, Mode::Plaintext] {
            let mut platform = platform(mode);
            platform.format = format;
            let mut push = signed_push(&platform, &text_message("a"));
            push.content_type = claimed;
            push.body.insert(0, '\u{feff}');
            assert_eq!(deliver(&config(mode), &push).unwrap().format, format);
        }
    }
}

#[test]
fn a_pretty_printed_push_is_the_same_push() {
    let lay_out = |text: &str| {
        let text = text.replace("><", ">\n    <");
        text.replace("<![CDATA[", "\n      <![CDATA[")
            .replace("]]>", "]]>\n    ")
    };
    let bare = |text: &str| {
        text.replace("<![CDATA[", "\n      ")
            .replace("]]>", "\n    ")
    };
    let first = push(Mode::Plaintext, &text_message("a")).unwrap();
    for shape in [lay_out, bare] {
        let mut push = signed_push(&platform(Mode::Plaintext), &text_message("a"));
        push.body = shape(&push.body);
        let again = deliver(&config(Mode::Plaintext), &push).unwrap();
        assert_eq!(
            (again.key, again.fingerprint),
            (first.key, first.fingerprint),
            "{}",
            push.body
        );
        let mut push = signed_push(&platform(Mode::Safe), &text_message("a"));
        push.body = shape(&push.body);
        assert!(deliver(&config(Mode::Safe), &push).is_ok(), "{}", push.body);
    }
}

#[test]
fn a_reply_without_material_is_no_reply() {
    let opened = push(Mode::Safe, &text_message("hi")).unwrap();
    let media_id = String::new;
    for reply in [
        Reply::Image {
            media_id: media_id(),
        },
        Reply::Voice {
            media_id: media_id(),
        },
        Reply::Video {
            media_id: " ".into(),
            title: None,
            description: None,
        },
        Reply::Music {
            thumb_media_id: media_id(),
            title: Some("曲".into()),
            description: None,
            music_url: None,
            hq_music_url: None,
        },
    ] {
        let body = seal(&reply, &opened.reply, NOW, "1", [0; 16]);
        assert_eq!(body.bytes, SUCCESS.as_bytes(), "{reply:?}");
    }
}

#[test]
fn the_timestamp_window_is_kept() {
    for mode in [Mode::Safe, Mode::Plaintext] {
        let push = signed_push(&platform(mode), &text_message("a"));
        let at = |now| {
            endpoint::open(
                &config(mode),
                &query(&push.query),
                None,
                push.body.as_bytes(),
                now,
            )
            .map(|_| ())
        };
        assert_eq!(at((NOW + 300) * SECOND), Ok(()));
        assert_eq!(
            at((NOW + 301) * SECOND),
            Err(Refusal::Timestamp { ahead: false })
        );
        assert_eq!(at((NOW - 60) * SECOND), Ok(()));
        assert_eq!(
            at((NOW - 61) * SECOND),
            Err(Refusal::Timestamp { ahead: true })
        );
    }
}

#[test]
fn a_rotating_account_is_answered_with_what_opened_the_push() {
    let old = platform(Mode::Safe);
    let mut config = config(Mode::Safe);
    config.previous_key = config.key.replace(key(K0));
    config.previous_token = Some(std::mem::replace(&mut config.token, Token::new("new")));
    let message = text_message("a");
    let opened = deliver(&config, &signed_push(&old, &message)).unwrap();
    let body = seal(&Reply::text("b"), &opened.reply, NOW, "1", [0; 16]);
    assert!(platform_side::open_reply(&old, &message, &body.bytes).is_ok());

    let mut new = platform(Mode::Safe);
    new.token = Token::new("new");
    new.key = Some(key(K0));
    let opened = deliver(&config, &signed_push(&new, &message)).unwrap();
    let body = seal(&Reply::text("b"), &opened.reply, NOW, "1", [0; 16]);
    assert!(platform_side::open_reply(&new, &message, &body.bytes).is_ok());
    assert_eq!(
        platform_side::open_reply(&old, &message, &body.bytes),
        Err(ReplyFault::Signature)
    );
}

#[test]
fn a_retry_is_the_same_push_and_another_body_is_told_apart() {
    let first = push(Mode::Safe, &text_message("a")).unwrap();
    let mut later = stamp(NOW + 5);
    later.nonce = "9".into();
    later.random = [1; 16];
    let retry =
        platform_side::build_push(&platform(Mode::Safe), &text_message("a"), &later).unwrap();
    let retry = deliver(&config(Mode::Safe), &retry).unwrap();
    assert_eq!(
        (first.key, first.fingerprint),
        (retry.key, retry.fingerprint)
    );
    let other = push(Mode::Safe, &text_message("b")).unwrap();
    assert_eq!(first.key, other.key);
    assert_ne!(first.fingerprint, other.fingerprint);
}

#[test]
fn one_plain_signature_is_good_for_one_body() {
    let window = TimestampWindow::default();
    let guard = ReplayGuard::new(window);
    let first = push(Mode::Plaintext, &text_message("a")).unwrap();
    let now = NOW * SECOND;
    assert_eq!(guard.check(&first, now), Ok(()));
    assert_eq!(guard.check(&first, now + 5 * SECOND), Ok(()));
    let forged = push(Mode::Plaintext, &text_message("锁定")).unwrap();
    assert_eq!(
        guard.check(&forged, now + window.past),
        Err(Refusal::Replayed)
    );
    // Encrypted signatures cover the body.
    let safe = push(Mode::Safe, &text_message("锁定")).unwrap();
    assert_eq!(guard.check(&safe, now), Ok(()));

    let full = ReplayGuard::with_capacity(window, 0);
    assert_eq!(full.check(&first, now), Err(Refusal::ReplayGuardFull));
    // A full guard forgets the oldest seconds, and from then on refuses what was signed in them.
    let small = ReplayGuard::with_capacity(window, 1);
    assert_eq!(small.check(&first, now), Ok(()));
    let newer = platform_side::build_push(
        &platform(Mode::Plaintext),
        &text_message("b"),
        &stamp(NOW + 60),
    )
    .unwrap();
    let newer = deliver(&config(Mode::Plaintext), &newer).unwrap();
    assert_eq!(small.check(&newer, now + 60 * SECOND), Ok(()));
    assert_eq!(small.len(), 1);
    for old in [&first, &forged] {
        assert_eq!(
            small.check(old, now + 60 * SECOND),
            Err(Refusal::ReplayGuardFull)
        );
    }
    // A full guard empties with time.
    let small = ReplayGuard::with_capacity(window, 1);
    assert_eq!(small.check(&first, now), Ok(()));
    assert_eq!(small.check(&forged, now + 8 * 60 * SECOND), Ok(()));
}

#[test]
fn all_reply_types_pass_the_platforms_own_checks() {
    let id = || "media".to_owned();
    let article = Article {
        title: "标题".into(),
        description: "摘要".into(),
        pic_url: "https://example.com/p.jpg".into(),
        url: "https://example.com/".into(),
    };
    let replies = [
        Reply::text("好"),
        Reply::Image { media_id: id() },
        Reply::Voice { media_id: id() },
        Reply::Video {
            media_id: id(),
            title: None,
            description: Some("d".into()),
        },
        Reply::Music {
            thumb_media_id: id(),
            title: None,
            description: None,
            music_url: Some("https://example.com/a.mp3".into()),
            hq_music_url: None,
        },
        Reply::News {
            articles: vec![article; 10],
        },
        Reply::TransferCustomerService {
            account: Some("ops1@example_gh".into()),
        },
    ];
    for reply in replies {
        let stored = serde_json::to_string(&reply).unwrap();
        assert_eq!(serde_json::from_str::<Reply>(&stored).unwrap(), reply);
        for (message, is_event) in [(text_message("a"), false), (event_message(), true)] {
            let opened = push(Mode::Safe, &message).unwrap();
            let body = seal(&reply, &opened.reply, NOW, "1", [0; 16]);
            let back =
                platform_side::open_reply(&platform(Mode::Safe), &message, &body.bytes).unwrap();
            match (back, &reply) {
                (PlatformReply::Acknowledged, Reply::TransferCustomerService { .. }) => {
                    assert!(is_event)
                }
                (PlatformReply::Message(fields), Reply::News { .. }) => {
                    let count = fields.descend("Articles").unwrap().groups("item").count();
                    assert_eq!(count, if is_event { MAX_ARTICLES } else { 1 });
                }
                (PlatformReply::Message(_), _) => {}
                (other, _) => panic!("{reply:?}: {other:?}"),
            }
        }
    }
}

#[test]
fn nothing_to_say_is_the_bare_word_in_every_mode() {
    for mode in [Mode::Safe, Mode::Compatible, Mode::Plaintext] {
        let opened = push(mode, &text_message("a")).unwrap();
        for reply in [
            Reply::Nothing,
            Reply::text(""),
            Reply::text(" \u{0}\n"),
            Reply::News { articles: vec![] },
        ] {
            assert_eq!(
                seal(&reply, &opened.reply, NOW, "1", [0; 16]).bytes,
                SUCCESS.as_bytes()
            );
        }
    }
}

#[test]
fn long_texts_are_cut_to_the_platforms_limit() {
    let opened = push(Mode::Plaintext, &text_message("a")).unwrap();
    let body = seal(
        &Reply::text("汉".repeat(5000)),
        &opened.reply,
        NOW,
        "1",
        [0; 16],
    );
    let fields = xml::parse(&body.bytes, &MESSAGE_LIMITS).unwrap();
    assert!(fields.get("Content").unwrap().len() <= 2048);
}
