//! The limits of this room, one named field each.

use std::net::IpAddr;

use crate::env::{DAY, HOUR, MINUTE, Millis};

/// Limits of machines, captchas, sessions, alerts and the history. Times in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Machine identifiers issued per address and hour. Default: 60.
    pub machines_per_address: u32,
    /// Captchas issued per address and hour. Default: 120.
    pub captchas_per_address: u32,
    /// How long a captcha can be answered. Default: 2 minutes.
    pub captcha_life: Millis,
    /// How long a session lasts. Default: 7 days.
    pub session_life: Millis,
    /// Prompts per account and day; beyond, a captcha is asked for. Default: 10.
    pub prompts_per_day: u32,
    /// From a login to the last moment its prompt may go out, and its alert is open at most. Default: 72 hours.
    pub alert_open: Millis,
    /// How often an owner is told that the right password met the lock. Default: every 30 minutes.
    pub locked_login_pause: Millis,
    /// How long logins are kept. Default: 400 days; rules can only lengthen it.
    pub keep: Millis,
    /// How long logins of names that are no account are kept. Default: 30 days.
    pub keep_unknown: Millis,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            machines_per_address: 60,
            captchas_per_address: 120,
            captcha_life: 2 * MINUTE,
            session_life: 7 * DAY,
            prompts_per_day: 10,
            alert_open: 72 * HOUR,
            locked_login_pause: 30 * MINUTE,
            keep: 400 * DAY,
            keep_unknown: 30 * DAY,
        }
    }
}

/// Whose share a limit per address counts against: the address, or the /64 of an IPv6 address, since a
/// single connection owns all of that.
pub(super) fn subject_of(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => {
            let network = u128::from(ip) >> 64 << 64;
            format!("{}/64", std::net::Ipv6Addr::from(network))
        }
    }
}
