//! Asking the gates for what a plan holds, and waiting for their answers.
//!
//! [`drive`] decides what is sent when, and is a function of values; [`work`] runs it against its three ports; [`post`]
//! fills one of them with EventBridge and SQS. Whatever is cut off is begun again: the same plan gives the same nonces,
//! and a gate answers a nonce that it knows with the answer that it has given before.

pub mod console;
pub mod desk;
#[cfg(test)]
mod desk_tests;
pub mod drive;
#[cfg(test)]
mod drive_tests;
pub mod fate;
#[cfg(test)]
mod played;
pub mod post;
pub mod reply;
#[cfg(test)]
mod samples;
pub mod work;
#[cfg(test)]
mod work_tests;
