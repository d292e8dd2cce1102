//! Restoring, and what cuts it short.

use super::super::tests::folder;
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

/// A restoring from one rule set to another, up to the moment where the files wait to be put in place.
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
    // Something is in the way of the last file, as a full disk would be.
    fs::write(dir.path().join("sub"), "").expect("can write");
    let error = restore(dir.path(), &wanted, 7).expect_err("in the way");
    assert!(matches!(error, FolderError::Write { .. }), "{error}");
    (dir, wanted)
}

#[test]
fn what_is_cut_short_is_not_read_as_rules_and_is_ended_by_the_next_who_runs_them() {
    let (dir, wanted) = decided();
    let paths = [dir.path().to_owned()];
    for load in [load, load_own] {
        let error = load(&paths).expect_err("neither the one nor the other");
        assert!(matches!(error, FolderError::HalfRestored { .. }), "{error}");
    }
    fs::remove_file(dir.path().join("sub")).expect("out of the way");
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
    fs::remove_file(dir.path().join("sub")).expect("out of the way");
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
