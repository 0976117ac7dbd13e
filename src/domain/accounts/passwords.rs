//! New passwords: which ones may be chosen.

use std::{collections::HashSet, sync::LazyLock};

use room::bounds::{LONGEST_PASSWORD, SHORTEST_PASSWORD};

use crate::{
    domain::input::Fields,
    error::Result,
    hashing::{self, Hashing},
};

/// The commonest passwords in lower case, one a line: the 5,000 commonest of twelve characters and more, which the
/// minimum length allows (ASVS 5.0 6.2.4 asks for 3,000), and 12,000 shorter ones, which people lengthen by a number or
/// by writing them twice. From "10 million passwords" (`SecLists`, MIT) and Django's list (BSD).
const COMMON: &str = include_str!("common_passwords.txt");
static COMMON_PASSWORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| COMMON.lines().collect());

/// Words of this program, which a guesser tries here first (ASVS 5.0 6.2.11).
const OUR_WORDS: [&str; 4] = ["clearance", "stsclearance", "shiptoship", "shiptoshiptransfer"];

/// How many digits and signs around a word are ignored when it is looked up: `password2026!!` counts as `password`.
const LONGEST_DRESSING: usize = 8;
/// A password that only repeats a text of at most so many characters counts as too easily guessed.
const SHORTEST_UNIT: usize = 6;

/// The user whose password it is to be.
#[derive(Debug, Clone, Copy)]
pub struct Owner<'a> {
    /// The address of the account.
    pub email: &'a str,
    /// The name of the account.
    pub name: &'a str,
}

/// Checks a new password: its length, and that it is not one that is guessed first. There are no rules about kinds of
/// characters (ASVS 5.0 6.2.5).
pub fn check(fields: &mut Fields, field: &str, password: &str, owner: Owner<'_>) {
    let length = password.chars().count();
    if length < SHORTEST_PASSWORD {
        fields.fault(field, format!("must be at least {SHORTEST_PASSWORD} characters long"));
        return;
    }
    if length > LONGEST_PASSWORD {
        fields.fault(field, format!("must be at most {LONGEST_PASSWORD} characters long"));
        return;
    }
    let folded = password.to_lowercase();
    if is_common(&folded) {
        fields.fault(field, "is too easily guessed: it is a common password, or little more than one");
    } else if is_of(&folded, owner) {
        fields.fault(field, "must not be made of your address or your name");
    }
}

/// Returns whether a password in lower case is a common one, with digits and signs around it or not, or has hardly any
/// content.
fn is_common(folded: &str) -> bool {
    let unit = unit(folded);
    let listed = |word: &str| COMMON_PASSWORDS.contains(word) || OUR_WORDS.contains(&word);
    unit.chars().count() <= SHORTEST_UNIT
        || is_series(folded)
        || [folded, unit].into_iter().any(|word| listed(word) || undressed(word).is_some_and(listed))
        || OUR_WORDS.contains(&letters(folded).as_str())
}

/// Returns whether a password in lower case is made only of its owner's address or name.
fn is_of(folded: &str, Owner { email, name }: Owner<'_>) -> bool {
    let (local, domain) = email.split_once('@').unwrap_or((email, ""));
    let said = letters(unit(&letters(folded)));
    let turned: String = name.split_whitespace().rev().collect();
    let owned = [email, local, domain, name, &turned].map(|words| letters(&words.to_lowercase()));
    !said.is_empty() && owned.contains(&said)
}

/// Returns the shortest beginning that, repeated, gives the whole text; its last repetition may be cut off.
fn unit(text: &str) -> &str {
    // A text repeats its first `end` bytes if it equals itself moved by `end`.
    let mut ends = text.char_indices().map(|(start, _)| start).skip(1);
    let repeats = |end: &usize| text.as_bytes().iter().zip(text.as_bytes()[*end..].iter()).all(|(a, b)| a == b);
    ends.find(repeats).map_or(text, |end| &text[..end])
}

/// Returns whether each character is the same step away from the one before: `abcdefghijkl`, `1234567890123`, `zyxw…`.
fn is_series(text: &str) -> bool {
    let step = |pair: &[char]| match (pair[0].to_digit(10), pair[1].to_digit(10)) {
        (Some(one), Some(next)) => (10 + next - one) % 10,
        _ => u32::from(pair[1]).wrapping_sub(u32::from(pair[0])),
    };
    let characters: Vec<char> = text.chars().collect();
    let mut steps = characters.windows(2).map(step);
    steps.next().is_some_and(|first| steps.all(|step| step == first))
}

/// Returns a word without the digits and signs around it, or `None` if there are too many of them to be ignored.
fn undressed(text: &str) -> Option<&str> {
    let word = text.trim_matches(|letter: char| !letter.is_alphabetic());
    (text.chars().count() - word.chars().count() <= LONGEST_DRESSING).then_some(word)
}

/// Returns the letters of a text, without anything else.
fn letters(text: &str) -> String {
    text.chars().filter(|letter| letter.is_alphabetic()).collect()
}

/// Checks a password for an account, and returns the hash to store.
pub async fn checked_hash(hashing: &Hashing, owner: Owner<'_>, password: &str) -> Result<String> {
    let mut fields = Fields::default();
    check(&mut fields, "new_password", password, owner);
    fields.done()?;
    hashing::hash(hashing, password.to_owned()).await
}
