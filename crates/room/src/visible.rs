//! Which characters show something: a title that is empty to the eye names nothing.

use std::ops::RangeInclusive;

use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup},
};

/// Characters that are neither white space, marks nor default-ignorable, and show nothing either: controls, the
/// blank pattern of Braille, the blanks of hieroglyphs and what arranges them, the null notehead of music, and what
/// steers annotations or direction.
const BLANK: [RangeInclusive<u32>; 13] = [
    0x0..=0x20,
    0x7F..=0xA0,
    0x1680..=0x1680,
    0x2000..=0x200A,
    0x2028..=0x202F,
    0x205F..=0x205F,
    0x2066..=0x2069,
    0x2800..=0x2800,
    0x3000..=0x3000,
    0xFFF9..=0xFFFB,
    0x13430..=0x1343F,
    0x13441..=0x13442,
    0x1D159..=0x1D159,
];

/// A text of so many characters at most; one that is longer ends with `…`.
pub fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Whether a character shows something where it stands alone. Marks do not: they belong to a letter.
pub fn shows(c: char) -> bool {
    !BLANK.iter().any(|range| range.contains(&u32::from(c))) && !is_ignorable(c) && !is_mark(c)
}

/// Whether a text shows anything at all.
pub fn shows_something(text: &str) -> bool {
    text.chars().any(shows)
}

/// Whether fonts may leave a character out (`Default_Ignorable_Code_Point`).
pub fn is_ignorable(c: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

/// Whether a character is a mark, which belongs to the letter before it.
pub fn is_mark(c: char) -> bool {
    GeneralCategoryGroup::Mark.contains(CodePointMapData::<GeneralCategory>::new().get(c))
}

/// The characters that [`shows`] refuses, as they stand in a class of a regular expression. Beyond the first plane they
/// stand for themselves: no escape is the same in all dialects.
pub fn class_of_unseen() -> String {
    let marks = CodePointMapData::<GeneralCategory>::new().iter_ranges_for_group(GeneralCategoryGroup::Mark);
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    let mut ranges: Vec<_> = marks.chain(ignorable.iter_ranges()).chain(BLANK).collect();
    ranges.sort_unstable_by_key(|range| *range.start());
    let mut merged: Vec<RangeInclusive<u32>> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if *range.start() <= last.end() + 1 => {
                *last = *last.start()..=*last.end().max(range.end());
            }
            _ => merged.push(range),
        }
    }
    merged.iter().map(range_in_class).collect()
}

fn range_in_class(range: &RangeInclusive<u32>) -> String {
    let (first, last) = (in_class(*range.start()), in_class(*range.end()));
    if range.start() == range.end() { first } else { format!("{first}-{last}") }
}

fn in_class(code: u32) -> String {
    match char::from_u32(code) {
        Some(c) if code > 0xFFFF => c.to_string(),
        _ => format!("\\u{code:04X}"),
    }
}
