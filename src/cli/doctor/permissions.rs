//! Who can read the secrets on this machine.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::findings::{Findings, w};

/// Keys of the configuration that are secrets when they stand in it.
const SECRET_KEYS: &[&str] = &[
    "token",
    "previous_token",
    "encoding_aes_key",
    "previous_encoding_aes_key",
    "app_secret",
    "secret",
    "foreign_machine_key",
    "previous_foreign_machine_key",
];

/// Looks at the configuration file itself and every `…_file` it names.
pub fn secrets(file: &Path, found: &mut Findings) {
    let Ok(text) = fs::read_to_string(file) else {
        return;
    };
    let Ok(table) = text.parse::<toml::Table>() else {
        return;
    };
    let mut seen = Seen::default();
    walk(&toml::Value::Table(table), &mut seen);
    if seen.inline
        && let Some(mode) = too_open(file)
    {
        found.warning(
            "config-mode",
            w(
                format!("{} 里有密钥，别人也能读（权限 {mode:03o}）", file.display()),
                format!(
                    "{} holds secrets and can be read by others (mode {mode:03o})",
                    file.display()
                ),
            ),
            w(
                format!("chmod 600 {}，或把密钥移到单独的文件", file.display()),
                format!(
                    "chmod 600 {}, or move the secrets into files of their own",
                    file.display()
                ),
            ),
        );
    }
    let root = file.parent().unwrap_or(Path::new(""));
    for name in seen.files {
        let path = root.join(name);
        if let Some(mode) = too_open(&path) {
            found.warning(
                "secret-mode",
                w(
                    format!("{} 里是密钥，别人也能读（权限 {mode:03o}）", path.display()),
                    format!(
                        "{} holds a secret and can be read by others (mode {mode:03o})",
                        path.display()
                    ),
                ),
                format!("chmod 600 {}", path.display()),
            );
        }
    }
}

#[derive(Default)]
struct Seen {
    inline: bool,
    files: Vec<PathBuf>,
}

fn walk(value: &toml::Value, seen: &mut Seen) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                match value {
                    toml::Value::String(_) if SECRET_KEYS.contains(&key.as_str()) => {
                        seen.inline = true;
                    }
                    // The master key has a check of its own.
                    toml::Value::String(path) if key.ends_with("_file") && key != "master_file" => {
                        seen.files.push(PathBuf::from(path));
                    }
                    other => walk(other, seen),
                }
            }
        }
        toml::Value::Array(items) => items.iter().for_each(|item| walk(item, seen)),
        _ => {}
    }
}

/// The permission bits, when others may read the file.
fn too_open(path: &Path) -> Option<u32> {
    let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}
