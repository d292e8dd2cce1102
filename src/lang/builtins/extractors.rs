//! Extractors: what a hole in a pattern may look for.

use crate::lang::value::Type;

/// One extractor.
#[derive(Debug, Clone)]
pub struct ExtractorSpec {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: ExtractorKind,
    /// The type of what it gives.
    pub ty: Type,
    /// Chinese.
    pub zh: &'static str,
    /// English.
    pub en: &'static str,
    /// A rule file that compiles.
    pub example: &'static str,
}

/// The built-in extractors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "see lang::program::Extractor")]
pub enum ExtractorKind {
    Mobile,
    Digits,
    Number,
    Email,
    IdCard,
    Date,
    Word,
    Rest,
    Url,
    OneOf,
}

pub(super) fn table() -> Vec<ExtractorSpec> {
    use ExtractorKind as K;
    let spec = |name, kind, ty, zh, en, example| ExtractorSpec {
        name,
        kind,
        ty,
        zh,
        en,
        example,
    };
    vec![
        spec(
            "mobile",
            K::Mobile,
            Type::Phone,
            "大陆手机号，可带 +86、空格和横线",
            "a mainland mobile number, perhaps with +86, blanks and dashes",
            "on text with phone: mobile {\n    reply \"您的手机号是 {phone}。\"\n}\n",
        ),
        spec(
            "digits",
            K::Digits,
            Type::Code,
            "正好这么多位数字，写作 digits(6)",
            "exactly so many digits, written digits(6)",
            "on text with code: digits(6) {\n    reply \"收到验证码。\"\n}\n",
        ),
        spec(
            "number",
            K::Number,
            Type::Number,
            "数字，可带符号和小数",
            "a number, perhaps with sign and decimals",
            "on text \"买 {amount: number}\" when amount >= 1 {\n    reply \"好的，{amount} 份。\"\n}\n",
        ),
        spec(
            "email",
            K::Email,
            Type::Text,
            "邮箱地址",
            "an e-mail address",
            "on text with address: email {\n    reply \"邮箱是 {address}。\"\n}\n",
        ),
        spec(
            "id_card",
            K::IdCard,
            Type::Text,
            "18 位身份证号，核对校验位",
            "an 18-character identity number with a right check digit",
            "on text with card: id_card {\n    reply \"请不要在这里发送身份证号。\"\n}\n",
        ),
        spec(
            "date",
            K::Date,
            Type::Text,
            "日期，如 2026-01-05、2026年1月5日、1/5",
            "a date such as 2026-01-05, 2026年1月5日, 1/5",
            "on text \"预约 {day: date}\" {\n    reply \"已记下 {day}。\"\n}\n",
        ),
        spec(
            "word",
            K::Word,
            Type::Text,
            "没有空格的一段文字",
            "characters without blanks",
            "on text \"查询 {order: word}\" {\n    reply \"正在查询 {order}。\"\n}\n",
        ),
        spec(
            "rest",
            K::Rest,
            Type::Text,
            "剩下的全部文字，至少一个字",
            "everything that is left, at least one character",
            "on text \"留言 {words: rest}\" {\n    reply \"已收到留言。\"\n}\n",
        ),
        spec(
            "url",
            K::Url,
            Type::Text,
            "http 或 https 链接",
            "an http or https address",
            "on text with page: url {\n    reply \"链接收到了。\"\n}\n",
        ),
        spec(
            "one_of",
            K::OneOf,
            Type::Text,
            "列表里的一项，写作 one_of(名字)",
            "an entry of a list, written one_of(name)",
            "list sizes = [\"大\", \"中\", \"小\"]\non text \"要{size: one_of(sizes)}杯\" {\n    reply \"好的，{size}杯。\"\n}\n",
        ),
    ]
}
