//! What characters mean to the layout: which of them end lines, which are invisible, which may be printed.
//!
//! The exact text is always in the attached record. Here it only has to be shown truthfully.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_bidi::{BidiClass, bidi_class};

/// What an edition does with characters that show nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unseen {
    /// Such characters are left out.
    LeftOut,
    /// Such characters are printed as their code points, unless they change how a neighbour looks.
    Printed,
}

/// Returns text whose line ends are all `\n`, without tabs, and without characters that the edition leaves out.
pub(super) fn lines(text: &str, unseen: Unseen) -> Cow<'_, str> {
    let is_dropped = |c: char| unseen == Unseen::LeftOut && is_dropped(c);
    let special = |c: char| c != '\n' && (is_line_end(c) || c == '\t' || is_dropped(c));
    if !text.chars().any(special) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        // CRLF is one line end.
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

/// Returns text in one line of at most `limit` characters, for a page header or a document title.
pub(crate) fn one_line(text: &str, limit: usize, unseen: Unseen) -> String {
    let clean = lines(text, unseen);
    let mut words = clean.split_whitespace();
    let mut line = words.next().unwrap_or_default().to_owned();
    for word in words {
        line.push(' ');
        line.push_str(word);
        // No character takes more than four bytes, so there are enough by now. The text may be many thousand words
        // long.
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

/// Returns text for metadata, with only what XML can hold. What shows nothing is left out, or written as its code point
/// in brackets.
pub(crate) fn plain(text: &str, limit: usize, unseen: Unseen) -> String {
    let line = one_line(text, limit, unseen);
    if unseen == Unseen::LeftOut {
        return line.chars().filter(|c| !is_unprintable(*c) && !is_invisible(*c)).collect();
    }
    let mut plain = String::with_capacity(line.len());
    let mut before = None;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        if is_unprintable(c) || (shows_nothing(c) && !steers(before, c, chars.peek().copied())) {
            let _ = write!(plain, "⟨U+{:04X}⟩", u32::from(c));
        } else {
            plain.push(c);
        }
        before = Some(c);
    }
    plain
}

/// Returns the text for the bidirectional algorithm, in which nothing ends its paragraph or forces an order onto it.
/// Every replacement is as long as what it replaces, so that byte offsets stay valid.
pub(super) fn neutral(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| is_separator(c) || is_override(c)) {
        return Cow::Borrowed(text);
    }
    let neutral = text.chars().map(|c| match c {
        // U+0001 (class BN) and U+FFFC (class ON) change no order, and are as long in UTF-8.
        _ if is_separator(c) => '\u{1}',
        _ if is_override(c) => '\u{fffc}',
        _ => c,
    });
    Cow::Owned(neutral.collect())
}

/// Whether a character is shown as a code point whatever the fonts have: controls, private use, noncharacters, and the
/// overrides, which could make a name read as another.
pub(super) fn is_unprintable(c: char) -> bool {
    let code = u32::from(c);
    let private = matches!(code, 0xE000..=0xF8FF | 0xF_0000..);
    // The last two code points of every plane are noncharacters, and so are 32 in the first (Unicode, 23.7).
    let nonchar = matches!(code, 0xFDD0..=0xFDEF) || code & 0xFFFE == 0xFFFE;
    let annotation = matches!(code, 0xFFF9..=0xFFFC);
    c.is_control() || private || nonchar || annotation || is_override(c)
}

/// Whether a character steers shaping or order, and has no glyph of its own.
pub(super) fn is_invisible(c: char) -> bool {
    is_joiner(c) || is_direction(c)
}

/// Whether a character is never seen: it is left out, or only steers its neighbours.
pub(crate) fn is_unseen(c: char) -> bool {
    is_dropped(c) || is_invisible(c) || is_override(c)
}

/// Whether a character shows nothing and is not white space: the default-ignorable ones, and letters and symbols that
/// are blank.
pub(super) fn shows_nothing(c: char) -> bool {
    is_unseen(c) || matches!(u32::from(c), 0x2800 | 0x1_3430..=0x1_343F | 0x1_3441..=0x1_3442 | 0x1_D159)
}

/// Whether a character without a glyph of its own changes how its neighbours look: a joiner in a script whose letters
/// join, or between pictures; a selector after a letter or symbol that has variants.
pub(super) fn steers(before: Option<char>, c: char, after: Option<char>) -> bool {
    let Some(before) = before else { return false };
    let (code, follows) = (u32::from(before), after.is_some_and(is_picture));
    match u32::from(c) {
        0x200C => joins(before),
        // A joiner between pictures makes one emoji of both (UTS #51, 1.4.5), also behind a selector.
        0x200D => joins(before) || (follows && (is_picture(before) || code == 0xFE0F)),
        0xFE00..=0xFE0F if before.is_ascii() => {
            // Keycaps: digit, selector, enclosing keycap (UTS #51, 1.4.5).
            matches!(before, '0'..='9' | '#' | '*') && c == '\u{fe0f}' && after == Some('\u{20e3}')
        }
        0xFE00..=0xFE0F => is_picture(before) || matches!(code, 0xA9 | 0xAE | 0x2010..=0x2BFF | 0x3001..=0x303D),
        0x180B..=0x180D | 0x180F => matches!(code, 0x1820..=0x18AA),
        0xE_0100..=0xE_01EF => matches!(code, 0x3400..=0x9FFF | 0xF900..=0xFAFF | 0x2_0000..=0x3_FFFF),
        _ => false,
    }
}

/// Whether a letter or mark is of a script in which a joiner shows: Arabic, Syriac, those of India, Tibet, Burma,
/// Cambodia and Mongolia.
fn joins(c: char) -> bool {
    let code = u32::from(c);
    let script = matches!(code, 0x620..=0x6D3 | 0x6EE..=0x8FF | 0x900..=0xDFF | 0xF00..=0x109F | 0x1780..=0x18AF | 0xFB50..=0xFDFF | 0xFE70..=0xFEFC);
    script && !is_unseen(c) && c.is_alphabetic() || is_virama(code)
}

/// Whether a code point is a sign that takes the vowel from a letter of an Indic script, after which a joiner chooses a
/// form.
fn is_virama(code: u32) -> bool {
    matches!(
        code,
        0x94D | 0x9CD | 0xA4D | 0xACD | 0xB4D | 0xBCD | 0xC4D | 0xCCD | 0xD4D | 0xDCA | 0xF84 | 0x1039 | 0x17D2
    )
}

fn is_picture(c: char) -> bool {
    matches!(u32::from(c), 0x2190..=0x21FF | 0x2300..=0x23FF | 0x25A0..=0x27BF | 0x2B00..=0x2BFF | 0x1_F000..=0x1_FAFF)
}

/// Whether a character steers how its neighbours join: the zero width joiner and non-joiner.
pub(super) fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// Whether a character belongs to the one before it: a combining mark or a joiner.
pub(super) fn extends(c: char) -> bool {
    is_joiner(c) || bidi_class(c) == BidiClass::NSM
}

/// Whether a character steers the order of its neighbours: marks, embeddings and isolates, whose effect ends with the
/// paragraph (UAX #9, 2).
fn is_direction(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202c}' | '\u{2066}'..='\u{2069}')
}

fn is_override(c: char) -> bool {
    matches!(c, '\u{202d}' | '\u{202e}')
}

/// Whether a character ends a paragraph for the bidirectional algorithm (class B), but is only a control to a reader.
fn is_separator(c: char) -> bool {
    matches!(c, '\u{1c}'..='\u{1f}')
}

fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Whether a character is default-ignorable and changes nothing that a reader of a table can see.
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

#[cfg(test)]
mod tests {
    use icu_properties::{CodePointSetData, props::DefaultIgnorableCodePoint};

    use super::*;

    #[test]
    fn every_default_ignorable_character_shows_nothing() {
        // The list is our own, because an edition never changes and Unicode does.
        for c in '\0'..=char::MAX {
            let is_ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c);
            assert!(!is_ignorable || shows_nothing(c), "{c:?}");
        }
    }

    #[test]
    fn joiners_and_selectors_steer_where_a_neighbour_changes_and_nowhere_else() {
        for (before, c, after) in [
            (Some('ی'), '\u{200c}', None),
            (Some('क'), '\u{200d}', None),
            (Some('\u{94d}'), '\u{200c}', Some('ष')),
            (Some('🚢'), '\u{200d}', Some('⚓')),
            (Some('❤'), '\u{fe0f}', None),
            (Some('1'), '\u{fe0f}', Some('\u{20e3}')),
            (Some('葛'), '\u{e0100}', None),
        ] {
            assert!(steers(before, c, after), "{before:?} {c:?}");
        }
        for (before, c, after) in [
            (None, '\u{200d}', Some('a')),
            (Some('r'), '\u{200d}', Some('P')),
            (Some('r'), '\u{fe0f}', None),
            (Some('1'), '\u{fe0f}', Some('@')),
            (Some('\u{200c}'), '\u{200c}', None),
            (Some('\u{61c}'), '\u{200d}', None),
            (Some('r'), '\u{34f}', None),
        ] {
            assert!(!steers(before, c, after), "{before:?} {c:?}");
        }
    }
}
