//! From a raw score to a log-likelihood ratio.
//!
//! Logistic calibration with the prior taken out (Brümmer & du Preez, *Application-independent evaluation of
//! speaker detection*, Computer Speech & Language 20, 2006), with quality terms in offset and slope (quality
//! measure functions: Ferrer et al., *A unified approach to calibration with side information*, 2005 onwards), so that a
//! short window or a narrow line gives a *smaller* llr rather than a wrong one.

use serde::{Deserialize, Serialize};

use crate::Llr;

/// What could be observed in a window. `None`: not measured, the term takes its centre.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Net speech, seconds.
    pub speech_s: Option<f64>,
    /// Highest frequency with speech energy, hertz.
    pub bandwidth_hz: Option<f64>,
    /// Speech level over noise floor, decibels.
    pub snr_db: Option<f64>,
    /// Geometric mean of the face box's sides, pixels.
    pub face_px: Option<f64>,
    /// Variance of the Laplacian of the tight crop's luma, as natural logarithm: blur lowers it, noise raises it.
    pub sharpness: Option<f64>,
    /// Mean luma of the face, 0 to 255.
    pub luma: Option<f64>,
    /// How far the face is turned aside, degrees from frontal, from its five points.
    pub yaw_deg: Option<f64>,
}

/// A quality measure that a calibration may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Net speech, seconds.
    SpeechS,
    /// Bandwidth, hertz.
    BandwidthHz,
    /// Signal-to-noise ratio, decibels.
    SnrDb,
    /// Face size, pixels.
    FacePx,
    /// Sharpness of the face.
    Sharpness,
    /// Brightness of the face.
    Luma,
    /// Turn of the face, degrees.
    YawDeg,
}

/// How a measure enters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transform {
    /// As it is.
    #[default]
    Linear,
    /// Its natural logarithm.
    Ln,
}

/// One quality term: `z = (f(clamp(q, min, max)) − centre) / scale`, added as `offset·z + slope·z·score`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QualityTerm {
    /// Which measure.
    pub measure: Measure,
    /// How it enters.
    #[serde(default)]
    pub transform: Transform,
    /// Smallest value the fit saw; below, it counts as this.
    pub min: f64,
    /// Largest value the fit saw.
    pub max: f64,
    /// Subtracted after the transform.
    pub centre: f64,
    /// Divided by afterwards; above zero.
    pub scale: f64,
    /// Change of the offset per unit of `z`, nats.
    #[serde(default)]
    pub offset: f64,
    /// Change of the slope per unit of `z`, nats per score unit.
    #[serde(default)]
    pub slope: f64,
}

/// `llr = (offset + Σ offset_i z_i) + (slope + Σ slope_i z_i) · score`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Offset, nats.
    pub offset: f64,
    /// Slope, nats per score unit.
    pub slope: f64,
    /// One window's llr is limited to ± this in fusion, nats.
    #[serde(default = "default_clip")]
    pub clip: f64,
    /// Quality terms.
    #[serde(default)]
    pub quality: Vec<QualityTerm>,
}

/// The design's limit on what one window may say: odds of e⁴ ≈ 55 : 1.
pub const DEFAULT_CLIP: f64 = 4.0;

fn default_clip() -> f64 {
    DEFAULT_CLIP
}

impl Calibration {
    /// The llr of a raw score. `None` where score or result is not finite, or where the quality turns the slope negative:
    /// a calibration must never read a higher score as more genuine.
    #[must_use]
    pub fn llr(&self, score: f64, quality: &Quality) -> Option<Llr> {
        let (mut offset, mut slope) = (self.offset, self.slope);
        for term in &self.quality {
            let z = term.z(quality);
            offset += term.offset * z;
            slope += term.slope * z;
        }
        if !(slope >= 0.0) {
            return None;
        }
        Llr::new(offset + slope * score)
    }

    /// Everything that is wrong with it, each with its key and value. Empty: usable.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut finite = |key: &str, x: f64| {
            if !x.is_finite() {
                found.push(format!("{key} = {x}: must be finite"));
            }
        };
        finite("offset", self.offset);
        finite("slope", self.slope);
        for (i, t) in self.quality.iter().enumerate() {
            for (key, x) in
                [("min", t.min), ("max", t.max), ("centre", t.centre), ("offset", t.offset), ("slope", t.slope)]
            {
                finite(&format!("quality[{i}].{key}"), x);
            }
        }
        if !(self.clip > 0.0) {
            found.push(format!("clip = {}: must be above 0 nats", self.clip));
        }
        let mut least = self.slope;
        for (i, t) in self.quality.iter().enumerate() {
            if !(t.scale > 0.0) {
                found.push(format!("quality[{i}].scale = {}: must be above 0", t.scale));
            }
            if !(t.min <= t.max) {
                found.push(format!("quality[{i}].min = {}: must not exceed max = {}", t.min, t.max));
            }
            if t.transform == Transform::Ln && !(t.min > 0.0) {
                found.push(format!("quality[{i}].min = {}: must be above 0 for transform ln", t.min));
            }
            least += (t.slope * t.z_of(t.min)).min(t.slope * t.z_of(t.max));
        }
        if found.is_empty() && !(least > 0.0) {
            found.push(format!("slope falls to {least:.3} inside the quality ranges: must stay above 0"));
        }
        found
    }
}

impl QualityTerm {
    fn z(&self, q: &Quality) -> f64 {
        let value = match self.measure {
            Measure::SpeechS => q.speech_s,
            Measure::BandwidthHz => q.bandwidth_hz,
            Measure::SnrDb => q.snr_db,
            Measure::FacePx => q.face_px,
            Measure::Sharpness => q.sharpness,
            Measure::Luma => q.luma,
            Measure::YawDeg => q.yaw_deg,
        };
        value.filter(|v| v.is_finite()).map_or(0.0, |v| self.z_of(v))
    }

    fn z_of(&self, value: f64) -> f64 {
        let v = value.min(self.max).max(self.min);
        let v = match self.transform {
            Transform::Linear => v,
            Transform::Ln => v.ln(),
        };
        (v - self.centre) / self.scale
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(slope: f64) -> QualityTerm {
        QualityTerm {
            measure: Measure::SpeechS,
            transform: Transform::Ln,
            min: 0.8,
            max: 4.0,
            centre: 4f64.ln(),
            scale: 1.0,
            offset: 0.0,
            slope,
        }
    }

    #[test]
    fn short_means_small() {
        let c = Calibration { offset: 0.0, slope: 1.0, clip: 4.0, quality: vec![term(0.5)] };
        assert_eq!(c.complaints(), Vec::<String>::new());
        let at = |s| c.llr(2.0, &Quality { speech_s: Some(s), ..Quality::default() }).map(Llr::nats);
        assert_eq!(at(4.0), Some(2.0));
        assert!(at(0.8) < at(2.0) && at(2.0) < at(4.0));
        assert_eq!(at(0.1), at(0.8), "outside the fitted range the edge holds");
        assert_eq!(at(f64::NAN), Some(2.0), "what was not measured takes the centre");
    }

    #[test]
    fn nan_never_passes() {
        let c = Calibration { offset: 0.0, slope: 1.0, clip: 4.0, quality: vec![] };
        assert_eq!(c.llr(f64::NAN, &Quality::default()), None);
        assert_eq!(c.llr(f64::INFINITY, &Quality::default()), None);
    }

    #[test]
    fn a_slope_that_could_turn_is_refused() {
        let c = Calibration { offset: f64::NAN, slope: 1.0, clip: 0.0, quality: vec![] };
        assert_eq!(c.complaints().len(), 2, "{:?}", c.complaints());
        let c = Calibration { offset: 0.0, slope: 0.5, clip: 4.0, quality: vec![term(1.0)] };
        assert!(c.complaints()[0].contains("slope falls"), "{:?}", c.complaints());
        assert_eq!(c.llr(1.0, &Quality { speech_s: Some(0.8), ..Quality::default() }), None);
    }
}
