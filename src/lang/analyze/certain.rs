//! What every text that a regular expression takes certainly has in it, and how it begins.
//!
//! An expression is spelt out: its branches, each a row of texts with gaps between them of which nothing is
//! known. What would take too many branches is a gap itself, so that only proved things are said.

use regex_syntax::hir::{Class, ClassUnicode, Hir, HirKind, Look};

use crate::text::{half_width_source, normalise};

/// Branches of one expression; more become a gap.
const MAX_BRANCHES: usize = 32;
/// Texts and gaps of one branch; more become a gap.
const MAX_PIECES: usize = 64;
/// A text that is written so often is spelt out.
const MAX_TIMES: u32 = 6;
/// Characters of a class that are branches of their own, and members that are looked at for it.
const MAX_LETTERS: usize = 4;
const MAX_MEMBERS: usize = 12;

/// A piece of a branch.
#[derive(Debug, Clone, PartialEq)]
enum Piece {
    /// These very characters, in lower case.
    Text(String),
    /// Nothing is known of what stands here, nor whether anything does.
    Gap,
    /// The text begins, or ends, here.
    Start,
    End,
}

/// What is certain of one way to fit an expression.
#[derive(Default)]
pub(super) struct Branch {
    /// What stands in every text after it was read, in the order of the text; blanks at the ends are left out.
    pub(super) texts: Vec<String>,
    /// The text begins with the first of them.
    pub(super) begins: bool,
    /// The text is the first of them, and nothing else.
    pub(super) whole: bool,
}

/// Every way to fit the expression; empty when nothing is certain.
pub(super) fn of_regex(source: &str) -> Vec<Branch> {
    // Exactly what the matcher compiles.
    let hir = regex_syntax::ParserBuilder::new()
        .case_insensitive(true)
        .build()
        .parse(&half_width_source(source));
    let Ok(hir) = hir else { return Vec::new() };
    let branches: Vec<Branch> = spelt(&hir).into_iter().map(branch).collect();
    match branches.iter().all(|branch| !branch.texts.is_empty()) {
        true => branches,
        false => Vec::new(),
    }
}

fn branch(pieces: Vec<Piece>) -> Branch {
    // Where it looks for its beginning behind something, it never fits; nothing is said of that.
    let begins = pieces.first() == Some(&Piece::Start);
    let ends = pieces.last() == Some(&Piece::End);
    let inner = &pieces[usize::from(begins)..];
    let mut branch = Branch {
        begins: begins && matches!(inner.first(), Some(Piece::Text(_))),
        ..Branch::default()
    };
    branch.whole = branch.begins && ends && matches!(inner, [Piece::Text(_), Piece::End]);
    for (at, piece) in inner.iter().enumerate() {
        let Piece::Text(text) = piece else { continue };
        let read = normalise(text);
        // Written as no message ever is after it was read: it says nothing of messages.
        if read.is_empty() || read.text() != text.trim() {
            if at == 0 {
                (branch.begins, branch.whole) = (false, false);
            }
            continue;
        }
        branch.texts.push(read.text().to_owned());
    }
    branch
}

/// The branches of an expression.
fn spelt(hir: &Hir) -> Vec<Vec<Piece>> {
    let text = |text: &str| vec![vec![Piece::Text(text.to_owned())]];
    match hir.kind() {
        HirKind::Empty => vec![Vec::new()],
        HirKind::Look(Look::Start) => vec![vec![Piece::Start]],
        HirKind::Look(Look::End) => vec![vec![Piece::End]],
        HirKind::Look(_) => vec![Vec::new()],
        HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
            Ok(literal) => text(literal),
            Err(_) => gap(),
        },
        HirKind::Class(Class::Unicode(class)) => letters(class).map_or_else(gap, |letters| {
            letters.iter().flat_map(|c| text(c)).collect()
        }),
        HirKind::Class(Class::Bytes(_)) => gap(),
        HirKind::Capture(capture) => spelt(&capture.sub),
        HirKind::Repetition(repetition) => {
            let once = spelt(&repetition.sub);
            match (repetition.min, repetition.max) {
                (0, Some(1)) => either(vec![vec![Vec::new()], once]),
                (0, _) => gap(),
                (least, most) if most == Some(least) && least <= MAX_TIMES => {
                    joined((0..least).map(|_| once.clone()))
                }
                // The first and the last of them stand beside what is written there.
                (1, _) => {
                    let more = joined([once.clone(), gap(), once.clone()]);
                    either(vec![once, more])
                }
                _ => joined([once.clone(), gap(), once]),
            }
        }
        HirKind::Concat(parts) => joined(parts.iter().map(spelt)),
        HirKind::Alternation(parts) => either(parts.iter().map(spelt).collect()),
    }
}

fn gap() -> Vec<Vec<Piece>> {
    vec![vec![Piece::Gap]]
}

/// One after the other.
fn joined(parts: impl IntoIterator<Item = Vec<Vec<Piece>>>) -> Vec<Vec<Piece>> {
    parts.into_iter().fold(vec![Vec::new()], |heads, tails| {
        let tails = match heads.len().saturating_mul(tails.len()) > MAX_BRANCHES {
            true => gap(),
            false => tails,
        };
        let heads = heads.iter().flat_map(|head| {
            tails.iter().map(move |tail| {
                let mut head = head.clone();
                tail.iter().for_each(|piece| add(&mut head, piece));
                head
            })
        });
        heads.collect()
    })
}

fn add(pieces: &mut Vec<Piece>, piece: &Piece) {
    let full = pieces.len() >= MAX_PIECES;
    match (pieces.last_mut(), piece) {
        (Some(Piece::Text(text)), Piece::Text(more)) => text.push_str(more),
        (Some(Piece::Gap), Piece::Gap) => {}
        (Some(Piece::Gap), _) if full => {}
        _ if full => pieces.push(Piece::Gap),
        _ => pieces.push(piece.clone()),
    }
}

/// One or the other.
fn either(branches: Vec<Vec<Vec<Piece>>>) -> Vec<Vec<Piece>> {
    match branches.iter().map(Vec::len).sum::<usize>() > MAX_BRANCHES {
        true => gap(),
        false => branches.into_iter().flatten().collect(),
    }
}

/// The characters a class stands for when it is only a few, in lower case: `[Vv]` is one.
fn letters(class: &ClassUnicode) -> Option<Vec<String>> {
    let size = |range: &regex_syntax::hir::ClassUnicodeRange| range.len();
    if class.iter().map(size).sum::<usize>() > MAX_MEMBERS {
        return None;
    }
    let members = class.iter().flat_map(|range| range.start()..=range.end());
    // What no message has after it was read cannot be what one fits by: the sign of the Kelvin, capitals.
    let read = |c: &char| normalise(&c.to_string()).text() == c.to_string() || *c == ' ';
    let letters: Vec<String> = members.filter(read).map(String::from).collect();
    (1..=MAX_LETTERS)
        .contains(&letters.len())
        .then_some(letters)
}

#[cfg(test)]
mod tests {
    use super::of_regex;

    fn texts(source: &str) -> Vec<String> {
        let branches = of_regex(source).into_iter().map(|branch| {
            let ends = if branch.whole { "$" } else { "" };
            let begins = if branch.begins { "^" } else { "" };
            format!("{begins}{}{ends}", branch.texts.join("…"))
        });
        let mut all: Vec<String> = branches.collect();
        all.dedup();
        all
    }

    #[test]
    fn only_what_every_text_has_is_said() {
        for (source, wanted) in [
            ("绑定\\d+", &["绑定"][..]),
            ("^绑定[0-9]*号$", &["^绑定…号"]),
            ("^绑定$", &["^绑定$"]),
            (
                "^(?:绑定|bind) ?me$",
                &["^绑定me$", "^绑定 me$", "^bindme$", "^bind me$"],
            ),
            ("VIP卡", &["vip卡"]),
            ("(?-i)vip", &["vip"]),
            ("(订单|单号)[0-9]+", &["订单", "单号"]),
            ("(?<x>绑)定", &["绑定"]),
            ("(绑定)+吧", &["绑定吧", "绑定…绑定吧"]),
            ("啊{2}", &["啊啊"]),
            ("啊{2,}", &["啊…啊"]),
            ("[你您]好", &["你好", "您好"]),
            ("订 单", &["订 单"]),
            ("绑\\b定", &["绑定"]),
            // Nothing is certain of these.
            ("绑?[0-9]+", &[]),
            ("绑定|[0-9]+", &[]),
            ("(绑定)*", &[]),
            ("[^绑定]", &[]),
            ("[0-9]{6}", &[]),
            // Without the capitals no message fits.
            ("(?-i)VIP", &[]),
            ("①", &[]),
        ] {
            assert_eq!(texts(source), wanted, "{source}");
        }
        // Too many ways become a gap, and what stands before it is still there.
        let many = format!("绑定{}", "[甲乙丙丁]".repeat(4));
        assert!(texts(&many).iter().all(|text| text.starts_with("绑定")));
        assert!(!texts(&many).is_empty());
        assert!(texts(&format!("绑定{}", "(好.)?".repeat(300))).len() <= 32);
    }
}
