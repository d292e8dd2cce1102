//! The language server as a client sees it: whole conversations over a connection in memory, kept
//! word for word in `tests/golden/lsp/*.json`. `UPDATE_GOLDEN=1 cargo test --test lsp` writes them
//! anew; read the difference before you commit it.
#![cfg(feature = "lsp")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use lsp_server::{Connection, Message, Notification, Request, RequestId};
use menshen::lang::builtins::{CallSpec, Registry};
use menshen::lang::diagnostics::Language;
use menshen::lsp::{LspError, connect, serve};
use serde_json::{Value, json};

/// Where the rule files are in the client's folder: above a set's folder there must be none, and what others
/// leave in the system's temporary folder is theirs.
const BELOW: &str = "rules";

/// A client with a folder of rule files.
struct Client {
    connection: Option<Connection>,
    server: Option<JoinHandle<Result<(), LspError>>>,
    folder: tempfile::TempDir,
    last_id: i32,
    transcript: Vec<Value>,
}

impl Client {
    fn start(files: &[(&str, &str)]) -> Self {
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

    fn connection(&self) -> &Connection {
        self.connection.as_ref().expect("not left yet")
    }

    fn uri(&self, name: &str) -> String {
        url::Url::from_file_path(self.folder.path().join(BELOW).join(name))
            .expect("an absolute path")
            .to_string()
    }

    fn tell(&self, method: &str, params: Value) {
        let note = Notification::new(method.to_owned(), params);
        self.connection()
            .sender
            .send(note.into())
            .expect("it listens");
    }

    /// Sends a request and waits for its answer; what else comes is left out.
    fn ask(&mut self, method: &str, params: Value) -> Value {
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

    fn open(&self, name: &str, text: &str) {
        let document =
            json!({ "uri": self.uri(name), "languageId": "menshen", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
    }

    /// The diagnostics of files, when they next come; the last for each.
    fn diagnostics(&self, name: &str) -> Value {
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

    fn at(&self, name: &str, text: &str, offset: usize) -> Value {
        json!({ "textDocument": { "uri": self.uri(name) }, "position": position(text, offset) })
    }

    /// Asks about a place and keeps request and answer for the golden file.
    fn note(&mut self, method: &str, params: Value) -> Value {
        let answer = self.ask(method, params.clone());
        let shown = if method == "textDocument/completion" {
            brief(&answer)
        } else {
            answer.clone()
        };
        self.keep(json!({ "request": method, "params": params, "answer": shown }));
        answer
    }

    fn keep(&mut self, entry: Value) {
        let base = self.uri("");
        let text = entry.to_string().replace(&base, "file:///rules/");
        let mut entry: Value = serde_json::from_str(&text).expect("JSON");
        // The files of a change come in no order.
        entry.sort_all_objects();
        self.transcript.push(entry);
    }

    /// Compares what was kept with the golden file.
    fn golden(&self, name: &str) {
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

    fn leave(mut self) {
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
fn errors(list: &Value) -> usize {
    let all = list.as_array().into_iter().flatten();
    all.filter(|found| found["severity"] == 1).count()
}

/// Labels and kinds; the documentation is the registry's and is looked at elsewhere.
fn brief(answer: &Value) -> Value {
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
fn position(text: &str, offset: usize) -> Value {
    let before = &text[..offset];
    let line = before.matches('\n').count();
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let units: usize = before[start..].chars().map(char::len_utf16).sum();
    json!({ "line": line, "character": units })
}

/// The text without its mark `⁞`, and where the mark stood.
fn marked(text: &str) -> (String, usize) {
    let offset = text.find('⁞').expect("a mark");
    (text.replacen('⁞', "", 1), offset)
}

const BASE: &str = "# 取消用的词\nlist cancel_words = [\"取消\", \"退出\"]\n\nlet usual = 90 days\n\n# 从没见过的城市\nsignal new_city \"异地登录😀\" weight 40 {\n    when new(login.city, within: usual)\n}\n";
const TALK: &str = "on text \"😀绑定{who: word}\" {\n    start welcome with who\n}\n\ndialog welcome expires 10 minutes {\n    ask age: number \"您好，{who}，您多大？\"\n    cancel on cancel_words { reply \"好的。\" }\n    give up { reply \"算了。\" }\n    done {\n        remember years = age for 30 days\n        reply \"{who} {age} 岁。\"\n    }\n}\n\non login when \"new_city\" in signals {\n    alert expires 24 hours {\n        message \"{account.name} 在 {login.city} 登录，不是您请回复“锁定”。\"\n    }\n}\n\non text \"锁定\" when alert.open even in dialog {\n    lock account {\n        locked { reply \"已下线 {sessions_ended} 个会话。\" }\n        already_locked { reply \"早锁了。\" }\n    }\n}\n\non undeliverable alert { call security_desk with alert }\n\ntest \"故事\" {\n    account alice phone \"13800138000\"\n    wechat 小王 sends \"😀绑定老王\"\n    expect reply ~ \"老王\"\n    expect in dialog welcome\n}\n";

fn opened() -> Client {
    let client = Client::start(&[("a_base.rules", BASE), ("b_talk.rules", TALK)]);
    client.open("b_talk.rules", TALK);
    client
}

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
fn phone_code_and_ticket_keep_their_names() {
    let text =
        "on text with phone: mobile, code: digits(6) {\n    start binding with phone, code\n}\n";
    let mut client = Client::start(&[]);
    client.open("x.rules", text);
    let mut rename = client.at("x.rules", text, text.find("phone").expect("there"));
    rename["newName"] = json!("number");
    let answer = client.ask("textDocument/rename", rename);
    assert!(
        answer["error"]["message"]
            .as_str()
            .is_some_and(|it| it.contains("bind")),
        "{answer}"
    );
    client.leave();
}

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
    assert_eq!(found[1]["code"], "E0602", "{found}");
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
