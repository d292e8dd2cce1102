//! Which addresses the server may connect to when the information system's URLs say so. Pure.
//!
//! A URL in the configuration is the operator's word, but its name resolves to whatever its DNS
//! answers at the time. So every resolved address is checked at connect, and a name cannot be turned
//! into a way to the metadata service or the inner network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an endpoint may resolve to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressPolicy {
    /// Public addresses only.
    Public,
    /// Public and private ones (`allow_private = true`). Link-local addresses and metadata services
    /// stay refused.
    Private,
    /// Loopback only: the URL names the loopback host itself.
    Loopback,
}

impl AddressPolicy {
    /// Whether a connection to `address` may be made.
    pub fn allows(self, address: IpAddr) -> bool {
        let class = class(address);
        match self {
            Self::Public => class == Class::Public,
            Self::Private => class != Class::Never,
            Self::Loopback => class == Class::Loopback,
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Class {
    Public,
    Private,
    Loopback,
    Never,
}

fn class(address: IpAddr) -> Class {
    match address {
        IpAddr::V4(address) => class_v4(address),
        IpAddr::V6(address) => class_v6(address),
    }
}

fn class_v4(address: Ipv4Addr) -> Class {
    let [a, b, c, d] = address.octets();
    match (a, b) {
        (127, _) => Class::Loopback,
        // "This network", link-local, multicast, reserved, broadcast.
        (0 | 224..=255, _) | (169, 254) => Class::Never,
        // The metadata service of Alibaba Cloud, inside the shared range.
        (100, 100) if (c, d) == (100, 200) => Class::Never,
        (10, _) | (172, 16..=31) | (192, 168) | (100, 64..=127) | (198, 18..=19) => Class::Private,
        (192, 0) if c == 0 => Class::Private,
        _ => Class::Public,
    }
}

fn class_v6(address: Ipv6Addr) -> Class {
    let segments = address.segments();
    if address.is_loopback() {
        return Class::Loopback;
    }
    if let Some(inner) = embedded_v4(address) {
        return class_v4(inner);
    }
    match segments[0] {
        // Unspecified and the rest of the reserved beginning.
        0 => Class::Never,
        // Link-local, the old site-local, multicast.
        0xfe80..=0xffff => Class::Never,
        // The metadata service of AWS.
        0xfd00 if address == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254) => Class::Never,
        0xfc00..=0xfdff => Class::Private,
        // Teredo hides an address behind an exclusive or.
        0x2001 if segments[1] == 0 => Class::Never,
        _ => Class::Public,
    }
}

/// The IPv4 address that an IPv6 one stands for: mapped, compatible, NAT64, 6to4.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [s0, s1, s2, s3, s4, s5, s6, s7] = address.segments();
    let v4 = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    };
    match (s0, s1, s2, s3, s4, s5) {
        (0, 0, 0, 0, 0, 0 | 0xffff) => Some(v4(s6, s7)),
        (0x64, 0xff9b, 0, 0, 0, 0) => Some(v4(s6, s7)),
        (0x2002, high, low, ..) => Some(v4(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_of_addresses() {
        use AddressPolicy::{Loopback, Private, Public};
        let table: &[(&str, &[AddressPolicy])] = &[
            ("203.0.113.9", &[Public, Private]),
            ("2400:da00::dbf:0:100", &[Public, Private]),
            ("10.1.2.3", &[Private]),
            ("172.16.0.1", &[Private]),
            ("172.32.0.1", &[Public, Private]),
            ("192.168.1.1", &[Private]),
            ("100.64.0.1", &[Private]),
            ("fd12::1", &[Private]),
            ("127.0.0.1", &[Private, Loopback]),
            ("::1", &[Private, Loopback]),
            ("::ffff:127.0.0.1", &[Private, Loopback]),
            ("::ffff:10.0.0.1", &[Private]),
            ("64:ff9b::a00:1", &[Private]),
            ("2002:a00:1::", &[Private]),
            ("169.254.169.254", &[]),
            ("::ffff:169.254.169.254", &[]),
            ("64:ff9b::a9fe:a9fe", &[]),
            ("fe80::1", &[]),
            ("100.100.100.200", &[]),
            ("fd00:ec2::254", &[]),
            ("0.0.0.0", &[]),
            ("::", &[]),
            ("255.255.255.255", &[]),
            ("224.0.0.1", &[]),
            ("ff02::1", &[]),
            ("2001::1", &[]),
        ];
        for (address, allowed) in table {
            let parsed: IpAddr = address.parse().expect("an address");
            for policy in [Public, Private, Loopback] {
                assert_eq!(
                    policy.allows(parsed),
                    allowed.contains(&policy),
                    "{address} under {policy:?}"
                );
            }
        }
    }
}
