//! The checked program: names resolved, types known, units gone, every outcome answered.
//!
//! Built by `lang::check` only; a value of type [`Program`] is proof that a rule set is sound.
//! Immutable and shared: `Arc<Program>` is one generation of rules.

mod action;
mod expr;
mod members;
mod story;

pub use action::*;
pub use expr::*;
pub use members::ListIndex;
pub use story::*;

use std::sync::Arc;

use ipnet::IpNet;

pub use super::check::allow::Allow;

use super::check::allow::allowed;
use super::diagnostics::codes::UNCOVERED;
use super::span::{LineNumbers, Sources, Span};
use super::value::{Type, Value};

/// One generation of rules.
#[derive(Debug, Clone)]
pub struct Program {
    /// What it was compiled from: the rule files, and of the other files the lists they name.
    pub sources: Arc<Sources>,
    /// SHA-256 over paths and texts of all sources, lower-case hex: the identity of the rule set.
    pub hash: String,
    /// `on` rules in the order of evaluation (files by path, rules by position).
    pub rules: Vec<Rule>,
    /// `signal` items in the same order.
    pub signals: Vec<Signal>,
    /// `dialog` items.
    pub dialogs: Vec<Dialog>,
    /// `list` items.
    pub lists: Vec<List>,
    /// `let` items that are conditions or constants, for explanations and sweeps.
    pub lets: Vec<Let>,
    /// `test` items.
    pub stories: Vec<Story>,
    /// Every history query of the program, indexed by [`QueryId`].
    pub queries: Vec<HistoryQuery>,
    /// The templates alerts and replies name, with the fields they set.
    pub templates: Vec<String>,
    /// The scores rules tell apart: every constant that `suspicion` is compared with, ascending.
    pub bands: Vec<Band>,
    /// The longest window any rule looks back, in milliseconds; `history.keep` may not be shorter.
    pub longest_window: i64,
    /// What comments silence.
    pub allows: Vec<Allow>,
    /// Where the sources' lines are: every decision is explained.
    pub(crate) lines: LineNumbers,
}

impl Program {
    /// Whether it says nothing at all.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.signals.is_empty() && self.dialogs.is_empty()
    }

    /// Whether a comment says that what stands at `span` need not be covered by stories.
    pub fn may_be_uncovered(&self, span: Span) -> bool {
        allowed(&self.allows, UNCOVERED, span, &self.sources)
    }
}

/// A score at which a rule begins to do something else.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// The score.
    pub from: f64,
    /// It is reached only above that score (`suspicion > 60`).
    pub above: bool,
}

impl Program {
    /// In which band a score lies: how many of the scores that rules tell apart it reaches.
    pub fn band(&self, suspicion: f64) -> u32 {
        let reached = self
            .bands
            .iter()
            .filter(|band| suspicion > band.from || (!band.above && suspicion >= band.from));
        u32::try_from(reached.count()).unwrap_or(u32::MAX)
    }
}

/// Index of a rule in [`Program::rules`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(pub u32);

/// Index of a dialog in [`Program::dialogs`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DialogId(pub u32);

/// Index of a list in [`Program::lists`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListId(pub u32);

/// `let NAME = …`
#[derive(Debug, Clone)]
pub struct Let {
    /// Its name.
    pub name: String,
    /// Its value or condition.
    pub value: Expr,
    /// The whole item.
    pub span: Span,
}

/// A named list.
#[derive(Debug, Clone)]
pub struct List {
    /// Its name.
    pub name: String,
    /// The type of its entries.
    pub ty: Type,
    /// Its entries, in source order. Text entries are normalised with [`crate::text::normalise`]'s
    /// rules by whoever matches messages against them.
    pub entries: ListEntries,
    /// Answers membership quickly; `Default::default()` when built, filled when first asked.
    pub index: ListIndex,
    /// The whole item.
    pub span: Span,
}

/// Entries by the kind of question asked of them.
#[derive(Debug, Clone)]
pub enum ListEntries {
    /// Networks and addresses (an address is a network of full length).
    Networks(Vec<IpNet>),
    /// Everything else.
    Values(Vec<Value>),
}

/// One `on` rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its index.
    pub id: RuleId,
    /// How reports name it: `guard.rules:60`.
    pub name: String,
    /// The alternatives; captures exist in each with equal types.
    pub triggers: Vec<Trigger>,
    /// The condition; `None` is always.
    pub when: Option<Expr>,
    /// Heard even while a dialog runs (law 7).
    pub even_in_dialog: bool,
    /// Later rules are tried too (law 6).
    pub continues: bool,
    /// What to do.
    pub body: Block,
    /// Captures of the triggers, in name order.
    pub captures: Vec<Capture>,
    /// From `on` to the brace.
    pub head: Span,
    /// The whole item.
    pub span: Span,
}

/// A typed name a trigger brings.
#[derive(Debug, Clone, PartialEq)]
pub struct Capture {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Type,
}

/// One alternative of a rule's triggers.
#[derive(Debug, Clone)]
pub struct Trigger {
    /// Which events.
    pub event: EventName,
    /// What must match of them.
    pub matcher: Matcher,
    /// Where it stands.
    pub span: Span,
}

/// The events rules can be written for. The text after `on` in parentheses.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum EventName {
    /// A text message (`text`).
    Text,
    /// `image`
    Image,
    /// `voice`
    Voice,
    /// `video`
    Video,
    /// `shortvideo`
    ShortVideo,
    /// `location` (a location message)
    Location,
    /// `link`
    Link,
    /// `file`
    File,
    /// `miniprogram` (a mini-program card)
    MiniProgram,
    /// `subscribe`: the matcher looks at the scene
    Subscribe,
    /// `unsubscribe`
    Unsubscribe,
    /// `scan`: the matcher looks at the scene
    Scan,
    /// `click`: the matcher looks at the event key
    Click,
    /// `view`: the matcher looks at the url
    View,
    /// `view_miniprogram`: the matcher looks at the page path
    ViewMiniProgram,
    /// `position` (the LOCATION event)
    Position,
    /// `scancode_push`: the matcher looks at the event key
    ScanCodePush,
    /// `scancode_wait` (scancode_waitmsg): the matcher looks at the event key
    ScanCodeWait,
    /// `photos` (pic_sysphoto, pic_photo_or_album, pic_weixin): the matcher looks at the event key
    Photos,
    /// `location_select`: the matcher looks at the event key
    LocationSelect,
    /// `event "NAME"`: any other event or message type by its own name, compared ignoring case
    Named(String),
    /// `any`: whatever a user sent that no rule before answered
    Any,
    /// `attempt`: before the password is looked at
    Attempt,
    /// `failure`: the password was wrong
    Failure,
    /// `login`: it was right, the session is not yet issued
    Login,
    /// `undeliverable` (`undeliverable alert`)
    Undeliverable,
    /// `locked`
    Locked,
    /// `unlocked`
    Unlocked,
    /// `bound`
    Bound,
    /// `unbound`
    Unbound,
}

/// What must match of a message's text or an event's key.
#[derive(Debug, Clone)]
pub enum Matcher {
    /// Everything.
    Always,
    /// The whole text fits the pattern.
    Pattern(Pattern),
    /// The text contains these words.
    Containing(String),
    /// The text starts with these words.
    Starting(String),
    /// A linear-time regular expression finds something; named groups are captures.
    Matching(String),
    /// The text equals an entry.
    InList(ListId),
    /// Every extractor finds something, anywhere, in any order, without overlap.
    With(Vec<PatternCapture>),
}

/// A text with typed holes. Literals are kept as written; matching normalises them.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    /// The pieces in order.
    pub parts: Vec<PatternPart>,
}

/// A piece of a [`Pattern`].
#[derive(Debug, Clone, PartialEq)]
pub enum PatternPart {
    /// Characters.
    Literal(String),
    /// A typed hole.
    Capture(PatternCapture),
}

/// A typed hole.
#[derive(Debug, Clone, PartialEq)]
pub struct PatternCapture {
    /// Its name.
    pub name: String,
    /// What fits.
    pub extractor: Extractor,
}

/// What a piece of text must look like, and the type of what it gives.
#[derive(Debug, Clone, PartialEq)]
pub enum Extractor {
    /// A mainland mobile number, perhaps with +86, blanks and dashes inside ([`Type::Phone`]).
    Mobile,
    /// Exactly so many digits, no digit beside them ([`Type::Code`]).
    Digits(u32),
    /// A number, perhaps with a sign and decimals ([`Type::Number`]).
    Number,
    /// An e-mail address ([`Type::Text`]).
    Email,
    /// An 18-character resident identity number with a right check digit ([`Type::Text`]).
    IdCard,
    /// A date such as 2026-01-05, 2026年1月5日, 1/5 ([`Type::Text`], ISO form)
    Date,
    /// Characters without blanks ([`Type::Text`]).
    Word,
    /// Everything that is left, at least one character ([`Type::Text`]).
    Rest,
    /// An http or https address ([`Type::Text`]).
    Url,
    /// An entry of a list ([`Type::Text`]).
    OneOf(ListId),
    /// A pattern named by `extractor`; gives the text it covers ([`Type::Text`]).
    Custom(Box<Pattern>),
}

impl Extractor {
    /// The type of what it gives.
    pub fn ty(&self) -> Type {
        match self {
            Self::Mobile => Type::Phone,
            Self::Digits(_) => Type::Code,
            Self::Number => Type::Number,
            Self::Email
            | Self::IdCard
            | Self::Date
            | Self::Word
            | Self::Rest
            | Self::Url
            | Self::OneOf(_)
            | Self::Custom(_) => Type::Text,
        }
    }
}

/// One `signal`.
#[derive(Debug, Clone)]
pub struct Signal {
    /// Its name.
    pub name: String,
    /// What people read.
    pub title: String,
    /// How much it counts towards `suspicion`.
    pub weight: f64,
    /// Recorded, never counted.
    pub shadow: bool,
    /// When it fires.
    pub when: Expr,
    /// When it certainly does not matter.
    pub except: Option<Expr>,
    /// Until when it only watches.
    pub learn: Option<Learn>,
    /// The whole item.
    pub span: Span,
}

/// Until when a signal only watches. At least one bound is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Learn {
    /// Since the account's first known login, in milliseconds.
    pub duration: Option<i64>,
    /// Successful logins known.
    pub logins: Option<u32>,
    /// Both must be reached rather than either.
    pub both: bool,
}

/// One `dialog`.
#[derive(Debug, Clone)]
pub struct Dialog {
    /// Its name; running dialogs are stored under it and under the program's hash.
    pub name: String,
    /// Milliseconds since the last answer.
    pub expires: i64,
    /// Names it may be started with, besides the slots: known or unknown, never asked for.
    pub params: Vec<Capture>,
    /// Slots in `ask` order.
    pub slots: Vec<Slot>,
    /// Words that leave it.
    pub cancel: Option<Cancel>,
    /// After too many misfits; an empty block when the dialog has none.
    pub give_up: Block,
    /// When every slot that must be known is.
    pub done: Block,
    /// The whole item.
    pub span: Span,
}

/// One `ask`.
#[derive(Debug, Clone)]
pub struct Slot {
    /// Its name.
    pub name: String,
    /// What fits.
    pub extractor: Extractor,
    /// The question.
    pub question: Template,
    /// When it need not be asked.
    pub unless: Option<Expr>,
    /// The answer to something that does not fit; the question again when missing.
    pub invalid: Option<Template>,
    /// Misfits before `give up`.
    pub at_most: Option<u32>,
    /// The clause.
    pub span: Span,
}

/// `cancel on …`
#[derive(Debug, Clone)]
pub struct Cancel {
    /// The words.
    pub words: CancelWords,
    /// The answer.
    pub block: Block,
}

/// Words that leave a dialog.
#[derive(Debug, Clone)]
pub enum CancelWords {
    /// Those of a list.
    List(ListId),
    /// Those in place.
    Inline(Vec<String>),
}

/// A text with paths in it. Values are escaped, capped and shown in the account's zone when rendered.
#[derive(Debug, Clone)]
pub struct Template {
    /// The pieces in order.
    pub parts: Vec<TemplatePart>,
    /// Where it stands.
    pub span: Span,
}

impl Template {
    /// Its text, when no value stands in it.
    pub fn plain(&self) -> Option<String> {
        let literal = |part: &TemplatePart| match part {
            TemplatePart::Literal(text) => Some(text.clone()),
            TemplatePart::Value(_) => None,
        };
        match self.parts.as_slice() {
            [part] => literal(part),
            parts => parts.iter().map(literal).collect(),
        }
    }
}

/// A piece of a [`Template`].
#[derive(Debug, Clone)]
pub enum TemplatePart {
    /// Characters.
    Literal(String),
    /// A path's value; an unknown prints 未知.
    Value(Expr),
}
