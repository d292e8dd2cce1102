//! Goes through the set-up in the order in which things depend on each other.

use std::path::Path;

use super::findings::{Finding, Findings};
use super::{network, permissions, rules, storage};
use crate::cli::init::{APP_ID_PLACEHOLDER, APP_SECRET_PLACEHOLDER};
use crate::config::{Config, EndpointMode};
use crate::keys::{KeyError, MasterKey};

/// Everything that can be seen without changing anything.
pub fn everything(file: &Path, offline: bool) -> Vec<Finding> {
    let mut found = Findings::default();
    permissions::secrets(file, &mut found);
    match Config::load(file) {
        Err(errors) => {
            for error in errors.0 {
                found.error(
                    "configuration",
                    error.to_string(),
                    if file.exists() {
                        "correct the key in that place"
                    } else {
                        "name the file with --config, or make a set-up with `menshen init`"
                    },
                );
            }
        }
        Ok(config) => {
            server(&config, &mut found);
            accounts(&config, &mut found);
            master_key(&config, &mut found);
            places(&config, &mut found);
            let live = storage::look(&config, &mut found);
            rules::look(&config, live.as_ref(), &mut found);
            if !offline {
                network::clocks(&config, &mut found);
            }
        }
    }
    found.sorted()
}

fn server(config: &Config, found: &mut Findings) {
    let server = &config.server;
    if !server.listen.ip().is_loopback() && server.admin_listen.is_none() {
        found.warning(
            "api-public",
            format!("/v1 and /metrics are reachable on {}, like the platform's callback", server.listen),
            "set [server] admin_listen = \"127.0.0.1:8081\", and let the proxy pass only /wechat/ on",
        );
    }
    if let Some(admin) = server.admin_listen
        && !admin.ip().is_loopback()
    {
        found.note(
            "admin-not-loopback",
            format!("the API listens on {admin} in plain HTTP"),
            "let it listen on a loopback address behind TLS, unless the network is private",
        );
    }
    if !server.listen.ip().is_loopback() && server.hosts.is_empty() {
        found.warning(
            "hosts-open",
            "every Host name is answered",
            "set [server] hosts = [\"bot.example.com\"]",
        );
    }
}

fn accounts(config: &Config, found: &mut Findings) {
    if config.official_accounts.is_empty() {
        found.error(
            "no-official-account",
            format!("{} has no [[official_account]]", config.file.display()),
            "add one with name, app_id, app_secret_file, token_file and encoding_aes_key_file",
        );
    }
    for account in &config.official_accounts {
        let name = &account.name;
        if account.app_id == APP_ID_PLACEHOLDER {
            found.error(
                "app-id-placeholder",
                format!("official account {name} has the AppID `menshen init` put there"),
                "put in the AppID the platform shows (设置与开发 → 基本配置)",
            );
        }
        if account.app_secret.expose().trim() == APP_SECRET_PLACEHOLDER {
            found.error(
                "app-secret-placeholder",
                format!("official account {name} has the AppSecret `menshen init` put there"),
                "put the AppSecret of the platform into the file of app_secret_file",
            );
        }
        if account.mode == EndpointMode::Plaintext && account.allow_plaintext_guard {
            found.warning(
                "plaintext-guard",
                format!("official account {name} lets bind, lock, trust, unbind and unlock work in plaintext mode, where the signature does not cover the message"),
                "set mode = \"safe\" here and 安全模式 on the platform, then remove allow_plaintext_guard",
            );
        } else if account.mode == EndpointMode::Plaintext {
            found.warning(
                "plaintext",
                format!("official account {name} is in plaintext mode: bind, lock, trust, unbind and unlock are refused in its chat"),
                "set mode = \"safe\" here and 安全模式 on the platform",
            );
        }
        if account.api_base.starts_with("http://") {
            found.warning(
                "api-base-http",
                format!(
                    "official account {name} sends its AppSecret and messages to {} without TLS",
                    account.api_base
                ),
                "remove api_base; http is for tests against a simulated platform on this machine",
            );
        }
        if account.previous_token.is_some() || account.previous_encoding_aes_key.is_some() {
            found.note(
                "rotation-open",
                format!("official account {name} still takes its previous token or EncodingAESKey"),
                "remove previous_token and previous_encoding_aes_key once the platform uses the new ones",
            );
        }
        if !account.custom_send && account.templates.is_empty() {
            found.error(
                "no-channel",
                format!("official account {name} has neither custom_send nor templates: no prompt can be delivered"),
                "add [official_account.templates] with the platform's template ids",
            );
        }
    }
}

fn master_key(config: &Config, found: &mut Findings) {
    let path = &config.keys.master_file;
    match MasterKey::load(path) {
        Ok(_) => {}
        Err(KeyError::TooOpen { mode, .. }) => found.error(
            "key-mode",
            format!("{} can be read by others (mode {mode:03o})", path.display()),
            format!("chmod 600 {}", path.display()),
        ),
        Err(error) if !path.exists() => found.error(
            "no-master-key",
            error.to_string(),
            "restore it from where you keep its copy; for a new set-up run `menshen init`",
        ),
        Err(error) => found.error(
            "master-key",
            error.to_string(),
            "restore it from where you keep its copy",
        ),
    }
    let inside = |path: &Path| path.canonicalize().ok();
    if let (Some(key), Some(data)) = (inside(path), inside(&config.store.path))
        && key.starts_with(&data)
    {
        found.error(
            "key-in-data",
            format!("the master key {} lies in the data directory, so a copy of the data opens everything", path.display()),
            "move it elsewhere and set [keys] master_file",
        );
    }
}

fn places(config: &Config, found: &mut Findings) {
    let Some(file) = &config.guard.geoip else {
        found.note(
            "no-geoip",
            "places are known only where the caller of the API says them",
            "set [guard] geoip to your own GeoLite2-City.mmdb or ip2region.xdb",
        );
        return;
    };
    if let Err(error) = std::fs::File::open(file) {
        found.error(
            "geoip",
            format!("cannot read {}: {error}", file.display()),
            "make it readable for the user the server runs as",
        );
    }
}
