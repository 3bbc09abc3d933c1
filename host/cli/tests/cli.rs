//! The binary, from outside: what it prints, how it ends, what it leaves behind.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

#[path = "cli/support.rs"]
mod support;

#[path = "cli/cache.rs"]
mod cache;
#[path = "cli/commands.rs"]
mod commands;
#[path = "cli/documents.rs"]
mod documents;
#[path = "cli/examples.rs"]
mod examples;
#[path = "cli/forms.rs"]
mod forms;
#[path = "cli/inputs.rs"]
mod inputs;
#[path = "cli/nothing.rs"]
mod nothing;
#[path = "cli/project.rs"]
mod project;
#[path = "cli/receipts.rs"]
mod receipts;
#[path = "cli/repo.rs"]
mod repo;
#[path = "cli/stories.rs"]
mod stories;
#[path = "cli/torture.rs"]
mod torture;
