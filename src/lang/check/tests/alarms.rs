//! Sound files (`alarms.txt`): exactly the warnings that their heads name, and none at `none`.

use super::*;

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
