//! Several workers over one store: a message is claimed by one of them, whoever comes first.

use std::sync::{Arc, Barrier};

use super::super::testing::{World, message};
use super::super::*;
use crate::store::records::{OutboxPurpose, OutboxState};

const WORKERS: usize = 4;
const ROUNDS: usize = 100;
const MESSAGES: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn workers_at_a_barrier_send_every_message_once() {
    let world = World::new();
    let workers: Vec<Arc<Outbox>> = (0..WORKERS)
        .map(|_| {
            Arc::new(Outbox::new(
                world.store.clone(),
                world.env.clone(),
                world.platform.clone(),
                Arc::new(NoHooks),
                [("main".to_owned(), Abilities::ALL)],
            ))
        })
        .collect();
    for round in 1..=ROUNDS {
        // Inside the window, so that every message ends at once.
        world
            .run(|tx| contact::saw_message(tx, "main", "o1").map(drop))
            .await;
        let mut promised = Vec::new();
        for _ in 0..MESSAGES {
            promised.push(world.promise(message(OutboxPurpose::Message)).await);
        }
        let barrier = Arc::new(Barrier::new(WORKERS));
        let stepping: Vec<_> = workers
            .iter()
            .map(|worker| {
                let (worker, barrier) = (worker.clone(), barrier.clone());
                let runtime = tokio::runtime::Handle::current();
                tokio::task::spawn_blocking(move || {
                    barrier.wait();
                    runtime.block_on(worker.step()).expect("a step").0
                })
            })
            .collect();
        let mut sent = 0;
        for step in stepping {
            sent += step.await.expect("no panic");
        }
        assert_eq!(sent, MESSAGES, "round {round}");
        assert_eq!(world.platform.bodies().len(), round * MESSAGES);
        for id in promised {
            let state = world.entry(&id).await.state;
            assert!(
                matches!(state, OutboxState::Accepted | OutboxState::Delivered),
                "{state:?}"
            );
        }
    }
}
