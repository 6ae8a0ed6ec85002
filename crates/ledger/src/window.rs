//! Budget windows by the calendar of a time zone.
//!
//! A day begins at its first moment there, be it 01:00 where clocks jump over midnight; a day of 23 or 25 hours is one
//! window. An hour that a change of the clock cuts ends at the change.

use crate::{LedgerError, Window};
use jeton_core::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span as Duration, Timestamp as Moment};
use serde::{Deserialize, Serialize};

/// The window that holds a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Its first millisecond; the beginning of time for [`Window::Total`].
    pub start: Timestamp,
    /// The first millisecond of the next window; never for [`Window::Total`].
    pub end: Option<Timestamp>,
}

impl Span {
    /// Everything, for good.
    pub const ALWAYS: Self = Self { start: Timestamp(i64::MIN), end: None };

    /// The window of kind `window` in the IANA time zone `timezone` that holds `at`.
    ///
    /// # Errors
    /// [`LedgerError::Invalid`] where no such time zone is known.
    pub fn at(window: Window, timezone: &str, at: Timestamp) -> Result<Self, LedgerError> {
        Ok(Self::within(window, &zone(timezone)?, at))
    }

    /// The same in a zone that was looked up.
    pub(crate) fn within(window: Window, zone: &TimeZone, at: Timestamp) -> Self {
        if window == Window::Total {
            return Self::ALWAYS;
        }
        let moment = moment(at);
        if window == Window::Hour {
            return hour(zone, moment);
        }
        let (first, next) = dates(window, zone.to_datetime(moment).date());
        Self { start: first_moment(first, zone), end: Some(first_moment(next, zone)) }
    }

    /// Whether `at` lies in it.
    #[must_use]
    pub fn holds(&self, at: Timestamp) -> bool {
        self.start <= at && self.end.is_none_or(|end| at < end)
    }

    /// When it begins; none for [`Window::Total`].
    #[must_use]
    pub fn since(&self) -> Option<Timestamp> {
        self.end.map(|_| self.start)
    }
}

/// The time zone of this IANA name.
pub(crate) fn zone(name: &str) -> Result<TimeZone, LedgerError> {
    TimeZone::get(name).map_err(|_| LedgerError::Invalid(format!("`{name}` is not a time zone; give an IANA name such as `Europe/Berlin` or `UTC`")))
}

/// The calendar day of `at`, as `2026-11-23`.
pub(crate) fn day_name(zone: &TimeZone, at: Timestamp) -> String {
    zone.to_datetime(moment(at)).date().to_string()
}

/// Times outside 1970–9000 are held at the ends: every calendar is defined there.
fn moment(at: Timestamp) -> Moment {
    Moment::from_millisecond(at.0.clamp(0, 221_845_392_000_000)).unwrap_or(Moment::UNIX_EPOCH)
}

fn hour(zone: &TimeZone, at: Moment) -> Span {
    const HOUR_MS: i64 = 3_600_000;
    let offset_ms = i64::from(zone.to_offset(at).seconds()) * 1_000;
    let start = at.as_millisecond() - (at.as_millisecond() + offset_ms).rem_euclid(HOUR_MS);
    // `preceding` gives changes strictly before: a change at this very moment is its hour's start, too.
    let changed =
        zone.preceding(at.checked_add(Duration::new().nanoseconds(1)).unwrap_or(at)).next().map_or(i64::MIN, |change| change.timestamp().as_millisecond());
    let changes = zone.following(at).next().map_or(i64::MAX, |change| change.timestamp().as_millisecond());
    Span { start: Timestamp(start.max(changed)), end: Some(Timestamp((start + HOUR_MS).min(changes))) }
}

/// The first date of the window that holds `date`, and of the next.
fn dates(window: Window, date: Date) -> (Date, Date) {
    let back = |days: i64| date.checked_sub(Duration::new().days(days)).unwrap_or(date);
    let (first, step) = match window {
        Window::Week => (back(i64::from(date.weekday().since(Weekday::Monday))), Duration::new().days(7)),
        Window::Month => (date.first_of_month(), Duration::new().months(1)),
        Window::Year => (date.first_of_year(), Duration::new().years(1)),
        Window::Hour | Window::Day | Window::Total => (date, Duration::new().days(1)),
    };
    (first, first.checked_add(step).unwrap_or(Date::MAX))
}

fn first_moment(date: Date, zone: &TimeZone) -> Timestamp {
    let midnight = date.to_zoned(zone.clone());
    let first = midnight.and_then(|midnight| midnight.start_of_day());
    Timestamp(first.map_or(i64::MAX, |first| first.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<Moment>().unwrap().as_millisecond())
    }

    fn check(window: Window, zone: &str, now: &str, start: &str, end: &str) {
        let span = Span::at(window, zone, at(now)).unwrap();
        assert_eq!((span.start.rfc3339(), span.end.unwrap().rfc3339()), (at(start).rfc3339(), at(end).rfc3339()), "{window:?} {zone} {now}");
    }

    #[test]
    fn windows_follow_the_calendar_of_their_zone() {
        check(Window::Day, "UTC", "2026-11-23T18:14:49Z", "2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z");
        check(Window::Day, "Europe/Berlin", "2026-11-23T23:30:00Z", "2026-11-23T23:00:00Z", "2026-11-24T23:00:00Z");
        check(Window::Week, "UTC", "2026-11-22T23:59:59Z", "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z");
        check(Window::Week, "UTC", "2026-11-23T00:00:00Z", "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z");
        check(Window::Month, "Europe/Berlin", "2026-11-30T23:00:00Z", "2026-11-30T23:00:00Z", "2026-12-31T23:00:00Z");
        check(Window::Year, "Asia/Kathmandu", "2026-12-31T18:15:00Z", "2026-12-31T18:15:00Z", "2027-12-31T18:15:00Z");
        check(Window::Hour, "Asia/Kathmandu", "2026-11-23T10:20:00Z", "2026-11-23T10:15:00Z", "2026-11-23T11:15:00Z");
    }

    #[test]
    fn days_are_as_long_as_clocks_make_them() {
        // 23 and 25 hours in Berlin; no midnight at all in Beirut on 2026-03-29; a day that Samoa left out.
        check(Window::Day, "Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z");
        check(Window::Day, "Europe/Berlin", "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z");
        check(Window::Day, "Asia/Beirut", "2026-03-28T22:00:00Z", "2026-03-28T22:00:00Z", "2026-03-29T21:00:00Z");
        check(Window::Day, "Pacific/Apia", "2011-12-30T09:00:00Z", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z");
    }

    #[test]
    fn hours_end_where_the_clock_changes() {
        // Lord Howe goes back by half an hour at 15:00 UTC, from 02:00 to 01:30.
        check(Window::Hour, "Australia/Lord_Howe", "2026-04-04T14:59:00Z", "2026-04-04T14:00:00Z", "2026-04-04T15:00:00Z");
        check(Window::Hour, "Australia/Lord_Howe", "2026-04-04T15:00:00Z", "2026-04-04T15:00:00Z", "2026-04-04T15:30:00Z");
        check(Window::Hour, "Australia/Lord_Howe", "2026-04-04T15:10:00Z", "2026-04-04T15:00:00Z", "2026-04-04T15:30:00Z");
    }

    #[test]
    fn a_total_never_renews_and_nonsense_is_refused() {
        assert_eq!(Span::at(Window::Total, "UTC", at("2026-11-23T18:14:49Z")).unwrap(), Span::ALWAYS);
        assert!(Span::ALWAYS.holds(Timestamp(i64::MIN)) && Span::ALWAYS.since().is_none());
        assert!(Span::at(Window::Day, "Europe/Atlantis", Timestamp(0)).is_err());
        assert!(Span::at(Window::Year, "UTC", Timestamp(i64::MAX)).is_ok());
        assert!(Span::at(Window::Hour, "UTC", Timestamp(i64::MIN)).is_ok());
    }

    proptest! {
        #[test]
        fn windows_tile_time_without_gap_or_overlap(
            ms in 0_i64..4_102_444_800_000, window in prop::sample::select(&Window::ALL[..5]),
            zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Beirut", "Pacific/Apia", "America/Havana", "Africa/Cairo"])
        ) {
            let span = Span::at(window, zone, Timestamp(ms)).unwrap();
            prop_assert!(span.holds(Timestamp(ms)), "{span:?}");
            let end = span.end.unwrap();
            prop_assert_eq!(Span::at(window, zone, Timestamp(end.0 - 1)).unwrap(), span);
            prop_assert_eq!(Span::at(window, zone, end).unwrap().start, end);
            if span.start.0 > 0 {
                prop_assert_eq!(Span::at(window, zone, span.start).unwrap(), span);
            }
        }
    }
}
