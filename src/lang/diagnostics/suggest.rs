//! "Did you mean": the nearest of the known words, with a cut-off so that nonsense is never offered.

/// What an edit costs: a letter too many, too few, or swapped with its neighbour is a likelier slip
/// than a wrong letter.
const SLIP: usize = 2;
const WRONG: usize = 3;

/// The known word nearest to `word`, if it is near enough: one wrong letter for words of two, a slip
/// more up to five, then a third of the length. Ties go to the first.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    // Hostile input: nothing a person would type by mistake is longer.
    if !(2..=64).contains(&length) {
        return None;
    }
    let cut_off = match length {
        0..=2 => WRONG,
        3..=5 => SLIP + WRONG,
        _ => length / 3 * WRONG,
    };
    let mut best: Option<(usize, &str)> = None;
    for candidate in known {
        let distance = distance(word, candidate);
        if distance == 0 || distance > cut_off {
            continue;
        }
        if best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
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
    use super::nearest;

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
}
