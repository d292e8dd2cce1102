//! A stretch of what happened to one account, out of the store, as a story that can be run again.
//!
//! What the store keeps: logins with what was decided over them, bindings, locks, alerts and the owner's
//! answers. What it does not keep, and no story gets: what people wrote. Where only an effect is known the
//! story has a stand-in that has it under the shipped rules, and a comment that says so. Accounts, OpenIDs,
//! phones, codes, machines and (unless asked for) addresses are replaced by stand-ins: the same one for the
//! same thing, addresses of one network in one network. Cities stay, the rules are about them.

#[cfg(test)]
mod tests;
mod write;

pub use write::{item, quoted};

use crate::env::Millis;
use crate::lang::diagnostics::Language;
use crate::store::records::{Account, Alert, Decision, FeedEvent, Login, PromptState};
use crate::store::{Order, Store, StoreError, Tx, read};

/// Most logins and facts of one story: it is read by people.
const MAX_ENTRIES: usize = 2_000;
/// Feed events read in one page.
const PAGE: usize = 500;

/// Which stretch.
#[derive(Debug, Clone)]
pub struct Stretch {
    /// Whose.
    pub account: String,
    /// Through which official account: a story has one, an account may be bound in several. That of
    /// its newest binding when not said.
    pub official_account: Option<String>,
    /// From when.
    pub from: Millis,
    /// Until when.
    pub to: Millis,
    /// Addresses stay as they are.
    pub real_addresses: bool,
    /// What remarks are written in, and the names of stand-ins. What followers say stays Chinese: the
    /// shipped rules listen for it.
    pub language: Language,
}

/// What was found of a stretch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// A story, without a name.
    Story(Lines),
    /// The store knows no such account.
    UnknownAccount,
    /// Nothing happened to it then.
    Nothing,
    /// More than a story may hold.
    TooMuch,
}

/// The lines of a story between its braces, not indented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    /// They.
    pub lines: Vec<String>,
    /// When the first thing of it happened.
    pub from: Millis,
    /// When the last did.
    pub to: Millis,
}

/// Facts that say who is bound to an account.
const BINDINGS: [&str; 4] = ["bound", "unbound", "binding_suspended", "binding_restored"];

/// The account a follower is or was bound to, by the newest fact that says so, and through which
/// official account.
///
/// # Errors
/// Those of the store.
pub async fn account_of(
    store: &dyn Store,
    openid: &str,
) -> Result<Option<(String, Option<String>)>, StoreError> {
    let mut found = None;
    facts(store, |event| {
        // Others name followers of somebody else's account, too: who tried its code, say.
        let theirs = event.data.get("openid").and_then(|id| id.as_str()) == Some(openid);
        if theirs
            && BINDINGS.contains(&event.kind.as_str())
            && let Some(account) = &event.account
        {
            found = Some((account.clone(), event.official_account.clone()));
        }
        true
    })
    .await?;
    Ok(found)
}

/// Reads a stretch. Nothing is changed.
///
/// # Errors
/// Those of the store.
pub async fn record(store: &dyn Store, stretch: &Stretch) -> Result<Recorded, StoreError> {
    let id = stretch.account.as_str();
    let through = match &stretch.official_account {
        Some(known) => Some(known.clone()),
        None => newest_binding(store, stretch).await?,
    };
    let mut elsewhere = false;
    let mut bound_before = None;
    let mut kept = Vec::new();
    facts(store, |event| {
        if event.account.as_deref() != Some(id) || event.time > stretch.to {
            return true;
        }
        if BINDINGS.contains(&event.kind.as_str())
            && event.official_account.is_some()
            && event.official_account != through
        {
            elsewhere = true;
            return true;
        }
        if event.time >= stretch.from {
            kept.push(event.clone());
            return kept.len() <= MAX_ENTRIES;
        }
        match event.kind.as_str() {
            "bound" | "binding_restored" => bound_before = openid(event),
            "unbound" | "binding_suspended" => bound_before = None,
            _ => {}
        }
        true
    })
    .await?;
    let mut happened: Vec<Happened> = kept.into_iter().filter_map(Happened::of_fact).collect();
    let wanted = stretch.clone();
    let found = read(store, "story of a stretch", move |tx| {
        let Some(account) = tx.get::<Account>(&wanted.account)? else {
            return Ok(None);
        };
        let (from, to) = (wanted.from, wanted.to);
        let of = wanted.account.as_str();
        let rows: Vec<Login> = tx.scan_between(of, from, to, Order::Ascending, MAX_ENTRIES + 1)?;
        let mut logins = Vec::with_capacity(rows.len());
        for login in rows {
            logins.push(Happened::of_login(tx, login, through.as_deref())?);
        }
        Ok::<_, StoreError>(Some((account, logins)))
    })
    .await?;
    let Some((account, logins)) = found else {
        return Ok(Recorded::UnknownAccount);
    };
    happened.extend(logins);
    if happened.len() > MAX_ENTRIES {
        return Ok(Recorded::TooMuch);
    }
    // A binding comes before the login that speaks of it, an answer after.
    happened.sort_by_key(|one| (one.time, one.rank));
    let (Some(first), Some(last)) = (happened.first(), happened.last()) else {
        return Ok(Recorded::Nothing);
    };
    let (from, to) = (first.time, last.time);
    let mut writer = write::Writer::new(from, stretch.real_addresses, stretch.language);
    if elsewhere {
        writer.bound_elsewhere();
    }
    writer.people(&account, bound_before, &happened);
    for one in &happened {
        writer.write(one);
    }
    Ok(Recorded::Story(Lines {
        lines: writer.lines,
        from,
        to,
    }))
}

/// Through which official account the account was bound last, up to the stretch's end.
async fn newest_binding(
    store: &dyn Store,
    stretch: &Stretch,
) -> Result<Option<String>, StoreError> {
    let mut newest = None;
    facts(store, |event| {
        if event.account.as_deref() == Some(&stretch.account)
            && event.time <= stretch.to
            && matches!(event.kind.as_str(), "bound" | "binding_restored")
        {
            newest.clone_from(&event.official_account);
        }
        true
    })
    .await?;
    Ok(newest)
}

/// Calls `see` with every fact of the feed, oldest first, until it says no. Page by page: nobody waits
/// for the whole feed to be read.
async fn facts(
    store: &dyn Store,
    mut see: impl FnMut(&FeedEvent) -> bool,
) -> Result<(), StoreError> {
    let mut after = 0_u64;
    loop {
        let page: Vec<FeedEvent> = read(store, "facts for a story", move |tx| {
            tx.scan_between((), after + 1, u64::MAX, Order::Ascending, PAGE)
        })
        .await?;
        for event in &page {
            after = event.seq;
            if !see(event) {
                return Ok(());
            }
        }
        if page.len() < PAGE {
            return Ok(());
        }
    }
}

fn openid(event: &FeedEvent) -> Option<String> {
    Some(event.data.get("openid")?.as_str()?.to_owned())
}

/// Something that happened.
struct Happened {
    time: Millis,
    /// Among what happened at one time: before logins, they, after them.
    rank: u8,
    what: What,
}

enum What {
    Bound(String),
    Unbound,
    /// The owner locked by answering an alert.
    OwnerLocked,
    OperatorLocked,
    Unlocked {
        by_owner: bool,
    },
    /// The owner answered that it was them.
    Trusted,
    Login {
        login: Box<Login>,
        reported: bool,
        /// It was not the right password, as far as is known.
        failed: bool,
        expected: Vec<String>,
        /// The OpenID the prompt went to.
        prompted: Option<String>,
    },
}

impl Happened {
    fn of_fact(event: FeedEvent) -> Option<Self> {
        let says = |name: &str, value: &str| event.data[name].as_str() == Some(value);
        let (rank, what) = match event.kind.as_str() {
            "bound" | "binding_restored" => (0, What::Bound(openid(&event)?)),
            // The new binding says it.
            "unbound" if says("why", "rebound") => return None,
            "unbound" => (2, What::Unbound),
            "locked" if says("by", "rule") => return None,
            "locked" => {
                let answered = event.data["alerts"].as_array();
                let answered = answered.is_some_and(|alerts| !alerts.is_empty());
                if says("by", "owner") && answered {
                    (2, What::OwnerLocked)
                } else {
                    (2, What::OperatorLocked)
                }
            }
            "unlocked" => {
                let by_owner = says("by", "owner");
                (2, What::Unlocked { by_owner })
            }
            "alert_closed" if says("reason", "trusted_by_owner") => (2, What::Trusted),
            _ => return None,
        };
        Some(Self {
            time: event.time,
            rank,
            what,
        })
    }

    /// `through`: the official account of the story.
    fn of_login(tx: &mut Tx<'_>, login: Login, through: Option<&str>) -> Result<Self, StoreError> {
        let mut expected = Vec::new();
        let (mut reported, mut prompted) = (false, None);
        let decision = match &login.decision {
            Some(id) => tx.get::<Decision>(id)?,
            None => None,
        };
        if let Some(decision) = decision {
            reported = decision.kind == "report";
            let fired: Vec<String> = decision
                .signals
                .into_iter()
                .filter(|signal| signal.state == "fired" && !signal.shadow)
                .map(|signal| signal.name)
                .collect();
            if !fired.is_empty() {
                expected.push(format!("expect signals {}", fired.join(", ")));
            }
            match decision.verdict.as_str() {
                "deny" | "refused" => expected.push("expect denied".to_owned()),
                "challenge" => expected.push("expect challenged".to_owned()),
                _ => {}
            }
        } else if matches!(login.reason.as_deref(), Some("denied" | "locked")) {
            expected.push("expect denied".to_owned());
        }
        let denied = expected.iter().any(|line| line == "expect denied");
        let failed = was_wrong(&login, reported, denied);
        if let Some(id) = &login.alert
            && let Some(alert) = tx.get::<Alert>(id)?
            && (alert.login.time, alert.login.seq) == (login.time, login.seq)
        {
            expected.push("expect event \"alerted\"".to_owned());
            let here = alert.official_account.as_deref() == through;
            if here && matches!(alert.prompt, PromptState::Delivered { .. }) {
                prompted = alert.openid;
            }
        }
        Ok(Self {
            time: login.time,
            rank: 1,
            what: What::Login {
                login: Box::new(login),
                reported,
                failed,
                expected,
                prompted,
            },
        })
    }
}

/// Whether a login that did not succeed is one with a wrong password. A system that reports its logins may
/// give any reason for a failure or none; that the right password met a lock or a `deny` is no failure.
fn was_wrong(login: &Login, reported: bool, denied: bool) -> bool {
    if login.success {
        return false;
    }
    match login.reason.as_deref() {
        Some("wrong_password" | "unknown_account") => true,
        Some("locked" | "disabled") => reported && !denied,
        _ => reported,
    }
}
