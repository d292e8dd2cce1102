//! Where an address is, from the operator's own file: a MaxMind database (`.mmdb`) or an ip2region
//! one (`.xdb`). Without a file, for private addresses and for whatever the file does not know, a
//! place is unknown; nothing is guessed. The file is read into memory once; replacing it needs a
//! reopened [`Geo`].

mod xdb;

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use maxminddb::geoip2::{Asn, City};

pub use crate::lang::value::Place;
use xdb::Xdb;

/// The largest file read, in bytes: the full databases have some hundred megabytes.
const MAX_FILE_BYTES: u64 = 1024 * 1024 * 1024;
/// Ends the metadata of every MaxMind database.
const MMDB_MARK: &[u8] = b"\xab\xcd\xefMaxMind.com";

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GeoError {
    /// Reading failed.
    #[error("cannot read {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// It is neither format, or damaged.
    #[error("{path}: {problem}")]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}

/// A database of places. Look-ups take microseconds and never fail.
pub struct Geo(Source);

enum Source {
    None,
    Mmdb(maxminddb::Reader<Vec<u8>>),
    Xdb(Xdb),
}

impl fmt::Debug for Geo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Geo").field(&self.format()).finish()
    }
}

impl Geo {
    /// Knows no places.
    pub fn none() -> Self {
        Self(Source::None)
    }

    /// Opens a `.mmdb` or `.xdb` file; which one it is, its contents say.
    ///
    /// # Errors
    /// When it cannot be read or is neither.
    pub fn open(path: &Path) -> Result<Self, GeoError> {
        let io = |source| GeoError::Io {
            path: path.to_owned(),
            source,
        };
        let format = |problem: String| GeoError::Format {
            path: path.to_owned(),
            problem,
        };
        let size = std::fs::metadata(path).map_err(io)?.len();
        if size > MAX_FILE_BYTES {
            return Err(format("the file has more than 1 GiB".to_owned()));
        }
        let bytes = std::fs::read(path).map_err(io)?;
        Self::from_bytes(bytes).map_err(format)
    }

    fn from_bytes(bytes: Vec<u8>) -> Result<Self, String> {
        // The mark stands in the last 128 KiB.
        let tail = bytes.len().saturating_sub(128 * 1024 + MMDB_MARK.len());
        let mmdb = bytes[tail..]
            .windows(MMDB_MARK.len())
            .any(|window| window == MMDB_MARK);
        if mmdb {
            let reader =
                maxminddb::Reader::from_source(bytes).map_err(|error| error.to_string())?;
            return Ok(Self(Source::Mmdb(reader)));
        }
        match Xdb::new(bytes) {
            Ok(xdb) => Ok(Self(Source::Xdb(xdb))),
            Err(problem) => Err(format!(
                "this is neither a MaxMind database (.mmdb) nor an ip2region one (.xdb): {problem}"
            )),
        }
    }

    /// none, mmdb or xdb.
    pub fn format(&self) -> &'static str {
        match self.0 {
            Source::None => "none",
            Source::Mmdb(_) => "mmdb",
            Source::Xdb(_) => "xdb",
        }
    }

    /// What is known of an address; empty for private, local and unknown ones.
    pub fn lookup(&self, ip: IpAddr) -> Place {
        let ip = ip.to_canonical();
        if !is_public(ip) {
            return Place::default();
        }
        match &self.0 {
            Source::None => Place::default(),
            Source::Mmdb(reader) => of_mmdb(reader, ip),
            Source::Xdb(xdb) => xdb.lookup(ip).map(of_region).unwrap_or_default(),
        }
    }
}

/// Whether an address can be anywhere on the map. Private and local ones are never a reason for alarm.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            let shared = v4.octets()[0] == 100 && (64..128).contains(&v4.octets()[1]);
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_broadcast()
                || v4.is_multicast()
                || shared)
        }
        IpAddr::V6(v6) => {
            !(v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
                || v6.is_multicast())
        }
    }
}

fn of_mmdb(reader: &maxminddb::Reader<Vec<u8>>, ip: IpAddr) -> Place {
    let Ok(found) = reader.lookup(ip) else {
        return Place::default();
    };
    let mut place = Place::default();
    if let Ok(Some(city)) = found.decode::<City<'_>>() {
        // Chinese names where the file has them, so that rules and prompts read naturally.
        let name = |names: &maxminddb::geoip2::Names<'_>| {
            names
                .simplified_chinese
                .or(names.english)
                .map(str::to_owned)
        };
        place.country = name(&city.country.names).or(city.country.iso_code.map(str::to_owned));
        place.region = city
            .subdivisions
            .first()
            .and_then(|region| name(&region.names));
        place.city = name(&city.city.names);
        // Half a coordinate is none.
        let point = city.location.latitude.zip(city.location.longitude);
        (place.lat, place.lon) = point.unzip();
    }
    if let Ok(Some(asn)) = found.decode::<Asn<'_>>() {
        place.asn = asn.autonomous_system_number;
        place.isp = asn.autonomous_system_organization.map(str::to_owned);
    }
    place
}

/// Reads the fields of ip2region's texts: `国家|区域|省份|城市|ISP` (2.x), `国家|省份|城市|ISP` and
/// `国家|省份|城市|ISP|CN` (3.x). `0` and nothing are unknown; so are the names of local networks.
fn of_region(region: &str) -> Place {
    let field = |text: &str| {
        let text = text.trim();
        let unknown = text.is_empty() || text == "0" || text == "内网IP" || text == "Reserved";
        (!unknown).then(|| text.to_owned())
    };
    let fields: Vec<&str> = region.split('|').collect();
    let is_code = |text: &str| text.len() == 2 && text.chars().all(|c| c.is_ascii_uppercase());
    let (country, region, city, isp) = match fields[..] {
        [country, region, city, isp, code] if is_code(code) => (country, region, city, isp),
        [country, _, region, city, isp] => (country, region, city, isp),
        [country, region, city, isp, ..] => (country, region, city, isp),
        _ => return Place::default(),
    };
    Place {
        country: field(country),
        region: field(region),
        city: field(city),
        isp: field(isp),
        ..Place::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_generations_of_region_texts() {
        let place = |country: &str, region: &str, city: &str, isp: &str| Place {
            country: Some(country.into()),
            region: Some(region.into()),
            city: Some(city.into()),
            isp: Some(isp.into()),
            ..Place::default()
        };
        let shenzhen = place("中国", "广东省", "深圳市", "电信");
        assert_eq!(of_region("中国|0|广东省|深圳市|电信"), shenzhen);
        assert_eq!(of_region("中国|广东省|深圳市|电信"), shenzhen);
        assert_eq!(of_region("中国|广东省|深圳市|电信|CN"), shenzhen);
        assert_eq!(of_region("0|0|0|内网IP|内网IP"), Place::default());
        assert_eq!(of_region("|||"), Place::default());
        assert_eq!(of_region("x"), Place::default());
    }

    #[test]
    fn an_xdb_file_is_recognised_and_private_addresses_are_nowhere() {
        let file =
            xdb::tests::build_v4(&[("0.0.0.0", "255.255.255.255", "中国|0|北京|北京市|联通")]);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("geo.xdb");
        std::fs::write(&path, file).unwrap();
        let geo = Geo::open(&path).unwrap();
        assert_eq!(geo.format(), "xdb");
        let city = |ip: &str| geo.lookup(ip.parse().unwrap()).city;
        assert_eq!(city("203.0.113.9").as_deref(), Some("北京市"));
        assert_eq!(city("::ffff:203.0.113.9").as_deref(), Some("北京市"));
        for ip in [
            "10.0.0.1",
            "192.168.1.1",
            "127.0.0.1",
            "100.64.0.1",
            "fd00::1",
            "::1",
        ] {
            assert_eq!(city(ip), None, "{ip}");
        }
    }

    #[test]
    fn an_mmdb_file_is_recognised() {
        let file = mmdb_file();
        let geo = Geo::from_bytes(file).unwrap();
        assert_eq!(geo.format(), "mmdb");
        let place = geo.lookup("203.0.113.9".parse().unwrap());
        assert_eq!(place.country.as_deref(), Some("中国"));
        assert_eq!(place.city.as_deref(), Some("Beijing"));
        assert_eq!((place.lat, place.lon), (Some(39.9), Some(116.4)));
        assert_eq!(place.asn, Some(4134));
        assert_eq!(geo.lookup("8.8.8.8".parse().unwrap()), Place::default());
    }

    #[test]
    fn no_file_and_no_database() {
        let ip = "203.0.113.9".parse().unwrap();
        assert_eq!(Geo::none().lookup(ip), Place::default());
        assert!(matches!(
            Geo::open(Path::new("no/such/file")),
            Err(GeoError::Io { .. })
        ));
        let error = Geo::from_bytes(b"hello".to_vec()).unwrap_err();
        assert!(error.contains(".mmdb") && error.contains(".xdb"), "{error}");
    }

    /// A MaxMind database with one network, 203.0.113.0/24, written by hand.
    fn mmdb_file() -> Vec<u8> {
        const BITS: [u8; 24] = {
            let address: u32 = 203 << 16 | 113;
            let mut bits = [0; 24];
            let mut at = 0;
            while at < 24 {
                bits[at] = (address >> (23 - at) & 1) as u8;
                at += 1;
            }
            bits
        };
        let nodes = BITS.len() as u32;
        let mut file = Vec::new();
        for (at, bit) in BITS.iter().enumerate() {
            let onward = match at + 1 < BITS.len() {
                true => at as u32 + 1,
                // Data at offset 0 of the data section: 16 zero bytes lie between.
                false => nodes + 16,
            };
            let pair = if *bit == 0 {
                [onward, nodes]
            } else {
                [nodes, onward]
            };
            for record in pair {
                file.extend_from_slice(&record.to_be_bytes()[1..]);
            }
        }
        file.extend_from_slice(&[0; 16]);
        let text = |file: &mut Vec<u8>, text: &str| {
            file.push(0x40 | text.len() as u8);
            file.extend_from_slice(text.as_bytes());
        };
        let map = |file: &mut Vec<u8>, entries: u8| file.push(0xE0 | entries);
        let double = |file: &mut Vec<u8>, value: f64| {
            file.push(0x68);
            file.extend_from_slice(&value.to_be_bytes());
        };
        map(&mut file, 4);
        text(&mut file, "country");
        map(&mut file, 1);
        text(&mut file, "names");
        map(&mut file, 2);
        text(&mut file, "en");
        text(&mut file, "China");
        text(&mut file, "zh-CN");
        text(&mut file, "中国");
        text(&mut file, "city");
        map(&mut file, 1);
        text(&mut file, "names");
        map(&mut file, 1);
        text(&mut file, "en");
        text(&mut file, "Beijing");
        text(&mut file, "location");
        map(&mut file, 2);
        text(&mut file, "latitude");
        double(&mut file, 39.9);
        text(&mut file, "longitude");
        double(&mut file, 116.4);
        text(&mut file, "autonomous_system_number");
        file.extend_from_slice(&[0xC2, 0x10, 0x26]);
        file.extend_from_slice(MMDB_MARK);
        map(&mut file, 9);
        let number = |file: &mut Vec<u8>, name: &str, value: u16| {
            text(file, name);
            file.push(0xA2);
            file.extend_from_slice(&value.to_be_bytes());
        };
        number(&mut file, "binary_format_major_version", 2);
        number(&mut file, "binary_format_minor_version", 0);
        number(&mut file, "ip_version", 4);
        number(&mut file, "record_size", 24);
        text(&mut file, "node_count");
        file.push(0xC4);
        file.extend_from_slice(&nodes.to_be_bytes());
        text(&mut file, "build_epoch");
        file.extend_from_slice(&[0x01, 0x02, 1]);
        text(&mut file, "database_type");
        text(&mut file, "Test");
        text(&mut file, "languages");
        file.extend_from_slice(&[0x01, 0x04]);
        text(&mut file, "en");
        text(&mut file, "description");
        map(&mut file, 0);
        file
    }
}
