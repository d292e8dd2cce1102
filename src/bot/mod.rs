//! One event through the rules: see [`api`] for the shapes.

pub mod api;
