//! Text that people typed: normalised once, read by extractors, routed to the rules it may concern.
//!
//! A message comes in as one string and becomes a [`Normalised`]: NFKC, half width, lower case,
//! blanks folded. Triggers, extractors and the [`RuleIndex`] look at nothing else; what they quote
//! comes back from the original through the map it keeps. Data comes from `bot` (messages, event
//! keys, scenes) and from the checked program (patterns, lists); it goes back as [`Captures`] and
//! [`RuleId`](crate::lang::program::RuleId)s.
//!
//! Blanks: a blank matters only where it separates two Latin letters or two digits. Elsewhere it may
//! be there or not, in the text and in the pattern.
//!
//! This room must never read a clock, a file or a store, never use Unicode's `\d` or `\b` (they
//! betray Chinese text), and never take longer than linear-ish time: every search has a budget.

mod captures;
mod index;
mod literal;
mod matcher;
mod normalise;
mod pattern;
mod regexes;
mod shape;
mod shapes;
mod slots;
mod words;

pub use captures::Captures;
pub use index::RuleIndex;
pub(crate) use matcher::Fits;
pub use matcher::match_trigger;
pub use normalise::{MAX_TEXT_BYTES, Normalised, normalise};
pub use regexes::{compile as compile_regex, examine as examine_regex, half_width_source};
pub use slots::extract_slots;
