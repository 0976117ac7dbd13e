//! The look of the PDF: measures in points, and colours.

use krilla::color::rgb;
use krilla::paint::Fill;

use crate::content::Look;
use crate::text::{Family, Ink};

/// The page: A4, in points.
pub(super) const PAGE_WIDTH: f32 = 595.28;
pub(super) const PAGE_HEIGHT: f32 = 841.89;

/// The column that everything stands in, in points from the upper left corner.
pub(super) const LEFT: f32 = 54.0;
pub(super) const RIGHT: f32 = PAGE_WIDTH - 54.0;
pub(super) const WIDTH: f32 = RIGHT - LEFT;
pub(super) const TOP: f32 = 76.0;
pub(super) const BOTTOM: f32 = PAGE_HEIGHT - 68.0;

/// Header and footer: their baselines, rules and size of text, in points.
pub(super) const HEADER_BASELINE: f32 = 42.0;
pub(super) const HEADER_RULE: f32 = 50.0;
pub(super) const FOOTER_RULE: f32 = PAGE_HEIGHT - 52.0;
pub(super) const FOOTER_BASELINES: [f32; 2] = [PAGE_HEIGHT - 40.0, PAGE_HEIGHT - 30.0];
pub(super) const FURNITURE: f32 = 7.0;

/// Weights of rules in points: a hairline between rows, a firmer one under headers.
pub(super) const HAIRLINE: f32 = 0.4;
pub(super) const FIRM: f32 = 0.8;

/// A size of text, and the distance from one line to the next, in points.
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
pub(super) const LIST: Size = Size { text: 7.6, leading: 10.3 };

/// The number of characters from which on a title is long, and is set smaller.
pub(super) const LONG: usize = 100;

/// The least height that a heading needs under it, in points.
pub(super) const FEW_LINES_HEIGHT: f32 = 4.0 * BODY.leading;

/// The height that the caption of a table usually takes, in points.
pub(super) const CAPTION: f32 = BODY.leading + 4.0;

/// The space between a table and what follows it under the same heading, in points.
pub(super) const BETWEEN_BLOCKS: f32 = 10.0;

/// The size of monospaced text, relative to the text around it.
const CODE_SCALE: f32 = 0.9;

/// The space above and below the text of a table's row, in points.
pub(super) const ROW_PADDING: f32 = 3.6;
/// The space between two columns of a table, in points.
pub(super) const GUTTER: f32 = 9.0;

/// The label's share of the width in a table of facts.
pub(super) const LABEL_SHARE: f32 = 0.24;

/// The height from which on a row may break across pages, in points. A lower one moves to the next page.
pub(super) const KEEP_TOGETHER: f32 = 0.3 * (BOTTOM - TOP);

/// The number of rows up to which a table moves to the next page rather than break, if it is low enough.
pub(super) const FEW_ROWS: usize = 12;

/// The number of lines up to which a paragraph moves to the next page rather than break.
pub(super) const FEW_LINES: usize = 4;

/// The number of lines of a row that must fit above a break.
pub(super) const LINES_BEFORE_BREAK: usize = 4;

/// The space above and below the text of a row in a long list, in points.
pub(super) const DENSE_PADDING: f32 = 2.0;

/// The room for the marks of a table's rows, and the radius of a mark, in points.
pub(super) const MARKS: f32 = 16.0;
pub(super) const MARK: f32 = 3.2;

/// The height of a bar and the space below it, in points.
pub(super) const BAR: f32 = 9.0;
pub(super) const BELOW_BAR: f32 = 5.0;

/// The side of the squares in a bar's legend, in points.
pub(super) const KEY: f32 = 6.0;

/// Returns the height of so many lines, in points.
#[expect(clippy::cast_precision_loss, reason = "lines of one cell are far fewer than 2^23")]
pub(super) fn lines_of(lines: usize, size: Size) -> f32 {
    lines as f32 * size.leading
}

/// Returns the distance from the top of a line to its baseline, in points.
pub(super) fn ascent(size: Size) -> f32 {
    (size.leading - size.text) / 2.0 + size.text * 0.8
}

/// Returns how a look is set within text of a size: family, colour and its own size.
pub(super) fn set(look: Look, around: Size) -> (Family, Ink, Size) {
    match look {
        Look::Text => (Family::Regular, Ink::Text, around),
        Look::Strong => (Family::Bold, Ink::Text, around),
        Look::Alert => (Family::Bold, Ink::Alert, around),
        Look::Muted => (Family::Regular, Ink::Muted, around),
        Look::Code => (Family::Mono, Ink::Text, Size { text: around.text * CODE_SCALE, ..around }),
    }
}

/// Returns the colour of text.
pub(super) fn ink(ink: Ink) -> Fill {
    let (red, green, blue) = match ink {
        Ink::Text => (0x1c, 0x22, 0x2a),
        Ink::Muted => (0x5a, 0x64, 0x70),
        Ink::Accent => (0x0f, 0x4c, 0x5c),
        Ink::Alert => (0xb0, 0x1c, 0x1c),
        Ink::Good => (0x2c, 0x7a, 0x4b),
        Ink::Pending => (0xc9, 0x92, 0x2b),
    };
    fill(red, green, blue)
}

/// Returns the colour of the box around a code point.
pub(super) fn box_line() -> Fill {
    fill(0x9a, 0xa5, 0xae)
}

/// Returns the colour of hairlines.
pub(super) fn hairline() -> Fill {
    fill(0xc9, 0xd0, 0xd6)
}

fn fill(red: u8, green: u8, blue: u8) -> Fill {
    Fill { paint: rgb::Color::new(red, green, blue).into(), ..Fill::default() }
}
