//! Restoring, and what cuts it short.

use super::super::tests::folder;
use super::super::{MAX_FILES, MAX_TOTAL_BYTES};
use super::*;

#[test]
fn restoring_makes_the_folder_hold_exactly_the_kept_files_and_loses_nothing() {
    let dir = folder(&[
        ("a.rules", b"# new"),
        ("extra.rules", b"# extra"),
        ("same.rules", b"# same"),
        ("README.md", b"not ours"),
    ]);
    let mut kept = Sources::new(vec![
        ("a.rules".to_owned(), "# old".to_owned()),
        ("same.rules".to_owned(), "# same".to_owned()),
        ("sub/b.rules".to_owned(), "# ".to_owned()),
    ]);
    kept.lists.insert("lists/x.txt".to_owned(), "1".into());
    let aside = restore(dir.path(), &kept, 7)
        .expect("restored")
        .expect("something was replaced");
    let now = load(&[dir.path().to_owned()]).expect("readable");
    let names: Vec<&str> = now.files.iter().map(|f| f.path.as_str()).collect();
    assert_eq!(names, ["a.rules", "same.rules", "sub/b.rules"]);
    assert_eq!(&*now.files[0].text, "# old");
    assert_eq!(&*now.lists["lists/x.txt"], "1");
    let old = |name: &str| fs::read_to_string(aside.join(name)).expect("kept aside");
    assert_eq!(
        (old("a.rules").as_str(), old("extra.rules").as_str()),
        ("# new", "# extra")
    );
    assert!(dir.path().join("README.md").exists());
    assert_eq!(restore(dir.path(), &kept, 8).expect("restored"), None);
}

#[test]
fn a_kept_name_that_leads_out_of_the_folder_is_refused() {
    let dir = folder(&[("a.rules", b"# a")]);
    for name in ["../x.rules", "/etc/x.rules", "a/../../x.rules"] {
        let kept = Sources::new(vec![(name.to_owned(), String::new())]);
        let error = restore(dir.path(), &kept, 1).expect_err(name);
        assert!(matches!(error, FolderError::Outside { .. }), "{error}");
    }
}

/// A restoring from one rule set to another, cut short while files are put in place: the last of them cannot be read.
fn decided() -> (tempfile::TempDir, Sources) {
    let dir = folder(&[
        ("a.rules", b"# new"),
        ("b.rules", b"# new"),
        ("extra.rules", b"# extra"),
    ]);
    let wanted = Sources::new(vec![
        ("a.rules".to_owned(), "# old".to_owned()),
        ("b.rules".to_owned(), "# old".to_owned()),
        ("sub/c.rules".to_owned(), "# old".to_owned()),
    ]);
    assert!(decide(dir.path(), &wanted, 7).expect("decided"));
    fs::rename(last(&dir), dir.path().join(".away")).expect("moved");
    finish(dir.path()).expect_err("nothing to read");
    let now = fs::read_to_string(dir.path().join("a.rules")).expect("put in place");
    assert_eq!(now, "# old");
    (dir, wanted)
}

fn last(dir: &tempfile::TempDir) -> PathBuf {
    dir.path().join(RESTORING).join(FILES).join("sub/c.rules")
}

fn readable(dir: &tempfile::TempDir) {
    fs::rename(dir.path().join(".away"), last(dir)).expect("moved back");
}

#[test]
fn what_is_cut_short_is_not_read_as_rules_and_is_ended_by_the_next_who_runs_them() {
    let (dir, wanted) = decided();
    let paths = [dir.path().to_owned()];
    let files =
        |paths: &[PathBuf]| crate::bot::folder::rule_files(paths).map(|_| Sources::default());
    for load in [load, load_own, files] {
        let error = load(&paths).expect_err("neither the one nor the other");
        assert!(matches!(error, FolderError::HalfRestored { .. }), "{error}");
    }
    readable(&dir);
    let ended = load_own(&paths).expect("ended");
    assert_eq!(ended.files, wanted.files);
    assert_eq!(load(&paths).expect("read").files, wanted.files);
    let old = |name: &str| fs::read_to_string(dir.path().join(".replaced-7").join(name));
    let kept = ["a.rules", "b.rules", "extra.rules"].map(|name| old(name).expect("kept aside"));
    assert_eq!(kept, ["# new", "# new", "# extra"]);
    old("sub/c.rules").expect_err("there was none");
}

#[test]
fn another_rollback_ends_the_one_that_was_cut_short_first() {
    let (dir, _) = decided();
    readable(&dir);
    let other = Sources::new(vec![("a.rules".to_owned(), "# oldest".to_owned())]);
    restore(dir.path(), &other, 8).expect("restored");
    let now = load(&[dir.path().to_owned()]).expect("read");
    assert_eq!(now.files, other.files);
    assert!(dir.path().join(".replaced-8/sub/c.rules").exists());
}

#[test]
fn what_cannot_be_gathered_leaves_the_folder_as_it_was() {
    let dir = folder(&[("a.rules", b"# new")]);
    // Not to be removed as a folder, nor to be written into.
    fs::write(dir.path().join(GATHERED), "").expect("can write");
    let wanted = Sources::new(vec![("a.rules".to_owned(), "# old".to_owned())]);
    restore(dir.path(), &wanted, 7).expect_err("in the way");
    let now = load(&[dir.path().to_owned()]).expect("read");
    assert_eq!(&*now.files[0].text, "# new");
}

#[test]
fn what_somebody_writes_before_a_cut_restoring_is_ended_is_kept_too() {
    let (dir, wanted) = decided();
    for name in ["a.rules", "extra.rules"] {
        fs::write(dir.path().join(name), "# mended by hand").expect("can write");
    }
    readable(&dir);
    finish(dir.path()).expect("ended");
    let now = load(&[dir.path().to_owned()]).expect("read");
    assert_eq!(now.files, wanted.files);
    let old = |name: &str| fs::read_to_string(dir.path().join(name)).expect("kept");
    for name in ["a.rules", "extra.rules"] {
        let first = old(&format!(".replaced-7/{name}"));
        assert!(first == "# new" || first == "# extra", "{first}");
        assert_eq!(old(&format!(".replaced-7-1/{name}")), "# mended by hand");
    }
}

/// What the folder holds afterwards is what was wanted.
fn restored(dir: &tempfile::TempDir, wanted: &Sources) -> PathBuf {
    let aside = restore(dir.path(), wanted, 7).expect("restored");
    let now = load(&[dir.path().to_owned()]).expect("read");
    assert_eq!(now.files, wanted.files);
    assert_eq!(now.lists, wanted.lists);
    aside.expect("something was replaced")
}

#[test]
fn a_folder_that_cannot_be_read_is_restored_all_the_same() {
    let wanted = Sources::new(vec![("a.rules".to_owned(), "# old".to_owned())]);
    let large = vec![b'#'; usize::try_from(MAX_FILE_BYTES).expect("small") + 1];
    let gbk: &[u8] = b"reply \"\xc4\xe3\"";
    for (name, bytes) in [
        ("a.rules", gbk),
        ("a.rules", &large),
        ("b.rules", gbk),
        ("b.rules", &large),
        ("list.txt", gbk),
        ("list.txt", &large),
    ] {
        let dir = folder(&[("a.rules", b"# new"), (name, bytes)]);
        load(&[dir.path().to_owned()]).expect_err(name);
        let aside = restored(&dir, &wanted);
        assert!(fs::read(aside.join(name)).expect("kept") == bytes, "{name}");
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_file_goes_out_of_the_way() {
    let wanted = Sources::new(vec![("a.rules".to_owned(), "# old".to_owned())]);
    for name in ["a.rules", "b.rules", "list.txt"] {
        let dir = folder(&[("c.rules", b"# new")]);
        std::os::unix::fs::symlink("/dev/zero", dir.path().join(name)).expect("a link");
        let aside = restored(&dir, &wanted);
        assert!(aside.join(name).is_symlink());
    }
}

#[test]
fn folders_and_files_of_one_name_make_way_for_each_other() {
    let mut file = Sources::new(vec![("a.rules".to_owned(), "# a".to_owned())]);
    let mut deep = file.clone();
    file.lists.insert("l.txt".to_owned(), "1".into());
    deep.lists.insert("l.txt/deep/b.txt".to_owned(), "2".into());
    let dir = folder(&[("a.rules", b"# a"), ("l.txt/deep/b.txt", b"3")]);
    let aside = restored(&dir, &file);
    assert!(aside.join("l.txt/deep/b.txt").exists());
    // The second time under the same name: at the same moment, by a clock that stands still.
    restored(&dir, &deep);
    let first = dir.path().join(".replaced-7-1/l.txt");
    assert_eq!(fs::read_to_string(first).expect("kept"), "1");
    restored(&dir, &file);
}

#[test]
fn files_that_no_rule_names_stay_as_long_as_there_is_room() {
    let wanted = Sources::new(vec![("a.rules".to_owned(), "# old".to_owned())]);
    let dir = folder(&[("a.rules", b"# new"), ("logins.csv", b"time,account\n")]);
    restore(dir.path(), &wanted, 7).expect("restored");
    assert!(dir.path().join("logins.csv").exists());

    let large = vec![b'1'; usize::try_from(MAX_FILE_BYTES).expect("small")];
    for number in 0..MAX_TOTAL_BYTES / MAX_FILE_BYTES {
        fs::write(dir.path().join(format!("{number}.txt")), &large).expect("can write");
    }
    load(&[dir.path().to_owned()]).expect_err("too much");
    let aside = restore(dir.path(), &wanted, 8).expect("restored");
    let aside = aside.expect("something was replaced");
    load(&[dir.path().to_owned()]).expect("read");
    // In the order of their names, what has no room goes.
    let moved = fs::read_dir(&aside).expect("a folder").count();
    assert!(aside.join("7.txt").exists() && moved == 1, "{moved}");
}

#[test]
fn more_than_a_folder_may_hold_is_not_put_back() {
    let dir = folder(&[("a.rules", b"# new")]);
    let mut wanted = Sources::new(vec![("a.rules".to_owned(), "# old".to_owned())]);
    let large = "1".repeat(usize::try_from(MAX_FILE_BYTES).expect("small"));
    for number in 0..MAX_TOTAL_BYTES / MAX_FILE_BYTES {
        let name = format!("{number}.txt");
        wanted.lists.insert(name, large.as_str().into());
    }
    let error = restore(dir.path(), &wanted, 7).expect_err("too much");
    assert!(matches!(error, FolderError::TooMuch { .. }), "{error}");
    let now = load(&[dir.path().to_owned()]).expect("read");
    assert_eq!(&*now.files[0].text, "# new");
}

#[test]
fn a_folder_that_is_gone_is_made() {
    let dir = tempfile::tempdir().expect("a folder");
    let root = dir.path().join("deep/rules");
    let wanted = Sources::new(vec![("a.rules".to_owned(), "# old".to_owned())]);
    assert_eq!(restore(&root, &wanted, 7).expect("restored"), None);
    assert_eq!(load(&[root]).expect("read").files, wanted.files);
}

#[test]
fn a_folder_at_a_files_place_goes_as_one() {
    let dir = folder(&[
        ("b.rules", b"# b"),
        ("a.rules/x.rules", b"# x"),
        ("a.rules/notes.md", b"mine"),
    ]);
    let wanted = Sources::new(vec![("a.rules".to_owned(), "# a".to_owned())]);
    let aside = restored(&dir, &wanted);
    for name in ["a.rules/x.rules", "a.rules/notes.md", "b.rules"] {
        assert!(aside.join(name).exists(), "{name}");
    }
    assert!(!dir.path().join(".replaced-7-1").exists());
}

#[test]
fn more_files_of_any_kind_than_a_folder_may_hold_are_told_before_anything_is_done() {
    let dir = folder(&[("a.rules", b"# new")]);
    for number in 0..MAX_FILES - 1 {
        fs::write(dir.path().join(format!("{number}.jpg")), "").expect("can write");
    }
    let mut wanted = Sources::new(vec![("a.rules".to_owned(), "# old".to_owned())]);
    restored(&dir, &wanted);
    wanted
        .files
        .push(Sources::single("b.rules", "# b").files.remove(0));
    let error = restore(dir.path(), &wanted, 8).expect_err("one too many");
    assert!(matches!(error, FolderError::TooMany { .. }), "{error}");
    assert!(!is_half_restored(dir.path()));
    load(&[dir.path().to_owned()]).expect("as it was");
}

#[cfg(unix)]
mod links_and_rights {
    use std::os::unix::ffi::OsStringExt as _;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

    use super::*;

    fn wanted() -> Sources {
        let mut wanted = Sources::new(vec![("a.rules".to_owned(), "# a".to_owned())]);
        wanted.lists.insert("lists/l.txt".to_owned(), "1".into());
        wanted
    }

    /// Somebody else's folder, as it was.
    fn untouched(other: &tempfile::TempDir, list: &str) {
        let text = fs::read_to_string(other.path().join("l.txt"));
        assert_eq!(text.expect("there"), list);
        let mut names: Vec<_> = fs::read_dir(other.path())
            .expect("a folder")
            .flatten()
            .collect();
        names.sort_by_key(std::fs::DirEntry::file_name);
        assert_eq!(names.len(), 3, "{names:?}");
    }

    #[test]
    fn what_a_linked_folder_holds_is_neither_written_nor_moved() {
        for list in ["1", "2"] {
            let other = folder(&[
                ("l.txt", list.as_bytes()),
                ("b.rules", b"# b"),
                ("odd.csv", b"\xff"),
            ]);
            let dir = folder(&[("a.rules", b"# a")]);
            symlink(other.path(), dir.path().join("lists")).expect("a link");
            let aside = restored(&dir, &wanted());
            untouched(&other, list);
            assert_eq!(
                fs::read_link(aside.join("lists")).expect("the link"),
                other.path()
            );
            assert!(!dir.path().join("lists").is_symlink());
        }
    }

    #[test]
    fn a_linked_folder_of_just_what_is_wanted_stays() {
        let other = folder(&[("b.rules", b"# b"), ("notes.md", b"mine")]);
        let dir = folder(&[("a.rules", b"# new"), ("lists/l.txt", b"1")]);
        symlink(other.path(), dir.path().join("team")).expect("a link");
        let mut wanted = wanted();
        let file = Sources::single("team/b.rules", "# b").files.remove(0);
        wanted.files.push(file);
        restored(&dir, &wanted);
        assert!(dir.path().join("team").is_symlink());
    }

    #[test]
    fn a_link_to_a_list_elsewhere_makes_way_though_it_says_the_same() {
        let other = folder(&[("l.txt", b"1"), ("b.rules", b""), ("c.csv", b"")]);
        let dir = folder(&[("a.rules", b"# a"), ("lists/keep.txt", b"")]);
        // By a link that counts from where it stands.
        symlink(other.path(), dir.path().join(".near")).expect("a link");
        symlink("../.near/l.txt", dir.path().join("lists/l.txt")).expect("a link");
        let mut wanted = wanted();
        wanted.lists.insert("lists/keep.txt".to_owned(), "".into());
        let aside = restored(&dir, &wanted);
        untouched(&other, "1");
        let kept = fs::read_to_string(aside.join("lists/l.txt"));
        assert_eq!(kept.expect("it still leads there"), "1");
    }

    #[test]
    fn links_that_go_in_circles_and_names_that_are_no_text_make_way() {
        let dir = folder(&[("a.rules", b"# new"), ("lists/l.txt", b"1")]);
        symlink(".", dir.path().join("loop")).expect("a link");
        let gbk = |end: &str| {
            let mut name = b"\xb9\xe6\xd4\xf2".to_vec();
            name.extend(end.as_bytes());
            std::ffi::OsString::from_vec(name)
        };
        for end in [".rules", ".csv"] {
            fs::write(dir.path().join(gbk(end)), "x").expect("can write");
        }
        let aside = restored(&dir, &wanted());
        assert!(aside.join("loop").is_symlink());
        for end in [".rules", ".csv"] {
            assert!(aside.join(gbk(end)).exists(), "{end}");
        }
    }

    #[test]
    fn who_could_write_a_file_can_write_what_is_put_back() {
        let dir = folder(&[("a.rules", b"# new")]);
        let path = dir.path().join("a.rules");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).expect("set");
        let owner = fs::metadata(&path).expect("there").uid();
        let wanted = Sources::new(vec![("a.rules".to_owned(), "# old".to_owned())]);
        restored(&dir, &wanted);
        let now = fs::metadata(&path).expect("there");
        assert_eq!((now.mode() & 0o777, now.uid()), (0o664, owner));
        assert_eq!(now.nlink(), 1);
    }

    #[test]
    fn nothing_is_written_over_that_somebody_saves_just_then() {
        let dir = folder(&[("a.rules", b"# new")]);
        let wanted = Sources::new(vec![("a.rules".to_owned(), "# old".to_owned())]);
        assert!(decide(dir.path(), &wanted, 7).expect("decided"));
        let (ready, path) = (
            dir.path().join(RESTORING).join(READY).join("a.rules"),
            dir.path().join("a.rules"),
        );
        let error = place::publish(&ready, &path, b"# old").expect_err("taken");
        assert_eq!(error.kind(), std::io::ErrorKind::AlreadyExists);
        // Where files have one name only, a copy is made, and that writes over nothing either.
        fs::remove_file(&ready).expect("removed");
        let error = place::publish(&ready, &path, b"# old").expect_err("taken");
        assert_eq!(error.kind(), std::io::ErrorKind::AlreadyExists);
        finish(dir.path()).expect("ended");
        let old = fs::read_to_string(dir.path().join(".replaced-7/a.rules"));
        assert_eq!(old.expect("kept aside"), "# new");
        assert_eq!(
            load(&[dir.path().to_owned()]).expect("read").files,
            wanted.files
        );
    }
}
