//! `# allow NAME: reason`: a warning silenced where it stands.
//!
//! At the end of a line it speaks of that line; on a line of its own, of the next line with code and
//! whatever is indented below it, so above an item of the whole item. It silences warnings only, and
//! only with a reason: an error stays one. Comments that silence nothing are reported themselves.

use std::ops::RangeInclusive;

use crate::lang::diagnostics::{Diagnostic, Severity, codes, nearest};
use crate::lang::span::{FileId, LineNumbers, Sources, Span};
use crate::lang::syntax::Comment;

use super::codes as c;
use super::report::w;

/// What it takes for a comment to be one of these.
const WORD: &str = "allow";

/// One name that one comment allows.
#[derive(Debug, Clone)]
pub struct Allow {
    name: String,
    reason: bool,
    file: FileId,
    /// Lines it speaks of, counted from 1.
    lines: RangeInclusive<usize>,
    comment: Span,
}

/// The comments of a file that allow something.
pub(in crate::lang) fn find(text: &str, comments: &[Comment]) -> Vec<Allow> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    // The line of the comment looked at last, and where it starts.
    let (mut at, mut before) = (0, 0);
    // What the last comment on a line of its own speaks of, and whether any code comes behind it.
    let mut shared: Option<RangeInclusive<usize>> = None;
    let mut code_left = true;
    for comment in comments {
        let said = text[comment.span.range()].trim_start_matches('#').trim();
        let Some((names, reason)) = parts(said) else {
            continue;
        };
        let start = comment.span.start as usize;
        at += text[before..start].matches('\n').count();
        before = start;
        let own = at + 1..=at + 1;
        let scope = match &shared {
            _ if !comment.own_line || !code_left => own,
            // Comments above the same item speak of the same lines.
            Some(scope) if at + 1 < *scope.start() => scope.clone(),
            _ => {
                shared = below(&lines, at);
                code_left = shared.is_some();
                shared.clone().unwrap_or(own)
            }
        };
        for name in names {
            found.push(Allow {
                name: name.to_owned(),
                reason,
                file: comment.span.file,
                lines: scope.clone(),
                comment: comment.span,
            });
        }
    }
    found
}

/// The names a comment allows, and whether it says why; `None` when it is an ordinary comment.
fn parts(said: &str) -> Option<(Vec<&str>, bool)> {
    let rest = said.strip_prefix(WORD)?;
    if !rest.starts_with(char::is_whitespace) {
        return None;
    }
    let (names, reason) = match rest.split_once([':', '：']) {
        Some((names, reason)) => (names, Some(reason.trim())),
        None => (rest, None),
    };
    let names: Vec<&str> = names.split([',', '，', '、']).map(str::trim).collect();
    let word = |name: &&str| !name.is_empty() && !name.contains(char::is_whitespace);
    if !names.iter().all(word) {
        return None;
    }
    // Without a reason only a name that exists makes it more than prose.
    if reason.is_none() && !names.iter().all(|name| codes::allowable(name)) {
        return None;
    }
    Some((names, reason.is_some_and(|reason| !reason.is_empty())))
}

/// The next line with code after line `at` (from 0), and the lines indented below it.
fn below(lines: &[&str], at: usize) -> Option<RangeInclusive<usize>> {
    let indent = |line: &str| line.chars().take_while(|c| c.is_whitespace()).count();
    let code = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let first = (at + 1..lines.len()).find(|&line| code(lines[line]))?;
    let own = indent(lines[first]);
    let mut last = first;
    for (number, line) in lines.iter().enumerate().skip(first + 1) {
        if line.trim().is_empty() {
            continue;
        }
        let closes = indent(line) == own && line.trim_start().starts_with(['}', ']', ')']);
        if indent(line) <= own && !closes {
            break;
        }
        last = number;
    }
    Some(first + 1..=last + 1)
}

impl Allow {
    fn fits(&self, code: &str, file: FileId, line: usize) -> bool {
        let named = self.name.eq_ignore_ascii_case(code)
            || codes::warning_name(code) == Some(self.name.as_str());
        named && self.reason && self.file == file && self.lines.contains(&line)
    }
}

/// Whether `name` (no diagnostic, but `uncovered`) is allowed at this place.
pub(in crate::lang) fn allowed(
    allows: &[Allow],
    name: &str,
    span: Span,
    sources: &Sources,
) -> bool {
    let line = sources.line_column(span).0;
    allows.iter().any(|allow| allow.fits(name, span.file, line))
}

/// Takes silenced warnings out of `found`, and adds what is wrong with the comments. `whole`: nothing
/// is missing from `found`, so that a comment without a warning is needless.
pub(super) fn silence(
    allows: &[Allow],
    found: &mut Vec<Diagnostic>,
    lines: &LineNumbers,
    whole: bool,
) {
    let mut used = vec![false; allows.len()];
    let meant = meant(allows, found, lines);
    found.retain(|diagnostic| {
        if diagnostic.severity == Severity::Error {
            return true;
        }
        let span = diagnostic.primary.span;
        let line = lines.line(span);
        let mut keep = true;
        for (allow, used) in allows.iter().zip(&mut used) {
            if allow.fits(diagnostic.code, span.file, line) {
                (*used, keep) = (true, false);
            }
        }
        keep
    });
    for ((allow, used), meant) in allows.iter().zip(used).zip(meant) {
        let name = &allow.name;
        let known = codes::allowable(name);
        let (title, label) = if !known {
            (
                w(
                    format!("没有叫 `{name}` 的警告"),
                    format!("there is no warning `{name}`"),
                ),
                w("不认识的名字", "unknown name"),
            )
        } else if !allow.reason {
            (
                w("没有写原因", "no reason is given"),
                w(
                    format!("写成 `# allow {name}: 原因`"),
                    format!("write `# allow {name}: reason`"),
                ),
            )
        } else if !used && whole && name != codes::UNCOVERED {
            (
                w(
                    format!("这里没有 `{name}` 警告"),
                    format!("there is no `{name}` warning here"),
                ),
                w("可以删掉", "can be removed"),
            )
        } else {
            continue;
        };
        let mut warning = Diagnostic::warning(c::ALLOW, title, allow.comment, label);
        let near = || nearest(name, codes::allowable_names()).or(meant);
        if let Some(near) = (!known).then(near).flatten() {
            warning = warning.with_near(near);
        }
        found.push(warning);
    }
}

/// For each comment the one warning its lines have, which an unknown name may stand for.
fn meant(allows: &[Allow], found: &[Diagnostic], lines: &LineNumbers) -> Vec<Option<&'static str>> {
    let of = |allow: &Allow| {
        let there = found.iter().filter(|one| {
            let span = one.primary.span;
            let silenced = allows
                .iter()
                .any(|other| other.fits(one.code, span.file, lines.line(span)));
            one.severity == Severity::Warning
                && !silenced
                && span.file == allow.file
                && allow.lines.contains(&lines.line(span))
        });
        let mut names: Vec<_> = there
            .filter_map(|one| codes::warning_name(one.code))
            .collect();
        names.sort_unstable();
        names.dedup();
        match names.as_slice() {
            [name] => Some(*name),
            _ => None,
        }
    };
    allows
        .iter()
        .map(|allow| {
            if codes::allowable(&allow.name) {
                None
            } else {
                of(allow)
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_that_allow_are_told_from_prose() {
        assert_eq!(
            parts("allow unused: 明天要用"),
            Some((vec!["unused"], true))
        );
        assert_eq!(
            parts("allow unused, hidden：留着"),
            Some((vec!["unused", "hidden"], true))
        );
        assert_eq!(parts("allow unused"), Some((vec!["unused"], false)));
        assert_eq!(parts("allow unusd: x"), Some((vec!["unusd"], true)));
        assert_eq!(parts("allow everybody in"), None);
        assert_eq!(parts("allowed: x"), None);
        assert_eq!(parts("绑定"), None);
    }

    #[test]
    fn a_comment_of_its_own_speaks_of_the_block_below() {
        let lines: Vec<&str> = "# allow x: y\n# more\non text {\n    reply \"a\"\n\n}\nlet a = 1"
            .lines()
            .collect();
        assert_eq!(below(&lines, 0), Some(3..=6));
        assert_eq!(below(&lines, 6), None);
    }
}
