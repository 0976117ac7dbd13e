//! What a section of the PDF is: headed parts, each a sequence of sentences, facts and tables.

use super::block::{Block, Part};
use super::cell::Look;
use super::context::Context;
use crate::record::{Limit, Record};
use crate::words;

/// What a [`Limit`] counts, by its section.
const COUNTED: &[(&str, &str)] = &[("documents", "versions"), ("decisions", "decisions"), ("activity", "entries")];

/// A section of the PDF.
pub(crate) struct Section {
    /// Its name in the record, by which [`Limit`] speaks of it.
    pub(super) name: &'static str,
    /// Its heading, unless its parts have headings of their own.
    pub(super) heading: &'static str,
    /// What is in it.
    pub(super) body: for<'a> fn(&'a Context) -> Body<'a>,
}

/// What a section holds of a record.
pub(crate) enum Body<'a> {
    /// Nothing: the record is from before there was such a section.
    Unknown,
    /// Nothing on request; the subject and verb of the sentence which says so.
    LeftOut(&'static str),
    /// What stands under the section's heading.
    Blocks(Vec<Block<'a>>),
    /// Parts with headings of their own.
    Parts(Vec<Part<'a>>),
}

impl Section {
    /// The parts of this section; none where the record is from before there was such a section.
    pub(crate) fn parts<'a>(&self, context: &'a Context) -> Vec<Part<'a>> {
        let own = |blocks| vec![Part { heading: self.heading.to_owned(), blocks }];
        let mut parts = match (self.body)(context) {
            Body::Unknown => Vec::new(),
            Body::LeftOut(subject) => own(vec![left_out(subject)]),
            Body::Blocks(blocks) => own(blocks),
            Body::Parts(parts) => parts,
        };
        if let (Some(first), Some(limit)) = (parts.first_mut(), self.limit(&context.record)) {
            first.blocks.insert(0, limit);
        }
        parts
    }

    /// What the record says about rows that it does not hold, if any are missing.
    fn limit(&self, record: &Record) -> Option<Block<'static>> {
        let limit = record.limits.iter().find(|limit| limit.section == self.name)?;
        let held = format!("The record holds {}. Older ones are in the room itself.", newest(limit));
        Some(Block::Text(Look::Text, held))
    }
}

/// What is held of something that has a limit: `the newest 10,000 of 12,345 entries`.
pub(crate) fn newest(limit: &Limit) -> String {
    let counted = COUNTED.iter().find(|(section, _)| *section == limit.section).map_or("rows", |(_, counted)| counted);
    format!("the newest {} of {} {counted}", words::count(limit.shown), words::count(limit.total))
}

fn left_out(subject: &str) -> Block<'static> {
    Block::aside(format!("{subject} left out of this snapshot on request. That does not mean that there was none."))
}
