//! Damage to the files of a closed store, byte by byte and piece by piece: it is refused, or everything
//! is there. What must never happen is a store that opens as if nothing were missing.

use std::fs;
use std::path::PathBuf;

use super::*;

/// Values spread over the log, some of them written over, so that the log has dead parts as well.
const KEYS: u64 = 400;

async fn fill(directory: &Path) {
    let store = reopen(directory).expect("opens").store;
    for round in 0..3 {
        for first in (0..KEYS).step_by(50) {
            let written: Result<(), StoreError> = execute(&*store, "fill", move |tx| {
                (first..first + 50)
                    .try_for_each(|key| tx.put(&counter(&format!("{key:04}"), key + round)))
            })
            .await;
            written.expect("written");
        }
    }
    store.close().await;
}

/// Opens a damaged copy: `true` when everything is there, `false` when it was refused.
async fn judge(directory: &Path, what: &str) -> bool {
    let Ok(Opened { store, .. }) = reopen(directory) else {
        return false;
    };
    let found: Result<Vec<Counter>, StoreError> =
        read(&*store, "test", |tx| tx.scan((), Order::Ascending, 10_000)).await;
    // A part that turns out to be unreadable ends the store: that is no silence.
    let Ok(found) = found else {
        return false;
    };
    let expected: Vec<Counter> = (0..KEYS)
        .map(|key| counter(&format!("{key:04}"), key + 2))
        .collect();
    assert_eq!(
        found, expected,
        "{what}: acknowledged records are missing in silence"
    );
    true
}

/// A copy of the store with `change` made to one of its files.
fn damaged(from: &Path, file: &str, change: impl FnOnce(&mut Vec<u8>)) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let store = directory.path().join("store");
    fs::create_dir_all(&store).expect("made");
    for entry in fs::read_dir(from.join("store")).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_file() {
            fs::copy(&path, store.join(path.file_name().expect("a name"))).expect("copied");
        }
    }
    let mut bytes = fs::read(store.join(file)).expect("read");
    change(&mut bytes);
    fs::write(store.join(file), bytes).expect("written");
    directory
}

/// Where the log has been written to: what follows is empty space of the segment.
fn written(path: &Path) -> usize {
    let bytes = fs::read(path).expect("read");
    bytes
        .iter()
        .rposition(|byte| *byte != 0)
        .expect("not empty")
        + 1
}

#[tokio::test]
async fn a_log_that_is_cut_off_or_overwritten_is_never_rolled_back_in_silence() {
    let directory = tempfile::tempdir().expect("a directory");
    fill(directory.path()).await;
    let from = directory.path();
    let end = written(&from.join("store/db"));
    let (mut refused, mut whole) = (0, 0);
    let mut count = |is_whole: bool| match is_whole {
        true => whole += 1,
        false => refused += 1,
    };
    for part in 0..=12 {
        let place = end * part / 12;
        let what = format!("cut at {place} of {end}");
        let cut = damaged(from, "db", |bytes| bytes.truncate(place));
        count(judge(cut.path(), &what).await);
        let what = format!("zeros from {place} of {end}");
        let zeros = damaged(from, "db", |bytes| bytes[place..].fill(0));
        count(judge(zeros.path(), &what).await);
    }
    for part in 0..24 {
        // Two thirds of the places lie in the last third of the log: its tail is what crashes tear.
        let place = match part % 3 {
            0 => end * part / 24,
            _ => end - 1 - (end / 3) * part / 24,
        };
        let what = format!("a bit at {place} of {end}");
        let flipped = damaged(from, "db", |bytes| bytes[place] ^= 0x10);
        count(judge(flipped.path(), &what).await);
        let what = format!("a sector at {place} of {end}");
        let sector = damaged(from, "db", |bytes| {
            let upto = bytes.len().min(place + 512);
            bytes[place..upto].fill(0xA5);
        });
        count(judge(sector.path(), &what).await);
    }
    assert!(refused > 0, "some of this damage must have been met");
    assert!(
        whole > 0,
        "some of this damage lies in dead parts of the log"
    );
}

#[tokio::test]
async fn a_refused_store_can_still_be_mended_by_hand() {
    let directory = tempfile::tempdir().expect("a directory");
    fill(directory.path()).await;
    let sound = fs::read(directory.path().join("store/db")).expect("read");
    let end = written(&directory.path().join("store/db"));
    // In a live part of the log, or it would not be refused.
    let hurt = (1..24).find_map(|part| {
        let hurt = damaged(directory.path(), "db", |bytes| {
            bytes[end * part / 24] ^= 0x10
        });
        let place = end * part / 24;
        reopen(hurt.path()).is_err().then_some((hurt, place))
    });
    let (hurt, place) = hurt.expect("one of the places is live");
    let store = hurt.path().join("store");
    // Looking again changes nothing about what was found.
    reopen(hurt.path()).expect_err("still refused");
    let mut found = fs::read(store.join("found/db")).expect("kept");
    found[place] ^= 0x10;
    assert_eq!(found, sound, "nothing is cut off");
    fs::write(store.join("db"), found).expect("mended");
    assert!(judge(hurt.path(), "mended").await);
    assert!(!store.join("found").exists(), "of no use any more");
    assert!(!store.join("found.part").exists());
}

#[tokio::test]
async fn damaged_snapshots_are_refused_or_recovered_from_the_log() {
    let directory = tempfile::tempdir().expect("a directory");
    fill(directory.path()).await;
    // A second start leaves the snapshot of its recovery.
    drop(reopen(directory.path()).expect("opens"));
    let snapshots: Vec<PathBuf> = fs::read_dir(directory.path().join("store"))
        .expect("readable")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("snap.")
        })
        .collect();
    assert!(!snapshots.is_empty(), "the engine has written one");
    for snapshot in snapshots {
        let name = snapshot.file_name().unwrap_or_default().to_string_lossy();
        let length = fs::metadata(&snapshot).expect("there").len() as usize;
        for part in 0..8 {
            let place = length * part / 8;
            let what = format!("snapshot cut at {place} of {length}");
            let cut = damaged(directory.path(), &name, |bytes| bytes.truncate(place));
            assert!(judge(cut.path(), &what).await, "{what}: the log has it all");
            let what = format!("snapshot bit at {place} of {length}");
            let flipped = damaged(directory.path(), &name, |bytes| bytes[place] ^= 4);
            assert!(
                judge(flipped.path(), &what).await,
                "{what}: the log has it all"
            );
        }
    }
}
