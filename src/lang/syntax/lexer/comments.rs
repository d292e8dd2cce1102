//! Comments of other languages: where they begin and end.

use super::{Kind, Lexer};

impl Lexer<'_> {
    /// `km//h`: two signs between words, where no comment begins.
    pub(super) fn within_words(&self) -> bool {
        let letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase());
        letter(self.text[..self.at].chars().next_back()) && letter(self.rest()[2..].chars().next())
    }

    /// `-- …` behind code, with a blank on each side.
    pub(super) fn dashes_behind(&self) -> bool {
        self.text[..self.at].ends_with(' ') && self.rest()[2..].starts_with(' ')
    }

    /// `/* … */` with nothing but blanks behind it; otherwise only its first line.
    pub(super) fn block_comment(&mut self) {
        if self.star < self.at + 2 {
            let found = self
                .text
                .get(self.at + 2..)
                .and_then(|rest| rest.find("*/"));
            self.star = found.map_or(self.text.len(), |found| self.at + 2 + found);
        }
        let end = self.star + 2;
        let alone = self.text.get(end..).is_some_and(|rest| {
            let line = rest.split('\n').next().unwrap_or_default();
            line.trim().is_empty()
        });
        if alone {
            self.push(Kind::WrongComment, end);
        } else {
            self.rest_of_line(Kind::WrongComment);
        }
    }
}
