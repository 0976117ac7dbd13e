//! The story of a room, as a reader wants it: first what came of it, then how it came about, then what proves it.
//!
//! Each section is a file here and a line in [`parts`]. Its words, columns and widths stand in it; a record of schema 4 is
//! drawn so.

mod appendix;
mod chronology;
mod clearance;
mod papers;
mod people;
mod seen;
mod steps;
mod summary;
mod telling;
mod timeline;
mod told;
mod verifying;

use std::rc::Rc;

use super::block::Part;
use super::context::Context;
use told::Told;

pub(crate) use verifying::verifying;

/// Returns the parts of the PDF in order, but for [`verifying`], which closes it.
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
