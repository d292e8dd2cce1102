//! Is this value in that list? Sorted once, then answered by binary search or one hash.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use ipnet::IpNet;

use crate::lang::value::{Value, View};

use super::{List, ListEntries};

/// What a [`List`] computes when it is first asked. Never part of what the list says.
#[derive(Debug, Clone, Default)]
pub struct ListIndex(OnceLock<Index>);

#[derive(Debug, Clone)]
struct Index {
    /// Disjoint ranges of addresses (IPv4 as IPv4-mapped IPv6), sorted.
    ranges: Vec<(u128, u128)>,
    words: HashSet<Arc<str>>,
    others: Vec<Value>,
}

impl List {
    /// Whether an entry equals `value`; for addresses, whether a network covers it. `None` when the
    /// value is unknown. Characters are compared exactly.
    pub fn contains(&self, value: &Value) -> Option<bool> {
        let index = self.index.0.get_or_init(|| Index::new(&self.entries));
        match value {
            Value::Unknown(_) => None,
            Value::Ip(ip) => Some(index.covers(number(*ip), number(*ip))),
            Value::Network(net) => {
                Some(index.covers(number(net.network()), number(net.broadcast())))
            }
            other => Some(match other.characters() {
                Some(text) => index.words.contains(text),
                None => index.others.contains(other),
            }),
        }
    }

    /// The same for an address or a text where it lies; `None` for other kinds.
    pub(in crate::lang) fn contains_seen(&self, view: View<'_>) -> Option<bool> {
        let index = self.index.0.get_or_init(|| Index::new(&self.entries));
        match view {
            View::Ip(ip) => Some(index.covers(number(ip), number(ip))),
            View::Characters(text) => Some(index.words.contains(text)),
            _ => None,
        }
    }
}

impl Index {
    fn new(entries: &ListEntries) -> Self {
        let mut index = Self {
            ranges: Vec::new(),
            words: HashSet::new(),
            others: Vec::new(),
        };
        match entries {
            ListEntries::Networks(networks) => {
                index.ranges = networks.iter().map(range).collect();
            }
            ListEntries::Values(values) => {
                for value in values {
                    match value {
                        Value::Ip(ip) => index.ranges.push((number(*ip), number(*ip))),
                        Value::Network(net) => index.ranges.push(range(net)),
                        other => match other.characters() {
                            Some(text) => {
                                index.words.insert(text.clone());
                            }
                            None => index.others.push(other.clone()),
                        },
                    }
                }
            }
        }
        index.ranges.sort_unstable();
        index.ranges.dedup_by(|next, kept| {
            // Ranges that touch become one, so that a network across both is covered too.
            let joins = next.0 <= kept.1.saturating_add(1);
            if joins {
                kept.1 = kept.1.max(next.1);
            }
            joins
        });
        index
    }

    fn covers(&self, first: u128, last: u128) -> bool {
        let after = self.ranges.partition_point(|(start, _)| *start <= first);
        after > 0 && self.ranges[after - 1].1 >= last
    }
}

fn range(net: &IpNet) -> (u128, u128) {
    (number(net.network()), number(net.broadcast()))
}

/// IPv4 addresses lie where their IPv4-mapped IPv6 forms do.
fn number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::value::Type;

    fn list(entries: ListEntries) -> List {
        List {
            name: "office".to_owned(),
            ty: Type::Network,
            entries,
            index: ListIndex::default(),
            span: Default::default(),
        }
    }

    #[test]
    fn networks_cover_addresses() {
        let nets = ["10.0.0.0/8", "10.1.0.0/16", "192.0.2.7/32", "2001:db8::/32"];
        let office = list(ListEntries::Networks(
            nets.iter().map(|net| net.parse().unwrap()).collect(),
        ));
        let has = |ip: &str| office.contains(&Value::Ip(ip.parse().unwrap()));
        assert_eq!(has("10.255.255.255"), Some(true));
        assert_eq!(has("11.0.0.0"), Some(false));
        assert_eq!(has("9.255.255.255"), Some(false));
        assert_eq!(has("192.0.2.7"), Some(true));
        assert_eq!(has("192.0.2.8"), Some(false));
        assert_eq!(has("2001:db8::1"), Some(true));
        assert_eq!(
            has("::ffff:10.0.0.1"),
            Some(true),
            "an IPv4-mapped address is that address"
        );
        assert_eq!(office.contains(&Value::unknown("login.ip")), None);
        let inside = Value::Network("10.2.0.0/16".parse().unwrap());
        assert_eq!(office.contains(&inside), Some(true));
        let around = Value::Network("8.0.0.0/6".parse().unwrap());
        assert_eq!(office.contains(&around), Some(false));
    }

    #[test]
    fn words_and_numbers() {
        let words = list(ListEntries::Values(vec![
            Value::text("北京"),
            Value::Number(3.0),
        ]));
        assert_eq!(words.contains(&Value::text("北京")), Some(true));
        assert_eq!(words.contains(&Value::text("上海")), Some(false));
        assert_eq!(words.contains(&Value::Number(3.0)), Some(true));
        assert_eq!(words.contains(&Value::Number(4.0)), Some(false));
    }
}
