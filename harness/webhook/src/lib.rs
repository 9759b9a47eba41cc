//! Gardener's seccomp-profile webhook: the documented decision, its HTTPS server and Gardener's registrations by release.
