//! Every example of a line compiles where it belongs.

use std::sync::Arc;

use super::*;
use crate::lang::builtins::{CallSpec, Registry};
use crate::lang::check::compile;
use crate::lang::diagnostics::{Diagnostic, Severity};
use crate::lang::span::Sources;

/// What the examples name.
const WORLD: &str = r#"
signal new_city "x" weight 40 {
    when new(login.city, within: 90 days)
}
signal teleport "x" weight 40 {
    when new(login.ip, within: 90 days)
}
dialog binding expires 10 minutes {
    ask phone: mobile "?"
    ask code: digits(6) "?"
    cancel on "取消" { reply "x" }
    done { reply "{phone}{code}" }
}
on text "昵称{nick: word}" {
    remember nickname = nick for 90 days
    reply "{nickname}{nick}"
}
on undeliverable alert {
    note "x"
}
on text "锁定" when bound even in dialog {
    lock account {
        locked { reply "x" }
        already_locked { reply "x" }
    }
}
"#;
const STORY_BEFORE: &str = "    place 上海 31.23 121.47\n    account alice phone \"1\"\n    wechat 小王 sends \"绑定\"\n    login alice city 上海\n";

/// What may stand in the braces that an example opens.
fn body(example: &str) -> String {
    let parts = match example.split(' ').next().unwrap_or_default() {
        "signal" => "when new(login.city, within: 90 days)",
        "dialog" => {
            "ask x: word \"?\"\n    cancel on \"取消\" { reply \"x\" }\n    done { reply \"{x}\" }"
        }
        "test" => "after 1 day",
        "on" => "note \"x\"",
        "alert" => "message \"{account.name}：{reasons}\"",
        "template" => "thing2: login.city",
        _ => {
            let registry = Registry::standard();
            let actions = registry.actions().iter();
            // `issue unlock code` is registered as `issue code`.
            let named = |name: &str| name.split(' ').all(|word| example.contains(word));
            let action = actions.filter(|action| named(action.name));
            let action = action.max_by_key(|action| action.name.len());
            let outcomes = action.expect("an action").outcomes.iter();
            let lines = outcomes.map(|outcome| format!("{} {{ reply \"x\" }}", outcome.name));
            return lines.collect::<Vec<_>>().join("\n    ");
        }
    };
    parts.to_owned()
}

/// The example's whole file, in each of the places it may have been written for.
fn places(example: &str) -> Vec<String> {
    let whole = match example.ends_with('{') {
        true => format!("{example}\n    {}\n}}", body(example)),
        false => example.to_owned(),
    };
    let lines = whole.lines().map(|line| format!("    {line}\n"));
    let inner: String = lines.collect();
    let heads = [
        "on text \"{phone: mobile}，{code: digits(6)}\" when bound {",
        "on text \"是我 {choice: number}，{nick: word}\" when alert.open even in dialog {",
        "on login when suspicion >= 60 {",
        "on attempt {",
        "on undeliverable alert {",
    ];
    let mut places: Vec<String> = heads
        .iter()
        .map(|head| format!("{head}\n{inner}}}\n"))
        .collect();
    // The world has one of this name.
    let renamed = whole.replace("new_city", "other_city");
    places.push(format!(
        "{}\n",
        renamed.replace("dialog binding", "dialog other")
    ));
    places.push(format!("test \"x\" {{\n{STORY_BEFORE}{inner}}}\n"));
    places.push(format!(
        "test \"x\" {{\n    place 北京 39.90 116.40\n    account alice\n{inner}}}\n"
    ));
    places.push(format!("test \"x\" {{\n{inner}}}\n"));
    places.push(format!(
        "on login when suspicion >= 60 {{\n    alert {{\n        message \"x\"\n{inner}    }}\n}}\n"
    ));
    places.push(format!(
        "on login when suspicion >= 60 {{\n    alert {{\n{inner}    }}\n}}\n"
    ));
    places.push(format!(
        "signal s \"x\" weight 1 {{\n    when new(login.city, within: 1 day)\n{inner}}}\n"
    ));
    places.push(format!("signal s \"x\" weight 1 {{\n{inner}}}\n"));
    places.push(format!(
        "dialog d {{\n    ask x: word \"?\"\n{inner}    done {{ reply \"{{x}}\" }}\n}}\non text \"d\" {{\n    start d\n}}\n"
    ));
    places.push(format!(
        "dialog d {{\n    ask x: word \"?\" at most 2 times\n    cancel on \"x\" {{ reply \"x\" }}\n{inner}}}\non text \"d\" {{\n    start d\n}}\n"
    ));
    places.push(format!(
        "dialog d {{\n    ask phone: mobile \"?\"\n    ask code: digits(6) \"?\"\n    done {{\n        bind {{\n            bound {{ reply \"x\" }}\n            already {{ reply \"x\" }}\n            taken {{ reply \"x\" }}\n            blocked {{ reply \"x\" }}\n            refused {{\n{inner}            }}\n        }}\n    }}\n}}\n"
    ));
    places
}

fn wrong(text: &str) -> Vec<String> {
    let mut sources = Sources::single("a.rules", &format!("{text}{WORLD}"));
    sources
        .lists
        .insert("lists/office.txt".to_owned(), "10.0.0.0/8\n".into());
    let mut registry = Registry::standard();
    registry
        .register_call(CallSpec::webhook("security_desk"))
        .expect("registered once");
    let found = compile(Arc::new(sources), &registry).diagnostics;
    // How an alert is answered is said by its words, not by their shape.
    let wordless = |one: &&Diagnostic| one.code != "E0410";
    let errors = found.iter().filter(|one| one.severity == Severity::Error);
    errors
        .filter(wordless)
        .map(|one| format!("{} {}", one.code, one.title.en))
        .collect()
}

#[test]
fn every_example_compiles_where_it_belongs_and_begins_as_its_shape() {
    let tables: [&[Form]; 9] = [
        &ITEMS,
        &LISTS,
        &EVENTS,
        &[EVENT],
        &CARDS,
        &ACTIONS,
        &PARTS,
        &STORY,
        &EXPECTED,
    ];
    let mut found = Vec::new();
    for (word, shape, example) in tables.into_iter().flatten() {
        let words = |text: &str| text.split(' ').next().map(str::to_owned);
        if words(shape) != words(example) || !shape.contains(word) {
            found.push(format!("{shape}: {example}"));
        }
        let tried: Vec<_> = places(example).iter().map(|text| wrong(text)).collect();
        if !tried.iter().any(Vec::is_empty) {
            found.push(format!("{example}: {tried:#?}"));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
