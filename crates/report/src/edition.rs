//! The editions of the report, each with its rules, so that an old file can be drawn again byte for byte.

use crate::text::{Base, Unseen};

/// A way of drawing reports. Every file names its edition as its renderer.
///
/// An edition never changes once a release has drawn with it. A change of any byte is a new edition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Edition {
    /// The edition of release 0.3.0, which draws everything, whatever its length.
    V0_3,
    /// The edition of release 0.4.0. It bounds texts and tables, since the attached record has everything, and prints
    /// characters that show nothing as their code points.
    V0_4,
    /// The edition of release 0.5.0, which tells the story of a room. Records of schemas 1 to 3 are drawn as before.
    V0_5,
}

/// The rules that differ from edition to edition.
#[derive(Debug)]
pub(crate) struct Rules {
    /// Number of characters that are drawn of a text.
    pub(crate) text: usize,
    /// Number of decisions that are drawn of a version, beyond those that count.
    pub(crate) decisions: usize,
    /// Number of entries of the log that are drawn: the newest ones.
    pub(crate) entries: usize,
    /// Bytes of text that the drawn entries may have, and likewise the drawn versions.
    pub(crate) weight: usize,
    /// Whether `versions.csv` says what is known of an expiry, and what was stated of a version since its upload.
    pub(crate) statements: bool,
    /// Whether it is said from where on an adopted log tells everything.
    pub(crate) adoption: bool,
    /// Whether a record of schema 4 is drawn as a story, from its summary to its proof, rather than field by field.
    pub(crate) story: bool,
    /// What is done with characters that show nothing.
    pub(crate) unseen: Unseen,
    /// What decides the direction of a paragraph.
    pub(crate) base: Base,
    /// Decides whether a spreadsheet might take a text for a formula.
    pub(crate) is_formula: fn(&str) -> bool,
}

/// The rules of 0.3.0: everything is drawn, whatever its length.
const V0_3: Rules = Rules {
    text: usize::MAX,
    decisions: usize::MAX,
    entries: usize::MAX,
    weight: usize::MAX,
    statements: false,
    adoption: false,
    story: false,
    unseen: Unseen::LeftOut,
    base: Base::FirstCharacter,
    is_formula: |text| text.starts_with(FORMULA_STARTS),
};

/// The rules of 0.4.0: drawing takes a bounded amount of memory, whatever the parties wrote, and no character of what
/// is drawn is dropped.
const V0_4: Rules = Rules {
    text: 2_000,
    decisions: 20,
    entries: 20_000,
    weight: 4 * 1024 * 1024,
    statements: true,
    adoption: true,
    story: false,
    unseen: Unseen::Printed,
    base: Base::FirstCharacter,
    is_formula: may_be_formula,
};

/// The rules of 0.5.0: those of 0.4.0, and the story.
const V0_5: Rules = Rules { story: true, base: Base::MostLetters, ..V0_4 };

/// First characters that make a spreadsheet take a cell for a formula.
const FORMULA_STARTS: &[char] = &['=', '+', '-', '@', '\t', '\r'];

/// The renderer's name in the current edition, as every new report prints it.
pub const RENDERER: &str = Edition::CURRENT.name();

impl Edition {
    /// The edition in which new reports are drawn.
    pub const CURRENT: Self = Self::V0_5;

    /// All editions, the oldest first.
    pub const ALL: [Self; 3] = [Self::V0_3, Self::V0_4, Self::V0_5];

    /// Returns the name of the renderer that files of this edition print.
    pub const fn name(self) -> &'static str {
        match self {
            Self::V0_3 => "sts-clearance-report 0.3.0",
            Self::V0_4 => "sts-clearance-report 0.4.0",
            Self::V0_5 => "sts-clearance-report 0.5.0",
        }
    }

    /// Returns the edition with this name. `None` for the name of another program or version.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|edition| edition.name() == name)
    }

    /// Returns the rules of this edition.
    pub(crate) fn rules(self) -> &'static Rules {
        match self {
            Self::V0_3 => &V0_3,
            Self::V0_4 => &V0_4,
            Self::V0_5 => &V0_5,
        }
    }
}

/// Whether a spreadsheet might take the text for a formula. Full-width signs count, which some read as the narrow ones,
/// and so do signs behind characters that some skip.
fn may_be_formula(text: &str) -> bool {
    let seen = text.trim_start_matches(|c: char| c.is_whitespace() || c.is_control() || crate::text::is_unseen(c));
    // The text itself too: a tab or a carriage return counts, which `seen` has lost.
    text.starts_with(FORMULA_STARTS) || seen.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edition_is_found_by_its_name_and_another_name_finds_none() {
        for edition in Edition::ALL {
            assert_eq!(Edition::named(edition.name()), Some(edition));
        }
        assert_eq!(Edition::named("sts-clearance-report 0.2.0"), None);
    }
}
