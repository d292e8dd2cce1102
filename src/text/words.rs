//! A list of words, ready to be compared with texts and found in them.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use aho_corasick::{AhoCorasick, MatchKind};

use crate::lang::program::{List, ListEntries};
use crate::lang::value::Value;

use super::literal::{glues, key};
use super::normalise::normalise;

/// The words of a `list`, normalised.
#[derive(Debug)]
pub(super) struct WordList {
    /// As the author wrote them.
    written: Vec<Arc<str>>,
    /// Their compact forms → index.
    exact: HashMap<String, u32>,
    /// Finds the normalised words in a text; built when first asked.
    finder: OnceLock<Option<AhoCorasick>>,
}

impl WordList {
    pub(super) fn new(list: Option<&List>) -> Self {
        let words = match list.map(|list| &list.entries) {
            Some(ListEntries::Values(values)) => values.iter().filter_map(word).collect(),
            _ => Vec::new(),
        };
        Self::of(words)
    }

    pub(super) fn of(words: Vec<Arc<str>>) -> Self {
        let mut exact = HashMap::with_capacity(words.len());
        for (index, word) in words.iter().enumerate() {
            let key = key(word);
            if !key.is_empty() {
                exact.entry(key).or_insert(index as u32);
            }
        }
        Self {
            written: words,
            exact,
            finder: OnceLock::new(),
        }
    }

    /// The compact forms of all words.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.exact.keys().map(String::as_str)
    }

    /// The word a whole text is, by its compact form.
    pub(super) fn whole(&self, compact: &str) -> Option<&Arc<str>> {
        let index = self.exact.get(compact)?;
        self.written.get(*index as usize)
    }

    /// The first and then longest word in `text` from `from` on that `free` accepts.
    pub(super) fn find(
        &self,
        text: &str,
        from: usize,
        free: impl Fn(&Range<usize>) -> bool,
    ) -> Option<(Range<usize>, &Arc<str>)> {
        let finder = self.finder()?;
        let mut best: Option<(Range<usize>, usize)> = None;
        for found in finder.find_overlapping_iter(text) {
            let range = found.start()..found.end();
            if range.start < from || !stands_free(text, &range) || !free(&range) {
                continue;
            }
            let better = best.as_ref().is_none_or(|(old, _)| {
                range.start < old.start || (range.start == old.start && range.end > old.end)
            });
            if better {
                best = Some((range, found.pattern().as_usize()));
            }
        }
        best.and_then(|(range, index)| Some((range, self.written.get(index)?)))
    }

    /// Where words that stand at `at` end, longest first.
    pub(super) fn ends_at(&self, text: &str, at: usize) -> Vec<usize> {
        let Some(finder) = self.finder() else {
            return Vec::new();
        };
        let mut ends: Vec<usize> = finder
            .find_overlapping_iter(&text[at..])
            .filter(|found| found.start() == 0)
            .map(|found| at + found.end())
            .collect();
        ends.sort_unstable_by(|a, b| b.cmp(a));
        ends.dedup();
        ends
    }

    /// As written, the word whose normalised form `text` is.
    pub(super) fn written(&self, text: &str) -> Option<&Arc<str>> {
        self.whole(&key(text))
    }

    fn finder(&self) -> Option<&AhoCorasick> {
        self.finder
            .get_or_init(|| {
                // An empty word would be found everywhere; one that cannot be there stands for it.
                let forms = self.written.iter().map(|word| {
                    let form = normalise(word).text().to_owned();
                    if form.is_empty() {
                        "\0".to_owned()
                    } else {
                        form
                    }
                });
                AhoCorasick::builder()
                    .match_kind(MatchKind::Standard)
                    .build(forms)
                    .ok()
            })
            .as_ref()
    }
}

/// The characters of an entry, for entries that have some.
fn word(value: &Value) -> Option<Arc<str>> {
    match value {
        Value::Number(number) => Some(number.to_string().into()),
        other => other.characters().cloned(),
    }
}

/// Not a part of a longer Latin word or number.
fn stands_free(text: &str, range: &Range<usize>) -> bool {
    let first = text[range.clone()].chars().next();
    let last = text[range.clone()].chars().next_back();
    let before = text[..range.start].chars().next_back();
    let after = text[range.end..].chars().next();
    let glued =
        |a: Option<char>, b: Option<char>| matches!((a, b), (Some(a), Some(b)) if glues(a, b));
    !glued(before, first) && !glued(last, after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes() -> WordList {
        WordList::of(["S", "ＸＬ", "X", "加大", "加大号"].map(Arc::from).to_vec())
    }

    #[test]
    fn the_first_and_longest_word_is_found() {
        let list = sizes();
        let find = |text| {
            list.find(text, 0, |_| true)
                .map(|(_, word)| word.to_string())
        };
        assert_eq!(find("要xl的").as_deref(), Some("ＸＬ"));
        assert_eq!(find("small"), None, "a letter of a word is not the word");
        assert_eq!(find("我要加大号s").as_deref(), Some("加大号"));
    }

    #[test]
    fn whole_texts_ignore_blanks() {
        assert_eq!(sizes().whole(&key("加 大")).map(|w| &**w), Some("加大"));
        assert_eq!(sizes().ends_at("加大号", 0), [9, 6]);
    }
}
