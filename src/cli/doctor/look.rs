//! Goes through the set-up in the order in which things depend on each other.

use std::path::Path;

use super::findings::{Finding, Findings, w};
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
                        w("改正那个位置的键", "correct the key in that place")
                    } else {
                        w(
                            "用 --config 指明文件，或用 `menshen init` 新建一套",
                            "name the file with --config, or make a set-up with `menshen init`",
                        )
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
            w(format!("/v1 和 /metrics 在 {} 上就能访问，和平台的回调一样", server.listen), format!("/v1 and /metrics are reachable on {}, like the platform's callback", server.listen)),
            w("写 [server] admin_listen = \"127.0.0.1:8081\"，反向代理只放行 /wechat/", "set [server] admin_listen = \"127.0.0.1:8081\", and let the proxy pass only /wechat/ on"),
        );
    }
    if let Some(admin) = server.admin_listen
        && !admin.ip().is_loopback()
    {
        found.note(
            "admin-not-loopback",
            w(
                format!("接口在 {admin} 上用明文 HTTP"),
                format!("the API listens on {admin} in plain HTTP"),
            ),
            w(
                "改为监听本机地址，前面放 TLS；内网除外",
                "let it listen on a loopback address behind TLS, unless the network is private",
            ),
        );
    }
    if !server.listen.ip().is_loopback() && server.hosts.is_empty() {
        found.warning(
            "hosts-open",
            w("什么主机名都应答", "every Host name is answered"),
            w(
                "写 [server] hosts = [\"bot.example.com\"]",
                "set [server] hosts = [\"bot.example.com\"]",
            ),
        );
    }
}

fn accounts(config: &Config, found: &mut Findings) {
    if config.official_accounts.is_empty() {
        found.error(
            "no-official-account",
            w(
                format!("{} 里没有 [[official_account]]", config.file.display()),
                format!("{} has no [[official_account]]", config.file.display()),
            ),
            w(
                "加一个，写上 name、app_id、app_secret_file、token_file 和 encoding_aes_key_file",
                "add one with name, app_id, app_secret_file, token_file and encoding_aes_key_file",
            ),
        );
    }
    for account in &config.official_accounts {
        let name = &account.name;
        if account.app_id == APP_ID_PLACEHOLDER {
            found.error(
                "app-id-placeholder",
                w(
                    format!("公众号 {name} 的 AppID 还是 `menshen init` 放的那个"),
                    format!("official account {name} has the AppID `menshen init` put there"),
                ),
                w(
                    "换成平台上显示的 AppID（设置与开发 → 基本配置）",
                    "put in the AppID the platform shows (设置与开发 → 基本配置)",
                ),
            );
        }
        if account.app_secret.expose().trim() == APP_SECRET_PLACEHOLDER {
            found.error(
                "app-secret-placeholder",
                w(
                    format!("公众号 {name} 的 AppSecret 还是 `menshen init` 放的那个"),
                    format!("official account {name} has the AppSecret `menshen init` put there"),
                ),
                w(
                    "把平台上的 AppSecret 写进 app_secret_file 的文件",
                    "put the AppSecret of the platform into the file of app_secret_file",
                ),
            );
        }
        if account.mode == EndpointMode::Plaintext && account.allow_plaintext_guard {
            found.warning(
                "plaintext-guard",
                w(format!("公众号 {name} 在明文模式下允许绑定、锁定、信任、解绑、解锁，而明文模式的签名不包括消息内容"), format!("official account {name} lets bind, lock, trust, unbind and unlock work in plaintext mode, where the signature does not cover the message")),
                w("这里写 mode = \"safe\"，平台上选安全模式，再去掉 allow_plaintext_guard", "set mode = \"safe\" here and 安全模式 on the platform, then remove allow_plaintext_guard"),
            );
        } else if account.mode == EndpointMode::Plaintext {
            found.warning(
                "plaintext",
                w(format!("公众号 {name} 是明文模式：聊天里的绑定、锁定、信任、解绑、解锁都会被拒绝"), format!("official account {name} is in plaintext mode: bind, lock, trust, unbind and unlock are refused in its chat")),
                w("这里写 mode = \"safe\"，平台上选安全模式", "set mode = \"safe\" here and 安全模式 on the platform"),
            );
        }
        if account.api_base.starts_with("http://") {
            found.warning(
                "api-base-http",
                w(format!(
                    "公众号 {name} 不经 TLS 就把 AppSecret 和消息发到 {}",
                    account.api_base
                ), format!(
                    "official account {name} sends its AppSecret and messages to {} without TLS",
                    account.api_base
                )),
                w("去掉 api_base；http 只用于本机的模拟平台", "remove api_base; http is for tests against a simulated platform on this machine"),
            );
        }
        if account.previous_token.is_some() || account.previous_encoding_aes_key.is_some() {
            found.note(
                "rotation-open",
                w(format!("公众号 {name} 还接受旧的 token 或 EncodingAESKey"), format!("official account {name} still takes its previous token or EncodingAESKey")),
                w("平台用上新的以后，去掉 previous_token 和 previous_encoding_aes_key", "remove previous_token and previous_encoding_aes_key once the platform uses the new ones"),
            );
        }
        if !account.custom_send && account.templates.is_empty() {
            found.error(
                "no-channel",
                w(format!("公众号 {name} 既没有 custom_send 也没有模板：提醒一条也送不出去"), format!("official account {name} has neither custom_send nor templates: no prompt can be delivered")),
                w("加上 [official_account.templates]，写平台的模板编号", "add [official_account.templates] with the platform's template ids"),
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
            w(
                format!("{} 别人也能读（权限 {mode:03o}）", path.display()),
                format!("{} can be read by others (mode {mode:03o})", path.display()),
            ),
            format!("chmod 600 {}", path.display()),
        ),
        Err(error) if !path.exists() => found.error(
            "no-master-key",
            error.to_string(),
            w(
                "从您保存的副本恢复；新部署就运行 `menshen init`",
                "restore it from where you keep its copy; for a new set-up run `menshen init`",
            ),
        ),
        Err(error) => found.error(
            "master-key",
            error.to_string(),
            w(
                "从您保存的副本恢复",
                "restore it from where you keep its copy",
            ),
        ),
    }
    let inside = |path: &Path| path.canonicalize().ok();
    if let (Some(key), Some(data)) = (inside(path), inside(&config.store.path))
        && key.starts_with(&data)
    {
        found.error(
            "key-in-data",
            w(format!("主密钥 {} 在数据目录里，谁拿到数据的副本就能打开一切", path.display()), format!("the master key {} lies in the data directory, so a copy of the data opens everything", path.display())),
            w("移到别处，写 [keys] master_file", "move it elsewhere and set [keys] master_file"),
        );
    }
}

fn places(config: &Config, found: &mut Findings) {
    let Some(file) = &config.guard.geoip else {
        found.note(
            "no-geoip",
            w(
                "只有调用接口的一方说了地点才知道地点",
                "places are known only where the caller of the API says them",
            ),
            w(
                "[guard] geoip 写您自己的 GeoLite2-City.mmdb 或 ip2region.xdb",
                "set [guard] geoip to your own GeoLite2-City.mmdb or ip2region.xdb",
            ),
        );
        return;
    };
    if let Err(error) = std::fs::File::open(file) {
        found.error(
            "geoip",
            w(
                format!("读不了 {}：{error}", file.display()),
                format!("cannot read {}: {error}", file.display()),
            ),
            w(
                "让运行服务器的用户能读它",
                "make it readable for the user the server runs as",
            ),
        );
    }
}
