//! Reading and restoring folders.

use super::*;
use crate::lang::diagnostics::Language;

pub(super) fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("has a parent")).expect("can create");
        fs::write(path, text).expect("can write");
    }
    folder
}

#[test]
fn a_rule_file_beside_large_data_is_read_alone() {
    let named = b"list a: network from \"office.txt\"\nlist b from \"gone.txt\"\nlist c from \"../x.txt\"\n";
    let dir = folder(&[("a.rules", named), ("office.txt", b"10.0.0.0/8")]);
    for other in 0..=MAX_FILES {
        fs::write(dir.path().join(format!("other-{other}.txt")), "x").expect("can write");
    }
    let data = fs::File::create(dir.path().join("logins.csv")).expect("can create");
    data.set_len(MAX_FILE_BYTES + 1).expect("room");
    fs::write(dir.path().join("old.csv"), b"\xb1\xb1\xbe\xa9").expect("can write");
    let sources = load(&[dir.path().join("a.rules")]).expect("readable");
    let lists: Vec<&String> = sources.lists.keys().collect();
    assert_eq!(lists, ["office.txt"]);
    assert!(matches!(
        load(&[dir.path().to_owned()]),
        Err(FolderError::TooMany { .. })
    ));
}

#[test]
fn all_files_of_a_folder_together_are_bounded() {
    let dir = folder(&[("a.rules", b"#")]);
    let lists = MAX_TOTAL_BYTES / MAX_FILE_BYTES;
    for number in 0..lists {
        let list = fs::File::create(dir.path().join(format!("{number}.txt"))).expect("can create");
        let beside = u64::from(number == 0);
        list.set_len(MAX_FILE_BYTES - beside).expect("room");
    }
    let found = load(&[dir.path().to_owned()]).expect("just as much as may be");
    assert_eq!(found.lists.len() as u64, lists);
    fs::write(dir.path().join("z.txt"), "x").expect("can write");
    let refused = load(&[dir.path().to_owned()]).expect_err("a byte too many");
    assert!(matches!(&refused, FolderError::TooMuch { last, .. } if last.ends_with("z.txt")));
    for language in [Language::Zh, Language::En] {
        assert!(
            refused
                .said(language)
                .contains(&MAX_TOTAL_BYTES.to_string())
        );
    }
}

#[test]
fn files_come_in_byte_order_of_their_paths_and_hidden_ones_are_skipped() {
    let dir = folder(&[
        ("z.rules", b"# z"),
        ("a/b.rules", b"# b"),
        ("a.rules", b"# a"),
        (".a.rules.swp", b"junk"),
        ("lists/office.txt", b"10.0.0.0/8"),
        ("README.md", b"not read"),
    ]);
    let sources = load(&[dir.path().to_owned()]).expect("readable");
    let names: Vec<&str> = sources.files.iter().map(|f| f.path.as_str()).collect();
    assert_eq!(names, ["a.rules", "a/b.rules", "z.rules"]);
    assert_eq!(
        sources.lists.keys().collect::<Vec<_>>(),
        ["lists/office.txt"]
    );
}

#[test]
fn a_single_file_brings_the_lists_beside_it() {
    let dir = folder(&[
        ("a.rules", b"list x from \"lists/x.txt\"\n"),
        ("lists/x.txt", b"1"),
        ("lists/y.txt", b"2"),
        ("b.rules", b""),
    ]);
    let sources = load(&[dir.path().join("a.rules")]).expect("readable");
    assert_eq!(sources.files.len(), 1);
    assert_eq!(sources.lists.keys().collect::<Vec<_>>(), ["lists/x.txt"]);
}

#[cfg(unix)]
#[test]
fn a_list_that_is_a_link_out_of_the_folder_is_not_read() {
    use std::os::unix::fs::symlink;
    let outside = folder(&[("secret.txt", b"secret"), ("more/one.txt", b"1")]);
    let dir = folder(&[
        ("a.rules", b"list l from \"l.txt\"\n"),
        ("kept/real.txt", b"1"),
    ]);
    let link = dir.path().join("l.txt");
    // A link to another file of the folder is a file of the folder.
    symlink("kept/real.txt", &link).expect("a link");
    let folder_and_file = [dir.path().to_owned(), dir.path().join("a.rules")];
    for path in &folder_and_file {
        let read = load(std::slice::from_ref(path)).expect("readable");
        assert_eq!(read.lists.get("l.txt").map(|text| &**text), Some("1"));
    }
    fs::remove_file(&link).expect("gone");
    symlink(outside.path().join("secret.txt"), &link).expect("a link");
    for path in &folder_and_file {
        let error = load(std::slice::from_ref(path)).expect_err("a link out");
        assert!(
            matches!(&error, FolderError::LeadsOut { path } if *path == link),
            "{error}"
        );
    }
    // Nor through a folder that is one.
    fs::remove_file(&link).expect("gone");
    symlink(outside.path().join("more"), dir.path().join("lists")).expect("a link");
    let error = load(&[dir.path().to_owned()]).expect_err("a link out");
    assert!(matches!(error, FolderError::LeadsOut { .. }), "{error}");
    // Where the folder itself is behind a link does not matter.
    fs::remove_file(dir.path().join("lists")).expect("gone");
    let behind = outside.path().join("rules");
    symlink(dir.path(), &behind).expect("a link");
    assert_eq!(load(&[behind]).expect("readable").lists.len(), 1);
}

#[test]
fn a_file_that_is_not_utf8_is_named_with_the_offset() {
    let dir = folder(&[("a.rules", b"ab\xff")]);
    let error = load(&[dir.path().to_owned()]).expect_err("not utf-8");
    assert!(
        matches!(error, FolderError::NotUtf8 { offset: 2, .. }),
        "{error}"
    );
}

#[test]
fn a_file_in_gbk_is_told_as_that_with_the_way_to_utf8() {
    use crate::lang::diagnostics::Language;
    let dir = folder(&[("a.rules", b"on any {\n    reply \"\xc4\xe3\xba\xc3\"\n}\n")]);
    let error = load(&[dir.path().to_owned()]).expect_err("not utf-8");
    for (language, way) in [(Language::Zh, "另存为"), (Language::En, "Notepad")] {
        let said = error.said(language);
        assert!(said.contains("GBK") && said.contains("UTF-8"), "{said}");
        assert!(said.contains(way) && said.contains("iconv"), "{said}");
    }
}

#[cfg(unix)]
#[test]
fn what_might_never_end_is_not_read() {
    let dir = folder(&[("a.rules", b"# a")]);
    let device = dir.path().join("z.rules");
    std::os::unix::fs::symlink("/dev/zero", &device).expect("a link");
    let error = load(&[dir.path().to_owned()]).expect_err("a device");
    assert!(
        matches!(&error, FolderError::NotAFile { path } if *path == device),
        "{error}"
    );
    fs::remove_file(&device).expect("gone");

    // A socket stands for a pipe: neither is a file, and making a pipe takes a crate.
    let list = dir.path().join("office.txt");
    let _socket = std::os::unix::net::UnixListener::bind(&list).expect("a socket");
    let error = load(&[dir.path().to_owned()]).expect_err("a socket");
    assert!(
        matches!(&error, FolderError::NotAFile { path } if *path == list),
        "{error}"
    );
}

#[test]
fn an_empty_folder_and_a_missing_one_are_errors() {
    let dir = folder(&[]);
    assert!(matches!(
        load(&[dir.path().to_owned()]),
        Err(FolderError::Empty { .. })
    ));
    assert!(matches!(
        load(&[dir.path().join("missing")]),
        Err(FolderError::Read { .. })
    ));
}
