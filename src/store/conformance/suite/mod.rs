//! What holds for every engine.

use super::*;

macro_rules! on {
    ($bench:ident: $($name:ident)+) => {
        mod $bench {
            $(#[tokio::test] async fn $name() { super::$name(super::Bench::$bench()).await; })+
        }
    };
}

/// `alone` too where every command is a drain of its own, `in_company` where several are one.
macro_rules! on_every_engine {
    (alone: $($alone:ident)+; in_company: $($company:ident)*) => {
        on! { memory: $($alone)+ $($company)* }
        on! { sled: $($alone)+ $($company)* }
        on! { unthreaded: $($alone)+ }
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
