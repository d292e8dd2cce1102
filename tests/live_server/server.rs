//! The program as a process of its own: started, called, read, ended.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::cli_support::command;
use menshen::env::{Millis, parse_rfc3339};
use reqwest::{Method, StatusCode};
use serde_json::Value;

pub const PHONE: &str = "13800138000";
/// Not one that `dev` shows in its examples.
pub const SECRET_PHONE: &str = "13971350246";
/// How long a start may take at most, on any machine.
pub const START_BOUND: Duration = Duration::from_secs(300);
pub const PASSWORD: &str = "correct-horse-battery-staple";

pub const RULES: &str = r#"
on text with phone: mobile, code: digits(6) {
    start binding with phone, code
}

dialog binding expires 10 minutes {
    ask phone: mobile "手机号？"
    ask code: digits(6) "验证码？"
    done {
        bind {
            bound   { reply "绑定成功" }
            already { reply "已经绑定" }
            taken   { reply "已被绑定" }
            refused { reply "不对，还可以试 {tries_left} 次" }
            blocked { reply "太多次" }
        }
    }
}

on text "锁定" when bound even in dialog {
    lock account {
        locked         { reply "已锁定" }
        already_locked { reply "早已锁定" }
    }
}

on attempt when login.channel == "kiosk" {
    challenge captcha
}
"#;

/// A running server, its log, and a client of it. Killed when dropped.
pub struct Server {
    pub child: Child,
    pub url: String,
    pub key: String,
    pub http: reqwest::Client,
    pub log: Arc<Mutex<String>>,
    pub reading: Vec<JoinHandle<()>>,
}

/// Keeps what a pipe says and passes it on for as long as anybody listens.
pub fn read(
    pipe: impl std::io::Read + Send + 'static,
    log: Arc<Mutex<String>>,
    said: mpsc::Sender<String>,
) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut lines = BufReader::new(pipe);
        let mut line = Vec::new();
        while lines
            .read_until(b'\n', &mut line)
            .is_ok_and(|read| read > 0)
        {
            let text = String::from_utf8_lossy(&line).into_owned();
            log.lock().unwrap().push_str(&text);
            let _ = said.send(text);
            line.clear();
        }
    })
}

/// The value of `name` in the file of environment variables that `dev` makes.
pub fn made_by_dev(folder: &Path, name: &str) -> String {
    let made = std::fs::read_to_string(folder.join("data/env")).expect("made by dev");
    let value = made
        .lines()
        .find_map(|line| line.split_once(&format!("{name}='")));
    let (_, value) = value.unwrap_or_else(|| panic!("no {name} in the file"));
    value.trim_end_matches('\'').to_owned()
}

impl Server {
    /// Starts `menshen dev` in `folder`, on a port of its own.
    pub fn dev(folder: &Path, rules: &str, log: &str) -> Self {
        let arguments = [
            "dev",
            "--listen",
            "127.0.0.1:0",
            "--data",
            "data",
            "--rules",
            rules,
            "--log",
            log,
        ];
        let mut server = Self::start(command(folder, &arguments), "门神在 http://");
        server.key = made_by_dev(folder, "KEY");
        server
    }

    /// Starts it and waits for the line that has the address behind `sign`.
    pub fn start(mut command: Command, sign: &str) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let log = Arc::new(Mutex::new(String::new()));
        let (said, lines) = mpsc::channel();
        let printed = child.stdout.take().expect("a pipe");
        let logged = child.stderr.take().expect("a pipe");
        let reading = vec![
            read(printed, log.clone(), said.clone()),
            read(logged, log.clone(), said),
        ];
        let url = loop {
            // Both pipes closed: it has ended. The bound only turns a hang into a failure.
            let Ok(line) = lines.recv_timeout(START_BOUND) else {
                let _ = child.kill();
                panic!("it did not say {sign:?}: {}", log.lock().unwrap());
            };
            if let Some((_, rest)) = line.split_once(sign) {
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                break format!("http://{}", &rest[..end]);
            }
        };
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            child,
            url,
            key: String::new(),
            http: reqwest::Client::builder()
                .no_proxy()
                .build()
                .expect("a client"),
            log,
            reading,
        }
    }

    pub async fn call(&self, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.url))
            .bearer_auth(&self.key);
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("it answers");
        let status = answer.status();
        let text = answer.text().await.expect("a body");
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    pub async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.call(Method::POST, path, body).await
    }

    pub async fn made(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.post(path, body).await;
        assert!(status.is_success(), "{path}: {status} {answer}");
        answer
    }

    /// Everything it has logged, once it has ended.
    pub fn log_to_the_end(&mut self) -> String {
        let _ = self.child.kill();
        let _ = self.child.wait();
        for reading in self.reading.drain(..) {
            reading.join().expect("the log was read");
        }
        self.log.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    Millis::try_from(since.expect("after 1970").as_millis()).expect("before year 292 million")
}

pub fn time(answer: &Value, field: &str) -> Millis {
    let text = answer[field].as_str();
    text.and_then(parse_rfc3339)
        .unwrap_or_else(|| panic!("no time {field}: {answer}"))
}

/// Made between two moments, it must last exactly this long.
pub fn assert_lasts(answer: &Value, life: Millis, made: (Millis, Millis)) {
    let until = time(answer, "expires_at");
    assert!(
        (made.0 + life..=made.1 + life).contains(&until),
        "{answer}: {until} is not {life} ms after {made:?}"
    );
}
