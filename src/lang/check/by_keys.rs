//! `by: ip`, `by: [account, city]`: whose past rows a question is about.

use crate::lang::builtins::BY_KEYS;
use crate::lang::diagnostics::{Diagnostic, nearest};
use crate::lang::program::ByKey;
use crate::lang::syntax::ast;

use super::Checker;
use super::codes as c;
use super::history::single;
use super::report::{quoted, w};

/// Keys in one `by:`.
const MAX_KEYS: usize = 2;

impl Checker<'_> {
    pub(super) fn keys(&mut self, expr: &ast::Expr) -> Option<Vec<ByKey>> {
        let parts: Vec<&ast::Expr> = match &expr.kind {
            ast::ExprKind::List(parts) => parts.iter().collect(),
            _ => vec![expr],
        };
        let mut keys = Vec::new();
        for part in &parts {
            let found =
                single(part).and_then(|name| BY_KEYS.iter().find(|(key, _)| *key == name.name));
            let Some((_, key)) = found else {
                let names: Vec<&str> = BY_KEYS.iter().map(|(key, _)| *key).collect();
                let written = self.sources.slice(part.span);
                let bare = written.rsplit('.').next().unwrap_or(written);
                let near = names
                    .iter()
                    .copied()
                    .find(|key| *key == bare)
                    .or_else(|| nearest(written, names.iter().copied()));
                let mut error = Diagnostic::error(
                    c::BY_KEY,
                    w("不能按这个分组", "logins cannot be taken by this"),
                    part.span,
                    w("不是 `by:` 的键", "no key of `by:`"),
                )
                .with_help(w(
                    format!("可以写：{}", quoted(&names, "、")),
                    format!("one of: {}", quoted(&names, ", ")),
                ));
                if let Some(near) = near {
                    error = error.with_guess(
                        w(format!("改成 `{near}`"), format!("replace by `{near}`")),
                        part.span,
                        near,
                    );
                }
                self.report.push(error);
                return None;
            };
            keys.push(*key);
        }
        let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
        let alone = keys.contains(&ByKey::All) && keys.len() > 1;
        if keys.is_empty() || keys.len() > MAX_KEYS || distinct.len() != keys.len() || alone {
            self.report.push(Diagnostic::error(
                c::BY_KEY,
                w(
                    "`by:` 要一个键，或者两个不同的键",
                    "`by:` takes one key, or two different ones",
                ),
                expr.span,
                w("键的个数不对", "not one or two keys"),
            ));
            return None;
        }
        Some(keys)
    }
}
