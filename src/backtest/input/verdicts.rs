//! Labels that stand elsewhere than the logins: the cases of those who look into them.
//!
//! A row says whose its labels are by the identifier of the login (the source's own, of a store that under which it was
//! reported, or the decision's), else by account and time.

use std::collections::HashMap;
use std::path::PathBuf;

use super::known::Known;
use super::{InputError, InputReport, Options, Reason, StoreFacts, Watch, label, read};
use crate::backtest::needs::{Columns, Need};
use crate::backtest::table::{Labels, Login, Table};
use crate::env::{Millis, rfc3339};

/// Stands for the time of a row that has none.
pub(super) const UNTIMED: Millis = Millis::MIN;

/// What became of labels that stand elsewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Joined {
    /// Their rows.
    pub rows: u64,
    /// Rows that are of a login that is there.
    pub met: u64,
    /// The first label they have.
    pub first: Option<String>,
    /// What could not be read of them.
    pub report: InputReport,
}

/// Why a row of labels without an identifier cannot be used, and what stood there: it says of no login, or of one that a
/// row before it is about, which counts.
pub(super) fn unusable(row: &Login<'_>, seen: &mut Known) -> Option<(Reason, String)> {
    let (account, time) = (row.account, row.time);
    if account.is_empty() || time == UNTIMED {
        return Some((Reason::OfNothing, account.to_owned()));
    }
    // No identifier has such a character.
    let again = seen.again(&format!("{account}\0{time}"));
    again.then(|| (Reason::Duplicate, format!("{account} {}", rfc3339(time))))
}

/// Reads the files and gives each login of `table`, which keeps identifiers, what they say of it; what the logins
/// themselves said under the same name gives way.
///
/// # Errors
/// Those of reading; too many labels.
pub fn join(
    paths: &[PathBuf],
    table: &mut Table,
    facts: &StoreFacts,
    options: Options<'_>,
) -> Result<Joined, InputError> {
    let mut said = Table::new(Columns {
        texts: vec![Need::Id],
        ..Columns::default()
    });
    let options = Options {
        labels_only: true,
        ..options
    };
    let (report, _) = read(paths, &mut said, options, &Watch::default())?;
    let bits = said.label_names.iter();
    let bits: Vec<u8> = bits
        .map(|name| label(table, name))
        .collect::<Result<_, _>>()?;
    let mut by_id: HashMap<&str, u32> = HashMap::new();
    let mut by_moment: HashMap<(&str, Millis), u32> = HashMap::new();
    for row in 0..said.len() as u32 {
        let id = said.text(Need::Id, row);
        if !id.is_empty() {
            by_id.entry(id).or_insert(row);
        }
        let account = said.accounts.text(said.account[row as usize]);
        let time = said.time[row as usize];
        if !account.is_empty() && time != UNTIMED {
            by_moment.entry((account, time)).or_insert(row);
        }
    }
    let mut met = vec![false; said.len()];
    table.labels.resize(table.len(), Labels::default());
    for row in 0..table.len() {
        let id = table.text(Need::Id, row as u32);
        let reported = facts.ids.get(id).and_then(|id| by_id.get(id.as_str()));
        let moment = || {
            let account = table.accounts.text(table.account[row]);
            by_moment.get(&(account, table.time[row]))
        };
        let found = reported.or_else(|| by_id.get(id)).or_else(moment);
        let Some(found) = found.copied() else {
            continue;
        };
        met[found as usize] = true;
        let labels = said.labels_of(found);
        for (at, bit) in bits.iter().enumerate() {
            if let Some(yes) = labels.get(at as u8) {
                table.labels[row].set(*bit, yes);
            }
        }
    }
    Ok(Joined {
        rows: said.len() as u64,
        met: met.iter().filter(|met| **met).count() as u64,
        first: said.label_names.first().cloned(),
        report,
    })
}
