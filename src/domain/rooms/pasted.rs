//! Whom a pasted text names: addresses one a line or in a row, as they stand in the head of a mail, in a list or in a
//! spreadsheet, with the names, roles and sides that are written beside them.
//!
//! What is read is a proposal, which somebody looks through before anything is done by it.

use std::collections::HashMap;

use room::{
    Role, Side,
    address::{self, LONGEST_ADDRESS},
};

/// How many characters are read at once.
pub const LONGEST_PASTED: usize = 20_000;

/// Words that say nothing of a person when they stand alone before an address.
const HEADINGS: [&str; 12] =
    ["to", "cc", "bcc", "from", "reply-to", "e-mail", "email", "mail", "mailto", "attn", "pic", "contact"];
/// Words that stand between the words of roles and sides.
const BETWEEN: [&str; 7] = ["and", "side", "vessel", "ship", "for", "the", "of"];
/// A name has at most so many words; more of them are a sentence.
const MOST_WORDS: usize = 6;

/// A person whom a text names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The address as it was written, without what was around it.
    pub email: String,
    /// The name beside it, or one that is made of the address.
    pub name: String,
    /// The roles that are written beside it.
    pub roles: Vec<Role>,
    /// The side that is written beside it.
    pub side: Option<Side>,
}

/// What stands beside an address.
#[derive(Debug, Default)]
struct Beside {
    name: Option<String>,
    roles: Vec<Role>,
    side: Option<Side>,
}

/// Returns whom a text names, each address once, in their order.
pub fn people(text: &str) -> Vec<Named> {
    let mut people: Vec<Named> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (email, beside) in text.lines().flat_map(people_of_line) {
        let Beside { name, mut roles, side } = beside;
        let place = *places.entry(address::key(&email)).or_insert(people.len());
        // The same address may stand twice, such as in a link beside itself: what is said of it at any place counts.
        if let Some(known) = people.get_mut(place) {
            roles.retain(|role| !known.roles.contains(role));
            known.roles.extend(roles);
            known.side = known.side.or(side);
        } else {
            let name = name.unwrap_or_else(|| name_of_address(&email));
            people.push(Named { email, name, roles, side });
        }
    }
    people
}

/// Returns the addresses of a line, each with what stands beside it.
fn people_of_line(line: &str) -> Vec<(String, Beside)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut before = String::new();
    for piece in pieces(line) {
        let spaced = spaced(piece);
        if !spaced.split_whitespace().any(|word| as_address(word).is_some()) {
            // `a@aegean.example, owner` against `Papadopoulou, Eleni <eleni@aegean.example>`.
            match found.last_mut() {
                Some((_, label)) if says_only_roles(piece) => append(label, &format!("| {piece}")),
                _ => append(&mut before, &format!("{piece},")),
            }
            continue;
        }
        let first = found.len();
        for word in spaced.split_whitespace() {
            match as_address(word) {
                Some(address) => found.push((address, format!("{} |", std::mem::take(&mut before)))),
                // What follows an address within its piece is about it: `eleni@aegean.example (owner)`.
                None if found.len() > first => found.last_mut().into_iter().for_each(|(_, label)| append(label, word)),
                None => append(&mut before, word),
            }
        }
    }
    if let Some((_, label)) = found.last_mut() {
        append(label, &format!("| {before}"));
    }
    found.into_iter().map(|(address, label)| (address, Beside::of(&label))).collect()
}

/// Returns the parts of a line between commas, semicolons and tabs that are not within quotation marks or brackets.
fn pieces(line: &str) -> impl Iterator<Item = &str> {
    let closes = line.matches('(').count() == line.matches(')').count();
    let (mut is_quoted, mut is_bracketed) = (false, false);
    line.split(move |c| {
        is_quoted ^= c == '"';
        is_bracketed = closes && (c == '(' || is_bracketed && c != ')');
        !is_quoted && !is_bracketed && matches!(c, ',' | ';' | '\t')
    })
}

/// Returns a text with spaces around what addresses stand between.
fn spaced(text: &str) -> String {
    text.replace('<', " <").replace('>', "> ").replace(':', ": ")
}

fn append(text: &mut String, word: &str) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(word);
}

/// Returns the address that a word is, without brackets and marks. Whether it is a good one is checked later.
fn as_address(word: &str) -> Option<String> {
    let bare =
        word.trim_matches(|c: char| matches!(c, '<' | '>' | '(' | ')' | '[' | ']' | '"' | '\'' | ':' | ',' | ';'));
    let bare = bare.trim_end_matches(['.', '!', '?']);
    let is_one = bare.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
    (is_one && bare.chars().count() <= LONGEST_ADDRESS).then(|| bare.to_owned())
}

impl Beside {
    /// Reads what stands beside an address.
    fn of(label: &str) -> Self {
        let mut beside = Self::default();
        for place in label.split('|') {
            // `Charterer: Ann Lee`: the last part that can be a name is one. What stands before the address goes first.
            let names = place.split(':').filter_map(|part| beside.take(part)).last();
            beside.name = beside.name.take().or(names);
        }
        beside.roles.sort_unstable();
        beside.roles.dedup();
        beside
    }

    /// Takes roles and side from a part of what stands beside an address. Returns the name in it.
    fn take(&mut self, part: &str) -> Option<String> {
        let mut names = Vec::new();
        for segment in segments(part) {
            let (roles, rest) = if is_all_roles(segment) { (segment, "") } else { led_by_roles(segment) };
            let of_roles = words(roles);
            self.roles.extend(of_roles.iter().filter_map(|word| role(word)));
            self.side = self.side.or_else(|| of_roles.iter().find_map(|word| side(word)));
            if looks_like_a_name(rest) && !words(rest).iter().all(|word| HEADINGS.contains(&word.as_str())) {
                names.push(rest);
            }
        }
        name(&names)
    }
}

/// Returns whether each part of a piece is about roles and sides alone.
fn says_only_roles(piece: &str) -> bool {
    let mut parts = segments(piece).filter(|part| !part.is_empty()).peekable();
    parts.peek().is_some() && parts.all(is_all_roles)
}

/// Returns the roles in small letters that a segment begins with, and the name after them: `charterer Ann Lee`. With a
/// capital letter a role may be part of a name, such as `Broker House`.
fn led_by_roles(segment: &str) -> (&str, &str) {
    let mut halves = segment.rmatch_indices(' ').map(|(at, space)| (&segment[..at], &segment[at + space.len()..]));
    let led = halves.find(|(roles, name)| {
        !roles.contains(char::is_uppercase) && is_all_roles(roles) && looks_like_a_name(name.trim_start())
    });
    led.map_or(("", segment), |(roles, name)| (roles, name.trim_start()))
}

/// Returns the parts of a label that brackets, dashes, strokes and commas set apart.
fn segments(label: &str) -> impl Iterator<Item = &str> {
    let parts = label.split(['(', ')', '[', ']', '/', '–', '—', '•', '*', ',']).flat_map(|part| part.split(" - "));
    let around = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '-' | '.');
    parts.map(move |part| part.trim_matches(around).trim_start_matches(|c: char| c.is_ascii_digit() || around(c)))
}

/// Returns the words of a segment in small letters, with the ends of possessives cut off.
fn words(segment: &str) -> Vec<String> {
    let words = segment.split([' ', '&', '+', '"']).map(|word| {
        let word = word.to_lowercase().replace('’', "'");
        word.trim_end_matches('.').trim_end_matches("'s").trim_matches('\'').to_owned()
    });
    words.filter(|word| !word.is_empty()).collect()
}

fn is_all_roles(segment: &str) -> bool {
    let words = words(segment);
    words.iter().any(|word| role(word).is_some() || side(word).is_some())
        && words.iter().all(|word| role(word).is_some() || side(word).is_some() || BETWEEN.contains(&word.as_str()))
}

/// Returns the role that a word names, in the singular or the plural.
fn role(word: &str) -> Option<Role> {
    match word.strip_suffix('s').unwrap_or(word) {
        "owner" | "shipowner" => Some(Role::Owner),
        "broker" => Some(Role::Broker),
        "charterer" => Some(Role::Charterer),
        "seller" => Some(Role::Seller),
        "buyer" => Some(Role::Buyer),
        _ => None,
    }
}

fn side(word: &str) -> Option<Side> {
    match word {
        "discharging" => Some(Side::Discharging),
        "receiving" => Some(Side::Receiving),
        _ => None,
    }
}

/// Returns whether a segment can be a name, and is no sentence such as `please add`.
fn looks_like_a_name(segment: &str) -> bool {
    let count = segment.split_whitespace().count();
    let begins = segment.chars().find(|c| c.is_alphabetic());
    (1..=MOST_WORDS).contains(&count) && begins.is_some_and(|first| !first.is_lowercase())
}

/// Returns the name of the parts that commas set apart: `Papadopoulou, Eleni` is `Eleni Papadopoulou`.
fn name(parts: &[&str]) -> Option<String> {
    let is_one_word = |part: &&str| !part.contains(char::is_whitespace);
    match parts {
        [] => None,
        [family, given] if is_one_word(family) && is_one_word(given) => Some(format!("{given} {family}")),
        parts => Some(parts.join(", ")),
    }
}

/// Returns a name that is made of an address: `Eleni Papadopoulou` of `eleni.papadopoulou@aegean.example`.
fn name_of_address(email: &str) -> String {
    let local = email.split('@').next().unwrap_or(email);
    let parts = local.split(['.', '_', '-', '+']).filter(|part| part.chars().any(char::is_alphabetic));
    let parts: Vec<String> = parts.map(with_a_capital).collect();
    if parts.is_empty() { local.to_owned() } else { parts.join(" ") }
}

fn with_a_capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
