//! A backtest over a live bot's log says what the bot said, byte for byte.
#![cfg(feature = "backtest")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use menshen::accounts::{self, NewAccount, Passwords};
use menshen::backtest::decisions;
use menshen::backtest::engine::{Engine, Prompt, Seen, Sink};
use menshen::backtest::input::{self, Options, Watch};
use menshen::backtest::needs::Columns;
use menshen::backtest::simulate::{self, Format, Settings};
use menshen::backtest::table::Table;
use menshen::bot::api::{DecisionView, LoginReport, Origin, ReportAnswer};
use menshen::bot::{Bot, folder, ruleset};
use menshen::env::{Env, ManualClock, SeededRandom};
use menshen::guard::machines::ForeignMachines;
use menshen::keys::Keys;
use menshen::lang::builtins::{CallSpec, Registry};
use menshen::lang::value::Place;
use menshen::store::records::{AccountStatus, Alert, Decision};
use menshen::store::{self, Order, SharedStore, StoreError};

/// Rules over everything that can be asked of a history: all windows, keys, functions.
const RULES: &str = r#"
let usual = 30 days

signal new_city "异地" weight 40 {
    when   new(login.city, within: usual)
    except trusted(login.machine)
    learn until 7 days and 5 logins
}

signal new_machine "陌生设备" weight 30 {
    when new(login.machine, within: 60 days)
}

signal guessed "多次输错" weight 50 {
    when count(failures, within: 10 minutes) >= 2
}

signal teleport "不可能的移动" weight 70 {
    when distance(previous, login) >= 500 km
     and speed(previous, login) >= 900 km/h
}

signal odd_hour "少见的时间" weight 20 {
    when share(login.hour, within: usual) < 5%
}

signal stuffing "撞库" weight 60 {
    when distinct(account, of: failures, within: 5 minutes, by: ip) >= 3
     and ratio(successes, attempts, within: 5 minutes, by: ip) <= 50%
}

signal crowd "一网多人" weight 5 {
    when distinct(account, of: successes, within: 7 days, by: network) >= 4
}

signal shared "一机多号" weight 30 {
    when distinct(account, of: successes, within: 7 days, by: machine) >= 2
}

signal dormant "久未使用" weight 40 {
    when since(successes) >= 20 days
}

signal recent "近来失败多" weight 10 {
    when count(failures, last: 10) >= 3
}

on login when suspicion >= 60 {
    alert expires 24 hours once per 30 minutes per login.machine {
        message "【登录提醒】{reasons}。不是您？回复“锁定”"
    }
}

on undeliverable alert {
    note "x"
}

on text "锁定" when bound even in dialog {
    lock account {
        locked         { reply "好" }
        already_locked { reply "已" }
    }
}
"#;

const FOREIGN: &[u8] = b"a key of the information system";

/// What is the same live and in a backtest: everything but the identifiers made up on the way.
type Said = (String, f64, String, String);

#[derive(Default)]
struct Live {
    decisions: Vec<Said>,
    alerts: Vec<bool>,
}

fn signed(machine: &str) -> String {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let mac = Hmac::<sha2::Sha256>::new_from_slice(FOREIGN)
        .expect("any length")
        .chain_update(machine.as_bytes())
        .finalize()
        .into_bytes();
    format!("{machine}.{}", hex::encode(mac))
}

fn machine_id(machine: &str) -> String {
    let keys = Keys::from_bytes(&[7; 32], None);
    let foreign = ForeignMachines::new([FOREIGN.to_vec()]);
    match menshen::guard::machines::identify(&keys, Some(&foreign), Some(&signed(machine))) {
        menshen::guard::machines::Identified::Foreign(id) => id,
        other => panic!("{other:?}"),
    }
}

fn logins(settings: &Settings) -> Vec<serde_json::Value> {
    let mut out = Vec::new();
    simulate::simulate(settings, Format::Ndjson, &mut out, &mut |_| true).expect("memory");
    String::from_utf8(out)
        .expect("text")
        .lines()
        .map(|line| serde_json::from_str(line).expect("json"))
        .collect()
}

async fn live(
    rules: &ruleset::Ruleset,
    registry: &Registry,
    logins: &[serde_json::Value],
) -> (Live, SharedStore) {
    let first = time_of(&logins[0]);
    let clock = Arc::new(ManualClock::new(first));
    let env = Env {
        clock: clock.clone(),
        random: Arc::new(SeededRandom::new(5)),
    };
    let store = store::memory(env.clone());
    let built = Bot::builder(store.clone(), env.clone(), Keys::from_bytes(&[7; 32], None))
        .compiled(rules.clone(), registry.clone())
        .passwords(Passwords::cheap(env))
        .foreign_machines(ForeignMachines::new([FOREIGN.to_vec()]))
        .build()
        .await
        .expect("a bot");
    let mut known = std::collections::HashSet::new();
    let mut said = Live::default();
    for login in logins {
        let account = login["account"].as_str().expect("account").to_owned();
        if login["known"] == true && known.insert(account.clone()) {
            make(&store, &account).await;
        }
        clock.set(time_of(login));
        let place: Place = serde_json::from_value(login["place"].clone()).expect("a place");
        let report = LoginReport {
            id: login["id"].as_str().map(str::to_owned),
            origin: Origin {
                account,
                machine: login["machine"].as_str().map(signed),
                ip: login["ip"].as_str().and_then(|ip| ip.parse().ok()),
                user_agent: login["user_agent"].as_str().map(str::to_owned),
                place: Some(place),
                channel: Some("web".to_owned()),
            },
            time: Some(time_of(login)),
            success: login["success"] == true,
            reason: None,
            session: None,
            backfill: false,
        };
        let answer = built.bot.report(report, None).await.expect("a report");
        let ReportAnswer::Recorded(DecisionView { id, alert, .. }) = answer else {
            panic!("not recorded");
        };
        let decision = store::read(&*store, "decision", move |tx| tx.get::<Decision>(&id))
            .await
            .map_err(|error: StoreError| error)
            .expect("a read")
            .expect("a decision");
        if login["success"] == true {
            said.decisions.push((
                serde_json::to_string(&decision.signals).unwrap(),
                decision.suspicion,
                decision.verdict,
                decision.explanation,
            ));
            said.alerts.push(alert.is_some());
        }
    }
    built.bot.finish().await;
    (said, store)
}

async fn make(store: &SharedStore, id: &str) {
    let new = NewAccount {
        id: id.to_owned(),
        name: String::new(),
        phone: None,
        password: None,
        zone: None,
        status: AccountStatus::Active,
    };
    store::execute(&**store, "account", move |tx| {
        accounts::create(tx, new.clone(), "operator")
    })
    .await
    .map_err(|error: StoreError| error)
    .expect("an account");
}

fn time_of(login: &serde_json::Value) -> i64 {
    let time: jiff::Timestamp = login["time"]
        .as_str()
        .expect("time")
        .parse()
        .expect("a time");
    time.as_millisecond()
}

/// Alerts by row.
struct Alerts(Arc<Mutex<HashMap<u32, (bool, Prompt)>>>);

impl Sink for Alerts {
    fn login(&mut self, seen: &Seen<'_>) {
        if seen.judged() {
            let outcome = &seen.outcomes[0];
            self.0
                .lock()
                .expect("one panics")
                .insert(seen.row, (outcome.flagged, outcome.prompt));
        }
    }
}

fn registry() -> Registry {
    let mut registry = Registry::standard();
    registry
        .register_call(CallSpec::webhook("security_desk"))
        .expect("a call");
    registry
}

fn zone() -> jiff::tz::TimeZone {
    jiff::tz::TimeZone::get("Asia/Shanghai").expect("a zone")
}

/// Compares what the bot said with what the backtest says of the same rows.
fn compare(
    rules: &ruleset::Ruleset,
    registry: &Registry,
    table: &Table,
    said: &Live,
    threads: usize,
) {
    let rules = vec![Arc::new(rules.clone())];
    let mut engine = Engine::new(table, registry, rules, zone(), Default::default());
    engine.threads = threads;
    let rows: Vec<u32> = (0..table.len() as u32)
        .filter(|row| table.has(*row, menshen::backtest::table::JUDGED))
        .collect();
    assert_eq!(rows.len(), said.decisions.len());
    let found = Arc::new(Mutex::new(HashMap::new()));
    engine.run(|| Alerts(found.clone()), &Watch::default());
    let found = found.lock().expect("one panics");
    let mut fired = 0;
    for (explained, (row, (live, alert))) in engine
        .explain(&rows, 0)
        .into_iter()
        .zip(rows.iter().zip(said.decisions.iter().zip(&said.alerts)))
    {
        let (signals, suspicion, _, text) = live;
        assert_eq!(explained.text, *text, "row {row}");
        assert_eq!(explained.judgement.suspicion, *suspicion);
        let views = menshen::backtest::engine::views(&explained.judgement, &zone());
        assert_eq!(
            serde_json::to_string(&views).expect("json"),
            *signals,
            "row {row}"
        );
        let (flagged, prompt) = found[row];
        assert_eq!(flagged, *alert, "row {row}");
        assert_eq!(prompt == Prompt::None, !*alert, "row {row}");
        fired += u64::from(flagged);
    }
    assert!(fired > 20, "only {fired} alerts: this proves little");

    // All of them written out, account by account in stretches.
    let mut out = Vec::new();
    let written = decisions::write(&engine, table, &Watch::default(), &mut out).expect("memory");
    assert_eq!(written as usize, table.len());
    let lines: Vec<serde_json::Value> = String::from_utf8(out)
        .expect("text")
        .lines()
        .map(|line| serde_json::from_str(line).expect("json"))
        .collect();
    for (row, (signals, suspicion, _, text)) in rows.iter().zip(&said.decisions) {
        let line = &lines[*row as usize];
        assert_eq!(line["number"], row + 1);
        assert_eq!(line["explanation"], **text, "row {row}");
        assert_eq!(line["suspicion"], *suspicion, "row {row}");
        let signals: serde_json::Value = serde_json::from_str(signals).expect("json");
        assert_eq!(line["signals"], signals, "row {row}");
    }
}

#[tokio::test]
async fn the_log_of_a_live_bot_is_judged_as_it_was_live() {
    let registry = registry();
    let rules = ruleset::compile(
        menshen::lang::span::Sources::single("all.rules", RULES),
        &registry,
    )
    .unwrap_or_else(|error| panic!("{}", error.report(menshen::lang::diagnostics::Language::En)))
    .ruleset;
    let logins = logins(&Settings {
        accounts: 25,
        days: 60,
        attacks: 900.0,
        rate_scale: 0.7,
        ..Settings::default()
    });
    assert!(logins.len() > 1_500, "{}", logins.len());
    let (said, store) = live(&rules, &registry, &logins).await;

    // From the log that was sent.
    let mut text = String::new();
    for login in &logins {
        let mut login = login.clone();
        login["machine"] = machine_id(login["machine"].as_str().expect("a machine")).into();
        login["legal"] = true.into();
        text.push_str(&format!("{login}\n"));
    }
    let mut table = Table::new(Columns::all());
    input::read_stream(
        "log",
        text.as_bytes(),
        &mut table,
        Options::default(),
        &Watch::default(),
    )
    .expect("the log");
    compare(&rules, &registry, &table, &said, 2);

    // From the server's own history. User agents are digests there; these rules do not ask for them.
    let mut export = Vec::new();
    store::export(&*store, &mut export)
        .await
        .expect("an export");
    let mut table = Table::new(Columns::all());
    let (_, facts) = input::read_stream(
        "export",
        &export[..],
        &mut table,
        Options::default(),
        &Watch::default(),
    )
    .expect("the export");
    compare(&rules, &registry, &table, &said, 1);
    assert_eq!(
        facts.decided[&rules.program.hash].count as usize,
        logins.len(),
        "every decision carries the rule set's hash"
    );

    // Which alerts became prompts: in the store an alert that was appended to counts once.
    let raised = store::read(&*store, "alerts", |tx| {
        tx.scan::<Alert>((), Order::Ascending, 100_000)
    })
    .await
    .map_err(|error: StoreError| error)
    .expect("alerts");
    let alerts = said.alerts.iter().filter(|alert| **alert).count();
    let appended: usize = raised
        .iter()
        .map(|alert| alert.appended.len() + alert.appended_more as usize)
        .sum();
    assert_eq!(alerts, raised.len() + appended);
    store.close().await;
}

#[tokio::test]
async fn the_shipped_rules_too() {
    let registry = registry();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let rules = ruleset::compile(folder::load(&[root]).expect("rules"), &registry)
        .expect("they compile")
        .ruleset;
    let logins = logins(&Settings {
        accounts: 12,
        days: 110,
        attacks: 900.0,
        rate_scale: 0.5,
        seed: 3,
        ..Settings::default()
    });
    let (said, _store) = live(&rules, &registry, &logins).await;
    let mut text = String::new();
    for login in &logins {
        let mut login = login.clone();
        login["machine"] = machine_id(login["machine"].as_str().expect("a machine")).into();
        login["legal"] = true.into();
        text.push_str(&format!("{login}\n"));
    }
    let mut table = Table::new(Columns::all());
    input::read_stream(
        "log",
        text.as_bytes(),
        &mut table,
        Options::default(),
        &Watch::default(),
    )
    .expect("the log");
    compare(&rules, &registry, &table, &said, 2);
}
