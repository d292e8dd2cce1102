//! The platform's API: whether it can be reached, and what time it has there.

use std::time::Duration;

use super::findings::{Findings, w};
use crate::config::Config;
use crate::wechat::client::install_tls_provider;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Seconds the clocks may differ: signatures are good for minutes, so this leaves room.
const MAX_SKEW: i64 = 30;

/// Compares this clock with that of every platform API configured.
pub fn clocks(config: &Config, found: &mut Findings) {
    let mut bases: Vec<&str> = config
        .official_accounts
        .iter()
        .map(|account| account.api_base.as_str())
        .collect();
    bases.sort_unstable();
    bases.dedup();
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    else {
        return;
    };
    for base in bases {
        match runtime.block_on(date_of(base)) {
            Err(error) => found.error(
                "api-unreachable",
                w(format!("连不上 {base}：{error}"), format!("{base} cannot be reached: {error}")),
                w("让服务器连得上它：域名解析、防火墙、代理；--offline 跳过这一项", "let the server reach it: name resolution, firewall, proxy; --offline skips this"),
            ),
            Ok(Some(theirs)) => {
                let ours = jiff::Timestamp::now().as_second();
                let skew = ours - theirs;
                if skew.abs() > MAX_SKEW {
                    found.error(
                        "clock-skew",
                        w(format!("本机的时间和 {base} 差 {skew} 秒：带签名的推送会因为太旧或太新被拒绝"), format!("this clock is {skew} s off that of {base}: signed pushes will be refused as too old or too new")),
                        w("校准时间（timedatectl、chrony）", "set the clock (timedatectl, chrony)"),
                    );
                }
            }
            Ok(None) => {}
        }
    }
}

/// The `Date` of an answer, in seconds since the epoch.
async fn date_of(base: &str) -> Result<Option<i64>, String> {
    install_tls_provider();
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| error.to_string())?;
    let answer = client
        .head(base)
        .send()
        .await
        .map_err(|error| error.without_url().to_string())?;
    let date = answer
        .headers()
        .get(reqwest::header::DATE)
        .and_then(|date| date.to_str().ok())
        .and_then(|date| jiff::fmt::rfc2822::parse(date).ok())
        .map(|date| date.timestamp().as_second());
    Ok(date)
}
