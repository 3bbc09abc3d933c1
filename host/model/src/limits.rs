//! The limits of an event. Each says its unit, and why it is this number.

/// Longest event, bytes. EventBridge's and SQS's own ceiling (1 MiB since 2025/2026).
pub const EVENT_BYTES_MAX: usize = 1_048_576;
/// Deepest nesting of an event, arrays and objects together. EventBridge allows 1,000; no kind needs ten.
pub const EVENT_DEPTH_MAX: usize = 64;
/// Longest `detail-type`, characters: the limit of EventBridge PutEvents.
pub const DETAIL_TYPE_CHARS_MAX: usize = 128;
/// Longest `source`, characters: the limit of EventBridge PutEvents.
pub const SOURCE_CHARS_MAX: usize = 256;
/// Most `resources`: EventBridge says no number; a list that a person reads.
pub const RESOURCES_MAX: usize = 100;
/// Oldest event that is judged, seconds: EventBridge retries delivery for 24 hours.
pub const EVENT_AGE_SECONDS_MAX: i64 = 24 * 60 * 60;
/// How far ahead of our clock an event may be, seconds: five minutes, the skew AWS request signing allows.
pub const EVENT_AHEAD_SECONDS_MAX: i64 = 5 * 60;
/// Refusals told of one event; the rest are counted. A person mends the first few and sends the event again.
pub const REFUSALS_MAX: usize = 100;
/// Longest JSON pointer of a refusal, bytes: keys are the sender's, and as long as it likes.
pub const POINTER_BYTES_MAX: usize = 1_024;
/// Longest message of a refusal, characters: values of the sender stand in it.
pub const MESSAGE_CHARS_MAX: usize = 2_048;
