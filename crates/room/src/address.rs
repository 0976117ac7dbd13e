//! E-mail addresses in one canonical form: what looks the same is the same account.
//!
//! The local part is in lower case and NFKC, which replaces full-width and other variants of a letter by the letter.
//! The domain is in the form in which DNS is asked for it (UTS #46): `xn--` labels, no Unicode. Invisible characters
//! are refused rather than dropped, since it is not known which address was meant.
//!
//! Earlier versions stored addresses trimmed and in lower case only. Such rows stay as they are: [`forms`] returns the
//! spellings under which an address may be found.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::{
    CodePointMapData,
    props::{BidiClass, GeneralCategory, GeneralCategoryGroup},
};
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

use crate::visible::{is_ignorable, is_mark, shows};

/// The longest address, in characters (RFC 5321 §4.5.3.1.3, less the angle brackets of a path).
pub const LONGEST_ADDRESS: usize = 254;

/// The ASCII characters that a local part may have unquoted (RFC 5322 §3.2.3), besides letters and digits.
const ATEXT: &str = "!#$%&'*+-/=?^_`{|}~.";

/// Returns the canonical form of an address, or `None` if the text is not an address or has invisible characters.
///
/// Letters that are written from right to left are allowed (RFC 6532) if they cannot reorder the address on a screen:
/// the local part then has letters of that direction only and no digits, and no digit follows the `@`.
pub fn canonical(given: &str) -> Option<String> {
    let given = given.trim();
    // Joiners pass here: in some scripts they change how letters look, and UTS #46 knows where a domain may have them.
    if given.chars().count() > LONGEST_ADDRESS || given.chars().any(|c| is_ignorable(c) && !is_joiner(c)) {
        return None;
    }
    let folded = fold(given)?;
    let (local, domain) = folded.split_once('@')?;
    let domain = Uts46::new()
        .to_ascii(domain.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify)
        .ok()?;
    let address = format!("{local}@{domain}");
    (is_local_part(local) && !is_reordered(local, &domain) && address.chars().count() <= LONGEST_ADDRESS)
        .then_some(address)
}

/// Returns the form in which earlier versions stored an address: in lower case, and otherwise as typed.
pub fn fold_email(address: &str) -> String {
    address.trim().to_lowercase()
}

/// Returns the text by which attempts at an address are counted: the same for every spelling that finds the account.
pub fn key(typed: &str) -> String {
    canonical(typed).unwrap_or_else(|| fold_email(typed))
}

/// Returns the spellings under which an address may be stored, in the order in which to look for them.
///
/// First the text as it was typed, in lower case, so a row of an earlier version is found as it always was; then the
/// canonical form; last the canonical form with its domain in Unicode, which earlier versions stored if it was typed
/// that way.
pub fn forms(typed: &str) -> Vec<String> {
    let mut forms = vec![fold_email(typed)];
    if let Some(canonical) = canonical(typed) {
        let unicode = in_unicode(&canonical).into_owned();
        for form in [canonical, unicode] {
            if !forms.contains(&form) {
                forms.push(form);
            }
        }
    }
    forms
}

/// Returns whether two addresses are spellings of the same one.
pub fn are_one(one: &str, other: &str) -> bool {
    one == other || canonical(one).is_some_and(|one| canonical(other) == Some(one))
}

/// Returns an address with its domain in Unicode, for people to read.
pub fn in_unicode(address: &str) -> Cow<'_, str> {
    let Some((local, domain)) = address.split_once('@').filter(|(_, domain)| domain.contains("xn--")) else {
        return address.into();
    };
    match Uts46::new().to_unicode(domain.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast) {
        (domain, Ok(())) => format!("{local}@{domain}").into(),
        (_, Err(_)) => address.into(),
    }
}

/// Converts to lower case and NFKC. Each may undo a little of the other, so both are repeated until nothing changes;
/// `None` if that does not happen soon.
fn fold(given: &str) -> Option<String> {
    let normalizer = ComposingNormalizerBorrowed::new_nfkc();
    let mut folded = given.to_owned();
    for _ in 0..4 {
        let again = normalizer.normalize(&normalizer.normalize(&folded).to_lowercase()).into_owned();
        if again == folded {
            return Some(folded);
        }
        folded = again;
    }
    None
}

fn is_local_part(local: &str) -> bool {
    let categories = CodePointMapData::<GeneralCategory>::new();
    let shown = GeneralCategoryGroup::Letter
        .union(GeneralCategoryGroup::Mark)
        .union(GeneralCategoryGroup::Number)
        .union(GeneralCategoryGroup::Punctuation)
        .union(GeneralCategoryGroup::Symbol);
    // A mark at the start would combine with the character before the address, such as a bracket.
    local.chars().next().is_some_and(shows)
        && local.chars().all(|c| match c {
            _ if c.is_ascii() => c.is_ascii_alphanumeric() || ATEXT.contains(c),
            _ => shown.contains(categories.get(c)) && !is_ignorable(c) && (shows(c) || is_mark(c)),
        })
}

/// Returns whether the Unicode bidirectional algorithm might show the address in another order than it is written in.
fn is_reordered(local: &str, domain: &str) -> bool {
    let class = |c: char| CodePointMapData::<BidiClass>::new().get(c);
    let is_letter = |class: BidiClass| [BidiClass::RightToLeft, BidiClass::ArabicLetter].contains(&class);
    let classes: Vec<_> = local.chars().map(class).collect();
    let is_one_way = |class: &BidiClass| {
        ![BidiClass::LeftToRight, BidiClass::EuropeanNumber, BidiClass::ArabicNumber].contains(class)
    };
    if !classes.iter().any(|class| is_letter(*class) || *class == BidiClass::ArabicNumber) {
        return false;
    }
    // Between letters of one direction nothing is reordered. Digits and the `@` take their direction from what is
    // around them, so the local part has to begin and end with such a letter; marks at its end belong to the last one.
    let last = classes.iter().rev().find(|class| **class != BidiClass::NonspacingMark);
    let within_letters = classes.first().is_some_and(|class| is_letter(*class)) && last.is_some_and(|c| is_letter(*c));
    !within_letters || !classes.iter().all(is_one_way) || domain.starts_with(|c: char| c.is_ascii_digit())
}

fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200C}' | '\u{200D}')
}
