//! The OpenAPI text.
