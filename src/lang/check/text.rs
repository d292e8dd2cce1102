//! Texts: plain ones, templates with paths in them, patterns with typed holes.

use std::collections::BTreeMap;

use crate::lang::builtins::ExtractorKind;
use crate::lang::diagnostics::Diagnostic;
use crate::lang::program::{
    Expr, ExprKind, Extractor, Pattern, PatternCapture, PatternPart, Template, TemplatePart,
};
use crate::lang::span::Span;
use crate::lang::syntax::ast;
use crate::lang::value::Type;

use super::codes as c;
use super::items::{ValueItem, builtin, is_builtin, once};
use super::report::{quoted, w};
use super::scope::Scope;
use super::{Checker, ExtractorState};
use crate::lang::diagnostics::nearest;

/// Where a text ends up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Shown to the WeChat user it is about.
    Shown,
    /// Kept: audit, tags. Never codes.
    Kept,
}

/// Digits in `digits(n)` at most.
const MAX_DIGITS: u32 = 18;

/// The names of a pattern with their types and places.
pub(super) type Captures<'a> = BTreeMap<&'a str, (Type, Span)>;

impl<'a> Checker<'a> {
    /// A text without holes.
    pub(super) fn plain(&mut self, text: &ast::Text) -> Option<String> {
        let mut whole = String::new();
        for part in &text.parts {
            match part {
                ast::TextPart::Literal { value, .. } => whole.push_str(value),
                ast::TextPart::Hole { span, .. } => {
                    self.report.push(
                        Diagnostic::error(
                            c::HOLE_NOT_HERE,
                            w("这个文字里不能有 `{…}`", "this text takes no `{…}`"),
                            *span,
                            w("这里只能是固定的文字", "only fixed characters here"),
                        )
                        .with_help(w(
                            "真要写花括号就写 `\\{` 和 `\\}`",
                            "write `\\{` and `\\}` for braces",
                        )),
                    );
                    return None;
                }
            }
        }
        Some(whole)
    }

    /// A text with paths in it.
    pub(super) fn template(
        &mut self,
        text: &ast::Text,
        scope: &Scope<'_>,
        purpose: Purpose,
    ) -> Template {
        let mut parts = Vec::new();
        for part in &text.parts {
            match part {
                ast::TextPart::Literal { value, .. } => {
                    parts.push(TemplatePart::Literal(value.clone()))
                }
                ast::TextPart::Hole {
                    extractor: Some(extractor),
                    span,
                    path,
                } => {
                    self.report.push(
                        Diagnostic::error(
                            c::HOLE_NOT_HERE,
                            w(
                                "要发出去的文字里不能提取",
                                "a text that is sent cannot extract",
                            ),
                            *span,
                            w("这里只能写名字", "only a name here"),
                        )
                        .with_fix(
                            w("只留名字", "keep the name only"),
                            path.span.to(extractor.span),
                            path.text(),
                        ),
                    );
                }
                ast::TextPart::Hole { path, .. } => {
                    let value = self.path(path, scope, true);
                    self.showable(&value, purpose);
                    parts.push(TemplatePart::Value(value));
                }
            }
        }
        Template {
            parts,
            span: text.span,
        }
    }

    /// Whether a value may stand in a text; reports it when not.
    pub(super) fn showable(&mut self, value: &Expr, purpose: Purpose) -> bool {
        let hidden = match &value.kind {
            ExprKind::Field(id) => !self.registry.field_spec(*id).shown,
            _ => false,
        };
        let code = purpose == Purpose::Kept && value.ty == Type::Code;
        if code {
            self.report.push(Diagnostic::error(
                c::SECRET_KEPT,
                w(
                    "验证码不能写进审计和标签",
                    "codes are never kept in audits and tags",
                ),
                value.span,
                w("这是验证码", "this is a code"),
            ));
        } else if hidden || matches!(value.ty, Type::Login | Type::Alert) {
            let ty = &value.ty;
            self.report.push(
                Diagnostic::error(
                    c::NOT_SHOWN,
                    w("这个不能写进文字", "this cannot stand in a text"),
                    value.span,
                    w(format!("{ty:#}，不显示"), format!("{ty}, never shown")),
                )
                .with_help(w(
                    "写它的一部分，例如 `account.name`、`alert.number`、`login.place`",
                    "show a part of it, e.g. `account.name`, `alert.number`, `login.place`",
                )),
            );
        } else {
            return true;
        }
        false
    }

    /// A pattern with typed holes, and the names it captures.
    pub(super) fn pattern<'t>(&mut self, text: &'t ast::Text) -> Option<(Pattern, Captures<'t>)> {
        let mut parts = Vec::new();
        let mut captures = Captures::new();
        let mut taken = BTreeMap::new();
        let mut sound = true;
        for part in &text.parts {
            match part {
                ast::TextPart::Literal { value, .. } => {
                    parts.push(PatternPart::Literal(value.clone()))
                }
                ast::TextPart::Hole {
                    path,
                    extractor: None,
                    span,
                } => {
                    let name = path.text();
                    let fixed = format!("{{{name}: word}}");
                    self.report.push(
                        Diagnostic::error(
                            c::HOLE_NEEDS_EXTRACTOR,
                            w(
                                format!("`{{{name}}}` 没有说长什么样"),
                                format!("`{{{name}}}` does not say what it looks like"),
                            ),
                            *span,
                            w("缺少类型", "no extractor"),
                        )
                        .with_help(w(
                            format!("例如 `{fixed}`"),
                            format!("for example `{fixed}`"),
                        ))
                        .with_fix(
                            w(format!("写成 `{fixed}`"), format!("write `{fixed}`")),
                            *span,
                            fixed,
                        ),
                    );
                    sound = false;
                }
                ast::TextPart::Hole {
                    path,
                    extractor: Some(extractor),
                    ..
                } => {
                    let name = &path.parts[0];
                    let Some(extractor) = self.extractor(extractor) else {
                        sound = false;
                        continue;
                    };
                    if !self.capture_name(name) || !once(&mut taken, name, &mut self.report) {
                        sound = false;
                        continue;
                    }
                    captures.insert(&name.name, (extractor.ty(), name.span));
                    parts.push(PatternPart::Capture(PatternCapture {
                        name: name.name.clone(),
                        extractor,
                    }));
                }
            }
        }
        if sound
            && parts
                .iter()
                .all(|part| matches!(part, PatternPart::Literal(text) if text.trim().is_empty()))
        {
            self.report.push(Diagnostic::error(
                c::EMPTY_PATTERN,
                w("空的文字什么也等不到", "an empty text matches nothing"),
                text.span,
                w("这里是空的", "this is empty"),
            ));
            return None;
        }
        sound.then_some((Pattern { parts }, captures))
    }

    /// Whether a capture or slot may be called so.
    pub(super) fn capture_name(&mut self, name: &ast::Ident) -> bool {
        let taken = is_builtin(self.registry, &name.name);
        if taken {
            builtin(name, &mut self.report);
        }
        !taken
    }

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
        let own = self.items.extractor_names.keys().copied();
        let names = self
            .registry
            .extractors()
            .iter()
            .map(|spec| spec.name)
            .chain(own);
        let near = nearest(name, names);
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
                let example = if kind == K::Digits {
                    "digits(6)"
                } else {
                    "one_of(名字)"
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
                    .with_help(w(
                        format!("例如 `{example}`"),
                        format!("for example `{example}`"),
                    )),
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
                let item = self.items.extractors[index];
                let name = &item.name.name;
                self.report.push(
                    Diagnostic::error(
                        c::CYCLE,
                        w(
                            format!("`{name}` 用到了它自己"),
                            format!("`{name}` is defined by itself"),
                        ),
                        item.name.span,
                        w("绕了一圈又回到这里", "this leads back to itself"),
                    )
                    .with_label(from, w("从这里", "from here")),
                );
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

    /// The list `name`, whose entries are texts.
    pub(super) fn text_list(&mut self, name: &ast::Ident) -> Option<crate::lang::program::ListId> {
        if let Some(ValueItem::List(index)) = self.items.values.get(name.name.as_str()).copied() {
            let (id, ty) = self.list(index)?;
            if ty != Type::Text {
                self.report.push(Diagnostic::error(
                    c::WRONG_TYPE,
                    w("这里要文字的列表", "a list of text is wanted here"),
                    name.span,
                    w(
                        format!("这是{ty:#}的列表"),
                        format!("this is a list of {ty}"),
                    ),
                ));
                return None;
            }
            return Some(id);
        }
        if self.items.poisoned.contains(name.name.as_str()) {
            return None;
        }
        let text = &name.name;
        let lists = self.items.lists.iter().map(|item| item.name.name.as_str());
        let near = nearest(text, lists);
        let mut error = Diagnostic::error(
            c::UNKNOWN_NAME,
            w(
                format!("没有叫 `{text}` 的列表"),
                format!("there is no list `{text}`"),
            ),
            name.span,
            w("没有定义", "not defined"),
        );
        error = match near {
            Some(near) => error
                .with_help(w(
                    format!("是不是 `{near}`？"),
                    format!("did you mean `{near}`?"),
                ))
                .with_guess(
                    w(format!("改成 `{near}`"), format!("replace by `{near}`")),
                    name.span,
                    near,
                ),
            None => error.with_help(w(
                format!("先写 `list {text} = [ … ]`"),
                format!("define it with `list {text} = [ … ]`"),
            )),
        };
        self.report.push(error);
        None
    }
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
