//! Semantic tokens: what each word of a file is, as far as the tree and the registry know.

use serde_json::{Value, json};

use super::names::{Kind, Mention, Names, Target};
use super::world::Set;
use crate::lang::span::FileId;
use crate::lang::syntax::{LexemeKind, keywords, lexemes};

/// The protocol's names of the kinds, by number.
const TYPES: [&str; 12] = [
    "keyword",
    "comment",
    "string",
    "number",
    "operator",
    "function",
    "variable",
    "property",
    "parameter",
    "type",
    "event",
    "enumMember",
];
const KEYWORD: u32 = 0;
const COMMENT: u32 = 1;
const STRING: u32 = 2;
const NUMBER: u32 = 3;
const OPERATOR: u32 = 4;
const FUNCTION: u32 = 5;
const VARIABLE: u32 = 6;
const PROPERTY: u32 = 7;
const PARAMETER: u32 = 8;
const TYPE: u32 = 9;
const EVENT: u32 = 10;
const MEMBER: u32 = 11;

const MODIFIERS: [&str; 2] = ["declaration", "defaultLibrary"];
const DECLARATION: u32 = 1;
const LIBRARY: u32 = 2;

/// What the numbers mean.
pub(super) fn legend() -> Value {
    json!({ "tokenTypes": TYPES, "tokenModifiers": MODIFIERS })
}

/// A stretch of one kind.
struct Piece {
    bytes: std::ops::Range<usize>,
    kind: u32,
    modifiers: u32,
}

/// The tokens of a file, in the protocol's relative numbers.
pub(super) fn of(set: &Set, file: FileId) -> Value {
    let text = set.text(file);
    let mentions: Vec<&Mention> = set.names.of_file(file).collect();
    let mut pieces = Vec::new();
    for token in lexemes(text) {
        let bytes = token.start..token.end;
        let word = &text[bytes.clone()];
        let from = mentions.partition_point(|it| it.span.range().end <= token.start);
        // A mention never spans lines; those of one word stand next to each other.
        let near = mentions[from..]
            .iter()
            .take_while(|it| it.span.range().start < token.end);
        match token.kind {
            LexemeKind::Comment => push(&mut pieces, bytes, COMMENT, 0),
            LexemeKind::Number => push(&mut pieces, bytes, NUMBER, 0),
            LexemeKind::Text | LexemeKind::Block => {
                let mut at = token.start;
                for mention in near {
                    let inside = mention.span.range();
                    if inside.start < at || inside.end > token.end {
                        continue;
                    }
                    push(&mut pieces, at..inside.start, STRING, 0);
                    let (kind, modifiers) = look(&set.names, mention);
                    push(&mut pieces, inside.clone(), kind, modifiers);
                    at = inside.end;
                }
                push(&mut pieces, at..token.end, STRING, 0);
            }
            LexemeKind::Word | LexemeKind::Punct => {
                if let Some(mention) = near.into_iter().next() {
                    let (kind, modifiers) = look(&set.names, mention);
                    push(&mut pieces, bytes, kind, modifiers);
                } else if token.kind == LexemeKind::Word && keywords().contains(&word) {
                    push(&mut pieces, bytes, KEYWORD, 0);
                } else if matches!(
                    word,
                    "==" | "!=" | "<" | ">" | "<=" | ">=" | "+" | "-" | "*" | "/" | "=" | "~" | "%"
                ) {
                    push(&mut pieces, bytes, OPERATOR, 0);
                }
            }
        }
    }
    json!({ "data": relative(set, file, &pieces) })
}

fn push(pieces: &mut Vec<Piece>, bytes: std::ops::Range<usize>, kind: u32, modifiers: u32) {
    if !bytes.is_empty() {
        pieces.push(Piece {
            bytes,
            kind,
            modifiers,
        });
    }
}

fn look(names: &Names, mention: &Mention) -> (u32, u32) {
    match &mention.target {
        Target::Symbol(id) => {
            let Some(symbol) = names.symbols.get(*id) else {
                return (VARIABLE, 0);
            };
            let modifiers = if symbol.definition == mention.span {
                DECLARATION
            } else {
                0
            };
            let kind = match symbol.kind {
                Kind::Let | Kind::List | Kind::Variable => VARIABLE,
                Kind::Signal => EVENT,
                Kind::Dialog => FUNCTION,
                Kind::Extractor => TYPE,
                Kind::Capture | Kind::Slot | Kind::Param => PARAMETER,
                Kind::Account | Kind::User | Kind::Place => VARIABLE,
            };
            (kind, modifiers)
        }
        Target::Field(_) | Target::RowField(_) => (PROPERTY, LIBRARY),
        Target::Function(_) | Target::Call(_) => (FUNCTION, LIBRARY),
        Target::Argument(_) => (PARAMETER, LIBRARY),
        Target::Event(_) => (EVENT, LIBRARY),
        Target::Extractor(_) => (TYPE, LIBRARY),
        Target::Action(_) => (KEYWORD, 0),
        Target::Outcome { .. } | Target::Stream(_) => (MEMBER, LIBRARY),
        Target::Brought(_) => (PARAMETER, LIBRARY),
        Target::Unit(_) => (NUMBER, 0),
    }
}

/// Line and column of each token relative to the one before; tokens over several lines are cut, as
/// not every client takes them whole.
fn relative(set: &Set, file: FileId, pieces: &[Piece]) -> Vec<u32> {
    let text = set.text(file);
    let Some(lines) = set.lines.get(file.0 as usize) else {
        return Vec::new();
    };
    let mut data = Vec::new();
    let (mut line, mut column) = (0, 0);
    for piece in pieces {
        let mut at = piece.bytes.start;
        for part in text[piece.bytes.clone()].split_inclusive('\n') {
            let start = at;
            at += part.len();
            let shown = part.trim_end_matches(['\n', '\r']);
            let blanks = shown.len() - shown.trim_start().len();
            let shown = shown.trim();
            if shown.is_empty() {
                continue;
            }
            let place = lines.position(text, start + blanks);
            let length: usize = shown.chars().map(char::len_utf16).sum();
            let ahead = if place.line == line {
                place.character.saturating_sub(column)
            } else {
                place.character
            };
            data.extend([
                place.line.saturating_sub(line),
                ahead,
                u32::try_from(length).unwrap_or(u32::MAX),
                piece.kind,
                piece.modifiers,
            ]);
            (line, column) = (place.line, place.character);
        }
    }
    data
}
