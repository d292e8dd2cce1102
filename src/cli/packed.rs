//! Files that are written plain, or packed when their names end in `.gz`.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

/// Endings of packed files, and of folders packed into one, that are not written here.
const OTHERS: [&str; 8] = ["zst", "zip", "bz2", "xz", "lz4", "7z", "rar", "tgz"];

/// A file under way. Call [`finish`](Self::finish), or its end may be missing.
pub(super) enum Packed {
    Plain(BufWriter<File>),
    Gz(Box<GzEncoder<BufWriter<File>>>),
}

impl Packed {
    /// Creates it.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let out = BufWriter::new(File::create(path)?);
        Ok(match ends_in(path, &["gz"]) {
            true => Self::Gz(Box::new(GzEncoder::new(out, Compression::fast()))),
            false => Self::Plain(out),
        })
    }

    /// Writes what is left.
    pub(super) fn finish(self) -> io::Result<()> {
        match self {
            Self::Plain(mut out) => out.flush(),
            Self::Gz(out) => out.finish()?.flush(),
        }
    }
}

impl Write for Packed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(out) => out.write(bytes),
            Self::Gz(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(out) => out.flush(),
            Self::Gz(out) => out.flush(),
        }
    }
}

/// Whether the name promises a packing that is not written here.
pub(super) fn is_foreign(path: &Path) -> bool {
    ends_in(path, &OTHERS)
}

/// Whether the name is that of a file rather than of a folder.
pub(super) fn is_file_name(path: &Path) -> bool {
    ends_in(
        path,
        &["gz", "html", "htm", "json", "csv", "ndjson", "txt", "pdf"],
    ) || is_foreign(path)
}

fn ends_in(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default();
    endings.iter().any(|one| ending.eq_ignore_ascii_case(one))
}
