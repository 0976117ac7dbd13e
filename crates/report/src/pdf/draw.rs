//! Draws laid-out pages with the PDF writer.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::ops::RangeInclusive;

use krilla::annotation::{Annotation, LinkAnnotation, Target};
use krilla::destination::{Destination, XyzDestination};
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::page::{NumberingStyle, PageLabel, PageSettings};
use krilla::paint::Stroke;
use krilla::surface::Surface;
use krilla::tagging::{Artifact, ArtifactType, ContentTag, SpanTag};
use krilla::text::KrillaGlyph;
use krilla::{Document, geom};

use super::flow::{Item, Page, Place};
use super::furniture::Furniture;
use super::style;
use super::tags::Structure;
use crate::content::Anchor;
use crate::error::ReportError;
use crate::text::{BOX_PADDING, Fonts, Ink, Line, Run};

/// Draws pages one after the other.
pub(super) struct Pen<'a> {
    pub(super) document: &'a mut Document,
    pub(super) structure: &'a mut Structure,
    pub(super) fonts: &'a Fonts,
    /// Where links lead to.
    pub(super) anchors: HashMap<Anchor, Place>,
    /// Whether pages have labels, and text of other scripts its language.
    pub(super) is_labelled: bool,
}

impl Pen<'_> {
    /// Draws page `number` with its header and footer.
    ///
    /// Everything drawn is between a start and an end of marked content, either of an element of the structure or of an
    /// artifact, as PDF/UA-1 demands (ISO 14289-1, 7.1).
    pub(super) fn page(&mut self, page: &Page, number: usize, furniture: &Furniture) -> Result<(), ReportError> {
        let size = geom::Size::from_wh(style::PAGE_WIDTH, style::PAGE_HEIGHT).expect("a page of A4 has a size");
        let mut settings = PageSettings::new(size);
        if self.is_labelled {
            let number = u32::try_from(number).ok().and_then(NonZeroU32::new);
            settings = settings.with_page_label(PageLabel::new(Some(NumberingStyle::Arabic), None, number));
        }
        let mut sheet = self.document.start_page_with(settings);
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
        let speaks = self.is_labelled && self.structure.is_tagged();
        let mut open = None;
        for item in &page.items {
            let (element, language) = match item {
                Item::Text { element, line, .. } => (Some(*element), language_of(line).filter(|_| speaks)),
                Item::Rule { .. } | Item::Shape { .. } => (None, None),
            };
            // Consecutive items of one element share one piece of marked content.
            if open != Some((element, language)) {
                if open.is_some() {
                    brush.surface.end_tagged();
                }
                open = Some((element, language));
                let tag = match (element, language) {
                    (None, _) => ContentTag::Artifact(Artifact::with_kind(ArtifactType::Layout)),
                    (Some(_), None) => ContentTag::Other,
                    (Some(_), language) => ContentTag::Span(SpanTag::empty().with_lang(language)),
                };
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
        for item in &page.items {
            let Item::Text { x, baseline, size, line, element, target: Some(anchor) } = item else { continue };
            let Some(place) = self.anchors.get(anchor) else { continue };
            let width = (line.width * size).max(1.0);
            let rect = Rect::from_xywh(*x, baseline - size, width, size * 1.3).expect("a line of text has a size");
            // The line above the place is seen, too.
            let target = XyzDestination::new(place.page, Point::from_xy(style::LEFT, (place.y - 12.0).max(0.0)));
            let link = LinkAnnotation::new(rect, Target::Destination(Destination::Xyz(target)));
            let link = Annotation::new_link(link, Some(anchor.described()));
            if self.structure.is_tagged() {
                let identifier = sheet.add_tagged_annotation(link);
                self.structure.lead(*element, identifier);
            } else {
                sheet.add_annotation(link);
            }
        }
        sheet.finish();
        Ok(())
    }
}

/// Adds an ellipse, as four curves.
fn ellipse(path: &mut PathBuilder, [x, y]: [f32; 2], [wide, high]: [f32; 2]) {
    // The distance of the control points at which a curve is nearest to a quarter of a circle.
    const NEAREST: f32 = 0.552_285;
    let (near_x, near_y) = (wide * NEAREST, high * NEAREST);
    path.move_to(x + wide, y);
    path.cubic_to(x + wide, y + near_y, x + near_x, y + high, x, y + high);
    path.cubic_to(x - near_x, y + high, x - wide, y + near_y, x - wide, y);
    path.cubic_to(x - wide, y - near_y, x - near_x, y - high, x, y - high);
    path.cubic_to(x + near_x, y - high, x + wide, y - near_y, x + wide, y);
    path.close();
}

/// Returns the language of a line that is mostly in another script than Latin, as a tag (RFC 5646). A script alone does
/// not tell the language for sure; what it usually is reads better than English rules for it.
fn language_of(line: &Line) -> Option<&'static str> {
    let mut letters = 0;
    let mut counts = [0_usize; SCRIPTS.len()];
    for c in line.pieces.iter().filter(|(run, _)| !run.boxed).flat_map(|(run, _)| run.text.chars()) {
        letters += usize::from(c.is_alphabetic());
        if let Some(script) = SCRIPTS.iter().position(|(range, _)| range.contains(&c)) {
            counts[script] += 1;
        }
    }
    let (most, count) = counts.iter().enumerate().max_by_key(|(_, count)| **count)?;
    (2 * count > letters).then(|| SCRIPTS[most].1)
}

/// Scripts, by their main block, and the language that is usually written in them.
const SCRIPTS: [(RangeInclusive<char>, &str); 7] = [
    ('\u{370}'..='\u{3ff}', "el"),
    ('\u{400}'..='\u{52f}', "ru"),
    ('\u{590}'..='\u{5ff}', "he"),
    ('\u{600}'..='\u{6ff}', "ar"),
    ('\u{3040}'..='\u{30ff}', "ja"),
    ('\u{4e00}'..='\u{9fff}', "zh"),
    ('\u{ac00}'..='\u{d7af}', "ko"),
];

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
                self.shape([style::LEFT, y - weight / 2.0], [style::WIDTH, *weight], *ink, false);
                Ok(())
            }
            Item::Shape { at, size, ink, round } => {
                self.shape(*at, *size, *ink, *round);
                Ok(())
            }
        }
    }

    /// Fills a rectangle, or the ellipse in it.
    fn shape(&mut self, [x, y]: [f32; 2], [width, height]: [f32; 2], ink: Option<Ink>, round: bool) {
        let Some(rect) = Rect::from_xywh(x, y, width, height) else { return };
        let mut path = PathBuilder::new();
        if round {
            ellipse(&mut path, [x + width / 2.0, y + height / 2.0], [width / 2.0, height / 2.0]);
        } else {
            path.push_rect(rect);
        }
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
