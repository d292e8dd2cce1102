//! Diagnostics for programs: JSON of our own, and SARIF 2.1.0.
//!
//! Lines and columns count from 1; columns count characters. Offsets are bytes of UTF-8.

use serde_json::{Value, json};

use super::codes;
use super::{Diagnostic, Label, Language, Severity, Sureness};
use crate::lang::span::{Sources, Span};

/// An array with one object per diagnostic: `code`, `severity`, `title`, `file`, `start`, `end`,
/// `label`, `labels`, `help`, `fixes`; `witness`, `example` or `story` where one shows the finding.
pub fn json(diagnostics: &[Diagnostic], sources: &Sources, language: Language) -> Value {
    diagnostics
        .iter()
        .map(|diagnostic| {
            let mut object = place(sources, diagnostic.primary.span);
            let labels: Vec<Value> = diagnostic
                .secondary
                .iter()
                .map(|label| labelled(sources, label, language))
                .collect();
            let fixes: Vec<Value> = diagnostic
                .fixes
                .iter()
                .map(|fix| {
                    let mut object = place(sources, fix.span);
                    object["title"] = fix.words.get(language).into();
                    object["replacement"] = fix.replacement.as_str().into();
                    object["sure"] = (fix.sure == Sureness::Sure).into();
                    object
                })
                .collect();
            let help: Vec<&str> = diagnostic
                .help
                .iter()
                .map(|words| words.get(language))
                .collect();
            object["code"] = diagnostic.code.into();
            object["severity"] = severity(diagnostic.severity).into();
            object["title"] = diagnostic.title.get(language).into();
            object["label"] = diagnostic.primary.words.get(language).into();
            object["labels"] = labels.into();
            object["help"] = help.into();
            object["fixes"] = fixes.into();
            if let Some(name) = codes::warning_name(diagnostic.code) {
                object["name"] = name.into();
            }
            if let Some(witness) = &diagnostic.witness {
                let given: Vec<Value> = witness
                    .given
                    .iter()
                    .map(|(about, value)| json!({ "about": about, "value": value }))
                    .collect();
                object["witness"] = json!({
                    "event": witness.event,
                    "text": witness.text,
                    "given": given,
                    "answered_by": place(sources, witness.answered_by),
                });
            }
            if let Some(example) = &diagnostic.example {
                let given: Vec<Value> = example
                    .given
                    .iter()
                    .map(|(about, value)| json!({ "about": about, "value": value }))
                    .collect();
                object["example"] = json!({ "given": given, "holds": example.holds });
            }
            if !diagnostic.story.is_empty() {
                object["story"] = diagnostic.story.clone().into();
            }
            object
        })
        .collect()
}

/// A SARIF 2.1.0 log with one run.
pub fn sarif(diagnostics: &[Diagnostic], sources: &Sources, language: Language) -> Value {
    let mut used: Vec<&str> = diagnostics.iter().map(|found| found.code).collect();
    used.sort_unstable();
    used.dedup();
    let rules: Vec<Value> = used
        .iter()
        .map(|code| {
            let page = codes::page(code);
            let title = page.map_or(*code, |page| page.title(language));
            let what = page.map_or(*code, |page| match language {
                Language::Zh => page.what_zh,
                Language::En => page.what_en,
            });
            json!({
                "id": code,
                "shortDescription": { "text": title },
                "fullDescription": { "text": what },
            })
        })
        .collect();
    let results: Vec<Value> = diagnostics
        .iter()
        .map(|diagnostic| result(diagnostic, sources, language, &used))
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "menshen",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn result(diagnostic: &Diagnostic, sources: &Sources, language: Language, rules: &[&str]) -> Value {
    let between = match language {
        Language::Zh => "：",
        Language::En => ": ",
    };
    let text = format!(
        "{}{between}{}",
        diagnostic.title.get(language),
        diagnostic.primary.words.get(language)
    );
    let related: Vec<Value> = diagnostic
        .secondary
        .iter()
        .enumerate()
        .map(|(id, label)| {
            let mut place = physical(sources, label.span);
            place["id"] = (id + 1).into();
            place["message"] = json!({ "text": label.words.get(language) });
            place
        })
        .collect();
    let fixes: Vec<Value> = diagnostic
        .fixes
        .iter()
        .map(|fix| {
            json!({
                "description": { "text": fix.words.get(language) },
                "artifactChanges": [{
                    "artifactLocation": { "uri": uri(sources, fix.span) },
                    "replacements": [{
                        "deletedRegion": region(sources, fix.span),
                        "insertedContent": { "text": fix.replacement },
                    }],
                }],
            })
        })
        .collect();
    json!({
        "ruleId": diagnostic.code,
        "ruleIndex": rules.iter().position(|code| *code == diagnostic.code),
        "level": severity(diagnostic.severity),
        "message": { "text": text },
        "locations": [physical(sources, diagnostic.primary.span)],
        "relatedLocations": related,
        "fixes": fixes,
    })
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn labelled(sources: &Sources, label: &Label, language: Language) -> Value {
    let mut object = place(sources, label.span);
    object["text"] = label.words.get(language).into();
    object
}

fn ends(sources: &Sources, span: Span) -> [(usize, usize); 2] {
    let end = Span {
        start: span.end,
        ..span
    };
    [sources.line_column(span), sources.line_column(end)]
}

fn place(sources: &Sources, span: Span) -> Value {
    let [start, end] = ends(sources, span);
    json!({
        "file": sources.file(span.file).map(|file| file.path.as_str()),
        "start": { "line": start.0, "column": start.1, "offset": span.start },
        "end": { "line": end.0, "column": end.1, "offset": span.end },
    })
}

fn region(sources: &Sources, span: Span) -> Value {
    let [start, end] = ends(sources, span);
    json!({
        "startLine": start.0,
        "startColumn": start.1,
        "endLine": end.0,
        "endColumn": end.1,
    })
}

fn physical(sources: &Sources, span: Span) -> Value {
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(sources, span) },
        "region": region(sources, span),
    }})
}

/// The file's path as a URI reference: relative, or a `file:` address where the path is absolute.
fn uri(sources: &Sources, span: Span) -> String {
    let path = sources
        .file(span.file)
        .map_or("", |file| file.path.as_str());
    let mut out = String::new();
    if path.starts_with('/') {
        out.push_str("file://");
    }
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::span::FileId;

    fn found() -> (Vec<Diagnostic>, Sources) {
        let text = "# 一\nlet 常用 == 90 days\n";
        let found = crate::lang::syntax::parse(FileId(0), text).diagnostics;
        (found, Sources::single("规则/a.rules", text))
    }

    #[test]
    fn json_counts_characters_and_bytes() {
        let (found, sources) = found();
        let value = json(&found, &sources, Language::En);
        assert_eq!(value[0]["code"], "E0118");
        assert_eq!(value[0]["file"], "规则/a.rules");
        assert_eq!(
            value[0]["start"],
            json!({"line": 2, "column": 8, "offset": 17})
        );
        assert_eq!(value[0]["end"]["column"], 10);
        assert_eq!(value[0]["fixes"][0]["replacement"], "=");
    }

    #[test]
    fn sarif_has_rules_regions_and_fixes() {
        let (found, sources) = found();
        let log = sarif(&found, &sources, Language::Zh);
        assert_eq!(log["version"], "2.1.0");
        let run = &log["runs"][0];
        assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "E0118");
        let result = &run["results"][0];
        assert_eq!(result["ruleIndex"], 0);
        assert_eq!(result["level"], "error");
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(
            place["artifactLocation"]["uri"],
            "%E8%A7%84%E5%88%99/a.rules"
        );
        assert_eq!(place["region"]["startColumn"], 8);
        let absolute = Sources::single("/规则/a.rules", &sources.files[0].text);
        let log = sarif(&found, &absolute, Language::Zh);
        let place = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
        assert_eq!(
            place["artifactLocation"]["uri"],
            "file:///%E8%A7%84%E5%88%99/a.rules"
        );
        let change = &result["fixes"][0]["artifactChanges"][0];
        assert_eq!(change["replacements"][0]["insertedContent"]["text"], "=");
    }
}
