//! Texts: plain ones, templates with paths in them, patterns with typed holes.

use std::collections::BTreeMap;

use crate::lang::diagnostics::Diagnostic;
use crate::lang::program::{
    Expr, ExprKind, Pattern, PatternCapture, PatternPart, Template, TemplatePart,
};
use crate::lang::span::Span;
use crate::lang::syntax::{LOST_NAME, ast};
use crate::lang::value::Type;

use super::Checker;
use super::codes as c;
use super::items::{ValueItem, builtin, is_builtin, once};
use super::report::w;
use super::scope::Scope;
use crate::lang::diagnostics::nearest;
use crate::text::MAX_TEXT_BYTES;

/// Where a text ends up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Shown to the WeChat user it is about.
    Shown,
    /// Kept: audit, tags. Never codes.
    Kept,
}

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
        // Where a `$` stands right before what comes next.
        let mut dollar = None;
        for part in &text.parts {
            let before = dollar.take();
            match part {
                ast::TextPart::Literal { value, span } => {
                    dollar = value.ends_with('$').then_some(Span {
                        start: span.end.saturating_sub(1),
                        ..*span
                    });
                    self.name_in_brackets(*span, text, scope);
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
                    if let Some(sign) = before {
                        self.dollar(sign, path, &value);
                    }
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

    /// `${nick}`, as templates of other languages have it. Before a number it may be the price.
    fn dollar(&mut self, sign: Span, path: &ast::Path, value: &Expr) {
        if matches!(value.ty, Type::Number | Type::Poison) {
            return;
        }
        let right = format!("{{{}}}", path.text());
        self.report.push(
            Diagnostic::warning(
                c::DOLLAR,
                w(
                    "花括号前面的 `$` 会照样发出去",
                    "the `$` before the brace is sent as it is",
                ),
                sign,
                w(
                    format!("值写 `{right}` 就行"),
                    format!("a value is written `{right}`"),
                ),
            )
            .with_guess(w("去掉 `$`", "remove the `$`"), sign, ""),
        );
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
            ).with_help(w(
                "订单号、会员号这样的数字不是验证码：自己定一种，例如 `extractor order_no = \"{digits: digits(8)}\"`，再写 `order_no`",
                "numbers of orders or members are no codes: with `extractor order_no = \"{digits: digits(8)}\"` write `order_no`",
            )));
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
                    self.one_word(path, *span);
                    sound = false;
                }
                ast::TextPart::Hole {
                    path,
                    extractor: Some(extractor),
                    ..
                } => {
                    let name = &path.parts[0];
                    if self.swapped(name, extractor, text.span, part) {
                        sound = false;
                        continue;
                    }
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
        let bytes: usize = parts.iter().map(literal_bytes).sum();
        if bytes > MAX_TEXT_BYTES {
            self.report.push(Diagnostic::error(
                c::TOO_LONG,
                w(
                    format!("文字有 {bytes} 字节，消息只看前 {MAX_TEXT_BYTES} 字节"),
                    format!("{bytes} bytes, of messages {MAX_TEXT_BYTES} are looked at"),
                ),
                text.span,
                w("没有消息有这么长", "no message is as long"),
            ));
            return None;
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
        let lost = self.items.poisoned.contains(LOST_NAME);
        if lost || self.items.poisoned.contains(name.name.as_str()) {
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
            Some(near) => error.with_nearest(near, name.span, near),
            None => error
                .with_help(w(
                    format!("是词就加引号：`\"{text}\"`；是列表就先写 `list {text} = [ … ]`"),
                    format!("a word stands in quotes: `\"{text}\"`; a list is defined with `list {text} = [ … ]`"),
                ))
                .with_guess(
                    w("加上引号", "add the quotes"),
                    name.span,
                    format!("\"{text}\""),
                ),
        };
        self.report.push(error);
        None
    }
}

/// Bytes a message must have for a piece of a pattern.
fn literal_bytes(part: &PatternPart) -> usize {
    match part {
        PatternPart::Literal(text) => text.len(),
        PatternPart::Capture(_) => 0,
    }
}
