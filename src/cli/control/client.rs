//! A command's end of the socket.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use serde_json::Value;

use super::{Answer, LAST_LINE, LastLine, Request, socket};
use crate::cli::failure::Failure;

/// A connection to a running server, good for one request.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
}

/// Connects to the server that runs on `directory`; `None` when none does.
pub fn connect(directory: &Path) -> Result<Option<Client>, Failure> {
    let stream = socket::connect(directory).map_err(|error| {
        Failure::failed(format!(
            "cannot reach the server of {}: {error}; run as the user it runs as",
            directory.display()
        ))
    })?;
    Ok(stream.map(|stream| Client { stream }))
}

impl Client {
    /// Sends the request and copies its lines of data to `out`.
    pub fn call(mut self, request: &Request, out: &mut dyn Write) -> Result<Value, Failure> {
        let mut line = serde_json::to_string(request)?;
        line.push('\n');
        // A server that hangs up may have said why before; and none of its ends is our reader's.
        let sent = self.stream.write_all(line.as_bytes());
        let mut lines = BufReader::new(self.stream);
        let mut line = String::new();
        loop {
            line.clear();
            let read = lines.read_line(&mut line);
            if !matches!(read, Ok(bytes) if bytes > 0) {
                let error = sent.err().or(read.err());
                let why = error.map_or_else(String::new, |error| format!(" ({error})"));
                return Err(Failure::failed(format!(
                    "the server went away before it had answered{why}; nothing is known of what was asked"
                )));
            }
            if !line.starts_with(LAST_LINE) {
                out.write_all(line.as_bytes())?;
                continue;
            }
            let last: LastLine = serde_json::from_str(&line)?;
            return match last.control {
                Answer::Done(value) => Ok(value),
                Answer::Failed(message) => Err(Failure::failed(message)),
            };
        }
    }
}
