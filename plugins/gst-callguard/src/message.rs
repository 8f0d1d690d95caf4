//! The `callguard` element message: one type for elements, program and tests.

use callguard_core::{CallEvent, EVENT_SCHEMA, EventType, State};
use callguard_engine::EngineError;
use gst::glib::{self, prelude::*};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

/// The name of the message's structure.
pub const NAME: &str = "callguard";

/// What an element posts on the bus.
///
/// The structure has the fields of `callguard.event/1` under their JSON names (absent where JSON has `null`), `stream`, and
/// for `engine-unavailable` where it is known, `fault`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallguardMessage {
    /// The stream whose element posts it.
    pub stream: String,
    /// What happened.
    #[serde(flatten)]
    pub event: CallEvent,
    /// Why there is no engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
}

/// Why there is no engine, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// For programs, e.g. `library-missing`.
    pub code: String,
    /// Where in the flow.
    pub stage: String,
    /// For people.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl From<&EngineError> for Fault {
    fn from(e: &EngineError) -> Self {
        Self { code: e.code.to_string(), stage: e.stage.clone(), message: e.message.clone(), hint: e.hint.clone() }
    }
}

/// The event that there is no engine, and so no call that could count it: its `seq` is 0.
pub(crate) fn unavailable(call: &str) -> CallEvent {
    CallEvent {
        schema: EVENT_SCHEMA.into(),
        id: uuid::Uuid::now_v7().to_string(),
        seq: 0,
        call: call.into(),
        participant: None,
        kind: None,
        mixed: false,
        epoch: None,
        t_media_s: 0.0,
        t_wall: jiff::Timestamp::now().to_string(),
        r#type: EventType::EngineUnavailable,
        verdict: Some(State::Unobservable),
        age_s: None,
        charts: Vec::new(),
        reasons: Vec::new(),
        unobserved: Some(EventType::EngineUnavailable.as_str().into()),
        dropped: 0,
        alert: None,
        finding: None,
    }
}

/// A structure that is not a `callguard` message.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// It has another name.
    #[error("expected a structure named {NAME}, got {0}")]
    Name(String),
    /// A field has a type that no message has.
    #[error("field {field} has the unexpected type {actual}")]
    Type {
        /// The field.
        field: String,
        /// Its type.
        actual: String,
    },
    /// Fields are missing or of the wrong type.
    #[error("not a callguard message: {0}")]
    Fields(#[from] serde_json::Error),
}

impl CallguardMessage {
    /// The structure to post.
    ///
    /// # Errors
    /// Never for what the engine makes: names of fields are strings.
    pub fn to_structure(&self) -> Result<gst::Structure, MessageError> {
        match serde_json::to_value(self)? {
            Value::Object(fields) => Ok(structure(NAME, &fields)),
            other => Err(MessageError::Name(other.to_string())),
        }
    }

    /// Reads a structure back.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn from_structure(structure: &gst::StructureRef) -> Result<Self, MessageError> {
        if structure.name() != NAME {
            return Err(MessageError::Name(structure.name().to_string()));
        }
        Ok(serde_json::from_value(object(structure)?)?)
    }

    /// The message, if it is one of ours.
    #[must_use]
    pub fn parse(message: &gst::MessageRef) -> Option<Self> {
        match message.view() {
            gst::MessageView::Element(element) => Self::from_structure(element.structure()?).ok(),
            _ => None,
        }
    }
}

fn structure(name: &str, fields: &Map<String, Value>) -> gst::Structure {
    let mut structure = gst::Structure::new_empty(name);
    for (key, value) in fields {
        if let Some(value) = to_glib(key, value) {
            structure.set_value(key.as_str(), value);
        }
    }
    structure
}

fn to_glib(key: &str, value: &Value) -> Option<glib::SendValue> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(b) => b.to_send_value(),
        Value::String(s) => s.to_send_value(),
        Value::Number(n) => match (n.as_u64(), n.as_i64()) {
            (Some(n), _) => n.to_send_value(),
            (None, Some(n)) => n.to_send_value(),
            (None, None) => n.as_f64()?.to_send_value(),
        },
        Value::Array(items) => gst::Array::from_values(items.iter().filter_map(|v| to_glib(key, v))).to_send_value(),
        Value::Object(fields) => structure(key, fields).to_send_value(),
    })
}

fn object(structure: &gst::StructureRef) -> Result<Value, MessageError> {
    let mut fields = Map::new();
    for (key, value) in structure.iter() {
        fields.insert(key.to_string(), from_glib(key, value)?);
    }
    Ok(Value::Object(fields))
}

fn from_glib(key: &str, value: &glib::Value) -> Result<Value, MessageError> {
    let unexpected = || MessageError::Type { field: key.into(), actual: value.type_().name().into() };
    if let Ok(s) = value.get::<Option<String>>() {
        Ok(s.map_or(Value::Null, Value::String))
    } else if let Ok(b) = value.get::<bool>() {
        Ok(Value::Bool(b))
    } else if let Ok(n) = value.get::<u64>() {
        Ok(n.into())
    } else if let Ok(n) = value.get::<i64>() {
        Ok(n.into())
    } else if let Ok(x) = value.get::<f64>() {
        Number::from_f64(x).map(Value::Number).ok_or_else(unexpected)
    } else if let Ok(items) = value.get::<gst::Array>() {
        items.iter().map(|v| from_glib(key, v)).collect::<Result<_, _>>().map(Value::Array)
    } else if let Ok(fields) = value.get::<gst::Structure>() {
        object(&fields)
    } else {
        Err(unexpected())
    }
}

#[cfg(test)]
mod tests {
    use callguard_core::{
        AlertEvent, ChartEvent, Finding, FindingEvent, Hypothesis, ParticipantKind, ReasonEvent, WindowEvent, Worth,
    };

    use super::*;

    fn full() -> CallguardMessage {
        let reason = ReasonEvent {
            source: "voice-clone".into(),
            llr: 3.0,
            from_s: 0.0,
            to_s: 3.5,
            turn_s: None,
            windows: vec![WindowEvent { from_s: 0.0, to_s: 4.0, llr: -0.25 }],
        };
        let chart = ChartEvent {
            hypothesis: Hypothesis::VoiceSynthetic,
            llr: 3.25,
            score: 3.0,
            peak: 3.5,
            clearing: 0.0,
            suspect_at: 4.1,
            synthetic_at: None,
        };
        let finding = FindingEvent {
            stream: "camera".into(),
            kind: ParticipantKind::Face,
            finding: Finding::FileLoop,
            worth: Worth::Suspect,
            detail: "as before".into(),
            stands: true,
        };
        let alert = AlertEvent {
            id: "an-id".into(),
            number: 1,
            hypothesis: Hypothesis::VoiceSynthetic,
            onset_s: 0.5,
            raised_s: 7.0,
            cleared_s: None,
            acknowledged_s: Some(9.0),
            score: 6.0,
            threshold: 5.0,
            reasons: vec![reason.clone()],
            findings: vec![finding.clone()],
        };
        let event = CallEvent {
            seq: u64::MAX,
            participant: Some(1),
            epoch: Some(0),
            t_media_s: 7.0,
            r#type: EventType::AlertRaised,
            verdict: Some(State::Synthetic),
            age_s: Some(0.0),
            charts: vec![chart.clone(), chart],
            reasons: vec![reason],
            dropped: 12,
            alert: Some(alert),
            finding: Some(finding),
            ..unavailable("studio")
        };
        CallguardMessage { stream: "guest".into(), event, fault: None }
    }

    fn bare() -> CallguardMessage {
        let fault = Fault {
            code: "library-missing".into(),
            stage: "setup".into(),
            message: "none".into(),
            hint: "install".into(),
        };
        CallguardMessage { stream: String::new(), event: unavailable(""), fault: Some(fault) }
    }

    #[test]
    fn there_and_back() {
        gst::init().unwrap();
        for message in [full(), bare()] {
            let structure = message.to_structure().unwrap();
            assert_eq!(CallguardMessage::from_structure(&structure).unwrap(), message);
            // As text it also crosses processes: gst-launch-1.0 -m prints it.
            let text = structure.to_string();
            let read: gst::Structure = text.parse().unwrap();
            assert_eq!(read.name(), NAME, "{text}");
        }
    }

    #[test]
    fn fields_have_the_names_of_the_json() {
        gst::init().unwrap();
        let structure = full().to_structure().unwrap();
        assert_eq!(structure.get::<&str>("type"), Ok("alert-raised"));
        assert_eq!(structure.get::<&str>("verdict"), Ok("synthetic"));
        assert_eq!(structure.get::<u64>("dropped"), Ok(12));
        assert_eq!(structure.get::<f64>("age_s"), Ok(0.0));
        assert!(!structure.has_field("unobserved") || structure.get::<&str>("unobserved").is_ok());
        let alert = structure.get::<gst::Structure>("alert").unwrap();
        assert_eq!(alert.get::<f64>("raised_s"), Ok(7.0));
        assert!(!alert.has_field("cleared_s"), "null is absent");
    }

    #[test]
    fn what_is_no_message_is_refused() {
        gst::init().unwrap();
        let refused = |s: gst::Structure| CallguardMessage::from_structure(&s).unwrap_err().to_string();
        assert!(refused(gst::Structure::new_empty("level")).contains("level"));
        assert!(refused(gst::Structure::new_empty(NAME)).contains("missing field"));
        let odd = gst::Structure::builder(NAME).field("stream", gst::Fraction::new(1, 2)).build();
        assert!(refused(odd).contains("GstFraction"));
        let mut nan = full().to_structure().unwrap();
        nan.set("t_media_s", f64::NAN);
        assert!(refused(nan).contains("t_media_s"), "NaN never passes");
    }
}
