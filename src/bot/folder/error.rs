//! Why rule files could not be read or written, in both languages.

use std::io;
use std::path::{Path, PathBuf};
use std::string::FromUtf8Error;

use super::{Encoding, MAX_DEPTH, MAX_FILE_BYTES, MAX_FILES, MAX_TOTAL_BYTES};
use crate::lang::diagnostics::{Language, Words};

/// Why a rules folder could not be read. Each names the file.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// A file or folder could not be read.
    #[error("cannot read {path}: {}", io_words(.source).en)]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not UTF-8.
    #[error("{}", not_utf8(path, *offset, *encoding).en)]
    NotUtf8 {
        /// Which.
        path: PathBuf,
        /// Offset of the first bad byte.
        offset: usize,
        /// What it seems to be written in.
        encoding: Option<Encoding>,
    },
    /// A pipe, a device or the like: reading it might never end.
    #[error("{path} is no regular file; pipes and devices are not read")]
    NotAFile {
        /// Which.
        path: PathBuf,
    },
    /// A file is too large.
    #[error("{path} is {bytes} bytes; at most {MAX_FILE_BYTES} are read")]
    TooLarge {
        /// Which.
        path: PathBuf,
        /// How large.
        bytes: u64,
    },
    /// All files together are too large.
    #[error(
        "the rule and list files of {path} are more than {MAX_TOTAL_BYTES} bytes together; reading stopped at {last}"
    )]
    TooMuch {
        /// The folder.
        path: PathBuf,
        /// The file that was too much.
        last: PathBuf,
    },
    /// There are too many files or folders are nested too deeply.
    #[error(
        "{path} holds more than {MAX_FILES} files or is nested deeper than {MAX_DEPTH} folders"
    )]
    TooMany {
        /// The folder.
        path: PathBuf,
    },
    /// A list file is a link to a file elsewhere: whoever may write a link could have that file read.
    #[error(
        "{path} is a link out of the rules folder; list files stay inside it, so copy the file"
    )]
    LeadsOut {
        /// Which.
        path: PathBuf,
    },
    /// There is no rule file.
    #[error("{path} holds no .rules file")]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// A file or folder could not be written.
    #[error("cannot write {path}: {}", io_words(.source).en)]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A rollback was cut short while it put files in place: what lies there is neither the one rule set nor the other.
    #[error(
        "a rollback of {path} was cut short, and what lies there is neither the one rule set nor the other; it is ended \
         by reloading or starting the server, or by another `menshen rules rollback`. What the folder held is in its \
         .replaced- folder. To leave it as it lies now, remove {path}/.restoring"
    )]
    HalfRestored {
        /// The folder.
        path: PathBuf,
    },
    /// A kept file's name leads out of the folder.
    #[error("{name:?} is no name of a file inside the rules folder")]
    Outside {
        /// The name.
        name: String,
    },
    /// Two files of different places would have one name in the set, and only one would be looked at.
    #[error(
        "{first} and {second} are both {name} below the paths given; give the folder above both, or one at a time"
    )]
    SameName {
        /// The name.
        name: String,
        /// One of them.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// A path's name is not UTF-8.
    #[error("the name of {path:?} is not UTF-8")]
    BadName {
        /// Which.
        path: PathBuf,
    },
}

/// That a file is not UTF-8, and how it becomes that.
fn not_utf8(path: &Path, offset: usize, encoding: Option<Encoding>) -> Words {
    let path = path.display();
    match encoding {
        Some(encoding) => {
            let (name, notepad) = (encoding.name(), encoding.in_notepad());
            Words::new(
                format!(
                    "{path} 不是 UTF-8，看起来是 {name}（记事本里叫 {notepad}）。转成 UTF-8：在记事本里“另存为”，编码选 UTF-8；\
                     或者 `iconv -f {name} -t UTF-8 {path} > 新文件`"
                ),
                format!(
                    "{path} is not UTF-8, it seems to be {name} (Notepad calls it {notepad}). To turn it into UTF-8 save it in \
                     Notepad with the encoding UTF-8, or run `iconv -f {name} -t UTF-8 {path} > NEW`"
                ),
            )
        }
        None => Words::new(
            format!("{path} 不是 UTF-8（第 {offset} 个字节起读不懂）；请另存为 UTF-8"),
            format!("{path} is not UTF-8 (first bad byte at offset {offset}); save it as UTF-8"),
        ),
    }
}

impl FolderError {
    /// A file that is not UTF-8.
    pub fn not_utf8(path: &Path, error: &FromUtf8Error) -> Self {
        Self::NotUtf8 {
            path: path.to_owned(),
            offset: error.utf8_error().valid_up_to(),
            encoding: Encoding::guess(error.as_bytes()),
        }
    }

    /// The same in a language.
    pub fn said(&self, language: Language) -> String {
        if language == Language::En {
            return self.to_string();
        }
        match self {
            Self::Read { path, source } => {
                format!("读不了 {}：{}", path.display(), io_words(source).zh)
            }
            Self::NotUtf8 {
                path,
                offset,
                encoding,
            } => not_utf8(path, *offset, *encoding).zh,
            Self::NotAFile { path } => {
                format!("{} 不是普通文件；管道和设备不读", path.display())
            }
            Self::TooLarge { path, bytes } => format!(
                "{} 有 {bytes} 字节；最多读 {MAX_FILE_BYTES}",
                path.display()
            ),
            Self::TooMuch { path, last } => format!(
                "{} 里的规则文件和名单文件加起来超过 {MAX_TOTAL_BYTES} 字节；读到 {} 为止",
                path.display(),
                last.display()
            ),
            Self::TooMany { path } => format!(
                "{} 里超过 {MAX_FILES} 个文件，或者文件夹套了 {MAX_DEPTH} 层以上",
                path.display()
            ),
            Self::LeadsOut { path } => format!(
                "{} 是指到规则目录外面的链接；名单文件要在目录里，请把文件复制进来",
                path.display()
            ),
            Self::Empty { path } => format!("{} 里没有 .rules 文件", path.display()),
            Self::Write { path, source } => {
                format!("写不了 {}：{}", path.display(), io_words(source).zh)
            }
            Self::HalfRestored { path } => format!(
                "{0} 的回滚做到一半断了，里面的文件新旧都有；重新加载或启动服务器，或者再运行一次 `menshen rules rollback`，\
                 都会把它做完。目录里原有的文件在其中的 .replaced- 文件夹里。想就停在现在这样，删掉 {0}/.restoring",
                path.display()
            ),
            Self::Outside { name } => format!("{name:?} 不是规则目录里文件的名字"),
            Self::SameName {
                name,
                first,
                second,
            } => format!(
                "{} 和 {} 在给出的路径之下都叫 {name}；请给它们共同的上层文件夹，或者一次给一个",
                first.display(),
                second.display()
            ),
            Self::BadName { path } => format!("{path:?} 的名字不是 UTF-8"),
        }
    }
}

/// What a system says of a file, in both languages.
pub fn io_words(error: &io::Error) -> Words {
    use io::ErrorKind as K;
    let (zh, en) = match error.kind() {
        K::NotFound => ("没有这个文件或文件夹", "there is no such file or folder"),
        K::PermissionDenied => ("没有权限", "there is no permission"),
        K::IsADirectory => ("这是文件夹，不是文件", "it is a folder, no file"),
        K::NotADirectory => (
            "路径中间有一段是文件，不是文件夹",
            "a part of the path is a file, no folder",
        ),
        K::AlreadyExists => ("已经有同名的文件", "a file of that name is there already"),
        K::StorageFull | K::QuotaExceeded => ("磁盘满了", "the disk is full"),
        K::FileTooLarge => (
            "文件超过了这个进程可写的大小（ulimit -f）",
            "the file would be larger than this process may write (ulimit -f)",
        ),
        K::ReadOnlyFilesystem => ("文件系统是只读的", "the file system is read-only"),
        K::AddrInUse => ("这个地址已有程序在用", "another program uses that address"),
        K::AddrNotAvailable => ("这台机器没有这个地址", "this machine has no such address"),
        K::ResourceBusy => (
            "正在使用，动不了（可能挂载了别的文件系统）",
            "it is in use and cannot be moved (something may be mounted there)",
        ),
        K::InvalidFilename => ("不能用作文件名", "it cannot be the name of a file"),
        _ => return Words::new(error.to_string(), error.to_string()),
    };
    Words::new(zh, en)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_is_said_in_chinese_too() {
        let path = || PathBuf::from("r");
        let source = || io::Error::from(io::ErrorKind::NotFound);
        let all = [
            FolderError::Read {
                path: path(),
                source: source(),
            },
            FolderError::NotUtf8 {
                path: path(),
                offset: 3,
                encoding: None,
            },
            FolderError::NotUtf8 {
                path: path(),
                offset: 3,
                encoding: Some(Encoding::Gbk),
            },
            FolderError::NotAFile { path: path() },
            FolderError::TooLarge {
                path: path(),
                bytes: 9,
            },
            FolderError::TooMany { path: path() },
            FolderError::LeadsOut { path: path() },
            FolderError::Empty { path: path() },
            FolderError::Write {
                path: path(),
                source: source(),
            },
            FolderError::HalfRestored { path: path() },
            FolderError::Outside {
                name: "r".to_owned(),
            },
            FolderError::SameName {
                name: "r".to_owned(),
                first: path(),
                second: path(),
            },
            FolderError::BadName { path: path() },
        ];
        for error in all {
            let (zh, en) = (error.said(Language::Zh), error.said(Language::En));
            assert!(zh.contains('r') && en.contains('r'), "{zh} / {en}");
            assert!(zh.chars().any(|c| c > '\u{4e00}'), "{zh}");
            assert!(!en.chars().any(|c| c > '\u{4e00}'), "{en}");
            assert!(!zh.contains("os error") && !en.contains("os error"), "{en}");
        }
    }
}
