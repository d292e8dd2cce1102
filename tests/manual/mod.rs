//! The pages of the documentation and the fenced blocks in them.

use std::path::PathBuf;

use menshen::lang::builtins::{CallSpec, Registry};
use menshen::lang::span::Sources;

/// A fenced block.
pub struct Block {
    /// `docs/language.md:12`
    pub place: String,
    /// What follows the fence: `rules,fails=E0203`.
    pub info: String,
    pub text: String,
}

impl Block {
    pub fn language(&self) -> &str {
        self.info.split(',').next().unwrap_or_default()
    }

    pub fn fails(&self) -> Option<&str> {
        self.info
            .split(',')
            .find_map(|word| word.strip_prefix("fails="))
    }
}

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Markdown file of the documentation, by its path below the root.
pub fn pages() -> Vec<(String, String)> {
    let mut paths = vec![
        "README.md".to_owned(),
        "README.zh-CN.md".to_owned(),
        "CHANGELOG.md".to_owned(),
    ];
    for entry in std::fs::read_dir(root().join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".md") {
            paths.push(format!("docs/{name}"));
        }
    }
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(root().join(&path)).unwrap();
            (path, text)
        })
        .collect()
}

pub fn blocks(path: &str, page: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    for (index, line) in page.lines().enumerate() {
        if let Some(info) = line.strip_prefix("```") {
            if !open {
                blocks.push(Block {
                    place: format!("{path}:{}", index + 1),
                    info: info.trim().to_owned(),
                    text: String::new(),
                });
            }
            open = !open;
        } else if open && let Some(block) = blocks.last_mut() {
            block.text.push_str(line);
            block.text.push('\n');
        }
    }
    assert!(!open, "{path}: a block is not closed");
    blocks
}

pub fn all_blocks() -> Vec<Block> {
    pages()
        .iter()
        .flat_map(|(path, page)| blocks(path, page))
        .collect()
}

pub fn registry() -> Registry {
    let mut registry = Registry::standard();
    for call in ["security_desk", "order_state"] {
        let call = CallSpec::webhook(call);
        registry.register_call(call).expect("a new name");
    }
    registry
}

/// What the lists of the examples name.
pub fn sources(block: &Block) -> Sources {
    let mut sources = Sources::single("block.rules", &block.text);
    for list in ["lists/office.txt", "lists/blocked.txt"] {
        sources
            .lists
            .insert(list.to_owned(), "192.0.2.0/24\n".into());
    }
    sources
}
