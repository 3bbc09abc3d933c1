//! One file per command: arguments, and a function that runs them.

pub mod completion;
pub mod explain;
pub mod plugin_inspect;
pub mod policy_test;
pub mod run;
