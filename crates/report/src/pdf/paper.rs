//! A plain paper: a title, and paragraphs on as many pages as they take.

use std::num::NonZeroU16;

use jiff::Timestamp;
use krilla::Document;
use krilla::metadata::Metadata;

use super::draw::Pen;
use super::flow::{Bookmark, Flow, LaidOut};
use super::furniture::Furniture;
use super::setup::{LANGUAGE, date, export_error, outline, settings, title_of};
use super::style;
use super::tags::{Element, Kind};
use crate::content::Look;
use crate::edition::{Edition, RENDERER};
use crate::error::ReportError;
use crate::text::{Family, Fonts, Ink, Shaper, Span};

/// Draws a paper that is no report, such as those that a demonstration uploads. `at` is its date.
///
/// # Errors
///
/// If the PDF cannot be written.
pub fn paper(title: &str, paragraphs: &[&str], at: Timestamp, fonts: &Fonts) -> Result<Vec<u8>, ReportError> {
    let rules = Edition::CURRENT.rules();
    let title_of = |title| title_of(title, rules.unseen);
    let mut flow = Flow::new(Shaper::new(fonts, rules.unseen, rules.base), rules, true);
    let heading = flow.structure.add(Element::ROOT, Kind::Heading(NonZeroU16::MIN, title_of(title)));
    flow.text(Span { text: title, family: Family::Bold, ink: Ink::Text }, style::TITLE, heading);
    flow.space(style::BETWEEN_BLOCKS);
    for paragraph in paragraphs {
        flow.paragraph(paragraph, Look::Text);
    }
    let LaidOut { pages, mut structure, anchors, .. } = flow.finish();
    let mut document = Document::new_with(settings(true)?);
    let mut pen = Pen { document: &mut document, structure: &mut structure, fonts, anchors, is_labelled: false };
    for (index, page) in pages.iter().enumerate() {
        pen.page(page, index + 1, &Furniture { header: Vec::new(), footer: Vec::new() })?;
    }
    document.set_tag_tree(structure.into_tree(LANGUAGE));
    document.set_outline(outline(vec![Bookmark { title: title_of(title), page: 0, y: style::TOP }]));
    let about = Metadata::new().title(title_of(title)).creator(RENDERER.to_owned()).producer(RENDERER.to_owned());
    document.set_metadata(about.language(LANGUAGE.to_owned()).creation_date(date(at)));
    document.finish().map_err(|error| export_error(&error))
}
