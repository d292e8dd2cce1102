//! What no log may hold: every secret and every piece of personal data that a test has handled. Shared by
//! the tests that run a bot or a server in their own process; `scripts/secrecy.py` does the same for processes
//! of their own.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::collections::BTreeSet;
use std::io;
use std::sync::{Mutex, Once, PoisonError};

use serde_json::Value;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Fields whose values are secrets, personal data, or what somebody has written.
const FIELDS: [&str; 13] = [
    "password",
    "current_password",
    "new_password",
    "phone",
    "code",
    "ticket",
    "token",
    "session_token",
    "machine",
    "openid",
    "user_agent",
    "answer",
    "captcha",
];
/// Shorter ones would be found by chance.
const SHORTEST: usize = 6;

/// All that was logged in this process, at every level; tests run beside each other and share it.
static LOG: Mutex<String> = Mutex::new(String::new());

/// What one test has handled. Dropping it looks for that in the log.
#[derive(Debug, Default)]
pub struct Secrets {
    noted: Mutex<BTreeSet<String>>,
}

struct Keep;

impl io::Write for Keep {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut log = LOG.lock().unwrap_or_else(PoisonError::into_inner);
        log.push_str(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// All that was logged in this process so far.
pub fn logged() -> String {
    LOG.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

impl Secrets {
    /// Has everything logged that the program can log, from now on.
    pub fn watched() -> Self {
        static STARTED: Once = Once::new();
        STARTED.call_once(|| {
            let program = Targets::new().with_target("menshen", LevelFilter::TRACE);
            let kept = tracing_subscriber::fmt::layer()
                .with_ansi(false)
                .without_time()
                .with_writer(|| Keep)
                .with_filter(program);
            tracing_subscriber::registry().with(kept).init();
        });
        // Something is kept: nothing found is no proof otherwise.
        tracing::error!(target: "menshen::secrecy", "a test has begun");
        let secrets = Self::default();
        assert!(
            secrets.lines_with("test has begun").next().is_some(),
            "nothing is kept"
        );
        secrets
    }

    /// Keeps a secret.
    pub fn note(&self, secret: &str) {
        if secret.len() >= SHORTEST {
            let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
            noted.insert(secret.to_owned());
        }
    }

    /// Keeps what is secret in JSON, its fields and theirs; what is no JSON holds none that could be told.
    pub fn note_json(&self, text: &str) {
        if let Ok(value) = serde_json::from_str(text) {
            self.note_value(&value, "");
        }
    }

    fn note_value(&self, value: &Value, field: &str) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.note_value(value, name);
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.note_value(item, field);
                }
            }
            Value::String(text) if FIELDS.contains(&field) => self.note(text),
            _ => {}
        }
    }

    /// The lines of the log that hold this secret, with the secret itself taken out.
    fn lines_with(&self, secret: &str) -> impl Iterator<Item = String> {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        // A code is six digits: as a word of its own, or it would be found in any larger number.
        let whole = secret.chars().all(is_word);
        let log = LOG.lock().unwrap_or_else(PoisonError::into_inner);
        let holds = |line: &&str| match whole {
            true => line.split(|c: char| !is_word(c)).any(|word| word == secret),
            false => line.contains(secret),
        };
        let lines = log.lines().filter(holds);
        let found: Vec<String> = lines.map(|line| line.replace(secret, "…")).collect();
        found.into_iter()
    }
}

impl Drop for Secrets {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let noted = std::mem::take(self.noted.get_mut().unwrap_or_else(PoisonError::into_inner));
        let found = noted
            .iter()
            .find_map(|secret| self.lines_with(secret).next());
        if let Some(line) = found {
            panic!("a secret of this test is in the log: {line}");
        }
    }
}

/// Once in each binary that watches: without it, a watch that sees nothing would be content with everything.
#[test]
#[should_panic(expected = "a secret of this test is in the log")]
fn what_is_logged_is_found() {
    let secrets = Secrets::watched();
    secrets.note("hunter2-in-the-log");
    tracing::trace!(target: "menshen::secrecy", password = "hunter2-in-the-log");
}
