//! Export and import: everything survives, and nothing damaged gets in.

use std::io::Cursor;

use super::*;
use crate::store::records::{Sample, samples};

/// A store holding one record of every kind.
async fn sampled() -> Bench {
    filled_with_samples(Bench::memory()).await
}

async fn filled_with_samples(bench: Bench) -> Bench {
    let rows: Vec<(Vec<u8>, Vec<u8>)> = samples()
        .into_iter()
        .filter(|sample| sample.kind != Kind::StoreInfo)
        .map(|Sample { key, value, .. }| (key, value))
        .collect();
    let filled: Result<(), StoreError> = execute(bench.store(), "test", move |tx| {
        rows.iter()
            .try_for_each(|(key, value)| tx.write_raw(key.clone(), Some(value.clone())))
    })
    .await;
    filled.expect("the samples are stored");
    bench
}

async fn exported(store: &dyn Store) -> (ExportReport, Vec<u8>) {
    let mut file = Vec::new();
    let report = export(store, &mut file).await.expect("an export");
    (report, file)
}

async fn imported(file: &[u8]) -> (Bench, Result<ImportReport, TransferError>) {
    let bench = Bench::memory();
    let result = import(bench.store(), Cursor::new(file)).await;
    (bench, result)
}

async fn everything(store: &dyn Store) -> Vec<(Vec<u8>, Vec<u8>)> {
    let all: Result<_, StoreError> = read(store, "test", |tx| {
        tx.rows(&[1, 2], &[2], Order::Ascending, 100_000)
    })
    .await;
    all.expect("a read")
}

/// The same file with one line changed.
fn with_line(file: &[u8], line: usize, change: impl Fn(&str) -> String) -> Vec<u8> {
    let text = std::str::from_utf8(file).expect("UTF-8");
    let lines = text.lines().enumerate().map(|(number, content)| {
        let content = if number + 1 == line {
            change(content)
        } else {
            content.to_owned()
        };
        content + "\n"
    });
    lines.collect::<String>().into_bytes()
}

#[tokio::test]
async fn every_kind_survives_an_export_and_an_import() {
    let bench = sampled().await;
    let (report, file) = exported(bench.store()).await;
    for record in schema() {
        if record.kind != Kind::StoreInfo {
            assert!(report.records[record.name()] > 0, "{}", record.name());
        }
    }
    let (copy, result) = imported(&file).await;
    let expected = report.records;
    assert_eq!(result.expect("an import").records, expected);
    assert_eq!(
        everything(copy.store()).await,
        everything(bench.store()).await
    );
    let (_, again) = exported(copy.store()).await;
    let body = |file: &[u8]| {
        let text = String::from_utf8(file.to_vec()).expect("UTF-8");
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines[1..lines.len() - 1].to_vec()
    };
    assert_eq!(body(&again), body(&file));
}

#[tokio::test]
async fn many_records_cross_from_engine_to_engine() {
    let bench = Bench::memory();
    for batch in 0..5 {
        let filled: Result<(), StoreError> = execute(bench.store(), "test", move |tx| {
            for number in 0..150 {
                tx.put(&counter(&format!("{batch}.{number}"), number))?;
            }
            tx.emit(event("filled")).map(|_| ())
        })
        .await;
        filled.expect("filled");
    }
    let (_, file) = exported(bench.store()).await;
    let disk = Bench::sled();
    import(disk.store(), Cursor::new(&file))
        .await
        .expect("an import");
    assert_eq!(
        everything(disk.store()).await,
        everything(bench.store()).await
    );
    let next: Result<u64, StoreError> =
        execute(disk.store(), "test", |tx| tx.emit(event("next"))).await;
    assert_eq!(next, Ok(6), "numbers go on");
}

#[tokio::test]
async fn an_export_shows_one_moment() {
    /// Writes to the store whenever a line of the export is written.
    struct Meddler<'a> {
        store: &'a dyn Store,
        file: Vec<u8>,
        lines: usize,
    }
    impl io::Write for Meddler<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.lines += 1;
            let name = format!("meddled{}", self.lines);
            // Queued now, run before the next page is read.
            drop(now(&mut Box::pin(put(self.store, &name, 1))));
            drop(now(&mut Box::pin(put(self.store, "a", 99))));
            self.file.extend(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let bench = Bench::memory();
    let store = bench.store();
    put(store, "a", 1).await.expect("a put");
    put(store, "z", 1).await.expect("a put");
    let meddler = Meddler {
        store,
        file: Vec::new(),
        lines: 0,
    };
    let mut meddler = meddler;
    let report = export(store, &mut meddler).await.expect("an export");
    assert_eq!(report.records["counter"], 2);
    let (copy, result) = imported(&meddler.file).await;
    result.expect("an import");
    assert_eq!(names(copy.store()).await, ["a", "z"]);
    assert_eq!(get(copy.store(), "a").await, Some(1));
    assert!(names(store).await.len() > 2);
}

#[tokio::test]
async fn a_truncated_or_changed_file_is_refused_whole() {
    let bench = sampled().await;
    let (_, file) = exported(bench.store()).await;
    let lines = file.iter().filter(|byte| **byte == b'\n').count();
    let refused = |file: Vec<u8>| async move {
        let (bench, result) = imported(&file).await;
        assert!(
            everything(bench.store()).await.is_empty(),
            "nothing gets in"
        );
        result.expect_err("refused")
    };
    // Cut anywhere: in a line, between lines, in the trailer.
    let mut cut = 0;
    while cut < file.len() {
        refused(file[..cut].to_vec()).await;
        cut += 37;
    }
    refused(file[..file.len() - 1].to_vec()).await;
    let without_trailer = with_line(&file, lines, |_| String::new());
    refused(without_trailer[..without_trailer.len() - 1].to_vec()).await;
    let changed = with_line(&file, 2, |line| line.replace("\"last\":7", "\"last\":8"));
    assert_ne!(changed, file);
    assert!(matches!(
        refused(changed).await,
        TransferError::Trailer { .. }
    ));
    let dropped: Vec<u8> = file
        .split_inclusive(|byte| *byte == b'\n')
        .enumerate()
        .filter(|(number, _)| *number != 1)
        .flat_map(|(_, line)| line.to_vec())
        .collect();
    assert!(matches!(
        refused(dropped).await,
        TransferError::Trailer { .. }
    ));
    let mut longer = file.clone();
    longer.extend(b"{}\n");
    assert!(matches!(
        refused(longer).await,
        TransferError::Trailer { .. }
    ));
    let repeated = with_line(&file, 2, |line| format!("{line}\n{line}"));
    assert!(matches!(
        refused(repeated).await,
        TransferError::Line { line: 3, .. }
    ));
    let newer = with_line(&file, 1, |line| line.replace("export\":1", "export\":2"));
    assert!(matches!(refused(newer).await, TransferError::Header));
}

#[tokio::test]
async fn an_error_names_line_kind_and_field_but_no_value() {
    let bench = Bench::memory();
    put(bench.store(), "a", 1).await.expect("a put");
    put(bench.store(), "b", 1).await.expect("a put");
    let (_, file) = exported(bench.store()).await;
    let wrong = with_line(&file, 3, |line| {
        line.replace("\"last\":1", "\"last\":\"geheim\"")
    });
    let (_, result) = imported(&wrong).await;
    let error = result.expect_err("refused").to_string();
    assert!(
        error.contains("line 3") && error.contains("counter") && error.contains("last"),
        "{error}"
    );
    assert!(!error.contains("geheim"), "{error}");
    let unknown = with_line(&file, 2, |line| line.replace("counter", "gnome"));
    let (_, result) = imported(&unknown).await;
    assert!(matches!(result, Err(TransferError::Line { line: 2, .. })));
}

#[tokio::test]
async fn an_import_goes_into_an_empty_store_of_its_flavour() {
    let bench = Bench::memory();
    put(bench.store(), "a", 1).await.expect("a put");
    let (_, file) = exported(bench.store()).await;
    let again = import(bench.store(), Cursor::new(&file)).await;
    assert!(matches!(again, Err(TransferError::NotEmpty)), "{again:?}");
    let production = Bench::memory_with(|parts| Parts {
        flavour: Some(Flavour::Production),
        ..parts
    });
    let mixed = import(production.store(), Cursor::new(&file)).await;
    assert!(
        matches!(mixed, Err(TransferError::Flavour { .. })),
        "{mixed:?}"
    );
}

#[tokio::test]
async fn an_unfinished_import_does_not_open() {
    /// A file whose second reading fails.
    struct Failing {
        file: Cursor<Vec<u8>>,
        rewound: bool,
    }
    impl io::Read for Failing {
        fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
            self.file.read(bytes)
        }
    }
    impl io::BufRead for Failing {
        fn fill_buf(&mut self) -> io::Result<&[u8]> {
            if self.rewound {
                return Err(io::Error::other("unplugged"));
            }
            self.file.fill_buf()
        }
        fn consume(&mut self, amount: usize) {
            self.file.consume(amount);
        }
    }
    impl io::Seek for Failing {
        fn seek(&mut self, place: io::SeekFrom) -> io::Result<u64> {
            self.rewound |= matches!(place, io::SeekFrom::Start(_));
            self.file.seek(place)
        }
    }
    let bench = Bench::memory();
    put(bench.store(), "a", 1).await.expect("a put");
    let (_, file) = exported(bench.store()).await;
    let directory = tempfile::tempdir().expect("a directory");
    let store = reopen(directory.path()).expect("opens").store;
    let failing = Failing {
        file: Cursor::new(file),
        rewound: false,
    };
    let result = import(&*store, failing).await;
    assert!(matches!(result, Err(TransferError::Io(_))), "{result:?}");
    store.close().await;
    drop(store);
    assert!(matches!(
        reopen(directory.path()),
        Err(OpenError::ImportUnfinished(_))
    ));
}

/// Writes `tests/data/store/format-1.jsonl`, which every later release must import. To be run once, by
/// hand, for each new format, before anything of the format after it is written.
#[tokio::test]
#[ignore = "it writes a fixture that is kept for ever"]
async fn write_the_fixture_of_the_present_format() {
    let production = Bench::memory_with(|parts| Parts {
        flavour: Some(Flavour::Production),
        ..parts
    });
    let bench = filled_with_samples(production).await;
    let (_, file) = exported(bench.store()).await;
    let name = format!("tests/data/store/format-{}.jsonl", records::STORE_FORMAT);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    std::fs::write(path, file).expect("written");
}

#[tokio::test]
async fn an_export_of_the_first_format_is_still_imported() {
    let production = Bench::memory_with(|parts| Parts {
        flavour: Some(Flavour::Production),
        ..parts
    });
    let file = include_str!("../../../tests/data/store/format-1.jsonl");
    let report = import(production.store(), Cursor::new(file)).await;
    let report = report.expect("imported");
    assert_eq!(report.records["account"], 1);
    assert_eq!(
        report.records.values().sum::<u64>() as usize,
        file.lines().count() - 2
    );
}
