//! How many rows a file promises, so that room is made for them once: columns that grow lie in memory
//! twice for a moment. A guess from what was read so far; nothing but room depends on it.

use std::path::Path;

/// How many rows a file will have, after what was read of it.
#[derive(Debug, Default)]
pub(super) struct Promise {
    /// Bytes of the file as it lies there, where that is known.
    size: Option<u64>,
    /// It is compressed.
    packed: bool,
    /// [`Watch::bytes`](super::Watch::bytes) and rows of the table before it.
    began: (u64, usize),
    /// Bytes its rows so far were read from, uncompressed.
    read: u64,
}

impl Promise {
    /// Of a file that begins after `began`.
    pub(super) fn of(path: &Path, packed: bool, began: (u64, usize)) -> Self {
        let file = std::fs::metadata(path).ok().filter(|file| file.is_file());
        Self {
            size: file.map(|file| file.len()),
            packed,
            began,
            read: 0,
        }
    }

    /// Rows were read from `bytes` more bytes of text.
    pub(super) fn more(&mut self, bytes: usize) {
        self.read += bytes as u64;
    }

    /// Rows of the table after the whole file, from `rows` now. `given` bytes of the file's text were
    /// handed out for the `raw` bytes that were read; 0 when nothing can be said.
    pub(super) fn rows(&self, rows: usize, given: u64, raw: u64) -> usize {
        let (Some(size), Some(read)) = (self.size, (self.read > 0).then_some(self.read)) else {
            return 0;
        };
        let text = match self.packed {
            // The beginning tells little about how well the rest is compressed.
            true => {
                1.3 * size as f64 * given as f64 / raw.saturating_sub(self.began.0).max(1) as f64
            }
            false => 1.05 * size as f64,
        };
        let own = rows.saturating_sub(self.began.1) as f64 * text / read as f64;
        self.began.1.saturating_add(own as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_of_a_file_is_guessed_from_its_beginning() {
        let mut plain = Promise {
            size: Some(1_000),
            began: (0, 50),
            ..Promise::default()
        };
        assert_eq!(plain.rows(60, 100, 100), 0, "nothing is known yet");
        plain.more(100);
        assert_eq!(plain.rows(60, 100, 900), 50 + 105);
        // 200 bytes of text came out of 50 of the file.
        let packed = Promise {
            packed: true,
            began: (7, 0),
            read: 200,
            ..plain
        };
        assert_eq!(packed.rows(10, 200, 57), 260);
        assert_eq!(
            Promise::default().rows(10, 200, 57),
            0,
            "a pipe promises nothing"
        );
    }
}
