//! Header and footer of every page.

use super::flow::Item;
use super::style;
use super::tags::Element;
use crate::source::Source;
use crate::text::{Family, Ink, Line, Shaper, Span, layout, one_line};
use crate::words;

/// A width beyond any page, in em, for text that must stay in one line.
const ENDLESS: f32 = 1.0e6;

/// Header and footer of one page.
pub(super) struct Furniture {
    pub(super) header: Vec<Item>,
    pub(super) footer: Vec<Item>,
}

impl Furniture {
    /// Returns header and footer of page `number` of `total`.
    pub(super) fn new(shaper: &mut Shaper<'_>, source: &Source<'_>, number: usize, total: usize) -> Self {
        let record = &source.context.record;
        let unseen = shaper.unseen();
        // The first limits are in characters, so that a title of many thousand is not shaped at all.
        let one_line = |text, limit| one_line(text, limit, unseen);
        let room = one_line(&record.room.title, 120);
        let snapshot = one_line(&record.snapshot.title, 90);
        let ids = format!("Room {} · Snapshot {}", one_line(&record.room.id, 40), one_line(&record.snapshot.id, 40));
        let [number, total] = [number, total].map(|count| words::count(count as u64));
        let page = format!("Page {number} of {total}");
        let hash = format!("Record SHA-256 {}", source.context.sha256);
        let top = style::HEADER_BASELINE;
        let [upper, lower] = style::FOOTER_BASELINES;
        let mut row = Row { shaper };
        Self {
            header: vec![
                row.left(&room, 0.58, top),
                row.right(&snapshot, 0.38, top),
                Item::Rule { y: style::HEADER_RULE, weight: style::HAIRLINE, ink: None },
            ],
            footer: vec![
                Item::Rule { y: style::FOOTER_RULE, weight: style::HAIRLINE, ink: None },
                row.left(&ids, 0.82, upper),
                row.right(&page, 0.16, upper),
                row.left(&hash, 1.0, lower),
            ],
        }
    }
}

/// Sets text that must stay in one line.
struct Row<'a, 'f> {
    shaper: &'a mut Shaper<'f>,
}

impl Row<'_, '_> {
    fn left(&mut self, text: &str, share: f32, baseline: f32) -> Item {
        let line = self.fit(text, share);
        Self::item(style::LEFT + line.offset * style::FURNITURE, baseline, line)
    }

    fn right(&mut self, text: &str, share: f32, baseline: f32) -> Item {
        let line = self.fit(text, share);
        let x = style::RIGHT - (line.width - line.offset) * style::FURNITURE;
        Self::item(x, baseline, line)
    }

    fn item(x: f32, baseline: f32, line: Line) -> Item {
        Item::Text { x, baseline, size: style::FURNITURE, line, element: Element::ROOT, target: None }
    }

    /// Returns the text, shortened until it fits this share of the width.
    fn fit(&mut self, text: &str, share: f32) -> Line {
        let mut limit = text.chars().count().max(1);
        loop {
            let text = one_line(text, limit, self.shaper.unseen());
            let span = Span { text: &text, family: Family::Regular, ink: Ink::Muted };
            let line = layout(self.shaper, &[span], ENDLESS).swap_remove(0);
            if limit == 1 || line.width * style::FURNITURE <= style::WIDTH * share {
                return line;
            }
            // By a tenth each time: exact enough for a footer, and a long title is measured a few dozen times at most.
            limit = (limit * 9 / 10).max(1);
        }
    }
}
