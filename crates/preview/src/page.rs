//! Draws a page of a PDF.

use hayro::{
    RenderCache, RenderSettings,
    hayro_interpret::{InterpreterSettings, TransformExt},
    hayro_syntax::{DecryptionError, LoadPdfError, Pdf},
    kurbo::Affine,
    render_into,
    vello_cpu::{Pixmap, RasterizerSettings, RenderContext, Resources, TargetInit, color::palette::css::WHITE},
};
use image::RgbaImage;

use crate::{
    Drawn, View,
    fault::Fault,
    picture::{self, MOST_ACROSS, MOST_DOWN},
};

pub(crate) fn draw(file: Vec<u8>, view: View) -> Result<Drawn, Fault> {
    let pdf = Pdf::new(file).map_err(|error| match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => Fault::NeedsPassword,
        LoadPdfError::Decryption(_) => Fault::Encrypted,
        LoadPdfError::Invalid => Fault::Unreadable,
    })?;
    let pages = pdf.pages();
    let index = usize::try_from(view.page).unwrap_or(usize::MAX).saturating_sub(1);
    let page = pages.get(index).ok_or(if pages.is_empty() { Fault::NoPage } else { Fault::NoSuchPage })?;
    let (width, height) = page.render_dimensions();
    let (across, down) = size(width, height, view.zoom);
    // Two scales, since the number of pixels is a whole one in each direction: with one scale a border would stay
    // white.
    let (to_width, to_height) = (f64::from(across) / f64::from(width), f64::from(down) / f64::from(height));
    let transform = Affine::scale_non_uniform(to_width, to_height) * page.initial_transform(true).to_kurbo();

    let mut context = RenderContext::new(across, down);
    let settings = InterpreterSettings::default();
    render_into(page, &RenderCache::new(), &settings, &RenderSettings::default(), &mut context, transform);
    context.flush();
    let mut drawn = Pixmap::new(across, down);
    // A page has no colour of its own. Without paper it would be transparent.
    let paper = RasterizerSettings { target_init: TargetInit::Clear(WHITE), ..RasterizerSettings::default() };
    context.render_with(&mut drawn, &mut Resources::default(), paper);

    let pixels = drawn.data_as_u8_slice().to_vec();
    let drawn = RgbaImage::from_raw(across.into(), down.into(), pixels).ok_or(Fault::Unreadable)?;
    Ok(Drawn { png: picture::write(drawn.into())?, pages: u32::try_from(pages.len()).unwrap_or(u32::MAX) })
}

/// Returns how large a page of this size is drawn, in pixels.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is no number of pixels is cut to one"
)]
fn size(width: f32, height: f32, zoom: u16) -> (u16, u16) {
    let (most_across, most_down) = (MOST_ACROSS * zoom, MOST_DOWN * zoom);
    let scale = (f32::from(most_across) / width).min(f32::from(most_down) / height);
    let pixels = |length: f32, most: u16| ((length * scale).round() as u16).clamp(1, most);
    (pixels(width, most_across), pixels(height, most_down))
}
