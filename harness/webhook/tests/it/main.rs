//! The crate as its users see it.

mod decision;
mod explanation;
mod mutants;
mod patch_law;
mod records;
mod registration;
mod reload;
mod review;
mod server;
mod support;
mod upstream;
