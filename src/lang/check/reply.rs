//! Replies, cards and alerts: their parts, and the platform's limits.

use crate::lang::builtins::{CARDS, CardField, MAX_TEXT, TEMPLATE_LIMITS};
use crate::lang::diagnostics::{Diagnostic, Example};
use crate::lang::program::{ActionKind, AlertAction, AlertTemplate, Reply, Template, TemplatePart};
use crate::lang::span::Span;
use crate::lang::syntax::ast;
use crate::lang::value::Type;

use super::Checker;
use super::codes as c;
use super::report::{quoted, w};
use super::scope::Scope;
use super::template_field::misfit;
use super::text::Purpose;
use crate::lang::diagnostics::nearest;

/// Life of the answer 是我 when an alert does not say: 24 hours.
const DEFAULT_EXPIRES: i64 = 86_400_000;
/// What `once per … per` may name.
const PER_MACHINE: &str = "login.machine";
/// The field of a template message that is the link.
const URL: &str = "url";

impl Checker<'_> {
    pub(super) fn reply_text(&mut self, text: &ast::Text, scope: &Scope<'_>) -> ActionKind {
        let template = self.template(text, scope, Purpose::Shown);
        self.said(text, "回复", "the reply");
        self.text_limit(&template);
        ActionKind::Reply(Reply::Text(template))
    }

    pub(super) fn text_limit(&mut self, template: &Template) {
        let bytes: usize = literals(template).map(str::len).sum();
        if bytes > MAX_TEXT {
            self.report.push(Diagnostic::error(
                c::TOO_LONG,
                w(
                    format!("文字有 {bytes} 字节，微信最多 {MAX_TEXT}"),
                    format!("{bytes} bytes of text, the platform takes {MAX_TEXT}"),
                ),
                template.span,
                w(
                    "太长，一个汉字是 3 字节",
                    "too long; a Chinese character is 3 bytes",
                ),
            ));
        }
    }

    pub(super) fn reply_media(
        &mut self,
        kind: &ast::Ident,
        media: &ast::Text,
        scope: &Scope<'_>,
    ) -> Option<ActionKind> {
        self.said(media, "素材编号", "the media id");
        let media = self.template(media, scope, Purpose::Shown);
        self.media_id(&media);
        let reply = match kind.name.as_str() {
            "image" => Reply::Image(media),
            "voice" => Reply::Voice(media),
            other => {
                let near = nearest(other, ["image", "voice"]);
                let mut error = Diagnostic::error(
                    c::CARD_FIELD,
                    w(
                        format!("不能回复 `{other}`"),
                        format!("there is no reply of kind `{other}`"),
                    ),
                    kind.span,
                    w("不认识", "unknown"),
                )
                .with_help(w(
                    "可以写 image、voice、news、music、video",
                    "image, voice, news, music, video",
                ));
                if let Some(near) = near {
                    error = error.with_guess(
                        w(format!("改成 `{near}`"), format!("replace by `{near}`")),
                        kind.span,
                        near,
                    );
                }
                self.report.push(error);
                return None;
            }
        };
        Some(ActionKind::Reply(reply))
    }

    pub(super) fn reply_card(
        &mut self,
        kind: &ast::Ident,
        fields: &[ast::FieldSetting],
        span: Span,
        scope: &Scope<'_>,
    ) -> Option<ActionKind> {
        let Some((_, known)) = CARDS.iter().find(|(name, _)| *name == kind.name) else {
            let names: Vec<&str> = CARDS.iter().map(|(name, _)| *name).collect();
            self.report.push(
                Diagnostic::error(
                    c::CARD_FIELD,
                    w(
                        format!("没有 `{}` 这种回复", kind.name),
                        format!("there is no reply of kind `{}`", kind.name),
                    ),
                    kind.span,
                    w("不认识", "unknown"),
                )
                .with_help(w(
                    format!("可以写的有：{}", quoted(&names, "、")),
                    format!("there are: {}", quoted(&names, ", ")),
                )),
            );
            return None;
        };
        let mut values = self.card_fields(kind, fields, known, span, scope)?;
        let mut take = |name: &str| {
            values
                .iter()
                .position(|(field, _)| *field == name)
                .map(|at| values.swap_remove(at).1)
        };
        let reply = match kind.name.as_str() {
            "news" => Reply::News {
                title: take("title")?,
                description: take("description"),
                picture: take("picture"),
                url: take(URL)?,
            },
            "music" => Reply::Music {
                title: take("title"),
                description: take("description"),
                url: take(URL),
                hq_url: take("hq_url"),
                thumb: take("thumb")?,
            },
            _ => Reply::Video {
                media: take("media")?,
                title: take("title"),
                description: take("description"),
            },
        };
        Some(ActionKind::Reply(reply))
    }

    fn card_fields<'f>(
        &mut self,
        kind: &ast::Ident,
        fields: &'f [ast::FieldSetting],
        known: &[CardField],
        span: Span,
        scope: &Scope<'_>,
    ) -> Option<Vec<(&'f str, Template)>> {
        let mut values: Vec<(&str, Template)> = Vec::new();
        let mut sound = true;
        for field in fields {
            let name = field.name.name.as_str();
            let names = || known.iter().map(|field| field.name);
            let twice = values.iter().any(|(other, _)| *other == name);
            if twice || !names().any(|other| other == name) {
                let mut error = Diagnostic::error(
                    c::CARD_FIELD,
                    if twice {
                        w(
                            format!("`{name}` 写了两次"),
                            format!("`{name}` is set twice"),
                        )
                    } else {
                        w(
                            format!("`{}` 没有 `{name}`", kind.name),
                            format!("`{}` has no `{name}`", kind.name),
                        )
                    },
                    field.name.span,
                    w("多余", "too much"),
                )
                .with_help(w(
                    format!("可以写的有：{}", quoted(names(), "、")),
                    format!("there are: {}", quoted(names(), ", ")),
                ));
                if let Some(near) = nearest(name, names()).filter(|_| !twice) {
                    error = error.with_guess(
                        w(format!("改成 `{near}`"), format!("replace by `{near}`")),
                        field.name.span,
                        near,
                    );
                }
                self.report.push(error);
                sound = false;
                continue;
            }
            match self.setting(&field.value, scope) {
                Some(value) => {
                    self.field_said(name, &field.value, &value);
                    values.push((name, value));
                }
                None => sound = false,
            }
        }
        // One that is misspelt is not missing too.
        let misspelt = fields
            .iter()
            .any(|set| !known.iter().any(|field| field.name == set.name.name));
        for field in known.iter().filter(|field| field.needed && !misspelt) {
            if !fields.iter().any(|set| set.name.name == field.name) {
                let name = field.name;
                self.report.push(
                    Diagnostic::error(
                        c::CARD_FIELD,
                        w(
                            format!("`{}` 缺少 `{name}`", kind.name),
                            format!("`{}` needs `{name}`", kind.name),
                        ),
                        kind.span,
                        w(format!("没有 `{name}:`"), format!("no `{name}:`")),
                    )
                    .with_label(span, w("在这里面", "in here")),
                );
                sound = false;
            }
        }
        sound.then_some(values)
    }

    /// `key: "text"` or `key: path`, as a template.
    fn setting(&mut self, value: &ast::Expr, scope: &Scope<'_>) -> Option<Template> {
        match &value.kind {
            ast::ExprKind::Text(text) => Some(self.template(text, scope, Purpose::Shown)),
            _ => {
                let checked = self.maybe(value, scope);
                if checked.ty == Type::Poison || !self.showable(&checked, Purpose::Shown) {
                    return None;
                }
                Some(Template {
                    parts: vec![TemplatePart::Value(checked)],
                    span: value.span,
                })
            }
        }
    }

    pub(super) fn alert(
        &mut self,
        alert: &ast::AlertAction,
        keyword: Span,
        scope: &Scope<'_>,
    ) -> Option<AlertAction> {
        let expires = match &alert.expires {
            Some(expires) => self.duration(expires, "hours"),
            None => Some(DEFAULT_EXPIRES),
        };
        let once_per = match &alert.once_per {
            Some(once_per) => self.duration(once_per, "minutes"),
            None => Some(0),
        };
        let per_machine = match &alert.per {
            Some(path) if path.text() != PER_MACHINE => {
                self.report.push(
                    Diagnostic::error(
                        c::ALERT_PART,
                        w(
                            format!("冷却只能按账号，或者 `per {PER_MACHINE}`"),
                            format!("a cool-down is per account, or `per {PER_MACHINE}`"),
                        ),
                        path.span,
                        w("不能按这个", "not by this"),
                    )
                    .with_fix(
                        w(
                            format!("改成 `{PER_MACHINE}`"),
                            format!("replace by `{PER_MACHINE}`"),
                        ),
                        path.span,
                        PER_MACHINE,
                    ),
                );
                return None;
            }
            per => per.is_some(),
        };
        let message = alert.message.as_ref().map(|text| {
            let template = self.template(text, scope, Purpose::Shown);
            self.said(text, "`message`", "`message`");
            self.text_limit(&template);
            template
        });
        let template = alert
            .template
            .as_ref()
            .map(|template| self.alert_template(template, scope));
        let Some(message) = message else {
            self.report.push(
                Diagnostic::error(
                    c::ALERT_PART,
                    w("`alert` 缺少 `message`", "`alert` needs a `message`"),
                    keyword,
                    w("没有要发的文字", "no text to send"),
                )
                .with_help(w(
                    "48 小时内说过话的人收到的是 `message`，模板是后备",
                    "who wrote within 48 hours gets the `message`; the template is the fallback",
                )),
            );
            return None;
        };
        Some(AlertAction {
            expires: expires?,
            once_per: once_per?,
            per_machine,
            message,
            template,
        })
    }

    fn alert_template(
        &mut self,
        template: &ast::TemplateMessage,
        scope: &Scope<'_>,
    ) -> AlertTemplate {
        let mut fields: Vec<(String, Template)> = Vec::new();
        let mut url = None;
        let mut taken = std::collections::BTreeMap::new();
        for field in &template.fields {
            if !super::items::once(&mut taken, &field.name, &mut self.report) {
                continue;
            }
            let Some(value) = self.setting(&field.value, scope) else {
                continue;
            };
            let name = field.name.name.as_str();
            if name == URL {
                self.field_said(name, &field.value, &value);
                url = Some(value);
                continue;
            }
            let kind = name.trim_end_matches(|c: char| c.is_ascii_digit());
            if let Some((_, most)) = TEMPLATE_LIMITS.iter().find(|(known, _)| *known == kind) {
                let count: usize = literals(&value).map(|text| text.chars().count()).sum();
                if count > *most {
                    self.report.push(Diagnostic::error(
                        c::TOO_LONG,
                        w(
                            format!("`{name}` 有 {count} 个字，微信最多 {most} 个"),
                            format!("`{name}` has {count} characters, the platform takes {most}"),
                        ),
                        value.span,
                        w("太长", "too long"),
                    ));
                }
            }
            if let Some(misfit) = misfit(name, &value) {
                let title = w(
                    format!("`{name}` 放不下这样的值，微信会退回整条消息"),
                    format!("`{name}` takes no such value, the platform refuses the whole message"),
                );
                let mut found = Diagnostic::error(c::ALERT_PART, title, value.span, misfit.why);
                if let Some((expr, text)) = misfit.example {
                    let about = self.sources.slice(expr.span).to_owned();
                    let example = Example {
                        given: vec![(about, format!("\"{text}\""))],
                        holds: false,
                    };
                    let words = w("平台不收", "the platform does not take it");
                    found = found.with_example(example, words);
                }
                self.report.push(found);
            }
            fields.push((name.to_owned(), value));
        }
        if !self.templates.contains(&template.name.name) {
            self.templates.push(template.name.name.clone());
        }
        AlertTemplate {
            name: template.name.name.clone(),
            fields,
            url,
        }
    }
}

/// The characters of a template that are certain.
pub(in crate::lang) fn literals(template: &Template) -> impl Iterator<Item = &str> {
    template.parts.iter().filter_map(|part| match part {
        TemplatePart::Literal(text) => Some(text.as_str()),
        TemplatePart::Value(_) => None,
    })
}
