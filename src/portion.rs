//! The size of answers: no answer about a room is larger than 2 MB, however much people have written into it.
//!
//! A list ends before the row that would make it too large, even if its page is not full, and the `Link` header names
//! where to go on. Cutting by bytes keeps the memory of a request bounded; a limit on rows alone would not, since a row
//! may hold several KiB of text.

use std::io;

use serde::Serialize;

/// The largest list in an answer, in bytes of JSON. It leaves room for the rest of an answer of 2 MB.
pub const MOST_BYTES: usize = 1_900_000;

/// Returns how large a value is as JSON, in bytes.
pub fn weight(value: &impl Serialize) -> usize {
    struct Count(usize);

    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let mut count = Count(0);
    // A value that cannot be serialized weighs too little here, and fails when the answer is serialized.
    let _ = serde_json::to_writer(&mut count, value);
    count.0
}

/// Returns as many of the first rows as fit into this many bytes of JSON, but always the first one.
pub fn fitting<T: Serialize>(mut rows: Vec<T>, bytes: usize) -> Vec<T> {
    let mut left = bytes;
    let mut shown = 0;
    for row in &rows {
        // One byte more for the comma. A first row that is too large is returned all the same: an empty list would look
        // like the end, and the next `Link` would lead to the same place again.
        match left.checked_sub(weight(row) + 1) {
            Some(rest) => left = rest,
            None if shown > 0 => break,
            None => left = 0,
        }
        shown += 1;
    }
    rows.truncate(shown);
    rows
}

/// Returns as many of the last rows as fit into this many bytes of JSON, in their order, but always the last one.
pub fn fitting_last<T: Serialize>(mut rows: Vec<T>, bytes: usize) -> Vec<T> {
    rows.reverse();
    let mut rows = fitting(rows, bytes);
    rows.reverse();
    rows
}
