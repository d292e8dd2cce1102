//! From what a caller says about a login to a row of the history.

use crate::bot::Bot;
use crate::bot::api::Origin;
use crate::bot::context::Context;
use crate::env::Millis;
use crate::guard::agent::{self, Agent};
use crate::history::Row;
use crate::lang::value::Place;
use crate::store::records::Account;

/// Longest text kept of anything a caller says about a login, in characters.
const MAX_TEXT: usize = 200;

/// A caller's statement, prepared outside of any command: place looked up, user agent read.
#[derive(Debug, Clone, Default)]
pub(super) struct Prepared {
    pub(super) origin: Origin,
    pub(super) place: Place,
    pub(super) agent: Agent,
    /// The password is checked here.
    pub(super) here: bool,
}

impl Bot {
    pub(super) fn prepare(&self, mut origin: Origin) -> Prepared {
        origin.user_agent = origin.user_agent.map(short);
        origin.channel = origin.channel.map(short);
        let place = match (&origin.place, origin.ip) {
            (Some(place), _) => place.clone(),
            (None, Some(ip)) => self.geo.lookup(ip),
            (None, None) => Place::default(),
        };
        let agent = origin
            .user_agent
            .as_deref()
            .map(agent::parse)
            .unwrap_or_default();
        Prepared {
            origin,
            place,
            agent,
            here: false,
        }
    }
}

impl Prepared {
    /// The present event as a row. `arrival` is beyond every row that is there.
    pub(super) fn row(
        &self,
        context: &Context,
        account: Option<&Account>,
        machine: Option<&str>,
        legal: bool,
        time: Millis,
    ) -> Row {
        let text = |value: &Option<String>| value.as_deref().map(Into::into);
        let mut row = Row {
            time,
            arrival: u64::MAX,
            account: self.origin.account.as_str().into(),
            machine: machine.map(Into::into),
            ip: self.origin.ip,
            country: text(&self.place.country),
            region: text(&self.place.region),
            city: text(&self.place.city),
            lat: self.place.lat,
            lon: self.place.lon,
            asn: self.place.asn,
            isp: text(&self.place.isp),
            browser: self.agent.browser.map(Into::into),
            os: self.agent.os.map(Into::into),
            device: self.agent.device.map(Into::into),
            legal,
            channel: text(&self.origin.channel),
            ..Row::default()
        };
        row.set_local(&context.zone(account.and_then(|account| account.zone.as_deref())));
        row
    }
}

fn short(text: String) -> String {
    if text.chars().count() <= MAX_TEXT {
        return text;
    }
    text.chars().take(MAX_TEXT).collect()
}
