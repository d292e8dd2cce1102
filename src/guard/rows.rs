//! The store as a provider of history rows: what rules ask over past logins, answered within the
//! command that judges the present one.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use super::history::By;
use super::recent::{Recent, reaches};
use super::tally;
use crate::env::Millis;
use crate::history::{Key, KeyPart, Row, Rows, Slice, Tallied};
use crate::store::records::{Login, LoginView};
use crate::store::{StoreError, Tx};

/// Rows read so far, each key once. Reading goes through [`KeptRows::load`], inside the command that
/// asks; answering ([`Rows`]) looks at what was loaded and cannot fail.
pub struct KeptRows {
    recent: Arc<Recent>,
    rows: HashMap<Key, Loaded>,
    tallies: HashMap<(Tallied, (i64, i64)), u64>,
}

struct Loaded {
    after: Option<Millis>,
    rows: Arc<Vec<Row>>,
    /// Those before are older than `after`.
    start: usize,
    first_success: Option<Millis>,
    truncated: bool,
}

impl fmt::Debug for KeptRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptRows")
            .field("keys", &self.rows.len())
            .finish_non_exhaustive()
    }
}

impl KeptRows {
    /// Nothing read yet; what `recent` holds need not be read again.
    pub fn new(recent: Arc<Recent>) -> Self {
        Self {
            recent,
            rows: HashMap::new(),
            tallies: HashMap::new(),
        }
    }

    /// Reads the rows under `key` later than `after`, unless that was done.
    pub fn load(
        &mut self,
        tx: &mut Tx<'_>,
        key: &Key,
        after: Option<Millis>,
    ) -> Result<(), StoreError> {
        if self
            .rows
            .get(key)
            .is_some_and(|loaded| reaches(loaded.after, after))
        {
            return Ok(());
        }
        if let Some((by, value)) = narrowest(key) {
            let found = self.recent.rows(tx, by, &value, after)?;
            let alone = key.parts().len() == 1;
            let (rows, start) = match alone {
                true => (found.rows, found.start),
                false => {
                    let all = found.rows[found.start..].iter();
                    let rows = all.filter(|row| key.holds(row)).cloned().collect();
                    (Arc::new(rows), 0)
                }
            };
            let loaded = Loaded {
                after,
                rows,
                start,
                // Of a combination, only its rows tell.
                first_success: found.first_success.filter(|_| alone),
                truncated: found.truncated,
            };
            self.rows.insert(key.clone(), loaded);
        }
        Ok(())
    }

    /// Reads counts over the whole system, unless that was done.
    pub fn load_tallies(
        &mut self,
        tx: &mut Tx<'_>,
        what: Vec<Tallied>,
        days: (i64, i64),
    ) -> Result<(), StoreError> {
        for what in what {
            if let Entry::Vacant(missing) = self.tallies.entry((what, days)) {
                let count = tally::count(tx, &missing.key().0, days)?;
                missing.insert(count);
            }
        }
        Ok(())
    }
}

impl Rows for KeptRows {
    type Row = Row;

    fn rows(&mut self, key: &Key, _after: Option<Millis>) -> Slice<'_, Row> {
        match self.rows.get(key) {
            Some(loaded) => Slice {
                rows: &loaded.rows[loaded.start..],
                first_success: loaded.first_success,
                truncated: loaded.truncated,
            },
            None => Slice {
                rows: &[],
                first_success: None,
                truncated: false,
            },
        }
    }

    fn tally(&mut self, what: &Tallied, days: (i64, i64), _: &Row) -> u64 {
        let key = (what.clone(), days);
        self.tallies.get(&key).copied().unwrap_or(0)
    }
}

/// The part of a key with the fewest rows to look through, as the store names it.
fn narrowest(key: &Key) -> Option<(By, String)> {
    let rank = |part: &KeyPart| match part {
        KeyPart::Account(_) => 0,
        KeyPart::Machine(_) => 1,
        KeyPart::Ip(_) => 2,
        KeyPart::Network(_) => 3,
        KeyPart::City(_) => 4,
        KeyPart::Asn(_) => 5,
        KeyPart::Country(_) => 6,
        KeyPart::All => 7,
    };
    let part = key.parts().iter().min_by_key(|part| rank(part))?;
    Some(match part {
        KeyPart::Account(account) => (By::Account, account.to_string()),
        KeyPart::Machine(machine) => (By::Machine, machine.to_string()),
        KeyPart::Ip(ip) => (By::Ip, ip.to_canonical().to_string()),
        KeyPart::Network(network) => (By::Network, network.to_string()),
        KeyPart::City(city) => (By::City, city.to_string()),
        KeyPart::Asn(asn) => (By::Asn, asn.to_string()),
        KeyPart::Country(country) => (By::Country, country.to_string()),
        KeyPart::All => (By::All, String::new()),
    })
}

/// Texts that were met, each once: past logins repeat a few places, machines and browsers.
#[derive(Default)]
pub(super) struct Texts(HashSet<Arc<str>>);

impl Texts {
    fn share(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return known.clone();
        }
        let shared: Arc<str> = Arc::from(text);
        self.0.insert(shared.clone());
        shared
    }

    /// A login as a row of the history.
    pub(super) fn row(&mut self, login: &LoginView<'_>) -> Row {
        row(login, |text| self.share(text))
    }
}

impl From<&Login> for Row {
    fn from(login: &Login) -> Self {
        row(&login.view(), |text| Arc::from(text))
    }
}

fn row(login: &LoginView<'_>, mut share: impl FnMut(&str) -> Arc<str>) -> Row {
    let mut shared = |text: Option<&str>| text.map(&mut share);
    Row {
        time: login.time,
        arrival: login.seq,
        machine: shared(login.machine),
        ip: login.ip.and_then(|ip| ip.parse().ok()),
        country: shared(login.place.country),
        region: shared(login.place.region),
        city: shared(login.place.city),
        lat: login.place.lat,
        lon: login.place.lon,
        asn: login.place.asn,
        isp: shared(login.place.isp),
        hour: login.hour,
        weekday: login.weekday,
        browser: shared(login.browser),
        os: shared(login.os),
        device: shared(login.device),
        success: login.success,
        legal: login.legal,
        reason: shared(login.reason),
        channel: shared(login.channel),
        answered_lock: login.answered_lock,
        account: share(login.account),
    }
}
