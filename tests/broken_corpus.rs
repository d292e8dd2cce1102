//! The shipped rules, broken in every way the grammar allows: one mistake, one error.
//!
//! Each case breaks one place of one file and compiles the whole folder. It must give at most one
//! error, in words of the language: no name of a grammar rule, no "unknown" that only follows from
//! the mistake. The cases come from a seeded generator over the tokens of the files, from every line of
//! them broken in every way (`broken_lines`), and from `tests/golden/broken.txt`, which also says which
//! code must come out.

mod broken_lines;
mod two_languages;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use broken_lines::suggestions::leaving_errors;
use menshen::lang::builtins::{CallSpec, Registry};
use menshen::lang::compile;
use menshen::lang::diagnostics::{Diagnostic, Language, Severity, human};
use menshen::lang::span::Sources;

/// Generated cases: every kind of mistake several times over. `MENSHEN_CORPUS=5000` runs more.
const CASES: u64 = 250;
/// Where the generator begins.
const SEED: u64 = 0x6d65_6e73_6865_6e21;

fn registry() -> Registry {
    let mut registry = Registry::standard();
    registry
        .register_call(CallSpec::webhook("security_desk"))
        .expect("registered once");
    registry
}

fn shipped() -> Sources {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("rules");
    menshen::bot::folder::load(&[folder]).expect("the shipped rules")
}

/// splitmix64: the same cases on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Word,
    Number,
    Text,
    Sign,
}

#[derive(Debug, Clone, Copy)]
struct Token {
    start: usize,
    end: usize,
    kind: Kind,
}

/// The tokens of a sound file outside comments; text blocks are left alone.
fn tokens(text: &str) -> Vec<Token> {
    let mut out = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let c = rest.chars().next().expect("a character");
        let mut end = at + c.len_utf8();
        if c.is_whitespace() {
            at = end;
            continue;
        }
        if c == '#' {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        }
        if let Some(block) = rest.strip_prefix("\"\"\"") {
            at += 3 + block.find("\"\"\"").map_or(block.len(), |end| end + 3);
            continue;
        }
        let kind = if c == '"' {
            while bytes[end] != b'"' {
                end += if bytes[end] == b'\\' { 2 } else { 1 };
            }
            end += 1;
            Kind::Text
        } else if c.is_alphabetic() || c == '_' {
            end = at
                + rest
                    .find(|c: char| !c.is_alphanumeric() && c != '_')
                    .unwrap_or(rest.len());
            Kind::Word
        } else if c.is_ascii_digit() {
            end = at
                + rest
                    .find(|c: char| !c.is_ascii_digit() && c != '.')
                    .unwrap_or(rest.len());
            Kind::Number
        } else {
            if matches!(&rest[..2.min(rest.len())], ">=" | "<=" | "==" | "!=") {
                end = at + 2;
            }
            Kind::Sign
        };
        out.push(Token {
            start: at,
            end,
            kind,
        });
        at = end;
    }
    out
}

/// One way to break a file: what it is called, and the broken text when this place allows it.
fn broken(text: &str, tokens: &[Token], random: &mut Random) -> Option<(String, String)> {
    let index = random.below(tokens.len());
    let token = tokens[index];
    let word = &text[token.start..token.end];
    let put = |by: &str| format!("{}{by}{}", &text[..token.start], &text[token.end..]);
    let line = text[..token.start].matches('\n').count() + 1;
    let line_start = text[..token.start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = token.start + text[token.start..].find('\n').unwrap_or(0);
    let what = random.below(23);
    let (name, new) = match (what, token.kind) {
        (0, _) => ("token left out", put("")),
        (1, Kind::Word | Kind::Sign) => ("token twice", put(&format!("{word} {word}"))),
        (2, Kind::Word) if word.is_ascii() && word.len() > 3 => {
            let at = 1 + random.below(word.len() - 2);
            (
                "letter left out",
                put(&format!("{}{}", &word[..at], &word[at + 1..])),
            )
        }
        (3, Kind::Word) if word.is_ascii() && word.len() > 3 => {
            let at = 1 + random.below(word.len() - 2);
            let mut letters: Vec<char> = word.chars().collect();
            letters.swap(at, at - 1);
            (
                "letters swapped",
                put(&letters.into_iter().collect::<String>()),
            )
        }
        (4, Kind::Word) if word.is_ascii() => ("capitals", put(&word.to_uppercase())),
        (5, Kind::Sign) => {
            let wide: String = word
                .chars()
                .map(|c| {
                    char::from_u32(u32::from(c) + 0xFEE0)
                        .filter(|_| c.is_ascii())
                        .unwrap_or(c)
                })
                .collect();
            ("full-width sign", put(&wide))
        }
        (6, Kind::Number) => {
            let wide: String = word
                .chars()
                .filter_map(|c| char::from_u32(u32::from(c) + 0xFEE0))
                .collect();
            ("full-width number", put(&wide))
        }
        (7, Kind::Text) => ("first quote left out", put(&word[1..])),
        (8, Kind::Text) => ("last quote left out", put(&word[..word.len() - 1])),
        (9, Kind::Text) => (
            "single quotes",
            put(&format!("'{}'", &word[1..word.len() - 1])),
        ),
        (10, Kind::Text) => (
            "Chinese quotes",
            put(&format!("“{}”", &word[1..word.len() - 1])),
        ),
        (11, Kind::Text) if word.len() > 4 => ("quote inside", {
            let at = word.char_indices().nth(2).map_or(1, |(at, _)| at);
            put(&format!("{}\"{}", &word[..at], &word[at..]))
        }),
        (12, Kind::Sign) if word == "==" => ("one equals sign", put("=")),
        (13, Kind::Word) if word == "and" => ("&&", put("&&")),
        (13, Kind::Word) if word == "or" => ("||", put("||")),
        (13, Kind::Word) if word == "not" => ("!", put("!")),
        (14, _) if text[line_start..].starts_with(|c: char| c.is_alphabetic()) => (
            "item indented",
            format!("{}    {}", &text[..line_start], &text[line_start..]),
        ),
        (15, Kind::Word)
            if text[line_start..token.start].trim().is_empty() && token.start > line_start =>
        {
            (
                "line at column 0",
                format!("{}{}", &text[..line_start], &text[token.start..]),
            )
        }
        (16, _) => (
            "line left out",
            format!("{}{}", &text[..line_start], &text[line_end + 1..]),
        ),
        (17, _) => (
            "// comment",
            format!("{}  // 说明{}", &text[..line_end], &text[line_end..]),
        ),
        (22, Kind::Sign) => ("brace twice", put(&format!("{word}{word}"))),
        (18, _) => (
            "semicolon",
            format!("{};{}", &text[..line_end], &text[line_end..]),
        ),
        (19, Kind::Word) => ("word replaced", put("xyzzy")),
        (20, Kind::Sign) if word == "}" => ("else", put("} else {")),
        (21, Kind::Number) => ("minus", put(&format!("-{word}"))),
        _ => return None,
    };
    (new != text).then(|| (format!("line {line}: {name}: {word}"), new))
}

fn errors(found: &[Diagnostic]) -> Vec<&Diagnostic> {
    found
        .iter()
        .filter(|found| found.severity == Severity::Error)
        .collect()
}

/// Names of grammar rules have underscores; no word of the language that is ever expected has.
fn internal(report: &str) -> Option<&str> {
    let grammar = include_str!("../grammar/rules.pest");
    let rules: Vec<&str> = grammar
        .lines()
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name.trim())
        .filter(|name| name.contains('_'))
        .collect();
    report
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .find(|word| rules.contains(word) && !SPOKEN.contains(word))
}

/// Grammar rules that are called like a name of the language.
const SPOKEN: [&str; 3] = ["arg_name", "yes_no", "login_alert"];

#[test]
fn one_mistake_gives_one_error_in_words_of_the_language() {
    let (sources, registry) = (shipped(), registry());
    let mut random = Random(SEED);
    let files: Vec<Vec<Token>> = sources
        .files
        .iter()
        .map(|file| tokens(&file.text))
        .collect();
    let cases = std::env::var("MENSHEN_CORPUS").ok();
    let cases = cases.and_then(|text| text.parse().ok()).unwrap_or(CASES);
    let mut done = 0;
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    while done < cases {
        let index = random.below(files.len());
        let file = &sources.files[index];
        let Some((name, text)) = broken(&file.text, &files[index], &mut random) else {
            continue;
        };
        done += 1;
        let kind = name.split(": ").nth(1).unwrap_or_default().to_owned();
        *kinds.entry(kind).or_default() += 1;
        let mut changed = sources.clone();
        changed.files[index].text = text.as_str().into();
        let changed = Arc::new(changed);
        let found = compile(changed.clone(), &registry).diagnostics;
        let all = errors(&found);
        let report = human(&found, &changed, Language::En, false);
        // A warning beside the error would speak of the same mistake.
        if found.len() > 1 && !all.is_empty() {
            wrong.push(format!(
                "== {} {name}: {} findings\n{report}",
                file.path,
                found.len()
            ));
        } else if let Some(part) = found.iter().find_map(two_languages::lacking) {
            wrong.push(format!("== {} {name}: {part}", file.path));
        } else if let Some(rule) = internal(&report) {
            wrong.push(format!("== {} {name}: names {rule}\n{report}", file.path));
        } else if let Some(left) = leaving_errors(&found, &changed, &registry) {
            wrong.push(format!("== {} {name}: {left}", file.path));
        }
    }
    assert!(kinds.len() >= 18, "{kinds:?}");
    assert!(
        wrong.is_empty(),
        "{} of {done} cases\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn one_broken_line_gives_one_error() {
    let (sources, registry) = (shipped(), registry());
    let mut rules = sources.clone();
    for file in &mut rules.files {
        file.text = broken_lines::without_stories(&file.text).as_str().into();
    }
    let files = sources.files.iter().enumerate();
    let cases: Vec<broken_lines::Case> = files
        .flat_map(|(index, file)| broken_lines::cases(index, &file.text))
        .collect();
    let least = match std::env::var("MENSHEN_CORPUS") {
        Ok(which) if which.contains('/') => 100,
        _ => 1_700,
    };
    assert!(cases.len() > least, "{}", cases.len());
    let (rules, registry) = (&rules, &registry);
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let parts: Vec<_> = cases
            .chunks(cases.len().div_ceil(threads))
            .map(|part| scope.spawn(move || wrong_ones(part, rules, registry)))
            .collect();
        let joined = parts.into_iter().map(|part| part.join().expect("no panic"));
        joined.flatten().collect()
    });
    assert!(
        wrong.is_empty(),
        "{} of {} cases\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

/// The reports that are more than one error, or speak of grammar rules.
fn wrong_ones(cases: &[broken_lines::Case], rules: &Sources, registry: &Registry) -> Vec<String> {
    let mut wrong = Vec::new();
    for case in cases {
        let mut changed = rules.clone();
        changed.files[case.file].text = case.text.as_str().into();
        let changed = Arc::new(changed);
        let found = compile(changed.clone(), registry).diagnostics;
        let path = &changed.files[case.file].path;
        let count = found.len();
        let place = format!("{path} line {}: {}", case.line + 1, case.name);
        if count > 1 && !errors(&found).is_empty() {
            let brief: Vec<String> = found
                .iter()
                .map(|one| format!("{} {}", one.code, one.title.en))
                .collect();
            wrong.push(format!("== {place}\n   {}", brief.join("\n   ")));
        } else if let Some(part) = found.iter().find_map(two_languages::lacking) {
            wrong.push(format!("== {place}: {part}"));
        } else if count == 1
            && let Some(rule) = internal(&human(&found, &changed, Language::En, false))
        {
            wrong.push(format!("== {place}: names {rule}"));
        } else if let Some(left) = leaving_errors(&found, &changed, registry) {
            wrong.push(format!("== {place}: {left}"));
        }
    }
    wrong
}

/// A case of `broken.txt`: `## file: code`, then lines that start with `-` (what is replaced, as it
/// stands in the file) and `+` (by what).
#[test]
fn the_committed_cases_say_what_they_should() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/broken.txt");
    let cases = fs::read_to_string(path).expect("the cases");
    let (sources, registry) = (shipped(), registry());
    let mut wrong = Vec::new();
    let mut count = 0;
    for case in cases.split("\n## ").skip(1) {
        count += 1;
        let (head, body) = case.split_once('\n').expect("a body");
        let (file, code) = head.split_once(": ").expect("file and code");
        let lines = |sign: char| -> String {
            let taken: Vec<&str> = body
                .lines()
                .filter_map(|line| line.strip_prefix(sign))
                .collect();
            taken.join("\n")
        };
        let (old, new) = (lines('-'), lines('+'));
        let index = sources
            .files
            .iter()
            .position(|known| known.path == file)
            .expect("a shipped file");
        let text = &sources.files[index].text;
        assert!(text.contains(&old), "{head}: {old} is not in the file");
        let mut changed = sources.clone();
        changed.files[index].text = text.replacen(&old, &new, 1).into();
        let changed = Arc::new(changed);
        let found = compile(changed.clone(), &registry).diagnostics;
        let codes: Vec<&str> = errors(&found).iter().map(|found| found.code).collect();
        if codes != [code.trim()] {
            let report = human(&found, &changed, Language::Zh, false);
            wrong.push(format!("== {head}\n{old}\n→\n{new}\n{codes:?}\n{report}"));
        }
    }
    assert!(count >= 40, "{count}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the rules call and the host does not know is one mistake, however often stories name it.
#[test]
fn an_action_nobody_registered_is_told_once() {
    let found = compile(Arc::new(shipped()), &Registry::standard()).diagnostics;
    let codes: Vec<&str> = errors(&found).iter().map(|found| found.code).collect();
    assert_eq!(codes, ["E0406"]);
}

/// A long text is a text: what is wrong with it is its length, not its quotes.
#[test]
fn a_text_of_nine_thousand_bytes_is_closed() {
    let rule = format!(
        "on text \"你好\" {{\n    reply \"{}\"\n}}\n",
        "好".repeat(3_000)
    );
    let found = compile(Arc::new(Sources::single("a.rules", &rule)), &registry()).diagnostics;
    let codes: Vec<&str> = found.iter().map(|found| found.code).collect();
    assert_eq!(codes, ["E0412"]);
}
