//! Diagnostics, folding, formatting, outlines and colours of whole files.

use serde_json::json;

use crate::client::{BASE, Client, TALK, errors, opened, position};

#[test]
fn line_breaks_of_windows_are_not_shown_and_files_fold() {
    let text = BASE.to_owned() + TALK;
    let windows = text.replace('\n', "\r\n");
    let mut client = Client::start(&[]);
    client.open("w.rules", &windows);
    let params = client.at(
        "w.rules",
        &windows,
        windows.find("welcome with").expect("there"),
    );
    let hover = client.ask("textDocument/hover", params);
    let shown = hover["result"]["contents"]["value"].as_str().expect("text");
    assert!(
        shown.contains("ask age") && !shown.contains('\r'),
        "{shown:?}"
    );
    client.open("u.rules", &text);
    let mut folds = ["w.rules", "u.rules"].map(|name| {
        let document = json!({ "textDocument": { "uri": client.uri(name) } });
        client.ask("textDocument/foldingRange", document)["result"].take()
    });
    assert_eq!(folds[0], folds[1]);
    let dialog = text[..text.find("dialog welcome").expect("there")]
        .matches('\n')
        .count();
    let folds = folds[0].as_array_mut().expect("folds");
    assert!(
        folds.iter().any(|fold| fold["startLine"] == dialog),
        "{folds:?}"
    );
    client.leave();
}

#[test]
fn diagnostics_follow_the_typing_and_the_whole_folder() {
    let mut client = opened();
    assert_eq!(errors(&client.diagnostics("b_talk.rules")), 0);
    // `new_city` goes from the other file: the file that uses it is wrong now.
    client.open("a_base.rules", &BASE.replace("new_city", "new_town"));
    let found = client.diagnostics("b_talk.rules");
    assert_eq!(errors(&found), 1, "{found}");
    assert_eq!(found[0]["code"], "E0602", "{found}");
    // One change in the middle of a line with an emoji before it.
    let at = BASE.find("weight").expect("there");
    let start = position(BASE, at);
    let end = position(BASE, at + "weight".len());
    let change = json!({ "range": { "start": start, "end": end }, "text": "wieght" });
    client.open("a_base.rules", BASE);
    let document = json!({ "uri": client.uri("a_base.rules"), "version": 2 });
    client.tell(
        "textDocument/didChange",
        json!({ "textDocument": document, "contentChanges": [change] }),
    );
    let found = loop {
        let found = client.diagnostics("a_base.rules");
        if found != json!([]) {
            break found;
        }
    };
    assert_eq!(
        found[0]["range"]["start"]["character"], 25,
        "the emoji is two"
    );
    let range = found[0]["range"].clone();
    let params = json!({ "textDocument": { "uri": client.uri("a_base.rules") }, "range": range, "context": { "diagnostics": [] } });
    let answer = client.ask("textDocument/codeAction", params);
    let edit = &answer["result"][0]["edit"]["changes"][client.uri("a_base.rules")][0];
    assert_eq!(edit["newText"], "weight", "{answer}");
    // Closing the file brings back what is on disk.
    client.tell(
        "textDocument/didClose",
        json!({ "textDocument": { "uri": client.uri("a_base.rules") } }),
    );
    assert_eq!(client.diagnostics("a_base.rules"), json!([]));
    client.leave();
}

#[test]
fn formatting_outline_and_semantic_tokens() {
    let mut client = opened();
    let uri = client.uri("b_talk.rules");
    let text_document = json!({ "uri": uri });
    let options = json!({ "tabSize": 4, "insertSpaces": true });
    client.note(
        "textDocument/formatting",
        json!({ "textDocument": text_document, "options": options }),
    );
    client.note(
        "textDocument/documentSymbol",
        json!({ "textDocument": text_document }),
    );
    client.note("workspace/symbol", json!({ "query": "CITY" }));
    client.note(
        "textDocument/semanticTokens/full",
        json!({ "textDocument": text_document }),
    );
    let broken = "on any {\n  reply “x\n";
    client.open("broken.rules", broken);
    let document = json!({ "uri": client.uri("broken.rules") });
    let answer = client.note(
        "textDocument/formatting",
        json!({ "textDocument": document, "options": options }),
    );
    assert_eq!(
        answer,
        json!({ "result": null }),
        "a broken file is left alone"
    );
    client.golden("whole_files");
    client.leave();
}
