//! The long-running gate: messages in from SQS, Lambda and HTTP, handled by a bounded number of workers; health,
//! metrics, traces, and an end that loses nothing.
//!
//! A message is taken off its queue once it is answered, and not before: see [`reeve_engine::Runner`].

mod desk;
mod http;
mod lambda;
mod metrics;
mod ops;
mod sqs;
mod telemetry;

pub use desk::{Desk, Source};
pub use http::HttpSource;
pub use lambda::{RUNTIME_API, Trusted, run as run_lambda};
pub use metrics::Metrics;
pub use ops::serve_ops;
pub use sqs::SqsSource;
pub use telemetry::{Telemetry, start as start_telemetry};
