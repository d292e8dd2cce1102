//! Rules changed under a running bot: nothing lost, nothing half-applied, nothing misrouted, and a way back.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use menshen::bot::api::{PushAnswer, ReloadError};
use menshen::bot::builder::Built;
use menshen::bot::reload::RollbackError;
use menshen::bot::settings::{Settings, StandingTime};
use menshen::bot::{Bot, archive};
use menshen::env::Env;
use menshen::keys::Keys;
use menshen::store::{self, SharedStore};
use menshen::wechat::fields::Fields;
use menshen::wechat::message::Inbound;
use menshen::wechat::push_key::{BodyDigest, push_key};
use menshen::wechat::reply::Reply;

/// Two rules and a dialog that all say which edition they are of.
fn edition(name: &str) -> String {
    format!(
        r#"
on text "一" {{
    reply "{name} 一"
}}

on text "二" {{
    reply "{name} 二"
}}

on text "问" {{
    start asking
}}

dialog asking expires 10 minutes {{
    ask phone: mobile "{name} 手机号？"
    ask code: digits(6) "{name} 验证码？"
    done {{ reply "{name} 好了" }}
}}
"#
    )
}

const WRONG: &str = "on text \"一\" {\n    replyy \"错\"\n}\n";
/// It compiles, but its story does not hold.
const BROKEN_STORY: &str = "on text \"一\" {\n    reply \"甲 一\"\n}\n\ntest \"不对\" {\n    wechat 小王 sends \"一\"\n    expect reply \"乙 一\"\n}\n";

async fn bot_over(store: &SharedStore, env: &Env, rules: &Path) -> Arc<Bot> {
    let keys = Keys::from_bytes(&[1; 32], None);
    let built = Bot::builder(store.clone(), env.clone(), keys)
        .rules(rules)
        .settings(Settings {
            timer: Arc::new(StandingTime),
            ..Settings::default()
        })
        .build()
        .await;
    let Built { bot, .. } = built.unwrap_or_else(|error| panic!("{error}: {error:?}"));
    bot
}

async fn say(bot: &Arc<Bot>, openid: &str, id: u64, words: &str) -> String {
    let inbound = Inbound::from_fields(
        Fields::new()
            .text("ToUserName", "gh_1")
            .text("FromUserName", openid)
            .text("CreateTime", "1790000000")
            .text("MsgType", "text")
            .text("Content", words)
            .text("MsgId", id.to_string()),
    )
    .expect("a message");
    let digest = BodyDigest::of(&inbound);
    let key = push_key(&inbound, &digest);
    match bot.handle("main", inbound, key, digest).await {
        PushAnswer::Reply(reply) => match &*reply {
            Reply::Text { content } => content.clone(),
            other => panic!("{other:?}"),
        },
        other => panic!("{words} is answered {other:?}"),
    }
}

fn write(folder: &Path, text: &str) {
    fs::write(folder.join("a.rules"), text).expect("written");
}

/// One thread of pushes, so that loading, which gives way to them, has a processor as well.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn good_and_bad_files_under_load_lose_and_misroute_nothing() {
    const CHANGES: u64 = 40;
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &edition("第0版"));
    let (env, _) = Env::scripted(1_790_000_000_000, 1);
    let store = store::memory(env.clone());
    let bot = bot_over(&store, &env, folder.path()).await;
    let done = Arc::new(AtomicBool::new(false));
    // The newest edition known to be live, and the newest that may be.
    let (live, coming) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let speakers: Vec<_> = (0..8_u64)
        .map(|speaker| {
            let (bot, done) = (bot.clone(), done.clone());
            let (live, coming) = (live.clone(), coming.clone());
            tokio::spawn(async move {
                let openid = format!("o{speaker}");
                let mut said = 0;
                while !done.load(Ordering::SeqCst) || said < 50 {
                    said += 1;
                    let words = if said % 2 == 0 { "一" } else { "二" };
                    let from = live.load(Ordering::SeqCst);
                    let reply = say(&bot, &openid, speaker * 1_000_000 + said, words).await;
                    let to = coming.load(Ordering::SeqCst);
                    let number = reply
                        .strip_prefix("第")
                        .and_then(|rest| rest.strip_suffix(&format!("版 {words}")))
                        .unwrap_or_else(|| panic!("{words} was answered {reply}"));
                    let number: u64 = number.parse().expect("a number");
                    assert!(
                        (from..=to).contains(&number),
                        "{number} is not in {from}..={to}"
                    );
                    // As a connection does between two pushes. Most are answered at once; those that are not are
                    // worked on by tasks that would never be run by a thread that is always kept busy.
                    tokio::task::yield_now().await;
                }
                said
            })
        })
        .collect();
    for n in 1..=CHANGES {
        write(folder.path(), if n % 2 == 0 { WRONG } else { BROKEN_STORY });
        let refused = bot.reload().await;
        assert!(
            matches!(refused, Err(ReloadError::Rejected(_))),
            "{refused:?}"
        );
        let status = bot.generations().status();
        assert!(status.stale && status.stale_since.is_some() && status.last_error.is_some());
        write(folder.path(), &edition(&format!("第{n}版")));
        coming.store(n, Ordering::SeqCst);
        let status = bot.reload().await.expect("good rules");
        assert_eq!((status.generation, status.stale), (n + 1, false));
        live.store(n, Ordering::SeqCst);
    }
    done.store(true, Ordering::SeqCst);
    for speaker in speakers {
        assert!(speaker.await.expect("nothing lost") >= 50);
    }
}

#[tokio::test]
async fn a_dialog_keeps_its_text_over_reload_and_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &edition("旧"));
    let (env, _) = Env::scripted(1_790_000_000_000, 1);
    let store = store::memory(env.clone());
    let bot = bot_over(&store, &env, folder.path()).await;
    assert_eq!(say(&bot, "o1", 1, "问").await, "旧 手机号？");
    write(folder.path(), &edition("新"));
    bot.reload().await.expect("good rules");
    assert_eq!(say(&bot, "o2", 2, "问").await, "新 手机号？");
    assert_eq!(say(&bot, "o1", 3, "13800138000").await, "旧 验证码？");
    // Another process on the same store: it has only the new files.
    drop(bot);
    let bot = bot_over(&store, &env, folder.path()).await;
    assert_eq!(bot.generations().status().generation, 2, "nothing changed");
    assert_eq!(say(&bot, "o1", 4, "123456").await, "旧 好了");
    assert_eq!(say(&bot, "o1", 5, "一").await, "新 一");
}

#[tokio::test]
async fn an_earlier_generation_comes_back_with_its_files() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &edition("旧"));
    let (env, _) = Env::scripted(1_790_000_000_000, 1);
    let store = store::memory(env.clone());
    let bot = bot_over(&store, &env, folder.path()).await;
    write(folder.path(), &edition("新"));
    fs::write(
        folder.path().join("b.rules"),
        "on text \"三\" {\n    reply \"三\"\n}\n",
    )
    .expect("written");
    bot.reload().await.expect("good rules");
    write(folder.path(), WRONG);
    assert!(bot.reload().await.is_err());
    let unknown = bot.rollback(9).await;
    assert!(
        matches!(unknown, Err(RollbackError::Unknown(9))),
        "{unknown:?}"
    );

    let status = bot.rollback(1).await.expect("it is kept");
    assert_eq!((status.generation, status.stale), (3, false));
    assert_eq!(say(&bot, "o1", 1, "一").await, "旧 一");
    let read = |name: &str| fs::read_to_string(folder.path().join(name));
    assert_eq!(read("a.rules").expect("there"), edition("旧"));
    assert!(read("b.rules").is_err(), "it was not there then");
    let aside = fs::read_dir(folder.path())
        .expect("readable")
        .flatten()
        .find(|entry| {
            entry
                .file_name()
                .to_string_lossy()
                .starts_with(".replaced-")
        })
        .expect("what was there is kept");
    assert_eq!(
        fs::read_to_string(aside.path().join("a.rules")).expect("kept"),
        WRONG
    );
    let history = archive::history(&*store, 10).await.expect("read");
    let changed: Vec<_> = history
        .iter()
        .map(|entry| (entry.generation, entry.changed.clone()))
        .collect();
    let both = || vec!["a.rules".to_owned(), "b.rules".to_owned()];
    assert_eq!(changed, [(3, both()), (2, both()), (1, Vec::new())]);
    // A reload finds what it runs already.
    assert_eq!(bot.reload().await.expect("good rules").generation, 3);
}
