//! The lines of stories.

use pest::iterators::Pair;

use super::{Kids, Lower};
use crate::lang::syntax::ast::{
    Expectation, Ident, LoginSetting, Part, Repeat, Step, StepKind, Text,
};
use crate::lang::syntax::grammar::Rule;

impl Lower<'_> {
    /// One line of a story.
    pub(super) fn step(&mut self, pair: &Pair<'_, Rule>) -> Option<Step> {
        let inner = Kids::of(pair.clone()).next()?;
        Some(Step {
            kind: self.step_kind(inner)?,
            span: self.span(pair),
        })
    }

    fn step_kind(&mut self, pair: Pair<'_, Rule>) -> Option<StepKind> {
        let rule = pair.as_rule();
        let mut kids = Kids::of(pair);
        Some(match rule {
            Rule::place_step => StepKind::Place {
                name: self.ident(&kids.seek(Rule::ident)?),
                lat: self.signed(&kids.seek(Rule::signed)?),
                lon: self.signed(&kids.seek(Rule::signed)?),
                settings: self.settings(kids)?,
            },
            Rule::account_step => StepKind::Account {
                name: self.ident(&kids.seek(Rule::ident)?),
                settings: self.settings(kids)?,
            },
            Rule::issue_step => {
                kids.take(Rule::k_issue)?;
                let what = kids.next()?;
                let ticket = what.as_rule() == Rule::issue_ticket;
                let mut inner = Kids::of(what);
                if ticket {
                    StepKind::IssueTicket {
                        ticket: self.text(&inner.seek(Rule::text)?),
                        account: self.ident(&inner.seek(Rule::ident)?),
                    }
                } else {
                    StepKind::IssueCode {
                        purpose: self.word(&inner.next()?),
                        code: self.text(&inner.seek(Rule::text)?),
                        account: self.ident(&inner.seek(Rule::ident)?),
                    }
                }
            }
            Rule::wechat_step => {
                let user = self.ident(&kids.seek(Rule::ident)?);
                let mut act = Kids::of(kids.next()?);
                let verb = self.word(&act.next()?);
                act.take(Rule::k_scene);
                let (mut message, mut text, mut fields) = (None, None, Vec::new());
                for part in act.rest() {
                    match part.as_rule() {
                        Rule::text => text = Some(self.text(&part)),
                        Rule::push_fields => fields = self.push_fields(part)?,
                        _ => message = Some(self.ident(&part)),
                    }
                }
                StepKind::WeChat {
                    user,
                    verb,
                    message,
                    text,
                    fields,
                    repeat: self.repeat(kids)?,
                }
            }
            Rule::login_step => self.login(kids)?,
            Rule::after_step => StepKind::After(self.expr(&kids.seek(Rule::expr)?)?),
            Rule::operator_step => {
                kids.take(Rule::k_operator)?;
                StepKind::Operator {
                    verb: self.word(&kids.next()?),
                    account: self.ident(&kids.seek(Rule::ident)?),
                }
            }
            Rule::platform_step => {
                kids.take(Rule::k_platform)?;
                StepKind::Platform {
                    verb: self.word(&kids.next()?),
                }
            }
            Rule::system_step => {
                kids.take(Rule::k_system)?;
                kids.take(Rule::k_is);
                let mut act = kids.next()?;
                let mut text = None;
                if act.as_rule() == Rule::system_answers {
                    let mut inner = Kids::of(act);
                    act = inner.next()?;
                    text = Some(self.text(&inner.seek(Rule::text)?));
                }
                StepKind::System {
                    verb: self.word(&act),
                    text,
                }
            }
            Rule::expect_step => {
                kids.take(Rule::k_expect)?;
                StepKind::Expect(self.expectation(kids.next()?)?)
            }
            _ => return None,
        })
    }

    /// `with EventKey "…", ScanResult "…"`
    fn push_fields(&mut self, pair: Pair<'_, Rule>) -> Option<Vec<(Ident, Text)>> {
        let mut kids = Kids::of(pair);
        kids.take(Rule::k_with)?;
        kids.rest()
            .map(|field| {
                let mut kids = Kids::of(field);
                let name = self.ident(&kids.seek(Rule::ident)?);
                Some((name, self.text(&kids.seek(Rule::text)?)))
            })
            .collect()
    }

    /// `phone "…" code "…"`
    fn settings(&mut self, kids: Kids<'_>) -> Option<Vec<(Ident, Text)>> {
        kids.rest()
            .map(|setting| {
                let mut kids = Kids::of(setting);
                Some((self.word(&kids.next()?), self.text(&kids.seek(Rule::text)?)))
            })
            .collect()
    }

    #[allow(clippy::option_option, reason = "absent and impossible differ")]
    fn repeat(&mut self, mut kids: Kids<'_>) -> Option<Option<Repeat>> {
        let Some(pair) = kids.seek(Rule::repeat) else {
            return Some(None);
        };
        let span = self.span(&pair);
        let mut kids = Kids::of(pair);
        let times = self.uint(&kids.seek(Rule::uint)?).0;
        let every = match kids.seek(Rule::expr) {
            Some(expr) => Some(self.expr(&expr)?),
            None => None,
        };
        Some(Some(Repeat { times, every, span }))
    }

    fn login(&mut self, mut kids: Kids<'_>) -> Option<StepKind> {
        let account = self.ident(&kids.seek(Rule::ident)?);
        let mut settings = Vec::new();
        let mut repeat = None;
        for kid in kids.rest() {
            let span = self.span(&kid);
            let rule = kid.as_rule();
            if rule == Rule::repeat {
                let of_one = vec![kid].into_iter().peekable();
                repeat = self.repeat(Kids(of_one))?;
                continue;
            }
            let mut inner = Kids::of(kid);
            settings.push(match rule {
                Rule::login_city => LoginSetting::City(self.ident(&inner.seek(Rule::ident)?)),
                Rule::login_machine => LoginSetting::Machine(self.text(&inner.seek(Rule::text)?)),
                Rule::login_illegal => LoginSetting::IllegalMachine(span),
                Rule::login_none => LoginSetting::NoMachine(span),
                Rule::login_ip => LoginSetting::Ip(self.text(&inner.seek(Rule::text)?)),
                Rule::login_wrong => LoginSetting::WrongPassword(span),
                Rule::login_agent => LoginSetting::Agent(self.text(&inner.seek(Rule::text)?)),
                Rule::login_solving => LoginSetting::SolvingCaptcha(span),
                Rule::login_reported => LoginSetting::Reported {
                    ago: match inner.seek(Rule::expr) {
                        Some(ago) => Some(self.expr(&ago)?),
                        None => None,
                    },
                    span,
                },
                Rule::login_reason => LoginSetting::Reason(self.text(&inner.seek(Rule::text)?)),
                _ => return None,
            });
        }
        Some(StepKind::Login {
            account,
            settings,
            repeat,
        })
    }

    /// `~ "…"` or `"…"`, if it is there.
    #[allow(clippy::option_option, reason = "absent and impossible differ")]
    fn part(&mut self, kids: &mut Kids<'_>) -> Option<Option<Part>> {
        let Some(pair) = kids.take(Rule::reply_part) else {
            return Some(None);
        };
        let mut inner = Kids::of(pair);
        Some(Some(Part {
            contains: inner.take(Rule::tilde).is_some(),
            text: self.text(&inner.seek(Rule::text)?),
        }))
    }

    fn expectation(&mut self, pair: Pair<'_, Rule>) -> Option<Expectation> {
        let rule = pair.as_rule();
        let mut kids = Kids::of(pair);
        Some(match rule {
            Rule::expect_no => {
                kids.take(Rule::k_no)?;
                let what = kids.next()?;
                match what.as_rule() {
                    Rule::k_reply => Expectation::NoReply,
                    Rule::k_alert => Expectation::NoAlert,
                    Rule::k_send => Expectation::NoSend,
                    Rule::k_signals => Expectation::Signals {
                        include: false,
                        names: Vec::new(),
                    },
                    Rule::k_dialog => Expectation::Dialog(None),
                    Rule::k_call => Expectation::NoCall,
                    _ => Expectation::Event {
                        name: self.text(&Kids::of(what).seek(Rule::text)?),
                        negated: true,
                    },
                }
            }
            Rule::expect_reply => {
                kids.take(Rule::k_reply)?;
                let what = kids.next()?;
                if what.as_rule() == Rule::reply_kind {
                    let span = self.span(&what);
                    let kind = what.into_inner().next()?;
                    let name = if kind.as_rule() == Rule::customer_service {
                        "customer service".to_owned()
                    } else {
                        kind.as_str().trim().to_owned()
                    };
                    return Some(Expectation::ReplyKind {
                        kind: Ident { name, span },
                        part: self.part(&mut kids)?,
                    });
                }
                let mut inner = Kids::of(what);
                let user = match inner.take(Rule::k_to) {
                    Some(_) => Some(self.ident(&inner.seek(Rule::ident)?)),
                    None => None,
                };
                Expectation::Reply {
                    user,
                    contains: inner.take(Rule::tilde).is_some(),
                    text: self.text(&inner.seek(Rule::text)?),
                }
            }
            Rule::expect_alert => {
                let (mut to, mut by, mut text) = (None, None, None);
                for kid in kids.rest() {
                    match kid.as_rule() {
                        Rule::ident => to = Some(self.ident(&kid)),
                        Rule::alert_by => {
                            let mut inner = Kids::of(kid);
                            inner.take(Rule::k_by)?;
                            by = Some(self.word(&inner.next()?));
                        }
                        Rule::text => text = Some(self.text(&kid)),
                        _ => {}
                    }
                }
                Expectation::Alert { to, by, text }
            }
            Rule::expect_send => {
                kids.take(Rule::k_send)?;
                let to = match kids.take(Rule::k_to) {
                    Some(_) => Some(self.ident(&kids.seek(Rule::ident)?)),
                    None => None,
                };
                Expectation::Send {
                    to,
                    part: self.part(&mut kids)?,
                }
            }
            Rule::expect_signals => {
                kids.take(Rule::k_signals)?;
                Expectation::Signals {
                    include: kids.take(Rule::k_include).is_some(),
                    names: kids.rest().map(|name| self.ident(&name)).collect(),
                }
            }
            Rule::expect_verdict => Expectation::Verdict(self.word(&kids.next()?)),
            Rule::expect_event => Expectation::Event {
                name: self.text(&kids.seek(Rule::text)?),
                negated: false,
            },
            Rule::expect_call => Expectation::Call(self.ident(&kids.seek(Rule::ident)?)),
            Rule::expect_dialog => Expectation::Dialog(Some(self.ident(&kids.seek(Rule::ident)?))),
            Rule::expect_state => Expectation::State {
                subject: self.ident(&kids.seek(Rule::ident)?),
                negated: kids.take(Rule::k_not).is_some(),
                state: self.word(&kids.next()?),
            },
            _ => return None,
        })
    }
}
