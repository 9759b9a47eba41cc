//! The command as its users see it: the built binary, in a folder of its own.

#![expect(clippy::unwrap_used, reason = "fixtures of tests; what cannot be set up fails the test")]

mod explain;
mod house;
mod kubeconfig;
mod reports;
mod run;
mod signals;
mod usage;
mod webhook;
