//! The tree of a rule file, as written: names unresolved, types unknown, every node with its span.
//!
//! Built by the parser, read by the checker and the formatter. Equality ignores nothing: two trees
//! that differ only in spans are compared with [`super::same_tree`].

mod action;
mod expr;
mod story;

pub use action::*;
pub use expr::*;
pub use story::*;

use crate::lang::span::{FileId, Span};

/// One file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct File {
    /// Which file.
    pub id: FileId,
    /// Its items in source order; items that could not be parsed are missing here and diagnosed.
    pub items: Vec<Item>,
    /// Names that stood in the head of an item that could not be parsed: references to them are
    /// not reported as unknown.
    pub poisoned: Vec<String>,
    /// Of which items clauses are missing, because they could not be parsed and are diagnosed.
    pub broken: Vec<Broken>,
}

/// An item without some of its clauses: what it lacks must not be told as missing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Broken {
    /// The item.
    pub span: Span,
    /// Its head, or that of a block in it, is a stand-in too: neither its event nor what it brings is known.
    pub headless: bool,
    /// What is missing, as written.
    pub lost: String,
}

/// A name with its place. Names are NFKC-normalised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ident {
    /// The name.
    pub name: String,
    /// Where it stands.
    pub span: Span,
}

/// A dotted path such as `login.city`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// The parts, at least one.
    pub parts: Vec<Ident>,
    /// All of it.
    pub span: Span,
}

impl Path {
    /// The path as written, joined with dots.
    pub fn text(&self) -> String {
        let names: Vec<&str> = self.parts.iter().map(|part| part.name.as_str()).collect();
        names.join(".")
    }
}

/// A text in quotes or a text block, escapes resolved and common indent removed, cut at its holes.
/// Where a plain text is needed the checker refuses holes; where a template is needed it refuses
/// extractors; where a pattern is needed it wants them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The pieces in order; literal pieces are never empty and never adjacent.
    pub parts: Vec<TextPart>,
    /// With the quotes.
    pub span: Span,
}

/// A piece of a [`Text`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextPart {
    /// Characters.
    Literal {
        /// After escapes: `\n`, `\"`, `\\`, `\{`, `\}`.
        value: String,
        /// Where they stand.
        span: Span,
    },
    /// `{path}` or `{name: extractor}`.
    Hole {
        /// The path or the capture's name.
        path: Path,
        /// The extractor of a pattern's capture.
        extractor: Option<ExtractorUse>,
        /// With the braces.
        span: Span,
    },
}

/// `mobile`, `digits(6)`, `one_of(sizes)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtractorUse {
    /// The extractor's name.
    pub name: Ident,
    /// Its arguments: whole numbers or names.
    pub args: Vec<ExtractorArg>,
    /// All of it.
    pub span: Span,
}

/// An argument of an extractor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExtractorArg {
    /// A whole number.
    Number(u32, Span),
    /// The name of a list.
    Name(Ident),
}

/// What stands at column 0.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// `let`
    Let(LetItem),
    /// `list`
    List(ListItem),
    /// `on`
    Rule(RuleItem),
    /// `signal`
    Signal(SignalItem),
    /// `dialog`
    Dialog(DialogItem),
    /// `extractor`
    Extractor(ExtractorItem),
    /// `test`
    Test(TestItem),
}

/// `let usual = 90 days`
#[derive(Debug, Clone, PartialEq)]
pub struct LetItem {
    /// The new name.
    pub name: Ident,
    /// Its value: a constant or a condition.
    pub value: Expr,
    /// All of it.
    pub span: Span,
}

/// `list office: network from "lists/office.txt"` or `list words = ["a", "b"]`
#[derive(Debug, Clone, PartialEq)]
pub struct ListItem {
    /// The new name.
    pub name: Ident,
    /// The type after the colon, as written.
    pub ty: Option<Ident>,
    /// Where the entries come from.
    pub source: ListSource,
    /// All of it.
    pub span: Span,
}

/// Where a list's entries come from.
#[derive(Debug, Clone, PartialEq)]
pub enum ListSource {
    /// `= [ … ]`
    Inline(Vec<Expr>),
    /// `from "path"`
    File(Text),
}

/// `extractor order_no = "NO{digits: digits(8)}"`
#[derive(Debug, Clone, PartialEq)]
pub struct ExtractorItem {
    /// The new name.
    pub name: Ident,
    /// The pattern.
    pub pattern: Text,
    /// All of it.
    pub span: Span,
}

/// `on … when … even in dialog continue { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct RuleItem {
    /// The alternatives, at least one.
    pub triggers: Vec<Trigger>,
    /// The condition.
    pub when: Option<Expr>,
    /// `even in dialog`
    pub even_in_dialog: bool,
    /// `continue`
    pub continues: bool,
    /// What to do.
    pub body: Block,
    /// From `on` to the opening brace, for labels.
    pub head: Span,
    /// All of it.
    pub span: Span,
}

/// One alternative of a rule's triggers. `text "a" or "b"` is two of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Trigger {
    /// The event's name as written: `text`, `subscribe`, `scan`, `click`, `view`, `image`, `any`,
    /// `attempt`, `login`, `locked`, `undeliverable` (the word `alert` after it is dropped), …
    /// For `event "NAME"` it is `event`.
    pub event: Ident,
    /// What must match.
    pub matcher: Matcher,
    /// It stands in for a head that could not be read, and names nothing.
    pub stand_in: bool,
    /// All of it.
    pub span: Span,
}

/// What a trigger wants of its message or key.
#[derive(Debug, Clone, PartialEq)]
pub enum Matcher {
    /// Nothing: every event of the kind.
    Always,
    /// `text "…"`, `scan scene "…"`, `click "…"`, `event "…"`: a pattern, perhaps with captures.
    Pattern(Text),
    /// `text containing "…"`
    Containing(Text),
    /// `text starting "…"`
    Starting(Text),
    /// `text matching "regex"`; named groups become captures of type text.
    Matching(Text),
    /// `text in cancel_words`
    InList(Ident),
    /// `text with phone: mobile, code: digits(6)`
    With(Vec<WithCapture>),
}

/// `phone: mobile`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithCapture {
    /// The capture's name.
    pub name: Ident,
    /// What it must look like.
    pub extractor: ExtractorUse,
}

/// `signal new_city "异地登录" weight 40 shadow { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct SignalItem {
    /// The signal.
    pub name: Ident,
    /// What people read.
    pub title: Text,
    /// How much it counts; may be negative.
    pub weight: Expr,
    /// Evaluated and recorded, never counted.
    pub shadow: bool,
    /// `when`
    pub when: Option<Expr>,
    /// `except`
    pub except: Option<Expr>,
    /// `learn until 14 days and 10 logins`
    pub learn: Option<Learn>,
    /// All of it.
    pub span: Span,
}

/// Until when a signal only watches.
#[derive(Debug, Clone, PartialEq)]
pub struct Learn {
    /// `14 days`
    pub duration: Option<Expr>,
    /// `10 logins`
    pub logins: Option<(u32, Span)>,
    /// `and` (both must be reached) or `or` (either).
    pub both: bool,
    /// All of it.
    pub span: Span,
}

/// `dialog binding expires 10 minutes { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct DialogItem {
    /// The dialog.
    pub name: Ident,
    /// `expires`
    pub expires: Option<Expr>,
    /// `ask` clauses in order.
    pub asks: Vec<AskClause>,
    /// `cancel on words { … }`
    pub cancel: Option<CancelClause>,
    /// `give up { … }`
    pub give_up: Option<Block>,
    /// `done { … }`
    pub done: Option<Block>,
    /// From `dialog` to the opening brace.
    pub head: Span,
    /// All of it.
    pub span: Span,
}

/// `ask phone: mobile "…" unless … invalid "…" at most 3 times`
#[derive(Debug, Clone, PartialEq)]
pub struct AskClause {
    /// The slot.
    pub slot: Ident,
    /// What fits it.
    pub extractor: ExtractorUse,
    /// The question.
    pub question: Text,
    /// When it need not be asked.
    pub unless: Option<Expr>,
    /// The answer to something that does not fit.
    pub invalid: Option<Text>,
    /// How many misfits before `give up`.
    pub at_most: Option<(u32, Span)>,
    /// All of it.
    pub span: Span,
}

/// `cancel on cancel_words { … }` or `cancel on "取消" or "退出" { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct CancelClause {
    /// The words.
    pub words: CancelWords,
    /// The answer.
    pub block: Block,
    /// All of it.
    pub span: Span,
}

/// Words that leave a dialog.
#[derive(Debug, Clone, PartialEq)]
pub enum CancelWords {
    /// A list's name.
    List(Ident),
    /// Words in place.
    Inline(Vec<Text>),
}
