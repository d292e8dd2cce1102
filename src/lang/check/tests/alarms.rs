//! Sound files (`alarms.txt`): exactly the warnings that their heads name, and none at `none`.

use super::*;
use crate::lang::span::FileId;

#[test]
fn a_sound_file_is_warned_of_what_its_head_names() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for case in include_str!("alarms.txt").split("=== ").skip(1) {
        count += 1;
        let (head, text) = case.split_once('\n').expect("a head and a text");
        let mut wanted: Vec<&str> = head.split(' ').filter(|code| *code != "none").collect();
        wanted.sort_unstable();
        let found = compiled(text).diagnostics;
        let mut codes: Vec<&str> = found.iter().map(|one| one.code).collect();
        codes.sort_unstable();
        if codes != wanted {
            wrong.push(format!("{head}\n{text}{}", shown(&found, text)));
        }
    }
    assert!(count > 30, "{count}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Rules on one line, without the blanks nobody needs and with a remark behind every line, are as sound.
#[test]
fn a_sound_file_is_sound_in_another_layout() {
    let single = |text: &str| {
        let mut out = String::new();
        let lines: Vec<&str> = text.lines().collect();
        let mut at = 0;
        while at < lines.len() {
            let body = |line: &&str| line.starts_with("    ") && line.ends_with('"');
            match (
                lines[at].strip_suffix(" {"),
                lines.get(at + 1),
                lines.get(at + 2),
            ) {
                (Some(head), Some(only), Some(&"}")) if body(only) => {
                    out.push_str(&format!("{head} {{{}}}\n", only.trim()));
                    at += 3;
                }
                _ => {
                    out.push_str(lines[at]);
                    out.push('\n');
                    at += 1;
                }
            }
        }
        out
    };
    let remarked = |text: &str| -> String {
        let lines = text.lines().map(|line| match line.contains('#') {
            _ if line.is_empty() => "\n".to_owned(),
            true => format!("{line}\n"),
            false => format!("{line} # 注：甲\n"),
        });
        lines.collect()
    };
    let mut wrong = Vec::new();
    for case in include_str!("alarms.txt").split("=== ").skip(1) {
        let (_, text) = case.split_once('\n').expect("a head and a text");
        if text.contains("\"\"\"") {
            continue;
        }
        for other in [single(text), remarked(text), remarked(&single(text))] {
            let found = crate::lang::syntax::parse(FileId(0), &other).diagnostics;
            if !found.is_empty() {
                wrong.push(shown(&found, &other));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
