//! The way out to the information system: POST of signed JSON, nothing else.
//!
//! https except to loopback, no redirects, no proxy, every resolved address checked at connect, the
//! answer bounded in size and time. Nothing of a body or an answer is logged.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect;
use url_host::Host;

use super::address::AddressPolicy;
use super::sign::{WebhookSecret, signature};
use crate::env::{Millis, SECOND};

/// The most bytes read of an answer.
pub const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// The longest wait for a connection.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A URL the server may post to, with what it may resolve to.
#[derive(Clone)]
pub struct Endpoint {
    url: reqwest::Url,
    policy: AddressPolicy,
}

/// Why a URL in the configuration was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// It is no URL.
    #[error("this is not a URL")]
    NotAUrl,
    /// Its scheme is neither https nor, to loopback, http.
    #[error("only https is allowed, and http to 127.0.0.1, [::1] or localhost")]
    Scheme,
    /// It holds a user name or password.
    #[error("a URL must not hold a user name or password")]
    Credentials,
    /// Its host is an address that is refused.
    #[error("the address {0} is not allowed (private ranges need allow_private = true)")]
    Address(IpAddr),
}

impl Endpoint {
    /// Checks a URL of the configuration.
    pub fn parse(url: &str, allow_private: bool) -> Result<Self, EndpointError> {
        let url = reqwest::Url::parse(url.trim()).map_err(|_| EndpointError::NotAUrl)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EndpointError::Credentials);
        }
        let host = Host::of(&url).ok_or(EndpointError::NotAUrl)?;
        let policy = match (host.is_loopback(), allow_private) {
            (true, _) => AddressPolicy::Loopback,
            (false, true) => AddressPolicy::Private,
            (false, false) => AddressPolicy::Public,
        };
        match url.scheme() {
            "https" => {}
            "http" if policy == AddressPolicy::Loopback => {}
            _ => return Err(EndpointError::Scheme),
        }
        match host {
            // An address in the URL is never resolved, so it is checked here.
            Host::Address(address) if !policy.allows(address) => {
                Err(EndpointError::Address(address))
            }
            _ => Ok(Self { url, policy }),
        }
    }
}

impl fmt::Debug for Endpoint {
    /// The path may hold a secret of the receiver's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Endpoint({}://{}, {:?})",
            self.url.scheme(),
            self.url.host_str().unwrap_or_default(),
            self.policy
        )
    }
}

/// One request. The id and the timestamp are signed with the body.
#[derive(Clone)]
pub struct Post<'a> {
    /// `webhook-id`: the same on every attempt, so that the receiver can tell repetitions.
    pub id: &'a str,
    /// The present moment, for `webhook-timestamp`.
    pub now: Millis,
    /// JSON.
    pub body: Vec<u8>,
    /// One or two secrets; empty sends no signature header.
    pub secrets: &'a [WebhookSecret],
    /// The longest the whole call may take.
    pub deadline: Duration,
}

impl fmt::Debug for Post<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Post({}, {} bytes)", self.id, self.body.len())
    }
}

/// What came back.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status. Redirects are answers like any other.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({}, {} bytes)", self.status, self.body.len())
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// The name resolved to no allowed address; nothing was sent.
    #[error("the endpoint resolves to no address that is allowed")]
    Refused,
    /// There was no connection; nothing was sent.
    #[error("no connection to the endpoint")]
    Connect,
    /// The deadline passed; the request may have arrived.
    #[error("the endpoint did not answer in time")]
    Late,
    /// The connection broke; the request may have arrived.
    #[error("the connection to the endpoint broke")]
    Broken,
    /// The answer is larger than [`MAX_ANSWER_BYTES`].
    #[error("the endpoint's answer is too large")]
    TooLarge,
}

impl PostError {
    /// One word for records and metrics.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Refused => "address_refused",
            Self::Connect => "no_connection",
            Self::Late => "late",
            Self::Broken => "broken",
            Self::TooLarge => "too_large",
        }
    }
}

/// The HTTP client for all of the information system's URLs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Outward {
    public: reqwest::Client,
    private: reqwest::Client,
    loopback: reqwest::Client,
}

/// The TLS set-up failed, e.g. because the system has no certificate roots.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up outgoing HTTPS")]
pub struct OutwardError(#[source] reqwest::Error);

impl Outward {
    /// Resolves names with the operating system.
    pub fn new() -> Result<Self, OutwardError> {
        Self::with_resolver(Arc::new(SystemResolver))
    }

    /// Resolves names with `lookup`. What it answers is checked like anything else.
    pub fn with_resolver(lookup: Arc<dyn Lookup>) -> Result<Self, OutwardError> {
        // The first caller in the process installs it; "already installed" is what we want, too.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = |policy| {
            reqwest::Client::builder()
                .redirect(redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .no_proxy()
                .connect_timeout(CONNECT_TIMEOUT)
                .user_agent(concat!("Menshen/", env!("CARGO_PKG_VERSION")))
                .dns_resolver(Arc::new(CheckedResolver {
                    policy,
                    lookup: Arc::clone(&lookup),
                }))
                .build()
                .map_err(OutwardError)
        };
        Ok(Self {
            public: client(AddressPolicy::Public)?,
            private: client(AddressPolicy::Private)?,
            loopback: client(AddressPolicy::Loopback)?,
        })
    }

    /// Posts signed JSON.
    pub async fn post(&self, endpoint: &Endpoint, post: Post<'_>) -> Result<Answer, PostError> {
        let client = match endpoint.policy {
            AddressPolicy::Public => &self.public,
            AddressPolicy::Private => &self.private,
            AddressPolicy::Loopback => &self.loopback,
        };
        let timestamp = post.now.div_euclid(SECOND);
        let mut request = client
            .post(endpoint.url.clone())
            .header("content-type", "application/json")
            .header("webhook-id", post.id)
            .header("webhook-timestamp", timestamp);
        if !post.secrets.is_empty() {
            let signature = signature(post.secrets, post.id, timestamp, &post.body);
            request = request.header("webhook-signature", signature);
        }
        let exchange = async {
            let response = request.body(post.body).send().await.map_err(why)?;
            read(response).await
        };
        tokio::time::timeout(post.deadline, exchange)
            .await
            .unwrap_or(Err(PostError::Late))
    }
}

async fn read(mut response: reqwest::Response) -> Result<Answer, PostError> {
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| PostError::Broken)? {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(PostError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, body })
}

fn why(error: reqwest::Error) -> PostError {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(inner) = source {
        if inner.is::<AddressRefused>() {
            return PostError::Refused;
        }
        source = inner.source();
    }
    if error.is_connect() {
        PostError::Connect
    } else if error.is_timeout() {
        PostError::Late
    } else {
        PostError::Broken
    }
}

/// Turns a host name into addresses.
pub trait Lookup: Send + Sync + 'static {
    /// The addresses of `host`; ports are ignored.
    fn lookup(&self, host: String) -> futures_util::future::BoxFuture<'static, Vec<IpAddr>>;
}

/// The operating system's resolver.
#[derive(Debug, Clone, Copy)]
struct SystemResolver;

impl Lookup for SystemResolver {
    fn lookup(&self, host: String) -> futures_util::future::BoxFuture<'static, Vec<IpAddr>> {
        Box::pin(async move {
            match tokio::net::lookup_host((host, 0)).await {
                Ok(addresses) => addresses.map(|address| address.ip()).collect(),
                Err(_) => Vec::new(),
            }
        })
    }
}

/// A name resolved, but to nothing that may be connected to.
#[derive(Debug, thiserror::Error)]
#[error("no address of this name is allowed")]
struct AddressRefused;

struct CheckedResolver {
    policy: AddressPolicy,
    lookup: Arc<dyn Lookup>,
}

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.policy;
        let addresses = self.lookup.lookup(name.as_str().to_owned());
        Box::pin(async move {
            let all = addresses.await;
            let some = !all.is_empty();
            let allowed: Vec<SocketAddr> = all
                .into_iter()
                .filter(|address| policy.allows(*address))
                .map(|address| SocketAddr::new(address, 0))
                .collect();
            if allowed.is_empty() && some {
                return Err(AddressRefused.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Reading the host of a URL.
mod url_host {
    use std::net::IpAddr;

    /// A URL's host.
    pub(super) enum Host<'a> {
        Name(&'a str),
        Address(IpAddr),
    }

    impl<'a> Host<'a> {
        pub(super) fn of(url: &'a reqwest::Url) -> Option<Self> {
            let host = url.host_str()?;
            // The parser has normalised every spelling of an address already.
            let bare = host.trim_start_matches('[').trim_end_matches(']');
            Some(match bare.parse() {
                Ok(address) => Self::Address(address),
                Err(_) => Self::Name(host),
            })
        }

        pub(super) fn is_loopback(&self) -> bool {
            match self {
                Self::Name(name) => {
                    let name = name.trim_end_matches('.');
                    name.eq_ignore_ascii_case("localhost")
                }
                Self::Address(address) => super::AddressPolicy::Loopback.allows(*address),
            }
        }
    }
}
