//! The set-up of `dev`: random secrets, kept in the data directory, and a configuration made of them.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use zeroize::Zeroizing;

use crate::bot::folder;
use crate::cli::failure::Failure;
use crate::cli::init::{aes_key, webhook_secret};
use crate::cli::sources::{DEFAULT_RULES, called, tolerant};
use crate::cli::{output, shipped};
use crate::config::Config;
use crate::env::Env;
use crate::keys::MasterKey;
use crate::lang::program::{ActionKind, Program};
use crate::outbox::WebhookSecret;
use crate::sandbox::{PlatformConfig, Template};
use crate::server::{Scope, keys};
use crate::store::{self, SharedStore, StoreError};
use crate::wechat::crypto::EncodingAesKey;

/// What the API key of `dev` is called.
const KEY_NAME: &str = "dev";

/// Everything `dev` knows before it opens the store.
#[derive(Debug)]
pub struct Setup {
    /// What the bot runs with; the environment has been laid over it.
    pub config: Config,
    /// Where it is reached.
    pub url: String,
    data: PathBuf,
    hosts: Vec<String>,
    templates: Vec<Template>,
}

/// The rules `dev` runs: those named, else the folder `rules`, else a copy of the shipped ones.
pub fn rules(named: Option<&Path>, data: &Path) -> Result<PathBuf, Failure> {
    if let Some(path) = named {
        if !path.exists() {
            return Err(Failure::usage(format!("there is no {}", path.display())));
        }
        return Ok(path.to_owned());
    }
    let usual = Path::new(DEFAULT_RULES);
    if usual.is_dir() {
        return Ok(usual.to_owned());
    }
    let own = data.join(DEFAULT_RULES);
    if !own.exists() {
        shipped::write(&own)?;
        output::remark(&format!(
            "menshen: there is no folder {DEFAULT_RULES}, so the shipped rules were put into {}",
            own.display()
        ));
    }
    Ok(own)
}

impl Setup {
    /// Makes what is missing in `data` and writes the configuration for `address`.
    pub fn make(
        data: &Path,
        address: SocketAddr,
        rules: &Path,
        hosts: &[String],
        env: &Env,
    ) -> Result<Self, Failure> {
        private_folder(data)?;
        let secrets = data.join("secrets");
        private_folder(&secrets)?;
        let master = secrets.join("master");
        if !master.exists() {
            MasterKey::generate(&master, env)?;
        }
        for (name, text) in [
            ("app_id", format!("wx{}", hex::encode(env.bytes::<8>()))),
            ("app_secret", hex::encode(env.bytes::<16>())),
            ("token", hex::encode(env.bytes::<16>())),
            ("encoding_aes_key", aes_key(env)),
            ("system", webhook_secret(env)),
            // Signs the machines of `simulate-logins --machine-key`.
            ("foreign_machine_key", hex::encode(env.bytes::<32>())),
        ] {
            let file = secrets.join(name);
            if !file.exists() {
                write_private(&file, &format!("{text}\n"))?;
            }
        }
        let named = Named::in_rules(rules);
        let url = format!("http://{}", reachable(address));
        let text = configuration(
            address,
            hosts,
            &url,
            read(&secrets.join("app_id"))?.trim(),
            &absolute(rules)?,
            &named,
        );
        let file = data.join("menshen.toml");
        write_private(&file, &text)?;
        Ok(Self {
            config: Config::load(&file).map_err(Failure::usage)?,
            url,
            data: data.to_owned(),
            hosts: hosts.to_vec(),
            templates: named.templates,
        })
    }

    /// The simulated platform that fits the configuration.
    pub fn platform(&self) -> PlatformConfig {
        let account = &self.config.official_accounts[0];
        let key = account
            .encoding_aes_key
            .as_ref()
            .and_then(|key| EncodingAesKey::parse(key.expose()).ok());
        PlatformConfig {
            callback: self.callback(),
            templates: self.templates.clone(),
            hosts: self.hosts.clone(),
            ..PlatformConfig::new(
                &account.app_id,
                account.app_secret.expose(),
                account.token.expose(),
                key,
            )
        }
    }

    /// The platform's callback.
    pub fn callback(&self) -> String {
        format!(
            "{}/wechat/{}",
            self.url, self.config.official_accounts[0].name
        )
    }

    /// What signs the requests to the sample information system.
    pub fn system_secret(&self) -> Result<WebhookSecret, Failure> {
        let text = read(&self.data.join("secrets/system"))?;
        Ok(WebhookSecret::parse(&text)?)
    }

    /// The API key of this data directory, made when it is not known to the store.
    pub async fn api_key(&self, store: &SharedStore) -> Result<Zeroizing<String>, Failure> {
        let file = self.data.join("secrets/api_key");
        if let Ok(text) = read(&file) {
            let given = Zeroizing::new(text.trim().to_owned());
            let asked = given.clone();
            let known = store::read(&**store, "dev.key", move |tx| {
                keys::authenticate(tx, &asked)
            })
            .await
            .map_err(|error: StoreError| anyhow::Error::from(error))?;
            if known.is_some() {
                return Ok(given);
            }
        }
        let made = store::execute(&**store, "dev.key", |tx| {
            keys::revoke(tx, "operator", KEY_NAME)?;
            keys::add(tx, "operator", KEY_NAME, Scope::ALL)
        })
        .await
        .map_err(|error: keys::AddKeyError| anyhow::Error::from(error))?;
        write_private(&file, &format!("{}\n", *made.text))?;
        Ok(made.text)
    }

    /// Writes what curl and openssl need, to be read by a shell.
    pub fn write_env(&self, key: &str) -> Result<(), Failure> {
        let account = &self.config.official_accounts[0];
        let aes = account
            .encoding_aes_key
            .as_ref()
            .map_or("", |key| key.expose());
        let text = format!(
            "# Made by `menshen dev`; good for this data directory only.\n\
             export URL='{}'\nexport KEY='{key}'\nexport CALLBACK='{}'\nexport APP_ID='{}'\n\
             export TOKEN='{}'\nexport AES_KEY='{aes}'\n",
            self.url,
            self.callback(),
            account.app_id,
            account.token.expose(),
        );
        write_private(&self.data.join("env"), &text)
    }
}

/// What the rules want of a configuration.
#[derive(Debug, Default)]
struct Named {
    calls: BTreeSet<String>,
    templates: Vec<Template>,
}

impl Named {
    /// Rules that do not compile name nothing; starting the bot says what is wrong with them.
    fn in_rules(rules: &Path) -> Self {
        let Ok(sources) = folder::load(&[rules.to_owned()]) else {
            return Self::default();
        };
        let calls = sources
            .files
            .iter()
            .flat_map(|file| called(&file.text))
            .map(str::to_owned)
            .collect();
        let registry = tolerant(&sources);
        let compiled = crate::lang::compile(std::sync::Arc::new(sources), &registry);
        Self {
            calls,
            templates: compiled
                .program
                .map(|program| templates(&program))
                .unwrap_or_default(),
        }
    }
}

/// The templates the rules' alerts send, as an operator would have got them from the platform.
fn templates(program: &Program) -> Vec<Template> {
    let mut found: Vec<Template> = Vec::new();
    for action in program.rules.iter().flat_map(|rule| &rule.body.actions) {
        let ActionKind::Alert(alert) = &action.kind else {
            continue;
        };
        let Some(template) = &alert.template else {
            continue;
        };
        if found.iter().any(|known| known.title == template.name) {
            continue;
        }
        let fields = template
            .fields
            .iter()
            .map(|(field, _)| format!("{field}：{{{{{field}.DATA}}}}"));
        found.push(Template {
            template_id: format!("sandbox-{}", template.name),
            title: template.name.clone(),
            content: fields.collect::<Vec<_>>().join("\n"),
        });
    }
    found
}

fn configuration(
    address: SocketAddr,
    hosts: &[String],
    url: &str,
    app_id: &str,
    rules: &Path,
    named: &Named,
) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let hosts: Vec<String> = ["127.0.0.1", "localhost", "[::1]", "::1"]
        .into_iter()
        .map(quoted)
        .chain(hosts.iter().map(|host| quoted(host)))
        .collect();
    let mut text = format!(
        "# Written by `menshen dev` at every start: changes are lost. `menshen keys list --config` and\n\
         # the like can be given this file.\n\
         [server]\nlisten = {}\nhosts = [{}]\n\n\
         [keys]\nmaster_file = \"secrets/master\"\n\
         foreign_machine_key_file = \"secrets/foreign_machine_key\"\n\n\
         [store]\npath = \"store\"\n\n\
         [rules]\npath = {}\n\n\
         [forward]\nurl = {}\nsecret_file = \"secrets/system\"\n\n\
         [[webhook]]\nurl = {}\nsecret_file = \"secrets/system\"\n\n",
        quoted(&address.to_string()),
        hosts.join(", "),
        quoted(&rules.to_string_lossy()),
        quoted(&format!("{url}/sandbox/system/forward")),
        quoted(&format!("{url}/sandbox/system/events")),
    );
    for call in &named.calls {
        text.push_str(&format!(
            "[calls.{call}]\nurl = {}\nsecret_file = \"secrets/system\"\n\n",
            quoted(&format!("{url}/sandbox/system/calls/{call}"))
        ));
    }
    text.push_str(&format!(
        "[[official_account]]\nname = \"main\"\napp_id = {}\n\
         app_secret_file = \"secrets/app_secret\"\ntoken_file = \"secrets/token\"\n\
         encoding_aes_key_file = \"secrets/encoding_aes_key\"\nmode = \"safe\"\n\
         allow_plaintext_guard = true\napi_base = {}\n",
        quoted(app_id),
        quoted(url),
    ));
    if !named.templates.is_empty() {
        text.push_str("[official_account.templates]\n");
        for template in &named.templates {
            text.push_str(&format!(
                "{} = {}\n",
                template.title,
                quoted(&template.template_id)
            ));
        }
    }
    text
}

/// How this machine itself reaches what listens there.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(std::net::Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    Ok(path
        .canonicalize()
        .with_context(|| format!("cannot find {}", path.display()))?)
}

fn private_folder(path: &Path) -> Result<(), Failure> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("cannot make {}", path.display()))?;
    Ok(())
}

fn read(path: &Path) -> Result<String, Failure> {
    Ok(fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?)
}

/// Writes a file only its owner can read, whole or not at all.
pub(super) fn write_private(path: &Path, text: &str) -> Result<(), Failure> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let part = PathBuf::from(name);
    let written = (|| {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&part)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&part, path)
    })();
    Ok(written.with_context(|| format!("cannot write {}", path.display()))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make(data: &Path, rules: &Path) -> Setup {
        let address = SocketAddr::from(([127, 0, 0, 1], 8080));
        Setup::make(data, address, rules, &[], &Env::system()).expect("a set-up")
    }

    #[test]
    fn secrets_stay_the_same_from_start_to_start() {
        let folder = tempfile::tempdir().expect("a folder");
        let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
        let (first, second) = (make(folder.path(), &rules), make(folder.path(), &rules));
        let token = |setup: &Setup| setup.config.official_accounts[0].token.expose().to_owned();
        assert_eq!(token(&first), token(&second));
        let signs = |setup: &Setup| {
            let key = setup.config.keys.foreign_machine_key.as_ref();
            key.map(|key| key.expose().to_owned())
        };
        assert!(signs(&first).is_some_and(|key| key.len() == 64));
        assert_eq!(signs(&first), signs(&second));
        assert_eq!(
            first.config.official_accounts[0].app_id,
            second.config.official_accounts[0].app_id
        );
    }

    #[test]
    fn what_the_rules_name_is_configured() {
        let folder = tempfile::tempdir().expect("a folder");
        let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
        let setup = make(folder.path(), &rules);
        assert!(
            setup
                .config
                .calls
                .iter()
                .any(|call| call.name == "security_desk")
        );
        let templates = &setup.config.official_accounts[0].templates;
        assert_eq!(templates["login_alert"], "sandbox-login_alert");
        let sandbox = setup.platform().templates;
        assert!(
            sandbox[0].content.contains("{{thing2.DATA}}"),
            "{}",
            sandbox[0].content
        );
    }

    #[tokio::test]
    async fn the_api_key_lives_as_long_as_the_store() {
        let folder = tempfile::tempdir().expect("a folder");
        let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
        let setup = make(folder.path(), &rules);
        let store = crate::store::memory(Env::system());
        let first = setup.api_key(&store).await.expect("a key");
        assert_eq!(setup.api_key(&store).await.expect("the same"), first);
        fs::remove_file(folder.path().join("secrets/api_key")).expect("removed");
        let second = setup.api_key(&store).await.expect("another");
        assert_ne!(first, second);
    }
}
