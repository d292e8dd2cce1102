//! Highlighting for editors, generated: a TextMate grammar and a Vim syntax file.
//!
//! The words come from the grammar ([`keywords`]) and from the registry, so that a new builtin is
//! coloured by running `menshen schema --format textmate` or `vim` again; a test fails when the files
//! in `editors/` are behind. Regular expressions cannot know what a name means: words that are
//! keywords in one place and names in another are coloured only where the place is plain. The
//! language server knows the rest.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::builtins::Registry;
use super::syntax::keywords;

/// The words that begin items.
const ITEMS: [&str; 7] = ["let", "list", "on", "signal", "dialog", "test", "extractor"];
/// Between operands.
const OPERATORS: [&str; 6] = ["and", "or", "not", "in", "is", "otherwise"];

/// What begins a line of a story and nothing else.
const STORY: [&str; 9] = [
    "account", "after", "expect", "issue", "login", "operator", "place", "platform", "wechat",
];
/// Words that are keywords behind another one.
const PAIRS: [(&str, &str); 7] = [
    ("cancel", "on"),
    ("challenge", "captcha"),
    ("in", "dialog"),
    ("trust", "alert"),
    ("close", "alert"),
    ("undeliverable", "alert"),
    ("alert", "expires"),
];

/// The words to colour, by what they are; each list sorted, longest first where it matters.
struct Words {
    /// Keywords that are nothing else.
    plain: Vec<&'static str>,
    /// Keywords that are parts of fields or extractors too.
    shared: Vec<&'static str>,
    events: Vec<&'static str>,
    fields: Vec<&'static str>,
    functions: Vec<&'static str>,
    arguments: Vec<&'static str>,
    extractors: Vec<&'static str>,
    outcomes: Vec<String>,
    units: Vec<&'static str>,
}

impl Words {
    fn of(registry: &Registry) -> Self {
        let mut names: BTreeSet<&str> = registry
            .fields()
            .iter()
            .flat_map(|field| field.path.split('.'))
            .collect();
        names.extend(registry.extractors().iter().map(|spec| spec.name));
        names.extend(registry.functions().iter().map(|function| function.name));
        // What `bind` takes by name is a name more often than a keyword.
        names.extend(["phone", "code", "ticket", "name"]);
        let special = |word: &&&str| !ITEMS.contains(word) && !OPERATORS.contains(word);
        let (shared, plain): (Vec<&str>, Vec<&str>) = keywords()
            .iter()
            .filter(special)
            .filter(|word| !matches!(**word, "yes" | "no" | "known" | "unknown"))
            .copied()
            .partition(|word| names.contains(word));
        let functions = registry.functions();
        let outcomes: BTreeSet<String> = registry
            .actions()
            .iter()
            .flat_map(|action| action.outcomes.iter().map(|outcome| outcome.name.clone()))
            .chain(["unbound".to_owned()])
            .collect();
        Self {
            plain,
            shared,
            events: sorted(registry.events().iter().map(|event| event.name)),
            fields: sorted(registry.fields().iter().map(|field| field.path)),
            functions: sorted(functions.iter().map(|function| function.name)),
            arguments: sorted(functions.iter().flat_map(|it| it.named).map(|it| it.word())),
            extractors: sorted(registry.extractors().iter().map(|spec| spec.name)),
            outcomes: outcomes.into_iter().collect(),
            units: sorted(
                registry
                    .units()
                    .iter()
                    .flat_map(|unit| unit.words.iter().copied()),
            ),
        }
    }
}

/// Each once, longer ones first: of two words that begin alike the longer must be tried first.
fn sorted(words: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    let words: BTreeSet<&str> = words.collect();
    let mut words: Vec<&str> = words.into_iter().collect();
    words.sort_by_key(|word| (std::cmp::Reverse(word.len()), *word));
    words
}

/// Alternatives of a regular expression; a `.` in a word is a dot.
fn any<S: AsRef<str>>(words: &[S]) -> String {
    let words: Vec<String> = words
        .iter()
        .map(|word| word.as_ref().replace('.', "\\."))
        .collect();
    words.join("|")
}

/// The TextMate grammar, for VS Code and whatever else reads such grammars.
pub fn textmate(registry: &Registry) -> Value {
    let words = Words::of(registry);
    // Not a part of a longer name or path.
    let word = |alternatives: &str| format!("(?<![\\w.])(?:{alternatives})(?![\\w.])");
    // In a story there are no conditions: what may be a keyword is one.
    let mut in_story = words.plain.clone();
    in_story.extend(words.shared.iter().copied());
    in_story.extend([
        "no", "not", "in", "phone", "code", "ticket", "name", "dialog", "signals",
    ]);
    in_story.sort_unstable();
    in_story.dedup();
    let caught = |scope: &str| json!({ "name": scope });
    let percent_last: Vec<&str> = words
        .units
        .iter()
        .copied()
        .filter(|unit| *unit != "%")
        .collect();
    let hole = json!({
        "name": "meta.interpolation.menshen",
        "begin": "\\{", "end": "\\}|$",
        "beginCaptures": { "0": caught("punctuation.section.interpolation.begin.menshen") },
        "endCaptures": { "0": caught("punctuation.section.interpolation.end.menshen") },
        "patterns": [{ "include": "#extractors" }, { "include": "#fields" }, { "name": "variable.other.menshen", "match": "[\\p{L}_][\\w]*" }],
    });
    let in_text = json!([
        { "name": "constant.character.escape.menshen", "match": "\\\\[n\"\\\\{}]" },
        hole,
    ]);
    json!({
        "$schema": "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
        "name": "Menshen rules",
        "scopeName": "source.menshen",
        "fileTypes": ["rules"],
        "patterns": [
            { "include": "#comments" }, { "include": "#stories" }, { "include": "#texts" }, { "include": "#heads" },
            { "include": "#outcomes" }, { "include": "#numbers" }, { "include": "#extractors" },
            { "include": "#functions" }, { "include": "#arguments" }, { "include": "#fields" },
            { "include": "#keywords" }, { "include": "#operators" },
        ],
        "repository": {
            "comments": { "patterns": [{ "name": "comment.line.number-sign.menshen", "match": "#.*$" }] },
            "stories": { "patterns": [{
                "begin": format!("^\\s+({})(?=\\s)(?!\\s*[:{{=])", any(&STORY)),
                "end": "$",
                "beginCaptures": { "1": caught("keyword.other.menshen") },
                "patterns": [
                    { "include": "#comments" }, { "include": "#texts" }, { "include": "#numbers" },
                    { "name": "keyword.other.menshen", "match": word(&any(&in_story)) },
                    { "include": "#operators" },
                ],
            }] },
            "texts": { "patterns": [
                { "name": "string.quoted.triple.menshen", "begin": "\"\"\"", "end": "\"\"\"", "patterns": in_text },
                { "name": "string.quoted.double.menshen", "begin": "\"", "end": "\"|$", "patterns": in_text },
            ] },
            "heads": { "patterns": [
                {
                    "match": "^(let|list|signal|dialog|extractor)\\s+([\\p{L}_]\\w*)",
                    "captures": { "1": caught("keyword.control.menshen"), "2": caught("entity.name.type.menshen") },
                },
                {
                    "match": format!("(?:^(on)|(?<![\\w.])(or))\\s+({})(?!\\w)", any(&words.events)),
                    "captures": { "1": caught("keyword.control.menshen"), "2": caught("keyword.operator.logical.menshen"), "3": caught("support.type.event.menshen") },
                },
                { "name": "keyword.control.menshen", "match": format!("^(?:{})(?!\\w)", any(&ITEMS)) },
            ] },
            "outcomes": { "patterns": [
                { "name": "entity.name.tag.outcome.menshen", "match": format!("(?<=^|\\s)(?:{})(?=\\s*\\{{)", any(&words.outcomes)) },
            ] },
            "numbers": { "patterns": [
                {
                    "match": format!("(?<![\\w.])(\\d+(?:\\.\\d+)?)\\s*(?:({})(?!\\w)|(%))?", any(&percent_last)),
                    "captures": { "1": caught("constant.numeric.menshen"), "2": caught("keyword.other.unit.menshen"), "3": caught("keyword.other.unit.menshen") },
                },
            ] },
            "extractors": { "patterns": [
                { "match": format!("(:)\\s*({})(?!\\w)", any(&words.extractors)), "captures": { "2": caught("support.type.extractor.menshen") } },
            ] },
            "functions": { "patterns": [
                { "name": "support.function.menshen", "match": format!("(?<![\\w.])(?:{})(?=\\s*\\()", any(&words.functions)) },
            ] },
            "arguments": { "patterns": [
                { "name": "variable.parameter.menshen", "match": format!("(?<![\\w.])(?:{})(?=:)", any(&words.arguments)) },
            ] },
            "fields": { "patterns": [
                { "name": "support.variable.menshen", "match": word(&any(&words.fields.iter().copied().filter(|path| path.contains('.')).collect::<Vec<_>>())) },
                { "name": "support.variable.menshen", "match": "(?<![\\w.])message\\.raw\\.\\w+" },
            ] },
            "keywords": { "patterns": [
                { "name": "keyword.other.menshen", "match": format!("{}(?!\\s*:)", word(&any(&words.plain))) },
                { "name": "keyword.other.menshen", "match": format!("(?:(?<=^)\\s+|(?<=[\\s{{]))(?:{})(?=\\s+[\"{{])", any(&words.shared)) },
                { "name": "keyword.other.menshen", "match": format!("^\\s+(?:{})(?=\\s)(?!\\s*[:{{=])", any(&words.shared)) },
                { "name": "keyword.other.menshen", "match": format!("(?:{})(?!\\w)", any(&PAIRS.map(|(before, word)| format!("(?<={before} ){word}")))) },
                { "name": "constant.language.menshen", "match": word("yes|no|known|unknown") },
            ] },
            "operators": { "patterns": [
                { "name": "keyword.operator.logical.menshen", "match": word(&any(&OPERATORS)) },
                { "name": "keyword.operator.menshen", "match": "==|!=|<=|>=|<|>|\\+|-|\\*|/|~|=" },
            ] },
        },
    })
}

/// The Vim syntax file.
pub fn vim(registry: &Registry) -> String {
    let words = Words::of(registry);
    // Very magic patterns: `.` is escaped, `<` and `>` are the edges of a word.
    let field: Vec<&str> = words
        .fields
        .iter()
        .copied()
        .filter(|path| path.contains('.'))
        .collect();
    let units: Vec<&str> = words
        .units
        .iter()
        .copied()
        .filter(|unit| *unit != "%")
        .collect();
    let mut out = String::from(
        "\" Vim syntax file of Menshen's rule language. Generated: `menshen schema --format vim`.\n\
         if exists(\"b:current_syntax\")\n  finish\nendif\n\n\
         syn sync fromstart\n\
         syn iskeyword @,48-57,_,128-167,224-255\n\n",
    );
    let mut line = |text: String| {
        let _ = writeln!(out, "{text}");
    };
    line(format!(
        "syn keyword menshenKeyword {}",
        words.plain.join(" ")
    ));
    line(format!(
        "syn keyword menshenOperator {}",
        OPERATORS.join(" ")
    ));
    line("syn keyword menshenConstant yes no known unknown".to_owned());
    line(format!(
        "syn match menshenKeyword /\\v<%({})>\\ze\\s+[\"{{]/",
        words.shared.join("|")
    ));
    line(format!(
        "syn match menshenKeyword /\\v^\\s+\\zs<%({})>\\ze\\s+[^:{{= ]/",
        words.shared.join("|")
    ));
    line(format!(
        "syn match menshenItem /\\v^%({})>/",
        ITEMS.join("|")
    ));
    line(
        "syn match menshenName /\\v%(^%(let|list|signal|dialog|extractor)\\s+)@<=\\S[^ =:{]*/"
            .to_owned(),
    );
    line(format!(
        "syn match menshenEvent /\\v%(^on\\s+|<or\\s+)@<=%({})>/",
        words.events.join("|")
    ));
    line(format!("syn match menshenField /\\v<%({})>/", any(&field)));
    line("syn match menshenField /\\v<message\\.raw\\.\\w+/".to_owned());
    line(format!(
        "syn match menshenFunction /\\v<%({})>\\ze\\s*\\(/",
        words.functions.join("|")
    ));
    line(format!(
        "syn match menshenArgument /\\v<%({})>\\ze:/",
        words.arguments.join("|")
    ));
    line(format!(
        "syn match menshenExtractor /\\v%(:\\s*)@<=%({})>/",
        words.extractors.join("|")
    ));
    line(format!(
        "syn match menshenOutcome /\\v<%({})>\\ze\\s*\\{{/",
        words.outcomes.join("|")
    ));
    line(format!(
        "syn match menshenNumber /\\v<\\d+%(\\.\\d+)?%(\\s*%({})>|\\s*\\%)?/",
        units.join("|").replace('/', "\\/")
    ));
    line("syn match menshenEscape /\\\\[n\"\\\\{}]/ contained".to_owned());
    line(
        "syn match menshenHole /{[^{}]*}/ contained contains=menshenField,menshenExtractor"
            .to_owned(),
    );
    line("syn region menshenText start=/\"/ skip=/\\\\./ end=/\"/ oneline contains=menshenEscape,menshenHole".to_owned());
    line("syn region menshenText start=/\"\"\"/ skip=/\\\\./ end=/\"\"\"/ contains=menshenEscape,menshenHole keepend".to_owned());
    line("syn match menshenComment /#.*$/ contains=@Spell".to_owned());
    line(String::new());
    for (group, link) in [
        ("Keyword", "Statement"),
        ("Operator", "Operator"),
        ("Constant", "Boolean"),
        ("Item", "Keyword"),
        ("Name", "Identifier"),
        ("Event", "Type"),
        ("Field", "Special"),
        ("Function", "Function"),
        ("Argument", "Label"),
        ("Extractor", "Type"),
        ("Outcome", "Tag"),
        ("Number", "Number"),
        ("Escape", "SpecialChar"),
        ("Hole", "Special"),
        ("Text", "String"),
        ("Comment", "Comment"),
    ] {
        line(format!("hi def link menshen{group} {link}"));
    }
    line("\nlet b:current_syntax = \"menshen\"".to_owned());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// `UPDATE_GOLDEN=1` writes the files anew.
    fn is(path: &str, text: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, text).expect("written");
        }
        let then = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            then == text,
            "{} is behind the registry; UPDATE_GOLDEN=1 cargo test --lib highlight",
            path.display()
        );
    }

    #[test]
    fn the_editors_know_every_builtin() {
        let registry = Registry::standard();
        let grammar = serde_json::to_string_pretty(&textmate(&registry)).expect("JSON") + "\n";
        is("editors/vscode/syntaxes/menshen.tmLanguage.json", &grammar);
        is("editors/vim/syntax/menshen.vim", &vim(&registry));
    }

    #[test]
    fn keywords_that_are_also_names_are_told_apart() {
        let words = Words::of(&Registry::standard());
        assert!(words.shared.contains(&"phone") && words.shared.contains(&"machine"));
        assert!(words.plain.contains(&"reply") && words.plain.contains(&"expect"));
        assert!(words.plain.iter().all(|word| !words.shared.contains(word)));
    }
}
