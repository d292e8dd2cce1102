//! The store's logins as rows of the history.

use std::net::IpAddr;
use std::sync::Arc;

use crate::env::Millis;
use crate::guard::history::{self as kept, By};
use crate::history::{Key, KeyPart, Row, network_of};
use crate::store::records::Login;
use crate::store::{StoreError, Tx};

/// Rows that were loaded for one key.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    /// Sorted by time, then arrival.
    pub(super) rows: Vec<Row>,
    /// The first success ever known under the key.
    pub(super) first_success: Option<Millis>,
    /// Older rows of the stretch are missing.
    pub(super) truncated: bool,
}

/// Loads the rows under `key` later than `after`. Of a combination, the rows under its narrowest
/// part are read and the others looked for among them.
pub(super) fn load(
    tx: &mut Tx<'_>,
    key: &Key,
    after: Option<Millis>,
) -> Result<Loaded, StoreError> {
    let parts = key.parts();
    let Some(narrowest) = parts.iter().min_by_key(|part| width(part)) else {
        return Ok(Loaded::default());
    };
    let (by, value) = named(narrowest);
    let found = kept::rows(tx, by, &value, after)?;
    let single = parts.len() == 1;
    let rows = found.rows.iter().map(row);
    Ok(Loaded {
        rows: rows
            .filter(|row| single || parts.iter().all(|part| has(row, part)))
            .collect(),
        // The first success of one part says nothing about the combination.
        first_success: found.first_success.filter(|_| single),
        truncated: found.truncated,
    })
}

fn width(part: &KeyPart) -> u8 {
    match part {
        KeyPart::Account(_) => 0,
        KeyPart::Machine(_) => 1,
        KeyPart::Ip(_) => 2,
        KeyPart::Network(_) => 3,
        KeyPart::City(_) => 4,
        KeyPart::Asn(_) => 5,
        KeyPart::Country(_) => 6,
        KeyPart::All => 7,
    }
}

fn named(part: &KeyPart) -> (By, String) {
    match part {
        KeyPart::Account(id) => (By::Account, id.to_string()),
        KeyPart::Ip(ip) => (By::Ip, ip.to_string()),
        KeyPart::Network(network) => (By::Network, network.to_string()),
        KeyPart::Machine(id) => (By::Machine, id.to_string()),
        KeyPart::Asn(asn) => (By::Asn, asn.to_string()),
        KeyPart::City(city) => (By::City, city.to_string()),
        KeyPart::Country(country) => (By::Country, country.to_string()),
        KeyPart::All => (By::All, String::new()),
    }
}

fn has(row: &Row, part: &KeyPart) -> bool {
    let is = |value: &Option<Arc<str>>, wanted: &Arc<str>| value.as_ref() == Some(wanted);
    match part {
        KeyPart::Account(id) => row.account == *id,
        KeyPart::Ip(ip) => row.ip.map(|ip| ip.to_canonical()) == Some(*ip),
        KeyPart::Network(network) => row.ip.map(network_of) == Some(*network),
        KeyPart::Machine(id) => is(&row.machine, id),
        KeyPart::Asn(asn) => row.asn == Some(*asn),
        KeyPart::City(city) => is(&row.city, city),
        KeyPart::Country(country) => is(&row.country, country),
        KeyPart::All => true,
    }
}

fn row(login: &Login) -> Row {
    let text = |value: &Option<String>| value.as_deref().map(Arc::from);
    Row {
        time: login.time,
        arrival: login.seq,
        account: login.account.as_str().into(),
        machine: text(&login.machine),
        ip: login.ip.as_deref().and_then(|ip| ip.parse::<IpAddr>().ok()),
        country: text(&login.place.country),
        region: text(&login.place.region),
        city: text(&login.place.city),
        lat: login.place.lat,
        lon: login.place.lon,
        asn: login.place.asn,
        isp: text(&login.place.isp),
        hour: login.hour,
        weekday: login.weekday,
        browser: text(&login.browser),
        os: text(&login.os),
        device: text(&login.device),
        success: login.success,
        legal: login.legal,
        reason: text(&login.reason),
        channel: text(&login.channel),
        answered_lock: login.answered_lock,
    }
}
