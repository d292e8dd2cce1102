//! Why a store cannot be opened, in both languages.

use super::failure::Failure;
use crate::bot::folder::io_words;
use crate::lang::diagnostics::Words;
use crate::store::{Flavour, OpenError};

/// A command ends for it.
pub fn failure(error: OpenError) -> Failure {
    match error {
        OpenError::Missing(_) => Failure::usage(words(&error).get(super::chinese::of_process())),
        other => Failure::from(other),
    }
}

/// What happened, and what to do.
pub fn words(error: &OpenError) -> Words {
    let en = match error {
        OpenError::Missing(_) => format!("{error}; `menshen init` makes one"),
        OpenError::Io { what, path, source } => {
            format!("{what} {}: {}", path.display(), io_words(source).en)
        }
        other => other.to_string(),
    };
    Words::new(zh(error), en)
}

fn zh(error: &OpenError) -> String {
    match error {
        OpenError::Io { path, source, .. } => {
            format!("{}：{}", path.display(), io_words(source).zh)
        }
        OpenError::Locked(path) => format!(
            "{} 正被另一个进程使用：用运行中的服务的命令，或者先停掉它",
            path.display()
        ),
        OpenError::Missing(path) => {
            format!("{} 里没有数据库；`menshen init` 会建一个", path.display())
        }
        OpenError::Flavour {
            path,
            found,
            wanted,
        } => format!(
            "{} 里的数据库是{}的，这里要的是{}的",
            path.display(),
            flavour(*found),
            flavour(*wanted)
        ),
        OpenError::Newer { path, found, known } => format!(
            "{} 里的数据库是第 {found} 版格式，这个程序只认到第 {known} 版；请用新版的程序",
            path.display()
        ),
        OpenError::LostCommits { path, missing } => format!(
            "{} 里的数据库丢了已经确认过的第 {} 到 {} 次提交：把最近的备份读进新的目录，或者带 --accept-loss 启动一次，回到最近一份转储",
            path.display(),
            missing.start(),
            missing.end()
        ),
        OpenError::MarkDamaged(path) => format!(
            "已确认提交的记号 {} 不见了或者坏了，丢了提交也看不出来：先检查数据库，再带 --accept-loss 启动一次",
            path.display()
        ),
        OpenError::Blobs(path) => format!(
            "{} 不是空的：引擎不保证那里的文件已落盘；请导出，再读进新的数据库",
            path.display()
        ),
        OpenError::Damaged { path, copy, detail } => format!(
            "{} 里的数据库读不出来（{detail}）；修复之前的文件放在 {}；把最近的备份读进新的目录，或者带 --accept-loss 启动一次，回到最近一份转储",
            path.display(),
            copy.display()
        ),
        OpenError::Unreadable { path, detail } => format!(
            "{} 里的数据库有一部分读不出来（{detail}）：把最近的备份读进新的目录，或者带 --accept-loss 启动一次，回到最近一份转储；一份也没有时，--accept-loss=database 用还读得出来的继续",
            path.display()
        ),
        OpenError::Dump { path, source } => {
            format!("转储 {} 读不出来：{source}", path.display())
        }
        OpenError::DumpBefore(source) => {
            format!("升级数据库之前要先写一份转储，写不成：{source}")
        }
        OpenError::TooManyCopies(path) => format!(
            "{} 里已有好几次修复留下的文件，再放一份可能把盘占满：看一看，要的移到别处，其余删掉",
            path.display()
        ),
        OpenError::ImportUnfinished(path) => {
            format!("往 {} 里的导入没有做完：删掉它，重新导入", path.display())
        }
        OpenError::Store(error) => format!("数据库打开了，却用不了：{error}"),
    }
}

fn flavour(flavour: Flavour) -> &'static str {
    match flavour {
        Flavour::Dev => "试用（`menshen dev`）",
        Flavour::Production => "正式（`menshen init`）",
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn either_language_says_where_and_what_to_do() {
        let path = || PathBuf::from("there");
        let errors = [
            (OpenError::Locked(path()), "先停掉它"),
            (OpenError::Missing(path()), "menshen init"),
            (
                OpenError::Unreadable {
                    path: path(),
                    detail: "a page".to_owned(),
                },
                "--accept-loss",
            ),
            (
                OpenError::LostCommits {
                    path: path(),
                    missing: 3..=4,
                },
                "--accept-loss",
            ),
            (
                OpenError::Io {
                    what: "cannot open",
                    path: path(),
                    source: std::io::Error::from(std::io::ErrorKind::PermissionDenied),
                },
                "没有权限",
            ),
        ];
        for (error, cure) in errors {
            let words = words(&error);
            assert!(
                words.zh.contains("there") && words.zh.contains(cure),
                "{words:?}"
            );
            assert!(words.en.contains("there"), "{words:?}");
            assert!(words.en.is_ascii(), "{words:?}");
        }
    }
}
