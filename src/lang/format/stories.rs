//! The marks of stories: each step is a clause of its own, its settings may stand on lines of theirs.

use super::marks::{Indent, Walk};
use crate::lang::syntax::ast::{Expectation, LoginSetting, Step, StepKind, TestItem};

impl Walk<'_> {
    /// A `test` with its steps.
    pub(super) fn test_item(&mut self, item: &TestItem) {
        let TestItem {
            name: _,
            steps,
            span,
        } = item;
        self.clause(span.start);
        steps.iter().for_each(|step| self.step(step));
    }

    fn step(&mut self, step: &Step) {
        let Step { kind, span } = step;
        self.clause(span.start);
        match kind {
            StepKind::Place {
                name: _,
                lat: _,
                lon: _,
                settings,
            }
            | StepKind::Account { name: _, settings } => {
                for (name, _) in settings {
                    self.may_break(name.span.start, 0, 0, 1);
                }
            }
            StepKind::Login {
                account: _,
                settings,
                repeat,
            } => {
                settings.iter().for_each(|setting| self.setting(setting));
                if let Some(every) = repeat.as_ref().and_then(|repeat| repeat.every.as_ref()) {
                    self.condition(every, Indent::Steps(2));
                }
            }
            StepKind::WeChat {
                user: _,
                verb: _,
                message: _,
                text: _,
                fields,
                repeat,
            } => {
                for (name, _) in fields.iter().skip(1) {
                    self.may_break(name.span.start, 0, 0, 1);
                }
                if let Some(every) = repeat.as_ref().and_then(|repeat| repeat.every.as_ref()) {
                    self.condition(every, Indent::Steps(2));
                }
            }
            StepKind::After(duration) => self.condition(duration, Indent::Steps(1)),
            StepKind::Expect(expectation) => self.expectation(expectation),
            StepKind::IssueCode { .. }
            | StepKind::IssueTicket { .. }
            | StepKind::Operator { .. }
            | StepKind::System { .. }
            | StepKind::Platform { .. } => {}
        }
    }

    fn setting(&mut self, setting: &LoginSetting) {
        match setting {
            LoginSetting::City(name) => self.may_break(name.span.start, 1, 0, 1),
            LoginSetting::Machine(text)
            | LoginSetting::Ip(text)
            | LoginSetting::Agent(text)
            | LoginSetting::Reason(text) => {
                self.may_break(text.span.start, 1, 0, 1);
            }
            LoginSetting::IllegalMachine(span)
            | LoginSetting::NoMachine(span)
            | LoginSetting::WrongPassword(span)
            | LoginSetting::SolvingCaptcha(span) => self.may_break(span.start, 0, 0, 1),
            LoginSetting::Reported { ago, span } => {
                self.may_break(span.start, 0, 0, 1);
                if let Some(ago) = ago {
                    self.condition(ago, Indent::Steps(2));
                }
            }
        }
    }

    fn expectation(&mut self, expectation: &Expectation) {
        match expectation {
            Expectation::Signals { include: _, names } => self.names(names),
            Expectation::Reply { .. }
            | Expectation::NoReply
            | Expectation::ReplyKind { .. }
            | Expectation::Alert { .. }
            | Expectation::NoAlert
            | Expectation::Send { .. }
            | Expectation::NoSend
            | Expectation::Verdict(_)
            | Expectation::State { .. }
            | Expectation::Event { .. }
            | Expectation::Call(_)
            | Expectation::NoCall
            | Expectation::Dialog(_) => {}
        }
    }
}
