//! The strict reader.

use crate::value::SCAN_KEYS_MAX;
use crate::{ErrorKind, Key, Member, Node, Number, Object, ParseError, Span, Value, escape_pointer_token};
use std::borrow::Cow;

/// How strict to be beyond RFC 8259. There is no lenient mode.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The longest document, in bytes.
    pub bytes_max: usize,
    /// How many arrays and objects may be open at once.
    pub depth_max: usize,
    /// Which characters a string may hold.
    pub strings: StringRule,
}

/// Which characters a string may hold, once unescaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StringRule {
    /// Whatever RFC 8259 allows. A lone surrogate is refused all the same: it has no UTF-8 form.
    Any,
    /// No control characters (C0, DEL, C1) but tab, line feed and carriage return in values, none of them in keys;
    /// no byte order mark, no bidirectional control, no noncharacter. What is left is safe in logs and terminals
    /// once line breaks are escaped.
    Plain,
}

/// Reads one JSON document and nothing after it.
///
/// # Errors
/// The first thing that is wrong, with its byte offset and the JSON pointer of the value it stands in.
pub fn parse(bytes: &[u8], options: &Options) -> Result<Node, ParseError> {
    let whole = |kind, offset| ParseError { kind, offset, pointer: String::new() };
    if bytes.len() > options.bytes_max {
        return Err(whole(ErrorKind::TooLarge, options.bytes_max));
    }
    if matches!(bytes, [0xEF, 0xBB, 0xBF, ..] | [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..] | [0, _, ..] | [_, 0, ..]) {
        return Err(whole(ErrorKind::BadEncoding("it starts with a byte order mark or is UTF-16 or UTF-32".into()), 0));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| whole(ErrorKind::BadEncoding("a byte sequence is not UTF-8".into()), error.valid_up_to()))?;
    let mut parser = Parser { text, bytes, at: 0, path: Vec::new(), options };
    let node = parser.value()?;
    parser.white();
    if parser.at < bytes.len() {
        return Err(whole(ErrorKind::TrailingData, parser.at));
    }
    Ok(node)
}

/// A step from a value to one inside it; turned into a JSON pointer only when something is wrong.
enum Step {
    /// The byte at which the key begins; it is read again when it has to be told.
    Key(usize),
    Index(usize),
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    path: Vec<Step>,
    options: &'a Options,
}

impl<'a> Parser<'a> {
    fn error<T>(&self, kind: ErrorKind, offset: usize) -> Result<T, ParseError> {
        let mut pointer = String::new();
        for step in &self.path {
            pointer.push('/');
            match step {
                Step::Key(at) => {
                    let key = Parser { at: *at, path: Vec::new(), ..*self }.string(true);
                    pointer.push_str(&escape_pointer_token(&key.unwrap_or_default()));
                }
                Step::Index(index) => pointer.push_str(&index.to_string()),
            }
        }
        Err(ParseError { kind, offset, pointer })
    }

    fn expected<T>(&self, what: &str) -> Result<T, ParseError> {
        match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            None => self.error(ErrorKind::UnexpectedEnd, self.at),
            Some(char) => {
                self.error(ErrorKind::Syntax(format!("expected {what}, found `{}`", char.escape_debug())), self.at)
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn white(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self) -> Result<Node, ParseError> {
        self.white();
        let start = self.at;
        let value = match self.peek() {
            Some(b'{') => self.object()?,
            Some(b'[') => self.array()?,
            Some(b'"') => Value::String(self.string(false)?.into_owned()),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            Some(b'N' | b'I') => {
                let rest = self.text.get(self.at..).unwrap_or_default();
                if rest.starts_with("NaN") || rest.starts_with("Infinity") {
                    return self.error(ErrorKind::NumberRange, self.at);
                }
                return self.expected("a value");
            }
            Some(_) | None => return self.expected("a value"),
        };
        Ok(Node { value, span: Span { start, end: self.at } })
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, ParseError> {
        if self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            self.at += word.len();
            return Ok(value);
        }
        self.error(ErrorKind::Syntax(format!("expected `{word}`")), self.at)
    }

    fn deeper(&self) -> Result<(), ParseError> {
        if self.path.len() >= self.options.depth_max {
            return self.error(ErrorKind::TooDeep, self.at);
        }
        Ok(())
    }

    fn array(&mut self) -> Result<Value, ParseError> {
        self.deeper()?;
        self.at += 1;
        let mut items = Vec::new();
        self.white();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::Array(items));
        }
        loop {
            self.path.push(Step::Index(items.len()));
            items.push(self.value()?);
            self.path.pop();
            self.white();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Value::Array(items));
                }
                Some(_) | None => return self.expected("`,` or `]`"),
            }
        }
    }

    fn object(&mut self) -> Result<Value, ParseError> {
        self.deeper()?;
        self.at += 1;
        let mut object = Object::new();
        // Equal keys are looked for by scan in small objects and in a set in large ones: a hostile object of a
        // hundred thousand keys must not cost its square.
        let mut seen = std::collections::HashSet::new();
        self.white();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Object(object));
        }
        loop {
            self.white();
            if self.peek() != Some(b'"') {
                return self.expected("a key in double quotes");
            }
            let start = self.at;
            let key = Key::from(self.string(true)?);
            let key_span = Span { start, end: self.at };
            let twice = if object.len() < SCAN_KEYS_MAX {
                object.get(&key).is_some()
            } else {
                if seen.is_empty() {
                    seen.extend(object.iter().map(|member| member.key.clone()));
                }
                !seen.insert(key.clone())
            };
            self.path.push(Step::Key(start));
            if twice {
                return self.error(ErrorKind::DuplicateKey(key.to_string()), start);
            }
            self.white();
            if self.peek() != Some(b':') {
                return self.expected("`:`");
            }
            self.at += 1;
            let value = self.value()?;
            self.path.pop();
            object.push(Member { key, key_span, value });
            self.white();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Value::Object(object));
                }
                Some(_) | None => return self.expected("`,` or `}`"),
            }
        }
    }

    fn number(&mut self) -> Result<Value, ParseError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            Some(b'I') if self.text.get(self.at..).is_some_and(|rest| rest.starts_with("Infinity")) => {
                return self.error(ErrorKind::NumberRange, start);
            }
            Some(_) | None => return self.expected("a digit"),
        }
        let mut integer = true;
        if self.peek() == Some(b'.') {
            integer = false;
            self.at += 1;
            self.some_digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            integer = false;
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.some_digits()?;
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        let number = if integer {
            text.parse::<i64>().ok().map(Number::Int)
        } else {
            text.parse::<f64>().ok().filter(|float| float.is_finite()).map(Number::Float)
        };
        match number {
            Some(number) => Ok(Value::Number(number)),
            None => self.error(ErrorKind::NumberRange, start),
        }
    }

    fn digits(&mut self) {
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
    }

    fn some_digits(&mut self) -> Result<(), ParseError> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return self.expected("a digit");
        }
        self.digits();
        Ok(())
    }

    /// A string, unescaped; one without escapes is not copied.
    fn string(&mut self, key: bool) -> Result<Cow<'a, str>, ParseError> {
        let start = self.at;
        self.at += 1;
        let mut out = Cow::Borrowed("");
        loop {
            let run = self.at;
            while !matches!(self.peek(), None | Some(b'"' | b'\\' | 0..=0x1F)) {
                self.at += 1;
            }
            out += self.text.get(run..self.at).unwrap_or_default();
            match self.peek() {
                None => return self.error(ErrorKind::UnexpectedEnd, self.at),
                Some(b'"') => {
                    self.at += 1;
                    break;
                }
                Some(b'\\') => out.to_mut().push(self.escape()?),
                Some(_) => {
                    let what = "a control character that is not escaped".to_owned();
                    return self.error(ErrorKind::BadString(what), self.at);
                }
            }
        }
        if self.options.strings == StringRule::Plain
            && !out.bytes().all(|byte| matches!(byte, b' '..=b'~'))
            && let Some(bad) = out.chars().find(|&char| !plain(char, key))
        {
            return self.error(ErrorKind::BadString(format!("the character U+{:04X}", u32::from(bad))), start);
        }
        Ok(out)
    }

    fn escape(&mut self) -> Result<char, ParseError> {
        let start = self.at;
        self.at += 1;
        let escaped = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode(start);
            }
            None => return self.error(ErrorKind::UnexpectedEnd, self.at),
            Some(_) => return self.error(ErrorKind::Syntax("unknown escape in a string".to_owned()), start),
        };
        self.at += 1;
        Ok(escaped)
    }

    fn unicode(&mut self, start: usize) -> Result<char, ParseError> {
        let first = self.hex4(start)?;
        let code = match first {
            0xD800..=0xDBFF if self.text.get(self.at..).is_some_and(|rest| rest.starts_with("\\u")) => {
                self.at += 2;
                let second = self.hex4(start)?;
                if (0xDC00..=0xDFFF).contains(&second) {
                    0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)
                } else {
                    first
                }
            }
            other => other,
        };
        match char::from_u32(code) {
            Some(char) => Ok(char),
            None => self.error(ErrorKind::BadString("a lone surrogate".to_owned()), start),
        }
    }

    fn hex4(&mut self, start: usize) -> Result<u32, ParseError> {
        let digits = self.text.get(self.at..self.at + 4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        match digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) {
            Some(code) => {
                self.at += 4;
                Ok(code)
            }
            None => self.error(ErrorKind::Syntax("expected four hexadecimal digits after `\\u`".to_owned()), start),
        }
    }
}

/// Whether `StringRule::Plain` takes the character.
fn plain(char: char, key: bool) -> bool {
    match char {
        '\t' | '\n' | '\r' => !key,
        '\0'..='\u{1F}' | '\u{7F}'..='\u{9F}' => false,
        // Bidirectional marks, embeddings, overrides and isolates: they reorder what a person reads.
        '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => false,
        '\u{FEFF}' | '\u{FDD0}'..='\u{FDEF}' => false,
        other => u32::from(other) & 0xFFFE != 0xFFFE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{canonical, compact};
    use proptest::prelude::*;

    const OPTIONS: Options = Options { bytes_max: 1 << 20, depth_max: 64, strings: StringRule::Plain };

    #[track_caller]
    fn refused(text: &str) -> (ErrorKind, usize, String) {
        let error = parse(text.as_bytes(), &OPTIONS).expect_err(text);
        (error.kind, error.offset, error.pointer)
    }

    #[test]
    fn every_refusal_names_kind_offset_and_pointer() {
        let syntax = |text: &str| ErrorKind::Syntax(text.to_owned());
        for (text, kind, offset, pointer) in [
            ("", ErrorKind::UnexpectedEnd, 0, ""),
            ("{\"a\":", ErrorKind::UnexpectedEnd, 5, "/a"),
            ("\"abc", ErrorKind::UnexpectedEnd, 4, ""),
            ("{\"a\":1,}", syntax("expected a key in double quotes, found `}`"), 7, ""),
            ("[1,]", syntax("expected a value, found `]`"), 3, "/1"),
            ("{\"a\" 1}", syntax("expected `:`, found `1`"), 5, "/a"),
            ("[1 2]", syntax("expected `,` or `]`, found `2`"), 3, ""),
            ("// x", syntax("expected a value, found `/`"), 0, ""),
            ("01", ErrorKind::TrailingData, 1, ""),
            ("1.", ErrorKind::UnexpectedEnd, 2, ""),
            ("+1", syntax("expected a value, found `+`"), 0, ""),
            ("{} {}", ErrorKind::TrailingData, 3, ""),
            ("{}x", ErrorKind::TrailingData, 2, ""),
            ("{\"a\":{\"b\":1,\"b\":2}}", ErrorKind::DuplicateKey("b".into()), 12, "/a/b"),
            ("{\"b\":1,\"\\u0062\":2}", ErrorKind::DuplicateKey("b".into()), 7, "/b"),
            ("[9223372036854775808]", ErrorKind::NumberRange, 1, "/0"),
            ("[-9223372036854775809]", ErrorKind::NumberRange, 1, "/0"),
            ("[1e400]", ErrorKind::NumberRange, 1, "/0"),
            ("[NaN]", ErrorKind::NumberRange, 1, "/0"),
            ("[-Infinity]", ErrorKind::NumberRange, 1, "/0"),
            ("[\"\\ud800\"]", ErrorKind::BadString("a lone surrogate".into()), 2, "/0"),
            ("[\"\\ud800\\u0041\"]", ErrorKind::BadString("a lone surrogate".into()), 2, "/0"),
            ("[\"\\u0000\"]", ErrorKind::BadString("the character U+0000".into()), 1, "/0"),
            ("[\"\\u0085\"]", ErrorKind::BadString("the character U+0085".into()), 1, "/0"),
            ("[\"\u{202e}\"]", ErrorKind::BadString("the character U+202E".into()), 1, "/0"),
            ("[\"\u{feff}\"]", ErrorKind::BadString("the character U+FEFF".into()), 1, "/0"),
            ("[\"a\nb\"]", ErrorKind::BadString("a control character that is not escaped".into()), 3, "/0"),
            ("{\"a\\nb\":1}", ErrorKind::BadString("the character U+000A".into()), 1, ""),
            ("[\"\\x\"]", syntax("unknown escape in a string"), 2, "/0"),
            ("[\"\\u12\"]", syntax("expected four hexadecimal digits after `\\u`"), 2, "/0"),
        ] {
            assert_eq!(refused(text), (kind, offset, pointer.to_owned()), "{text}");
        }
    }

    #[test]
    fn encodings_other_than_plain_utf8_are_refused() {
        for bytes in [&b"\xEF\xBB\xBF{}"[..], b"\xFF\xFE{\0}\0", b"\xFE\xFF\0{\0}", b"{\0}\0", b"\0{\0}", b"[\"\xFF\"]"]
        {
            let error = parse(bytes, &OPTIONS).expect_err("refused");
            assert!(matches!(error.kind, ErrorKind::BadEncoding(_)), "{error:?}");
        }
    }

    #[test]
    fn limits_hold_at_their_edge() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(nested(64).as_bytes(), &OPTIONS).is_ok());
        assert_eq!(refused(&nested(65)).0, ErrorKind::TooDeep);
        assert_eq!(refused(&"[".repeat(100_000)).0, ErrorKind::TooDeep);
        let options = Options { bytes_max: 4, ..OPTIONS };
        assert!(parse(b"1234", &options).is_ok());
        assert_eq!(parse(b"12345", &options).expect_err("too large").kind, ErrorKind::TooLarge);
    }

    #[test]
    fn duplicate_keys_are_found_in_large_objects_too() {
        let mut members: Vec<String> = (0..100).map(|index| format!("\"k{index}\":0")).collect();
        assert!(parse(format!("{{{}}}", members.join(",")).as_bytes(), &OPTIONS).is_ok());
        members.push("\"k3\":0".to_owned());
        assert_eq!(refused(&format!("{{{}}}", members.join(","))).0, ErrorKind::DuplicateKey("k3".into()));
    }

    #[test]
    fn spans_cover_the_value() {
        let text = "{ \"a\" : [ 1 , \"x\" ] }";
        let node = parse(text.as_bytes(), &OPTIONS).expect("valid");
        let span = node.pointer("/a/1").expect("there").span;
        assert_eq!(&text[span.start..span.end], "\"x\"");
        assert_eq!((node.span.start, node.span.end), (0, text.len()));
        assert!(node.pointer("/a/2").is_none() && node.pointer("/b").is_none() && node.pointer("a").is_none());
    }

    #[test]
    fn pretty_text_is_indented_and_stays_in_order() {
        let empty = Value::array::<Value>([]);
        let value = Value::object([("b", Value::array(["x\\", "y"])), ("a", empty), ("c", Value::from(true))]);
        let expected = "{\n  \"b\": [\n    \"x\\\\\",\n    \"y\"\n  ],\n  \"a\": [],\n  \"c\": true\n}";
        assert_eq!(crate::pretty(&value), expected);
        assert_eq!(crate::pretty(&Value::Null), "null");
    }

    #[test]
    fn the_canonical_text_is_one_for_equal_values() {
        let read = |text: &str| parse(text.as_bytes(), &OPTIONS).expect(text).value;
        assert_eq!(canonical(&read("{\"b\":3e2,\"a\":-0.0}")), "{\"a\":0,\"b\":300}");
        assert_eq!(canonical(&read("{ \"a\" : 0, \"b\" : 300.0 }")), "{\"a\":0,\"b\":300}");
        assert_eq!(
            compact(&read("{\"b\":\"\\u00e9\\/\\n\",\"a\":[null,true]}")),
            "{\"b\":\"\u{e9}/\\n\",\"a\":[null,true]}"
        );
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_filter("finite", |f| f.is_finite()).prop_map(|f| Value::Number(Number::Float(f))),
            "[ -~\u{e9}\u{4e2d}\n\t]{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::array),
                prop::collection::btree_map("[ -~\u{e9}]{0,6}", inner, 0..6).prop_map(Value::object),
            ]
        })
    }

    proptest! {
        #[test]
        fn canonical_text_reads_back_to_itself(value in any_value()) {
            let text = canonical(&value);
            let again = parse(text.as_bytes(), &OPTIONS).expect("canonical text is strict JSON").value;
            prop_assert_eq!(canonical(&again), text);
        }

        #[test]
        fn agrees_with_a_general_reader_on_what_it_accepts(text in "[\\[\\]{}:,\"a\\\\u0-9eE+.\\- tfn]{0,24}") {
            if parse(text.as_bytes(), &OPTIONS).is_ok() {
                prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
            }
        }

        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = parse(&bytes, &OPTIONS);
        }
    }
}
