//! The rows of one key as numbers of the table: what answers are made of that need no row.

use crate::history::{Column, Sheet};
use crate::lang::value::Value;

use super::super::needs::{Need, text_of};
use super::super::symbols::NONE;
use super::super::table::{Maker, SUCCESS, Table};
use super::index::KeyIndex;
use crate::env::Millis;

/// Rows of one key, in the order of arrival, which is that of time.
#[derive(Debug)]
pub(super) struct Numbers<'a, 't> {
    pub(super) table: &'t Table,
    pub(super) maker: &'a Maker<'t>,
    /// Addresses by number, when any rule asks for them.
    pub(super) addresses: Option<&'t KeyIndex>,
    pub(super) rows: &'t [u32],
    /// The first success under the key, where that is asked for.
    pub(super) first: Option<u64>,
    /// The store keeps so many rows of the key.
    pub(super) most: usize,
    /// The places of all failures, where they were made ready.
    pub(super) failures: Option<&'t [u32]>,
    /// All rows are known to be of one account.
    pub(super) single: bool,
}

/// Whether the values of a column have numbers. `addresses` says whether addresses do.
pub(super) fn numbered(column: Column, addresses: bool) -> bool {
    match column {
        Column::Ip => addresses,
        Column::Account | Column::Asn | Column::Hour | Column::Weekday => true,
        _ => text_of(column).is_some(),
    }
}

impl Sheet for Numbers<'_, '_> {
    #[inline]
    fn time(&self, at: usize) -> Millis {
        self.table.time[self.rows[at] as usize]
    }

    #[inline]
    fn success(&self, at: usize) -> bool {
        self.table.has(self.rows[at], SUCCESS)
    }

    #[inline]
    fn id(&self, column: Column, at: usize) -> Option<u32> {
        let (row, table) = (self.rows[at], self.table);
        if let Some(need) = text_of(column) {
            return Some(table.symbol(need, row)).filter(|symbol| *symbol != NONE);
        }
        match column {
            Column::Account => Some(table.account[row as usize]),
            Column::Asn => table.asn(row),
            Column::Hour => self.maker.local(row).0.map(u32::from),
            Column::Weekday => self.maker.local(row).1.map(u32::from),
            Column::Ip => {
                let number = self.addresses.map(|index| index.group(row, table));
                number.filter(|number| *number != NONE)
            }
            _ => None,
        }
    }

    fn field(&self, column: Column, at: usize) -> Value {
        let (row, table) = (self.rows[at], self.table);
        let known = match (column, text_of(column)) {
            (Column::Machine, _) => match table.text(Need::Machine, row) {
                "" => None,
                machine => Some(Value::Machine(machine.into())),
            },
            (_, Some(need)) => match table.text(need, row) {
                "" => None,
                text => Some(Value::text(text)),
            },
            (Column::Account, _) => {
                let account = table.accounts.text(table.account[row as usize]);
                Some(Value::Account(account.into()))
            }
            (Column::Ip, _) => self.maker.ip(row).map(|ip| Value::Ip(ip.to_canonical())),
            (Column::Time, _) => Some(Value::Time(self.time(at))),
            _ => self.id(column, at).map(|n| Value::Number(f64::from(n))),
        };
        known.unwrap_or_else(|| Value::unknown(column.path()))
    }

    fn ever(&self, before: usize) -> bool {
        let row = u64::from(self.rows[before]);
        self.first.is_some_and(|first| first < row)
    }

    #[inline]
    fn oldest(&self, at: usize) -> usize {
        at.saturating_sub(self.most)
    }

    #[inline]
    fn failures(&self) -> Option<&[u32]> {
        self.failures
    }

    #[inline]
    fn uniform(&self, column: Column) -> bool {
        self.single && column == Column::Account
    }
}
