//! Texts mended so that parsing can go on after a mistake, with the way back to the author's bytes.

use crate::lang::diagnostics::Diagnostic;
use crate::lang::span::{FileId, Span};

/// A replacement in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edit {
    /// First byte replaced.
    pub(super) start: usize,
    /// One past the last.
    pub(super) end: usize,
    /// By what.
    pub(super) by: String,
}

impl Edit {
    /// Replaces `start..end` by `by`.
    pub(super) fn new(start: usize, end: usize, by: impl Into<String>) -> Self {
        Self {
            start,
            end,
            by: by.into(),
        }
    }
}

/// Where the bytes of a mended text came from.
#[derive(Debug, Clone, Default)]
pub(super) struct OffsetMap {
    /// (mended start, mended end, original start, original end), ascending.
    pieces: Vec<(usize, usize, usize, usize)>,
}

impl OffsetMap {
    /// The original byte of a mended one; inside a replacement, its start or its end.
    fn back(&self, at: usize, end: bool) -> usize {
        let after = self.pieces.partition_point(|piece| piece.0 <= at);
        let Some(&(start, stop, from, to)) = after.checked_sub(1).and_then(|i| self.pieces.get(i))
        else {
            return at;
        };
        if at >= stop {
            return to + (at - stop);
        }
        if end && at > start { to } else { from }
    }
}

/// `text` with `edits` made, and the map back. Of overlapping edits the first is made.
pub(super) fn apply(text: &str, mut edits: Vec<Edit>) -> (String, OffsetMap) {
    edits.sort_by_key(|edit| (edit.start, edit.end));
    let mut mended = String::with_capacity(text.len() + 16);
    let mut map = OffsetMap::default();
    let mut at = 0;
    for edit in edits {
        if edit.start < at || edit.end > text.len() {
            continue;
        }
        mended.push_str(&text[at..edit.start]);
        let start = mended.len();
        mended.push_str(&edit.by);
        map.pieces.push((start, mended.len(), edit.start, edit.end));
        at = edit.end;
    }
    mended.push_str(&text[at..]);
    (mended, map)
}

/// Where diagnostics of one file are gathered, and spans are brought back to the author's text.
#[derive(Debug)]
pub(super) struct Sink {
    file: FileId,
    /// The author's length; no span reaches past it.
    length: usize,
    maps: Vec<OffsetMap>,
    /// Names that what was reported may have given.
    pub(super) poisoned: Vec<String>,
    /// So far, at most [`MAX_KEPT`].
    pub(super) found: Vec<Diagnostic>,
    /// How many more there were.
    pub(super) dropped: usize,
}

/// Diagnostics kept while a file is looked at; they are found stage by stage, not by position, so
/// that more are kept than shown. Bounds the work a hostile file can cause.
const MAX_KEPT: usize = 200;

impl Sink {
    /// For a file of `length` bytes.
    pub(super) fn new(file: FileId, length: usize) -> Self {
        Self {
            file,
            length,
            maps: Vec::new(),
            poisoned: Vec::new(),
            found: Vec::new(),
            dropped: 0,
        }
    }

    /// From now on positions are those of a text mended once more.
    pub(super) fn mended(&mut self, map: OffsetMap) {
        self.maps.push(map);
    }

    /// A stretch of the present text as a stretch of the author's.
    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        let back = |at: usize, is_end: bool| {
            self.maps
                .iter()
                .rev()
                .fold(at, |at, map| map.back(at, is_end))
                .min(self.length)
        };
        let start = back(start, false);
        let end = back(end, true).max(start);
        Span::new(self.file, start, end)
    }

    /// Whether no more diagnostics are kept.
    pub(super) fn full(&self) -> bool {
        self.found.len() >= MAX_KEPT
    }

    /// Keeps a diagnostic; one per code and place.
    pub(super) fn add(&mut self, diagnostic: Diagnostic) {
        if self.full() {
            self.dropped += 1;
            return;
        }
        let same = |other: &Diagnostic| {
            other.primary.span == diagnostic.primary.span && other.code == diagnostic.code
        };
        if !self.found.iter().any(same) {
            self.found.push(diagnostic);
        }
    }
}
