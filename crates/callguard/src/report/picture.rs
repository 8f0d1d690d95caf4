//! Faces as pictures that stand in the page: PNGs as data addresses, plain and with the map of what spoke for the score.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::timeline::Moment;

/// How much the strongest cell covers of the face below it.
const MOST_COVER: f32 = 0.62;
/// What speaks for synthetic and what speaks against it, as the bars of the plots.
const FOR: [f32; 3] = [214.0, 40.0, 40.0];
const AGAINST: [f32; 3] = [38.0, 110.0, 200.0];

/// The face; `None` where the picture is not what it says.
#[must_use]
pub fn plain(moment: &Moment) -> Option<String> {
    address(moment.side, &moment.rgb)
}

/// The face under its map. `strongest`: the logit that covers most, so that pictures of one source can be compared.
#[must_use]
pub fn mapped(moment: &Moment, strongest: f32) -> Option<String> {
    let (side, cells) = (moment.side, moment.cells()?);
    if moment.rgb.len() != side * side * 3 {
        return None;
    }
    let mut rgb = moment.rgb.clone();
    for (i, pixel) in rgb.chunks_exact_mut(3).enumerate() {
        let (x, y) = (i % side, i / side);
        // Whole cells, not smoothed: the map knows no more than that.
        let logit = moment.map[(y * cells / side) * cells + x * cells / side];
        let share = if strongest > 0.0 { (logit / strongest).clamp(-1.0, 1.0) } else { 0.0 };
        // `max` gives zero where the map is not a number.
        let (tone, cover) = (if share > 0.0 { FOR } else { AGAINST }, (share.abs() * MOST_COVER).max(0.0));
        // Grey below the colour, so that a red cheek is not taken for a red cell.
        let grey = 0.299 * f32::from(pixel[0]) + 0.587 * f32::from(pixel[1]) + 0.114 * f32::from(pixel[2]);
        for (value, tone) in pixel.iter_mut().zip(tone) {
            *value = (grey * (1.0 - cover) + tone * cover).round() as u8;
        }
    }
    address(side, &rgb)
}

/// The strongest logit of a source's maps, either way.
#[must_use]
pub fn strongest(moments: &[Moment], source: &str) -> f32 {
    let maps = moments.iter().filter(|m| m.source == source).flat_map(|m| &m.map);
    maps.map(|x| x.abs()).filter(|x| x.is_finite()).fold(0.0, f32::max)
}

fn address(side: usize, rgb: &[u8]) -> Option<String> {
    let width = u32::try_from(side).ok().filter(|side| *side > 0 && rgb.len() == (side * side * 3) as usize)?;
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, width);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(rgb).ok()?;
    writer.finish().ok()?;
    Some(format!("data:image/png;base64,{}", STANDARD.encode(file)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixels(address: &str) -> Vec<u8> {
        let file = STANDARD.decode(address.strip_prefix("data:image/png;base64,").unwrap()).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
        let mut rgb = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut rgb).unwrap();
        rgb
    }

    fn grey(side: usize, map: Vec<f32>) -> Moment {
        Moment { source: "s".into(), side, rgb: vec![100; side * side * 3], map, ..Moment::default() }
    }

    #[test]
    fn the_face_comes_back_as_it_was() {
        let moment = Moment { rgb: (0..48).collect(), ..grey(4, Vec::new()) };
        assert_eq!(pixels(&plain(&moment).unwrap()), moment.rgb);
    }

    #[test]
    fn cells_that_speak_for_synthetic_are_red_and_the_others_blue() {
        let moment = grey(4, vec![2.0, 0.0, 0.0, -2.0]);
        let rgb = pixels(&mapped(&moment, strongest(std::slice::from_ref(&moment), "s")).unwrap());
        let at = |x: usize, y: usize| &rgb[(y * 4 + x) * 3..][..3];
        assert!(at(0, 0)[0] > 150 && at(0, 0)[2] < 100, "{:?}", at(0, 0));
        assert!(at(3, 3)[2] > 130 && at(3, 3)[0] < 100, "{:?}", at(3, 3));
        assert_eq!(at(3, 0), [100; 3]);
    }

    #[test]
    fn what_does_not_fit_is_no_picture() {
        assert_eq!(plain(&Moment { rgb: vec![0; 5], ..grey(4, Vec::new()) }), None);
        assert_eq!(plain(&Moment::default()), None);
        for map in [Vec::new(), vec![1.0; 3]] {
            assert_eq!(mapped(&grey(4, map), 1.0), None);
        }
        assert!(mapped(&grey(4, vec![f32::NAN; 4]), 1.0).is_some());
    }
}
