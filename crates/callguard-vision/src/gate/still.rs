//! Frozen pictures: a camera that is off shows a portrait, and a stream that hangs its last picture.

use crate::{Picture, Similarity, TIGHT_SIDE, sample};

/// Cells of the face across and down.
const CELLS: usize = 40;
/// Mean difference, levels, up to which two pictures of a face are one, coded twice.
const STILL_CHANGE: f32 = 0.6;

/// Tells whether the face's part of the picture changed. It is compared with what it was when it changed last, not with the look before,
/// so that a slow motion is one.
#[derive(Debug, Default)]
pub(crate) struct Still {
    then: Option<(Similarity, Vec<u8>)>,
    now: Vec<u8>,
}

impl Still {
    /// Whether the picture changed where the face was; `tight` is where the face is now. The first look never did.
    pub(crate) fn stirred(&mut self, picture: &Picture<'_>, tight: Similarity) -> bool {
        if let Some((place, then)) = &self.then {
            sample::luma(picture, place, CELLS, CELLS, &mut self.now);
            let sum: u32 = then.iter().zip(&self.now).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
            if sum as f32 / (CELLS * CELLS) as f32 <= STILL_CHANGE {
                return false;
            }
        }
        let zoom = TIGHT_SIDE as f32 / CELLS as f32;
        let place = Similarity { a: tight.a * zoom, b: tight.b * zoom, ..tight };
        let first = self.then.is_none();
        let mut then = std::mem::take(&mut self.now);
        sample::luma(picture, &place, CELLS, CELLS, &mut then);
        self.then = Some((place, then));
        !first
    }
}
