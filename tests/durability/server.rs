//! A set-up made by `init` and the server that runs on it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// Small rules: the drills are about the store, and a start runs every story.
pub const RULES: &str = "on any {\n    reply \"您好\"\n}\n\ntest \"您好\" {\n    wechat 小王 sends \"在吗\"\n    expect reply \"您好\"\n}\n";

pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_menshen"));
    command
        .args(arguments)
        .current_dir(folder)
        .env("MENSHEN_SERVER__LISTEN", "127.0.0.1:0")
        .env("NO_COLOR", "1");
    command
}

pub fn menshen(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().expect("it runs")
}

/// Runs it and insists that it succeeds; its standard output.
pub fn done(folder: &Path, arguments: &[&str]) -> String {
    let output = menshen(folder, arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout)
        .expect("text")
        .trim()
        .to_owned()
}

pub fn set_up(folder: &Path) {
    std::fs::create_dir_all(folder.join("rules")).expect("made");
    std::fs::write(folder.join("rules/small.rules"), RULES).expect("written");
    done(folder, &["init", "."]);
    std::fs::write(folder.join("secrets/app_secret"), "0".repeat(32)).expect("written");
}

pub fn signal(child: &Child, name: &str) {
    let told = Command::new("kill")
        .args([name, &child.id().to_string()])
        .status();
    assert!(told.expect("kill runs").success());
}

/// A running server and where it listens.
pub struct Server {
    pub child: Child,
    address: String,
    log: std::thread::JoinHandle<String>,
}

impl Server {
    pub fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut serve = command(folder, &["serve", "--log-json"]);
        serve.args(arguments);
        Self::of(serve)
    }

    /// Runs a command that becomes `serve --log-json`.
    pub fn of(serve: Command) -> Self {
        Self::while_starting(serve, |_, _| ())
    }

    /// The same; `hears` is told each line of the log before the server listens, and who writes it.
    pub fn while_starting(mut serve: Command, mut hears: impl FnMut(&Child, &str)) -> Self {
        let mut child = serve
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("it starts");
        let mut lines = BufReader::new(child.stderr.take().expect("its log")).lines();
        let mut seen = String::new();
        let address = loop {
            let line = match lines.next() {
                Some(line) => line.expect("a line"),
                None => panic!("the server ended: {seen}"),
            };
            hears(&child, &line);
            seen.push_str(&line);
            seen.push('\n');
            let entry: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
            if let Some(address) = entry["listen"].as_str() {
                break address.to_owned();
            }
        };
        // Read on, or the server would come to stand at a full pipe.
        let log = std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                seen.push_str(&line);
                seen.push('\n');
            }
            seen
        });
        Self {
            child,
            address,
            log,
        }
    }

    pub fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// Ends it as a service manager does; its log.
    pub fn stop(mut self) -> String {
        self.signal("-TERM");
        let status = self.child.wait().expect("it ends");
        let log = self.log();
        assert!(status.success(), "{log}");
        log
    }

    /// What it has logged. It has ended.
    pub fn log(self) -> String {
        self.log.join().expect("read")
    }

    pub fn call(&self, key: &str, method: &str, path: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Authorization: Bearer {key}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answered");
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
        (status.expect("a status"), body.to_owned())
    }

    pub fn create(&self, key: &str, account: &str, phone: &str) {
        let body = format!(r#"{{"account":"{account}","name":"{account}","phone":"{phone}"}}"#);
        let (status, answer) = self.call(key, "POST", "/v1/accounts", &body);
        assert_eq!(status, 201, "{answer}");
    }

    pub fn has(&self, key: &str, account: &str) -> bool {
        let (status, answer) = self.call(key, "GET", &format!("/v1/accounts/{account}"), "");
        assert!(status == 200 || status == 404, "{status}: {answer}");
        status == 200
    }
}
