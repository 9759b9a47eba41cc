//! The scenario language: files, requirements, diagnostics and schema.
