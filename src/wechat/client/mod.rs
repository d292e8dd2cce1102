//! The client for the platform's API: tokens, customer-service and template messages, QR codes.
//!
//! Data comes from the outbox as typed messages and leaves over HTTPS; every call ends as exactly
//! one of *accepted*, *rejected* (with the platform's code), *unknown* (it may have arrived) or *not
//! sent* (it has not, so repeating is safe). The access token and the AppSecret never reach a log or
//! an error; redirects are not followed; answers are bounded. Nothing here retries on its own except
//! once, after renewing a token the platform called stale.

mod call;
mod error_class;
mod messages;
mod secret;
mod template_field;
mod token;

use std::time::Duration;

use reqwest::Url;
use serde_json::{Value, json};

use crate::env::Env;

pub use call::{ApiError, CallError, NotSent, SendOutcome, Unknown};
pub use error_class::{ErrorClass, ErrorHint, KNOWN_ERRORS, classify, hint};
pub use messages::{
    CustomMessage, MenuItem, MiniProgram, QrCode, Scene, TemplateMessage, UserInfo,
};
pub use secret::Secret;
pub use template_field::{FieldError, FieldKind, fit};
pub use token::TokenError;

use call::Http;
use token::TokenKeeper;

/// The platform's nearest host.
pub const DEFAULT_API_BASE: &str = "https://api.weixin.qq.com";
/// How long a connection may take.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a call may take altogether.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// How to reach the API of one official account.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// The AppID.
    pub app_id: String,
    /// The AppSecret.
    pub app_secret: Secret,
    /// Scheme, host and port; `https`, or `http` to a loopback address.
    pub api_base: String,
    /// [`CONNECT_TIMEOUT`] unless a test wants it shorter.
    pub connect_timeout: Duration,
    /// [`CALL_TIMEOUT`] unless a test wants it shorter.
    pub call_timeout: Duration,
}

impl ClientConfig {
    /// The usual host and timeouts.
    pub fn new(app_id: impl Into<String>, app_secret: impl Into<String>) -> Self {
        Self {
            app_id: app_id.into(),
            app_secret: Secret::new(app_secret),
            api_base: DEFAULT_API_BASE.to_owned(),
            connect_timeout: CONNECT_TIMEOUT,
            call_timeout: CALL_TIMEOUT,
        }
    }
}

/// Why a client cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientConfigError {
    /// Not an address with a host.
    #[error("api_base is not a URL such as https://api.weixin.qq.com")]
    Base,
    /// `http` to somewhere else than this machine: the AppSecret would travel in clear.
    #[error("api_base must be https unless its host is a loopback address")]
    NotEncrypted,
    /// No TLS: the system's certificates cannot be read.
    #[error("TLS cannot be set up")]
    Tls,
}

/// The API of one official account. One per AppID and process: it is the only refresher of the
/// token. Cheap to share behind an `Arc`.
#[derive(Debug)]
pub struct Client {
    http: Http,
    tokens: TokenKeeper,
}

impl Client {
    /// Builds the client; no request is made.
    pub fn new(config: &ClientConfig, env: Env) -> Result<Self, ClientConfigError> {
        let (base, loopback) = check_base(&config.api_base)?;
        let http = build_http(config, loopback)?;
        Ok(Self {
            http: Http::new(http, base),
            tokens: TokenKeeper::new(config.app_id.clone(), config.app_secret.clone(), env),
        })
    }

    /// Sends a customer-service message (protocol: `message/custom/send`). Not idempotent: do not
    /// repeat after [`SendOutcome::Unknown`] without saying so.
    pub async fn custom_send(&self, openid: &str, message: &CustomMessage) -> SendOutcome {
        let body = message.to_json(openid);
        self.post("/cgi-bin/message/custom/send", &body)
            .await
            .into()
    }

    /// Sends a template message (protocol: `message/template/send`). With a `client_msg_id`, the
    /// platform sends it once within ten minutes however often it is asked.
    pub async fn template_send(&self, message: &TemplateMessage) -> SendOutcome {
        let body = message.to_json();
        self.post("/cgi-bin/message/template/send", &body)
            .await
            .into()
    }

    /// Makes a parametric QR code (protocol: `qrcode/create`).
    pub async fn qrcode_create(&self, scene: &Scene) -> Result<QrCode, CallError> {
        let answer = self
            .post("/cgi-bin/qrcode/create", &scene.to_json())
            .await?;
        QrCode::from_json(&answer).ok_or(CallError::Unknown(Unknown::Unreadable))
    }

    /// Whether somebody follows the account (protocol: `user/info`).
    pub async fn user_info(&self, openid: &str) -> Result<UserInfo, CallError> {
        let query = [("openid", openid), ("lang", "zh_CN")];
        let answer = self.get("/cgi-bin/user/info", &query).await?;
        UserInfo::from_json(&answer).ok_or(CallError::Unknown(Unknown::Unreadable))
    }

    /// The account's templates, `(template_id, title, content)` (protocol:
    /// `template/get_all_private_template`).
    pub async fn templates(&self) -> Result<Vec<(String, String, String)>, CallError> {
        let answer = self
            .get("/cgi-bin/template/get_all_private_template", &[])
            .await?;
        let list = answer["template_list"]
            .as_array()
            .ok_or(CallError::Unknown(Unknown::Unreadable))?;
        let text = |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        Ok(list
            .iter()
            .map(|entry| {
                (
                    text(entry, "template_id"),
                    text(entry, "title"),
                    text(entry, "content"),
                )
            })
            .collect())
    }

    /// Replaces the account's menu (protocol: `menu/create`); `buttons` is the array `button`.
    pub async fn menu_create(&self, buttons: &Value) -> Result<(), CallError> {
        self.post("/cgi-bin/menu/create", &json!({ "button": buttons }))
            .await
            .map(|_| ())
    }

    /// Fetches a token unless one is held: whether AppID, AppSecret and IP list are right.
    pub async fn check_credentials(&self) -> Result<(), TokenError> {
        self.tokens.current(&self.http).await.map(|_| ())
    }

    /// Calls any path with a JSON body; the answer is the JSON object with `errcode` 0 or none.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, CallError> {
        self.call(path, &[], Some(body)).await
    }

    /// Calls any path without a body.
    pub async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, CallError> {
        self.call(path, query, None).await
    }

    /// One call, and one more if the platform says the token is stale and another one is had.
    async fn call(
        &self,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Value, CallError> {
        let token = self.tokens.current(&self.http).await?;
        let first = self.http.call(path, Some(&token), query, body).await;
        let Err(CallError::Rejected(error)) = &first else {
            return first;
        };
        if error.class != ErrorClass::Refresh {
            return first;
        }
        match self.tokens.replace(&self.http, &token).await {
            Ok(Some(fresh)) => match self.http.call(path, Some(&fresh), query, body).await {
                Err(CallError::Rejected(mut again)) if again.class == ErrorClass::Refresh => {
                    // A token just renewed is refused: another process renews it too.
                    again.class = ErrorClass::Alert;
                    Err(CallError::Rejected(again))
                }
                second => second,
            },
            Ok(None) => {
                let mut error = error.clone();
                error.class = ErrorClass::Alert;
                Err(CallError::Rejected(error))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Chooses the cryptography behind TLS, once per process; to be called before any reqwest client is
/// built.
pub(crate) fn install_tls_provider() {
    // Fails only if somebody installed a provider already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Builds the HTTP client.
fn build_http(config: &ClientConfig, loopback: bool) -> Result<reqwest::Client, ClientConfigError> {
    install_tls_provider();
    let mut builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(config.connect_timeout)
        .timeout(config.call_timeout)
        .pool_max_idle_per_host(8)
        .user_agent(concat!("menshen/", env!("CARGO_PKG_VERSION")));
    if loopback {
        builder = builder.no_proxy();
    } else {
        builder = builder.https_only(true);
    }
    builder.build().map_err(|_| ClientConfigError::Tls)
}

fn check_base(text: &str) -> Result<(Url, bool), ClientConfigError> {
    let base = Url::parse(text.trim_end_matches('/')).map_err(|_| ClientConfigError::Base)?;
    let host = base.host_str().ok_or(ClientConfigError::Base)?;
    if base.query().is_some() || base.fragment().is_some() || !base.username().is_empty() {
        return Err(ClientConfigError::Base);
    }
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let loopback = bare == "localhost"
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback());
    match base.scheme() {
        "https" => Ok((base, loopback)),
        "http" if loopback => Ok((base, true)),
        "http" => Err(ClientConfigError::NotEncrypted),
        _ => Err(ClientConfigError::Base),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_never_travels_in_clear_beyond_this_machine() {
        for good in [
            "https://api.weixin.qq.com",
            "http://127.0.0.1:8080",
            "http://[::1]:1/",
            "http://localhost",
        ] {
            assert!(check_base(good).is_ok(), "{good}");
        }
        for bad in [
            "http://api.weixin.qq.com",
            "http://10.0.0.1",
            "http://127.0.0.1.example.com",
        ] {
            assert_eq!(
                check_base(bad).unwrap_err(),
                ClientConfigError::NotEncrypted,
                "{bad}"
            );
        }
        for bad in [
            "",
            "api.weixin.qq.com",
            "ftp://127.0.0.1",
            "https://u@h",
            "https://h?x=1",
        ] {
            assert_eq!(
                check_base(bad).unwrap_err(),
                ClientConfigError::Base,
                "{bad}"
            );
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let config = ClientConfig::new("wx1", "hunter2");
        let client = Client::new(&config, Env::system()).unwrap();
        assert!(!format!("{config:?} {client:?}").contains("hunter2"));
    }
}
