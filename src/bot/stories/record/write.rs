//! The lines of a recorded story: its clock, and who and what stands in for whom.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Happened, What};
use crate::bot::stories::stage::START;
use crate::env::{DAY, HOUR, MINUTE, Millis, SECOND, rfc3339};
use crate::guard::agent;
use crate::lang::diagnostics::Language;
use crate::store::records::{Account, Login};

/// A story as an item of a rule file.
pub fn item(name: &str, lines: &[String]) -> String {
    let mut out = format!("test {} {{\n", quoted(name));
    for line in lines {
        out.push_str(&format!("    {line}\n"));
    }
    out.push_str("}\n");
    out
}

/// A text in the language's quotes.
pub fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' | '{' | '}' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            '\r' => {}
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Writes the lines, and remembers who and what stands in for whom.
pub(super) struct Writer {
    pub(super) lines: Vec<String>,
    /// What remarks are written in, and the names of stand-ins.
    language: Language,
    /// The account of the story.
    account: &'static str,
    /// The story's clock.
    clock: Millis,
    /// What turns a time of the log into one of the story: whole weeks, so that hours and weekdays stay.
    shift: Millis,
    first: Millis,
    real_addresses: bool,
    people: BTreeMap<String, String>,
    /// Who is bound, or was last.
    bound: String,
    machines: BTreeMap<String, String>,
    places: BTreeMap<String, String>,
    networks: BTreeMap<String, (u16, BTreeMap<IpAddr, u8>)>,
    codes: usize,
}

/// The phone of the story's account.
const PHONE: &str = "13800000001";
/// Seconds the people and places take before anything happens.
const ROOM: Millis = HOUR;
const WEEK: Millis = 7 * DAY;

/// What the follower with this number is called.
fn follower(language: Language, number: usize) -> String {
    format!("{}{number}", language.pick("微信", "user"))
}

impl Writer {
    pub(super) fn new(first: Millis, real_addresses: bool, language: Language) -> Self {
        let mut start = START + (first - START).rem_euclid(WEEK);
        if start - START < ROOM {
            start += WEEK;
        }
        Self {
            lines: Vec::new(),
            language,
            account: language.pick("账号1", "account1"),
            clock: START,
            shift: start - first,
            first,
            real_addresses,
            people: BTreeMap::new(),
            bound: follower(language, 1),
            machines: BTreeMap::new(),
            places: BTreeMap::new(),
            networks: BTreeMap::new(),
            codes: 0,
        }
    }

    fn say(&mut self, line: String) {
        // Every step takes a second; comments and expectations do not.
        if !line.starts_with("expect ") && !line.starts_with('#') {
            self.clock += SECOND;
        }
        self.lines.push(line);
    }

    /// A comment, in the language of the story.
    fn remark(&mut self, zh: &str, en: &str) {
        self.say(format!("# {}", self.language.pick(zh, en)));
    }

    /// What people wrote is not kept.
    fn stands_in(&mut self) {
        self.remark(
            "用户写的话不保存，这一句是替身",
            "what people write is not kept; this stands in for it",
        );
    }

    fn person(&mut self, openid: &str) -> String {
        let next = follower(self.language, self.people.len() + 1);
        self.people.entry(openid.to_owned()).or_insert(next).clone()
    }

    /// The account was bound through another official account as well.
    pub(super) fn bound_elsewhere(&mut self) {
        self.remark(
            "账号还在别的公众号里绑定过，那里的绑定不在故事里",
            "the account was bound through another official account too; that is not in the story",
        );
    }

    pub(super) fn people(
        &mut self,
        account: &Account,
        bound: Option<String>,
        happened: &[Happened],
    ) {
        let first = rfc3339(self.first);
        self.remark(&format!("{first} 起"), &format!("from {first}"));
        let binds = happened
            .iter()
            .any(|one| matches!(one.what, What::Bound(_)));
        let mut line = format!("account {}", self.account);
        if binds || bound.is_some() {
            line.push_str(&format!(" phone \"{PHONE}\""));
        }
        if let Some(zone) = &account.zone {
            line.push_str(&format!(" zone \"{zone}\""));
        }
        self.say(line);
        for one in happened {
            if let What::Login { login, .. } = &one.what {
                self.place(login);
            }
        }
        if let Some(openid) = bound {
            self.bind(&openid);
        }
    }

    fn bind(&mut self, openid: &str) {
        let person = self.person(openid);
        self.codes += 1;
        let code = format!("{:06}", 100_000 + self.codes);
        self.stands_in();
        let account = self.account;
        self.say(format!("issue bind code \"{code}\" to {account}"));
        self.say(format!(
            "wechat {person} sends \"手机号 {PHONE} 验证码 {code}\""
        ));
        self.say(format!("expect {person} bound"));
        self.bound = person;
    }

    /// Introduces the place of a login; gives its name.
    fn place(&mut self, login: &Login) -> Option<String> {
        let place = &login.place;
        let key = serde_json::to_string(place).unwrap_or_default();
        if let Some(known) = self.places.get(&key) {
            return Some(known.clone());
        }
        let city = place.city.as_deref().or(place.country.as_deref())?;
        let mut name: String = city.chars().filter(|c| c.is_alphanumeric()).collect();
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            name.insert_str(0, self.language.pick("地点", "place"));
        }
        if self.places.values().any(|known| *known == name) {
            name.push_str(&format!("_{}", self.places.len() + 1));
        }
        let (lat, lon) = (place.lat, place.lon);
        if lat.is_none() || lon.is_none() {
            self.remark(
                &format!("{name} 没有坐标"),
                &format!("{name} has no coordinates"),
            );
        }
        let mut line = format!("place {name} {} {}", lat.unwrap_or(0.0), lon.unwrap_or(0.0));
        for (word, text) in [
            ("country", place.country.clone()),
            ("region", place.region.clone()),
            ("asn", place.asn.map(|asn| asn.to_string())),
            ("isp", place.isp.clone()),
        ] {
            if let Some(text) = text {
                line.push_str(&format!(" {word} {}", quoted(&text)));
            }
        }
        self.say(line);
        self.places.insert(key, name.clone());
        Some(name)
    }

    /// The stand-in of an address: addresses of one network have ones of one network.
    fn address(&mut self, ip: &str) -> Option<String> {
        let ip: IpAddr = ip.parse().ok()?;
        if self.real_addresses {
            return Some(ip.to_string());
        }
        let network = match ip {
            IpAddr::V4(ip) => {
                let [a, b, c, _] = ip.octets();
                format!("{a}.{b}.{c}")
            }
            IpAddr::V6(ip) => format!("{:?}", &ip.segments()[..4]),
        };
        let next = u16::try_from(self.networks.len()).unwrap_or(u16::MAX);
        let (number, hosts) = self
            .networks
            .entry(network)
            .or_insert((next, BTreeMap::new()));
        let host = u8::try_from(hosts.len() + 1).unwrap_or(u8::MAX);
        let host = *hosts.entry(ip).or_insert(host);
        Some(match ip {
            // 198.18.0.0/15 and 2001:db8::/32 belong to nobody.
            IpAddr::V4(_) => {
                let [high, low] = number.to_be_bytes();
                Ipv4Addr::new(198, 18 + (high & 1), low, host).to_string()
            }
            IpAddr::V6(_) => {
                Ipv6Addr::new(0x2001, 0xdb8, *number, 0, 0, 0, 0, host.into()).to_string()
            }
        })
    }

    /// Lets the story's clock come to a time of the log, as far as it is not past it.
    fn wait(&mut self, time: Millis) {
        // The wait itself and what follows take a second each.
        let ahead = time + self.shift - self.clock - 2 * SECOND;
        let mut seconds = ahead / SECOND;
        if seconds < 1 {
            return;
        }
        let mut parts = Vec::new();
        for (unit, word) in [(DAY, "days"), (HOUR, "hours"), (MINUTE, "minutes")] {
            let size = unit / SECOND;
            if seconds >= size {
                parts.push(format!("{} {word}", seconds / size));
                seconds %= size;
            }
        }
        if seconds > 0 {
            parts.push(format!("{seconds} seconds"));
        }
        self.clock += ahead / SECOND * SECOND;
        self.say(format!("after {}", parts.join(" + ")));
    }

    pub(super) fn write(&mut self, one: &Happened) {
        self.wait(one.time);
        let account = self.account;
        match &one.what {
            What::Bound(openid) => self.bind(openid),
            What::Unbound => self.say(format!("operator unbinds {account}")),
            What::OperatorLocked => {
                self.say(format!("operator locks {account}"));
                self.say(format!("expect {account} locked"));
            }
            What::OwnerLocked => {
                self.owner_says("锁定");
                self.say(format!("expect {account} locked"));
            }
            What::Trusted => self.owner_says("是我"),
            What::Unlocked { by_owner } => {
                if *by_owner {
                    self.remark(
                        "是用户自己解锁的；写的话和验证码不保存",
                        "the owner did it; what they wrote and the code are not kept",
                    );
                }
                self.say(format!("operator unlocks {account}"));
            }
            What::Login {
                login,
                reported,
                failed,
                expected,
                prompted,
            } => {
                let line = self.login(login, *reported, *failed);
                self.say(line);
                for line in expected {
                    self.say(line.clone());
                }
                if let Some(openid) = prompted {
                    let person = self.person(openid);
                    self.say(format!("expect alert to {person}"));
                }
            }
        }
    }

    fn owner_says(&mut self, words: &str) {
        self.stands_in();
        let person = &self.bound;
        self.say(format!("wechat {person} sends \"{words}\""));
    }

    fn login(&mut self, login: &Login, reported: bool, failed: bool) -> String {
        let mut line = format!("login {}", self.account);
        if let Some(place) = self.place(login) {
            line.push_str(&format!(" city {place}"));
        }
        match &login.machine {
            Some(_) if !login.legal => line.push_str(" illegal machine"),
            Some(id) => {
                let next = format!("machine-{}", self.machines.len() + 1);
                let name = self.machines.entry(id.clone()).or_insert(next);
                line.push_str(&format!(" machine \"{name}\""));
            }
            None => {}
        }
        if let Some(ip) = login.ip.as_deref().and_then(|ip| self.address(ip)) {
            line.push_str(&format!(" ip \"{ip}\""));
        }
        let (browser, os) = (login.browser.as_deref(), login.os.as_deref());
        if let Some(agent) = agent::typical(browser, os, login.device.as_deref()) {
            line.push_str(&format!(" agent {}", quoted(&agent)));
        }
        if failed {
            line.push_str(" wrong password");
        }
        if login.captcha {
            line.push_str(" solving captcha");
        }
        if reported {
            line.push_str(" reported");
            if let Some(reason) = login.reason.as_deref() {
                line.push_str(&format!(" reason {}", quoted(reason)));
            }
        }
        line
    }
}
