//! A stage: actors are squares of texture over a textured wall, and the detector is told where they are.

use std::f32::consts::TAU;
use std::time::Duration;

use callguard_core::{Abstain, EpochReason, MediaTime, Span};
use callguard_vision::{
    ANCHOR_VALUES, DETECTOR_SIDE, Eyes, EyesSettings, Grid, Look, Matrix, Picture, PictureFormat, PixelFormat, Plane,
    Range, Seat, Sight, Turn, VisualSource,
};

/// Where an actor stands.
#[derive(Clone, Copy, Debug)]
pub struct Actor {
    /// Which texture: who it is.
    pub who: u32,
    pub x: f32,
    pub y: f32,
    /// Side of the box that the detector gives.
    pub side: f32,
    /// Whether the detector sees it.
    pub seen: bool,
    /// Whether it moves its mouth.
    pub alive: bool,
}

pub fn actor(who: u32, x: f32, y: f32) -> Actor {
    Actor { who, x, y, side: 80.0, seen: true, alive: true }
}

/// How far an actor reaches, sides of its box: as far as the tight crop.
const REACH: f32 = 1.7;

pub struct Stage {
    pub width: usize,
    pub height: usize,
    wall: Vec<u8>,
    pub eyes: Eyes,
    grid: Grid,
    pub asked: usize,
    pub sights: Vec<Sight>,
}

impl Stage {
    pub fn new(width: usize, height: usize) -> Self {
        let settings = EyesSettings::default();
        let (eyes, grid) = (Eyes::new(settings), Grid::new(settings.step));
        let mut stage = Self { width, height, wall: Vec::new(), eyes, grid, asked: 0, sights: Vec::new() };
        stage.paint_wall(1_000);
        stage
    }

    pub fn paint_wall(&mut self, number: u32) {
        let at = |i: usize| texture(number, (i % self.width) as f32 / 22.0, (i / self.width) as f32 / 22.0);
        self.wall = (0..self.width * self.height).map(at).collect();
    }

    pub fn draw(&self, ms: u64, actors: &[Actor]) -> Vec<u8> {
        let mut luma = self.wall.clone();
        for actor in actors {
            let reach = actor.side * REACH / 2.0;
            let cells = |centre: f32, most: usize| {
                ((centre - reach).max(0.0) as usize)..((centre + reach).max(0.0) as usize).min(most)
            };
            for y in cells(actor.y, self.height) {
                for x in cells(actor.x, self.width) {
                    luma[y * self.width + x] = actor.luma(x as f32, y as f32, ms);
                }
            }
        }
        luma
    }

    /// A picture of the actors.
    pub fn show(&mut self, ms: u64, actors: &[Actor]) {
        let luma = self.draw(ms, actors);
        self.show_luma(ms, &luma, Ok(actors));
    }

    /// A picture that was drawn before, and what the detector says of it.
    pub fn show_luma(&mut self, ms: u64, luma: &[u8], seen: Result<&[Actor], Abstain>) {
        self.show_bytes(ms, &gray(self.width, self.height), luma, seen);
    }

    /// A picture of any format.
    pub fn show_bytes(&mut self, ms: u64, format: &PictureFormat, bytes: &[u8], seen: Result<&[Actor], Abstain>) {
        let picture = Picture { format, bytes, at: MediaTime::from_millis(ms) };
        if !self.grid.takes(picture.at) {
            return;
        }
        if let Look::Ask(input) = self.eyes.look(&picture, &mut self.sights).expect("a sound picture") {
            assert_eq!(input.len(), 3 * DETECTOR_SIDE * DETECTOR_SIDE);
            self.asked += 1;
            let scale = self.width.max(self.height) as f32 / DETECTOR_SIDE as f32;
            let answer =
                seen.map(|all| all.iter().filter(|a| a.seen).flat_map(|a| a.anchor(scale)).collect::<Vec<_>>());
            self.eyes.found(&picture, answer.as_deref().map_err(|e| *e), &mut self.sights);
        }
    }

    /// Pictures every `every_ms` from `from_ms` up to `to_ms`.
    pub fn play(&mut self, from_ms: u64, to_ms: u64, every_ms: u64, actors: impl Fn(u64) -> Vec<Actor>) {
        for ms in (from_ms..to_ms).step_by(every_ms as usize) {
            self.show(ms, &actors(ms));
        }
    }

    pub fn end(mut self) -> Vec<Sight> {
        self.eyes.flush(&mut self.sights);
        self.sights
    }
}

impl Actor {
    fn luma(&self, x: f32, y: f32, ms: u64) -> u8 {
        let (u, v) = ((x - self.x) / self.side, (y - self.y) / self.side);
        let still = texture(self.who, u * 4.0, v * 4.0);
        // The lower half speaks, never twice the same.
        let t = ms as f32 / 1_000.0;
        let moves = if self.alive && v > 0.1 { 30.0 * (t * 9.0 + t * t * 0.37 + u * 8.0).sin() } else { 0.0 };
        (f32::from(still) + moves).clamp(0.0, 255.0) as u8
    }

    fn anchor(&self, scale: f32) -> [f32; ANCHOR_VALUES] {
        let (x, y, side) = ((self.x - self.side / 2.0) / scale, (self.y - self.side / 2.0) / scale, self.side / scale);
        let at = |fx: f32, fy: f32| [x + fx * side, y + fy * side];
        let points = [at(0.3, 0.4), at(0.7, 0.4), at(0.5, 0.62), at(0.35, 0.8), at(0.65, 0.8)].concat();
        let mut anchor = [0.0; ANCHOR_VALUES];
        anchor[..5].copy_from_slice(&[0.9, x, y, side, side]);
        anchor[5..].copy_from_slice(&points);
        anchor
    }
}

/// Waves whose directions and lengths are the number's own.
pub fn texture(number: u32, x: f32, y: f32) -> u8 {
    let mut sum = 0.0;
    for wave in 0..4 {
        let bits = (number * 4 + wave).wrapping_mul(0x9e37_79b1);
        let part = |shift: u32| (bits.rotate_right(shift) & 0xff) as f32 / 255.0;
        let (angle, length, phase) = (part(0) * TAU, 0.6 + 1.6 * part(8), part(16) * TAU);
        sum += ((x * angle.cos() + y * angle.sin()) * 3.0 / length + phase).sin();
    }
    (128.0 + 28.0 * sum).clamp(0.0, 255.0) as u8
}

pub fn gray(width: usize, height: usize) -> PictureFormat {
    PictureFormat {
        pixel: PixelFormat::Gray8,
        width: width as u32,
        height: height as u32,
        planes: [Plane { offset: 0, stride: width }, Plane::default(), Plane::default()],
        matrix: Matrix::Bt601,
        range: Range::Full,
        turn: Turn::None,
        pixel_aspect_q16: 1 << 16,
    }
}

pub fn joined(sights: &[Sight]) -> Vec<(Seat, u64)> {
    let of =
        |s: &Sight| if let Sight::Joined { seat, at } = s { Some((*seat, at.as_nanos() / 1_000_000)) } else { None };
    sights.iter().filter_map(of).collect()
}

pub fn epochs(sights: &[Sight]) -> Vec<(Seat, EpochReason)> {
    let of = |s: &Sight| if let Sight::Epoch { seat, reason, .. } = s { Some((*seat, *reason)) } else { None };
    sights.iter().filter_map(of).collect()
}

/// What was told of a seat by a source: the stretch, and why nothing was said of it if so.
pub fn told(sights: &[Sight], seat: Seat, source: VisualSource) -> Vec<(Span, Option<Abstain>)> {
    let mut found = Vec::new();
    for sight in sights {
        match sight {
            Sight::Window { seat: of, source: by, facts, .. } | Sight::Cue { seat: of, source: by, facts, .. }
                if (*of, *by) == (seat, source) =>
            {
                found.push((facts.fresh_span, None));
            }
            Sight::Abstained { seat: of, source: by, span, reason } if (*of, *by) == (seat, source) => {
                found.push((*span, Some(*reason)));
            }
            _ => {}
        }
    }
    found
}

/// Time a source abstained for a reason.
pub fn abstained(sights: &[Sight], seat: Seat, source: VisualSource, reason: Abstain) -> Duration {
    told(sights, seat, source).iter().filter(|(_, r)| *r == Some(reason)).map(|(span, _)| span.duration()).sum()
}

/// Forgery windows of a seat.
pub fn windows(sights: &[Sight], seat: Seat) -> usize {
    told(sights, seat, VisualSource::Forgery).iter().filter(|(_, reason)| reason.is_none()).count()
}

/// Scores of a cue.
pub fn scores(sights: &[Sight], of: VisualSource) -> Vec<f64> {
    sights
        .iter()
        .filter_map(|s| if let Sight::Cue { source, score, .. } = s { (*source == of).then_some(*score) } else { None })
        .collect()
}
