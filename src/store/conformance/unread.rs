//! Damage to a part of the database that nothing reads when it is opened: it is met later, and from then on no
//! start passes it over.

use std::fs;
use std::path::PathBuf;

use super::records::RuleSource;
use super::*;

/// Large enough that the database has segments which opening does not read.
const PIECES: u32 = 700;
/// As large as half the sectors of a disk.
const DAMAGE: usize = 512;

async fn fill(directory: &Path) -> DumpFile {
    let store = reopen(directory).expect("opens").store;
    for first in (0..PIECES).step_by(10) {
        let written: Result<(), StoreError> = execute(&*store, "fill", move |tx| {
            (first..first + 10).try_for_each(|piece| {
                tx.put(&RuleSource {
                    rules: "a set".to_owned(),
                    path: "a.rules".to_owned(),
                    piece,
                    list: false,
                    text: format!("{piece:05}").repeat(RuleSource::PIECE / 5),
                })
            })
        })
        .await;
        written.expect("written");
    }
    let folder = directory.join("store").join(DUMPS_FOLDER);
    let dumped = dump(&*store, &folder, 2, START, || false).await;
    store.close().await;
    dumped.expect("a dump").expect("a new one")
}

/// Reads everything; how many pieces, or why the store has failed.
async fn read_all(store: &dyn Store) -> Result<usize, StoreError> {
    let found: Vec<RuleSource> = read(store, "test", |tx| {
        tx.scan((), Order::Ascending, 2 * PIECES as usize)
    })
    .await?;
    Ok(found.len())
}

fn accepting(directory: &Path, on_loss: OnLoss) -> Result<Opened, OpenError> {
    let options = OpenOptions {
        on_loss,
        ..options(directory)
    };
    open(options, Env::scripted(START, 9).0)
}

/// Damages the database at a place that is met by reading and not by opening. Its store has failed by then.
async fn damage(directory: &Path) {
    let database: PathBuf = directory.join("store/db");
    let whole = fs::read(&database).expect("read");
    let (first, last) = (whole.len() / 8, whole.len() * 7 / 8);
    for place in (first..last).step_by(64 * 1024) {
        let mut bytes = whole.clone();
        bytes[place..place + DAMAGE]
            .iter_mut()
            .for_each(|byte| *byte ^= 0x5A);
        fs::write(&database, &bytes).expect("written");
        let Ok(Opened { store, .. }) = reopen(directory) else {
            continue;
        };
        let read = read_all(&*store).await;
        store.close().await;
        match read {
            Ok(found) => assert_eq!(found, PIECES as usize, "nothing is missing in silence"),
            Err(_) => return,
        }
    }
    panic!("no damage was met by reading alone");
}

#[tokio::test]
async fn a_store_that_failed_is_read_as_a_whole_before_it_opens_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let dumped = fill(directory.path()).await;
    damage(directory.path()).await;
    for _ in 0..2 {
        let refused = reopen(directory.path()).err();
        assert!(
            matches!(refused, Some(OpenError::Unreadable { .. })),
            "{refused:?}"
        );
    }
    // Whoever wants what can still be read gets it.
    let kept = accepting(directory.path(), OnLoss::KeepDatabase).expect("opens");
    kept.store.close().await;
    drop(kept);
    let restored = accepting(directory.path(), OnLoss::RestoreDump).expect("opens");
    assert_eq!(
        restored.report.restored.map(|restored| restored.dump),
        Some(dumped.path)
    );
    assert_eq!(read_all(&*restored.store).await, Ok(PIECES as usize));
    restored.store.close().await;
    drop(restored.store);
    let again = reopen(directory.path()).expect("opens").report;
    assert_eq!(again.restored, None);
}

#[tokio::test]
async fn a_store_that_failed_for_another_reason_opens_when_it_is_whole() {
    let directory = tempfile::tempdir().expect("a directory");
    let (Opened { store, .. }, _log, gate) = watched_disk(directory.path());
    let mut putting = Box::pin(put(&*store, "a", 1));
    assert!(now(&mut putting).is_none());
    gate.wait();
    gate.fail();
    assert!(matches!(putting.await, Err(StoreError::Failed(_))));
    store.close().await;
    drop(store);
    let suspect = directory.path().join("store/suspect");
    let reason = fs::read_to_string(&suspect).expect("the reason is kept");
    assert!(reason.contains("the disk is gone"), "{reason}");
    assert!(reopen(directory.path()).is_ok());
    assert!(!suspect.exists());
}

#[tokio::test]
async fn accepting_loss_looks_for_it_even_if_nothing_has_failed() {
    let directory = tempfile::tempdir().expect("a directory");
    fill(directory.path()).await;
    damage(directory.path()).await;
    fs::remove_file(directory.path().join("store/suspect")).expect("removed");
    let restored = accepting(directory.path(), OnLoss::RestoreDump).expect("opens");
    assert!(restored.report.restored.is_some());
}
