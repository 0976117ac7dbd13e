//! Sets the parts of a report: the title, then each heading with what stands under it.

use std::num::NonZeroU16;

use super::flow::Flow;
use super::setup::title_of;
use super::table::Spacing;
use super::tags::{Element, Kind};
use super::{style, table};
use crate::content::{self, Block, Context, Look, Part};
use crate::record::Record;
use crate::text::{Family, Ink, Span};

/// Sets what opens the first page: kind, title, subtitle and the line below.
pub(super) fn title(flow: &mut Flow<'_>, record: &Record) {
    let kind = flow.structure.add(Element::ROOT, Kind::Paragraph);
    flow.text(Span { text: content::KIND, family: Family::Bold, ink: Ink::Accent }, style::KIND, kind);
    let title = title_of(&record.room.title, flow.shaper.unseen());
    let heading = flow.structure.add(Element::ROOT, Kind::Heading(NonZeroU16::MIN, title));
    let room = Span { text: &record.room.title, family: Family::Bold, ink: Ink::Text };
    let long = record.room.title.chars().nth(style::LONG).is_some();
    flow.text(room, if long { style::LONG_TITLE } else { style::TITLE }, heading);
    flow.space(2.0);
    let subtitle = flow.structure.add(Element::ROOT, Kind::Paragraph);
    let snapshot = Span { text: &record.snapshot.title, family: Family::Regular, ink: Ink::Text };
    flow.text(snapshot, style::SUBTITLE, subtitle);
    flow.space(4.0);
    flow.paragraph(&content::standfirst(record), Look::Muted);
}

/// Sets a part. Its heading never stands alone at the end of a page.
pub(super) fn set(flow: &mut Flow<'_>, part: &Part<'_>, context: &Context, row_done: &mut dyn FnMut()) {
    let following = opening(flow, &part.blocks).max(style::FEW_LINES_HEIGHT);
    let title = title_of(&part.heading, flow.shaper.unseen());
    flow.heading(&part.heading, &title, following);
    for (index, block) in part.blocks.iter().enumerate() {
        if index > 0 {
            let opening = opening(flow, &part.blocks[index..]);
            flow.keep(opening);
        }
        match block {
            Block::Text(look, text) => flow.paragraph(text, *look),
            Block::Facts(facts) => {
                let known = facts.iter().filter_map(|fact| Some((fact.label, (fact.cell)(context)?)));
                table::facts(flow, known, Spacing::WIDE);
            }
            Block::Pairs(pairs) => {
                let pairs = pairs.iter().map(|(label, cell)| (label.as_str(), cell.clone()));
                table::facts(flow, pairs, Spacing::CLOSE);
            }
            Block::Table(rows) => table::rows(flow, None, rows.as_ref(), row_done),
            Block::Captioned(caption, rows) => table::rows(flow, Some(caption), rows.as_ref(), row_done),
            Block::Bar(all, shares) => flow.bar(all, shares),
        }
        if index + 1 < part.blocks.len() && !matches!(block, Block::Text(..) | Block::Bar(..)) {
            flow.space(style::BETWEEN_BLOCKS);
        }
    }
}

/// Returns the height that blocks need to begin with, in points. A sentence stays with the table that it introduces.
fn opening(flow: &mut Flow<'_>, blocks: &[Block<'_>]) -> f32 {
    match blocks {
        [Block::Text(..), rest @ ..] if matches!(rest, [Block::Table(_) | Block::Facts(_), ..]) => {
            style::FEW_LINES_HEIGHT + opening(flow, rest)
        }
        [Block::Table(rows), ..] => table::opening(flow, rows.as_ref()),
        [Block::Captioned(_, rows), ..] => style::CAPTION + table::opening(flow, rows.as_ref()),
        [Block::Facts(_) | Block::Pairs(_) | Block::Bar(..), ..] => style::FEW_LINES_HEIGHT,
        [Block::Text(..), ..] | [] => 0.0,
    }
}
