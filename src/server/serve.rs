//! Listening, and stopping without losing what was accepted.

use std::any::Any;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::{App as ActixApp, HttpServer};

use super::app::{App, Role};
use crate::config;

/// How long a client may take to send a request's line and headers.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an idle connection is kept.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(75);
/// How long an answer may wait for a caller who does not read it before the connection is ended.
pub const STALL_TIMEOUT: Duration = Duration::from_secs(30);
/// Connections open at a time over all workers of an address, some 20 KiB each; beyond it the system's
/// queue holds them. `serve` raises the limit of open files to what the system allows it.
pub const MAX_CONNECTIONS: usize = 20_000;
/// Open files that are not for connections: the store's, rules, webhooks, the platform, commands.
const FILES_KEPT_BACK: usize = 256;
/// As many connections are taken however few files there may be.
const LEAST_CONNECTIONS: usize = 16;
/// How long work goes on for after the last connection closed, e.g. a push whose platform hung up.
const FINISH_TIMEOUT: Duration = Duration::from_secs(10);

/// Why the server does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's error.
        source: io::Error,
    },
    /// The server broke down.
    #[error("the server stopped: {0}")]
    Broken(#[from] io::Error),
}

/// A server that holds its addresses and is about to run.
pub struct Bound {
    app: App,
    address: SocketAddr,
    admin_address: Option<SocketAddr>,
    servers: Vec<Server>,
}

impl std::fmt::Debug for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bound")
            .field("address", &self.address)
            .field("admin_address", &self.admin_address)
            .finish_non_exhaustive()
    }
}

/// Listens, and answers until `shutdown` completes; then takes no more connections, ends streams, lets
/// requests under way finish, waits for work whose caller hung up, and returns. The caller then closes
/// the store.
///
/// # Errors
/// [`ServeError`].
pub async fn serve(
    config: &config::Server,
    app: App,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    Bound::bind(config, app)?.run(shutdown).await
}

impl Bound {
    /// Takes the addresses, so that the caller knows them (port 0 takes any free one).
    ///
    /// # Errors
    /// [`ServeError::Listen`].
    pub fn bind(config: &config::Server, app: App) -> Result<Self, ServeError> {
        let role = if config.admin_listen.is_some() {
            Role::Public
        } else {
            Role::All
        };
        let (server, address) = listen(config, config.listen, role, &app)?;
        let mut servers = vec![server];
        let mut admin_address = None;
        if let Some(admin) = config.admin_listen {
            let (server, address) = listen(config, admin, Role::Admin, &app)?;
            servers.push(server);
            admin_address = Some(address);
        }
        Ok(Self {
            app,
            address,
            admin_address,
            servers,
        })
    }

    /// Where the callback (and, without an admin address, everything) is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the API is, if it has an address of its own.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin_address
    }

    /// Answers until `shutdown` completes; see [`serve`].
    ///
    /// # Errors
    /// [`ServeError::Broken`].
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), ServeError> {
        let handles: Vec<ServerHandle> = self.servers.iter().map(Server::handle).collect();
        let app = self.app.clone();
        let mut running = futures_util::future::try_join_all(self.servers);
        let stopping = async {
            shutdown.await;
            app.stop();
            futures_util::future::join_all(handles.iter().map(|handle| handle.stop(true))).await;
        };
        tokio::select! {
            ended = &mut running => {
                self.app.stop();
                ended?;
            }
            () = stopping => {
                running.await?;
            }
        }
        if tokio::time::timeout(FINISH_TIMEOUT, self.app.finished())
            .await
            .is_err()
        {
            tracing::warn!("some work did not finish in time; retries will do it again");
        }
        Ok(())
    }
}

/// How many connections an address takes: [`MAX_CONNECTIONS`], or as many as the system allows this process to have
/// open and [`FILES_KEPT_BACK`] are not among. A process without a file to open could not even load rules.
fn connections_allowed(addresses: usize) -> usize {
    let files = match open_files() {
        Some(files) => usize::try_from(files).unwrap_or(usize::MAX),
        None => return MAX_CONNECTIONS,
    };
    let allowed = (files.saturating_sub(FILES_KEPT_BACK) / addresses).max(LEAST_CONNECTIONS);
    if allowed < MAX_CONNECTIONS {
        tracing::warn!(
            files,
            connections = allowed,
            "fewer connections than usual are taken: the system allows few open files (ulimit -n, LimitNOFILE=)"
        );
    }
    allowed.min(MAX_CONNECTIONS)
}

/// How many files this process may have open; `None` without a bound.
fn open_files() -> Option<u64> {
    #[cfg(unix)]
    return rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    #[cfg(not(unix))]
    None
}

fn listen(
    config: &config::Server,
    address: SocketAddr,
    role: Role,
    app: &App,
) -> Result<(Server, SocketAddr), ServeError> {
    let failed = |source| ServeError::Listen { address, source };
    let workers = match config.workers {
        0 => std::thread::available_parallelism().map_or(2, usize::from),
        workers => workers,
    };
    let app = app.clone();
    let connections = app.connections();
    let most = connections_allowed(1 + usize::from(config.admin_listen.is_some()));
    connections.allow(most);
    let server = HttpServer::new(move || {
        let app = app.clone();
        ActixApp::new()
            .configure(move |cfg| app.configure_as(role, cfg))
            .default_service(actix_web::web::to(super::app::no_route))
    })
    .client_request_timeout(HEADER_TIMEOUT)
    .keep_alive(IDLE_TIMEOUT)
    .workers(workers)
    .max_connections(most.div_ceil(workers))
    .on_connect(move |stream, kept| {
        end_when_stalled(stream);
        kept.insert(connections.opened());
    })
    // A caller that hangs up frees its connection at once.
    .h1_allow_half_closed(false)
    .shutdown_timeout(config.shutdown_seconds)
    .disable_signals();
    let server = server.bind(address).map_err(failed)?;
    let bound = server.addrs().first().copied().unwrap_or(address);
    Ok((server.run(), bound))
}

/// Lets the operating system end a connection whose other end takes nothing for [`STALL_TIMEOUT`]: the HTTP
/// server itself waits for ever, with the answers in memory.
fn end_when_stalled(stream: &dyn Any) {
    #[cfg(target_os = "linux")]
    if let Some(stream) = stream.downcast_ref::<actix_web::rt::net::TcpStream>() {
        let socket = socket2::SockRef::from(stream);
        if let Err(error) = socket.set_tcp_user_timeout(Some(STALL_TIMEOUT)) {
            tracing::debug!(%error, "a connection without a bound on waiting answers");
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = stream;
}
