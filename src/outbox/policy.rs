//! What follows a refusal by error code, and an attempt with an unknown outcome. Pure.
//!
//! Source: protocol, error codes and practical constraints. A code that is not in the table is
//! tried again a few times: the platform adds codes without notice.

use crate::env::{DAY, HOUR, MINUTE, Millis, SECOND};
use crate::store::records::{OutboxChannel, OutboxEntry, OutboxPurpose, UndeliverableReason};

/// How often a refusal of the "try again" kind is tried again before another channel or the end.
pub const MAX_RETRIES: u32 = 5;
/// The longest wait between attempts.
pub const MAX_BACKOFF: Millis = MINUTE;
/// How long the platform remembers a `client_msg_id` (ten minutes), less a margin for the way.
pub const CLIENT_MSG_ID_LIFE: Millis = 9 * MINUTE;
/// Template attempts under one `client_msg_id` after unknown outcomes.
pub const MAX_TEMPLATE_SENDS: u32 = 3;
/// The most attempts after an unknown one that the platform may take for a new message.
pub const MAX_REPEATS: u32 = 1;

/// 系统繁忙: the one code that asks to be called again.
pub const BUSY: i64 = -1;

/// What a refusal leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Again after the backoff, [`MAX_RETRIES`] times at most.
    Retry,
    /// Again after this long; only this follower is affected.
    Later(Millis),
    /// The channel of this official account rests until then; its messages wait or take the other.
    PauseChannel(Millis),
    /// The official account rests until then: its credentials or rights need a human.
    PauseAccount(Millis),
    /// The other channel, else undeliverable for this reason.
    Other(UndeliverableReason),
    /// Undeliverable.
    End(UndeliverableReason),
}

/// What a refusal says about the follower.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fact {
    /// Does not follow (any more).
    Unfollowed,
    /// No window is open.
    WindowsClosed,
    /// The window's messages are used up.
    QuotaSpent,
}

/// The table of error codes.
pub fn refusal(errcode: i64, now: Millis) -> (Action, Option<Fact>) {
    use UndeliverableReason::{NoChannel, Quota, Refused, Unfollowed};

    match errcode {
        BUSY => (Action::Retry, None),
        // Credentials that a refresh did not cure, addresses not on the list: a human must look.
        40001 | 40002 | 40013 | 40014 | 40125 | 40164 | 40243 | 41001 | 41002 | 41004 | 42001
        | 61003 | 61004 | 89501 | 89503 | 89506 | 89507 => {
            (Action::PauseAccount(now + MINUTE), None)
        }
        48004 | 50002 => (Action::PauseAccount(now + 10 * MINUTE), None),
        40003 | 43004 | 46004 | 50005 => (Action::End(Unfollowed), Some(Fact::Unfollowed)),
        43019 | 48002 | 50001 => (Action::End(Refused), None),
        43101 => (Action::Other(Refused), None),
        43117 => (Action::Later(10 * MINUTE), None),
        45009 => (Action::PauseChannel(next_day(now)), None),
        45011 => (Action::PauseChannel(now + MINUTE), None),
        45015 => (Action::Other(NoChannel), Some(Fact::WindowsClosed)),
        45047 => (Action::Other(Quota), Some(Fact::QuotaSpent)),
        40200 | 48001 | 61007 | 45103 | 45109 => (Action::Other(NoChannel), None),
        // Templates that are wrong, banned or filled wrongly; content, media and lengths.
        40036 | 40037 | 41030 | 43116 | 40249 | 47001 | 47003 | 40033 | 40035 | 43002 | 44002
        | 44004 | 41005 => (Action::Other(Refused), None),
        40004..=40012 | 45001..=45008 => (Action::Other(Refused), None),
        _ => (Action::Retry, None),
    }
}

/// How long to wait after `retries` failures in a row: 1 s, 4 s, 15 s, then a minute.
pub fn backoff(retries: u32) -> Millis {
    match retries {
        0 | 1 => SECOND,
        2 => 4 * SECOND,
        3 => 15 * SECOND,
        _ => MAX_BACKOFF,
    }
}

/// What follows an attempt over `channel` whose outcome nobody knows: the channel to take once
/// more, or nothing. Template sends repeat under the same `client_msg_id` while the platform
/// remembers it. A prompt goes once more over the template channel, else is resent once. Anything
/// else is left alone: a repeated message is worse than one reported as unknown.
pub fn after_unknown(
    entry: &OutboxEntry,
    channel: OutboxChannel,
    template_usable: bool,
    now: Millis,
) -> Option<OutboxChannel> {
    if entry.withdrawn {
        return None;
    }
    match channel {
        OutboxChannel::Template => {
            let remembered = entry
                .template_since
                .is_some_and(|since| now < since.saturating_add(CLIENT_MSG_ID_LIFE));
            (remembered && entry.template_sends < MAX_TEMPLATE_SENDS)
                .then_some(OutboxChannel::Template)
        }
        OutboxChannel::Custom => {
            if entry.purpose != OutboxPurpose::Prompt || entry.repeats >= MAX_REPEATS {
                return None;
            }
            Some(if template_usable {
                OutboxChannel::Template
            } else {
                OutboxChannel::Custom
            })
        }
    }
}

/// The next midnight of China Standard Time, when the platform's daily quotas begin anew.
fn next_day(now: Millis) -> Millis {
    let local = now + 8 * HOUR;
    (local.div_euclid(DAY) + 1) * DAY - 8 * HOUR
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_classes() {
        use UndeliverableReason::{NoChannel, Quota, Refused, Unfollowed};

        let now = 1_790_000_000_000; // 2026-09-21T22:13:20+08:00
        let table = [
            (-1, Action::Retry, None),
            (99_999, Action::Retry, None),
            (40164, Action::PauseAccount(now + MINUTE), None),
            (50002, Action::PauseAccount(now + 10 * MINUTE), None),
            (43004, Action::End(Unfollowed), Some(Fact::Unfollowed)),
            (43019, Action::End(Refused), None),
            (43101, Action::Other(Refused), None),
            (43117, Action::Later(10 * MINUTE), None),
            (45011, Action::PauseChannel(now + MINUTE), None),
            (45009, Action::PauseChannel(1_790_006_400_000), None),
            (45015, Action::Other(NoChannel), Some(Fact::WindowsClosed)),
            (45047, Action::Other(Quota), Some(Fact::QuotaSpent)),
            (48001, Action::Other(NoChannel), None),
            (47003, Action::Other(Refused), None),
            (45002, Action::Other(Refused), None),
        ];
        for (errcode, action, fact) in table {
            assert_eq!(refusal(errcode, now), (action, fact), "{errcode}");
        }
    }
}
