//! What the requests do, over an open store: the same for a running server and for a command that
//! opened the store itself.

use std::io::Write;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::Request;
use crate::bot::api::RulesStatus;
use crate::bot::archive;
use crate::bot::reload::RollbackError;
use crate::bot::stories::record::{self, Recorded, Stretch};
use crate::lang::diagnostics::Language;
use crate::server::Scope;
use crate::server::keys::{self, AddKeyError};
use crate::store::{self, Store, StoreError};

/// Who made a change from the command line, in the audit log.
const ACTOR: &str = "operator";

/// What only a running server has.
pub struct Live {
    /// The rules it runs.
    pub rules: Box<dyn Rules>,
}

/// The running rules.
pub trait Rules: Send + Sync {
    /// Their state.
    fn status(&self) -> RulesStatus;
    /// Loads them anew; the error is the report of `menshen check`.
    fn reload(&self) -> BoxFuture<'static, Result<RulesStatus, String>>;
    /// Puts an earlier generation back and runs it.
    fn rollback(&self, generation: u64) -> BoxFuture<'static, Result<RulesStatus, String>>;
}

/// Does a request. Lines of data go to `out`; the error is for people.
pub async fn perform(
    request: Request,
    store: &dyn Store,
    live: Option<&Live>,
    out: &mut (dyn Write + Send),
) -> Result<Value, String> {
    match request {
        Request::KeysAdd { name, scopes } => {
            let scopes = parse_scopes(&scopes)?;
            let added = store::execute(store, "cli.keys_add", move |tx| {
                keys::add(tx, ACTOR, &name, &scopes)
            })
            .await
            .map_err(|error: AddKeyError| error.to_string())?;
            Ok(json!({
                "key": *added.text,
                "id": added.record.id,
                "name": added.record.name,
                "scopes": added.record.scopes,
            }))
        }
        Request::KeysList => {
            let found = store::read(store, "cli.keys_list", keys::list)
                .await
                .map_err(|error: StoreError| error.to_string())?;
            let shown = found.iter().map(|key| {
                json!({
                    "id": key.id,
                    "name": key.name,
                    "scopes": key.scopes,
                    "created": crate::server::rfc3339(key.created),
                    "revoked": key.revoked.map(crate::server::rfc3339),
                })
            });
            Ok(shown.collect())
        }
        Request::KeysRevoke { key } => {
            let asked = key.clone();
            let revoked = store::execute(store, "cli.keys_revoke", move |tx| {
                keys::revoke(tx, ACTOR, &asked)
            })
            .await
            .map_err(|error: StoreError| error.to_string())?;
            if revoked {
                Ok(json!({ "revoked": key }))
            } else {
                Err(format!(
                    "no working key is called {key:?}; `menshen keys list` shows them"
                ))
            }
        }
        Request::Export => {
            let report = store::export(store, out)
                .await
                .map_err(|error| error.to_string())?;
            Ok(json!({
                "commit": report.sequence,
                "time": crate::server::rfc3339(report.time),
                "records": report.records,
                "sha256": report.sha256,
            }))
        }
        Request::Record {
            account,
            openid,
            from,
            to,
            real_addresses,
            english,
        } => {
            let language = if english { Language::En } else { Language::Zh };
            let refused = |zh: &str, en: &str| Err(language.pick(zh, en).to_owned());
            let (account, official_account) = match (account, openid) {
                (Some(account), _) => (account, None),
                (None, Some(openid)) => record::account_of(store, &openid)
                    .await
                    .map_err(|error| error.to_string())?
                    .ok_or_else(|| {
                        language
                            .pick(
                                "在事件记录里，这个微信用户从来没有绑定过",
                                "this follower was never bound, as far as the log goes back",
                            )
                            .to_owned()
                    })?,
                (None, None) => {
                    return refused(
                        "既没有账号，也没有 OpenID",
                        "neither an account nor an OpenID",
                    );
                }
            };
            let stretch = Stretch {
                account,
                official_account,
                from,
                to,
                real_addresses,
                language,
            };
            match record::record(store, &stretch)
                .await
                .map_err(|error| error.to_string())?
            {
                Recorded::Story(found) => Ok(json!({
                    "lines": found.lines,
                    "from": crate::server::rfc3339(found.from),
                    "to": crate::server::rfc3339(found.to),
                })),
                Recorded::UnknownAccount => refused("没有这个账号", "there is no such account"),
                Recorded::Nothing => {
                    refused("这段时间里什么也没发生", "nothing happened to it then")
                }
                Recorded::TooMuch => refused(
                    "太多了，一个故事放不下；用 --from 和 --to 缩短",
                    "too much for one story; narrow it with --from and --to",
                ),
            }
        }
        Request::Status => Ok(json!({
            "store": store_status(store),
            "rules": live.map(|live| live.rules.status()),
        })),
        Request::Reload => match live {
            Some(live) => Ok(json!(live.rules.reload().await?)),
            None => Err("no server is running; rules are read when one starts".to_owned()),
        },
        Request::RulesHistory { limit } => archive::history(store, limit)
            .await
            .map(|entries| json!(entries))
            .map_err(|error| error.to_string()),
        Request::RulesShow { generation } => {
            let texts = archive::texts(store, generation)
                .await
                .map_err(|error| error.to_string())?
                .ok_or_else(|| RollbackError::Unknown(generation).to_string())?;
            let files = texts.files.iter().map(|file| (&file.path, &file.text));
            Ok(files
                .chain(&texts.lists)
                .map(|(path, text)| json!({ "path": path, "text": &**text }))
                .collect())
        }
        Request::RulesRollback { generation } => match live {
            Some(live) => Ok(json!(live.rules.rollback(generation).await?)),
            None => Err("no server is running".to_owned()),
        },
    }
}

/// Scopes by name; the error lists what there is.
pub fn parse_scopes(names: &[String]) -> Result<Vec<Scope>, String> {
    names
        .iter()
        .map(|name| {
            Scope::parse(name).ok_or_else(|| {
                let known: Vec<&str> = Scope::ALL.iter().map(|scope| scope.name()).collect();
                format!("there is no scope {name:?}; there are {}", known.join(", "))
            })
        })
        .collect()
}

fn store_status(store: &dyn Store) -> Value {
    let status = store.status();
    json!({
        "engine": status.engine,
        "path": status.path,
        "flavour": status.flavour.to_string(),
        "commit": status.sequence,
        "size": status.size,
        "queue": status.queue,
        "queue_capacity": status.queue_capacity,
        "clock_behind_ms": status.clock_behind,
        "failed": status.failed,
    })
}
