//! Where a model runs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An execution provider of ONNX Runtime.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// CUDA where it can be had, else the CPU. Never what *really runs*.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// An NVIDIA GPU through CUDA.
    Cuda,
    /// An NVIDIA GPU through TensorRT, with CUDA for what TensorRT does not take.
    TensorRt,
}

impl Provider {
    /// All of them, in the order help texts use.
    pub const ALL: [Self; 4] = [Self::Auto, Self::Cpu, Self::Cuda, Self::TensorRt];

    /// The name in settings and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::TensorRt => "tensorrt",
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Provider {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Self::ALL
            .into_iter()
            .find(|p| p.as_str() == name)
            .ok_or_else(|| UnknownName { actual: name.into(), expected: "auto, cpu, cuda, tensorrt" })
    }
}

/// What to do where the provider that was asked for cannot be had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fallback {
    /// Fail: whoever asked for a GPU must not find out from the load average.
    #[default]
    None,
    /// Run on the CPU, with a warning; [`Model::provider`](crate::Model::provider) says so.
    Cpu,
}

impl FromStr for Fallback {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        match name {
            "none" => Ok(Self::None),
            "cpu" => Ok(Self::Cpu),
            _ => Err(UnknownName { actual: name.into(), expected: "none, cpu" }),
        }
    }
}

/// A setting's value that is none of those there are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{actual}` is not one of: {expected}")]
pub struct UnknownName {
    /// What was given.
    pub actual: String,
    /// What there is.
    pub expected: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for provider in Provider::ALL {
            assert_eq!(provider.to_string().parse(), Ok(provider));
        }
        assert_eq!(
            "gpu".parse::<Provider>().unwrap_err().to_string(),
            "`gpu` is not one of: auto, cpu, cuda, tensorrt"
        );
        assert_eq!("cpu".parse(), Ok(Fallback::Cpu));
    }
}
