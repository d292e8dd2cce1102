//! "Did you mean": the nearest of the known words, with a cut-off so that nonsense is never offered.
//!
//! Three kinds of nearness, the surest first: the same word in other clothes (full width, capitals),
//! a few slips of the keyboard, and, for names with Chinese characters, the same sound (input methods
//! offer homophones side by side).

use pinyin::ToPinyin;
use unicode_normalization::UnicodeNormalization;

/// What an edit costs: a letter too many, too few, or swapped with its neighbour is a likelier slip
/// than a wrong letter.
const SLIP: usize = 2;
const WRONG: usize = 3;
/// Hostile input: nothing a person would type by mistake is longer, in characters.
const MAX_CHARS: usize = 64;

/// The known word nearest to `word`, if it is near enough: its full-width or capital twin, one wrong
/// letter for words of two or three, a slip more up to five, then a third of the length, or the same sound.
/// Ties go to the first.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    if !(1..=MAX_CHARS).contains(&length) {
        return None;
    }
    let cut_off = match length {
        1 => 0,
        2..=3 => WRONG,
        4..=5 => SLIP + WRONG,
        _ => length / 3 * WRONG,
    };
    let twin = twin(word);
    let mut best: Option<(usize, &str)> = None;
    for candidate in known {
        if candidate == word || negates(word, candidate) || negates(candidate, word) {
            continue;
        }
        let distance = if self::twin(candidate) == twin {
            0
        } else if homophones(word, candidate) {
            1
        } else {
            match distance(word, candidate) {
                distance if distance <= cut_off && cut_off > 0 => distance,
                _ => continue,
            }
        };
        if best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// What makes the opposite of an English word.
const OPPOSITES: [&str; 8] = ["un", "il", "im", "in", "ir", "dis", "non", "not"];

/// What among `known` the word says the opposite of: `bound` for `unbound`.
pub fn opposite<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known.into_iter().find(|other| negates(word, other))
}

/// Whether `word` says the opposite of `other`, or of its field: the last thing to be offered for it.
fn negates(word: &str, other: &str) -> bool {
    let last = |path: &'_ str| path.rfind('.').map_or(0, |at| at + 1);
    let ((path, word), (of, other)) = (word.split_at(last(word)), other.split_at(last(other)));
    path == of
        && OPPOSITES.iter().any(|prefix| {
            let rest = word.strip_prefix(prefix);
            rest.is_some_and(|rest| rest.trim_start_matches(['_', '-']) == other)
        })
}

/// The word without the differences that an input method's mode makes.
fn twin(word: &str) -> String {
    word.nfkc().flat_map(char::to_lowercase).collect()
}

/// Whether two words, not both in Latin letters, sound alike.
fn homophones(a: &str, b: &str) -> bool {
    if a.is_ascii() && b.is_ascii() {
        return false;
    }
    sound(a).is_some_and(|sound| Some(sound) == self::sound(b))
}

/// How a word with Chinese characters, or one in Latin letters, sounds; sounds that many people do
/// not tell apart (zh and z, n and ng, n and l) are one. `None` for words of other kinds.
fn sound(word: &str) -> Option<String> {
    let mut sound = String::new();
    for c in word.chars() {
        match c.to_pinyin() {
            Some(pinyin) => sound.push_str(pinyin.plain()),
            None if c.is_ascii_alphanumeric() || c == '_' => sound.push(c.to_ascii_lowercase()),
            None => return None,
        }
    }
    for (from, to) in [
        ("zh", "z"),
        ("ch", "c"),
        ("sh", "s"),
        ("ng", "n"),
        ("l", "n"),
    ] {
        sound = sound.replace(from, to);
    }
    Some(sound)
}

/// Weighted edit distance with swaps of neighbours (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).map(|n| n * SLIP).collect();
    for i in 1..=a.len() {
        let mut row = vec![i * SLIP];
        for j in 1..=b.len() {
            let change = if a[i - 1] == b[j - 1] { 0 } else { WRONG };
            let mut least = (last[j] + SLIP)
                .min(row[j - 1] + SLIP)
                .min(last[j - 1] + change);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + SLIP);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{nearest, opposite};

    #[test]
    fn near_words_are_offered_and_far_ones_are_not() {
        let known = ["let", "list", "on", "signal", "dialog", "test", "extractor"];
        assert_eq!(nearest("signl", known), Some("signal"));
        assert_eq!(nearest("singal", known), Some("signal"));
        assert_eq!(nearest("extracter", known), Some("extractor"));
        assert_eq!(nearest("unknown_function", known), None);
        assert_eq!(nearest("lst", known), Some("list"));
        assert_eq!(nearest("x", known), None);
        assert_eq!(nearest("rule", known), None);
        assert_eq!(nearest("登陆", ["登录", "锁定"]), Some("登录"));
    }

    #[test]
    fn the_opposite_is_not_offered() {
        let known = ["login.legal", "bound", "allowed", "not_bound"];
        for word in [
            "login.illegal",
            "unbound",
            "disallowed",
            "not_allowed",
            "unnot_bound",
        ] {
            assert_eq!(nearest(word, known), None, "{word}");
        }
        assert_eq!(nearest("legal", ["illegal", "regal"]), Some("regal"));
        assert_eq!(nearest("unsubscrib", ["unsubscribe"]), Some("unsubscribe"));
        assert_eq!(nearest("user.unlegal", ["login.legal"]), None);
        assert_eq!(opposite("login.illegal", known), Some("login.legal"));
        assert_eq!(opposite("bound", known), None);
    }

    #[test]
    fn twins_in_full_width_or_capitals_come_first() {
        assert_eq!(nearest("LOGIN", ["logic", "login"]), Some("login"));
        assert_eq!(
            nearest("ｓｉｇｎａｌ", ["signals", "signal"]),
            Some("signal")
        );
        assert_eq!(nearest("Ｘ", ["x", "y"]), Some("x"));
    }

    #[test]
    fn homophones_are_neighbours() {
        assert_eq!(nearest("形成码", ["行程码", "健康码"]), Some("行程码"));
        assert_eq!(nearest("北京", ["beijing", "shanghai"]), Some("beijing"));
        assert_eq!(nearest("beijing", ["北京", "上海"]), Some("北京"));
        assert_eq!(nearest("取肖词", ["取消词", "退出词"]), Some("取消词"));
        assert_eq!(nearest("广州", ["纽约", "上海"]), None);
    }
}
