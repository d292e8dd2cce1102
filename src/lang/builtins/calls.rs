//! What rules may `call`, the cards a reply may be, and the platform's limits of texts.

use crate::lang::value::Type;

use super::actions::OutcomeSpec;

/// A Rust action or webhook that rules may `call`.
#[derive(Debug, Clone, PartialEq)]
pub struct CallSpec {
    /// The name after `call`.
    pub name: String,
    /// Its arguments, in order.
    pub params: Vec<(String, Type)>,
    /// Any further arguments of any type are welcome (webhooks).
    pub open: bool,
    /// What it may answer; each must be answered when any is.
    pub outcomes: Vec<OutcomeSpec>,
    /// For people.
    pub doc: String,
}

impl CallSpec {
    /// A webhook: takes whatever it is given; answers `ok` with a text, or `failed`.
    pub fn webhook(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            params: Vec::new(),
            open: true,
            outcomes: vec![
                OutcomeSpec::new("ok").brings("answer", Type::Text),
                OutcomeSpec::new("failed"),
            ],
            doc: String::new(),
        }
    }
}

/// A field of a card reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardField {
    /// Its name before the colon.
    pub name: &'static str,
    /// It must be set.
    pub needed: bool,
}

const fn must(name: &'static str) -> CardField {
    CardField { name, needed: true }
}

const fn may(name: &'static str) -> CardField {
    CardField {
        name,
        needed: false,
    }
}

/// The card replies with their fields (protocol: passive reply).
pub const CARDS: &[(&str, &[CardField])] = &[
    (
        "news",
        &[
            must("title"),
            may("description"),
            may("picture"),
            must("url"),
        ],
    ),
    (
        "music",
        &[
            may("title"),
            may("description"),
            may("url"),
            may("hq_url"),
            must("thumb"),
        ],
    ),
    ("video", &[must("media"), may("title"), may("description")]),
];

/// Bytes of UTF-8 a text reply or message may have (protocol: passive reply).
pub const MAX_TEXT: usize = 2048;

/// Characters the fields of a template message may have, by the kind before their number
/// (protocol: template messages).
pub const TEMPLATE_LIMITS: &[(&str, usize)] =
    &[("thing", 20), ("character_string", 32), ("phrase", 5)];
