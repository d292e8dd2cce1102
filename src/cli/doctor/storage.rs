//! The data directory, the store in it, and the server that may have it open.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use super::findings::Findings;
use crate::cli::control::{self, Request};
use crate::cli::failure::Failure;
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
                format!(
                    "{} can be entered by others (mode {mode:03o})",
                    path.display()
                ),
                format!("chmod 700 {}", path.display()),
            );
        }
    }
    match control::connect(path) {
        Err(failure) => {
            found.error(
                "server-unreachable",
                words(failure),
                "run the doctor as the user the server runs as",
            );
            None
        }
        Ok(Some(client)) => match client.call(&Request::Status, &mut std::io::sink()) {
            Ok(status) => {
                running(&status["store"], found);
                Some(status)
            }
            Err(failure) => {
                found.error(
                    "server-broken",
                    format!("the server does not answer: {}", words(failure)),
                    "look at its log, and restart it",
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
            format!("the running server's store has failed: {reason}"),
            "look at the disk, then restart the server",
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
            format!("{waiting} of {capacity} places in the store's queue are taken"),
            "look at the disk's fsync time; the store needs a local disk",
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
                runtime.block_on(opened.store.close());
            }
        }
        Err(error @ OpenError::Missing(_)) => found.error(
            "no-store",
            error.to_string(),
            "run `menshen init` in the set-up's directory; it keeps what exists",
        ),
        Err(error @ OpenError::Locked(_)) => found.error(
            "store-locked",
            error.to_string(),
            "a process has it open but answers no commands: stop it, or wait until it has started",
        ),
        Err(error @ OpenError::LostCommits { .. }) => found.error(
            "store-lost",
            error.to_string(),
            "restore the last export into a new directory, or start once with --accept-loss",
        ),
        Err(error) => found.error(
            "store",
            error.to_string(),
            "see the message; the last export can be read into a new store with `menshen import`",
        ),
    }
}

fn flavour(path: &str, found: &mut Findings) {
    found.error(
        "store-dev",
        format!("the store in {path} was made by `menshen dev`; `menshen serve` refuses it"),
        "set [store] path to another directory and run `menshen init`",
    );
}

fn clock(behind: i64, found: &mut Findings) {
    if behind > MINUTE {
        found.error(
            "clock-back",
            format!(
                "the clock is {} s behind the latest time in the store",
                behind / 1_000
            ),
            "set the clock (timedatectl, chrony); until then everything runs at the store's time",
        );
    }
}

fn words(failure: Failure) -> String {
    match failure {
        Failure::Usage(message) => message,
        Failure::Failed(error) => format!("{error:#}"),
        Failure::ReaderGone => "the connection broke".to_owned(),
    }
}
