//! A bot that answers what the test says and remembers what it was asked.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Either};
use menshen::bot::api::{
    Answering, AttemptAnswer, AttemptRequest, BotError, BotVitals, CaptchaView, DecisionView,
    LoginAnswer, LoginGranted, LoginReport, LoginRequest, PushAnswer, ReportAnswer, RulesStatus,
    SessionView, SignalView, Verdict,
};
use menshen::outbox::CallStats;
use menshen::server::{BotService, ReloadError, Remember};
use menshen::store::{self, SharedStore, StoreError};
use menshen::wechat::endpoint::Opened;
use menshen::wechat::reply::Reply;
use tokio::sync::Notify;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Panics {
    AtOnce,
    Later,
}

#[derive(Default)]
pub struct FakeBot {
    pub pushes: Mutex<Vec<Opened>>,
    pub push_answers: Mutex<VecDeque<PushAnswer>>,
    /// The next push panics: as it is handed over, or while it is waited for.
    pub panics: Mutex<Option<Panics>>,
    /// Where attempts and reports commit, so that what is remembered is in a store.
    pub store: Mutex<Option<SharedStore>>,
    pub attempts: Mutex<usize>,
    pub reports: Mutex<Vec<LoginReport>>,
    /// When set, attempts wait for it.
    pub gate: Mutex<Option<Arc<Notify>>>,
    pub entered: Notify,
    pub stale: Mutex<bool>,
    pub unloaded: Mutex<bool>,
    pub reject_reload: Mutex<Option<String>>,
    /// When set, reloads wait for it.
    pub reload_gate: Mutex<Option<Arc<Notify>>>,
    pub calls: Mutex<BTreeMap<String, CallStats>>,
}

pub fn captcha() -> CaptchaView {
    CaptchaView {
        id: "cap_1".into(),
        image: "data:image/png;base64,AAAA".into(),
        expires_at: "2026-11-20T08:02:00.000Z".into(),
    }
}

pub fn decision(id: &str) -> DecisionView {
    DecisionView {
        id: id.into(),
        verdict: Verdict::Allow,
        suspicion: 1.5,
        signals: vec![SignalView {
            name: "new_machine".into(),
            title: "没用过的设备".into(),
            weight: 1.5,
            state: "fired".into(),
            shadow: false,
            values: [("login.machine".to_owned(), "new".to_owned())].into(),
            missing: vec![],
        }],
        alert: None,
        rules: "ab".repeat(32),
    }
}

impl FakeBot {
    fn store(&self) -> SharedStore {
        self.store
            .lock()
            .unwrap()
            .clone()
            .expect("the test gave a store")
    }
}

impl BotService for FakeBot {
    fn handle_push(self: Arc<Self>, _official_account: &str, opened: Opened) -> Answering {
        let panics = self.panics.lock().unwrap().take();
        assert_ne!(panics, Some(Panics::AtOnce), "on purpose");
        let answer = async move {
            if panics.is_some() {
                tokio::task::yield_now().await;
                panic!("on purpose");
            }
            self.pushes.lock().unwrap().push(opened);
            self.push_answers
                .lock()
                .unwrap()
                .pop_front()
                .unwrap_or_else(|| PushAnswer::Reply(std::sync::Arc::new(Reply::text("您好"))))
        };
        Either::Right(answer.boxed())
    }

    fn login(
        self: Arc<Self>,
        request: LoginRequest,
    ) -> BoxFuture<'static, Result<LoginAnswer, BotError>> {
        async move {
            if request.origin.account == "overloaded" {
                return Err(BotError::Overloaded);
            }
            Ok(match (request.origin.account.as_str(), request.captcha) {
                ("alice", _) if request.password.expose() == "right" => {
                    LoginAnswer::Granted(Box::new(LoginGranted {
                        token: "token".into(),
                        session: SessionView {
                            id: "ses_1".into(),
                            account: "alice".into(),
                            machine: None,
                            since: "2026-11-20T08:00:00.000Z".into(),
                            expires_at: "2026-11-21T08:00:00.000Z".into(),
                        },
                        decision: decision("dec_1"),
                        password_change_required: false,
                    }))
                }
                ("carol", None) => LoginAnswer::CaptchaRequired {
                    captcha: captcha(),
                    decision: "dec_9".to_owned(),
                },
                _ => LoginAnswer::Refused,
            })
        }
        .boxed()
    }

    fn attempt(
        self: Arc<Self>,
        _request: AttemptRequest,
        remember: Option<Remember<AttemptAnswer>>,
    ) -> BoxFuture<'static, Result<AttemptAnswer, BotError>> {
        async move {
            self.entered.notify_one();
            let gate = self.gate.lock().unwrap().clone();
            if let Some(gate) = gate {
                gate.notified().await;
            }
            let number = {
                let mut attempts = self.attempts.lock().unwrap();
                *attempts += 1;
                *attempts
            };
            let answer = AttemptAnswer {
                verdict: Verdict::Challenge,
                captcha: Some(captcha()),
                decision: format!("dec_{number}"),
            };
            if let Some(mut remember) = remember {
                let kept = answer.clone();
                store::execute::<_, StoreError>(&*self.store(), "attempt", move |tx| {
                    remember(tx, &kept)
                })
                .await?;
            }
            Ok(answer)
        }
        .boxed()
    }

    fn report(
        self: Arc<Self>,
        report: LoginReport,
        remember: Option<Remember<ReportAnswer>>,
    ) -> BoxFuture<'static, Result<ReportAnswer, BotError>> {
        async move {
            let number = {
                let mut reports = self.reports.lock().unwrap();
                reports.push(report.clone());
                reports.len()
            };
            let answer = match report.id.as_deref() {
                Some("taken") => ReportAnswer::Conflict,
                Some("ahead") => ReportAnswer::TooFarAhead,
                _ => ReportAnswer::Recorded(decision(&format!("dec_{number}"))),
            };
            if let Some(mut remember) = remember {
                let kept = answer.clone();
                store::execute::<_, StoreError>(&*self.store(), "report", move |tx| {
                    remember(tx, &kept)
                })
                .await?;
            }
            Ok(answer)
        }
        .boxed()
    }

    fn reload(self: Arc<Self>) -> BoxFuture<'static, Result<RulesStatus, ReloadError>> {
        async move {
            let gate = self.reload_gate.lock().unwrap().clone();
            if let Some(gate) = gate {
                self.entered.notify_one();
                gate.notified().await;
            }
            match self.reject_reload.lock().unwrap().take() {
                Some(findings) => Err(ReloadError::Rejected(findings)),
                None => Ok(self.rules_status()),
            }
        }
        .boxed()
    }

    fn calls(&self) -> BTreeMap<String, CallStats> {
        self.calls.lock().unwrap().clone()
    }

    fn vitals(&self) -> BotVitals {
        BotVitals::default()
    }

    fn rules_status(&self) -> RulesStatus {
        RulesStatus {
            generation: u64::from(!*self.unloaded.lock().unwrap()),
            hash: "ab".repeat(32),
            loaded_at: "2026-11-20T08:00:00.000Z".into(),
            stale: *self.stale.lock().unwrap(),
            stale_since: None,
            last_error: None,
        }
    }
}
