//! IP addresses and CIDR blocks, as Java reads them for event-ruler.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The longest text that can be an address, in bytes: Java gives up on longer IPv4 texts, and eight groups of four hex
/// digits are no longer than this.
const ADDRESS_BYTES_MAX: usize = 39;

/// Java reads no IPv4 address longer than `255.255.255.255`, leading zeros included. In bytes.
const IPV4_BYTES_MAX: usize = 15;

/// A block of addresses.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Block {
    /// Network address and mask.
    V4 { network: u32, mask: u32 },
    /// Network address and mask.
    V6 { network: u128, mask: u128 },
}

/// The address that the text is, if it is one. Leading zeros in IPv4 are decimal, and an IPv4-mapped IPv6 address in
/// hex groups is the IPv4 address; one with a dotted tail is no address (event-ruler's test of the shape).
pub(crate) fn parse_address(text: &str) -> Option<IpAddr> {
    let bytes = text.as_bytes();
    if bytes.len() > ADDRESS_BYTES_MAX {
        return None;
    }
    // Almost every value is no address and ends here.
    if bytes.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.') {
        return parse_ipv4(text).map(IpAddr::V4);
    }
    if bytes.contains(&b':') && bytes.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b':') {
        let address: Ipv6Addr = text.parse().ok()?;
        return Some(address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4));
    }
    None
}

fn parse_ipv4(text: &str) -> Option<Ipv4Addr> {
    if text.len() > IPV4_BYTES_MAX {
        return None;
    }
    // Not the standard library's reader: it refuses leading zeros.
    let mut parts = text.split('.');
    let mut octet = || parts.next()?.parse::<u8>().ok();
    let address = Ipv4Addr::new(octet()?, octet()?, octet()?, octet()?);
    parts.next().is_none().then_some(address)
}

impl Block {
    /// Reads `address/bits`. Host bits may be set. The block of one address (`/32`, `/128`) is refused, as there.
    ///
    /// # Errors
    /// What is wrong, in a few words.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let (address, bits) = text.split_once('/').ok_or("it has no `/`")?;
        if bits.is_empty() || !bits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err("what follows the `/` is not a number of bits");
        }
        let bits: u32 = bits.parse().map_err(|_| "there are too many mask bits")?;
        let address_parsed = parse_address(address).ok_or("what stands before the `/` is not an IP address")?;
        match address_parsed {
            IpAddr::V4(_) if address.contains(':') => Err("it is an IPv4 address written as IPv6"),
            IpAddr::V4(v4) if bits < u32::BITS => {
                let mask = u32::MAX.checked_shl(u32::BITS - bits).unwrap_or(0);
                Ok(Self::V4 { network: u32::from(v4) & mask, mask })
            }
            IpAddr::V6(v6) if bits < u128::BITS => {
                let mask = u128::MAX.checked_shl(u128::BITS - bits).unwrap_or(0);
                Ok(Self::V6 { network: u128::from(v6) & mask, mask })
            }
            IpAddr::V4(_) => Err("an IPv4 block has 0 to 31 mask bits"),
            IpAddr::V6(_) => Err("an IPv6 block has 0 to 127 mask bits"),
        }
    }

    /// Whether the address is in the block. The two families never meet.
    pub(crate) fn contains(self, address: IpAddr) -> bool {
        match (self, address) {
            (Self::V4 { network, mask }, IpAddr::V4(v4)) => u32::from(v4) & mask == network,
            (Self::V6 { network, mask }, IpAddr::V6(v6)) => u128::from(v6) & mask == network,
            (Self::V4 { .. }, IpAddr::V6(_)) | (Self::V6 { .. }, IpAddr::V4(_)) => false,
        }
    }
}
