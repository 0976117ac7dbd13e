//! Draws laid-out pages with the PDF writer.

use krilla::geom::{PathBuilder, Point, Rect};
use krilla::page::PageSettings;
use krilla::paint::Stroke;
use krilla::surface::Surface;
use krilla::tagging::{Artifact, ArtifactType, ContentTag};
use krilla::text::KrillaGlyph;
use krilla::{Document, geom};

use super::flow::{Item, Page};
use super::furniture::Furniture;
use super::style;
use super::tags::Structure;
use crate::error::ReportError;
use crate::text::{BOX_PADDING, Fonts, Ink, Line, Run};

/// Draws pages one after the other.
pub(super) struct Pen<'a> {
    pub(super) document: &'a mut Document,
    pub(super) structure: &'a mut Structure,
    pub(super) fonts: &'a Fonts,
}

impl Pen<'_> {
    /// Draws a page with its header and footer.
    ///
    /// Everything drawn is between a start and an end of marked content, either of an element of the structure or of an
    /// artifact, as PDF/UA-1 demands (ISO 14289-1, 7.1).
    pub(super) fn page(&mut self, page: &Page, furniture: &Furniture) -> Result<(), ReportError> {
        let size = geom::Size::from_wh(style::PAGE_WIDTH, style::PAGE_HEIGHT).expect("a page of A4 has a size");
        let mut sheet = self.document.start_page_with(PageSettings::new(size));
        let mut surface = sheet.surface();
        let mut brush = Brush { surface: &mut surface, fonts: self.fonts };
        for (kind, items) in [(ArtifactType::Header, &furniture.header), (ArtifactType::Footer, &furniture.footer)] {
            // Header and footer are artifacts: a screen reader would read them on every page.
            brush.surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(kind)));
            for item in items {
                brush.item(item)?;
            }
            brush.surface.end_tagged();
        }
        let mut open = None;
        for item in &page.items {
            let element = match item {
                Item::Text { element, .. } => Some(*element),
                Item::Rule { .. } => None,
            };
            // Consecutive items of one element share one piece of marked content.
            if open != Some(element) {
                if open.is_some() {
                    brush.surface.end_tagged();
                }
                open = Some(element);
                let layout = Artifact::with_kind(ArtifactType::Layout);
                let tag = element.map_or(ContentTag::Artifact(layout), |_| ContentTag::Other);
                let identifier = brush.surface.start_tagged(tag);
                if let Some(element) = element.filter(|_| self.structure.is_tagged()) {
                    self.structure.fill(element, identifier);
                }
            }
            brush.item(item)?;
        }
        if open.is_some() {
            brush.surface.end_tagged();
        }
        surface.finish();
        sheet.finish();
        Ok(())
    }
}

/// Draws the items of one page.
struct Brush<'a, 's> {
    surface: &'a mut Surface<'s>,
    fonts: &'a Fonts,
}

impl Brush<'_, '_> {
    fn item(&mut self, item: &Item) -> Result<(), ReportError> {
        match item {
            Item::Text { x, baseline, size, line, .. } => self.line(*x, *baseline, *size, line),
            Item::Rule { y, weight, ink } => {
                self.rule(*y, *weight, *ink);
                Ok(())
            }
        }
    }

    fn rule(&mut self, y: f32, weight: f32, ink: Option<Ink>) {
        let Some(rect) = Rect::from_xywh(style::LEFT, y - weight / 2.0, style::WIDTH, weight) else {
            return;
        };
        let mut path = PathBuilder::new();
        path.push_rect(rect);
        if let Some(path) = path.finish() {
            self.surface.set_fill(Some(ink.map_or_else(style::hairline, style::ink)));
            self.surface.draw_path(&path);
        }
    }

    /// Draws a line. Consecutive runs in the same look become one, which makes the file smaller.
    fn line(&mut self, x: f32, baseline: f32, size: f32, line: &Line) -> Result<(), ReportError> {
        let mut x = x;
        let mut pieces = line.pieces.as_slice();
        while let Some((first, ink)) = pieces.first() {
            let alike = |(run, other): &(std::rc::Rc<Run>, Ink)| {
                other == ink && run.face == first.face && !(run.boxed || run.rtl)
            };
            // A run from right to left stays alone: its glyphs are in visual order, and its text is not.
            let count = if first.boxed || first.rtl {
                1
            } else {
                pieces.iter().take_while(|piece| alike(piece)).count().max(1)
            };
            let (together, rest) = pieces.split_at(count);
            self.surface.set_fill(Some(style::ink(*ink)));
            if first.boxed {
                self.boxed(first, x, baseline, size)?;
            } else {
                self.runs(together, x, baseline, size)?;
            }
            x += together.iter().map(|(run, _)| run.width).sum::<f32>() * size;
            pieces = rest;
        }
        Ok(())
    }

    /// Draws consecutive runs in one face and colour.
    fn runs(&mut self, runs: &[(std::rc::Rc<Run>, Ink)], x: f32, baseline: f32, size: f32) -> Result<(), ReportError> {
        if let [(run, _)] = runs {
            return self.glyphs(run.face, &run.glyphs, &run.text, Point::from_xy(x, baseline), size);
        }
        let mut text = String::new();
        let mut glyphs = Vec::new();
        for (run, _) in runs {
            let moved = |glyph: &KrillaGlyph| {
                let range = glyph.text_range.start + text.len()..glyph.text_range.end + text.len();
                KrillaGlyph { text_range: range, ..glyph.clone() }
            };
            glyphs.extend(run.glyphs.iter().map(moved));
            text.push_str(&run.text);
        }
        let face = runs.first().map_or(0, |(run, _)| run.face);
        self.glyphs(face, &glyphs, &text, Point::from_xy(x, baseline), size)
    }

    /// Draws a code point in its box.
    fn boxed(&mut self, run: &Run, x: f32, baseline: f32, size: f32) -> Result<(), ReportError> {
        let (text_size, padding) = (size * run.scale, size * BOX_PADDING);
        self.glyphs(run.face, &run.glyphs, &run.text, Point::from_xy(x + padding, baseline), text_size)?;
        let (width, height) = (run.width * size - padding, size * 0.86);
        let mut path = PathBuilder::new();
        path.push_rect(
            Rect::from_xywh(x + padding / 2.0, baseline - height * 0.8, width, height)
                .expect("a box around glyphs has a size"),
        );
        if let Some(path) = path.finish() {
            self.surface.set_fill(None);
            let paint = style::box_line().paint;
            self.surface.set_stroke(Some(Stroke { paint, width: style::HAIRLINE, ..Stroke::default() }));
            self.surface.draw_path(&path);
            self.surface.set_stroke(None);
        }
        Ok(())
    }

    fn glyphs(
        &mut self,
        face: usize,
        glyphs: &[KrillaGlyph],
        text: &str,
        start: Point,
        size: f32,
    ) -> Result<(), ReportError> {
        if glyphs.is_empty() {
            return Ok(());
        }
        let unusable = || ReportError::Pdf(format!("face {face} of the font set cannot be used"));
        let font = self.fonts.face(face).font().ok_or_else(unusable)?;
        self.surface.draw_glyphs(start, glyphs, font, text, size, false);
        Ok(())
    }
}
