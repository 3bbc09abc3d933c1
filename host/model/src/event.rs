//! The EventBridge envelope, read strictly.
//!
//! A rule in front of the gate is a filter, not a security boundary: it takes either of two equal keys, reads dotted
//! keys as paths, and cannot see types. So everything it looked at is looked at again here.
//! Source: EventBridge user guide, "Events in EventBridge"; event-ruler's measured behaviour.

use crate::limits::{
    DETAIL_TYPE_CHARS_MAX, EVENT_AGE_SECONDS_MAX, EVENT_AHEAD_SECONDS_MAX, EVENT_BYTES_MAX, EVENT_DEPTH_MAX,
    REFUSALS_MAX, RESOURCES_MAX, SOURCE_CHARS_MAX,
};
use crate::{AccountId, Code, Digest, Refusal, Region, Timestamp};
use reeve_json::{ErrorKind, Node, Object, Options, StringRule, Value, escape_pointer_token, position};
use std::borrow::Cow;

/// An envelope whose every field is typed. `detail` is strict JSON and otherwise untouched.
#[derive(Debug, Clone)]
pub struct Event {
    /// `id`, UUID-shaped, lower case.
    pub id: String,
    /// `source`.
    pub source: String,
    /// `detail-type`.
    pub detail_type: String,
    /// `account`: who sent it, as AWS says, if the path can be trusted.
    pub account: AccountId,
    /// `time`: set by the sender, a hint.
    pub time: Timestamp,
    /// `region`.
    pub region: Region,
    /// `resources`.
    pub resources: Vec<String>,
    /// `replay-name`, when an archive replays the event.
    pub replay_name: Option<String>,
    /// The whole envelope as read.
    pub body: Node,
    /// Digest of the canonical text of the whole envelope.
    pub digest: Digest,
    /// Canonical text of `detail`.
    detail_canonical: String,
}

const OPTIONS: Options = Options { bytes_max: EVENT_BYTES_MAX, depth_max: EVENT_DEPTH_MAX, strings: StringRule::Plain };

impl Event {
    /// Reads one envelope from the bytes of one message.
    ///
    /// # Errors
    /// Every refusal found; a body that is not strict JSON gives exactly one.
    pub fn parse(bytes: &[u8]) -> Result<Self, Vec<Refusal>> {
        let body = reeve_json::parse(bytes, &OPTIONS).map_err(|error| vec![json_refusal(&error, bytes)])?;
        let Some(envelope) = body.as_object() else {
            let message = format!("the event is a JSON {}, not an object", body.value.type_name());
            return Err(vec![Refusal::new(Code::BadEnvelope, "", message)]);
        };
        let mut fields = Envelope { envelope, refusals: Vec::new() };
        fields.only_known();
        let parsed = fields.read();
        fields.dotted_keys();
        let Envelope { refusals, .. } = fields;
        match parsed {
            Some(event) if refusals.is_empty() => {
                let digest = Digest::of(reeve_json::canonical(&body.value).as_bytes());
                let detail_canonical =
                    envelope.get("detail").map_or_else(String::new, |detail| reeve_json::canonical(&detail.value));
                Ok(Self { body, digest, detail_canonical, ..event })
            }
            Some(_) | None => Err(refusals),
        }
    }

    /// `detail`.
    #[must_use]
    pub fn detail(&self) -> &Object {
        const EMPTY: &Object = &EMPTY_OBJECT;
        let detail = self.body.as_object().and_then(|envelope| envelope.get("detail"));
        detail.and_then(Node::as_object).unwrap_or(EMPTY)
    }

    /// Canonical text of `detail`.
    #[must_use]
    pub fn detail_canonical(&self) -> &str {
        &self.detail_canonical
    }

    /// Whether `source` is reserved to AWS services.
    #[must_use]
    pub fn claims_aws(&self) -> bool {
        self.source == "aws" || self.source.starts_with("aws.")
    }

    /// Compares `time` with the moment of judging: EventBridge retries for 24 hours, clocks differ by minutes.
    ///
    /// # Errors
    /// `STALE_EVENT` or `FUTURE_EVENT`.
    pub fn check_age(&self, now: Timestamp) -> Result<(), Refusal> {
        let age = now.as_second() - self.time.as_second();
        if age > EVENT_AGE_SECONDS_MAX {
            let message = format!("the event is from {}, more than 24 hours before {now}", self.time);
            return Err(Refusal::new(Code::StaleEvent, "/time", message)
                .fix("send it again; to judge a recorded event, give the moment with `--now`"));
        }
        if age < -EVENT_AHEAD_SECONDS_MAX {
            let message = format!("the event is from {}, more than five minutes after {now}", self.time);
            return Err(Refusal::new(Code::FutureEvent, "/time", message));
        }
        Ok(())
    }
}

static EMPTY_OBJECT: Object = Object::EMPTY;

fn json_refusal(error: &reeve_json::ParseError, bytes: &[u8]) -> Refusal {
    let code = match &error.kind {
        ErrorKind::Syntax(_) | ErrorKind::UnexpectedEnd => Code::BadJson,
        ErrorKind::DuplicateKey(_) => Code::DuplicateJsonKey,
        ErrorKind::TooDeep => Code::JsonTooDeep,
        ErrorKind::NumberRange => Code::NumberRange,
        ErrorKind::BadString(_) => Code::BadString,
        ErrorKind::TrailingData => Code::TrailingData,
        ErrorKind::BadEncoding(_) => Code::BadEncoding,
        ErrorKind::TooLarge => Code::EventTooLarge,
    };
    let message = format!("{error}, at {}", position(bytes, error.offset));
    Refusal::new(code, error.pointer.clone(), message)
}

const KNOWN: [&str; 10] =
    ["version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail", "replay-name"];

struct Envelope<'a> {
    envelope: &'a Object,
    refusals: Vec<Refusal>,
}

impl Envelope<'_> {
    fn refuse(&mut self, code: Code, at: &str, message: impl Into<String>) {
        if !self.full() {
            self.refusals.push(Refusal::new(code, at, message));
        }
    }

    /// Whether enough is known to be wrong. One more than is told, so that the decision says that there is more.
    fn full(&self) -> bool {
        self.refusals.len() > REFUSALS_MAX
    }

    fn only_known(&mut self) {
        for member in self.envelope {
            if !KNOWN.contains(&member.key.as_str()) {
                let at = format!("/{}", escape_pointer_token(&member.key));
                self.refuse(Code::UnknownField, &at, format!("`{}` is not a field of an event", member.key));
            }
        }
    }

    /// The typed fields; `None` when one of them was refused.
    fn read(&mut self) -> Option<Event> {
        let version = self.string("version", Code::BadEnvelope, |text| (text == "0").then_some(()), "`0`");
        let id = self.string("id", Code::BadEnvelope, uuid, "a UUID");
        let detail_type = self.string("detail-type", Code::BadEnvelope, detail_type, "1 to 128 printable characters");
        let source =
            self.string("source", Code::BadEnvelope, source, "1 to 256 of letters, digits, `.`, `-`, `_`, `/`");
        let account = self.string("account", Code::BadAccountId, AccountId::parse, "a string of twelve ASCII digits");
        let time = self.string("time", Code::BadTime, utc_time, "an RFC 3339 time in UTC");
        let region = self.string("region", Code::BadEnvelope, Region::parse, "the name of a Region");
        let resources = self.resources();
        let detail = self.detail();
        let replay_name = match self.envelope.get("replay-name") {
            None => Some(None),
            Some(_) => {
                self.string("replay-name", Code::BadEnvelope, |text| Some(text.to_owned()), "a string").map(Some)
            }
        };
        ((), ()) = (version?, detail?);
        Some(Event {
            id: id?,
            source: source?,
            detail_type: detail_type?,
            account: account?,
            time: time?,
            region: region?,
            resources: resources?,
            replay_name: replay_name?,
            body: Value::Null.into(),
            digest: Digest::of(b""),
            detail_canonical: String::new(),
        })
    }

    fn string<T>(&mut self, key: &str, code: Code, read: impl Fn(&str) -> Option<T>, shape: &str) -> Option<T> {
        let at = || format!("/{key}");
        let Some(node) = self.envelope.get(key) else {
            // A missing account is as bad as a malformed one: there is no sender.
            let code = if code == Code::BadEnvelope { Code::MissingField } else { code };
            self.refuse(code, &at(), format!("the event has no `{key}`"));
            return None;
        };
        let Some(text) = node.as_str() else {
            self.refuse(code, &at(), format!("`{key}` is a JSON {}, not {shape}", node.value.type_name()));
            return None;
        };
        let value = read(text);
        if value.is_none() {
            self.refuse(code, &at(), format!("`{key}` is `{}`, not {shape}", text.escape_debug()));
        }
        value
    }

    fn resources(&mut self) -> Option<Vec<String>> {
        let Some(node) = self.envelope.get("resources") else {
            self.refuse(Code::MissingField, "/resources", "the event has no `resources`");
            return None;
        };
        let texts = node
            .as_array()
            .filter(|items| items.len() <= RESOURCES_MAX)
            .and_then(|items| items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>());
        if texts.is_none() {
            let message = format!("`resources` is not a list of at most {RESOURCES_MAX} strings");
            self.refuse(Code::BadEnvelope, "/resources", message);
        }
        texts
    }

    fn detail(&mut self) -> Option<()> {
        let Some(node) = self.envelope.get("detail") else {
            self.refuse(Code::BadDetail, "/detail", "the event has no `detail`");
            return None;
        };
        if node.as_object().is_none() {
            let message = format!("`detail` is a JSON {}, not an object", node.value.type_name());
            self.refuse(Code::BadDetail, "/detail", message);
            return None;
        }
        Some(())
    }

    fn dotted_keys(&mut self) {
        if let Some(detail) = self.envelope.get("detail") {
            self.dotted_keys_below(detail, &mut vec!["detail".into()]);
        }
    }

    /// Depth is bounded by `EVENT_DEPTH_MAX`: the body was parsed under it. The pointer is put together only when there
    /// is something to point at: keys are long when a sender wants them to be.
    fn dotted_keys_below<'a>(&mut self, node: &'a Node, path: &mut Vec<Cow<'a, str>>) {
        match &node.value {
            Value::Object(object) => {
                for member in object {
                    if self.full() {
                        return;
                    }
                    let dotted = member.key.contains('.');
                    if dotted || holds_keys(&member.value) {
                        path.push(escape_pointer_token(&member.key));
                        if dotted {
                            let message = format!("key `{}` holds a dot, which a rule reads as a path", member.key);
                            self.refuse(Code::DottedKey, &format!("/{}", path.join("/")), message);
                        }
                        self.dotted_keys_below(&member.value, path);
                        path.pop();
                    }
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate().filter(|(_, item)| holds_keys(item)) {
                    path.push(index.to_string().into());
                    self.dotted_keys_below(item, path);
                    path.pop();
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

fn holds_keys(node: &Node) -> bool {
    matches!(node.value, Value::Object(_) | Value::Array(_))
}

/// A time as RFC 3339 writes it, in UTC as EventBridge does; the reader of the library takes more.
fn utc_time(text: &str) -> Option<Timestamp> {
    let shaped = |text: &str, form: &str| {
        let alike = |(byte, form): (u8, u8)| if form == b'0' { byte.is_ascii_digit() } else { byte == form };
        text.len() == form.len() && text.bytes().zip(form.bytes()).all(alike)
    };
    let (head, rest) = text.split_at_checked("0000-00-00T00:00:00".len())?;
    let zone = match rest.strip_prefix('.') {
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|char: char| char.is_ascii_digit());
            if zone.len() == fraction.len() {
                return None;
            }
            zone
        }
        None => rest,
    };
    let good = shaped(head, "0000-00-00T00:00:00") && matches!(zone, "Z" | "+00:00");
    if good { text.parse().ok() } else { None }
}

fn uuid(text: &str) -> Option<String> {
    crate::ids::uuid_shaped(text).then(|| text.to_ascii_lowercase())
}

fn detail_type(text: &str) -> Option<String> {
    let printable = |char: char| !char.is_control();
    let shaped = (1..=DETAIL_TYPE_CHARS_MAX).contains(&text.chars().count()) && text.chars().all(printable);
    shaped.then(|| text.to_owned())
}

fn source(text: &str) -> Option<String> {
    let taken = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'/');
    ((1..=SOURCE_CHARS_MAX).contains(&text.len()) && text.bytes().all(taken)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(changes: &[(&str, Option<&str>)]) -> String {
        let mut fields = vec![
            ("version", "\"0\"".to_owned()),
            ("id", "\"687754b2-abd6-3ae6-ae2d-f98bd134512e\"".to_owned()),
            ("detail-type", "\"CREATE_ACCOUNT\"".to_owned()),
            ("source", "\"app.infra\"".to_owned()),
            ("account", "\"012345678901\"".to_owned()),
            ("time", "\"2026-11-21T10:00:00Z\"".to_owned()),
            ("region", "\"ap-southeast-2\"".to_owned()),
            ("resources", "[]".to_owned()),
            ("detail", "{}".to_owned()),
        ];
        for (key, value) in changes {
            fields.retain(|(name, _)| name != key);
            fields.extend(value.map(|value| (*key, value.to_owned())));
        }
        let members: Vec<String> = fields.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
        format!("{{{}}}", members.join(","))
    }

    #[track_caller]
    fn refused(body: &str) -> Vec<(&'static str, String)> {
        let refusals = Event::parse(body.as_bytes()).expect_err(body);
        refusals.into_iter().map(|refusal| (refusal.code.as_str(), refusal.at)).collect()
    }

    #[test]
    fn a_good_envelope_is_typed() {
        let event = Event::parse(envelope(&[("detail", Some("{\"a\":1}"))]).as_bytes()).expect("good");
        assert_eq!(event.account.as_str(), "012345678901");
        assert_eq!(event.detail().get("a").and_then(|node| node.value.as_i64()), Some(1));
        assert_eq!(event.replay_name, None);
    }

    #[test]
    fn every_field_is_checked_and_all_faults_are_told() {
        for (key, value, code) in [
            ("account", Some("123456789012"), "BAD_ACCOUNT_ID"),
            ("account", Some("\"12345678901\""), "BAD_ACCOUNT_ID"),
            ("account", Some("\"\u{ff11}23456789012\""), "BAD_ACCOUNT_ID"),
            ("account", None, "BAD_ACCOUNT_ID"),
            ("time", Some("\"yesterday\""), "BAD_TIME"),
            ("time", Some("0"), "BAD_TIME"),
            ("time", Some("\"2026-11-21 10:00:00Z\""), "BAD_TIME"),
            ("time", Some("\"20261121T100000Z\""), "BAD_TIME"),
            ("time", Some("\"2026-11-21T10:00:00.Z\""), "BAD_TIME"),
            ("time", Some("\"2026-11-21T10:00:00+00[UTC]\""), "BAD_TIME"),
            ("time", Some("\"2026-13-21T10:00:00Z\""), "BAD_TIME"),
            ("id", Some("\"x\""), "BAD_ENVELOPE"),
            ("id", None, "MISSING_FIELD"),
            ("version", Some("\"1\""), "BAD_ENVELOPE"),
            ("source", Some("\"app infra\""), "BAD_ENVELOPE"),
            ("region", Some("\"us-east1\""), "BAD_ENVELOPE"),
            ("resources", Some("[1]"), "BAD_ENVELOPE"),
            ("detail", Some("\"{}\""), "BAD_DETAIL"),
            ("detail", Some("[]"), "BAD_DETAIL"),
            ("detail", Some("null"), "BAD_DETAIL"),
            ("detail", None, "BAD_DETAIL"),
            ("hostedZoneId", Some("\"Z1\""), "UNKNOWN_FIELD"),
        ] {
            assert_eq!(refused(&envelope(&[(key, value)])), [(code, format!("/{key}"))], "{key} {value:?}");
        }
        let two = refused(&envelope(&[("account", Some("1")), ("time", Some("1"))]));
        assert_eq!(two.iter().map(|(code, _)| *code).collect::<Vec<_>>(), ["BAD_ACCOUNT_ID", "BAD_TIME"]);
    }

    #[test]
    fn dotted_keys_are_refused_at_any_depth() {
        let body = envelope(&[("detail", Some("{\"meta.tier\":\"gold\",\"a\":[{\"b.c\":1}]}"))]);
        assert_eq!(
            refused(&body),
            [("DOTTED_KEY", "/detail/meta.tier".to_owned()), ("DOTTED_KEY", "/detail/a/0/b.c".to_owned())]
        );
    }

    #[test]
    fn the_size_limit_holds_at_its_edge() {
        let pad = |length: usize| {
            let empty = envelope(&[("detail", Some("{\"a\":\"\"}"))]).len();
            envelope(&[("detail", Some(&format!("{{\"a\":\"{}\"}}", "x".repeat(length - empty))))])
        };
        assert!(Event::parse(pad(EVENT_BYTES_MAX).as_bytes()).is_ok());
        assert_eq!(refused(&pad(EVENT_BYTES_MAX + 1)), [("EVENT_TOO_LARGE", String::new())]);
    }

    #[test]
    fn age_is_judged_at_the_edges() {
        let event = Event::parse(envelope(&[]).as_bytes()).expect("good");
        let at = |text: &str| event.check_age(text.parse().expect("time")).map_err(|refusal| refusal.code);
        assert_eq!(at("2026-11-22T10:00:00Z"), Ok(()));
        assert_eq!(at("2026-11-22T10:00:01Z"), Err(Code::StaleEvent));
        assert_eq!(at("2026-11-21T09:55:00Z"), Ok(()));
        assert_eq!(at("2026-11-21T09:54:59Z"), Err(Code::FutureEvent));
    }
}
