//! Entries of a log as sentences, for pages and for reports. Each sentence follows the name of who did it, which it does
//! not repeat.
//!
//! A sentence is made of [pieces](Piece), which say what they are and not how they look: a page links a document, a
//! report prints its name. The words stand in tables, a language's worth of them in one place.

mod phrases;
mod values;

use std::borrow::Cow;

use serde_json::Value;

use crate::Time;

pub use values::field;

/// A piece of a sentence.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece<'a> {
    /// Words as they stand.
    Words(Cow<'a, str>),
    /// The name of what the sentence is about.
    Name(Cow<'a, str>),
    /// A word of a vocabulary, such as `chem`, which has a label of its own.
    Label(&'a str),
    /// A number in digits, which a page sets so that they stand under one another.
    Number(Cow<'a, str>),
    /// A key, a permission, the name of a log.
    Code(&'a str),
    /// A person, by address.
    Person(&'a str),
    /// An instant.
    Time(Time),
    /// A size in bytes.
    Size(i64),
    /// The items of a field, with the field's path. There is at least one.
    List(String, &'a [Value]),
    /// A document, by its id, with what the entry calls it.
    Document {
        /// The document's id.
        id: &'a str,
        /// The vessel's name. Empty for a document of the room.
        vessel: &'a str,
        /// The code of its type.
        document_type: &'a str,
    },
    /// A snapshot, by its id, with the title that the entry gives it. Empty if it gives none.
    Snapshot {
        /// The snapshot's id.
        id: &'a str,
        /// The snapshot's title.
        title: &'a str,
    },
    /// The blockers that were overridden, and how many there were, with those that the entry does not list.
    Overridden(&'a [Value], u64),
}

impl<'a> From<&'a str> for Piece<'a> {
    fn from(words: &'a str) -> Self {
        Self::Words(words.into())
    }
}

impl From<String> for Piece<'_> {
    fn from(words: String) -> Self {
        Self::Words(words.into())
    }
}

/// Returns every action of a room's log, in the order of the filter that offers them.
pub fn room_actions<'a>() -> impl Iterator<Item = &'a str> {
    phrases::ROOM.iter().map(|(action, _)| *action)
}

/// Returns an entry as what follows the name of who did it. `None` if this version does not know the action: a log
/// outlives the versions of the program.
pub fn of_entry<'a>(action: &str, meta: &'a Value) -> Option<Vec<Piece<'a>>> {
    let (_, phrase) = phrases::ROOM.iter().chain(phrases::PLATFORM).find(|(known, _)| *known == action)?;
    let mut sentence = Sentence { meta, pieces: Vec::new() };
    sentence.put(phrase);
    Some(sentence.pieces)
}

/// Returns the value of a field, of which `path` is the name with what it is in.
pub fn value<'a>(path: &str, value: &'a Value) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    values::value(path, value, &mut pieces);
    pieces
}

/// Returns a number with its noun: `1 document`, `2 documents`.
pub fn count(number: u64, one: &str) -> String {
    format!("{number} {one}{}", if number == 1 { "" } else { "s" })
}

/// Returns a size as `1.4 MB`.
#[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
pub fn size(bytes: u64) -> String {
    match bytes {
        ..1000 => format!("{bytes} bytes"),
        1000..1_000_000 => format!("{:.0} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

/// A sentence that is being made.
struct Sentence<'a> {
    meta: &'a Value,
    pieces: Vec<Piece<'a>>,
}

impl<'a> Sentence<'a> {
    /// Adds a phrase, whose templates are described in [`phrases`].
    fn put(&mut self, phrase: &'static str) {
        let mut rest = phrase;
        while let Some((words, behind)) = rest.split_once('{') {
            let (asked, behind) = behind.split_once('}').unwrap_or((behind, ""));
            self.words(words);
            self.asked(asked);
            rest = behind;
        }
        self.words(rest);
    }

    fn asked(&mut self, asked: &'static str) {
        let (how, name) = asked.split_at(usize::from(!asked.starts_with(|first: char| first.is_ascii_lowercase())));
        match how {
            "*" => self.pieces.push(Piece::Name(self.text(name).into())),
            "_" => self.words(self.text(name).replace('_', " ")),
            "=" => self.value(name),
            "@" => self.pieces.push(Piece::Person(self.text(name))),
            "%" => self.pieces.push(Piece::Code(self.text(name))),
            "!" => {
                let (part, argument) = name.split_once(' ').unwrap_or((name, ""));
                self.part(part, argument);
            }
            _ => self.words(self.text(name)),
        }
    }

    /// Adds a part that takes more than one field, or has words only if there is something to say.
    fn part(&mut self, part: &str, argument: &str) {
        match part {
            "account_deed" => self.words(phrases::account_deed(self.text("deed"))),
            "as_of" if self.meta["at"].is_string() => {
                self.words(", as of ");
                self.value("at");
            }
            "asked_for" if self.has("asked_by") => {
                self.pieces.extend([", which ".into(), Piece::Person(self.text("asked_by")), " had asked for".into()]);
            }
            "because" if self.has(argument) => self.words(format!(": “{}”", self.text(argument))),
            "changes" => values::changes(&self.meta["changes"], &mut self.pieces),
            "clearing" => self.words(phrases::clearing(self.text("status"))),
            "differences" => self.words(count(self.number("total"), "difference")),
            "document" => self.document(),
            "documents" => self.words(self.number_of("document_types", "document")),
            "file_notice" => self.words(phrases::file_notice(self.text("notice"))),
            "held" if self.has("snapshot_id") => {
                self.words("the snapshot ");
                self.snapshot();
            }
            "imo" if self.has("imo_number") => self.words(format!(", IMO {}", self.text("imo_number"))),
            "in_roles" if self.meta["roles"].is_array() => {
                self.words(" as ");
                self.roles();
            }
            "kind" if self.has("snapshot_type") => {
                self.pieces.extend([", ".into(), Piece::Label(self.text("snapshot_type"))]);
            }
            "link_deed" => self.words(phrases::link_deed(self.text("deed"))),
            "migrations" => self.words(self.number_of("migrations", "migration")),
            "networks" => self.networks(),
            "of_account" => self.account("of ", "of somebody who is not signed in"),
            "overridden" => self.overridden(),
            "phase" => self.pieces.push(Piece::Name(self.text("to").replace('_', " ").into())),
            "range" => self.range(argument),
            "refusal" => self.words(phrases::refusal(self.text("reason"))),
            "repeated" => self.times(&self.meta["repeated"]),
            "reply" => self.words(phrases::reply(self.text(argument))),
            "roles" => self.roles(),
            "sealed" => {
                if let Some(signer) = self.meta["seal"]["signer"].as_str() {
                    self.words(format!(", sealed by {signer}"));
                }
            }
            "size" => self.pieces.push(Piece::Size(self.meta["file_size"].as_i64().unwrap_or_default())),
            "snapshot" => self.snapshot(),
            "snapshots" => self.words(count(self.number("snapshots"), "snapshot")),
            "times" => self.times(self.meta),
            "to_account" => self.account("to ", "to no account that there is"),
            "to_confirm" => {
                if let Ok(until) = self.text("until").parse::<Time>() {
                    self.pieces.extend(["; another admin may confirm it until ".into(), Piece::Time(until)]);
                }
            }
            "unsealed" if self.has("not_sealed") => {
                self.words(format!("; it is not sealed: “{}”", self.text("not_sealed")));
            }
            "valid" if self.has("expires_on") => self.words(format!(", valid until {}", self.text("expires_on"))),
            "verdict" => self.words(phrases::verdict(self.text("verdict"))),
            "version" => {
                self.words("version ");
                self.value("version");
                self.words(" of ");
                self.document();
            }
            "vessel" if self.has("vessel") => self.pieces.push(Piece::Name(self.text("vessel").into())),
            "held" | "vessel" => self.words("the room"),
            _ => {}
        }
    }

    fn words(&mut self, words: impl Into<Cow<'a, str>>) {
        let words = words.into();
        if !words.is_empty() {
            self.pieces.push(Piece::Words(words));
        }
    }

    fn text(&self, field: &str) -> &'a str {
        self.meta[field].as_str().unwrap_or_default()
    }

    fn has(&self, field: &str) -> bool {
        !self.text(field).is_empty()
    }

    fn number(&self, field: &str) -> u64 {
        self.meta[field].as_u64().unwrap_or_default()
    }

    fn number_of(&self, list: &str, one: &str) -> String {
        count(self.meta[list].as_array().map_or(0, Vec::len) as u64, one)
    }

    fn value(&mut self, field: &str) {
        values::value(field, &self.meta[field], &mut self.pieces);
    }

    /// The roles that somebody was given: `owner and broker`.
    fn roles(&mut self) {
        let several: Vec<_> = self.meta["roles"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let words = if several.is_empty() { self.text("role").replace('_', " ") } else { several.join(" and ") };
        self.words(words);
    }

    fn document(&mut self) {
        let [id, vessel, document_type] = ["document_id", "vessel", "document_type"].map(|field| self.text(field));
        self.pieces.push(Piece::Document { id, vessel, document_type });
    }

    fn snapshot(&mut self) {
        self.pieces.push(Piece::Snapshot { id: self.text("snapshot_id"), title: self.text("title") });
    }

    /// Adds the overridden blockers. Entries of version 1 list sentences, the last of which may say how many more there
    /// were.
    fn overridden(&mut self) {
        let listed = self.meta["overridden"].as_array().map_or(&[][..], Vec::as_slice);
        if !listed.is_empty() {
            let all = (listed.len() as u64).saturating_add(self.number("more_overridden"));
            self.pieces.extend([", over ".into(), Piece::Overridden(listed, all)]);
        }
    }

    fn account(&mut self, of: &'static str, of_none: &'static str) {
        if self.has("account") {
            self.pieces.extend([of.into(), Piece::Name(self.text("account").into())]);
        } else {
            self.words(of_none);
        }
    }

    fn networks(&mut self) {
        match self.meta["networks"].as_u64() {
            // Refusals of many kinds within a minute are counted together, with the number of their first 1,000 networks.
            Some(networks) => self.words(format!("{networks} networks and more")),
            // Refusals by role that were counted together have no network at all.
            None if self.has("network") => self.words(self.text("network")),
            None => self.words("networks that were not kept"),
        }
    }

    fn range(&mut self, field: &str) {
        match self.text(field) {
            "" => {}
            "archive" => self.words(", within an archive"),
            range if range.starts_with(|first: char| first.is_ascii_digit()) => {
                self.words(format!(", its bytes {range}"));
            }
            other => self.words(format!(", its {}", other.replace('_', " "))),
        }
    }

    /// Adds how often something happened. Refusals that repeat within a minute are one entry with a count, so that nobody
    /// can flood a log.
    fn times(&mut self, counted: &Value) {
        if let Some(times) = counted["times"].as_u64().filter(|times| *times > 1) {
            self.words(format!(", {times} times within a minute"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Every part that a template asks for, which `Sentence::part` would pass over in silence if it did not know it.
    const PARTS: &[&str] = &[
        "account_deed",
        "as_of",
        "asked_for",
        "because",
        "changes",
        "clearing",
        "differences",
        "document",
        "documents",
        "file_notice",
        "held",
        "imo",
        "in_roles",
        "kind",
        "link_deed",
        "migrations",
        "networks",
        "of_account",
        "overridden",
        "phase",
        "range",
        "refusal",
        "repeated",
        "reply",
        "roles",
        "sealed",
        "size",
        "snapshot",
        "snapshots",
        "times",
        "to_account",
        "to_confirm",
        "unsealed",
        "valid",
        "verdict",
        "version",
        "vessel",
    ];

    #[test]
    fn every_template_is_closed_and_asks_for_what_there_is() {
        for (action, phrase) in phrases::ROOM.iter().chain(phrases::PLATFORM) {
            let mut rest = *phrase;
            while let Some((_, behind)) = rest.split_once('{') {
                let (asked, behind) = behind.split_once('}').unwrap_or_else(|| panic!("{action}: {phrase}"));
                let part = asked.strip_prefix('!').map(|part| part.split(' ').next().unwrap_or_default());
                assert!(part.is_none_or(|part| PARTS.contains(&part)), "{action}: {asked}");
                rest = behind;
            }
            assert!(!rest.contains('}'), "{action}: {phrase}");
        }
    }

    #[test]
    fn a_sentence_says_what_its_pieces_are() {
        let meta = json!({ "version": 2, "document_id": "d", "document_type": "Q88", "verdict": "rejected",
            "comment": "Out of date" });
        let document = Piece::Document { id: "d", vessel: "", document_type: "Q88" };
        let expected = [
            "rejected".into(),
            " ".into(),
            "version ".into(),
            Piece::Number("2".into()),
            " of ".into(),
            document,
            ": “Out of date”".into(),
        ];
        assert_eq!(of_entry("document_decided", &meta), Some(expected.to_vec()));
        assert_eq!(of_entry("of_a_later_version", &meta), None);
    }
}
