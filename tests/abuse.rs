//! Guessing, by the strongest guesser the interface allows. Each test prints the success probability it found:
//! `cargo test --test abuse -- --nocapture`.
//!
//! A guesser knows everything but the secret: the phone, when the code was issued, the rules. What counts is how
//! many guesses are *looked at* before the secret is gone. That number is found by trying: the right code is put
//! at place k of a row of wrong ones, in a world of its own per k, and wins or does not.

use menshen::accounts::{
    self, BindOutcome, BindRequest, CodePurpose, Issued, Limits as CodeLimits, NewAccount, Proof,
};
use menshen::env::{Env, HOUR, MINUTE, ManualClock};
use menshen::guard::captcha::{self, BoundTo, CaptchaAnswered, CaptchaIssued};
use menshen::guard::{self};
use menshen::keys::Keys;
use menshen::store::{self, SharedStore, StoreError, Tx, execute};
use std::sync::Arc;

const PHONE: &str = "13800138000";
/// Codes of six digits.
const CODES: f64 = 1e6;
/// Characters of a captcha, and how many it has.
const CAPTCHAS: f64 = 28.0 * 28.0 * 28.0 * 28.0 * 28.0 * 28.0;
/// More guesses than any strategy is allowed.
const FAR: usize = 40;

struct World {
    store: SharedStore,
    clock: Arc<ManualClock>,
    keys: Arc<Keys>,
    env: Env,
}

impl World {
    async fn new(seed: u64) -> Self {
        let (env, clock) = Env::scripted(1_790_000_000_000, seed);
        let world = Self {
            store: store::memory(env.clone()),
            clock,
            keys: Arc::new(Keys::from_bytes(&[9; 32], None)),
            env,
        };
        world
            .run(|tx| {
                let new = NewAccount {
                    id: "alice".to_owned(),
                    phone: Some(PHONE.to_owned()),
                    ..NewAccount::default()
                };
                accounts::create(tx, new, "test").map(drop)
            })
            .await;
        world
    }

    async fn run<T: Send + 'static>(
        &self,
        f: impl FnMut(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        execute(&*self.store, "test", f).await.expect("it is taken")
    }

    async fn code(&self) -> String {
        let keys = self.keys.clone();
        let issued = self
            .run(move |tx| {
                let limits = CodeLimits::default();
                accounts::issue(tx, &keys, &limits, "alice", CodePurpose::Bind, "test")
            })
            .await;
        match issued {
            Issued::Issued { code, .. } => code.reveal().to_owned(),
            other => panic!("{other:?}"),
        }
    }

    async fn guess(&self, sender: usize, code: &str) -> BindOutcome {
        let (keys, code, openid) = (self.keys.clone(), code.to_owned(), format!("o{sender}"));
        self.run(move |tx| {
            let request = BindRequest {
                official_account: "main",
                openid: &openid,
                phone: PHONE,
                proof: Proof::Code(&code),
            };
            accounts::bind(tx, &keys, &CodeLimits::default(), request)
        })
        .await
    }
}

/// A code that is not the right one, another for every `n`.
fn wrong(code: &str, n: usize) -> String {
    let right: usize = code.parse().expect("digits");
    format!("{:06}", (right + 1 + n) % 1_000_000)
}

/// At how many places of a row of guesses the right code would have won. `sender` says who makes guess k,
/// `before` what the guesser does first.
async fn winning_places(
    seed: u64,
    sender: impl Fn(usize) -> usize,
    before: impl Fn(&World, usize),
) -> usize {
    let mut wins = 0;
    for place in 0..FAR {
        let world = World::new(seed).await;
        let code = world.code().await;
        for guess in 0..place {
            before(&world, guess);
            let outcome = world.guess(sender(guess), &wrong(&code, guess)).await;
            assert!(!matches!(outcome, BindOutcome::Bound { .. }));
        }
        before(&world, place);
        let outcome = world.guess(sender(place), &code).await;
        wins += usize::from(matches!(outcome, BindOutcome::Bound { .. }));
    }
    wins
}

#[tokio::test]
async fn code_guessing_by_one_sender() {
    for seed in 0..3 {
        let places = winning_places(seed, |_| 0, |_, _| {}).await;
        let chance = places as f64 / CODES;
        println!(
            "one sender: {places} guesses are looked at, success probability {chance:.1e} per code"
        );
        assert_eq!(places, 5);
        assert!(chance <= 1e-5);
    }
}

#[tokio::test]
async fn code_guessing_spread_over_the_codes_whole_life() {
    // A guess every 20 seconds: the code's ten minutes end before a block does.
    let pause = |world: &World, _| {
        world.clock.advance(MINUTE / 3);
    };
    let places = winning_places(7, |_| 0, pause).await;
    let chance = places as f64 / CODES;
    println!("one sender, patient: {places} guesses, success probability {chance:.1e} per code");
    assert!(chance <= 1e-5);
}

#[tokio::test]
async fn code_guessing_by_many_senders_together() {
    // Each sender stops before it is blocked and lets the next go on; and each guess from a sender of its own.
    for per_sender in [5, 4, 1] {
        let places = winning_places(11, |guess| guess / per_sender, |_, _| {}).await;
        let chance = places as f64 / CODES;
        println!(
            "{} followers together, {per_sender} guesses each: {places} are looked at, success probability {chance:.1e} per code ({:.1e} per follower)",
            places.div_ceil(per_sender),
            chance / places.div_ceil(per_sender) as f64,
        );
        // The bound is that of the code itself: ten wrong tries from everyone void it.
        assert_eq!(places, 10);
        assert!(chance <= 1e-5);
    }
}

#[tokio::test]
async fn a_new_code_gives_a_blocked_sender_no_new_guesses() {
    let world = World::new(13).await;
    let mut looked_at = 0;
    for round in 0..6 {
        let code = world.code().await;
        for guess in 0..FAR {
            let outcome = world.guess(0, &wrong(&code, guess)).await;
            looked_at += usize::from(matches!(outcome, BindOutcome::Refused { .. }));
        }
        assert_eq!(looked_at, 5, "round {round}");
        // Six codes within the hour a block lasts.
        world.clock.advance(HOUR / 6 - MINUTE);
    }
    println!("one sender against six codes in a row: {looked_at} guesses are looked at in an hour");
}

#[tokio::test]
async fn captcha_guessing() {
    let world = World::new(17).await;
    let limits = guard::Limits::default();
    let bound = || BoundTo {
        account: "alice",
        ip: "203.0.113.7".parse().expect("an address"),
        machine: None,
    };
    // One picture does for all: each captcha has an identifier and a hash of its own.
    let picture = Arc::new(captcha::draw(&world.env).expect("it draws"));
    let (mut issued, mut wins_at_once, mut wins_later) = (0, 0, 0);
    for round in 0.. {
        let (drawn, answer) = (picture.clone(), picture.answer().to_owned());
        let (keys, limits) = (world.keys.clone(), limits.clone());
        let made = world
            .run(move |tx| captcha::issue(tx, &keys, &limits, &drawn, bound()))
            .await;
        let CaptchaIssued::Issued { id, .. } = made else {
            break;
        };
        issued += 1;
        // Every other captcha is guessed wrong first: then the right answer is worth nothing any more.
        let keys = world.keys.clone();
        let (first, second) = world
            .run(move |tx| {
                let guess = if round % 2 == 0 {
                    answer.as_str()
                } else {
                    "AAAAAA"
                };
                let first = captcha::answer(tx, &keys, &id, guess, bound())?;
                let second = captcha::answer(tx, &keys, &id, &answer, bound())?;
                Ok((first, second))
            })
            .await;
        wins_at_once += usize::from(first == CaptchaAnswered::Solved);
        wins_later += usize::from(second == CaptchaAnswered::Solved);
    }
    let chance = 1.0 / CAPTCHAS;
    println!(
        "a captcha: one guess is looked at, success probability {chance:.1e}; an address gets {issued} an hour, success probability {:.1e} an hour",
        chance * f64::from(issued)
    );
    assert_eq!(issued, 120);
    assert_eq!((wins_at_once, wins_later), (60, 0));
    assert!(chance * f64::from(issued) <= 1e-5);
}
