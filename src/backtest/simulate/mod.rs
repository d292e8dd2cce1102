//! Synthetic logins to try rules on: people with habits, and labelled attackers among them.
//!
//! **Nothing here is real.** What rules do on these logins says that they work, not how often real
//! people travel or real attackers come; the numbers of a real system come from its own logins. The
//! same settings and seed give the same file, byte for byte, on every machine.

mod attacks;
mod people;
mod world;

use std::fmt::Write as _;
use std::io::{self, Write};

use super::tally::stats::Dice;
use crate::bot::api::Secret;
use crate::env::{DAY, Millis};
use crate::guard::machines;
use crate::server::rfc3339;
use people::Person;
use world::CITIES;

/// What to make up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// People with an account.
    pub accounts: u32,
    /// Days.
    pub days: i64,
    /// Midnight (UTC) of the first day.
    pub start: Millis,
    /// Fixes everything.
    pub seed: u64,
    /// Attacks per 1,000 accounts and 30 days; 0 for none.
    pub attacks: f64,
    /// Multiplies how often people log in.
    pub rate_scale: f64,
    /// Signs the machines that are legal, in [`Format::Events`]: a server with the same key takes them for legal.
    pub machine_key: Option<Secret>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            accounts: 1_000,
            days: 120,
            // 2026-01-05, a Monday.
            start: 1_767_571_200_000,
            seed: 1,
            attacks: 12.0,
            rate_scale: 1.0,
            machine_key: None,
        }
    }
}

/// The most accounts: numbers beyond stand for names that are none.
pub const MAX_ACCOUNTS: u32 = 20_000_000;

/// Whose login it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Good,
    Naive,
    Vpn,
    Targeted,
    Spray,
    Stuffing,
    BruteForce,
    Dormant,
}

impl Kind {
    const ATTACKS: [Self; 7] = [
        Self::Naive,
        Self::Vpn,
        Self::Targeted,
        Self::Spray,
        Self::Stuffing,
        Self::BruteForce,
        Self::Dormant,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Good => "",
            Self::Naive => "naive",
            Self::Vpn => "vpn",
            Self::Targeted => "targeted",
            Self::Spray => "spray",
            Self::Stuffing => "stuffing",
            Self::BruteForce => "brute_force",
            Self::Dormant => "dormant",
        }
    }
}

/// One made-up login.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Event {
    time: Millis,
    account: u32,
    machine: u32,
    agent: &'static str,
    city: u8,
    isp: u8,
    address: [u8; 4],
    success: bool,
    known: bool,
    legal: bool,
    kind: Kind,
}

/// How the logins are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// With a header.
    Csv,
    /// One object of JSON a line, with labels.
    Ndjson,
    /// What `POST /v1/logins` takes and nothing else: no labels, neither `known` nor `legal`, which a server finds
    /// out for itself: known are accounts it was given, legal are machines that are signed.
    Events,
    /// No logins but what `POST /v1/accounts:import` takes: the people behind them.
    Accounts,
}

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Logins.
    pub logins: u64,
    /// Of attackers.
    pub attacks: u64,
    /// Of attackers, with the right password.
    pub takeovers: u64,
    /// By kind of attacker, each with its name; 0 for those who found nobody to attack.
    pub kinds: [(&'static str, u64); Kind::ATTACKS.len()],
}

const HEADER: &str = "id,time,account,known,success,machine,legal,ip,country,region,city,lat,lon,asn,isp,user_agent,channel,label_attack,attack_kind\n";

/// Makes up logins day by day, in the order of time, and writes them. `more` is told how many days
/// are done and may stop it.
pub fn simulate(
    settings: &Settings,
    format: Format,
    out: &mut dyn Write,
    more: &mut dyn FnMut(i64) -> bool,
) -> io::Result<Written> {
    if format == Format::Accounts {
        for number in 0..settings.accounts.min(MAX_ACCOUNTS) {
            let account = account(number, true);
            writeln!(out, "{}", serde_json::json!({ "account": account }))?;
        }
        out.flush()?;
        return Ok(Written::default());
    }
    let mut dice = Dice::new(settings.seed);
    let mut people: Vec<Person> = (0..settings.accounts.min(MAX_ACCOUNTS))
        .map(|number| Person::new(number, settings, &mut dice))
        .collect();
    let mut written = Written {
        kinds: Kind::ATTACKS.map(|kind| (kind.name(), 0)),
        ..Written::default()
    };
    let mut line = String::new();
    if format == Format::Csv {
        out.write_all(HEADER.as_bytes())?;
    }
    let mut events: Vec<Event> = Vec::new();
    let mut attack = 0;
    let daily = settings.attacks * f64::from(settings.accounts) / 1_000.0 / 30.0;
    for day in 0..settings.days {
        let midnight = settings.start + day * DAY;
        for person in &mut people {
            person.day(midnight, &mut dice, &mut events);
        }
        let mut left = daily;
        while left > 0.0 && !people.is_empty() {
            if dice.happens(left.min(1.0)) {
                let kind = Kind::ATTACKS[dice.below(Kind::ATTACKS.len() as u64) as usize];
                attacks::attack(
                    kind,
                    attack,
                    &people,
                    midnight,
                    settings,
                    &mut dice,
                    &mut events,
                );
                attack += 1;
            }
            left -= 1.0;
        }
        // What belongs to a later day waits for it; ordinary days begin eight hours before midnight.
        events.sort_by_key(|event| (event.time, event.account, event.machine));
        let end = match day + 1 == settings.days {
            true => midnight + DAY + attacks::LONGEST,
            false => midnight + DAY - DAY / 3,
        };
        let done = events.partition_point(|event| event.time < end);
        for event in events.drain(..done) {
            written.logins += 1;
            written.attacks += u64::from(event.kind != Kind::Good);
            let kind = Kind::ATTACKS.iter().position(|kind| *kind == event.kind);
            if let Some(kind) = kind {
                written.kinds[kind].1 += 1;
            }
            written.takeovers += u64::from(event.kind != Kind::Good && event.success);
            line.clear();
            write_event(&event, written.logins, format, settings, &mut line);
            out.write_all(line.as_bytes())?;
        }
        if !more(day + 1) {
            break;
        }
    }
    out.flush()?;
    Ok(written)
}

/// What an account is called, and a name that is none.
fn account(number: u32, known: bool) -> String {
    match known {
        true => format!("sim-{number:06}"),
        false => format!("nobody-{:06}", number - attacks::NOBODY),
    }
}

/// What a machine sends to a server.
fn token(event: &Event, settings: &Settings) -> String {
    let machine = format!("m-{:x}", event.machine);
    match &settings.machine_key {
        Some(key) if event.legal => machines::sign_foreign(key.expose().as_bytes(), &machine),
        _ => machine,
    }
}

fn write_event(event: &Event, number: u64, format: Format, settings: &Settings, line: &mut String) {
    let city = &CITIES[usize::from(event.city)];
    let (asn, isp) = world::isp(event.isp);
    let [a, b, c, d] = event.address;
    let account = account(event.account, event.known);
    let time = rfc3339(event.time);
    let attack = event.kind != Kind::Good;
    // Writing to a string cannot fail.
    let _ = match format {
        Format::Csv => writeln!(
            line,
            "sim-{number},{time},{account},{},{},m-{:x},{},{a}.{b}.{c}.{d},{},{},{},{:.2},{:.2},{asn},{isp},\"{}\",web,{attack},{}",
            event.known,
            event.success,
            event.machine,
            event.legal,
            city.country,
            city.region,
            city.name,
            city.lat,
            city.lon,
            event.agent,
            event.kind.name(),
        ),
        Format::Ndjson | Format::Events | Format::Accounts => {
            let mut object = serde_json::json!({
                "id": format!("sim-{number}"),
                "account": account,
                "time": time,
                "success": event.success,
                "machine": format!("m-{:x}", event.machine),
                "ip": format!("{a}.{b}.{c}.{d}"),
                "place": {
                    "country": city.country,
                    "region": city.region,
                    "city": city.name,
                    "lat": city.lat,
                    "lon": city.lon,
                    "asn": asn,
                    "isp": isp,
                },
                "user_agent": event.agent,
                "channel": "web",
            });
            if format == Format::Events {
                object["machine"] = token(event, settings).into();
            } else {
                object["known"] = event.known.into();
                object["legal"] = event.legal.into();
                object["labels"] = serde_json::json!({ "attack": attack });
            }
            writeln!(line, "{object}")
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(settings: &Settings, format: Format) -> (String, Written) {
        let mut out = Vec::new();
        let written = simulate(settings, format, &mut out, &mut |_| true).expect("memory");
        (String::from_utf8(out).expect("text"), written)
    }

    #[test]
    fn the_same_seed_gives_the_same_file_and_another_another() {
        let settings = Settings {
            accounts: 50,
            days: 30,
            ..Settings::default()
        };
        let (first, written) = made(&settings, Format::Csv);
        assert_eq!(made(&settings, Format::Csv).0, first);
        let other = Settings {
            seed: 2,
            ..settings.clone()
        };
        assert_ne!(made(&other, Format::Csv).0, first);
        assert_eq!(first.lines().count() as u64, written.logins + 1);
        assert!(first.lines().skip(1).all(|line| line.contains(",10.")));
    }

    #[test]
    fn a_server_with_the_same_key_takes_for_legal_what_is() {
        let settings = Settings {
            accounts: 60,
            days: 20,
            attacks: 200.0,
            machine_key: Some(Secret::new("k3y")),
            ..Settings::default()
        };
        let foreign = machines::ForeignMachines::new([b"k3y".to_vec()]);
        let keys = crate::keys::Keys::from_bytes(&[7; 32], None);
        let (events, _) = made(&settings, Format::Events);
        let (logins, _) = made(&settings, Format::Ndjson);
        let parsed = |line: &str| -> serde_json::Value { serde_json::from_str(line).unwrap() };
        let mut found = [0, 0];
        for (event, login) in events.lines().zip(logins.lines()) {
            let (event, login) = (parsed(event), parsed(login));
            assert_eq!(
                (&event["id"], &event["account"]),
                (&login["id"], &login["account"])
            );
            let legal = login["legal"].as_bool().unwrap();
            let token = event["machine"].as_str();
            let identified = machines::identify(&keys, Some(&foreign), token);
            match identified {
                machines::Identified::Foreign(_) => assert!(legal, "{event}"),
                machines::Identified::Illegal(_) => assert!(!legal, "{event}"),
                other => panic!("{other:?}"),
            }
            found[usize::from(legal)] += 1;
        }
        assert!(found.iter().all(|n| *n > 20), "{found:?}");
        // The accounts are those that are known, and no others.
        let (accounts, written) = made(&settings, Format::Accounts);
        assert_eq!((accounts.lines().count(), written.logins), (60, 0));
        for login in logins.lines().map(parsed) {
            let line = format!("{}\n", serde_json::json!({ "account": login["account"] }));
            assert_eq!(accounts.contains(&line), login["known"] == true, "{login}");
        }
    }

    #[test]
    fn it_is_in_order_and_has_every_kind_of_attack() {
        let settings = Settings {
            accounts: 300,
            days: 200,
            attacks: 60.0,
            ..Settings::default()
        };
        let (text, written) = made(&settings, Format::Csv);
        let times: Vec<&str> = text
            .lines()
            .skip(1)
            .map(|line| line.split(',').nth(1).unwrap())
            .collect();
        assert!(times.is_sorted());
        for kind in Kind::ATTACKS {
            assert!(
                text.contains(&format!(",true,{}\n", kind.name())),
                "{kind:?}"
            );
        }
        assert!(
            written.takeovers > 50 && written.logins > 10_000,
            "{written:?}"
        );
    }
}
