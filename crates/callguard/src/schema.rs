//! The JSON Schemas of what the program puts out; they travel inside it.

use crate::cli::SchemaOf;

/// A schema's text.
#[must_use]
pub fn text(of: SchemaOf) -> &'static str {
    match of {
        SchemaOf::Scan => include_str!("../../../docs/schemas/callguard.scan-1.schema.json"),
        SchemaOf::Event => include_str!("../../../docs/schemas/callguard.event-1.schema.json"),
    }
}
