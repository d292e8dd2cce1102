//! Bulk import of accounts, idempotent: what is there already is changed to what the row says.

use super::account::{
    AccountPatch, Created, InvalidAccount, NewAccount, Patched, create, get, patch,
};
use crate::store::{StoreError, Tx};

/// The most rows of one command: each touches up to eight keys of a commit.
pub const MAX_IMPORT_ROWS: usize = 50;

/// One row.
pub type ImportRow = NewAccount;

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Imported {
    /// The account is new.
    Created,
    /// The account was there and now is what the row says. Fields the row leaves out stay.
    Updated,
    /// The phone belongs to another account.
    PhoneTaken,
    /// Something is wrong with the row.
    Invalid(InvalidAccount),
    /// It is beyond [`MAX_IMPORT_ROWS`]; send it in the next command.
    TooMany,
}

/// Imports rows, each by itself: a bad one does not keep the others out. Answers in their order.
///
/// An existing account keeps its sessions: its stored password is not replaced by an import of the
/// very same hash.
pub fn import(
    tx: &mut Tx<'_>,
    rows: Vec<ImportRow>,
    actor: &str,
) -> Result<Vec<Imported>, StoreError> {
    let mut results = Vec::with_capacity(rows.len());
    for (index, row) in rows.into_iter().enumerate() {
        results.push(match index < MAX_IMPORT_ROWS {
            true => one(tx, row, actor)?,
            false => Imported::TooMany,
        });
    }
    Ok(results)
}

fn one(tx: &mut Tx<'_>, row: ImportRow, actor: &str) -> Result<Imported, StoreError> {
    let Some(old) = get(tx, &row.id)? else {
        return Ok(match create(tx, row, actor)? {
            Created::Created(_) => Imported::Created,
            Created::Exists => Imported::Updated,
            Created::PhoneTaken => Imported::PhoneTaken,
            Created::Invalid(problem) => Imported::Invalid(problem),
        });
    };
    let same = |hash: &super::PasswordHash| old.password.as_deref() == Some(hash.as_str());
    let changes = AccountPatch {
        name: Some(row.name).filter(|name| !name.trim().is_empty()),
        phone: row.phone.map(Some),
        password: row.password.filter(|hash| !same(hash)).map(Some),
        zone: row.zone.map(Some),
        status: Some(row.status),
    };
    Ok(match patch(tx, &old.id, changes, actor)? {
        Patched::Patched { .. } => Imported::Updated,
        Patched::PhoneTaken => Imported::PhoneTaken,
        Patched::Invalid(problem) => Imported::Invalid(problem),
        // It was there a line ago.
        Patched::Unknown => Imported::Invalid(InvalidAccount::Id),
    })
}
