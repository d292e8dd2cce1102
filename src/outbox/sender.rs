//! The seam to the platform's send calls.

use futures_util::future::BoxFuture;
use serde_json::Value;

/// Sends messages for the outbox. One call is one attempt: an implementation may refresh the access
/// token and replay a call that the platform refused for its token, but never repeats a call whose
/// outcome it does not know.
pub trait Sender: Send + Sync + 'static {
    /// `POST /cgi-bin/message/custom/send` for the named official account.
    fn custom<'a>(&'a self, official_account: &'a str, body: &'a Value) -> BoxFuture<'a, Outcome>;
    /// `POST /cgi-bin/message/template/send` for the named official account.
    fn template<'a>(&'a self, official_account: &'a str, body: &'a Value)
    -> BoxFuture<'a, Outcome>;
}

/// What became of one send call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The platform took it. Template sends carry the 64-bit message identifier as text.
    Accepted {
        /// For [`finished`](super::finished) to find the message by.
        msgid: Option<String>,
    },
    /// The platform refused it with this `errcode`; it was certainly not sent.
    Rejected {
        /// The platform's code (protocol: error codes).
        errcode: i64,
    },
    /// The request may have arrived: a timeout, a broken connection, an unreadable answer.
    Unknown,
    /// The request certainly did not arrive: no connection, no access token.
    NotSent,
}
