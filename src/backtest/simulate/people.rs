//! The ordinary days of made-up people: hours, machines, offices, travel, VPNs, typing errors,
//! accounts that sleep.

use super::super::tally::stats::Dice;
use super::world::{self, CITIES, DESKTOPS, HOME_CITIES, HOSTING, PHONES};
use super::{Event, Kind, Settings};
use crate::env::{DAY, HOUR, MINUTE, Millis, SECOND};

/// Accounts behind the address of one office.
const OFFICE_SIZE: u64 = 40;
/// Hours behind UTC+8, where the made-up people live.
const ZONE: Millis = 8 * HOUR;

/// One made-up person.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) number: u32,
    pub(super) home: u8,
    isp: u8,
    address: [u8; 4],
    /// The shared address of the office, for those who have one.
    office: Option<[u8; 4]>,
    pub(super) machines: Vec<Machine>,
    /// Logins a day.
    rate: f64,
    /// Two hours around which the day turns.
    peaks: [f64; 2],
    weekend: f64,
    vpn: bool,
    /// Away until then, in that city.
    trip: Option<(Millis, u8, [u8; 4])>,
    /// Silent between these.
    pub(super) sleep: Option<(Millis, Millis)>,
}

/// A machine of somebody.
#[derive(Debug, Clone, Copy)]
pub(super) struct Machine {
    pub(super) number: u32,
    pub(super) agent: &'static str,
}

impl Person {
    /// Makes somebody up.
    pub(super) fn new(number: u32, settings: &Settings, dice: &mut Dice) -> Self {
        let home = dice.below(HOME_CITIES as u64) as u8;
        let isp = world::isp_of(usize::from(home), dice);
        let address = world::address(usize::from(home), dice);
        // Offices are numbered by city, so that colleagues share a city.
        let office = dice.happens(0.4).then(|| {
            let offices = (u64::from(settings.accounts) / OFFICE_SIZE / HOME_CITIES as u64).max(1);
            let which = dice.below(offices);
            [10, home, 250 + (which >> 8) as u8, which as u8]
        });
        // Most people log in rarely, some all day: a log-normal with a long tail.
        let rate = (dice.normal() * 1.1 - 0.6).exp() * settings.rate_scale;
        let mut person = Self {
            number,
            home,
            isp,
            address,
            office,
            machines: Vec::new(),
            rate,
            peaks: match dice.happens(0.12) {
                true => [21.0 + dice.normal(), 1.0 + dice.normal()],
                false => [9.3 + dice.normal() * 0.7, 15.0 + dice.normal()],
            },
            weekend: if dice.happens(0.3) { 0.9 } else { 0.2 },
            vpn: dice.happens(0.04),
            trip: None,
            sleep: None,
        };
        person.machine(dice);
        if dice.happens(0.6) {
            person.machine(dice);
        }
        if dice.happens(0.06) {
            let span = settings.days * DAY;
            let from = settings.start + dice.below((span / 2).max(1) as u64) as Millis;
            let long = (95 + dice.below(60) as Millis) * DAY;
            person.sleep = Some((from, from + long));
        }
        person
    }

    fn machine(&mut self, dice: &mut Dice) {
        let number = self.number * 16 + (self.machines.len() as u32 & 15);
        let agent = match self.machines.len() % 2 {
            0 => DESKTOPS[dice.below(DESKTOPS.len() as u64) as usize],
            _ => PHONES[dice.below(PHONES.len() as u64) as usize],
        };
        self.machines.push(Machine { number, agent });
    }

    /// What this person does on the day that begins at `midnight` (UTC).
    pub(super) fn day(&mut self, midnight: Millis, dice: &mut Dice, out: &mut Vec<Event>) {
        if self
            .sleep
            .is_some_and(|(from, to)| from <= midnight && midnight < to)
        {
            return;
        }
        self.change(midnight, dice);
        let weekday = (midnight / DAY + 3).rem_euclid(7);
        let factor = if weekday >= 5 { self.weekend } else { 1.0 };
        let mut left = self.rate * factor;
        while left > 0.0 && dice.happens(left.min(1.0)) {
            left -= 1.0;
            let peak = self.peaks[dice.below(2) as usize];
            let hour = (peak + dice.normal() * 1.4).rem_euclid(24.0);
            let at = midnight - ZONE + (hour * HOUR as f64) as Millis;
            let at = at + dice.below(60) as Millis * SECOND;
            // Wrong tries stand before a login, and still belong to the same day.
            self.login(at.max(midnight - ZONE + 2 * MINUTE), dice, out);
        }
    }

    /// New machines, beginnings and ends of journeys.
    fn change(&mut self, midnight: Millis, dice: &mut Dice) {
        if dice.happens(1.0 / 220.0) && self.machines.len() < 15 {
            self.machine(dice);
        }
        if self.trip.is_some_and(|(until, ..)| until <= midnight) {
            self.trip = None;
        }
        if self.trip.is_none() && dice.happens(1.0 / 70.0) {
            let cities = if dice.happens(0.12) {
                CITIES.len()
            } else {
                HOME_CITIES
            };
            let city = dice.below(cities as u64) as u8;
            let until = midnight + (1 + dice.below(5) as Millis) * DAY;
            self.trip = Some((until, city, world::address(usize::from(city), dice)));
        }
        // Addresses at home change now and then.
        if dice.happens(0.05) {
            self.address = world::address(usize::from(self.home), dice);
        }
    }

    fn login(&mut self, at: Millis, dice: &mut Dice, out: &mut Vec<Event>) {
        let latest = dice.happens(0.5).then(|| self.machines.len() - 1);
        let machine = self.machines[latest.unwrap_or(0)];
        let (city, address, isp) = match self.trip {
            Some((_, city, address)) => (
                city,
                address,
                if usize::from(city) < HOME_CITIES {
                    self.isp
                } else {
                    100
                },
            ),
            None if self.vpn && dice.happens(0.3) => {
                let city = HOME_CITIES as u8 + dice.below(3) as u8;
                (city, [10, city, 200, 1 + dice.below(20) as u8], HOSTING + 1)
            }
            None => match self.office.filter(|_| dice.happens(0.7)) {
                Some(office) => (self.home, office, 0),
                None => (self.home, self.address, self.isp),
            },
        };
        let event = Event {
            time: at,
            account: self.number,
            machine: machine.number,
            agent: machine.agent,
            city,
            isp,
            address,
            success: true,
            known: true,
            legal: true,
            kind: Kind::Good,
        };
        let mut wrong = 0;
        while wrong < 4 && dice.happens(0.05) {
            wrong += 1;
            out.push(Event {
                time: at - (wrong * 11 + dice.below(8) as Millis) * SECOND,
                success: false,
                ..event
            });
        }
        out.push(event);
        // A second look a few minutes later.
        if dice.happens(0.1) {
            out.push(Event {
                time: at + (2 + dice.below(40) as Millis) * MINUTE,
                ..event
            });
        }
    }
}
