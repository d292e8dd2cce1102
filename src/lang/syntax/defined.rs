//! Names that broken items would have defined: what uses them is not told to be unknown.

use unicode_normalization::UnicodeNormalization;

use super::layout::LOST_NAME;
use super::{grammar, lexer};
use crate::lang::diagnostics::nearest;

/// The name that a broken item would have defined.
pub(super) fn name_after_keyword(item: &str) -> Option<String> {
    let mut words = item.split(|c: char| !grammar::continues_name(c));
    let keyword = words.next()?;
    let named = matches!(keyword, "let" | "list" | "signal" | "dialog" | "extractor");
    // A keyword that stands there twice is not its name.
    let mut names = words.skip_while(|word| *word == keyword);
    let name: String = names.next().filter(|_| named)?.nfkc().collect();
    // `dialog expires 10 minutes {`
    let setting = matches!(name.as_str(), "expires" | "weight" | "shadow" | "from");
    let nameless = setting && names.next().is_some_and(|word| word.parse::<f64>().is_ok());
    // `list = [`, `signal "…"`
    let sign = item[keyword.len()..].trim_start();
    let sign = sign.starts_with(['=', '"', '{', ':']);
    (!name.is_empty() && !nameless && !sign).then_some(name)
}

/// The name that was meant by several words: `signal new place "…"`.
pub(super) fn name_of_words(item: &str) -> Option<String> {
    let head = item.lines().next()?;
    let mut words = head.split_whitespace();
    words.next().filter(|item| lexer::ITEMS.contains(item))?;
    let name = |word: &&str| {
        word.chars().all(grammar::continues_name) && !matches!(*word, "expires" | "weight")
    };
    let words: Vec<&str> = words.take_while(name).take(5).collect();
    (words.len() > 1).then(|| words.join("_"))
}

/// The names that a broken item would have defined by use: what it remembers and hands to dialogs.
pub(super) fn names_inside(item: &str) -> Vec<String> {
    let words: Vec<&str> = item
        .split(|c: char| !grammar::continues_name(c))
        .filter(|word| !word.is_empty())
        .collect();
    let mut names: Vec<String> = Vec::new();
    // A misspelt keyword, a name, and what it is: the name is given all the same.
    for line in item.lines() {
        // Which of the two is the name is not known: `remember nick for 90 days`.
        if line.trim_start().starts_with("remember ") && !line.contains(['=', '＝']) {
            names.push(LOST_NAME.to_owned());
        }
        let before = line.split_once('=').map_or("", |(before, _)| before);
        if let [word, name] = before.split_whitespace().collect::<Vec<_>>()[..]
            && !lexer::ITEMS.contains(&word)
        {
            names.push(name.nfkc().collect());
        }
    }
    for (at, word) in words.iter().enumerate() {
        // An item that stands inside another.
        if matches!(*word, "dialog" | "signal" | "let" | "list" | "extractor") {
            names.extend(words.get(at + 1).map(|name| name.nfkc().collect()));
        }
        let near = |wanted: &str| *word == wanted || nearest(word, [wanted]).is_some();
        if near("remember") || near("forget") {
            names.extend(words.get(at + 1).map(|name| name.nfkc().collect()));
        } else if near("with") || near("start") {
            // As many as one hands over at most; a name too many does no harm.
            let given = words[at + 1..].iter().take(8);
            names.extend(given.map(|name| name.nfkc().collect::<String>()));
        }
    }
    names
}
