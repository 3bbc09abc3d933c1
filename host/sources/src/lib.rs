//! Transport in: bytes of files, streams and messages become deliveries. Knows nothing of policies.

mod stream;
mod unwrap;

pub use stream::{DOCUMENT_BYTES_MAX, Deliveries, Framing, SourceError};
