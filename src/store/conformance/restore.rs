//! Going back to a dump, and going on to a newer format: nothing is lost unnamed, and a crash in the
//! middle is carried on.

use std::fs;
use std::path::PathBuf;

use super::*;
use crate::store::migrate::{Chain, Migration, OldRecord};
use crate::store::records::{STORE_FORMAT, Sample, samples};

fn at(directory: &Path, name: &str) -> PathBuf {
    directory.join("store").join(name)
}

fn accepting(directory: &Path, on_loss: OnLoss) -> Result<Opened, OpenError> {
    let options = OpenOptions {
        on_loss,
        flavour: None,
        ..options(directory)
    };
    open(options, Env::scripted(START, 9).0)
}

async fn dumped(store: &dyn Store, directory: &Path) -> DumpFile {
    let made = dump(store, &at(directory, DUMPS_FOLDER), 2, START, || false).await;
    made.expect("a dump").expect("a new one")
}

/// A store with "a" in its dump and "b" after it; the commit of the dump and the last one.
async fn with_a_dump(directory: &Path) -> (u64, u64) {
    let store = reopen(directory).expect("opens").store;
    put(&*store, "a", 1).await.expect("a put");
    let dump = dumped(&*store, directory).await;
    put(&*store, "b", 1).await.expect("a put");
    let last = store.status().sequence;
    store.close().await;
    (dump.sequence, last)
}

#[tokio::test]
async fn a_store_that_is_gone_goes_back_to_its_last_dump_and_names_what_is_missing() {
    let directory = tempfile::tempdir().expect("a directory");
    let (dumped, last) = with_a_dump(directory.path()).await;
    fs::remove_file(at(directory.path(), "db")).expect("removed");
    assert!(matches!(
        accepting(directory.path(), OnLoss::Refuse),
        Err(OpenError::LostCommits { .. })
    ));
    let Opened { store, report } =
        accepting(directory.path(), OnLoss::RestoreDump).expect("restored");
    assert_eq!(report.lost, Some(dumped + 1..=last));
    let restored = report.restored.expect("it says so");
    assert_eq!(restored.time, START);
    assert_eq!(names(&*store).await, ["a", "audit", "feed"]);
    assert!(store.status().sequence > last, "no number is given twice");
    let audit: Result<Vec<Audit>, StoreError> =
        read(&*store, "test", |tx| tx.scan((), Order::Ascending, 10)).await;
    let audit = audit.expect("a read");
    assert_eq!(audit[0].action, "store.accept_loss");
    assert_eq!(audit[0].detail["first_missing_commit"], dumped + 1);
    store.close().await;
    drop(store);
    let again = reopen(directory.path()).expect("opens as usual").report;
    assert_eq!(again, OpenReport::default());
}

#[tokio::test]
async fn a_store_that_cannot_be_read_goes_back_to_its_last_dump() {
    let directory = tempfile::tempdir().expect("a directory");
    let (dumped, last) = with_a_dump(directory.path()).await;
    let database = at(directory.path(), "db");
    let length = fs::metadata(&database).expect("there").len();
    let noise: Vec<u8> = (0..length).map(|place| (place * 31 % 251) as u8).collect();
    fs::write(&database, &noise).expect("written");
    assert!(accepting(directory.path(), OnLoss::Refuse).is_err());
    let Opened { store, report } =
        accepting(directory.path(), OnLoss::RestoreDump).expect("restored");
    assert_eq!(report.lost, Some(dumped + 1..=last));
    let aside = report.restored.expect("it says so").aside;
    assert!(aside.join("db").is_file(), "what the engine has left of it");
    let found = report.found.expect("kept as it was found");
    assert_eq!(fs::read(found.join("db")).expect("read"), noise);
    assert_eq!(get(&*store, "a").await, Some(1));
    assert_eq!(get(&*store, "b").await, None);
}

#[tokio::test]
async fn a_broken_dump_is_passed_over_for_the_one_before() {
    let directory = tempfile::tempdir().expect("a directory");
    with_a_dump(directory.path()).await;
    let store = reopen(directory.path()).expect("opens").store;
    let newest = dumped(&*store, directory.path()).await;
    store.close().await;
    drop(store);
    let text = fs::read_to_string(&newest.path).expect("read");
    fs::write(&newest.path, text.replace("\"last\":1", "\"last\":2")).expect("changed");
    fs::remove_file(at(directory.path(), "db")).expect("removed");
    let Opened { store, report } =
        accepting(directory.path(), OnLoss::RestoreDump).expect("restored");
    assert_ne!(report.restored.expect("it says so").dump, newest.path);
    assert_eq!(get(&*store, "a").await, Some(1));
    assert_eq!(get(&*store, "b").await, None);
}

#[tokio::test]
async fn a_database_behind_its_mark_is_kept_only_when_that_is_asked_for() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = reopen(directory.path()).expect("opens").store;
    put(&*store, "a", 1).await.expect("a put");
    dumped(&*store, directory.path()).await;
    put(&*store, "b", 1).await.expect("a put");
    store.close().await;
    drop(store);
    let old = fs::read(at(directory.path(), "db")).expect("read");
    let store = reopen(directory.path()).expect("opens").store;
    put(&*store, "c", 1).await.expect("a put");
    let last = store.status().sequence;
    store.close().await;
    drop(store);
    // What a silent fall back leaves: the database of before, the mark of after.
    fs::write(at(directory.path(), "db"), &old).expect("written");
    for (file, _) in snapshots(directory.path()) {
        fs::remove_file(file).expect("removed");
    }
    let kept = tempfile::tempdir().expect("a directory");
    copy(&directory.path().join("store"), &kept.path().join("store"));

    let Opened { store, report } = accepting(kept.path(), OnLoss::KeepDatabase).expect("kept");
    assert_eq!(report.lost, Some(last..=last));
    assert_eq!(report.restored, None);
    let found = report.found.expect("kept as it was found");
    assert_eq!(fs::read(found.join("db")).expect("read"), old);
    assert_eq!(get(&*store, "b").await, Some(1));
    let Opened { store, report } =
        accepting(directory.path(), OnLoss::RestoreDump).expect("restored");
    assert_eq!(report.lost, Some(last - 1..=last));
    assert_eq!(get(&*store, "b").await, None, "only what the dump has");
}

/// The engine's snapshots and their names.
fn snapshots(directory: &Path) -> Vec<(PathBuf, String)> {
    fs::read_dir(directory.join("store"))
        .expect("readable")
        .map(|entry| entry.expect("readable").path())
        .map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let name = name.into_owned();
            (path, name)
        })
        .filter(|(_, name)| name.starts_with("snap."))
        .collect()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("readable") {
        let path = entry.expect("readable").path();
        let target = to.join(path.file_name().expect("a name"));
        match path.is_dir() {
            true => copy(&path, &target),
            false => drop(fs::copy(&path, &target).expect("copied")),
        }
    }
}

/// The socket of a killed server lies in the directory; a repair must not stumble over it.
#[tokio::test]
async fn a_socket_in_the_directory_does_not_stop_a_repair() {
    let directory = tempfile::tempdir().expect("a directory");
    with_a_dump(directory.path()).await;
    drop(std::os::unix::net::UnixListener::bind(at(
        directory.path(),
        "menshen.sock",
    )));
    fs::write(
        at(directory.path(), "snap.0000000000FFFFFF"),
        b"not a snapshot",
    )
    .expect("written");
    let report = reopen(directory.path()).expect("opens").report;
    let copy = report.repaired.expect("repaired");
    assert!(copy.join("db").is_file());
    assert!(!copy.join("menshen.sock").exists());
}

#[tokio::test]
async fn repairs_stop_before_their_copies_fill_the_disk() {
    let directory = tempfile::tempdir().expect("a directory");
    with_a_dump(directory.path()).await;
    let mut repaired = 0;
    let error = loop {
        fs::write(at(directory.path(), "snap.0000000000FFFFFF"), b"not one").expect("written");
        match reopen(directory.path()) {
            Ok(_) => repaired += 1,
            Err(error) => break error,
        }
        assert!(repaired < 10, "there must be an end");
    };
    assert!(matches!(error, OpenError::TooManyCopies(_)), "{error}");
    assert!(repaired > 0);
}

// --- migration -------------------------------------------------------------------------------

/// From format 1: counters called "legacy." lose the word, those called "gone." are no more.
/// From format 2: numbers are counted in tens.
const CHAIN: Chain = Chain(&[
    Migration {
        from: 1,
        retired: &[(200, "nickname")],
        record: |mut old| {
            if old.kind == "nickname" {
                return Ok(vec![OldRecord {
                    kind: "counter".to_owned(),
                    record: json!({"name": old.record["of"], "last": 5}),
                }]);
            }
            let name = old.record["name"].as_str().unwrap_or_default().to_owned();
            if old.kind == "counter" && name.starts_with("gone.") {
                return Ok(vec![]);
            }
            if let Some(rest) = name.strip_prefix("legacy.") {
                old.record["name"] = json!(rest);
            }
            Ok(vec![old])
        },
    },
    Migration {
        from: 2,
        retired: &[],
        record: |mut old| {
            if old.kind == "counter" {
                let last = old.record["last"].as_u64().ok_or("last")?;
                old.record["last"] = json!(last * 10);
            }
            Ok(vec![old])
        },
    },
]);

fn open_with_chain(directory: &Path, chain: Chain) -> Result<Opened, OpenError> {
    let hooks = Hooks {
        chain,
        ..Hooks::default()
    };
    open_with(options(directory), Env::scripted(START, 8).0, hooks)
}

/// Writes a store of format 1 as the release that knew no other did: bytes, no types.
async fn write_format_1(directory: &Path) -> u64 {
    let store = reopen(directory).expect("opens").store;
    let written: Result<(), StoreError> = execute(&*store, "fixture", |tx| {
        for (name, last) in [("legacy.a", 1), ("b", 2), ("gone.c", 3)] {
            tx.put(&counter(name, last))?;
        }
        let mut value = vec![1];
        value.extend(rmp_serde::to_vec_named(&json!({"of": "d"})).expect("encodes"));
        tx.write_raw(vec![1, 200, 1], Some(value))
    })
    .await;
    written.expect("written");
    let sequence = store.status().sequence;
    store.close().await;
    sequence
}

async fn check_migrated(store: &dyn Store, sequence: u64) {
    assert_eq!(names(store).await, ["a", "b", "d"]);
    assert_eq!(get(store, "a").await, Some(10));
    assert_eq!(get(store, "d").await, Some(50));
    assert_eq!(store.status().sequence, sequence, "numbers go on");
}

#[tokio::test]
async fn an_old_store_is_migrated_when_it_is_opened_with_a_dump_beside_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let sequence = write_format_1(directory.path()).await;
    let Opened { store, report } = open_with_chain(directory.path(), CHAIN).expect("migrated");
    assert_eq!(report.migrated_from, Some(1));
    check_migrated(&*store, sequence).await;
    put(&*store, "e", 7).await.expect("it works on");
    store.close().await;
    drop(store);
    let kept = dumps(&at(directory.path(), DUMPS_FOLDER)).expect("listed");
    assert_eq!(kept[0].format, Some(1));
    let text = fs::read_to_string(&kept[0].path).expect("read");
    assert!(
        text.contains("legacy.a") && text.contains("nickname"),
        "{text}"
    );
    assert!(
        !at(directory.path(), "recovery").exists(),
        "the dump has it all"
    );

    let again = open_with_chain(directory.path(), CHAIN).expect("opens");
    assert_eq!(again.report, OpenReport::default());
    assert_eq!(get(&*again.store, "e").await, Some(7));
    drop(again);
    match reopen(directory.path()) {
        Err(OpenError::Newer { found, known, .. }) => {
            assert_eq!((found, known), (3, STORE_FORMAT));
        }
        other => panic!("an older release refuses it: {other:?}"),
    }
}

#[tokio::test]
async fn a_store_that_cannot_be_migrated_stays_as_it_was() {
    const STUBBORN: Chain = Chain(&[Migration {
        from: 1,
        retired: &[(200, "nickname")],
        record: |old| match old.kind.as_str() {
            "nickname" => Err("of".to_owned()),
            _ => Ok(vec![old]),
        },
    }]);
    let directory = tempfile::tempdir().expect("a directory");
    let sequence = write_format_1(directory.path()).await;
    for _ in 0..2 {
        match open_with_chain(directory.path(), STUBBORN) {
            Err(OpenError::Dump { source, .. }) => {
                assert!(source.to_string().contains("format 1"), "{source}");
            }
            other => panic!("{other:?}"),
        }
    }
    let store = reopen(directory.path())
        .expect("the old release opens it")
        .store;
    assert_eq!(names(&*store).await, ["b", "gone.c", "legacy.a"]);
    assert_eq!(store.status().sequence, sequence);
}

/// A crash after any of the renames of the exchange: the next start carries it on.
#[tokio::test]
async fn a_migration_that_was_interrupted_is_carried_on() {
    let directory = tempfile::tempdir().expect("a directory");
    let sequence = write_format_1(directory.path()).await;
    let old = tempfile::tempdir().expect("a directory");
    copy(&directory.path().join("store"), &old.path().join("store"));
    drop(open_with_chain(directory.path(), CHAIN).expect("migrated"));
    let new: Vec<PathBuf> = fs::read_dir(directory.path().join("store"))
        .expect("readable")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name == "db" || name == "conf" || name.starts_with("snap.")
        })
        .collect();
    // How many of the old files have left, then how many of the new ones have come.
    for (left, come) in [(0, 0), (1, 0), (99, 0), (99, 1), (99, 99)] {
        let crashed = tempfile::tempdir().expect("a directory");
        let store = crashed.path().join("store");
        copy(&old.path().join("store"), &store);
        let nest = store.join("rebuilding");
        fs::create_dir_all(&nest).expect("made");
        for file in &new {
            fs::copy(file, nest.join(file.file_name().expect("a name"))).expect("copied");
        }
        let aside = store.join("recovery/17");
        fs::create_dir_all(&aside).expect("made");
        let engine_files = ["db", "conf"];
        for name in engine_files.iter().take(left) {
            fs::rename(store.join(name), aside.join(name)).expect("moved");
        }
        for (file, name) in snapshots(crashed.path()).into_iter().take(left) {
            fs::rename(file, aside.join(name)).expect("moved");
        }
        let marker = if left == 99 { "moved" } else { "ready" };
        fs::write(nest.join(marker), "17").expect("written");
        for file in new.iter().take(come) {
            let name = file.file_name().expect("a name");
            fs::rename(nest.join(name), store.join(name)).expect("moved");
        }
        let opened = open_with_chain(crashed.path(), CHAIN);
        let Opened { store, report } = opened.expect("carried on");
        assert_eq!(report.migrated_from, None, "no second time");
        check_migrated(&*store, sequence).await;
        assert!(!nest.exists());
    }
    // A crash before the new database was whole: nothing has happened yet.
    let nest = old.path().join("store/rebuilding");
    fs::create_dir_all(&nest).expect("made");
    fs::write(nest.join("db"), b"half").expect("written");
    let Opened { store, report } = open_with_chain(old.path(), CHAIN).expect("migrated");
    assert_eq!(report.migrated_from, Some(1));
    check_migrated(&*store, sequence).await;
}

#[tokio::test]
async fn an_export_of_an_older_format_is_imported_through_the_chain() {
    let bench = Bench::memory();
    put(bench.store(), "legacy.a", 1).await.expect("a put");
    let mut file = Vec::new();
    export(bench.store(), &mut file).await.expect("an export");
    let mut rows = Vec::new();
    let mut reader = io::Cursor::new(&file);
    let mut lines = import::Lines::new(&mut reader, CHAIN).expect("a header");
    while let Some(more) = lines.next_rows().expect("rows") {
        rows.extend(more);
    }
    assert_eq!(rows.len(), 1);
    let newer = String::from_utf8(file).expect("text");
    let newer = newer.replacen("\"format\":1", "\"format\":2", 1);
    let refused = import::import(bench.store(), io::Cursor::new(newer)).await;
    assert!(
        matches!(refused, Err(TransferError::Newer { found: 2, known: 1 })),
        "{refused:?}"
    );
}

/// A dump before a migration asks no type of the present; it must say the same as one that does.
#[test]
fn every_record_can_be_read_without_its_type() {
    for Sample { kind, value, .. } in samples() {
        let record = schema().iter().find(|record| record.kind == kind);
        let typed = record.map(|record| (record.to_json)(&value).expect("typed"));
        assert_eq!(codec::to_json(&value).ok(), typed, "{}", kind.name());
    }
}
