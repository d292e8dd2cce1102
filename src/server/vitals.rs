//! Numbers that other rooms keep for themselves, read when `/metrics` is asked for: how full each
//! bounded thing is, what the bot and the store have done so far.
//!
//! Every bound has a name, what is in use, and its limit (`menshen_bound_used`, `menshen_bound_limit`), so
//! that one alert covers them all.

use std::sync::atomic::Ordering::Relaxed;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::bodies::MAX_BODIES_BYTES;
use super::idempotency::MAX_RUNNING;
use super::state::{MAX_EVENT_STREAMS, State};
use crate::bot::pushes::{MAX_REMEMBERED, MAX_RUNNING as MAX_PUSHES, MAX_STORED};
use crate::guard::MAX_RECENT_ROWS;
use crate::guard::captcha::MAX_DRAWING;
use crate::outbox::CallStats;
use crate::outbox::call::{MAX_CALLS_WAITING, MAX_FOLLOWERS_CALLS};
use crate::store::StoreStatus;
use crate::wechat::replay::MAX_MARKS;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Bound {
    bound: &'static str,
}

/// What a rule calls: a name of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Call {
    name: String,
}

/// The bounds of what is only remembered to save work: being full is how they work, and no fault. The
/// alerts leave them out.
#[cfg(test)]
const MEMORIES: [&str; 4] = [
    "pushes_remembered",
    "pushes_stored",
    "replay_marks",
    "recent_logins",
];

/// See the module's description.
#[derive(Debug, Default)]
pub(super) struct Vitals {
    used: Family<Bound, Gauge>,
    limit: Family<Bound, Gauge>,
    calls_waiting: Family<Call, Gauge>,
    call_attempts: Family<Call, Counter>,
    call_attempts_failed: Family<Call, Counter>,
    pushes: Counter,
    logins: Counter,
    overruns: Counter,
    mismatches: Counter,
    replies_dropped: Counter,
    connections_unused: Counter,
    commands: Counter,
    quick: Counter,
    aborted: Counter,
    panicked: Counter,
    busy: Counter,
    commits: Counter,
    commit_micros: Counter,
    commit_max: Gauge,
    clock_behind: Gauge,
    bytes: Gauge,
}

impl Vitals {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "bound_used",
            "How much of a named bound is in use",
            self.used.clone(),
        );
        registry.register("bound_limit", "A named bound", self.limit.clone());
        registry.register(
            "calls_waiting",
            "Queued calls of a name that have not ended",
            self.calls_waiting.clone(),
        );
        registry.register(
            "call_attempts",
            "Attempts at queued calls of a name",
            self.call_attempts.clone(),
        );
        registry.register(
            "call_attempts_failed",
            "Those among them that failed",
            self.call_attempts_failed.clone(),
        );
        let counters = [
            (
                "pushes_worked",
                "Pushes the rules have worked on",
                &self.pushes,
            ),
            ("logins", "Logins judged", &self.logins),
            (
                "push_overruns",
                "Pushes not done within the time a connection waits",
                &self.overruns,
            ),
            (
                "push_mismatches",
                "Pushes whose identifier came with another body before",
                &self.mismatches,
            ),
            (
                "replies_dropped",
                "Replies that reached nobody",
                &self.replies_dropped,
            ),
            (
                "connections_unused",
                "Connections that ended before a request of theirs was whole",
                &self.connections_unused,
            ),
            (
                "store_commands",
                "Store commands run, reads included",
                &self.commands,
            ),
            (
                "store_commands_quick",
                "Those among them that wrote nothing and ran beside the writer",
                &self.quick,
            ),
            (
                "store_commands_aborted",
                "Store commands that gave up or were refused",
                &self.aborted,
            ),
            (
                "store_commands_panicked",
                "Store commands that panicked; each is a bug",
                &self.panicked,
            ),
            (
                "store_busy",
                "Store commands turned away because the queue was full",
                &self.busy,
            ),
            ("store_commits", "Durable commits", &self.commits),
            (
                "store_commit_microseconds",
                "Time spent in commits, with their syncs",
                &self.commit_micros,
            ),
        ];
        for (name, help, counter) in counters {
            registry.register(name, help, counter.clone());
        }
        registry.register(
            "store_commit_max_microseconds",
            "The slowest commit since the start",
            self.commit_max.clone(),
        );
        registry.register(
            "clock_behind_milliseconds",
            "By how much the clock is behind the store's latest time",
            self.clock_behind.clone(),
        );
        registry.register(
            "store_bytes",
            "Size of the database file",
            self.bytes.clone(),
        );
    }

    pub(super) fn refresh(&self, state: &State, store: &StoreStatus) {
        let bot = state.bot.vitals();
        let set = |counter: &Counter, value: u64| counter.inner().store(value, Relaxed);
        set(&self.pushes, bot.pushes);
        set(&self.logins, bot.logins);
        set(&self.overruns, bot.overruns);
        set(&self.mismatches, bot.mismatches);
        set(&self.replies_dropped, bot.replies_dropped);
        set(&self.connections_unused, state.connections.unused());
        set(&self.commands, store.commands);
        set(&self.quick, store.quick);
        set(&self.aborted, store.aborted);
        set(&self.panicked, store.panicked);
        set(&self.busy, store.busy);
        set(&self.commits, store.commits);
        set(&self.commit_micros, store.latency_sum);
        self.commit_max.set(number(store.latency_max));
        self.clock_behind.set(store.clock_behind);
        self.bytes.set(number(store.size.unwrap_or(0)));

        let calls = state.bot.calls();
        for (name, stats) in &calls {
            let label = Call { name: name.clone() };
            if let Some(waiting) = stats.waiting {
                let gauge = self.calls_waiting.get_or_create(&label);
                gauge.set(number(waiting));
            }
            set(&self.call_attempts.get_or_create(&label), stats.attempts);
            set(
                &self.call_attempts_failed.get_or_create(&label),
                stats.failed,
            );
        }
        let fullest = |of: fn(&CallStats) -> Option<u64>| {
            let fullest = calls.values().filter_map(of).max().unwrap_or(0);
            usize::try_from(fullest).unwrap_or(usize::MAX)
        };

        let free_turns = |free: usize, all: usize| all.saturating_sub(free);
        let marks = state.endpoints.values().map(|endpoint| endpoint.marks());
        let (waiting, most_waiting) = state.passwords.waiting();
        let bounds = [
            ("store_queue", store.queue, store.queue_capacity),
            ("pushes_running", bot.pushes_running, MAX_PUSHES),
            ("pushes_remembered", bot.pushes_remembered, MAX_REMEMBERED),
            ("pushes_stored", bot.pushes_stored, MAX_STORED),
            ("recent_logins", bot.recent_logins, MAX_RECENT_ROWS),
            // Each official account has its own; the fullest counts.
            ("replay_marks", marks.max().unwrap_or(0), MAX_MARKS),
            (
                "connections",
                state.connections.open(),
                state.connections.most(),
            ),
            ("bodies", state.bodies.used(), MAX_BODIES_BYTES),
            (
                "event_streams",
                free_turns(state.streams.available_permits(), MAX_EVENT_STREAMS),
                MAX_EVENT_STREAMS,
            ),
            ("idempotent_requests", state.running.len(), MAX_RUNNING),
            (
                "captchas_drawing",
                // The API's and the logins' have turns of their own; the fuller counts.
                state.drawer.busy().max(bot.captchas_drawing),
                MAX_DRAWING,
            ),
            ("password_checks", waiting, most_waiting),
            // Each name has its own; the fullest counts.
            (
                "calls_of_a_name",
                fullest(|calls| calls.waiting),
                MAX_CALLS_WAITING as usize,
            ),
            (
                "calls_of_followers",
                fullest(|calls| calls.waiting_of_followers),
                MAX_FOLLOWERS_CALLS as usize,
            ),
        ];
        for (bound, used, limit) in bounds {
            let label = Bound { bound };
            self.used.get_or_create(&label).set(number(used as u64));
            self.limit.get_or_create(&label).set(number(limit as u64));
        }
    }
}

fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::MEMORIES;

    #[test]
    fn the_alert_about_bounds_leaves_out_what_is_full_by_design() {
        let alerts = include_str!("../../deploy/alerts.yml");
        let left_out = format!("bound!~\"{}\"", MEMORIES.join("|"));
        assert!(alerts.contains(&left_out), "{left_out}");
        let this = include_str!("vitals.rs");
        for memory in MEMORIES {
            let shown = format!("(\"{memory}\", ");
            assert!(this.contains(&shown), "{memory} is no bound");
        }
    }
}
