//! The input of a backtest, with a bar and ctrl-c.

use std::io::{self, BufReader, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use super::Args;
use crate::backtest::input::{
    self, InputError, InputReport, Mapping, Options, StoreFacts, Told, Watch,
};
use crate::backtest::needs::Columns;
use crate::backtest::run::Request;
use crate::backtest::table::Table;
use crate::cli::control::{Request as Ask, perform};
use crate::cli::dev::DATA as DEV_DATA;
use crate::cli::failure::Failure;
use crate::cli::output::LangArg;
use crate::cli::progress::Bar;
use crate::cli::setup::Reach;
use crate::lang::diagnostics::Words;
use crate::store::OpenError;

/// How often a bar moves.
const TICK: Duration = Duration::from_millis(150);

/// Ends the work at the first ctrl-c, the process at the second.
pub(super) fn stop_on_interrupt(
    watch: Arc<Watch>,
    lang: LangArg,
) -> Option<tokio::runtime::Runtime> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .ok()?;
    let (ready, listening) = std::sync::mpsc::sync_channel(1);
    runtime.spawn(async move {
        let mut stop = std::pin::pin!(tokio::signal::ctrl_c());
        // Asked once, it listens: before that a ctrl-c would end the process with nothing said.
        let asked = std::future::poll_fn(|context| Poll::Ready(stop.as_mut().poll(context))).await;
        let _ = ready.send(());
        let stopped = match asked {
            Poll::Ready(done) => done,
            Poll::Pending => stop.await,
        };
        if stopped.is_ok() {
            watch.stop.store(true, Ordering::Relaxed);
            crate::cli::output::remark(lang.pick(
                "menshen: 正在停下；再按一次立即退出",
                "menshen: stopping; again to leave at once",
            ));
            if tokio::signal::ctrl_c().await.is_ok() {
                std::process::exit(130);
            }
        }
    });
    let _ = listening.recv();
    Some(runtime)
}

/// What was read.
pub(super) struct Input {
    pub(super) table: Table,
    pub(super) report: InputReport,
    /// What a store says besides its logins.
    pub(super) facts: StoreFacts,
}

/// Reads everything into a table.
pub(super) fn read(args: &Args, columns: Columns, watch: &Watch) -> Result<Input, Failure> {
    let mapping = match &args.map {
        Some(path) => {
            Mapping::load(path).map_err(|error| Failure::usage(error.said(args.lang.lang)))?
        }
        None => Mapping::default(),
    };
    let zone = super::zone(args, args.configuration().as_ref())?;
    let options = || Options {
        mapping: mapping.clone(),
        max_unusable: args.max_unusable / 100.0,
        threads: args.threads(),
        zone: Some(zone.clone()),
        ..Options::default()
    };
    let of_logins = Options {
        as_read: args.as_arrived,
        by_time: args.by_time,
        reported_ids: !args.labels.is_empty() || args.explain.is_some(),
        ..options()
    };
    let mut table = Table::new(columns);
    let total = args
        .logins
        .iter()
        .map(size)
        .sum::<Option<u64>>()
        .unwrap_or(0);
    let bar = Bar::of_bytes(args.lang.pick("读取", "reading"), total);
    let read = with_bar(&bar, &watch.bytes, || match args.live {
        false => input::read(&args.logins, &mut table, of_logins, watch),
        true => live(args, &mut table, of_logins, watch),
    });
    let failed = |error: InputError| failed(error, args.lang);
    let (mut report, facts) = read.map_err(failed)?;
    if !args.labels.is_empty() {
        let joined = input::join(&args.labels, &mut table, &facts, options()).map_err(failed)?;
        report.joined = Some(Box::new(joined));
    }
    Ok(Input {
        table,
        report,
        facts,
    })
}

fn failed(error: InputError, lang: LangArg) -> Failure {
    let said = error.said(lang.lang);
    match error {
        InputError::File { .. }
        | InputError::Encoding { .. }
        | InputError::Column { .. }
        | InputError::Columns { .. }
        | InputError::Foreign { .. }
        | InputError::TwoColumns { .. }
        | InputError::Twice { .. } => Failure::usage(said),
        _ => Failure::failed(said),
    }
}

fn size(path: &PathBuf) -> Option<u64> {
    std::fs::metadata(path).ok().map(|found| found.len())
}

/// Judges with a bar.
pub(super) fn judging<T>(
    table: &Table,
    request: &Request,
    watch: &Watch,
    work: impl FnOnce() -> T,
) -> T {
    let runs = 1 + u64::from(!request.variants.is_empty());
    let word = request.language.pick("判断", "judging");
    let bar = Bar::new(word, table.len() as u64 * runs);
    with_bar(&bar, &watch.judged, work)
}

/// Works with a bar.
pub(super) fn with_bar<T>(bar: &Bar, done: &AtomicU64, work: impl FnOnce() -> T) -> T {
    /// Ends the bar at once, also when the work panics.
    struct Over<'a>(&'a AtomicBool, std::thread::Thread);
    impl Drop for Over<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
            self.1.unpark();
        }
    }
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let drawn = scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                bar.set(done.load(Ordering::Relaxed));
                std::thread::park_timeout(TICK);
            }
            bar.finish();
        });
        let _over = Over(&over, drawn.thread().clone());
        work()
    })
}

fn told(words: Words) -> InputError {
    InputError::File {
        path: "--live".to_owned(),
        error: io::Error::other(Told(words)),
    }
}

fn said(failure: &Failure) -> String {
    match failure {
        Failure::Usage(message) => message.clone(),
        Failure::Failed(error) => crate::cli::failure::in_words(error),
        Failure::ReaderGone => "the reader left".to_owned(),
    }
}

fn is_locked(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(OpenError::Locked(_)))
}

/// The history of the server: from its socket while it runs, else from its store. Read only.
fn live(
    args: &Args,
    table: &mut Table,
    options: Options<'_>,
    watch: &Watch,
) -> Result<(InputReport, StoreFacts), InputError> {
    let failed = |failure: Failure| {
        told(Words::new(
            format!("读不到服务器的历史：{}", said(&failure)),
            format!("the server's history cannot be read: {}", said(&failure)),
        ))
    };
    if args.data.data.is_none() && !args.data.config.exists() {
        let config = args.data.config.display();
        // Beside `menshen dev`, whose data is meant then.
        let dev = std::path::Path::new(DEV_DATA);
        if dev.is_dir() {
            return Err(told(Words::new(
                format!("没有 {config}；要看 `menshen dev` 的历史，加上 `--data {DEV_DATA}`"),
                format!(
                    "there is no {config}; for the history of `menshen dev` add `--data {DEV_DATA}`"
                ),
            )));
        }
        return Err(told(Words::new(
            format!(
                "没有 {config}；用 --config 指明配置，用 --data 指明数据目录，或者用 `menshen init` 建一套"
            ),
            format!(
                "there is no {config}; name one with --config, name the data with --data, or make a set-up with `menshen init`"
            ),
        )));
    }
    let directory = args.data.directory().map_err(failed)?;
    let reach = Reach::existing(&directory).map_err(|failure| match &failure {
        Failure::Usage(_) => told(Words::new(
            format!(
                "{} 里没有存储；`menshen init` 会建一个",
                directory.display()
            ),
            said(&failure),
        )),
        Failure::Failed(error) if is_locked(error) => told(Words::new(
            format!("{} 正被另一个进程占用", directory.display()),
            said(&failure),
        )),
        _ => failed(failure),
    })?;
    let (reader, mut writer) = io::pipe().map_err(|error| failed(error.into()))?;
    std::thread::scope(|scope| {
        let sender = scope.spawn(move || -> Result<(), Failure> {
            match reach {
                Reach::Running(client) => {
                    client.call(&Ask::Export, &mut writer)?;
                }
                Reach::Mine(mine) => {
                    let done = mine.runtime.block_on(perform(
                        Ask::Export,
                        &*mine.store,
                        None,
                        &mut writer,
                    ));
                    mine.close();
                    done.map_err(Failure::failed)?;
                }
            }
            writer.flush()?;
            Ok(())
        });
        let name = directory.display().to_string();
        let read = input::read_stream(&name, BufReader::new(reader), table, options, watch);
        match sender.join() {
            // Whoever stops reading early makes the sender fail; only its own failure counts.
            Ok(Err(failure)) if read.is_ok() && !watch.stopped() => Err(failed(failure)),
            _ => read,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_panics_leaves_no_bar_waiting() {
        let (bar, done) = (Bar::new("", 1), AtomicU64::new(0));
        let work = || with_bar(&bar, &done, || panic!("as it happens"));
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).expect_err("it panicked");
        assert_eq!(with_bar(&bar, &done, || 7), 7);
    }
}
