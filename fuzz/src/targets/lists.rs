//! List files: lines with comments, of every type a list may have, and asking them.

use std::sync::Arc;

use menshen::lang::builtins::{LIST_TYPES, Registry};
use menshen::lang::compile;
use menshen::lang::diagnostics::{self, Language};
use menshen::lang::span::Sources;
use menshen::lang::value::Value;
use menshen::text::{RuleIndex, normalise};

use menshen::lang::program::EventName;

pub fn run(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else {
        return;
    };
    let Ok(text) = std::str::from_utf8(rest) else {
        return;
    };
    let (word, _) = &LIST_TYPES[usize::from(*first) % LIST_TYPES.len()];
    let rules = format!("list l: {word} from \"l.txt\"\n\non text in l {{\n    reply \"有\"\n}}\n");
    let rules = if *word == "text" {
        rules
    } else {
        format!("list l: {word} from \"l.txt\"\n")
    };
    let mut sources = Sources::single("a.rules", &rules);
    sources.lists.insert("l.txt".to_owned(), text.into());
    let sources = Arc::new(sources);
    let compiled = compile(sources.clone(), &Registry::standard());
    diagnostics::human(&compiled.diagnostics, &sources, Language::Zh, false);
    let Some(program) = compiled.program else {
        return;
    };
    let list = &program.lists[0];
    for line in text.lines().take(8) {
        list.contains(&Value::text(line));
        let index = RuleIndex::build(&program);
        let (text, mut found) = (normalise(line), Vec::new());
        index.candidates(&EventName::Text, &text, &mut found);
        found
            .iter()
            .for_each(|rule| drop(index.match_rule(*rule, &EventName::Text, &text)));
    }
    for address in ["192.0.2.7", "::ffff:10.0.0.1", "2001:db8::1"] {
        list.contains(&address.parse().map_or(Value::unknown("ip"), Value::Ip));
    }
}

pub fn seeds() -> Vec<Vec<u8>> {
    let texts = [
        include_str!("../../../rules/lists/office.txt"),
        "取消\n退 出  # 说明\n\n# 注\nQuit\n\"a # b\"\n",
        "2026-01-01\n10-01 # 国庆\n",
        "13800138000\n+8613800138000\n3.5\n-1\n",
        "10.0.0.0/8\n10.0.0.1\n2001:db8::/32\n::1\n",
    ];
    (0..LIST_TYPES.len() as u8)
        .flat_map(|kind| texts.map(|text| [&[kind], text.as_bytes()].concat()))
        .collect()
}
