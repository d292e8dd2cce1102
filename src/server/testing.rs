//! A bound server on an ephemeral port, for tests of this crate and of those who build on it.

use std::net::SocketAddr;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::app::App;
use super::serve::{Bound, ServeError};
use crate::config;

/// A running server. Dropping it stops it without waiting; [`TestServer::stop`] waits.
#[derive(Debug)]
pub struct TestServer {
    address: SocketAddr,
    admin_address: Option<SocketAddr>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<Result<(), ServeError>>,
}

impl TestServer {
    /// Serves `app` on a free loopback port, with one worker.
    ///
    /// # Errors
    /// [`ServeError::Listen`].
    pub fn start(app: App) -> Result<Self, ServeError> {
        let config = config::Server {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            workers: 1,
            shutdown_seconds: 5,
            ..config::Server::default()
        };
        Self::start_with(&config, app)
    }

    /// Serves `app` as `config` says.
    ///
    /// # Errors
    /// [`ServeError::Listen`].
    pub fn start_with(config: &config::Server, app: App) -> Result<Self, ServeError> {
        let bound = Bound::bind(config, app)?;
        let (address, admin_address) = (bound.address(), bound.admin_address());
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(bound.run(async move {
            // A dropped sender stops the server as well.
            let _ = stopped.await;
        }));
        Ok(Self {
            address,
            admin_address,
            stop: Some(stop),
            task,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the API listens, if on an address of its own.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin_address
    }

    /// `http://ADDRESS` and `path`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Stops as a shutdown does: finishes what was accepted.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        let _ = (&mut self.task).await;
    }
}
