//! The simulator as a client sees it: through `kube::Client`, without a socket.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod objects;
mod plugins;
mod protobuf;
mod raw;
mod recorded;
mod unmodelled;
mod webhook_server;
mod webhooks;
mod workloads;
