//! What a list is made of, for whoever asks it for something else.

use crate::lang::builtins::LIST_TYPES;
use crate::lang::diagnostics::Diagnostic;
use crate::lang::program::Expr;
use crate::lang::span::Span;
use crate::lang::value::Type;

use super::Checker;
use super::report::w;

impl Checker<'_> {
    /// Adds to a finding how a list of such values is written, where that is what was meant.
    pub(super) fn of_its_type(
        &self,
        index: usize,
        item: &Expr,
        ty: &Type,
    ) -> impl Fn(Diagnostic) -> Diagnostic + use<> {
        let list = self.items.lists[index];
        let texts = *ty == Type::Text;
        let day = matches!(item.ty, Type::Date) && texts;
        let time = matches!(item.ty, Type::Time) && (texts || *ty == Type::Date);
        let network = matches!(item.ty, Type::Ip) && texts;
        let typed = LIST_TYPES.iter().find(|(_, of)| *of == item.ty);
        let typed = typed.filter(|_| texts).map(|(word, _)| *word);
        let spoken = matches!(ty, Type::Date) && item.ty == Type::Text;
        let code = texts && item.ty == Type::Code;
        let written = self.sources.slice(item.span).trim().to_owned();
        let name = list.name.name.clone();
        let end = Span {
            start: list.name.span.end,
            ..list.name.span
        };
        move |found| {
            match (day, time) {
            (true, _) => found
                .with_help(w(
                    format!("日期的列表写明类型：`list {name}: date = [\"2026-10-01\"]`"),
                    format!("a list of dates says so: `list {name}: date = [\"2026-10-01\"]`"),
                ))
                .with_guess(
                    w(
                        format!("写成 `{name}: date`"),
                        format!("write `{name}: date`"),
                    ),
                    end,
                    ": date",
                ),
            _ if network => found
                .with_help(w(
                    format!("网段和地址的列表写明类型：`list {name}: network`"),
                    format!("a list of networks and addresses says so: `list {name}: network`"),
                ))
                .with_guess(
                    w(
                        format!("写成 `{name}: network`"),
                        format!("write `{name}: network`"),
                    ),
                    end,
                    ": network",
                ),
            (_, true) => found.with_help(w(
                format!(
                    "比的是日期就用 `login.date` 或 `now.date`，列表写成 `list {name}: date = …`"
                ),
                format!(
                    "for days take `login.date` or `now.date`, and write `list {name}: date = …`"
                ),
            )),
            _ if spoken => found.with_help(w(
                format!(
                    "话里的日期是文字，没说年份时只有月和日：列表不写 `: date`，两种都列上，如 `list {name} = [\"2026-10-01\", \"10-01\"]`"
                ),
                format!(
                    "a date that was said is a text, of month and day alone where no year was said: leave out `: date` and list both, as in `list {name} = [\"2026-10-01\", \"10-01\"]`"
                ),
            )),
            _ if code => found.with_help(w(
                format!("验证码和写在这里的比：`{written} in [\"123456\", \"654321\"]`"),
                format!("a code is compared with what stands here: `{written} in [\"123456\", \"654321\"]`"),
            )),
            _ => match typed {
                Some(word) => found
                    .with_help(w(
                        format!("列表写明类型：`list {name}: {word}`"),
                        format!("the list says its type: `list {name}: {word}`"),
                    ))
                    .with_guess(
                        w(
                            format!("写成 `{name}: {word}`"),
                            format!("write `{name}: {word}`"),
                        ),
                        end,
                        format!(": {word}"),
                    ),
                None => found,
            },
        }
        }
    }
}
