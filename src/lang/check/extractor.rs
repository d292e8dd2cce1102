//! Extractors: what a hole or slot must look like, built in or made from a pattern.

use crate::lang::builtins::ExtractorKind;
use crate::lang::diagnostics::{Diagnostic, nearest};
use crate::lang::program::{Extractor, Pattern, PatternCapture, PatternPart};
use crate::lang::span::Span;
use crate::lang::syntax::ast;

use super::codes as c;
use super::items::{ValueItem, circle};
use super::report::{quoted, w};
use super::{Checker, ExtractorState};

/// Digits in `digits(n)` at most.
const MAX_DIGITS: u32 = 18;

impl<'a> Checker<'a> {
    /// What a hole or slot must look like.
    pub(super) fn extractor(&mut self, used: &ast::ExtractorUse) -> Option<Extractor> {
        let name = used.name.name.as_str();
        if let Some(spec) = self.registry.extractor(name) {
            let kind = spec.kind;
            return self.builtin_extractor(kind, used);
        }
        if let Some(index) = self.items.extractor_names.get(name).copied() {
            self.used.extractors.insert(index);
            if let Some(extra) = used.args.first() {
                self.extractor_args(used, extra_span(extra), name);
            }
            return self.custom(index, used.span);
        }
        if self.items.poisoned.contains(name) {
            return None;
        }
        if let Some(ValueItem::List(index)) = self.items.values.get(name) {
            self.used.lists.insert(*index);
            let right = format!("one_of({name})");
            self.report.push(
                Diagnostic::error(
                    c::UNKNOWN_EXTRACTOR,
                    w(
                        format!("`{name}` 是列表，不是提取器"),
                        format!("`{name}` is a list, no extractor"),
                    ),
                    used.span,
                    w(
                        format!("列表里的一项写 `{right}`"),
                        format!("one of its entries is written `{right}`"),
                    ),
                )
                .with_fix(
                    w(format!("写成 `{right}`"), format!("write `{right}`")),
                    used.span,
                    right,
                ),
            );
            return None;
        }
        let own = self.items.extractor_names.keys().copied();
        let names = self
            .registry
            .extractors()
            .iter()
            .map(|spec| spec.name)
            .chain(own);
        let near = called(name).or_else(|| nearest(name, names));
        // `digit(6)` says how many already.
        let bare = |near: &'a str| near.split('(').next().unwrap_or(near);
        let near = match used.args.is_empty() {
            true => near,
            false => near.map(bare),
        };
        let all: Vec<&str> = self
            .registry
            .extractors()
            .iter()
            .map(|spec| spec.name)
            .collect();
        let mut error = Diagnostic::error(
            c::UNKNOWN_EXTRACTOR,
            w(
                format!("没有 `{name}` 这个提取器"),
                format!("there is no extractor `{name}`"),
            ),
            used.name.span,
            w("不认识", "unknown"),
        )
        .with_help(w(
            format!("内置的有：{}", quoted(&all, "、")),
            format!("built in: {}", quoted(&all, ", ")),
        ));
        if let Some(near) = near {
            error = error.with_guess(
                w(format!("改成 `{near}`"), format!("replace by `{near}`")),
                used.name.span,
                near,
            );
        }
        self.report.push(error);
        None
    }

    /// Reports `{number: n}`, if the name and what it looks like have changed places.
    pub(super) fn swapped(
        &mut self,
        name: &ast::Ident,
        used: &ast::ExtractorUse,
        text: Span,
        hole: &ast::TextPart,
    ) -> bool {
        let (kind, called) = (name.name.as_str(), used.name.name.as_str());
        let known = self.registry.extractor(called).is_some()
            || self.items.extractor_names.contains_key(called)
            || self.items.poisoned.contains(called);
        let ast::TextPart::Hole { span, .. } = hole else {
            return false;
        };
        if known || self.registry.extractor(kind).is_none() || !used.args.is_empty() {
            return false;
        }
        let title = w(
            "名字和提取器的次序反了",
            "a name and its extractor have changed places",
        );
        let right = format!("{{{called}: {kind}}}");
        let label = w(format!("应是 `{right}`"), format!("should be `{right}`"));
        let found = Diagnostic::error(c::UNKNOWN_EXTRACTOR, title.clone(), *span, label).with_fix(
            w(format!("写成 `{right}`"), format!("write `{right}`")),
            *span,
            right,
        );
        let sources = self.sources;
        let mut told = false;
        self.report.amend(c::UNKNOWN_EXTRACTOR, |mut known| {
            if known.title == title && text.contains(known.primary.span) && !told {
                told = true;
                known.join(&found, |gap| sources.slice(gap).to_owned());
            }
            known
        });
        if !told {
            self.report.push(found);
        }
        true
    }

    /// Reports `ask word: flower`, the same of a question.
    pub(super) fn swapped_question(&mut self, name: &ast::Ident, used: &ast::ExtractorUse) -> bool {
        let (kind, called) = (name.name.as_str(), used.name.name.as_str());
        let known = self.registry.extractor(called).is_some()
            || self.items.extractor_names.contains_key(called)
            || self.items.poisoned.contains(called)
            || self.items.values.contains_key(called);
        if known || self.registry.extractor(kind).is_none() || !used.args.is_empty() {
            return false;
        }
        let right = format!("{called}: {kind}");
        self.report.push(
            Diagnostic::error(
                c::UNKNOWN_EXTRACTOR,
                w(
                    "名字和提取器的次序反了",
                    "a name and its extractor have changed places",
                ),
                name.span.to(used.span),
                w(format!("应是 `{right}`"), format!("should be `{right}`")),
            )
            .with_fix(
                w(format!("写成 `{right}`"), format!("write `{right}`")),
                name.span.to(used.span),
                right,
            ),
        );
        true
    }

    fn builtin_extractor(
        &mut self,
        kind: ExtractorKind,
        used: &ast::ExtractorUse,
    ) -> Option<Extractor> {
        use ExtractorKind as K;
        let name = used.name.name.as_str();
        match (kind, used.args.as_slice()) {
            (K::Digits, [ast::ExtractorArg::Number(count, span)]) => {
                if (1..=MAX_DIGITS).contains(count) {
                    return Some(Extractor::Digits(*count));
                }
                self.out_of_range(*span, "位数在 1 到 18 之间", "1 to 18 digits");
                None
            }
            (K::OneOf, [ast::ExtractorArg::Name(list)]) => {
                self.text_list(list).map(Extractor::OneOf)
            }
            (K::Digits | K::OneOf, _) => {
                let help = match kind {
                    K::Digits => w("例如 `digits(6)`", "for example `digits(6)`"),
                    _ => w(
                        "括号里是列表的名字：先写 `list shops = [\"东\", \"西\"]`，这里写 `one_of(shops)`",
                        "the parentheses hold the name of a list: write `list shops = [\"east\", \"west\"]` first, and `one_of(shops)` here",
                    ),
                };
                self.report.push(
                    Diagnostic::error(
                        c::ARGUMENTS,
                        w(
                            format!("`{name}` 的括号里不对"),
                            format!("`{name}` wants something else in its parentheses"),
                        ),
                        used.span,
                        w("写法不对", "not like this"),
                    )
                    .with_help(help),
                );
                None
            }
            (_, [first, ..]) => {
                self.extractor_args(used, extra_span(first), name);
                None
            }
            (K::Mobile, []) => Some(Extractor::Mobile),
            (K::Number, []) => Some(Extractor::Number),
            (K::Email, []) => Some(Extractor::Email),
            (K::IdCard, []) => Some(Extractor::IdCard),
            (K::Date, []) => Some(Extractor::Date),
            (K::Word, []) => Some(Extractor::Word),
            (K::Rest, []) => Some(Extractor::Rest),
            (K::Url, []) => Some(Extractor::Url),
        }
    }

    fn extractor_args(&mut self, used: &ast::ExtractorUse, span: Span, name: &str) {
        self.report.push(
            Diagnostic::error(
                c::ARGUMENTS,
                w(
                    format!("`{name}` 后面没有括号"),
                    format!("`{name}` takes nothing in parentheses"),
                ),
                span,
                w("多余", "too much"),
            )
            .with_fix(
                w(format!("只写 `{name}`"), format!("write `{name}`")),
                used.span,
                name,
            ),
        );
    }

    fn custom(&mut self, index: usize, from: Span) -> Option<Extractor> {
        match &self.extractors[index] {
            ExtractorState::Done(pattern) => {
                return pattern
                    .clone()
                    .map(|pattern| Extractor::Custom(Box::new(pattern)));
            }
            ExtractorState::Open => {
                let name = &self.items.extractors[index].name;
                self.report.push(circle(name, from));
                return None;
            }
            ExtractorState::Todo => {}
        }
        self.extractors[index] = ExtractorState::Open;
        let item: &'a ast::ExtractorItem = self.items.extractors[index];
        let pattern = self.pattern(&item.pattern).map(|(pattern, _)| pattern);
        let result = match pattern {
            Some(pattern) if pattern_size(&pattern) > super::expr::MAX_NODES => {
                self.report.push(Diagnostic::error(
                    c::TOO_BIG,
                    w("展开以后太大了", "too big once written out"),
                    item.name.span,
                    w("部分太多", "too many parts"),
                ));
                None
            }
            other => other,
        };
        self.extractors[index] = ExtractorState::Done(result.clone());
        result.map(|pattern| Extractor::Custom(Box::new(pattern)))
    }

    /// Checks an `extractor` item that nothing uses.
    pub(super) fn extractor_item(&mut self, index: usize) {
        let span = self.items.extractors[index].name.span;
        self.custom(index, span);
    }
}

/// The extractor for what people call it, in Chinese, in its sound, or in another language's types.
pub(super) fn called(word: &str) -> Option<&'static str> {
    Some(match word {
        "shouji" | "shoujihao" | "手机" | "手机号" | "电话" | "phone" | "tel" => "mobile",
        "yanzhengma" | "验证码" | "code" | "digit" => "digits(6)",
        "shuzi" | "数字" | "数" | "int" | "integer" | "num" | "float" => "number",
        "youxiang" | "邮箱" | "邮件" | "mail" => "email",
        "shenfenzheng" | "身份证" | "身份证号" | "idcard" => "id_card",
        "riqi" | "日期" | "day" => "date",
        "wangzhi" | "lianjie" | "网址" | "链接" | "link" => "url",
        "ci" | "词" | "文字" | "text" | "string" | "str" => "word",
        "qita" | "其余" | "剩下" | "any" | "all" => "rest",
        _ => return None,
    })
}

fn extra_span(arg: &ast::ExtractorArg) -> Span {
    match arg {
        ast::ExtractorArg::Number(_, span) => *span,
        ast::ExtractorArg::Name(name) => name.span,
    }
}

fn pattern_size(pattern: &Pattern) -> usize {
    let of = |part: &PatternPart| match part {
        PatternPart::Capture(PatternCapture {
            extractor: Extractor::Custom(inner),
            ..
        }) => 1 + pattern_size(inner),
        _ => 1,
    };
    pattern.parts.iter().map(of).sum()
}
