//! What a dialog does when everything was asked, without its `done`.

use super::Recover;
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::syntax::vocabulary::Body;

impl Recover<'_> {
    /// Actions that stand among a dialog's clauses from `index` on: they are one mistake. Says how many.
    pub(super) fn actions_in_dialog(&mut self, clauses: &[(usize, usize)], index: usize) -> usize {
        let action = |&&(start, _): &&(usize, usize)| {
            let word = self.slice(start);
            let own = Body::Dialog.words().contains(&word) || Body::Dialog.continues(word);
            !own && Body::home(word) == Some(Body::Actions)
        };
        let count = clauses[index..].iter().take_while(action).count();
        let Some(&(_, last)) = count
            .checked_sub(1)
            .and_then(|last| clauses.get(index + last))
        else {
            return 0;
        };
        let first = clauses[index].0;
        let begin = self.tokens[first].start;
        let end = self.tokens[last - 1].end;
        let word = self.slice(first).to_owned();
        let span = self.sink.span(begin, self.tokens[first].end);
        let found = Diagnostic::error(
            "E0106",
            Words::new(
                format!("`{word}` 不能直接写在对话里"),
                format!("`{word}` cannot stand in a dialog by itself"),
            ),
            span,
            Words::new(
                "都问完以后做的事写在 `done { … }` 里",
                "what is done when everything was asked stands in `done { … }`",
            ),
        );
        let done = clauses
            .iter()
            .any(|(start, _)| self.slice(*start) == "done");
        let found = if done {
            found.with_help(Words::new(
                "移进已有的 `done { … }`；中途取消时说的写在 `cancel on` 里，次数用完时说的写在 `give up` 里",
                "move it into the `done { … }` that is there; what is said when it is cancelled stands in `cancel on`, when the tries are used up in `give up`",
            ))
        } else {
            let line = self.text[..begin].rfind('\n').map_or(0, |at| at + 1);
            let indent = &self.text[line..begin];
            let own = self.tokens[first].first && indent.trim().is_empty();
            let by = if own {
                let body = self.text[begin..end].replace('\n', "\n    ");
                format!("done {{\n{indent}    {body}\n{indent}}}")
            } else {
                format!("done {{ {} }}", &self.text[begin..end])
            };
            let whole = self.sink.span(begin, end);
            found.with_guess(
                Words::new("放进 `done { … }`", "put it into `done { … }`"),
                whole,
                by,
            )
        };
        self.sink.add(found);
        for &(start, end) in &clauses[index..index + count] {
            self.gaps.push((start, end));
        }
        count
    }

    /// `{ reply "…" }` on a line of its own behind a dialog's clause: reports it.
    pub(super) fn block_in_dialog(&mut self, at: usize) {
        let token = self.tokens[at];
        let here = self.sink.span(token.start, token.start);
        self.sink.add(
            Diagnostic::error(
                "E0106",
                Words::new(
                    "花括号前面没有说什么时候做",
                    "nothing before this brace says when it is done",
                ),
                self.sink.span(token.start, token.end),
                Words::new(
                    "都问完以后做的事前面写 `done`",
                    "`done` comes before what is done when everything was asked",
                ),
            )
            .with_guess(Words::new("补上 `done`", "add `done`"), here, "done "),
        );
    }
}
