//! The conversation with a client: from `initialize` to `exit`.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr as _;

use lsp_server::{Connection, ErrorCode, Message, Notification, Request, RequestId, Response};
use lsp_types::{
    CodeActionParams, CompletionParams, DidChangeTextDocumentParams, DidCloseTextDocumentParams,
    DidOpenTextDocumentParams, DocumentFormattingParams, DocumentSymbolParams, FoldingRangeParams,
    GotoDefinitionParams, HoverParams, ReferenceParams, RenameParams, SemanticTokensParams,
    TextDocumentPositionParams, Uri, WorkspaceSymbolParams,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::position::Lines;
use super::world::{MAX_DOCUMENT_BYTES, Registries, World};
use super::{completion, diagnostics, edits, folding, navigate, outline, tokens};
use crate::lang::diagnostics::Language;

/// Why the conversation ended badly.
#[derive(Debug, thiserror::Error)]
pub enum LspError {
    /// The client left without `shutdown` and `exit`.
    #[error("the client left without saying so")]
    Gone,
}

/// Why a request has no answer.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) code: ErrorCode,
    pub(super) message: String,
}

impl Refusal {
    /// The request asks for something that cannot be done, in words for the person at the editor.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self {
            code: ErrorCode::RequestFailed,
            message: message.into(),
        }
    }
}

/// Talks with one client until it says `exit`. `registries` gives the names a rule set is compiled
/// with; `language` is that of messages unless the client's `initializationOptions` have a `lang`.
pub fn serve(
    connection: &Connection,
    registries: Registries,
    language: Language,
) -> Result<(), LspError> {
    let mut server = Server {
        connection,
        world: World::new(registries),
        language,
        snippets: false,
        ready: false,
        stopped: false,
        dirty: false,
        published: BTreeSet::new(),
        told: BTreeSet::new(),
    };
    loop {
        let message = match connection.receiver.try_recv() {
            Ok(message) => message,
            Err(_) => {
                server.publish();
                match connection.receiver.recv() {
                    Ok(message) => message,
                    Err(_) => return Err(LspError::Gone),
                }
            }
        };
        match message {
            Message::Request(request) => server.request(request),
            Message::Notification(note) if note.method == "exit" => {
                return if server.stopped {
                    Ok(())
                } else {
                    Err(LspError::Gone)
                };
            }
            Message::Notification(note) => server.notification(note),
            // The server asks the client nothing.
            Message::Response(_) => {}
        }
    }
}

struct Server<'c> {
    connection: &'c Connection,
    world: World,
    language: Language,
    snippets: bool,
    ready: bool,
    stopped: bool,
    dirty: bool,
    /// Files that have diagnostics at the client.
    published: BTreeSet<String>,
    /// What the client has been told about folders.
    told: BTreeSet<String>,
}

impl Server<'_> {
    fn send(&self, message: impl Into<Message>) {
        // A client that is gone is noticed by the next receive.
        let _ = self.connection.sender.send(message.into());
    }

    fn notify(&self, method: &str, params: Value) {
        self.send(Notification::new(method.to_owned(), params));
    }

    fn request(&mut self, request: Request) {
        let Request { id, method, params } = request;
        let answer = if self.stopped {
            Err(Refusal {
                code: ErrorCode::InvalidRequest,
                message: "shut down".to_owned(),
            })
        } else if !self.ready && method != "initialize" {
            Err(Refusal {
                code: ErrorCode::ServerNotInitialized,
                message: "expected `initialize` first".to_owned(),
            })
        } else if self.ready && method == "initialize" {
            Err(Refusal {
                code: ErrorCode::InvalidRequest,
                message: "`initialize` is asked once".to_owned(),
            })
        } else {
            catch_unwind(AssertUnwindSafe(|| self.answer(&method, params))).unwrap_or_else(|_| {
                Err(Refusal {
                    code: ErrorCode::InternalError,
                    message: "the language server failed inside; please report this".to_owned(),
                })
            })
        };
        self.respond(id, answer);
    }

    fn respond(&self, id: RequestId, answer: Result<Value, Refusal>) {
        self.send(match answer {
            Ok(value) => Response::new_ok(id, value),
            Err(refusal) => Response::new_err(id, refusal.code as i32, refusal.message),
        });
    }

    fn answer(&mut self, method: &str, params: Value) -> Result<Value, Refusal> {
        match method {
            "initialize" => Ok(self.initialize(&params)),
            "shutdown" => {
                self.stopped = true;
                Ok(Value::Null)
            }
            "textDocument/completion" => {
                let params: CompletionParams = read(params)?;
                let (snippets, language) = (self.snippets, self.language);
                self.at(&params.text_document_position, |set, file, offset| {
                    Ok(json!(completion::at(set, file, offset, snippets, language)))
                })
            }
            "textDocument/hover" => {
                let params: HoverParams = read(params)?;
                let language = self.language;
                self.at(&params.text_document_position_params, |set, file, at| {
                    Ok(navigate::hover(set, file, at, language))
                })
            }
            "textDocument/definition" => {
                let params: GotoDefinitionParams = read(params)?;
                self.at(&params.text_document_position_params, |set, file, at| {
                    Ok(json!(navigate::definitions(set, file, at)))
                })
            }
            "textDocument/references" => {
                let params: ReferenceParams = read(params)?;
                let with_definition = params.context.include_declaration;
                self.at(&params.text_document_position, |set, file, at| {
                    Ok(json!(navigate::references(set, file, at, with_definition)))
                })
            }
            "textDocument/documentHighlight" => {
                let params: TextDocumentPositionParams = read(params)?;
                self.at(&params, |set, file, at| {
                    Ok(navigate::highlights(set, file, at))
                })
            }
            "textDocument/prepareRename" => {
                let params: TextDocumentPositionParams = read(params)?;
                self.at(&params, |set, file, at| {
                    navigate::prepare_rename(set, file, at)
                })
            }
            "textDocument/rename" => {
                let params: RenameParams = read(params)?;
                let name = params.new_name;
                self.at(&params.text_document_position, |set, file, at| {
                    navigate::rename(set, file, at, &name).map(|edit| json!(edit))
                })
            }
            "textDocument/formatting" => {
                let params: DocumentFormattingParams = read(params)?;
                self.format(&params.text_document.uri)
            }
            "textDocument/codeAction" => {
                let params: CodeActionParams = read(params)?;
                let language = self.language;
                let uri = &params.text_document.uri;
                let Some((set, file)) = self.world.set(uri) else {
                    return Ok(Value::Null);
                };
                Ok(json!(diagnostics::actions(&set, file, &params, language)))
            }
            "textDocument/documentSymbol" => {
                let params: DocumentSymbolParams = read(params)?;
                let found = self.world.set(&params.text_document.uri);
                Ok(found.map_or(Value::Null, |(set, file)| outline::of(&set, file)))
            }
            "textDocument/foldingRange" => {
                let params: FoldingRangeParams = read(params)?;
                let found = self.world.set(&params.text_document.uri);
                Ok(found.map_or(Value::Null, |(set, file)| {
                    let lines = set.lines.get(file.0 as usize);
                    lines.map_or(Value::Null, |lines| folding::of(set.text(file), lines))
                }))
            }
            "textDocument/semanticTokens/full" => {
                let params: SemanticTokensParams = read(params)?;
                let found = self.world.set(&params.text_document.uri);
                Ok(found.map_or(Value::Null, |(set, file)| tokens::of(&set, file)))
            }
            "workspace/symbol" => {
                let params: WorkspaceSymbolParams = read(params)?;
                Ok(outline::search(&self.world.sets(), &params.query))
            }
            _ => Err(Refusal {
                code: ErrorCode::MethodNotFound,
                message: format!("no method `{method}`"),
            }),
        }
    }

    /// Answers about a place of an open document; about others there is nothing to say.
    fn at(
        &mut self,
        place: &TextDocumentPositionParams,
        answer: impl FnOnce(
            &super::world::Set,
            crate::lang::span::FileId,
            usize,
        ) -> Result<Value, Refusal>,
    ) -> Result<Value, Refusal> {
        let Some((set, file)) = self.world.set(&place.text_document.uri) else {
            return Ok(Value::Null);
        };
        let text = set.text(file);
        let offset = set.lines.get(file.0 as usize);
        let offset = offset.map_or(0, |lines| lines.offset(text, place.position));
        answer(&set, file, offset)
    }

    fn format(&self, uri: &Uri) -> Result<Value, Refusal> {
        use crate::lang::format::{Refused, format};
        let Some(document) = self.world.document(uri) else {
            return Ok(Value::Null);
        };
        match format(&document.text) {
            Ok(formatted) => Ok(json!(edits::between(&document.text, &formatted))),
            // The mistakes are already underlined; the text stays.
            Err(Refused::Syntax(_)) => Ok(Value::Null),
            Err(refused @ Refused::Unsound) => Err(Refusal::invalid(refused.to_string())),
        }
    }

    fn initialize(&mut self, params: &Value) -> Value {
        self.ready = true;
        match params["initializationOptions"]["lang"].as_str() {
            Some("en") => self.language = Language::En,
            Some("zh") => self.language = Language::Zh,
            _ => {}
        }
        let item = &params["capabilities"]["textDocument"]["completion"]["completionItem"];
        self.snippets = item["snippetSupport"].as_bool().unwrap_or(false);
        json!({
            "capabilities": {
                "positionEncoding": "utf-16",
                "textDocumentSync": { "openClose": true, "change": 2, "save": true },
                "completionProvider": { "triggerCharacters": [".", "{", ":", "(", "\""] },
                "hoverProvider": true,
                "definitionProvider": true,
                "referencesProvider": true,
                "documentHighlightProvider": true,
                "renameProvider": { "prepareProvider": true },
                "documentFormattingProvider": true,
                "codeActionProvider": { "codeActionKinds": ["quickfix"] },
                "documentSymbolProvider": true,
                "foldingRangeProvider": true,
                "workspaceSymbolProvider": true,
                "semanticTokensProvider": { "legend": tokens::legend(), "full": true },
            },
            "serverInfo": { "name": "menshen", "version": env!("CARGO_PKG_VERSION") },
        })
    }

    fn notification(&mut self, note: Notification) {
        // Before `initialize` and after `shutdown` they are left out, as the protocol wants.
        if !self.ready || self.stopped {
            return;
        }
        match note.method.as_str() {
            "textDocument/didOpen" => {
                if let Ok(params) = read::<DidOpenTextDocumentParams>(note.params) {
                    let document = params.text_document;
                    self.world
                        .put(document.uri, document.text, document.version);
                    self.dirty = true;
                }
            }
            "textDocument/didChange" => {
                if let Ok(params) = read::<DidChangeTextDocumentParams>(note.params) {
                    self.change(params);
                    self.dirty = true;
                }
            }
            "textDocument/didClose" => {
                if let Ok(params) = read::<DidCloseTextDocumentParams>(note.params) {
                    self.world.remove(&params.text_document.uri);
                    self.dirty = true;
                }
            }
            "textDocument/didSave" | "workspace/didChangeWatchedFiles" => {
                self.world.forget();
                self.dirty = true;
            }
            _ => {}
        }
    }

    fn change(&mut self, params: DidChangeTextDocumentParams) {
        let uri = params.text_document.uri;
        let Some(document) = self.world.document(&uri) else {
            return;
        };
        let mut text = document.text.clone();
        for change in params.content_changes {
            match change.range {
                None => text = change.text,
                Some(range) => {
                    let lines = Lines::of(&text);
                    let start = lines.offset(&text, range.start);
                    let end = lines.offset(&text, range.end).max(start);
                    text.replace_range(start..end, &change.text);
                }
            }
            if text.len() > MAX_DOCUMENT_BYTES {
                // Too large to look at; what is known about it would be wrong from here on.
                self.world.remove(&uri);
                return;
            }
        }
        self.world.put(uri, text, params.text_document.version);
    }

    /// Sends the diagnostics of every rule set with an open document, and takes back old ones.
    fn publish(&mut self) {
        if !self.dirty || !self.ready || self.stopped {
            return;
        }
        self.dirty = false;
        let language = self.language;
        let found = catch_unwind(AssertUnwindSafe(|| {
            let mut found: Vec<(Uri, Value)> = Vec::new();
            let mut trouble = Vec::new();
            for set in self.world.sets() {
                found.extend(diagnostics::of(&set, language));
                trouble.extend(set.trouble.clone());
            }
            (found, trouble)
        }));
        let Ok((found, trouble)) = found else {
            return;
        };
        for message in trouble {
            if self.told.insert(message.clone()) {
                self.notify(
                    "window/logMessage",
                    json!({ "type": 2, "message": message }),
                );
            }
        }
        let mut now = BTreeSet::new();
        for (uri, list) in found {
            let some = list.as_array().is_some_and(|list| !list.is_empty());
            let version = self.world.document(&uri).map(|it| it.version);
            let key = uri.as_str().to_owned();
            let open = version.is_some();
            if some || open || self.published.contains(&key) {
                let mut params = json!({ "uri": uri, "diagnostics": list });
                if let Some(version) = version {
                    params["version"] = json!(version);
                }
                self.notify("textDocument/publishDiagnostics", params);
            }
            if some {
                now.insert(key);
            }
        }
        let gone: Vec<String> = self.published.difference(&now).cloned().collect();
        for key in gone {
            if let Ok(uri) = Uri::from_str(&key)
                && self.world.document(&uri).is_none()
            {
                let params = json!({ "uri": uri, "diagnostics": [] });
                self.notify("textDocument/publishDiagnostics", params);
            }
        }
        self.published = now;
    }
}

fn read<T: DeserializeOwned>(params: Value) -> Result<T, Refusal> {
    serde_json::from_value(params).map_err(|error| Refusal {
        code: ErrorCode::InvalidParams,
        message: error.to_string(),
    })
}
