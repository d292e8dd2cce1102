//! An editor's messages: a document, changes to it, and every question at any place. No answer may be
//! the server's own fault, and it always goes on.

use std::path::Path;

use lsp_server::{Connection, ErrorCode, Message, Notification, Request, RequestId};
use menshen::lang::diagnostics::Language;
use menshen::lsp::serve;
use serde_json::{Value, json};

use super::bytes::Bytes;

const QUESTIONS: [&str; 10] = [
    "textDocument/completion",
    "textDocument/hover",
    "textDocument/definition",
    "textDocument/references",
    "textDocument/rename",
    "textDocument/formatting",
    "textDocument/codeAction",
    "textDocument/documentSymbol",
    "textDocument/semanticTokens/full",
    "workspace/symbol",
];
const URI: &str = "untitled:a.rules";

/// First six bytes: which questions and where; the rest is the document.
pub fn run(data: &[u8]) {
    let mut bytes = Bytes(data);
    let picks: Vec<u8> = (0..6).map(|_| bytes.byte()).collect();
    let Ok(text) = std::str::from_utf8(bytes.0) else {
        return;
    };
    let (server, client) = Connection::memory();
    let thread = std::thread::spawn(move || {
        let registries = |_: Option<&Path>, _: &_| super::rules::registry();
        serve(&server, Box::new(registries), Language::Zh)
    });
    let mut conversation = Conversation { client, id: 0 };
    conversation.ask("initialize", json!({ "capabilities": {} }));
    conversation.tell("initialized", json!({}));
    conversation.tell(
        "textDocument/didOpen",
        json!({ "textDocument": { "uri": URI, "languageId": "menshen", "version": 1, "text": text } }),
    );
    for pair in picks.chunks(2) {
        let (which, place) = (usize::from(pair[0]), u32::from(pair[1]));
        let position =
            json!({ "line": place / 8, "character": (place % 8) * u32::from(pair[0] / 16) });
        let method = QUESTIONS[which % QUESTIONS.len()];
        let name = ["名字", "x", "1 x", ""][which % 4];
        let typed = ["\"", "}", "\n", "锁"][which % 4];
        conversation.ask(
            method,
            json!({
                "textDocument": { "uri": URI },
                "position": position,
                "range": { "start": position, "end": { "line": 9_999, "character": 0 } },
                "context": { "includeDeclaration": true, "diagnostics": [], "triggerKind": 1 },
                "newName": name,
                "options": { "tabSize": 4, "insertSpaces": true },
                "query": "",
            }),
        );
        conversation.tell(
            "textDocument/didChange",
            json!({
                "textDocument": { "uri": URI, "version": 2 },
                "contentChanges": [{ "range": { "start": position, "end": position }, "text": typed }],
            }),
        );
    }
    conversation.ask("shutdown", Value::Null);
    conversation.tell("exit", Value::Null);
    thread
        .join()
        .expect("the server does not panic")
        .expect("it left in order");
}

struct Conversation {
    client: Connection,
    id: i32,
}

impl Conversation {
    fn tell(&self, method: &str, params: Value) {
        let note = Notification::new(method.to_owned(), params);
        self.send(note.into());
    }

    /// Sends, and takes what the server says meanwhile.
    fn send(&self, message: Message) {
        self.client.sender.send(message).expect("it listens");
        while self.client.receiver.try_recv().is_ok() {}
    }

    fn ask(&mut self, method: &str, params: Value) {
        self.id += 1;
        let id = RequestId::from(self.id);
        let request = Request::new(id.clone(), method.to_owned(), params);
        self.client.sender.send(request.into()).expect("it listens");
        loop {
            let Message::Response(response) = self.client.receiver.recv().expect("it answers")
            else {
                continue;
            };
            if response.id != id {
                continue;
            }
            if let Err(error) = response.response_result {
                assert_ne!(
                    error.code,
                    ErrorCode::InternalError as i32,
                    "{method}: {}",
                    error.message
                );
                assert_ne!(
                    error.code,
                    ErrorCode::InvalidParams as i32,
                    "{method}: {}",
                    error.message
                );
            }
            return;
        }
    }
}

pub fn seeds() -> Vec<Vec<u8>> {
    super::rules::seeds()
        .into_iter()
        .filter(|text| text.len() < 4_096)
        .enumerate()
        .map(|(at, text)| {
            let picks: Vec<u8> = (0..6).map(|n| ((at * 7 + n * 31) % 256) as u8).collect();
            [picks, text].concat()
        })
        .collect()
}
