//! What differs by minor in the admission chain and in webhook calls.
