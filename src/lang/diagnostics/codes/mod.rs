//! The registry of diagnostic codes: one entry per code, in both languages, with an example that
//! shows the mistake and one that does it right. The examples are compiled as tests.
//!
//! Codes are never used for anything else again once they have been released. E01xx syntax, E02xx
//! names, E03xx types and units, E04xx outcomes, actions and effects, E05xx dialogs, E06xx signals
//! and history, E07xx lists and files, E08xx stories, W1xxx warnings.

mod dialogs;
mod effects;
mod guard;
mod lists;
mod names;
mod stories;
mod syntax;
mod types;
mod warnings;

use super::Language;

/// What there is to say about a code.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// Such as `E0101`.
    pub code: &'static str,
    /// Title in Chinese.
    pub zh: &'static str,
    /// Title in English.
    pub en: &'static str,
    /// What it means and what to do, in Chinese.
    pub what_zh: &'static str,
    /// What it means and what to do, in English.
    pub what_en: &'static str,
    /// A rule file with exactly this mistake; empty when none can be shown.
    pub bad: &'static str,
    /// The same file without it.
    pub good: &'static str,
}

/// The tables, by the room that reports their codes. One line per room.
const TABLES: &[&[Page]] = &[
    syntax::PAGES,
    names::PAGES,
    types::PAGES,
    effects::PAGES,
    dialogs::PAGES,
    guard::PAGES,
    lists::PAGES,
    stories::PAGES,
    warnings::PAGES,
];

/// Warnings by name: what `# allow NAME: reason` silences.
const NAMES: &[(&str, &str)] = &[
    ("W1001", "unused"),
    ("W1002", "regex"),
    ("W1003", "always"),
    ("W1004", "no_exit"),
    ("W1005", "hidden"),
    ("W1006", "tries"),
    ("W1007", "continue"),
    ("W1008", "allow"),
    ("W1009", "overlap"),
    ("W1010", "long_window"),
    ("W1011", "unset"),
    ("W1012", "may_be_too_long"),
    ("W1013", "swallowed"),
    ("W1014", "lost_reply"),
    ("W1015", "silent"),
    ("W1016", "idle_even"),
    ("W1017", "dollar"),
    ("W1018", "brackets"),
    ("W1019", "bar"),
    ("W1020", "idle_allow"),
    ("W1021", "late"),
];

/// No warning: what `# allow` calls a thing that stories need not go through.
pub const UNCOVERED: &str = "uncovered";

/// The name of a warning.
pub fn warning_name(code: &str) -> Option<&'static str> {
    let (_, name) = NAMES.iter().find(|(known, _)| *known == code)?;
    Some(name)
}

/// What may stand after `# allow`, codes apart.
pub fn allowable_names() -> impl Iterator<Item = &'static str> {
    NAMES.iter().map(|(_, name)| *name).chain([UNCOVERED])
}

/// Whether `name` may stand after `# allow`: a warning's name or code, or `uncovered`.
pub fn allowable(name: &str) -> bool {
    allowable_names().any(|known| known == name)
        || NAMES
            .iter()
            .any(|(code, _)| code.eq_ignore_ascii_case(name))
}

/// Every page, in the order of the tables.
pub fn pages() -> impl Iterator<Item = &'static Page> {
    TABLES.iter().copied().flatten()
}

/// The page of `code`, ignoring case.
pub fn page(code: &str) -> Option<&'static Page> {
    pages().find(|page| page.code.eq_ignore_ascii_case(code))
}

impl Page {
    /// The title in `language`.
    pub fn title(&self, language: Language) -> &'static str {
        match language {
            Language::Zh => self.zh,
            Language::En => self.en,
        }
    }

    /// The page as `menshen help CODE` prints it.
    pub fn text(&self, language: Language) -> String {
        let (what, wrong, right) = match language {
            Language::Zh => (self.what_zh, "错误的例子：", "正确的写法："),
            Language::En => (self.what_en, "Wrong:", "Right:"),
        };
        let mut out = format!("{}  {}\n\n{what}\n", self.code, self.title(language));
        if let Some(name) = warning_name(self.code) {
            out.push_str(&match language {
                Language::Zh => format!(
                    "\n确实要这样：在这一行末尾或上一行写 `# allow {name}: 原因`。\n"
                ),
                Language::En => format!(
                    "\nMeant so: write `# allow {name}: reason` at the end of the line or above it.\n"
                ),
            });
        }
        for (title, example) in [(wrong, self.bad), (right, self.good)] {
            if example.is_empty() {
                continue;
            }
            out.push_str(&format!("\n{title}\n\n"));
            for line in example.lines() {
                let line = format!("    {line}");
                out.push_str(line.trim_end());
                out.push('\n');
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::span::FileId;
    use crate::lang::syntax::parse;

    #[test]
    fn codes_are_unique_and_complete() {
        let mut codes: Vec<_> = pages().map(|page| page.code).collect();
        codes.sort_unstable();
        let all = codes.len();
        codes.dedup();
        assert_eq!(codes.len(), all);
        for page in pages() {
            for text in [page.zh, page.en, page.what_zh, page.what_en, page.good] {
                assert!(!text.is_empty(), "{}", page.code);
            }
            assert!(page.text(Language::Zh).contains(page.zh));
        }
    }

    #[test]
    fn every_warning_has_a_name() {
        for page in pages() {
            let warning = page.code.starts_with('W');
            assert_eq!(warning_name(page.code).is_some(), warning, "{}", page.code);
        }
    }

    #[test]
    fn syntax_examples_show_their_mistake_and_nothing_else() {
        for page in pages().filter(|page| page.code.starts_with("E01")) {
            let codes = |text: &str| -> Vec<&'static str> {
                let found = parse(FileId(0), text).diagnostics;
                found.iter().map(|found| found.code).collect()
            };
            assert_eq!(codes(page.good), Vec::<&str>::new(), "{} good", page.code);
            if !page.bad.is_empty() {
                assert_eq!(codes(page.bad), [page.code], "{} bad", page.code);
            }
        }
    }

    #[test]
    fn other_examples_parse() {
        for page in pages().filter(|page| !page.code.starts_with("E01")) {
            for text in [page.bad, page.good] {
                let found = parse(FileId(0), text).diagnostics;
                assert!(found.is_empty(), "{}: {found:#?}", page.code);
            }
        }
    }
}
