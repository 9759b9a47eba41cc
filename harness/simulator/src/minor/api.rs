//! What differs by minor in requests, responses, discovery and metadata.
