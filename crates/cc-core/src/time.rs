//! Points in time as records hold them (UTC, milliseconds, RFC 3339 with `Z`), and time spans as
//! people write and read them.

use std::fmt;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time, cut to milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(Timestamp);

impl Time {
    /// The point that many milliseconds after the Unix epoch; out of range becomes the epoch.
    pub fn from_millis(millis: i64) -> Self {
        Self(Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH))
    }

    /// Milliseconds since the Unix epoch.
    pub fn as_millis(self) -> i64 {
        self.0.as_millisecond()
    }

    /// How long ago `self` was at `now`; zero where a clock jumped and `self` lies ahead.
    pub fn until(self, now: Time) -> Duration {
        Duration::from_millis(u64::try_from(now.as_millis() - self.as_millis()).unwrap_or(0))
    }

    /// The point `span` earlier.
    pub fn before(self, span: Duration) -> Self {
        let millis = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        Self::from_millis(self.as_millis().saturating_sub(millis))
    }

    /// The day in the time zone of the system: `2026-03-01`.
    pub fn local_day(self) -> String {
        self.0.to_zoned(TimeZone::system()).date().to_string()
    }

    /// The minute in the time zone of the system: `2026-03-01 14:05`.
    pub fn local(self) -> String {
        let local = self.0.to_zoned(TimeZone::system());
        format!("{} {:02}:{:02}", local.date(), local.hour(), local.minute())
    }

    /// The second in the time zone of the system: `2026-03-01 14:05:09`.
    pub fn local_second(self) -> String {
        format!("{} {}", self.local_day(), self.local_clock())
    }

    /// The time of day in the time zone of the system: `14:05:09`.
    pub fn local_clock(self) -> String {
        let local = self.0.to_zoned(TimeZone::system());
        format!(
            "{:02}:{:02}:{:02}",
            local.hour(),
            local.minute(),
            local.second()
        )
    }

    /// The point `after` later.
    pub fn plus(self, after: Duration) -> Self {
        let millis = i64::try_from(after.as_millis()).unwrap_or(i64::MAX);
        Self::from_millis(self.as_millis().saturating_add(millis))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.0)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let at = Timestamp::deserialize(deserializer)?;
        Ok(Self::from_millis(at.as_millisecond()))
    }
}

impl schemars::JsonSchema for Time {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "UTC, milliseconds, RFC 3339 with `Z`.", "type": "string", "format": "date-time",
        })
    }
}

/// Where the time of day comes from.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The machine's wall clock, which may jump.
    System,
    /// A clock that stands still, for tests.
    Fixed(Time),
}

impl Clock {
    /// The current time.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the clock"
    )]
    pub fn now(self) -> Time {
        match self {
            Self::System => Time::from_millis(Timestamp::now().as_millisecond()),
            Self::Fixed(at) => at,
        }
    }
}

/// The text is not a time span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {}", Self::EXPECTED)]
pub struct InvalidDuration;

impl InvalidDuration {
    /// What is expected, for people.
    pub const EXPECTED: &'static str = "a time above zero, such as 90s, 20m or 1h 30m";
}

/// Reads a time span above zero as people write it: a number of seconds, or a text such as `20m`,
/// `90s` or `1h 30m`.
///
/// # Errors
/// When the text is no time span, or none above zero.
pub fn parse_duration(text: &str) -> Result<Duration, InvalidDuration> {
    let span = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let span: SignedDuration = text.parse().map_err(|_| InvalidDuration)?;
            span.try_into().map_err(|_| InvalidDuration)?
        }
    };
    if span.is_zero() {
        return Err(InvalidDuration);
    }
    Ok(span)
}

/// A time span as [`parse_duration`] reads it, in full: `20m`, `1m 30s`.
pub fn exact_duration(span: Duration) -> String {
    match SignedDuration::try_from(span) {
        Ok(span) => format!("{span:#}"),
        // Longer than that type can hold.
        Err(_) => span.as_secs().to_string(),
    }
}

/// A duration as people read it: `0.4s`, `42s`, `3m 20s`, `1h 05m`.
pub fn human_duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..10 => format!("{:.1}s", duration.as_secs_f64()),
        10..60 => format!("{seconds}s"),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

/// How long ago something was, in the largest unit: `5s`, `3m`, `2h`, `4d`.
pub fn age(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ 0..60 => format!("{seconds}s"),
        seconds @ 60..3_600 => format!("{}m", seconds / 60),
        seconds @ 3_600..86_400 => format!("{}h", seconds / 3_600),
        seconds => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_milliseconds_with_z() {
        let time = Time::from_millis(1_700_000_000_120);
        assert_eq!(
            serde_json::to_string(&time).unwrap(),
            "\"2023-11-14T22:13:20.120Z\""
        );
        let back: Time = serde_json::from_str("\"2023-11-14T22:13:20.1204567Z\"").unwrap();
        assert_eq!(back, time);
    }

    #[test]
    fn a_time_ahead_of_now_is_no_time_ago() {
        let (early, late) = (Time::from_millis(1_000), Time::from_millis(4_000));
        assert_eq!(early.until(late), Duration::from_secs(3));
        assert_eq!(late.until(early), Duration::ZERO);
    }

    #[test]
    fn time_spans_are_read() {
        let check = |text: &str, expect: Option<u64>| {
            let span = parse_duration(text).ok();
            assert_eq!(
                span.map(|span| span.as_millis()),
                expect.map(u128::from),
                "{text:?}"
            );
        };
        check("90", Some(90_000));
        check("90s", Some(90_000));
        check("20m", Some(1_200_000));
        check("1h 30m", Some(5_400_000));
        check("1h30m", Some(5_400_000));
        check("500ms", Some(500));
        for bad in [
            "",
            "0",
            "0s",
            "-5m",
            "5m ago",
            "soon",
            "5 parsecs",
            "1d",
            "1.5",
            "nan",
        ] {
            check(bad, None);
        }
    }

    proptest::proptest! {
        #[test]
        fn an_exact_duration_is_read_back(millis in 1u64..=u64::MAX) {
            let span = Duration::from_millis(millis);
            assert_eq!(parse_duration(&exact_duration(span)), Ok(span));
        }
    }

    #[test]
    fn exact_durations_are_short() {
        for (seconds, text) in [
            (3_600, "1h"),
            (600, "10m"),
            (90, "1m 30s"),
            (u64::MAX, "18446744073709551615"),
        ] {
            assert_eq!(exact_duration(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn durations_read_like_a_watch() {
        for (millis, text) in [
            (0, "0.0s"),
            (9_940, "9.9s"),
            (59_999, "59s"),
            (200_000, "3m 20s"),
            (3_900_000, "1h 05m"),
        ] {
            assert_eq!(human_duration(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn ages_have_one_unit() {
        for (seconds, text) in [
            (0, "0s"),
            (59, "59s"),
            (3_599, "59m"),
            (86_399, "23h"),
            (400_000, "4d"),
        ] {
            assert_eq!(age(Duration::from_secs(seconds)), text);
        }
    }
}
