//! Files that are written plain, or packed when their names end in `.gz`.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

/// Endings of packed files, and of folders packed into one, that are not written here.
const OTHERS: [&str; 8] = ["zst", "zip", "bz2", "xz", "lz4", "7z", "rar", "tgz"];

/// A file under way: beside its name, with [`PARTIAL`] behind it, until [`finish`](Self::finish) says that it is
/// whole. Dropped, it stays there, and its end may be missing.
pub(super) struct Packed {
    out: Out,
    /// `None` where bytes go straight to what is no file of a disk, such as `/dev/stdout`.
    place: Option<Place>,
}

enum Out {
    Plain(BufWriter<File>),
    Gz(Box<GzEncoder<BufWriter<File>>>),
}

/// Where it lies until it is whole, and then.
struct Place {
    partial: PathBuf,
    whole: PathBuf,
}

impl Packed {
    /// Creates it.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let place = whole(path).map(|whole| Place {
            partial: beside(&whole),
            whole,
        });
        let file = File::create(place.as_ref().map_or(path, |place| &place.partial))?;
        let out = BufWriter::new(file);
        let out = match ends_in(path, &["gz"]) {
            true => Out::Gz(Box::new(GzEncoder::new(out, Compression::fast()))),
            false => Out::Plain(out),
        };
        Ok(Self { out, place })
    }

    /// Writes what is left, and gives it its name: it is whole.
    pub(super) fn finish(self) -> io::Result<()> {
        self.out.flushed()?;
        let Some(Place { partial, whole }) = self.place else {
            return Ok(());
        };
        if let Ok(before) = fs::metadata(&whole) {
            fs::set_permissions(&partial, before.permissions())?;
        }
        // What is mounted as a file cannot be replaced, only written.
        fs::rename(&partial, &whole)
            .or_else(|_| fs::copy(&partial, &whole).and_then(|_| fs::remove_file(&partial)))
    }

    /// Writes what is left of a file that shall not be whole, and says where it lies; `None` where it went straight
    /// on. What an earlier run left under its name is gone, so that nobody takes it for this one's.
    pub(super) fn stop(self) -> io::Result<Option<PathBuf>> {
        self.out.flushed()?;
        let Some(Place { partial, whole }) = self.place else {
            return Ok(None);
        };
        match fs::remove_file(&whole) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(Some(partial)),
        }
    }
}

/// Behind the name of a file that is not whole.
const PARTIAL: &str = ".partial";

/// Where a file lies until it is whole; `None` for what is no file of a disk.
pub(super) fn partial(path: &Path) -> Option<PathBuf> {
    whole(path).as_deref().map(beside)
}

/// Where a file lies then: what a link leads to is written, and the link kept.
fn whole(path: &Path) -> Option<PathBuf> {
    match (fs::symlink_metadata(path), fs::metadata(path)) {
        (Err(_), _) => Some(path.to_owned()),
        // Pipes and terminals have names that lead nowhere: only the system can follow them.
        (Ok(_), Ok(there)) if there.is_file() => path.canonicalize().ok(),
        _ => None,
    }
}

fn beside(whole: &Path) -> PathBuf {
    let mut name = whole.as_os_str().to_owned();
    name.push(PARTIAL);
    name.into()
}

/// Writes a whole file at once.
pub(super) fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut out = Packed::create(path)?;
    out.write_all(text.as_bytes())?;
    out.finish()
}

impl Out {
    fn flushed(self) -> io::Result<()> {
        match self {
            Self::Plain(mut out) => out.flush(),
            Self::Gz(out) => out.finish()?.flush(),
        }
    }
}

impl Write for Packed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.out {
            Out::Plain(out) => out.write(bytes),
            Out::Gz(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.out {
            Out::Plain(out) => out.flush(),
            Out::Gz(out) => out.flush(),
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
