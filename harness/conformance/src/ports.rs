//! Ports of this machine for programs that must be told theirs.

use std::{
    io,
    net::{Ipv4Addr, TcpListener},
};

/// How often ports are drawn anew when someone else takes one between its choice and its use.
pub(crate) const ATTEMPTS: usize = 3;
/// What a program says of such a port.
const TAKEN: &str = "address already in use";

/// Ports that are free now; held until all are drawn, so that they differ.
pub(crate) fn draw<const N: usize>() -> io::Result<[u16; N]> {
    let listeners = [(); N].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
    let mut ports = [0; N];
    for (port, listener) in ports.iter_mut().zip(listeners) {
        *port = listener?.local_addr()?.port();
    }
    Ok(ports)
}

/// Whether a program that says `text` found a port taken that was free a moment ago.
pub(crate) fn is_taken(text: &str) -> bool {
    text.contains(TAKEN)
}
