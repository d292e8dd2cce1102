//! What cannot be used of a row, and how numbers are read.

use super::Reason;
use crate::lang::diagnostics::Language;

/// A row or a field of it that cannot be used, and what stood there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lost<'b> {
    pub(super) reason: Reason,
    /// Which field, where the reason does not say so itself.
    pub(super) field: Option<&'b str>,
    pub(super) text: Option<&'b str>,
    /// What is wrong with a row of CSV as such.
    pub(super) flaw: Option<Flaw>,
}

/// Why a line of CSV is no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// It has so many fields, and the header so many.
    Width(usize, usize),
    /// A quote has no end.
    Quote,
    /// It has more bytes or lines than any row.
    Long,
}

impl Flaw {
    /// In words.
    pub(super) fn words(self, language: Language) -> String {
        match (self, language) {
            (Self::Width(is, header), Language::Zh) => {
                format!("（{is} 个字段，表头是 {header} 个）")
            }
            (Self::Width(1, header), Language::En) => {
                format!(" (1 field, the header has {header})")
            }
            (Self::Width(is, header), Language::En) => {
                format!(" ({is} fields, the header has {header})")
            }
            (Self::Quote, _) => language
                .pick("（引号没有合上）", " (a quote without an end)")
                .to_owned(),
            (Self::Long, _) => language.pick("（太长）", " (too long)").to_owned(),
        }
    }
}

impl<'b> Lost<'b> {
    /// With what stood there.
    pub(super) fn text(reason: Reason, text: &'b str) -> Self {
        Self {
            reason,
            text: Some(text).filter(|text| !text.is_empty()),
            ..Self::from(reason)
        }
    }

    /// The same in a field.
    pub(super) fn field(reason: Reason, field: &'b str, text: &'b str) -> Self {
        Self {
            field: Some(field),
            ..Self::text(reason, text)
        }
    }
}

impl From<Reason> for Lost<'_> {
    fn from(reason: Reason) -> Self {
        Self {
            reason,
            field: None,
            text: None,
            flaw: None,
        }
    }
}

/// Degrees.
pub(super) fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// A whole number from 0 up; also as tables of numbers write it, `64513.0`.
pub(super) fn whole(text: &str) -> Option<u64> {
    if let Ok(whole) = text.parse() {
        return Some(whole);
    }
    // What a float holds exactly.
    const MOST: f64 = (1_u64 << 53) as f64;
    let fits = |n: &f64| n.fract() == 0.0 && (0.0..=MOST).contains(n);
    number(text).filter(fits).map(|n| n as u64)
}

/// The number of an autonomous system, also as `AS64513`.
pub(super) fn asn(text: &str) -> Option<u32> {
    let bare = match text.as_bytes() {
        [b'A' | b'a', b'S' | b's', ..] => text.get(2..)?,
        _ => text,
    };
    whole(bare).and_then(|asn| u32::try_from(asn).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_tables_write_them_and_never_bent() {
        for text in ["64513", "64513.0", "AS64513", "as64513"] {
            assert_eq!(asn(text), Some(64_513), "{text}");
        }
        for text in [
            "-1",
            "64513.5",
            "4294967296",
            "1e99",
            "AS",
            "A64513",
            "",
            "NaN",
        ] {
            assert_eq!(asn(text), None, "{text}");
        }
        assert_eq!(whole("18446744073709551615"), Some(u64::MAX));
        assert_eq!(whole("-3"), None);
        assert_eq!((number("39.9"), number("inf")), (Some(39.9), None));
    }
}
