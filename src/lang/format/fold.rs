//! The tokens of a clause → its lines: where the author broke it, and where it is too wide.
//!
//! A clause may be a list of a hundred thousand entries: every question asked for each line here is
//! answered from what was counted once, never by walking the rest of the clause.

use std::collections::{BTreeSet, HashMap};

use unicode_width::UnicodeWidthStr;

use super::clauses::Piece;
use super::layout::Line;
use super::marks::{Break, Indent};
use super::spacing;
use super::{INDENT, MAX_WIDTH};
use crate::lang::syntax::LexemeKind;

/// Tokens → lines. `narrow`: lines that are too wide are broken further.
pub(super) fn fold(pieces: &[Piece<'_>], indent: usize, narrow: bool) -> Vec<Line> {
    let mut fold = Fold::of(pieces);
    let keyword = pieces.first().map_or(0, |piece| piece.text.width());
    let mut lines = Vec::new();
    // Where the lines so far begin: the token, and how many lines there were before it.
    let mut begun: Vec<(usize, usize)> = Vec::new();
    let mut from = 0;
    while from < pieces.len() {
        let to = fold.next(from);
        let columns = if from == 0 {
            indent
        } else {
            continued(&pieces[from], indent, keyword)
        };
        if narrow
            && fold.width(from, to, columns) > MAX_WIDTH
            && let Some(at) = fold.narrower(from, to, columns)
        {
            // The chain began in a line above, which now has to be broken as well.
            while at < from {
                let (start, before) = begun.pop().unwrap_or_default();
                lines.truncate(before);
                from = start;
            }
            continue;
        }
        begun.push((from, lines.len()));
        // What is said at the end of a list stands below its entries.
        let closes = matches!(pieces[from].text, "]" | ")");
        let entries = lines.last().map_or(0, |line: &Line| line.indent);
        let above = if closes {
            columns.max(entries)
        } else {
            columns
        };
        for comment in &pieces[from].above {
            lines.push(Line {
                indent: above,
                comment: Some((*comment).to_owned()),
                goes_on: true,
                ..Line::default()
            });
        }
        lines.push(Line {
            indent: columns,
            text: written(&pieces[from..to], columns),
            comment: pieces[to - 1].trailing.map(str::to_owned),
            goes_on: to < pieces.len(),
            ..Line::default()
        });
        from = to;
    }
    lines
}

/// What was counted of a clause, and where its lines start so far.
struct Fold<'a> {
    pieces: &'a [Piece<'a>],
    /// First tokens of lines.
    starts: BTreeSet<usize>,
    /// Columns up to each token, all on one line; one more than there are tokens.
    columns: Vec<usize>,
    /// The text blocks of more than one line.
    blocks: Vec<usize>,
    /// The places of each group that breaks as a whole.
    groups: HashMap<u32, Vec<usize>>,
    /// A tree over the tokens: which of two has the outer place, the first of equals.
    outer: Vec<Option<usize>>,
}

impl<'a> Fold<'a> {
    fn of(pieces: &'a [Piece<'a>]) -> Self {
        let mut columns = vec![0];
        let mut blocks = Vec::new();
        let mut groups: HashMap<u32, Vec<usize>> = HashMap::new();
        let mut starts = BTreeSet::new();
        let mut broken = Vec::new();
        for (at, piece) in pieces.iter().enumerate() {
            let before = columns.last().copied().unwrap_or_default();
            columns.push(before + piece.text.width() + usize::from(piece.space));
            if piece.kind == LexemeKind::Block && piece.text.contains('\n') {
                blocks.push(at);
            }
            if piece.starts_line {
                starts.insert(at);
            }
            if let Some(place) = piece.place.filter(|place| place.whole) {
                groups.entry(place.group).or_default().push(at);
                if piece.starts_line {
                    broken.push(place.group);
                }
            }
        }
        // `and` chains break everywhere or nowhere.
        for group in broken {
            starts.extend(groups.remove(&group).into_iter().flatten());
        }
        let mut fold = Self {
            pieces,
            starts,
            columns,
            blocks,
            groups,
            outer: vec![None; 2 * pieces.len()],
        };
        for (at, piece) in pieces.iter().enumerate() {
            fold.outer[pieces.len() + at] = piece.place.map(|_| at);
        }
        for node in (1..pieces.len()).rev() {
            fold.outer[node] = fold.outermost(fold.outer[2 * node], fold.outer[2 * node + 1]);
        }
        fold
    }

    /// Where the line that begins at `from` ends.
    fn next(&self, from: usize) -> usize {
        let next = self.starts.range(from + 1..).next();
        next.copied().unwrap_or(self.pieces.len())
    }

    /// Columns up to the end of `from..to` on a line that stands at `indent`; with text blocks in it,
    /// of its first or its last line, the wider one: the words of a block cannot be made narrower.
    fn width(&self, from: usize, to: usize, indent: usize) -> usize {
        let space = usize::from(self.pieces[from].space);
        let inside = self.blocks.partition_point(|at| *at < from)
            ..self.blocks.partition_point(|at| *at < to);
        let (Some(first), Some(last)) = (
            self.blocks[inside.clone()].first(),
            self.blocks[inside].last(),
        ) else {
            return indent + self.columns[to] - self.columns[from] - space;
        };
        let block = |at: usize| spacing::block(self.pieces[at].text, indent + INDENT);
        let first_line = block(*first).lines().next().unwrap_or_default().width();
        let last_line = block(*last).rsplit('\n').next().unwrap_or_default().width();
        let before = if *first == from {
            0
        } else {
            self.columns[*first] - self.columns[from] - space
                + usize::from(self.pieces[*first].space)
        };
        let behind = self.columns[to] - self.columns[*last + 1];
        (indent + before + first_line).max(last_line + behind)
    }

    /// Of two tokens the one whose place is the outer one, the first of equals.
    fn outermost(&self, a: Option<usize>, b: Option<usize>) -> Option<usize> {
        let level = |at: usize| self.pieces[at].place.map(|place| place.level);
        match (a, b) {
            (Some(a), Some(b)) => Some(std::cmp::min_by_key(a, b, |at| (level(*at), *at))),
            (one, other) => one.or(other),
        }
    }

    /// The outermost place in `from..to`.
    fn place(&self, from: usize, to: usize) -> Option<Break> {
        let leaves = self.pieces.len();
        let (mut low, mut high) = (from + leaves, to + leaves);
        let mut found = None;
        while low < high {
            if low % 2 == 1 {
                found = self.outermost(found, self.outer[low]);
                low += 1;
            }
            if high % 2 == 1 {
                high -= 1;
                found = self.outermost(found, self.outer[high]);
            }
            low /= 2;
            high /= 2;
        }
        found.and_then(|at| self.pieces[at].place)
    }

    /// Where the line `from..to` is to be broken first; marks the other breaks of the same group, and
    /// gives the first of those that are new, which may come before the line.
    fn narrower(&mut self, from: usize, to: usize, columns: usize) -> Option<usize> {
        let outer = self.place(from + 1, to)?;
        if outer.whole {
            let places = self.groups.remove(&outer.group).unwrap_or_default();
            let mut fresh = places.into_iter().filter(|at| self.starts.insert(*at));
            let first = fresh.next();
            fresh.for_each(drop);
            return first;
        }
        // The last place of this level before which everything fits, or the first.
        let mut width = columns;
        let mut best = None;
        for (at, piece) in self.pieces.iter().enumerate().take(to).skip(from) {
            if at > from && piece.place.is_some_and(|place| place.level == outer.level) {
                if width > MAX_WIDTH && best.is_some() {
                    break;
                }
                best = Some(at);
            }
            if width > MAX_WIDTH && best.is_some() {
                break;
            }
            width += piece.text.width() + usize::from(piece.space);
        }
        self.starts.extend(best);
        best
    }
}

/// The columns before a line that starts with `piece` inside a clause.
fn continued(piece: &Piece<'_>, indent: usize, keyword: usize) -> usize {
    match piece.place.map(|place| place.indent) {
        Some(Indent::Clause) => indent,
        Some(Indent::River) => (indent + keyword).saturating_sub(piece.text.width()),
        Some(Indent::Steps(steps)) => indent + INDENT * usize::from(steps.max(1)),
        None => indent + INDENT,
    }
}

/// Tokens on one line that stands at `indent`.
fn written(pieces: &[Piece<'_>], indent: usize) -> String {
    let mut out = String::new();
    for (index, piece) in pieces.iter().enumerate() {
        if index > 0 && piece.space {
            out.push(' ');
        }
        if piece.kind == LexemeKind::Block {
            out.push_str(&spacing::block(piece.text, indent + INDENT));
        } else {
            out.push_str(piece.text);
        }
    }
    out
}
