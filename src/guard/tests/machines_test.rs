//! Machines, captchas, reports and decisions.

use std::net::IpAddr;

use futures_util::poll;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::*;
use crate::env::{HOUR, MINUTE};
use crate::guard::captcha::{self, BoundTo, CaptchaAnswered, CaptchaIssued, Drawer, MAX_DRAWING};
use crate::guard::machines::{
    self, ForeignMachines, Identified, MachineIssued, MachineStanding, identify,
};

const IP: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 7));

async fn issue(world: &World) -> (String, String) {
    let (keys, limits) = (world.keys.clone(), world.limits.clone());
    match world
        .run(move |tx| machines::issue(tx, &keys, &limits, IP))
        .await
    {
        MachineIssued::Issued { token, id } => (token.reveal().to_owned(), id),
        MachineIssued::TooMany => panic!("too many"),
    }
}

async fn standing(world: &World, machine: Identified) -> MachineStanding {
    world
        .run(move |tx| machines::check(tx, &machine))
        .await
        .standing
}

#[tokio::test]
async fn an_issued_machine_is_unproven_hence_not_legal_until_proven() {
    let world = World::new().await;
    let (token, id) = issue(&world).await;
    let machine = identify(&world.keys, None, Some(&token));
    assert_eq!(machines::unverified(&token), id, "read without the keys");
    for other in ["m-3e0", "", "m1.", "192.0.2.7", "a.b", "m1..x", id.as_str()] {
        assert_eq!(machines::unverified(other), other);
    }
    assert_eq!(machine, Identified::Own(id));
    assert_eq!(
        standing(&world, machine.clone()).await,
        MachineStanding::Unproven
    );
    let proven = machine.clone();
    world.run(move |tx| machines::prove(tx, &proven)).await;
    assert_eq!(standing(&world, machine).await, MachineStanding::Legal);
}

#[tokio::test]
async fn a_forged_or_altered_machine_is_illegal_and_nothing_proves_it() {
    let world = World::new().await;
    let (token, id) = issue(&world).await;
    let legal = identify(&world.keys, None, Some(&token));
    world.run(move |tx| machines::prove(tx, &legal)).await;
    let last = if token.ends_with('A') { 'B' } else { 'A' };
    let forged = [
        format!("{}{last}", &token[..token.len() - 1]),
        format!("m1.{id}."),
        format!("m1.{id}"),
        id.clone(),
        token.replace("m1.", "m2."),
        "x".repeat(5_000),
        machines::sign(&Keys::from_bytes(&[6; 32], None), &id)
            .reveal()
            .to_owned(),
    ];
    for token in forged {
        let machine = identify(&world.keys, None, Some(&token));
        assert!(matches!(&machine, Identified::Illegal(name) if name.as_ref() != Some(&id)));
        let tried = machine.clone();
        world.run(move |tx| machines::prove(tx, &tried)).await;
        assert_eq!(standing(&world, machine).await, MachineStanding::Illegal);
    }
    for none in [None, Some(""), Some("  ")] {
        let machine = identify(&world.keys, None, none);
        assert_eq!(standing(&world, machine).await, MachineStanding::Missing);
    }
}

#[tokio::test]
async fn machine_signing_keys_rotate() {
    let world = World::new().await;
    let (token, id) = issue(&world).await;
    let rotated = Keys::from_bytes(&[8; 32], Some(&[5; 32]));
    assert_eq!(
        identify(&rotated, None, Some(&token)),
        Identified::Own(id.clone())
    );
    let fresh = machines::sign(&rotated, &id);
    assert_ne!(fresh.reveal(), token);
    assert_eq!(
        identify(&rotated, None, Some(fresh.reveal())),
        Identified::Own(id.clone())
    );
    let twice = Keys::from_bytes(&[9; 32], Some(&[8; 32]));
    assert!(matches!(
        identify(&twice, None, Some(&token)),
        Identified::Illegal(_)
    ));
}

#[tokio::test]
async fn a_foreign_machine_is_legal_only_with_an_hmac_under_a_configured_key() {
    let world = World::new().await;
    let sign = |key: &[u8], value: &str| {
        let mac = Hmac::<Sha256>::new_from_slice(key)
            .unwrap()
            .chain_update(value.as_bytes());
        format!("{value}.{}", hex::encode(mac.finalize().into_bytes()))
    };
    let foreign = ForeignMachines::new([b"new".to_vec(), b"old".to_vec()]);
    let good = identify(&world.keys, Some(&foreign), Some(&sign(b"new", "pc.1")));
    let old = identify(&world.keys, Some(&foreign), Some(&sign(b"old", "pc.1")));
    assert_eq!(good, old, "one machine under both keys");
    let read = machines::unverified(&sign(b"new", "pc.1")).into_owned();
    assert_eq!(good, Identified::Foreign(read), "read without the key");
    assert_eq!(standing(&world, good).await, MachineStanding::Legal);
    for bad in [
        sign(b"other", "pc.1"),
        "pc.1".into(),
        sign(b"new", "pc.1").replace("pc.1", "pc.2"),
    ] {
        let machine = identify(&world.keys, Some(&foreign), Some(&bad));
        assert_eq!(
            standing(&world, machine).await,
            MachineStanding::Illegal,
            "{bad}"
        );
    }
    let unconfigured = identify(&world.keys, None, Some(&sign(b"new", "pc.1")));
    assert!(matches!(unconfigured, Identified::Illegal(_)));
}

#[tokio::test]
async fn issuing_machines_is_limited_per_address() {
    let mut world = World::new().await;
    world.limits.machines_per_address = 3;
    for _ in 0..3 {
        issue(&world).await;
    }
    let (keys, limits) = (world.keys.clone(), world.limits.clone());
    let more = |ip: &str| {
        let (keys, limits, ip) = (keys.clone(), limits.clone(), ip.parse().unwrap());
        world.run(move |tx| machines::issue(tx, &keys, &limits, ip))
    };
    assert_eq!(more("203.0.113.7").await, MachineIssued::TooMany);
    assert_eq!(
        more("::ffff:203.0.113.7").await,
        MachineIssued::TooMany,
        "the same address"
    );
    assert!(matches!(
        more("203.0.113.8").await,
        MachineIssued::Issued { .. }
    ));
    for host in ["2001:db8::1", "2001:db8::2", "2001:db8::ffff:3"] {
        assert!(matches!(more(host).await, MachineIssued::Issued { .. }));
    }
    assert_eq!(
        more("2001:db8::4").await,
        MachineIssued::TooMany,
        "one connection owns a whole /64"
    );
    assert!(matches!(
        more("2001:db8:0:1::4").await,
        MachineIssued::Issued { .. }
    ));
    world.clock.advance(HOUR);
    assert!(matches!(
        more("203.0.113.7").await,
        MachineIssued::Issued { .. }
    ));
}

fn bound() -> BoundTo<'static> {
    BoundTo {
        account: "alice",
        ip: IP,
        machine: Some("mch_a"),
    }
}

async fn challenge(world: &World) -> (String, String) {
    let (keys, limits) = (world.keys.clone(), world.limits.clone());
    let drawn = captcha::draw(&world.env).unwrap();
    let right = drawn.answer().to_owned();
    match world
        .run(move |tx| captcha::issue(tx, &keys, &limits, &drawn, bound()))
        .await
    {
        CaptchaIssued::Issued { id, .. } => (id, right),
        CaptchaIssued::TooMany => panic!("too many"),
    }
}

async fn give(world: &World, id: &str, typed: &str, bound: BoundTo<'static>) -> CaptchaAnswered {
    let (keys, id, typed) = (world.keys.clone(), id.to_owned(), typed.to_owned());
    world
        .run(move |tx| captcha::answer(tx, &keys, &id, &typed, bound))
        .await
}

#[tokio::test]
async fn a_captcha_is_consumed_by_the_first_answer_right_or_wrong() {
    let world = World::new().await;
    let (id, right) = challenge(&world).await;
    assert_eq!(
        give(&world, &id, &right.to_lowercase(), bound()).await,
        CaptchaAnswered::Solved
    );
    assert_eq!(
        give(&world, &id, &right, bound()).await,
        CaptchaAnswered::Gone
    );
    let (id, right) = challenge(&world).await;
    assert_eq!(
        give(&world, &id, "wrong", bound()).await,
        CaptchaAnswered::Wrong
    );
    assert_eq!(
        give(&world, &id, &right, bound()).await,
        CaptchaAnswered::Gone
    );
    let (id, right) = challenge(&world).await;
    let (a, b) = tokio::join!(
        give(&world, &id, &right, bound()),
        give(&world, &id, &right, bound())
    );
    assert!((a == CaptchaAnswered::Solved) ^ (b == CaptchaAnswered::Solved));
}

#[tokio::test]
async fn a_captcha_is_bound_to_account_address_and_machine() {
    let world = World::new().await;
    let others = [
        BoundTo {
            account: "bob",
            ..bound()
        },
        BoundTo {
            ip: "203.0.113.8".parse().unwrap(),
            ..bound()
        },
        BoundTo {
            machine: Some("mch_b"),
            ..bound()
        },
        BoundTo {
            machine: None,
            ..bound()
        },
    ];
    for other in others {
        let (id, right) = challenge(&world).await;
        assert_eq!(
            give(&world, &id, &right, other).await,
            CaptchaAnswered::Wrong
        );
    }
}

#[tokio::test]
async fn a_captcha_lives_two_minutes_and_one_address_gets_so_many() {
    let mut world = World::new().await;
    let (id, right) = challenge(&world).await;
    world.clock.advance(2 * MINUTE);
    assert_eq!(
        give(&world, &id, &right, bound()).await,
        CaptchaAnswered::Gone
    );
    world.limits.captchas_per_address = 1;
    let (keys, limits) = (world.keys.clone(), world.limits.clone());
    let drawn = captcha::draw(&world.env).unwrap();
    let more = world
        .run(move |tx| captcha::issue(tx, &keys, &limits, &drawn, bound()))
        .await;
    assert_eq!(more, CaptchaIssued::TooMany);
}

#[tokio::test]
async fn so_many_captchas_are_drawn_at_a_time_and_the_next_waits() {
    let world = World::new().await;
    let drawer = Drawer::default();
    let most = u32::try_from(MAX_DRAWING).unwrap();
    let busy = drawer.0.clone().acquire_many_owned(most).await.unwrap();
    assert_eq!(drawer.busy(), MAX_DRAWING);
    let mut next = Box::pin(drawer.draw(&world.env));
    for _ in 0..3 {
        assert!(poll!(&mut next).is_pending());
        tokio::task::yield_now().await;
    }
    assert_eq!(drawer.0.available_permits(), 0, "it has no turn");
    drop(busy);
    assert!(next.await.is_some());
    assert_eq!(drawer.busy(), 0);
}

#[tokio::test]
async fn the_same_report_id_with_another_body_is_a_conflict() {
    let world = World::new().await;
    let (one, two) = (reports::digest(b"one"), reports::digest(b"two"));
    let answers = world
        .run(move |tx| {
            let first = reports::known(tx, "r1", &one)?;
            reports::note(tx, "r1", &one, "dec_1")?;
            Ok((
                first,
                reports::known(tx, "r1", &one)?,
                reports::known(tx, "r1", &two)?,
            ))
        })
        .await;
    let same = reports::Known::Same {
        decision: "dec_1".into(),
    };
    assert_eq!(
        answers,
        (reports::Known::New, same, reports::Known::Conflict)
    );
}

#[tokio::test]
async fn a_long_explanation_is_cut_and_says_so() {
    let world = World::new().await;
    let kept = world
        .run(|tx| {
            let id = decisions::id(tx);
            let decision = Decision {
                id: id.clone(),
                time: tx.now(),
                kind: "login".into(),
                account: "alice".into(),
                login: Value::Null,
                signals: Vec::new(),
                suspicion: 0.0,
                verdict: "allow".into(),
                generation: 1,
                hash: String::new(),
                explanation: "因为".repeat(20_000),
                alert: None,
            };
            decisions::record(tx, decision)?;
            decisions::get(tx, &id)
        })
        .await
        .unwrap();
    assert!(kept.explanation.len() < 25 * 1024 && kept.explanation.ends_with('…'));
}
