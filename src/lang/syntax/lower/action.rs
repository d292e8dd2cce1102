//! Blocks, actions, outcomes.

use pest::iterators::Pair;

use super::{Kids, Lower};
use crate::lang::span::Span;
use crate::lang::syntax::ast::{
    Action, ActionKind, AlertAction, Block, Expr, FieldSetting, Ident, OutcomeArm, TemplateMessage,
};
use crate::lang::syntax::grammar::Rule;

impl Lower<'_> {
    /// Actions in braces.
    pub(super) fn block(&mut self, pair: &Pair<'_, Rule>) -> Option<Block> {
        let actions: Vec<_> = Kids::of(pair.clone()).rest().collect();
        self.one_per_line(&actions);
        Some(Block {
            actions: actions
                .iter()
                .map(|action| self.action(action))
                .collect::<Option<_>>()?,
            span: self.span(pair),
        })
    }

    pub(super) fn action(&mut self, pair: &Pair<'_, Rule>) -> Option<Action> {
        let mut kids = Kids::of(pair.clone());
        let body = kids.next()?;
        let keyword = match body.as_rule() {
            Rule::card_action | Rule::alert_action | Rule::trust_action | Rule::close_action => {
                self.keywords(&body.clone().into_inner().next()?)
            }
            _ => self.keywords(&body),
        };
        let kind = self.action_kind(body)?;
        let outcomes = match kids.take(Rule::outcomes) {
            Some(outcomes) => {
                let arms: Vec<_> = Kids::of(outcomes).rest().collect();
                self.one_per_line(&arms);
                Some(
                    arms.iter()
                        .map(|arm| self.arm(arm))
                        .collect::<Option<Vec<_>>>()?,
                )
            }
            None => None,
        };
        Some(Action {
            kind,
            keyword,
            outcomes,
            span: self.span(pair),
        })
    }

    fn arm(&mut self, pair: &Pair<'_, Rule>) -> Option<OutcomeArm> {
        let mut kids = Kids::of(pair.clone());
        Some(OutcomeArm {
            name: self.ident(&kids.seek(Rule::ident)?),
            block: self.block(&kids.seek(Rule::block)?)?,
        })
    }

    fn action_kind(&mut self, body: Pair<'_, Rule>) -> Option<ActionKind> {
        let rule = body.as_rule();
        let mut kids = Kids::of(body.clone());
        Some(match rule {
            Rule::reply_text => ActionKind::ReplyText(self.text(&kids.seek(Rule::text)?)),
            Rule::reply_media => {
                kids.take(Rule::k_reply)?;
                ActionKind::ReplyMedia {
                    kind: self.word(&kids.next()?),
                    media: self.text(&kids.seek(Rule::text)?),
                }
            }
            Rule::card_action => {
                let mut head = Kids::of(kids.seek(Rule::card_head)?);
                head.take(Rule::k_reply)?;
                ActionKind::ReplyCard {
                    kind: self.word(&head.next()?),
                    fields: self.fields(Kids::of(kids.seek(Rule::card_fields)?))?,
                }
            }
            Rule::start_action => ActionKind::Start {
                dialog: self.ident(&kids.seek(Rule::ident)?),
                with: kids
                    .rest()
                    .filter(|kid| kid.as_rule() == Rule::ident)
                    .map(|kid| self.ident(&kid))
                    .collect(),
            },
            Rule::leave_action => ActionKind::LeaveDialog,
            Rule::ask_again => ActionKind::AskAgain(self.ident(&kids.seek(Rule::ident)?)),
            Rule::remember_action => ActionKind::Remember {
                name: self.ident(&kids.seek(Rule::ident)?),
                value: self.expr(&kids.seek(Rule::expr)?)?,
                lifetime: self.next_expr(&mut kids)?,
            },
            Rule::forget_action => ActionKind::Forget(self.ident(&kids.seek(Rule::ident)?)),
            Rule::tag_action => ActionKind::Tag(self.text(&kids.seek(Rule::text)?)),
            Rule::untag_action => ActionKind::Untag(self.text(&kids.seek(Rule::text)?)),
            Rule::bind_action => ActionKind::Bind,
            Rule::unbind_action => ActionKind::Unbind,
            Rule::lock_action => ActionKind::LockAccount,
            Rule::unlock_action => ActionKind::UnlockAccount,
            Rule::log_off_action => ActionKind::LogOff,
            Rule::trust_action => ActionKind::TrustAlert {
                choice: self.choice(kids.seek(Rule::trust_words)?)?,
                lifetime: self.expr(&kids.seek(Rule::expr)?)?,
            },
            Rule::close_action => ActionKind::CloseAlert {
                choice: self.choice(kids.seek(Rule::close_words)?)?,
            },
            Rule::challenge_action => ActionKind::Challenge,
            Rule::deny_action => {
                ActionKind::Deny(kids.seek(Rule::text).map(|text| self.text(&text)))
            }
            Rule::allow_action => ActionKind::Allow,
            Rule::forward_action => ActionKind::Forward,
            Rule::hand_over_action => {
                ActionKind::HandOver(kids.seek(Rule::text).map(|text| self.text(&text)))
            }
            Rule::call_action => ActionKind::Call {
                name: self.ident(&kids.seek(Rule::ident)?),
                with: self.exprs(&body)?,
            },
            Rule::note_action => ActionKind::Note(self.text(&kids.seek(Rule::text)?)),
            Rule::send_action => ActionKind::Send {
                text: self.text(&kids.seek(Rule::text)?),
                after: self.next_expr(&mut kids)?,
            },
            Rule::issue_action => {
                kids.take(Rule::k_issue)?;
                ActionKind::IssueCode {
                    purpose: self.word(&kids.next()?),
                }
            }
            Rule::alert_action => ActionKind::Alert(self.alert(kids)?),
            _ => return None,
        })
    }

    /// The number between `alert` and what follows it; the outer `None` is a broken tree.
    #[allow(clippy::option_option, reason = "absent and impossible differ")]
    fn choice(&mut self, words: Pair<'_, Rule>) -> Option<Option<Expr>> {
        match Kids::of(words).seek(Rule::choice) {
            Some(choice) => Some(Some(self.simple(&choice)?)),
            None => Some(None),
        }
    }

    #[allow(clippy::option_option, reason = "absent and impossible differ")]
    fn next_expr(&mut self, kids: &mut Kids<'_>) -> Option<Option<Expr>> {
        match kids.seek(Rule::expr) {
            Some(expr) => Some(Some(self.expr(&expr)?)),
            None => Some(None),
        }
    }

    fn fields(&mut self, kids: Kids<'_>) -> Option<Vec<FieldSetting>> {
        let fields: Vec<_> = kids
            .rest()
            .filter(|kid| kid.as_rule() == Rule::field)
            .collect();
        self.one_per_line(&fields);
        fields
            .into_iter()
            .map(|field| {
                let mut kids = Kids::of(field);
                Some(FieldSetting {
                    name: self.ident(&kids.seek(Rule::ident)?),
                    value: self.expr(&kids.seek(Rule::expr)?)?,
                })
            })
            .collect()
    }

    fn alert(&mut self, mut kids: Kids<'_>) -> Option<AlertAction> {
        let mut alert = AlertAction {
            expires: None,
            once_per: None,
            per: None,
            message: None,
            template: None,
        };
        for part in Kids::of(kids.seek(Rule::alert_head)?).rest() {
            let rule = part.as_rule();
            let mut inner = Kids::of(part);
            match rule {
                Rule::alert_expires => alert.expires = self.next_expr(&mut inner)?,
                Rule::alert_once => alert.once_per = self.next_expr(&mut inner)?,
                Rule::alert_per => alert.per = Some(self.path(&inner.seek(Rule::path)?)),
                _ => {}
            }
        }
        let parts: Vec<_> = kids.rest().collect();
        self.one_per_line(&parts);
        for part in parts {
            let span = self.span(&part);
            if part.as_rule() == Rule::alert_message {
                let text = self.text(&Kids::of(part).seek(Rule::text)?);
                match &alert.message {
                    Some(first) => self.twice("message", first.span, span),
                    None => alert.message = Some(text),
                }
            } else {
                let template = self.template(part, span)?;
                match &alert.template {
                    Some(first) => self.twice("template", first.span, span),
                    None => alert.template = Some(template),
                }
            }
        }
        Some(alert)
    }

    fn template(&mut self, pair: Pair<'_, Rule>, span: Span) -> Option<TemplateMessage> {
        let mut kids = Kids::of(pair);
        let mut head = Kids::of(kids.seek(Rule::template_head)?);
        let name: Ident = self.ident(&head.seek(Rule::ident)?);
        Some(TemplateMessage {
            name,
            fields: self.fields(kids)?,
            span,
        })
    }
}
