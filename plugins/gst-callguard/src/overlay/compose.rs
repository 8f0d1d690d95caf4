//! From what is said to rectangles over the picture. What looks as before is not drawn again.

use callguard_engine::{Rect, Turn};
use gst_video::{VideoOverlayComposition, VideoOverlayFormatFlags, VideoOverlayRectangle};

use super::look::Mood;
use super::paint::{Raster, Sizes, line, outline, tag};
use super::scene::Said;
use crate::upright::to_stored;

/// The picture that is drawn on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Canvas {
    /// Stored pixels.
    pub stored: (u32, u32),
    /// Square pixels, upright.
    pub upright: (u32, u32),
    pub turn: Turn,
}

/// What a piece looks like.
#[derive(Clone, Debug, PartialEq)]
enum Key {
    Tag(Mood, String, String, Sizes),
    Line(Mood, String, String, Sizes),
    Outline(Mood, (u32, u32), f32),
}

/// A piece as it was drawn: its parts, each with where it lies from the piece's place.
type Drawn = Vec<((i32, i32), Raster)>;

/// Draws, and remembers what it drew last.
#[derive(Debug, Default)]
pub(super) struct Composer {
    canvas: Option<Canvas>,
    drawn: Vec<(Key, Drawn)>,
    used: Vec<bool>,
}

/// Pixels of the upright picture: left, top, width, height.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Area(i32, i32, i32, i32);

impl Area {
    fn overlap(self, other: Self) -> i64 {
        let along = |a: i32, al: i32, b: i32, bl: i32| i64::from(((a + al).min(b + bl) - a.max(b)).max(0));
        along(self.0, self.2, other.0, other.2) * along(self.1, self.3, other.1, other.3)
    }
}

impl Composer {
    /// `None`: nothing is to be drawn.
    pub(super) fn compose(&mut self, said: &[Said], canvas: Canvas) -> Option<VideoOverlayComposition> {
        if self.canvas != Some(canvas) {
            *self = Self { canvas: Some(canvas), ..Self::default() };
        }
        self.used = vec![false; self.drawn.len()];
        let faces = said.iter().filter(|s| s.face.is_some()).count();
        let sizes = Sizes::of(canvas.upright, faces);
        let mut rectangles = Vec::new();
        let mut taken: Vec<Area> = Vec::new();
        let mut bottom = pixels(canvas.upright.1);
        for Said { mood, who, why, .. } in said.iter().filter(|s| s.face.is_none()) {
            let key = Key::Line(*mood, who.clone(), why.clone(), sizes);
            let parts = self.piece(key, canvas);
            let Some((w, h)) = size(&parts) else { continue };
            bottom -= h + gap(sizes);
            taken.push(Area(gap(sizes), bottom, w, h));
            put(&mut rectangles, &parts, (gap(sizes), bottom), canvas);
        }
        let boxes: Vec<Area> = said.iter().filter_map(|s| s.face).map(|face| area(face, canvas)).collect();
        for (bounds, Said { mood, .. }) in boxes.iter().zip(said.iter().filter(|s| s.face.is_some())) {
            let size = (u32::try_from(bounds.2).unwrap_or(0), u32::try_from(bounds.3).unwrap_or(0));
            let parts = self.piece(Key::Outline(*mood, size, sizes.pen), canvas);
            put(&mut rectangles, &parts, (bounds.0, bounds.1), canvas);
        }
        for (bounds, Said { mood, who, why, .. }) in boxes.iter().zip(said.iter().filter(|s| s.face.is_some())) {
            let parts = self.piece(Key::Tag(*mood, who.clone(), why.clone(), sizes), canvas);
            let Some(size) = size(&parts) else { continue };
            let place = place(*bounds, size, &boxes, &taken, sizes, canvas);
            taken.push(place);
            put(&mut rectangles, &parts, (place.0, place.1), canvas);
        }
        let mut used = std::mem::take(&mut self.used).into_iter();
        self.drawn.retain(|_| used.next().unwrap_or(false));
        VideoOverlayComposition::new(&rectangles).ok()
    }

    /// A piece, drawn anew only where it looks otherwise than any of the last time.
    fn piece(&mut self, key: Key, canvas: Canvas) -> Drawn {
        if let Some(at) = self.drawn.iter().position(|(k, _)| *k == key) {
            self.used[at] = true;
            return self.drawn[at].1.clone();
        }
        let pixmaps = match &key {
            Key::Tag(mood, who, why, sizes) => tag(*mood, who, why, *sizes).map(|p| ((0, 0), p)).into_iter().collect(),
            Key::Line(mood, who, why, sizes) => {
                line(*mood, who, why, *sizes).map(|p| ((0, 0), p)).into_iter().collect()
            }
            Key::Outline(mood, size, pen) => outline(*mood, *size, *pen),
        };
        let raster = |(at, pixmap)| Some((at, Raster::new(&pixmap, canvas.turn)?));
        let drawn: Drawn = pixmaps.into_iter().filter_map(raster).collect();
        self.drawn.push((key, drawn.clone()));
        self.used.push(true);
        drawn
    }
}

fn pixels(n: u32) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX / 4)
}

fn gap(sizes: Sizes) -> i32 {
    (2.0 * sizes.pen).ceil() as i32
}

fn size(parts: &Drawn) -> Option<(i32, i32)> {
    parts.first().map(|(_, raster)| (pixels(raster.width), pixels(raster.height)))
}

/// A face's box, to even pixels: noise of one or two moves nothing. Only the part in the picture.
fn area(face: Rect, canvas: Canvas) -> Area {
    let along = |from: f32, length: f32, most: u32| {
        let even = |share: f32| (share.clamp(0.0, 1.0) * most as f32 / 2.0).round() as i32 * 2;
        let (from, to) = (even(from), even(from + length));
        (from, (to - from).max(2))
    };
    let ((x, w), (y, h)) = (along(face.x, face.w, canvas.upright.0), along(face.y, face.h, canvas.upright.1));
    Area(x, y, w, h)
}

/// Where a tag goes: above its box, below, or inside, where it hides least of other tags and faces.
fn place(bounds: Area, (w, h): (i32, i32), boxes: &[Area], taken: &[Area], sizes: Sizes, canvas: Canvas) -> Area {
    let (width, height) = (pixels(canvas.upright.0), pixels(canvas.upright.1));
    let away = 2 * gap(sizes);
    let Area(x, y, bw, bh) = bounds;
    let fit = |x: i32, y: i32| Area(x.min(width - w).max(0), y.min(height - h).max(0), w, h);
    let candidates = [
        fit(x, y - h - away),
        fit(x, y + bh + away),
        fit(x + bw + away, y),
        fit(x - w - away, y),
        fit(x + away, y + bh - h - away),
    ];
    let hides = |tag: &Area| {
        let words: i64 = taken.iter().map(|other| tag.overlap(*other)).sum();
        let faces: i64 = boxes.iter().map(|other| tag.overlap(*other)).sum();
        // Words over words are read by nobody.
        4 * words + faces
    };
    candidates.into_iter().min_by_key(hides).unwrap_or(candidates[0])
}

fn put(rectangles: &mut Vec<VideoOverlayRectangle>, parts: &Drawn, (x, y): (i32, i32), canvas: Canvas) {
    for ((dx, dy), raster) in parts {
        let upright = Rect { x: (x + dx) as f32, y: (y + dy) as f32, w: raster.width as f32, h: raster.height as f32 };
        let stored = to_stored(upright, canvas.upright, canvas.turn, canvas.stored);
        let (w, h) = (stored.w.round().max(1.0) as u32, stored.h.round().max(1.0) as u32);
        let (x, y) = (stored.x.round() as i32, stored.y.round() as i32);
        let premultiplied = VideoOverlayFormatFlags::PREMULTIPLIED_ALPHA;
        rectangles.push(VideoOverlayRectangle::new_raw(&raster.pixels, x, y, w, h, premultiplied));
    }
}
