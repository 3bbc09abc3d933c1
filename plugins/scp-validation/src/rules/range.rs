//! IP address ranges in CIDR notation, of both families.
//!
//! It must not know the policy language.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address range. The bits of an IPv4 address stand at the low end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) is_v4: bool,
    pub(super) prefix_bits: u32,
    bits: u128,
}

/// Ranges that never come from the internet: private use (RFC 1918, RFC 4193), shared (RFC 6598), loopback (RFC 1122,
/// RFC 4291) and link-local (RFC 3927, RFC 4291).
const PRIVATE: [&str; 9] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "fc00::/7",
    "fe80::/10",
    "::1/128",
];

impl Range {
    /// Reads an address or a range.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let (is_v4, bits) = match address.parse::<IpAddr>().ok()? {
            IpAddr::V4(address) => (true, u128::from(address.to_bits())),
            IpAddr::V6(address) => (false, address.to_bits()),
        };
        let width = width(is_v4);
        // The standard reader takes a sign.
        let prefix = prefix.map_or(Some(width), |it| it.parse().ok().filter(|_| !it.starts_with('+')))?;
        (prefix <= width).then_some(Self { is_v4, prefix_bits: prefix, bits })
    }

    /// Whether every address of `other` is one of this range.
    pub(super) fn covers(&self, other: &Self) -> bool {
        self.is_v4 == other.is_v4
            && self.prefix_bits <= other.prefix_bits
            && self.network() == other.cut(self.prefix_bits)
    }

    /// Whether all of it is private.
    pub(super) fn is_private(&self) -> bool {
        PRIVATE.iter().filter_map(|text| Self::parse(text)).any(|range| range.covers(self))
    }

    /// The range that is meant where bits behind the prefix are set, and would be ignored.
    pub(super) fn without_host_bits(&self) -> Option<String> {
        let network = self.network();
        if network == self.bits {
            return None;
        }
        let address = if self.is_v4 {
            IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(network).ok()?))
        } else {
            IpAddr::V6(Ipv6Addr::from_bits(network))
        };
        Some(format!("{address}/{}", self.prefix_bits))
    }

    fn network(&self) -> u128 {
        self.cut(self.prefix_bits)
    }

    /// The address with only its first bits kept.
    fn cut(&self, prefix_bits: u32) -> u128 {
        let behind = width(self.is_v4).saturating_sub(prefix_bits);
        self.bits.checked_shr(behind).unwrap_or_default().checked_shl(behind).unwrap_or_default()
    }
}

fn width(is_v4: bool) -> u32 {
    if is_v4 { Ipv4Addr::BITS } else { Ipv6Addr::BITS }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cover_and_are_private() {
        for (wide, narrow, expected) in [
            ("10.0.0.0/8", "10.1.2.3", true),
            ("10.0.0.0/8", "11.0.0.0/8", false),
            ("10.1.0.0/16", "10.0.0.0/8", false),
            ("0.0.0.0/0", "203.0.113.0/24", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "2001:db8::1", true),
        ] {
            let (outer, inner) = (Range::parse(wide).expect(wide), Range::parse(narrow).expect(narrow));
            assert_eq!(outer.covers(&inner), expected, "{wide} {narrow}");
        }
        for (text, private, meant) in [
            ("172.31.255.255", true, None),
            ("172.32.0.0/12", false, None),
            ("0.0.0.0/0", false, None),
            ("fd00::/8", true, None),
            ("203.0.113.5/24", false, Some("203.0.113.0/24")),
            ("2001:db8::1/32", false, Some("2001:db8::/32")),
        ] {
            let range = Range::parse(text).expect(text);
            assert_eq!((range.is_private(), range.without_host_bits().as_deref()), (private, meant), "{text}");
        }
        for text in ["", "10.0.0.0/33", "::/129", "10.0.0.0/+8", "10.0.0", "10.0.0.0/"] {
            assert_eq!(Range::parse(text), None, "{text}");
        }
    }
}
