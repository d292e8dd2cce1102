//! The language's words, read off the grammar itself, for highlighting and completion.

use std::sync::LazyLock;

/// The grammar the parser is made from.
const GRAMMAR: &str = include_str!("../../../grammar/rules.pest");

static KEYWORDS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let mut words: Vec<&str> = GRAMMAR
        .lines()
        .filter(|line| line.starts_with("k_") || line.starts_with("op_"))
        .filter_map(|line| line.split_once("@{"))
        .flat_map(|(_, body)| quoted(body))
        .chain(RESERVED.iter().copied())
        .collect();
    words.sort_unstable();
    words.dedup();
    words
});

static RESERVED: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    GRAMMAR
        .lines()
        .find(|line| line.starts_with("reserved "))
        .map_or(Vec::new(), |line| quoted(line).collect())
});

/// Every word the grammar knows, sorted. Most are keywords only where they are expected.
pub fn keywords() -> &'static [&'static str] {
    &KEYWORDS
}

/// The words no name may have.
pub fn reserved() -> &'static [&'static str] {
    &RESERVED
}

/// The words in quotes.
fn quoted(body: &'static str) -> impl Iterator<Item = &'static str> {
    body.split('"')
        .skip(1)
        .step_by(2)
        .filter(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_those_of_the_grammar() {
        for word in [
            "on",
            "signal",
            "reply",
            "expect",
            "and",
            "otherwise",
            "even",
        ] {
            assert!(keywords().contains(&word), "{word}");
        }
        assert!(reserved().contains(&"when"));
        assert!(!reserved().contains(&"reply"));
        let rules = GRAMMAR
            .lines()
            .filter(|line| line.starts_with("k_"))
            .count();
        assert!(keywords().len() >= rules, "one word per keyword rule");
    }
}
