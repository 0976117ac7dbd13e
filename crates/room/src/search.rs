//! The form in which texts are compared when somebody searches: without case and accents, in all scripts.
//!
//! What is written and what is looked for are folded alike. A text is decomposed (NFKD: full-width letters, ligatures,
//! accents apart from their letters), the accents are dropped, upper and lower case become one, and a few letters that
//! Unicode does not decompose are written as people without them on their keyboard write them. Marks that make another
//! letter of a letter, such as the voicing of kana, stay.

use icu_normalizer::DecomposingNormalizerBorrowed;
use icu_properties::{
    CodePointMapData,
    props::{CanonicalCombiningClass, GeneralCategory},
};

use crate::{imo, visible::is_ignorable};

/// The version of [`fold()`]. It is raised whenever the form of any text changes, so that stored texts are folded anew.
pub const VERSION: i64 = 1;

/// The zeros of other scripts' digits, each of which is followed by one to nine.
const ZEROS: [u32; 5] = [0x660, 0x6F0, 0x966, 0x9E6, 0xE50];

/// Returns the folded form of a text.
pub fn fold(text: &str) -> String {
    let decompose = |text: &str| -> String {
        DecomposingNormalizerBorrowed::new_nfkd().normalize(text).chars().filter(|c| !is_dropped(*c)).collect()
    };
    // Lower, upper and lower again, letter by letter: only so `ẞ` and `ß` become `ss`, and each sigma the same one.
    let cased: String = decompose(text)
        .chars()
        .flat_map(char::to_lowercase)
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .collect();
    let mut folded = String::with_capacity(cased.len());
    for c in decompose(&cased).chars() {
        match plain(c) {
            Some(plain) => folded.push_str(plain),
            None => folded.push(c),
        }
    }
    folded
}

/// Returns the folded words of what somebody looks for. An IMO number is one word, however it is written.
pub fn words(typed: &str) -> Vec<String> {
    let folded = fold(typed);
    if let Ok(number) = imo::parse(folded.trim()) {
        return vec![number];
    }
    let word = |word: &str| imo::parse(word).unwrap_or_else(|_| word.to_owned());
    folded.split_whitespace().map(word).collect()
}

/// Returns whether a character counts for nothing: an accent, or what nobody sees.
fn is_dropped(c: char) -> bool {
    let class = CodePointMapData::<CanonicalCombiningClass>::new().get(c);
    let is_letters_own =
        [CanonicalCombiningClass::NotReordered, CanonicalCombiningClass::KanaVoicing, CanonicalCombiningClass::Virama]
            .contains(&class);
    // The last one lengthens the line between Arabic letters.
    !is_letters_own || is_ignorable(c) || c == '\u{640}'
}

/// Returns how a letter, digit or sign is written that no decomposition makes plain. `None` if it is plain.
fn plain(c: char) -> Option<&'static str> {
    const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    Some(match c {
        _ if c.is_ascii() => return None,
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'ħ' => "h",
        'ŧ' => "t",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        // Arabic and Persian keyboards have these letters in two forms, and hurried writers end words in either.
        'ى' | 'ی' => "ي",
        'ک' => "ك",
        'ة' => "ه",
        'ٱ' => "ا",
        '’' | '‘' | 'ʼ' | 'ʻ' | '′' => "'",
        _ => {
            let digit = ZEROS.iter().find_map(|zero| u32::from(c).checked_sub(*zero).filter(|digit| *digit < 10));
            if let Some(digit) = digit {
                DIGITS[digit as usize]
            } else if CodePointMapData::<GeneralCategory>::new().get(c) == GeneralCategory::DashPunctuation {
                "-"
            } else {
                return None;
            }
        }
    })
}
