//! Whether two trees say the same, wherever it stands.

use super::ast::{
    Action, ActionKind, AlertAction, Arg, AskClause, Block, CancelClause, CancelWords, DialogItem,
    Expectation, Expr, ExprKind, ExtractorArg, ExtractorItem, ExtractorUse, FieldSetting, File,
    Ident, Item, Learn, LetItem, ListItem, ListSource, LoginSetting, Matcher, OutcomeArm, Part,
    Path, Repeat, RuleItem, SignalItem, Step, StepKind, TemplateMessage, TestItem, Text, TextPart,
    Trigger, WithCapture,
};
use crate::lang::span::Span;

/// Whether `a` and `b` are the same but for spans: what a formatter must keep.
pub fn same_tree(a: &File, b: &File) -> bool {
    let bare = |file: &File| {
        let mut items = file.items.clone();
        items.bare();
        items
    };
    bare(a) == bare(b)
}

/// Sets every span to the same value. A span that is forgotten here makes trees differ, never agree.
trait Bare {
    fn bare(&mut self);
}

impl Bare for Span {
    fn bare(&mut self) {
        *self = Span::default();
    }
}

impl<T: Bare> Bare for Vec<T> {
    fn bare(&mut self) {
        self.iter_mut().for_each(Bare::bare);
    }
}

impl<T: Bare> Bare for Option<T> {
    fn bare(&mut self) {
        self.iter_mut().for_each(Bare::bare);
    }
}

impl<T: Bare> Bare for Box<T> {
    fn bare(&mut self) {
        (**self).bare();
    }
}

impl<A: Bare, B: Bare> Bare for (A, B) {
    fn bare(&mut self) {
        self.0.bare();
        self.1.bare();
    }
}

impl Bare for u32 {
    fn bare(&mut self) {}
}

macro_rules! bare {
    ($($name:ident { $($field:ident),* })*) => {
        $(impl Bare for $name {
            fn bare(&mut self) {
                $(self.$field.bare();)*
            }
        })*
    };
}

bare! {
    Ident { span }
    Path { parts, span }
    Text { parts, span }
    ExtractorUse { name, args, span }
    LetItem { name, value, span }
    ListItem { name, ty, source, span }
    ExtractorItem { name, pattern, span }
    RuleItem { triggers, when, body, head, span }
    Trigger { event, matcher, span }
    WithCapture { name, extractor }
    Block { actions, span }
    Action { kind, keyword, outcomes, span }
    OutcomeArm { name, block }
    FieldSetting { name, value }
    AlertAction { expires, once_per, per, message, template }
    TemplateMessage { name, fields, span }
    SignalItem { name, title, weight, when, except, learn, span }
    Learn { duration, logins, span }
    DialogItem { name, expires, asks, cancel, give_up, done, head, span }
    AskClause { slot, extractor, question, unless, invalid, at_most, span }
    CancelClause { words, block, span }
    Expr { kind, span }
    Arg { name, value }
    TestItem { name, steps, span }
    Step { kind, span }
    Repeat { every, span }
}

impl Bare for TextPart {
    fn bare(&mut self) {
        match self {
            Self::Literal { value: _, span } => span.bare(),
            Self::Hole {
                path,
                extractor,
                span,
            } => {
                path.bare();
                extractor.bare();
                span.bare();
            }
        }
    }
}

impl Bare for ExtractorArg {
    fn bare(&mut self) {
        match self {
            Self::Number(_, span) => span.bare(),
            Self::Name(name) => name.bare(),
        }
    }
}

impl Bare for Item {
    fn bare(&mut self) {
        match self {
            Self::Let(item) => item.bare(),
            Self::List(item) => item.bare(),
            Self::Rule(item) => item.bare(),
            Self::Signal(item) => item.bare(),
            Self::Dialog(item) => item.bare(),
            Self::Extractor(item) => item.bare(),
            Self::Test(item) => item.bare(),
        }
    }
}

impl Bare for ListSource {
    fn bare(&mut self) {
        match self {
            Self::Inline(entries) => entries.bare(),
            Self::File(path) => path.bare(),
        }
    }
}

impl Bare for Matcher {
    fn bare(&mut self) {
        match self {
            Self::Always => {}
            Self::Pattern(text)
            | Self::Containing(text)
            | Self::Starting(text)
            | Self::Matching(text) => text.bare(),
            Self::InList(name) => name.bare(),
            Self::With(captures) => captures.bare(),
        }
    }
}

impl Bare for ActionKind {
    fn bare(&mut self) {
        match self {
            Self::ReplyText(text) | Self::Tag(text) | Self::Untag(text) | Self::Note(text) => {
                text.bare();
            }
            Self::ReplyMedia { kind, media } => {
                kind.bare();
                media.bare();
            }
            Self::ReplyCard { kind, fields } => {
                kind.bare();
                fields.bare();
            }
            Self::Start { dialog, with } => {
                dialog.bare();
                with.bare();
            }
            Self::AskAgain(name) | Self::Forget(name) => name.bare(),
            Self::Remember {
                name,
                value,
                lifetime,
            } => {
                name.bare();
                value.bare();
                lifetime.bare();
            }
            Self::TrustAlert { choice, lifetime } => {
                choice.bare();
                lifetime.bare();
            }
            Self::CloseAlert { choice } => choice.bare(),
            Self::Deny(text) | Self::HandOver(text) => text.bare(),
            Self::Send { text, after } => {
                text.bare();
                after.bare();
            }
            Self::IssueCode { purpose } => purpose.bare(),
            Self::Alert(alert) => alert.bare(),
            Self::Call { name, with } => {
                name.bare();
                with.bare();
            }
            Self::LeaveDialog
            | Self::Bind
            | Self::Unbind
            | Self::LockAccount
            | Self::UnlockAccount
            | Self::LogOff
            | Self::Challenge
            | Self::Allow
            | Self::Forward => {}
        }
    }
}

impl Bare for CancelWords {
    fn bare(&mut self) {
        match self {
            Self::List(name) => name.bare(),
            Self::Inline(words) => words.bare(),
        }
    }
}

impl Bare for ExprKind {
    fn bare(&mut self) {
        match self {
            Self::Number { value: _, unit } => unit.bare(),
            Self::Text(text) => text.bare(),
            Self::YesNo(_) => {}
            Self::Path(path) => path.bare(),
            Self::Call { name, args } => {
                name.bare();
                args.bare();
            }
            Self::List(entries) => entries.bare(),
            Self::Not(inner) | Self::Negate(inner) | Self::Group(inner) => inner.bare(),
            Self::Binary {
                op: _,
                op_span,
                left,
                right,
            } => {
                op_span.bare();
                left.bare();
                right.bare();
            }
            Self::In {
                item,
                list,
                negated: _,
            } => {
                item.bare();
                list.bare();
            }
            Self::IsKnown { inner, known: _ } => inner.bare(),
            Self::Otherwise { inner, default } => {
                inner.bare();
                default.bare();
            }
        }
    }
}

impl Bare for StepKind {
    fn bare(&mut self) {
        match self {
            Self::Place { name, settings, .. } | Self::Account { name, settings } => {
                name.bare();
                settings.bare();
            }
            Self::IssueCode {
                purpose,
                code,
                account,
            } => {
                purpose.bare();
                code.bare();
                account.bare();
            }
            Self::IssueTicket { ticket, account } => {
                ticket.bare();
                account.bare();
            }
            Self::WeChat {
                user,
                verb,
                message,
                text,
                fields,
                repeat,
            } => {
                user.bare();
                verb.bare();
                message.bare();
                text.bare();
                fields.bare();
                repeat.bare();
            }
            Self::Login {
                account,
                settings,
                repeat,
            } => {
                account.bare();
                settings.bare();
                repeat.bare();
            }
            Self::After(duration) => duration.bare(),
            Self::Operator { verb, account } => {
                verb.bare();
                account.bare();
            }
            Self::System { verb, text } => {
                verb.bare();
                text.bare();
            }
            Self::Platform { verb } => verb.bare(),
            Self::Expect(expectation) => expectation.bare(),
        }
    }
}

impl Bare for LoginSetting {
    fn bare(&mut self) {
        match self {
            Self::City(name) => name.bare(),
            Self::Machine(text) | Self::Ip(text) | Self::Agent(text) | Self::Reason(text) => {
                text.bare();
            }
            Self::IllegalMachine(span)
            | Self::NoMachine(span)
            | Self::WrongPassword(span)
            | Self::SolvingCaptcha(span) => span.bare(),
            Self::Reported { ago, span } => {
                ago.bare();
                span.bare();
            }
        }
    }
}

impl Bare for Part {
    fn bare(&mut self) {
        let Self { contains: _, text } = self;
        text.bare();
    }
}

impl Bare for Expectation {
    fn bare(&mut self) {
        match self {
            Self::Reply {
                user,
                contains: _,
                text,
            } => {
                user.bare();
                text.bare();
            }
            Self::ReplyKind { kind, part } => {
                kind.bare();
                part.bare();
            }
            Self::Send { to, part } => {
                to.bare();
                part.bare();
            }
            Self::Verdict(name) | Self::Call(name) => name.bare(),
            Self::Alert { to, by, text } => {
                to.bare();
                by.bare();
                text.bare();
            }
            Self::Signals { include: _, names } => names.bare(),
            Self::State {
                subject,
                state,
                negated: _,
            } => {
                subject.bare();
                state.bare();
            }
            Self::Event { name, negated: _ } => name.bare(),
            Self::Dialog(name) => name.bare(),
            Self::NoReply | Self::NoAlert | Self::NoSend | Self::NoCall => {}
        }
    }
}
