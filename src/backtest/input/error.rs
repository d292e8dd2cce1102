//! Why an input could not be read at all, in both languages. What stops a reader inside goes here too.

use std::io;

use super::foreign::Foreign;
use super::header::MAX_COLUMNS;
use super::open::Damaged;
use super::reasons::{Reason, Reasons, list};
use crate::bot::folder::io_words;
use crate::lang::diagnostics::{Language, Words};

/// Why the input could not be read at all.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// A file.
    #[error("{path}: {}", of_file(.error).en)]
    File {
        /// Which.
        path: String,
        /// What happened.
        error: io::Error,
    },
    /// The header is in an encoding that is not read.
    #[error(
        "{path}: neither UTF-8 nor GBK. In Excel save it as “CSV UTF-8”, or convert it: iconv -f ENCODING -t UTF-8 {path} > logins.csv"
    )]
    Encoding {
        /// The file.
        path: String,
    },
    /// The header has no such column.
    #[error(
        "{path}: no column for {field}; the header is: {header}. Say which in a mapping file (--map), with [columns] and a line such as {field} = \"name of the column\"; where the first line is a login already, put a line of names before it; see docs/tuning.md"
    )]
    Column {
        /// The file.
        path: String,
        /// The field that needs one.
        field: String,
        /// The header as read.
        header: String,
    },
    /// The header has more columns than any table of logins.
    #[error("{path}: a header of {columns} columns; {MAX_COLUMNS} is the most")]
    Columns {
        /// The file.
        path: String,
        /// How many it has; of a header that is cut off how many were met.
        columns: usize,
    },
    /// Two columns of the header have the name that is asked for.
    #[error(
        "{path}: two columns are called {name}; the header is: {header}. Which one is meant nobody can know: rename one"
    )]
    TwoColumns {
        /// The file.
        path: String,
        /// Their name.
        name: String,
        /// The header as read.
        header: String,
    },
    /// No text of logins.
    #[error("{path}: {}", .what.words(.path, Language::En))]
    Foreign {
        /// The file.
        path: String,
        /// What it is.
        what: Foreign,
    },
    /// A file that was read already.
    #[error(
        "{path}: what it says is the same, byte for byte, as what {other} says (of what is packed, unpacked): every login is there twice; leave one out"
    )]
    Twice {
        /// The file.
        path: String,
        /// The one before it.
        other: String,
    },
    /// Too much of it is unusable.
    #[error(
        "{unusable} of {rows} rows cannot be used, more than {share}% (--max-unusable):{}{}",
        behind(.reasons, .pattern, Language::En),
        overlap(.reasons, (*.unusable, *.rows), Language::En)
    )]
    Unusable {
        /// How many.
        unusable: u64,
        /// Of how many.
        rows: u64,
        /// What is allowed, in percent.
        share: f64,
        /// Reasons with samples.
        reasons: Reasons,
        /// How the mapping says times are written.
        pattern: Option<String>,
    },
    /// More logins or labels than fit.
    #[error("more than {most} {}", .what.words().1)]
    TooMuch {
        /// Of what.
        what: Kind,
        /// How many fit.
        most: u64,
    },
    /// No login at all.
    #[error("there is no login in the input{}", behind(.reasons, .pattern, Language::En))]
    Empty {
        /// What stood there instead, with samples.
        reasons: Reasons,
        /// How the mapping says times are written.
        pattern: Option<String>,
    },
}

/// What there can be too many of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Logins.
    Logins,
    /// Labels.
    Labels,
}

impl Kind {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Logins => ("次登录", "logins"),
            Self::Labels => ("种标注", "labels"),
        }
    }
}

impl InputError {
    /// The same in a language.
    pub fn said(&self, language: Language) -> String {
        if language == Language::En {
            return self.to_string();
        }
        match self {
            Self::File { path, error } => format!("{path}：{}", of_file(error).zh),
            Self::Twice { path, other } => {
                format!(
                    "{path}：和 {other} 内容完全一样（压缩的按解开后的比），同一次登录出现两次；请去掉一个"
                )
            }
            Self::Foreign { path, what } => format!("{path}：{}", what.words(path, language)),
            Self::Encoding { path } => format!(
                "{path}：既不是 UTF-8，也不是 GBK。Excel 请另存为“CSV UTF-8（逗号分隔）”，或者转换：iconv -f 原来的编码 -t UTF-8 {path} > logins.csv"
            ),
            Self::Column {
                path,
                field,
                header,
            } => format!(
                "{path}：没有 {field} 这一列；表头是：{header}。哪一列是什么，写在映射文件里（--map）：[columns] 下面一行 {field} = \"那一列的名字\"；第一行就是登录的，前面补一行列名；见 docs/tuning.md"
            ),
            Self::Columns { path, columns } => {
                format!("{path}：表头有 {columns} 列，最多 {MAX_COLUMNS} 列")
            }
            Self::TwoColumns { path, name, header } => format!(
                "{path}：有两列都叫 {name}；表头是：{header}。不知道该用哪一列，请改掉其中一列的名字"
            ),
            Self::Unusable {
                unusable,
                rows,
                share,
                reasons,
                pattern,
            } => format!(
                "{rows} 行里有 {unusable} 行不能用，超过 {share}%（--max-unusable）：{}",
                behind(reasons, pattern, language)
                    + &overlap(reasons, (*unusable, *rows), language)
            ),
            Self::TooMuch { what, most } => format!("超过 {most} {}，放不下", what.words().0),
            Self::Empty { reasons, pattern } => {
                format!("输入里没有一次登录{}", behind(reasons, pattern, language))
            }
        }
    }
}

fn behind(reasons: &Reasons, pattern: &Option<String>, language: Language) -> String {
    let list = list(reasons, language);
    let mut text = match list.trim_end() {
        "" => String::new(),
        list => format!("\n{list}"),
    };
    if let (Some(pattern), true) = (pattern, reasons.contains_key(&Reason::BadTime)) {
        text.push_str(&match language {
            Language::Zh => format!("\n  时间是按映射文件的 format {pattern:?} 读的"),
            Language::En => format!("\n  times are read by the mapping's format {pattern:?}"),
        });
    }
    text
}

/// Where most rows are lost for coming again: how to allow what overlaps.
fn overlap(reasons: &Reasons, (unusable, rows): (u64, u64), language: Language) -> String {
    let again = reasons.get(&Reason::Duplicate).map_or(0, |found| found.0);
    if again * 2 < unusable {
        return String::new();
    }
    let percent = (unusable * 100).div_ceil(rows.max(1));
    match language {
        Language::Zh => format!(
            "\n  如果只是几份导出有重叠（{again} 行是重复的），加上 --max-unusable {percent} 就能继续"
        ),
        Language::En => format!(
            "\n  where exports merely overlap ({again} rows come again), --max-unusable {percent} lets it go on"
        ),
    }
}

/// What is wrong with a source that is no file, in words.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.en)]
pub struct Told(pub Words);

/// What a system says of a file, for people.
pub(super) fn of_file(error: &io::Error) -> Words {
    let told = error.get_ref().and_then(|inner| inner.downcast_ref());
    if let Some(Told(words)) = told {
        return words.clone();
    }
    let damaged = error.get_ref().is_some_and(|inner| inner.is::<Damaged>());
    match error.kind() {
        _ if damaged => Words::new(
            "压缩文件不完整或已损坏；请重新传一份（可以用 gzip -t 或 zstd -t 检查）",
            format!("{Damaged}; copy it once more (gzip -t or zstd -t look at it)"),
        ),
        io::ErrorKind::NotFound => Words::new("没有这个文件", "there is no such file"),
        io::ErrorKind::IsADirectory => Words::new(
            "这是文件夹；请给里面的文件，例如 logins/*.csv",
            "it is a folder; name the files in it, as in logins/*.csv",
        ),
        io::ErrorKind::PermissionDenied => {
            Words::new("没有读它的权限", "there is no permission to read it")
        }
        io::ErrorKind::InvalidData => Words::new(
            "内容不是文本（要 UTF-8）",
            "what it holds is no text (UTF-8 is wanted)",
        ),
        _ => io_words(error),
    }
}

/// What stops a reader.
pub(super) enum Stop {
    Io(io::Error),
    Error(InputError),
}

impl Stop {
    pub(super) fn at(self, path: &str) -> InputError {
        match self {
            Self::Io(error) => InputError::File {
                path: path.to_owned(),
                error,
            },
            Self::Error(error) => error,
        }
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<InputError> for Stop {
    fn from(error: InputError) -> Self {
        Self::Error(error)
    }
}
