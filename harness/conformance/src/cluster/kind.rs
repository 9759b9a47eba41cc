//! Real clusters on kind: what is asked of them.

pub(crate) mod request;
