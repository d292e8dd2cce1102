//! The table as a provider of history rows: what the store holds live, as of one login.
//!
//! The same bounds hold as there: the newest 2,000 rows of an account and 20,000 of any other key,
//! and the longest window the rules have under it.

mod asked;

use std::sync::Arc;

use hashbrown::HashMap;

use crate::bot::login::ask;
use crate::env::Millis;
use crate::guard::history::{ACCOUNT_ROWS, OTHER_ROWS};
use crate::history::{self, KeyNeed, Plan, Row, Slice, Walk, glance};
use crate::lang::eval::Experience;
use crate::lang::program::{ByKey, HistoryQuery};
use crate::lang::value::{LoginPoint, Place, Spot, Value};

use super::super::symbols::{NONE, Symbol};
use super::super::table::{Made, Maker, Table, blank};
use super::counts::Counts;
use super::index::KeyIndex;
use super::loaded::{Loaded, Now, Scanned, cut, first_before, firsts, locks};
use super::places::Places;
use super::reach::Reach;
use super::sheet::Numbers;

/// Rows of other keys held at a time by one thread: about 150 MB.
const CACHED_ROWS: usize = 400_000;
/// So many rows of an account are made for one question alone; for more, all are.
const RECENT: usize = 16;
/// What of the engine all threads share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shared<'t> {
    pub(super) table: &'t Table,
    pub(super) indexes: &'t [KeyIndex],
    /// Addresses by number, when any rule asks for them.
    pub(super) addresses: Option<&'t KeyIndex>,
    pub(super) counts: &'t [Counts],
    /// How far back the rows of a key are made, and with which columns, over all rule sets: by
    /// narrowest key.
    pub(super) reaches: &'t [Reach],
    /// Questions that need no rows.
    pub(super) plan: &'t Plan,
    /// By rule set: the window of the plan that its account's rows lie in.
    pub(super) own: &'t [usize],
    /// What is asked of the login that is judged where numbers are enough for the rest.
    pub(super) present: Made,
    /// What is asked of an account's past rows there.
    pub(super) past: Made,
}

/// The account that is gone through.
#[derive(Debug, Default)]
struct Account<'t> {
    /// All its rows, and which of them are gone through.
    all: &'t [u32],
    from: usize,
    to: usize,
    name: Arc<str>,
    /// Its rows, once somebody asks for them.
    loaded: Loaded,
    made: bool,
    /// No row was answered with 锁定, and arrival is the order of time: numbers are enough.
    plain: bool,
    /// How many rows had arrived when the present one did.
    arrived: usize,
}

/// The histories one thread has at hand.
#[derive(Debug)]
pub(super) struct Histories<'t> {
    shared: Shared<'t>,
    table: &'t Table,
    maker: Maker<'t>,
    account: Account<'t>,
    walk: Walk,
    now: Now,
    /// The rule set that asks, and its windows.
    rules: usize,
    windows: Arc<[KeyNeed]>,
    /// Rows are shown to people: they have all columns.
    pub(super) observed: bool,
    /// First and one past the last row of the stretch worked on, and its first time.
    stretch: (u32, u32, Millis),
    cache: HashMap<(ByKey, u32), Loaded>,
    cached: usize,
    accounts: HashMap<Symbol, Arc<str>>,
    /// Rows of a combination of keys.
    combined: Vec<Row>,
    scanned: Scanned,
    places: Places,
}

impl<'t> Histories<'t> {
    pub(super) fn new(shared: Shared<'t>, maker: Maker<'t>) -> Self {
        Self {
            table: shared.table,
            shared,
            maker,
            account: Account::default(),
            walk: Walk::default(),
            now: Now::default(),
            rules: 0,
            windows: Arc::from([]),
            observed: false,
            stretch: (0, 0, Millis::MIN),
            cache: HashMap::new(),
            cached: 0,
            accounts: HashMap::new(),
            combined: Vec::new(),
            scanned: Scanned::default(),
            places: Places::default(),
        }
    }

    /// Moves to another stretch of rows: what was made for the last one may reach too short.
    pub(super) fn enter(&mut self, from: u32, to: u32, first: Millis) {
        if self.stretch != (from, to, first) {
            self.stretch = (from, to, first);
            self.cache.clear();
            self.cached = 0;
            self.accounts.clear();
        }
    }

    /// Begins with the rows `all[from..to]` of an account. `all` is in the order of arrival.
    pub(super) fn load_account(&mut self, all: &'t [u32], from: usize, to: usize, name: &Arc<str>) {
        let table = self.table;
        let account = &mut self.account;
        (account.all, account.from, account.to) = (all, from, to);
        account.name = name.clone();
        account.made = false;
        account.loaded.clear();
        let key = (ByKey::Account, table.account[all[from] as usize]);
        let (scanned, found) = (&mut self.scanned, &mut account.loaded.firsts);
        firsts(found, &all[..to], key, scanned, table);
        let mut low = from.saturating_sub(ACCOUNT_ROWS);
        if let (Some(longest), true) = (self.shared.plan.longest(), table.ordered) {
            let after = table.time[all[from] as usize].saturating_sub(longest);
            let old = |row: &u32| table.time[*row as usize] <= after;
            low += all[low..from].partition_point(old);
        }
        let answered = |row: &u32| table.answered_lock.contains_key(row);
        account.plain =
            table.ordered && (table.answered_lock.is_empty() || !all[low..to].iter().any(answered));
        if account.plain {
            self.walk.begin(self.shared.plan, low);
        }
    }

    /// Makes the rows of the account that are gone through, and those before that may be asked for.
    fn make(&mut self) {
        if self.account.made {
            return;
        }
        self.account.made = true;
        let (table, shared) = (self.table, self.shared);
        let (all, from, to) = (self.account.all, self.account.from, self.account.to);
        let own = |reach: &&Reach| reach.by == ByKey::Account;
        let reach = shared.reaches.iter().find(own);
        let window = reach.and_then(|reach| reach.window);
        // One more than counts, to know what is gone.
        let mut start = from.saturating_sub(ACCOUNT_ROWS + 1);
        if let (Some(window), true) = (window, table.ordered) {
            let after = table.time[all[from] as usize].saturating_sub(window);
            let old = all[start..from].partition_point(|row| table.time[*row as usize] <= after);
            start += old;
        }
        let made = match self.is_bare() {
            true => shared.past,
            false => Made::ALL,
        };
        let (loaded, name) = (&mut self.account.loaded, &self.account.name);
        loaded.skipped = start;
        let rows = all[start..to].iter();
        loaded
            .rows
            .extend(rows.map(|row| self.maker.row_with(*row, name, made)));
        if !table.ordered {
            loaded.rows.sort_by_key(|row| (row.time, row.arrival));
        }
        locks(loaded, table);
        loaded.as_of(self.now.row);
    }

    /// Moves to a row of the account, the `arrived`th to arrive.
    pub(super) fn step(&mut self, row: u32, arrived: usize) {
        self.now = Now {
            row,
            time: self.table.time[row as usize],
        };
        self.account.arrived = arrived;
        self.account.loaded.as_of(row);
    }

    /// A row of the account, for [`present`](Self::present).
    pub(super) fn blank(&self) -> Row {
        blank(&self.account.name)
    }

    /// Makes `present` into that row as it is before anybody knows how it ends.
    pub(super) fn present(&mut self, present: &mut Row) {
        let made = match self.is_bare() {
            true => self.shared.present,
            false => Made::ALL,
        };
        self.maker
            .fill(present, self.now.row, &self.account.name, made);
        // Why it failed is asked after it has (`on failure`); a success has no reason then.
        if present.success {
            present.reason = None;
        }
        present.success = false;
    }

    /// The rule set that asks from now on.
    pub(super) fn ask_with(&mut self, rules: usize, windows: &Arc<[KeyNeed]>) {
        self.rules = rules;
        if !Arc::ptr_eq(&self.windows, windows) {
            self.windows = windows.clone();
        }
    }

    /// The account's own rows.
    pub(super) fn own(&mut self) -> Slice<'_, Row> {
        self.make();
        let after = ask::reach(&self.windows, &[ByKey::Account], self.now.time);
        self.own_after(after)
    }

    /// Those of them later than `after`: where they are few, only they are made.
    fn own_recent(&mut self, after: Option<Millis>) -> Slice<'_, Row> {
        let bare = self.is_bare() && !self.account.made;
        let (Some(after), true) = (after, bare) else {
            return self.own();
        };
        let (table, account) = (self.table, &self.account);
        let before = &account.all[..account.arrived];
        let recent = before.iter().rev();
        let recent = recent.take_while(|row| table.time[**row as usize] > after);
        let few = recent.take(RECENT + 1).count();
        if few > RECENT {
            return self.own();
        }
        let mut rows = std::mem::take(&mut self.combined);
        rows.clear();
        for row in &before[before.len() - few..] {
            let (name, made) = (&self.account.name, self.shared.past);
            rows.push(self.maker.row_with(*row, name, made));
        }
        self.combined = rows;
        Slice {
            rows: &self.combined,
            first_success: self.known_since(),
            truncated: false,
        }
    }

    /// Whether numbers answer what they can, and nobody looks at rows.
    fn is_bare(&self) -> bool {
        self.account.plain && self.table.answered_lock.is_empty() && !self.observed
    }

    fn own_after(&self, after: Option<Millis>) -> Slice<'_, Row> {
        let (loaded, arrived) = (&self.account.loaded, self.account.arrived);
        let ordered = self.table.ordered;
        let end = match ordered {
            true => (arrived - loaded.skipped).min(loaded.rows.len()),
            false => loaded.rows.len(),
        };
        cut(
            loaded,
            end,
            arrived,
            ACCOUNT_ROWS,
            after,
            self.now.row,
            ordered,
        )
    }

    /// The answer to a question where numbers are enough.
    #[inline]
    pub(super) fn at_hand(&mut self, query: &HistoryQuery) -> Option<Value> {
        let shared = self.shared;
        let question = shared.plan.get(self.rules, query)?;
        if question.by == ByKey::Account {
            if !self.account.plain {
                return None;
            }
            let sheet = own_sheet(&self.account, shared, &self.maker);
            let now = self.account.arrived;
            return self.walk.answer(shared.plan, question, &sheet, now);
        }
        let table = self.table;
        if !table.ordered || !table.answered_lock.is_empty() {
            return None;
        }
        let mut indexes = shared.indexes.iter();
        let at = indexes.position(|index| index.by == question.by)?;
        let index = &shared.indexes[at];
        let group = index.group(self.now.row, table);
        if group == NONE {
            return None;
        }
        let rows = index.rows(group);
        let now = self.places.of(at, group, rows, self.now.row)?;
        let sheet = Numbers {
            table,
            maker: &self.maker,
            addresses: shared.addresses,
            rows,
            first: None,
            most: OTHER_ROWS,
            failures: index.failures(group),
            single: index.is_single(group),
        };
        glance(shared.plan, question, &sheet, now)
    }

    /// When and where the login before was: what distances look at.
    pub(super) fn previous(&mut self, present: &Row) -> Option<LoginPoint> {
        if !self.account.plain {
            return history::previous(self.own(), present).map(Row::bare_point);
        }
        let Spot { time, lat, lon } = self.previous_spot()?;
        Some(LoginPoint {
            time,
            place: Place {
                lat,
                lon,
                ..Place::default()
            },
        })
    }

    /// The same where numbers are enough.
    pub(super) fn previous_spot(&mut self) -> Option<Spot> {
        if !self.account.plain {
            return None;
        }
        let table = self.table;
        let last = self.walk_on(|walk, sheet, from, now| walk.last_success(sheet, from, now))?;
        let row = self.account.all[last];
        let (lat, lon) = table.point(row);
        let time = table.time[row as usize];
        Some(Spot { time, lat, lon })
    }

    /// The row of the present login.
    pub(super) fn row(&self) -> u32 {
        self.now.row
    }

    /// How well the account is known.
    pub(super) fn experience(&mut self, present: &Row) -> Experience {
        if !self.account.plain {
            return history::experience(self.own(), present);
        }
        let first = self.known_since();
        let logins = self.walk_on(|walk, sheet, from, now| walk.successes(sheet, from, now));
        Experience {
            since_first: first.map(|first| present.time.saturating_sub(first)),
            logins: logins as u64,
        }
    }

    /// Asks the walk about the account's rows, from the first that the rule set looks at to the present.
    fn walk_on<T>(&mut self, ask: impl Fn(&mut Walk, &Numbers<'_, '_>, usize, usize) -> T) -> T {
        let (shared, now) = (self.shared, self.account.arrived);
        let sheet = own_sheet(&self.account, shared, &self.maker);
        let window = shared.own[self.rules];
        let from = self.walk.from(shared.plan, window, &sheet, now);
        ask(&mut self.walk, &sheet, from, now)
    }

    /// Successes of the account that had arrived, in all of its history.
    pub(super) fn known_since(&self) -> Option<Millis> {
        first_before(&self.account.loaded.firsts, self.now.row)
    }

    fn others(&mut self, by: ByKey) -> Option<&mut Loaded> {
        let table = self.table;
        let index = self.shared.indexes.iter().find(|index| index.by == by)?;
        let group = index.group(self.now.row, table);
        if group == NONE {
            return None;
        }
        if self.cached > CACHED_ROWS {
            self.cache.clear();
            self.cached = 0;
        }
        let (from, to, first) = self.stretch;
        let reach = self.shared.reaches.iter().find(|reach| reach.by == by);
        let window = reach.and_then(|reach| reach.window);
        let made = match reach {
            Some(reach) if !self.observed => reach.made,
            _ => Made::ALL,
        };
        let (maker, accounts) = (&mut self.maker, &mut self.accounts);
        let (cached, scanned) = (&mut self.cached, &mut self.scanned);
        let loaded = self.cache.entry((by, group)).or_insert_with(|| {
            let all = index.rows(group);
            let mut loaded = Loaded::default();
            let (mut start, mut end) = (0, all.len());
            if table.ordered {
                end = all.partition_point(|row| *row < to);
                start = all
                    .partition_point(|row| *row < from)
                    .saturating_sub(OTHER_ROWS + 1);
                if let Some(window) = window {
                    let after = first.saturating_sub(window);
                    start =
                        start.max(all.partition_point(|row| table.time[*row as usize] <= after));
                }
            }
            loaded.skipped = start;
            loaded.rows.reserve_exact(end.saturating_sub(start));
            let wanted = all.get(start..end).unwrap_or_default();
            table.touch(wanted);
            for row in wanted {
                let account = accounts
                    .entry(table.account[*row as usize])
                    .or_insert_with_key(|symbol| table.accounts.text(*symbol).into());
                loaded.rows.push(maker.row_with(*row, account, made));
            }
            firsts(&mut loaded.firsts, &all[..end], (by, group), scanned, table);
            locks(&mut loaded, table);
            *cached += loaded.rows.len();
            loaded
        });
        loaded.as_of(self.now.row);
        Some(loaded)
    }
}

fn own_sheet<'a, 't>(
    account: &Account<'t>,
    shared: Shared<'t>,
    maker: &'a Maker<'t>,
) -> Numbers<'a, 't> {
    Numbers {
        table: shared.table,
        maker,
        addresses: shared.addresses,
        rows: account.all,
        first: account.loaded.firsts.first().map(|(arrival, _)| *arrival),
        most: ACCOUNT_ROWS,
        failures: None,
        single: false,
    }
}
