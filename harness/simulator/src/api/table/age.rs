//! How long ago something was, in kubectl's short words.

use jiff::Timestamp;

/// The age of a time in RFC 3339.
///
/// # Source
/// kubernetes v1.36 `apimachinery/pkg/util/duration/duration.go` `HumanDuration`
pub(super) fn age(now: Timestamp, time: &str) -> String {
    match time.parse::<Timestamp>() {
        Ok(time) => duration(now.as_second() - time.as_second()),
        Err(_) => "<unknown>".to_owned(),
    }
}

/// Whole seconds in words.
fn duration(seconds: i64) -> String {
    const YEAR: i64 = 24 * 365;
    let with_rest = |count: i64, unit: &str, rest: i64, rest_unit: &str| {
        if rest == 0 { format!("{count}{unit}") } else { format!("{count}{unit}{rest}{rest_unit}") }
    };
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    match seconds {
        ..-1 => "<invalid>".to_owned(),
        -1 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        _ if minutes < 10 => with_rest(minutes, "m", seconds % 60, "s"),
        _ if minutes < 180 => format!("{minutes}m"),
        _ if hours < 8 => with_rest(hours, "h", minutes % 60, "m"),
        _ if hours < 48 => format!("{hours}h"),
        _ if hours < 192 => with_rest(hours / 24, "d", hours % 24, "h"),
        _ if hours < YEAR * 2 => format!("{}d", hours / 24),
        _ if hours < YEAR * 8 => with_rest(hours / YEAR, "y", (hours / 24) % 365, "d"),
        _ => format!("{}y", hours / YEAR),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortens_as_kubectl_does() {
        // From `duration_test.go`.
        for (seconds, expected) in [
            (1, "1s"),
            (70, "70s"),
            (190, "3m10s"),
            (600, "10m"),
            (70 * 60, "70m"),
            (47 * 3600, "47h"),
            (49 * 3600, "2d1h"),
            (9 * 86_400 + 3600, "9d"),
            (367 * 86_400, "367d"),
            (4 * 365 * 86_400 + 3600 * 2, "4y"),
            (365 * 8 * 86_400, "8y"),
        ] {
            assert_eq!(duration(seconds), expected);
        }
    }
}
