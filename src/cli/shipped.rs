//! The rule files that ship with the program, for `init` and `dev`.

use std::fs;
use std::io;
use std::path::Path;

/// Paths below the rules folder, and their texts.
pub const RULES: &[(&str, &str)] = &[
    ("binding.rules", include_str!("../../rules/binding.rules")),
    ("guard.rules", include_str!("../../rules/guard.rules")),
    ("service.rules", include_str!("../../rules/service.rules")),
    (
        "lists/blocked.txt",
        include_str!("../../rules/lists/blocked.txt"),
    ),
    (
        "lists/office.txt",
        include_str!("../../rules/lists/office.txt"),
    ),
];

/// Writes them into `folder`, which is made.
pub fn write(folder: &Path) -> io::Result<()> {
    for (path, text) in RULES {
        let file = folder.join(path);
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(file, text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_file_of_the_folder_ships() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
        let mut found = BTreeSet::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("the folder can be read") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(&root).expect("below the root");
                    found.insert(name.to_string_lossy().into_owned());
                }
            }
        }
        let shipped: BTreeSet<String> = RULES.iter().map(|(path, _)| (*path).to_owned()).collect();
        assert_eq!(shipped, found);
    }
}
