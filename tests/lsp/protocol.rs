//! The protocol itself, and texts that mean harm.

use std::path::Path;
use std::sync::{Arc, Mutex};

use menshen::lang::builtins::Registry;
use menshen::lang::diagnostics::Language;
use menshen::lsp::{LspError, connect, serve};
use serde_json::{Value, json};

use crate::client::{BASE, Client, TALK, opened};

#[test]
fn requests_out_of_order_are_answered_with_errors() {
    let mut client = opened();
    let answer = client.ask("textDocument/hover", json!({ "nonsense": true }));
    assert_eq!(answer["error"]["code"], -32602);
    let answer = client.ask("no/such", Value::Null);
    assert_eq!(answer["error"]["code"], -32601);
    let unknown = json!({ "textDocument": { "uri": "file:///nowhere.rules" }, "position": { "line": 0, "character": 0 } });
    assert_eq!(
        client.ask("textDocument/hover", unknown),
        json!({ "result": null })
    );
    // A document that was never saved is a rule set of its own.
    let document = json!({ "uri": "untitled:Untitled-1", "languageId": "menshen", "version": 1, "text": "let a = \n" });
    client.tell("textDocument/didOpen", json!({ "textDocument": document }));
    let symbols = client.ask(
        "textDocument/documentSymbol",
        json!({ "textDocument": { "uri": "untitled:Untitled-1" } }),
    );
    assert!(symbols["result"].is_array(), "{symbols}");
    client.leave();
}

/// What a client sends as bytes, and what comes back until the server has ended.
fn bytes(frames: &[&str]) -> (Vec<Value>, Result<(), LspError>) {
    #[derive(Clone, Default)]
    struct Output(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Output {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("one writer").write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let input: String = frames
        .iter()
        .map(|body| match body.strip_prefix("raw:") {
            Some(raw) => raw.to_owned(),
            None => format!("Content-Length: {}\r\n\r\n{body}", body.len()),
        })
        .collect();
    let output = Output::default();
    let input = std::io::Cursor::new(input.into_bytes());
    let (connection, streams) = connect(input, output.clone());
    let registries = |_: Option<&Path>, _: &_| Registry::standard();
    let ended = serve(&connection, Box::new(registries), Language::Zh);
    drop(connection);
    streams.join().expect("written");
    let written = output.0.lock().expect("one writer").clone();
    let text = String::from_utf8(written).expect("UTF-8");
    let bodies = text.split("Content-Length: ").skip(1).map(|frame| {
        let (length, body) = frame.split_once("\r\n\r\n").expect("a header");
        assert_eq!(length.parse(), Ok(body.len()), "{frame}");
        serde_json::from_str(body).expect("JSON")
    });
    (bodies.collect(), ended)
}

/// Errors are told by where the conversation stands, and none of them ends it.
#[test]
fn errors_of_the_protocol_have_their_codes_and_the_conversation_goes_on() {
    let (answers, ended) = bytes(&[
        r#"{"jsonrpc":"2.0","id":1,"method":"textDocument/hover","params":{}}"#,
        r#"{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"untitled:a","languageId":"menshen","version":1,"text":"let a = "}}}"#,
        r#"{"jsonrpc":"2.0","id":2,"method":"initialize","params":{"capabilities":{}}}"#,
        r#"{"jsonrpc":"2.0","id":3,"method":"initialize","params":{"capabilities":{}}}"#,
        "{not json",
        "",
        r#"[{"jsonrpc":"2.0","id":9,"method":"shutdown"}]"#,
        r#"{"jsonrpc":"2.0","id":4}"#,
        r#"{"jsonrpc":"2.0","id":"five","method":7}"#,
        "raw:X-Something: 1\r\n\r\n",
        "raw:content-length:2\r\nContent-Type: x\r\n\r\n{}",
        r#"{"jsonrpc":"2.0","id":6,"method":"no/such"}"#,
        r#"{"jsonrpc":"2.0","method":"$/nothing"}"#,
        r#"{"jsonrpc":"2.0","id":7,"method":"textDocument/hover","params":[1]}"#,
        r#"{"jsonrpc":"2.0","id":8,"method":"shutdown"}"#,
        r#"{"jsonrpc":"2.0","id":9,"method":"workspace/symbol","params":{"query":""}}"#,
        r#"{"jsonrpc":"2.0","method":"exit"}"#,
    ]);
    assert!(ended.is_ok(), "{ended:?}");
    let mut codes: Vec<(String, i64)> = answers
        .iter()
        .filter(|answer| !answer["error"].is_null())
        .map(|answer| {
            let code = answer["error"]["code"].as_i64().expect("a code");
            (answer["id"].to_string(), code)
        })
        .collect();
    // Complaints about bytes are written by who reads them, beside the answers.
    codes.sort();
    let expected = [
        ("\"five\"", -32600),
        ("1", -32002),
        ("3", -32600),
        ("4", -32600),
        ("6", -32601),
        ("7", -32602),
        ("9", -32600),
        ("null", -32700),
        ("null", -32700),
        ("null", -32700),
        ("null", -32600),
        ("null", -32600),
    ];
    let expected = expected.map(|(id, code)| (id.to_owned(), code));
    assert_eq!(codes, expected, "{answers:#?}");
    let good = |id: i64| {
        answers
            .iter()
            .any(|answer| answer["id"] == id && answer["error"].is_null())
    };
    assert!(good(2) && good(8), "{answers:#?}");
    // What was opened before `initialize` was left out.
    let published = |answer: &&Value| answer["method"] == "textDocument/publishDiagnostics";
    assert_eq!(answers.iter().find(published), None);
}

#[test]
fn a_client_that_leaves_in_the_middle_of_a_message_is_gone() {
    for frames in [
        &["raw:Content-Length: 50\r\n\r\n{\"jsonrpc\""] as &[&str],
        &["raw:Content-Len"],
        &[],
    ] {
        let (answers, ended) = bytes(frames);
        assert!(matches!(ended, Err(LspError::Gone)), "{frames:?}");
        assert!(answers.is_empty(), "{answers:?}");
    }
}

/// Every request at many places of texts that are cut off, turned inside out or no rules at all.
#[test]
fn hostile_texts_are_answered() {
    let mut client = Client::start(&[("lists/office.txt", "10.0.0.0/8\n")]);
    let mut texts: Vec<String> = vec![
        "\u{FEFF}\u{0}\u{202E}😀\r\r\n\u{2028}{{{\"\"\"".to_owned(),
        "(".repeat(5_000),
        "on text \"{a: {b: {".repeat(50),
        "not ".repeat(2_000),
        "\"\"\"\n".repeat(300),
        format!("on any {{\n    reply \"{}\"\n}}\n", "字😀".repeat(3_000)),
    ];
    let whole = BASE.to_owned() + TALK;
    let mut cut = 7;
    while cut < whole.len() {
        if whole.is_char_boundary(cut) {
            texts.push(whole[..cut].to_owned());
            texts.push(whole[cut..].chars().rev().collect());
        }
        cut += 211;
    }
    for text in &texts {
        client.open("x.rules", text);
        let document = json!({ "uri": client.uri("x.rules") });
        let range = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 9_999, "character": 9_999 } });
        let mut asked = vec![
            (
                "textDocument/documentSymbol",
                json!({ "textDocument": document }),
            ),
            (
                "textDocument/semanticTokens/full",
                json!({ "textDocument": document }),
            ),
            (
                "textDocument/foldingRange",
                json!({ "textDocument": document }),
            ),
            (
                "textDocument/formatting",
                json!({ "textDocument": document, "options": { "tabSize": 4, "insertSpaces": true } }),
            ),
            (
                "textDocument/codeAction",
                json!({ "textDocument": document, "range": range, "context": { "diagnostics": [] } }),
            ),
            ("workspace/symbol", json!({ "query": "" })),
        ];
        for (line, character) in [
            (0, 0),
            (0, 9),
            (1, 4),
            (2, 17),
            (5, 3),
            (u32::MAX, u32::MAX),
            (text.matches('\n').count() as u32, 2),
        ] {
            let at = json!({ "textDocument": document, "position": { "line": line, "character": character } });
            let mut rename = at.clone();
            rename["newName"] = json!("x\u{0}y");
            let mut references = at.clone();
            references["context"] = json!({ "includeDeclaration": false });
            asked.push(("textDocument/completion", at.clone()));
            asked.push(("textDocument/hover", at.clone()));
            asked.push(("textDocument/definition", at));
            asked.push(("textDocument/references", references));
            asked.push(("textDocument/rename", rename));
        }
        for (method, params) in asked {
            let answer = client.ask(method, params);
            assert_ne!(
                answer["error"]["code"], -32603,
                "{method} failed inside on {text:?}"
            );
        }
    }
    client.leave();
}
