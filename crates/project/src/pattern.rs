//! Patterns with `*`, and networks: the two small languages inside settings.

use serde::{Serialize, Serializer};
use std::fmt;
use std::net::IpAddr;

/// A text in which `*` stands for any run of characters, none too. Everything else stands for itself; letters match in either case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    parts: Vec<String>,
}

impl Pattern {
    /// The pattern that `text` writes. Every text is one.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), parts: text.to_lowercase().split('*').map(str::to_owned).collect() }
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the whole of `text` fits. Linear in the text for each part: no backtracking.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let (Some(first), Some(last)) = (self.parts.first(), self.parts.last()) else { return false };
        if self.parts.len() == 1 {
            return text == *first;
        }
        if text.len() < first.len() + last.len() || !text.starts_with(first) || !text.ends_with(last) {
            return false;
        }
        // Between the ends each part is taken at its leftmost place; that leaves the most room for the rest.
        let mut rest = &text[first.len()..text.len() - last.len()];
        for part in &self.parts[1..self.parts.len() - 1] {
            match rest.find(part.as_str()) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        true
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

/// One address or a block of them: `10.0.0.0/8`, `::1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix_bits: u8,
}

impl Network {
    /// Reads an address, or an address and the number of leading bits that count.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix_bits = match bits {
            Some(bits) => bits.parse::<u8>().ok().filter(|&bits| bits <= most)?,
            None => most,
        };
        Some(Self { address, prefix_bits })
    }

    /// Whether `address` lies in this block. An IPv4 address written as IPv6 (`::ffff:10.0.0.1`) counts as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        fn bits(address: IpAddr) -> (u128, bool) {
            match address.to_canonical() {
                IpAddr::V4(v4) => (u128::from(u32::from(v4)) << 96, true),
                IpAddr::V6(v6) => (u128::from(v6), false),
            }
        }
        let ((own, own_v4), (other, other_v4)) = (bits(self.address), bits(address));
        let kept = if self.prefix_bits == 0 { 0 } else { u128::MAX << (128 - u32::from(self.prefix_bits)) };
        own_v4 == other_v4 && own & kept == other & kept
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix_bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_run_of_characters() {
        let check = |pattern: &str, text: &str, expected: bool| assert_eq!(Pattern::new(pattern).matches(text), expected, "{pattern} on {text}");
        check("refund", "Refund", true);
        check("refund", "refunds", false);
        check("*refund*", "You handle refunds.", true);
        check("You are *", "you are a bot", true);
        check("a*b*c", "a-b-b-c", true);
        check("a*b*c", "a-c-b", false);
        check("ab*ba", "aba", false);
        check("*", "", true);
        check("", "", true);
        check("", "x", false);
        check("*é*", "CAFÉ", true);
        check("*a*a*", "a", false);
    }

    #[test]
    fn networks_hold_their_addresses() {
        let check = |network: &str, address: &str, expected: bool| {
            assert_eq!(Network::parse(network).unwrap().contains(address.parse().unwrap()), expected, "{network} {address}");
        };
        check("10.0.0.0/8", "10.1.2.3", true);
        check("10.0.0.0/8", "11.0.0.1", false);
        check("10.0.0.0/8", "::ffff:10.1.2.3", true);
        check("127.0.0.1", "127.0.0.2", false);
        check("0.0.0.0/0", "8.8.8.8", true);
        check("0.0.0.0/0", "::1", false);
        check("2001:db8::/32", "2001:db8:1::1", true);
        check("::1", "::1", true);
        for bad in ["", "10.0.0.0/33", "10.0.0", "::/129", "a/8", "10.0.0.0/-1"] {
            assert!(Network::parse(bad).is_none(), "{bad}");
        }
    }
}
