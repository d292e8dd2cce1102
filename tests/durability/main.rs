//! Drills with the real program: what an operator does with a backup, after a loss, on an upgrade, to load
//! rules by a signal, and what he is told on a disk that takes no more.
//!
//! Damage to single files is `src/store/conformance/damage.rs`, kills under load `scripts/chaos.py`,
//! power cuts `scripts/power_cut.sh`.

mod disk;
mod rules;
mod server;

use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::Path;

use server::{RULES, Server, command, done, menshen, set_up, signal};

#[test]
fn a_backup_of_a_running_server_is_restored_into_a_new_set_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let old = folder.path().join("old");
    set_up(&old);
    let server = Server::start(&old, &[]);
    // While it runs, commands go through its socket; nobody else can connect to that.
    let socket = std::fs::metadata(old.join("data/menshen.sock")).expect("a socket");
    let mode = std::os::unix::fs::PermissionsExt::mode(&socket.permissions()) & 0o777;
    assert_eq!(mode, 0o600);
    let key = done(&old, &["keys", "add", "erp", "--scope", "accounts"]);
    server.create(&key, "alice", "13800138000");
    done(&old, &["export", "--out", "../backup.jsonl"]);
    server.create(&key, "later", "13900139000");
    let refused = menshen(&old, &["import", "../backup.jsonl"]);
    assert_eq!(refused.status.code(), Some(2), "not into a running server");
    server.stop();

    let new = folder.path().join("new");
    set_up(&new);
    std::fs::copy(old.join("secrets/master"), new.join("secrets/master")).expect("copied");
    done(&new, &["import", "../backup.jsonl"]);
    let server = Server::start(&new, &[]);
    assert!(server.has(&key, "alice"), "the same key, the same account");
    assert!(
        !server.has(&key, "later"),
        "one moment, and nothing after it"
    );
    server.stop();
}

/// What waited when a backup was made was sent by the original since: a copy that is only looked at must not.
#[test]
fn a_drill_with_a_backup_sends_nothing_and_a_start_in_earnest_does() {
    let receiver = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = receiver.local_addr().expect("its address");
    let folder = tempfile::tempdir().expect("a folder");
    let old = folder.path().join("old");
    let new = folder.path().join("new");
    let webhook = format!(
        "\n[[webhook]]\nurl = \"http://{address}/events\"\nsecret = \"whsec_{}\"\n",
        "QUFB".repeat(8)
    );
    for place in [&old, &new] {
        set_up(place);
        let configuration = place.join("menshen.toml");
        let text = std::fs::read_to_string(&configuration).expect("made by init");
        std::fs::write(&configuration, text + &webhook).expect("written");
    }
    std::fs::copy(old.join("secrets/master"), new.join("secrets/master")).expect("copied");
    let key = done(&old, &["keys", "add", "erp", "--scope", "accounts"]);
    let server = Server::start(&old, &[]);
    server.create(&key, "alice", "13800138000");
    // The receiver hangs up without an answer: the event waits for another try.
    drop(receiver.accept().expect("the original sends"));
    done(&old, &["export", "--out", "../backup.jsonl"]);
    server.stop();
    done(&new, &["import", "../backup.jsonl"]);

    receiver.set_nonblocking(true).expect("set");
    while receiver.accept().is_ok() {}
    let server = Server::start(&new, &["--send-nothing"]);
    assert!(server.has(&key, "alice"));
    server.create(&key, "bob", "13900139000");
    let log = server.stop();
    assert!(log.contains("nothing is sent"), "{log}");
    let tried = receiver.accept().expect_err("nobody has come");
    assert_eq!(tried.kind(), ErrorKind::WouldBlock);

    receiver.set_nonblocking(false).expect("set");
    let server = Server::start(&new, &[]);
    drop(receiver.accept().expect("it does otherwise"));
    server.stop();
}

#[test]
fn a_lost_database_is_refused_and_restored_from_the_last_dump_when_that_is_accepted() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    set_up(path);
    let key = done(path, &["keys", "add", "erp", "--scope", "accounts"]);
    let server = Server::start(path, &[]);
    server.create(&key, "alice", "13800138000");
    server.stop();
    let dumps = std::fs::read_dir(path.join("data/dumps")).expect("dumps");
    assert!(dumps.count() > 0, "a server that stops leaves a dump");

    let database = path.join("data/db");
    let length = std::fs::metadata(&database).expect("there").len();
    std::fs::write(
        &database,
        vec![0xA5; usize::try_from(length).expect("small")],
    )
    .expect("written");
    let refused = menshen(path, &["serve"]);
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("--accept-loss"), "{said}");

    let server = Server::start(path, &["--accept-loss"]);
    assert!(server.has(&key, "alice"));
    server.create(&key, "bob", "13900139000");
    let log = server.stop();
    assert!(log.contains("as this dump remembers it"), "{log}");
    let server = Server::start(path, &[]);
    assert!(server.has(&key, "alice") && server.has(&key, "bob"));
    let log = server.stop();
    assert!(!log.contains("dump remembers"), "once: {log}");
}

#[test]
fn a_killed_server_leaves_a_store_that_commands_and_the_next_server_open() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    set_up(path);
    let key = done(path, &["keys", "add", "erp", "--scope", "accounts"]);
    let mut server = Server::start(path, &[]);
    server.create(&key, "alice", "13800138000");
    server.child.kill().expect("killed");
    server.child.wait().expect("ended");
    assert!(path.join("data/menshen.sock").exists(), "nobody removed it");
    assert!(
        done(path, &["keys", "list"]).contains("erp"),
        "not the dead server is asked"
    );
    let server = Server::start(path, &[]);
    assert!(server.has(&key, "alice"));
    server.stop();
}

/// An export as the first release wrote it: every later one must still read it.
#[test]
fn an_export_of_the_first_format_is_imported() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    set_up(path);
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/store/format-1.jsonl");
    let fixture = fixture.to_str().expect("text");
    done(path, &["import", fixture]);
    done(path, &["export", "--out", "again.jsonl"]);
    let records = |file: &Path| -> Vec<String> {
        let text = std::fs::read_to_string(file).expect("read");
        let lines: Vec<&str> = text.lines().collect();
        let kind = |line: &&str| {
            let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
            line["kind"].as_str().expect("a kind").to_owned()
        };
        lines[1..lines.len() - 1].iter().map(kind).collect()
    };
    assert_eq!(
        records(&path.join("again.jsonl")),
        records(Path::new(fixture))
    );
}

/// With nobody watching the folder, SIGHUP alone loads what is in it: good rules run, bad ones leave the old running.
#[test]
fn a_hangup_loads_the_rules_and_keeps_the_old_ones_where_the_new_do_not_pass() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    set_up(path);
    let configuration = path.join("menshen.toml");
    let text = std::fs::read_to_string(&configuration).expect("made by init");
    let quiet = text.replacen("[rules]\n", "[rules]\nwatch = false\n", 1);
    assert_ne!(quiet, text);
    std::fs::write(&configuration, quiet).expect("written");
    let key = done(path, &["keys", "add", "erp", "--scope", "rules"]);
    let server = Server::start(path, &[]);
    let status = || -> serde_json::Value {
        let (code, answer) = server.call(&key, "GET", "/v1/rules", "");
        assert_eq!(code, 200, "{answer}");
        serde_json::from_str(&answer).expect("JSON")
    };
    let until = |wanted: &dyn Fn(&serde_json::Value) -> bool| -> serde_json::Value {
        loop {
            let now = status();
            if wanted(&now) {
                return now;
            }
            std::thread::yield_now();
        }
    };
    let first = status();
    let rules = path.join("rules/small.rules");
    std::fs::write(&rules, RULES.replace("您好", "你好")).expect("written");
    assert_eq!(status()["generation"], first["generation"], "nobody looked");
    server.signal("-HUP");
    let second = until(&|now| now["generation"] != first["generation"]);
    assert_ne!(second["hash"], first["hash"]);
    assert_eq!(second["stale"], false);

    std::fs::write(&rules, "on any {\n").expect("written");
    server.signal("-HUP");
    let stale = until(&|now| now["stale"] == true);
    assert_eq!(stale["generation"], second["generation"]);
    assert_eq!(stale["hash"], second["hash"]);
    let log = server.stop();
    assert!(log.contains("the rules were not reloaded"), "{log}");
}

/// A start may take long, and `systemctl reload` does not wait for its end.
#[test]
fn a_hangup_during_the_start_does_not_end_the_server() {
    let folder = tempfile::tempdir().expect("a folder");
    set_up(folder.path());
    let serve = command(folder.path(), &["serve", "--log-json"]);
    let mut hung_up = false;
    let server = Server::while_starting(serve, |child, line| {
        if line.contains("running their stories") {
            signal(child, "-HUP");
            hung_up = true;
        }
    });
    server.stop();
    assert!(hung_up);
}
