//! Clauses → lines: which tokens share a line and how far it is indented.

use unicode_width::UnicodeWidthStr;

use super::clauses::{Body, Clause, Entry, Piece};
use super::fold::fold;
use super::marks::Table;
use super::{INDENT, MAX_WIDTH};

/// A line of the result.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    /// Columns before it.
    pub(super) indent: usize,
    /// Its code; with line breaks where a text block is in it. Empty for a comment line.
    pub(super) text: String,
    /// Its comment.
    pub(super) comment: Option<String>,
    /// A blank line comes before it.
    pub(super) blank: bool,
    /// It is a row of a table: the kind, and the byte at which columns may be added.
    pub(super) row: Option<(Table, usize)>,
    /// The clause goes on in the next line.
    pub(super) goes_on: bool,
}

impl Line {
    /// Columns up to the end of its code; of a text block the widest end counts.
    pub(super) fn width(&self) -> usize {
        let mut lines = self.text.split('\n');
        let first = self.indent + lines.next().unwrap_or_default().width();
        // The words of a text block cannot be made narrower.
        first.max(lines.next_back().map_or(0, UnicodeWidthStr::width))
    }
}

/// The lines of a file.
pub(super) fn lines(entries: &[Entry<'_>]) -> Vec<Line> {
    let mut layout = Layout { lines: Vec::new() };
    layout.entries(entries, 0);
    layout.lines
}

struct Layout {
    lines: Vec<Line>,
}

impl Layout {
    fn entries(&mut self, entries: &[Entry<'_>], indent: usize) {
        let mut before: Option<bool> = None;
        for entry in entries {
            let (blank, big) = match entry {
                Entry::Comment { blank, .. } => (*blank, false),
                Entry::Clause(clause) => (clause.blank, is_big(clause)),
            };
            // Items with a block of their own stand apart from what comes before and after.
            let apart = indent == 0
                && (before == Some(true)
                    || (big && before.is_some() && !self.after_comment_line()));
            let blank = before.is_some() && (blank || apart);
            let start = self.lines.len();
            match entry {
                Entry::Comment { text, .. } => self.lines.push(Line {
                    indent,
                    comment: Some((*text).to_owned()),
                    ..Line::default()
                }),
                Entry::Clause(clause) => self.clause(clause, indent),
            }
            if let Some(line) = self.lines.get_mut(start) {
                line.blank = blank;
            }
            before = Some(big);
        }
    }

    fn after_comment_line(&self) -> bool {
        self.lines.last().is_some_and(|line| line.text.is_empty())
    }

    fn clause(&mut self, clause: &Clause<'_>, indent: usize) {
        if let Some(body) = clause.body.as_ref().filter(|body| body.inline)
            && let Some(mut lines) = one_line(clause, body, indent)
        {
            self.row(clause, &mut lines);
            self.lines.append(&mut lines);
            return;
        }
        let mut lines = fold(&clause.pieces, indent, true);
        if clause.body.is_none() {
            self.row(clause, &mut lines);
        }
        self.lines.append(&mut lines);
        let Some(body) = &clause.body else { return };
        let empty = body.entries.is_empty();
        let open_comment = clause
            .pieces
            .last()
            .is_some_and(|open| open.trailing.is_some());
        if empty && !open_comment {
            // `{}`; it did not fit on the line of its head as it stands, but that is no reason to break.
            if let Some(line) = self.lines.last_mut() {
                line.text.push('}');
                line.comment = body.close.trailing.map(str::to_owned);
            }
            return;
        }
        self.entries(&body.entries, indent + INDENT);
        self.lines.push(Line {
            indent,
            text: "}".to_owned(),
            comment: body.close.trailing.map(str::to_owned),
            ..Line::default()
        });
    }

    /// Notes that the first of a clause's lines is a row of a table.
    fn row(&self, clause: &Clause<'_>, lines: &mut [Line]) {
        let whole = lines.len() == 1;
        let Some(first) = lines.first_mut() else {
            return;
        };
        let word = |count: usize| -> usize {
            let pieces = clause.pieces.iter().take(count);
            pieces
                .map(|piece| piece.text.len() + usize::from(piece.space))
                .sum::<usize>()
                - usize::from(clause.pieces.first().is_some_and(|piece| piece.space))
        };
        let at = match clause.table {
            Some(Table::Arm) if whole => word(1),
            Some(Table::Let) if whole => word(2),
            Some(Table::Part) => word(1),
            _ => return,
        };
        if first.text.contains('\n') || first.text.len() < at {
            return;
        }
        if let Some(table) = clause.table {
            first.row = Some((table, at));
        }
    }
}

/// Whether a clause has a block that is not on one line.
fn is_big(clause: &Clause<'_>) -> bool {
    clause
        .body
        .as_ref()
        .is_some_and(|body| one_line(clause, body, 0).is_none())
}

/// A clause together with its block on one line (its head may have several), when it fits.
fn one_line(clause: &Clause<'_>, body: &Body<'_>, indent: usize) -> Option<Vec<Line>> {
    if !body.inline {
        return None;
    }
    let mut pieces = clause.pieces.clone();
    flatten(body, &mut pieces)?;
    let lines = fold(&pieces, indent, false);
    let fits = lines
        .iter()
        .all(|line| line.width() <= MAX_WIDTH && !line.text.contains('\n'));
    fits.then_some(lines)
}

/// Adds the tokens of a block on one line; nothing when they need lines of their own.
fn flatten<'a>(body: &Body<'a>, pieces: &mut Vec<Piece<'a>>) -> Option<()> {
    if !body.inline || pieces.last().is_some_and(|open| open.trailing.is_some()) {
        return None;
    }
    if let Some(Entry::Clause(inner)) = body.entries.first() {
        for piece in &inner.pieces {
            if piece.trailing.is_some() || !piece.above.is_empty() || piece.starts_line {
                return None;
            }
            pieces.push(Piece {
                place: None,
                ..piece.clone()
            });
        }
        if let Some(body) = &inner.body {
            flatten(body, pieces)?;
            if pieces.last().is_some_and(|close| close.trailing.is_some()) {
                return None;
            }
        }
    }
    pieces.push(body.close.clone());
    Some(())
}
