//! The socket file: made so that nobody else can ever connect, found again under any path length.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use super::SOCKET_NAME;

/// Bytes a socket's address may have on every system.
const MAX_ADDRESS_BYTES: usize = 100;

/// Listens in `directory`, in the place of a socket a killed server left behind. Only the holder of the
/// store's lock may call this.
pub fn listen(directory: &Path) -> io::Result<UnixListener> {
    // Bound inside a directory of its own, so that it is never reachable with a wider mode.
    let nest = directory.join(".sock");
    let _ = fs::remove_dir_all(&nest);
    DirBuilder::new().mode(0o700).create(&nest)?;
    let bound = with_short_path(&nest, |nest| UnixListener::bind(nest.join("s")))?;
    let made = nest.join("s");
    fs::set_permissions(&made, Permissions::from_mode(0o600))?;
    fs::rename(&made, directory.join(SOCKET_NAME))?;
    fs::remove_dir(&nest)?;
    Ok(bound)
}

/// Connects to the server of `directory`; `None` when there is none.
pub fn connect(directory: &Path) -> io::Result<Option<UnixStream>> {
    if !directory.join(SOCKET_NAME).exists() {
        return Ok(None);
    }
    match with_short_path(directory, |directory| {
        UnixStream::connect(directory.join(SOCKET_NAME))
    }) {
        Ok(stream) => Ok(Some(stream)),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Calls `act` with a path of `directory` that is short enough for a socket's address.
fn with_short_path<T>(directory: &Path, act: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    if directory.as_os_str().len() + SOCKET_NAME.len() < MAX_ADDRESS_BYTES {
        return act(directory);
    }
    let handle = File::open(directory)?;
    act(&PathBuf::from(format!(
        "/proc/self/fd/{}",
        handle.as_raw_fd()
    )))
}
