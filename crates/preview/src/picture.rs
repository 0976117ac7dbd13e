//! Draws a picture: smaller if it is large, and turned the way it says.

use std::io::Cursor;

use image::{
    DynamicImage, ImageDecoder, ImageFormat, ImageReader, Rgb, RgbImage,
    codecs::png::{CompressionType, FilterType, PngEncoder},
};

use crate::fault::Fault;

/// The largest width of a preview at a zoom of 1, in pixels.
pub(crate) const MOST_ACROSS: u16 = 1000;
/// The largest height of a preview at a zoom of 1, in pixels.
pub(crate) const MOST_DOWN: u16 = 2000;

pub(crate) fn draw(file: &[u8], format: ImageFormat, zoom: u16) -> Result<Vec<u8>, Fault> {
    let mut decoder = ImageReader::with_format(Cursor::new(file), format).into_decoder()?;
    // Cameras store pictures sideways and note it (Exif, `Orientation`); the preview has no such note.
    let orientation = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    let (most_across, most_down) = (u32::from(MOST_ACROSS * zoom), u32::from(MOST_DOWN * zoom));
    if picture.width() > most_across || picture.height() > most_down {
        picture = picture.thumbnail(most_across, most_down);
    }
    write(picture)
}

/// Writes a picture on white paper as a PNG.
pub(crate) fn write(picture: DynamicImage) -> Result<Vec<u8>, Fault> {
    let mut png = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut png, CompressionType::Default, FilterType::Adaptive);
    on_paper(picture).write_with_encoder(encoder)?;
    Ok(png)
}

/// Returns a picture without transparency, as it looks on white paper.
fn on_paper(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let seen = picture.into_rgba8();
    RgbImage::from_fn(seen.width(), seen.height(), |x, y| {
        let [red, green, blue, alpha] = seen.get_pixel(x, y).0.map(u32::from);
        let mix = |part: u32| u8::try_from((part * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX);
        Rgb([mix(red), mix(green), mix(blue)])
    })
}
