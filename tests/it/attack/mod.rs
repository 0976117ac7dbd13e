//! What strangers and parties try against the server, and what comes of it.

mod bombs;
mod contained;
mod flood;
mod forms;
mod places;
mod requests;
mod slow;
