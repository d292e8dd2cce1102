//! What the shipped stories leave in a store is a story again, which passes; and nothing of the people in
//! it is left.

use std::path::PathBuf;
use std::sync::Arc;

use super::*;
use crate::accounts;
use crate::bot::ruleset::{self, Ruleset};
use crate::bot::stories::stage::Stage;
use crate::bot::stories::{print, run, times};
use crate::lang::builtins::{CallSpec, Registry};
use crate::lang::program::Story;
use crate::lang::span::Sources;

fn registry() -> Registry {
    let mut registry = Registry::standard();
    registry
        .register_call(CallSpec::webhook("security_desk"))
        .unwrap();
    registry
}

fn shipped() -> Sources {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("rules");
    crate::bot::folder::load(&[folder]).unwrap()
}

fn compiled(sources: Sources) -> Ruleset {
    ruleset::compile(sources, &registry()).unwrap().ruleset
}

/// What is left in the store after a story, recorded.
async fn recorded(rules: &Ruleset, story: &Story, stretch: &Stretch) -> Recorded {
    let mut stage = Stage::build(rules, &registry(), Language::Zh)
        .await
        .unwrap();
    for step in &story.steps {
        for round in 0..times(step) {
            stage.step(step, round).await.unwrap();
        }
    }
    let store = Arc::clone(stage.bot.store());
    record(&*store, stretch).await.unwrap()
}

fn everything(account: &str) -> Stretch {
    Stretch {
        account: account.to_owned(),
        official_account: None,
        from: Millis::MIN,
        to: Millis::MAX,
        real_addresses: false,
        language: Language::Zh,
    }
}

/// Runs a recorded story under the shipped rules; how it failed.
fn failed(lines: &Lines) -> Option<String> {
    let mut sources = shipped();
    let text = item("记录", &lines.lines);
    let more = Sources::single("zz-recorded.rules", &text);
    sources.files.extend(more.files);
    let rules = match ruleset::compile(sources, &registry()) {
        Ok(loaded) => loaded.ruleset,
        Err(error) => return Some(format!("{error}\n{text}")),
    };
    let results = run(&rules, &registry(), Some("记录"));
    let result = results.last().unwrap();
    (!result.passed()).then(|| print(&rules, result))
}

#[tokio::test]
async fn what_a_story_leaves_behind_is_a_story_that_passes() {
    let rules = compiled(shipped());
    let mut wrong = Vec::new();
    let mut passed = 0;
    for (index, story) in rules.program.stories.iter().enumerate() {
        // The rules have a list of addresses.
        let stretch = Stretch {
            real_addresses: true,
            language: [Language::Zh, Language::En][index % 2],
            ..everything("alice")
        };
        let Recorded::Story(lines) = recorded(&rules, story, &stretch).await else {
            continue;
        };
        match std::thread::spawn(move || failed(&lines)).join().unwrap() {
            Some(why) => wrong.push(format!("== {}\n{why}", story.name)),
            None => passed += 1,
        }
    }
    assert!(wrong.is_empty(), "{passed} passed\n{}", wrong.join("\n"));
    assert!(passed >= 35, "{passed}");
}

fn story(rules: &Ruleset, name: &str) -> Story {
    let mut stories = rules.program.stories.iter();
    stories.find(|story| story.name == name).unwrap().clone()
}

#[tokio::test]
async fn a_stretch_is_what_happened_in_it_with_stand_ins() {
    let mut sources = shipped();
    let text = r#"test "一段" {
    place 北京 39.90 116.40
    account alice phone "13912345678" code "482913"
    wechat 小王 sends "手机号13912345678 验证码482913"
    login alice city 北京 machine "pc-1" ip "203.0.113.77", 3 times every 1 day
    after 2 hours
    login alice city 北京 machine "pc-2" ip "203.0.113.78" wrong password
    operator locks alice
}
"#;
    sources
        .files
        .extend(Sources::single("zz.rules", text).files);
    let rules = compiled(sources);
    let told = story(&rules, "一段");
    let Recorded::Story(all) = recorded(&rules, &told, &everything("alice")).await else {
        panic!("no story");
    };
    let text = all.lines.join("\n");
    for secret in [
        "alice",
        "13912345678",
        "482913",
        "pc-1",
        "mch_",
        "203.0.113",
        "o-",
    ] {
        assert!(!text.contains(secret), "{secret} in\n{text}");
    }
    assert_eq!(
        all.lines
            .iter()
            .filter(|line| line.starts_with("login "))
            .count(),
        4,
        "{text}"
    );
    // Two addresses of one network, two machines.
    assert!(
        text.contains("ip \"198.18.0.1\"") && text.contains("ip \"198.18.0.2\""),
        "{text}"
    );
    assert!(
        text.contains("machine \"machine-2\" ip \"198.18.0.2\" wrong password"),
        "{text}"
    );
    assert!(
        text.contains("after 1 days\n") || text.contains("after 23 hours"),
        "{text}"
    );
    assert!(
        text.contains("operator locks 账号1\nexpect 账号1 locked"),
        "{text}"
    );

    // Only the last hours: the binding was before them and is there all the same.
    let late = Stretch {
        from: all.to - HOUR,
        real_addresses: true,
        ..everything("alice")
    };
    let Recorded::Story(part) = recorded(&rules, &told, &late).await else {
        panic!("no story");
    };
    let text = part.lines.join("\n");
    assert!(text.contains("expect 微信1 bound"), "{text}");
    assert_eq!(
        part.lines
            .iter()
            .filter(|line| line.starts_with("login "))
            .count(),
        1
    );
    assert!(text.contains("ip \"203.0.113.78\""), "{text}");
    assert_eq!(
        recorded(&rules, &told, &everything("nobody")).await,
        Recorded::UnknownAccount
    );
    let before = Stretch {
        to: all.from - 1,
        ..everything("alice")
    };
    assert_eq!(recorded(&rules, &told, &before).await, Recorded::Nothing);
}

/// Binds through another official account, as its followers' pushes would.
async fn bind_elsewhere(
    stage: &Stage,
    account: &'static str,
    phone: &'static str,
    openid: &'static str,
) {
    let shared = stage.bot.shared().clone();
    let bound = stage.run("bind elsewhere", move |tx| {
        let limits = &shared.limits.accounts;
        let code = "777777".to_owned();
        let purpose = accounts::CodePurpose::Bind;
        accounts::issue_digits(
            tx,
            &shared.keys,
            limits,
            account,
            purpose,
            code,
            accounts::SYSTEM,
        )?;
        let request = accounts::BindRequest {
            official_account: "second",
            openid,
            phone,
            proof: accounts::Proof::Code("777777"),
        };
        accounts::bind(tx, &shared.keys, limits, request)
    });
    let bound = bound.await.unwrap();
    assert!(
        matches!(bound, accounts::BindOutcome::Bound { .. }),
        "{bound:?}"
    );
}

#[tokio::test]
async fn several_accounts_followers_and_official_accounts_are_told_apart() {
    let mut sources = shipped();
    let text = r#"test "几个人" {
    account alice phone "13912345678" code "482913"
    account bob phone "13712345678" code "135790"
    wechat 小王 sends "手机号13912345678 验证码482913"
    wechat 小李 sends "手机号13712345678 验证码135790"
    wechat 小李 sends "绑定"
    login alice machine "pc-1", 3 times every 1 day
    login bob machine "pc-9"
    operator unbinds alice
    issue bind code "222222" to alice
    wechat 小赵 sends "手机号13912345678 验证码222222"
    operator unbinds alice
    issue bind code "333333" to alice
    wechat 小王 sends "手机号13912345678 验证码333333"
    operator locks alice
    operator unlocks alice
}
"#;
    sources
        .files
        .extend(Sources::single("zz.rules", text).files);
    let rules = compiled(sources);
    let told = story(&rules, "几个人");
    let mut stage = Stage::build(&rules, &registry(), Language::Zh)
        .await
        .unwrap();
    for step in &told.steps {
        for round in 0..times(step) {
            stage.step(step, round).await.unwrap();
        }
    }
    // One account in both official accounts, one follower of the second in none of the first.
    bind_elsewhere(&stage, "alice", "13912345678", "o-second-alice").await;
    let store = Arc::clone(stage.bot.store());
    let of = |openid: &'static str| {
        let store = Arc::clone(&store);
        async move { account_of(&*store, openid).await.unwrap() }
    };
    let here = crate::bot::stories::act::openid("小李");
    let bob = account_of(&*store, &here).await.unwrap();
    assert_eq!(bob, Some(("bob".to_owned(), Some("main".to_owned()))));
    let second = Some("second".to_owned());
    assert_eq!(
        of("o-second-alice").await,
        Some(("alice".to_owned(), second.clone()))
    );

    for (account, through, bindings, elsewhere) in [
        ("alice", Some("main".to_owned()), 3, true),
        ("alice", second.clone(), 1, true),
        // The newest binding says.
        ("alice", None, 1, true),
        ("bob", None, 1, false),
    ] {
        let stretch = Stretch {
            official_account: through.clone(),
            ..everything(account)
        };
        let Recorded::Story(lines) = record(&*store, &stretch).await.unwrap() else {
            panic!("no story of {account}");
        };
        let all = lines.lines.join("\n");
        let count = all.matches(" bound").count();
        assert_eq!(count, bindings, "{account} {through:?}\n{all}");
        assert_eq!(all.contains("别的公众号"), elsewhere, "{all}");
        let why = std::thread::spawn(move || failed(&lines)).join().unwrap();
        assert_eq!(why, None, "{account} {through:?}");
    }
}

const HOUR: Millis = crate::env::HOUR;

/// A system that reports its logins need not say why one failed, or says it in its own words.
#[tokio::test]
async fn a_reported_failure_stays_a_failure() {
    let mut sources = shipped();
    let text = r#"test "报告" {
    account alice phone "13912345678"
    login alice machine "pc-1" wrong password reported, 2 times
    login alice machine "pc-1" reported
    operator locks alice
    login alice machine "pc-1" reported
}
"#;
    sources
        .files
        .extend(Sources::single("zz.rules", text).files);
    let rules = compiled(sources);
    let told = story(&rules, "报告");
    let Recorded::Story(all) = recorded(&rules, &told, &everything("alice")).await else {
        panic!("no story");
    };
    let logins: Vec<bool> = all
        .lines
        .iter()
        .filter(|line| line.starts_with("login "))
        .map(|line| line.contains(" wrong password reported"))
        .collect();
    // The last had the right password and met the lock.
    assert_eq!(logins, [true, true, false, false], "{:?}", all.lines);
    let again = std::thread::spawn(move || failed(&all)).join().unwrap();
    assert_eq!(again, None);
}

#[test]
fn whether_a_password_was_wrong_is_known_by_more_than_the_reason() {
    let login = |success: bool, reason: Option<&str>| Login {
        success,
        reason: reason.map(str::to_owned),
        ..Login::default()
    };
    let wrong = |reason, reported, denied| was_wrong(&login(false, reason), reported, denied);
    assert!(!was_wrong(
        &login(true, Some("wrong_password")),
        true,
        false
    ));
    assert!(wrong(Some("wrong_password"), false, false));
    assert!(wrong(Some("otp_failed"), true, false) && wrong(None, true, false));
    // Menshen's own: the password was right.
    assert!(!wrong(Some("denied"), false, true) && !wrong(Some("locked"), true, true));
    // A lock of the reporting system's own.
    assert!(wrong(Some("locked"), true, false));
}
