//! Where in the language a byte of a text stands, for completion.
//!
//! Reads tokens only, so that it answers in the middle of a line that is not finished yet: the
//! braces before the place say which kind of block it is in, the words before it on the line say
//! what may follow.

use crate::lang::syntax::{Lexeme, LexemeKind, lexemes};

/// What may be written at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Nothing that could be suggested: a comment.
    Nothing,
    /// The words of a text.
    Words,
    /// An item: column 0, outside of every block.
    Item,
    /// The start of a clause in this block.
    Clause(Block),
    /// Directly after these words of a clause; the last is next to the place.
    After(Vec<String>, Block),
    /// An argument of a function or an extractor.
    Argument(Argument),
    /// A path in the braces of a text.
    Hole,
    /// An extractor: after the colon in the braces of a text or after a name.
    Extractor,
}

/// Where in the brackets of a call a place is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Argument {
    /// What is called.
    pub function: String,
    /// How many arguments without a name stand before this one.
    pub nth: usize,
    /// The name before the colon of this one.
    pub named: Option<String>,
    /// The names of those before it.
    pub given: Vec<String>,
    /// The token before the place; empty where the argument, or what follows its colon, begins.
    pub last: String,
}

/// The kind of a block, by what its head begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// Outside of every block; the head of an item.
    Top,
    /// Actions.
    Actions,
    /// Clauses of a signal.
    Signal,
    /// Clauses of a dialog.
    Dialog,
    /// Parts of an alert.
    Alert,
    /// Fields of a card or a template.
    Fields(String),
    /// Lines of a story.
    Story,
    /// Outcomes of the action with these words.
    Outcomes(String),
}

/// A block that is open at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Opened {
    /// Its kind.
    pub(super) block: Block,
    /// The words before its brace.
    pub(super) head: Vec<String>,
}

/// Bytes before the place that are looked at: far more than the longest item people write.
const MAX_BEFORE: usize = 64 * 1024;

/// Words that begin a line inside a head rather than a clause.
const CONTINUES: [&str; 17] = [
    "or", "and", "not", "when", "even", "continue", "once", "per", "expires", "with", "for", "to",
    "weight", "shadow", "invalid", "at", "unless",
];

/// Where `offset` stands in `text`.
pub fn of(text: &str, offset: usize) -> Place {
    let from = start(text, offset);
    let before = text.get(from..offset).unwrap_or_default();
    let tokens = lexemes(before);
    if let Some(last) = tokens.last() {
        let same_line = !before[last.end..].contains('\n');
        match last.kind {
            LexemeKind::Comment if same_line => return Place::Nothing,
            LexemeKind::Text if same_line && open(before, last) => {
                return in_text(&before[last.start..]);
            }
            LexemeKind::Block if open(before, last) => return in_text(&before[last.start..]),
            _ => {}
        }
    }
    let mut tokens: Vec<Lexeme> = tokens
        .into_iter()
        .filter(|token| token.kind != LexemeKind::Comment)
        .collect();
    // The word being written is not a word before the place.
    let mut at_line_start = before
        .rsplit('\n')
        .next()
        .is_none_or(|line| line.trim().is_empty());
    let dotted = |token: &Lexeme| &before[token.start..token.end] == ".";
    if let Some(last) = tokens.last().copied()
        && last.end == before.len()
        && (last.kind == LexemeKind::Word || dotted(&last))
    {
        at_line_start = last.first;
        // Behind a dot the next part is about to be written.
        if !dotted(&last) {
            tokens.pop();
        }
        // A dotted path counts as one word being written.
        while let [.., word, dot] = tokens.as_slice() {
            if !dotted(dot) || word.kind != LexemeKind::Word {
                break;
            }
            at_line_start = word.first;
            tokens.truncate(tokens.len() - 2);
        }
    }
    let block = blocks(before, &tokens)
        .pop()
        .map_or(Block::Top, |opened| opened.block);
    if let Some(place) = argument(before, &tokens) {
        return place;
    }
    let opened = tokens
        .last()
        .is_some_and(|last| &before[last.start..last.end] == "{");
    let line = before.rsplit('\n').next().unwrap_or_default();
    let column0 = !line.starts_with([' ', '\t', '\u{3000}']);
    if at_line_start && block == Block::Top && column0 {
        return Place::Item;
    }
    if opened || (at_line_start && block != Block::Top) {
        return Place::Clause(block);
    }
    let words = clause_words(before, &tokens);
    if let [.., name, colon] = words.as_slice()
        && colon == ":"
        && wants_extractor(&words, name)
    {
        return Place::Extractor;
    }
    Place::After(words, block)
}

/// The text that is open at `offset`, on one line: where its words begin, and the words of the clause before
/// it.
pub(super) fn opened_text(text: &str, offset: usize) -> Option<(usize, Vec<String>)> {
    let from = start(text, offset);
    let before = text.get(from..offset)?;
    let tokens = lexemes(before);
    let (last, earlier) = tokens.split_last()?;
    let quote = before[last.start..].chars().next()?;
    let is_open = last.kind == LexemeKind::Text && open(before, last);
    let begins = from + last.start + quote.len_utf8();
    is_open.then(|| (begins, clause_words(before, earlier)))
}

/// The words of the clause that ends before the line `offset` is in; empty at the beginning of a block.
pub(super) fn clause_before(text: &str, offset: usize) -> Vec<String> {
    let before = text.get(start(text, offset)..offset).unwrap_or_default();
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    let before = &before[..line];
    let mut tokens = lexemes(before);
    tokens.retain(|token| token.kind != LexemeKind::Comment);
    let word = |token: &Lexeme| &before[token.start..token.end];
    let begins = |token: &Lexeme| {
        let word = word(token);
        matches!(word, "{" | "}") || (token.first && !CONTINUES.contains(&word))
    };
    let from = tokens.iter().rposition(begins).unwrap_or(0);
    let words = tokens[from..].iter().map(|token| word(token).to_owned());
    words.filter(|word| word != "{" && word != "}").collect()
}

/// The start of the item `offset` is in, not too far away.
pub(super) fn start(text: &str, offset: usize) -> usize {
    let floor = offset.saturating_sub(MAX_BEFORE);
    let floor = (floor..=offset)
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(0);
    let before = text.get(floor..offset).unwrap_or_default();
    let items = [
        "let ",
        "list ",
        "on ",
        "signal ",
        "dialog ",
        "test ",
        "extractor ",
    ];
    let mut found = None;
    let mut at = floor;
    for line in before.split_inclusive('\n') {
        if items.iter().any(|item| line.starts_with(item)) {
            found = Some(at);
        }
        at += line.len();
    }
    found.unwrap_or(floor)
}

/// Whether the text token that ends the stretch has no closing quote.
fn open(before: &str, token: &Lexeme) -> bool {
    let raw = &before[token.start..token.end];
    match token.kind {
        LexemeKind::Block => raw.len() < 6 || !raw.ends_with("\"\"\""),
        _ => {
            let closed = raw.len() >= 2 && raw.ends_with(['"', '”', '’', '」', '』', '\'']);
            let escaped = raw.ends_with("\\\"") && !raw.ends_with("\\\\\"");
            !closed || escaped
        }
    }
}

/// Inside a text: in the braces of a hole or among plain words.
fn in_text(raw: &str) -> Place {
    let line = raw.rsplit('\n').next().unwrap_or_default();
    let Some(brace) = line.rfind('{') else {
        return Place::Words;
    };
    let inside = &line[brace + 1..];
    if line[..brace].ends_with('\\') || inside.contains('}') {
        return Place::Words;
    }
    let Some((_, extractor)) = inside.split_once(':') else {
        return Place::Hole;
    };
    match extractor.split_once('(') {
        None => Place::Extractor,
        Some((name, arguments)) => Place::Argument(Argument {
            function: name.trim().to_owned(),
            nth: arguments.matches(',').count(),
            ..Argument::default()
        }),
    }
}

/// The blocks that are open after `tokens`, outermost first.
pub(super) fn blocks(text: &str, tokens: &[Lexeme]) -> Vec<Opened> {
    let mut blocks: Vec<Opened> = Vec::new();
    let mut clause = 0;
    for (at, token) in tokens.iter().enumerate() {
        if token.first && !CONTINUES.contains(&&text[token.start..token.end]) {
            clause = at;
        }
        match &text[token.start..token.end] {
            "{" if token.kind == LexemeKind::Punct => {
                let head: Vec<&str> = tokens[clause..at]
                    .iter()
                    .map(|token| &text[token.start..token.end])
                    .collect();
                let outer = blocks.last().map_or(&Block::Top, |outer| &outer.block);
                blocks.push(Opened {
                    block: block(outer, &head),
                    head: head.iter().map(|&word| word.to_owned()).collect(),
                });
                clause = at + 1;
            }
            "}" if token.kind == LexemeKind::Punct => {
                blocks.pop();
                clause = at + 1;
            }
            _ => {}
        }
    }
    blocks
}

/// The block behind a head, inside another block.
fn block(outer: &Block, head: &[&str]) -> Block {
    match (outer, head) {
        (Block::Top, ["signal", ..]) => Block::Signal,
        (Block::Top, ["dialog", ..]) => Block::Dialog,
        (Block::Top, ["test", ..]) => Block::Story,
        (Block::Actions, ["alert", ..]) => Block::Alert,
        (Block::Actions, ["reply", card @ ("news" | "music" | "video"), ..]) => {
            Block::Fields((*card).to_owned())
        }
        (Block::Actions, words) => {
            let names: Vec<&str> = words
                .iter()
                .take_while(|word| is_word(word))
                .copied()
                .collect();
            Block::Outcomes(names.join(" "))
        }
        (Block::Alert, ["template", ..]) => Block::Fields("template".to_owned()),
        _ => Block::Actions,
    }
}

fn is_word(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// The tokens of the clause so far. A line that continues a clause begins with a word of its own, so
/// more than the line is looked at only for the item's head.
fn clause_words(text: &str, tokens: &[Lexeme]) -> Vec<String> {
    let from = tokens
        .iter()
        .rposition(|token| token.first || matches!(&text[token.start..token.end], "{" | "}"))
        .unwrap_or(0);
    tokens[from..]
        .iter()
        .map(|token| match token.kind {
            LexemeKind::Text | LexemeKind::Block => "\"\"".to_owned(),
            _ => text[token.start..token.end].to_owned(),
        })
        .filter(|word| word != "{" && word != "}")
        .collect()
}

/// `with phone:`, `ask phone:` want an extractor; `list x:` a type.
fn wants_extractor(words: &[String], name: &str) -> bool {
    let has = |word: &str| words.iter().any(|it| it == word);
    is_word(name) && (has("with") && has("on") || words.first().is_some_and(|it| it == "ask"))
}

/// Inside the brackets of a call.
fn argument(text: &str, tokens: &[Lexeme]) -> Option<Place> {
    let slice = |token: &Lexeme| &text[token.start..token.end];
    let mut depth = 0usize;
    let opening = tokens.iter().enumerate().rev().find_map(|(at, token)| {
        match slice(token) {
            // Calls do not reach over braces.
            "{" | "}" => return Some(None),
            ")" | "]" => depth += 1,
            "(" if depth == 0 => return Some(Some(at)),
            "(" | "[" => depth = depth.saturating_sub(1),
            _ => {}
        }
        None
    });
    let at = opening??;
    let name = tokens.get(at.checked_sub(1)?)?;
    if name.kind != LexemeKind::Word || name.end != tokens[at].start {
        return None;
    }
    let mut argument = Argument {
        function: slice(name).to_owned(),
        ..Argument::default()
    };
    let (mut depth, mut empty) = (0usize, true);
    let mut inside = tokens[at + 1..].iter().peekable();
    while let Some(token) = inside.next() {
        let word = slice(token);
        match word {
            "(" | "[" => depth += 1,
            ")" | "]" => depth = depth.saturating_sub(1),
            "," if depth == 0 => {
                match argument.named.take() {
                    Some(named) => argument.given.push(named),
                    None => argument.nth += usize::from(!empty),
                }
                (argument.last, empty) = (String::new(), true);
                continue;
            }
            _ => {}
        }
        if empty
            && token.kind == LexemeKind::Word
            && inside.peek().is_some_and(|it| slice(it) == ":")
        {
            inside.next();
            argument.named = Some(word.to_owned());
        } else {
            argument.last = word.to_owned();
        }
        empty = false;
    }
    Some(Place::Argument(argument))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The place marked `|`.
    fn at(text: &str) -> Place {
        let offset = text.find('|').unwrap();
        of(&text.replacen('|', "", 1), offset)
    }

    fn after(words: &[&str], block: Block) -> Place {
        Place::After(words.iter().map(|word| (*word).to_owned()).collect(), block)
    }

    #[test]
    fn places_are_told_apart() {
        assert_eq!(at("|"), Place::Item);
        assert_eq!(at("let a = 1\nsi|"), Place::Item);
        assert_eq!(at("on any {\n    re|\n}\n"), Place::Clause(Block::Actions));
        assert_eq!(at("on any { |"), Place::Clause(Block::Actions));
        assert_eq!(
            at("signal s \"x\" weight 1 {\n    wh|"),
            Place::Clause(Block::Signal)
        );
        assert_eq!(
            at("dialog d {\n    done {\n        |"),
            Place::Clause(Block::Actions)
        );
        assert_eq!(at("test \"x\" {\n    exp|"), Place::Clause(Block::Story));
        assert_eq!(
            at("on any {\n    lock account {\n        |"),
            Place::Clause(Block::Outcomes("lock account".into()))
        );
        assert_eq!(
            at("on any {\n    bind {\n        bound { |"),
            Place::Clause(Block::Actions)
        );
        assert_eq!(at("on |"), after(&["on"], Block::Top));
        assert_eq!(at("on te|"), after(&["on"], Block::Top));
        assert_eq!(
            at("on text \"a\" when login.ci|"),
            after(&["on", "text", "\"\"", "when"], Block::Top)
        );
        for written in ["login.|", "login.ci|"] {
            assert_eq!(
                at(&format!("signal s \"x\" weight 1 {{\n    when {written}")),
                after(&["when"], Block::Signal)
            );
        }
        assert_eq!(
            at("on any {\n    start |"),
            after(&["start"], Block::Actions)
        );
    }

    #[test]
    fn texts_and_brackets_are_places_of_their_own() {
        assert_eq!(at("on any {\n    reply \"你好 |\n}"), Place::Words);
        assert_eq!(at("on any {\n    reply \"你好 {acc|\"\n}"), Place::Hole);
        assert_eq!(at("on text \"叫我{name: |\" {"), Place::Extractor);
        assert_eq!(at("on text with phone: |"), Place::Extractor);
        assert_eq!(at("dialog d {\n    ask code: |"), Place::Extractor);
        assert_eq!(at("# 注释 |"), Place::Nothing);
    }

    #[test]
    fn arguments_know_what_stands_before_them() {
        let argument = |text: &str| match at(text) {
            Place::Argument(argument) => argument,
            other => panic!("{text}: {other:?}"),
        };
        let first = argument("let x = count(|");
        assert_eq!((first.function.as_str(), first.nth), ("count", 0));
        let second = argument("let x = count(failures, |");
        assert_eq!(
            (second.nth, second.named, second.last),
            (1, None, String::new())
        );
        let within = argument("let x = count(failures, within: 5 |");
        assert_eq!(within.named.as_deref(), Some("within"));
        assert_eq!(within.last, "5");
        let by = argument("let x = count(failures, within: 5 minutes, by: [ip, |");
        assert_eq!(by.named.as_deref(), Some("by"));
        assert_eq!(
            (by.given, by.last),
            (vec!["within".to_owned()], ",".to_owned())
        );
        let inner = argument("let x = count(failures, where: city in [lower(\"a\"), |");
        assert_eq!(
            (inner.function.as_str(), inner.named.as_deref()),
            ("count", Some("where"))
        );
        let list = argument("on text \"{n: one_of(|");
        assert_eq!((list.function.as_str(), list.nth), ("one_of", 0));
        let list = argument("dialog d {\n    ask n: one_of(|");
        assert_eq!(list.function, "one_of");
        // Brackets of a group are no call.
        assert!(matches!(at("let x = 1 + (|"), Place::After(..)));
    }

    #[test]
    fn any_place_of_any_text_has_an_answer() {
        let text = "on text \"a😀{b|c: digits(\" when ((( { reply \"\"\"\n x {\n test \"}}}\nsignal 信号 { when count(";
        for (offset, _) in text.char_indices() {
            let _ = of(text, offset);
        }
        let _ = of(text, text.len());
    }
}
