//! Asking a gate from another account: requests as events on the gate's bus, and the queue that its replies come to.
//!
//! Nothing here knows what a request or a reply says. A request may be put twice without harm, since its gate knows it
//! by its nonce; so what is not known to have arrived is put again.

mod put;
mod queue;

pub use put::{GateBus, REQUEST_BYTES_MAX, RequestEvent};
pub use queue::{ReplyMessage, ReplyQueue};
