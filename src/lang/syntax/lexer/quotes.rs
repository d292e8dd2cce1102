//! Where a text ends that is closed by a quote of another kind: `["甲”, "乙"]`.

use super::{Kind, Lexer};
use crate::lang::syntax::grammar::continues_name;

/// Characters in which the end of a text with apostrophes is looked for.
const MAX_LOOKED_AT: usize = 400;

/// Words that may stand right behind a text.
pub(super) const MAY_FOLLOW: [&str; 16] = [
    "or",
    "and",
    "not",
    "in",
    "is",
    "when",
    "even",
    "continue",
    "unless",
    "invalid",
    "at",
    "to",
    "weight",
    "otherwise",
    "by",
    "name",
];
/// Words that a text may follow.
const BEFORE_TEXT: [&str; 20] = [
    "or",
    "或",
    "或者",
    "reply",
    "note",
    "send",
    "message",
    "invalid",
    "containing",
    "starting",
    "matching",
    "scene",
    "on",
    "text",
    "machine",
    "ip",
    "phone",
    "code",
    "name",
    "word",
];

/// The quote of another kind in `body`, what stands between a `"` and the next, that closes the text: code
/// that joins one text to the next stands behind it.
pub(super) fn joining_closer(body: &str) -> Option<usize> {
    let mut open = 0usize;
    for (at, c) in body.char_indices() {
        let behind = &body[at + c.len_utf8()..];
        match c {
            '”' | '’' if open > 0 => open -= 1,
            '”' if joins(behind) => return Some(at),
            // Nothing but ASCII stands behind it then, so that it opens nothing.
            '“' if joins(behind) => return Some(at),
            '“' | '‘' => open += 1,
            _ => {}
        }
    }
    None
}

/// The first closing quote of another kind that no opening one belongs to, or an opening one in its place:
/// one behind which code goes on.
pub(super) fn unmatched_closer(text: &str) -> Option<usize> {
    let mut open = 0usize;
    for (at, c) in text.char_indices() {
        let behind = &text[at + c.len_utf8()..];
        match c {
            '”' | '’' if open > 0 => open -= 1,
            '”' | '’' if goes_on(behind) => return Some(at),
            // `“{name` is a value in quotes that somebody is about to write.
            '“' if goes_on(behind) && !behind.starts_with('{') && !behind.contains('”') => {
                return Some(at);
            }
            '“' | '‘' => open += 1,
            _ => {}
        }
    }
    None
}

/// Where `it's'` ends: an apostrophe between letters, or twice as other languages write one inside, is none
/// that closes, if one comes that may be. Nothing when there is no such apostrophe. `goes_on`: at a place
/// begins a word that is no keyword behind a text.
pub(super) fn after_apostrophes(
    line: &str,
    closers: &str,
    goes_on: impl Fn(usize) -> bool,
) -> Option<usize> {
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphabetic());
    let mut skipped = false;
    let mut at = 0;
    for (from, c) in line.char_indices().take(MAX_LOOKED_AT) {
        if from < at || !closers.contains(c) {
            continue;
        }
        let behind = from + c.len_utf8();
        let rest = &line[behind..];
        let inside = letter(line[..from].chars().next_back());
        let doubled = rest.starts_with('\'') && letter(rest.chars().nth(1));
        if inside && doubled {
            at = behind + 1;
        } else if !(inside && letter(rest.chars().next()) && goes_on(behind)) {
            return skipped.then_some(from);
        }
        skipped = true;
    }
    None
}

/// Whether what stands behind a text is code, or nothing.
fn goes_on(behind: &str) -> bool {
    let behind = behind.trim_start();
    let quoted = |rest: &str| rest.trim_start().starts_with(['"', '“', '”']);
    let word = behind
        .find(|c: char| !continues_name(c))
        .map_or(behind, |end| &behind[..end]);
    match behind.chars().next() {
        None => true,
        Some(c) if "{})]#~（）】".contains(c) => true,
        Some(c @ (',' | '，' | '、')) => {
            let rest = &behind[c.len_utf8()..];
            let next = rest.trim_start().chars().next();
            quoted(rest) || (c == ',' && next.is_some_and(|c| c.is_ascii_alphanumeric()))
        }
        Some('或') => quoted(behind.trim_start_matches(['或', '者', '是'])),
        Some(_) => MAY_FOLLOW.contains(&word),
    }
}

/// Whether a quote before `behind` can hardly open a text: `or "`, ` when `, `, "`, ` {` and more behind.
fn code_follows(behind: &str) -> bool {
    let code = behind.trim_start();
    let word = code.split(' ').next().unwrap_or_default();
    match code.chars().next() {
        Some(c @ (',' | '，' | '、')) => code[c.len_utf8()..].trim_start().starts_with('"'),
        Some('{') => code.len() > 1,
        Some(':') => code[1..].trim().is_empty(),
        _ => code.len() > word.len() && code.len() < behind.len() && MAY_FOLLOW.contains(&word),
    }
}

/// Whether it is code that joins one text to the next: `, `, ` or `, `) and contains(login.agent, `.
fn joins(between: &str) -> bool {
    let sign = |c: char| c.is_ascii() || matches!(c, '，' | '、' | '（' | '）' | '或' | '者');
    let last = between.trim_end();
    let word = last
        .rfind(|c: char| !continues_name(c))
        .map_or(last, |at| &last[at..])
        .trim_start_matches(|c: char| !continues_name(c));
    let opens = last.ends_with(|c: char| ",，、([（=~{".contains(c)) || BEFORE_TEXT.contains(&word);
    between.chars().all(sign) && opens && (goes_on(between) || starts_joining(between))
}

/// Whether it begins with a comma or 或.
fn starts_joining(between: &str) -> bool {
    between.trim_start().starts_with([',', '，', '、', '或'])
}

/// Whether a text may follow the word.
pub(in crate::lang::syntax) fn before_text(word: &str) -> bool {
    BEFORE_TEXT.contains(&word)
}

impl Lexer<'_> {
    /// Whether the quote closes a text that nothing opened: `绑定" or "bind"`. It stands right behind a word, and
    /// what may follow a text stands behind it.
    pub(super) fn closes_unopened(&self) -> bool {
        let Some(before) = self.tokens.last().filter(|_| !self.first) else {
            return false;
        };
        let word = &self.text[before.start..before.end];
        let wide = !word.is_ascii() && !matches!(word, "或" | "或者" | "或是" | "和");
        let text = match before.kind {
            Kind::Word => {
                let earlier = self.tokens.iter().rev().nth(1);
                let earlier = earlier.map_or("", |token| &self.text[token.start..token.end]);
                wide || BEFORE_TEXT.contains(&earlier)
            }
            Kind::Punct => wide && !word.starts_with(['，', '、', '（', '：', '【', '［', '｛']),
            _ => false,
        };
        let behind = &self.text[self.at + 1..self.line_end()];
        text && before.end == self.at && code_follows(behind)
    }
}
