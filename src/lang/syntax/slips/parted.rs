//! Words with a blank inside, and words without the blank between: `rememb er a = 1`, `when boundeven in dialog`,
//! `call with number`.

use super::Slips;
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::syntax::keywords::keywords;
use crate::lang::syntax::lexer::Kind;

/// A name no call has: stands where one is missing, which is told.
pub(in crate::lang) const LOST_CALL: &str = "with";
/// Letters of a word that is told from two short ones.
const MIN_LETTERS: usize = 4;

impl Slips<'_> {
    /// Looks at the line that begins at `at`; says whether it is told, and done with.
    pub(super) fn parted(&mut self, at: usize) -> bool {
        let end = self.line_end(at);
        let parted = (at..end.saturating_sub(1)).find_map(|first| {
            let whole = self.whole_word(first)?;
            Some((first, whole))
        });
        if let Some((first, whole)) = parted {
            let title = Words::new(
                format!("`{whole}` 中间断开了"),
                format!("a blank stands inside `{whole}`"),
            );
            self.written("E0101", (first, first + 1), whole, title, true);
            return true;
        }
        self.joined_even(at, end) || self.call_of_nothing(at)
    }

    /// The keyword that this token and the next one are, where neither of them is a word of its own.
    fn whole_word(&self, at: usize) -> Option<&'static str> {
        let (first, second) = (&self.tokens[at], self.tokens.get(at + 1)?);
        let words = first.kind == Kind::Word && second.kind == Kind::Word;
        if !words || second.start != first.end + 1 {
            return None;
        }
        let (left, right) = (self.slice(first), self.slice(second));
        let whole = format!("{left}{right}");
        let known = keywords().binary_search(&whole.as_str()).ok()?;
        // Somebody's own name is written twice.
        let once = |word: &str| {
            let same = self.tokens.iter().filter(|token| self.slice(token) == word);
            same.take(2).count() == 1 && keywords().binary_search(&word).is_err()
        };
        let long = whole.len() >= MIN_LETTERS;
        (long && once(left) && once(right)).then_some(keywords()[known])
    }

    /// `when boundeven in dialog`
    fn joined_even(&mut self, at: usize, end: usize) -> bool {
        if self.word_at(at) != "on" {
            return false;
        }
        let found = (at + 1..end).find(|next| {
            let word = self.word_at(*next);
            let name = word.strip_suffix("even").unwrap_or_default();
            !name.is_empty() && self.word_at(next + 1) == "in" && self.word_at(next + 2) == "dialog"
        });
        let Some(joined) = found else {
            return false;
        };
        let name = self.word_at(joined).trim_end_matches("even").to_owned();
        let title = Words::new("两个词之间少了空格", "a blank is missing between two words");
        let right = format!("{name} even");
        self.written("E0101", (joined, joined), &right, title, true);
        true
    }

    /// `call with number {`: which call is not said.
    fn call_of_nothing(&mut self, at: usize) -> bool {
        if self.word_at(at) != "call" || !matches!(self.word_at(at + 1), "with" | "{") {
            return false;
        }
        let (start, end) = (self.tokens[at].start, self.tokens[at].end);
        self.sink.add(
            Diagnostic::error(
                "E0134",
                Words::new("`call` 后面少了名字", "no name stands after `call`"),
                self.sink.span(start, end),
                Words::new("问哪一个没有说", "which one is called is not said"),
            )
            .with_help(Words::new(
                "例如 `call stock with number {`；名字是 menshen.toml 里 `[calls.stock]` 的那一个",
                "such as `call stock with number {`, by the name of `[calls.stock]` in menshen.toml",
            )),
        );
        // The rest of it is read all the same.
        self.edit(end, end, format!(" {LOST_CALL}"));
        true
    }
}
