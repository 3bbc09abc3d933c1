//! Renderers: the same values for people and for machines. They decide nothing and print nothing.

mod explain;
mod paint;
mod story;

pub use explain::explain;
pub use paint::{Paint, Role};
pub use story::{grouped, human, json};
