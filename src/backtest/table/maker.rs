//! From columns to rows of the live history.

use std::cell::Cell;
use std::net::IpAddr;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::{LEGAL, SUCCESS, Table};
use crate::backtest::needs::{Columns, Need};
use crate::backtest::symbols::{NONE, Symbol};
use crate::history::{Row, hour_and_weekday};

/// Texts one thread holds ready for rows, each at the place its number says: at most about 5 MB.
const MAX_TEXTS: usize = 1 << 15;

/// Which columns rows are made with; a bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::backtest) struct Made(u32);

impl Made {
    const POINT: u32 = Need::COUNT as u32;
    const LOCAL: u32 = Self::POINT + 1;
    /// All that are kept.
    pub(in crate::backtest) const ALL: Self = Self(u32::MAX);

    /// These.
    pub(in crate::backtest) fn of(columns: &Columns) -> Self {
        let texts = columns.texts.iter().map(|need| *need as u32);
        let point = columns.point.then_some(Self::POINT);
        let local = columns.local.then_some(Self::LOCAL);
        let bits = texts.chain(point).chain(local);
        Self(bits.fold(0, |all, bit| all | 1 << bit))
    }

    fn has(self, bit: u32) -> bool {
        self.0 >> bit & 1 == 1
    }
}

/// Makes rows of the live history. One per thread: shared counters of texts would be fought over.
#[derive(Debug)]
pub struct Maker<'t> {
    table: &'t Table,
    zone: TimeZone,
    texts: Vec<Option<(Symbol, Arc<str>)>>,
    /// The address read last.
    last_ip: Cell<(Symbol, Option<IpAddr>)>,
}

impl<'t> Maker<'t> {
    /// For a table whose accounts live in `zone` unless they have their own.
    pub fn new(table: &'t Table, zone: TimeZone) -> Self {
        Self {
            table,
            zone,
            texts: vec![None; MAX_TEXTS.min(table.symbols.len().next_power_of_two())],
            last_ip: Cell::new((NONE, None)),
        }
    }

    fn text(&mut self, need: Need, row: usize) -> Option<Arc<str>> {
        let symbol = self.table.column(need)?[row];
        if symbol == NONE {
            return None;
        }
        // Its length is a power of two.
        let place = symbol as usize & (self.texts.len() - 1);
        let held = &mut self.texts[place];
        if let Some((_, text)) = held.as_ref().filter(|(known, _)| *known == symbol) {
            return Some(text.clone());
        }
        let text: Arc<str> = self.table.symbols.text(symbol).into();
        *held = Some((symbol, text.clone()));
        Some(text)
    }

    /// The address of a row.
    pub fn ip(&self, row: u32) -> Option<IpAddr> {
        let symbol = self.table.column(Need::Ip)?[row as usize];
        if symbol == NONE {
            return None;
        }
        let (known, ip) = self.last_ip.get();
        if known == symbol {
            return ip;
        }
        // Quicker read again than looked up among millions.
        let ip = self.table.symbols.text(symbol).parse().ok();
        self.last_ip.set((symbol, ip));
        ip
    }

    /// The row of a login; `account` is its identifier, shared by the account's rows.
    pub fn row(&mut self, row: u32, account: &Arc<str>) -> Row {
        self.row_with(row, account, Made::ALL)
    }

    /// The same with only some columns: every text costs two steps of a counter.
    pub(in crate::backtest) fn row_with(
        &mut self,
        row: u32,
        account: &Arc<str>,
        made: Made,
    ) -> Row {
        let mut login = blank(account);
        self.fill(&mut login, row, account, made);
        login
    }

    /// Makes a row into that of another login: moving whole rows about costs more than what changes.
    pub(in crate::backtest) fn fill(
        &mut self,
        login: &mut Row,
        row: u32,
        account: &Arc<str>,
        made: Made,
    ) {
        let (table, at) = (self.table, row as usize);
        if !Arc::ptr_eq(&login.account, account) {
            login.account = account.clone();
        }
        (login.time, login.arrival) = (table.time[at], u64::from(row));
        login.success = table.has(row, SUCCESS);
        login.legal = table.has(row, LEGAL);
        login.asn = table.asn(row);
        login.answered_lock = false;
        login.ip = match made.has(Need::Ip as u32) {
            true => self.ip(row),
            false => None,
        };
        (login.lat, login.lon) = match made.has(Made::POINT) {
            true => table.point(row),
            false => (None, None),
        };
        (login.hour, login.weekday) = match table.columns.local && made.has(Made::LOCAL) {
            true => self.local(row),
            false => (None, None),
        };
        let mut text = |need: Need, text: &mut Option<Arc<str>>| {
            *text = match made.has(need as u32) {
                true => self.text(need, at),
                false => None,
            };
        };
        text(Need::Machine, &mut login.machine);
        text(Need::Country, &mut login.country);
        text(Need::Region, &mut login.region);
        text(Need::City, &mut login.city);
        text(Need::Isp, &mut login.isp);
        text(Need::Browser, &mut login.browser);
        text(Need::Os, &mut login.os);
        text(Need::Device, &mut login.device);
        text(Need::Reason, &mut login.reason);
        text(Need::Channel, &mut login.channel);
    }

    /// Hour and weekday of a row where its account lives.
    pub(in crate::backtest) fn local(&self, row: u32) -> (Option<u8>, Option<u8>) {
        let table = self.table;
        let own = match table.zones.is_empty() {
            true => None,
            false => table.zones.get(&table.account[row as usize]),
        };
        hour_and_weekday(table.time[row as usize], own.unwrap_or(&self.zone))
    }
}

/// A row of which only the account is known.
pub(in crate::backtest) fn blank(account: &Arc<str>) -> Row {
    Row {
        account: account.clone(),
        // Written out: the default has an empty account, whose counter all threads would share.
        time: 0,
        arrival: 0,
        machine: None,
        ip: None,
        country: None,
        region: None,
        city: None,
        lat: None,
        lon: None,
        asn: None,
        isp: None,
        hour: None,
        weekday: None,
        browser: None,
        os: None,
        device: None,
        success: false,
        legal: false,
        reason: None,
        channel: None,
        answered_lock: false,
    }
}
