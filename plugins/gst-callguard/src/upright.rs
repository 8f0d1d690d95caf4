//! From the upright picture that faces are measured in to the pixels that are stored, and what says how those lie.

use callguard_engine::{Rect, Turn};

/// How pictures of a stream must be turned, by its `image-orientation`. `None`: these tags do not say. That they are mirrored too is
/// left out, a face being a face either way; but what is flipped before it is turned is turned the other way round by that.
#[must_use]
pub fn turn_of(tags: &gst::TagListRef) -> Option<Turn> {
    let orientation = tags.get::<gst::tags::ImageOrientation>()?;
    match orientation.get() {
        "rotate-0" | "flip-rotate-0" => Some(Turn::None),
        "rotate-90" | "flip-rotate-270" => Some(Turn::Right),
        "rotate-180" | "flip-rotate-180" => Some(Turn::Half),
        "rotate-270" | "flip-rotate-90" => Some(Turn::Left),
        _ => None,
    }
}

/// Where a box of the upright picture of `size` lies in a stored one of `stored` pixels. It may reach beyond the edges.
pub(crate) fn to_stored(bounds: Rect, size: (u32, u32), turn: Turn, stored: (u32, u32)) -> Rect {
    // In shares of the picture, since the stored one may have fewer pixels, or narrower ones.
    let share = |pixels: f32, of: u32| pixels / of.max(1) as f32;
    let (x, y) = (share(bounds.x, size.0), share(bounds.y, size.1));
    let (w, h) = (share(bounds.w, size.0), share(bounds.h, size.1));
    let (x, y, w, h) = match turn {
        Turn::None => (x, y, w, h),
        Turn::Right => (y, 1.0 - x - w, h, w),
        Turn::Half => (1.0 - x - w, 1.0 - y - h, w, h),
        Turn::Left => (1.0 - y - h, x, h, w),
    };
    let (across, down) = (stored.0 as f32, stored.1 as f32);
    Rect { x: x * across, y: y * down, w: w * across, h: h * down }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A box of 10 x 20 at (30, 40) in an upright picture of 100 x 200.
    #[track_caller]
    fn lies(turn: Turn, stored: (u32, u32), expected: [f32; 4]) {
        let upright = Rect { x: 30.0, y: 40.0, w: 10.0, h: 20.0 };
        let Rect { x, y, w, h } = to_stored(upright, (100, 200), turn, stored);
        for (is, should) in [x, y, w, h].into_iter().zip(expected) {
            assert!((is - should).abs() < 1e-3, "{turn:?}: {:?} instead of {expected:?}", [x, y, w, h]);
        }
    }

    #[test]
    fn boxes_lie_where_they_are_stored() {
        lies(Turn::None, (100, 200), [30.0, 40.0, 10.0, 20.0]);
        // The stored top left corner is the upright top right one.
        lies(Turn::Right, (200, 100), [40.0, 60.0, 20.0, 10.0]);
        lies(Turn::Half, (100, 200), [60.0, 140.0, 10.0, 20.0]);
        lies(Turn::Left, (200, 100), [140.0, 30.0, 20.0, 10.0]);
    }

    #[test]
    fn narrow_pixels_and_other_sizes_are_shares() {
        lies(Turn::None, (50, 400), [15.0, 80.0, 5.0, 40.0]);
    }

    #[test]
    fn orientations_are_read() {
        gst::init().unwrap();
        let turn = |value: &str| {
            let mut tags = gst::TagList::new();
            tags.get_mut().unwrap().add::<gst::tags::ImageOrientation>(&value, gst::TagMergeMode::Replace);
            turn_of(&tags)
        };
        assert_eq!(turn("rotate-90"), Some(Turn::Right));
        // Over the diagonal, as EXIF's 5: a clockwise quarter, but for the mirror.
        assert_eq!(turn("flip-rotate-270"), Some(Turn::Right));
        assert_eq!(turn("flip-rotate-90"), Some(Turn::Left));
        assert_eq!(turn("sideways"), None);
        assert_eq!(turn_of(&gst::TagList::new()), None);
    }
}
