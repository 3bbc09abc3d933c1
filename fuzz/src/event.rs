//! The target `event`: the envelope of a message.

use crate::text::assert_shown_safely;
use crate::values::{assert_pointer_leads_somewhere, depth, reversed};
use reeve_json::{Options, StringRule, canonical, parse};
use reeve_model::limits::{
    EVENT_BYTES_MAX, EVENT_DEPTH_MAX, MESSAGE_CHARS_MAX, POINTER_BYTES_MAX, REFUSALS_MAX, RESOURCES_MAX,
};
use reeve_model::{Code, Event, Refusal};

/// Nothing but what an envelope itself asks for.
const OPTIONS: Options = Options { bytes_max: usize::MAX, depth_max: usize::MAX, strings: StringRule::Any };
/// One accepted event in so many is also padded to the size limit: that costs a megabyte each.
const PADDED_ONE_IN: usize = 64;

/// Reads an event; what is accepted is within the limits and says the same in every form, what is refused says where.
pub fn event(data: &[u8]) {
    let (read, again) = (Event::parse(data), Event::parse(data));
    assert_eq!(format!("{read:?}"), format!("{again:?}"), "read twice");
    match read {
        Ok(event) => accepted(data, &event),
        Err(refusals) => refused(data, &refusals),
    }
}

fn accepted(data: &[u8], event: &Event) {
    assert!(data.len() <= EVENT_BYTES_MAX && depth(&event.body.value) <= EVENT_DEPTH_MAX);
    assert!(event.account.as_str().len() == 12 && event.resources.len() <= RESOURCES_MAX);
    assert_eq!(event.id, event.id.to_ascii_lowercase());

    let detail = event.detail_canonical();
    let node = parse(detail.as_bytes(), &OPTIONS).expect("canonical text is JSON");
    assert_eq!(canonical(&node.value), detail, "canonical text is a fixed point");

    for (form, text) in
        [("canonical", canonical(&event.body.value)), ("reversed", reeve_json::compact(&reversed(&event.body.value)))]
    {
        // Numbers written out can be longer than they were.
        if text.len() <= EVENT_BYTES_MAX {
            let other = Event::parse(text.as_bytes()).unwrap_or_else(|refusals| panic!("{form}: {refusals:?}"));
            assert_eq!((&other.digest, other.detail_canonical()), (&event.digest, detail), "{form}");
        }
    }

    if data.len().is_multiple_of(PADDED_ONE_IN) {
        let mut padded = data.to_vec();
        padded.resize(EVENT_BYTES_MAX, b' ');
        assert_eq!(
            Event::parse(&padded).map(|event| event.digest).ok(),
            Some(event.digest.clone()),
            "at the size limit"
        );
        padded.push(b' ');
        let codes = Event::parse(&padded).map_err(|refusals| refusals.iter().map(|it| it.code).collect::<Vec<_>>());
        assert_eq!(codes.map(|event| event.digest), Err(vec![Code::EventTooLarge]), "over the size limit");
    }
}

fn refused(data: &[u8], refusals: &[Refusal]) {
    assert!(!refusals.is_empty() && refusals.len() <= REFUSALS_MAX + 1, "{} refusals", refusals.len());
    let body = parse(data, &Options { depth_max: EVENT_DEPTH_MAX, strings: StringRule::Plain, ..OPTIONS });
    for refusal in refusals {
        told_well(refusal);
        if let Ok(body) = &body {
            assert_pointer_leads_somewhere(body, &refusal.at);
        }
    }
    assert!(body.is_ok() || refusals.len() == 1, "what is not JSON is refused once");
}

/// What holds of every refusal, whoever wrote it.
pub(crate) fn told_well(refusal: &Refusal) {
    assert!(refusal.at.len() <= POINTER_BYTES_MAX, "{} bytes of pointer", refusal.at.len());
    // An ellipsis stands for what was cut.
    assert!(refusal.message.chars().count() <= MESSAGE_CHARS_MAX + 1);
    assert_shown_safely(&refusal.message);
    refusal.fix.iter().for_each(|fix| assert_shown_safely(fix));
}
