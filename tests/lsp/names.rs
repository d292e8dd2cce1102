//! Hover, definitions, references and renames.

use serde_json::json;

use crate::client::{Client, TALK, errors, opened};

#[test]
fn hover_tells_what_a_name_is_under_chinese_and_emoji() {
    let mut client = opened();
    for needle in [
        "who: word",
        "word}",
        "welcome with",
        "who\n",
        "cancel_words",
        "years",
        "age for",
        "new_city",
        "signals",
        "alert expires",
        "account.name",
        "login.city",
        "lock account",
        "locked {",
        "sessions_ended",
        "security_desk",
        "login when",
        "days\n",
        "alice",
        "老王",
    ] {
        let offset = TALK.find(needle).expect(needle);
        let params = client.at("b_talk.rules", TALK, offset);
        client.note("textDocument/hover", params);
    }
    client.golden("hover");
    client.leave();
}

#[test]
fn definitions_references_and_renames_cross_files() {
    let mut client = opened();
    for needle in [
        "cancel_words",
        "new_city",
        "welcome with",
        "who\n",
        "age}",
        "小王",
        "账号",
    ] {
        let Some(offset) = TALK.find(needle) else {
            continue;
        };
        let params = client.at("b_talk.rules", TALK, offset);
        client.note("textDocument/definition", params.clone());
        let mut references = params.clone();
        references["context"] = json!({ "includeDeclaration": true });
        client.note("textDocument/references", references);
        client.note("textDocument/documentHighlight", params.clone());
        client.note("textDocument/prepareRename", params.clone());
        let mut rename = params;
        rename["newName"] = json!("新名字");
        client.note("textDocument/rename", rename);
    }
    let offset = TALK.find("who\n").expect("there");
    for bad in ["age", "when", "两 个", "9x", "", "login", "count"] {
        let mut rename = client.at("b_talk.rules", TALK, offset);
        rename["newName"] = json!(bad);
        let answer = client.note("textDocument/rename", rename);
        assert!(answer["error"]["message"].is_string(), "{bad}: {answer}");
    }
    let builtin = client.at(
        "b_talk.rules",
        TALK,
        TALK.find("login.city").expect("there"),
    );
    let answer = client.note("textDocument/prepareRename", builtin);
    assert!(answer["error"]["message"].is_string());
    client.golden("names");
    client.leave();
}

#[test]
fn a_rename_gives_rules_that_still_compile_and_mean_the_same() {
    let mut client = opened();
    let offset = TALK.find("who\n").expect("there");
    let mut rename = client.at("b_talk.rules", TALK, offset);
    rename["newName"] = json!("称呼");
    let answer = client.ask("textDocument/rename", rename);
    let edits = answer["result"]["changes"][client.uri("b_talk.rules")].clone();
    let mut text: Vec<String> = TALK.lines().map(str::to_owned).collect();
    let mut edits = edits.as_array().expect("edits").clone();
    edits.sort_by_key(|edit| {
        let start = &edit["range"]["start"];
        std::cmp::Reverse((start["line"].as_u64(), start["character"].as_u64()))
    });
    assert_eq!(edits.len(), 4, "capture, hand-over, and two holes");
    for edit in edits {
        let start = &edit["range"]["start"];
        let line =
            &mut text[usize::try_from(start["line"].as_u64().expect("line")).expect("small")];
        let units: Vec<u16> = line.encode_utf16().collect();
        let from = usize::try_from(start["character"].as_u64().expect("column")).expect("small");
        let to = from + "who".len();
        assert_eq!(String::from_utf16_lossy(&units[from..to]), "who");
        *line = String::from_utf16_lossy(&units[..from])
            + "称呼"
            + &String::from_utf16_lossy(&units[to..]);
    }
    let renamed = text.join("\n") + "\n";
    assert!(!renamed.contains("who"));
    client.open("b_talk.rules", &renamed);
    assert_eq!(errors(&client.diagnostics("b_talk.rules")), 0);
    client.leave();
}

#[test]
fn a_name_defined_twice_is_mended_by_a_rename() {
    let rules = |limit: u8, text: &str| {
        format!(
            "let limit = {limit}\non text \"{text}\" when now.hour > limit {{\n    reply \"晚\"\n}}\n"
        )
    };
    let (first, second) = (rules(18, "甲"), rules(20, "乙"));
    let mut client = Client::start(&[("a.rules", &first), ("b.rules", &second)]);
    client.open("a.rules", &first);
    client.open("b.rules", &second);
    assert_eq!(errors(&client.diagnostics("b.rules")), 1, "E0201");
    for place in ["limit =", "limit {"] {
        let mut rename = client.at("b.rules", &second, second.find(place).expect("there"));
        rename["newName"] = json!("late");
        let answer = client.ask("textDocument/rename", rename);
        let changes = answer["result"]["changes"].as_object().expect("changes");
        assert_eq!(changes.len(), 1, "the other file keeps its own: {answer}");
        let edits = &changes[&client.uri("b.rules")];
        assert_eq!(edits.as_array().map(Vec::len), Some(2), "{place}: {answer}");
    }
    // What is remembered in two rules is one thing.
    let twice = "on text \"甲\" {\n    remember nick = \"a\"\n    reply \"{nick}\"\n}\n\non text \"乙\" {\n    remember nick = \"b\"\n    reply \"{nick}\"\n}\n";
    client.open("c.rules", twice);
    let mut rename = client.at("c.rules", twice, twice.rfind("nick =").expect("there"));
    rename["newName"] = json!("called");
    let answer = client.ask("textDocument/rename", rename);
    let edits = &answer["result"]["changes"][client.uri("c.rules")];
    assert_eq!(edits.as_array().map(Vec::len), Some(4), "{answer}");
    client.leave();
}

#[test]
fn phone_code_and_ticket_keep_their_names() {
    let text =
        "on text with phone: mobile, code: digits(6) {\n    start binding with phone, code\n}\n";
    let mut client = Client::start(&[]);
    client.open("x.rules", text);
    let mut rename = client.at("x.rules", text, text.find("phone").expect("there"));
    rename["newName"] = json!("mobile_number");
    // Nothing takes it by its name so far.
    let answer = client.ask("textDocument/rename", rename.clone());
    assert!(answer["error"].is_null(), "{answer}");
    let dialog = "dialog binding expires 10 minutes {\n    ask phone: mobile \"?\"\n    ask code: digits(6) \"?\"\n    \
                  done {\n        bind {\n            bound { reply \"好\" }\n        }\n    }\n}\n";
    client.open("y.rules", dialog);
    let answer = client.ask("textDocument/rename", rename);
    assert!(
        answer["error"]["message"]
            .as_str()
            .is_some_and(|it| it.contains("bind")),
        "{answer}"
    );
    client.leave();
}
