//! Pages stay below 2 MB. People may have written thousands of characters into each row, so rows are shown only as far
//! as they fit.

use maud::{Markup, PreEscaped};

/// The rows that fitted, and how many did not.
pub(crate) struct Portion {
    /// The rows that fitted, one after another.
    pub(crate) markup: Markup,
    /// How many rows are shown.
    pub(crate) shown: usize,
    /// How many rows did not fit.
    pub(crate) left_out: usize,
}

/// Puts rows one after another until they would have more than so many `bytes` together.
pub(crate) fn within(bytes: usize, rows: impl IntoIterator<Item = Markup>) -> Portion {
    let (mut markup, mut shown, mut left_out) = (String::new(), 0, 0);
    for PreEscaped(row) in rows {
        // The first row is shown whatever its size, so that a list with links to its next part always makes progress.
        // After the first row that does not fit, none is shown: a smaller one behind it would leave a gap that nobody
        // sees.
        if left_out == 0 && (shown == 0 || markup.len() + row.len() <= bytes) {
            markup.push_str(&row);
            shown += 1;
        } else {
            left_out += 1;
        }
    }
    Portion { markup: PreEscaped(markup), shown, left_out }
}

/// As [`within`], but keeps the last rows instead of the first.
pub(crate) fn within_last(bytes: usize, rows: impl DoubleEndedIterator<Item = Markup>) -> Portion {
    let mut kept = Vec::new();
    let (mut left, mut left_out) = (bytes, 0);
    for row in rows.rev() {
        match left.checked_sub(row.0.len()) {
            Some(rest) if left_out == 0 => left = rest,
            // The last row is shown whatever its size, as `within` does with the first.
            None if kept.is_empty() => left = 0,
            _ => {
                left_out += 1;
                continue;
            }
        }
        kept.push(row.0);
    }
    kept.reverse();
    Portion { shown: kept.len(), markup: PreEscaped(kept.concat()), left_out }
}
