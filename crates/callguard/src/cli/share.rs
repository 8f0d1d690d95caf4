//! Shares of people: `1%`, `0.5 %` or `0.01`.

/// A share above 0 and at most 0.5, written as a percentage or a fraction.
///
/// A bare number of 1 or more is refused instead of being guessed at: `1` could mean 1 % or everyone.
pub fn parse(text: &str) -> Result<f64, String> {
    let trimmed = text.trim();
    let (number, scale) = match trimmed.strip_suffix('%') {
        Some(percent) => (percent.trim_end(), 0.01),
        None => (trimmed, 1.0),
    };
    let value: f64 = number.parse().map_err(|_| format!("'{text}' is not a share: write 1% or 0.01"))?;
    let share = value * scale;
    if !(1e-6..=0.5).contains(&share) {
        return Err(format!("'{text}' is out of range: from 0.0001% to 50%, written as 1% or 0.01"));
    }
    Ok(share)
}

/// The way people read a share.
#[must_use]
pub fn show(share: f64) -> String {
    let text = format!("{:.4}", share * 100.0);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_and_fraction_mean_the_same() {
        for text in ["1%", "1 %", " 1% ", "0.01", "1.0%"] {
            assert_eq!(parse(text), Ok(0.01), "{text}");
        }
    }

    #[test]
    fn what_is_no_share_is_refused() {
        for text in ["", "%", "1", "0", "-1%", "60%", "nan", "inf", "NaN%", "one", "1%%"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn shown_as_people_write_it() {
        assert_eq!(show(0.01), "1 %");
        assert_eq!(show(0.005), "0.5 %");
        assert_eq!(show(0.1), "10 %");
    }
}
