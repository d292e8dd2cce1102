//! `menshen init`: a set-up of one's own, ready but for what only the platform knows.
//!
//! Never overwrites: what exists is kept and said so. Secrets are random, in files of their own with
//! mode 0600, and never printed.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;

use super::failure::{Exit, Failure, Outcome};
use super::output::{self, LangArg};
use super::setup::Mine;
use super::shipped;
use crate::config::Config;
use crate::env::Env;
use crate::keys::MasterKey;
use crate::lang::diagnostics::Language;
use crate::store::Flavour;

/// Stands where the operator has to put the AppSecret; `doctor` finds it.
pub const APP_SECRET_PLACEHOLDER: &str = "put-the-AppSecret-here";
/// Stands where the operator has to put the AppID; `doctor` finds it.
pub const APP_ID_PLACEHOLDER: &str = "wx0000000000000000";
/// Characters of an EncodingAESKey.
const AES_KEY_CHARS: usize = 43;

/// Make a new set-up: configuration, secrets, rules and store.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Nothing that exists is overwritten; run it again to add what is missing.

Examples:
  menshen init                       # in the working directory
  menshen init bot --app-id wx1234567890abcdef
  menshen doctor --config bot/menshen.toml    # what is still to be done")]
pub struct Args {
    /// Where
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,
    /// The official account's AppID
    #[arg(long, value_name = "wx…", default_value = APP_ID_PLACEHOLDER, hide_default_value = true)]
    app_id: String,
    /// The official account's name here: its endpoint is /wechat/NAME
    #[arg(long, default_value = "main")]
    name: String,
    #[command(flatten)]
    lang: LangArg,
}

/// Makes it and says what comes next.
pub fn run(args: &Args) -> Outcome {
    check_names(args)?;
    let lang = args.lang.lang;
    make(&args.directory, &args.name, &args.app_id, lang)?;
    let secrets = args.directory.join("secrets");
    let config = args.directory.join("menshen.toml");
    let app_id = match args.app_id == APP_ID_PLACEHOLDER {
        true => {
            let config = config.display();
            match lang {
                Language::Zh => format!("，AppID 写进 {config}"),
                Language::En => format!(", the AppID into {config}"),
            }
        }
        false => String::new(),
    };
    let (secret, token, aes) = (
        secrets.join("app_secret"),
        secrets.join("token"),
        secrets.join("encoding_aes_key"),
    );
    let (secret, token, aes) = (secret.display(), token.display(), aes.display());
    let (config, name) = (config.display(), &args.name);
    output::remark(&match lang {
        Language::Zh => format!(
            "\n接下来：
  1. 把 AppSecret 写进 {secret}{app_id}。
  2. 在公众平台“设置与开发 → 基本配置”里，URL 填 https://您的域名/wechat/{name}，
     Token 填 {token} 里的，EncodingAESKey 填 {aes} 里的，选安全模式。
  3. menshen doctor --config {config}
  4. menshen keys add erp --scope accounts,codes,login --config {config}
  5. menshen serve --config {config}"
        ),
        Language::En => format!(
            "\nNext:
  1. Put the AppSecret into {secret}{app_id}.
  2. On the platform (设置与开发 → 基本配置) set the URL https://YOUR-DOMAIN/wechat/{name},
     the token in {token}, the EncodingAESKey in {aes}, and 安全模式.
  3. menshen doctor --config {config}
  4. menshen keys add erp --scope accounts,codes,login --config {config}
  5. menshen serve --config {config}"
        ),
    });
    Ok(Exit::Clean)
}

/// Makes what is missing of a set-up in `root`.
pub fn make(root: &Path, name: &str, app_id: &str, lang: Language) -> Result<(), Failure> {
    let env = Env::system();
    let config_file = root.join("menshen.toml");
    fs::create_dir_all(root)
        .map_err(|error| Failure::failed(format!("cannot make {}: {error}", root.display())))?;

    let secrets = root.join("secrets");
    if !secrets.exists() {
        DirBuilder::new().mode(0o700).create(&secrets)?;
    }
    let master = secrets.join("master");
    if master.exists() {
        kept(&master, lang);
    } else {
        MasterKey::generate(&master, &env)?;
        made(&master, lang);
    }
    for (file, text) in [
        ("token", hex::encode(env.bytes::<16>())),
        ("encoding_aes_key", aes_key(&env)),
        ("app_secret", APP_SECRET_PLACEHOLDER.to_owned()),
        ("calls", webhook_secret(&env)),
    ] {
        write_new(&secrets.join(file), &format!("{text}\n"), 0o600, lang)?;
    }
    write_new(&config_file, &configuration(name, app_id), 0o644, lang)?;

    let config = Config::load(&config_file).map_err(Failure::failed)?;
    if config.rules.path.exists() {
        kept(&config.rules.path, lang);
    } else {
        shipped::write(&config.rules.path)?;
        made(&config.rules.path, lang);
    }
    if config.store.path.exists() {
        kept(&config.store.path, lang);
    } else {
        Mine::open(&config.store.path, Some(Flavour::Production))?.close();
        made(&config.store.path, lang);
    }
    Ok(())
}

fn check_names(args: &Args) -> Result<(), Failure> {
    let fits = (1..=32).contains(&args.name.len())
        && args.name.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte)
        });
    if !fits {
        return Err(Failure::usage("--name takes 1 to 32 of a-z, 0-9, - and _"));
    }
    if args.app_id.is_empty() || !args.app_id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(Failure::usage(
            "--app-id takes letters and digits, such as wx1234567890abcdef",
        ));
    }
    Ok(())
}

fn made(path: &Path, lang: Language) {
    let word = lang.pick("建好", "made");
    output::remark(&format!("menshen: {word} {}", path.display()));
}

fn kept(path: &Path, lang: Language) {
    let word = lang.pick("保留", "kept");
    output::remark(&format!("menshen: {word} {}", path.display()));
}

fn write_new(path: &Path, text: &str, mode: u32, lang: Language) -> Result<(), Failure> {
    let opened = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path);
    match opened {
        Ok(mut file) => {
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            made(path, lang);
            Ok(())
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            kept(path, lang);
            Ok(())
        }
        Err(error) => Err(Failure::failed(format!(
            "cannot create {}: {error}",
            path.display()
        ))),
    }
}

/// A random EncodingAESKey: 43 letters and digits that are the base64 of exactly 32 bytes.
pub fn aes_key(env: &Env) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    // 43 characters hold 258 bits: the last two must be zero.
    const LAST: &[u8] = b"AEIMQUYcgkosw048";
    let mut key = String::with_capacity(AES_KEY_CHARS);
    while key.len() < AES_KEY_CHARS - 1 {
        let byte = env.bytes::<1>()[0];
        // Bytes past the last whole multiple would make some letters likelier.
        if usize::from(byte) < 256 / LETTERS.len() * LETTERS.len() {
            key.push(char::from(LETTERS[usize::from(byte) % LETTERS.len()]));
        }
    }
    key.push(char::from(
        LAST[usize::from(env.bytes::<1>()[0]) % LAST.len()],
    ));
    key
}

/// A random Standard Webhooks secret.
pub fn webhook_secret(env: &Env) -> String {
    let bytes = env.bytes::<32>();
    format!(
        "whsec_{}",
        base64::engine::general_purpose::STANDARD.encode(bytes)
    )
}

fn configuration(name: &str, app_id: &str) -> String {
    format!(
        r#"# Menshen's configuration. Relative paths start at this file's directory. A key can be overridden
# by the environment (MENSHEN_SERVER__LISTEN is server.listen), and every secret can stand in a file
# of its own (token_file instead of token). `menshen doctor` says what is not in order.

[server]
listen = "127.0.0.1:8080"         # behind a TLS proxy that passes /wechat/ on
# admin_listen = "127.0.0.1:8081" # puts /v1 and /metrics on an address of their own
# hosts = ["bot.example.com"]     # answer these names only

[keys]
master_file = "secrets/master"    # keep a copy elsewhere: no backup of the store holds it

[store]
path = "data"

[rules]
path = "rules"

[guard]
zone = "Asia/Shanghai"
# geoip = "GeoLite2-City.mmdb"    # or ip2region.xdb: your own file; without one places come from the callers

[history]
keep = "400d"

[[official_account]]
name = "{name}"                     # the platform's callback is /wechat/{name}
app_id = "{app_id}"
app_secret_file = "secrets/app_secret"
token_file = "secrets/token"
encoding_aes_key_file = "secrets/encoding_aes_key"
mode = "safe"                     # as set on the platform: safe, compatible or plaintext
# custom_send = false             # an unverified account, which may not send customer-service messages
# [official_account.templates]    # the rules' template names and the platform's template ids
# login_alert = "…"

# What rules reach with `call security_desk`: your own system, called with a signed POST.
[calls.security_desk]
url = "http://127.0.0.1:9000/security-desk"
secret_file = "secrets/calls"

# Where `forward` sends what bound users write; it answers {{"text": "…"}}.
# [forward]
# url = "https://erp.example.com/wechat"
# secret_file = "secrets/calls"

# Who gets the event feed.
# [[webhook]]
# url = "https://erp.example.com/menshen"
# secret_file = "secrets/calls"
# events = ["bound", "alerted", "locked"] # nothing means all of them
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aes_key_is_the_base64_of_32_bytes() {
        let (env, _) = Env::scripted(0, 7);
        for _ in 0..200 {
            let key = aes_key(&env);
            assert_eq!(key.len(), AES_KEY_CHARS);
            assert!(key.bytes().all(|byte| byte.is_ascii_alphanumeric()));
            let bytes = base64::engine::general_purpose::STANDARD.decode(format!("{key}="));
            assert_eq!(bytes.map(|bytes| bytes.len()), Ok(32));
        }
    }

    #[test]
    fn the_configuration_made_is_one_that_loads() {
        let folder = tempfile::tempdir().expect("a folder");
        let args = Args {
            directory: folder.path().join("bot"),
            app_id: "wx1234567890abcdef".to_owned(),
            name: "shop".to_owned(),
            lang: LangArg { lang: Language::En },
        };
        run(&args).expect("a set-up");
        let config = Config::load(&args.directory.join("menshen.toml")).expect("it loads");
        assert!(config.official_account("shop").is_some());
        assert_eq!(config.calls[0].name, "security_desk");
        let secret = fs::read_to_string(args.directory.join("secrets/token")).expect("a token");
        fs::remove_file(args.directory.join("rules/service.rules")).expect("removed");
        run(&args).expect("again");
        assert_eq!(
            fs::read_to_string(args.directory.join("secrets/token")).expect("a token"),
            secret
        );
        assert!(!args.directory.join("rules/service.rules").exists());
    }
}
