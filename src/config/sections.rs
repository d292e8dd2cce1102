//! The sections that describe the process itself: server, keys, store, rules, guard, history.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::reader::Reader;
use crate::env::{DAY, HOUR, Millis};

/// `[server]`: where the process listens.
#[derive(Debug, Clone)]
pub struct Server {
    /// The address of the platform's callback, and of everything else unless `admin_listen` is set.
    /// Default `127.0.0.1:8080`.
    pub listen: SocketAddr,
    /// The address of `/v1`, `/metrics` and `/openapi.json` when they must not be public.
    pub admin_listen: Option<SocketAddr>,
    /// Worker threads; 0 means one per core. Default 0.
    pub workers: usize,
    /// `Host` names that are answered, without port; others get 421. Empty means every name.
    pub hosts: Vec<String>,
    /// Seconds a shutdown waits for requests under way. Default 30.
    pub shutdown_seconds: u64,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080),
            admin_listen: None,
            workers: 0,
            hosts: Vec::new(),
            shutdown_seconds: 30,
        }
    }
}

impl Server {
    pub(super) fn read(mut section: Reader) -> Self {
        let default = Self::default();
        let admin_origin = section.origin_of("admin_listen");
        let server = Self {
            listen: section.address("listen").unwrap_or(default.listen),
            admin_listen: section.address("admin_listen"),
            workers: section.number("workers", 0, 0, 512) as usize,
            hosts: section
                .list("hosts")
                .iter()
                .map(|host| host.to_ascii_lowercase())
                .collect(),
            shutdown_seconds: section.number("shutdown_seconds", default.shutdown_seconds, 1, 600),
        };
        if server.admin_listen == Some(server.listen) && server.listen.port() != 0 {
            section.complain(
                admin_origin,
                "admin_listen",
                "is the same address as listen",
            );
        }
        section.finish();
        server
    }
}

/// `[keys]`: the master key, outside the data directory and every export.
#[derive(Debug, Clone)]
pub struct Keys {
    /// The file made by `menshen init`. Default `secrets/master`.
    pub master_file: PathBuf,
    /// Keys of foreign machine identifiers: an identifier `ID.HMAC` under one of them is legal.
    pub foreign_machine_key: Option<super::Secret>,
    /// The key before it, while rotating.
    pub previous_foreign_machine_key: Option<super::Secret>,
}

impl Keys {
    pub(super) fn read(mut section: Reader) -> Self {
        let keys = Self {
            master_file: section.path_or("master_file", "secrets/master"),
            foreign_machine_key: section.secret("foreign_machine_key", "foreign_machine_key_file"),
            previous_foreign_machine_key: section.secret(
                "previous_foreign_machine_key",
                "previous_foreign_machine_key_file",
            ),
        };
        section.finish();
        keys
    }
}

/// `[store]`: where the data is.
#[derive(Debug, Clone)]
pub struct Store {
    /// The directory of the embedded store. Default `data`.
    pub path: PathBuf,
    /// How often the server dumps the store beside itself; 0 for never. Default 6 hours.
    pub dump_every: Millis,
    /// How many dumps are kept. Default 2.
    pub dumps_kept: usize,
}

impl Store {
    pub(super) fn read(mut section: Reader) -> Self {
        let url_origin = section.origin_of("url");
        if section.text("url").is_some() {
            section.complain(
                url_origin,
                "url",
                "the shared store is not available in this release; use path",
            );
        }
        let store = Self {
            path: section.path_or("path", "data"),
            dump_every: section.duration("dump_every", 6 * HOUR, 0, 30 * DAY),
            dumps_kept: usize::try_from(section.number("dumps_kept", 2, 1, 100)).unwrap_or(1),
        };
        section.finish();
        store
    }
}

/// `[rules]`: where the rule files are.
#[derive(Debug, Clone)]
pub struct Rules {
    /// A directory or one file. Default `rules`.
    pub path: PathBuf,
    /// Whether changed files are loaded by themselves. Default true.
    pub watch: bool,
}

impl Rules {
    pub(super) fn read(mut section: Reader) -> Self {
        let rules = Self {
            path: section.path_or("path", "rules"),
            watch: section.flag("watch", true),
        };
        section.finish();
        rules
    }
}

/// `[guard]`: what judging logins needs to know.
#[derive(Debug, Clone)]
pub struct Guard {
    /// The time zone of accounts without one of their own. Default `Asia/Shanghai`.
    pub zone: String,
    /// The operator's own `.mmdb` or `.xdb` file.
    pub geoip: Option<PathBuf>,
    /// The limits among the section's keys.
    pub limits: crate::guard::Limits,
}

impl Guard {
    pub(super) fn read(mut section: Reader) -> Self {
        let zone_origin = section.origin_of("zone");
        let geoip_origin = section.origin_of("geoip");
        let guard = Self {
            zone: section
                .text("zone")
                .unwrap_or_else(|| "Asia/Shanghai".to_owned()),
            geoip: section.path("geoip"),
            limits: super::limits::read_guard(&mut section),
        };
        if jiff::tz::TimeZone::get(&guard.zone).is_err() {
            section.complain(
                zone_origin,
                "zone",
                format!(
                    "{:?} is no IANA time zone such as \"Asia/Shanghai\"",
                    guard.zone
                ),
            );
        }
        if let Some(path) = &guard.geoip {
            let known = path
                .extension()
                .is_some_and(|extension| extension == "mmdb" || extension == "xdb");
            if !known {
                section.complain(geoip_origin, "geoip", "expected a .mmdb or .xdb file");
            } else if !path.is_file() {
                section.complain(
                    geoip_origin,
                    "geoip",
                    format!("there is no file {}", path.display()),
                );
            }
        }
        section.finish();
        guard
    }
}

/// `[history]`: how long logins are kept.
#[derive(Debug, Clone, Copy)]
pub struct History {
    /// The floor; rules can only lengthen it. Default 400 days.
    pub keep: Millis,
}

impl History {
    pub(super) fn read(mut section: Reader) -> Self {
        let history = Self {
            keep: section.duration("keep", 400 * DAY, DAY, 3_650 * DAY),
        };
        section.finish();
        history
    }
}
