//! Strict YAML 1.2 in which every node and every key knows its line and column.
//!
//! The files people write for Reeve are reviewed by other people, so this crate refuses what two readers could read
//! differently: equal keys, anchors and aliases (but where a file may have them), tags, directives, merge keys, several documents in one file, control and
//! bidirectional characters. What is left is a plain tree. Typed reading goes through [`Field`] and [`MapReader`]; each of their
//! errors names file, line and column and, where there is one, the likely remedy.
//!
//! It knows nothing of gates, policies, accounts or AWS beyond the shape of an account id, and reads no files: the
//! caller brings the text and the name that errors are to show.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

mod error;
mod node;
mod parse;
mod read;
mod scalar;

pub use error::{YamlError, closest, did_you_mean, quoted};
pub use node::{Entry, Mapping, Mark, Node, Value};
pub use parse::{DEPTH_MAX, DOCUMENT_BYTES_MAX, Document, REPEATED_MAX};
pub use read::{Field, MapReader};
