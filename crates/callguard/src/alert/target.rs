//! Who is told.

use std::fmt;

use url::Url;

/// Where an alert goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A command for the shell; the event is its standard input.
    Command(String),
    /// An address that takes the event by POST.
    Webhook(Url),
}

impl Target {
    /// What begins like a URI is an address and must be http or https; all else is a command.
    ///
    /// # Errors
    /// A sentence that says what would be understood.
    pub fn parse(text: &str) -> Result<Self, String> {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Err("is empty: must be a shell command or an http(s) URL".to_owned());
        }
        let scheme = trimmed.split_once("://").map(|(scheme, _)| scheme);
        if !scheme.is_some_and(|s| !s.is_empty() && s.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))) {
            return Ok(Self::Command(trimmed.to_owned()));
        }
        let url = Url::parse(trimmed).map_err(|e| format!("\"{trimmed}\" is no URL: {e}"))?;
        match url.scheme() {
            "http" | "https" if url.host_str().is_some() => Ok(Self::Webhook(url)),
            other => {
                Err(format!("\"{other}\" is no scheme that alerts go to: must be http or https, or a shell command"))
            }
        }
    }

    /// For logs: a command's first word, an address without what may be secret (user, path, query).
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::Command(line) => format!("command `{} …`", line.split_whitespace().next().unwrap_or_default()),
            Self::Webhook(url) => {
                let port = url.port().map(|p| format!(":{p}")).unwrap_or_default();
                format!("{}://{}{port}/…", url.scheme(), url.host_str().unwrap_or_default())
            }
        }
    }
}

/// Whole, as it is configured.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command(line) => f.write_str(line),
            Self::Webhook(url) => f.write_str(url.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_addresses_are_told_apart() {
        assert!(matches!(Target::parse("notify-send alert"), Ok(Target::Command(_))));
        assert!(matches!(Target::parse("curl http://x/"), Ok(Target::Command(_))));
        assert!(matches!(Target::parse("https://desk.example/hook?k=1"), Ok(Target::Webhook(_))));
        for wrong in ["", "  ", "ftp://x/y", "file:///etc/passwd", "http://"] {
            assert!(Target::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn labels_keep_secrets() {
        let target = Target::parse("https://user:secret@desk.example:8443/hook/token?key=secret").unwrap();
        assert_eq!(target.label(), "https://desk.example:8443/…");
        assert_eq!(Target::parse("mail -s secret").unwrap().label(), "command `mail …`");
    }
}
