//! A server under load: a process of its own, killed when dropped.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Pid;
use tokio::net::TcpStream;

use crate::Problem;
use crate::rules::Rules;
use crate::traffic::Mode;
use crate::wire;

/// Seconds of what `/proc` counts in: Linux shows all programs hundredths, whatever the kernel's own tick is.
const TICK: f64 = 0.01;
/// Fields of `/proc/PID/stat` between the program's name and its time in user mode.
const UTIME: usize = 11;

pub struct Server {
    child: Child,
    pub port: u16,
    folder: Option<PathBuf>,
}

impl Server {
    pub async fn floor(mode: Mode) -> Result<Self, Problem> {
        let port = free_port()?;
        let child = Command::new(std::env::current_exe()?)
            .args(["floor", mode.name(), &port.to_string()])
            .spawn()?;
        let folder = None;
        Self {
            child,
            port,
            folder,
        }
        .ready()
        .await
    }

    /// The shipped rules on a new store.
    pub async fn menshen(program: &Path, mode: Mode) -> Result<Self, Problem> {
        let port = free_port()?;
        let name = format!("menshen-load-{}-{port}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let init = Command::new(program)
            .arg("init")
            .arg(&folder)
            .args(["--app-id", wire::APP_ID])
            .stderr(Stdio::null())
            .status()?;
        if !init.success() {
            return Err("menshen init failed".into());
        }
        std::fs::write(folder.join("secrets/app_secret"), "no-such-secret")?;
        std::fs::write(folder.join("secrets/token"), wire::TOKEN)?;
        std::fs::write(folder.join("secrets/encoding_aes_key"), wire::AES_KEY)?;
        let child = Command::new(program)
            .arg("serve")
            .arg("--config")
            .arg(folder.join("menshen.toml"))
            .env("MENSHEN_SERVER__LISTEN", format!("127.0.0.1:{port}"))
            .env("MENSHEN_SERVER__WORKERS", "1")
            .env(
                "MENSHEN_OFFICIAL_ACCOUNT__MAIN__MODE",
                match mode {
                    Mode::Plain => "plaintext",
                    Mode::Safe => "safe",
                },
            )
            .env(
                "MENSHEN_OFFICIAL_ACCOUNT__MAIN__API_BASE",
                "http://127.0.0.1:1",
            )
            .stderr(Stdio::null())
            .spawn()?;
        let folder = Some(folder);
        Self {
            child,
            port,
            folder,
        }
        .ready()
        .await
    }

    async fn ready(mut self) -> Result<Self, Problem> {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(120) {
            if TcpStream::connect(("127.0.0.1", self.port)).await.is_ok() {
                return Ok(self);
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("the server ended: {status}").into());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err("the server does not listen".into())
    }

    /// Seconds of CPU used so far, by all its threads, those that have ended included; in steps of
    /// [`TICK`].
    pub fn cpu(&self) -> Result<f64, Problem> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The second field is the program's name in parentheses, which may hold anything.
        let (_, rest) = stat.rsplit_once(')').ok_or("no name in stat")?;
        let mut times = rest.split_whitespace().skip(UTIME).map(str::parse::<f64>);
        let mut next = || Ok::<_, Problem>(times.next().ok_or("no times in stat")??);
        Ok((next()? + next()?) * TICK)
    }

    /// Resident memory in MB.
    pub fn resident(&self) -> Result<f64, Problem> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS"));
        let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
        Ok(kilobytes.ok_or("no VmRSS")?.parse::<f64>()? / 1024.0)
    }

    /// Its rules, which others may write while it is pushed to.
    pub fn rules(&self) -> Result<Rules, Problem> {
        let folder = self.folder.as_ref().ok_or("the floor has no rules")?;
        Ok(Rules {
            file: folder.join("rules/load.rules"),
            process: Pid::from_child(&self.child),
            port: self.port,
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(folder) = &self.folder {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
