//! The phones of `dev` over a restart: written down while it runs, read at the next start.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::setup::write_private;
use crate::cli::output;
use crate::sandbox::Platform;

/// How long what was said may be unwritten.
const EVERY: Duration = Duration::from_secs(1);

/// Where they are kept, and what was written last.
#[derive(Debug)]
pub struct Phones {
    path: PathBuf,
    platform: Platform,
    written: String,
}

impl Phones {
    /// Goes on with the phones of the last run. Without any, or with a file nobody can read, there are
    /// new ones: nothing real is lost.
    pub fn open(data: &Path, platform: &Platform) -> Self {
        let path = data.join("phones.json");
        if let Ok(kept) = std::fs::read_to_string(&path)
            && let Err(error) = platform.go_on(&kept)
        {
            output::remark(&format!(
                "menshen: {} cannot be read ({error}); the phones are new ones",
                path.display()
            ));
        }
        Self {
            path,
            platform: platform.clone(),
            written: platform.kept(),
        }
    }

    /// Writes down what changed, for as long as it is polled.
    pub async fn keep(&mut self) {
        loop {
            tokio::time::sleep(EVERY).await;
            self.write();
        }
    }

    /// Writes down what changed.
    pub fn write(&mut self) {
        let now = self.platform.kept();
        if now != self.written {
            if let Err(error) = write_private(&self.path, &now) {
                tracing::warn!(?error, "the phones are not kept");
            }
            self.written = now;
        }
    }
}
