//! Findings in every form, from outside: golden files, published schemas, hostile texts, waivers and baselines.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod documented;
mod forms;
mod held;
mod hostile;
mod sample;
mod schemas;
