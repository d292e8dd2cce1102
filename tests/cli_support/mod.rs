//! The binary, started with nothing of this environment in its way. Shared by the tests of commands.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// `menshen` in `folder`, not started yet. Its standard input is empty unless told otherwise.
pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_menshen"));
    command
        .args(arguments)
        .current_dir(folder)
        .env_remove("NO_COLOR")
        .stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"MENSHEN_") {
            command.env_remove(name);
        }
    }
    command
}

/// What it said and how it ended.
pub fn menshen(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().expect("it starts")
}

/// The same with `input` on its standard input.
pub fn piped(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = command(folder, arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    // Dropped behind the line, so that the input ends.
    let sent = child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(input.as_bytes());
    sent.expect("it reads");
    child.wait_with_output().expect("it ends")
}

/// The exit code.
pub fn code(output: &Output) -> i32 {
    output.status.code().expect("it was not killed")
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

/// What a command that ended well said.
pub fn done(output: &Output) -> String {
    assert!(output.status.success(), "{}", stderr(output));
    stdout(output)
}
