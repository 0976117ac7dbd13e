//! The sections of the PDF: headed parts, each a sequence of sentences, facts and tables.

use super::block::{Block, Part};
use super::cell::Look;
use super::context::Context;
use crate::record::{Limit, Record};
use crate::words;

/// The noun for what a [`Limit`] counts, by its section.
const COUNTED: &[(&str, &str)] = &[("documents", "versions"), ("decisions", "decisions"), ("activity", "entries")];

/// A section of the PDF.
pub(crate) struct Section {
    /// Name of the section in the record, by which a [`Limit`] refers to it.
    pub(super) name: &'static str,
    /// Heading of the section, unless its parts have headings of their own.
    pub(super) heading: &'static str,
    /// Reads its content from a record.
    pub(super) body: for<'a> fn(&'a Context) -> Body<'a>,
}

/// The content of a section.
pub(crate) enum Body<'a> {
    /// Nothing, since the record is from before there was such a section.
    Unknown,
    /// Nothing, since it was left out on request. The subject and verb of the sentence that says so.
    LeftOut(&'static str),
    /// Blocks under the section's own heading.
    Blocks(Vec<Block<'a>>),
    /// Parts with headings of their own.
    Parts(Vec<Part<'a>>),
}

impl Section {
    /// Returns the parts of this section. There are none if the record is from before there was such a section.
    pub(crate) fn parts<'a>(&self, context: &'a Context) -> Vec<Part<'a>> {
        let own = |blocks| vec![Part { heading: self.heading.to_owned(), blocks }];
        let mut parts = match (self.body)(context) {
            Body::Unknown => Vec::new(),
            Body::LeftOut(subject) => own(vec![left_out(subject)]),
            Body::Blocks(blocks) => own(blocks),
            Body::Parts(parts) => parts,
        };
        // Above the first table: that rows are missing must be read before the rows.
        if let (Some(first), Some(limit)) = (parts.first_mut(), self.limit(&context.record)) {
            first.blocks.insert(0, limit);
        }
        parts
    }

    /// Returns the sentence about rows that the record does not hold, if any are missing.
    fn limit(&self, record: &Record) -> Option<Block<'static>> {
        let limit = record.limits.iter().find(|limit| limit.section == self.name)?;
        let held = format!("The record holds {}. Older ones are in the room itself.", newest(limit));
        Some(Block::Text(Look::Text, held))
    }
}

/// Returns in words what the record holds of a section with a limit: `the newest 10,000 of 12,345 entries`.
pub(crate) fn newest(limit: &Limit) -> String {
    let counted = COUNTED.iter().find(|(section, _)| *section == limit.section).map_or("rows", |(_, counted)| counted);
    format!("the newest {} of {} {counted}", words::count(limit.shown), words::count(limit.total))
}

fn left_out(subject: &str) -> Block<'static> {
    Block::aside(format!("{subject} left out of this snapshot on request. That does not mean that there was none."))
}
