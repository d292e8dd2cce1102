//! Files as streams of text: plain, gz or zst by their first bytes, counted and digested on the way.

use std::fs::File;
use std::hash::Hasher;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::FrameDecoderError;
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};
use twox_hash::XxHash64;

use super::Watch;
use super::error::Told;
use crate::lang::diagnostics::Words;

/// Of a file that was packed with so long a memory that unpacking it takes more than 100 MB.
const WIDE: (&str, &str) = (
    "压缩时用了 100 MB 以上的窗口（zstd --long 或 --ultra）：请先解压，zstd -dc --long=31 文件 | menshen backtest … --logins -",
    "it was packed with a window of more than 100 MB (zstd --long or --ultra): unpack it first, zstd -dc --long=31 FILE | menshen backtest … --logins -",
);
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
    let gz = start.starts_with(&[0x1f, 0x8b]);
    let zst = start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) || is_skippable(start);
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
            let told = error.get_ref().is_some_and(|inner| inner.is::<Told>());
            match of_disk || told || error.kind() == io::ErrorKind::Interrupted {
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

/// Whether a frame of Zstandard begins here that holds nothing of the content: `pzstd` puts one before each other.
fn is_skippable(start: &[u8]) -> bool {
    matches!(start, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

/// Zstandard frames one after another, as `zstd` and `pzstd` write them.
struct Frames<R: BufRead> {
    decoder: Option<StreamingDecoder<R, FrameDecoder>>,
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
            let start = source.fill_buf()?;
            if start.is_empty() {
                self.source = Some(source);
                return Ok(0);
            }
            if is_skippable(start) {
                let mut head = [0; 8];
                source.read_exact(&mut head)?;
                let [.., a, b, c, d] = head;
                let length = u64::from(u32::from_le_bytes([a, b, c, d]));
                let skipped = io::copy(&mut source.by_ref().take(length), &mut io::sink())?;
                if skipped < length {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                self.source = Some(source);
                continue;
            }
            let decoder = StreamingDecoder::new(source).map_err(|error| match error {
                FrameDecoderError::WindowSizeTooBig { .. } => {
                    io::Error::other(Told(Words::new(WIDE.0, WIDE.1)))
                }
                error => io::Error::new(io::ErrorKind::InvalidData, error.to_string()),
            })?;
            self.decoder = Some(decoder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame with one block that is not compressed.
    fn frame(text: &[u8]) -> Vec<u8> {
        let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x20, text.len() as u8];
        let block = (text.len() as u32) << 3 | 1;
        frame.extend(&block.to_le_bytes()[..3]);
        frame.extend(text);
        frame
    }

    fn skippable(content: &[u8]) -> Vec<u8> {
        let mut frame = vec![0x50, 0x2a, 0x4d, 0x18];
        frame.extend((content.len() as u32).to_le_bytes());
        frame.extend(content);
        frame
    }

    fn read(bytes: &[u8]) -> Option<String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("logins");
        std::fs::write(&path, bytes).expect("written");
        let watch = Watch::default();
        let mut text = String::new();
        let mut opened = open(&path, &watch).ok()?;
        opened.reader.read_to_string(&mut text).ok()?;
        Some(text)
    }

    #[test]
    fn frames_of_zstandard_come_one_after_another_and_some_say_nothing() {
        let (a, b) = (frame(b"one\n"), frame(b"two\n"));
        assert_eq!(read(&[&a[..], &b].concat()).as_deref(), Some("one\ntwo\n"));
        // As pzstd writes it, and with one at the end.
        let size = skippable(&[1, 0, 0, 0]);
        let packed = [&size[..], &a, &size, &b, &skippable(&[])].concat();
        assert_eq!(read(&packed).as_deref(), Some("one\ntwo\n"));
        assert_eq!(read(&packed[..10]), None, "cut off");
        assert_eq!(read(&packed[..packed.len() - 6]), None, "cut off");
    }
}
