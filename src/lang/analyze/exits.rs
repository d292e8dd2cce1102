//! What becomes of somebody who wants to leave a dialog without a way out.

use crate::lang::builtins::Registry;
use crate::lang::check::codes as c;
use crate::lang::check::report::{Report, w};
use crate::lang::diagnostics::Diagnostic;
use crate::lang::program::Program;

use super::scene::Scene;

/// What people say to leave.
const LEAVING: [&str; 3] = ["取消", "退出", "算了"];

/// Adds to each finding the conversation that shows it.
pub(super) fn check(program: &Program, registry: &Registry, report: &mut Report) {
    report.amend(c::NO_EXIT, |found| shown(program, registry, found));
}

fn shown(program: &Program, registry: &Registry, found: Diagnostic) -> Diagnostic {
    let index = program
        .dialogs
        .iter()
        .position(|dialog| dialog.span.contains(found.primary.span));
    let Some(index) = index else { return found };
    let told = Scene::openings(program, registry, index)
        .filter(Scene::waits)
        .find_map(|scene| {
            LEAVING
                .iter()
                .find_map(|word| scene.clone().say(word)?.told(None))
        });
    match told {
        Some((story, said, answer)) => {
            let words = w(
                format!(
                    "例如用户先后发送“{}”，得到的回答还是“{answer}”",
                    said.join("”、“")
                ),
                format!(
                    "for example after “{}” the answer is still “{answer}”",
                    said.join("”, “")
                ),
            );
            found.with_story(story, words)
        }
        None => found,
    }
}
