//! The mark of acknowledged commits: a file of fixed size beside the database.
//!
//! It is written in place after each commit's sync and before its acknowledgement, without a sync of
//! its own: a crash of the process loses nothing of it, a power cut at most the moments that the
//! kernel had not written back yet. So it may lag behind the database and never runs ahead of it;
//! a database behind it has lost acknowledged commits.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::super::engine::Mark;

const MAGIC: &[u8; 8] = b"menshen\x01";
/// Magic, sequence, feed number, checksum: well inside one sector, so it is never torn.
const LENGTH: usize = 32;

/// An open mark.
pub(super) struct MarkFile(File);

impl MarkFile {
    /// A new mark at zero, durable.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)?;
        let mut mark = Self(file);
        mark.write(Mark::default())?;
        mark.0.sync_all()?;
        Ok(mark)
    }

    /// An existing mark and what it says; `None` if that cannot be believed.
    pub(super) fn open(path: &Path) -> io::Result<(Self, Option<Mark>)> {
        let mut file = OpenOptions::new().read(true).write(true).open(path)?;
        let mut bytes = Vec::with_capacity(LENGTH);
        Read::by_ref(&mut file)
            .take(LENGTH as u64 + 1)
            .read_to_end(&mut bytes)?;
        Ok((Self(file), decode(&bytes)))
    }

    /// Moves the mark. One write in place, not synced.
    pub(super) fn write(&mut self, mark: Mark) -> io::Result<()> {
        self.0.seek(SeekFrom::Start(0))?;
        self.0.write_all(&encode(mark))
    }

    /// Makes the mark durable.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.0.sync_data()
    }
}

fn encode(mark: Mark) -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    bytes[..8].copy_from_slice(MAGIC);
    bytes[8..16].copy_from_slice(&mark.sequence.to_be_bytes());
    bytes[16..24].copy_from_slice(&mark.feed.to_be_bytes());
    let digest = Sha256::digest(&bytes[..24]);
    bytes[24..].copy_from_slice(&digest[..8]);
    bytes
}

fn decode(bytes: &[u8]) -> Option<Mark> {
    let number = |range: std::ops::Range<usize>| {
        bytes
            .get(range)
            .and_then(|part| part.try_into().ok())
            .map(u64::from_be_bytes)
    };
    let mark = Mark {
        sequence: number(8..16)?,
        feed: number(16..24)?,
    };
    (bytes == encode(mark)).then_some(mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_back_and_a_damaged_one_is_not_believed() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("mark");
        let mark = Mark {
            sequence: 7,
            feed: 3,
        };
        let mut file = MarkFile::create(&path).expect("created");
        file.write(mark).expect("written");
        assert_eq!(MarkFile::open(&path).expect("opened").1, Some(mark));
        assert_eq!(
            std::fs::metadata(&path).expect("there").len(),
            LENGTH as u64
        );

        let good = std::fs::read(&path).expect("read");
        for place in 0..LENGTH {
            let mut bad = good.clone();
            bad[place] ^= 1;
            std::fs::write(&path, &bad).expect("written");
            assert_eq!(MarkFile::open(&path).expect("opened").1, None, "{place}");
        }
        for length in [0, LENGTH - 1] {
            std::fs::write(&path, &good[..length]).expect("written");
            assert_eq!(MarkFile::open(&path).expect("opened").1, None);
        }
    }
}
