//! One video through the eyes.

use std::collections::HashMap;
use std::fmt::Write;

use anyhow::{Context, Result};
use callguard_core::MediaTime;
use callguard_inference::{Model, Score, Tensor};
use callguard_vision::{CropId, Eyes, EyesSettings, Grid, Look, Picture, Sight, VisualSource, WindowFacts};
use serde_json::{Value, json};

use crate::video::Video;

/// Its sights, a line each.
pub fn lines(input: &str, detector: &Model, forgery: Option<&Model>) -> Result<String> {
    let settings = EyesSettings { replay: false, ..EyesSettings::default() };
    let (mut eyes, mut grid, mut sights) = (Eyes::new(settings), Grid::new(settings.step), Vec::new());
    let mut teller = Teller { input, forgery, scores: HashMap::new(), text: String::new() };
    let mut video = Video::open(input)?;
    let format = video.format;
    while let Some((bytes, at)) = video.next()? {
        if !grid.takes(at) {
            continue;
        }
        let picture = Picture { format: &format, bytes, at };
        if let Look::Ask(pixels) = eyes.look(&picture, &mut sights)? {
            let answer = detector.score(Tensor::U8(pixels)).context("the detector")?;
            eyes.found(&picture, Ok(&answer), &mut sights);
        }
        sights.drain(..).try_for_each(|sight| teller.tell(sight))?;
    }
    eyes.flush(&mut sights);
    sights.drain(..).try_for_each(|sight| teller.tell(sight))?;
    Ok(teller.text)
}

struct Teller<'a> {
    input: &'a str,
    forgery: Option<&'a Model>,
    scores: HashMap<CropId, f64>,
    text: String,
}

impl Teller<'_> {
    fn tell(&mut self, sight: Sight) -> Result<()> {
        let input = self.input;
        let s = MediaTime::as_secs_f64;
        let line = match sight {
            Sight::Joined { seat, at } => json!({"input": input, "seat": seat.0, "joined": s(at)}),
            Sight::Epoch { seat, at, reason } => {
                json!({"input": input, "seat": seat.0, "epoch": s(at), "reason": reason})
            }
            Sight::Abstained { seat, source, span, reason } => json!({
                "input": input, "seat": seat.0, "source": name(source), "from_s": s(span.from), "to_s": s(span.to), "abstain": reason.as_str(),
            }),
            Sight::Cue { seat, source, facts, score } => self.window(seat.0, source, &facts, Some(score)),
            Sight::Window { seat, source, facts, crops } => {
                let known: Vec<f64> = crops.iter().filter_map(|id| self.scores.get(id).copied()).collect();
                let score = (known.len() == crops.len()).then(|| known.iter().sum::<f64>() / known.len() as f64);
                self.window(seat.0, source, &facts, score)
            }
            Sight::Crop(crop) => {
                if let Some(model) = self.forgery {
                    let scores = model.score(Tensor::U8(crop.pixels)).context("the forgery model")?;
                    self.scores.insert(crop.id, f64::from(*scores.first().context("a score")?));
                }
                return Ok(());
            }
        };
        writeln!(self.text, "{line}")?;
        Ok(())
    }

    fn window(&self, seat: u32, source: VisualSource, facts: &WindowFacts, score: Option<f64>) -> Value {
        let q = facts.quality;
        json!({
            "input": self.input,
            "seat": seat,
            "source": name(source),
            "from_s": facts.span.from.as_secs_f64(),
            "to_s": facts.span.to.as_secs_f64(),
            "fresh_s": facts.fresh.as_secs_f64(),
            "observed_s": facts.observed.as_secs_f64(),
            "face_px": q.face_px,
            "sharpness": q.sharpness,
            "luma": q.luma,
            "yaw_deg": q.yaw_deg,
            "score": score,
        })
    }
}

fn name(source: VisualSource) -> &'static str {
    match source {
        VisualSource::Forgery => "face-forgery",
        VisualSource::Replay => "face-replay",
        VisualSource::Repeat => "face-repeat",
        VisualSource::Flat => "face-flat",
    }
}
