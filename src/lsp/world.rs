//! The open documents, the rule sets they belong to, and what is known about each set.
//!
//! A rule set is a folder, as for `menshen check`: the files on disk, with the unsaved text of open
//! documents laid over them. It is read and compiled anew after every change, once, when something
//! is asked or nothing more is waiting; rule sets are small and compiling one takes milliseconds.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::str::FromStr as _;
use std::sync::Arc;

use lsp_types::Uri;

use super::names::{self, Names};
use super::position::Lines;
use crate::bot::folder;
use crate::lang::builtins::Registry;
use crate::lang::span::{FileId, SourceFile, Sources, Span};
use crate::lang::syntax::{self, Parsed};
use crate::lang::{Compiled, compile};

/// Open documents; more are not looked at.
pub const MAX_DOCUMENTS: usize = 500;
/// Bytes of a document. The compiler reports one far smaller as too large; this only keeps memory
/// bounded.
pub const MAX_DOCUMENT_BYTES: usize = 8 << 20;

/// The names a rule set is compiled with; the host knows which `call`s are configured.
pub type Registries = Box<dyn Fn(Option<&Path>, &Sources) -> Registry>;

/// An open document.
#[derive(Debug, Clone)]
pub struct Document {
    /// As the client writes it.
    pub uri: Uri,
    /// Its file; none for a document that was never saved.
    pub path: Option<PathBuf>,
    /// Its text.
    pub text: String,
    /// The client's count of its changes.
    pub version: i32,
}

/// What is known about a rule set.
pub struct Set {
    /// The texts.
    pub sources: Arc<Sources>,
    /// Where each file is, by its number.
    pub uris: Vec<Uri>,
    /// Lines of each file.
    pub lines: Vec<Lines>,
    /// Trees of each file.
    pub parsed: Vec<Parsed>,
    /// Diagnostics, and the program when there is one.
    pub compiled: Compiled,
    /// Who defines and uses what.
    pub names: Names,
    /// The language's names, and the calls.
    pub registry: Registry,
    /// Why the folder could not be read as a whole.
    pub trouble: Option<String>,
}

/// Everything the server knows.
pub struct World {
    documents: HashMap<String, Document>,
    registries: Registries,
    sets: HashMap<String, Rc<Set>>,
}

impl World {
    /// Without documents.
    pub fn new(registries: Registries) -> Self {
        Self {
            documents: HashMap::new(),
            registries,
            sets: HashMap::new(),
        }
    }

    /// A document was opened, or has this text now.
    pub fn put(&mut self, uri: Uri, text: String, version: i32) {
        let full = self.documents.len() >= MAX_DOCUMENTS;
        if (full && !self.documents.contains_key(uri.as_str())) || text.len() > MAX_DOCUMENT_BYTES {
            return;
        }
        let document = Document {
            path: path_of(&uri),
            text,
            version,
            uri,
        };
        self.documents
            .insert(document.uri.as_str().to_owned(), document);
        self.sets.clear();
    }

    /// A document was closed.
    pub fn remove(&mut self, uri: &Uri) {
        self.documents.remove(uri.as_str());
        self.sets.clear();
    }

    /// Files may have changed on disk.
    pub fn forget(&mut self) {
        self.sets.clear();
    }

    /// An open document.
    pub fn document(&self, uri: &Uri) -> Option<&Document> {
        self.documents.get(uri.as_str())
    }

    /// The open documents, in the order of their addresses.
    pub fn documents(&self) -> Vec<&Document> {
        let mut all: Vec<&Document> = self.documents.values().collect();
        all.sort_by(|a, b| a.uri.as_str().cmp(b.uri.as_str()));
        all
    }

    /// The rule set of an open document, and the document's number in it.
    pub fn set(&mut self, uri: &Uri) -> Option<(Rc<Set>, FileId)> {
        let document = self.documents.get(uri.as_str())?;
        let root = document.path.as_deref().and_then(root_of);
        let key = root.as_ref().map_or_else(
            || uri.as_str().to_owned(),
            |root| root.to_string_lossy().into_owned(),
        );
        let set = match self.sets.get(&key) {
            Some(set) => Rc::clone(set),
            None => {
                let set = Rc::new(self.compile(root.as_deref(), document));
                self.sets.insert(key, Rc::clone(&set));
                set
            }
        };
        let file = set.file(uri)?;
        Some((set, file))
    }

    /// Every rule set with an open document.
    pub fn sets(&mut self) -> Vec<Rc<Set>> {
        let uris: Vec<Uri> = self.documents().iter().map(|it| it.uri.clone()).collect();
        let mut sets: Vec<Rc<Set>> = Vec::new();
        for uri in uris {
            if let Some((set, _)) = self.set(&uri)
                && !sets.iter().any(|known| Rc::ptr_eq(known, &set))
            {
                sets.push(set);
            }
        }
        sets
    }

    fn compile(&self, root: Option<&Path>, document: &Document) -> Set {
        let mut trouble = None;
        let mut lists = BTreeMap::new();
        let mut files: BTreeMap<String, (String, Uri)> = BTreeMap::new();
        match root {
            None => {
                let text = (document.text.clone(), document.uri.clone());
                files.insert("untitled.rules".to_owned(), text);
            }
            Some(root) => {
                match folder::load(&[root.to_owned()]) {
                    Ok(sources) => {
                        lists = sources.lists;
                        for file in sources.files {
                            if let Some(uri) = uri_of(&root.join(&file.path)) {
                                files.insert(file.path, (file.text.as_ref().to_owned(), uri));
                            }
                        }
                    }
                    // A folder whose only rule file was never saved is no trouble.
                    Err(folder::FolderError::Empty { .. }) => {}
                    Err(error) => trouble = Some(error.to_string()),
                }
                for document in self.documents.values() {
                    if let Some(name) = document.path.as_deref().and_then(|it| name_in(root, it)) {
                        files.insert(name, (document.text.clone(), document.uri.clone()));
                    }
                }
            }
        }
        let (uris, files) = files
            .into_iter()
            .map(|(path, (text, uri))| {
                let text = text.into();
                (uri, SourceFile { path, text })
            })
            .unzip::<_, _, Vec<Uri>, Vec<SourceFile>>();
        let sources = Arc::new(Sources { files, lists });
        let registry = (self.registries)(root, &sources);
        let parsed: Vec<Parsed> = sources
            .files
            .iter()
            .enumerate()
            .map(|(index, file)| syntax::parse(file_id(index), &file.text))
            .collect();
        Set {
            lines: sources.files.iter().map(|it| Lines::of(&it.text)).collect(),
            compiled: compile(Arc::clone(&sources), &registry),
            names: names::of(&parsed, &sources, &registry),
            parsed,
            registry,
            uris,
            sources,
            trouble,
        }
    }
}

impl Set {
    /// The number of a file.
    pub fn file(&self, uri: &Uri) -> Option<FileId> {
        self.uris.iter().position(|it| it == uri).map(file_id)
    }

    /// A file's text.
    pub fn text(&self, file: FileId) -> &str {
        self.sources.file(file).map_or("", |file| &file.text)
    }

    /// Where a span is, for the client.
    pub fn location(&self, span: Span) -> Option<lsp_types::Location> {
        let uri = self.uris.get(span.file.0 as usize)?.clone();
        Some(lsp_types::Location::new(uri, self.range(span)?))
    }

    /// A span's range.
    pub fn range(&self, span: Span) -> Option<lsp_types::Range> {
        let lines = self.lines.get(span.file.0 as usize)?;
        Some(lines.span(self.text(span.file), span))
    }
}

fn file_id(index: usize) -> FileId {
    FileId(u32::try_from(index).unwrap_or(u32::MAX))
}

/// The file of a `file:` address.
fn path_of(uri: &Uri) -> Option<PathBuf> {
    let url = url::Url::parse(uri.as_str()).ok()?;
    (url.scheme() == "file").then(|| url.to_file_path().ok())?
}

/// The address of a file.
fn uri_of(path: &Path) -> Option<Uri> {
    let url = url::Url::from_file_path(path).ok()?;
    Uri::from_str(url.as_str()).ok()
}

/// The folder of a rule file's set, as `menshen check` takes it: the folder called `rules` that the file stands in or
/// below, or else its own folder. A rule file that lies about further up takes no folder in.
fn root_of(path: &Path) -> Option<PathBuf> {
    let own = path.parent()?;
    let mut folders = own.ancestors().take(folder::MAX_DEPTH);
    let named =
        folders.find(|folder| folder.file_name() == Some(OsStr::new(folder::DEFAULT_FOLDER)));
    Some(named.unwrap_or(own).to_owned())
}

/// The name of a rule file below `root`.
fn name_in(root: &Path, path: &Path) -> Option<String> {
    if path.extension().is_none_or(|ext| ext != "rules") {
        return None;
    }
    let parts: Option<Vec<&str>> = path
        .strip_prefix(root)
        .ok()?
        .iter()
        .map(|part| part.to_str())
        .collect();
    parts.map(|parts| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_the_folder_that_check_takes() {
        for (file, root) in [
            ("/home/a/rules/guard.rules", "/home/a/rules"),
            ("/home/a/rules/deep/er/guard.rules", "/home/a/rules"),
            ("/home/a/bot/guard.rules", "/home/a/bot"),
            ("/home/a/bot/deep/guard.rules", "/home/a/bot/deep"),
        ] {
            assert_eq!(root_of(Path::new(file)), Some(root.into()), "{file}");
        }
    }
}
