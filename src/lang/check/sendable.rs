//! Parts of replies that are nothing, or that the platform does not take.

use crate::lang::diagnostics::Diagnostic;
use crate::lang::program::{Template, TemplatePart};
use crate::lang::syntax::ast;

use super::Checker;
use super::codes as c;
use super::report::w;

/// How files that the platform keeps end; a media id has no dot.
const FILES: [&str; 8] = [
    ".jpg", ".jpeg", ".png", ".gif", ".bmp", ".mp3", ".amr", ".mp4",
];
/// What links begin with.
const SCHEMES: [&str; 2] = ["https://", "http://"];

impl Checker<'_> {
    /// Reports a text without any characters, which nobody would get. What it is for is said by the words.
    pub(super) fn said(&mut self, text: &ast::Text, zh: &str, en: &str) {
        let source = self.sources.slice(text.span);
        let quoted = source.len() >= 2 && source.starts_with('"') && source.ends_with('"');
        if !quoted || !source.trim_matches('"').trim().is_empty() {
            return;
        }
        self.report.push(
            Diagnostic::error(
                c::NOTHING_TO_SEND,
                w(format!("{zh}是空的"), format!("{en} is empty")),
                text.span,
                w("这里什么也没有", "nothing here"),
            )
            .with_help(w(
                "写上文字；不想说什么，就删掉这一行",
                "write a text; to say nothing, remove the line",
            )),
        );
    }

    /// Reports a link that no browser of the platform opens.
    pub(super) fn link(&mut self, link: &Template) {
        let Some(TemplatePart::Literal(begin)) = link.parts.first() else {
            return;
        };
        let small = begin.trim().to_ascii_lowercase();
        // `https{…}` may go on as it should.
        let open = link.parts.len() > 1 && !small.contains(':');
        if open || SCHEMES.iter().any(|scheme| small.starts_with(scheme)) {
            return;
        }
        self.report.push(
            Diagnostic::error(
                c::NOTHING_TO_SEND,
                w(
                    "网址要以 `https://` 或 `http://` 开头",
                    "a link begins with `https://` or `http://`",
                ),
                link.span,
                w("打不开", "cannot be opened"),
            )
            .with_help(w(
                "写完整的网址，例如 `https://example.com/`",
                "write the whole address, such as `https://example.com/`",
            )),
        );
    }

    /// Reports an address, or a file's name, where the platform takes the number of what it keeps.
    pub(super) fn media_id(&mut self, media: &Template) {
        let Some(TemplatePart::Literal(begin)) = media.parts.first() else {
            return;
        };
        let small = begin.trim().to_ascii_lowercase();
        let alone = media.parts.len() == 1;
        let title = if SCHEMES.iter().any(|scheme| small.starts_with(scheme)) {
            w(
                "这里要素材编号，不是网址",
                "a media id is wanted here, not an address",
            )
        } else if alone && FILES.iter().any(|ending| small.ends_with(ending)) {
            w(
                "这里要素材编号，不是文件名",
                "a media id is wanted here, not the name of a file",
            )
        } else {
            return;
        };
        self.report.push(
            Diagnostic::error(
                c::NOTHING_TO_SEND,
                title,
                media.span,
                w("发不出去", "cannot be sent"),
            )
            .with_help(w(
                "先把文件上传成公众号的素材，写它的 media_id；带链接的图文写 `reply news { … }`",
                "upload the file as material of the account and write its media_id; an article with a link is `reply news { … }`",
            )),
        );
    }

    /// Of a card or a template: the field is called so, its value stands there.
    pub(super) fn field_said(&mut self, name: &str, value: &ast::Expr, template: &Template) {
        if let ast::ExprKind::Text(text) = &value.kind {
            self.said(text, &format!("`{name}`"), &format!("`{name}`"));
        }
        let empty = template.parts.is_empty();
        if LINKS.contains(&name) && !empty {
            self.link(template);
        }
    }
}

/// Fields that hold links.
const LINKS: [&str; 3] = ["url", "hq_url", "picture"];
