//! What goes over the information system's API: accounts, machines, logins and their decisions.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Stage;
use crate::cli::chat::places::place;
use crate::cli::chat::record::{Step, quoted};
use crate::cli::failure::Failure;
use crate::sandbox::Side;

/// Every account's password until it is changed.
const PASSWORD: &str = "open sesame";
/// How long a prompt may take from the alert to the phone.
const PROMPT_PATIENCE: Duration = Duration::from_secs(10);

impl Stage {
    pub(super) async fn account(
        &mut self,
        id: &str,
        phone: &str,
        name: &str,
    ) -> Result<(), Failure> {
        let body = json!({"account": id, "phone": phone, "name": name, "password": PASSWORD});
        self.api("POST", "/v1/accounts", body).await?;
        let mut line = format!("account {id} phone {}", quoted(phone));
        if !name.is_empty() {
            line.push_str(&format!(" name {}", quoted(name)));
        }
        self.did(line);
        Ok(())
    }

    pub(super) fn password(&self, account: &str) -> String {
        self.passwords
            .get(account)
            .cloned()
            .unwrap_or_else(|| PASSWORD.to_owned())
    }

    pub(super) async fn login(
        &mut self,
        city: &str,
        machine: &str,
        account: &str,
        wrong: bool,
    ) -> Result<String, Failure> {
        let (place, ip) = place(city);
        let token = self.machine(machine, &ip).await?;
        let password = if wrong {
            "wrong".to_owned()
        } else {
            self.password(account)
        };
        let mut body = json!({
            "account": account, "password": password, "machine": token, "ip": ip, "place": place,
        });
        if let (Some(lat), Some(lon)) = (place["lat"].as_f64(), place["lon"].as_f64()) {
            let name = city.to_owned();
            self.steps.push(Step::Place { name, lat, lon });
        }
        let wrong = if wrong { " wrong password" } else { "" };
        let city = if place["lat"].is_null() {
            String::new()
        } else {
            format!(" city {city}")
        };
        let machine = quoted(machine);
        self.did(format!(
            "login {account}{city} machine {machine}{wrong} solving captcha"
        ));
        let mut said = String::new();
        let (mut status, mut answer) = self.send("POST", "/v1/login", &body).await?;
        if status == 403 && answer["captcha"].is_object() {
            said.push_str(&self.says("要图形验证，答对了\n", "captcha demanded, and solved\n"));
            let id = text(&answer["captcha"]["id"]);
            let solved = self.captchas.answer(&id).unwrap_or_default();
            body["captcha"] = json!({ "id": id, "answer": solved });
            (status, answer) = self.send("POST", "/v1/login", &body).await?;
        }
        if status == 401 {
            said.push_str(&self.says("登录被拒绝\n", "login refused\n"));
            self.did("expect denied".to_owned());
            return Ok(said);
        }
        if status != 200 {
            return Err(Failure::usage(self.problem(&answer)));
        }
        let decision = &answer["decision"];
        self.judged = decision["id"].as_str().map(str::to_owned);
        let fired: Vec<String> = decision["signals"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|signal| signal["state"] == "fired")
            .map(|signal| text(&signal["name"]))
            .collect();
        let counted: Vec<String> = decision["signals"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|signal| signal["state"] == "fired" && signal["shadow"] != true)
            .map(|signal| text(&signal["name"]))
            .collect();
        self.did("expect allowed".to_owned());
        self.did(match counted.is_empty() {
            true => "expect no signals".to_owned(),
            false => format!("expect signals {}", counted.join(", ")),
        });
        let suspicion = &decision["suspicion"];
        said.push_str(&self.says(
            format!("登录成功，怀疑度 {suspicion}"),
            format!("login granted, suspicion {suspicion}"),
        ));
        if !fired.is_empty() {
            said.push_str(&format!(" ({})", fired.join(", ")));
        }
        if answer["password_change_required"] == true {
            said.push_str(&self.says("，必须换密码", ", the password must be changed"));
        }
        said.push('\n');
        if decision["alert"].is_string() {
            said.push_str(&self.says("发了一条提醒\n", "an alert was raised\n"));
            self.wait_for_prompt().await;
        }
        Ok(said)
    }

    /// Why the login of the last line was judged as it was; nothing when there was none.
    pub async fn why(&mut self) -> Result<Option<String>, Failure> {
        let Some(id) = self.judged.take() else {
            return Ok(None);
        };
        let path = format!("/v1/decisions/{id}");
        let decision = self.api("GET", &path, Value::Null).await?;
        Ok(Some(text(&decision["explanation"])))
    }

    /// Prompts go through the outbox: a moment later.
    async fn wait_for_prompt(&self) {
        let began = Instant::now();
        let openid = self.openid();
        while began.elapsed() < PROMPT_PATIENCE
            && self
                .entries(&openid)
                .iter()
                .all(|entry| entry.from == Side::User)
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn machine(&mut self, name: &str, ip: &str) -> Result<String, Failure> {
        if let Some(token) = self.machines.get(name) {
            return Ok(token.clone());
        }
        let made = self
            .api("POST", "/v1/machines", json!({ "ip": ip }))
            .await?;
        let token = text(&made["machine"]);
        self.machines.insert(name.to_owned(), token.clone());
        Ok(token)
    }

    /// A call of the API that must do what it is asked.
    pub(super) async fn api(
        &self,
        method: &str,
        path: &str,
        body: Value,
    ) -> Result<Value, Failure> {
        let (status, answer) = self.send(method, path, &body).await?;
        if (200..300).contains(&status) {
            Ok(answer)
        } else {
            Err(Failure::usage(self.problem(&answer)))
        }
    }

    async fn send(&self, method: &str, path: &str, body: &Value) -> Result<(u16, Value), Failure> {
        let method = reqwest::Method::from_bytes(method.as_bytes())?;
        let answer = self
            .http
            .request(method, format!("{}{path}", self.url))
            .bearer_auth(&*self.key)
            .json(body)
            .send()
            .await?;
        let status = answer.status().as_u16();
        let text = answer.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// What the interface calls a refusal, in Chinese; those that a chat cannot meet are not among them.
const PROBLEMS: [(&str, &str); 8] = [
    ("bad-request", "这样请求不对"),
    ("not-found", "没有这个账号"),
    ("conflict", "和已有的矛盾"),
    ("not-bound", "这个账号没有绑定微信"),
    ("invalid", "有一项写得不对"),
    ("login-refused", "登录被拒绝"),
    ("captcha-required", "要先答图形验证"),
    ("too-many-requests", "次数到了上限"),
];

impl Stage {
    fn problem(&self, answer: &Value) -> String {
        let kind = answer["type"].as_str().unwrap_or_default();
        let kind = kind.rsplit(':').next().unwrap_or_default();
        let title = answer["title"].as_str().unwrap_or("it was refused");
        let zh = PROBLEMS.iter().find(|(known, _)| *known == kind);
        let zh = zh.map_or("没有接受", |(_, zh)| zh);
        let en = match answer["detail"].as_str() {
            Some(detail) => format!("{title}: {detail}"),
            None => title.to_owned(),
        };
        self.says(zh, en)
    }
}
