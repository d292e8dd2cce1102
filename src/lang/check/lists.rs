//! Lists: in place or from a file of the rules folder, every entry of one type.

use ipnet::IpNet;

use crate::lang::builtins::LIST_TYPES;
use crate::lang::diagnostics::Diagnostic;
use crate::lang::program::{List, ListEntries, ListId};
use crate::lang::span::Span;
use crate::lang::syntax::ast;
use crate::lang::value::{Type, Value};

use super::Checker;
use super::bars::Several;
use super::codes as c;
use super::history::single;
use super::literal::{constant, from_text, network};
use super::report::{quoted, w};
use super::scope::Scope;
use crate::lang::diagnostics::nearest;

/// Entries of one list: a large block list, not a database.
const MAX_ENTRIES: usize = 500_000;
/// Bad lines of one file that are listed; the rest is counted.
const MAX_BAD_LINES: usize = 5;

impl Checker<'_> {
    /// Checks every list once; sets `self.lists` and their ids.
    pub(super) fn check_lists(&mut self) {
        for index in 0..self.items.lists.len() {
            let item = self.items.lists[index];
            let checked = self.check_list(item);
            let id = checked.map(|(ty, entries)| {
                let id = ListId(self.lists.len() as u32);
                self.lists.push(List {
                    name: item.name.name.clone(),
                    ty,
                    entries,
                    index: Default::default(),
                    span: item.span,
                });
                id
            });
            self.list_ids.push(id);
        }
    }

    /// The checked list, which is thereby used; nothing when it is wrong.
    pub(super) fn list(&mut self, index: usize) -> Option<(ListId, Type)> {
        self.used.lists.insert(index);
        let id = self.list_ids.get(index).copied().flatten()?;
        Some((id, self.lists[id.0 as usize].ty.clone()))
    }

    fn check_list(&mut self, item: &ast::ListItem) -> Option<(Type, ListEntries)> {
        let ty = match &item.ty {
            Some(word) => Some(self.list_type(word)?),
            None => None,
        };
        match &item.source {
            ast::ListSource::Inline(entries) => self.inline(entries, ty),
            ast::ListSource::File(path) => self.read_file(path, ty.unwrap_or(Type::Text)),
        }
    }

    fn list_type(&mut self, word: &ast::Ident) -> Option<Type> {
        if let Some((_, ty)) = LIST_TYPES.iter().find(|(name, _)| *name == word.name) {
            return Some(ty.clone());
        }
        let names: Vec<&str> = LIST_TYPES.iter().map(|(name, _)| *name).collect();
        let mut error = Diagnostic::error(
            c::LIST_TYPE,
            w(
                format!("列表不能是 `{}`", word.name),
                format!("a list cannot be of `{}`", word.name),
            ),
            word.span,
            w("不认识的类型", "unknown type"),
        )
        .with_help(w(
            format!("可以写：{}", quoted(&names, "、")),
            format!("one of: {}", quoted(&names, ", ")),
        ));
        if let Some(near) = nearest(&word.name, names) {
            error = error.with_guess(
                w(format!("改成 `{near}`"), format!("replace by `{near}`")),
                word.span,
                near,
            );
        }
        self.report.push(error);
        None
    }

    fn inline(
        &mut self,
        entries: &[ast::Expr],
        declared: Option<Type>,
    ) -> Option<(Type, ListEntries)> {
        if self.unquoted(entries, declared.as_ref()) {
            return None;
        }
        let mut ty = declared;
        let mut values = Vec::new();
        let mut sound = true;
        for entry in entries {
            if let (ast::ExprKind::Text(text), None | Some(Type::Text)) = (&entry.kind, &ty) {
                self.bar(text, Several::Entries);
            }
            let checked = self.expr(entry, &Scope::constants());
            let wanted = ty.get_or_insert_with(|| checked.ty.clone()).clone();
            let checked = self.want(checked, &wanted);
            match constant(&checked) {
                Some(value) => values.push(value),
                None => {
                    if checked.ty != Type::Poison {
                        self.constant(entry, &wanted);
                    }
                    sound = false;
                }
            }
        }
        sound.then(|| {
            (
                ty.clone().unwrap_or(Type::Text),
                entries_of(ty.as_ref(), values),
            )
        })
    }

    /// `[取消, 退出]`: words without their quotes are one mistake, however many they are.
    fn unquoted(&mut self, entries: &[ast::Expr], declared: Option<&Type>) -> bool {
        let words: Option<Vec<&ast::Ident>> = entries
            .iter()
            .map(|entry| single(entry).filter(|name| self.is_nothing(&name.name)))
            .collect();
        let texts = declared.is_none_or(|ty| *ty == Type::Text);
        let Some(words) = words.filter(|words| texts && words.len() > 1) else {
            return false;
        };
        let (Some(first), Some(last)) = (words.first(), words.last()) else {
            return false;
        };
        let all = first.span.to(last.span);
        let quoted: Vec<String> = words
            .iter()
            .map(|word| format!("\"{}\"", word.name))
            .collect();
        let right = quoted.join(", ");
        let (zh, en) = (format!("写成 `{right}`"), format!("write `{right}`"));
        self.report.push(
            Diagnostic::error(
                c::UNKNOWN_NAME,
                w(
                    format!("没有 `{}` 这个名字", first.name),
                    format!("there is no name `{}`", first.name),
                ),
                all,
                w(
                    "列表里的文字要用引号引起来",
                    "the texts of a list stand in quotes",
                ),
            )
            .with_guess(w(zh, en), all, right),
        );
        true
    }

    /// Whether a name stands for nothing a list could hold.
    fn is_nothing(&self, name: &str) -> bool {
        !self.items.values.contains_key(name)
            && !self.items.poisoned.contains(name)
            && self.registry.field(name).is_none()
    }

    fn read_file(&mut self, text: &ast::Text, ty: Type) -> Option<(Type, ListEntries)> {
        let written = self.plain(text)?;
        let from = self
            .sources
            .file(text.span.file)
            .map(|file| file.path.clone())
            .unwrap_or_default();
        let Some(path) = resolve(&from, &written) else {
            self.report.push(
                Diagnostic::error(
                    c::LIST_OUTSIDE,
                    w(
                        "列表文件要在规则文件夹里面",
                        "a list file lies inside the rules folder",
                    ),
                    text.span,
                    w("这个路径在外面", "this path leads outside"),
                )
                .with_help(w(
                    "写相对于这个规则文件的路径，例如 `lists/office.txt`",
                    "write a path relative to this rule file, e.g. `lists/office.txt`",
                )),
            );
            return None;
        };
        self.list_files.insert(path.clone());
        let Some(content) = self.sources.lists.get(&path).cloned() else {
            let known = self.sources.lists.keys().map(String::as_str);
            let mut error = Diagnostic::error(
                c::LIST_MISSING,
                w(
                    format!("没有列表文件 `{path}`"),
                    format!("there is no list file `{path}`"),
                ),
                text.span,
                w("找不到", "not found"),
            );
            error = match nearest(&path, known) {
                Some(near) => error.with_near(near),
                None => error.with_help(w(
                    "路径相对于这个规则文件",
                    "the path is relative to this rule file",
                )),
            };
            self.report.push(error);
            return None;
        };
        self.lines(&path, &content, text.span, ty)
    }

    fn lines(
        &mut self,
        path: &str,
        content: &str,
        span: Span,
        ty: Type,
    ) -> Option<(Type, ListEntries)> {
        let mut values = Vec::new();
        let mut bad: Vec<(usize, String)> = Vec::new();
        for (number, line) in content.trim_start_matches('\u{feff}').lines().enumerate() {
            let entry = without_comment(line);
            if entry.is_empty() {
                continue;
            }
            match entry_value(entry, &ty) {
                Some(value) => values.push(value),
                None => bad.push((number + 1, entry.chars().take(40).collect())),
            }
        }
        if values.len() > MAX_ENTRIES {
            self.report.push(Diagnostic::error(
                c::BAD_ENTRY,
                w(
                    format!("`{path}` 有 {} 项，最多 {MAX_ENTRIES} 项", values.len()),
                    format!(
                        "`{path}` has {} entries, {MAX_ENTRIES} at most",
                        values.len()
                    ),
                ),
                span,
                w("太长", "too long"),
            ));
            return None;
        }
        if bad.is_empty() {
            return Some((ty.clone(), entries_of(Some(&ty), values)));
        }
        let total = bad.len();
        let mut error = Diagnostic::error(
            c::BAD_ENTRY,
            w(
                format!("`{path}` 第 {} 行不是{ty:#}：`{}`", bad[0].0, bad[0].1),
                format!("`{path}` line {} is no {ty}: `{}`", bad[0].0, bad[0].1),
            ),
            span,
            w(format!("{total} 行不对"), format!("{total} bad lines")),
        );
        for (number, entry) in bad.iter().take(MAX_BAD_LINES) {
            error = error.with_help(w(
                format!("第 {number} 行：`{entry}`"),
                format!("line {number}: `{entry}`"),
            ));
        }
        if total > MAX_BAD_LINES {
            let more = total - MAX_BAD_LINES;
            error = error.with_help(w(format!("还有 {more} 行"), format!("and {more} more")));
        }
        self.report.push(error);
        None
    }
}

/// A `#` at the start or after a blank begins a comment.
fn without_comment(line: &str) -> &str {
    let cut = line
        .char_indices()
        .find(|(at, c)| {
            *c == '#'
                && line[..*at]
                    .chars()
                    .next_back()
                    .is_none_or(char::is_whitespace)
        })
        .map_or(line.len(), |(at, _)| at);
    line[..cut].trim()
}

fn entry_value(entry: &str, ty: &Type) -> Option<Value> {
    match ty {
        Type::Number => entry
            .parse()
            .ok()
            .filter(|n: &f64| n.is_finite())
            .map(Value::Number),
        _ => from_text(entry, ty).flatten(),
    }
}

fn entries_of(ty: Option<&Type>, values: Vec<Value>) -> ListEntries {
    match ty {
        Some(Type::Network | Type::Ip) => {
            let net = |value: &Value| match value {
                Value::Network(net) => Some(*net),
                Value::Ip(ip) => Some(IpNet::from(*ip)),
                Value::Text(text) => network(text),
                _ => None,
            };
            ListEntries::Networks(values.iter().filter_map(net).collect())
        }
        _ => ListEntries::Values(values),
    }
}

/// The path of `written`, which stands in the rule file `from`, relative to the rules folder.
fn resolve(from: &str, written: &str) -> Option<String> {
    let odd = |c: char| c == '\\' || c == ':' || c.is_control();
    if written.is_empty() || written.starts_with('/') || written.contains(odd) {
        return None;
    }
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in written.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        assert_eq!(
            resolve("guard.rules", "lists/a.txt").as_deref(),
            Some("lists/a.txt")
        );
        assert_eq!(
            resolve("sub/guard.rules", "../lists/a.txt").as_deref(),
            Some("lists/a.txt")
        );
        assert_eq!(
            resolve("sub/guard.rules", "a.txt").as_deref(),
            Some("sub/a.txt")
        );
        for outside in [
            "../a.txt",
            "/etc/passwd",
            "lists/../../a",
            "C:\\a",
            "a\0b",
            "",
        ] {
            assert_eq!(resolve("guard.rules", outside), None, "{outside:?}");
        }
    }

    #[test]
    fn comments_end_entries() {
        assert_eq!(without_comment("10.0.0.0/8 # office"), "10.0.0.0/8");
        assert_eq!(without_comment("# all"), "");
        assert_eq!(without_comment(" C#语言 "), "C#语言");
    }
}
