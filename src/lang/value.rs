//! Types and values of the rule language.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

/// The type of an expression, a field, a slot or a capture.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Type {
    /// Characters.
    Text,
    /// A number without a unit.
    Number,
    /// A share of something, written `2%`; held as a fraction.
    Percent,
    /// `yes` or `no`.
    YesNo,
    /// A length of time.
    Duration,
    /// A point in time.
    Time,
    /// A day of the calendar; its value is a text in ISO form, `2026-01-05`.
    Date,
    /// A length on the ground.
    Distance,
    /// A speed.
    Speed,
    /// An internet address.
    Ip,
    /// A network in CIDR form.
    Network,
    /// A phone number in E.164 form.
    Phone,
    /// A verification code.
    Code,
    /// Country, region, city and perhaps coordinates.
    Place,
    /// A machine identifier.
    Machine,
    /// An account of the information system.
    Account,
    /// An alert.
    Alert,
    /// A login: the present one or a past one.
    Login,
    /// Several values of one type.
    List(Box<Type>),
    /// A mistake was already reported here; fits everything, so that no follow-up error appears.
    Poison,
}

/// Degrees of latitude from the equator, at most.
pub const MAX_LATITUDE: f64 = 90.0;
/// Degrees of longitude from Greenwich, at most.
pub const MAX_LONGITUDE: f64 = 180.0;

/// Country, region, city and coordinates of an address, each perhaps missing.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Place {
    /// ISO 3166-1 alpha-2 code or name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Province or state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// City.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// Latitude in degrees, north positive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lat: Option<f64>,
    /// Longitude in degrees, east positive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lon: Option<f64>,
    /// Autonomous system number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asn: Option<u32>,
    /// Internet service provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub isp: Option<String>,
}

/// What an expression evaluates to.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Not known; the text names what was missing, e.g. `login.city`.
    Unknown(Arc<str>),
    /// See [`Type::Text`].
    Text(Arc<str>),
    /// See [`Type::Number`].
    Number(f64),
    /// A fraction: `2%` is 0.02.
    Percent(f64),
    /// See [`Type::YesNo`].
    YesNo(bool),
    /// Milliseconds.
    Duration(i64),
    /// Milliseconds since the epoch.
    Time(i64),
    /// Metres.
    Distance(f64),
    /// Kilometres per hour.
    Speed(f64),
    /// See [`Type::Ip`].
    Ip(IpAddr),
    /// See [`Type::Network`].
    Network(IpNet),
    /// E.164, e.g. `+8613800138000`.
    Phone(Arc<str>),
    /// The digits.
    Code(Arc<str>),
    /// See [`Type::Place`].
    Place(Arc<Place>),
    /// An opaque machine identifier (a digest, never the signed token).
    Machine(Arc<str>),
    /// An account's identifier.
    Account(Arc<str>),
    /// An alert's identifier.
    Alert(Arc<str>),
    /// The moment and coordinates of a login, for `distance` and `speed`.
    Login(Arc<LoginPoint>),
    /// See [`Type::List`].
    List(Arc<[Value]>),
}

/// What `distance` and `speed` need of a login.
#[derive(Debug, Clone, PartialEq)]
pub struct LoginPoint {
    /// When, in milliseconds since the epoch.
    pub time: i64,
    /// Where.
    pub place: Place,
}

/// The numbers of a [`LoginPoint`], which cost nothing to hand on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spot {
    /// When, in milliseconds since the epoch.
    pub time: i64,
    /// Latitude in degrees, north positive.
    pub lat: Option<f64>,
    /// Longitude in degrees, east positive.
    pub lon: Option<f64>,
}

impl LoginPoint {
    /// Its numbers.
    pub fn spot(&self) -> Spot {
        Spot {
            time: self.time,
            lat: self.place.lat,
            lon: self.place.lon,
        }
    }
}

/// A known value where it lies, without a copy of its own: what comparing needs of it.
#[derive(Debug, Clone, Copy)]
pub enum View<'a> {
    /// Everything made of characters: text, phone, code and the identifiers.
    Characters(&'a str),
    /// See [`Value::Number`].
    Number(f64),
    /// See [`Value::Percent`].
    Percent(f64),
    /// See [`Value::YesNo`].
    YesNo(bool),
    /// See [`Value::Duration`].
    Duration(i64),
    /// See [`Value::Time`].
    Time(i64),
    /// See [`Value::Distance`].
    Distance(f64),
    /// See [`Value::Speed`].
    Speed(f64),
    /// See [`Value::Ip`].
    Ip(IpAddr),
    /// See [`Value::Network`].
    Network(IpNet),
    /// See [`Value::Place`].
    Place(&'a Place),
    /// See [`Value::Login`].
    Login(&'a LoginPoint),
    /// See [`Value::List`].
    List(&'a [Value]),
}

impl Value {
    /// The value without a copy; `None` when it is unknown.
    #[inline]
    pub fn view(&self) -> Option<View<'_>> {
        Some(match self {
            Self::Unknown(_) => return None,
            Self::Text(text)
            | Self::Phone(text)
            | Self::Code(text)
            | Self::Machine(text)
            | Self::Account(text)
            | Self::Alert(text) => View::Characters(text),
            Self::Number(n) => View::Number(*n),
            Self::Percent(n) => View::Percent(*n),
            Self::YesNo(yes) => View::YesNo(*yes),
            Self::Duration(ms) => View::Duration(*ms),
            Self::Time(ms) => View::Time(*ms),
            Self::Distance(metres) => View::Distance(*metres),
            Self::Speed(speed) => View::Speed(*speed),
            Self::Ip(ip) => View::Ip(*ip),
            Self::Network(net) => View::Network(*net),
            Self::Place(place) => View::Place(place),
            Self::Login(point) => View::Login(point),
            Self::List(entries) => View::List(entries),
        })
    }

    /// A text value.
    pub fn text(text: impl AsRef<str>) -> Self {
        Self::Text(text.as_ref().into())
    }

    /// An unknown value that names what is missing.
    pub fn unknown(missing: impl AsRef<str>) -> Self {
        Self::Unknown(missing.as_ref().into())
    }

    /// Whether something is known at all.
    pub fn is_known(&self) -> bool {
        !matches!(self, Self::Unknown(_))
    }

    /// The characters of a value that is made of some: text, phone, code and the identifiers.
    pub fn characters(&self) -> Option<&Arc<str>> {
        match self {
            Self::Text(text)
            | Self::Phone(text)
            | Self::Code(text)
            | Self::Machine(text)
            | Self::Account(text)
            | Self::Alert(text) => Some(text),
            _ => None,
        }
    }

    /// `Some(yes or no)`, or `None` when unknown (or not a yes/no, which the checker rules out).
    pub fn truth(&self) -> Option<bool> {
        match self {
            Self::YesNo(yes) => Some(*yes),
            _ => None,
        }
    }
}

impl Type {
    /// What people call it.
    fn chinese(&self) -> &'static str {
        match self {
            Self::Text => "文字",
            Self::Number => "数",
            Self::Percent => "百分比",
            Self::YesNo => "是或否",
            Self::Duration => "时长",
            Self::Time => "时间",
            Self::Date => "日期",
            Self::Distance => "距离",
            Self::Speed => "速度",
            Self::Ip => "IP 地址",
            Self::Network => "网段",
            Self::Phone => "手机号",
            Self::Code => "验证码",
            Self::Place => "地点",
            Self::Machine => "机器",
            Self::Account => "账号",
            Self::Alert => "提醒",
            Self::Login => "登录",
            Self::List(_) => "列表",
            Self::Poison => "？",
        }
    }
}

impl fmt::Display for Type {
    /// The name rule authors write, e.g. `list of text`.
    /// With `#` the Chinese one, e.g. `文字的列表`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return match self {
                Self::List(of) => write!(f, "{of:#}的列表"),
                one => f.write_str(one.chinese()),
            };
        }
        let name = match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Percent => "percent",
            Self::YesNo => "yes/no",
            Self::Duration => "duration",
            Self::Time => "time",
            Self::Date => "date",
            Self::Distance => "distance",
            Self::Speed => "speed",
            Self::Ip => "ip",
            Self::Network => "network",
            Self::Phone => "phone",
            Self::Code => "code",
            Self::Place => "place",
            Self::Machine => "machine",
            Self::Account => "account",
            Self::Alert => "alert",
            Self::Login => "login",
            Self::List(of) => return write!(f, "list of {of}"),
            Self::Poison => "?",
        };
        f.write_str(name)
    }
}
