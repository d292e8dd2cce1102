//! What the operating system tells a running server: stop, or load the rules anew.

use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use crate::bot::Bot;

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

/// Loads the rules anew at every SIGHUP, for as long as the process runs.
pub fn reload_on_hangup(bot: Arc<Bot>) -> std::io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            match bot.reload().await {
                Ok(status) => {
                    tracing::info!(generation = status.generation, "the rules were reloaded")
                }
                Err(error) => tracing::error!("the rules were not reloaded:\n{error}"),
            }
        }
    });
    Ok(())
}
