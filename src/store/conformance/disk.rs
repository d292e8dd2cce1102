//! What only the store on disk promises: it comes back, and it refuses to come back wrong.

use std::fs;

use super::*;
use crate::store::records::RuleSource;

async fn filled(directory: &Path) -> u64 {
    let Opened { store, report } = reopen(directory).expect("opens");
    assert!(report.created);
    for name in ["a", "b", "c"] {
        put(&*store, name, 1).await.expect("a put");
    }
    let _: u64 = execute(&*store, "test", |tx| tx.emit(event("fact")))
        .await
        .map_err(|error: StoreError| error)
        .expect("an event");
    let sequence = store.status().sequence;
    store.close().await;
    sequence
}

fn accepting(directory: &Path) -> Result<Opened, OpenError> {
    let options = OpenOptions {
        on_loss: OnLoss::RestoreDump,
        ..options(directory)
    };
    open(options, Env::scripted(START, 9).0)
}

fn copy_store(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("readable") {
        let entry = entry.expect("readable");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_store(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}

#[tokio::test]
async fn reopening_keeps_everything() {
    let directory = tempfile::tempdir().expect("a directory");
    let sequence = filled(directory.path()).await;
    let Opened { store, report } = reopen(directory.path()).expect("opens");
    assert_eq!(report, OpenReport::default());
    assert_eq!(names(&*store).await, ["a", "b", "c", "feed"]);
    let status = store.status();
    assert_eq!(
        (status.sequence, status.commits),
        (sequence, 0),
        "opening writes nothing"
    );
    assert_eq!(*store.commits().borrow(), sequence);
    assert!(status.size.is_some_and(|bytes| bytes > 0));
    put(&*store, "d", 1).await.expect("a put");
    assert_eq!(store.status().sequence, sequence + 1);
}

/// The process ends without `close`: everything acknowledged is in what the disk holds then.
#[tokio::test]
async fn what_was_acknowledged_survives_the_end_of_the_process() {
    let directory = tempfile::tempdir().expect("a directory");
    let Opened { store, .. } = reopen(directory.path()).expect("opens");
    for number in 0..50 {
        put(&*store, &format!("{number:02}"), number)
            .await
            .expect("a put");
    }
    // The files as they are under a running store, as a killed process would leave them.
    let left = tempfile::tempdir().expect("a directory");
    copy_store(&directory.path().join("store"), &left.path().join("store"));
    let after = reopen(left.path()).expect("opens").store;
    assert_eq!(names(&*after).await.len(), 50);
    assert_eq!(after.status().sequence, store.status().sequence);

    drop(store);
    let Opened { store, .. } = reopen(directory.path()).expect("opens after a drop");
    assert_eq!(names(&*store).await.len(), 50);
}

#[tokio::test]
async fn time_does_not_go_back_over_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let (env, clock) = Env::scripted(START, 7);
    let store = open(options(directory.path()), env).expect("opens").store;
    clock.set(START + 5_000);
    put(&*store, "a", 1).await.expect("a put");
    store.close().await;
    let store = reopen(directory.path()).expect("opens").store;
    let time: Result<i64, StoreError> = read(&*store, "test", |tx| Ok(tx.now())).await;
    assert_eq!(time, Ok(START + 5_000));
}

#[tokio::test]
async fn a_torn_snapshot_of_the_engine_does_not_stop_it() {
    let directory = tempfile::tempdir().expect("a directory");
    filled(directory.path()).await;
    let torn = directory
        .path()
        .join("store/snap.0000000000FFFFFF.generating");
    fs::write(&torn, b"half a snapsh").expect("written");
    let Opened { store, report } = reopen(directory.path()).expect("opens");
    assert_eq!(report.torn_snapshots, 1);
    assert_eq!(report.repaired, None);
    assert!(!torn.exists());
    assert_eq!(names(&*store).await.len(), 4);
}

#[tokio::test]
async fn a_damaged_snapshot_of_the_engine_is_left_out_and_reported() {
    let directory = tempfile::tempdir().expect("a directory");
    filled(directory.path()).await;
    let snapshot = directory.path().join("store/snap.0000000000FFFFFF");
    fs::write(&snapshot, b"not a snapshot at all").expect("written");
    let Opened { store, report } = reopen(directory.path()).expect("opens");
    let copy = report.repaired.expect("it says where the copy is");
    assert!(copy.join("snap.0000000000FFFFFF").exists());
    assert!(copy.join("db").exists());
    assert_eq!(names(&*store).await.len(), 4);
}

#[tokio::test]
async fn a_database_behind_its_mark_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let at = |name: &str| directory.path().join(name);
    let sequence = filled(directory.path()).await;
    copy_store(&at("store"), &at("old"));
    let store = reopen(directory.path()).expect("opens").store;
    for _ in 0..3 {
        let _: u64 = execute(&*store, "test", |tx| tx.emit(event("fact")))
            .await
            .map_err(|error: StoreError| error)
            .expect("an event");
    }
    store.close().await;
    drop(store);
    // The database of before, the mark of after: what a silent fall back leaves.
    fs::copy(at("store/acknowledged"), at("old/acknowledged")).expect("copied");
    fs::remove_dir_all(at("store")).expect("removed");
    fs::rename(at("old"), at("store")).expect("renamed");

    let missing = sequence + 1..=sequence + 3;
    match reopen(directory.path()) {
        Err(OpenError::LostCommits { missing: named, .. }) => assert_eq!(named, missing),
        other => panic!("{other:?}"),
    }
    let Opened { store, report } = accepting(directory.path()).expect("accepted");
    assert_eq!(report.lost, Some(missing));
    let next: Result<u64, StoreError> = execute(&*store, "test", |tx| tx.emit(event("next"))).await;
    assert_eq!(next, Ok(5), "feed numbers 2 to 4 were seen by readers");
    assert!(
        store.status().sequence > sequence + 3,
        "numbers are not given out twice"
    );
    let audit: Result<Vec<Audit>, StoreError> =
        read(&*store, "test", |tx| tx.scan((), Order::Ascending, 10)).await;
    let audit = audit.expect("a read");
    assert_eq!(audit[0].action, "store.accept_loss");
    assert_eq!(audit[0].detail["first_missing_commit"], sequence + 1);
    store.close().await;
    drop(store);
    assert_eq!(reopen(directory.path()).expect("opens").report.lost, None);
}

#[tokio::test]
async fn a_database_that_is_gone_is_not_replaced_by_an_empty_one() {
    let directory = tempfile::tempdir().expect("a directory");
    let sequence = filled(directory.path()).await;
    fs::remove_file(directory.path().join("store/db")).expect("removed");
    match reopen(directory.path()) {
        Err(OpenError::LostCommits { missing, .. }) => assert_eq!(missing, 1..=sequence),
        other => panic!("{other:?}"),
    }
    assert!(!directory.path().join("store/db").exists());
}

#[tokio::test]
async fn a_missing_or_damaged_mark_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    filled(directory.path()).await;
    let mark = directory.path().join("store/acknowledged");
    fs::write(&mark, b"menshen?").expect("written");
    assert!(matches!(
        reopen(directory.path()),
        Err(OpenError::MarkDamaged(_))
    ));
    fs::remove_file(&mark).expect("removed");
    assert!(matches!(
        reopen(directory.path()),
        Err(OpenError::MarkDamaged(_))
    ));
    let Opened { store, report } = accepting(directory.path()).expect("accepted");
    assert!(report.mark_rebuilt);
    put(&*store, "d", 1).await.expect("a put");
    store.close().await;
    drop(store);
    assert!(!reopen(directory.path()).expect("opens").report.mark_rebuilt);
}

#[tokio::test]
async fn a_store_opens_once_at_a_time() {
    let directory = tempfile::tempdir().expect("a directory");
    let first = reopen(directory.path()).expect("opens");
    assert!(matches!(
        reopen(directory.path()),
        Err(OpenError::Locked(_))
    ));
    first.store.close().await;
    reopen(directory.path()).expect("closing frees it, even with handles around");
}

#[tokio::test]
async fn a_store_whose_lock_file_was_removed_is_in_use_and_not_damaged() {
    let directory = tempfile::tempdir().expect("a directory");
    let first = reopen(directory.path()).expect("opens");
    put(&*first.store, "a", 1).await.expect("a put");
    let data = options(directory.path()).path;
    let files = || {
        let entries = fs::read_dir(&data).expect("readable");
        let names = entries.map(|entry| entry.expect("readable").file_name());
        names.collect::<std::collections::BTreeSet<_>>()
    };
    let before = files();
    assert!(
        before.contains(std::ffi::OsStr::new("menshen.lock")) && before.len() > 2,
        "{before:?}"
    );
    fs::remove_file(data.join("menshen.lock")).expect("removed");
    for on_loss in [OnLoss::Refuse, OnLoss::KeepDatabase, OnLoss::RestoreDump] {
        let options = OpenOptions {
            on_loss,
            ..options(directory.path())
        };
        let second = open(options, Env::scripted(START, 7).0);
        assert!(matches!(second, Err(OpenError::Locked(_))), "{second:?}");
        assert_eq!(files(), before, "nothing was moved or copied");
    }
    put(&*first.store, "b", 2).await.expect("the first goes on");
    first.store.close().await;
    drop(first);
    reopen(directory.path()).expect("it is free again");
}

#[tokio::test]
async fn flavours_do_not_mix() {
    let directory = tempfile::tempdir().expect("a directory");
    let as_flavour = |flavour| {
        let options = OpenOptions {
            flavour,
            ..options(directory.path())
        };
        open(options, Env::scripted(START, 7).0)
    };
    assert!(matches!(as_flavour(None), Err(OpenError::Missing(_))));
    assert!(
        !directory.path().join("store").exists(),
        "asking creates nothing"
    );
    drop(as_flavour(Some(Flavour::Dev)).expect("created"));
    match as_flavour(Some(Flavour::Production)) {
        Err(OpenError::Flavour { found, wanted, .. }) => {
            assert_eq!((found, wanted), (Flavour::Dev, Flavour::Production));
        }
        other => panic!("{other:?}"),
    }
    let any = as_flavour(None).expect("any flavour is fine");
    assert_eq!(any.store.status().flavour, Flavour::Dev);
}

#[tokio::test]
async fn values_in_files_of_their_own_are_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    filled(directory.path()).await;
    fs::create_dir_all(directory.path().join("store/blobs")).expect("a directory");
    fs::write(directory.path().join("store/blobs/17"), b"x").expect("written");
    assert!(matches!(reopen(directory.path()), Err(OpenError::Blobs(_))));
}

#[tokio::test]
async fn the_largest_values_stay_in_the_database_file() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = reopen(directory.path()).expect("opens").store;
    for round in 0..10 {
        let written: Result<(), StoreError> = execute(&*store, "test", move |tx| {
            for number in 0..20 {
                let mut fact = event("large");
                fact.data = json!("x".repeat(MAX_VALUE_BYTES - 1024 - number));
                tx.emit(fact)?;
            }
            tx.put(&counter("round", round))
        })
        .await;
        written.expect("written");
    }
    store.close().await;
    drop(store);
    let blobs = directory.path().join("store/blobs");
    let large = fs::read_dir(blobs).map_or(0, Iterator::count);
    assert_eq!(large, 0);
    let store = reopen(directory.path()).expect("opens").store;
    assert_eq!(feed(&*store).await.len(), 200);
}

#[tokio::test]
async fn a_store_of_a_newer_format_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = reopen(directory.path()).expect("opens").store;
    let changed: Result<(), StoreError> = execute(&*store, "test", |tx| {
        tx.put(&records::StoreInfo {
            format: records::STORE_FORMAT + 1,
            created: START,
            flavour: Flavour::Dev,
            importing: false,
        })
    })
    .await;
    changed.expect("changed");
    drop(store);
    assert!(matches!(
        reopen(directory.path()),
        Err(OpenError::Newer { .. })
    ));
}

#[tokio::test]
async fn closing_after_much_was_written_spares_the_next_start_the_reading_of_the_log() {
    let directory = tempfile::tempdir().expect("a directory");
    let snapshots = || -> Vec<String> {
        let files = std::fs::read_dir(directory.path().join("store")).expect("readable");
        let names = files.map(|file| file.expect("readable").file_name().into_string());
        let mut names: Vec<String> = names.map(|name| name.expect("text")).collect();
        names.retain(|name| name.starts_with("snap"));
        names.sort();
        names
    };
    let Opened { store, .. } = reopen(directory.path()).expect("a new store");
    store.close().await;
    drop(store);
    let before = snapshots();

    let Opened { store, .. } = reopen(directory.path()).expect("it opens");
    let opened = snapshots();
    for piece in 0..300_u32 {
        let written = execute(&*store, "test", move |tx| {
            tx.put(&RuleSource {
                rules: "r".repeat(64),
                path: "a.rules".to_owned(),
                piece,
                list: false,
                text: "x".repeat(60_000),
            })
        });
        assert_eq!(written.await, Ok::<(), StoreError>(()));
    }
    store.close().await;
    drop(store);
    let after = snapshots();
    assert_eq!(after.len(), 1, "{after:?}");
    assert_ne!(after, opened, "before: {before:?}");

    let Opened { store, report } = reopen(directory.path()).expect("it opens");
    assert_eq!(report.lost, None);
    let count: Result<usize, StoreError> = read(&*store, "test", |tx| {
        Ok(tx.scan::<RuleSource>((), Order::Ascending, 1_000)?.len())
    })
    .await;
    assert_eq!(count, Ok(300));
}
