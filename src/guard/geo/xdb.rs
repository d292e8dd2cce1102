//! A reader of ip2region's `.xdb` files, structure 2 and 3.
//!
//! 256 bytes of header, an index of 256×256 pairs of pointers by the address's first two bytes, the
//! region texts, and the segments: first address, last address, length and place of the text. Numbers
//! are little endian. IPv4 addresses are little-endian numbers too (14 bytes a segment), IPv6 ones are in
//! network order (38 bytes). Everything is bounds-checked: a damaged file finds nothing.

use std::net::IpAddr;

const HEADER: usize = 256;
const VECTOR: usize = 256 * 256 * 8;
const V4_SEGMENT: usize = 14;
const V6_SEGMENT: usize = 38;

/// A file in memory.
pub(super) struct Xdb {
    bytes: Vec<u8>,
    family: Family,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Family {
    V4,
    V6,
}

impl Xdb {
    /// Checks the header.
    pub(super) fn new(bytes: Vec<u8>) -> Result<Self, &'static str> {
        if bytes.len() < HEADER + VECTOR {
            return Err("the file is too short");
        }
        let version = u16_at(&bytes, 0).unwrap_or(0);
        let family = match (version, u16_at(&bytes, 16)) {
            (2, _) | (3, Some(4)) => Family::V4,
            (3, Some(6)) => Family::V6,
            (3, _) => return Err("the file is for an unknown kind of address"),
            _ => return Err("the file's version is unknown"),
        };
        let (first, last) = (u32_at(&bytes, 8), u32_at(&bytes, 12));
        let sound = first.zip(last).is_some_and(|(first, last)| {
            first as usize >= HEADER + VECTOR && first <= last && (last as usize) < bytes.len()
        });
        if !sound {
            return Err("the file's index lies outside of it");
        }
        Ok(Self { bytes, family })
    }

    /// The region text of an address.
    pub(super) fn lookup(&self, ip: IpAddr) -> Option<&str> {
        match (self.family, ip) {
            (Family::V4, IpAddr::V4(v4)) => {
                let wanted = u32::from(v4);
                let [a, b, ..] = v4.octets();
                let first = |at| u32_at(&self.bytes, at);
                self.search(a, b, V4_SEGMENT, |at| {
                    Some((first(at)?.cmp(&wanted), first(at + 4)?.cmp(&wanted)))
                })
            }
            (Family::V6, IpAddr::V6(v6)) => {
                let wanted = v6.octets();
                let [a, b, ..] = wanted;
                self.search(a, b, V6_SEGMENT, |at| {
                    let first = self.bytes.get(at..at + 16)?;
                    let last = self.bytes.get(at + 16..at + 32)?;
                    Some((first.cmp(&wanted[..]), last.cmp(&wanted[..])))
                })
            }
            _ => None,
        }
    }

    /// Binary search among the segments of the address's first two bytes. `compare` says how the
    /// first and last address of the segment at an offset stand to the wanted one.
    fn search(
        &self,
        a: u8,
        b: u8,
        segment: usize,
        compare: impl Fn(usize) -> Option<(std::cmp::Ordering, std::cmp::Ordering)>,
    ) -> Option<&str> {
        let pair = HEADER + (usize::from(a) * 256 + usize::from(b)) * 8;
        let start = u32_at(&self.bytes, pair)? as usize;
        let end = u32_at(&self.bytes, pair + 4)? as usize;
        if start < HEADER + VECTOR || end < start {
            return None;
        }
        // `end` is behind the last segment in some files and at it in others: look there as well.
        let (mut low, mut high) = (0, (end - start) / segment + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            let at = start + middle * segment;
            match compare(at) {
                Some((first, _)) if first.is_gt() => high = middle,
                Some((_, last)) if last.is_lt() => low = middle + 1,
                Some(_) => return self.text(at + segment - 6),
                None => high = middle,
            }
        }
        None
    }

    fn text(&self, at: usize) -> Option<&str> {
        let length = usize::from(u16_at(&self.bytes, at)?);
        let place = u32_at(&self.bytes, at + 2)? as usize;
        let text = self.bytes.get(place..place.checked_add(length)?)?;
        std::str::from_utf8(text).ok()
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let two = bytes.get(at..at.checked_add(2)?)?;
    two.try_into().ok().map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    four.try_into().ok().map(u32::from_le_bytes)
}

#[cfg(test)]
pub(super) mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    /// Builds a structure-2 file from (first, last, text), sorted and without gaps in a row.
    pub(in crate::guard::geo) fn build_v4(ranges: &[(&str, &str, &str)]) -> Vec<u8> {
        // Like the original maker, a segment never crosses a change of the first two bytes.
        let mut split = Vec::new();
        for (first, last, text) in ranges {
            let parse = |ip: &str| u32::from(ip.parse::<Ipv4Addr>().unwrap());
            let (mut first, last) = (parse(first), parse(last));
            loop {
                let end = (first | 0xFFFF).min(last);
                split.push((first, end, *text));
                match end == last {
                    true => break,
                    false => first = end + 1,
                }
            }
        }
        let segments = split.into_iter().map(|(first, last, text)| {
            let row = (first >> 16) as usize;
            (
                row,
                [first.to_le_bytes(), last.to_le_bytes()].concat(),
                text,
            )
        });
        build(2, 0, segments.collect())
    }

    fn build_v6(ranges: &[(&str, &str, &str)]) -> Vec<u8> {
        let segments = ranges.iter().map(|(first, last, text)| {
            let parse = |ip: &str| ip.parse::<Ipv6Addr>().unwrap().octets();
            let (first, last) = (parse(first), parse(last));
            let row = usize::from(u16::from_be_bytes([first[0], first[1]]));
            (row, [first, last].concat(), *text)
        });
        build(3, 6, segments.collect())
    }

    fn build(version: u16, family: u16, segments: Vec<(usize, Vec<u8>, &str)>) -> Vec<u8> {
        let mut texts: Vec<(&str, u32)> = Vec::new();
        let mut file = vec![0; HEADER + VECTOR];
        for (_, _, text) in &segments {
            if !texts.iter().any(|(known, _)| known == text) {
                texts.push((text, file.len() as u32));
                file.extend_from_slice(text.as_bytes());
            }
        }
        let start = file.len() as u32;
        let mut last = start;
        for (row, addresses, text) in segments {
            last = file.len() as u32;
            let place = texts.iter().find(|(known, _)| *known == text).unwrap().1;
            file.extend_from_slice(&addresses);
            file.extend_from_slice(&(text.len() as u16).to_le_bytes());
            file.extend_from_slice(&place.to_le_bytes());
            let pair = HEADER + row * 8;
            if file[pair..pair + 4] == [0; 4] {
                file[pair..pair + 4].copy_from_slice(&last.to_le_bytes());
            }
            let end = file.len() as u32;
            file[pair + 4..pair + 8].copy_from_slice(&end.to_le_bytes());
        }
        file[0..2].copy_from_slice(&version.to_le_bytes());
        file[2..4].copy_from_slice(&1u16.to_le_bytes());
        file[8..12].copy_from_slice(&start.to_le_bytes());
        file[12..16].copy_from_slice(&last.to_le_bytes());
        file[16..18].copy_from_slice(&family.to_le_bytes());
        file
    }

    fn look<'x>(xdb: &'x Xdb, ip: &str) -> Option<&'x str> {
        xdb.lookup(ip.parse().unwrap())
    }

    #[test]
    fn every_edge_of_every_range_is_found() {
        let xdb = Xdb::new(build_v4(&[
            ("1.0.0.0", "1.0.0.255", "澳大利亚"),
            ("1.0.1.0", "1.0.3.255", "福建"),
            ("1.0.4.0", "1.2.255.255", "跨行"),
            ("36.0.0.0", "36.0.0.0", "一个地址"),
            ("255.255.0.0", "255.255.255.255", "末尾"),
        ]))
        .unwrap();
        for (ip, text) in [
            ("1.0.0.0", Some("澳大利亚")),
            ("1.0.0.255", Some("澳大利亚")),
            ("1.0.1.0", Some("福建")),
            ("1.0.3.255", Some("福建")),
            ("1.0.4.0", Some("跨行")),
            ("1.0.255.255", Some("跨行")),
            ("1.1.0.0", Some("跨行")),
            ("1.1.128.7", Some("跨行")),
            ("1.2.255.255", Some("跨行")),
            ("1.3.0.0", None),
            ("0.255.255.255", None),
            ("36.0.0.0", Some("一个地址")),
            ("36.0.0.1", None),
            ("35.255.255.255", None),
            ("255.255.255.255", Some("末尾")),
            ("::1", None),
        ] {
            assert_eq!(look(&xdb, ip), text, "{ip}");
        }
    }

    #[test]
    fn structure_3_with_ipv6() {
        let xdb = Xdb::new(build_v6(&[
            ("2001:db8::", "2001:db8:0:ffff:ffff:ffff:ffff:ffff", "甲"),
            ("2001:db8:1::", "2001:db8:1:ffff:ffff:ffff:ffff:ffff", "乙"),
            ("240e::", "240e:0:ffff:ffff:ffff:ffff:ffff:ffff", "丙"),
        ]))
        .unwrap();
        assert_eq!(xdb.family, Family::V6);
        assert_eq!(look(&xdb, "2001:db8::1"), Some("甲"));
        assert_eq!(look(&xdb, "2001:db8:1:2::"), Some("乙"));
        assert_eq!(look(&xdb, "2001:db8:2::"), None);
        assert_eq!(look(&xdb, "240e::9"), Some("丙"));
        assert_eq!(look(&xdb, "1.1.1.1"), None);
    }

    #[test]
    fn damaged_files_find_nothing_and_do_not_panic() {
        assert!(Xdb::new(vec![0; 100]).is_err());
        assert!(Xdb::new(vec![0xFF; HEADER + VECTOR + 100]).is_err());
        let good = build_v4(&[
            ("1.0.0.0", "1.0.255.255", "甲"),
            ("2.0.0.0", "2.0.0.9", "乙"),
        ]);
        let mut cut = good.clone();
        cut.truncate(good.len() - 7);
        let _ = Xdb::new(cut).map(|xdb| look(&xdb, "2.0.0.3").map(str::to_owned));
        // Every pointer of the vector index points outside.
        let mut wild = good;
        wild[HEADER..HEADER + VECTOR].fill(0xEE);
        let xdb = Xdb::new(wild).unwrap();
        assert_eq!(look(&xdb, "1.0.0.1"), None);
    }
}
