//! How long a bench runs, and with which allocator: the binary's.

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Whether it is run by `cargo test`, which only asks whether it still works, and not by `cargo bench`.
pub fn is_a_try() -> bool {
    !std::env::args().any(|argument| argument == "--bench")
}
