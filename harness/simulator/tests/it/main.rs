//! The simulator as a client sees it: through `kube::Client`, without a socket.

mod objects;
mod plugins;
mod raw;
mod recorded;
mod webhook_server;
mod webhooks;
