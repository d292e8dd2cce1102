//! Where something stands in the rule files, and the files themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Index of a file in [`Sources::files`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FileId(pub u32);

/// A stretch of one file, in bytes of UTF-8; both ends lie on character boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The stretch `start..end` of `file`.
    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        // Sources refuses files over 4 GiB long before this could cut anything off.
        let clamp = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self {
            file,
            start: clamp(start),
            end: clamp(end),
        }
    }

    /// The smallest stretch that covers both; `other` must be in the same file.
    pub fn to(self, other: Span) -> Span {
        Span {
            file: self.file,
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }

    /// Whether another stretch lies in this one.
    pub fn contains(self, inner: Span) -> bool {
        self.file == inner.file && self.start <= inner.start && inner.end <= self.end
    }

    /// The bytes as a range, for slicing the file's text.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// One rule file as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Path relative to the rules folder, with `/`, e.g. `guard.rules`.
    pub path: String,
    /// The whole text.
    pub text: Arc<str>,
}

/// A snapshot of a rules folder: what one generation of rules is compiled from.
///
/// `files` are sorted by the bytes of their paths (language law 6). `lists` holds the texts of the
/// list files that may be named in `from "…"`, keyed by path relative to the rules folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sources {
    /// The `.rules` files, sorted by path.
    pub files: Vec<SourceFile>,
    /// Other files of the folder that lists may be read from.
    pub lists: BTreeMap<String, Arc<str>>,
}

impl Sources {
    /// A snapshot of several named texts; sorts them by path.
    pub fn new(files: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut files: Vec<SourceFile> = files
            .into_iter()
            .map(|(path, text)| SourceFile {
                path,
                text: text.into(),
            })
            .collect();
        files.sort_by(|a, b| a.path.as_bytes().cmp(b.path.as_bytes()));
        Self {
            files,
            lists: BTreeMap::new(),
        }
    }

    /// One file, for tests and the command line.
    pub fn single(path: &str, text: &str) -> Self {
        Self::new([(path.to_owned(), text.to_owned())])
    }

    /// Without the lists that are not among these: what decides, of all that lay in a folder.
    pub(in crate::lang) fn with_lists(self: &Arc<Self>, names: &BTreeSet<String>) -> Arc<Self> {
        if self.lists.keys().all(|name| names.contains(name)) {
            return Arc::clone(self);
        }
        let mut deciding = Self::clone(self);
        deciding.lists.retain(|name, _| names.contains(name));
        Arc::new(deciding)
    }

    /// The file `id` stands for.
    pub fn file(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    /// The text a span covers, or nothing when it does not belong to these sources.
    pub fn slice(&self, span: Span) -> &str {
        self.file(span.file)
            .and_then(|file| file.text.get(span.range()))
            .unwrap_or_default()
    }

    /// The whole line a span begins on, without its end.
    pub(in crate::lang) fn line_at(&self, span: Span) -> &str {
        let Some(file) = self.file(span.file) else {
            return "";
        };
        let at = (span.start as usize).min(file.text.len());
        let (Some(before), Some(behind)) = (file.text.get(..at), file.text.get(at..)) else {
            return "";
        };
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let end = behind.find('\n').map_or(file.text.len(), |end| at + end);
        &file.text[start..end]
    }

    /// What a span at column 0 begins, up to the line that ends it there.
    pub(in crate::lang) fn item_at(&self, span: Span) -> &str {
        let text = self.file(span.file).map_or("", |file| &file.text);
        let item = text.get(span.start as usize..).unwrap_or_default();
        let mut lines = item.match_indices('\n').map(|(at, _)| at);
        let inside = |at: &usize| item[at + 1..].starts_with([' ', '\n', '\r']);
        &item[..lines.find(|at| !inside(at)).unwrap_or(item.len())]
    }

    /// The lines of all files, for asking of many places: [`Sources::line_column`] counts anew each time.
    pub(in crate::lang) fn line_numbers(&self) -> LineNumbers {
        let ends = |file: &SourceFile| {
            let bytes = file.text.bytes().enumerate();
            bytes
                .filter(|(_, byte)| *byte == b'\n')
                .map(|(at, _)| at as u32)
                .collect()
        };
        LineNumbers(self.files.iter().map(ends).collect())
    }

    /// Line (from 1) and column in characters (from 1) of a span's start.
    pub fn line_column(&self, span: Span) -> (usize, usize) {
        let Some(file) = self.file(span.file) else {
            return (1, 1);
        };
        let before = file.text.get(..span.start as usize).unwrap_or_default();
        // Bytes, not characters: this is asked once for every rule, and byte counting is what the
        // compiler turns into vector code.
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            + 1;
        (line, column)
    }
}

/// Where the lines of each file end.
#[derive(Debug, Clone, Default)]
pub(crate) struct LineNumbers(Vec<Vec<u32>>);

impl LineNumbers {
    /// The line (from 1) a span starts on.
    pub(crate) fn line(&self, span: Span) -> usize {
        let ends = self.0.get(span.file.0 as usize);
        ends.map_or(0, |ends| ends.partition_point(|end| *end < span.start)) + 1
    }
}
