//! Ratios of `menshen serve` to a bare floor handler, taken in one run on one machine.
//!
//! ```text
//! cargo build --release && cargo run --release --manifest-path scripts/load/Cargo.toml -- target/release/menshen
//! ```
//! Each server runs as a process of its own with one worker. The load signs (and in safe mode seals)
//! every push beforehand, sends them over 64 connections, checks every answer's status, and reads the
//! CPU time the server used from `/proc`. Rounds alternate; the median of the rounds' ratios is
//! printed. What is sent is 帮助, answered by the shipped rules without effects.

mod floor;
mod wire;

use std::error::Error;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

type Problem = Box<dyn Error + Send + Sync>;

const CONNECTIONS: usize = 64;
const PER_CONNECTION: usize = 600;
const ROUNDS: usize = 5;
const FOLLOWERS: usize = 500;
const TOKEN: &str = "load-token";
const AES_KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
/// Clock ticks of `/proc/PID/stat` in a second; Linux has shown 100 to programs for decades.
const TICKS: f64 = 100.0;

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Plain,
    Safe,
}

fn main() -> Result<(), Problem> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["floor", mode, port] => {
            let key = (mode == "safe").then(key);
            let floor = floor::Floor { token: TOKEN.to_owned(), key };
            Ok(floor::serve(floor, port.parse()?)?)
        }
        [menshen] => tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(compare(Path::new(menshen))),
        _ => Err("usage: menshen-load PATH-OF-MENSHEN".into()),
    }
}

async fn compare(menshen: &Path) -> Result<(), Problem> {
    println!("{:<7} {:>14} {:>16} {:>7} {:>12} {:>12} {:>9}", "mode", "floor µs/req", "menshen µs/req", "ratio", "floor rps", "menshen rps", "RSS MB");
    for mode in [Mode::Plain, Mode::Safe] {
        let bare = Server::floor(mode).await?;
        let bot = Server::menshen(menshen, mode).await?;
        let mut serial = 0;
        for server in [&bare, &bot] {
            round(server, mode, &mut serial).await?; // warm
        }
        let (mut rows, mut ratios) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let floor = round(&bare, mode, &mut serial).await?;
            let bot = round(&bot, mode, &mut serial).await?;
            ratios.push(bot.cpu / floor.cpu);
            rows.push((floor, bot));
        }
        let middle = |mut of: Vec<f64>| {
            of.sort_by(f64::total_cmp);
            of[of.len() / 2]
        };
        let each = |f: fn(&(Round, Round)) -> f64| middle(rows.iter().map(f).collect());
        println!(
            "{:<7} {:>14.1} {:>16.1} {:>7.2} {:>12.0} {:>12.0} {:>9.0}",
            if mode == Mode::Plain { "plain" } else { "safe" },
            each(|row| row.0.cpu),
            each(|row| row.1.cpu),
            middle(ratios),
            each(|row| row.0.rate),
            each(|row| row.1.rate),
            bot.resident()?,
        );
    }
    Ok(())
}

struct Round {
    /// Microseconds of the server's CPU per request.
    cpu: f64,
    /// Requests per second.
    rate: f64,
}

async fn round(server: &Server, mode: Mode, serial: &mut u64) -> Result<Round, Problem> {
    let mut work = Vec::new();
    for _ in 0..CONNECTIONS {
        let requests: Vec<Vec<u8>> = (0..PER_CONNECTION)
            .map(|_| {
                *serial += 1;
                request(mode, *serial)
            })
            .collect();
        work.push(requests);
    }
    let (cpu, begun) = (server.cpu()?, Instant::now());
    let local = tokio::task::LocalSet::new();
    let port = server.port;
    let all = work.into_iter().map(|requests| local.spawn_local(talk(port, requests))).collect::<Vec<_>>();
    local.await;
    for one in all {
        one.await??;
    }
    let seconds = begun.elapsed().as_secs_f64();
    let requests = (CONNECTIONS * PER_CONNECTION) as f64;
    Ok(Round {
        cpu: (server.cpu()? - cpu) * 1e6 / requests,
        rate: requests / seconds,
    })
}

/// Sends the requests one after another over one connection.
async fn talk(port: u16, requests: Vec<Vec<u8>>) -> Result<(), Problem> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 16 * 1024];
    for request in requests {
        stream.write_all(&request).await?;
        let mut held = 0;
        loop {
            let read = stream.read(&mut buffer[held..]).await?;
            if read == 0 {
                return Err("the server closed the connection".into());
            }
            held += read;
            let text = std::str::from_utf8(&buffer[..held]).unwrap_or_default();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length: usize = head
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:").map(|n| n.trim().to_owned()))
                .ok_or("no content-length")?
                .parse()?;
            if body.len() < length {
                continue;
            }
            if !head.starts_with("HTTP/1.1 200") {
                return Err(text.to_owned().into());
            }
            break;
        }
    }
    Ok(())
}

fn request(mode: Mode, serial: u64) -> Vec<u8> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs().to_string();
    let nonce = serial.to_string();
    let openid = format!("oLoad{:020}", serial as usize % FOLLOWERS);
    let message = format!(
        "<xml><ToUserName><![CDATA[gh_load]]></ToUserName><FromUserName><![CDATA[{openid}]]></FromUserName>\
         <CreateTime>{now}</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[帮助]]></Content>\
         <MsgId>{serial}</MsgId></xml>"
    );
    let signature = wire::sign(&mut [TOKEN, &now, &nonce]);
    let mut query = format!("signature={signature}&timestamp={now}&nonce={nonce}&openid={openid}");
    let body = match mode {
        Mode::Plain => message,
        Mode::Safe => {
            let mut random = [0; 16];
            random[..8].copy_from_slice(&serial.to_be_bytes());
            let sealed = wire::seal(&key(), random, &message);
            let signature = wire::sign(&mut [TOKEN, &now, &nonce, &sealed]);
            query.push_str(&format!("&encrypt_type=aes&msg_signature={signature}"));
            format!("<xml><ToUserName><![CDATA[gh_load]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>")
        }
    };
    format!(
        "POST /wechat/main?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn key() -> [u8; 32] {
    use base64::Engine as _;
    use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
    let config = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let bytes = GeneralPurpose::new(&base64::alphabet::STANDARD, config).decode(AES_KEY).expect("a key");
    bytes.try_into().expect("32 bytes")
}

/// A server under load; killed when dropped.
struct Server {
    child: Child,
    port: u16,
    folder: Option<std::path::PathBuf>,
}

impl Server {
    async fn floor(mode: Mode) -> Result<Self, Problem> {
        let port = free_port()?;
        let mode = if mode == Mode::Safe { "safe" } else { "plain" };
        let child = Command::new(std::env::current_exe()?)
            .args(["floor", mode, &port.to_string()])
            .spawn()?;
        Self { child, port, folder: None }.ready().await
    }

    async fn menshen(program: &Path, mode: Mode) -> Result<Self, Problem> {
        let port = free_port()?;
        let folder = std::env::temp_dir().join(format!("menshen-load-{}-{port}", std::process::id()));
        let init = Command::new(program).arg("init").arg(&folder).args(["--app-id", wire::APP_ID]).stderr(Stdio::null()).status()?;
        if !init.success() {
            return Err("menshen init failed".into());
        }
        std::fs::write(folder.join("secrets/app_secret"), "no-such-secret")?;
        std::fs::write(folder.join("secrets/token"), TOKEN)?;
        std::fs::write(folder.join("secrets/encoding_aes_key"), AES_KEY)?;
        let child = Command::new(program)
            .arg("serve")
            .arg("--config")
            .arg(folder.join("menshen.toml"))
            .env("MENSHEN_SERVER__LISTEN", format!("127.0.0.1:{port}"))
            .env("MENSHEN_SERVER__WORKERS", "1")
            .env("MENSHEN_OFFICIAL_ACCOUNT__MAIN__MODE", if mode == Mode::Safe { "safe" } else { "plaintext" })
            .env("MENSHEN_OFFICIAL_ACCOUNT__MAIN__API_BASE", "http://127.0.0.1:1")
            .stderr(Stdio::null())
            .spawn()?;
        Self { child, port, folder: Some(folder) }.ready().await
    }

    async fn ready(mut self) -> Result<Self, Problem> {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(120) {
            if TcpStream::connect(("127.0.0.1", self.port)).await.is_ok() {
                return Ok(self);
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("the server ended: {status}").into());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err("the server does not listen".into())
    }

    /// Seconds of CPU used so far, by all its threads.
    fn cpu(&self) -> Result<f64, Problem> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let rest = stat.rsplit_once(')').ok_or("no stat")?.1;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        Ok((fields[11].parse::<f64>()? + fields[12].parse::<f64>()?) / TICKS)
    }

    /// Resident memory in MB.
    fn resident(&self) -> Result<f64, Problem> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS")).ok_or("no VmRSS")?;
        let kilobytes = line.split_whitespace().nth(1).ok_or("no VmRSS")?;
        Ok(kilobytes.parse::<f64>()? / 1024.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(folder) = &self.folder {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
