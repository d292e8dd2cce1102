//! Completion.

use std::sync::Arc;

use menshen::lang::builtins::Registry;
use serde_json::json;

use crate::client::{Client, marked, opened};

#[test]
fn completion_offers_what_may_stand_at_a_place() {
    let mut client = opened();
    for place in [
        "⁞",
        "on ⁞",
        "on te⁞",
        "on any {\n    ⁞\n}\n",
        "on any {\n    lo⁞\n}\n",
        "on any {\n    start ⁞\n}\n",
        "on any {\n    call ⁞\n}\n",
        "on any {\n    lock account {\n        ⁞\n    }\n}\n",
        "on text \"叫我{name: ⁞\" {\n",
        "on text \"叫我{name: word}\" {\n    reply \"好，{⁞\n}\n",
        "on text in ⁞",
        "signal s \"x\" weight 1 {\n    ⁞\n}\n",
        "signal s \"x\" weight 1 {\n    when login.⁞\n}\n",
        "signal s \"x\" weight 1 {\n    when count(⁞\n}\n",
        "let x = 5 ⁞",
        // Not `itself`.
        "let itself = us⁞",
        "dialog d {\n    ⁞\n}\n",
        "test \"x\" {\n    expect ⁞\n}\n",
        "test \"x\" {\n    expect signals ⁞\n}\n",
        "list l: ⁞",
        "# 注释 ⁞",
        "# ⁞",
        "on any {  # allow ⁞",
        "on any {  # allow hidden: ⁞",
        "on any {\n    reply \"# allow ⁞",
        "test \"x\" {\n    login alice ⁞\n}\n",
        "test \"x\" {\n    platform ⁞\n}\n",
        "test \"x\" {\n    place 北京 39.9 116.4 ⁞\n}\n",
        "test \"x\" {\n    wechat 小王 sends \"x\" ⁞\n}\n",
        "on any {\n    reply \"文字⁞",
        // Only what this event brings.
        "on text \"a\" {\n    reply \"{⁞\"",
        "on text \"a\" when ⁞ {\n",
        "on text \"a\" when bound ⁞ {\n",
        "on image or voice {\n    reply \"{⁞\"",
        "on text \"{⁞",
        "signal s \"x\" weight 1 {\n    when ⁞\n}\n",
        "signal s \"x\" weight 1 {\n    when new(login.city)\n    except ⁞\n}\n",
        "signal s \"x\" weight 5⁞",
        "signal s \"x\" weight 5 ⁞",
        "on login {\n    ⁞\n}\n",
        "on locked when ⁞ {\n",
        "dialog d {\n    done {\n        ⁞\n    }\n}\n",
        "dialog welcome {\n    done {\n        reply \"{⁞\"\n    }\n}\n",
        // What an outcome brings, and what would leak in it.
        "on text \"a\" when bound {\n    lock account {\n        locked { reply \"{⁞\" }\n    }\n}\n",
        "on text \"a\" {\n    bind {\n        refused { reply \"{⁞\" }\n    }\n}\n",
        "on text \"a\" {\n    lock account {\n        ⁞\n    }\n}\n",
        "on text \"a\" {\n    issue unlock code {\n        ⁞\n    }\n}\n",
        // What an argument takes.
        "let x = count(failures, ⁞",
        "let x = count(failures, within: ⁞",
        "let x = count(failures, within: 5 ⁞",
        "let x = count(failures, within: 5 minutes, ⁞",
        "let x = count(failures, by: ⁞",
        "let x = count(failures, by: [ip, ⁞",
        "let x = count(failures, where: ⁞",
        "let x = distinct(⁞",
        "let x = distinct(city, of: ⁞",
        "let x = new(⁞",
        "on text \"{n: one_of(⁞\"",
        "dialog d expires 10 ⁞",
        "on login when \"⁞\" in signals {\n",
        "on login when \"new⁞\" not in signals {\n",
        "on login when \"⁞\" in sender.tags {\n",
    ] {
        let (text, offset) = marked(place);
        client.open("c.rules", &text);
        let params = client.at("c.rules", &text, offset);
        client.keep(json!({ "text": place }));
        client.note("textDocument/completion", params);
    }
    let (text, offset) = marked("on login when login.ci⁞ is known {\n    note \"x\"\n}\n");
    client.open("c.rules", &text);
    let params = client.at("c.rules", &text, offset);
    let answer = client.ask("textDocument/completion", params);
    let items = answer["result"].as_array().expect("items").clone();
    let city = items
        .iter()
        .find(|item| item["label"] == "login.city")
        .expect("offered");
    client.keep(city.clone());
    client.golden("completion");
    client.leave();
}

/// The fields offered in the condition of a rule are those that can be used there, and all of them.
#[test]
fn the_fields_offered_are_those_the_checker_takes() {
    let registry = Registry::standard();
    let mut client = Client::start(&[]);
    for event in registry.events() {
        let named = if event.name == "event" { " \"X\"" } else { "" };
        let head = format!("on {}{named} when ", event.name);
        let text = format!("{head} is known {{\n    note \"x\"\n}}\n");
        client.open("c.rules", &text);
        let params = client.at("c.rules", &text, head.len());
        let answer = client.ask("textDocument/completion", params);
        let items = answer["result"].as_array().expect("items").clone();
        let offered: Vec<&str> = items.iter().filter_map(|it| it["label"].as_str()).collect();
        for field in registry.fields() {
            let text = format!("{head}{} is known {{\n    note \"x\"\n}}\n", field.path);
            let sources = Arc::new(menshen::lang::span::Sources::single("c.rules", &text));
            let compiled = menshen::lang::compile(sources, &registry);
            let taken = compiled
                .diagnostics
                .iter()
                .all(|found| found.code != "E0205");
            assert_eq!(
                offered.contains(&field.path),
                taken,
                "{} in `on {}`",
                field.path,
                event.name
            );
        }
    }
    client.leave();
}
