//! Which characters are visible: a title in which the reader sees nothing must be refused like an empty one, and what
//! strangers wrote is printed so that the reader sees all of it, and sees that it is theirs.

use std::{ops::RangeInclusive, sync::LazyLock};

use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup},
};

/// Characters that show nothing, besides marks and those that Unicode calls default-ignorable: white space, controls,
/// the blank pattern of Braille, the blanks of hieroglyphs and their format controls, the null notehead of music, and
/// the controls of annotations and of direction.
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

/// Returns the text, or its first `most` characters with `…` if it is longer.
pub fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Returns the text for printing: each character that nobody sees, or that moves others about, is replaced by U+FFFD.
/// These are controls, line breaks, format characters such as those of direction (U+202E) and of no width, and what Unicode
/// has not assigned. Spaces are spaces.
///
/// Joiners and variation selectors stay behind a letter or picture beyond ASCII, where writing needs them.
pub fn printable(text: &str) -> String {
    let mut before = ' ';
    text.chars()
        .map(|c| {
            let joins =
                matches!(c, '\u{200C}' | '\u{200D}' | '\u{FE00}'..='\u{FE0F}') && !before.is_ascii() && shows(before);
            before = c;
            match CodePointMapData::<GeneralCategory>::new().get(c) {
                _ if joins => c,
                GeneralCategory::SpaceSeparator => ' ',
                GeneralCategory::Control
                | GeneralCategory::Format
                | GeneralCategory::LineSeparator
                | GeneralCategory::ParagraphSeparator
                | GeneralCategory::PrivateUse
                | GeneralCategory::Surrogate
                | GeneralCategory::Unassigned => char::REPLACEMENT_CHARACTER,
                _ if is_ignorable(c) || c == '\u{2800}' => char::REPLACEMENT_CHARACTER,
                _ => c,
            }
        })
        .collect()
}

/// Returns what a stranger wrote, such as the name in a certificate, in quotation marks: [`printable`], of at most this many
/// characters, and with no quotation mark in it that could end the quotation.
pub fn quoted(text: &str, most: usize) -> String {
    format!("“{}”", enclosed(text, most))
}

/// Returns what a stranger wrote, such as the name of a log, in backticks, as [`quoted`] does in quotation marks.
pub fn literal(text: &str, most: usize) -> String {
    format!("`{}`", enclosed(text, most))
}

/// Returns the text as [`printable`] has it, or its first `most` characters with `…` if it is longer.
pub fn clipped(text: &str, most: usize) -> String {
    printable(&cut(text, most))
}

fn enclosed(text: &str, most: usize) -> String {
    clipped(text, most).replace(is_quotation_mark, "'")
}

/// Returns whether a character is, or looks like, a mark that [`quoted`] or [`literal`] puts around a text.
fn is_quotation_mark(c: char) -> bool {
    matches!(c, '"' | '`' | '“' | '”' | '„' | '‟' | '〝' | '〞' | '〟' | '＂' | '｀' | 'ˋ' | '˝' | '″' | '‶' | 'ʺ')
}

/// Returns whether a character is visible by itself. Marks are not: they belong to a letter.
pub fn shows(c: char) -> bool {
    !BLANK.iter().any(|range| range.contains(&u32::from(c))) && !is_ignorable(c) && !is_mark(c)
}

/// Returns whether any character of the text is visible.
pub fn shows_something(text: &str) -> bool {
    text.chars().any(shows)
}

/// Returns whether fonts may leave a character out (Unicode property `Default_Ignorable_Code_Point`).
pub fn is_ignorable(c: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

/// Returns whether a character is a mark, which belongs to the letter before it.
pub fn is_mark(c: char) -> bool {
    GeneralCategoryGroup::Mark.contains(CodePointMapData::<GeneralCategory>::new().get(c))
}

/// Returns the characters that [`shows`] refuses, as the inside of a character class of a regular expression. Those
/// beyond the first plane stand for themselves: no escape of them is the same in all dialects.
pub fn class_of_unseen() -> &'static str {
    static CLASS: LazyLock<String> = LazyLock::new(class_from_tables);
    &CLASS
}

fn class_from_tables() -> String {
    let marks = CodePointMapData::<GeneralCategory>::new().iter_ranges_for_group(GeneralCategoryGroup::Mark);
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    let mut ranges: Vec<_> = marks.chain(ignorable.iter_ranges()).chain(BLANK).collect();
    ranges.sort_unstable_by_key(|range| *range.start());
    // The sets overlap. Merged, the class is shorter: it stands in the schema of every field that must show something.
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
