//! What may be chosen about windows.

use std::time::Duration;

/// How windows are cut from speech.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowSettings {
    /// Time between windows on the grid of media time. 16 ms to 4 s; 0.5 s unless told.
    pub hop: Duration,
    /// Least net speech that makes a window. 0.25 s to 4 s; 0.8 s unless told.
    pub least_speech: Duration,
    /// Speech older than this is not joined with new speech. 4 s to 60 s; 20 s unless told: by then the line may be another's.
    pub oldest: Duration,
}

impl Default for WindowSettings {
    fn default() -> Self {
        Self {
            hop: Duration::from_millis(500),
            least_speech: Duration::from_millis(800),
            oldest: Duration::from_secs(20),
        }
    }
}

/// A setting outside its range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key} = {actual:?}: expected {least:?} to {most:?}")]
pub struct SettingsError {
    /// Which.
    pub key: &'static str,
    /// Its value.
    pub actual: Duration,
    /// Smallest allowed.
    pub least: Duration,
    /// Largest allowed.
    pub most: Duration,
}

impl WindowSettings {
    /// # Errors
    /// Names the first setting that is out of its range.
    pub fn check(self) -> Result<Self, SettingsError> {
        let ms = Duration::from_millis;
        for (key, actual, least, most) in [
            ("hop", self.hop, ms(16), ms(4_000)),
            ("least_speech", self.least_speech, ms(250), ms(4_000)),
            ("oldest", self.oldest, ms(4_000), ms(60_000)),
        ] {
            if !(least..=most).contains(&actual) {
                return Err(SettingsError { key, actual, least, most });
            }
        }
        Ok(self)
    }
}
