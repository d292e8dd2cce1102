//! A disk that takes no more, as a process meets it without being root: a limit on the size of its files, and a
//! data directory it may not write. Full and dying disks are `scripts/power_cut.sh`.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::server::{Server, command, done, set_up};

/// A command whose files may not grow beyond `kib`: a write at the limit raises SIGXFSZ, whose default is death.
fn limited(folder: &Path, kib: u64, arguments: &[&str]) -> Command {
    let plain = command(folder, arguments);
    let mut limited = Command::new("sh");
    // In units of 512 bytes.
    limited
        .args([
            "-c",
            "ulimit -f \"$0\" && exec \"$@\"",
            &(2 * kib).to_string(),
        ])
        .arg(plain.get_program())
        .args(plain.get_args())
        .current_dir(folder);
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    limited
}

#[test]
fn at_the_limit_of_a_files_size_the_server_refuses_says_so_and_lives() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    set_up(path);
    let key = done(path, &["keys", "add", "erp", "--scope", "accounts"]);
    let length = std::fs::metadata(path.join("data/db"))
        .expect("there")
        .len();
    let mut serve = limited(path, length.div_ceil(1024) + 512, &["serve", "--log-json"]);
    // A dump would meet the limit too, and is another matter.
    serve.env("MENSHEN_STORE__DUMP_EVERY", "0s");
    let mut server = Server::of(serve);
    let mut acknowledged = Vec::new();
    let refused = (0..20_000).find_map(|number| {
        let (account, phone) = (format!("user{number}"), format!("138{number:08}"));
        let name = "名".repeat(100);
        let body = format!(r#"{{"account":"{account}","name":"{name}","phone":"{phone}"}}"#);
        match server.call(&key, "POST", "/v1/accounts", &body) {
            (201, _) => {
                acknowledged.push(account);
                None
            }
            other => Some(other),
        }
    });
    let (status, answer) = refused.expect("the limit is reached");
    assert_eq!(status, 503, "{answer}");
    assert!(acknowledged.len() > 10, "{}", acknowledged.len());
    assert!(
        server.child.try_wait().expect("asked").is_none(),
        "the process stays up"
    );
    let (status, ready) = server.call(&key, "GET", "/readyz", "");
    assert_eq!(status, 503, "{ready}");
    assert!(ready.contains(r#""store":"failed""#), "{ready}");
    assert_eq!(server.call(&key, "GET", "/healthz", "").0, 200);
    let (_, metrics) = server.call(&key, "GET", "/metrics", "");
    assert!(metrics.contains("menshen_store_failed 1"), "{metrics}");
    server.signal("-TERM");
    server.child.wait().expect("it ends");
    let log = server.log();
    assert!(
        log.contains("the store has failed and takes nothing any more")
            && log.contains("File too large"),
        "{log}"
    );

    // With room again, everything acknowledged is there.
    let server = Server::start(path, &[]);
    for account in &acknowledged {
        assert!(server.has(&key, account), "{account}");
    }
    server.stop();
}

/// Commands that write files fail like on a full disk, too: with words and exit code 1, and without leaving half a file.
#[test]
fn a_command_that_meets_the_limit_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    set_up(path);
    let server = Server::start(path, &[]);
    for (lang, words) in [
        ("zh", "文件超过了这个进程可写的大小"),
        ("en", "larger than this process may write"),
    ] {
        let mut export = limited(path, 1, &["export", "--out", "backup.jsonl"]);
        let output = export.env("MENSHEN_LANG", lang).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{:?} {said}", output.status);
        assert!(said.contains("menshen: ") && said.contains(words), "{said}");
    }
    assert!(!path.join("backup.jsonl").exists());
    let left = std::fs::read_dir(path).expect("a folder").filter(|entry| {
        let name = entry.as_ref().expect("readable").file_name();
        name.to_string_lossy().contains("backup")
    });
    assert_eq!(left.count(), 0);
    server.stop();
}

/// A dump that cannot be written stops nobody, and is told where operators look.
#[test]
fn a_dump_that_cannot_be_written_is_counted_and_the_server_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    set_up(path);
    let key = done(path, &["keys", "add", "erp", "--scope", "accounts"]);
    let server = Server::start(path, &[]);
    let metric = |server: &Server, name: &str| -> f64 {
        let (status, text) = server.call(&key, "GET", "/metrics", "");
        assert_eq!(status, 200, "{text}");
        let mut lines = text.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        value.unwrap_or_else(|| panic!("no {name}: {text}"))
    };
    let last = "menshen_dump_last_success_timestamp_seconds ";
    let failed = "menshen_dumps_failed_total ";
    // The first dump is made at the start, beside everything else.
    while metric(&server, last) == 0.0 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(metric(&server, last) > 1.7e9, "Unix time");
    assert_eq!(metric(&server, failed), 0.0);
    server.stop();

    std::fs::remove_dir_all(path.join("data/dumps")).expect("removed");
    std::fs::write(path.join("data/dumps"), "no folder").expect("written");
    let server = Server::start(path, &[]);
    while metric(&server, failed) == 0.0 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(metric(&server, last), 0.0, "there is none");
    server.create(&key, "alice", "13800138000");
    assert_eq!(server.call(&key, "GET", "/readyz", "").0, 200);
    let log = server.stop();
    assert!(log.contains("the store was not dumped"), "{log}");
}

/// Somebody who is not root, to whom permissions apply.
const NOBODY: u32 = 65_534;

/// A set-up in the hands of a user to whom permissions apply, and the program where that user may run it.
struct Owned {
    folder: tempfile::TempDir,
    /// Set when the tests run as root.
    user: Option<u32>,
    program: PathBuf,
}

impl Owned {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path();
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).expect("opened");
        let root = std::fs::metadata(path).expect("there").uid() == 0;
        let bot = path.join("bot");
        set_up(&bot);
        let mut program = PathBuf::from(env!("CARGO_BIN_EXE_menshen"));
        if root {
            own(&bot);
            // The build may lie where only root may look.
            let copy = path.join("menshen");
            std::fs::copy(&program, &copy).expect("copied");
            program = copy;
        }
        Self {
            folder,
            user: root.then_some(NOBODY),
            program,
        }
    }

    fn bot(&self) -> PathBuf {
        self.folder.path().join("bot")
    }

    /// Runs it to its end; its exit code and what it said.
    fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let plain = command(&self.bot(), arguments);
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(self.bot());
        for (name, value) in plain.get_envs() {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        let output = command.output().expect("it runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (
            output.status.code(),
            text(&output.stdout),
            text(&output.stderr),
        )
    }
}

fn own(path: &Path) {
    chown(path, Some(NOBODY), Some(NOBODY)).expect("given away");
    if path.is_dir() {
        for entry in std::fs::read_dir(path).expect("readable") {
            own(&entry.expect("readable").path());
        }
    }
}

#[test]
fn a_data_directory_that_cannot_be_written_is_named_with_its_cure() {
    let owned = Owned::new();
    let data = owned.bot().join("data");
    let (_, found, _) = owned.run(&["doctor", "--offline", "--format", "json"]);
    assert!(!found.contains("data-unwritable"), "{found}");
    std::fs::set_permissions(&data, PermissionsExt::from_mode(0o500)).expect("closed");

    for (lang, words) in [
        ("zh", ["没有权限", "chown", "chmod u+rwx"]),
        ("en", ["no permission", "chown", "chmod u+rwx"]),
    ] {
        // The language of a server's last words is the process's.
        let (code, said) = {
            let variable = format!("MENSHEN_LANG={lang}");
            let mut env = Command::new("env");
            env.arg(variable)
                .arg(&owned.program)
                .args(["serve", "--log-json"])
                .current_dir(owned.bot())
                .env("MENSHEN_SERVER__LISTEN", "127.0.0.1:0");
            if let Some(user) = owned.user {
                env.uid(user).gid(user);
            }
            let output = env.output().expect("it runs");
            (
                output.status.code(),
                String::from_utf8_lossy(&output.stderr).into_owned(),
            )
        };
        assert_eq!(code, Some(1), "{said}");
        let last = said.lines().last().expect("words");
        assert!(last.starts_with("menshen: "), "{said}");
        assert!(last.contains(data.to_str().expect("text")), "{said}");
        for word in words {
            assert!(last.contains(word), "{word}: {said}");
        }
        assert!(
            !said.contains("could not be looked through") && !said.contains("the store is closed"),
            "{said}"
        );

        let arguments = ["doctor", "--offline", "--format", "json", "--lang", lang];
        let (code, found, said) = owned.run(&arguments);
        assert_eq!(code, Some(1), "{said}");
        let found: Vec<serde_json::Value> = serde_json::from_str(&found).expect("JSON");
        let finding = found
            .iter()
            .find(|finding| finding["name"] == "data-unwritable")
            .unwrap_or_else(|| panic!("{found:?}"));
        let what = finding["what"].as_str().expect("text");
        let cure = finding["cure"].as_str().expect("text");
        assert!(
            what.contains(data.to_str().expect("text")) && what.contains(words[0]),
            "{what}"
        );
        assert!(
            cure.contains("chown") && cure.contains("chmod u+rwx"),
            "{cure}"
        );
    }
    std::fs::set_permissions(&data, PermissionsExt::from_mode(0o700)).expect("opened");
}

/// A start that fails on the way says why and where, and nothing that is only a consequence.
#[test]
fn a_control_socket_that_cannot_be_made_is_said_with_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    set_up(path);
    // Where the socket is made before it gets its name.
    std::fs::write(path.join("data/.sock"), "no folder").expect("written");
    for (lang, words) in [
        ("zh", "data 里建不了控制套接字：已经有同名的文件"),
        (
            "en",
            "cannot make the control socket in data: a file of that name",
        ),
    ] {
        let mut serve = command(path, &["serve", "--log-json"]);
        let output = serve.env("MENSHEN_LANG", lang).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        let last = said.lines().last().expect("words");
        assert!(
            last.starts_with("menshen: ") && last.contains(words),
            "{said}"
        );
        assert!(!said.contains("could not be looked through"), "{said}");
        assert!(!said.contains(r#""level":"ERROR""#), "{said}");
    }
}
