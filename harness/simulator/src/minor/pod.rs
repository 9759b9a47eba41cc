//! What differs by minor in a Pod: defaults, preparation, validation, warnings.
