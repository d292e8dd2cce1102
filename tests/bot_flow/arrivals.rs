//! Messages that arrive on threads of their own at the same moment: each follower's take effect in the order of
//! their arrival, none is lost or done twice, and nobody waits for somebody else's.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier, Condvar, Mutex};
use std::time::Duration;

use futures_util::poll;
use menshen::bot::Bot;
use menshen::bot::api::PushAnswer;
use tokio::runtime::{Builder, Handle, Runtime};

use super::stage::*;

fn runtime() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
}

/// Whose turn it is to arrive. A message has arrived when its delivery was polled once.
#[derive(Default)]
struct Turn {
    next: Mutex<usize>,
    moved: Condvar,
}

impl Turn {
    fn wait(&self, mine: usize) {
        let next = self.next.lock().expect("whole");
        drop(self.moved.wait_while(next, |next| *next < mine));
    }

    fn pass(&self) {
        *self.next.lock().expect("whole") += 1;
        self.moved.notify_all();
    }
}

/// A message of a follower on this thread: after the one before it has arrived, not after that is answered.
fn arrive(
    handle: &Handle,
    bot: &Arc<Bot>,
    turn: &Turn,
    step: usize,
    (openid, id, words): (&str, u64, &str),
) -> PushAnswer {
    turn.wait(step);
    handle.block_on(async {
        let mut asked = Box::pin(say(bot, openid, id, words));
        let first = poll!(&mut asked);
        turn.pass();
        match first {
            std::task::Poll::Ready(answer) => answer,
            std::task::Poll::Pending => asked.await,
        }
    })
}

#[test]
fn arrivals_on_many_threads_keep_each_followers_order_and_none_is_lost() {
    const FOLLOWERS: u64 = 8;
    const ROUNDS: u64 = 6;
    let runtime = runtime();
    let stage = runtime.block_on(stage(true));
    for round in 0..ROUNDS {
        // What each follower says, the one after the other.
        let mut said: Vec<(String, [String; 3])> = Vec::new();
        for follower in 0..FOLLOWERS {
            let number = round * FOLLOWERS + follower;
            let (account, phone) = (format!("user{number}"), format!("139{number:08}"));
            let code = runtime.block_on(async {
                stage.account(&account, &phone).await;
                stage.code(&account).await
            });
            said.push((format!("o{number}"), ["绑定".to_owned(), phone, code]));
        }
        let barrier = Barrier::new(said.len() * 3);
        let turns: Vec<Turn> = said.iter().map(|_| Turn::default()).collect();
        std::thread::scope(|scope| {
            let threads: Vec<Vec<_>> = said
                .iter()
                .zip(&turns)
                .enumerate()
                .map(|(follower, ((openid, words), turn))| {
                    let first = (round * FOLLOWERS + follower as u64) * 10;
                    let one = |step: usize| {
                        let (barrier, handle, bot) = (&barrier, runtime.handle(), &stage.bot);
                        scope.spawn(move || {
                            barrier.wait();
                            let message = (openid.as_str(), first + step as u64, &*words[step]);
                            arrive(handle, bot, turn, step, message)
                        })
                    };
                    // The last is started first: only their turns say who comes when.
                    let mut threads: Vec<_> = (0..3).rev().map(one).collect();
                    threads.reverse();
                    threads
                })
                .collect();
            for ((openid, _), threads) in said.iter().zip(threads) {
                let answers = threads
                    .into_iter()
                    .map(|thread| thread.join().expect("answered"));
                let texts: Vec<String> = answers.map(|answer| text(&answer).to_owned()).collect();
                assert_eq!(
                    texts,
                    ["手机号？", "验证码？", "绑定成功"],
                    "round {round}, {openid}"
                );
            }
        });
    }
    let bound = runtime.block_on(stage.events("bound"));
    assert_eq!(bound as u64, FOLLOWERS * ROUNDS, "each once");
}

#[test]
fn a_follower_whose_answer_is_waited_for_holds_up_nobody_else() {
    const OTHERS: u64 = 8;
    let runtime = runtime();
    let stage = runtime.block_on(stage(true));
    runtime.block_on(stage.bound("o1"));
    let answered = AtomicBool::new(false);
    let barrier = Barrier::new(OTHERS as usize + 1);
    std::thread::scope(|scope| {
        let (handle, bot) = (runtime.handle(), &stage.bot);
        let (barrier, answered) = (&barrier, &answered);
        let slow = scope.spawn(move || {
            barrier.wait();
            let answer = handle.block_on(say(bot, "o1", 2, "查"));
            answered.store(true, Ordering::SeqCst);
            answer
        });
        let (done, others) = channel();
        for other in 0..OTHERS {
            let done = done.clone();
            scope.spawn(move || {
                barrier.wait();
                let openid = format!("other{other}");
                let number = 100 + other * 10;
                // Nothing is written by the first, something by the others.
                let words = ["你好", "绑定", "13900139000"];
                let answers: Vec<String> = (0..3)
                    .map(|step: u64| {
                        let words = words[step as usize];
                        let answer = handle.block_on(say(bot, &openid, number + step, words));
                        text(&answer).to_owned()
                    })
                    .collect();
                // Nobody may be there any more once the test has failed.
                let _ = done.send(answers);
            });
        }
        for _ in 0..OTHERS {
            let answers = others.recv_timeout(Duration::from_secs(100));
            // Let go before anything can fail, or the scope would wait for ever.
            if answers.is_err() {
                stage.system.gate.notify_one();
            }
            assert_eq!(
                answers.expect("answered although another one waits"),
                ["您好", "手机号？", "验证码？"]
            );
        }
        let waits = !answered.load(Ordering::SeqCst);
        stage.system.gate.notify_one();
        assert!(waits, "the slow one was answered without its answer");
        assert_eq!(text(&slow.join().expect("answered")), "两个订单");
    });
}
