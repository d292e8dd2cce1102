//! The server's end of the socket: a thread that accepts, and one per connection.

use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::Handle;

use super::{
    Answer, LastLine, Live, MAX_CONNECTIONS, MAX_REQUEST_BYTES, Request, SOCKET_NAME, perform,
    socket,
};
use crate::store::SharedStore;

/// How long a client may take to send its request or to read a piece of the answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Answers commands until it is stopped.
pub struct ControlServer {
    path: PathBuf,
    listener: UnixListener,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for ControlServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ControlServer")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl ControlServer {
    /// Listens in the store's directory. The caller has the store open, so nobody else serves it.
    /// Requests run on `runtime`.
    pub fn start(
        directory: &Path,
        store: SharedStore,
        live: Live,
        runtime: Handle,
    ) -> std::io::Result<Self> {
        let listener = socket::listen(directory)?;
        let stopping = Arc::new(AtomicBool::new(false));
        let shared = Arc::new(Shared {
            store,
            live,
            runtime,
            open: AtomicUsize::new(0),
        });
        let stop = stopping.clone();
        let accepting = listener.try_clone()?;
        let thread = std::thread::Builder::new()
            .name("control".to_owned())
            .spawn(move || accept(&accepting, &shared, &stop))?;
        Ok(Self {
            path: directory.join(SOCKET_NAME),
            listener,
            stopping,
            thread: Some(thread),
        })
    }

    /// Takes no more commands and removes the socket. Commands under way go on.
    pub fn stop(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.stopping.store(true, Ordering::SeqCst);
            // Wakes the accepting thread; by the path only where the system does not do it by the listener,
            // since the file may have been removed.
            let _ = socket2::SockRef::from(&self.listener).shutdown(Shutdown::Both);
            if cfg!(not(target_os = "linux"))
                && let Some(directory) = self.path.parent()
            {
                let _ = socket::connect(directory);
            }
            let _ = thread.join();
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl Drop for ControlServer {
    fn drop(&mut self) {
        self.stop();
    }
}

struct Shared {
    store: SharedStore,
    live: Live,
    runtime: Handle,
    open: AtomicUsize,
}

fn accept(listener: &UnixListener, shared: &Arc<Shared>, stopping: &AtomicBool) {
    for stream in listener.incoming() {
        if stopping.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        if shared.open.fetch_add(1, Ordering::SeqCst) >= MAX_CONNECTIONS {
            let busy = Answer::Failed("too many commands at once; try again".to_owned());
            let _ = last_line(&mut &stream, busy);
            shared.open.fetch_sub(1, Ordering::SeqCst);
            continue;
        }
        let held = Held(shared.clone());
        let spawned = std::thread::Builder::new()
            .name("control-request".to_owned())
            .spawn(move || {
                if let Err(error) = serve(stream, &held.0) {
                    tracing::debug!(%error, "a command's connection broke");
                }
            });
        if let Err(error) = spawned {
            tracing::warn!(%error, "cannot start a thread for a command");
        }
    }
}

/// One of the [`MAX_CONNECTIONS`].
struct Held(Arc<Shared>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

fn serve(stream: UnixStream, shared: &Shared) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = String::new();
    BufReader::new(&stream)
        .take(MAX_REQUEST_BYTES)
        .read_line(&mut line)?;
    let mut out = BufWriter::new(&stream);
    let answer = match serde_json::from_str::<Request>(&line) {
        Ok(request) => {
            tracing::info!(command = name(&request), "command on the control socket");
            let done = shared.runtime.block_on(perform(
                request,
                &*shared.store,
                Some(&shared.live),
                &mut out,
            ));
            match done {
                Ok(value) => Answer::Done(value),
                Err(message) => Answer::Failed(message),
            }
        }
        Err(error) => Answer::Failed(format!(
            "this server does not know the request ({error}); use the `menshen` of its own version"
        )),
    };
    last_line(&mut out, answer)?;
    out.flush()
}

fn last_line(out: &mut impl Write, answer: Answer) -> std::io::Result<()> {
    let mut line = serde_json::to_string(&LastLine { control: answer })?;
    line.push('\n');
    out.write_all(line.as_bytes())
}

fn name(request: &Request) -> &'static str {
    match request {
        Request::KeysAdd { .. } => "keys-add",
        Request::KeysList => "keys-list",
        Request::KeysRevoke { .. } => "keys-revoke",
        Request::Export => "export",
        Request::Record { .. } => "record",
        Request::Status => "status",
        Request::Reload => "reload",
        Request::RulesHistory { .. } => "rules-history",
        Request::RulesShow { .. } => "rules-show",
        Request::RulesRollback { .. } => "rules-rollback",
    }
}
