//! One past login.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::env::Millis;
use crate::lang::value::{LoginPoint, Place};

/// A login attempt as the history keeps it. Accounts that do not exist have rows too, under the
/// name that was typed: by address they count.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Row {
    /// When it happened, by the reporter's clock.
    pub time: Millis,
    /// In which order it was recorded: unique, growing. Breaks ties of `time`, and says what
    /// "arrived before this one" means.
    pub arrival: u64,
    /// The account's identifier.
    pub account: Arc<str>,
    /// The machine's identifier (a digest), when it had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine: Option<Arc<str>>,
    /// The address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
    /// Country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<Arc<str>>,
    /// Province or state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<Arc<str>>,
    /// City.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<Arc<str>>,
    /// Latitude in degrees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lat: Option<f64>,
    /// Longitude in degrees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lon: Option<f64>,
    /// Autonomous system number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asn: Option<u32>,
    /// Internet service provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub isp: Option<Arc<str>>,
    /// Hour of the day in the account's zone, 0 to 23; see [`Row::set_local`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hour: Option<u8>,
    /// Day of the week there, Monday is 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weekday: Option<u8>,
    /// Browser.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub browser: Option<Arc<str>>,
    /// Operating system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os: Option<Arc<str>>,
    /// Kind of device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<Arc<str>>,
    /// The password was right.
    pub success: bool,
    /// The machine identifier was legal.
    pub legal: bool,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Arc<str>>,
    /// Through what it came: web, app, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<Arc<str>>,
    /// The owner answered its prompt with 锁定: it is nobody's habit.
    pub answered_lock: bool,
}

/// Hour (0 to 23) and weekday (1 is Monday) of a time in a zone; nothing for a time no calendar has.
pub fn hour_and_weekday(time: i64, zone: &TimeZone) -> (Option<u8>, Option<u8>) {
    let Ok(at) = Timestamp::from_millisecond(time) else {
        return (None, None);
    };
    let local = zone.to_offset(at).to_datetime(at);
    (
        u8::try_from(local.hour()).ok(),
        u8::try_from(local.weekday().to_monday_one_offset()).ok(),
    )
}

impl Row {
    /// Sets hour and weekday from the time, in the account's zone.
    pub fn set_local(&mut self, zone: &TimeZone) {
        (self.hour, self.weekday) = hour_and_weekday(self.time, zone);
    }

    /// The day in the account's zone, `2026-01-05`: the UTC day, or the one beside it that is the
    /// row's weekday. `None` without a weekday.
    pub fn local_day(&self) -> Option<String> {
        let weekday = i8::try_from(self.weekday?).ok()?;
        let utc = Timestamp::from_millisecond(self.time).ok()?;
        let day = utc.to_zoned(TimeZone::UTC).date();
        let days = [Some(day), day.yesterday().ok(), day.tomorrow().ok()];
        let local = days
            .into_iter()
            .flatten()
            .find(|day| day.weekday().to_monday_one_offset() == weekday)?;
        Some(local.to_string())
    }

    /// Country, region, city, coordinates and network operator.
    pub fn place(&self) -> Place {
        let owned = |text: &Option<Arc<str>>| text.as_deref().map(str::to_owned);
        Place {
            country: owned(&self.country),
            region: owned(&self.region),
            city: owned(&self.city),
            lat: self.lat,
            lon: self.lon,
            asn: self.asn,
            isp: owned(&self.isp),
        }
    }

    /// What `distance` and `speed` need.
    pub fn point(&self) -> LoginPoint {
        LoginPoint {
            time: self.time,
            place: self.place(),
        }
    }

    /// When and where on the map, which is all that distances look at; without any text.
    pub fn bare_point(&self) -> LoginPoint {
        LoginPoint {
            time: self.time,
            place: Place {
                lat: self.lat,
                lon: self.lon,
                ..Place::default()
            },
        }
    }

    /// A success that tells about the owner.
    pub(super) fn is_habit(&self) -> bool {
        self.success && !self.answered_lock
    }
}

impl std::fmt::Debug for Row {
    /// When and in which order; never who or from where.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Row")
            .field("time", &self.time)
            .field("arrival", &self.arrival)
            .field("success", &self.success)
            .finish_non_exhaustive()
    }
}
