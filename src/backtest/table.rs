//! Past logins in columns: what a backtest runs over.
//!
//! Row numbers are the order of arrival. Only the columns the rules look at are kept, texts as
//! numbers, so that millions of logins fit; a row of the live history is made from them when it is
//! needed ([`Maker`]). Filled by `input`, read by `engine`.

mod bits;
mod close;
mod labels;
mod maker;

pub use bits::Bits;
pub use close::Closed;
pub use labels::Labels;
pub use maker::Maker;
pub(super) use maker::{Made, blank};

use jiff::tz::TimeZone;
use std::collections::HashMap;

use crate::env::Millis;
use crate::guard::agent;

use super::needs::{Columns, Need};
use super::symbols::{NONE, Symbol, Symbols};

/// The most logins of one backtest: row numbers have 32 bits, and one is reserved.
pub const MAX_ROWS: usize = u32::MAX as usize - 1;
/// Labels a login can have.
pub const MAX_LABELS: usize = 8;
/// Columns grow by this part of what they have, where nobody knows how many rows come.
const GROWTH: usize = 4;
/// User agents remembered while reading: about 15 MB.
const MAX_AGENTS: usize = 1 << 16;

/// Stands where a source that numbers its rows by arrival gives no number.
const UNNUMBERED: u64 = u64::MAX;

/// The password was right, as the history keeps it.
pub const SUCCESS: u8 = 1;
/// The machine identifier was legal.
pub const LEGAL: u8 = 2;
/// The account exists.
pub const KNOWN: u8 = 4;
/// A captcha was solved.
pub const CAPTCHA: u8 = 8;
/// The password was right when it was judged, even if the login was then refused (a locked account).
pub const JUDGED: u8 = 16;
/// It arrived late: judged, never acts.
pub const LATE_FLAG: u8 = 32;

/// The password was wrong, and the account was locked or disabled when that was reported. (64 is taken while
/// reading.)
pub const STOPPED: u8 = 128;

/// One login as a reader hands it over. Empty texts are missing ones.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Login<'a> {
    /// When it happened.
    pub time: Millis,
    /// Its number by arrival, when the source says so.
    pub arrival: Option<u64>,
    /// The source's own name for it.
    pub id: &'a str,
    /// The account, or what was typed.
    pub account: &'a str,
    /// The account exists.
    pub known: bool,
    /// The password was right.
    pub success: bool,
    /// It was judged as a success although the history says failure.
    pub judged: bool,
    /// A captcha was solved.
    pub captcha: bool,
    /// The machine identifier is legal; by default when there is one.
    pub legal: Option<bool>,
    /// The machine's identifier.
    pub machine: &'a str,
    /// The address.
    pub ip: &'a str,
    /// Country.
    pub country: &'a str,
    /// Province or state.
    pub region: &'a str,
    /// City.
    pub city: &'a str,
    /// Latitude.
    pub lat: Option<f64>,
    /// Longitude.
    pub lon: Option<f64>,
    /// Autonomous system.
    pub asn: Option<u32>,
    /// Provider.
    pub isp: &'a str,
    /// The user agent as sent.
    pub agent: &'a str,
    /// Browser, when the source says it; else from the user agent.
    pub browser: &'a str,
    /// Operating system, likewise.
    pub os: &'a str,
    /// Kind of device, likewise.
    pub device: &'a str,
    /// Why it failed.
    pub reason: &'a str,
    /// Through what it came.
    pub channel: &'a str,
    /// The information system's session.
    pub session: &'a str,
    /// What labels say of it.
    pub labels: Labels,
}

/// The columns.
#[derive(Debug, Default)]
pub struct Table {
    /// Account identifiers.
    pub accounts: Symbols,
    /// Everything else that is text.
    pub symbols: Symbols,
    /// Event times.
    pub time: Vec<Millis>,
    /// Account numbers.
    pub account: Vec<Symbol>,
    /// [`SUCCESS`], [`LEGAL`], …
    pub flags: Vec<u8>,
    /// What labels say; empty when nothing is labelled.
    pub labels: Vec<Labels>,
    /// Arrival numbers of the source; empty when the row number is all there is. `UNNUMBERED` where it
    /// gives none, which may also lack at the end.
    pub arrival: Vec<u64>,
    /// Names of labels.
    pub label_names: Vec<String>,
    /// Bits of the labels that speak only of logins whose owners were asked.
    pub asked: u8,
    /// Text columns that are kept, by [`Need`].
    texts: [Vec<Symbol>; Need::COUNT],
    /// User agents read so far; only while reading.
    agents: hashbrown::HashMap<String, agent::Agent>,
    asn: Vec<u32>,
    lat: Vec<f64>,
    lon: Vec<f64>,
    /// Rows whose alert a lock closed, and the first row that was judged knowing it.
    pub answered_lock: HashMap<u32, u32>,
    /// The same while reading: when it was answered.
    pub answers: HashMap<u32, Answered>,
    /// Rows whose alert was closed before its time, and the first row that was judged knowing it.
    pub alert_closed: HashMap<u32, u32>,
    /// The same while reading: when it was closed.
    pub closings: HashMap<u32, Answered>,
    /// (account, machine) → the first row that was judged knowing of the trust, and until when it holds.
    pub trust: HashMap<(Symbol, Symbol), Vec<(u32, Millis)>>,
    /// The same while reading.
    pub trusts: HashMap<(Symbol, Symbol), Vec<Trusted>>,
    /// Accounts' own zones.
    pub zones: HashMap<Symbol, TimeZone>,
    /// Accounts' names, creation, for explanations; only from a store.
    pub people: HashMap<Symbol, crate::store::records::Account>,
    /// Any login says whether its machine is legal, or which machine it is.
    pub legal_told: bool,
    /// What a server's own history has no more.
    pub gone: Gone,
    /// Logins that a server was told of, as its decisions say.
    pub reported: u64,
    /// Logins whose password a server checked itself: where its rules refused or locked one, they were asked. What
    /// they refuse raises no alert there.
    pub own: Bits,
    /// Logins that a server refused without asking any rule once the password was right.
    pub unasked: Bits,
    /// What became of attempts that are no logins.
    pub ended: Ended,
    /// Columns wanted.
    pub columns: Columns,
    /// The rows are in order of time as they arrived.
    pub ordered: bool,
}

/// Attempts that ended before they were logins; of a server's own history, as far as decisions are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ended {
    /// With a captcha to solve: who solved it came back with another attempt.
    pub captchas: u64,
    /// Refused.
    pub refused: u64,
}

/// What a server's own history has no more: told by what is left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Gone {
    /// Arrival numbers that no row has, from that of the first row on up to the last that was given; 0 when rows have none.
    pub since: u64,
    /// Those before that of the first row.
    pub before: u64,
    /// The last number that was given, when the source says so.
    pub given: Option<u64>,
    /// Logins whose decision is gone.
    pub decisions: u64,
    /// When the first of the decisions that are left was made.
    pub decided_from: Option<Millis>,
}

/// Trust in a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trusted {
    /// When it was given.
    pub since: Answered,
    /// When it ends, by the clock.
    pub until: Millis,
}

/// When a prompt was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered {
    /// By the clock.
    pub at: Millis,
    /// The arrival number of the last login before it, where that is known.
    pub arrived: Option<u64>,
}

impl Table {
    /// An empty table of these columns.
    pub fn new(columns: Columns) -> Self {
        Self {
            columns,
            ordered: true,
            ..Self::default()
        }
    }

    /// Adds a login. `false` when the table is full.
    pub fn push(&mut self, login: &Login<'_>) -> bool {
        if self.time.len() >= MAX_ROWS {
            return false;
        }
        if self.time.last().is_some_and(|last| *last > login.time) {
            self.ordered = false;
        }
        self.time.push(login.time);
        let account = self.accounts.intern(login.account.as_bytes());
        self.account.push(account);
        self.legal_told |= login.legal.is_some() || !login.machine.is_empty();
        let legal = login.legal.unwrap_or(!login.machine.is_empty());
        let flag = |yes: bool, bit: u8| if yes { bit } else { 0 };
        self.flags.push(
            flag(login.success, SUCCESS)
                | flag(legal, LEGAL)
                | flag(login.known, KNOWN)
                | flag(login.captcha, CAPTCHA)
                | flag(login.success || login.judged, JUDGED),
        );
        if !self.label_names.is_empty() {
            self.labels.resize(self.time.len() - 1, Labels::default());
            self.labels.push(login.labels);
        }
        if let Some(arrival) = login.arrival {
            self.arrival.resize(self.time.len() - 1, UNNUMBERED);
            self.arrival.push(arrival);
        }
        if self.columns.asn {
            self.asn.push(login.asn.unwrap_or(0));
        }
        if self.columns.point {
            self.lat.push(login.lat.unwrap_or(f64::NAN));
            self.lon.push(login.lon.unwrap_or(f64::NAN));
        }
        self.push_texts(login);
        true
    }

    /// Makes room for `more` rows, when there is none for as many as are `expected` in all. Left to
    /// themselves the columns would double, and for a moment lie there twice.
    pub(super) fn make_room(&mut self, more: usize, expected: usize) {
        let n = self.len();
        if self.time.capacity() - n >= more {
            return;
        }
        let most = MAX_ROWS.saturating_sub(n);
        // What is not filled costs no memory.
        let room = expected
            .saturating_sub(n)
            .max(more)
            .max(n / GROWTH)
            .min(most);
        fn reserve<T>(column: &mut Vec<T>, wanted: bool, rows: usize) {
            if wanted {
                let _ = column.try_reserve_exact(rows.saturating_sub(column.len()));
            }
        }
        let (rows, labels) = (n + room, !self.label_names.is_empty());
        let numbered = !self.arrival.is_empty();
        reserve(&mut self.time, true, rows);
        reserve(&mut self.account, true, rows);
        reserve(&mut self.flags, true, rows);
        reserve(&mut self.labels, labels, rows);
        reserve(&mut self.arrival, numbered, rows);
        reserve(&mut self.asn, self.columns.asn, rows);
        reserve(&mut self.lat, self.columns.point, rows);
        reserve(&mut self.lon, self.columns.point, rows);
        for need in &self.columns.texts {
            reserve(&mut self.texts[*need as usize], true, rows);
        }
    }

    fn push_texts(&mut self, login: &Login<'_>) {
        // What the source says itself needs no reading.
        let told = |need: &Need| match need {
            Need::Browser => !login.browser.is_empty(),
            Need::Os => !login.os.is_empty(),
            Need::Device => !login.device.is_empty(),
            _ => true,
        };
        let parsed = if login.agent.is_empty() || self.columns.texts.iter().all(told) {
            Default::default()
        } else {
            self.agent(login.agent)
        };
        for need in &self.columns.texts {
            let text = match need {
                Need::Id => login.id,
                Need::Machine => login.machine,
                Need::Ip => login.ip,
                Need::Country => login.country,
                Need::Region => login.region,
                Need::City => login.city,
                Need::Isp => login.isp,
                Need::Agent => login.agent,
                Need::Browser => or(login.browser, parsed.browser),
                Need::Os => or(login.os, parsed.os),
                Need::Device => or(login.device, parsed.device),
                Need::Reason => login.reason,
                Need::Channel => login.channel,
                Need::Session => login.session,
            };
            let symbol = match text {
                "" => NONE,
                text => self.symbols.intern(text.as_bytes()),
            };
            self.texts[*need as usize].push(symbol);
        }
    }

    /// Sets the user agent's text of a row, where that is kept.
    pub(super) fn set_agent(&mut self, row: u32, text: &str) {
        if let Some(agent) = self.texts[Need::Agent as usize].get_mut(row as usize) {
            *agent = self.symbols.intern(text.as_bytes());
        }
    }

    /// Reads a user agent, each only once as long as there are not too many.
    fn agent(&mut self, text: &str) -> agent::Agent {
        if let Some(known) = self.agents.get(text) {
            return *known;
        }
        let read = agent::parse(text);
        if self.agents.len() < MAX_AGENTS {
            self.agents.insert(text.to_owned(), read);
        }
        read
    }

    /// How many logins.
    pub fn len(&self) -> usize {
        self.time.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.time.is_empty()
    }

    /// The column of `need` when it is kept.
    pub fn column(&self, need: Need) -> Option<&[Symbol]> {
        let kept = self.columns.texts.contains(&need);
        kept.then(|| self.texts[need as usize].as_slice())
    }

    /// The number of a row's text; [`NONE`] when it is missing or not kept.
    #[inline]
    pub(super) fn symbol(&self, need: Need, row: u32) -> Symbol {
        let column = &self.texts[need as usize];
        column.get(row as usize).copied().unwrap_or(NONE)
    }

    /// A text of a row; empty when missing or not kept.
    pub fn text(&self, need: Need, row: u32) -> &str {
        self.column(need)
            .and_then(|column| column.get(row as usize))
            .map_or("", |symbol| self.symbols.text(*symbol))
    }

    /// Whether a row has `flag`.
    pub fn has(&self, row: u32, flag: u8) -> bool {
        self.flags[row as usize] & flag != 0
    }

    /// What labels say of a row; without labels nothing.
    pub fn labels_of(&self, row: u32) -> Labels {
        self.labels.get(row as usize).copied().unwrap_or_default()
    }

    /// The autonomous system of a row.
    pub fn asn(&self, row: u32) -> Option<u32> {
        self.asn.get(row as usize).copied().filter(|asn| *asn != 0)
    }

    /// Latitude and longitude of a row.
    pub(super) fn point(&self, row: u32) -> (Option<f64>, Option<f64>) {
        let number = |column: &Vec<f64>| column.get(row as usize).copied();
        let known = |column| number(column).filter(|n| !n.is_nan());
        (known(&self.lat), known(&self.lon))
    }

    /// The first and last event time.
    pub fn span(&self) -> Option<(Millis, Millis)> {
        let first = self.time.iter().min()?;
        let last = self.time.iter().max()?;
        Some((*first, *last))
    }

    /// Looks at everything that is kept of some rows, so that it is near when rows are made of it: rows
    /// of one account lie far apart, and one by one each would be waited for.
    pub(super) fn touch(&self, rows: &[u32]) {
        let mut all = 0_u64;
        for row in rows {
            let at = *row as usize;
            all ^= self.time[at] as u64 ^ u64::from(self.flags[at]);
            let number = |column: &Vec<u32>| u64::from(column.get(at).copied().unwrap_or(0));
            all ^= number(&self.asn);
            for need in &self.columns.texts {
                all ^= number(&self.texts[*need as usize]);
            }
            all ^= self.lat.get(at).map_or(0, |lat| lat.to_bits());
            all ^= self.lon.get(at).map_or(0, |lon| lon.to_bits());
            all ^= u64::from(self.labels_of(*row).bits());
        }
        std::hint::black_box(all);
    }
}

fn or<'a>(text: &'a str, other: Option<&'static str>) -> &'a str {
    if text.is_empty() {
        other.unwrap_or_default()
    } else {
        text
    }
}

#[cfg(test)]
mod tests;
