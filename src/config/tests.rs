use std::path::Path;

use super::*;

const AES: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";

fn read(text: &str) -> Result<Config, ConfigErrors> {
    with(text, &[])
}

fn with(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::from_text(Path::new("etc/menshen.toml"), text, variables)
}

fn errors(text: &str) -> String {
    read(text).expect_err("the text is wrong").to_string()
}

fn account(more: &str) -> String {
    format!(
        "[[official_account]]\nname = \"main\"\napp_id = \"wx1\"\napp_secret = \"s3cret\"\ntoken = \"t0ken\"\nencoding_aes_key = \"{AES}\"\n{more}\n"
    )
}

#[test]
fn an_empty_file_has_the_documented_defaults() {
    let config = read("").unwrap();
    assert_eq!(config.server.listen, "127.0.0.1:8080".parse().unwrap());
    assert_eq!(config.store.path, Path::new("etc/data"));
    assert_eq!(config.rules.path, Path::new("etc/rules"));
    assert_eq!(config.keys.master_file, Path::new("etc/secrets/master"));
    assert_eq!(config.guard.zone, "Asia/Shanghai");
    assert_eq!(config.history.keep, 400 * crate::env::DAY);
    assert!(config.forward.is_none());
}

#[test]
fn an_official_account_is_read_whole() {
    let config = read(&account(
        "mode = \"compatible\"\ncustom_send = false\n[official_account.templates]\nalert = \"T1\"",
    ))
    .unwrap();
    let account = config.official_account("main").unwrap();
    assert_eq!(account.mode, EndpointMode::Compatible);
    assert_eq!(account.app_secret.expose(), "s3cret");
    assert_eq!(account.api_base, "https://api.weixin.qq.com");
    assert!(!account.custom_send);
    assert_eq!(account.templates["alert"], "T1");
}

#[test]
fn foreign_machine_keys_rotate() {
    let text = "[keys]\nforeign_machine_key = \"new\"\nprevious_foreign_machine_key = \"old\"\n";
    let keys = read(text).unwrap().keys;
    assert_eq!(keys.foreign_machine_key.unwrap().expose(), "new");
    assert_eq!(keys.previous_foreign_machine_key.unwrap().expose(), "old");
}

#[test]
fn debug_shows_no_secret() {
    let shown = format!("{:?}", read(&account("")).unwrap());
    for secret in ["s3cret", "t0ken", AES] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn an_unknown_key_names_file_line_key_and_the_near_one() {
    assert_eq!(
        errors("\n[server]\nlisten = \"127.0.0.1:1\"\nadmin_lisen = \"127.0.0.1:2\"\n"),
        "etc/menshen.toml:4: server.admin_lisen: unknown key; did you mean admin_listen?"
    );
    assert!(errors("[sever]\n").contains(":1: sever: unknown key; did you mean server?"));
}

#[test]
fn a_wrong_type_names_what_was_expected_and_found() {
    assert_eq!(
        errors("[server]\nlisten = 8080\n"),
        "etc/menshen.toml:2: server.listen: expected a string, found an integer"
    );
    assert!(errors("official_account = 1").contains("[[official_account]]"));
    assert!(errors("[history]\nkeep = 400\n").contains("expected a duration"));
    assert!(errors("[server]\nworkers = 1.5\n").contains("found a float"));
}

#[test]
fn a_syntax_error_names_its_line() {
    let text = errors("[server]\nlisten = \n");
    assert!(text.starts_with("etc/menshen.toml:2: not TOML"), "{text}");
}

#[test]
fn every_finding_is_reported_at_once_in_order() {
    let text = errors("[server]\nworkers = -1\nlisten = \"x\"\n[guard]\nzone = \"Moon\"\n");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines[0].contains(":2: server.workers: must be between"));
    assert!(lines[1].contains(":3: server.listen"));
    assert!(lines[2].contains(":5: guard.zone"));
}

#[test]
fn variables_override_keys_of_every_shape() {
    let config = with(
        &account(""),
        &[
            ("MENSHEN_SERVER__LISTEN", "127.0.0.1:9"),
            ("MENSHEN_SERVER__WORKERS", "3"),
            ("MENSHEN_SERVER__HOSTS", "A.example, b.example"),
            ("MENSHEN_OFFICIAL_ACCOUNT__MAIN__TOKEN", "fresh"),
            ("MENSHEN_OFFICIAL_ACCOUNT__0__CUSTOM_SEND", "false"),
            ("MENSHEN_HISTORY__KEEP", "500d"),
            ("MENSHEN_LOG", "not ours"),
            ("PATH", "not ours"),
        ],
    )
    .unwrap();
    assert_eq!(config.server.listen.port(), 9);
    assert_eq!(config.server.workers, 3);
    assert_eq!(config.server.hosts, ["a.example", "b.example"]);
    assert_eq!(config.official_accounts[0].token.expose(), "fresh");
    assert!(!config.official_accounts[0].custom_send);
    assert_eq!(config.history.keep, 500 * crate::env::DAY);
}

#[test]
fn a_wrong_variable_is_named() {
    let wrong = |name, value| with("", &[(name, value)]).unwrap_err().to_string();
    assert!(wrong("MENSHEN_SERVER__LISEN", "x").contains("variable MENSHEN_SERVER__LISEN"));
    assert!(wrong("MENSHEN_SERVER__WORKERS", "many").contains("must be between"));
    assert!(wrong("MENSHEN_OFFICIAL_ACCOUNT__OTHER__TOKEN", "x").contains("OTHER"));
}

#[test]
fn a_whole_account_can_come_from_variables() {
    let config = with(
        "",
        &[
            ("MENSHEN_OFFICIAL_ACCOUNT__0__NAME", "main"),
            ("MENSHEN_OFFICIAL_ACCOUNT__0__APP_ID", "wx1"),
            ("MENSHEN_OFFICIAL_ACCOUNT__0__APP_SECRET", "s"),
            ("MENSHEN_OFFICIAL_ACCOUNT__0__TOKEN", "t"),
            ("MENSHEN_OFFICIAL_ACCOUNT__0__ENCODING_AES_KEY", AES),
        ],
    )
    .unwrap();
    assert_eq!(config.official_accounts[0].name, "main");
}

#[test]
fn secrets_come_from_files_beside_the_configuration() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("token"), "from-file\n").unwrap();
    let text = account("").replace("token = \"t0ken\"", "token_file = \"token\"");
    let file = dir.path().join("menshen.toml");
    let config = Config::from_text(&file, &text, []).unwrap();
    assert_eq!(config.official_accounts[0].token.expose(), "from-file");

    let gone = text.replace("\"token\"", "\"gone\"");
    let error = Config::from_text(&file, &gone, []).unwrap_err().to_string();
    assert!(
        error.contains(":5: official_account[0].token_file: cannot read the secret file"),
        "{error}"
    );
    let both = account("token_file = \"token\"");
    let error = Config::from_text(&file, &both, []).unwrap_err().to_string();
    assert!(error.contains("token is set too"), "{error}");
}

#[test]
fn a_variable_overrides_a_secret_in_whichever_form_the_file_has_it() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("token"), "from-file\n").unwrap();
    let file = dir.path().join("menshen.toml");
    let read = |text: &str, name: &str, value: &str| {
        let variables = [(name.to_owned(), value.to_owned())];
        Config::from_text(&file, text, variables).map(|config| {
            let account = &config.official_accounts[0];
            account.token.expose().to_owned()
        })
    };
    let in_a_file = account("").replace("token = \"t0ken\"", "token_file = \"token\"");
    let token = read(&in_a_file, "MENSHEN_OFFICIAL_ACCOUNT__MAIN__TOKEN", "fresh");
    assert_eq!(token.unwrap(), "fresh");
    let token = read(
        &account(""),
        "MENSHEN_OFFICIAL_ACCOUNT__MAIN__TOKEN_FILE",
        "token",
    );
    assert_eq!(token.unwrap(), "from-file");
}

#[test]
fn secrets_never_stand_in_an_error() {
    let text = errors(&account("").replace(AES, "short-but-secret"));
    assert!(text.contains("expected 43 letters and digits"), "{text}");
    assert!(!text.contains("short-but-secret"), "{text}");
}

#[test]
fn what_cannot_work_is_refused() {
    let base = |url: &str| errors(&account(&format!("api_base = \"{url}\"")));
    assert!(base("http://api.weixin.qq.com").contains("loopback"));
    assert!(base("ftp://x").contains("https://"));
    assert!(base("https://a:b@x").contains("credentials"));
    assert!(read(&account("api_base = \"http://127.0.0.1:1\"")).is_ok());
    let keyless = account("").replace(&format!("encoding_aes_key = \"{AES}\""), "");
    assert!(errors(&keyless).contains("official_account[0].encoding_aes_key: missing"));
    assert!(read(&keyless.replace("name", "mode = \"plaintext\"\nname")).is_ok());
    assert!(errors(&account("mode = \"open\"")).contains("\"plaintext\", found \"open\""));
    assert!(errors(&(account("") + &account(""))).contains("is called \"main\" too"));
    assert!(errors("[store]\nurl = \"postgres://x\"\n").contains("not available"));
    assert!(
        errors("[[official_account]]\nname = \"main\"\n")
            .contains(":1: official_account[0].token: missing (or token_file)")
    );
}

#[test]
fn webhooks_forward_and_calls_are_read_and_checked() {
    let secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    let config = read(&format!(
        "[[webhook]]\nurl = \"https://erp.example/hook\"\nsecret = \"{secret}\"\nevents = [\"bound\"]\n\
         [forward]\nurl = \"http://localhost:1/in\"\nsecret = \"{secret}\"\ntimeout = \"3s\"\n\
         [calls.balance]\nurl = \"https://erp.example/balance\"\nsecret = \"{secret}\"\n"
    ))
    .unwrap();
    assert_eq!(config.webhooks[0].events, ["bound"]);
    assert_eq!(config.forward.unwrap().timeout, 3_000);
    assert_eq!(config.calls[0].name, "balance");
    let misspelt = format!(
        "[[webhook]]\nurl = \"https://erp.example\"\nsecret = \"{secret}\"\nevents = [\"bound\", \"lockd\"]\n"
    );
    assert_eq!(
        errors(&misspelt),
        "etc/menshen.toml:4: webhook[0].events: there is no event \"lockd\"; did you mean \"locked\"?"
    );
    assert!(errors("[[webhook]]\nurl = \"http://erp.example\"\nsecret = \"x\"").contains("whsec_"));
    assert!(errors("[calls]\nbalance = 1\n").contains("calls.balance: expected a table"));
}

#[test]
fn limits_have_names_defaults_and_bounds() {
    let config = read("[limits]\ncode_tries = 3\non_unsubscribe = \"keep\"\n[guard]\nsession_life = \"1h\"\n[history]\nkeep = \"500d\"\n").unwrap();
    assert_eq!(config.limits.code_tries, 3);
    assert_eq!(
        config.limits.on_unsubscribe,
        crate::accounts::OnUnsubscribe::Keep
    );
    assert_eq!(
        config.limits.ticket_tries,
        crate::accounts::Limits::default().ticket_tries
    );
    assert_eq!(config.guard.limits.session_life, crate::env::HOUR);
    assert_eq!(config.guard.limits.keep, 500 * crate::env::DAY);
    assert!(
        errors("[limits]\ncode_tries = 0\n")
            .contains(":2: limits.code_tries: must be between 1 and 20")
    );
    assert!(errors("[limits]\ncode_life = \"2d\"\n").contains("between 1m and 1h"));
    assert!(errors("[limits]\non_unsubscribe = \"drop\"\n").contains("found \"drop\""));
}
