//! The documentation is held to what it says: every rule in it compiles (or fails as it says), its
//! stories pass, its configuration loads, its links lead somewhere, and the two READMEs show the same
//! commands.

mod manual;

use std::path::Path;

use manual::{Block, all_blocks, blocks, pages, registry, root, sources};
use menshen::bot::ruleset::{self, LoadError};
use menshen::bot::stories;
use menshen::config::Config;
use menshen::lang::builtins::{CallSpec, OutcomeSpec, Registry};
use menshen::lang::diagnostics::{Language, Severity};
use menshen::lang::value::Type;

#[test]
fn rules_compile_or_fail_as_they_say() {
    let registry = registry();
    let mut seen = 0;
    let mut wrong = Vec::new();
    for block in all_blocks()
        .iter()
        .filter(|block| block.language() == "rules")
    {
        seen += 1;
        match (ruleset::compile(sources(block), &registry), block.fails()) {
            (Ok(_), None) => {}
            (Ok(_), Some(code)) => wrong.push(format!("{}: compiles, not {code}", block.place)),
            (Err(error), None) => {
                wrong.push(format!("{}:\n{}", block.place, error.report(Language::En)));
            }
            (Err(LoadError::Wrong { diagnostics, .. }), Some(code)) => {
                let codes: Vec<&str> = diagnostics
                    .iter()
                    .filter(|diagnostic| diagnostic.severity == Severity::Error)
                    .map(|diagnostic| diagnostic.code)
                    .collect();
                if codes != [code] {
                    wrong.push(format!("{}: {codes:?}, not {code}", block.place));
                }
            }
            (Err(error), Some(_)) => wrong.push(format!("{}: {error}", block.place)),
        }
    }
    assert!(seen > 0, "there are rules in the documentation");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn stories_in_the_documentation_pass() {
    let registry = registry();
    let mut failed = Vec::new();
    for block in all_blocks()
        .iter()
        .filter(|block| block.language() == "rules")
    {
        let Ok(loaded) = ruleset::compile(sources(block), &registry) else {
            continue;
        };
        for result in stories::run(&loaded.ruleset, &registry, None) {
            if !result.passed() {
                let story = stories::print(&loaded.ruleset, &result);
                failed.push(format!("{}:\n{story}", block.place));
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn the_rules_of_the_embedding_example_pass() {
    let mut registry = Registry::standard();
    let call = CallSpec {
        name: "order_state".to_owned(),
        params: vec![("number".to_owned(), Type::Text)],
        open: false,
        outcomes: vec![
            OutcomeSpec::new("ok").brings("state", Type::Text),
            OutcomeSpec::new("no_order"),
            OutcomeSpec::new("failed"),
        ],
        doc: String::new(),
    };
    registry.register_call(call).expect("a new name");
    let loaded = ruleset::load(&[root().join("examples/embed/rules")], &registry)
        .unwrap_or_else(|error| panic!("{}", error.report(Language::En)));
    assert!(loaded.warnings.is_empty(), "{:#?}", loaded.warnings);
    stories::must_pass(&loaded.ruleset, &registry).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn whole_configurations_load() {
    let mut seen = 0;
    for block in all_blocks()
        .iter()
        .filter(|block| block.info == "toml,whole")
    {
        seen += 1;
        if let Err(errors) = Config::from_text(Path::new("menshen.toml"), &block.text, []) {
            panic!("{}:\n{errors}", block.place);
        }
    }
    assert!(seen > 0, "there is a whole configuration");
}

#[test]
fn both_readmes_show_the_same_commands() {
    let shell = |path: &str| -> Vec<String> {
        let page = std::fs::read_to_string(root().join(path)).unwrap();
        let blocks = blocks(path, &page).into_iter();
        let shell = blocks.filter(|block| block.language() == "sh");
        // Comments are translated.
        let code = |block: Block| {
            let lines = block.text.lines().map(|line| match line.split_once(" # ") {
                Some((code, _)) => code.trim_end().to_owned(),
                None => line.to_owned(),
            });
            lines
                .filter(|line| !line.starts_with("# "))
                .collect::<Vec<_>>()
                .join("\n")
        };
        shell.map(code).collect()
    };
    assert_eq!(shell("README.md"), shell("README.zh-CN.md"));
}

#[test]
fn links_lead_somewhere() {
    let mut broken = Vec::new();
    for (path, page) in pages() {
        let folder = Path::new(&path)
            .parent()
            .unwrap_or(Path::new(""))
            .to_owned();
        for part in page.split("](").skip(1) {
            let Some((target, _)) = part.split_once(')') else {
                continue;
            };
            let file = target.split('#').next().unwrap_or_default();
            let elsewhere = target.contains("://") || file.is_empty();
            if !elsewhere && !root().join(&folder).join(file).exists() {
                broken.push(format!("{path}: {target}"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn rules_in_the_documentation_can_be_formatted() {
    use menshen::lang::format::format;
    let mut seen = 0;
    for block in all_blocks()
        .iter()
        .filter(|block| block.language() == "rules")
    {
        let Ok(once) = format(&block.text) else {
            assert!(block.fails().is_some(), "{}", block.text);
            continue;
        };
        seen += 1;
        assert_eq!(
            format(&once).as_deref(),
            Ok(once.as_str()),
            "{}",
            block.text
        );
    }
    assert!(seen > 0, "there are rules in the documentation");
}

/// Headings by their level; code is left out.
fn headings(page: &str) -> Vec<usize> {
    let mut levels = Vec::new();
    let mut open = false;
    for line in page.lines() {
        open ^= line.starts_with("```");
        let level = line.chars().take_while(|c| *c == '#').count();
        if !open && level > 0 {
            levels.push(level);
        }
    }
    levels
}

#[test]
fn pages_in_two_languages_have_the_same_sections_and_the_same_examples() {
    let mut seen = 0;
    for (path, english) in pages() {
        let chinese = path.replace(".md", ".zh-CN.md");
        let Ok(other) = std::fs::read_to_string(root().join(&chinese)) else {
            continue;
        };
        seen += 1;
        assert_eq!(headings(&english), headings(&other), "sections of {path}");
        let kinds = |page: &str| -> Vec<String> {
            let found = blocks(&path, page).into_iter();
            found.map(|block| block.info).collect()
        };
        assert_eq!(kinds(&english), kinds(&other), "code blocks of {path}");
    }
    assert!(seen >= 4, "{seen}");
}

/// What kinds of blocks there are: `rules` are compiled and their stories run, whole `toml` is loaded, the
/// others are for the reader's shell, editor or program.
const KINDS: [&str; 8] = [
    "rules", "toml", "sh", "console", "text", "json", "lua", "python",
];

#[test]
fn every_block_says_what_it_is() {
    let unknown: Vec<String> = all_blocks()
        .iter()
        .filter(|block| !KINDS.contains(&block.language()))
        .map(|block| format!("{}: {:?}", block.place, block.info))
        .collect();
    assert!(unknown.is_empty(), "{}", unknown.join("\n"));
}

#[test]
fn the_reference_has_every_name_and_every_code() {
    use menshen::lang::diagnostics::codes;
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    for (file, language) in [
        ("docs/reference.zh-CN.md", Language::Zh),
        ("docs/reference.md", Language::En),
    ] {
        let path = root().join(file);
        let page = std::fs::read_to_string(&path).unwrap();
        let parts: Vec<&str> = page.split("```").collect();
        let [head, _, between, _, end] = parts.as_slice() else {
            panic!("{file} has two blocks");
        };
        let names = menshen::lang::schema::text(&Registry::standard(), language);
        let codes: String = codes::pages()
            .map(|page| format!("{}  {}\n", page.code, page.title(language)))
            .collect();
        let wanted = format!("{head}```text\n{names}```{between}```text\n{codes}```{end}");
        if update {
            std::fs::write(&path, &wanted).unwrap();
        } else {
            assert_eq!(
                page, wanted,
                "{file} has drifted; UPDATE_GOLDEN=1 writes it anew"
            );
        }
    }
}
