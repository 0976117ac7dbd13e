//! Pages stay below 2 MB: rows of which people may have written thousands of letters each are shown as far as they fit.

use maud::{Markup, PreEscaped};

/// Rows as far as they fit.
pub(crate) struct Portion {
    /// The rows.
    pub(crate) markup: Markup,
    /// How many are shown.
    pub(crate) shown: usize,
    /// How many are not.
    pub(crate) left_out: usize,
}

/// Puts rows one after another as long as they have so many bytes together at most; the first one in any case.
pub(crate) fn within(bytes: usize, rows: impl IntoIterator<Item = Markup>) -> Portion {
    let (mut markup, mut shown, mut left_out) = (String::new(), 0, 0);
    for PreEscaped(row) in rows {
        if left_out == 0 && (shown == 0 || markup.len() + row.len() <= bytes) {
            markup.push_str(&row);
            shown += 1;
        } else {
            left_out += 1;
        }
    }
    Portion { markup: PreEscaped(markup), shown, left_out }
}

/// Puts the last rows one after another as long as they have so many bytes together at most; the last in any case.
pub(crate) fn within_last(bytes: usize, rows: impl DoubleEndedIterator<Item = Markup>) -> Portion {
    let mut kept = Vec::new();
    let (mut left, mut left_out) = (bytes, 0);
    for row in rows.rev() {
        match left.checked_sub(row.0.len()) {
            Some(rest) if left_out == 0 => left = rest,
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
