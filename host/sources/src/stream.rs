//! Events from a file or standard input, one at a time: memory does not grow with the stream.

use crate::unwrap::{might_wrap, unwrap};
use reeve_engine::Delivery;
use reeve_json::{ErrorKind, Options, StringRule};
use reeve_model::limits::EVENT_BYTES_MAX;
use std::collections::VecDeque;
use std::io::{self, BufRead, Read};

/// Largest document that is read whole, bytes: ten SQS messages of 1 MiB, escaped.
pub const DOCUMENT_BYTES_MAX: usize = 32 * 1_048_576;

/// How documents are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// One document a line.
    Lines,
    /// The whole input is one document.
    Whole,
    /// Lines, if the first line is a document of its own; else one document.
    Sniff,
}

/// The input could not be read. What was delivered before stands.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Reading failed.
    #[error("failed to read `{origin}`")]
    Read {
        /// The input.
        origin: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// One document of more than [`DOCUMENT_BYTES_MAX`].
    #[error("`{origin}` is one document of more than {DOCUMENT_BYTES_MAX} bytes")]
    TooLarge {
        /// The input.
        origin: String,
    },
}

/// Deliveries of one input, in order.
pub struct Deliveries<R> {
    reader: R,
    origin: String,
    framing: Framing,
    vouched: bool,
    line: usize,
    bytes_read: u64,
    waiting: VecDeque<Delivery>,
    ended: bool,
}

impl<R> std::fmt::Debug for Deliveries<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deliveries").field("origin", &self.origin).field("line", &self.line).finish_non_exhaustive()
    }
}

impl<R: BufRead> Deliveries<R> {
    /// Deliveries of `reader`. `vouched`: an operator takes the envelopes' accounts as verified.
    pub fn new(reader: R, origin: impl Into<String>, framing: Framing, vouched: bool) -> Self {
        Self {
            reader,
            origin: origin.into(),
            framing,
            vouched,
            line: 0,
            bytes_read: 0,
            waiting: VecDeque::new(),
            ended: false,
        }
    }

    /// Bytes read so far.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    fn read_more(&mut self) -> Result<(), SourceError> {
        let line = match self.framing {
            Framing::Whole => return self.whole(Vec::new()),
            Framing::Lines | Framing::Sniff => self.read_line()?,
        };
        let Some(line) = line else {
            self.ended = true;
            return Ok(());
        };
        if line.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        if self.framing == Framing::Sniff {
            if unfinished(&line) {
                return self.whole(line);
            }
            self.framing = Framing::Lines;
        }
        let origin = format!("{}:{}", self.origin, self.line);
        self.waiting.extend(unwrap(line, &origin, self.vouched));
        Ok(())
    }

    /// One line, without its break. Of a line longer than an event may be, just enough to be refused as too large; the
    /// rest is skipped.
    fn read_line(&mut self) -> Result<Option<Vec<u8>>, SourceError> {
        // A line may be a batch of messages, or while sniffing the start of a whole document.
        let keep = DOCUMENT_BYTES_MAX;
        let mut line = Vec::new();
        let mut any = false;
        loop {
            let failed = |source| SourceError::Read { origin: self.origin.clone(), source };
            let block = match self.reader.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other.map_err(failed)?,
            };
            if block.is_empty() {
                break;
            }
            any = true;
            let found = block.iter().position(|&byte| byte == b'\n');
            let (text, used) = found.map_or((block, block.len()), |at| (block.get(..at).unwrap_or_default(), at + 1));
            let room = keep.saturating_sub(line.len());
            line.extend_from_slice(text.get(..room).unwrap_or(text));
            self.reader.consume(used);
            self.bytes_read += u64::try_from(used).unwrap_or(0);
            if found.is_some() {
                break;
            }
        }
        self.line += 1;
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        if self.framing == Framing::Lines && !might_wrap(&line) {
            line.truncate(EVENT_BYTES_MAX + 1);
        }
        Ok(any.then_some(line))
    }

    /// The rest of the input as one document, after what was read of it.
    fn whole(&mut self, start: Vec<u8>) -> Result<(), SourceError> {
        self.ended = true;
        let mut document = start;
        if !document.is_empty() {
            document.push(b'\n');
        }
        let room = u64::try_from(DOCUMENT_BYTES_MAX + 1).unwrap_or(u64::MAX);
        let read = (&mut self.reader).take(room).read_to_end(&mut document);
        let read = read.map_err(|source| SourceError::Read { origin: self.origin.clone(), source })?;
        self.bytes_read += u64::try_from(read).unwrap_or(0);
        if document.len() > DOCUMENT_BYTES_MAX {
            return Err(SourceError::TooLarge { origin: self.origin.clone() });
        }
        if document.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        if self.framing == Framing::Sniff && !is_json(&document) {
            // The first line was a broken event after all, and the others must not go down with it.
            for (index, line) in document.split(|&byte| byte == b'\n').enumerate() {
                if !line.iter().all(u8::is_ascii_whitespace) {
                    let origin = format!("{}:{}", self.origin, self.line + index);
                    self.waiting.extend(unwrap(line.to_vec(), &origin, self.vouched));
                }
            }
            return Ok(());
        }
        self.waiting.extend(unwrap(document, &self.origin, self.vouched));
        Ok(())
    }
}

/// Whether a line is the beginning of a JSON document that goes on: that, and nothing else, makes a line part of a
/// larger document. A line that is wrong in any other way is a wrong event of its own.
fn unfinished(line: &[u8]) -> bool {
    matches!(reeve_json::parse(line, &OPTIONS), Err(error) if error.kind == ErrorKind::UnexpectedEnd)
}

/// Whether a text is one JSON document; one that an event may not be, such as one with a key twice, is one all the same.
fn is_json(document: &[u8]) -> bool {
    reeve_json::parse(document, &OPTIONS).map_or_else(
        |error| !matches!(error.kind, ErrorKind::Syntax(_) | ErrorKind::UnexpectedEnd | ErrorKind::TrailingData),
        |_| true,
    )
}

const OPTIONS: Options = Options { bytes_max: DOCUMENT_BYTES_MAX, depth_max: 1_000, strings: StringRule::Any };

impl<R: BufRead> Iterator for Deliveries<R> {
    type Item = Result<Delivery, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.waiting.is_empty() && !self.ended {
            if let Err(error) = self.read_more() {
                self.ended = true;
                return Some(Err(error));
            }
        }
        self.waiting.pop_front().map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bodies(text: &[u8], framing: Framing) -> Vec<(String, String)> {
        let deliveries = Deliveries::new(text, "in", framing, false);
        let body = |it: Delivery| (it.origin, String::from_utf8_lossy(&it.body).into_owned());
        deliveries.map(|it| body(it.expect("readable"))).collect()
    }

    fn pair(origin: &str, body: &str) -> (String, String) {
        (origin.to_owned(), body.to_owned())
    }

    #[test]
    fn lines_and_whole_documents_are_told_apart() {
        let two = "{\"a\":1}\n\n{\"a\":2}\r\n";
        assert_eq!(bodies(two.as_bytes(), Framing::Sniff), [pair("in:1", "{\"a\":1}"), pair("in:3", "{\"a\":2}")]);
        let pretty = "{\n  \"a\": 1\n}\n";
        assert_eq!(bodies(pretty.as_bytes(), Framing::Sniff), [pair("in", pretty)]);
        assert_eq!(bodies(pretty.as_bytes(), Framing::Lines).len(), 3);
        assert_eq!(bodies(two.as_bytes(), Framing::Whole).len(), 1);
        assert!(bodies(b" \n", Framing::Sniff).is_empty());
        assert!(bodies(b"", Framing::Lines).is_empty());
        let wrong_first = "{\"a\":1,\"a\":2}\n{\"a\":2}\n";
        assert_eq!(bodies(wrong_first.as_bytes(), Framing::Sniff).len(), 2);
    }

    #[test]
    fn a_broken_first_line_does_not_take_the_others_with_it() {
        let text = "{\n{\"a\":1}\n{\"a\":2}\n";
        let seen = bodies(text.as_bytes(), Framing::Sniff);
        assert_eq!(seen, [pair("in:1", "{"), pair("in:2", "{\"a\":1}"), pair("in:3", "{\"a\":2}")]);
    }

    #[test]
    fn a_batch_on_one_line_may_be_larger_than_an_event() {
        let body = format!("{{\\\"a\\\":\\\"{}\\\"}}", "x".repeat(EVENT_BYTES_MAX - 100));
        let message = format!("{{\"body\":\"{body}\"}}");
        let batch = format!("{{\"Records\":[{message},{message}]}}\n");
        assert_eq!(bodies(batch.as_bytes(), Framing::Lines).len(), 2);
    }

    #[test]
    fn an_overlong_line_is_cut_where_it_is_sure_to_be_refused() {
        let text = format!("{}\n{{}}\n", "x".repeat(EVENT_BYTES_MAX * 2));
        let seen = bodies(text.as_bytes(), Framing::Lines);
        assert_eq!(seen.len(), 2);
        assert_eq!(seen[0].1.len(), EVENT_BYTES_MAX + 1);
        assert_eq!(seen[1].1, "{}");
    }

    #[test]
    fn a_document_over_the_limit_is_an_error() {
        let text = "x".repeat(DOCUMENT_BYTES_MAX + 1);
        let mut deliveries = Deliveries::new(text.as_bytes(), "in", Framing::Whole, false);
        assert!(matches!(deliveries.next(), Some(Err(SourceError::TooLarge { .. }))));
        assert!(deliveries.next().is_none());
    }

    proptest! {
        #[test]
        fn every_line_is_delivered_once(lines in prop::collection::vec("[a-z{}\":0-9]{1,20}", 0..20)) {
            let text = lines.join("\n");
            let seen: Vec<String> = bodies(text.as_bytes(), Framing::Lines).into_iter().map(|(_, body)| body).collect();
            prop_assert_eq!(seen, lines);
        }
    }
}
