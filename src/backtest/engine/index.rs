//! Which rows belong together: by account, and by every other key the rules look under.

use std::net::IpAddr;

use crate::history::network_of;
use crate::lang::program::ByKey;

use super::super::needs::Need;
use super::super::symbols::{NONE, Symbol, Symbols};
use super::super::table::{SUCCESS, Table};

/// Rows in groups; within a group in the order in which they were put.
#[derive(Debug, Default)]
pub(super) struct Groups {
    offsets: Vec<u32>,
    rows: Vec<u32>,
}

impl Groups {
    /// Groups the rows `order` by number; rows without one ([`NONE`]) are in no group.
    pub(super) fn new(
        groups: usize,
        order: impl Iterator<Item = u32> + Clone,
        of: impl Fn(u32) -> u32,
    ) -> Self {
        let mut offsets = vec![0_u32; groups + 1];
        for row in order.clone() {
            let group = of(row);
            if group != NONE {
                offsets[group as usize + 1] += 1;
            }
        }
        for at in 1..offsets.len() {
            offsets[at] += offsets[at - 1];
        }
        let mut next = offsets.clone();
        let mut rows = vec![0_u32; offsets[groups] as usize];
        for row in order {
            let group = of(row);
            if group != NONE {
                let at = &mut next[group as usize];
                rows[*at as usize] = row;
                *at += 1;
            }
        }
        Self { offsets, rows }
    }

    /// From the members of each group, one group after another.
    fn of_parts(parts: impl Iterator<Item = impl Iterator<Item = u32>>) -> Self {
        let (mut offsets, mut rows) = (vec![0], Vec::new());
        for part in parts {
            rows.extend(part);
            offsets.push(rows.len() as u32);
        }
        rows.shrink_to_fit();
        Self { offsets, rows }
    }

    /// The rows of a group.
    pub(super) fn rows(&self, group: u32) -> &[u32] {
        let at = group as usize;
        match (self.offsets.get(at), self.offsets.get(at + 1)) {
            (Some(from), Some(to)) => &self.rows[*from as usize..*to as usize],
            _ => &[],
        }
    }
}

/// The accounts' rows in the order of arrival.
pub(super) fn by_account(table: &Table) -> Groups {
    Groups::new(table.accounts.len(), 0..table.len() as u32, |row| {
        table.account[row as usize]
    })
}

/// The rows of one kind of key, in the order of time, then arrival.
#[derive(Debug)]
pub(super) struct KeyIndex {
    /// Which key.
    pub(super) by: ByKey,
    of_row: Numbers,
    count: usize,
    groups: Groups,
    /// Places of failures within each group, when that was asked for.
    failures: Option<Groups>,
    /// Groups all of whose rows are of one account, when that was asked for.
    single: Vec<bool>,
}

/// The group of each row.
#[derive(Debug)]
enum Numbers {
    Own(Vec<u32>),
    Column(Need),
    One,
}

impl KeyIndex {
    /// Groups the table's rows by `by`, which is not the account.
    pub(super) fn new(by: ByKey, table: &Table) -> Self {
        let mut index = Self::named(by, table);
        let groups = index.groups(table);
        let rows = 0..table.len() as u32;
        index.groups = if table.ordered {
            Groups::new(groups, rows, |row| index.group(row, table))
        } else {
            let mut order: Vec<u32> = rows.collect();
            order.sort_by_key(|row| table.time[*row as usize]);
            Groups::new(groups, order.into_iter(), |row| index.group(row, table))
        };
        index
    }

    /// Makes ready what is asked of each group again and again: its failures, and whether all its rows are
    /// of one account.
    pub(super) fn prepare(&mut self, (failures, accounts): (bool, bool), table: &Table) {
        let groups = || (0..self.groups(table) as u32).map(|group| self.groups.rows(group));
        let failures = failures.then(|| {
            Groups::of_parts(groups().map(|rows| {
                let places = rows.iter().enumerate();
                let failed = places.filter(|(_, row)| !table.has(**row, SUCCESS));
                failed.map(|(place, _)| place as u32)
            }))
        });
        let one = |rows: &[u32]| {
            let account = |row: &u32| table.account[*row as usize];
            rows.windows(2)
                .all(|two| account(&two[0]) == account(&two[1]))
        };
        let single = match accounts {
            true => groups().map(one).collect(),
            false => Vec::new(),
        };
        (self.failures, self.single) = (failures, single);
    }

    /// The places of a group's failures, when they were made ready.
    pub(super) fn failures(&self, group: u32) -> Option<&[u32]> {
        self.failures.as_ref().map(|failures| failures.rows(group))
    }

    /// Whether all rows of a group are known to be of one account.
    pub(super) fn is_single(&self, group: u32) -> bool {
        self.single.get(group as usize).copied().unwrap_or(false)
    }

    /// Looks at the groups of some rows, so that they are near when they are asked for.
    pub(super) fn touch(&self, rows: &[u32], table: &Table) {
        let groups = rows.iter().map(|row| self.group(*row, table));
        std::hint::black_box(groups.fold(0, |all, group| all ^ group));
    }

    /// Only the group of each row, by a text column.
    pub(super) fn of_column(need: Need, table: &Table) -> Self {
        let (of_row, count) = column(table, need);
        Self {
            by: ByKey::All,
            of_row,
            count,
            groups: Groups::default(),
            failures: None,
            single: Vec::new(),
        }
    }

    /// How many groups there are.
    pub(super) fn groups(&self, table: &Table) -> usize {
        match self.of_row {
            Numbers::Column(_) => table.symbols.len(),
            Numbers::Own(_) | Numbers::One => self.count,
        }
    }

    /// Only the group of each row, by a key.
    pub(super) fn named(by: ByKey, table: &Table) -> Self {
        let (of_row, groups) = match by {
            ByKey::Machine => column(table, Need::Machine),
            ByKey::City => column(table, Need::City),
            ByKey::Country => column(table, Need::Country),
            ByKey::Ip => addresses(table, |ip| ip),
            ByKey::Network => addresses(table, |ip| network_of(ip).addr()),
            ByKey::Asn => {
                let mut known = Symbols::default();
                let numbers = (0..table.len() as u32)
                    .map(|row| match table.asn(row) {
                        Some(asn) => known.intern(&asn.to_be_bytes()),
                        None => NONE,
                    })
                    .collect();
                (Numbers::Own(numbers), known.len())
            }
            ByKey::All | ByKey::Account => (Numbers::One, 1),
        };
        Self {
            by,
            of_row,
            count: groups,
            groups: Groups::default(),
            failures: None,
            single: Vec::new(),
        }
    }

    /// The group of a row; [`NONE`] when the row has no such key.
    pub(super) fn group(&self, row: u32, table: &Table) -> u32 {
        match &self.of_row {
            Numbers::Own(numbers) => numbers[row as usize],
            Numbers::Column(need) => table
                .column(*need)
                .map_or(NONE, |column| column[row as usize]),
            Numbers::One => 0,
        }
    }

    /// The rows of a group.
    pub(super) fn rows(&self, group: u32) -> &[u32] {
        self.groups.rows(group)
    }
}

fn column(table: &Table, need: Need) -> (Numbers, usize) {
    (Numbers::Column(need), table.symbols.len())
}

/// Groups by what `narrow` makes of the address: differently written addresses may be one. All groups
/// are addresses, or all are networks, whose length follows from the kind of address.
fn addresses(table: &Table, narrow: impl Fn(IpAddr) -> IpAddr) -> (Numbers, usize) {
    let Some(column) = table.column(Need::Ip) else {
        return (Numbers::Own(vec![NONE; table.len()]), 0);
    };
    let mut known = Symbols::default();
    let mut by_symbol: Vec<Option<Symbol>> = vec![None; table.symbols.len()];
    let numbers = column
        .iter()
        .map(|symbol| {
            if *symbol == NONE {
                return NONE;
            }
            *by_symbol[*symbol as usize].get_or_insert_with(|| {
                match table.symbols.text(*symbol).parse() {
                    Ok(ip) => match narrow(ip).to_canonical() {
                        IpAddr::V4(v4) => known.intern(&v4.octets()),
                        IpAddr::V6(v6) => known.intern(&v6.octets()),
                    },
                    Err(_) => NONE,
                }
            })
        })
        .collect();
    (Numbers::Own(numbers), known.len())
}
