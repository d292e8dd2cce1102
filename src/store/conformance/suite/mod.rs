//! What holds for every engine.

use super::*;

macro_rules! on_every_engine {
    ($($name:ident)+) => {
        mod memory {
            $(#[tokio::test] async fn $name() { super::$name(super::Bench::memory()).await; })+
        }
        mod sled {
            $(#[tokio::test] async fn $name() { super::$name(super::Bench::sled()).await; })+
        }
    };
}

mod bounds;
mod commands;
mod course;
mod listings;

#[derive(Debug, PartialEq)]
enum Domain {
    Refused(u32),
    Store(StoreError),
}

impl From<StoreError> for Domain {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
