//! `[limits]` and the limits in `[guard]`: one named key per limit, defaults as in the rooms that use them.

use super::reader::Reader;
use crate::accounts::{Limits, OnUnsubscribe};
use crate::env::{DAY, HOUR, MINUTE, Millis, SECOND};
use crate::guard;

/// `[limits]`: codes, tickets and bindings.
pub(super) fn read(mut section: Reader) -> Limits {
    let default = Limits::default();
    let count = |section: &mut Reader, key, default: u32, most: u64| {
        // In range by the bounds.
        u32::try_from(section.number(key, u64::from(default), 1, most)).unwrap_or(default)
    };
    let limits = Limits {
        code_life: section.duration("code_life", default.code_life, MINUTE, HOUR),
        code_tries: count(&mut section, "code_tries", default.code_tries, 20),
        code_tries_everyone: count(
            &mut section,
            "code_tries_everyone",
            default.code_tries_everyone,
            1_000,
        ),
        code_block: section.duration("code_block", default.code_block, MINUTE, 7 * DAY),
        wrong_codes_per_hour: count(
            &mut section,
            "wrong_codes_per_hour",
            default.wrong_codes_per_hour,
            1_000_000,
        ),
        code_request_pause: section.duration(
            "code_request_pause",
            default.code_request_pause,
            SECOND,
            DAY,
        ),
        ticket_life: section.duration("ticket_life", default.ticket_life, MINUTE, HOUR),
        claim_life: section.duration("claim_life", default.claim_life, MINUTE, HOUR),
        ticket_tries: count(&mut section, "ticket_tries", default.ticket_tries, 20),
        on_unsubscribe: on_unsubscribe(&mut section),
        suspicious_after_alert: section.duration(
            "suspicious_after_alert",
            default.suspicious_after_alert,
            0,
            30 * DAY,
        ),
    };
    section.finish();
    limits
}

/// The limits among the keys of `[guard]`; `keep` is `[history] keep`.
pub(super) fn read_guard(section: &mut Reader) -> guard::Limits {
    let default = guard::Limits::default();
    let count = |section: &mut Reader, key, default: u32| {
        u32::try_from(section.number(key, u64::from(default), 1, 1_000_000)).unwrap_or(default)
    };
    let most_open: Millis = 72 * HOUR;
    guard::Limits {
        machines_per_address: count(
            section,
            "machines_per_address",
            default.machines_per_address,
        ),
        captchas_per_address: count(
            section,
            "captchas_per_address",
            default.captchas_per_address,
        ),
        captcha_life: section.duration("captcha_life", default.captcha_life, 30 * SECOND, HOUR),
        session_life: section.duration("session_life", default.session_life, MINUTE, 400 * DAY),
        prompts_per_day: count(section, "prompts_per_day", default.prompts_per_day),
        alert_open: section.duration("alert_open", default.alert_open, HOUR, most_open),
        locked_login_pause: section.duration(
            "locked_login_pause",
            default.locked_login_pause,
            MINUTE,
            DAY,
        ),
        keep_unknown: section.duration("keep_unknown", default.keep_unknown, DAY, 400 * DAY),
        keep: default.keep,
    }
}

/// `on_unsubscribe` = suspend, unbind or keep; with suspend, `suspend_days`.
fn on_unsubscribe(section: &mut Reader) -> OnUnsubscribe {
    let origin = section.origin_of("on_unsubscribe");
    let days = u32::try_from(section.number("suspend_days", 30, 1, 400)).unwrap_or(30);
    match section.text("on_unsubscribe").as_deref() {
        None | Some("suspend") => OnUnsubscribe::Suspend { days },
        Some("unbind") => OnUnsubscribe::Unbind,
        Some("keep") => OnUnsubscribe::Keep,
        Some(other) => {
            let message = format!("expected \"suspend\", \"unbind\" or \"keep\", found {other:?}");
            section.complain(origin, "on_unsubscribe", message);
            OnUnsubscribe::Suspend { days }
        }
    }
}
