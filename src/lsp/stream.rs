//! Messages over two streams of bytes, standard input and output as a rule: frames of the base
//! protocol in, messages for [`serve`](super::serve) out, and its answers back.
//!
//! What cannot be read is answered and left out, and the conversation goes on: a body that is no JSON
//! with -32700, one that is no message with -32600. It decides nothing else, and ends with the input.

use std::io::{self, BufRead, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};
use lsp_server::{Connection, ErrorCode, Message};
use serde_json::{Value, json};

/// Longest body that is read; a document is at most a quarter of it ([`super::world::MAX_DOCUMENT_BYTES`]
/// and its escapes). A longer one is passed over.
const MAX_BODY: u64 = 64 * 1024 * 1024;
/// Longest line of a header.
const MAX_HEADER: u64 = 8 * 1024;
/// Messages that wait on either side before their sender does.
const MAX_WAITING: usize = 64;

/// The threads of a conversation.
#[derive(Debug)]
pub struct Streams {
    writer: JoinHandle<io::Result<()>>,
}

impl Streams {
    /// Waits until every answer is written; drop the connection before, or it waits for more. The reader
    /// is not waited for: it may still hang on a client that sends nothing and does not leave.
    ///
    /// # Errors
    /// The output failed.
    pub fn join(self) -> io::Result<()> {
        match self.writer.join() {
            Ok(ended) => ended,
            Err(_) => Err(io::Error::other("the writing thread failed")),
        }
    }
}

/// Starts a reading and a writing thread.
pub fn connect(
    input: impl BufRead + Send + 'static,
    output: impl Write + Send + 'static,
) -> (Connection, Streams) {
    let (to_server, from_client) = bounded(MAX_WAITING);
    let (to_client, from_server) = bounded(MAX_WAITING);
    let output = Arc::new(Mutex::new(output));
    let complaints = output.clone();
    std::thread::spawn(move || {
        // An input that fails has ended; the server notices that nobody is there.
        let _ = listen(input, &complaints, &to_server);
    });
    let writer = std::thread::spawn(move || speak(&output, &from_server));
    let connection = Connection {
        sender: to_client,
        receiver: from_client,
    };
    (connection, Streams { writer })
}

fn speak(output: &Mutex<impl Write>, messages: &Receiver<Message>) -> io::Result<()> {
    for message in messages {
        let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
        message.write(&mut *output)?;
    }
    Ok(())
}

fn listen(
    mut input: impl BufRead,
    output: &Mutex<impl Write>,
    messages: &Sender<Message>,
) -> io::Result<()> {
    while let Some(frame) = frame(&mut input)? {
        let message = match frame {
            Frame::Body(body) => message(&body),
            Frame::TooLong => Err(complaint(
                ErrorCode::InvalidRequest,
                "too long",
                Value::Null,
            )),
            Frame::NoLength => Err(complaint(
                ErrorCode::ParseError,
                "no Content-Length",
                Value::Null,
            )),
        };
        match message {
            Ok(message) => {
                let last = matches!(&message, Message::Notification(note) if note.method == "exit");
                if messages.send(message).is_err() || last {
                    return Ok(());
                }
            }
            Err(complaint) => {
                let text = complaint.to_string();
                let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
                write!(output, "Content-Length: {}\r\n\r\n{text}", text.len())?;
                output.flush()?;
            }
        }
    }
    Ok(())
}

/// What stands between two headers.
enum Frame {
    Body(Vec<u8>),
    TooLong,
    NoLength,
}

/// The next frame; `None` at the end.
fn frame(input: &mut impl BufRead) -> io::Result<Option<Frame>> {
    let mut length: Option<u64> = None;
    loop {
        let mut line = Vec::new();
        if input
            .by_ref()
            .take(MAX_HEADER)
            .read_until(b'\n', &mut line)?
            == 0
        {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.trim().eq_ignore_ascii_case("Content-Length")
        {
            length = value.trim().parse().ok();
        }
    }
    let Some(length) = length else {
        return Ok(Some(Frame::NoLength));
    };
    if length > MAX_BODY {
        io::copy(&mut input.by_ref().take(length), &mut io::sink())?;
        return Ok(Some(Frame::TooLong));
    }
    let mut body = Vec::new();
    input.by_ref().take(length).read_to_end(&mut body)?;
    // Cut off: the client has gone in the middle of it.
    let whole = body.len() as u64 == length;
    Ok(whole.then_some(Frame::Body(body)))
}

/// The message of a body, or what is answered instead.
fn message(body: &[u8]) -> Result<Message, Value> {
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| complaint(ErrorCode::ParseError, &error.to_string(), Value::Null))?;
    let id = match &value["id"] {
        id @ (Value::Number(_) | Value::String(_)) => id.clone(),
        _ => Value::Null,
    };
    serde_json::from_value(value)
        .map_err(|_| complaint(ErrorCode::InvalidRequest, "no message of JSON-RPC", id))
}

fn complaint(code: ErrorCode, message: &str, id: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code as i32, "message": message } })
}
