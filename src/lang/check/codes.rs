//! The codes of the checker and the analysis by name. Their pages stand in
//! [`crate::lang::diagnostics::codes`]; released codes never change their meaning.

pub(in crate::lang) const DEFINED_TWICE: &str = "E0201";
pub(in crate::lang) const BUILTIN_NAME: &str = "E0202";
pub(in crate::lang) const UNKNOWN_NAME: &str = "E0203";
pub(in crate::lang) const CYCLE: &str = "E0204";
pub(in crate::lang) const NOT_HERE: &str = "E0205";
pub(in crate::lang) const NOT_IN_EVERY_ALTERNATIVE: &str = "E0206";
pub(in crate::lang) const CAPTURE_TYPES: &str = "E0207";
pub(in crate::lang) const UNKNOWN_EVENT: &str = "E0208";
pub(in crate::lang) const NOTHING_TO_MATCH: &str = "E0209";
pub(in crate::lang) const UNKNOWN_EXTRACTOR: &str = "E0210";
pub(in crate::lang) const UNKNOWN_FUNCTION: &str = "E0211";
pub(in crate::lang) const NOT_A_VALUE: &str = "E0212";
pub(in crate::lang) const TOO_BIG: &str = "E0213";
pub(in crate::lang) const VARIABLE_TYPES: &str = "E0214";
pub(in crate::lang) const DIFFERENT_TYPES: &str = "E0301";
pub(in crate::lang) const WRONG_TYPE: &str = "E0302";
pub(in crate::lang) const MISSING_UNIT: &str = "E0303";
pub(in crate::lang) const UNKNOWN_UNIT: &str = "E0304";
pub(in crate::lang) const MIXED_AND_OR: &str = "E0306";
pub(in crate::lang) const NEVER: &str = "E0307";
pub(in crate::lang) const NOT_CONSTANT: &str = "E0308";
pub(in crate::lang) const HOLE_NOT_HERE: &str = "E0309";
pub(in crate::lang) const HOLE_NEEDS_EXTRACTOR: &str = "E0310";
pub(in crate::lang) const NOT_SHOWN: &str = "E0311";
pub(in crate::lang) const BAD_REGEX: &str = "E0312";
pub(in crate::lang) const BAD_LITERAL: &str = "E0313";
pub(in crate::lang) const ARGUMENTS: &str = "E0314";
pub(in crate::lang) const OUT_OF_RANGE: &str = "E0315";
pub(in crate::lang) const EMPTY_PATTERN: &str = "E0316";
pub(in crate::lang) const NOT_COMPARABLE: &str = "E0317";
pub(in crate::lang) const BAD_ARITHMETIC: &str = "E0318";
pub(in crate::lang) const NOT_A_LIST: &str = "E0319";
pub(in crate::lang) const MISSING_OUTCOME: &str = "E0401";
pub(in crate::lang) const UNKNOWN_OUTCOME: &str = "E0402";
pub(in crate::lang) const LEAKS: &str = "E0403";
pub(in crate::lang) const ACTION_NOT_HERE: &str = "E0404";
pub(in crate::lang) const NAME_NEEDED: &str = "E0405";
pub(in crate::lang) const UNKNOWN_CALL: &str = "E0406";
pub(in crate::lang) const CALL_ARGUMENTS: &str = "E0407";
pub(in crate::lang) const MUST_BE_LAST: &str = "E0408";
pub(in crate::lang) const ALERT_PART: &str = "E0409";
pub(in crate::lang) const NO_REPLY_WORDS: &str = "E0410";
pub(in crate::lang) const NO_UNDELIVERABLE: &str = "E0411";
pub(in crate::lang) const TOO_LONG: &str = "E0412";
pub(in crate::lang) const EVEN_IN_DIALOG: &str = "E0413";
pub(in crate::lang) const CONTINUE_REPLIES: &str = "E0414";
pub(in crate::lang) const UNREACHABLE: &str = "E0415";
pub(in crate::lang) const TWO_ANY: &str = "E0416";
pub(in crate::lang) const CARD_FIELD: &str = "E0417";
pub(in crate::lang) const SECRET_KEPT: &str = "E0418";
pub(in crate::lang) const NOTHING_TO_SEND: &str = "E0419";
pub(in crate::lang) const UNKNOWN_DIALOG: &str = "E0501";
pub(in crate::lang) const NO_DONE: &str = "E0502";
pub(in crate::lang) const ASK_AGAIN: &str = "E0503";
pub(in crate::lang) const START_TYPES: &str = "E0504";
pub(in crate::lang) const NOT_TAKEN: &str = "E0505";
pub(in crate::lang) const TRUST_OUTSIDE: &str = "E0601";
pub(in crate::lang) const UNKNOWN_SIGNAL: &str = "E0602";
pub(in crate::lang) const SHADOW_SIGNAL: &str = "E0603";
pub(in crate::lang) const SIGNAL_WHEN: &str = "E0604";
pub(in crate::lang) const UNKNOWN_STREAM: &str = "E0605";
pub(in crate::lang) const ROW_FIELD: &str = "E0606";
pub(in crate::lang) const PRESENT_FIELD: &str = "E0607";
pub(in crate::lang) const UNKNOWN_ARGUMENT: &str = "E0608";
pub(in crate::lang) const MISSING_ARGUMENT: &str = "E0609";
pub(in crate::lang) const BY_KEY: &str = "E0610";
pub(in crate::lang) const NESTED_HISTORY: &str = "E0611";
pub(in crate::lang) const TOO_MANY_QUERIES: &str = "E0612";
pub(in crate::lang) const LIST_OUTSIDE: &str = "E0701";
pub(in crate::lang) const LIST_MISSING: &str = "E0702";
pub(in crate::lang) const BAD_ENTRY: &str = "E0703";
pub(in crate::lang) const LIST_TYPE: &str = "E0704";
pub(in crate::lang) const STORY_NAME: &str = "E0801";
pub(in crate::lang) const STORY_WORD: &str = "E0802";
pub(in crate::lang) const STORY_VALUE: &str = "E0803";
pub(in crate::lang) const UNUSED: &str = "W1001";
pub(in crate::lang) const REGEX_SLIP: &str = "W1002";
pub(in crate::lang) const ALWAYS: &str = "W1003";
pub(in crate::lang) const NO_EXIT: &str = "W1004";
pub(in crate::lang) const HIDDEN_ALTERNATIVE: &str = "W1005";
pub(in crate::lang) const TRIES: &str = "W1006";
pub(in crate::lang) const NEEDLESS_CONTINUE: &str = "W1007";
pub(in crate::lang) const ALLOW: &str = "W1008";
pub(in crate::lang) const OVERLAP: &str = "W1009";
pub(in crate::lang) const LONG_WINDOW: &str = "W1010";
pub(in crate::lang) const UNSET: &str = "W1011";
pub(in crate::lang) const MAY_BE_TOO_LONG: &str = "W1012";
pub(in crate::lang) const SWALLOWED: &str = "W1013";
pub(in crate::lang) const LOST_REPLY: &str = "W1014";
pub(in crate::lang) const SILENT: &str = "W1015";
pub(in crate::lang) const IDLE_EVEN: &str = "W1016";
pub(in crate::lang) const DOLLAR: &str = "W1017";
pub(in crate::lang) const BRACKETS: &str = "W1018";
pub(in crate::lang) const BAR: &str = "W1019";
pub(in crate::lang) const IDLE_ALLOW: &str = "W1020";
pub(in crate::lang) const LATE: &str = "W1021";

/// Every code of the checker and the analysis, for the test that each has a page.
#[cfg(test)]
pub(in crate::lang) const ALL: &[&str] = &[
    DEFINED_TWICE,
    BUILTIN_NAME,
    UNKNOWN_NAME,
    CYCLE,
    NOT_HERE,
    NOT_IN_EVERY_ALTERNATIVE,
    CAPTURE_TYPES,
    UNKNOWN_EVENT,
    NOTHING_TO_MATCH,
    UNKNOWN_EXTRACTOR,
    UNKNOWN_FUNCTION,
    NOT_A_VALUE,
    TOO_BIG,
    VARIABLE_TYPES,
    DIFFERENT_TYPES,
    WRONG_TYPE,
    MISSING_UNIT,
    UNKNOWN_UNIT,
    MIXED_AND_OR,
    NEVER,
    NOT_CONSTANT,
    HOLE_NOT_HERE,
    HOLE_NEEDS_EXTRACTOR,
    NOT_SHOWN,
    BAD_REGEX,
    BAD_LITERAL,
    ARGUMENTS,
    OUT_OF_RANGE,
    EMPTY_PATTERN,
    NOT_COMPARABLE,
    BAD_ARITHMETIC,
    NOT_A_LIST,
    MISSING_OUTCOME,
    UNKNOWN_OUTCOME,
    LEAKS,
    ACTION_NOT_HERE,
    NAME_NEEDED,
    UNKNOWN_CALL,
    CALL_ARGUMENTS,
    MUST_BE_LAST,
    ALERT_PART,
    NO_REPLY_WORDS,
    NO_UNDELIVERABLE,
    TOO_LONG,
    EVEN_IN_DIALOG,
    CONTINUE_REPLIES,
    UNREACHABLE,
    TWO_ANY,
    CARD_FIELD,
    SECRET_KEPT,
    NOTHING_TO_SEND,
    UNKNOWN_DIALOG,
    NO_DONE,
    ASK_AGAIN,
    START_TYPES,
    NOT_TAKEN,
    TRUST_OUTSIDE,
    UNKNOWN_SIGNAL,
    SHADOW_SIGNAL,
    SIGNAL_WHEN,
    UNKNOWN_STREAM,
    ROW_FIELD,
    PRESENT_FIELD,
    UNKNOWN_ARGUMENT,
    MISSING_ARGUMENT,
    BY_KEY,
    NESTED_HISTORY,
    TOO_MANY_QUERIES,
    LIST_OUTSIDE,
    LIST_MISSING,
    BAD_ENTRY,
    LIST_TYPE,
    STORY_NAME,
    STORY_WORD,
    STORY_VALUE,
    UNUSED,
    REGEX_SLIP,
    ALWAYS,
    NO_EXIT,
    HIDDEN_ALTERNATIVE,
    TRIES,
    NEEDLESS_CONTINUE,
    ALLOW,
    OVERLAP,
    LONG_WINDOW,
    UNSET,
    MAY_BE_TOO_LONG,
    SWALLOWED,
    LOST_REPLY,
    SILENT,
    IDLE_EVEN,
    BRACKETS,
    BAR,
    IDLE_ALLOW,
    LATE,
];
