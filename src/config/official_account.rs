//! `[[official_account]]`: one WeChat official account and its endpoint `/wechat/{name}`.

use std::collections::BTreeMap;

use super::error::Origin;
use super::reader::Reader;
use super::secret::Secret;

/// How the platform sends pushes. From the configuration, never from the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointMode {
    /// Encrypted; nothing else is accepted.
    Safe,
    /// Encrypted and plain side by side; the encrypted part is what counts.
    Compatible,
    /// Plain: `signature` does not cover the body.
    Plaintext,
}

/// An official account.
#[derive(Debug, Clone)]
pub struct OfficialAccount {
    /// Its name in paths and rules: 1 to 32 of `a-z 0-9 - _`.
    pub name: String,
    /// `wx…`.
    pub app_id: String,
    /// The account's original id (原始ID, `gh_…`). If given, a push for another account is refused.
    pub original_id: Option<String>,
    /// For the outbound API.
    pub app_secret: Secret,
    /// The endpoint's token.
    pub token: Secret,
    /// The token before it, while rotating.
    pub previous_token: Option<Secret>,
    /// 43 characters; `None` only in plaintext mode.
    pub encoding_aes_key: Option<Secret>,
    /// The key before it, while rotating.
    pub previous_encoding_aes_key: Option<Secret>,
    /// Default `safe`.
    pub mode: EndpointMode,
    /// Default `https://api.weixin.qq.com`; plain http only to a loopback address.
    pub api_base: String,
    /// Whether the account may send customer-service messages (unverified ones may not). Default true.
    pub custom_send: bool,
    /// Lets bind, lock, trust, unbind and unlock work in plaintext mode. Default false.
    pub allow_plaintext_guard: bool,
    /// Template names of rules to the platform's template ids.
    pub templates: BTreeMap<String, String>,
}

/// Characters of an EncodingAESKey.
const AES_KEY_LEN: usize = 43;
/// The platform's own API.
const DEFAULT_API_BASE: &str = "https://api.weixin.qq.com";

pub(super) fn read_all(sections: Vec<Reader>) -> Vec<OfficialAccount> {
    let mut accounts: Vec<OfficialAccount> = Vec::new();
    for section in sections {
        let origin = section.origin_of("name");
        let (account, section) = read(section);
        if accounts.iter().any(|other| other.name == account.name) && !account.name.is_empty() {
            let message = format!("another official account is called {:?} too", account.name);
            section.complain(origin, "name", message);
        }
        section.finish();
        accounts.push(account);
    }
    accounts
}

fn read(mut section: Reader) -> (OfficialAccount, Reader) {
    let name_origin = section.origin_of("name");
    let name = section.required("name");
    if !name.is_empty() && !is_name(&name) {
        section.complain(name_origin, "name", "expected 1 to 32 of a-z, 0-9, - and _");
    }
    let app_id_origin = section.origin_of("app_id");
    let app_id = section.required("app_id");
    if !app_id.is_empty() && !app_id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        section.complain(
            app_id_origin,
            "app_id",
            "expected letters and digits, such as \"wx…\"",
        );
    }
    let mode_origin = section.origin_of("mode");
    let mode = match section.text("mode").as_deref() {
        None | Some("safe") => EndpointMode::Safe,
        Some("compatible") => EndpointMode::Compatible,
        Some("plaintext") => EndpointMode::Plaintext,
        Some(other) => {
            let message =
                format!("expected \"safe\", \"compatible\" or \"plaintext\", found {other:?}");
            section.complain(mode_origin, "mode", message);
            EndpointMode::Safe
        }
    };
    let api_origin = section.origin_of("api_base");
    let api_base = section
        .text("api_base")
        .unwrap_or_else(|| DEFAULT_API_BASE.to_owned());
    if let Err(message) = check_base(&api_base) {
        section.complain(api_origin, "api_base", message);
    }
    let account = OfficialAccount {
        app_secret: section.required_secret("app_secret", "app_secret_file"),
        token: section.required_secret("token", "token_file"),
        previous_token: section.secret("previous_token", "previous_token_file"),
        encoding_aes_key: aes_key(&mut section, "encoding_aes_key", "encoding_aes_key_file"),
        previous_encoding_aes_key: aes_key(
            &mut section,
            "previous_encoding_aes_key",
            "previous_encoding_aes_key_file",
        ),
        original_id: section.text("original_id"),
        custom_send: section.flag("custom_send", true),
        allow_plaintext_guard: section.flag("allow_plaintext_guard", false),
        templates: section.section("templates").texts().into_iter().collect(),
        api_base: api_base.trim_end_matches('/').to_owned(),
        name,
        app_id,
        mode,
    };
    if account.encoding_aes_key.is_none() && mode != EndpointMode::Plaintext {
        section.complain(
            section.origin(),
            "encoding_aes_key",
            "missing (or encoding_aes_key_file): safe and compatible mode need it",
        );
    }
    (account, section)
}

fn aes_key(section: &mut Reader, key: &'static str, file_key: &'static str) -> Option<Secret> {
    let origin: Origin = if section.has(key) {
        section.origin_of(key)
    } else {
        section.origin_of(file_key)
    };
    let secret = section.secret(key, file_key)?;
    let text = secret.expose();
    let bare = text.strip_suffix('=').unwrap_or(text);
    let fits = bare.len() == AES_KEY_LEN
        && bare
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/');
    if !fits {
        section.complain(
            origin,
            key,
            format!("expected {AES_KEY_LEN} letters and digits"),
        );
    }
    Some(secret)
}

fn is_name(name: &str) -> bool {
    (1..=32).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte))
}

/// An address to send secrets to: https, or http to a loopback address; no credentials, query or fragment.
pub(super) fn check_base(text: &str) -> Result<(), String> {
    let url = reqwest::Url::parse(text).map_err(|error| format!("not a URL: {error}"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold credentials".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must not have a query or a fragment".to_owned());
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(&url) => Ok(()),
        "http" => Err("http:// is for loopback addresses only; use https://".to_owned()),
        other => Err(format!("expected https://, found {other}://")),
    }
}

/// Whether a URL names this machine itself, by address or as `localhost`.
fn is_loopback(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
