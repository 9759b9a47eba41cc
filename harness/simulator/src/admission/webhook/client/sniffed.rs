//! What an answer began with, for errors that show it.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::lock;

/// How much is remembered.
const FIRST: usize = 64;

/// A stream that remembers the first bytes that came.
pub(super) struct Sniffed<S> {
    stream: S,
    first: First,
    is_full: bool,
}

/// The first bytes of a stream.
#[derive(Clone, Debug, Default)]
pub(super) struct First(Arc<Mutex<Vec<u8>>>);

impl First {
    /// The bytes so far, as text.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&lock(&self.0)).into_owned()
    }
}

impl<S> Sniffed<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, first: First::default(), is_full: false }
    }

    pub(super) fn first(&self) -> First {
        self.first.clone()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Sniffed<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let poll = Pin::new(&mut this.stream).poll_read(context, buffer);
        if !this.is_full {
            let mut first = lock(&this.first.0);
            let missing = FIRST - first.len();
            first.extend(buffer.filled()[before..].iter().take(missing));
            this.is_full = first.len() == FIRST;
        }
        poll
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Sniffed<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
