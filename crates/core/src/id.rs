//! Ids that sort by time and carry their day.

use crate::{Clock, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};

/// The id of a call: 63 bits that sort by time, so that the store appends at one end and a range of days is a range of ids.
///
/// ```text
/// bit 62            47 46                     20 19      12 11           0
///     days since 1970 │ milliseconds of the day │ node     │ sequence     │
///     16 bits         │ 27 bits                 │ 8 bits   │ 12 bits      │
/// ```
/// Written `call-20261123-` and ten characters of Crockford's base 32 for the lower 47 bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(i64);

const LOW_BITS: u32 = 47;
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

impl CallId {
    /// The id as the store keeps it. Never negative.
    #[must_use]
    pub const fn to_i64(self) -> i64 {
        self.0
    }

    /// An id that the store kept.
    #[must_use]
    pub const fn from_i64(bits: i64) -> Self {
        Self(bits & i64::MAX)
    }

    /// When the call began, to the millisecond.
    #[must_use]
    pub const fn started(self) -> Timestamp {
        let day = self.0 >> LOW_BITS;
        let ms = (self.0 >> 20) & 0x7FF_FFFF;
        Timestamp(day * 86_400_000 + ms)
    }

    /// The smallest id that a call beginning at `at` or later can have. Times outside 1970–2149 are held at the ends.
    #[must_use]
    pub fn first_at(at: Timestamp) -> Self {
        let day = at.day().clamp(0, 0xFFFF);
        let ms = if at.day() == day { at.0.rem_euclid(86_400_000) } else { 0 };
        Self((day << LOW_BITS) | (ms << 20))
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.started().civil();
        let mut tail = [0_u8; 10];
        for (place, byte) in tail.iter_mut().rev().enumerate() {
            *byte = ALPHABET[(self.0 >> (5 * place)) as usize & 31 & if place == 9 { 3 } else { 31 }];
        }
        write!(f, "call-{year:04}{month:02}{day:02}-{}", std::str::from_utf8(&tail).unwrap_or_default())
    }
}

impl fmt::Debug for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for CallId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not the id of a call; ids look like call-20261123-1k7c2m9x0a");
        let rest = text.strip_prefix("call-").ok_or_else(wrong)?;
        let (date, tail) = rest.split_once('-').ok_or_else(wrong)?;
        if date.len() != 8 || tail.len() != 10 || !date.bytes().all(|b| b.is_ascii_digit()) {
            return Err(wrong());
        }
        let mut low: i64 = 0;
        for byte in tail.bytes() {
            let value = ALPHABET.iter().position(|&a| a == byte.to_ascii_lowercase()).ok_or_else(wrong)?;
            low = (low << 5) | i64::try_from(value).map_err(|_| wrong())?;
        }
        let number = |range: std::ops::Range<usize>| date[range].parse::<i64>().map_err(|_| wrong());
        let day = days_from_civil(number(0..4)?, number(4..6)?, number(6..8)?);
        if low >> LOW_BITS != 0 || !(0..=0xFFFF).contains(&day) {
            return Err(wrong());
        }
        let id = Self((day << LOW_BITS) | low);
        if id.to_string() == text.to_ascii_lowercase() { Ok(id) } else { Err(wrong()) }
    }
}

/// Civil-to-days, the inverse of [`Timestamp::civil`]; same source.
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let mp = if month > 2 { month - 3 } else { month + 9 };
    let doy = (153 * mp + 2) / 5 + day - 1;
    era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
}

impl Serialize for CallId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CallId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Makes ids that are unique and grow within one process, even where the clock steps back or stands still.
#[derive(Debug)]
pub struct CallIds {
    node: u8,
    /// Milliseconds since 1970 (51 bits) and sequence (12 bits) of the last id.
    last: AtomicU64,
}

impl CallIds {
    /// A maker for the replica `node`, whose ids all come after `after` (the newest in the store, say).
    #[must_use]
    pub const fn new(node: u8, after: Option<CallId>) -> Self {
        let last = match after {
            Some(id) => ((id.started().0 as u64) << 12) | (id.0 as u64 & 0xFFF),
            None => 0,
        };
        Self { node, last: AtomicU64::new(last) }
    }

    /// The next id.
    pub fn next(&self, clock: &dyn Clock) -> CallId {
        let now = u64::try_from(clock.now().0).unwrap_or(0) << 12;
        let step = |last: u64| Some(if now > last { now } else { last + 1 });
        let before = self.last.fetch_update(Ordering::AcqRel, Ordering::Acquire, step).unwrap_or_default();
        let place = step(before).unwrap_or_default();
        let at = Timestamp(i64::try_from(place >> 12).unwrap_or(0));
        CallId(CallId::first_at(at).0 | (i64::from(self.node) << 12) | (place & 0xFFF) as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ManualClock;
    use proptest::prelude::*;

    #[test]
    fn ids_show_their_day_and_grow_though_the_clock_stands_still() {
        let clock = ManualClock::new(Timestamp(1_795_457_689_120));
        let ids = CallIds::new(3, None);
        let first = ids.next(&clock);
        assert!(first.to_string().starts_with("call-20261123-"), "{first}");
        assert_eq!(first.started(), Timestamp(1_795_457_689_120));
        let mut last = first;
        for _ in 0..10_000 {
            let next = ids.next(&clock);
            assert!(next > last);
            last = next;
        }
        clock.advance(-5_000);
        assert!(ids.next(&clock) > last);
        assert!(CallIds::new(3, Some(last)).next(&clock) > last);
    }

    proptest! {
        #[test]
        fn every_id_reads_back(day in 0_i64..=0xFFFF, ms in 0_i64..86_400_000, low in 0_i64..(1 << 20)) {
            let id = CallId::from_i64((day << LOW_BITS) | (ms << 20) | low);
            prop_assert_eq!(id.to_string().parse::<CallId>().unwrap(), id);
            prop_assert_eq!(id.started(), Timestamp(day * 86_400_000 + ms));
        }
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in ["", "call-", "call-20261123", "call-20261123-zzzzzzzzzz", "call-20261332-0000000000", "run-20261123-0000000000"] {
            assert!(text.parse::<CallId>().is_err(), "{text}");
        }
    }
}
