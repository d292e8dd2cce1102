//! What a line of the chat does: on the simulated platform, or over the information system's API.

mod system;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;
use zeroize::Zeroizing;

use system::text;

use super::record::{Step, quoted};
use crate::cli::dev::Captchas;
use crate::cli::failure::Failure;
use crate::lang::diagnostics::Language;
use crate::sandbox::{ActionError, Entry, Platform};

/// The account that is there from the start.
const ACCOUNT: &str = "alice";
/// Its phone.
const PHONE: &str = "13800138000";

/// The stage: a platform with users, a bot, and the information system's key.
pub struct Stage {
    platform: Platform,
    captchas: Arc<Captchas>,
    http: reqwest::Client,
    url: String,
    key: Zeroizing<String>,
    lang: Language,
    user: String,
    users: BTreeMap<String, String>,
    seen: BTreeMap<String, u64>,
    machines: BTreeMap<String, String>,
    passwords: BTreeMap<String, String>,
    /// What was done since they were last asked for, as a story tells it.
    steps: Vec<Step>,
    /// The decision over the last login, until it was explained.
    judged: Option<String>,
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stage").finish_non_exhaustive()
    }
}

impl Stage {
    /// A stage whose bot answers at `url`.
    pub fn new(
        platform: Platform,
        captchas: Arc<Captchas>,
        url: &str,
        key: &str,
        lang: Language,
    ) -> Result<Self, Failure> {
        Ok(Self {
            platform,
            captchas,
            http: reqwest::Client::builder().no_proxy().build()?,
            url: url.to_owned(),
            key: Zeroizing::new(key.to_owned()),
            lang,
            user: String::new(),
            users: BTreeMap::new(),
            seen: BTreeMap::new(),
            machines: BTreeMap::new(),
            passwords: BTreeMap::new(),
            steps: Vec::new(),
            judged: None,
        })
    }

    /// The user who talks.
    pub fn user(&self) -> &str {
        &self.user
    }

    fn says(&self, zh: impl Into<String>, en: impl Into<String>) -> String {
        match self.lang {
            Language::Zh => zh.into(),
            Language::En => en.into(),
        }
    }

    fn wrong(&self, zh: impl Into<String>, en: impl Into<String>) -> Failure {
        Failure::usage(self.says(zh, en))
    }

    /// What the platform said.
    fn refused(&self, error: ActionError) -> Failure {
        let (zh, en) = error.words();
        self.wrong(zh, en)
    }

    /// What was done since the last call, as the steps of a story.
    pub fn steps(&mut self) -> Vec<Step> {
        std::mem::take(&mut self.steps)
    }

    fn did(&mut self, line: String) {
        self.steps.push(Step::Did(line));
    }

    fn spoke(&mut self, what: String) {
        let user = &self.user;
        self.steps
            .push(Step::Spoke(format!("wechat {user} {what}")));
    }

    /// Makes the first account and the first user, who follows already.
    pub async fn begin(&mut self, user: &str) -> Result<(), Failure> {
        self.account(ACCOUNT, PHONE, "").await?;
        self.switch(user)?;
        self.platform.follow(&self.openid()).await?;
        let openid = self.openid();
        // The greeting is shown to those who say /follow.
        let last = self.entries(&openid).last().map_or(0, |entry| entry.seq);
        self.seen.insert(openid, last);
        Ok(())
    }

    /// Does what a line says; what there is to say about it besides the bot's own words.
    pub async fn act(&mut self, line: &str) -> Result<String, Failure> {
        let openid = self.openid();
        if let Some(text) = line.strip_prefix("//") {
            return self.text(&format!("/{text}")).await;
        }
        if !line.starts_with('/') {
            return self.text(line).await;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let word = |index: usize| words.get(index).copied();
        let account = |index: usize| word(index).unwrap_or(ACCOUNT).to_owned();
        let none = String::new();
        match words[0] {
            "/follow" => {
                match word(1) {
                    Some(scene) => self.platform.scan(&openid, scene).await.map(drop),
                    None => self.platform.follow(&openid).await.map(drop),
                }
                .map_err(|error| self.refused(error))?;
                self.spoke(match word(1) {
                    Some(scene) => format!("follows scene {}", quoted(scene)),
                    None => "follows".to_owned(),
                });
                Ok(none)
            }
            "/unfollow" => {
                self.platform
                    .unfollow(&openid)
                    .await
                    .map_err(|error| self.refused(error))?;
                self.spoke("unfollows".to_owned());
                Ok(none)
            }
            "/scan" => {
                let scene = word(1)
                    .ok_or_else(|| self.wrong("用法：/scan 场景值", "usage: /scan SCENE"))?;
                self.platform
                    .scan(&openid, scene)
                    .await
                    .map_err(|error| self.refused(error))?;
                self.spoke(format!("scans {}", quoted(scene)));
                Ok(none)
            }
            "/click" => {
                let key = word(1)
                    .ok_or_else(|| self.wrong("用法：/click 菜单的KEY", "usage: /click KEY"))?;
                self.platform
                    .click(&openid, key)
                    .await
                    .map_err(|error| self.refused(error))?;
                self.spoke(format!("clicks {}", quoted(key)));
                Ok(none)
            }
            "/image" => {
                self.platform
                    .send_image(&openid)
                    .await
                    .map_err(|error| self.refused(error))?;
                self.spoke("sends image".to_owned());
                Ok(none)
            }
            "/location" => {
                let number = |index: usize| word(index).and_then(|text| text.parse::<f64>().ok());
                let (Some(lat), Some(lon)) = (number(1), number(2)) else {
                    return Err(self.wrong(
                        "用法：/location 纬度 经度 地名",
                        "usage: /location LAT LON LABEL",
                    ));
                };
                let label = words.get(3..).unwrap_or_default().join(" ");
                self.platform
                    .send_location(&openid, lat, lon, &label)
                    .await
                    .map_err(|error| self.refused(error))?;
                let (lat, lon) = (lat.to_string(), lon.to_string());
                self.spoke(format!(
                    "sends location with Location_X {}, Location_Y {}, Label {}",
                    quoted(&lat),
                    quoted(&lon),
                    quoted(&label)
                ));
                Ok(none)
            }
            "/event" => {
                let name = word(1).ok_or_else(|| {
                    self.wrong(
                        "用法：/event 事件 [字段=值 …]",
                        "usage: /event NAME [FIELD=VALUE …]",
                    )
                })?;
                let fields: Option<Vec<(String, String)>> = words[2..]
                    .iter()
                    .map(|field| {
                        field
                            .split_once('=')
                            .map(|(name, text)| (name.to_owned(), text.to_owned()))
                    })
                    .collect();
                let fields = fields.ok_or_else(|| {
                    self.wrong("字段写成 字段=值", "fields are written FIELD=VALUE")
                })?;
                self.platform
                    .push_event(&openid, name, &fields)
                    .await
                    .map_err(|error| self.refused(error))?;
                let mut line = format!("does {}", quoted(name));
                for (index, (field, text)) in fields.iter().enumerate() {
                    let join = if index == 0 { " with" } else { "," };
                    line.push_str(&format!("{join} {field} {}", quoted(text)));
                }
                self.spoke(line);
                Ok(none)
            }
            "/as" => {
                let name =
                    word(1).ok_or_else(|| self.wrong("用法：/as 名字", "usage: /as NAME"))?;
                self.switch(name)?;
                let openid = self.openid();
                let users = self.platform.users();
                let mut users = users.iter();
                Ok(
                    match users.any(|user| user.openid == openid && user.following) {
                        true => self.says(
                            format!("现在是 {name} 在说话\n"),
                            format!("now {name} talks\n"),
                        ),
                        false => self.says(
                            format!("现在是 {name} 在说话（先 /follow）\n"),
                            format!("now {name} talks (say /follow first)\n"),
                        ),
                    },
                )
            }
            "/account" => {
                let (Some(id), Some(phone)) = (word(1), word(2)) else {
                    return Err(self.wrong(
                        "用法：/account 账号 手机号 [名字]",
                        "usage: /account ID PHONE [NAME]",
                    ));
                };
                self.account(id, phone, word(3).unwrap_or_default()).await?;
                Ok(self.says(format!("账号 {id}\n"), format!("account {id}\n")))
            }
            "/code" => {
                let purpose = word(1).unwrap_or("bind");
                let path = format!("/v1/accounts/{}/verification-code", account(2));
                let made = self
                    .api("POST", &path, json!({ "purpose": purpose }))
                    .await?;
                let (code, id) = (text(&made["code"]), account(2));
                self.did(format!("issue {purpose} code {} to {id}", quoted(&code)));
                Ok(self.says(format!("验证码 {code}\n"), format!("code {code}\n")))
            }
            "/ticket" => {
                let path = format!("/v1/accounts/{}/bind-ticket", account(1));
                let made = self.api("POST", &path, json!({})).await?;
                let (ticket, id) = (text(&made["ticket"]), account(1));
                self.did(format!("issue ticket {} to {id}", quoted(&ticket)));
                let scene = text(&made["scene"]);
                Ok(self.says(format!("场景值 {scene}\n"), format!("scene {scene}\n")))
            }
            "/login" => {
                let wrong = words.contains(&"wrong");
                let rest: Vec<&str> = words[1..]
                    .iter()
                    .copied()
                    .filter(|word| *word != "wrong")
                    .collect();
                let of = |index: usize, otherwise: &str| {
                    rest.get(index).copied().unwrap_or(otherwise).to_owned()
                };
                self.login(&of(0, "北京"), &of(1, "pc"), &of(2, ACCOUNT), wrong)
                    .await
            }
            "/password" => {
                let id = account(1);
                let next = format!("{} again", self.password(&id));
                self.api(
                    "PUT",
                    &format!("/v1/accounts/{id}/password"),
                    json!({ "password": next }),
                )
                .await?;
                self.passwords.insert(id, next);
                self.did("# /password".to_owned());
                Ok(self.says("密码换好了\n", "the password is another one now\n"))
            }
            "/lock" | "/unlock" => {
                let path = format!("/v1/accounts/{}{}", account(1), words[0]);
                self.api("POST", &path, json!({})).await?;
                let verb = words[0].trim_start_matches('/');
                self.did(format!("operator {verb}s {}", account(1)));
                Ok(self.says("好了\n", "done\n"))
            }
            other => Err(self.wrong(
                format!("没有 {other} 这个命令，/help 列出所有的"),
                format!("there is no {other}; /help lists what there is"),
            )),
        }
    }

    /// What the talking user's phone shows that was not seen yet.
    pub fn news(&mut self) -> Vec<Entry> {
        let openid = self.openid();
        let found = self.entries(&openid);
        if let Some(last) = found.last() {
            self.seen.insert(openid, last.seq);
        }
        found
    }

    async fn text(&mut self, words: &str) -> Result<String, Failure> {
        self.platform
            .send_text(&self.openid(), words, None)
            .await
            .map_err(|error| self.refused(error))?;
        self.spoke(format!("sends {}", quoted(words)));
        Ok(String::new())
    }

    fn switch(&mut self, user: &str) -> Result<(), Failure> {
        if !self.users.contains_key(user) {
            let openid = self
                .platform
                .create_user(user)
                .map_err(|error| self.refused(error))?;
            self.users.insert(user.to_owned(), openid);
        }
        user.clone_into(&mut self.user);
        Ok(())
    }

    fn openid(&self) -> String {
        self.users.get(&self.user).cloned().unwrap_or_default()
    }

    fn entries(&self, openid: &str) -> Vec<Entry> {
        let after = self.seen.get(openid).copied().unwrap_or(0);
        self.platform.transcript(openid, after).unwrap_or_default()
    }
}
