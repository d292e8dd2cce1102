//! The five-seconds table, row by row: a crash between every two of its states, with a platform that
//! comes again and one that does not, with an account that may send customer-service messages and one
//! that may not. Effects happen exactly once and at most one reply is seen. Nothing here waits: one
//! manual clock moves everything.

mod alarm;
mod disk;
#[path = "../secrecy/mod.rs"]
mod secrecy;
mod world;

use menshen::env::{Millis, SECOND};

use disk::Strike::{self, After, Before, Busy};
use world::{Seen, Setup, World};

/// Where the one visible reply comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reply {
    /// In the answer to a delivery.
    P,
    /// As a customer-service message.
    C,
    /// Nobody sees one.
    N,
}
use Reply::{C, N, P};

struct Row {
    /// What the follower writes.
    says: &'static str,
    /// How long the information system takes.
    takes: Millis,
    /// Where the process dies.
    crash: Option<(&'static str, Strike)>,
    /// How many answers are lost on the way.
    deaf: u32,
    /// How often the first and the second half take effect, by column.
    effects: [(usize, usize); 4],
    /// The reply, by column: the platform retries and messages may be sent; it retries, they may not;
    /// it does not and they may; it does not and they may not.
    reply: [Reply; 4],
}

const fn row(
    says: &'static str,
    takes: Millis,
    crash: Option<(&'static str, Strike)>,
    effects: [(usize, usize); 4],
    reply: [Reply; 4],
) -> Row {
    Row {
        says,
        takes,
        crash,
        deaf: 0,
        effects,
        reply,
    }
}

const FIRST: &str = "push";
const HAND_OVER: &str = "hand over";
const SECOND_HALF: &str = "push, second half";
const ANSWERED: &str = "answered";
/// Longer than one delivery, shorter than two.
const SLOW: Millis = 7 * SECOND;
/// Longer than all deliveries.
const SLOWER: Millis = 30 * SECOND;
const NONE: [(usize, usize); 4] = [(0, 0); 4];
const ONCE: [(usize, usize); 4] = [(1, 0); 4];
const BOTH: [(usize, usize); 4] = [(1, 1); 4];
/// Only where the platform comes again.
const ONCE_ON_RETRY: [(usize, usize); 4] = [(1, 0), (1, 0), (0, 0), (0, 0)];

fn table() -> Vec<Row> {
    vec![
        // No effects: a memory record; a crash leaves no trace.
        row("你好", 0, None, NONE, [P, P, P, P]),
        row("你好", 0, Some((FIRST, Before)), NONE, [P, P, N, N]),
        row("你好", 0, Some((FIRST, After)), NONE, [P, P, N, N]),
        row("你好", 0, Some((FIRST, Busy)), NONE, [P, P, N, N]),
        // Effects and reply in one commit.
        row("记", 0, None, ONCE, [P, P, P, P]),
        row("记", 0, Some((FIRST, Busy)), ONCE_ON_RETRY, [P, P, N, N]),
        row("记", 0, Some((FIRST, Before)), ONCE_ON_RETRY, [P, P, N, N]),
        row("记", 0, Some((FIRST, After)), ONCE, [P, P, N, N]),
        // Replies of bind, lock, unlock and trust reach their follower.
        row("锁定", 0, None, ONCE, [P, P, P, P]),
        row(
            "锁定",
            0,
            Some((FIRST, Before)),
            ONCE_ON_RETRY,
            [P, P, N, N],
        ),
        row("锁定", 0, Some((FIRST, After)), ONCE, [P, P, C, N]),
        row("锁定", 0, Some((ANSWERED, Before)), ONCE, [P, P, C, N]),
        // The one moment in which a reply can be lost to a platform that does not come again.
        row("锁定", 0, Some((ANSWERED, After)), ONCE, [P, P, N, N]),
        // A forward that answers at once.
        row("查", 0, None, BOTH, [P, P, P, P]),
        row(
            "查",
            0,
            Some((FIRST, Before)),
            [(1, 1), (1, 1), (0, 0), (0, 0)],
            [P, P, N, N],
        ),
        row(
            "查",
            0,
            Some((FIRST, After)),
            [(1, 1), (1, 1), (1, 0), (1, 0)],
            [P, P, N, N],
        ),
        row(
            "查",
            0,
            Some((SECOND_HALF, Before)),
            [(1, 1), (1, 1), (1, 0), (1, 0)],
            [P, P, N, N],
        ),
        row("查", 0, Some((SECOND_HALF, After)), BOTH, [P, P, N, N]),
        row(
            "查",
            0,
            Some((SECOND_HALF, Busy)),
            [(1, 1), (1, 1), (1, 0), (1, 0)],
            [P, P, N, N],
        ),
        // One that takes longer than a delivery.
        row("查", SLOW, None, BOTH, [C, P, C, N]),
        row(
            "查",
            SLOW,
            Some((HAND_OVER, Before)),
            [(1, 1), (1, 1), (1, 0), (1, 1)],
            [C, P, N, N],
        ),
        row("查", SLOW, Some((HAND_OVER, After)), BOTH, [C, P, C, N]),
        row("查", SLOW, Some((HAND_OVER, Busy)), BOTH, [P, P, N, N]),
        // The new process cannot know that the third delivery is the last.
        row(
            "查",
            SLOW,
            Some((SECOND_HALF, Before)),
            [(1, 1), (1, 1), (1, 1), (1, 0)],
            [C, N, C, N],
        ),
        row("查", SLOW, Some((SECOND_HALF, After)), BOTH, [C, P, C, N]),
        // One that takes longer than all of them.
        row("查", SLOWER, None, BOTH, [C, N, C, N]),
        row("查", SLOWER, Some((HAND_OVER, After)), BOTH, [C, N, C, N]),
        row(
            "查",
            SLOWER,
            Some((SECOND_HALF, Before)),
            [(1, 1), (1, 1), (1, 1), (1, 0)],
            [C, N, C, N],
        ),
        // A lock whose rule asks the outside afterwards: its reply is not given up on.
        row("锁了再查", 0, None, BOTH, [P, P, P, P]),
        row("锁了再查", 0, Some((FIRST, After)), BOTH, [P, P, C, N]),
        row(
            "锁了再查",
            0,
            Some((SECOND_HALF, Before)),
            BOTH,
            [P, P, C, N],
        ),
        row(
            "锁了再查",
            0,
            Some((SECOND_HALF, After)),
            BOTH,
            [P, P, C, N],
        ),
        row("锁了再查", SLOW, None, BOTH, [C, P, C, N]),
        // A reply that customer-service messages cannot carry.
        row("转人工", SLOW, None, BOTH, [N, P, N, N]),
        // Answers that are lost on the way: the retry gets the same, never another kind.
        Row {
            deaf: 1,
            ..row("记", 0, None, ONCE, [P, P, N, N])
        },
        Row {
            deaf: 2,
            ..row("锁定", 0, None, ONCE, [P, P, N, N])
        },
        Row {
            deaf: 1,
            ..row("查", SLOW, None, BOTH, [C, P, C, N])
        },
        Row {
            deaf: 2,
            ..row("查", SLOW, None, BOTH, [C, P, C, N])
        },
    ]
}

async fn play(row: &Row, retries: bool, custom: bool, clicks: bool) -> Seen {
    let setup = Setup {
        custom,
        takes: row.takes,
        clicks,
    };
    let mut world = World::new(setup).await;
    world.disk.plan(row.crash);
    let deliveries = if retries { 3 } else { 1 };
    world.push(row.says, deliveries, row.deaf).await;
    world.settle().await
}

#[tokio::test]
async fn every_row_with_a_crash_between_every_two() {
    let mut wrong = Vec::new();
    let rows = table();
    for (row, clicks) in rows.iter().flat_map(|row| [(row, false), (row, true)]) {
        for (column, (retries, custom)) in
            [(true, true), (true, false), (false, true), (false, false)]
                .into_iter()
                .enumerate()
        {
            let seen = play(row, retries, custom, clicks).await;
            let reply = match (seen.passive.len(), seen.custom.len()) {
                (1, 0) => Some(P),
                (0, 1) => Some(C),
                (0, 0) => Some(N),
                _ => None,
            };
            // A repeated request carries the identifier of the first.
            let asked_once = seen.asked.0 <= 1;
            if reply != Some(row.reply[column])
                || seen.effects != row.effects[column]
                || !asked_once
            {
                wrong.push(format!(
                    "{} clicks {clicks} takes {} crash {:?} deaf {} | retries {retries} custom {custom}: \
                     wanted {:?} {:?}, saw {seen:?}",
                    row.says,
                    row.takes,
                    row.crash,
                    row.deaf,
                    row.reply[column],
                    row.effects[column],
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The disk stands still from before the first delivery until 7 s later: nothing can be acknowledged,
/// nothing is done twice, and what was done is told when somebody still listens or a message may be sent.
#[tokio::test]
async fn a_disk_that_stands_still_delays_and_loses_nothing() {
    for (says, reply) in [
        ("你好", [P, P, N, N]),
        ("记", [P, P, N, N]),
        ("锁定", [P, P, C, N]),
        ("查", [C, P, C, N]),
    ] {
        for (column, (deliveries, custom)) in [(3, true), (3, false), (1, true), (1, false)]
            .into_iter()
            .enumerate()
        {
            let mut world = World::new(Setup {
                custom,
                takes: 0,
                clicks: false,
            })
            .await;
            world.disk.stand_still();
            let awake = |disk: &disk::Disk, spent| {
                if spent >= SLOW {
                    disk.go_on();
                }
            };
            world.push_while(says, deliveries, 0, awake).await;
            world.disk.go_on();
            let seen = world.settle().await;
            let saw = match (seen.passive.len(), seen.custom.len()) {
                (1, 0) => Some(P),
                (0, 1) => Some(C),
                (0, 0) => Some(N),
                _ => None,
            };
            assert_eq!(saw, Some(reply[column]), "{says} {column}: {seen:?}");
            let first = usize::from(says != "你好");
            let second = usize::from(says == "查");
            assert_eq!(seen.effects, (first, second), "{says} {column}: {seen:?}");
        }
    }
}

/// A full queue, at every command a push needs: nothing is acknowledged that is not done, and the next
/// delivery does it.
#[tokio::test]
async fn a_full_queue_is_503_and_never_success() {
    for custom in [true, false] {
        let mut world = World::new(Setup {
            custom,
            takes: 0,
            clicks: false,
        })
        .await;
        world.disk.plan(Some((FIRST, Busy)));
        world.push("锁定", 1, 0).await;
        assert!(world.disk.struck());
        assert_eq!(world.answers(), ["Busy"]);
        world.push("锁定", 1, 0).await;
        assert_eq!(world.answers(), ["Busy", "Reply(Text)"]);
        let seen = world.settle().await;
        assert_eq!((seen.passive.len(), seen.custom.len()), (1, 0));
        assert_eq!(seen.effects, (1, 0));
    }
}

/// What a connection is answered, delivery by delivery, while a forward is under way.
#[tokio::test]
async fn deliveries_are_answered_as_the_table_says() {
    for (custom, takes, answers) in [
        (true, SLOWER, &["Success"][..]),
        (false, SLOWER, &["closed", "closed", "Success"]),
        (false, SLOW, &["closed", "Reply(Text)"]),
    ] {
        let mut world = World::new(Setup {
            custom,
            takes,
            clicks: false,
        })
        .await;
        world.push("查", 3, 0).await;
        assert_eq!(world.answers(), answers, "custom {custom}, takes {takes}");
        let seen = world.settle().await;
        // The follower who gets nothing is an event.
        let late = usize::from(answers.len() == 3);
        assert_eq!(seen.dropped, vec!["late"; late]);
    }
}

/// A lock does not wait behind a slow forward of the same follower.
#[tokio::test]
async fn a_lane_is_free_while_the_outside_is_asked() {
    let setup = Setup {
        custom: true,
        takes: SLOWER,
        clicks: false,
    };
    let mut world = World::new(setup).await;
    world.push("查", 1, 0).await;
    world.next_message();
    world.push("锁定", 1, 0).await;
    assert_eq!(world.answers(), ["Success", "Reply(Text)"]);
    let seen = world.settle().await;
    assert_eq!((seen.passive.len(), seen.custom.len()), (1, 1));
}

/// A panic in the information system's adapter must not leave retries waiting for nobody.
#[tokio::test]
async fn a_panic_outside_is_no_claim_for_ever() {
    let setup = Setup {
        custom: true,
        takes: world::PANICS,
        clicks: false,
    };
    let mut world = World::new(setup).await;
    world.push("查", 1, 0).await;
    world.push("查", 1, 0).await;
    assert_eq!(world.answers(), ["Busy", "Busy"]);
}
