//! What characters mean to the layout: which are lines, which are invisible, which may be printed.
//!
//! The exact text is always in the attached record; here it only has to be shown truthfully.

use std::borrow::Cow;

use unicode_bidi::{BidiClass, bidi_class};

/// Text whose line ends are all `\n`, without tabs and without characters that nobody would see.
pub(super) fn lines(text: &str) -> Cow<'_, str> {
    let special = |c: char| c != '\n' && (is_line_end(c) || c == '\t' || is_dropped(c));
    if !text.chars().any(special) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\r' && chars.peek() == Some(&'\n') {
            continue;
        }
        match c {
            _ if is_line_end(c) => clean.push('\n'),
            '\t' => clean.push(' '),
            _ if is_dropped(c) => {}
            _ => clean.push(c),
        }
    }
    Cow::Owned(clean)
}

/// Text in one line, for a page header or a document title, at most `limit` characters long.
pub(crate) fn one_line(text: &str, limit: usize) -> String {
    let clean = lines(text);
    let mut words = clean.split_whitespace();
    let mut line = words.next().unwrap_or_default().to_owned();
    for word in words {
        line.push(' ');
        line.push_str(word);
        if line.len() > limit * 4 {
            break;
        }
    }
    if line.chars().count() > limit {
        let end = line.char_indices().nth(limit.saturating_sub(1)).map_or(line.len(), |(index, _)| index);
        line.truncate(line[..end].trim_end().len());
        line.push('…');
    }
    line
}

/// Text for metadata, where a code point in its stead would help nobody: only what XML can carry.
pub(crate) fn plain(text: &str, limit: usize) -> String {
    one_line(text, limit).chars().filter(|c| !is_unprintable(*c) && !is_invisible(*c)).collect()
}

/// The same text for the bidirectional algorithm: what would end its paragraph or force an order
/// onto it is made neutral. Every replacement is as long as what it replaces.
pub(super) fn neutral(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| is_separator(c) || is_override(c)) {
        return Cow::Borrowed(text);
    }
    let neutral = text.chars().map(|c| match c {
        _ if is_separator(c) => '\u{1}',
        _ if is_override(c) => '\u{fffc}',
        _ => c,
    });
    Cow::Owned(neutral.collect())
}

/// Shown as a code point whatever the fonts say: controls, private use, noncharacters, and the
/// overrides, which could make a name read as another.
pub(super) fn is_unprintable(c: char) -> bool {
    let code = u32::from(c);
    let private = matches!(code, 0xE000..=0xF8FF | 0xF_0000..);
    let nonchar = matches!(code, 0xFDD0..=0xFDEF) || code & 0xFFFE == 0xFFFE;
    let annotation = matches!(code, 0xFFF9..=0xFFFC);
    c.is_control() || private || nonchar || annotation || is_override(c)
}

/// Steers shaping or order, and has no glyph of its own.
pub(super) fn is_invisible(c: char) -> bool {
    is_joiner(c) || is_direction(c)
}

/// Nobody sees it: it is left out, or only steers its neighbours.
pub(crate) fn is_unseen(c: char) -> bool {
    is_dropped(c) || is_invisible(c) || is_override(c)
}

/// Steers how neighbours join: zero width joiner and non-joiner.
pub(super) fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// Belongs to the character before it: a combining mark or a joiner.
pub(super) fn extends(c: char) -> bool {
    is_joiner(c) || bidi_class(c) == BidiClass::NSM
}

/// Steers the order of neighbours: marks, embeddings and isolates, which end with the paragraph.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202c}' | '\u{2066}'..='\u{2069}')
}

fn is_override(c: char) -> bool {
    matches!(c, '\u{202d}' | '\u{202e}')
}

/// Ends a paragraph for the bidirectional algorithm, but is only a control to a reader.
fn is_separator(c: char) -> bool {
    matches!(c, '\u{1c}'..='\u{1f}')
}

fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Default ignorable characters that change nothing a reader of a table can see.
fn is_dropped(c: char) -> bool {
    matches!(
        u32::from(c),
        0xAD | 0x34F
            | 0x115F..=0x1160
            | 0x17B4..=0x17B5
            | 0x180B..=0x180F
            | 0x200B
            | 0x2060..=0x2065
            | 0x206A..=0x206F
            | 0x3164
            | 0xFE00..=0xFE0F
            | 0xFEFF
            | 0xFFA0
            | 0xFFF0..=0xFFF8
            | 0x1_BCA0..=0x1_BCA3
            | 0x1_D173..=0x1_D17A
            | 0xE_0000..=0xE_0FFF
    )
}
