//! Past logins in columns: what a backtest runs over.
//!
//! Row numbers are the order of arrival. Only the columns the rules look at are kept, texts as
//! numbers, so that millions of logins fit; a row of the live history is made from them when it is
//! needed ([`Maker`]). Filled by `input`, read by `engine`.

mod maker;

pub use maker::Maker;
pub(super) use maker::{Made, blank};

use jiff::tz::TimeZone;
use std::collections::HashMap;

use crate::env::{MINUTE, Millis};
use crate::guard::agent;

use super::needs::{Columns, Need};
use super::symbols::{NONE, Symbol, Symbols};

/// The most logins of one backtest: row numbers have 32 bits, and one is reserved.
pub const MAX_ROWS: usize = u32::MAX as usize - 1;
/// Labels a login can have.
pub const MAX_LABELS: usize = 8;
/// User agents remembered while reading: about 15 MB.
const MAX_AGENTS: usize = 1 << 16;
/// A login that came so much later than a later one never acts (language law 9).
const LATE: Millis = 10 * MINUTE;

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
    /// Bits of the labels it has.
    pub labels: u8,
    /// Bits of the labels that say something about it, one way or the other.
    pub labelled: u8,
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
    /// Label bits; empty when nothing is labelled.
    pub labels: Vec<u8>,
    /// Which label bits are known; empty when nothing is labelled.
    pub labelled: Vec<u8>,
    /// Arrival numbers of the source; empty when the row number is all there is.
    pub arrival: Vec<u64>,
    /// Names of labels.
    pub label_names: Vec<String>,
    /// Text columns that are kept, by [`Need`].
    texts: [Vec<Symbol>; Need::COUNT],
    /// User agents read so far; only while reading.
    agents: hashbrown::HashMap<String, agent::Agent>,
    asn: Vec<u32>,
    lat: Vec<f64>,
    lon: Vec<f64>,
    /// Rows whose prompt was answered with 锁定, and the first row that was judged knowing it.
    pub answered_lock: HashMap<u32, u32>,
    /// The same while reading: when it was answered.
    pub answers: HashMap<u32, Answered>,
    /// (account, machine) → trusted since and until.
    pub trust: HashMap<(Symbol, Symbol), Vec<(Millis, Millis)>>,
    /// Accounts' own zones.
    pub zones: HashMap<Symbol, TimeZone>,
    /// Accounts' names, creation, for explanations; only from a store.
    pub people: HashMap<Symbol, crate::store::records::Account>,
    /// Columns wanted.
    pub columns: Columns,
    /// The rows are in order of time as they arrived.
    pub ordered: bool,
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
            self.labels.resize(self.time.len() - 1, 0);
            self.labelled.resize(self.time.len() - 1, 0);
            self.labels.push(login.labels);
            self.labelled.push(login.labelled);
        }
        if let Some(arrival) = login.arrival {
            self.arrival.resize(self.time.len() - 1, 0);
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
            all ^= u64::from(self.labels.get(at).copied().unwrap_or(0));
        }
        std::hint::black_box(all);
    }

    /// Closes the table: puts the rows in the order of arrival and marks the late ones. Without
    /// arrival numbers the order of time is the order of arrival, unless `as_read`. Returns how many
    /// rows stood before one they are later than.
    pub fn close(&mut self, as_read: bool) -> usize {
        self.accounts.freeze();
        self.agents = Default::default();
        let n = self.len();
        let unordered = self
            .time
            .windows(2)
            .filter(|pair| pair[0] > pair[1])
            .count();
        let numbered = self.arrival.len() == n && n > 0;
        if numbered || (unordered > 0 && !as_read) {
            let mut order: Vec<u32> = (0..n as u32).collect();
            match numbered {
                true => order.sort_by_key(|row| self.arrival[*row as usize]),
                false => order.sort_by_key(|row| self.time[*row as usize]),
            }
            self.permute(&order);
        }
        let arrival = std::mem::take(&mut self.arrival);
        self.answered_lock = std::mem::take(&mut self.answers)
            .into_iter()
            .map(|(row, answered)| (row, self.first_after(answered, &arrival)))
            .collect();
        self.ordered = self.time.windows(2).all(|pair| pair[0] <= pair[1]);
        let mut clock = Millis::MIN;
        for (time, flags) in self.time.iter().zip(&mut self.flags) {
            clock = clock.max(*time);
            if clock.saturating_sub(*time) > LATE {
                *flags |= LATE_FLAG;
            }
        }
        unordered
    }

    /// The first row after an answer. `arrival` is in order, or empty when rows have no numbers.
    fn first_after(&self, answered: Answered, arrival: &[u64]) -> u32 {
        let rows = match answered.arrived {
            Some(last) if !arrival.is_empty() => arrival.partition_point(|number| *number <= last),
            _ => {
                let after = self.time.iter().position(|time| *time >= answered.at);
                after.unwrap_or(self.len())
            }
        };
        rows as u32
    }

    fn permute(&mut self, order: &[u32]) {
        fn by<T: Copy>(column: &mut Vec<T>, order: &[u32]) {
            if column.len() == order.len() {
                *column = order.iter().map(|row| column[*row as usize]).collect();
            }
        }
        by(&mut self.time, order);
        by(&mut self.account, order);
        by(&mut self.flags, order);
        by(&mut self.labels, order);
        by(&mut self.labelled, order);
        by(&mut self.asn, order);
        by(&mut self.lat, order);
        by(&mut self.lon, order);
        self.texts.iter_mut().for_each(|column| by(column, order));
        by(&mut self.arrival, order);
        if !self.answers.is_empty() {
            let mut place = vec![0_u32; order.len()];
            for (now, before) in order.iter().enumerate() {
                place[*before as usize] = now as u32;
            }
            self.answers = std::mem::take(&mut self.answers)
                .into_iter()
                .map(|(row, answered)| (place[row as usize], answered))
                .collect();
        }
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
mod tests {
    use super::*;

    fn login(time: Millis, account: &'static str) -> Login<'static> {
        Login {
            time,
            account,
            success: true,
            city: "北京",
            ..Login::default()
        }
    }

    #[test]
    fn rows_are_put_in_order_and_late_ones_marked() {
        let mut table = Table::new(Columns::all());
        for time in [5 * MINUTE, MINUTE, 30 * MINUTE, 2 * MINUTE] {
            assert!(table.push(&login(time, "a")));
        }
        assert_eq!(table.close(false), 2);
        assert!(table.ordered);
        assert_eq!(table.time, [MINUTE, 2 * MINUTE, 5 * MINUTE, 30 * MINUTE]);

        let mut table = Table::new(Columns::all());
        for time in [5 * MINUTE, MINUTE, 30 * MINUTE, 2 * MINUTE] {
            table.push(&login(time, "a"));
        }
        table.close(true);
        assert!(!table.ordered);
        let late: Vec<bool> = (0..4).map(|row| table.has(row, LATE_FLAG)).collect();
        assert_eq!(late, [false, false, false, true]);
    }

    #[test]
    fn arrival_numbers_decide_the_order() {
        let mut table = Table::new(Columns::all());
        for (time, arrival) in [(10, 3), (20, 1), (30, 2)] {
            table.push(&Login {
                arrival: Some(arrival),
                ..login(time, "a")
            });
        }
        table.close(false);
        assert_eq!(table.time, [20, 30, 10]);
    }

    #[test]
    fn an_answer_is_known_to_what_arrived_after_it() {
        let with = |arrived: Option<u64>, numbered: bool| {
            let mut table = Table::new(Columns::all());
            // The last one arrived after the answer, though its time is before it.
            for (time, arrival) in [(50, 9), (10, 3), (40, 7)] {
                table.push(&Login {
                    arrival: numbered.then_some(arrival),
                    ..login(time, "a")
                });
            }
            table.answers.insert(1, Answered { at: 45, arrived });
            table.close(false);
            table.answered_lock
        };
        assert_eq!(with(Some(3), true), HashMap::from([(0, 1)]));
        assert_eq!(with(Some(7), true), HashMap::from([(0, 2)]));
        assert_eq!(with(Some(9), true), HashMap::from([(0, 3)]));
        // By the clock where nobody counted.
        assert_eq!(with(None, true), HashMap::from([(0, 2)]));
        assert_eq!(with(Some(3), false), HashMap::from([(0, 2)]));
    }

    #[test]
    fn a_row_is_what_the_live_history_would_hold() {
        let mut table = Table::new(Columns::all());
        table.push(&Login {
            lat: Some(39.9),
            lon: Some(116.4),
            asn: Some(4134),
            ip: "203.0.113.7",
            agent: "Mozilla/5.0 (Windows NT 10.0) Chrome/120.0",
            machine: "pc",
            ..login(1_767_574_800_000, "alice")
        });
        table.close(false);
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let row = Maker::new(&table, zone).row(0, &"alice".into());
        assert_eq!(row.hour, Some(9));
        assert_eq!(row.weekday, Some(1));
        assert_eq!(row.city.as_deref(), Some("北京"));
        assert_eq!(row.ip, "203.0.113.7".parse().ok());
        assert_eq!(row.asn, Some(4134));
        assert!(row.legal && row.success);
        assert_eq!(row.browser.as_deref(), Some("Chrome"));
    }
}
