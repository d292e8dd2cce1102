//! Those who are not the owner, each with the label of what they do.

use super::super::tally::stats::Dice;
use super::people::Person;
use super::world::{self, CITIES, DESKTOPS, HOME_CITIES, HOSTING, SCRIPT};
use super::{Event, Kind, Settings};
use crate::env::{DAY, HOUR, MINUTE, Millis, SECOND};

/// Machines of attackers are numbered from here.
const MACHINES: u32 = 1 << 31;
/// Names that are no account are numbered from here.
pub(super) const NOBODY: u32 = 1 << 30;

/// Somebody's attack that begins on the day `midnight`.
pub(super) fn attack(
    kind: Kind,
    number: u32,
    people: &[Person],
    midnight: Millis,
    settings: &Settings,
    dice: &mut Dice,
    out: &mut Vec<Event>,
) {
    let begin = midnight + dice.below(DAY as u64) as Millis;
    let mut attack = Attack {
        kind,
        machine: MACHINES + number * 8,
        people,
        settings,
    };
    match kind {
        Kind::Good => {}
        Kind::Naive => {
            let city = HOME_CITIES + dice.below((CITIES.len() - HOME_CITIES) as u64) as usize;
            attack.takeover(
                begin,
                city,
                100,
                SCRIPT_OR_NOT[dice.below(2) as usize],
                dice,
                out,
            );
        }
        Kind::Vpn => {
            let city = dice.below(HOME_CITIES as u64) as usize;
            let agent = DESKTOPS[dice.below(4) as usize];
            attack.takeover(begin, city, HOSTING, agent, dice, out);
        }
        Kind::Targeted => {
            let victim = attack.victim(dice);
            let agent = people[victim].machines[0].agent;
            let city = usize::from(people[victim].home);
            let address = world::address(city, dice);
            attack.logins(victim, begin, city, 1, address, agent, dice, out);
        }
        Kind::Spray => attack.spray(begin, dice, out),
        Kind::Stuffing => attack.stuffing(begin, dice, out),
        Kind::BruteForce => attack.brute_force(begin, dice, out),
        Kind::Dormant => attack.dormant(begin, dice, out),
    }
}

const SCRIPT_OR_NOT: [&str; 2] = [SCRIPT, DESKTOPS[0]];

struct Attack<'a> {
    kind: Kind,
    machine: u32,
    people: &'a [Person],
    settings: &'a Settings,
}

impl Attack<'_> {
    fn victim(&self, dice: &mut Dice) -> usize {
        dice.below(self.people.len() as u64) as usize
    }

    fn event(&self, time: Millis, account: u32, city: usize, address: [u8; 4]) -> Event {
        Event {
            time,
            account,
            machine: self.machine,
            agent: SCRIPT,
            city: city as u8,
            isp: HOSTING,
            address,
            success: false,
            known: account < NOBODY,
            legal: true,
            kind: self.kind,
        }
    }

    /// The right password from somewhere else.
    fn takeover(
        &mut self,
        begin: Millis,
        city: usize,
        isp: u8,
        agent: &'static str,
        dice: &mut Dice,
        out: &mut Vec<Event>,
    ) {
        let victim = self.victim(dice);
        let address = world::address(city, dice);
        self.logins(victim, begin, city, isp, address, agent, dice, out);
    }

    /// One to four logins within some hours.
    #[allow(clippy::too_many_arguments, reason = "the parts of one login")]
    fn logins(
        &mut self,
        victim: usize,
        begin: Millis,
        city: usize,
        isp: u8,
        address: [u8; 4],
        agent: &'static str,
        dice: &mut Dice,
        out: &mut Vec<Event>,
    ) {
        let mut at = begin;
        for _ in 0..1 + dice.below(4) {
            out.push(Event {
                success: true,
                agent,
                isp,
                legal: agent != SCRIPT,
                ..self.event(at, self.people[victim].number, city, address)
            });
            at += dice.exponential(90.0 * MINUTE as f64) as Millis + MINUTE;
        }
    }

    /// One address, many names, few tries each, over a day; a weak password now and then.
    fn spray(&mut self, begin: Millis, dice: &mut Dice, out: &mut Vec<Event>) {
        let city = dice.below(CITIES.len() as u64) as usize;
        let address = world::address(city, dice);
        let mut at = begin;
        for _ in 0..30 + dice.below(50) {
            at += dice.exponential(12.0 * MINUTE as f64) as Millis + SECOND;
            let account = self.name(0.3, dice);
            let success = account < NOBODY && dice.happens(0.02);
            out.push(Event {
                success,
                legal: false,
                ..self.event(at, account, city, address)
            });
        }
    }

    /// One address, many pairs of name and password from elsewhere, as fast as it goes.
    fn stuffing(&mut self, begin: Millis, dice: &mut Dice, out: &mut Vec<Event>) {
        let city = dice.below(CITIES.len() as u64) as usize;
        let address = world::address(city, dice);
        let mut at = begin;
        for _ in 0..60 + dice.below(120) {
            at += 700 + dice.below(3_000) as Millis;
            let account = self.name(0.6, dice);
            let success = account < NOBODY && dice.happens(0.03);
            out.push(Event {
                success,
                legal: false,
                ..self.event(at, account, city, address)
            });
        }
    }

    /// Many passwords for one account, sometimes from several addresses; the right one in the end,
    /// perhaps.
    fn brute_force(&mut self, begin: Millis, dice: &mut Dice, out: &mut Vec<Event>) {
        let victim = self.people[self.victim(dice)].number;
        let spread = dice.happens(0.4);
        let city = dice.below(CITIES.len() as u64) as usize;
        let mut address = world::address(city, dice);
        let mut at = begin;
        for _ in 0..8 + dice.below(25) {
            if spread {
                address = world::address(city, dice);
            }
            at += if spread { 4 * MINUTE } else { 9 * SECOND } + dice.below(9_000) as Millis;
            out.push(self.event(at, victim, city, address));
        }
        if dice.happens(0.35) {
            out.push(Event {
                success: true,
                ..self.event(at + 10 * SECOND, victim, city, address)
            });
        }
    }

    /// An account that has been silent for long.
    fn dormant(&mut self, begin: Millis, dice: &mut Dice, out: &mut Vec<Event>) {
        let silent: Vec<usize> = self
            .people
            .iter()
            .enumerate()
            .filter(|(_, person)| {
                person
                    .sleep
                    .is_some_and(|(from, to)| from + 92 * DAY < begin && begin < to)
            })
            .map(|(index, _)| index)
            .collect();
        if silent.is_empty() {
            return;
        }
        let victim = silent[dice.below(silent.len() as u64) as usize];
        let city = dice.below(HOME_CITIES as u64) as usize;
        let address = world::address(city, dice);
        self.logins(
            victim,
            begin,
            city,
            HOSTING,
            address,
            DESKTOPS[1],
            dice,
            out,
        );
    }

    /// A name to try: an account's, or none's.
    fn name(&self, real: f64, dice: &mut Dice) -> u32 {
        match dice.happens(real) {
            true => self.people[self.victim(dice)].number,
            false => NOBODY + dice.below(u64::from(self.settings.accounts) * 4) as u32,
        }
    }
}

/// How long after its beginning an attack may last.
pub(super) const LONGEST: Millis = 3 * DAY + HOUR;
