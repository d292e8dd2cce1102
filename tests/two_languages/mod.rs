//! Whether every part of a finding is said in both languages: Chinese in Chinese, English in English.
//!
//! What stands between back-quotes or quotation marks is the author's or the language's own and belongs
//! to neither.

use menshen::lang::diagnostics::{Diagnostic, Words};

/// The first part of a finding that one of the languages lacks.
pub fn lacking(found: &Diagnostic) -> Option<String> {
    let labels = found.secondary.iter().map(|label| &label.words);
    let fixes = found.fixes.iter().map(|fix| &fix.words);
    let parts = [&found.title, &found.primary.words];
    parts
        .into_iter()
        .chain(labels)
        .chain(found.help.iter().map(|help| &help.words))
        .chain(fixes)
        .find_map(|words| one_sided(words).map(|why| format!("{}: {why}", found.code)))
}

fn one_sided(words: &Words) -> Option<String> {
    let Words { zh, en } = words;
    let chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    let (bare_zh, bare_en) = (unquoted(zh), unquoted(en));
    if chinese(&bare_en) {
        return Some(format!("Chinese in the English: {en}"));
    }
    if bare_en.chars().any(char::is_alphabetic) && !chinese(&bare_zh) {
        return Some(format!("no Chinese for: {en} ({zh})"));
    }
    // Two English words in a row are no name.
    let mut run = 0;
    for word in bare_zh.split(' ') {
        let plain = word.len() > 1 && word.bytes().all(|b| b.is_ascii_alphabetic());
        run = if plain { run + 1 } else { 0 };
        if run > 2 {
            return Some(format!("English in the Chinese: {zh}"));
        }
    }
    None
}

/// The text without what stands between back-quotes or quotation marks.
fn unquoted(text: &str) -> String {
    let mut out = String::new();
    let mut until = None;
    // A quoted text may quote: “发送“绑定”开始”.
    let mut inner = 0;
    for c in text.chars() {
        match until {
            Some('”') if c == '“' => inner += 1,
            Some('”') if c == '”' && inner > 0 => inner -= 1,
            Some(end) if c == end => until = None,
            Some(_) => {}
            None => match c {
                '`' => until = Some('`'),
                '"' => until = Some('"'),
                '“' => until = Some('”'),
                _ => out.push(c),
            },
        }
    }
    out
}
