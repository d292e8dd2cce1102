//! `menshen chat`: talk to the bot in the terminal, through the simulated platform on real sockets.
//!
//! Lines come from the terminal or from a pipe; what the bot says goes to standard output. Everything
//! is in memory and in a folder that is removed at the end.

mod act;
mod places;
mod record;

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use super::dev::{Captchas, DevServer, Setup, System};
use super::failure::{Exit, Failure, Outcome};
use super::house::{Extras, House};
use super::output::LangArg;
use super::scope::Scope;
use super::sources::{DEFAULT_RULES, RulesArgs};
use super::{output, serve};
use crate::bot::chat::Turn;
use crate::bot::settings::Watcher;
use crate::env::Env;
use crate::lang::diagnostics::Language;
use crate::sandbox::{Platform, Side};
use crate::store;

/// Seconds the server may take to stop; nothing is kept.
const STOP_SECONDS: u64 = 1;
/// What a line may begin with.
pub const HELP: &str = "\
TEXT                         a text message (to begin one with / or #, write //)
/follow [SCENE]  /unfollow   follow the account, by a QR code's scene; leave it
/scan SCENE                  scan a QR code
/click KEY                   tap a menu button
/image  /location LAT LON LABEL
/event NAME [FIELD=VALUE …]  any event of the platform
/account ID PHONE [NAME]     make an account (alice with 13800138000 is there)
/code [bind|unbind|unlock] [ID]   issue a verification code and show it
/ticket [ID]                 issue a bind ticket and show its scene
/login [CITY] [MACHINE] [wrong] [ID]   log in with a password; a captcha is solved
/password [ID]               change the password
/lock [ID]  /unlock [ID]     as an operator
/explain                     why the last message was answered, or the last login judged, as it was
/as NAME                     go on as another WeChat user
/quit";

/// The same in Chinese, line by line.
pub const HELP_ZH: &str = "\
TEXT                         发一条文字（以 / 或 # 开头的写成 //）
/follow [SCENE]  /unfollow   关注公众号，可带二维码的场景值；取消关注
/scan SCENE                  扫二维码
/click KEY                   点菜单
/image  /location LAT LON LABEL   发图片；发位置：纬度 经度 地名
/event NAME [FIELD=VALUE …]  平台的任何事件
/account ID PHONE [NAME]     建一个账号（已经有 alice，手机号 13800138000）
/code [bind|unbind|unlock] [ID]   发一个验证码并显示
/ticket [ID]                 发一张绑定票据，显示它的场景值
/login [CITY] [MACHINE] [wrong] [ID]   用密码登录，要图形验证就答对
/password [ID]               换密码
/lock [ID]  /unlock [ID]     管理员锁定、解锁
/explain                     上一条消息为什么这样回答，上一次登录为什么这样判断
/as NAME                     换一个微信用户
/quit";

/// Talk to the bot in the terminal.
#[derive(Debug, clap::Args)]
#[command(after_help = format!("\
Lines are read from a pipe too. What is no command is sent as a message:
{HELP}

Examples:
  menshen chat
  printf '/follow\\n/code\\n绑定\\n13800138000\\n' | menshen chat rules
  menshen chat rules/service.rules --user 小李
  menshen chat --record rules/recorded.rules   # the chat becomes a story for `menshen test`"))]
pub struct Args {
    /// The rules: a folder or a file [default: rules]
    #[arg(value_name = "PATH")]
    path: Option<PathBuf>,
    /// The WeChat user's name
    #[arg(long, value_name = "NAME", default_value = "小王")]
    user: String,
    /// Add the chat to this rule file as a story
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    #[command(flatten)]
    lang: LangArg,
}

/// Talks until the lines end.
pub fn run(args: &Args) -> Outcome {
    let rules = args.path.clone().unwrap_or_else(|| DEFAULT_RULES.into());
    let named = RulesArgs {
        paths: vec![rules.clone()],
        config: None,
    };
    let (scope, looked) = Scope::to_run(&named, args.lang.lang)?;
    scope.say_company(args.lang.lang);
    // A file that needs its folder.
    let rules = scope.rules.paths.first().cloned().unwrap_or(rules);
    let env = Env::system();
    let mut recorder = match &args.record {
        Some(file) => {
            let rules = &looked.input.sources;
            Some(record::Recorder::new(
                file,
                args.lang.lang,
                rules,
                env.now(),
            )?)
        }
        None => None,
    };
    let folder = Folder::make(&env)?;
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let setup = Setup::make(&folder.0, listener.local_addr()?, &rules, &[], &env)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let store = store::memory(env.clone());
        let (captchas, watch) = (
            Arc::new(Captchas::default()),
            Arc::new(Watch::new(args.lang.lang)),
        );
        let extras = Extras {
            captchas: Some(captchas.clone()),
            watcher: Some(watch.clone()),
            explanations: args.lang.lang,
            no_control: true,
            stories_passed: true,
            sends_nothing: false,
        };
        let house = House::build(&setup.config, store, env.clone(), extras)
            .await
            .map_err(|error| serve::describe(error, args.lang.lang))?;
        let platform = Platform::new(setup.platform(), env)?;
        let key = setup.api_key(&house.store).await?;
        let system = Arc::new(System::new(setup.system_secret()?));
        let server = DevServer {
            app: house.app.clone(),
            platform: platform.clone(),
            system: system.clone(),
            captchas: captchas.clone(),
            hosts: Vec::new(),
        };
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let serving = tokio::spawn(server.run(listener, STOP_SECONDS, async move {
            stopped.cancelled().await;
        }));
        let stage = act::Stage::new(platform, captchas, &setup.url, &key, args.lang.lang)?;
        let talked = talk(stage, args, &watch, &system, &mut recorder).await;
        stop.cancel();
        let _ = serving.await;
        house.close().await;
        talked
    })?;
    if let Some(recorder) = recorder
        && let Some(name) = recorder.finish()?
    {
        output::remark(&match args.lang.lang {
            Language::Zh => format!("记成了故事“{name}”"),
            Language::En => format!("recorded as the story “{name}”"),
        });
    }
    Ok(Exit::Clean)
}

async fn talk(
    mut stage: act::Stage,
    args: &Args,
    watch: &Watch,
    system: &System,
    recorder: &mut Option<record::Recorder>,
) -> Result<(), Failure> {
    let (lang, user) = (args.lang.lang, args.user.as_str());
    stage.begin(user).await?;
    if let Some(recorder) = recorder.as_mut() {
        recorder.step(stage.steps(), &[], user);
    }
    let terminal = std::io::stdin().is_terminal();
    if terminal {
        output::remark(lang.pick(
            "/help 列出可以做什么；/quit 或 ctrl-d 结束",
            "/help lists what you can do; /quit or ctrl-d ends",
        ));
    }
    loop {
        if terminal {
            let _ = write!(std::io::stderr(), "{} > ", stage.user());
            let _ = std::io::stderr().flush();
        }
        let line = tokio::task::spawn_blocking(|| {
            let mut line = String::new();
            std::io::stdin()
                .lock()
                .read_line(&mut line)
                .map(|bytes| (bytes > 0).then_some(line))
        })
        .await??;
        let Some(line) = line else { return Ok(()) };
        let line = line.trim_end_matches(['\n', '\r']);
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        match line.trim() {
            "/quit" => return Ok(()),
            "/help" => output::line(lang.pick(HELP_ZH, HELP))?,
            "/explain" => output::data(&watch.said())?,
            other => match stage.act(other).await {
                Ok(said) => {
                    output::data(&said)?;
                    if let Some(why) = stage.why().await? {
                        watch.note(why);
                    }
                }
                Err(Failure::Usage(message)) => output::remark(&format!("menshen: {message}")),
                Err(failure) => return Err(failure),
            },
        }
        let news = stage.news();
        let (user, steps) = (stage.user().to_owned(), stage.steps());
        if let Some(recorder) = recorder.as_mut() {
            recorder.answered(&system.take_answers(), &steps, &news);
            recorder.step(steps, &news, &user);
        }
        for entry in news {
            let from = match entry.from {
                Side::Bot => lang.pick("机器人", "bot"),
                Side::Platform => lang.pick("平台", "platform"),
                Side::User => continue,
            };
            for text in entry.text.lines() {
                output::line(&format!("{from}: {text}"))?;
            }
        }
    }
}

/// Remembers why the last message was answered, or the last login judged, as it was.
#[derive(Debug)]
struct Watch {
    said: Mutex<String>,
    lang: Language,
}

impl Watch {
    fn new(lang: Language) -> Self {
        Self {
            said: Mutex::default(),
            lang,
        }
    }

    fn note(&self, why: String) {
        *self.said.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }

    fn said(&self) -> String {
        let said = self
            .said
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if said.is_empty() {
            self.lang
                .pick("还没有回答过什么\n", "nothing has been answered yet\n")
                .to_owned()
        } else {
            said
        }
    }
}

impl Watcher for Watch {
    fn turn(&self, turn: &Turn) {
        let mut text = match &turn.answered_by {
            Some(rule) => match self.lang {
                Language::Zh => format!("由 {rule} 回答\n"),
                Language::En => format!("answered by {rule}\n"),
            },
            None => self
                .lang
                .pick("没有规则回答\n", "no rule answered\n")
                .to_owned(),
        };
        for (rule, condition) in &turn.explanations {
            // The condition begins with its own place, mostly that of the rule.
            let named = condition.lines().next() == Some(rule);
            let head = if named { "" } else { &format!("{rule}\n") };
            text.push_str(&format!("\n{head}{condition}"));
        }
        let told = |rule: &str| turn.explanations.iter().any(|(known, _)| known == rule);
        let others = turn.passed_over.iter().filter(|(rule, _)| !told(rule));
        for (at, (rule, why)) in others.enumerate() {
            text.push_str(if at == 0 { "\n" } else { "" });
            text.push_str(&format!("{rule}{}{why}\n", self.lang.pick("：", ": ")));
        }
        *self.said.lock().unwrap_or_else(PoisonError::into_inner) = text;
    }
}

/// A folder that goes with its handle.
struct Folder(PathBuf);

impl Folder {
    fn make(env: &Env) -> Result<Self, Failure> {
        let name = format!("menshen-chat-{}", hex::encode(env.bytes::<8>()));
        let path = std::env::temp_dir().join(name);
        use std::os::unix::fs::DirBuilderExt as _;
        std::fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let path: &Path = &self.0;
        let _ = std::fs::remove_dir_all(path);
    }
}
