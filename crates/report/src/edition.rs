//! The editions of the report: how each draws, so that an old file can be drawn again byte for byte.

use crate::text::Unseen;

/// A way of drawing reports, which every file names as its renderer.
///
/// An edition never changes once a release has drawn with it. What is drawn otherwise is a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Edition {
    /// That of release 0.3.0, which drew everything, whatever its length.
    V0_3,
    /// That of release 0.4.0, whose text and tables are bounded, the attached record having everything, and which prints
    /// what shows nothing as its code point.
    V0_4,
}

/// What differs from edition to edition.
#[derive(Debug)]
pub(crate) struct Rules {
    /// How many characters are drawn of a text.
    pub(crate) text: usize,
    /// How many decisions are drawn of a version, beyond those that count.
    pub(crate) decisions: usize,
    /// How many entries of the log are drawn: the newest.
    pub(crate) entries: usize,
    /// How many bytes of text the entries that are drawn may have, and likewise the versions.
    pub(crate) weight: usize,
    /// What becomes of characters that show nothing.
    pub(crate) unseen: Unseen,
    /// Whether a spreadsheet may take a text for a formula.
    pub(crate) is_formula: fn(&str) -> bool,
}

/// The rules of 0.3.0: everything is drawn, whatever its length.
const V0_3: Rules = Rules {
    text: usize::MAX,
    decisions: usize::MAX,
    entries: usize::MAX,
    weight: usize::MAX,
    unseen: Unseen::LeftOut,
    is_formula: |text| text.starts_with(FORMULA_STARTS),
};

/// Drawing takes a bounded amount of memory, whatever the parties wrote, and no character of what is drawn is dropped.
const V0_4: Rules = Rules {
    text: 2_000,
    decisions: 20,
    entries: 20_000,
    weight: 4 * 1024 * 1024,
    unseen: Unseen::Printed,
    is_formula: may_be_formula,
};

/// First characters by which a spreadsheet takes a cell for a formula.
const FORMULA_STARTS: &[char] = &['=', '+', '-', '@', '\t', '\r'];

/// The renderer's name in the current edition, as every new report prints it.
pub const RENDERER: &str = Edition::CURRENT.name();

impl Edition {
    /// The edition in which new reports are drawn.
    pub const CURRENT: Self = Self::V0_4;

    /// All of them, the oldest first.
    pub const ALL: [Self; 2] = [Self::V0_3, Self::V0_4];

    /// Returns the name of the renderer that files of this edition print.
    pub const fn name(self) -> &'static str {
        match self {
            Self::V0_3 => "sts-clearance-report 0.3.0",
            Self::V0_4 => "sts-clearance-report 0.4.0",
        }
    }

    /// Finds the edition of which a file says that it was drawn in it.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|edition| edition.name() == name)
    }

    pub(crate) fn rules(self) -> &'static Rules {
        match self {
            Self::V0_3 => &V0_3,
            Self::V0_4 => &V0_4,
        }
    }
}

/// Whether a spreadsheet may take the text for a formula: also where it begins with full-width signs,
/// which some read as the narrow ones, or with characters that some skip.
fn may_be_formula(text: &str) -> bool {
    let seen = text.trim_start_matches(|c: char| c.is_whitespace() || c.is_control() || crate::text::is_unseen(c));
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
