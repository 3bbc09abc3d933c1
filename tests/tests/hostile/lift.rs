//! Replies of any bytes: whatever lies where the host reads a reply, it is an answer or a fault, the same one each time.

use super::support::{ask, assert_denies, sandbox};
use super::text_guests::component;
use reeve_model::{Answer, Fault, Verdict};
use reeve_sandbox::{Datasets, Limits};
use std::collections::BTreeMap;

const REPLY: &str = include_str!("../../guests/text/reply.wat");
/// Replies that are tried.
const REPLIES: u32 = 4_000;
/// Where the bytes of a reply begin.
const BASE: u32 = 1_024;

/// Numbers without any order, the same in every run (xorshift32, Marsaglia 2003).
struct Numbers(u32);

impl Numbers {
    fn next(&mut self, below: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 % below
    }
}

/// `ok(deny([reason]))` as the canonical ABI lays it out, with its texts behind it.
fn denial() -> Vec<u8> {
    let mut bytes = vec![0; 256];
    let mut word = |at: usize, value: u32| bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    // result: ok; verdict: deny; a list of one reason at 32.
    word(4, 1);
    word(8, BASE + 32);
    word(12, 1);
    // code, severity, message, at, fix, extra
    for (at, (text, length)) in [(32, (200, 4)), (44, (210, 7))] {
        word(at, BASE + text);
        word(at + 4, length);
    }
    bytes[200..204].copy_from_slice(b"CODE");
    bytes[210..217].copy_from_slice(b"message");
    bytes
}

fn detail(reply: &[u8]) -> String {
    reply.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_reply_of_any_bytes_is_an_answer_or_a_fault() {
    let plugin = sandbox().load(&component(REPLY), "{}", Datasets::default(), Limits::default()).expect("loads");
    let model = denial();
    let answer = ask(&plugin, &detail(&model)).answer;
    let Answer::Verdict(Verdict::Deny(reasons)) = &answer else { panic!("the model is no denial: {answer:?}") };
    assert_eq!((reasons[0].code.as_str(), reasons[0].message.as_str()), ("CODE", "message"));
    let mut numbers = Numbers(0x9e37_79b9);
    let mut told: BTreeMap<&str, u32> = BTreeMap::new();
    for round in 0..REPLIES {
        let mut reply = model.clone();
        for _ in 0..=numbers.next(4) {
            let at = usize::try_from(numbers.next(96)).expect("small");
            match numbers.next(4) {
                0 => reply[at] ^= 1 << numbers.next(8),
                1 => reply[at] = u8::try_from(numbers.next(256)).expect("a byte"),
                // Pointers and lengths at the edges of what there is.
                2 => {
                    let edge = [0, 1, 4, 0xffff, 1_310_719, 1_310_720, 0x7fff_ffff, u32::MAX][numbers.next(8) as usize];
                    reply[at / 4 * 4..at / 4 * 4 + 4].copy_from_slice(&edge.to_le_bytes());
                }
                _ => reply[at] = b"\xff\x80\xc0\x00"[numbers.next(4) as usize],
            }
        }
        let text = detail(&reply);
        let asked = ask(&plugin, &text);
        assert_eq!(asked, ask(&plugin, &text), "{round}: {text}");
        let kind = match &asked.answer {
            Answer::Verdict(Verdict::Allow(_)) => "allow",
            Answer::Verdict(Verdict::Deny(reasons)) => {
                assert!(!reasons.is_empty(), "{text}");
                "deny"
            }
            Answer::Verdict(Verdict::Abstain(_)) => "abstain",
            Answer::Error(_) => "error",
            Answer::Fault(Fault::BadReply { message } | Fault::Trap { message }) => {
                assert!(!message.contains(char::is_control), "{text}: {message:?}");
                assert_denies(asked.answer.clone());
                "fault"
            }
            Answer::Fault(other) => panic!("{text}: {other:?}"),
        };
        *told.entry(kind).or_default() += 1;
    }
    assert!(["allow", "deny", "fault"].iter().all(|kind| told.contains_key(kind)), "{told:?}");
}
