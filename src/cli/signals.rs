//! What the operating system tells a process: stop, load the rules anew, or that a file may not grow.

use std::sync::Arc;

use rustix::process::Signal as Number;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::bot::Bot;

/// Lets a write beyond the limit of a file's size (`ulimit -f`, `LimitFSIZE=`) fail like one on a full disk. The
/// signal that comes with it would end the process without a word.
///
/// A handler, once registered, stays for as long as the process lives; it needs nobody who listens.
pub fn outlive_file_size_limit() -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let _inside = runtime.enter();
    signal(SignalKind::from_raw(Number::XFSZ.as_raw())).map(drop)
}

/// Resolves at SIGTERM or ctrl-c.
pub fn stop() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: what was accepted is finished first");
    })
}

/// SIGHUPs from now on: one that comes before anybody listens is kept, and does not end the process.
pub struct Hangups(Signal);

/// To be made before a start takes its time, within a runtime.
pub fn hangups() -> std::io::Result<Hangups> {
    signal(SignalKind::hangup()).map(Hangups)
}

/// Loads the rules anew at every SIGHUP, for as long as the process runs.
pub fn reload_on(mut hangups: Hangups, bot: Arc<Bot>) {
    tokio::spawn(async move {
        while hangups.0.recv().await.is_some() {
            match bot.reload().await {
                Ok(status) => {
                    tracing::info!(generation = status.generation, "the rules were reloaded")
                }
                Err(error) => tracing::error!("the rules were not reloaded:\n{error}"),
            }
        }
    });
}
