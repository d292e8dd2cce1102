//! Counts over the whole system, which `rarity` and `familiarity` compare with: the table's answer to
//! what the store keeps by value and day.

use crate::history::{Column, Tallied, day_of};
use crate::lang::program::{ByKey, HistoryFunction};

use super::super::needs::text_of;
use super::super::symbols::NONE;
use super::super::table::{SUCCESS, Table};
use super::index::{Groups, KeyIndex};
use super::stage::Prepared;

/// The successes with each value of a column, in the order of arrival.
#[derive(Debug)]
pub(super) struct Counts {
    /// Which column; `None` for all successes.
    column: Option<Column>,
    index: KeyIndex,
    groups: Groups,
}

impl Counts {
    /// `None` for a column that is not counted.
    fn new(column: Option<Column>, table: &Table) -> Option<Self> {
        let index = match column {
            None => KeyIndex::named(ByKey::All, table),
            Some(Column::Ip) => KeyIndex::named(ByKey::Ip, table),
            Some(Column::Asn) => KeyIndex::named(ByKey::Asn, table),
            Some(column) => KeyIndex::of_column(text_of(column)?, table),
        };
        let groups = Groups::new(
            index.groups(table),
            0..table.len() as u32,
            |row| match table.has(row, SUCCESS) {
                true => index.group(row, table),
                false => NONE,
            },
        );
        Some(Self {
            column,
            index,
            groups,
        })
    }

    /// How many habits on the days `from..=to` with the value of `present`, of those that had
    /// arrived before it and were not known by then to be an intruder's.
    pub(super) fn count(&self, table: &Table, (from, to): (i64, i64), present: u32) -> u64 {
        let group = self.index.group(present, table);
        if group == NONE {
            return 0;
        }
        let rows = self.groups.rows(group);
        let inside = |row: u32| (from..=to).contains(&day_of(table.time[row as usize]));
        let all = if table.ordered {
            let first = rows.partition_point(|row| day_of(table.time[*row as usize]) < from);
            rows.partition_point(|row| *row < present)
                .saturating_sub(first)
        } else {
            let arrived = rows.iter().take_while(|row| **row < present);
            arrived.filter(|row| inside(**row)).count()
        };
        let taken_back = table.answered_lock.iter().filter(|(row, since)| {
            **since <= present
                && **row < present
                && table.has(**row, SUCCESS)
                && self.index.group(**row, table) == group
                && inside(**row)
        });
        (all as u64).saturating_sub(taken_back.count() as u64)
    }

    /// Whether it answers `what`.
    pub(super) fn is_of(&self, what: &Tallied) -> bool {
        self.column == what.as_ref().map(|(column, _)| *column)
    }
}

/// The counts some rule sets need.
pub(super) fn needed(
    variants: &[Prepared],
    columns: &crate::history::Columns,
    table: &Table,
) -> Vec<Counts> {
    let mut wanted: Vec<Option<Column>> = Vec::new();
    let mut want = |column: Option<Column>| {
        if !wanted.contains(&column) {
            wanted.push(column);
        }
    };
    for variant in variants {
        for query in &variant.rules.program.queries {
            match query.function {
                HistoryFunction::Rarity => {
                    want(None);
                    want(query.field.and_then(|field| columns.get(field)));
                }
                HistoryFunction::Familiarity => {
                    want(None);
                    for column in [
                        Column::Ip,
                        Column::Asn,
                        Column::Country,
                        Column::Browser,
                        Column::Os,
                        Column::Device,
                    ] {
                        want(Some(column));
                    }
                }
                _ => {}
            }
        }
    }
    wanted
        .into_iter()
        .filter_map(|column| Counts::new(column, table))
        .collect()
}
