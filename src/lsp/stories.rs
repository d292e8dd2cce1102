//! The names of story lines, for [`super::names`].

use super::names::{Kind, Target, Walk};
use crate::lang::syntax::ast::{Expectation, LoginSetting, Step, StepKind, TestItem};

impl Walk<'_> {
    /// Everything a story names.
    pub(super) fn story(&mut self, item: &TestItem) {
        self.enter_story();
        item.steps.iter().for_each(|step| self.step(step));
    }

    fn step(&mut self, step: &Step) {
        let whole = step.span;
        match &step.kind {
            StepKind::Place { name, .. } => self.story_name(Kind::Place, name, whole),
            StepKind::Account { name, .. } => self.story_name(Kind::Account, name, whole),
            StepKind::IssueCode { account, .. }
            | StepKind::IssueTicket { account, .. }
            | StepKind::Operator { account, .. } => {
                self.story_name(Kind::Account, account, whole);
            }
            StepKind::WeChat { user, repeat, .. } => {
                self.story_name(Kind::User, user, whole);
                let every = repeat.as_ref().and_then(|repeat| repeat.every.as_ref());
                every.into_iter().for_each(|every| self.expr(every));
            }
            StepKind::Login {
                account,
                settings,
                repeat,
            } => {
                self.story_name(Kind::Account, account, whole);
                for setting in settings {
                    match setting {
                        LoginSetting::City(place) => self.story_name(Kind::Place, place, whole),
                        LoginSetting::Reported { ago, span: _ } => {
                            ago.iter().for_each(|ago| self.expr(ago));
                        }
                        LoginSetting::Machine(_)
                        | LoginSetting::IllegalMachine(_)
                        | LoginSetting::NoMachine(_)
                        | LoginSetting::Ip(_)
                        | LoginSetting::WrongPassword(_)
                        | LoginSetting::Agent(_)
                        | LoginSetting::Reason(_)
                        | LoginSetting::SolvingCaptcha(_) => {}
                    }
                }
                let every = repeat.as_ref().and_then(|repeat| repeat.every.as_ref());
                every.into_iter().for_each(|every| self.expr(every));
            }
            StepKind::After(duration) => self.expr(duration),
            StepKind::System { verb: _, text: _ } | StepKind::Platform { verb: _ } => {}
            StepKind::Expect(expectation) => self.expectation(expectation),
        }
    }

    fn expectation(&mut self, expectation: &Expectation) {
        match expectation {
            Expectation::Reply { user, .. } => {
                user.iter().for_each(|user| self.story_subject(user));
            }
            Expectation::Alert { to, .. } | Expectation::Send { to, .. } => {
                to.iter().for_each(|user| self.story_subject(user));
            }
            Expectation::Signals { include: _, names } => {
                for name in names {
                    self.use_global(Kind::Signal, name);
                }
            }
            Expectation::State { subject, .. } => self.story_subject(subject),
            Expectation::Call(name) => {
                if self.registry.call(&name.name).is_some() {
                    self.mention(name.span, Target::Call(name.name.clone()));
                }
            }
            Expectation::Dialog(dialog) => {
                if let Some(dialog) = dialog {
                    self.use_global(Kind::Dialog, dialog);
                }
            }
            Expectation::NoReply
            | Expectation::ReplyKind { .. }
            | Expectation::NoAlert
            | Expectation::NoSend
            | Expectation::NoCall
            | Expectation::Verdict(_)
            | Expectation::Event { .. } => {}
        }
    }
}
