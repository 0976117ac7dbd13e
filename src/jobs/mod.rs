//! What runs by itself: the drawing of snapshots' files, the delivery of mails and the news that they tell, the housekeeping listed in [`HOUSEKEEPING`], the check of
//! everything stored, the comparison of the clocks, the memory of heads, the look at what may vanish and at the seal's
//! certificate, the backups, and the relay of other servers' notifications. Only `cli` uses it.
//!
//! Every job can run twice, or stop halfway, without harm: its row in the database says what is still to be done. There
//! is no queue beside the database: one that is lost, or ahead of a transaction that is rolled back, would disagree
//! with it.

mod backup;
mod clock;
mod fsck;
mod heads;
mod housekeeping;
mod lease;
mod left_overs;
mod mail;
mod news;
mod places;
mod render_snapshot;
mod seal;
mod turns;
mod worker;

pub use backup::back_up_where_due;
pub use clock::compare_clocks;
pub use fsck::check_where_due;
pub use housekeeping::HOUSEKEEPING;
pub use seal::SealWatch;
pub use worker::{run, run_due};
