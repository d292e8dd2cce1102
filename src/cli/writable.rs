//! Whether this process may write in the data directory: files in it that it may write are not enough.

use std::io;
use std::path::Path;

use rustix::fs::{Access, AtFlags, CWD, accessat};

use super::chinese;
use super::failure::Failure;
use crate::bot::folder::io_words;
use crate::lang::diagnostics::{Language, Words};

/// A directory in which nothing can be made, with what to do.
#[derive(Debug)]
pub struct Unwritable {
    /// Which directory, and what the system says.
    pub what: Words,
    /// What to do.
    pub cure: Words,
}

/// Before a server opens its store: it makes its socket, dumps and the database's files in there. One that is not
/// there yet is the store's business.
pub fn insist(directory: &Path) -> Result<(), Failure> {
    if !directory.exists() {
        return Ok(());
    }
    look(directory).map_err(|Unwritable { what, cure }| {
        let language = chinese::of_process();
        let (what, cure) = (what.get(language), cure.get(language));
        Failure::failed(match language {
            Language::Zh => format!("{what}；{cure}"),
            Language::En => format!("{what}; {cure}"),
        })
    })
}

/// Asks the system, with the rights of the process as they are. Changes nothing.
pub fn look(directory: &Path) -> Result<(), Unwritable> {
    let wanted = Access::WRITE_OK | Access::EXEC_OK;
    match accessat(CWD, directory, wanted, AtFlags::EACCESS) {
        Ok(()) => Ok(()),
        Err(error) => Err(said(directory, &error.into())),
    }
}

/// What a system's refusal to write in `directory` means.
fn said(directory: &Path, error: &io::Error) -> Unwritable {
    let absolute = std::path::absolute(directory);
    let path = absolute.as_deref().unwrap_or(directory).display();
    let words = io_words(error);
    let cure = match error.kind() {
        io::ErrorKind::ReadOnlyFilesystem => Words::new(
            format!("把 {path} 所在的文件系统挂成可写的（mount -o remount,rw），或先修好磁盘"),
            format!(
                "mount the file system of {path} for writing (mount -o remount,rw), or mend the disk first"
            ),
        ),
        _ => Words::new(
            format!("让运行服务器的用户拥有它：chown -R 用户 {path}，并 chmod u+rwx {path}"),
            format!(
                "let the user the server runs as own it: chown -R USER {path}, and chmod u+rwx {path}"
            ),
        ),
    };
    Unwritable {
        what: Words::new(
            format!("数据目录 {path} 里不能新建文件：{}", words.zh),
            format!(
                "nothing can be made in the data directory {path}: {}",
                words.en
            ),
        ),
        cure,
    }
}
