//! One round of pushes: made beforehand, sent over all connections at once, checked afterwards.

use std::io::{ErrorKind, IoSliceMut};
use std::os::fd::AsRawFd as _;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::sys::socket::sockopt::ReceiveTimestampns;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, setsockopt};
use nix::sys::time::TimeSpec;
use tokio::io::{AsyncWriteExt as _, Interest};
use tokio::net::TcpStream;

use crate::Problem;
use crate::server::Server;
use crate::wire;

/// Connections at a time; each has one push under way.
pub const CONNECTIONS: usize = 64;
/// Different senders.
const FOLLOWERS: u64 = 500;
/// Largest answer taken, bytes.
const ANSWER: usize = 16 * 1024;
/// What both servers answer 帮助 with.
const HELP: &str = "发送“绑定”绑定账号，“锁定”锁定账号，“人工”找客服。";

#[derive(Clone, Copy, PartialEq)]
pub enum Mode {
    Plain,
    Safe,
}

impl Mode {
    pub fn name(self) -> &'static str {
        match self {
            Mode::Plain => "plain",
            Mode::Safe => "safe",
        }
    }
}

/// What a round came to.
pub struct Round {
    /// Microseconds of the server's CPU per request.
    pub cpu: f64,
    /// Requests per second.
    pub rate: f64,
    /// Latencies in microseconds.
    pub p50: f64,
    pub p99: f64,
    pub p999: f64,
    /// Nanoseconds from each request to its answer's arrival at this machine's network stack.
    pub arrivals: Vec<u64>,
}

/// Sends `each` pushes over every connection, one as soon as the one before is answered. `serial` numbers the
/// pushes of a run.
pub async fn round(
    server: &Server,
    mode: Mode,
    each: usize,
    serial: &mut u64,
) -> Result<Round, Problem> {
    paced(server, mode, each, Duration::ZERO, serial).await
}

/// The same with `pace` between the pushes of a connection, whose turns are spread over it.
pub async fn paced(
    server: &Server,
    mode: Mode,
    each: usize,
    pace: Duration,
    serial: &mut u64,
) -> Result<Round, Problem> {
    let mut work = Vec::new();
    for _ in 0..CONNECTIONS {
        let first = *serial + 1;
        *serial += each as u64;
        let requests: Vec<Vec<u8>> = (first..=*serial).map(|n| request(mode, n)).collect();
        let stream = TcpStream::connect(("127.0.0.1", server.port)).await?;
        stream.set_nodelay(true)?;
        setsockopt(&stream, ReceiveTimestampns, &true)?;
        work.push((first, stream, requests));
    }
    let (cpu, begun) = (server.cpu()?, Instant::now());
    let local = tokio::task::LocalSet::new();
    let all: Vec<_> = work
        .into_iter()
        .enumerate()
        .map(|(nth, (first, stream, requests))| {
            let turn = pace * nth as u32 / CONNECTIONS as u32;
            local.spawn_local(async move {
                tokio::time::sleep(turn).await;
                let said = talk(stream, requests, pace).await?;
                Ok::<_, Problem>((first, said))
            })
        })
        .collect();
    local.await;
    let (seconds, cpu) = (begun.elapsed().as_secs_f64(), server.cpu()? - cpu);
    let (mut times, mut arrivals) = (Vec::new(), Vec::new());
    for one in all {
        let (first, said) = one.await??;
        for (serial, said) in (first..).zip(said) {
            check(mode, serial, &said.answer)?;
            times.push(said.nanos);
            arrivals.push(said.arrived);
        }
    }
    let requests = times.len() as f64;
    let mut at = |part| quantile(&mut times, part);
    Ok(Round {
        cpu: cpu * 1e6 / requests,
        rate: requests / seconds,
        p50: at(0.5),
        p99: at(0.99),
        p999: at(0.999),
        arrivals,
    })
}

/// The time in microseconds under which `part` of `nanos` lie; sorts them.
pub fn quantile(nanos: &mut [u64], part: f64) -> f64 {
    nanos.sort_unstable();
    let nth = (nanos.len() as f64 * part) as usize;
    nanos[nth.min(nanos.len() - 1)] as f64 / 1e3
}

/// What came of a request.
struct Said {
    /// Nanoseconds until this program had all of the answer.
    nanos: u64,
    /// Nanoseconds until the kernel had it: without the time this program waited for a processor.
    arrived: u64,
    answer: Vec<u8>,
}

/// Sends the requests one after another over one connection.
async fn talk(
    mut stream: TcpStream,
    requests: Vec<Vec<u8>>,
    pace: Duration,
) -> Result<Vec<Said>, Problem> {
    let mut said = Vec::with_capacity(requests.len());
    let mut buffer = vec![0; ANSWER];
    let first = tokio::time::Instant::now();
    for (nth, request) in requests.into_iter().enumerate() {
        if !pace.is_zero() {
            tokio::time::sleep_until(first + pace * nth as u32).await;
        }
        let (begun, begun_at) = (Instant::now(), SystemTime::now());
        let mut arrived_at = UNIX_EPOCH;
        stream.write_all(&request).await?;
        let (mut held, mut whole) = (0, None);
        while whole.is_none_or(|whole| held < whole) {
            let (read, at) = receive(&stream, &mut buffer[held..]).await?;
            if read == 0 {
                return Err("the server closed the connection".into());
            }
            (held, arrived_at) = (held + read, at);
            if whole.is_none() {
                whole = length(&buffer[..held])?;
            }
        }
        said.push(Said {
            nanos: u64::try_from(begun.elapsed().as_nanos())?,
            arrived: u64::try_from(arrived_at.duration_since(begun_at)?.as_nanos())?,
            answer: buffer[..held].to_vec(),
        });
    }
    Ok(said)
}

/// Some bytes and when the last packet of them came in, by the kernel's clock.
async fn receive(stream: &TcpStream, into: &mut [u8]) -> Result<(usize, SystemTime), Problem> {
    loop {
        stream.readable().await?;
        let read = stream.try_io(Interest::READABLE, || {
            let mut control = nix::cmsg_space!(TimeSpec);
            let mut parts = [IoSliceMut::new(into)];
            let flags = MsgFlags::MSG_DONTWAIT;
            let fd = stream.as_raw_fd();
            let got = recvmsg::<()>(fd, &mut parts, Some(&mut control), flags)?;
            let at = got.cmsgs()?.find_map(|message| match message {
                ControlMessageOwned::ScmTimestampns(at) => Some(UNIX_EPOCH + Duration::from(at)),
                _ => None,
            });
            Ok((got.bytes, at))
        });
        match read {
            Ok((0, _)) => return Ok((0, UNIX_EPOCH)),
            Ok((read, at)) => return Ok((read, at.ok_or("no time of arrival")?)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// How long an answer is, once its head is there.
fn length(held: &[u8]) -> Result<Option<usize>, Problem> {
    const NAME: &[u8] = b"content-length: ";
    let Some(end) = held.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let at = held[..end]
        .windows(NAME.len())
        .position(|name| name == NAME)
        .ok_or("no content-length")?;
    let digits = held[at + NAME.len()..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit());
    let body = digits.fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'));
    Ok(Some(end + 4 + body))
}

/// Whether the answer is the one to push `serial`: signed, sealed, to its sender, with the right text.
fn check(mode: Mode, serial: u64, answer: &[u8]) -> Result<(), Problem> {
    let text = std::str::from_utf8(answer)?;
    let wrong = || Problem::from(format!("a wrong answer to push {serial}: {text}"));
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(wrong)?;
    if !head.starts_with("HTTP/1.1 200") {
        return Err(wrong());
    }
    let plain = match mode {
        Mode::Plain => body.to_owned(),
        Mode::Safe => {
            let part = |name| wire::part(body, name).ok_or_else(wrong);
            let sealed = part("Encrypt")?;
            let mut parts = [wire::TOKEN, part("TimeStamp")?, part("Nonce")?, sealed];
            if wire::sign(&mut parts) != part("MsgSignature")? {
                return Err(wrong());
            }
            wire::open(&wire::key(), sealed).ok_or_else(wrong)?
        }
    };
    let is = |name, text: &str| wire::part(&plain, name) == Some(text);
    let right = is("ToUserName", &openid(serial))
        && is("FromUserName", "gh_load")
        && is("MsgType", "text")
        && is("Content", HELP);
    right.then_some(()).ok_or_else(wrong)
}

fn openid(serial: u64) -> String {
    format!("oLoad{:023}", serial % FOLLOWERS)
}

fn request(mode: Mode, serial: u64) -> Vec<u8> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
        .to_string();
    let nonce = (1_000_000_000 + serial).to_string();
    let openid = openid(serial);
    let message = format!(
        "<xml><ToUserName><![CDATA[gh_load]]></ToUserName>\
         <FromUserName><![CDATA[{openid}]]></FromUserName><CreateTime>{now}</CreateTime>\
         <MsgType><![CDATA[text]]></MsgType><Content><![CDATA[帮助]]></Content>\
         <MsgId>{}</MsgId></xml>",
        23_000_000_000_000_000 + serial
    );
    let signature = wire::sign(&mut [wire::TOKEN, &now, &nonce]);
    let mut query = format!("signature={signature}&timestamp={now}&nonce={nonce}&openid={openid}");
    let body = match mode {
        Mode::Plain => message,
        Mode::Safe => {
            let mut random = [0; 16];
            random[..8].copy_from_slice(&serial.to_be_bytes());
            let sealed = wire::seal(&wire::key(), random, &message);
            let signature = wire::sign(&mut [wire::TOKEN, &now, &nonce, &sealed]);
            query.push_str(&format!("&encrypt_type=aes&msg_signature={signature}"));
            format!(
                "<xml><ToUserName><![CDATA[gh_load]]></ToUserName>\
                 <Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
            )
        }
    };
    format!(
        "POST /wechat/main?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/xml\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
