//! What is left of an item once its wrong clauses are known: as long as it was, so that every place in it
//! stays where the author wrote it.

use super::Recover;
use crate::lang::syntax::lexer::Kind;

/// What is left of an item without what is wrong in it.
pub(in crate::lang::syntax) struct Rest {
    /// As long as the item, with blanks for the stretches that were reported.
    pub(in crate::lang::syntax) text: String,
    /// The head is a stand-in: what it looks at and brings is not known.
    pub(in crate::lang::syntax) headless: bool,
    /// The words of the stretches.
    pub(in crate::lang::syntax) lost: String,
}

impl Recover<'_> {
    /// The item with blanks instead of what was reported; `None` when a stand-in for its head does not fit.
    pub(super) fn rest(&self, start: usize, end: usize) -> Option<Rest> {
        let bytes = |from: usize, to: usize| -> Option<(usize, usize)> {
            let last = to.checked_sub(1).and_then(|at| self.tokens.get(at))?;
            Some((self.tokens.get(from)?.start, last.end))
        };
        let mut stretches: Vec<(usize, usize)> = Vec::new();
        for (from, to) in &self.gaps {
            stretches.extend(bytes(*from, *to));
        }
        let mut stand_in = None;
        if let Some(open) = self.head {
            let (from, to) = bytes(0, open)?;
            // A dialog and a test keep their names; a rule hears everything.
            let kept = match (self.slice(0), self.tokens.get(1).map(|token| &token.kind)) {
                ("on", _) => "on any".to_owned(),
                // One without a name goes on with its time.
                ("dialog", Some(Kind::Word)) if self.slice(1) == "expires" => return None,
                ("dialog", Some(Kind::Word)) | ("test", Some(Kind::Text(_))) if open > 2 => {
                    self.text[from..self.tokens[1].end].to_owned()
                }
                _ => return None,
            };
            if kept.len() > to - from {
                return None;
            }
            stretches.push((from, to));
            stand_in = Some((from, kept));
        }
        let mut rest = self.text[start..end].to_owned();
        let mut lost = String::new();
        for (from, to) in stretches {
            let part = &self.text[from..to];
            lost.push_str(part);
            lost.push('\n');
            let blank: String = part
                .bytes()
                .map(|byte| if byte == b'\n' { '\n' } else { ' ' })
                .collect();
            rest.replace_range(from - start..to - start, &blank);
        }
        if let Some((at, kept)) = stand_in {
            rest.replace_range(at - start..at - start + kept.len(), &kept);
        }
        Some(Rest {
            text: rest,
            headless: self.head.is_some(),
            lost,
        })
    }
}
