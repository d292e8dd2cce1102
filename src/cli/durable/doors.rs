//! Every call of the interface that changes something, and the pushes that do: none is answered before the disk has
//! what it did.

use std::fs;

use serde_json::Value;

use super::*;
use crate::env::DAY;
use crate::guard::trust;
use crate::store::records::{OutboxEntry, OutboxState};

/// A request and the status it is answered with once the disk is let go.
struct Door<'a>(&'static str, &'a str, &'a str, u16);

impl Ground {
    /// Sends a request while the disk is held, and gives its answer's body.
    async fn held(&self, Door(method, path, body, status): Door<'_>) -> Value {
        let kind = match path.ends_with(":import") {
            true => "application/x-ndjson",
            false => "application/json",
        };
        let name = format!("{method} {path}");
        let (got, answer) = self
            .late(&name, || self.send_as(kind, method, path, body))
            .await;
        assert_eq!(got, status, "{name}: {answer}");
        serde_json::from_str(&answer).unwrap_or_default()
    }

    async fn held_push(&self, number: u64, text: &str, reply: &str) {
        let (status, said) = self.late(text, || self.push(number, text)).await;
        assert!(
            status == 200 && said.contains(reply),
            "{text}: {status} {said}"
        );
    }

    async fn late(&self, name: &str, send: impl FnOnce() -> TcpStream) -> (u16, String) {
        // The store takes commands in order: what was begun before is done with this one.
        let nothing = store::execute(&*self.house.store, "test", |_| {
            Ok::<_, store::StoreError>(())
        });
        nothing.await.expect("the store");
        self.disk.change(|state| state.held = true);
        let mut sent = send();
        self.disk.wait();
        self.turn_over();
        let early = said_already(&mut sent);
        self.disk.change(|state| state.held = false);
        assert!(
            early.is_none(),
            "{name} was answered before the disk had it: {early:?}"
        );
        answer(sent)
    }
}

fn said(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

/// What has come on a connection so far.
fn said_already(stream: &mut TcpStream) -> Option<String> {
    stream.set_nonblocking(true).expect("set");
    let mut start = [0; 64];
    let read = stream.read(&mut start).ok();
    stream.set_nonblocking(false).expect("set");
    read.map(|read| String::from_utf8_lossy(&start[..read]).into_owned())
}

/// The shipped rules, changed.
fn rules(into: &Path, change: fn(String) -> String) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    for folder in ["", "lists"] {
        fs::create_dir_all(into.join(folder)).expect("a folder");
        for entry in fs::read_dir(from.join(folder)).expect("a folder").flatten() {
            if entry.path().is_file() {
                let text = fs::read_to_string(entry.path()).expect("a text");
                fs::write(into.join(folder).join(entry.file_name()), change(text))
                    .expect("written");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_that_changes_something_is_answered_before_the_disk_has_it() {
    let folder = tempfile::tempdir().expect("a folder");
    // Nobody is asked for a captcha before a login.
    rules(folder.path(), |text| {
        text.replace("when not login.legal or ", "when ")
    });
    let ground = ground_on(folder.path()).await;
    let alice =
        r#"{"account":"alice","name":"爱丽丝","phone":"13800138000","password":"correct horse 9"}"#;
    ground.held(Door("POST", "/v1/accounts", alice, 201)).await;
    let at = "/v1/accounts/alice";
    let of = |rest: &str| format!("{at}/{rest}");
    ground
        .held(Door("PATCH", at, r#"{"name":"爱丽"}"#, 200))
        .await;
    let password = r#"{"password":"correct horse 10"}"#;
    ground
        .held(Door("PUT", &of("password"), password, 200))
        .await;
    let line = r#"{"account":"bob","name":"鲍勃"}"#;
    ground
        .held(Door("POST", "/v1/accounts:import", line, 200))
        .await;

    // Binding, and what only those who are bound have.
    let issued = ground
        .held(Door("POST", &of("verification-code"), "{}", 201))
        .await;
    let code = format!("13800138000 {}", said(&issued, "code"));
    ground.held_push(1, &code, "绑定成功").await;
    let message = ground
        .held(Door("POST", &of("messages"), r#"{"text":"您好"}"#, 202))
        .await;
    let message = said(&message, "id");
    let id = message.clone();
    let ended = store::execute(&*ground.house.store, "test", move |tx| {
        let mut entry = tx.get::<OutboxEntry>(&id)?.expect("the message");
        entry.state = OutboxState::Unknown;
        entry.ended_at = Some(tx.now());
        tx.put(&entry)
    });
    ended.await.expect("the store");
    let retry = format!("/v1/outbox/{message}/retry");
    ground.held(Door("POST", &retry, "", 200)).await;
    let ticket = ground
        .held(Door("POST", &of("bind-ticket"), "{}", 201))
        .await;
    let ticket = format!(r#"{{"ticket":"{}"}}"#, said(&ticket, "ticket"));
    ground
        .held(Door("POST", "/v1/bind-tickets/cancel", &ticket, 204))
        .await;

    // Logins, sessions, captchas.
    let login = r#"{"account":"alice","password":"correct horse 10","ip":"198.51.100.7"}"#;
    let granted = ground.held(Door("POST", "/v1/login", login, 200)).await;
    let token = format!(r#"{{"token":"{}"}}"#, said(&granted, "token"));
    ground
        .held(Door("POST", "/v1/sessions/revoke", &token, 200))
        .await;
    ground.held(Door("POST", "/v1/login", login, 200)).await;
    let listed = ground.call("GET", &of("sessions"), "").1;
    let listed: Value = serde_json::from_str(&listed).expect("JSON");
    let session = of(&format!("sessions/{}", said(&listed["sessions"][0], "id")));
    ground.held(Door("DELETE", &session, "", 204)).await;
    ground.held(Door("POST", "/v1/login", login, 200)).await;
    ground.held(Door("DELETE", &of("sessions"), "", 200)).await;
    let wrong = login.replace("horse 10", "horse 11");
    ground.held(Door("POST", "/v1/login", &wrong, 401)).await;
    let who = r#"{"account":"alice","ip":"198.51.100.7"}"#;
    let captcha = ground.held(Door("POST", "/v1/captchas", who, 201)).await;
    let path = format!("/v1/captchas/{}/answer", said(&captcha, "id"));
    let guess = r#"{"account":"alice","ip":"198.51.100.7","answer":"0000"}"#;
    ground.held(Door("POST", &path, guess, 200)).await;

    // Alerts, and what a person and an operator do about them.
    let (_, machine) = ground.call("POST", "/v1/machines", r#"{"ip":"192.0.2.1"}"#);
    let machine: Value = serde_json::from_str(&machine).expect("JSON");
    let report = |id: u32| {
        let machine = said(&machine, "machine");
        format!(
            r#"{{"id":"{id}","account":"alice","ip":"192.0.2.1","machine":"{machine}","success":true,"time":"2026-11-20T08:00:00Z"}}"#
        )
    };
    ground
        .held(Door("POST", "/v1/logins", &report(1), 200))
        .await;
    let listed = ground.call("GET", "/v1/alerts?account=alice", "").1;
    let listed: Value = serde_json::from_str(&listed).expect("JSON");
    let alert = format!("/v1/alerts/{}/close", said(&listed["alerts"][0], "id"));
    ground.held(Door("POST", &alert, "{}", 200)).await;
    let id = said(&machine, "id");
    let of_trust = of(&format!("machines/{id}"));
    let trusted = store::execute(&*ground.house.store, "test", move |tx| {
        trust::trust(tx, "alice", &id, tx.now() + DAY, None, "test")
    });
    trusted.await.expect("the store");
    ground.held(Door("DELETE", &of_trust, "", 204)).await;
    ground.held(Door("POST", &of("lock"), "{}", 200)).await;
    ground.held(Door("POST", &of("unlock"), "{}", 200)).await;
    ground.held_push(2, "锁定", "锁定").await;
    ground.held(Door("DELETE", &of("binding"), "", 204)).await;

    ground.held(Door("DELETE", at, "", 200)).await;
    ground.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_are_called_live_when_the_disk_has_them() {
    let folder = tempfile::tempdir().expect("a folder");
    rules(folder.path(), |text| text);
    let ground = ground_on(folder.path()).await;
    let file = folder.path().join("more.rules");
    fs::write(file, "on text \"更多\" {\n    reply \"没有了\"\n}\n").expect("written");
    ground.held(Door("POST", "/v1/rules/reload", "", 200)).await;
    ground.stop().await;
}
