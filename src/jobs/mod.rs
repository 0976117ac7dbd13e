//! What runs by itself: the rendering of snapshots, and the housekeeping listed in [`HOUSEKEEPING`].
//!
//! Every job may be run twice, or stop half-way, without harm: its row says what is still to do.

mod housekeeping;
mod render_snapshot;
mod worker;

pub use housekeeping::HOUSEKEEPING;
pub use worker::{run, run_due};
