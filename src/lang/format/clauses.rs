//! Tokens → clauses inside clauses, with the comments and blank lines between them.

use super::marks::{Break, Marks, Table};
use super::spacing;
use crate::lang::syntax::{Lexeme, LexemeKind};

/// What stands in a block or at the top of a file.
#[derive(Debug)]
pub(super) enum Entry<'a> {
    /// A comment on a line of its own.
    Comment {
        /// From the `#`.
        text: &'a str,
        /// A blank line stands before it.
        blank: bool,
    },
    /// An item, an action, an arm, a field, a story line.
    Clause(Clause<'a>),
}

/// Tokens up to the end of a clause; when it has a block, up to its `{`.
#[derive(Debug)]
pub(super) struct Clause<'a> {
    /// A blank line stands before it.
    pub(super) blank: bool,
    /// In order, at least one.
    pub(super) pieces: Vec<Piece<'a>>,
    /// Its block.
    pub(super) body: Option<Body<'a>>,
    /// Aligned with its neighbours.
    pub(super) table: Option<Table>,
}

/// A block behind its `{`.
#[derive(Debug)]
pub(super) struct Body<'a> {
    /// What stands in it.
    pub(super) entries: Vec<Entry<'a>>,
    /// The author wrote it on one line.
    pub(super) inline: bool,
    /// `}`
    pub(super) close: Piece<'a>,
}

/// A token with what hangs on it.
#[derive(Debug, Clone)]
pub(super) struct Piece<'a> {
    /// As written.
    pub(super) text: &'a str,
    /// What it is.
    pub(super) kind: LexemeKind,
    /// A blank between it and the token before, when both are on one line.
    pub(super) space: bool,
    /// A line may start here.
    pub(super) place: Option<Break>,
    /// The author started a line here, or a comment makes it necessary.
    pub(super) starts_line: bool,
    /// Comments on lines of their own before it.
    pub(super) above: Vec<&'a str>,
    /// The comment at the end of its line.
    pub(super) trailing: Option<&'a str>,
}

/// The entries of a whole file.
pub(super) fn of<'a>(text: &'a str, tokens: &'a [Lexeme], marks: &'a Marks) -> Vec<Entry<'a>> {
    let mut reader = Reader {
        text,
        tokens,
        marks,
        at: 0,
    };
    let mut entries = Vec::new();
    loop {
        entries.extend(reader.entries());
        // A brace that belongs to nothing; a text without syntax errors has none.
        if reader.peek().is_none() {
            return entries;
        }
        reader.at += 1;
    }
}

struct Reader<'a> {
    text: &'a str,
    tokens: &'a [Lexeme],
    marks: &'a Marks,
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<&'a Lexeme> {
        self.tokens.get(self.at)
    }

    fn slice(&self, token: &Lexeme) -> &'a str {
        &self.text[token.start..token.end]
    }

    fn is(&self, token: &Lexeme, punct: &str) -> bool {
        token.kind == LexemeKind::Punct && self.slice(token) == punct
    }

    /// Line breaks between the token at `self.at` and the one before it.
    fn breaks_before(&self) -> usize {
        let Some(token) = self.peek() else { return 0 };
        let from = match self.at.checked_sub(1) {
            Some(before) => self.tokens[before].end,
            None => return 0,
        };
        self.text[from..token.start].matches('\n').count()
    }

    /// The comment behind the token just read, on its line.
    fn trailing(&mut self) -> Option<&'a str> {
        let token = self
            .peek()
            .filter(|token| token.kind == LexemeKind::Comment && !token.first)?;
        self.at += 1;
        Some(self.slice(token))
    }

    /// The comment at `self.at`.
    fn comment(&mut self) -> Option<&'a str> {
        let comment = self
            .peek()
            .filter(|token| token.kind == LexemeKind::Comment)?;
        self.at += 1;
        Some(self.slice(comment))
    }

    /// Entries up to a `}` or the end.
    fn entries(&mut self) -> Vec<Entry<'a>> {
        let mut entries = Vec::new();
        while let Some(token) = self.peek() {
            if self.is(token, "}") {
                break;
            }
            let blank = self.breaks_before() > 1;
            if token.kind == LexemeKind::Comment {
                entries.push(Entry::Comment {
                    text: self.slice(token),
                    blank,
                });
                self.at += 1;
            } else {
                entries.push(Entry::Clause(self.clause(blank)));
            }
        }
        entries
    }

    /// Whether the token at `at`, comments left out, begins something else than the present clause.
    fn ends_at(&self, at: usize) -> bool {
        let next = self.tokens[at..]
            .iter()
            .find(|token| token.kind != LexemeKind::Comment);
        next.is_none_or(|token| self.is(token, "}") || self.marks.clauses.contains(&token.start))
    }

    fn clause(&mut self, blank: bool) -> Clause<'a> {
        let start = self.tokens[self.at].start;
        let mut pieces: Vec<Piece<'a>> = Vec::new();
        let mut above = Vec::new();
        let mut body = None;
        while let Some(token) = self.peek() {
            if !pieces.is_empty() && self.ends_at(self.at) {
                break;
            }
            if token.kind == LexemeKind::Comment {
                // All of them: what comes behind is looked for once.
                while let Some(comment) = self.comment() {
                    above.push(comment);
                }
                continue;
            }
            let opens = self.is(token, "{");
            let piece = self.piece(pieces.last(), std::mem::take(&mut above));
            pieces.push(piece);
            if opens {
                body = Some(self.body());
                break;
            }
        }
        Clause {
            blank,
            pieces,
            body,
            table: self.marks.tables.get(&start).copied(),
        }
    }

    fn body(&mut self) -> Body<'a> {
        let from = self.tokens[self.at - 1].end;
        let entries = self.entries();
        let to = self.peek().map_or(self.text.len(), |close| close.start);
        let written = self.text.get(from..to).unwrap_or("\n");
        let close = self.piece(None, Vec::new());
        let plain = matches!(entries.as_slice(), [] | [Entry::Clause(_)]);
        Body {
            inline: plain && !written.contains('\n'),
            entries,
            close,
        }
    }

    /// The token at `self.at`, with the comment behind it.
    fn piece(&mut self, before: Option<&Piece<'a>>, above: Vec<&'a str>) -> Piece<'a> {
        let Some(token) = self.peek() else {
            // Braces always match in a text without syntax errors.
            return Piece {
                text: "",
                kind: LexemeKind::Punct,
                space: false,
                place: None,
                starts_line: false,
                above,
                trailing: None,
            };
        };
        let place = self.marks.breaks.get(&token.start).copied();
        let forced = !above.is_empty() || before.is_some_and(|before| before.trailing.is_some());
        let space = match self.at.checked_sub(1).map(|at| self.tokens[at]) {
            Some(last) => spacing::between(self.text, self.marks, &last, token),
            None => false,
        };
        let starts_line = before.is_some() && (forced || (place.is_some() && token.first));
        let text = self.slice(token);
        let kind = token.kind;
        self.at += 1;
        Piece {
            text,
            kind,
            space,
            place,
            starts_line,
            above,
            trailing: self.trailing(),
        }
    }
}
