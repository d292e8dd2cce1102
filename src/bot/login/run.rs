//! Login-side rules: every matching rule acts, deny before challenge before allow, one alert at most
//! (language law 6).

use std::collections::BTreeMap;

use crate::bot::{later, outside, probe};
use crate::guard::locks::{self, LockOutcome};
use crate::guard::{SessionEnd, sessions};
use crate::lang::eval::{self, Held, NoObserver};
use crate::lang::program::{Action, ActionKind, AlertAction, Block, EventName, Expr, Template};
use crate::lang::value::Value;
use crate::outbox::{self, NewCall};
use crate::store::{NewAudit, StoreError};
use crate::text::normalise;

use super::facts::CaseFacts;

/// What the rules of one event want.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// Refuse: the reason for the audit.
    pub deny: Option<String>,
    /// Demand a captcha.
    pub challenge: bool,
    /// Raise this alert; the first rule's.
    pub alert: Option<Prompt>,
    /// An action locks the account, or would if the name were one: both are refused, or whoever tries names would learn
    /// which of them are accounts.
    pub locks: bool,
    /// Rules that acted, by name.
    pub rules: Vec<String>,
    /// They were asked about a login, which is recorded whatever they do to its account, not about an attempt.
    pub of_login: bool,
}

/// An alert a rule wants, its texts rendered.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// The rule.
    pub rule: String,
    /// Life of the answer 是我, in milliseconds.
    pub expires: i64,
    /// Cool-down in milliseconds; none when 0.
    pub once_per: i64,
    /// Cool-down per machine rather than per account.
    pub per_machine: bool,
    /// The customer-service message.
    pub message: String,
    /// The template message: the name rules use, fields, link.
    pub template: Option<PromptTemplate>,
}

/// The template message of a [`Prompt`].
#[derive(Debug, Clone)]
pub struct PromptTemplate {
    /// The name under which the configuration knows its id.
    pub name: String,
    /// Fields and values, cut to what their types allow.
    pub fields: Vec<(String, String)>,
    /// Where a tap leads.
    pub url: Option<String>,
}

impl CaseFacts<'_, '_> {
    /// Runs every rule for `event`. When `acts` is false nothing is done, only wished: a login that
    /// was reported late, or imported.
    pub fn run_rules(&mut self, event: &EventName, acts: bool) -> Result<Wish, StoreError> {
        let rules = self.context.rules.clone();
        let mut wish = Wish {
            of_login: *event != EventName::Attempt,
            ..Wish::default()
        };
        let mut candidates = Vec::new();
        rules
            .index
            .candidates(event, &normalise(""), &mut candidates);
        for id in candidates {
            let rule = &rules.program.rules[id.0 as usize];
            let probe = self.context.probe.as_ref();
            let held = probe::holds(probe, rule.when.as_ref(), &rules.program, self);
            if let Some(error) = self.error.take() {
                return Err(error);
            }
            if held != Held::Yes {
                continue;
            }
            wish.rules.push(rule.name.clone());
            self.context.reached(rule.head);
            if acts {
                self.run_block(&rule.body, &rule.name, &mut wish)?;
            }
        }
        Ok(wish)
    }

    fn run_block(&mut self, block: &Block, rule: &str, wish: &mut Wish) -> Result<(), StoreError> {
        for action in &block.actions {
            self.act(action, rule, wish)?;
        }
        Ok(())
    }

    fn act(&mut self, action: &Action, rule: &str, wish: &mut Wish) -> Result<(), StoreError> {
        let account = self.case.account.as_ref().map(|account| account.id.clone());
        match &action.kind {
            ActionKind::Challenge => wish.challenge = true,
            ActionKind::Deny(words) => {
                let reason = words.as_ref().map(|words| self.render(words));
                wish.deny
                    .get_or_insert(reason.unwrap_or_else(|| rule.to_owned()));
            }
            // The weakest (law 6): what happens anyhow when no rule denies or challenges. That the rule acted
            // is on record, and nothing else comes of it.
            ActionKind::Allow => {}
            ActionKind::Alert(alert) if wish.alert.is_none() => {
                wish.alert = Some(self.prompt(alert, rule));
            }
            ActionKind::LockAccount => {
                wish.locks = true;
                let Some(account) = account else {
                    return self.arm(action, "unbound", BTreeMap::new(), rule, wish);
                };
                let recorded = wish.of_login;
                match locks::lock_while_judging(self.tx, &account, rule, recorded)? {
                    LockOutcome::Locked { sessions_ended, .. } => {
                        let brings = count("sessions_ended", u64::from(sessions_ended));
                        self.arm(action, "locked", brings, rule, wish)?;
                    }
                    LockOutcome::AlreadyLocked { .. } => {
                        self.arm(action, "already_locked", BTreeMap::new(), rule, wish)?;
                    }
                }
            }
            ActionKind::LogOff => {
                let Some(account) = account else {
                    return self.arm(action, "unbound", BTreeMap::new(), rule, wish);
                };
                let ended = sessions::end_all(self.tx, &account, SessionEnd::LoggedOff)?;
                let brings = count("sessions_ended", u64::from(ended));
                self.arm(action, "logged_off", brings, rule, wish)?;
            }
            ActionKind::Call { name, args } => {
                let values: Vec<Value> = args.iter().map(|arg| self.value(arg)).collect();
                let payload =
                    outside::payload(self.tx, &self.context.registry, name, args, &values)?;
                outbox::enqueue_call(
                    self.tx,
                    NewCall {
                        name: name.clone(),
                        account,
                        official_account: None,
                        follower: None,
                        payload,
                        dedupe: Some(self.context.request_id(action.span)),
                    },
                )?;
            }
            ActionKind::Note(words) => {
                let text = self.render(words);
                self.tx.audit(NewAudit {
                    actor: "system".to_owned(),
                    action: "note".to_owned(),
                    account,
                    detail: serde_json::json!({ "text": text, "rule": rule }),
                })?;
            }
            ActionKind::Send { text, after } => {
                let Some(account) = account else {
                    return Ok(());
                };
                let text = self.render(text);
                if let Some(to) = later::bound_follower(self.tx, self.context, &account)? {
                    later::send(self.tx, to, Some(account), text, *after)?;
                }
            }
            // Chat actions; the checker keeps them out of login-side rules.
            _ => {}
        }
        Ok(())
    }

    fn arm(
        &mut self,
        action: &Action,
        outcome: &str,
        brings: BTreeMap<String, Value>,
        rule: &str,
        wish: &mut Wish,
    ) -> Result<(), StoreError> {
        let Some(arm) = action.arm(outcome) else {
            return Ok(());
        };
        self.context.reached(arm.span);
        self.outcomes.push(brings);
        let result = self.run_block(&arm.block, rule, wish);
        self.outcomes.pop();
        result
    }

    fn prompt(&mut self, alert: &AlertAction, rule: &str) -> Prompt {
        let template = alert.template.as_ref().map(|template| PromptTemplate {
            name: template.name.clone(),
            fields: template
                .fields
                .iter()
                .map(|(key, words)| {
                    let value = self.render(words);
                    (key.clone(), fitted(key, &value))
                })
                .collect(),
            url: template.url.as_ref().map(|url| self.render(url)),
        });
        Prompt {
            rule: rule.to_owned(),
            expires: alert.expires,
            once_per: alert.once_per,
            per_machine: alert.per_machine,
            message: self.render(&alert.message),
            template,
        }
    }

    fn render(&mut self, words: &Template) -> String {
        let program = self.context.rules.program.clone();
        let zone = self
            .context
            .zone(self.case.account.as_ref().and_then(|a| a.zone.as_deref()));
        eval::render(words, &program, self, &zone)
    }

    fn value(&mut self, expr: &Expr) -> Value {
        let program = self.context.rules.program.clone();
        eval::eval(expr, &program, self, &mut NoObserver)
    }
}

/// A value as the template's field takes it; `-` stands for one that it does not take at all, since
/// a refused field would lose the whole prompt.
fn fitted(key: &str, value: &str) -> String {
    crate::wechat::client::fit(key, value).unwrap_or_else(|_| "-".to_owned())
}

fn count(name: &str, number: u64) -> BTreeMap<String, Value> {
    BTreeMap::from([(name.to_owned(), Value::Number(number as f64))])
}
