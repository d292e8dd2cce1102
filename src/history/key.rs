//! Whose rows a query looks at.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use smallvec::{SmallVec, smallvec};

use crate::lang::program::ByKey;

use super::row::Row;

/// The network an address belongs to in `by: network` and `login.network`: /24, or /56 for IPv6.
pub fn network_of(ip: IpAddr) -> IpNet {
    match ip.to_canonical() {
        IpAddr::V4(v4) => Ipv4Net::new_assert(v4, 24).trunc().into(),
        IpAddr::V6(v6) => Ipv6Net::new_assert(v6, 56).trunc().into(),
    }
}

/// One part of a [`Key`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names are those of ByKey")]
pub enum KeyPart {
    Account(Arc<str>),
    Ip(IpAddr),
    Network(IpNet),
    Machine(Arc<str>),
    Asn(u32),
    City(Arc<str>),
    Country(Arc<str>),
    All,
}

/// A combination of values that rows are collected under, e.g. one account, or one (ip, machine).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(SmallVec<[KeyPart; 2]>);

impl Key {
    /// The key of `row` under `by`.
    ///
    /// # Errors
    /// The path of the field that is missing: an unknown value is no key (language law 8).
    pub fn of(by: &[ByKey], row: &Row) -> Result<Self, &'static str> {
        by.iter()
            .map(|part| KeyPart::of(*part, row))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The key of the whole system.
    pub fn all() -> Self {
        Self(smallvec![KeyPart::All])
    }

    /// Its parts, in the order of the [`ByKey`]s it was made from.
    pub fn parts(&self) -> &[KeyPart] {
        &self.0
    }

    /// Whether `row` belongs under every part.
    pub fn holds(&self, row: &Row) -> bool {
        self.0.iter().all(|part| match part {
            KeyPart::Account(account) => row.account == *account,
            KeyPart::Machine(machine) => row.machine.as_ref() == Some(machine),
            KeyPart::Ip(ip) => row.ip.is_some_and(|own| own.to_canonical() == *ip),
            KeyPart::Network(network) => row.ip.is_some_and(|own| network_of(own) == *network),
            KeyPart::City(city) => row.city.as_ref() == Some(city),
            KeyPart::Asn(asn) => row.asn == Some(*asn),
            KeyPart::Country(country) => row.country.as_ref() == Some(country),
            KeyPart::All => true,
        })
    }
}

impl KeyPart {
    fn of(by: ByKey, row: &Row) -> Result<Self, &'static str> {
        match by {
            ByKey::Account => Some(Self::Account(row.account.clone())),
            ByKey::Ip => row.ip.map(|ip| Self::Ip(ip.to_canonical())),
            ByKey::Network => row.ip.map(|ip| Self::Network(network_of(ip))),
            ByKey::Machine => row.machine.clone().map(Self::Machine),
            ByKey::Asn => row.asn.map(Self::Asn),
            ByKey::City => row.city.clone().map(Self::City),
            ByKey::Country => row.country.clone().map(Self::Country),
            ByKey::All => Some(Self::All),
        }
        .ok_or(match by {
            ByKey::Machine => "login.machine",
            ByKey::Asn => "login.asn",
            ByKey::City => "login.city",
            ByKey::Country => "login.country",
            _ => "login.ip",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks() {
        let net = |ip: &str| network_of(ip.parse().unwrap()).to_string();
        assert_eq!(net("192.0.2.77"), "192.0.2.0/24");
        assert_eq!(net("::ffff:192.0.2.77"), "192.0.2.0/24");
        assert_eq!(net("2001:db8:0:1ff::1"), "2001:db8:0:100::/56");
    }

    #[test]
    fn a_row_belongs_under_its_own_key_and_no_other() {
        let all = [ByKey::Account, ByKey::Ip, ByKey::Network, ByKey::Machine];
        let more = [ByKey::Asn, ByKey::City, ByKey::Country, ByKey::All];
        let row = |end: &str| Row {
            account: format!("a{end}").into(),
            ip: format!("192.0.{end}.7").parse().ok(),
            machine: Some(format!("m{end}").into()),
            asn: end.parse().ok(),
            city: Some(format!("c{end}").into()),
            country: Some(format!("l{end}").into()),
            ..Row::default()
        };
        for by in all.into_iter().chain(more) {
            let key = Key::of(&[by], &row("2")).unwrap();
            assert!(key.holds(&row("2")), "{by:?}");
            assert_eq!(key.holds(&row("3")), by == ByKey::All, "{by:?}");
            assert_eq!(key.holds(&Row::default()), by == ByKey::All, "{by:?}");
        }
        let both = Key::of(&[ByKey::Network, ByKey::Machine], &row("2")).unwrap();
        let mut mapped = row("2");
        mapped.ip = "::ffff:192.0.2.99".parse().ok();
        assert!(both.holds(&mapped));
        mapped.machine = None;
        assert!(!both.holds(&mapped));
    }

    #[test]
    fn a_missing_value_is_no_key() {
        let row = Row::default();
        assert_eq!(Key::of(&[ByKey::Ip], &row), Err("login.ip"));
        assert_eq!(
            Key::of(&[ByKey::Account, ByKey::Machine], &row),
            Err("login.machine")
        );
        assert!(Key::of(&[ByKey::All], &row).is_ok());
    }
}
