//! What a command numbers: counters, the event feed, the audit log.

use super::error::StoreError;
use super::records::{
    AUDIT_COUNTER, Audit, AuditByAccount, Counter, FEED_COUNTER, FeedEvent, NewAudit, NewEvent,
    Record,
};
use super::tx::Tx;

impl Tx<'_> {
    /// The next number of a named counter: 1, 2, 3, … without gaps. It is part of the commit, so an
    /// aborted command leaves no gap.
    pub fn next_number(&mut self, counter: &str) -> Result<u64, StoreError> {
        let name = counter.to_owned();
        let last = self.last_number(counter)?;
        let next = last.checked_add(1).ok_or_else(|| StoreError::Corrupt {
            kind: Counter::KIND.name(),
            detail: "the counter is exhausted".to_owned(),
        })?;
        self.put(&Counter { name, last: next })?;
        Ok(next)
    }

    /// The last number a named counter gave; 0 before the first.
    pub fn last_number(&mut self, counter: &str) -> Result<u64, StoreError> {
        let counter = self.get::<Counter>(&counter.to_owned())?;
        Ok(counter.map_or(0, |counter| counter.last))
    }

    /// Appends a fact to the event feed and returns its sequence number, allotted in commit order.
    pub fn emit(&mut self, event: NewEvent) -> Result<u64, StoreError> {
        let seq = self.next_number(FEED_COUNTER)?;
        let event = FeedEvent {
            seq,
            id: self.id("evt"),
            time: self.now(),
            kind: event.kind,
            account: event.account,
            official_account: event.official_account,
            data: event.data,
        };
        self.put(&event)?;
        Ok(seq)
    }

    /// Appends an entry to the audit log.
    pub fn audit(&mut self, entry: NewAudit) -> Result<(), StoreError> {
        let seq = self.next_number(AUDIT_COUNTER)?;
        if let Some(account) = &entry.account {
            self.put(&AuditByAccount {
                account: account.clone(),
                seq,
                time: self.now(),
            })?;
        }
        self.put(&Audit {
            seq,
            time: self.now(),
            actor: entry.actor,
            action: entry.action,
            account: entry.account,
            detail: entry.detail,
        })
    }
}
