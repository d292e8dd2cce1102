//! Lines → text: neighbouring rows of a table and neighbouring comments are aligned.

use unicode_width::UnicodeWidthStr;

use super::MAX_WIDTH;
use super::layout::Line;
use super::marks::Table;

/// Columns between code and the comment behind it.
const GAP: usize = 2;

/// The text of a file.
pub(super) fn join(mut lines: Vec<Line>) -> String {
    rows(&mut lines);
    let gaps = comments(&lines);
    let mut out = String::new();
    for (line, gap) in lines.iter().zip(gaps) {
        if line.blank {
            out.push('\n');
        }
        out.push_str(&" ".repeat(line.indent));
        out.push_str(&line.text);
        if let Some(comment) = &line.comment {
            out.push_str(&" ".repeat(gap));
            out.push_str(comment);
        }
        out.push('\n');
    }
    out
}

/// Pads the first column of every run of rows, unless a line would become too wide by it.
fn rows(lines: &mut [Line]) {
    let mut from = 0;
    while from < lines.len() {
        let mut to = from + 1;
        if let Some((table, _)) = lines[from].row {
            while to < lines.len() && follows(&lines[to - 1], &lines[to], table) {
                to += 1;
            }
            pad(&mut lines[from..to]);
        }
        from = to;
    }
}

fn follows(above: &Line, below: &Line, table: Table) -> bool {
    below.row.is_some_and(|(other, _)| other == table)
        && !below.blank
        && !above.goes_on
        && above.indent == below.indent
}

fn pad(run: &mut [Line]) {
    let width = |line: &Line| line.row.map_or(0, |(_, at)| line.text[..at].width());
    let widest = run.iter().map(width).max().unwrap_or(0);
    let fits = run
        .iter()
        .all(|line| line.width() + widest - width(line) <= MAX_WIDTH);
    if !fits {
        return;
    }
    for line in run {
        let missing = widest - width(line);
        if let Some((_, at)) = line.row {
            line.text.insert_str(at, &" ".repeat(missing));
        }
    }
}

/// The columns between each line's code and its comment.
fn comments(lines: &[Line]) -> Vec<usize> {
    let mut gaps = vec![0; lines.len()];
    let behind_code = |line: &Line| line.comment.is_some() && !line.text.is_empty();
    let mut from = 0;
    while from < lines.len() {
        let mut to = from + 1;
        if behind_code(&lines[from]) {
            while to < lines.len()
                && behind_code(&lines[to])
                && !lines[to].blank
                && lines[to].indent == lines[from].indent
            {
                to += 1;
            }
            let end = |line: &Line| {
                let last = line.text.rsplit('\n').next().unwrap_or_default().width();
                if line.text.contains('\n') {
                    last
                } else {
                    line.indent + last
                }
            };
            let widest = lines[from..to].iter().map(end).max().unwrap_or(0);
            for (gap, line) in gaps[from..to].iter_mut().zip(&lines[from..to]) {
                *gap = widest - end(line) + GAP;
            }
        }
        from = to;
    }
    gaps
}
