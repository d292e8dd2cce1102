//! Where made-up people are: places, networks, machines. Addresses are of 10.0.0.0/8, which belongs
//! to nobody, so that no real address stands in synthetic data.

use super::super::tally::stats::Dice;

/// A city.
#[derive(Debug)]
pub(super) struct City {
    pub(super) country: &'static str,
    pub(super) region: &'static str,
    pub(super) name: &'static str,
    pub(super) lat: f64,
    pub(super) lon: f64,
}

macro_rules! cities {
    ($($country:literal $region:literal $name:literal $lat:literal $lon:literal;)+) => {
        &[$(City { country: $country, region: $region, name: $name, lat: $lat, lon: $lon },)+]
    };
}

/// How many of [`CITIES`] are at home.
pub(super) const HOME_CITIES: usize = 20;

/// Home cities first, then those abroad.
pub(super) const CITIES: &[City] = cities! {
    "CN" "北京" "北京" 39.90 116.40;
    "CN" "上海" "上海" 31.23 121.47;
    "CN" "广东" "广州" 23.13 113.26;
    "CN" "广东" "深圳" 22.54 114.06;
    "CN" "浙江" "杭州" 30.27 120.16;
    "CN" "江苏" "南京" 32.06 118.80;
    "CN" "四川" "成都" 30.57 104.07;
    "CN" "湖北" "武汉" 30.59 114.31;
    "CN" "陕西" "西安" 34.34 108.94;
    "CN" "重庆" "重庆" 29.56 106.55;
    "CN" "天津" "天津" 39.13 117.20;
    "CN" "江苏" "苏州" 31.30 120.58;
    "CN" "湖南" "长沙" 28.23 112.94;
    "CN" "山东" "青岛" 36.07 120.38;
    "CN" "福建" "厦门" 24.48 118.09;
    "CN" "辽宁" "沈阳" 41.80 123.43;
    "CN" "河南" "郑州" 34.75 113.62;
    "CN" "云南" "昆明" 25.04 102.71;
    "CN" "黑龙江" "哈尔滨" 45.80 126.53;
    "CN" "新疆" "乌鲁木齐" 43.83 87.62;
    "JP" "Tokyo" "Tokyo" 35.68 139.69;
    "SG" "Singapore" "Singapore" 1.35 103.82;
    "US" "New York" "New York" 40.71 -74.01;
    "US" "California" "San Jose" 37.34 -121.89;
    "DE" "Hesse" "Frankfurt" 50.11 8.68;
    "NL" "North Holland" "Amsterdam" 52.37 4.90;
    "RO" "Bucharest" "Bucharest" 44.43 26.10;
    "RU" "Moscow" "Moscow" 55.76 37.62;
    "BR" "São Paulo" "São Paulo" -23.55 -46.63;
    "VN" "Hanoi" "Hanoi" 21.03 105.85;
};

/// (AS number, name) of providers at home.
const HOME_ISPS: [(u32, &str); 3] = [(64_512, "电信"), (64_513, "联通"), (64_514, "移动")];
/// Providers abroad, by city index modulo.
const ABROAD_ISPS: [(u32, &str); 4] = [
    (64_600, "Example Cable"),
    (64_601, "Example Mobile"),
    (64_602, "Example Hosting"),
    (64_603, "Example VPN"),
];
/// The provider of VPN exits and rented machines.
pub(super) const HOSTING: u8 = 102;

/// A provider by number: 0 to 2 at home, 100 to 103 abroad.
pub(super) fn isp(number: u8) -> (u32, &'static str) {
    match number {
        100.. => ABROAD_ISPS[usize::from(number - 100) % ABROAD_ISPS.len()],
        _ => HOME_ISPS[usize::from(number) % HOME_ISPS.len()],
    }
}

/// The provider most people of a city are with.
pub(super) fn isp_of(city: usize, dice: &mut Dice) -> u8 {
    match city < HOME_CITIES {
        true => dice.below(HOME_ISPS.len() as u64) as u8,
        false => 100 + dice.below(2) as u8,
    }
}

/// An address of a city; the city can be read from it.
pub(super) fn address(city: usize, dice: &mut Dice) -> [u8; 4] {
    [
        10,
        city as u8,
        dice.below(256) as u8,
        1 + dice.below(254) as u8,
    ]
}

pub(super) const DESKTOPS: [&str; 4] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Edg/120.0.0.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0",
];
pub(super) const PHONES: [&str; 3] = [
    "Mozilla/5.0 (Linux; Android 13; Pixel) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36 MicroMessenger/8.0.44",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.44",
    "Mozilla/5.0 (Linux; Android 12; HarmonyOS) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Mobile Safari/537.36",
];
pub(super) const SCRIPT: &str = "python-requests/2.31.0";
