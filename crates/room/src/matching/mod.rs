//! Which document of a room a file is, by its name and by the words of its first page, and until when it is valid.
//!
//! Nothing is guessed: where two documents fit equally, both are returned, and a day is suggested only where the text says
//! in a clear form that the file expires on it.

mod expiry;

use std::collections::{BTreeMap, BTreeSet};

use crate::{DocumentId, DocumentType, RoomState, VesselId, search::fold};

pub use expiry::expiry_in;

/// What is known of a file before it is sent.
#[derive(Debug, Clone, Copy)]
pub struct Paper<'a> {
    /// Its name, with the folders before it if they are known.
    pub name: &'a str,
    /// The words of its first page, as far as they are known.
    pub text: &'a str,
}

/// What has to be known of the documents of a room to find that of a file.
#[derive(Debug)]
pub struct Matcher {
    slots: Vec<(DocumentId, Option<VesselId>, String)>,
    vessels: Vec<VesselWords>,
    types: BTreeMap<String, TypeWords>,
    /// How many types have a word.
    frequency: BTreeMap<String, usize>,
}

/// The words by which a vessel is found.
#[derive(Debug)]
struct VesselWords {
    id: VesselId,
    name: Vec<String>,
    imo: Option<String>,
}

/// The words by which a type is found.
#[derive(Debug, Default)]
struct TypeWords {
    /// The code and the aliases, each as words.
    codes: Vec<Vec<String>>,
    /// The parts of its name, such as those between commas.
    phrases: Vec<Vec<String>>,
    /// The words of all of them that say something.
    words: BTreeSet<String>,
}

/// Words that many documents have in their names, and that say nothing of which one it is.
const EMPTY: &[&str] = &[
    "a",
    "all",
    "an",
    "and",
    "approved",
    "as",
    "at",
    "before",
    "by",
    "certificate",
    "certification",
    "company",
    "copy",
    "date",
    "document",
    "final",
    "for",
    "form",
    "from",
    "in",
    "last",
    "list",
    "mt",
    "mv",
    "new",
    "of",
    "on",
    "or",
    "plan",
    "procedure",
    "record",
    "report",
    "scan",
    "ship",
    "signed",
    "sts",
    "the",
    "to",
    "vessel",
    "with",
];
/// What is written before the names of vessels.
const PREFIXES: &[&str] = &["mt", "mv", "ss", "lpg", "lng"];
/// What a word counts that one type alone has; it is shared by the types that have it.
const WORD: usize = 60;
/// What the code of a type counts, or one of its aliases.
const CODE: usize = 200;
/// The least that counts as found: a word that two types have.
const LEAST: usize = 30;

impl Matcher {
    /// Prepares the documents of a room, whose types have these codes, names and aliases.
    pub fn of(state: &RoomState, catalogue: &[DocumentType]) -> Self {
        let mut types: BTreeMap<String, TypeWords> = BTreeMap::new();
        for document in &state.documents {
            let code = &document.slot.document_type;
            let aliases = catalogue.iter().find(|kind| kind.code == *code).map_or(&[][..], |kind| &kind.aliases);
            types.entry(code.clone()).or_insert_with(|| TypeWords::of(code, aliases, &document.slot.name));
        }
        let mut frequency = BTreeMap::new();
        for word in types.values().flat_map(|kind| &kind.words) {
            *frequency.entry(word.clone()).or_default() += 1;
        }
        let slots = state.documents.iter().map(|document| &document.slot);
        let vessels = state.vessels.iter().map(|vessel| VesselWords {
            id: vessel.id,
            name: without_prefixes(words(&vessel.details.name)),
            imo: vessel.details.imo_number.clone(),
        });
        Self {
            slots: slots.map(|slot| (slot.id, slot.vessel, slot.document_type.clone())).collect(),
            vessels: vessels.collect(),
            types,
            frequency,
        }
    }

    /// Returns the documents that a file may be, in the order of the list: one if it is clear, several that fit equally, or
    /// none.
    pub fn find(&self, paper: Paper<'_>) -> Vec<DocumentId> {
        let path = words(without_ending(paper.name));
        let (_, file) = paper.name.rsplit_once(['/', '\\']).unwrap_or(("", paper.name));
        let text = words(paper.text);
        let vessel = self.vessel_in(&path).or_else(|| self.vessel_in(&text));
        let mut name = words(without_ending(file));
        for vessel in self.vessels.iter().filter(|known| Some(known.id) == vessel) {
            // What a vessel is called says nothing of the document.
            if let Some(at) = place_of(&name, &vessel.name) {
                name.drain(at..at + vessel.name.len());
            }
        }
        let mut best = self.best(|kind| self.weight_of_name(kind, &name), vessel);
        // The text decides only between what the name leaves open.
        if best.len() != 1 {
            let by_text = self.best(|kind| weight_of_text(kind, &text), vessel);
            let both: Vec<_> = best.iter().filter(|code| by_text.contains(code)).cloned().collect();
            best = match (best.is_empty(), both.is_empty()) {
                (true, _) => by_text,
                (false, true) => best,
                (false, false) => both,
            };
        }
        let slots = self.slots.iter().filter(|(.., code)| best.contains(code));
        let of = |slot: &Option<VesselId>| vessel.is_none() || slot.is_none() || *slot == vessel;
        slots.filter(|(_, slot, _)| of(slot)).map(|(id, ..)| *id).collect()
    }

    /// Returns the codes of the types that weigh most, if they weigh enough.
    fn best(&self, weight: impl Fn(&TypeWords) -> usize, vessel: Option<VesselId>) -> Vec<String> {
        let has_slot = |code: &String| {
            self.slots.iter().any(|(_, slot, of)| of == code && (slot.is_none() || vessel.is_none() || *slot == vessel))
        };
        let kinds = self.types.iter().filter(|(code, _)| has_slot(code));
        let weighed: Vec<_> = kinds.map(|(code, kind)| (weight(kind), code)).collect();
        let most = weighed.iter().map(|(weight, _)| *weight).max().unwrap_or_default();
        let fitting = weighed.into_iter().filter(|(weight, _)| *weight == most && most >= LEAST);
        fitting.map(|(_, code)| code.clone()).collect()
    }

    fn weight_of_name(&self, kind: &TypeWords, name: &[String]) -> usize {
        let weight = |word: &String| WORD / self.frequency.get(word).copied().unwrap_or(1).max(1);
        let common: usize = kind.words.iter().filter(|word| name.contains(word)).map(weight).sum();
        let code = kind.codes.iter().filter(|code| place_of(name, code).is_some()).map(Vec::len).max();
        common + code.map_or(0, |length| CODE + length)
    }

    /// Returns the one vessel that these words name: by its IMO number, by its name, or by a word of its name that no other
    /// has.
    fn vessel_in(&self, text: &[String]) -> Option<VesselId> {
        let by_imo: Vec<_> = self.vessels.iter().filter(|it| it.imo.iter().any(|imo| text.contains(imo))).collect();
        let named = |it: &&VesselWords| place_of(text, &it.name).is_some();
        let mut by_name: Vec<_> = self.vessels.iter().filter(named).collect();
        // `Star 1` is not `Star`.
        let longest = by_name.iter().map(|it| it.name.len()).max();
        by_name.retain(|it| Some(it.name.len()) == longest);
        let own = |it: &&VesselWords| {
            let others = || self.vessels.iter().filter(|other| other.id != it.id);
            let is_own = |word: &&String| word.len() > 3 && !others().any(|other| other.name.contains(word));
            it.name.iter().filter(is_own).any(|word| text.contains(word))
        };
        let by_word: Vec<_> = self.vessels.iter().filter(own).collect();
        let found = [by_imo, by_name, by_word].into_iter().find(|found| !found.is_empty())?;
        if let [one] = found[..] { Some(one.id) } else { None }
    }
}

impl TypeWords {
    fn of(code: &str, aliases: &[String], name: &str) -> Self {
        let codes: Vec<_> = std::iter::once(code).chain(aliases.iter().map(String::as_str)).map(words).collect();
        let parts = name.split(['(', ')', '/', ',', ':']).flat_map(|part| part.split(" with "));
        let phrases: Vec<_> = parts.map(words).filter(|part| part.len() > 1).collect();
        let all = codes.iter().flatten().cloned().chain(words(name));
        let says = |word: &String| word.len() > 1 && !EMPTY.contains(&&**word);
        Self { phrases, words: all.filter(says).collect(), codes }
    }
}

/// Returns how much a type weighs by the text of a first page, in which single words are of no use.
fn weight_of_text(kind: &TypeWords, text: &[String]) -> usize {
    let phrase = kind.phrases.iter().filter(|phrase| place_of(text, phrase).is_some()).map(Vec::len).max();
    let code = kind.codes.iter().filter(|code| code.concat().len() > 3 && place_of(text, code).is_some());
    phrase.map_or(0, |length| WORD * length).max(code.map(|code| WORD * code.len()).max().unwrap_or_default())
}

/// Returns where these words stand in a text, one after another.
fn place_of(text: &[String], sought: &[String]) -> Option<usize> {
    if sought.is_empty() { None } else { text.windows(sought.len()).position(|part| part == sought) }
}

/// Returns the folded words of a text, each in the singular.
fn words(text: &str) -> Vec<String> {
    let folded = fold(text).replace('&', " and ");
    let words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| if word.len() > 3 { word.strip_suffix('s').unwrap_or(word) } else { word }.to_owned()).collect()
}

fn without_prefixes(mut name: Vec<String>) -> Vec<String> {
    // `M/T Aurora` has become two words.
    let begins =
        |name: &[String], start: &[&str]| name.len() > start.len() && name.iter().zip(start).all(|(a, b)| a == b);
    if name.first().is_some_and(|first| PREFIXES.contains(&&**first)) && name.len() > 1 {
        name.remove(0);
    } else if [["m", "t"], ["m", "v"], ["s", "s"]].iter().any(|start| begins(&name, start)) {
        name.drain(..2);
    }
    name
}

/// Returns a name without its ending.
fn without_ending(name: &str) -> &str {
    name.rsplit_once('.')
        .filter(|(_, ending)| ending.len() <= 4 && !ending.contains('/'))
        .map_or(name, |(stem, _)| stem)
}
