//! How much one answer holds: lists and differences are cut where they would be too large, whatever people wrote.

use std::io;

use serde::Serialize;

/// The largest list that an answer holds, in bytes of JSON: an answer stays below 2 MB.
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
    // What cannot be written is refused where it is written.
    let _ = serde_json::to_writer(&mut count, value);
    count.0
}

/// Returns the first rows that have together so many bytes of JSON at most; the first one in any case.
pub fn fitting<T: Serialize>(mut rows: Vec<T>, bytes: usize) -> Vec<T> {
    let mut left = bytes;
    let mut shown = 0;
    for row in &rows {
        // With the comma after it.
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

/// Returns the last rows that have together so many bytes of JSON at most, in their order; the last one in any case.
pub fn fitting_last<T: Serialize>(mut rows: Vec<T>, bytes: usize) -> Vec<T> {
    rows.reverse();
    let mut rows = fitting(rows, bytes);
    rows.reverse();
    rows
}
