//! The story of a room, as a reader wants it: first what came of it, then how it came about, then what proves it.
//!
//! Each section is a file here and a line in [`parts`]. Its words, columns and widths stand in it; a record of schema 4 is
//! drawn so.

mod appendix;
mod chronology;
mod clearance;
mod english;
mod papers;
mod people;
mod seen;
mod steps;
mod summary;
mod telling;
mod timeline;
mod told;
mod verifying;

use std::fmt::{Display, Write as _};
use std::rc::Rc;

use super::block::Part;
use super::context::Context;
use english::WORDS;
use told::Told;

pub(crate) use verifying::verifying;

/// Returns the parts of the PDF in order, but for [`verifying()`], which closes it.
pub(crate) fn parts(context: &Context) -> Vec<Part<'_>> {
    let told = Rc::new(Told::of(context));
    if context.record.snapshot.options.summary_only {
        return [summary::parts(&told), timeline::parts(&told)].into_iter().flatten().collect();
    }
    [
        summary::parts(&told),
        timeline::parts(&told),
        clearance::parts(&told),
        papers::parts(&told),
        seen::parts(&told),
        people::parts(&told),
        chronology::parts(&told),
        appendix::parts(&told),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Returns the words of a key.
fn say(key: &str) -> &'static str {
    WORDS.iter().find(|(known, _)| *known == key).map_or("", |(_, words)| words)
}

/// Returns the words of a key, with its fields filled in.
fn fill(key: &str, fields: &[(&str, &dyn Display)]) -> String {
    let (mut said, mut rest) = (String::new(), say(key));
    while let Some((words, behind)) = rest.split_once('{') {
        let (name, behind) = behind.split_once('}').unwrap_or((behind, ""));
        said.push_str(words);
        if let Some((_, field)) = fields.iter().find(|(known, _)| *known == name) {
            // To write into a text cannot fail.
            let _ = write!(said, "{field}");
        }
        rest = behind;
    }
    said + rest
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_key_that_is_asked_for_has_words_and_the_other_way_round() {
        let sources = [
            include_str!("appendix.rs"),
            include_str!("chronology.rs"),
            include_str!("clearance.rs"),
            include_str!("papers.rs"),
            include_str!("people.rs"),
            include_str!("seen.rs"),
            include_str!("summary.rs"),
            include_str!("telling.rs"),
            include_str!("timeline.rs"),
            include_str!("told.rs"),
            include_str!("verifying.rs"),
        ];
        let keys: BTreeSet<&str> = WORDS.iter().map(|(key, _)| *key).collect();
        assert_eq!(keys.len(), WORDS.len(), "a key has two texts");
        let asked = |call: &'static str| sources.into_iter().flat_map(move |source| source.split(call).skip(1));
        let key = |rest: &'static str| rest.trim_start().strip_prefix('"')?.split('"').next();
        let asked: BTreeSet<&str> = asked("say(").chain(asked("fill(")).filter_map(key).collect();
        let without: Vec<&str> = asked.difference(&keys).copied().collect();
        assert!(without.is_empty(), "without words: {without:?}");
        let unused: Vec<&str> = keys.difference(&asked).copied().filter(|key| !key.starts_with("status_")).collect();
        assert!(unused.is_empty(), "never said: {unused:?}");
    }

    #[test]
    fn fields_are_filled_in_by_name_and_nothing_else_is_taken_for_one() {
        let said = fill("vessel_by_on", &[("vessel", &"{1}"), ("1", &"Jane"), ("2", &7)]);
        assert_eq!(said, "{1}, by Jane on 7");
    }
}
