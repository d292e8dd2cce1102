//! Files as streams of text: plain, gz or zst by their first bytes, counted and digested on the way.

use std::fs::File;
use std::hash::Hasher;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use flate2::bufread::MultiGzDecoder;
use twox_hash::XxHash64;

use super::Watch;

/// Bytes read from disk at a time.
const BUFFER: usize = 256 * 1024;

/// An open file.
pub(super) struct Opened<'w> {
    pub(super) reader: Box<dyn BufRead + 'w>,
    /// It is compressed.
    pub(super) packed: bool,
    /// What was read from disk.
    raw: Seen,
    /// What it says; the same where nothing is compressed.
    content: Seen,
}

/// How many bytes were read, and their digest so far.
type Seen = Arc<Mutex<(u64, XxHash64)>>;

/// How many bytes there were, and their XXH64 as `xxh64sum` prints it. It tells files apart, no more:
/// SHA-256 would take longer than all the rest where the processor has no instruction for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Digest {
    pub(super) bytes: u64,
    pub(super) xxh64: String,
}

impl Digest {
    fn of(seen: &Seen) -> Self {
        let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        Self {
            bytes: seen.0,
            xxh64: format!("{:016x}", seen.1.finish()),
        }
    }
}

impl Opened<'_> {
    /// The file as it lies there, and what it says uncompressed.
    pub(super) fn finish(self) -> (Digest, Digest) {
        drop(self.reader);
        (Digest::of(&self.raw), Digest::of(&self.content))
    }
}

pub(super) fn open<'w>(path: &Path, watch: &'w Watch) -> io::Result<Opened<'w>> {
    let raw: Box<dyn Read> = if path.as_os_str() == "-" {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path)?)
    };
    let fresh = || Arc::new(Mutex::new((0, XxHash64::with_seed(0))));
    let seen = fresh();
    let counted = Counted {
        inner: raw,
        seen: seen.clone(),
        watch: Some(watch),
    };
    let mut plain = BufReader::with_capacity(BUFFER, counted);
    let start = plain.fill_buf()?;
    let (gz, zst) = (
        start.starts_with(&[0x1f, 0x8b]),
        start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]),
    );
    let unpacked: Box<dyn Read + 'w> = if gz {
        Box::new(Unpacked(MultiGzDecoder::new(plain)))
    } else if zst {
        Box::new(Unpacked(Frames::new(plain)))
    } else {
        return Ok(Opened {
            reader: Box::new(plain),
            packed: false,
            raw: seen.clone(),
            content: seen,
        });
    };
    let content = fresh();
    let unpacked = Counted {
        inner: unpacked,
        seen: content.clone(),
        watch: None,
    };
    Ok(Opened {
        reader: Box::new(BufReader::with_capacity(BUFFER, unpacked)),
        packed: true,
        raw: seen,
        content,
    })
}

/// The first byte that is no blank and no byte-order mark; leaves it in the stream.
pub(super) fn first_byte(stream: &mut impl BufRead) -> io::Result<Option<(u8, u64)>> {
    let mut lines = 0;
    loop {
        let buffer = stream.fill_buf()?;
        let Some(first) = buffer.first().copied() else {
            return Ok(None);
        };
        if buffer.starts_with(b"\xef\xbb\xbf") {
            stream.consume(3);
        } else if first.is_ascii_whitespace() {
            lines += u64::from(first == b'\n');
            stream.consume(1);
        } else {
            return Ok(Some((first, lines)));
        }
    }
}

/// A compressed file that ends in the middle, or has bytes that no compressor writes.
#[derive(Debug, thiserror::Error)]
#[error("the compressed file is cut off or damaged")]
pub(super) struct Damaged;

/// What a decompressor gives; whatever it says of its input is [`Damaged`]: its own words are for those
/// who wrote it.
struct Unpacked<R: Read>(R);

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| {
            let of_disk = error.raw_os_error().is_some();
            match of_disk || error.kind() == io::ErrorKind::Interrupted {
                true => error,
                false => io::Error::new(io::ErrorKind::InvalidData, Damaged),
            }
        })
    }
}

/// Counts and digests what is read.
struct Counted<'w> {
    inner: Box<dyn Read + 'w>,
    seen: Seen,
    /// Who is told how far it is.
    watch: Option<&'w Watch>,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.0 += n as u64;
        seen.1.write(&buffer[..n]);
        if let Some(watch) = self.watch {
            watch.bytes.fetch_add(n as u64, Ordering::Relaxed);
        }
        Ok(n)
    }
}

/// Zstandard frames one after another, as `zstd` and `pzstd` write them.
struct Frames<R: BufRead> {
    decoder: Option<ruzstd::decoding::StreamingDecoder<R, ruzstd::decoding::FrameDecoder>>,
    source: Option<R>,
}

impl<R: BufRead> Frames<R> {
    fn new(source: R) -> Self {
        Self {
            decoder: None,
            source: Some(source),
        }
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(decoder) = &mut self.decoder {
                let n = decoder.read(buffer)?;
                if n > 0 || buffer.is_empty() {
                    return Ok(n);
                }
                self.source = self.decoder.take().map(|done| done.into_inner());
            }
            let Some(mut source) = self.source.take() else {
                return Ok(0);
            };
            if source.fill_buf()?.is_empty() {
                self.source = Some(source);
                return Ok(0);
            }
            let decoder = ruzstd::decoding::StreamingDecoder::new(source)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
            self.decoder = Some(decoder);
        }
    }
}
