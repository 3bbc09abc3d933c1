//! The policy plugin that reads service control policies before they reach AWS Organizations.
//!
//! This crate owns what makes one SCP document acceptable. It knows nothing of the gate that calls it, of the
//! organization's tree, or of the account the document will be attached to.

pub mod rules;
