//! Renderers: the same values for people and for machines. They decide nothing and print nothing.

mod explain;
pub mod findings;
mod paint;
mod plan;
mod story;

pub use explain::explain;
pub use paint::{Paint, Role};
pub use plan::plan;
pub use story::{grouped, human, json};
