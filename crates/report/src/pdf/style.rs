//! How the PDF looks: measures in points, and colours.

use krilla::color::rgb;
use krilla::paint::Fill;

use crate::content::Look;
use crate::text::{Family, Ink};

/// A4.
pub(super) const PAGE_WIDTH: f32 = 595.28;
pub(super) const PAGE_HEIGHT: f32 = 841.89;

/// The column that everything stands in.
pub(super) const LEFT: f32 = 54.0;
pub(super) const RIGHT: f32 = PAGE_WIDTH - 54.0;
pub(super) const WIDTH: f32 = RIGHT - LEFT;
pub(super) const TOP: f32 = 76.0;
pub(super) const BOTTOM: f32 = PAGE_HEIGHT - 68.0;

/// Page furniture: baselines and rules.
pub(super) const HEADER_BASELINE: f32 = 42.0;
pub(super) const HEADER_RULE: f32 = 50.0;
pub(super) const FOOTER_RULE: f32 = PAGE_HEIGHT - 52.0;
pub(super) const FOOTER_BASELINES: [f32; 2] = [PAGE_HEIGHT - 40.0, PAGE_HEIGHT - 30.0];
pub(super) const FURNITURE: f32 = 7.0;

/// Rules: a hairline between rows, a firmer one under headers.
pub(super) const HAIRLINE: f32 = 0.4;
pub(super) const FIRM: f32 = 0.8;

/// A size of text and the distance from one of its lines to the next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) text: f32,
    pub(super) leading: f32,
}

pub(super) const KIND: Size = Size { text: 8.5, leading: 20.0 };
pub(super) const TITLE: Size = Size { text: 21.0, leading: 27.0 };
pub(super) const LONG_TITLE: Size = Size { text: 15.0, leading: 20.0 };
pub(super) const SUBTITLE: Size = Size { text: 12.5, leading: 18.0 };
pub(super) const HEADING: Size = Size { text: 13.0, leading: 18.0 };
pub(super) const BODY: Size = Size { text: 9.0, leading: 13.5 };
pub(super) const TABLE: Size = Size { text: 8.0, leading: 11.4 };

/// From this many characters on a title is long.
pub(super) const LONG: usize = 100;

/// What a heading needs under it, at the least.
pub(super) const FEW_LINES_HEIGHT: f32 = 4.0 * BODY.leading;

/// Between a table and what follows it under the same heading.
pub(super) const BETWEEN_BLOCKS: f32 = 10.0;

/// Monospaced text is this much smaller than the text around it.
const CODE_SCALE: f32 = 0.9;

/// Tables: space above and below the text of a row, and between columns.
pub(super) const ROW_PADDING: f32 = 3.6;
pub(super) const GUTTER: f32 = 9.0;

/// The label's share of a table of facts.
pub(super) const LABEL_SHARE: f32 = 0.24;

/// A row higher than this may break across pages; a lower one moves to the next page.
pub(super) const KEEP_TOGETHER: f32 = 0.3 * (BOTTOM - TOP);

/// A table with at most this many rows moves to the next page rather than break, if it is low enough.
pub(super) const FEW_ROWS: usize = 12;

/// A paragraph of at most this many lines moves to the next page rather than break.
pub(super) const FEW_LINES: usize = 4;

/// A row breaks only where this many of its lines fit.
pub(super) const LINES_BEFORE_BREAK: usize = 4;

/// The height of so many lines.
#[expect(clippy::cast_precision_loss, reason = "lines of one cell are far fewer than 2^23")]
pub(super) fn lines_of(lines: usize, size: Size) -> f32 {
    lines as f32 * size.leading
}

/// Where the baseline of a line is, from its top, for text and leading of `size`.
pub(super) fn ascent(size: Size) -> f32 {
    (size.leading - size.text) / 2.0 + size.text * 0.8
}

/// How a look is set, in the size of the text around it: faces, colour, and its own size.
pub(super) fn set(look: Look, around: Size) -> (Family, Ink, Size) {
    match look {
        Look::Text => (Family::Regular, Ink::Text, around),
        Look::Strong => (Family::Bold, Ink::Text, around),
        Look::Muted => (Family::Regular, Ink::Muted, around),
        Look::Code => (Family::Mono, Ink::Text, Size { text: around.text * CODE_SCALE, ..around }),
    }
}

/// The colour of text.
pub(super) fn ink(ink: Ink) -> Fill {
    let (red, green, blue) = match ink {
        Ink::Text => (0x1c, 0x22, 0x2a),
        Ink::Muted => (0x5a, 0x64, 0x70),
        Ink::Accent => (0x0f, 0x4c, 0x5c),
    };
    fill(red, green, blue)
}

/// The colour of the box around a code point.
pub(super) fn box_line() -> Fill {
    fill(0x9a, 0xa5, 0xae)
}

/// The colour of hairlines.
pub(super) fn hairline() -> Fill {
    fill(0xc9, 0xd0, 0xd6)
}

fn fill(red: u8, green: u8, blue: u8) -> Fill {
    Fill { paint: rgb::Color::new(red, green, blue).into(), ..Fill::default() }
}
