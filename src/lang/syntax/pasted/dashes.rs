//! Dashes where a comment is meant: `—— 说明`, `reply "x" – 说明`, lines of nothing but signs.

use super::{MAX_LABELS, Pasted};
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::syntax::lexer::{Kind, before_text, short_rest};
use crate::lang::syntax::repair::Edit;
use crate::lang::syntax::vocabulary::TAKE_TEXT;

/// What input methods and word processors write for a dash.
const DASHES: &str = "-—–−－―─⸺";
/// What a note begins with elsewhere.
const NOTES: &str = "*※;；%'！&@";
/// Lines are drawn with them.
const RULERS: &str = "-—–−－―─⸺=*~_＝＊";

/// Bytes of a line before and behind a dash that may begin a comment: looking at thousands of them must not take
/// long.
const MAX_LINE: usize = 4_096;

impl Pasted<'_> {
    /// `—— 说明`, `- 说明`, `========` at the beginning of a line.
    pub(super) fn dash_before(&mut self, at: usize) {
        let token = &self.tokens[at];
        let start = token.start;
        let line = self.rest_of_line(start);
        let column0 = start == token.line;
        let note = line.strip_prefix(|c| NOTES.contains(c));
        if let Some(said) = note.map(str::trim_start)
            && is_prose(said)
            && !said.starts_with(|c: char| c.is_ascii())
            && self.is_start(at)
        {
            let sign = &line[..line.len() - note.map_or(0, str::len)];
            let (end, sign) = (start + sign.len(), sign.to_owned());
            let by = if self.text[end..].starts_with(' ') {
                "#"
            } else {
                "# "
            };
            return self.comment(start, end, by, &sign, false);
        }
        let Some(first) = line.chars().next().filter(|c| RULERS.contains(*c)) else {
            return;
        };
        let said = line.trim_start_matches(|c| RULERS.contains(c));
        let signs = line[..line.len() - said.len()].chars().count();
        let said = said.trim();
        let free = column0 || self.is_start(at);
        let ruler = said.is_empty() && signs >= 3;
        if ruler && free {
            let shown: String = line.chars().take(3).collect();
            let span = self.sink.span(start, start + line.len());
            match self.ruler.filter(|found| *found < self.sink.found.len()) {
                Some(found) => {
                    let found = &mut self.sink.found[found];
                    if found.secondary.len() < MAX_LABELS {
                        found.add_place(span);
                    }
                }
                None => {
                    self.ruler = Some(self.sink.found.len());
                    self.comment(start, start, "# ", &shown, true);
                }
            }
            return self.edits.push(Edit::new(start, start, "# "));
        }
        let prose = is_prose(said) && free && (column0 || !said.is_ascii() || signs > 1);
        if !prose || (!DASHES.contains(first) && signs < 2) {
            return;
        }
        let sign = &line[..line.len() - line.trim_start_matches(|c| RULERS.contains(c)).len()];
        let (end, sign) = (start + sign.len(), sign.to_owned());
        if DASHES.contains(first) {
            let by = if self.text[end..].starts_with(' ') {
                "#"
            } else {
                "# "
            };
            self.comment(start, end, by, &sign, signs > 1);
        } else {
            self.comment(start, start, "# ", &sign, true);
            self.edits.push(Edit::new(start, start, "# "));
        }
    }

    /// `reply "x" —— 说明`: says whether it was that.
    pub(super) fn dash_behind(&mut self, at: usize) -> bool {
        let token = &self.tokens[at];
        let (start, line) = (token.start, token.line);
        let dash = self.text[start..].starts_with(|c| DASHES.contains(c));
        if token.kind != Kind::Punct || !dash || start - line > MAX_LINE {
            return false;
        }
        let Some(rest) = short_rest(self.text, start, MAX_LINE).map(str::trim_end) else {
            return false;
        };
        let said = rest.trim_start_matches(|c| DASHES.contains(c));
        let sign = rest[..rest.len() - said.len()].to_owned();
        let signs = sign.chars().count();
        let spaced = self.text[..start].ends_with([' ', '\t']);
        // A minus of this language stands between values.
        if !is_prose(said.trim()) || !spaced || sign == "-" || at == 0 {
            return false;
        }
        let ends_text = matches!(self.tokens[at - 1].kind, Kind::Text(_) | Kind::Block { .. });
        let closes = matches!(self.slice(at - 1), "{" | "}" | "]");
        let first = self.tokens[..at]
            .iter()
            .rev()
            .take_while(|token| token.line == line)
            .last();
        let first = first.map_or("", |first| &self.text[first.start..first.end]);
        // What lost its quotes goes on with a dash.
        let quoted = TAKE_TEXT.contains(&first) || before_text(first);
        let code = ends_text || closes || (signs > 1 && !quoted && self.slice(at - 1).is_ascii());
        if !code || (signs == 1 && !ends_text && !closes) {
            return false;
        }
        let end = start + sign.len();
        let by = if self.text[end..].starts_with(' ') {
            "#"
        } else {
            "# "
        };
        self.comment(start, end, by, &sign, signs > 1);
        true
    }

    /// Reports that `start..end` should be `by`, what begins a comment.
    fn comment(&mut self, start: usize, end: usize, by: &str, sign: &str, sure: bool) {
        let rest = self.rest_of_line(start).len();
        let (span, shown) = (self.sink.span(start, end), start + rest);
        let found = Diagnostic::error(
            "E0117",
            Words::new(
                format!("注释用 `#` 开头，不是 `{sign}`"),
                format!("comments start with `#`, not `{sign}`"),
            ),
            if end > start {
                span
            } else {
                self.sink.span(start, shown)
            },
            Words::new("应是 `#`", "should be `#`"),
        );
        let words = Words::new("写成注释", "make it a comment");
        self.sink.add(match sure {
            true => found.with_fix(words, span, by),
            false => found.with_guess(words, span, by),
        });
        if end > start {
            self.edits.push(Edit::new(start, end, by));
        }
    }
}

/// Whether these are words of a note rather than code.
fn is_prose(said: &str) -> bool {
    let first = said.chars().next();
    first.is_some_and(|c| c.is_alphabetic() || "（【《“".contains(c))
        && !said.contains(['"', '{', '}', '｛', '｝'])
}
