//! The history of logins: one row under the account and a copy under every other key rules may ask
//! by, each key bounded.
//!
//! Rows are kept by event time. A key holds at most [`ACCOUNT_ROWS`] or [`OTHER_ROWS`]; the oldest
//! go first, and a reader is told when its window reaches into what is gone. Successes are also
//! counted by value and day over the whole system (`guard::tally`). Whether a row was
//! answered with 锁定 is known in the account's row alone and looked up there.

use std::net::IpAddr;

use jiff::tz::TimeZone;

use super::limits::Limits;
use super::rows::Texts;
use super::tally;
use crate::env::Millis;
use crate::history::{Row, hour_and_weekday, network_of};
use crate::store::records::{
    Counter, Decision, Login, LoginBy, LoginCount, LoginRef, LoginView, Record,
};
use crate::store::{Order, StoreError, Tx};

/// The most logins kept under one account.
pub const ACCOUNT_ROWS: usize = 2_000;
/// The most logins kept under one address, network, machine, ASN, city, country, and over all.
pub const OTHER_ROWS: usize = 20_000;
/// The most rows one insertion trims per key: more than it adds, so that a lowered bound is reached.
const TRIM_STEP: usize = 2;
/// Keys a command must have left to erase one more row.
const KEYS_PER_ROW: usize = 32;
/// The most rows looked at by one step of an erasure.
const ERASE_STEP: usize = 24;

/// The most logins since an alert looked at when it is answered with 锁定.
const MAX_UNLISTED: usize = 500;
/// Keys left to what follows in the same command.
const SPARE_KEYS: usize = 32;

/// The counter that numbers logins by arrival.
pub const ARRIVALS: &str = "login";
/// No number but a stamp, see [`changes`].
const CHANGES: &str = "logins_changed";

/// A kind of key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names are those of the rule language")]
pub enum By {
    Account,
    Ip,
    Network,
    Machine,
    Asn,
    City,
    Country,
    All,
}

impl By {
    /// The keys that have copies.
    pub const OTHERS: [Self; 7] = [
        Self::Ip,
        Self::Network,
        Self::Machine,
        Self::Asn,
        Self::City,
        Self::Country,
        Self::All,
    ];

    /// The key's name in the store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Ip => "ip",
            Self::Network => "network",
            Self::Machine => "machine",
            Self::Asn => "asn",
            Self::City => "city",
            Self::Country => "country",
            Self::All => "all",
        }
    }

    /// The value of this key in a login; none when it is not known: an unknown value is no key.
    pub fn value_of(self, login: &Login) -> Option<String> {
        let ip = || login.ip.as_deref()?.parse::<IpAddr>().ok();
        match self {
            Self::Account => Some(login.account.clone()),
            Self::Ip => ip().map(|ip| ip.to_canonical().to_string()),
            Self::Network => ip().map(|ip| network_of(ip).to_string()),
            Self::Machine => login.machine.clone(),
            Self::Asn => login.place.asn.map(|asn| asn.to_string()),
            Self::City => login.place.city.clone(),
            Self::Country => login.place.country.clone(),
            Self::All => Some(String::new()),
        }
    }

    const fn most(self) -> usize {
        match self {
            Self::Account => ACCOUNT_ROWS,
            _ => OTHER_ROWS,
        }
    }
}

/// Sets hour and weekday of a login from its time, in the account's zone.
pub fn set_local(login: &mut Login, zone: &TimeZone) {
    (login.hour, login.weekday) = hour_and_weekday(login.time, zone);
}

/// Until when a login at `time` is kept: names that are no account go sooner.
pub fn kept_until(limits: &Limits, known: bool, time: Millis) -> Millis {
    let keep = if known {
        limits.keep
    } else {
        limits.keep_unknown
    };
    time.saturating_add(keep)
}

/// The number of an arriving login. Take it before the rules run: what arrived before is smaller.
pub fn arrive(tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    tx.next_number(ARRIVALS)
}

/// The number of the last login that arrived; 0 before the first.
pub(super) fn arrived(tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    tx.last_number(ARRIVALS)
}

/// What a recorded login did to a key.
#[derive(Debug)]
pub struct Change {
    pub(super) by: By,
    pub(super) value: String,
    /// The key's stamp before; 0 when it had none.
    pub(super) was: u64,
    /// And since.
    pub(super) is: u64,
    /// Another row had to go.
    pub(super) trimmed: bool,
}

/// Writes a login under every key it has a value for, and says what that did. `login.seq` comes from
/// [`arrive`].
pub fn record(tx: &mut Tx<'_>, login: &Login) -> Result<Vec<Change>, StoreError> {
    tx.put(login)?;
    tally::add(tx, login)?;
    let own = count::<Login>(tx, By::Account, login.account.clone(), login)?;
    let mut changes = vec![own];
    let mut copy = LoginBy {
        by: String::new(),
        value: String::new(),
        login: under_another(login),
    };
    for by in By::OTHERS {
        let Some(value) = by.value_of(login) else {
            continue;
        };
        by.name().clone_into(&mut copy.by);
        copy.value.clone_from(&value);
        tx.put(&copy)?;
        changes.push(count::<LoginBy>(tx, by, value, login)?);
    }
    Ok(changes)
}

/// A login as it stands under other keys: without what only replays ask.
fn under_another(login: &Login) -> Login {
    Login {
        here: false,
        closed: false,
        right: false,
        ..login.clone()
    }
}

/// The stamp of all keys: another one after every change that is not a new login. 0 before the first.
pub(super) fn changes(tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    tx.last_number(CHANGES)
}

/// Rows changed, or are gone.
fn changed(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let last = tx.stamp();
    tx.put(&Counter {
        name: CHANGES.to_owned(),
        last,
    })
}

/// Rows of one key.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    /// Sorted by event time, then arrival.
    pub rows: Vec<Row>,
    /// When the first success ever known under the key was, even if its row is gone.
    pub first_success: Option<Millis>,
    /// Rows of the stretch asked for were trimmed, or not read.
    pub truncated: bool,
    /// When the first of the rows expires.
    pub kept_until: Millis,
}

/// The rows of a key later than `after` by event time; all that are kept without it. Reads the
/// newest [`ACCOUNT_ROWS`] or [`OTHER_ROWS`] at most.
pub fn rows(
    tx: &mut Tx<'_>,
    by: By,
    value: &str,
    after: Option<Millis>,
) -> Result<Rows, StoreError> {
    let count = count_of(tx, by, value)?;
    rows_with(tx, by, value, after, count.as_ref(), &mut Texts::default())
}

/// The same for a key whose count is known.
pub(super) fn rows_with(
    tx: &mut Tx<'_>,
    by: By,
    value: &str,
    after: Option<Millis>,
    count: Option<&LoginCount>,
    texts: &mut Texts,
) -> Result<Rows, StoreError> {
    let most = by.most();
    let (stretch, newest) = ((first_of(after), Millis::MAX), Order::Descending);
    let (mut read, mut alerted) = (0, Vec::new());
    let mut kept_until = Millis::MAX;
    let mut take = |login: &LoginView<'_>| {
        kept_until = kept_until.min(login.kept_until);
        if login.alert.is_some() {
            alerted.push(read);
        }
        read += 1;
        texts.row(login)
    };
    let mut rows: Vec<Row> = match by {
        By::Account => {
            tx.views_between::<Login, _>(value, stretch, newest, most, |view| take(&view))
        }
        _ => tx.views_between::<LoginBy, _>((by.name(), value), stretch, newest, most, |view| {
            take(&view.login)
        }),
    }?;
    if by != By::Account {
        for at in alerted {
            let row: &mut Row = &mut rows[at];
            let own = tx.get::<Login>(&(row.account.to_string(), row.time, row.arrival))?;
            row.answered_lock = own.is_some_and(|own| own.answered_lock);
        }
    }
    rows.reverse();
    Ok(Rows {
        truncated: is_truncated(count, by, rows.len(), after),
        rows,
        first_success: count.and_then(|count| count.first_success),
        kept_until,
    })
}

/// Whether rows later than `after` are missing when `there` were found.
pub(super) fn is_truncated(
    count: Option<&LoginCount>,
    by: By,
    there: usize,
    after: Option<Millis>,
) -> bool {
    let trimmed = count.and_then(|count| count.trimmed_to);
    there >= by.most() || trimmed.is_some_and(|to| to >= first_of(after))
}

/// The first moment later than `after`.
fn first_of(after: Option<Millis>) -> Millis {
    after.map_or(Millis::MIN, |after| after.saturating_add(1))
}

/// How many logins a key has.
pub(super) fn count_of(
    tx: &mut Tx<'_>,
    by: By,
    value: &str,
) -> Result<Option<LoginCount>, StoreError> {
    tx.get::<LoginCount>(&(by.name().to_owned(), value.to_owned()))
}

/// The last logins of an account, newest first.
pub fn latest(tx: &mut Tx<'_>, account: &str, limit: usize) -> Result<Vec<Login>, StoreError> {
    tx.scan::<Login>(account, Order::Descending, limit.min(ACCOUNT_ROWS))
}

/// One login.
pub fn get(tx: &mut Tx<'_>, account: &str, login: LoginRef) -> Result<Option<Login>, StoreError> {
    tx.get::<Login>(&(account.to_owned(), login.time, login.seq))
}

/// Notes, under every key, which alert a login raised or was appended to: the rows by other keys then look
/// at the account's own row, where the owner's answer is.
pub fn name_alert(
    tx: &mut Tx<'_>,
    account: &str,
    login: LoginRef,
    alert: &str,
) -> Result<(), StoreError> {
    let Some(mut row) = get(tx, account, login)? else {
        return Ok(());
    };
    row.alert = Some(alert.to_owned());
    tx.put(&row)?;
    for by in By::OTHERS {
        if let Some(value) = by.value_of(&row) {
            tx.put(&LoginBy {
                by: by.name().to_owned(),
                value,
                login: under_another(&row),
            })?;
        }
    }
    Ok(())
}

/// [`mark_answered_lock`] for the logins of an alert that found no place in its list: those of the
/// account since `from` that name it. As many as a command has room for.
pub(super) fn mark_unlisted(
    tx: &mut Tx<'_>,
    account: &str,
    alert: &str,
    from: Millis,
) -> Result<(), StoreError> {
    let oldest = Order::Ascending;
    let rows = tx.scan_between::<Login>(account, from, Millis::MAX, oldest, MAX_UNLISTED)?;
    changed(tx)?;
    for mut row in rows {
        if row.alert.as_deref() == Some(alert) && !row.answered_lock {
            if tx.keys_left() < SPARE_KEYS {
                break;
            }
            row.answered_lock = true;
            tx.put(&row)?;
        }
    }
    Ok(())
}

/// The owner answered the alert of this login with 锁定: it is nobody's habit.
pub(super) fn mark_answered_lock(
    tx: &mut Tx<'_>,
    account: &str,
    login: LoginRef,
) -> Result<(), StoreError> {
    match get(tx, account, login)? {
        Some(mut row) if !row.answered_lock => {
            tally::remove(tx, &row)?;
            changed(tx)?;
            row.answered_lock = true;
            tx.put(&row)
        }
        _ => Ok(()),
    }
}

/// Erases a part of an account's logins from before `before`, with their copies and decisions.
/// `true` when there may be more.
pub(crate) fn erase(tx: &mut Tx<'_>, account: &str, before: Millis) -> Result<bool, StoreError> {
    let (from, oldest) = (Millis::MIN, Order::Ascending);
    let rows = tx.scan_between::<Login>(account, from, before, oldest, ERASE_STEP)?;
    let full = rows.len() == ERASE_STEP;
    if !rows.is_empty() {
        changed(tx)?;
    }
    for row in rows {
        if tx.keys_left() < KEYS_PER_ROW {
            return Ok(true);
        }
        for by in By::OTHERS {
            if let Some(value) = by.value_of(&row) {
                tx.delete::<LoginBy>(&(by.name().to_owned(), value.clone(), row.time, row.seq))?;
                uncount(tx, by, value)?;
            }
        }
        tally::remove(tx, &row)?;
        if let Some(decision) = &row.decision {
            tx.delete::<Decision>(decision)?;
        }
        tx.delete::<Login>(&row.key())?;
        uncount(tx, By::Account, account.to_owned())?;
    }
    if !full {
        tx.delete::<LoginCount>(&(By::Account.name().to_owned(), account.to_owned()))?;
    }
    Ok(full)
}

/// A row of one key, as far as counting goes.
trait Kept: Record {
    fn login(&self) -> &Login;
    fn scan(tx: &mut Tx<'_>, count: &LoginCount, limit: usize) -> Result<Vec<Self>, StoreError>;
}

impl Kept for Login {
    fn login(&self) -> &Login {
        self
    }

    fn scan(tx: &mut Tx<'_>, count: &LoginCount, limit: usize) -> Result<Vec<Self>, StoreError> {
        tx.scan(count.value.as_str(), Order::Ascending, limit)
    }
}

impl Kept for LoginBy {
    fn login(&self) -> &Login {
        &self.login
    }

    fn scan(tx: &mut Tx<'_>, count: &LoginCount, limit: usize) -> Result<Vec<Self>, StoreError> {
        tx.scan(
            (count.by.as_str(), count.value.as_str()),
            Order::Ascending,
            limit,
        )
    }
}

/// Counts a row that was just written and trims the oldest ones beyond the bound.
fn count<K: Kept>(
    tx: &mut Tx<'_>,
    by: By,
    value: String,
    login: &Login,
) -> Result<Change, StoreError> {
    let key = (by.name().to_owned(), value.clone());
    let mut count = tx.get::<LoginCount>(&key)?.unwrap_or(LoginCount {
        by: key.0,
        value: key.1,
        rows: 0,
        exact_until: Millis::MAX,
        first_success: None,
        trimmed_to: None,
        kept_until: Millis::MIN,
        stamp: 0,
    });
    let mut change = Change {
        by,
        value,
        was: count.stamp,
        is: tx.stamp(),
        trimmed: false,
    };
    count.stamp = change.is;
    count.rows = count.rows.saturating_add(1);
    count.exact_until = count.exact_until.min(login.kept_until);
    count.kept_until = count.kept_until.max(login.kept_until);
    if login.success && !login.answered_lock {
        let first = count.first_success.unwrap_or(Millis::MAX);
        count.first_success = Some(first.min(login.time));
    }
    let most = by.most();
    if count.rows as usize > most {
        if count.exact_until <= tx.now() {
            // The sweep may have taken some: count what is there.
            let there = K::scan(tx, &count, most + TRIM_STEP)?;
            count.rows = u32::try_from(there.len()).unwrap_or(u32::MAX);
            let ends = there.iter().map(|row| row.login().kept_until);
            count.exact_until = ends.min().unwrap_or(Millis::MAX);
        }
        let surplus = (count.rows as usize).saturating_sub(most).min(TRIM_STEP);
        for row in K::scan(tx, &count, surplus)? {
            let gone = row.login().time;
            count.trimmed_to = Some(count.trimmed_to.map_or(gone, |to| to.max(gone)));
            count.rows -= 1;
            tx.delete::<K>(&row.key())?;
            change.trimmed = true;
        }
    }
    if change.trimmed {
        tx.limit_hit(match by {
            By::Account => "history_of_an_account",
            _ => "history_of_a_key",
        });
    }
    tx.put(&count)?;
    Ok(change)
}

fn uncount(tx: &mut Tx<'_>, by: By, value: String) -> Result<(), StoreError> {
    match tx.get::<LoginCount>(&(by.name().to_owned(), value))? {
        Some(mut count) => {
            count.rows = count.rows.saturating_sub(1);
            tx.put(&count)
        }
        None => Ok(()),
    }
}
