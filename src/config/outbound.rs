//! Where the process sends to: `[[webhook]]`, `[forward]`, `[calls.NAME]`.

use super::official_account::check_base;
use super::reader::Reader;
use super::secret::Secret;
use super::text::distance;
use crate::env::{MINUTE, Millis, SECOND};
use crate::store::records::feed::EVENT_TYPES;

/// `[[webhook]]`: an endpoint of the information system that gets the event feed.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// https, or http to a loopback address.
    pub url: String,
    /// `whsec_…`: signs every delivery (Standard Webhooks).
    pub secret: Secret,
    /// Event types it wants; empty means all.
    pub events: Vec<String>,
    /// Whether the URL may resolve to a private address. Default false.
    pub allow_private: bool,
}

/// `[forward]`: the information system's address for what bound users write.
#[derive(Debug, Clone)]
pub struct Forward {
    /// https, or http to a loopback address.
    pub url: String,
    /// Signs every request like a webhook.
    pub secret: Secret,
    /// How long an answer may take. Default 30 s.
    pub timeout: Millis,
    /// Whether the URL may resolve to a private address. Default false.
    pub allow_private: bool,
}

/// `[calls.NAME]`: what `call NAME` of a rule reaches.
#[derive(Debug, Clone)]
pub struct CallTarget {
    /// NAME.
    pub name: String,
    /// https, or http to a loopback address.
    pub url: String,
    /// Signs every request like a webhook.
    pub secret: Secret,
    /// How long an answer may take. Default 10 s.
    pub timeout: Millis,
    /// Whether the URL may resolve to a private address. Default false.
    pub allow_private: bool,
}

/// The longest an answer of the information system may be waited for.
const MAX_TIMEOUT: Millis = 5 * MINUTE;

pub(super) fn read_webhooks(sections: Vec<Reader>) -> Vec<Webhook> {
    sections
        .into_iter()
        .map(|mut section| {
            let webhook = Webhook {
                url: url(&mut section),
                secret: secret(&mut section),
                events: events(&mut section),
                allow_private: section.flag("allow_private", false),
            };
            section.finish();
            webhook
        })
        .collect()
}

impl Forward {
    pub(super) fn read(mut section: Reader) -> Self {
        let forward = Self {
            url: url(&mut section),
            secret: secret(&mut section),
            timeout: section.duration("timeout", 30 * SECOND, SECOND, MAX_TIMEOUT),
            allow_private: section.flag("allow_private", false),
        };
        section.finish();
        forward
    }
}

pub(super) fn read_calls(sections: Vec<(String, Reader)>) -> Vec<CallTarget> {
    sections
        .into_iter()
        .map(|(name, mut section)| {
            let call = CallTarget {
                name,
                url: url(&mut section),
                secret: secret(&mut section),
                timeout: section.duration("timeout", 10 * SECOND, SECOND, MAX_TIMEOUT),
                allow_private: section.flag("allow_private", false),
            };
            section.finish();
            call
        })
        .collect()
}

/// Types of events; empty means every one.
fn events(section: &mut Reader) -> Vec<String> {
    let origin = section.origin_of("events");
    let events = section.list("events");
    for name in &events {
        if !EVENT_TYPES.contains(&name.as_str()) {
            let near = EVENT_TYPES
                .iter()
                .min_by_key(|known| distance(name, known))
                .copied()
                .unwrap_or_default();
            let message = format!("there is no event {name:?}; did you mean {near:?}?");
            section.complain(origin.clone(), "events", message);
        }
    }
    events
}

fn url(section: &mut Reader) -> String {
    let origin = section.origin_of("url");
    let url = section.required("url");
    if !url.is_empty()
        && let Err(message) = check_base(&url)
    {
        section.complain(origin, "url", message);
    }
    url
}

/// A Standard Webhooks secret: `whsec_` and base64 of 24 to 64 bytes.
fn secret(section: &mut Reader) -> Secret {
    use base64::Engine as _;
    let (key, origin) = if section.has("secret") {
        ("secret", section.origin_of("secret"))
    } else {
        ("secret_file", section.origin_of("secret_file"))
    };
    let secret = section.required_secret("secret", "secret_file");
    if secret.is_empty() {
        return secret;
    }
    let bytes = secret
        .expose()
        .strip_prefix("whsec_")
        .and_then(|text| base64::engine::general_purpose::STANDARD.decode(text).ok());
    if !bytes.is_some_and(|bytes| (24..=64).contains(&bytes.len())) {
        section.complain(
            origin,
            key,
            "expected \"whsec_\" and base64 of 24 to 64 bytes",
        );
    }
    secret
}
