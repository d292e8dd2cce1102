//! What becomes of a push whose answer nobody waits for.

use super::*;
use crate::env::Env;
use crate::keys::Keys;
use crate::lang::span::Sources;
use crate::wechat::fields::Fields;
use crate::wechat::push_key::identify;

const RULES: &str = "on text \"记\" {\n    note \"一\"\n    reply \"记下了\"\n}\n";

#[tokio::test]
async fn a_push_that_nobody_waited_for_is_not_under_way_for_ever() {
    let env = Env::scripted(1_790_000_000_000, 1).0;
    let store = crate::store::memory(env.clone());
    let built = Bot::builder(store, env, Keys::from_bytes(&[1; 32], None))
        .sources(Sources::single("a.rules", RULES))
        .build()
        .await;
    let bot = built.expect("a bot").bot;
    let fields = Fields::new()
        .text("ToUserName", "gh_1")
        .text("FromUserName", "o1")
        .text("CreateTime", "1790000000")
        .text("MsgType", "text")
        .text("Content", "记")
        .text("MsgId", "1");
    let inbound = Inbound::from_fields(fields).expect("a message");
    let id = Identity {
        key: identify(&inbound),
        fingerprint: Fingerprint::of(&inbound),
        digest: None,
    };
    let deliver = || bot.deliver("main", Box::new(inbound.clone()), id, false);
    // It leaves a note, so its answer has to be waited for; this caller is gone before.
    let answering = deliver();
    assert!(matches!(answering, Either::Right(_)));
    drop(answering);
    assert_eq!(bot.pushes.sizes().0, 0, "nothing is under way");
    assert!(matches!(deliver().await, PushAnswer::Reply(_)));
}
