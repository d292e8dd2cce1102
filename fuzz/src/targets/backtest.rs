//! Past logins in CSV and NDJSON under any mapping, and the shipped rules over what could be read.

use std::sync::{Arc, LazyLock};

use jiff::tz::TimeZone;
use menshen::backtest::input::{Mapping, Options, Watch, read_stream};
use menshen::backtest::needs::Columns;
use menshen::backtest::run::{Gates, INCIDENT_GAP, Request, run as backtest};
use menshen::backtest::table::Table;
use menshen::bot::ruleset::{Ruleset, compile};
use menshen::lang::builtins::Registry;
use menshen::lang::diagnostics::Language;

/// Between a mapping file and the rows.
const CUT: &[u8] = b"\n----\n";

struct Ground {
    registry: Registry,
    rules: Arc<Ruleset>,
}

pub fn run(data: &[u8]) {
    static GROUND: LazyLock<Ground> = LazyLock::new(|| {
        let registry = super::rules::registry();
        let (sources, _) = super::stories::shipped();
        let loaded = compile(sources, &registry).expect("the shipped rules compile");
        Ground {
            registry,
            rules: Arc::new(loaded.ruleset),
        }
    });
    let cut = data.windows(CUT.len()).position(|part| part == CUT);
    let (mapping, rows) = match cut {
        Some(at) => (&data[..at], &data[at + CUT.len()..]),
        None => (&[][..], data),
    };
    let Ok(mapping) = Mapping::parse(&String::from_utf8_lossy(mapping)) else {
        return;
    };
    let watch = Watch::default();
    let mut table = Table::new(Columns::all());
    let options = Options {
        mapping,
        max_unusable: 1.0,
        ..Options::default()
    };
    let Ok((input, _)) = read_stream("-", rows, &mut table, options, &watch) else {
        return;
    };
    assert_eq!(input.used as usize, table.len());
    let request = Request {
        rules: ("rules".to_owned(), GROUND.rules.clone()),
        against: None,
        sweep: Vec::new(),
        variants: Vec::new(),
        label: None,
        assume_good: false,
        warm_up: Some(0),
        last: None,
        incident_gap: INCIDENT_GAP,
        gates: Gates::default(),
        zone: TimeZone::UTC,
        limits: Default::default(),
        threads: 1,
        shown: 3,
        language: Language::Zh,
    };
    let _ = backtest(&request, &table, &input, &GROUND.registry, &watch);
}

pub fn seeds() -> Vec<Vec<u8>> {
    [
        "time,account,ip,city,lat,lon,machine,success,attack\n2026-01-05T09:00:00Z,alice,192.0.2.1,北京,39.9,116.4,pc,true,0\n2026-01-06 09:00:00,bob,,,,,m,0,1\n",
        "Login Timestamp,User ID,Round-Trip Time [ms],IP Address,Country,Region,City,ASN,User Agent String,Browser Name and Version,OS Name and Version,Device Type,Login Successful,Is Attack IP,Is Account Takeover\n2020-02-03 12:43:30.772,-4324475583306591935,,10.0.65.171,NO,-,-,29695,Mozilla/5.0,Firefox 20.0.0.1618,iOS 13.4,mobile,False,False,False\n",
        "{\"account\":\"alice\",\"time\":\"2026-01-05T09:00:00Z\",\"success\":true,\"ip\":\"192.0.2.1\",\"place\":{\"city\":\"北京\",\"lat\":39.9,\"lon\":116.4}}\n{\"account\":\"a\",\"time\":1767574800000,\"success\":false,\"id\":\"1\"}\n",
        "[columns]\naccount = \"u\"\ntime = \"t\"\nsuccess = \"ok\"\n[values]\ndelimiter = \";\"\n[time]\nzone = \"Asia/Shanghai\"\n----\nt;u;ok\n1767574800;a;yes\n1767574801;\"a\"\"b\";no\n",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}
