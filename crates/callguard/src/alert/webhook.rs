//! An alert to an address: JSON by POST.

use std::time::Duration;

use url::Url;

use crate::trouble::{Stage, Trouble, code};

/// What came of one try.
#[derive(Debug)]
pub struct Refused {
    /// What went wrong.
    pub trouble: Trouble,
    /// Whether the same request may be taken later: not where the other side says that the request itself is wrong.
    pub retry: bool,
}

/// Posts `json` once. `id` travels as `Idempotency-Key`: a repeated delivery can be told from a second alert.
///
/// # Errors
/// Anything but an answer from 200 to 299; redirects are not followed, since alerts go only where they were sent.
pub fn deliver(agent: &ureq::Agent, url: &Url, id: &str, json: &str) -> Result<(), Refused> {
    let sent = agent
        .post(url.as_str())
        .header("Content-Type", "application/json")
        .header("Idempotency-Key", id)
        .header("User-Agent", concat!("callguard/", env!("CARGO_PKG_VERSION")))
        .send(json);
    let refused = |message: String, retry| Refused {
        trouble: Trouble::new(
            code::ALERT,
            Stage::Alert,
            message,
            "Check that the address takes JSON by POST and answers with 2xx.",
        ),
        retry,
    };
    match sent {
        Ok(answer) if answer.status().is_success() => Ok(()),
        Ok(answer) => {
            let status = answer.status();
            // RFC 9110: 408 and 429 ask for a later try; other 4xx and redirects will not change by asking again.
            let retry = status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429);
            Err(refused(format!("the webhook answered {status}"), retry))
        }
        Err(e) => Err(refused(format!("the webhook cannot be reached: {e}"), true)),
    }
}

/// An agent that waits no longer than `timeout` for a whole exchange.
#[must_use]
pub fn agent(timeout: Duration) -> ureq::Agent {
    ureq::Agent::config_builder()
        .timeout_global(Some(timeout))
        .max_redirects(0)
        .http_status_as_error(false)
        .build()
        .new_agent()
}
