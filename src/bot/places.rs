//! Where the files of a rule set stand: names are relative to the paths that were given, so files of two
//! places can have one, and only one of them would be looked at. Reads no texts.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where each name was found.
#[derive(Default)]
pub(super) struct Places {
    first: BTreeMap<String, PathBuf>,
    /// Names that stand for files of two places, with both.
    clashes: Vec<(String, PathBuf, PathBuf)>,
}

impl Places {
    /// Notes where a name stands; a file that is given twice is one file.
    pub(super) fn placed(&mut self, name: &str, path: &Path) {
        let Some(first) = self.first.get(name) else {
            self.first.insert(name.to_owned(), path.to_owned());
            return;
        };
        let same = match (fs::canonicalize(first), fs::canonicalize(path)) {
            (Ok(one), Ok(other)) => one == other,
            _ => first == path,
        };
        if !same {
            let clash = (name.to_owned(), first.clone(), path.to_owned());
            self.clashes.push(clash);
        }
    }

    /// The first name of two files that matters, with both: that of a rule file, or of a list the rules may
    /// name. Data that happens to lie beside two rule files under one name does not.
    pub(super) fn clash(
        &self,
        rules: &BTreeMap<String, Arc<str>>,
    ) -> Option<(String, PathBuf, PathBuf)> {
        let named = |name: &str| {
            let file = name.rsplit('/').next().unwrap_or(name);
            rules.values().any(|text| text.contains(file))
        };
        let mut clashes = self.clashes.iter();
        clashes
            .clone()
            .find(|(name, ..)| rules.contains_key(name))
            .or_else(|| clashes.find(|(name, ..)| named(name)))
            .cloned()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::bot::folder::{FolderError, load};

    #[test]
    fn two_files_of_one_name_are_an_error_and_not_the_last_one() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| dir.path().join(name);
        fs::create_dir(path("a")).expect("a folder");
        fs::create_dir(path("b")).expect("a folder");
        for (name, text) in [
            ("a/x.rules", "list l from \"other.txt\""),
            ("b/x.rules", "# b"),
            ("b/y.rules", "list l from \"other.txt\""),
            ("a/other.txt", "1"),
            ("b/other.txt", "2"),
            ("a/logins.csv", "1"),
            ("b/logins.csv", "2"),
        ] {
            fs::write(path(name), text).expect("can write");
        }
        for paths in [
            [path("a"), path("b")],
            [path("b"), path("a")],
            [path("a/x.rules"), path("b/x.rules")],
        ] {
            let error = load(&paths).expect_err("two of one name");
            assert!(
                matches!(&error, FolderError::SameName { name, .. } if name == "x.rules"),
                "{error}"
            );
        }
        // A list that is named must not be the other folder's.
        let error = load(&[path("a/x.rules"), path("b/y.rules")]).expect_err("two lists");
        assert!(
            matches!(&error, FolderError::SameName { name, .. } if name == "other.txt"),
            "{error}"
        );
        // What one file names is not taken for a list of another that names none.
        fs::write(path("a/x.rules"), "# a").expect("can write");
        let both = load(&[path("a/x.rules"), path("b/y.rules")]).expect("one list");
        assert_eq!(both.lists.get("other.txt").map(|text| &**text), Some("2"));
        // One file given twice is one; data of one name beside two files is nobody's list.
        let twice = load(&[path("a/x.rules"), path("a"), path("a/../a/x.rules")]);
        assert_eq!(twice.expect("one file").files.len(), 1);
        fs::remove_file(path("a/other.txt")).expect("gone");
        let both = load(&[path("a/x.rules"), path("b/y.rules")]);
        assert_eq!(both.expect("two files").files.len(), 2);
    }
}
