//! Accounts of the information system, their verification codes, and which OpenID stands for which
//! account.
//!
//! Every operation is a plain function over a [`Tx`](crate::store::Tx) that callers compose within
//! one command; its result is an outcome, an `Err` is the store's. Nothing here knows HTTP, XML or
//! rules, compares a secret in variable time, or tells a stranger whether a phone or a code was
//! wrong. Data comes from the information system's API and from the chat, goes to the store, the
//! event feed and the audit log; what must be said to someone is returned as a [`Notice`].
//!
//! | events of this room | when |
//! |---|---|
//! | `account_created`, `account_changed`, `account_deleted` | what they say |
//! | `code_requested` | someone in the chat needs a code sent to the registered phone |
//! | `wrong_codes` | wrong codes in one official account passed the bound of an hour |
//! | `code_voided` | too many wrong tries from everyone together |
//! | `bound`, `unbound` | a binding began or ended, a resting one included |
//! | `binding_suspended`, `binding_restored` | the follower left or came back |
//! | `guard_lost` | prompts cannot reach the OpenID they used to reach |
//! | `binding_suspicious` | a binding was made within a day of an alerted login |

mod account;
mod binding;
pub(crate) mod codes;
mod import;
mod limits;
mod password;
mod phone;
mod suspended;
mod tickets;
mod unbind;

pub use account::{
    AccountPatch, Created, Deleted, InvalidAccount, MAX_ID_BYTES, MAX_NAME_CHARS, NewAccount,
    Patched, create, delete, erase_more, get, is_account_id, list, patch,
};
pub use binding::{
    BindOutcome, BindRequest, Notice, Proof, account_of, bind, binding_of, bindings_of,
};
pub(crate) use codes::issue_digits;
pub use codes::{CodeText, Issued, Requested, cancel, issue, request};
pub use import::{ImportRow, Imported, MAX_IMPORT_ROWS, import};
pub use limits::{Limits, OnUnsubscribe, allow};
pub use password::{
    HashError, MAX_PASSWORD_BYTES, Password, PasswordHash, Passwords, Verified, check_hash,
};
pub use phone::{InvalidPhone, normalise};
pub use suspended::end_run_out;
pub(crate) use tickets::issue_text as issue_ticket_text;
pub use tickets::{Claimed, TicketIssued, TicketText, cancel_ticket, claim_ticket, issue_ticket};
pub use unbind::{
    Resubscribed, UnbindOutcome, UnbindRequest, Unsubscribed, authorization_cancelled, subscribed,
    unbind, unbind_with_code, unsubscribed,
};

pub use crate::store::records::{Account, AccountBinding, AccountStatus, Binding, CodePurpose};

/// The audit log's name for what Menshen does by itself.
pub const SYSTEM: &str = "system";

#[cfg(test)]
mod tests;
