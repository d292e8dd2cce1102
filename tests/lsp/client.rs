//! A client of the language server: its conversation, and what is kept of it.
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use lsp_server::{Connection, Message, Notification, Request, RequestId};
use menshen::lang::builtins::{CallSpec, Registry};
use menshen::lang::diagnostics::Language;
use menshen::lsp::{LspError, serve};
use serde_json::{Value, json};

/// Where the rule files are in the client's folder: above a set's folder there must be none, and what others
/// leave in the system's temporary folder is theirs.
pub(crate) const BELOW: &str = "rules";

/// A client with a folder of rule files.
pub(crate) struct Client {
    pub(crate) connection: Option<Connection>,
    pub(crate) server: Option<JoinHandle<Result<(), LspError>>>,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) last_id: i32,
    pub(crate) transcript: Vec<Value>,
}

impl Client {
    pub(crate) fn start(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let path = folder.path().join(BELOW).join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("created");
            fs::write(path, text).expect("written");
        }
        let (server, client) = Connection::memory();
        let server = std::thread::spawn(move || {
            let registries = |_: Option<&Path>, _: &_| {
                let mut registry = Registry::standard();
                let desk = registry.register_call(CallSpec::webhook("security_desk"));
                desk.expect("a new name");
                registry
            };
            serve(&server, Box::new(registries), Language::Zh)
        });
        let mut client = Self {
            connection: Some(client),
            server: Some(server),
            folder,
            last_id: 0,
            transcript: Vec::new(),
        };
        let capabilities = json!({ "textDocument": { "completion": { "completionItem": { "snippetSupport": true } } } });
        let answer = client.ask("initialize", json!({ "capabilities": capabilities }));
        assert_eq!(
            answer["result"]["capabilities"]["positionEncoding"],
            "utf-16"
        );
        client.tell("initialized", json!({}));
        client
    }

    pub(crate) fn connection(&self) -> &Connection {
        self.connection.as_ref().expect("not left yet")
    }

    pub(crate) fn uri(&self, name: &str) -> String {
        url::Url::from_file_path(self.folder.path().join(BELOW).join(name))
            .expect("an absolute path")
            .to_string()
    }

    pub(crate) fn tell(&self, method: &str, params: Value) {
        let note = Notification::new(method.to_owned(), params);
        self.connection()
            .sender
            .send(note.into())
            .expect("it listens");
    }

    /// Sends a request and waits for its answer; what else comes is left out.
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let id = RequestId::from(self.last_id);
        let request = Request::new(id.clone(), method.to_owned(), params);
        self.connection()
            .sender
            .send(request.into())
            .expect("it listens");
        loop {
            match self.connection().receiver.recv().expect("it answers") {
                Message::Response(response) if response.id == id => {
                    return match response.response_result {
                        Ok(result) => json!({ "result": result }),
                        Err(error) => {
                            json!({ "error": { "code": error.code, "message": error.message } })
                        }
                    };
                }
                _ => {}
            }
        }
    }

    pub(crate) fn open(&self, name: &str, text: &str) {
        let document =
            json!({ "uri": self.uri(name), "languageId": "menshen", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
    }

    /// The diagnostics of files, when they next come; the last for each.
    pub(crate) fn diagnostics(&self, name: &str) -> Value {
        let uri = self.uri(name);
        loop {
            match self.connection().receiver.recv().expect("it publishes") {
                Message::Notification(note)
                    if note.method == "textDocument/publishDiagnostics"
                        && note.params["uri"] == uri.as_str() =>
                {
                    return note.params["diagnostics"].clone();
                }
                _ => {}
            }
        }
    }

    pub(crate) fn at(&self, name: &str, text: &str, offset: usize) -> Value {
        json!({ "textDocument": { "uri": self.uri(name) }, "position": position(text, offset) })
    }

    /// Asks about a place and keeps request and answer for the golden file.
    pub(crate) fn note(&mut self, method: &str, params: Value) -> Value {
        let answer = self.ask(method, params.clone());
        let shown = if method == "textDocument/completion" {
            brief(&answer)
        } else {
            answer.clone()
        };
        self.keep(json!({ "request": method, "params": params, "answer": shown }));
        answer
    }

    pub(crate) fn keep(&mut self, entry: Value) {
        let base = self.uri("");
        let text = entry.to_string().replace(&base, "file:///rules/");
        let mut entry: Value = serde_json::from_str(&text).expect("JSON");
        // The files of a change come in no order.
        entry.sort_all_objects();
        self.transcript.push(entry);
    }

    /// Compares what was kept with the golden file.
    pub(crate) fn golden(&self, name: &str) {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("tests/golden/lsp")
            .join(format!("{name}.json"));
        let now = serde_json::to_string_pretty(&self.transcript).expect("JSON") + "\n";
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&path, &now).expect("written");
        }
        let then = fs::read_to_string(&path).unwrap_or_default();
        let changed = now.lines().zip(then.lines()).find(|(a, b)| a != b);
        assert!(now == then, "{}: {changed:?}", path.display());
    }

    pub(crate) fn leave(mut self) {
        assert_eq!(self.ask("shutdown", Value::Null), json!({ "result": null }));
        self.tell("exit", Value::Null);
        let server = self.server.take().expect("running");
        server.join().expect("no panic").expect("a good end");
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // The server ends when nobody talks to it any more.
        self.connection = None;
        if let Some(server) = self.server.take() {
            let _ = server.join();
        }
    }
}

/// How many of these diagnostics keep the rules from loading.
pub(crate) fn errors(list: &Value) -> usize {
    let all = list.as_array().into_iter().flatten();
    all.filter(|found| found["severity"] == 1).count()
}

/// Labels and kinds; the documentation is the registry's and is looked at elsewhere.
pub(crate) fn brief(answer: &Value) -> Value {
    let items = answer["result"].as_array().cloned().unwrap_or_default();
    let shown: Vec<Value> = items
        .iter()
        .map(|item| {
            json!(format!(
                "{} ({})",
                item["label"].as_str().unwrap_or_default(),
                item["kind"]
            ))
        })
        .collect();
    json!(shown)
}

/// Line and UTF-16 column of a byte, counted here a second time.
pub(crate) fn position(text: &str, offset: usize) -> Value {
    let before = &text[..offset];
    let line = before.matches('\n').count();
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let units: usize = before[start..].chars().map(char::len_utf16).sum();
    json!({ "line": line, "character": units })
}

/// The text without its mark `⁞`, and where the mark stood.
pub(crate) fn marked(text: &str) -> (String, usize) {
    let offset = text.find('⁞').expect("a mark");
    (text.replacen('⁞', "", 1), offset)
}

pub(crate) const BASE: &str = "# 取消用的词\nlist cancel_words = [\"取消\", \"退出\"]\n\nlet usual = 90 days\n\n# 从没见过的城市\nsignal new_city \"异地登录😀\" weight 40 {\n    when new(login.city, within: usual)\n}\n";
pub(crate) const TALK: &str = "on text \"😀绑定{who: word}\" {\n    start welcome with who\n}\n\ndialog welcome expires 10 minutes {\n    ask age: number \"您好，{who}，您多大？\"\n    cancel on cancel_words { reply \"好的。\" }\n    give up { reply \"算了。\" }\n    done {\n        remember years = age for 30 days\n        reply \"{who} {age} 岁。\"\n    }\n}\n\non login when \"new_city\" in signals {\n    alert expires 24 hours {\n        message \"{account.name} 在 {login.city} 登录，不是您请回复“锁定”。\"\n    }\n}\n\non text \"锁定\" when alert.open even in dialog {\n    lock account {\n        locked { reply \"已下线 {sessions_ended} 个会话。\" }\n        already_locked { reply \"早锁了。\" }\n    }\n}\n\non undeliverable alert { call security_desk with alert }\n\ntest \"故事\" {\n    account alice phone \"13800138000\"\n    wechat 小王 sends \"😀绑定老王\"\n    expect reply ~ \"老王\"\n    expect in dialog welcome\n}\n";

pub(crate) fn opened() -> Client {
    let client = Client::start(&[("a_base.rules", BASE), ("b_talk.rules", TALK)]);
    client.open("b_talk.rules", TALK);
    client
}
