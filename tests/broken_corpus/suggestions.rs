//! What is offered for a mistake mends it: every suggestion is made, as `check --fix=all` does, and the rules
//! then load.

use std::sync::Arc;

use menshen::lang::builtins::Registry;
use menshen::lang::compile;
use menshen::lang::diagnostics::{Diagnostic, Severity, fix};
use menshen::lang::span::Sources;

/// Rounds of changes: one may uncover what it hid.
const ROUNDS: usize = 3;

fn errors(sources: &Arc<Sources>, registry: &Registry) -> Vec<Diagnostic> {
    let mut found = compile(Arc::clone(sources), registry).diagnostics;
    found.retain(|one| one.severity == Severity::Error);
    found
}

/// What is left wrong with rules of one mistake when every suggestion is made; `None` when nothing was offered,
/// or nothing is left.
pub fn leaving_errors(
    found: &[Diagnostic],
    sources: &Arc<Sources>,
    registry: &Registry,
) -> Option<String> {
    let wrong = found.iter().filter(|one| one.severity == Severity::Error);
    let mut left: Vec<Diagnostic> = wrong.cloned().collect();
    let [only] = left.as_slice() else { return None };
    let offered = only.fixes.first()?;
    if offered.replacement.contains('…') {
        return None;
    }
    let shown = format!(
        "{} {} → {:?} for {:?}",
        only.code,
        only.title.en,
        offered.replacement,
        sources.slice(offered.span)
    );
    let mut sources = Arc::clone(sources);
    for _ in 0..ROUNDS {
        let fixed = fix(&left, &sources, true);
        if fixed.files.is_empty() {
            break;
        }
        let mut changed = Sources::clone(&sources);
        for (id, text) in fixed.files {
            let file = changed.files.get_mut(id.0 as usize)?;
            file.text = text.as_str().into();
        }
        sources = Arc::new(changed);
        left = errors(&sources, registry);
    }
    let codes: Vec<String> = left
        .iter()
        .map(|one| format!("{} {}", one.code, one.title.en))
        .collect();
    (!codes.is_empty()).then(|| format!("{shown}\n     {}", codes.join("\n     ")))
}
