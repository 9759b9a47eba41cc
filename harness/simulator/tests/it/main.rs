//! The simulator as a client sees it: through `kube::Client`, without a socket.

mod objects;
mod webhook_server;
mod webhooks;
