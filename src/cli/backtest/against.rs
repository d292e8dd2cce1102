//! The rules a backtest compares with: files, a git revision, or what the server runs.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::backtest::input::StoreFacts;
use crate::bot::folder;
use crate::cli::failure::Failure;
use crate::cli::output::LangArg;
use crate::lang::diagnostics::Language;
use crate::lang::span::Sources;

/// Reads `name`: a path when there is one, else a git revision of `rules`.
pub(super) fn read(name: &str, rules: &[PathBuf], lang: LangArg) -> Result<Sources, Failure> {
    let path = Path::new(name);
    if path.exists() {
        return load(&[path.to_owned()], lang);
    }
    revision(name, rules, lang)
}

/// Rule files of the disk.
pub(super) fn load(paths: &[PathBuf], lang: LangArg) -> Result<Sources, Failure> {
    folder::load(paths).map_err(|error| Failure::usage(error.said(lang.lang)))
}

/// The files of a git revision, at the same paths. List files are those of the revision too.
fn revision(name: &str, rules: &[PathBuf], lang: LangArg) -> Result<Sources, Failure> {
    if name.starts_with('-') {
        return Err(Failure::usage(match lang.lang {
            Language::Zh => format!("没有 {name}"),
            Language::En => format!("there is no {name}"),
        }));
    }
    let unpacked = tempdir(lang)?;
    for path in rules {
        let parent = match path.is_dir() {
            true => path.as_path(),
            false => path
                .parent()
                .filter(|path| !path.as_os_str().is_empty())
                .unwrap_or(Path::new(".")),
        };
        let archive = Command::new("git")
            .arg("-C")
            .arg(parent)
            .args(["archive", "--format=tar", name, "--", "."])
            .output()
            .map_err(|error| match error.kind() {
                ErrorKind::NotFound => Failure::usage(lang.pick(
                    "--against 的 git 版本要用 git，这里没有 git 这个命令",
                    "--against a git revision needs git, and there is no such command here",
                )),
                _ => Failure::io("git", &error, lang.lang),
            })?;
        if !archive.status.success() && is_revision(name, parent) {
            return Err(absent(name, path, &[], lang));
        }
        if !archive.status.success() {
            let said = String::from_utf8_lossy(&archive.stderr);
            let said = said.trim();
            return Err(Failure::usage(match lang.lang {
                Language::Zh => format!(
                    "--against {name}：没有这个文件，作为 git 版本也找不到（git 说：{said}）"
                ),
                Language::En => format!(
                    "--against {name}: there is no such file, and no such git revision (git says: {said})"
                ),
            }));
        }
        let target = unpacked.path().join(path.file_name().unwrap_or_default());
        let folder = match path.is_dir() {
            true => target.clone(),
            false => unpacked.path().to_owned(),
        };
        untar(&archive.stdout, &folder, lang)?;
        if !target.exists() {
            return Err(absent(name, path, &rules_in(&folder), lang));
        }
    }
    let paths: Vec<PathBuf> = rules
        .iter()
        .map(|path| unpacked.path().join(path.file_name().unwrap_or_default()))
        .collect();
    load(&paths, lang)
}

/// Whether git knows a commit by this name.
fn is_revision(name: &str, folder: &Path) -> bool {
    let asked = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(["rev-parse", "--verify", "--quiet", "--end-of-options"])
        .arg(format!("{name}^{{commit}}"))
        .output();
    asked.is_ok_and(|answer| answer.status.success())
}

/// The names of the rule files that lie in a folder.
fn rules_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".rules")).collect();
    names.sort_unstable();
    names
}

/// The revision has no such file or folder; it has `others` in its place.
fn absent(name: &str, path: &Path, others: &[String], lang: LangArg) -> Failure {
    let path = path.display();
    let others = others.join(lang.pick("、", ", "));
    Failure::usage(match (lang.lang, others.as_str()) {
        (Language::Zh, "") => format!(
            "--against {name}：git 的这个版本里没有 {path}；改过名字的话，请先把那一版取出来（git worktree add），再用 --against 指到那里"
        ),
        (Language::Zh, others) => format!(
            "--against {name}：git 的这个版本里没有 {path}，同一个文件夹里有 {others}；改过名字的话，请用整个文件夹回测"
        ),
        (Language::En, "") => format!(
            "--against {name}: that git revision has no {path}; where it was renamed, check that revision out (git worktree add) and name its path with --against"
        ),
        (Language::En, others) => format!(
            "--against {name}: that git revision has no {path}; in the same folder it has {others}: where it was renamed, backtest the folder"
        ),
    })
}

/// A directory that goes with its guard.
struct Unpacked(PathBuf);

impl Unpacked {
    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Unpacked {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn tempdir(lang: LangArg) -> Result<Unpacked, Failure> {
    let random: [u8; 8] = crate::env::Env::system().bytes();
    let path = std::env::temp_dir().join(format!("menshen-against-{}", hex::encode(random)));
    std::fs::create_dir(&path).map_err(|error| Failure::io(path.display(), &error, lang.lang))?;
    Ok(Unpacked(path))
}

/// Unpacks the regular files of a tar as git writes it: plain names, no links followed.
fn untar(mut tar: &[u8], folder: &Path, lang: LangArg) -> Result<(), Failure> {
    const BLOCK: usize = 512;
    let wrong = || {
        Failure::failed(lang.pick(
            "git archive 给出的不是归档",
            "git archive gave something that is no archive",
        ))
    };
    while tar.len() >= BLOCK && tar[0] != 0 {
        let (header, rest) = tar.split_at(BLOCK);
        let text = |from: usize, to: usize| {
            let bytes = &header[from..to];
            let end = bytes
                .iter()
                .position(|byte| *byte == 0)
                .unwrap_or(bytes.len());
            std::str::from_utf8(&bytes[..end])
                .unwrap_or_default()
                .trim()
                .to_owned()
        };
        let size = usize::from_str_radix(&text(124, 136), 8).map_err(|_| wrong())?;
        let body = rest.get(..size).ok_or_else(wrong)?;
        let (prefix, name) = (text(345, 500), text(0, 100));
        let name = match prefix.is_empty() {
            true => name,
            false => format!("{prefix}/{name}"),
        };
        let relative = Path::new(&name);
        let inside = relative.components().all(|part| {
            matches!(
                part,
                std::path::Component::Normal(_) | std::path::Component::CurDir
            )
        });
        if matches!(header[156], b'0' | 0) && inside {
            let path = folder.join(relative);
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)
                    .map_err(|error| Failure::io(parent.display(), &error, lang.lang))?;
            }
            std::fs::write(&path, body)
                .map_err(|error| Failure::io(path.display(), &error, lang.lang))?;
        }
        tar = rest.get(size.div_ceil(BLOCK) * BLOCK..).ok_or_else(wrong)?;
    }
    Ok(())
}

/// The rules of a generation of the server: the newest, the one before it, or the one with a number.
/// Its name and texts.
pub(super) fn generation(
    facts: &StoreFacts,
    which: Which,
    lang: LangArg,
) -> Result<(String, Sources), Failure> {
    if !facts.is_store {
        return Err(Failure::usage(lang.pick(
            "`running` 和 `previous` 是服务器的规则版本：要用 --live，或把存储的导出作为 --logins",
            "`running` and `previous` are generations of a server: they need --live, or an export of a store as --logins",
        )));
    }
    let all = &facts.generations;
    let found = match which {
        Which::Running => all.last(),
        Which::Previous => all.iter().rev().nth(1),
        Which::Number(number) => all.iter().find(|(known, _)| *known == number),
    };
    let Some((number, hash)) = found else {
        let known: Vec<String> = all.iter().map(|(number, _)| number.to_string()).collect();
        let known = (!known.is_empty()).then(|| known.join(", "));
        return Err(Failure::usage(match (which, known, lang.lang) {
            (Which::Number(number), Some(known), Language::Zh) => {
                format!("没有第 {number} 版规则；留着的是 {known}")
            }
            (Which::Number(number), Some(known), Language::En) => {
                format!("there is no generation {number}; kept are {known}")
            }
            (_, None, _) => lang
                .pick(
                    "这个存储上从来没有规则上过线",
                    "no rules were ever live on this store",
                )
                .to_owned(),
            (_, Some(_), _) => lang
                .pick(
                    "没有更早的一版：规则从来没有改过",
                    "there is no generation before this one: the rules were never changed",
                )
                .to_owned(),
        }));
    };
    let sources = facts.rules(hash).ok_or_else(|| {
        Failure::usage(match lang.lang {
            Language::Zh => format!("第 {number} 版规则的文本已经不留了"),
            Language::En => format!("the texts of generation {number} are not kept any more"),
        })
    })?;
    let short = hash.get(..12).unwrap_or(hash);
    let name = match lang.lang {
        Language::Zh => format!("第 {number} 版规则（{short}）"),
        Language::En => format!("generation {number} ({short})"),
    };
    Ok((name, sources))
}

/// Which generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// The newest: what the server runs.
    Running,
    /// The one before.
    Previous,
    /// This one.
    Number(u64),
}

impl Which {
    /// What `--against` may say with `--live`, besides files and revisions.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "running" => Some(Self::Running),
            "previous" => Some(Self::Previous),
            _ => None,
        }
    }
}
