//! One file per command: arguments, and a function that runs them.

pub mod audit;
pub mod check;
pub mod completion;
pub mod doctor;
pub mod explain;
pub mod plan;
pub mod plugin_inspect;
pub mod plugin_torture;
pub mod policy_bench;
pub mod policy_test;
pub mod render;
pub mod replay;
pub mod run;
pub mod serve;
pub mod sync;
pub mod template;
