//! Record types and values: each value is read, checked, and written again in one form.
//!
//! Sources: Route 53 developer guide, ResourceRecordTypes; RFC 1035, 2782, 3403, 4034, 4255, 6698, 8659, 9460.

use crate::{Code, DnsName, NameRule};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Longest single value, characters (Route 53 API reference, ResourceRecord).
pub const VALUE_CHARS_MAX: usize = 4_000;
/// Longest string inside a TXT value, characters.
pub const TXT_STRING_CHARS_MAX: usize = 255;
/// Most values of one record set (Route 53 quotas).
pub const VALUES_MAX: usize = 400;

/// Record types that can be asked for. SOA is missing on purpose: it is the zone's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are those of the DNS parameters registry")]
pub enum RecordType {
    A,
    Aaaa,
    Caa,
    Cname,
    Ds,
    Https,
    Mx,
    Naptr,
    Ns,
    Ptr,
    Spf,
    Srv,
    Sshfp,
    Svcb,
    Tlsa,
    Txt,
}

impl RecordType {
    /// Every type, in the order of their names.
    pub const ALL: [Self; 16] = [
        Self::A,
        Self::Aaaa,
        Self::Caa,
        Self::Cname,
        Self::Ds,
        Self::Https,
        Self::Mx,
        Self::Naptr,
        Self::Ns,
        Self::Ptr,
        Self::Spf,
        Self::Srv,
        Self::Sshfp,
        Self::Svcb,
        Self::Tlsa,
        Self::Txt,
    ];

    /// The type's name, upper case, as Route 53 writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Caa => "CAA",
            Self::Cname => "CNAME",
            Self::Ds => "DS",
            Self::Https => "HTTPS",
            Self::Mx => "MX",
            Self::Naptr => "NAPTR",
            Self::Ns => "NS",
            Self::Ptr => "PTR",
            Self::Spf => "SPF",
            Self::Srv => "SRV",
            Self::Sshfp => "SSHFP",
            Self::Svcb => "SVCB",
            Self::Tlsa => "TLSA",
            Self::Txt => "TXT",
        }
    }

    /// Reads the name, which is case-sensitive as in the API.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == text)
    }

    /// Whether the owner of such a record is a host, whose name has neither `_` nor other oddities (RFC 952, 1123).
    #[must_use]
    pub fn owner_is_host(self) -> bool {
        matches!(self, Self::A | Self::Aaaa | Self::Mx)
    }
}

/// Why a value was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadValue {
    /// The code.
    pub code: Code,
    /// One clause for a person.
    pub message: String,
}

fn bad<T>(code: Code, message: impl Into<String>) -> Result<T, BadValue> {
    Err(BadValue { code, message: message.into() })
}

/// Reads a value of a record type and writes it in canonical form.
///
/// `private_zone` admits addresses that must not be published to the world.
///
/// # Errors
/// The code of what is wrong with it.
pub fn canonical_value(record_type: RecordType, value: &str, private_zone: bool) -> Result<String, BadValue> {
    if value.chars().count() > VALUE_CHARS_MAX {
        let code =
            if matches!(record_type, RecordType::Txt | RecordType::Spf) { Code::TxtFormat } else { Code::RecordFormat };
        return bad(code, format!("the value is longer than {VALUE_CHARS_MAX} characters"));
    }
    match record_type {
        RecordType::A => ipv4(value, private_zone),
        RecordType::Aaaa => ipv6(value, private_zone),
        RecordType::Cname | RecordType::Ns | RecordType::Ptr => target(value),
        RecordType::Mx => {
            let [preference, host] = fields(value, "a preference and a host, such as `10 mail.example.com`")?;
            Ok(format!("{} {}", number::<u16>(preference, "preference")?, target(host)?))
        }
        RecordType::Srv => {
            let [priority, weight, port, host] = fields(value, "priority, weight, port and target")?;
            let host = if host == "." { ".".to_owned() } else { target(host)? };
            let numbers =
                [number::<u16>(priority, "priority")?, number::<u16>(weight, "weight")?, number::<u16>(port, "port")?];
            Ok(format!("{} {} {} {host}", numbers[0], numbers[1], numbers[2]))
        }
        RecordType::Txt | RecordType::Spf => txt(value),
        RecordType::Caa => caa(value).map(|(flags, tag, text)| format!("{flags} {tag} \"{text}\"")),
        RecordType::Ds => {
            let [tag, algorithm, digest_type, digest] = fields(value, "key tag, algorithm, digest type and digest")?;
            Ok(format!(
                "{} {} {} {}",
                number::<u16>(tag, "key tag")?,
                number::<u8>(algorithm, "algorithm")?,
                number::<u8>(digest_type, "digest type")?,
                hex(digest)?
            ))
        }
        RecordType::Sshfp => {
            let [algorithm, kind, fingerprint] = fields(value, "algorithm, type and fingerprint")?;
            let (algorithm, kind) = (number::<u8>(algorithm, "algorithm")?, number::<u8>(kind, "type")?);
            Ok(format!("{algorithm} {kind} {}", hex(fingerprint)?))
        }
        RecordType::Tlsa => {
            let [usage, selector, matching, data] = fields(value, "usage, selector, matching type and data")?;
            Ok(format!(
                "{} {} {} {}",
                number::<u8>(usage, "usage")?,
                number::<u8>(selector, "selector")?,
                number::<u8>(matching, "matching type")?,
                hex(data)?
            ))
        }
        RecordType::Naptr => naptr(value),
        RecordType::Https | RecordType::Svcb => svcb(value, private_zone),
    }
}

fn fields<'a, const N: usize>(value: &'a str, what: &str) -> Result<[&'a str; N], BadValue> {
    let parts: Vec<&str> = value.split(' ').collect();
    match <[&str; N]>::try_from(parts) {
        Ok(parts) if parts.iter().all(|part| !part.is_empty()) => Ok(parts),
        Ok(_) | Err(_) => bad(Code::RecordFormat, format!("`{}` is not {what}, one space apart", value.escape_debug())),
    }
}

fn number<N: std::str::FromStr>(text: &str, what: &str) -> Result<N, BadValue> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(number) if digits => Ok(number),
        Ok(_) | Err(_) => bad(Code::RecordFormat, format!("`{}` is not a {what}", text.escape_debug())),
    }
}

fn hex(text: &str) -> Result<String, BadValue> {
    if text.is_empty() || text.len() % 2 == 1 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return bad(Code::RecordFormat, format!("`{}` is not hexadecimal", text.escape_debug()));
    }
    Ok(text.to_ascii_lowercase())
}

fn target(text: &str) -> Result<String, BadValue> {
    if text.parse::<Ipv6Addr>().is_ok() {
        return bad(Code::DnsTargetFormat, format!("`{text}` is an address, not a name"));
    }
    match DnsName::parse(text, NameRule::Target) {
        Ok(name) => Ok(name.as_str().to_owned()),
        Err(error) => bad(error.code, error.message),
    }
}

fn ipv4(text: &str, private_zone: bool) -> Result<String, BadValue> {
    // The standard reader takes four decimal numbers without leading zeros and nothing else.
    let Ok(address) = text.parse::<Ipv4Addr>() else {
        return bad(Code::AddrFormat, format!("`{}` is not four decimal numbers with dots", text.escape_debug()));
    };
    if never_published_v4(address) || (!private_zone && address.is_private()) {
        return bad(Code::AddrForbidden, format!("`{address}` must not be published in this zone"));
    }
    Ok(address.to_string())
}

/// Addresses that lead to the asker's own machine, the instance metadata service, or nowhere (RFC 6890).
fn never_published_v4(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || first == 0
        || first >= 240
        || (first == 100 && (64..128).contains(&second))
}

fn ipv6(text: &str, private_zone: bool) -> Result<String, BadValue> {
    let Ok(address) = text.parse::<Ipv6Addr>() else {
        return bad(Code::AddrFormat, format!("`{}` is not an IPv6 address", text.escape_debug()));
    };
    // A zero first half covers ::, ::1, the mapped and the compatible IPv4 forms.
    let embeds_v4 = address.segments().iter().take(5).all(|&segment| segment == 0)
        || address.segments().starts_with(&[0x64, 0xff9b])
        || address.segments().first() == Some(&0x2002);
    let never = embeds_v4 || address.is_unicast_link_local() || address.is_multicast();
    if never || (!private_zone && address.is_unique_local()) {
        return bad(Code::AddrForbidden, format!("`{address}` must not be published in this zone"));
    }
    Ok(address.to_string())
}

/// One or more quoted strings, one space apart. Inside, `\"` and `\\` are escapes, and so is `\ooo` for a byte that
/// Route 53 wants escaped; the case is kept.
fn txt(value: &str) -> Result<String, BadValue> {
    let wrong = |message: &str| bad(Code::TxtFormat, format!("{message} in `{}`", shorten(value)));
    let mut rest = value;
    loop {
        let Some(inner) = rest.strip_prefix('"') else {
            return wrong("a string that does not begin with a double quote");
        };
        let Some(end) = closing_quote(inner) else {
            return wrong("a string without its closing double quote");
        };
        let text = inner.get(..end).unwrap_or_default();
        if txt_string_chars(text).is_none_or(|chars| chars > TXT_STRING_CHARS_MAX) {
            return wrong("a string over 255 characters, or with an escape or character that is not taken");
        }
        rest = inner.get(end + 1..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(value.to_owned());
        }
        let Some(next) = rest.strip_prefix(' ') else {
            return wrong("strings that are not one space apart");
        };
        rest = next;
    }
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    })
}

/// How many characters the quoted text stands for; `None` when it holds something that is not taken.
fn txt_string_chars(text: &str) -> Option<usize> {
    let mut chars = text.chars();
    let mut count = 0;
    while let Some(char) = chars.next() {
        count += 1;
        match char {
            '\\' => match chars.next()? {
                '"' | '\\' => {}
                first @ '0'..='3' => {
                    let octal = [chars.next()?, chars.next()?];
                    if !(first.is_ascii_digit() && octal.iter().all(|digit| ('0'..='7').contains(digit))) {
                        return None;
                    }
                }
                _ => return None,
            },
            ' '..='~' => {}
            _ => return None,
        }
    }
    Some(count)
}

/// Flags, tag and value of a CAA record.
///
/// # Errors
/// `CAA_FORMAT`.
pub fn caa(value: &str) -> Result<(u8, String, String), BadValue> {
    let read = || {
        let (flags, rest) = value.split_once(' ')?;
        let (tag, text) = rest.split_once(' ')?;
        let text = text.strip_prefix('"')?.strip_suffix('"')?;
        let flags = number::<u8>(flags, "flags").ok().filter(|flags| matches!(flags, 0 | 128))?;
        let tag_ok = !tag.is_empty() && tag.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let text_ok = text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\');
        (tag_ok && text_ok).then(|| (flags, tag.to_ascii_lowercase(), text.to_owned()))
    };
    match read() {
        Some(caa) => Ok(caa),
        None => bad(Code::CaaFormat, format!("`{}` is not of the form `0 issue \"ca.example.net\"`", shorten(value))),
    }
}

fn naptr(value: &str) -> Result<String, BadValue> {
    let [order, preference, flags, service, regexp, replacement] =
        fields(value, "order, preference, flags, service, regexp and replacement")?;
    let quoted = |text: &str| {
        let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        inner.is_some_and(|inner| !inner.contains('"') && inner.bytes().all(|byte| matches!(byte, b'!'..=b'~')))
    };
    if ![flags, service, regexp].into_iter().all(quoted) {
        return bad(Code::RecordFormat, "flags, service and regexp of a NAPTR value are quoted");
    }
    let replacement = if replacement == "." { ".".to_owned() } else { target(replacement)? };
    let (order, preference) = (number::<u16>(order, "order")?, number::<u16>(preference, "preference")?);
    Ok(format!("{order} {preference} {flags} {service} {regexp} {replacement}"))
}

fn svcb(value: &str, private_zone: bool) -> Result<String, BadValue> {
    let mut parts = value.split(' ');
    let (Some(priority), Some(name)) = (parts.next(), parts.next()) else {
        return bad(Code::RecordFormat, "an SVCB value is a priority, a target and parameters");
    };
    let priority = number::<u16>(priority, "priority")?;
    let mut text = format!("{priority} {}", if name == "." { ".".to_owned() } else { target(name)? });
    for parameter in parts {
        let key = parameter.split('=').next().unwrap_or_default();
        let key_ok = !key.is_empty() && key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !key_ok || !parameter.bytes().all(|byte| matches!(byte, b'!'..=b'~')) {
            return bad(Code::RecordFormat, format!("`{}` is not a parameter `key=value`", parameter.escape_debug()));
        }
        // A hint is an address as good as an A or AAAA record's.
        for hint in parameter.strip_prefix("ipv4hint=").into_iter().flat_map(|hints| hints.split(',')) {
            ipv4(hint, private_zone)?;
        }
        for hint in parameter.strip_prefix("ipv6hint=").into_iter().flat_map(|hints| hints.split(',')) {
            ipv6(hint, private_zone)?;
        }
        text.push(' ');
        text.push_str(parameter);
    }
    Ok(text)
}

fn shorten(text: &str) -> String {
    let shown: String = text.chars().take(60).flat_map(char::escape_debug).collect();
    if text.chars().count() > 60 { format!("{shown}…") } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;
    use RecordType as T;

    #[test]
    fn good_values_get_one_form() {
        let long = format!("\"{}\"", "x".repeat(TXT_STRING_CHARS_MAX));
        for (record_type, value, canonical) in [
            (T::A, "192.0.2.1", "192.0.2.1"),
            (T::Aaaa, "2001:DB8:0:0::1", "2001:db8::1"),
            (T::Cname, "Target.Example.NET.", "target.example.net"),
            (T::Mx, "10 Mail.example.com.", "10 mail.example.com"),
            (T::Srv, "1 2 443 host.example.com", "1 2 443 host.example.com"),
            (T::Srv, "0 0 0 .", "0 0 0 ."),
            (T::Txt, "\"v=spf1 -all\"", "\"v=spf1 -all\""),
            (T::Txt, "\"a\\\"b\" \"C\\040\"", "\"a\\\"b\" \"C\\040\""),
            (T::Txt, &long, &long),
            (T::Caa, "0 issue \"letsencrypt.org\"", "0 issue \"letsencrypt.org\""),
            (T::Ds, "12345 13 2 ABCD", "12345 13 2 abcd"),
            (T::Sshfp, "1 2 AB", "1 2 ab"),
            (T::Tlsa, "3 1 1 ab", "3 1 1 ab"),
            (
                T::Naptr,
                "100 10 \"U\" \"E2U+sip\" \"!^.*$!sip:a@b!\" .",
                "100 10 \"U\" \"E2U+sip\" \"!^.*$!sip:a@b!\" .",
            ),
            (T::Https, "1 . alpn=h2", "1 . alpn=h2"),
        ] {
            assert_eq!(canonical_value(record_type, value, false).as_deref(), Ok(canonical), "{value}");
        }
        assert_eq!(canonical_value(T::A, "10.0.0.5", true).as_deref(), Ok("10.0.0.5"));
        assert_eq!(canonical_value(T::Aaaa, "fd00::1", true).as_deref(), Ok("fd00::1"));
    }

    #[test]
    fn bad_values_get_their_code() {
        let long = format!("\"{}\"", "x".repeat(TXT_STRING_CHARS_MAX + 1));
        let total = vec!["\"x\""; 1_001].join(" ");
        for (record_type, value, code) in [
            (T::A, "169.254.169.254", "ADDR_FORBIDDEN"),
            (T::A, "127.0.0.1", "ADDR_FORBIDDEN"),
            (T::A, "10.0.0.5", "ADDR_FORBIDDEN"),
            (T::A, "100.64.0.1", "ADDR_FORBIDDEN"),
            (T::A, "0.0.0.0", "ADDR_FORBIDDEN"),
            (T::A, "010.0.0.1", "ADDR_FORMAT"),
            (T::A, "1.2.3", "ADDR_FORMAT"),
            (T::A, "2130706433", "ADDR_FORMAT"),
            (T::A, "10.0.0.5; calc", "ADDR_FORMAT"),
            (T::A, "10.0.0.5/24", "ADDR_FORMAT"),
            (T::A, "::1", "ADDR_FORMAT"),
            (T::Aaaa, "::ffff:169.254.169.254", "ADDR_FORBIDDEN"),
            (T::Aaaa, "::1", "ADDR_FORBIDDEN"),
            (T::Aaaa, "fe80::1", "ADDR_FORBIDDEN"),
            (T::Aaaa, "fd00::1", "ADDR_FORBIDDEN"),
            (T::Aaaa, "64:ff9b::7f00:1", "ADDR_FORBIDDEN"),
            (T::Aaaa, "192.0.2.1", "ADDR_FORMAT"),
            (T::Cname, "1.2.3.4", "DNS_TARGET_FORMAT"),
            (T::Cname, "host", "DNS_TARGET_FORMAT"),
            (T::Ns, "2001:db8::1", "DNS_TARGET_FORMAT"),
            (T::Mx, "10 1.2.3.4", "DNS_TARGET_FORMAT"),
            (T::Mx, "mail.example.com", "RECORD_FORMAT"),
            (T::Mx, "65536 mail.example.com", "RECORD_FORMAT"),
            (T::Mx, "+1 mail.example.com", "RECORD_FORMAT"),
            (T::Txt, "v=spf1 -all", "TXT_FORMAT"),
            (T::Txt, "\"open", "TXT_FORMAT"),
            (T::Txt, "\"a\"\"b\"", "TXT_FORMAT"),
            (T::Txt, "\"a\\400\"", "TXT_FORMAT"),
            (T::Txt, "\"\u{e9}\"", "TXT_FORMAT"),
            (T::Txt, &long, "TXT_FORMAT"),
            (T::Txt, &total, "TXT_FORMAT"),
            (T::Caa, "0 issue letsencrypt.org", "CAA_FORMAT"),
            (T::Caa, "1 issue \"x\"", "CAA_FORMAT"),
            (T::Ds, "1 2 3 xyz", "RECORD_FORMAT"),
            (T::Https, "1", "RECORD_FORMAT"),
            (T::Https, "1 . ipv4hint=192.0.2.1,127.0.0.1", "ADDR_FORBIDDEN"),
            (T::Svcb, "1 . ipv6hint=::1", "ADDR_FORBIDDEN"),
        ] {
            let error = canonical_value(record_type, value, false).expect_err(value);
            assert_eq!(error.code.as_str(), code, "{value}");
        }
        for name in ["a", "DNAME", "ANY", "SOA", ""] {
            assert_eq!(RecordType::parse(name), None);
        }
    }

    #[test]
    fn canonical_values_are_fixed_points() {
        for (record_type, value) in [(T::Aaaa, "2001:DB8::1"), (T::Mx, "10 A.example.com."), (T::Ds, "1 2 3 AB")] {
            let once = canonical_value(record_type, value, false).expect("good");
            assert_eq!(canonical_value(record_type, &once, false), Ok(once));
        }
    }
}
