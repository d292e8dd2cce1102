//! Both ends of the socket over a real store in memory.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::*;
use crate::bot::api::RulesStatus;
use crate::env::Env;

struct NoRules;

impl Rules for NoRules {
    fn status(&self) -> RulesStatus {
        RulesStatus {
            generation: 7,
            hash: "00".to_owned(),
            loaded_at: "2026-01-05T09:00:00Z".to_owned(),
            stale: false,
            stale_since: None,
            last_error: None,
        }
    }

    fn reload(&self) -> BoxFuture<'static, Result<RulesStatus, String>> {
        Box::pin(std::future::ready(Err("E0101".to_owned())))
    }

    fn rollback(&self, generation: u64) -> BoxFuture<'static, Result<RulesStatus, String>> {
        Box::pin(std::future::ready(Err(format!("no {generation}"))))
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime")
}

fn start(directory: &Path, runtime: &tokio::runtime::Runtime) -> ControlServer {
    let store = crate::store::memory(Env::scripted(1_767_603_600_000, 1).0);
    let live = Live {
        rules: Box::new(NoRules),
    };
    ControlServer::start(directory, store, live, runtime.handle().clone()).expect("it listens")
}

fn call(directory: &Path, request: &Request) -> Result<(Value, String), String> {
    let client = connect(directory)
        .expect("it can be reached")
        .expect("a server runs");
    let mut lines = Vec::new();
    match client.call(request, &mut lines) {
        Ok(value) => Ok((value, String::from_utf8(lines).expect("text"))),
        Err(crate::cli::failure::Failure::Failed(error)) => Err(error.to_string()),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn keys_are_made_listed_and_revoked_on_a_running_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = runtime();
    let _server = start(folder.path(), &runtime);
    let add = Request::KeysAdd {
        name: "erp".to_owned(),
        scopes: vec!["login".to_owned(), "codes".to_owned()],
    };
    let (added, _) = call(folder.path(), &add).expect("added");
    let text = added["key"].as_str().expect("a key");
    assert!(text.starts_with("msk_"));
    let again = call(folder.path(), &add).expect_err("the name is taken");
    assert!(again.contains("erp"), "{again}");
    let (list, _) = call(folder.path(), &Request::KeysList).expect("listed");
    assert_eq!(list[0]["scopes"], json!(["codes", "login"]));
    assert!(!list.to_string().contains(text));
    let revoke = Request::KeysRevoke {
        key: "erp".to_owned(),
    };
    call(folder.path(), &revoke).expect("revoked");
    let gone = call(folder.path(), &revoke).expect_err("it is revoked already");
    assert!(gone.contains("erp"), "{gone}");
}

#[test]
fn an_unknown_scope_is_answered_with_those_there_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = runtime();
    let _server = start(folder.path(), &runtime);
    let add = Request::KeysAdd {
        name: "erp".to_owned(),
        scopes: vec!["everything".to_owned()],
    };
    let error = call(folder.path(), &add).expect_err("no such scope");
    assert!(
        error.contains("everything") && error.contains("unlock"),
        "{error}"
    );
}

#[test]
fn an_export_comes_as_lines_before_the_answer() {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = runtime();
    let _server = start(folder.path(), &runtime);
    call(
        folder.path(),
        &Request::KeysAdd {
            name: "erp".to_owned(),
            scopes: vec!["login".to_owned()],
        },
    )
    .expect("added");
    let (report, lines) = call(folder.path(), &Request::Export).expect("exported");
    assert_eq!(report["records"]["api_key"], json!(1), "{report}");
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert!(
        lines
            .first()
            .is_some_and(|first| first["menshen_export"].is_u64())
    );
    assert!(lines.last().is_some_and(|last| last["end"].is_object()));
}

#[test]
fn the_rules_are_seen_and_reloaded() {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = runtime();
    let _server = start(folder.path(), &runtime);
    let (status, _) = call(folder.path(), &Request::Status).expect("its status");
    assert_eq!(status["rules"]["generation"], json!(7));
    assert_eq!(status["store"]["engine"], json!("memory"));
    assert_eq!(
        call(folder.path(), &Request::Reload),
        Err("E0101".to_owned())
    );
}

#[test]
fn the_socket_is_its_owners_and_goes_with_the_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = runtime();
    let path = folder.path().join(SOCKET_NAME);
    let mut server = start(folder.path(), &runtime);
    let mode = std::fs::metadata(&path).expect("it is there").permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    server.stop();
    assert!(!path.exists());
    assert!(connect(folder.path()).expect("no error").is_none());
}

#[test]
fn a_socket_left_by_a_killed_server_is_no_server_and_is_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = runtime();
    drop(std::os::unix::net::UnixListener::bind(folder.path().join(SOCKET_NAME)).expect("bound"));
    assert!(connect(folder.path()).expect("no error").is_none());
    let _server = start(folder.path(), &runtime);
    call(folder.path(), &Request::Status).expect("it answers");
}

#[test]
fn a_directory_with_a_long_path_has_a_socket_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let deep = folder.path().join("d".repeat(120));
    std::fs::create_dir(&deep).expect("made");
    let runtime = runtime();
    let _server = start(&deep, &runtime);
    call(&deep, &Request::Status).expect("it answers");
}

#[test]
fn an_unknown_request_is_refused_with_a_reason() {
    use std::io::{Read as _, Write as _};
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = runtime();
    let _server = start(folder.path(), &runtime);
    let mut stream = socket::connect(folder.path())
        .expect("no error")
        .expect("a server");
    stream.write_all(b"{\"do\":\"dance\"}\n").expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    assert!(answer.starts_with("{\"control\":{\"failed\":"), "{answer}");
}

#[test]
fn a_stretch_is_recorded_on_a_running_server_or_it_says_why_not() {
    let directory = tempfile::tempdir().expect("a directory");
    let runtime = runtime();
    let _server = start(directory.path(), &runtime);
    let request = |account: Option<&str>, openid: Option<&str>, english: bool| Request::Record {
        account: account.map(str::to_owned),
        openid: openid.map(str::to_owned),
        from: Millis::MIN,
        to: Millis::MAX,
        real_addresses: false,
        english,
    };
    for (english, unknown, never) in [
        (true, "there is no such account", "never bound"),
        (false, "没有这个账号", "从来没有绑定过"),
    ] {
        let said = call(directory.path(), &request(Some("alice"), None, english));
        assert_eq!(said.unwrap_err(), unknown);
        let said = call(
            directory.path(),
            &request(None, Some("o-stranger"), english),
        );
        assert!(said.unwrap_err().contains(never));
    }
}

#[test]
fn a_server_that_hangs_up_is_a_failure_whatever_was_asked() {
    use std::io::{Read as _, Write as _};

    let folder = tempfile::tempdir().expect("a folder");
    let listener = std::os::unix::net::UnixListener::bind(folder.path().join(SOCKET_NAME));
    let listener = listener.expect("it listens");
    // Hangs up before the request, after it, and after having said why without reading it.
    let server = std::thread::spawn(move || {
        for turn in 0..3 {
            let (mut stream, _) = listener.accept().expect("a command");
            if turn == 1 {
                let _ = stream.read(&mut [0; 64]);
            }
            if turn == 2 {
                let why = json!({ "control": { "failed": "too many commands at once" } });
                let _ = writeln!(stream, "{why}");
            }
        }
    });
    for turn in 0..3 {
        let client = connect(folder.path()).expect("reached").expect("it runs");
        let failure = client.call(&Request::KeysList, &mut Vec::new());
        match failure.expect_err("no answer") {
            crate::cli::failure::Failure::Failed(error) => {
                let why = error.to_string();
                assert!(
                    why.contains("went away") || why.contains("too many"),
                    "{why}"
                );
            }
            other => panic!("turn {turn}: {other:?}"),
        }
    }
    server.join().expect("no panic");
}

#[test]
fn a_server_whose_socket_was_removed_stops_all_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = runtime();
    let mut server = start(folder.path(), &runtime);
    std::fs::remove_file(folder.path().join(SOCKET_NAME)).expect("removed");
    server.stop();
    assert!(connect(folder.path()).expect("reached").is_none());
}

/// Connects and says nothing yet.
fn silent(directory: &Path) -> std::os::unix::net::UnixStream {
    let stream = socket::connect(directory).expect("it can be reached");
    stream.expect("a server runs")
}

/// Sends a line, and reads to the end.
fn told(mut stream: std::os::unix::net::UnixStream, line: &str) -> String {
    use std::io::{Read as _, Write as _};
    // One that is turned away may be closed before it is read.
    let _ = stream.write_all(line.as_bytes());
    let mut text = String::new();
    let _ = stream.read_to_string(&mut text);
    text
}

#[test]
fn so_many_commands_are_worked_on_at_once_and_one_more_is_told_to_come_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = runtime();
    let _server = start(folder.path(), &runtime);
    let held: Vec<_> = (0..MAX_CONNECTIONS)
        .map(|_| silent(folder.path()))
        .collect();
    let refused = told(silent(folder.path()), "");
    assert!(refused.contains("too many commands at once"), "{refused}");
    // Each of the others has its turn, and makes room.
    for stream in held {
        let answer = told(stream, "{\"do\":\"keys-list\"}\n");
        assert_eq!(answer, "{\"control\":{\"done\":[]}}\n");
    }
    let again = || call(folder.path(), &Request::KeysList);
    while let Err(busy) = again() {
        // The last one's thread may not have ended yet.
        assert!(busy.contains("too many commands at once"), "{busy}");
    }
}

#[test]
fn a_request_is_read_up_to_its_bound() {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = runtime();
    let _server = start(folder.path(), &runtime);
    let bound = usize::try_from(MAX_REQUEST_BYTES).expect("small");
    let request = "{\"do\":\"keys-list\"}";
    let padded = |bytes: usize| format!("{request}{}\n", " ".repeat(bytes - request.len() - 1));
    let answer = told(silent(folder.path()), &padded(bound));
    assert_eq!(answer, "{\"control\":{\"done\":[]}}\n");
    // Beyond it nothing is read: a request that ends later is none.
    let late = format!("{}{request}\n", " ".repeat(bound - request.len() + 1));
    let answer = told(silent(folder.path()), &late);
    assert!(answer.contains("does not know the request"), "{answer}");
}
