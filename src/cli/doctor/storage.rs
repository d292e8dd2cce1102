//! The data directory, the store in it, and the server that may have it open.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use super::findings::{Findings, w};
use crate::cli::control::{self, Request};
use crate::cli::failure::Failure;
use crate::cli::unopened;
use crate::cli::writable::{self, Unwritable};
use crate::config::Config;
use crate::env::{Env, MINUTE};
use crate::store::{self, Flavour, OpenError};

/// A queue fuller than this part of its capacity is worth a warning.
const FULL: f64 = 0.5;

/// Looks at the store; what a running server says about itself, when one runs.
pub fn look(config: &Config, found: &mut Findings) -> Option<Value> {
    let path = &config.store.path;
    if let Ok(meta) = fs::metadata(path) {
        let mode = meta.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            found.warning(
                "data-mode",
                w(
                    format!("{} 别人也能进（权限 {mode:03o}）", path.display()),
                    format!(
                        "{} can be entered by others (mode {mode:03o})",
                        path.display()
                    ),
                ),
                format!("chmod 700 {}", path.display()),
            );
        }
    }
    if path.exists()
        && let Err(Unwritable { what, cure }) = writable::look(path)
    {
        found.error("data-unwritable", what, cure);
    }
    match control::connect(path) {
        Err(failure) => {
            found.error(
                "server-unreachable",
                words(failure),
                w(
                    "用运行服务器的用户来运行 doctor",
                    "run the doctor as the user the server runs as",
                ),
            );
            None
        }
        Ok(Some(client)) => match client.call(&Request::Status, &mut std::io::sink()) {
            Ok(status) => {
                running(&status["store"], found);
                Some(status)
            }
            Err(failure) => {
                let why = words(failure);
                found.error(
                    "server-broken",
                    w(
                        format!("服务器没有应答：{}", why),
                        format!("the server does not answer: {}", why),
                    ),
                    w(
                        "看它的日志，然后重新启动",
                        "look at its log, and restart it",
                    ),
                );
                None
            }
        },
        Ok(None) => {
            stopped(config, found);
            None
        }
    }
}

fn running(status: &Value, found: &mut Findings) {
    if let Some(reason) = status["failed"].as_str() {
        found.error(
            "store-failed",
            w(
                format!("正在运行的服务器的数据库出了故障：{reason}"),
                format!("the running server's store has failed: {reason}"),
            ),
            w(
                "检查磁盘，再重新启动服务器",
                "look at the disk, then restart the server",
            ),
        );
    }
    if status["flavour"].as_str() == Some(&Flavour::Dev.to_string()) {
        flavour(status["path"].as_str().unwrap_or_default(), found);
    }
    let waiting = status["queue"].as_f64().unwrap_or_default();
    let capacity = status["queue_capacity"].as_f64().unwrap_or_default();
    if waiting > capacity * FULL {
        found.warning(
            "store-slow",
            w(
                format!("数据库的队列 {capacity} 个位置占了 {waiting} 个"),
                format!("{waiting} of {capacity} places in the store's queue are taken"),
            ),
            w(
                "看看磁盘的 fsync 要多久；数据库需要本地磁盘",
                "look at the disk's fsync time; the store needs a local disk",
            ),
        );
    }
    let behind = status["clock_behind_ms"].as_i64().unwrap_or_default();
    clock(behind, found);
}

fn stopped(config: &Config, found: &mut Findings) {
    let options = store::OpenOptions {
        path: config.store.path.clone(),
        cache_bytes: 0,
        flavour: None,
        on_loss: store::OnLoss::Refuse,
    };
    match store::open(options, Env::system()) {
        Ok(opened) => {
            let status = opened.store.status();
            if status.flavour == Flavour::Dev {
                flavour(&config.store.path.display().to_string(), found);
            }
            clock(status.clock_behind, found);
            if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() {
                // Opening reads only what it needs; damage elsewhere is met here.
                let read = runtime.block_on(store::export(&*opened.store, std::io::sink()));
                runtime.block_on(opened.store.close());
                if let Err(error) = read {
                    unreadable(&error.to_string(), found);
                }
            }
        }
        Err(error @ OpenError::Missing(_)) => found.error(
            "no-store",
            unopened::words(&error),
            w("在部署的目录里运行 `menshen init`；已有的会保留", "run `menshen init` in the set-up's directory; it keeps what exists"),
        ),
        Err(error @ OpenError::Locked(_)) => found.error(
            "store-locked",
            unopened::words(&error),
            w("有个进程开着它却不应答：停掉它，或等它启动完", "a process has it open but answers no commands: stop it, or wait until it has started"),
        ),
        Err(OpenError::Unreadable { detail, .. }) => unreadable(&detail, found),
        Err(error @ OpenError::LostCommits { .. }) => found.error(
            "store-lost",
            unopened::words(&error),
            w("把最近的导出恢复到新目录，或带 --accept-loss 启动一次", "restore the last export into a new directory, or start once with --accept-loss"),
        ),
        Err(error) => found.error(
            "store",
            unopened::words(&error),
            w("见上面的说明；最近的导出可以用 `menshen import` 读进新的数据库", "see the message; the last export can be read into a new store with `menshen import`"),
        ),
    }
}

fn unreadable(detail: &str, found: &mut Findings) {
    found.error(
        "store-unreadable",
        w(
            format!("数据库有一部分读不出来：{detail}"),
            format!("a part of the store cannot be read: {detail}"),
        ),
        w(
            "检查磁盘；把最近的导出恢复到新目录，或带 --accept-loss 启动一次，回到最近一份转储",
            "check the disk; restore the last export into a new directory, or start once with --accept-loss to go back to the last dump",
        ),
    );
}

fn flavour(path: &str, found: &mut Findings) {
    found.error(
        "store-dev",
        w(
            format!("{path} 里的数据库是 `menshen dev` 建的，`menshen serve` 不用它"),
            format!("the store in {path} was made by `menshen dev`; `menshen serve` refuses it"),
        ),
        w(
            "[store] path 换一个目录，再运行 `menshen init`",
            "set [store] path to another directory and run `menshen init`",
        ),
    );
}

fn clock(behind: i64, found: &mut Findings) {
    if behind > MINUTE {
        found.error(
            "clock-back",
            w(format!(
                "时钟比数据库里最近的时间慢 {} 秒",
                behind / 1_000
            ), format!(
                "the clock is {} s behind the latest time in the store",
                behind / 1_000
            )),
            w("校准时间（timedatectl、chrony）；在那之前一切按数据库的时间走", "set the clock (timedatectl, chrony); until then everything runs at the store's time"),
        );
    }
}

fn words(failure: Failure) -> String {
    match failure {
        Failure::Usage(message) => message,
        Failure::Failed(error) => crate::cli::failure::in_words(&error),
        Failure::ReaderGone => "the connection broke".to_owned(),
    }
}
