//! Rule text → tree. The only room that knows pest.
//!
//! ```text
//! text ─tokens─▶ pasted ─mend─▶ slips ─mend─▶ layout ─mend─▶ items ─┬─grammar─▶ lower ─▶ ast::File
//!                  │              │             │                    └─recover (clause by clause)
//!                  └──────────────┴─────────────┴──── diagnostics ───────────┘
//! ```
//!
//! Slips of the keyboard and broken structure are reported and mended in a copy of the text before
//! the grammar runs, so that one mistake hides no other; positions always lead back to the author's
//! bytes. Every text gives a tree (perhaps of fewer items) and diagnostics; nothing here panics,
//! and every bound below is reported when it is hit.

pub mod ast;
pub(in crate::lang) mod day;
mod defined;
mod grammar;
mod keywords;
mod layout;
mod lexeme;
mod lexer;
mod lower;
mod mistakes;
mod pasted;
mod recover;
mod repair;
mod single;
mod slips;
mod tree;
mod vocabulary;

#[cfg(test)]
mod tests;

pub use keywords::{keywords, reserved};
pub(in crate::lang) use layout::{LOST_DIALOG, LOST_NAME, LOST_SIGNAL};
pub use lexeme::{Lexeme, LexemeKind, lexemes};
pub(in crate::lang) use lower::bracketed::BRACKETS;
pub(in crate::lang) use mistakes::how_to_join;
pub(in crate::lang) use slips::LOST_CALL;
pub use tree::same_tree;
pub use vocabulary::FOLLOWER_VERBS;

use super::diagnostics::{Diagnostic, Words};
use super::span::{FileId, Span};
use ast::{Broken, File, Item};
use defined::{name_after_keyword, name_of_words, names_inside};
use grammar::Rule;
use lexer::Kind;
use repair::Sink;
use single::Single;

/// Bytes of one rule file: some ten thousand lines, far beyond what a person keeps in one file.
pub const MAX_FILE_BYTES: usize = 256 * 1024;
/// Diagnostics of one file; the rest is counted.
pub const MAX_DIAGNOSTICS: usize = 20;

/// What a file's text gives.
#[derive(Debug, Clone, Default)]
pub struct Parsed {
    /// The tree.
    pub file: File,
    /// Sorted by position; empty exactly when the whole text was understood.
    pub diagnostics: Vec<Diagnostic>,
    /// In order.
    pub comments: Vec<Comment>,
}

/// A comment, for the formatter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comment {
    /// From the `#` to the last character that is not blank.
    pub span: Span,
    /// Nothing but blanks before it on its line.
    pub own_line: bool,
    /// Blank lines directly before it.
    pub blank_lines_before: u32,
}

/// Parses one file.
pub fn parse(file: FileId, text: &str) -> Parsed {
    let parsed = with(file, text, &[]);
    if parsed.diagnostics.is_empty() {
        return parsed;
    }
    // Several mistakes of an item that one change explains are one.
    let errors = |text: &str| with(file, text, &[]).diagnostics.len();
    let singles = single::find(file, text, &parsed.diagnostics, &errors);
    if singles.is_empty() {
        return parsed;
    }
    let explained = with(file, text, &singles);
    if explained.diagnostics.len() <= parsed.diagnostics.len() {
        explained
    } else {
        parsed
    }
}

/// Parses a file with changes that explain mistakes of it.
fn with(file: FileId, text: &str, singles: &[Single]) -> Parsed {
    let mut sink = Sink::new(file, text.len());
    let mut parsed = Parsed::default();
    parsed.file.id = file;
    if text.len() > MAX_FILE_BYTES {
        sink.add(too_large(&sink, text));
        parsed.diagnostics = sink.found;
        return parsed;
    }

    let author = text;
    let tokens = lexer::tokens(text);
    parsed.comments = comments(file, text, &tokens);
    for single in singles {
        sink.add(single.diagnostic.clone());
        let lost = single.poisoned.map(str::to_owned);
        parsed.file.poisoned.extend(lost);
    }
    let changes = singles.iter().map(|single| single.edit.clone()).collect();
    let (changed, map) = repair::apply(text, changes);
    let tokens = if singles.is_empty() {
        tokens
    } else {
        sink.mended(map);
        lexer::tokens(&changed)
    };
    let edits = pasted::find(&changed, &tokens, &mut sink);
    let (changed, tokens) = match edits.is_empty() {
        true => (changed, tokens),
        false => {
            let (bare, map) = repair::apply(&changed, edits);
            sink.mended(map);
            let tokens = lexer::tokens(&bare);
            (bare, tokens)
        }
    };
    let edits = slips::find(author, &changed, &tokens, &mut sink);
    let (text, map) = repair::apply(&changed, edits);
    sink.mended(map);

    let tokens = lexer::tokens(&text);
    let structure = layout::find(&text, &tokens, &mut sink);
    parsed.file.poisoned.extend(structure.poisoned.clone());
    let (text, map) = repair::apply(&text, structure.edits);
    sink.mended(map);

    let tokens = lexer::tokens(&text);
    for (start, end) in layout::items(&text, &tokens) {
        match item(&text, &tokens, start, end, &mut sink) {
            Found::Whole(item) => {
                let place = sink.span(start, end);
                let mut explained = singles.iter().filter(|single| {
                    let at = single.edit.start as u32;
                    place.start <= at && at <= place.end
                });
                if let Some(single) = explained.next() {
                    parsed.file.broken.push(Broken {
                        span: place,
                        headless: single.stand_in,
                        lost: single.lost.clone(),
                    });
                }
                let mut left_out = structure.left_out.iter();
                if let Some((_, lost)) = left_out.find(|(span, _)| place.contains(*span)) {
                    parsed.file.broken.push(Broken {
                        span: place,
                        headless: false,
                        lost: lost.clone(),
                    });
                }
                parsed.file.items.push(item);
            }
            Found::Part(item, broken) => {
                parsed.file.poisoned.extend(name_of_words(&broken.lost));
                parsed.file.poisoned.extend(names_inside(&broken.lost));
                parsed.file.items.push(item);
                parsed.file.broken.push(broken);
            }
            Found::Nothing => {
                let part = &text[start..end];
                match name_after_keyword(part) {
                    Some(name) => parsed.file.poisoned.push(name),
                    // What it was to be called is not known.
                    None if part.starts_with("dialog") => {
                        parsed.file.poisoned.push(LOST_DIALOG.to_owned());
                    }
                    None if part.starts_with("signal") => {
                        parsed.file.poisoned.push(LOST_SIGNAL.to_owned());
                    }
                    None if ["let", "list", "extractor"]
                        .iter()
                        .any(|item| part.starts_with(item)) =>
                    {
                        parsed.file.poisoned.push(LOST_NAME.to_owned());
                    }
                    None => {}
                }
                parsed.file.poisoned.extend(name_of_words(part));
                parsed.file.poisoned.extend(names_inside(part));
            }
        }
    }
    parsed.file.poisoned.append(&mut sink.poisoned);
    parsed.file.poisoned.dedup();
    parsed.diagnostics = finish(sink, author);
    parsed
}

/// What became of an item.
enum Found {
    Whole(Item),
    /// Some clauses were reported; the others stand.
    Part(Item, Broken),
    Nothing,
}

fn item(text: &str, tokens: &[lexer::Token], start: usize, end: usize, sink: &mut Sink) -> Found {
    let part = &text[start..end];
    if let Some(token) = layout::bottomless(text, tokens, start, end) {
        let span = sink.span(token.start, token.end);
        sink.add(layout::too_deep(span));
        return Found::Nothing;
    }
    match grammar::parse(Rule::item_only, part) {
        Ok(mut pairs) => {
            let item = pairs
                .next()
                .and_then(|pair| lower::item(pair, part, start, sink));
            if item.is_none() {
                let span = sink.span(start, start + part.trim_end().len());
                sink.add(Diagnostic::error(
                    "E0199",
                    Words::new("解析器内部出错", "the parser failed inside"),
                    span,
                    Words::new("请把这一段报告给作者", "please report this item"),
                ));
            }
            item.map_or(Found::Nothing, Found::Whole)
        }
        Err(_) if sink.full() => {
            sink.dropped += 1;
            Found::Nothing
        }
        Err(failure) => recover::item(text, tokens, start, end, &failure, sink)
            .and_then(|rest| left(rest, start, sink))
            .map_or(Found::Nothing, |(item, broken)| Found::Part(item, broken)),
    }
}

/// The tree of what is left of a broken item.
fn left(rest: recover::Rest, start: usize, sink: &mut Sink) -> Option<(Item, Broken)> {
    let pair = grammar::parse(Rule::item_only, &rest.text).ok()?.next()?;
    let mut item = lower::item(pair, &rest.text, start, sink)?;
    if let (true, Item::Rule(rule)) = (rest.headless, &mut item) {
        // What stands in for the head covers other words of the author's, even half of one.
        for trigger in &mut rule.triggers {
            trigger.span = sink.span(start, start + "on".len());
            trigger.event.span = trigger.span;
            trigger.stand_in = true;
        }
    }
    let broken = Broken {
        span: sink.span(start, start + rest.text.trim_end().len()),
        headless: rest.headless,
        lost: rest.lost,
    };
    Some((item, broken))
}

/// Leaves out what only follows from another mistake on the same line: everything beside a quote that
/// is missing, and "this cannot stand here" beside anything that says why.
fn follow_ups(found: Vec<Diagnostic>, text: &str) -> Vec<Diagnostic> {
    let line = |diagnostic: &Diagnostic| {
        let at = (diagnostic.primary.span.start as usize).min(text.len());
        text.as_bytes()[..at]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
    };
    let vague = |code: &str| matches!(code, "E0101" | "E0134");
    let lines: Vec<(usize, &str)> = found.iter().map(|one| (line(one), one.code)).collect();
    let mut keep = lines.iter().enumerate().map(|(index, (own, code))| {
        let others = lines
            .iter()
            .enumerate()
            .filter(|(other, (line, _))| *other != index && line == own);
        !others.into_iter().any(|(other, (_, known))| match *known {
            "E0111" => *code != "E0111" || other < index,
            "E0114" if *code == "E0106" => true,
            "E0102" | "E0106" | "E0137" if *code == "E0118" => true,
            known => vague(code) && (!vague(known) || other < index),
        })
    });
    let kept: Vec<bool> = keep.by_ref().collect();
    found
        .into_iter()
        .zip(kept)
        .filter_map(|(one, keep)| keep.then_some(one))
        .collect()
}

/// A name that cannot be one is one mistake, however often it is used.
fn once_per_name(found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut kept: Vec<Diagnostic> = Vec::new();
    for one in found {
        let first = kept.iter_mut().find(|known| {
            let of_a_name = one.code == "E0126" || one.title.en.ends_with("names have no `-`");
            of_a_name && known.code == one.code && known.title == one.title
        });
        match first {
            Some(first) if first.secondary.len() < MAX_DIAGNOSTICS => {
                first.add_place(one.primary.span);
            }
            Some(_) => {}
            None => kept.push(one),
        }
    }
    kept
}

/// Several clauses on one line are one mistake, and so are several habits in the braces of one text.
fn once_per_line(found: Vec<Diagnostic>, text: &str) -> Vec<Diagnostic> {
    let line = |at: u32| text[..(at as usize).min(text.len())].rfind('\n');
    let kind = |one: &Diagnostic| match one.code {
        "E0107" => Some("E0107"),
        "E0124" => Some("E0124"),
        "E0116" if one.title.zh.starts_with("花括号") => Some("E0124"),
        _ => None,
    };
    let mut kept: Vec<Diagnostic> = Vec::new();
    for one in found {
        let at = one.primary.span.start;
        // Fields with another sign, line by line, are one habit.
        if one.code == "E0118"
            && let Some(last) = kept.last_mut()
            && last.title == one.title
            && last.secondary.len() < MAX_DIAGNOSTICS
        {
            let before = last.also().last().unwrap_or(last.primary.span);
            let from = (before.end as usize).min(text.len());
            let between = text.get(from..(at as usize).min(text.len()));
            if between.is_some_and(|between| between.matches('\n').count() == 1) {
                let range = |span: Span| text.get(span.range()).unwrap_or_default().to_owned();
                last.join(&one, range);
                continue;
            }
        }
        let first = kept.iter_mut().find(|known| {
            kind(known).is_some()
                && kind(known) == kind(&one)
                && line(known.primary.span.start) == line(at)
        });
        match first {
            Some(first) if first.secondary.len() < MAX_DIAGNOSTICS => {
                let range = |span: Span| text.get(span.range()).unwrap_or_default().to_owned();
                first.join(&one, range);
            }
            Some(_) => {}
            None => kept.push(one),
        }
    }
    kept
}

fn finish(sink: Sink, text: &str) -> Vec<Diagnostic> {
    let dropped = sink.dropped;
    let mut found = follow_ups(sink.found, text);
    found.sort_by_key(|diagnostic| (diagnostic.primary.span.start, diagnostic.code));
    let mut found = once_per_line(once_per_name(found), text);
    found.iter_mut().for_each(|one| unchained(one, text));
    let more = found.len().saturating_sub(MAX_DIAGNOSTICS) + dropped;
    if more > 0 {
        found.truncate(MAX_DIAGNOSTICS);
        if let Some(last) = found.last_mut() {
            last.advise(Words::new(
                format!("这个文件还有 {more} 处错误没有列出"),
                format!("{more} more mistakes of this file are not shown"),
            ));
        }
    }
    found
}

/// Adds to a chained comparison how it is written: the middle is compared twice.
fn unchained(one: &mut Diagnostic, text: &str) {
    let middle = one.secondary.first().map(|label| label.span.range());
    let Some(middle) = middle.filter(|_| one.code == "E0121" && one.fixes.is_empty()) else {
        return;
    };
    let all = one.primary.span.range();
    let parts = (
        text.get(all.start..middle.end),
        text.get(middle.clone()),
        text.get(middle.end..all.end),
    );
    let (Some(first), Some(value), Some(rest)) = parts else {
        return;
    };
    let by = format!("{} and {}{rest}", first.trim_end(), value.trim());
    let words = Words::new(format!("写成 `{by}`"), format!("write `{by}`"));
    *one = one.clone().with_guess(words, one.primary.span, by);
}

fn too_large(sink: &Sink, text: &str) -> Diagnostic {
    let first_line = text.find('\n').unwrap_or(0).min(80);
    let end = (0..=first_line)
        .rev()
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(0);
    let kib = MAX_FILE_BYTES / 1024;
    Diagnostic::error(
        "E0130",
        Words::new("规则文件太大", "this rule file is too large"),
        sink.span(0, end),
        Words::new(
            format!("{} 字节，最多 {kib} KiB", text.len()),
            format!("{} bytes, at most {kib} KiB", text.len()),
        ),
    )
    .with_help(Words::new(
        "把它分成几个文件；长名单放进 `list … from` 的文件",
        "cut it into several files; long lists belong into the file of a `list … from`",
    ))
}

fn comments(file: FileId, text: &str, tokens: &[lexer::Token]) -> Vec<Comment> {
    tokens
        .iter()
        .filter(|token| token.kind == Kind::Comment)
        .map(|token| {
            let blank = text[..token.line]
                .lines()
                .rev()
                .take_while(|line| line.trim().is_empty())
                .count();
            Comment {
                span: Span::new(file, token.start, token.end),
                own_line: token.first,
                blank_lines_before: u32::try_from(blank).unwrap_or(u32::MAX),
            }
        })
        .collect()
}
