//! The lines of an export: logins, and what was later said about them.
//!
//! Owners' answers become the label `owner`: 锁定 says attack, 是我 says no attack. They are weak
//! labels, given by those who were asked, which is only where a rule fired. A lock that an operator or a
//! rule sets closes alerts too, and the server forgets their logins, but it is no owner's answer.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher as _, RandomState};

use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{InputError, Reading, Reason, Stop, time};
use crate::backtest::symbols::Symbol;
use crate::backtest::table::{Answered, JUDGED, Labels, Login, STOPPED, Table, Trusted};
use crate::env::Millis;
use crate::guard::history::ARRIVALS;
use crate::lang::span::Sources;
use crate::store::records::{self, CloseReason};

/// The label made of owners' answers.
pub const OWNER_LABEL: &str = "owner";
/// Reasons under which a login stands as failed although its password was right and it was judged.
const REFUSED: [&str; 3] = ["locked", "disabled", "denied"];

/// What a store says besides its logins.
#[derive(Debug, Default)]
pub struct StoreFacts {
    /// Texts of rule sets by hash: the pieces in the order of the export.
    pub sources: Vec<records::RuleSource>,
    /// Rule sets that were live: number and hash, the oldest first.
    pub generations: Vec<(u64, String)>,
    /// Rule sets by when their first and last kept decision was made.
    pub decided: HashMap<String, Decided>,
    /// Signals of kept decisions: (rule set, signal) → how often each state.
    pub signals: HashMap<(String, String), SignalCount>,
    /// Decision → under which identifier its login was reported, as long as that is kept (30 days); where it was asked for.
    pub ids: HashMap<String, String>,
    /// The input is a store's.
    pub is_store: bool,
    /// Rows by alert, until they are joined.
    by_alert: HashMap<String, Vec<u32>>,
    /// Alert → when and how it was closed before its time.
    closings: HashMap<String, Closing>,
    /// Trust, and the alert whose answer gave it, until they are joined.
    trusts: Vec<(Symbol, Symbol, Trusted, Option<String>)>,
    /// Decision of a login that was refused whatever its password was → because nobody may log in.
    refused: HashMap<String, bool>,
    /// Decision → row: what the history has not, or only a digest of, stands there. By a hash: there are as
    /// many as logins.
    decisions: HashMap<u64, u32>,
    hasher: RandomState,
    label: u8,
}

/// How an alert was closed before its time.
#[derive(Debug, Clone, Copy)]
struct Closing {
    when: Answered,
    /// A lock closed it: its logins are nobody's habit from then on.
    locked: bool,
    /// What its owner said of it: an attack or none.
    said: Option<bool>,
}

/// The decisions of one rule set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Decided {
    /// Its number when it last decided.
    pub generation: u64,
    /// First decision.
    pub first: Millis,
    /// Last decision.
    pub last: Millis,
    /// How many.
    pub count: u64,
}

/// What a signal said in decisions that are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SignalCount {
    /// It only watches.
    pub shadow: bool,
    /// It fired.
    pub fired: u64,
    /// It could not be judged.
    pub not_evaluable: u64,
    /// Decisions that looked at it.
    pub seen: u64,
}

impl StoreFacts {
    /// The rule set with this hash, when its texts are kept.
    pub fn rules(&self, hash: &str) -> Option<Sources> {
        let mut files: Vec<(String, String)> = Vec::new();
        let mut lists: BTreeMap<String, String> = BTreeMap::new();
        let mut pieces: Vec<&records::RuleSource> = self
            .sources
            .iter()
            .filter(|piece| piece.rules == hash)
            .collect();
        pieces.sort_by(|a, b| (&a.path, a.piece).cmp(&(&b.path, b.piece)));
        for piece in pieces {
            if piece.list {
                lists
                    .entry(piece.path.clone())
                    .or_default()
                    .push_str(&piece.text);
                continue;
            }
            match files.last_mut() {
                Some((path, text)) if *path == piece.path => text.push_str(&piece.text),
                _ => files.push((piece.path.clone(), piece.text.clone())),
            }
        }
        if files.is_empty() {
            return None;
        }
        let mut sources = Sources::new(files);
        sources.lists = lists
            .into_iter()
            .map(|(path, text)| (path, text.into()))
            .collect();
        Some(sources)
    }

    /// Joins answers and logins, before the rows are put in order.
    pub(super) fn join(&mut self, table: &mut Table) -> Result<(), InputError> {
        table.gone.decisions = self.decisions.len() as u64;
        table.gone.decided_from = self.decided.values().map(|of| of.first).min();
        (self.refused, self.decisions) = (HashMap::new(), HashMap::new());
        for (account, machine, mut trust, alert) in std::mem::take(&mut self.trusts) {
            // Whoever arrived before the answer was not judged knowing it, whatever time it bears.
            let closing = alert.and_then(|alert| self.closings.get(&alert));
            if let Some(closing) = closing.filter(|closing| closing.when.at == trust.since.at) {
                trust.since = closing.when;
            }
            let spans = table.trusts.entry((account, machine)).or_default();
            spans.push(trust);
        }
        for (alert, rows) in std::mem::take(&mut self.by_alert) {
            let Some(closing) = self.closings.get(&alert) else {
                continue;
            };
            for row in rows {
                if let Some(attack) = closing.said {
                    table.labels[row as usize].set(self.label, attack);
                }
                if closing.locked {
                    table.answers.insert(row, closing.when);
                }
                table.closings.insert(row, closing.when);
            }
        }
        self.closings = HashMap::new();
        Ok(())
    }
}

#[derive(Deserialize)]
struct Line<'a> {
    kind: &'a str,
    #[serde(borrow)]
    record: &'a RawValue,
}

/// Whether a line begins an export.
pub(super) fn is_header(line: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Header {
        #[allow(dead_code, reason = "only its presence counts")]
        menshen_export: u32,
    }
    serde_json::from_slice::<Header>(line).is_ok()
}

/// An export under way.
pub(super) struct Exported;

impl Exported {
    pub(super) fn new(reading: &mut Reading<'_, '_>) -> Result<Self, Stop> {
        reading.facts.is_store = true;
        reading.facts.label = reading.label(OWNER_LABEL)?;
        reading.table.asked |= 1 << reading.facts.label;
        Ok(Self)
    }

    pub(super) fn line(
        &mut self,
        line: &[u8],
        number: u64,
        reading: &mut Reading<'_, '_>,
    ) -> Result<(), Stop> {
        // The last line is the trailer.
        let Ok(parsed) = serde_json::from_slice::<Line<'_>>(line) else {
            return Ok(());
        };
        let record = parsed.record.get();
        let used = match parsed.kind {
            kind if kind == kind_name::<records::Login>() => login(record, reading)?,
            kind if kind == kind_name::<records::Account>() => account(record, reading),
            kind if kind == kind_name::<records::Trust>() => trust(record, reading),
            kind if kind == kind_name::<records::Alert>() => alert(record, reading),
            kind if kind == kind_name::<records::RuleSource>() => {
                from(record).map(|source| reading.facts.sources.push(source))
            }
            kind if kind == kind_name::<records::Generation>() => {
                from::<records::Generation>(record).map(|live| {
                    let known = &mut reading.facts.generations;
                    known.push((live.number, live.rules));
                    known.sort_unstable();
                })
            }
            kind if kind == kind_name::<records::Counter>() => from::<records::Counter>(record)
                .map(|counter| {
                    if counter.name == ARRIVALS {
                        reading.table.gone.given = Some(counter.last);
                    }
                }),
            kind if kind == kind_name::<records::LoginId>() && reading.options.reported_ids => {
                from::<records::LoginId>(record).map(|known| {
                    reading.facts.ids.insert(known.decision, known.id);
                })
            }
            kind if kind == kind_name::<records::Decision>() => {
                from(record).map(|decision| note(decision, reading))
            }
            _ => Some(()),
        };
        if used.is_none() {
            reading.note(Reason::Syntax, number);
        }
        Ok(())
    }
}

fn kind_name<R: records::Record>() -> &'static str {
    R::KIND.name()
}

fn from<R: serde::de::DeserializeOwned>(record: &str) -> Option<R> {
    serde_json::from_str(record).ok()
}

fn login(record: &str, reading: &mut Reading<'_, '_>) -> Result<Option<()>, Stop> {
    let Some(kept) = from::<records::Login>(record) else {
        return Ok(None);
    };
    if !time::is_usable(kept.time) {
        return Ok(None);
    }
    let text = |text: &'_ Option<String>| text.clone().unwrap_or_default();
    let (machine, ip, country, region) = (
        text(&kept.machine),
        text(&kept.ip),
        text(&kept.place.country),
        text(&kept.place.region),
    );
    let (city, isp, browser, os) = (
        text(&kept.place.city),
        text(&kept.place.isp),
        text(&kept.browser),
        text(&kept.os),
    );
    let (device, reason, channel) = (text(&kept.device), text(&kept.reason), text(&kept.channel));
    let (session, decision) = (text(&kept.session), text(&kept.decision));
    let row = reading.table.len() as u32;
    if let Some(alert) = &kept.alert {
        reading
            .facts
            .by_alert
            .entry(alert.clone())
            .or_default()
            .push(row);
    }
    let refused = kept.decision.is_some() && REFUSED.contains(&reason.as_str());
    // Who wrote it down says more than can be guessed from its reason.
    let told = kept.here || kept.closed;
    let judged = match told {
        true => kept.right && kept.decision.is_some(),
        false => refused,
    };
    if refused && !told {
        let closed = reason != "denied";
        reading.facts.refused.insert(decision.clone(), closed);
    }
    if !decision.is_empty() {
        let hash = reading.facts.hasher.hash_one(&decision);
        reading.facts.decisions.insert(hash, row);
    }
    let pushed = reading.table.push(&Login {
        time: kept.time,
        arrival: Some(kept.seq),
        id: &decision,
        account: &kept.account,
        known: kept.known,
        success: kept.success,
        judged,
        captcha: kept.captcha,
        legal: Some(kept.legal),
        machine: &machine,
        ip: &ip,
        country: &country,
        region: &region,
        city: &city,
        lat: kept.place.lat,
        lon: kept.place.lon,
        asn: kept.place.asn,
        isp: &isp,
        agent: "",
        browser: &browser,
        os: &os,
        device: &device,
        reason: &reason,
        channel: &channel,
        session: &session,
        labels: Labels::default(),
    });
    let refused = matches!(reason.as_str(), "locked" | "disabled") && !kept.success;
    let unasked = match told {
        true => kept.closed && kept.right && kept.decision.is_none(),
        false => refused && kept.decision.is_none(),
    };
    if unasked {
        reading.table.unasked.set(row);
    }
    if kept.here {
        reading.table.own.set(row);
    }
    if pushed && (unasked || (kept.closed && !kept.right)) {
        reading.table.flags[row as usize] |= STOPPED;
    }
    if kept.late {
        reading.table.tell_late(row, true);
    }
    match pushed {
        true => Ok(Some(())),
        false => Err(super::too_many_logins().into()),
    }
}

fn account(record: &str, reading: &mut Reading<'_, '_>) -> Option<()> {
    let account: records::Account = from(record)?;
    let number = reading.table.accounts.intern(account.id.as_bytes());
    if let Some(zone) = account
        .zone
        .as_deref()
        .and_then(|zone| TimeZone::get(zone).ok())
    {
        reading.table.zones.insert(number, zone);
    }
    reading.table.people.insert(number, account);
    Some(())
}

fn trust(record: &str, reading: &mut Reading<'_, '_>) -> Option<()> {
    let trust: records::Trust = from(record)?;
    let table = &mut *reading.table;
    let account = table.accounts.intern(trust.account.as_bytes());
    let machine = table.symbols.intern(trust.machine.as_bytes());
    let span = Trusted {
        since: Answered {
            at: trust.since,
            arrived: None,
        },
        until: trust.until,
    };
    reading
        .facts
        .trusts
        .push((account, machine, span, trust.alert));
    Some(())
}

fn alert(record: &str, reading: &mut Reading<'_, '_>) -> Option<()> {
    let alert: records::Alert = from(record)?;
    let Some(closed) = &alert.closed else {
        return Some(());
    };
    let said = match closed.reason {
        CloseReason::Locked if closed.by_owner() => Some(true),
        CloseReason::TrustedByOwner | CloseReason::ClosedByOwner => Some(false),
        CloseReason::Locked | CloseReason::Operator | CloseReason::AccountDeleted => None,
        // A replay finds these itself.
        CloseReason::Expired | CloseReason::Displaced => return Some(()),
    };
    let closing = Closing {
        when: Answered {
            at: closed.at,
            arrived: closed.arrived,
        },
        locked: closed.reason == CloseReason::Locked,
        said,
    };
    reading.facts.closings.insert(alert.id.clone(), closing);
    Some(())
}

fn note(decision: records::Decision, reading: &mut Reading<'_, '_>) {
    let facts = &mut *reading.facts;
    let hash = facts.hasher.hash_one(&decision.id);
    if let Some(row) = facts.decisions.remove(&hash) {
        match decision.kind.as_str() {
            "report" => reading.table.reported += 1,
            "login" => reading.table.own.set(row),
            _ => {}
        }
        if let Some(agent) = decision.login["agent"].as_str() {
            reading.table.set_agent(row, agent);
        }
        if let Some(late) = decision.login["late"].as_bool() {
            reading.table.tell_late(row, late);
        }
        let wrong = decision.login["success"] == false;
        let flags = &mut reading.table.flags[row as usize];
        // A wrong password under a lock was not judged, although the history says locked and no more.
        // Logins come before decisions.
        let closed = facts.refused.remove(&decision.id).inspect(|_| {
            if wrong {
                *flags &= !JUDGED;
            }
        });
        // No rule can refuse a wrong password without having acted.
        let by_rules = decision.login["rules"].as_array();
        let by_rules = by_rules.is_some_and(|rules| !rules.is_empty());
        if wrong && decision.verdict == "deny" && (!by_rules || closed == Some(true)) {
            *flags |= STOPPED;
        }
    } else if decision.kind == "attempt" {
        let ended = &mut reading.table.ended;
        ended.captchas += u64::from(decision.verdict == "challenge");
        ended.refused += u64::from(decision.verdict == "deny");
    }
    let of = facts
        .decided
        .entry(decision.hash.clone())
        .or_insert(Decided {
            first: decision.time,
            ..Decided::default()
        });
    of.generation = of.generation.max(decision.generation);
    of.first = of.first.min(decision.time);
    of.last = of.last.max(decision.time);
    of.count += 1;
    // Whoever was asked for a captcha then comes back, and is judged again.
    if decision.kind == "attempt" {
        return;
    }
    for signal in decision.signals {
        let count = facts
            .signals
            .entry((decision.hash.clone(), signal.name))
            .or_default();
        count.shadow |= signal.shadow;
        count.seen += 1;
        count.fired += u64::from(signal.state == "fired");
        count.not_evaluable += u64::from(signal.state == "not_evaluable");
    }
}

#[cfg(test)]
mod tests;
