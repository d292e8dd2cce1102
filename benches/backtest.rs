//! Floors of `scripts/backtest_bench.py`: what reading the logins costs before any rule is asked.
//!
//! `parse FILE`: the csv crate alone. `hash FILE`: with one hash map of accounts that knows the
//! countries and networks of each. Without arguments it says how it is used; it times nothing itself.

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::fs::File;

/// Columns of the RBA data set.
const USER: usize = 2;
const COUNTRY: usize = 5;
const ASN: usize = 8;
const SUCCESS: usize = 13;

type Seen = (HashSet<Vec<u8>>, HashSet<Vec<u8>>);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, path] = arguments.as_slice() else {
        println!("floors for scripts/backtest_bench.py: parse FILE | hash FILE");
        return Ok(());
    };
    let mut csv = csv::Reader::from_reader(File::open(path)?);
    let mut record = csv::ByteRecord::new();
    let (mut rows, mut new) = (0_u64, 0_u64);
    let mut users: HashMap<Vec<u8>, Seen> = HashMap::new();
    while csv.read_byte_record(&mut record)? {
        rows += 1;
        if kind == "parse" {
            continue;
        }
        let known = match users.get_mut(&record[USER]) {
            Some(known) => known,
            None => users.entry(record[USER].to_vec()).or_default(),
        };
        let before = !known.0.contains(&record[COUNTRY]) && !known.1.contains(&record[ASN]);
        new += u64::from(before);
        if &record[SUCCESS] == b"True" {
            if !known.0.contains(&record[COUNTRY]) {
                known.0.insert(record[COUNTRY].to_vec());
            }
            if !known.1.contains(&record[ASN]) {
                known.1.insert(record[ASN].to_vec());
            }
        }
    }
    println!("{rows} rows, {new} new");
    Ok(())
}
