//! Each resource's life: defaults, preparation, validation, warnings.
//!
//! The functions here take and give objects in canonical form (see [`crate::fields`]) and know nothing of requests.

pub(crate) mod defaults;
pub(crate) mod managed_fields;
pub(crate) mod pod;
pub(crate) mod validation;
