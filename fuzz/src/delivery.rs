//! The target `delivery`: wrappers of SQS and Lambda around events, and streams of events.

use reeve_model::Event;
use reeve_sources::{Deliveries, Framing};

/// Names that a document without a wrapper does not hold.
const WRAPPERS: [&[u8]; 4] = [b"\"Records\"", b"\"Messages\"", b"\"body\"", b"\"Body\""];

/// Takes the wrappers off in every framing; what has none is delivered as it came.
pub fn delivery(data: &[u8]) {
    let bare = !WRAPPERS.iter().any(|name| data.windows(name.len()).any(|window| window == *name));
    for framing in [Framing::Whole, Framing::Lines, Framing::Sniff] {
        let delivered = bodies(data, framing);
        assert_eq!(delivered, bodies(data, framing), "read twice");
        for body in &delivered {
            let _ = Event::parse(body);
        }
        if bare && framing == Framing::Lines {
            let lines = data.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
            let lines: Vec<&[u8]> = lines.filter(|line| !line.iter().all(u8::is_ascii_whitespace)).collect();
            let shown = delivered.iter().map(Vec::as_slice);
            assert_eq!(shown.collect::<Vec<_>>(), lines, "{framing:?}");
        }
        if bare && framing == Framing::Whole && !data.iter().all(u8::is_ascii_whitespace) {
            assert_eq!(delivered.concat(), data, "{framing:?}");
        }
    }
}

fn bodies(data: &[u8], framing: Framing) -> Vec<Vec<u8>> {
    let mut origins = std::collections::BTreeSet::new();
    Deliveries::new(data, "in", framing, false)
        .map(|delivery| {
            let delivery = delivery.expect("memory can be read");
            assert!(!delivery.verified, "nobody vouches for the sender");
            assert!(delivery.origin.starts_with("in"), "{:?}", delivery.origin);
            assert!(origins.insert(delivery.origin), "two deliveries come from one place");
            delivery.body
        })
        .collect()
}
