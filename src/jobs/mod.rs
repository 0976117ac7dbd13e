//! What runs by itself: the rendering of snapshots, the housekeeping listed in [`HOUSEKEEPING`], the
//! check of everything stored, and the ear for what other servers do.
//!
//! Every job may be run twice, or stop half-way, without harm: its row says what is still to do.

mod fsck;
mod housekeeping;
mod render_snapshot;
mod turns;
mod worker;

pub use fsck::check_where_due;
pub use housekeeping::HOUSEKEEPING;
pub use worker::{run, run_due};
